"""The servers under measure, each on granian with the same settings, in processes of their own."""

import os
import secrets
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from socket import socket

from benchmarks.client import Address, Connection
from benchmarks.services import OURS, PEER, RELAXED, Service, request
from flask_bsr_scim.web.server import THREADS

ROOT = Path(__file__).parents[1]

PEER_ENVIRONMENT = ROOT / ".venv" / "benchmark-peer"

WORKERS = 2

_HOST = "127.0.0.1"

_PATIENCE = 30
"""Seconds within which a server must answer, or end."""


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs, and how it is reached."""

    limits: Address
    token: str
    services: Sequence[Service]


@contextmanager
def running(directory: Path) -> Iterator[Servers]:
    """Start the limits, this project's server and the peer with their files in a folder; end them on leaving."""
    token = secrets.token_hex(16)
    limits, ours, relaxed, peer = ((_HOST, _free_port()) for _ in range(4))
    stores = {address: f"sqlite:///{directory / name}.db" for address, name in ((ours, "ours"), (relaxed, "relaxed"))}
    stores[relaxed] += "?synchronous=NORMAL"
    tokens = {address: _new_token(store) for address, store in stores.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCIM_")} | {
        "LIMITS_DIRECTORY": str(directory),
        "LIMITS_TOKEN": token,
        "PEER_TOKEN": token,
    }
    commands = {
        limits: _granian(sys.executable, "limits_app", limits, WORKERS),
        **{address: _serve(store, address) for address, store in stores.items()},
        peer: _granian(str(peer_python()), "peer_app", peer, 1),
    }
    with ExitStack() as stack:
        for address, command in commands.items():
            stack.enter_context(_process(command, address, token, environment, directory))
        services = [Service(OURS, ours, tokens[ours]), Service(RELAXED, relaxed, tokens[relaxed])]
        yield Servers(limits, token, [*services, Service(PEER, peer, token)])


def peer_python() -> Path:
    """Return the interpreter of the peer's environment, which is made when it is not there."""
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(PEER_ENVIRONMENT, with_pip=True)
        same = [f"{name}=={version(name)}" for name in ("flask", "granian")]
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEER, "scim2-server", *same]
        subprocess.run([python, *install], check=True)
    return python


def peer_version() -> str:
    """Return the version of the peer."""
    code = f"from importlib.metadata import version; print(version('{PEER}'))"
    return subprocess.run([peer_python(), "-c", code], check=True, capture_output=True, text=True).stdout.strip()


_COMMAND = (sys.executable, "-c", "from flask_bsr_scim.web.cli import main; main()")


def _new_token(store: str) -> str:
    """Return a token of a new store: what is measured looks each token up, as in earnest."""
    command = [*_COMMAND, "token", "create", "--backend", store]
    environment = {**os.environ, "SCIM_PROFILE": "rfc7643"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def _serve(store: str, address: Address) -> list[str]:
    options = ("--backend", store, "--profile", "rfc7643", "--port", str(address[1]), "--workers", str(WORKERS))
    return [*_COMMAND, "serve", *options]


def _granian(python: str, module: str, address: Address, workers: int) -> list[str]:
    return [
        *(python, "-m", "granian", "--interface", "wsgi", "--host", address[0], "--port", str(address[1])),
        *("--workers", str(workers), "--blocking-threads", str(THREADS), "--no-ws", f"benchmarks.{module}:app"),
    ]


@contextmanager
def _process(
    command: Sequence[str], address: Address, token: str, environment: dict[str, str], directory: Path
) -> Iterator[None]:
    log = directory / f"{address[1]}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(process, address, token, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        finally:
            _kill_group(process.pid)


def _wait(process: "subprocess.Popen[bytes]", address: Address, token: str, log: Path) -> None:
    """Return when the server answers.

    :raises RuntimeError: it does not.
    """
    deadline = time.monotonic() + _PATIENCE
    probe = request(address, token, "GET", "/scim/v2/ServiceProviderConfig")
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with Connection(address) as connection:
                connection.ask(probe)
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"a server does not start:\n{log.read_text()}")


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _free_port() -> int:
    with socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
