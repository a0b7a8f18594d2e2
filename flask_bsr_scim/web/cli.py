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
import flask
from flask.cli import ScriptInfo

from flask_bsr_scim.backends.base import DEFAULT_TENANT, utc_now
from flask_bsr_scim.errors import ConfigurationError, NotFound, StoreUnavailable
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.schema import PROFILES
from flask_bsr_scim.web.config import environment_settings, read_settings
from flask_bsr_scim.web.service import Service, make_backend

_IN_MEMORY = "memory:"
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


backend_option = click.option("--backend", metavar="URI", help="Storage, as sqlite:///bsr-scim.db.")
tenant_option = click.option("--tenant", default=DEFAULT_TENANT, show_default=True, metavar="T")


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
    with _errors():
        config = _configuration(backend) | ({"SCIM_PROFILE": profile} if profile else {})
        settings = read_settings(config)
        in_memory = settings.backend.startswith(_IN_MEMORY)
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
@click.option("--kind", type=click.Choice([Kind.SCIM.value]), default=Kind.SCIM.value, show_default=True)
@click.option("--description", metavar="TEXT", help="What people call it.")
def create_token(
    backend: str | None, tenant: str, expires: datetime | None, kind: str, description: str | None
) -> None:
    """Make a token and print it, alone, this once."""
    with _errors():
        service = _service(backend)
        service.open(tenant)
        text, _ = service.tokens.create(tenant, Kind(kind), expires=expires, description=description)
    click.echo(text)


@token_commands.command("list")
@backend_option
@tenant_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_tokens(backend: str | None, tenant: str, as_json: bool) -> None:
    """List the tokens of a tenant; their texts are not kept."""
    with _errors():
        for token in _service(backend).tokens.list(tenant):
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
    with _errors():
        _service(backend).tokens.delete(tenant, token_id)


@scim_commands.group("db")
def db_commands() -> None:
    """Look after the storage."""


@db_commands.command("upgrade")
@backend_option
def upgrade(backend: str | None) -> None:
    """Bring the storage to the layout of this version."""
    with _errors():
        store = make_backend(read_settings(_configuration(backend)))
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


def main() -> None:
    """Run the console script `bsr-scim`."""
    scim_commands(prog_name="bsr-scim")


def _application() -> flask.Flask | None:
    """Return the application whose command this is: none for `bsr-scim`."""
    if flask.has_app_context():
        return flask.current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
    info = click.get_current_context().find_object(ScriptInfo)
    return None if info is None else info.load_app()


def _configuration(backend: str | None) -> dict[str, Any]:
    app = _application()
    config = dict(environment_settings()) if app is None else _settings_of(app)
    return config | ({"SCIM_BACKEND": backend} if backend else {})


def _settings_of(app: flask.Flask) -> dict[str, Any]:
    from flask_bsr_scim.web.extension import current_service

    with app.app_context():
        settings = asdict(current_service().settings)
    return {f"SCIM_{name.upper()}": value for name, value in settings.items() if value is not None}


def _service(backend: str | None) -> Service:
    app = _application()
    if app is not None and backend is None:
        from flask_bsr_scim.web.extension import current_service

        with app.app_context():
            return current_service()
    settings = read_settings(_configuration(backend))
    if settings.backend.startswith(_IN_MEMORY):
        raise click.UsageError("memory:// ends with this command: name the storage that the server uses.")
    return Service(settings)


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


@contextmanager
def _errors() -> Iterator[None]:
    """Show mistakes of configuration, and a store that does not answer, as one line."""
    try:
        yield
    except (ConfigurationError, StoreUnavailable, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except NotFound as error:
        raise click.ClickException(error.detail) from None
