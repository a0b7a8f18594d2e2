"""Processes that serve until a context ends."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket

from benchmarks.load.client import Address, Connection
from benchmarks.load.services import request
from flask_bsr_scim.web.server import THREADS

ROOT = Path(__file__).parents[2]

WORKERS = 2

_HOST = "127.0.0.1"

_PATIENCE = 30
"""Seconds within which a server must answer, or end."""


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a server: ours, without what would change its settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SCIM_")} | more


def granian(python: str | Path, module: str, address: Address, workers: int) -> list[str]:
    """Return the command that serves an application of `benchmarks.servers`."""
    return [
        *(str(python), "-m", "granian", "--interface", "wsgi", "--host", address[0], "--port", str(address[1])),
        *("--workers", str(workers), "--blocking-threads", str(THREADS), "--no-ws"),
        f"benchmarks.servers.{module}:app",
    ]


@contextmanager
def serving(
    command: Sequence[str | Path], address: Address, token: str, env: Mapping[str, str], folder: Path
) -> Iterator[int]:
    """Start a server, and end it on leaving; the id of its process is given.

    :raises RuntimeError: it does not start.
    """
    log = folder / f"{address[1]}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(env), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(process, address, token, log)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        finally:
            _kill_group(process.pid)


def _wait(process: "subprocess.Popen[bytes]", address: Address, token: str, log: Path) -> None:
    """Return when the server answers."""
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


def free_address() -> Address:
    """Return an address where nobody listens."""
    with socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return _HOST, port


def memory(pid: int) -> int | None:
    """Return the bytes of memory that a process has for itself, None where the system does not tell."""
    return _status(pid, "RssAnon")


def memory_of_a_worker(pid: int) -> int | None:
    """Return the same for the largest of the processes that a process started."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        return None
    return max(filter(None, map(memory, children)), default=None)


def _status(pid: int, name: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), None)
