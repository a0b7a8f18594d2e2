"""Servers for the tests of processes; each ends with its test or module, whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.server.running import TOKEN, Server

Start = Callable[..., Server]


@contextmanager
def servers() -> Iterator[Start]:
    """Give a function that starts a server, by the arguments of :class:`Server`; all of them end on leaving."""
    started: list[Server] = []

    def start(backend: str, *options: str, **settings: str) -> Server:
        started.append(Server(backend, *options, **settings))
        return started[-1]

    try:
        yield start
    finally:
        for server in started:
            server.kill()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start servers that end with the test."""
    with servers() as start:
        yield start


@pytest.fixture
def backend(tmp_path: Path) -> str:
    """The URI of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'scim.db'}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers on an SQLite file."""
    with servers() as start:
        yield start(f"sqlite:///{tmp_path_factory.mktemp('server') / 'scim.db'}", SCIM_TOKEN=TOKEN).wait()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two servers with two workers each on one SQLite file, which they made both at the same time."""
    backend = f"sqlite:///{tmp_path_factory.mktemp('pair') / 'scim.db'}"
    with servers() as start:
        first, second = (start(backend, "--workers", "2", "--profile", "rfc7643", SCIM_TOKEN=TOKEN) for _ in range(2))
        yield first.wait(), second.wait()
