"""The commands about the registry behind SCIM: administrators, sign-ins, plans, readiness."""

import json
from collections.abc import Iterable
from functools import cache, partial

import click

from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.model import HeldRole
from flask_bsr_scim.registry.owners import check_email
from flask_bsr_scim.registry.plan import Change
from flask_bsr_scim.registry.readiness import Warning
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.cli_context import backend_option, readable_errors, service_of, tenant_option
from flask_bsr_scim.web.cli_lookup import (
    check_active,
    group_argument,
    registry_of,
    role_named,
    role_option,
    target_argument,
    target_named,
)
from flask_bsr_scim.web.cli_users import show_user


@click.group("admin")
def admin_commands() -> None:
    """Make administrators of the registry."""


@admin_commands.command("create")
@click.argument("email", metavar="EMAIL")
@backend_option
@tenant_option
def create_admin(email: str, backend: str | None, tenant: str) -> None:
    """Make a user an administrator of the registry, and print an API token, alone, this once."""
    with readable_errors():
        check_email(email)
        service = service_of(backend, makes=True)
        service.open(tenant)
        users = service.registry(tenant).users
        if present := users.by_email(email):
            check_active(present, email, backend, tenant)
        user = users.create_admin(email)
        text, _ = service.tokens.create(tenant, Kind.API, user=user.id, description="made with the administrator")
    click.echo(text)


@click.command("sign-in")
@click.argument("email", metavar="EMAIL")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="A group that the sign-in names; repeatable.")
@click.option("--no-groups", is_flag=True, help="The sign-in carries group information, and names no group.")
@click.option("--protocol", type=click.Choice(["saml", "oidc"]), default="saml", show_default=True)
@backend_option
@tenant_option
def sign_in(
    email: str, groups: tuple[str, ...], no_groups: bool, protocol: str, backend: str | None, tenant: str
) -> None:
    """Do what a sign-in at the identity provider does, and print handle and id of the user."""
    if groups and no_groups:
        raise click.UsageError("--group and --no-groups exclude each other.")
    with readable_errors():
        check_email(email)
        service = service_of(backend, makes=True)
        service.open(tenant)
        named = list(groups) if groups or no_groups else None
        user = service.registry(tenant).sign_in(email, named, protocol=protocol).user
    show_user(user)


@click.group("plan")
def plan_commands() -> None:
    """Show who would gain or lose which access, without doing it."""


@plan_commands.command("map")
@target_argument
@group_argument
@role_option
@backend_option
@tenant_option
def plan_map(target: str, group: str, role: str | None, backend: str | None, tenant: str) -> None:
    """Show what mapping a group to an organization, or to a repository as org/repo, would change."""
    with readable_errors():
        registry = registry_of(backend, tenant)
        place = target_named(registry, target)
        _show_changes(registry, registry.plan.map(place, group, role_named(place, role)))


@plan_commands.command("unmap")
@target_argument
@group_argument
@backend_option
@tenant_option
def plan_unmap(target: str, group: str, backend: str | None, tenant: str) -> None:
    """Show what taking a group's mapping from an organization or repository would change."""
    with readable_errors():
        registry = registry_of(backend, tenant)
        _show_changes(registry, registry.plan.unmap(target_named(registry, target), group))


@plan_commands.command("delete-group")
@group_argument
@backend_option
@tenant_option
def plan_delete_group(group: str, backend: str | None, tenant: str) -> None:
    """Show what deleting a pushed group would change."""
    with readable_errors():
        registry = registry_of(backend, tenant)
        _show_changes(registry, registry.plan.delete_group(group))


@click.command("readiness")
@backend_option
@tenant_option
@click.option("--json", "as_json", is_flag=True, help="The answer of GET /readiness.")
def readiness_command(backend: str | None, tenant: str, as_json: bool) -> None:
    """Show what to put right before an identity provider provisions here; exit with 1 when there is something."""
    with readable_errors():
        found = registry_of(backend, tenant).readiness()
    if as_json:
        click.echo(json.dumps(found.document()))
    elif found.ready:
        click.echo("ready")
    else:
        _show_warnings(found.warnings)
    click.get_current_context().exit(0 if found.ready else 1)


def _show_changes(registry: Registry, changes: Iterable[Change]) -> None:
    """Print a line for each user who would gain (`+`) or lose (`-`), with the role before and the one after."""
    place = cache(partial(_place, registry))
    nobody = True
    for user_id, target_id, before, after in changes:
        nobody = False
        gains = before is None or (after is not None and after.role > before.role)
        who = f"{_username(registry, user_id)}  {place(target_id)}"
        click.echo(f"{'+' if gains else '-'} {who}  {_shown(before)} -> {_shown(after)}")
    if nobody:
        click.echo("nobody's access would change", err=True)


def _place(registry: Registry, target_id: str) -> str:
    try:
        return registry.organizations.get(target_id).name
    except NotThere:
        return registry.repositories.get(target_id).full_name


def _username(registry: Registry, user_id: str) -> str:
    try:
        return registry.users.get(user_id).username
    except NotThere:
        return user_id


def _shown(held: HeldRole | None) -> str:
    if held is None:
        return "none"
    return f"{held.role.name} ({held.source}{'' if held.group is None else f' {held.group}'})"


def _show_warnings(warnings: Iterable[Warning]) -> None:
    for warning in warnings:
        click.echo(f"{warning.code}: {warning.message}")
        for subject in warning.resources:
            click.echo(f"  {subject.type} {subject.id}  {subject.name}".rstrip())
