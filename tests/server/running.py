"""Starts the server as an operator does, in processes of its own, and talks to it."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from threading import Barrier, Thread
from typing import Any, Self, TypeVar
from urllib.parse import quote

T = TypeVar("T")

COMMAND = (sys.executable, "-c", "from flask_bsr_scim.web.cli import main; main()")
HOST = "127.0.0.1"
TOKEN = "a-fixed-token-for-the-processes-0123456789"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

PATIENCE = 20
"""Seconds after which anything that is waited for has failed."""

_PORTS = range(20000, 32000)
"""Below those that systems give to outgoing connections."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.text)


class Client:
    """Sends requests over one connection, which is kept alive."""

    def __init__(self, port: int, token: str | None = TOKEN, timeout: float = PATIENCE) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request to a path below the SCIM base path, or with `//` outside it; header names have `_` for `-`."""
        target = path[1:] if path.startswith("//") else f"/scim/v2{path}"
        sent = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        self._connection.request(
            method, target, data, sent | ({"Content-Type": "application/scim+json"} if data else {})
        )
        response = self._connection.getresponse()
        return Answer(
            response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode()
        )

    def create_user(self, name: str, **more: Any) -> str:
        """Create a user; return its id."""
        return self._created("/Users", {"schemas": [USER], "userName": name, **more})

    def create_group(self, name: str, members: Sequence[str] = ()) -> str:
        """Create a group of users with these ids; return its id."""
        return self._created("/Groups", group(name, members))

    def find(self, name: str) -> list[Any]:
        """Return the users that a filter finds by their userName."""
        resources: list[Any] = self("GET", "/Users?filter=" + quote(f'userName eq "{name}"')).body["Resources"]
        return resources

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _created(self, path: str, body: Any) -> str:
        answer = self("POST", path, body)
        assert answer.status == 201, answer
        return str(answer.body["id"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Server:
    """`bsr-scim serve` on a free port, with its workers: one process group."""

    def __init__(self, backend: str, *options: str, **settings: str) -> None:
        self.backend = backend
        self.port = free_port()
        self._arguments = ["serve", "--backend", backend, "--port", str(self.port), *options]
        self._settings = settings
        self.start()

    def start(self) -> None:
        """Start the processes without waiting for them."""
        self._output: list[str] = []
        self._process = subprocess.Popen(
            [*COMMAND, *self._arguments],
            env=environment(**self._settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = Thread(target=self._read)
        self._reader.start()

    def wait(self) -> Self:
        """Return when the server is ready for requests."""
        deadline = time.monotonic() + PATIENCE
        while not is_ready(self.port):
            assert self._process.poll() is None, f"the server ended:\n{self.output}"
            assert time.monotonic() < deadline, f"the server does not answer:\n{self.output}"
            time.sleep(0.02)
        return self

    @property
    def output(self) -> str:
        """What the processes have printed so far."""
        return "".join(self._output)

    def client(self, token: str | None = TOKEN, timeout: float = PATIENCE) -> Client:
        """Return a client with a connection of its own."""
        return Client(self.port, token, timeout)

    def connect(self) -> socket.socket:
        """Return a bare connection."""
        return socket.create_connection((HOST, self.port), timeout=PATIENCE)

    def peak_memory(self) -> int:
        """Return the most bytes of memory that each process has used, summed up; 0 where the system does not tell."""
        return sum(_peak_memory(pid) for pid in (self._process.pid, *_children(self._process.pid)))

    def interrupt(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """End the server as a supervisor does (SIGTERM); return its exit status when all processes are gone."""
        self._process.send_signal(sent)
        status = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return status

    def kill_parent(self) -> None:
        """End the process that started the workers (SIGKILL), and return when they are gone too."""
        self._process.kill()
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert not self._reader.is_alive(), "a worker lives on"

    def kill(self) -> None:
        """End all processes at once (SIGKILL), and return when they are gone."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def _read(self) -> None:
        """Collect the output until the last process that could write to it is gone."""
        assert self._process.stdout is not None
        with self._process.stdout as output:
            self._output.extend(output)


def is_ready(port: int) -> bool:
    """Tell whether the server on a port is ready for requests."""
    try:
        with Client(port, None, 1) as client:
            return client("GET", "//readyz").status == 200
    except OSError:
        return False


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `bsr-scim` until it ends."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def environment(**settings: str) -> dict[str, str]:
    """Return the environment with these settings and no others."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SCIM_")} | settings


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Return what the calls return, made at one moment, each in a thread."""
    barrier = Barrier(len(calls))

    def at_once(call: Callable[[], T]) -> T:
        barrier.wait(PATIENCE)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(at_once, calls))


def group(name: str, members: Sequence[str]) -> dict[str, Any]:
    """Return the body of a group."""
    return {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}


def patch(*operations: tuple[str, str, Any]) -> dict[str, Any]:
    """Return the body of a PATCH with operations: what to do, path and value."""
    return {"schemas": [PATCH], "Operations": [dict(zip(("op", "path", "value"), o, strict=True)) for o in operations]}


def head(method: str, path: str, *fields: str) -> bytes:
    """Return the head of a request with a token and a SCIM body to follow."""
    lines = (
        f"{method} /scim/v2{path} HTTP/1.1",
        f"Host: {HOST}",
        f"Authorization: Bearer {TOKEN}",
        "Content-Type: application/scim+json",
        *fields,
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def free_port() -> int:
    """Return a port where nobody listens."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak_memory(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)
