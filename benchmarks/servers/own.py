"""This project's server: its stores, how they are filled, and how they are served."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dump import PROFILE
from benchmarks.load.services import Service
from benchmarks.servers.processes import ROOT, WORKERS, environment, free_address, serving
from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.tokens import Kind, TokenStore
from flask_bsr_scim.schema import TypeRegistry, load_profile
from tests.redis_server import RedisServer

_COMMAND = (sys.executable, "-c", "from flask_bsr_scim.web.cli import main; main()")


def sqlite_store(folder: Path, name: str, synchronous: str = "FULL") -> str:
    """Return the URI of a new store."""
    return f"sqlite:///{folder / name}.db?synchronous={synchronous}"


@contextmanager
def redis(folder: Path) -> Iterator[RedisServer]:
    """Start a Redis that keeps what it acknowledged, as the documentation has it; end it on leaving."""
    server = RedisServer(folder, appendonly="yes", appendfsync="always", maxmemory_policy="noeviction")
    try:
        yield server.start()
    finally:
        server.kill()


@contextmanager
def serve(name: str, store: str, folder: Path) -> Iterator[tuple[Service, int]]:
    """Serve a store; give the service, and the id of the process."""
    (token,), address = new_tokens(store, 1), free_address()
    options = ("--backend", store, "--profile", PROFILE, "--port", str(address[1]), "--workers", str(WORKERS))
    with serving([*_COMMAND, "serve", *options], address, token, environment(), folder) as pid:
        yield Service(name, address, token), pid


def new_tokens(store: str, number: int) -> list[str]:
    """Return tokens of a store: what is measured looks each token up, as in earnest."""
    backend = open_backend(store, TypeRegistry((*load_profile(PROFILE), *internal_types())))
    try:
        backend.upgrade()
        backend.open(DEFAULT_TENANT, PROFILE)
        tokens = TokenStore(backend)
        return [tokens.create(DEFAULT_TENANT, Kind.SCIM)[0] for _ in range(number)]
    finally:
        backend.close()


@dataclass(frozen=True, slots=True)
class Import:
    """What the import of a file took."""

    seconds: float
    memory: int
    """The most bytes that the process had."""


def import_file(file: Path, store: str) -> Import:
    """Run `bsr-scim import`.

    :raises RuntimeError: it failed.
    """
    command: Sequence[str] = [*_COMMAND, "import", str(file), "--backend", store]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environment(SCIM_PROFILE=PROFILE), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the import of {file.name} ended with {process.returncode}")
    return Import(time.monotonic() - started, usage.ru_maxrss * 1024)
