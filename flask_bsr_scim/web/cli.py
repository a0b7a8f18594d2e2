"""The commands `bsr-scim …`, which are also `flask scim …`."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from flask_bsr_scim.backends.base import utc_now
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.cli_check import entra_commands, okta_commands
from flask_bsr_scim.web.cli_check_output import printable
from flask_bsr_scim.web.cli_context import (
    backend_option,
    configuration,
    readable_errors,
    say_new,
    service_of,
    tenant_option,
)
from flask_bsr_scim.web.cli_log import log_command
from flask_bsr_scim.web.cli_lookup import service_with, user_named
from flask_bsr_scim.web.cli_move import check_command, copy_command, export_command, import_command
from flask_bsr_scim.web.cli_openapi import openapi_command
from flask_bsr_scim.web.cli_organizations import organization_commands
from flask_bsr_scim.web.cli_registry import admin_commands, plan_commands, readiness_command, sign_in
from flask_bsr_scim.web.cli_serve import serve_command
from flask_bsr_scim.web.cli_times import read_moment
from flask_bsr_scim.web.cli_traffic import traffic_commands
from flask_bsr_scim.web.cli_users import user_commands
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.principal import READ_SCOPE, SCIM_SCOPE
from flask_bsr_scim.web.service import make_backend

_DISTRIBUTION = "flask-bsr-scim"


class _Lifetime(click.ParamType[datetime]):
    """A span of time from now (`90d`, `12h`), or a moment in ISO 8601."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        moment = read_moment(value)
        if moment is None:
            self.fail(
                f"{value!r} is neither a span as 30m, 12h, 90d, 4w nor a moment as 2027-01-31T00:00:00Z", param, ctx
            )
        if moment <= utc_now():
            self.fail(f"{value!r} is not in the future", param, ctx)
        return moment


def _show_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    try:
        click.echo(f"bsr-scim {version(_DISTRIBUTION)}")
    except PackageNotFoundError:
        click.echo("bsr-scim of a checkout that is not installed")
    context.exit()


@click.group("scim")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version."
)
def scim_commands() -> None:
    """Okta and Entra provision users and groups here."""


@click.group("token")
def token_commands() -> None:
    """Make, list and revoke bearer tokens."""


@token_commands.command("create")
@backend_option
@tenant_option
@click.option(
    "--expires", type=_Lifetime(), metavar="90d|TIME", help="When it ends: a span, or ISO 8601.  [default: never]"
)
@click.option(
    "--kind",
    type=click.Choice([Kind.SCIM.value, Kind.API.value]),
    default=Kind.SCIM.value,
    show_default=True,
    help="What it opens: SCIM, or the admin API.",
)
@click.option(
    "--scope",
    type=click.Choice([SCIM_SCOPE, READ_SCOPE]),
    default=SCIM_SCOPE,
    show_default=True,
    help="What a SCIM token allows: everything, or reading.",
)
@click.option("--user", metavar="EMAIL", help="For whom an API token stands.")
@click.option(
    "--dialect", type=click.Choice([*map(str, Dialect)]), help="How tolerant SCIM is with it.  [default: SCIM_DIALECT]"
)
@click.option("--description", metavar="TEXT", help="What people call it.")
def create_token(
    backend: str | None,
    tenant: str,
    expires: datetime | None,
    kind: str,
    scope: str,
    user: str | None,
    dialect: str | None,
    description: str | None,
) -> None:
    """Make a token and print it, alone, this once."""
    if (kind == Kind.API) != (user is not None):
        raise click.UsageError("--kind api and --user EMAIL go together: a SCIM token (--kind scim) is nobody's.")
    if dialect is not None and kind == Kind.API:
        raise click.UsageError("--dialect is for SCIM tokens: the admin API is not SCIM.")
    if scope == READ_SCOPE:
        if kind == Kind.API:
            raise click.UsageError("--scope is for SCIM tokens: an API token allows what its user may do.")
        kind = Kind.SCIM_READ
    with readable_errors():
        service = service_of(backend, makes=True) if user is None else service_with(backend, tenant)
        service.open(tenant)
        user_id = user and user_named(service.registry(tenant), user, backend, tenant).id
        text, _ = service.tokens.create(
            tenant,
            Kind(kind),
            expires=expires,
            user=user_id,
            description=description,
            dialect=Dialect(dialect) if dialect else None,
        )
    click.echo(text)


@token_commands.command("list")
@backend_option
@tenant_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_tokens(backend: str | None, tenant: str, as_json: bool) -> None:
    """List the tokens of a tenant; their texts are not kept."""
    with readable_errors():
        for token in service_with(backend, tenant).tokens.list(tenant):
            if as_json:
                click.echo(json.dumps(asdict(token)))
                continue
            click.echo(
                f"{token.id}  {token.kind}  created {token.created[:19]}Z  expires {_shown(token.expires)}  "
                f"last used {_shown(token.last_used)}  {f'dialect {token.dialect}  ' if token.dialect else ''}"
                f"{printable(token.description or '')}".rstrip()
            )


@token_commands.command("tolerances")
@backend_option
@tenant_option
def list_tolerances(backend: str | None, tenant: str) -> None:
    """List what the clients of a tenant's tokens needed beyond the RFC, and which dialects would have refused it."""
    with readable_errors():
        for token in service_with(backend, tenant).tokens.list(tenant):
            for name, day in token.tolerances.items():
                click.echo(f"{token.id}  {name}  last {day}  refused by {_refusing(name)}")


def _refusing(tolerance: str) -> str:
    return ", ".join(dialect for dialect in Dialect if tolerance in dialect.refused) or "none"


@token_commands.command("delete")
@click.argument("token_id", metavar="ID")
@backend_option
@tenant_option
def delete_token(token_id: str, backend: str | None, tenant: str) -> None:
    """Revoke a token: it is refused from now on, in every process."""
    with readable_errors():
        service_with(backend, tenant).tokens.delete(tenant, token_id)


@click.group("db")
def db_commands() -> None:
    """Look after the storage."""


@db_commands.command("upgrade")
@backend_option
def upgrade(backend: str | None) -> None:
    """Bring the storage to the layout of this version."""
    with readable_errors():
        settings = read_settings(configuration(backend))
        store = make_backend(settings)
        with progress("Upgrading") as report:
            steps = store.upgrade(report)
        if steps and not store.tenants():
            say_new(settings)
    click.echo(f"done: {', '.join(steps)}" if steps else "nothing to do: the storage has the present layout", err=True)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Give a function that draws a bar from (steps done, steps in all); None where there is no terminal to draw on."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield report
        report(1, 1)


for command in (
    serve_command,
    token_commands,
    db_commands,
    admin_commands,
    user_commands,
    organization_commands,
    plan_commands,
    sign_in,
    readiness_command,
    log_command,
    okta_commands,
    entra_commands,
    openapi_command,
    traffic_commands,
    export_command,
    import_command,
    copy_command,
):
    scim_commands.add_command(command)
db_commands.add_command(check_command)


def main() -> None:
    """Run the console script `bsr-scim`."""
    scim_commands(prog_name="bsr-scim")


def _shown(moment: str | None) -> str:
    return "never" if moment is None else f"{moment[:16]}Z"
