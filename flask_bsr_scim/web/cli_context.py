"""What the commands share: which store they work on, and how they fail."""

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any

import click
import flask
import orjson
from flask.cli import ScriptInfo

from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.errors import ConfigurationError, NotFound, StoreUnavailable
from flask_bsr_scim.registry.errors import RegistryError
from flask_bsr_scim.web.config import Settings, environment_settings, key_of, read_settings
from flask_bsr_scim.web.service import Service, make_backend

IN_MEMORY = "memory:"

_PASSWORD = re.compile(r"(?<=://)([^@/:]*):.*@")
"""In a URI, behind the user's name; up to the last @, since the password itself may hold some."""

_PASSWORD_PARAMETER = re.compile(r"(password=)[^&]*", re.IGNORECASE)

backend_option = click.option("--backend", metavar="URI", help="Storage, as sqlite:///bsr-scim.db.")
tenant_option = click.option("--tenant", default=DEFAULT_TENANT, show_default=True, metavar="T")


def configuration(backend: str | None) -> dict[str, Any]:
    """Return the settings by their keys: those of the application, or else of the environment."""
    app = application()
    config = dict(environment_settings()) if app is None else _settings_of(app)
    return config | ({} if backend is None else {"SCIM_BACKEND": backend})


def service_of(backend: str | None, *, makes: bool = False) -> Service:
    """Return the service of the application, or of the store that is named.

    :param makes: the store is made if it is not there, which then is said.
    :raises click.UsageError: the store would end with the command.
    :raises ConfigurationError: nobody has used the store yet, and it is not to be made.
    """
    app = application()
    if app is not None and backend is None:
        from flask_bsr_scim.web.extension import current_service

        with app.app_context():
            service = current_service()
        if makes and service.settings.backend.startswith(IN_MEMORY):
            click.echo("warning: memory:// ends with this process, and what is made here with it.", err=True)
        return service
    settings = read_settings(configuration(backend))
    if settings.backend.startswith(IN_MEMORY):
        raise click.UsageError("memory:// ends with this command: name the storage that the server uses.")
    is_new = _is_new(settings)
    if is_new and not makes:
        raise unused(settings)
    service = Service(settings)
    if is_new:
        say_new(settings)
    return service


def _is_new(settings: Settings) -> bool:
    with closing(make_backend(settings)) as store:
        return not store.tenants()


def unused(settings: Settings) -> ConfigurationError:
    """Return the error of a command that finds nothing: it is another store than the server's."""
    return ConfigurationError(
        f"nobody has used the storage {without_password(settings.backend)} yet: name the one that the server has as "
        "--backend or SCIM_BACKEND"
    )


def say_new(settings: Settings) -> None:
    """Say that nobody had used the store before: it may be another one than the server's."""
    click.echo(
        f"made a new store: {without_password(settings.backend)}; "
        "with --backend URI or SCIM_BACKEND name the one that the server uses",
        err=True,
    )


def without_password(uri: str) -> str:
    """Return a URI as it can be shown."""
    return _PASSWORD.sub(r"\1@", _PASSWORD_PARAMETER.sub(r"\1…", uri))


def command_line(*words: str, backend: str | None = None, tenant: str = DEFAULT_TENANT) -> str:
    """Return a command as people type it, which works where the present one does."""
    program = ("bsr-scim",) if application() is None else ("flask", *_app_option(), "scim")
    store = ("--backend", backend if backend == without_password(backend) else "URI") if backend else ()
    return shlex.join((*program, *words, *store, *(("--tenant", tenant) if tenant != DEFAULT_TENANT else ())))


def _app_option() -> Sequence[str]:
    """Return the option of `flask` that names the application, where it was needed."""
    info = click.get_current_context().find_object(ScriptInfo)
    path = None if info is None else info.app_import_path
    return ("--app", path) if path and path != os.environ.get("FLASK_APP") else ()


@contextmanager
def readable_errors() -> Iterator[None]:
    """Show mistakes of configuration, refusals, and a store that does not answer, as one line."""
    try:
        yield
    except StoreUnavailable as error:
        why = str(error).removesuffix(".")
        advice = "Look whether it runs and takes writes, and whether --backend or SCIM_BACKEND names the right one."
        raise click.ClickException(f"The storage does not do its work: {why}. {advice}") from None
    except (ConfigurationError, RegistryError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    except NotFound as error:
        raise click.ClickException(error.detail) from None


def application() -> flask.Flask | None:
    """Return the application whose command this is: none for `bsr-scim`."""
    if flask.has_app_context():
        return flask.current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
    info = click.get_current_context().find_object(ScriptInfo)
    return None if info is None else info.load_app()


def _settings_of(app: flask.Flask) -> dict[str, Any]:
    from flask_bsr_scim.web.extension import current_service

    with app.app_context():
        settings = asdict(current_service().settings)
    return {key_of(name): _as_text(value) for name, value in settings.items() if value is not None}


def _as_text(value: Any) -> Any:
    """Return lists as JSON text: the server gets its settings through the environment."""
    return orjson.dumps(value).decode() if isinstance(value, list | tuple) else value
