"""The connections of the store in Redis: kept, shared by threads, and given up when one breaks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from redis.exceptions import ConnectionError, ResponseError

from flask_bsr_scim.backends.redis import connections as module
from flask_bsr_scim.backends.redis.connections import Connections
from flask_bsr_scim.backends.redis.uri import Options, client_maker, read_place
from tests.redis_server import RedisServer, running


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of the test's own."""
    with running() as server:
        yield server


@pytest.fixture
def connections(server: RedisServer) -> Iterator[Connections]:
    """Connections to it."""
    connections = Connections(client_maker(read_place(f"redis://127.0.0.1:{server.port}"), Options())())
    yield connections
    connections.close()


def number_of(connections: Connections) -> int:
    """Return the number by which the server knows the connection that is used next."""
    return int(connections.execute_command("CLIENT", "ID"))


def test_a_connection_is_kept(connections: Connections) -> None:
    """Commands that follow each other use one connection, also when one of them was refused."""
    first = number_of(connections)
    with pytest.raises(ResponseError):
        connections.execute_command("NOSUCH")
    assert number_of(connections) == first


@pytest.mark.parametrize("has_hiredis", [True, False])
def test_answers_are_read_as_by_the_driver(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, has_hiredis: bool
) -> None:
    """An answer is what a client of redis-py makes of it, with hiredis and without."""
    if not has_hiredis:
        monkeypatch.setattr(module, "pack_command", None)
    connections.execute_command("SADD", "set", "a", "b")
    assert connections.execute_command("SMEMBERS", "set") == {"a", "b"}
    assert connections.execute_command("ZMSCORE", "none", "a") == [None]


def test_threads_use_connections_of_their_own(connections: Connections) -> None:
    """Commands at one moment go over different connections; later ones share them."""
    barrier = Barrier(4)

    def ask(number: int) -> str:
        barrier.wait()
        return str(connections.execute_command("ECHO", f"text {number}"))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(25):
            assert list(pool.map(ask, range(4))) == [f"text {number}" for number in range(4)]
    with connections.client as client:
        assert len(client.client_list()) <= 5


def test_a_broken_connection(connections: Connections, server: RedisServer) -> None:
    """A command whose connection was closed is sent over another; nobody notices."""
    first = number_of(connections)
    with server.client() as client:
        client.client_kill_filter(_id=str(first))
    assert number_of(connections) > first


def test_the_others_go_too(connections: Connections, server: RedisServer) -> None:
    """When one connection broke, those that nobody uses are closed: the server may have lost its place to another."""
    barrier = Barrier(2)

    def ask(_: int) -> int:
        barrier.wait()
        # Takes so long that both have a connection.
        connections.execute_command("BLPOP", "none", "0.1")
        return 0

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, range(2)))
    with server.client() as client:
        mine = [each for each in client.client_list() if each["cmd"] == "blpop"]
        assert len(mine) == 2
        client.client_kill_filter(_id=str(number_of(connections)))
        number_of(connections)
        left = {each["id"] for each in client.client_list()}
    assert left.isdisjoint(each["id"] for each in mine)


def test_no_server(connections: Connections, server: RedisServer) -> None:
    """Without a server a command fails, and works when there is one again."""
    number_of(connections)
    server.kill()
    with pytest.raises(ConnectionError):
        number_of(connections)
    server.start()
    assert number_of(connections)


def test_closing(connections: Connections) -> None:
    """What is closed is opened anew by the next command."""
    first = number_of(connections)
    connections.close()
    assert number_of(connections) > first
