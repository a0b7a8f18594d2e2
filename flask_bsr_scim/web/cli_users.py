"""The commands about the registry's users."""

from collections.abc import Iterator

import click

from flask_bsr_scim.registry.model import RegistryUser, ServerRole
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.web.cli_check_output import printable
from flask_bsr_scim.web.cli_context import backend_option, readable_errors, tenant_option
from flask_bsr_scim.web.cli_lookup import registry_of, user_known

_who_argument = click.argument("who", metavar="WHO")


@click.group("user")
def user_commands() -> None:
    """Look after the registry's users."""


@user_commands.command("list")
@click.option("--inactive", is_flag=True, help="Only who is locked out.")
@backend_option
@tenant_option
def list_users(inactive: bool, backend: str | None, tenant: str) -> None:
    """List the users: handle, id, state, address."""
    with readable_errors():
        for user in _users(registry_of(backend, tenant), False if inactive else None):
            click.echo(_line(user))


@user_commands.command("activate")
@_who_argument
@backend_option
@tenant_option
def activate(who: str, backend: str | None, tenant: str) -> None:
    """Let a user in again; print handle and id."""
    _set_active(who, True, backend, tenant)


@user_commands.command("deactivate")
@_who_argument
@backend_option
@tenant_option
def deactivate(who: str, backend: str | None, tenant: str) -> None:
    """Lock a user out at once, and revoke the user's API tokens for good; print handle and id."""
    _set_active(who, False, backend, tenant)


@user_commands.command("restore")
@click.argument("handle", metavar="HANDLE")
@click.option("--email", required=True, metavar="EMAIL", help="The address by which the user is known from now on.")
@backend_option
@tenant_option
def restore_user(handle: str, email: str, backend: str | None, tenant: str) -> None:
    """Bring back a user whom SCIM deleted, with the roles given by hand; print handle and id."""
    with readable_errors():
        user = registry_of(backend, tenant).users.restore(handle, email)
    show_user(user)


def show_user(user: RegistryUser) -> None:
    """Print handle and id."""
    click.echo(f"{user.username}  {user.id}")


def _set_active(who: str, active: bool, backend: str | None, tenant: str) -> None:
    with readable_errors():
        registry = registry_of(backend, tenant)
        user = registry.users.set_active(user_known(registry, who).id, active)
    show_user(user)


def _users(registry: Registry, active: bool | None) -> Iterator[RegistryUser]:
    after: str | None = None
    while True:
        users, after = registry.users.page(after, active=active)
        yield from users
        if after is None:
            return


def _line(user: RegistryUser) -> str:
    state = "active" if user.active else "inactive"
    role = "  administrator" if user.server_role is ServerRole.ADMIN else ""
    return f"{user.username}  {user.id}  {state}  {printable(user.email or '-')}{role}"
