"""What the store in Redis makes of the errors of a server: whether the connections to it are kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Barrier, Thread
from typing import ClassVar

import pytest
from redis.exceptions import RedisError, TimeoutError

from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.redis.uri import Options, client_maker, read_place
from tests.redis_server import running
from tests.redis_sets.sets import wait_until


class _Refusing(StreamRequestHandler):
    """Answers each command with an error."""

    ERROR: ClassVar[str]
    CONNECTIONS: ClassVar[list[object]]

    def handle(self) -> None:
        self.CONNECTIONS.append(self)
        while line := self.rfile.readline():
            for _ in range(int(line[1:])):
                self.rfile.read(int(self.rfile.readline()[1:]) + 2)
            self.wfile.write(f"-{self.ERROR}\r\n".encode())


@pytest.fixture
def server(error: str, connections: list[object]) -> Iterator[Server]:
    """A server that answers everything with an error."""
    handler = type("Handler", (_Refusing,), {"ERROR": error, "CONNECTIONS": connections})
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as listening:
        listening.daemon_threads = True
        Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        server = Server(client_maker(read_place(f"redis://127.0.0.1:{listening.server_address[1]}"), Options()))
        yield server
        server.close()
        listening.shutdown()


@pytest.fixture
def connections() -> list[object]:
    """The connections that the server took."""
    return []


_OLD = "ERR Error running script (call to f_9282): @user_script:20: @user_script: 20: -"
"""Begins errors in a script of Redis 6.2."""


@pytest.mark.parametrize(
    ("error", "leads_elsewhere"),
    [
        ("READONLY You can't write against a read only replica.", True),
        (f"{_OLD}READONLY You can't write against a read only replica.", True),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", True),
        ("OOM command not allowed when used memory > 'maxmemory'.", False),
        (f"{_OLD}OOM command not allowed when used memory > 'maxmemory'.", False),
        ("NOREPLICAS Not enough good replicas to write.", False),
        (f"{_OLD}NOREPLICAS Not enough good replicas to write.", False),
        (f"{_OLD}MISCONF Redis is configured to save RDB snapshots", False),
        ("ERR unknown command `READONLY`, with args beginning with: `-READONLY`", False),
    ],
)
def test_errors(server: Server, connections: list[object], leads_elsewhere: bool) -> None:
    """After the error of a replica the next command looks for the master; after others it goes the same way."""
    for _ in range(2):
        with pytest.raises(RedisError):
            server.call("EVALSHA", "9282", 0)
    assert len(connections) == 1 + leads_elsewhere


def test_an_answer_that_does_not_come() -> None:
    """The other connections are given up too: what drops the packets of one, as a firewall does, drops those of all."""
    barrier = Barrier(3)
    with running() as server, server.client() as client:
        store = Server(client_maker(read_place(f"redis://127.0.0.1:{server.port}"), Options(timeout="0.3")))

        def connect(_: int) -> int:
            barrier.wait()
            # Takes so long that each has a connection.
            store.call("BLPOP", "none", "0.1")
            return int(store.call("CLIENT", "ID"))

        with ThreadPoolExecutor(3) as pool:
            ids = set(pool.map(connect, range(3)))
        assert len(ids) == 3
        with pytest.raises(TimeoutError):
            store.call("BLPOP", "none", "60")
        wait_until(lambda: ids.isdisjoint(int(each["id"]) for each in client.client_list()))
        assert store.call("PING")
        store.close()
