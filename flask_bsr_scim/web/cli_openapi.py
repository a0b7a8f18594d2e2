"""The command that prints the OpenAPI document."""

import click
import orjson

from flask_bsr_scim.openapi import openapi_document
from flask_bsr_scim.schema import TypeRegistry
from flask_bsr_scim.web.cli_context import application, configuration, readable_errors
from flask_bsr_scim.web.config import Settings, read_settings
from flask_bsr_scim.web.openapi import served_of
from flask_bsr_scim.web.routes import served_routes
from flask_bsr_scim.web.service import make_backend


@click.command("openapi")
@click.option("--base-url", metavar="URL", help="The URL that clients use.  [default: SCIM_BASE_URL, or its path]")
def openapi_command(base_url: str | None) -> None:
    """Print the OpenAPI document of what is served."""
    with readable_errors():
        settings, types, prefix = _served()
        url = base_url or settings.public_url(prefix) or prefix
        document = openapi_document(served_of(settings, types, url, served_routes(settings)))
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())


def _served() -> tuple[Settings, TypeRegistry, str]:
    """Return the settings and types of the application, or else of the environment, and the base path."""
    from flask_bsr_scim.web.extension import DEFAULT_PREFIX, EXTENSION

    app = application()
    if app is None:
        settings = read_settings(configuration(None))
        return settings, make_backend(settings).types, DEFAULT_PREFIX
    mount = next(iter(app.extensions[EXTENSION].values()))
    return mount.service.settings, mount.service.types, mount.prefix
