"""The standalone server: the application that `bsr-scim serve` runs, and how it is started."""

import gc
import logging
import multiprocessing
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from threading import Thread

import click
import flask
import werkzeug.exceptions

from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.errors import NotFound
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.cli_context import IN_MEMORY
from flask_bsr_scim.web.config import environment_settings, read_settings
from flask_bsr_scim.web.extension import DEFAULT_PREFIX, BsrScim
from flask_bsr_scim.web.mount import refuse_outside
from flask_bsr_scim.web.service import Service
from flask_bsr_scim.web.standalone import StandaloneFlask

THREADS = 16
"""Of each worker, at most, made when needed: a client that is slow to send its body holds one."""

DEFAULTS = {"SCIM_CONSOLE": "true"}
"""What is set unless the environment says otherwise."""

_PATIENCE = 5
"""Seconds that requests under way get to finish when the server ends."""

_MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""Of glibc, for the workers: else each of their threads keeps what its largest request took."""

_BACKLOG = 1024

_ADMIN = "console@bsr-scim.invalid"
"""Of a storage in memory: an address that no identity provider has, since whoever is provisioned with it adopts it."""

_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""A folder where processes keep their metrics for one another."""

_GARBAGE = 10_000
"""New objects after which the garbage collector looks for cycles; a page of users makes hundreds, and no cycle."""


def create_app() -> flask.Flask:
    """Return the application of the standalone server, set up by the `SCIM_*` keys of the environment.

    :raises ConfigurationError: a key is wrong.
    """
    app = StandaloneFlask("bsr_scim", static_folder=None)
    app.config.update(DEFAULTS | environment_settings())
    scim = BsrScim(app)
    logging.basicConfig(
        level=read_settings(app.config).log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )

    @app.get("/healthz")
    def alive() -> Mapping[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def ready() -> Mapping[str, str]:
        scim.service.backend.ping()
        return {"status": "ready"}

    with app.app_context():
        _show_metrics(app, scim.service)
        _let_into_memory(scim.service)
    app.register_error_handler(Exception, _refuse)
    Thread(target=_end_with_the_parent, daemon=True).start()
    # Schemas and code stay for good: the garbage collector need not look through them at each turn.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    return app


def _refuse(error: Exception) -> flask.Response:
    """Answer for paths outside of the prefix: mostly the base URL was entered without its end."""
    if isinstance(error, werkzeug.exceptions.NotFound):
        error = NotFound(f"There is no such endpoint. The base URL of SCIM ends with {DEFAULT_PREFIX}.")
    return refuse_outside(error)


def _show_metrics(app: flask.Flask, service: Service) -> None:
    """Add `/metrics`, when the service has any."""
    if (metrics := service.metrics) is None:
        return

    @app.get("/metrics")
    def show() -> flask.Response:
        text, media_type = metrics.text()
        return flask.Response(text, content_type=media_type)


def _let_into_memory(service: Service) -> None:
    """Make an administrator in a storage that no command can reach, and print the API token, alone, this once."""
    if not service.settings.backend.startswith(IN_MEMORY) or not service.settings.console:
        return
    service.open(DEFAULT_TENANT)
    user = service.registry(DEFAULT_TENANT).users.create_admin(_ADMIN)
    text, _ = service.tokens.create(DEFAULT_TENANT, Kind.API, user=user.id, description="made with the storage")
    click.echo(f"API token of the administrator {_ADMIN}, until the server ends:\n  {text}\n")


def _end_with_the_parent() -> None:
    """End this worker when the process that started it was killed, so that its port is free for the next start."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def free_address(host: str, port: int) -> str:
    """Return the IP address of a host where nobody has the port yet: the WSGI server would share it with another.

    :raises click.ClickException: there is no such host, or the port is taken.
    """
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another --host or --port"
        ) from None
    return str(address[0])


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Give the workers a folder for their metrics, so that each of them shows those of all; one that is set stays.

    It has to be there when the library of the metrics is loaded.
    """
    if _MULTIPROCESS in os.environ:
        yield
        return
    with TemporaryDirectory(prefix="bsr-scim-metrics-") as folder:
        os.environ[_MULTIPROCESS] = folder
        try:
            yield
        finally:
            del os.environ[_MULTIPROCESS]


def see_that_it_is_installed() -> None:
    """Return when there is a WSGI server.

    :raises click.ClickException: there is none.
    """
    if find_spec("granian") is None:
        raise click.ClickException(
            "the server is not installed: install the extra `server`, in a checkout with pip install '.[server]'"
        )


def serve(settings: Mapping[str, str], address: str, port: int, workers: int) -> None:
    """Serve until interrupted; `settings` are `SCIM_*` keys for the environment of the workers."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import logger

    os.environ.update({**_MEMORY, **os.environ, **settings})
    server = Granian(
        f"{__name__}:create_app",
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=_BACKLOG,
        websockets=False,
        log_enabled=True,
        respawn_failed_workers=True,
        workers_kill_timeout=_PATIENCE,
    )
    logger.addFilter(lambda record: "Python threads" not in record.getMessage())
    server.serve()
