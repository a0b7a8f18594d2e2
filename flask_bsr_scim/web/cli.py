"""The commands `bsr-scim …`, which are also `flask scim …`."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from flask_bsr_scim.backends.base import DEFAULT_TENANT, utc_now
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.schema import PROFILES
from flask_bsr_scim.web.cli_context import (
    IN_MEMORY,
    backend_option,
    configuration,
    readable_errors,
    service_of,
    tenant_option,
)
from flask_bsr_scim.web.cli_registry import registry_commands, user_named
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.service import Service, make_backend

_PREFIX = "/scim/v2"
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class _Lifetime(click.ParamType[datetime]):
    """A span of time from now (`90d`, `12h`), or a moment in ISO 8601."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        moment = _moment(value)
        if moment is None:
            self.fail(
                f"{value!r} is neither a span as 30m, 12h, 90d, 4w nor a moment as 2027-01-31T00:00:00Z", param, ctx
            )
        if moment <= utc_now():
            self.fail(f"{value!r} is not in the future", param, ctx)
        return moment


def _moment(text: str) -> datetime | None:
    try:
        if span := re.fullmatch(r"([0-9]{1,6})([mhdw])", text.lower()):
            return utc_now() + timedelta(**{_UNITS[span[2]]: int(span[1])})
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


@click.group("scim")
def scim_commands() -> None:
    """Okta and Entra provision users and groups here."""


@scim_commands.command("serve")
@backend_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes.  [default: 2; memory: 1]")
@click.option("--profile", type=click.Choice(PROFILES), help="Which attributes exist.  [default: bsr]")
def serve_command(backend: str | None, host: str, port: int, workers: int | None, profile: str | None) -> None:
    """Serve SCIM, and print what to type into Okta."""
    from flask_bsr_scim.web.server import free_address, serve

    address = free_address(host, port)
    with readable_errors():
        config = configuration(backend) | ({"SCIM_PROFILE": profile} if profile else {})
        settings = read_settings(config)
        in_memory = settings.backend.startswith(IN_MEMORY)
        if in_memory and (workers or 1) > 1:
            raise click.UsageError(
                "memory:// lives inside one process, so each worker would have a directory of its own: "
                "use --workers 1, or --backend sqlite:///bsr-scim.db"
            )
        make_backend(settings).upgrade()
        service = Service(settings)
        token = _first_token(service)
        if in_memory and token:
            config["SCIM_TOKEN"] = token
        _say_hello(service, f"http://{_in_url(host)}:{port}{_PREFIX}", token)
        service.backend.close()
    serve({key: str(value) for key, value in config.items()}, address, port, workers or (1 if in_memory else 2))


@scim_commands.group("token")
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
    type=click.Choice([kind.value for kind in Kind]),
    default=Kind.SCIM.value,
    show_default=True,
    help="What it opens: SCIM, or the admin API.",
)
@click.option("--user", metavar="EMAIL", help="For whom an API token stands.")
@click.option("--description", metavar="TEXT", help="What people call it.")
def create_token(
    backend: str | None, tenant: str, expires: datetime | None, kind: str, user: str | None, description: str | None
) -> None:
    """Make a token and print it, alone, this once."""
    if (kind == Kind.API) != (user is not None):
        raise click.UsageError("--kind api and --user EMAIL go together: a SCIM token (--kind scim) is nobody's.")
    with readable_errors():
        service = service_of(backend)
        service.open(tenant)
        user_id = user and user_named(service, tenant, user).id
        text, _ = service.tokens.create(tenant, Kind(kind), expires=expires, user=user_id, description=description)
    click.echo(text)


@token_commands.command("list")
@backend_option
@tenant_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_tokens(backend: str | None, tenant: str, as_json: bool) -> None:
    """List the tokens of a tenant; their texts are not kept."""
    with readable_errors():
        for token in service_of(backend).tokens.list(tenant):
            if as_json:
                click.echo(json.dumps(asdict(token)))
                continue
            click.echo(
                f"{token.id}  {token.kind}  created {token.created[:19]}Z  expires {_shown(token.expires)}  "
                f"last used {_shown(token.last_used)}  {token.description or ''}".rstrip()
            )


@token_commands.command("delete")
@click.argument("token_id", metavar="ID")
@backend_option
@tenant_option
def delete_token(token_id: str, backend: str | None, tenant: str) -> None:
    """Revoke a token: it is refused from now on, in every process."""
    with readable_errors():
        service_of(backend).tokens.delete(tenant, token_id)


@scim_commands.group("db")
def db_commands() -> None:
    """Look after the storage."""


@db_commands.command("upgrade")
@backend_option
def upgrade(backend: str | None) -> None:
    """Bring the storage to the layout of this version."""
    with readable_errors():
        store = make_backend(read_settings(configuration(backend)))
        with progress("Upgrading") as report:
            steps = store.upgrade(report)
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


for command in registry_commands:
    scim_commands.add_command(command)


def main() -> None:
    """Run the console script `bsr-scim`."""
    scim_commands(prog_name="bsr-scim")


def _first_token(service: Service) -> str | None:
    """Return a new token when the default tenant has none, so that no server starts without a credential."""
    if service.settings.token or any(token.kind is Kind.SCIM for token in service.tokens.list(DEFAULT_TENANT)):
        return None
    return service.tokens.create(DEFAULT_TENANT, description="made at the first start")[0]


def _say_hello(service: Service, local_url: str, token: str | None) -> None:
    url = service.settings.public_url(_PREFIX) or local_url
    shown = token or "the token made at the first start (a new one: bsr-scim token create)"
    if service.settings.token:
        shown = "the value of SCIM_TOKEN"
    click.echo(
        f"""SCIM 2.0 for the Buf Schema Registry, storage {service.settings.backend}

What to type into Okta (Applications > your app > Provisioning > Integration):
  SCIM connector base URL            {url}
  Unique identifier field for users  userName
  Supported provisioning actions     Import New Users and Profile Updates, Push New Users,
                                     Push Profile Updates, Push Groups, Import Groups
  Authentication Mode                HTTP Header
  Authorization (Bearer)             {shown}

In Entra ID: Tenant URL {url}, Secret Token as above.
Both reach this machine over HTTPS only: through a tunnel or a proxy, with SCIM_TRUSTED_PROXIES=1.
"""
    )
    for warning in service.backend.warnings():
        click.echo(f"warning: {warning}", err=True)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _shown(moment: str | None) -> str:
    return "never" if moment is None else f"{moment[:16]}Z"
