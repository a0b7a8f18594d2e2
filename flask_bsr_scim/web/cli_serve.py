"""The command that serves, and what it says at the start."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import click

from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.schema import PROFILES
from flask_bsr_scim.web.cli_context import (
    IN_MEMORY,
    application,
    backend_option,
    command_line,
    configuration,
    readable_errors,
    without_password,
)
from flask_bsr_scim.web.config import Settings, read_settings
from flask_bsr_scim.web.service import Service, make_backend

_PREFIX = "/scim/v2"


@click.command("serve")
@backend_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", type=click.IntRange(1, 64), help="Processes.  [default: 2; memory: 1]")
@click.option("--profile", type=click.Choice(PROFILES), help="Which attributes exist.  [default: bsr]")
@click.option("--tunnel", type=click.Choice(["ngrok"]), help="Give the server a public HTTPS address.")
def serve_command(
    backend: str | None, host: str, port: int, workers: int | None, profile: str | None, tunnel: str | None
) -> None:
    """Serve SCIM, and print what to type into Okta."""
    _say_alone()
    from flask_bsr_scim.web.server import DEFAULTS, free_address, see_that_it_is_installed, serve, shared_metrics

    see_that_it_is_installed()
    address = free_address(host, port)
    with readable_errors():
        config = configuration(backend) | ({"SCIM_PROFILE": profile} if profile else {})
        settings = read_settings(DEFAULTS | config)
        if settings.metrics:
            click.get_current_context().with_resource(shared_metrics())
        in_memory = settings.backend.startswith(IN_MEMORY)
        if in_memory and (workers or 1) > 1:
            raise click.UsageError(
                "memory:// lives inside one process, so each worker would have a directory of its own: "
                "use --workers 1, or --backend sqlite:///bsr-scim.db"
            )
        if tunnel:
            config |= _through_tunnel(settings, address, port)
            settings = read_settings(DEFAULTS | config)
        make_backend(settings).upgrade()
        service = Service(settings)
        token = _first_token(service)
        if in_memory and token:
            config["SCIM_TOKEN"] = token
        _say_hello(service, f"http://{_in_url(host)}:{port}", token, backend, tunnel)
        service.backend.close()
    serve({key: str(value) for key, value in config.items()}, address, port, workers or (1 if in_memory else 2))


def _say_alone() -> None:
    """Say what an application, whose command this is, has no part in."""
    app = application()
    if app is not None:
        click.echo(
            f"warning: this serves SCIM alone, under {_PREFIX}, from the store of the application {app.name}. The "
            "application hears nothing of it: its hooks, and its receivers of signals, are for its own server.",
            err=True,
        )


def _through_tunnel(settings: Settings, address: str, port: int) -> dict[str, Any]:
    """Open a tunnel until the command ends; return the settings with which every address is the tunnel's.

    A base URL that is set names the domain at which it is opened.

    :raises click.UsageError: others could reach the server past the tunnel, whose headers are believed.
    """
    from flask_bsr_scim.web.tunnel import ngrok_tunnel

    if not ip_address(address).is_loopback:
        raise click.UsageError("With --tunnel the server listens on this machine alone: leave --host at 127.0.0.1.")
    domain = urlsplit(settings.base_url).hostname if settings.base_url else None
    url = click.get_current_context().with_resource(ngrok_tunnel(f"http://{_in_url(address)}:{port}", domain))
    return {"SCIM_BASE_URL": settings.base_url or url, "SCIM_TRUSTED_PROXIES": 1}


def _first_token(service: Service) -> str | None:
    """Return a new token when the default tenant has none, so that no server starts without a credential."""
    if service.settings.token or any(token.kind is Kind.SCIM for token in service.tokens.list(DEFAULT_TENANT)):
        return None
    return service.tokens.create(DEFAULT_TENANT, description="made at the first start")[0]


def _say_hello(service: Service, root: str, token: str | None, backend: str | None, tunnel: str | None) -> None:
    settings = service.settings
    url = settings.public_url(_PREFIX) or root + _PREFIX
    click.echo(
        f"""SCIM 2.0 for the Buf Schema Registry, storage {without_password(settings.backend)}

What to type into Okta (Applications > your app > Provisioning > Integration):
  SCIM connector base URL            {url}
  Unique identifier field for users  userName
  Supported provisioning actions     Import New Users and Profile Updates, Push New Users,
                                     Push Profile Updates, Push Groups, Import Groups
  Authentication Mode                HTTP Header
  Authorization (Bearer)             {token or _token_to_use(settings, backend)}

In Entra ID: Tenant URL {url}, Secret Token as above.
{_way_in(settings, url, tunnel)}
"""
    )
    in_memory = settings.backend.startswith(IN_MEMORY)
    if not in_memory:
        _say_admin(settings.public_url("") or root, backend)
    if settings.console:
        which = "the API token that follows" if in_memory else "an administrator's API token"
        click.echo(f"To see what Okta sends, and why it is refused: {root}/scim/console, with {which}.\n")
    for warning in service.backend.warnings():
        click.echo(f"warning: {warning}", err=True)


def _token_to_use(settings: Settings, backend: str | None) -> str:
    if settings.token:
        return "the value of SCIM_TOKEN"
    return f"the SCIM token that you have (a new one: {command_line('token', 'create', backend=backend)})"


def _way_in(settings: Settings, url: str, tunnel: str | None) -> str:
    if tunnel:
        return f"""
The tunnel is open until this command ends. Whether it works, from another terminal:
  bsr-scim okta check {url} --token T
{tunnel} shows browsers a warning page of its own first; the clients of identity providers do not get it."""
    if settings.base_url:
        return "Both reach this URL over HTTPS only: through a tunnel or a proxy."
    return "Both reach this machine over HTTPS only: through a tunnel or a proxy, with SCIM_TRUSTED_PROXIES=1."


def _say_admin(url: str, backend: str | None) -> None:
    from flask_bsr_scim.registry.api.application import PACKAGE

    click.echo(
        f"""For organizations, repositories and group mappings, the admin API:
  Calls                              {url}/{PACKAGE}.<Service>/<Method>
  First administrator, with a token  {command_line("admin", "create", "EMAIL", backend=backend)}
"""
    )


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
