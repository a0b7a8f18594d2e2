"""A Redis that fails: errors come soon, nothing is written by half, and all is well again without a restart."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.dumping import Profile
from flask_bsr_scim.backends.testing.data import (
    OTHER,
    TENANT,
    TYPES,
    changed,
    commit,
    everything,
    found,
    linked,
    members,
    person,
    query,
    stored,
    team,
)
from flask_bsr_scim.errors import ConfigurationError, StoreUnavailable
from tests.redis_server import RedisServer, binaries, running
from tests.server.running import free_port

WITHIN = 2
"""Seconds for an answer."""


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server of the test's own, which keeps everything."""
    with running(appendonly="yes", appendfsync="always") as server:
        yield server


@pytest.fixture
def backend(server: RedisServer) -> Iterator[Backend]:
    """A backend on it, with a person in a team."""
    backend = open_backend(server.uri(), TYPES)
    commit(backend, person("a"), team("t", "a"))
    yield backend
    with suppress(StoreUnavailable):
        backend.close()


CALLS: dict[str, Callable[[Backend], object]] = {
    "get": lambda b: b.get(TENANT, "Person", "a", links=True),
    "find": lambda b: b.find(TENANT, "Person", "userName", "a"),
    "is held": lambda b: b.is_held(TENANT, "Person", "userName", "a"),
    "query": lambda b: b.query(TENANT, "Person", query("Person", 'userName sw "a"')),
    "members": lambda b: b.members(TENANT, ["t"]),
    "log": lambda b: b.log(TENANT),
    "tenants": lambda b: b.tenants(),
    "ping": lambda b: b.ping(),
    "upgrade": lambda b: b.upgrade(),
    "commit": lambda b: commit(b, changed(person("a"), nickName="x")),
    "together": lambda b: commit_together(b),
    "touch": lambda b: b.touch(TENANT, "Person", "a", "2026-01-01T00:00"),
    "remember": lambda b: b.remember(TENANT, "key", "text", 10),
    "recall": lambda b: b.recall(TENANT, "key"),
    "open": lambda b: b.open(TENANT, "bsr"),
}


def commit_together(backend: Backend) -> None:
    """Commit in a transaction."""
    with backend.together(TENANT):
        commit(backend, person("b"))


def assert_fails_soon(backend: Backend, call: Callable[[Backend], object]) -> None:
    """Check that a call fails as it should, in time."""
    before = monotonic()
    with pytest.raises(StoreUnavailable):
        call(backend)
    assert monotonic() - before < WITHIN


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_no_server(server: RedisServer, backend: Backend, call: Callable[[Backend], object]) -> None:
    """Everything fails soon while the server is away, and works when it is back."""
    server.kill()
    assert_fails_soon(backend, call)
    server.start()
    call(backend)


def test_a_server_that_was_never_there() -> None:
    """A backend can be opened before its server is there."""
    with running() as server:
        server.kill()
        backend = open_backend(server.uri(), TYPES)
        assert_fails_soon(backend, CALLS["open"])
        assert "does not answer" in backend.warnings()[0]
        server.start()
        backend.open(TENANT, "bsr")
        backend.close()


@contextmanager
def stopped(server: RedisServer) -> Iterator[None]:
    """Let the server take connections and not answer."""
    server.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("name", ["get", "commit", "together"])
def test_a_server_that_hangs(server: RedisServer, backend: Backend, name: str) -> None:
    """What has no answer is given up; it is done once or not at all when the server goes on."""
    before = everything(backend)
    with stopped(server):
        assert_fails_soon(backend, CALLS[name])
    backend.ping()
    CALLS["commit"](backend)
    assert stored(backend, "Person", "a").version == 2
    assert [entry.sequence for entry in backend.log(TENANT)] == [1, 2, 3]
    assert everything(backend) != before
    commit(backend, person("c"))


class BrokenWire:
    """Passes on what is sent to a server, and closes each connection when an answer to a commit should go back."""

    def __init__(self, server: RedisServer, broken: int) -> None:
        self.port = free_port()
        self.server, self._left = server, broken
        self._listener = socket.create_server(("127.0.0.1", self.port))
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self.server.port)) as far:
            upwards = Thread(target=self._send, args=(near, far), daemon=True)
            upwards.start()
            with suppress(OSError):
                while answer := far.recv(1 << 20):
                    if answer == b"$4\r\ndone\r\n" and self._left > 0:
                        self._left -= 1
                        break
                    near.sendall(answer)
            for end in (near, far):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            upwards.join()

    def _send(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while sent := near.recv(1 << 20):
                far.sendall(sent)
            far.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def wire(server: RedisServer, request: pytest.FixtureRequest) -> Iterator[BrokenWire]:
    """A wire to the server that breaks as often as the test says."""
    wire = BrokenWire(server, request.param)
    yield wire
    wire.close()


@pytest.mark.parametrize("wire", [1, 2], indirect=True)
def test_an_answer_that_was_lost(server: RedisServer, wire: BrokenWire) -> None:
    """A commit whose answer was lost is found to be done, and is not done again."""
    backend = open_backend(server.uri().replace(str(server.port), str(wire.port)), TYPES)
    commit(backend, person("a"))
    commit(backend, changed(person("a"), nickName="x"))
    assert [(entry.operation, entry.after) for entry in backend.log(TENANT)] == [("create", 1), ("update", 2)]
    backend.close()


@pytest.mark.parametrize("wire", [100], indirect=True)
def test_answers_that_are_lost_all_the_time(server: RedisServer, wire: BrokenWire) -> None:
    """A commit that never has an answer fails soon, and was done once at the most."""
    backend = open_backend(server.uri().replace(str(server.port), str(wire.port)), TYPES)
    assert_fails_soon(backend, lambda b: commit(b, person("a")))
    assert [entry.operation for entry in backend.log(TENANT)] == ["create"]
    backend.close()


WRITES = ["commit", "together", "touch", "remember"]


def test_a_replica(server: RedisServer, backend: Backend) -> None:
    """A server that became a replica takes no writes, and takes them when it is the master again."""
    with server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", free_port())
        for name in WRITES:
            assert_fails_soon(backend, CALLS[name])
        client.execute_command("REPLICAOF", "NO", "ONE")
    for name in WRITES:
        CALLS[name](backend)


@pytest.mark.parametrize("program", binaries(), ids=lambda path: Path(path).name)
def test_a_master_that_lives_on_as_a_replica(program: str) -> None:
    """After a failover in which the old master lives on, the next write finds the new one behind the same name."""
    with running(program=program) as old, running(program=program) as new, old.client() as client:
        wire = BrokenWire(old, 0)
        backend = open_backend(old.uri().replace(str(old.port), str(wire.port)), TYPES)
        commit(backend, person("a"))
        client.execute_command("REPLICAOF", "127.0.0.1", new.port)
        wire.server = new
        assert_fails_soon(backend, lambda b: commit(b, person("b")))
        commit(backend, person("b"))
        assert found(backend, "Person") == ["b"]
        backend.close()
        wire.close()


def test_no_memory_left(server: RedisServer, backend: Backend) -> None:
    """A full server refuses what would need memory, and does nothing of it by half."""
    before = everything(backend)
    with server.client() as client:
        client.config_set("maxmemory", "1")
        assert_fails_soon(backend, lambda b: commit(b, person("b"), members("t", "b", remove=["a"])))
        assert_fails_soon(backend, CALLS["together"])
        assert everything(backend) == before
        client.config_set("maxmemory", "0")
    commit(backend, person("b"), members("t", "b", remove=["a"]))
    assert linked(backend, "Team", "t") == ["b"]


def test_too_few_replicas(server: RedisServer, backend: Backend) -> None:
    """A master that lost its replicas takes no writes when it is set up so."""
    before = everything(backend)
    with server.client() as client:
        client.config_set("min-replicas-to-write", "1")
        for name in WRITES:
            assert_fails_soon(backend, CALLS[name])
        assert everything(backend) == before
        client.config_set("min-replicas-to-write", "0")
    CALLS["commit"](backend)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ],
)
def test_a_start_while_no_writes_are_taken(server: RedisServer, begin: str, end: str) -> None:
    """A process that starts then reads what is there, as those do that ran before; it writes what is missing later."""
    uri = server.uri()
    before = open_backend(uri, TYPES)
    before.open(TENANT, "bsr")
    commit(before, person("a"), team("t", "a"))
    with server.client() as client:
        client.execute_command(*begin.split())
        backend = open_backend(uri, TYPES)
        backend.open(TENANT, "bsr")
        assert everything(backend) == everything(before)
        with pytest.raises(ConfigurationError, match="profile 'bsr'"):
            backend.open(TENANT, "rfc7643")
        assert_fails_soon(backend, CALLS["commit"])
        assert_fails_soon(backend, lambda b: b.open(OTHER, "bsr"))
        client.execute_command(*end.split())
    backend.open(OTHER, "bsr")
    assert backend.tenants() == [TENANT, OTHER]
    before.close()
    backend.close()


def test_a_busy_server(server: RedisServer, backend: Backend) -> None:
    """While a script of somebody else does not end, everything fails soon."""
    with server.client() as client:
        client.config_set("lua-time-limit", "10")

        def block() -> None:
            with suppress(Exception), server.client() as blocking:
                blocking.eval("while true do end", 0)

        thread = Thread(target=block)
        thread.start()
        sleep(0.1)
        for name in ("get", "commit"):
            assert_fails_soon(backend, CALLS[name])
        client.script_kill()
        thread.join()
    assert found(backend, "Person") == ["a"]


def test_kills(server: RedisServer, backend: Backend) -> None:
    """What was acknowledged is there after the server was killed, whenever that was."""
    told: list[str] = []
    for number in range(5):

        def write(number: int = number) -> None:
            with suppress(StoreUnavailable):
                for n in range(10_000):
                    commit(backend, person(f"p{number}-{n}"), members("t", f"p{number}-{n}"))
                    told.append(f"p{number}-{n}")

        thread = Thread(target=write)
        thread.start()
        sleep(0.15)
        server.kill()
        thread.join()
        server.start()
    people = found(backend, "Person", count=100_000)
    assert len(told) > 5
    assert set(told) <= set(people)
    assert sorted(people) == linked(backend, "Team", "t")
    log = backend.log(TENANT, count=100_000)
    assert [entry.sequence for entry in log] == list(range(1, len(log) + 1))
    assert stored(backend, "Team", "t").version == len(people)


@pytest.mark.parametrize("name", ["commit", "together"])
def test_a_server_that_lost_everything(server: RedisServer, name: str) -> None:
    """What is pushed again is in a tenant that is known, of the profile that the process has opened."""
    backend = open_backend(server.uri(), TYPES)
    backend.open(TENANT, "bsr")
    commit(backend, person("a"))
    commit(backend, person("a"), tenant=OTHER)
    with server.client() as client:
        client.flushall()
    with backend.together(TENANT) if name == "together" else nullcontext():
        commit(backend, person("b"))
    commit(backend, person("b"), tenant=OTHER)
    assert backend.tenants() == [TENANT]
    assert next(backend.dump(TENANT)) == Profile("bsr")
    assert [*backend.check()] == []
    with pytest.raises(ConfigurationError, match="profile 'bsr'"):
        backend.open(TENANT, "rfc7643")
    backend.close()


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random"])
def test_eviction_is_refused(server: RedisServer, policy: str) -> None:
    """A server that throws resources away is refused, unless its operator insists."""
    with server.client() as client:
        client.config_set("maxmemory-policy", policy)
    backend = open_backend(server.uri(), TYPES)
    with pytest.raises(ConfigurationError, match=policy):
        backend.open(TENANT, "bsr")
    allowed = open_backend(server.uri(eviction="allowed"), TYPES)
    allowed.open(TENANT, "bsr")
    assert policy in " ".join(allowed.warnings())
    backend.close()
    allowed.close()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"appendfsync": "everysec"}, ["everysec: a power cut takes back about the last second"]),
        ({"appendfsync": "no"}, ["appendfsync is no: a power cut takes back all changes that the operating system"]),
        ({"appendonly": "no"}, ["appendonly is no: when Redis ends"]),
        ({"maxmemory-policy": "volatile-lru"}, []),
    ],
)
def test_warnings(server: RedisServer, settings: dict[str, str], expected: list[str]) -> None:
    """What can be lost is said, by the server's settings."""
    with server.client() as client:
        for name, value in settings.items():
            client.config_set(name, value)
    backend = open_backend(server.uri(), TYPES)
    backend.open(TENANT, "bsr")
    warnings = backend.warnings()
    assert len(warnings) == len(expected)
    assert all(part in warning for part, warning in zip(expected, warnings, strict=True))
    backend.close()


def test_settings_that_cannot_be_read() -> None:
    """A server that does not tell how it is set up is used, and the operator is told what to look for."""
    with running(rename_command="CONFIG hidden") as server:
        backend = open_backend(server.uri(), TYPES)
        backend.open(TENANT, "bsr")
        assert "does not let its settings be read" in backend.warnings()[0]
        backend.close()


def test_a_wrong_password(server: RedisServer) -> None:
    """A wrong password is a store that is not available; the right one opens it."""
    with server.client() as client:
        client.config_set("requirepass", "right%2F")
    for password, is_right in (("wrong", False), ("right%252F", True)):
        backend = open_backend(server.uri().replace("://", f"://:{password}@"), TYPES)
        if is_right:
            backend.ping()
        else:
            assert_fails_soon(backend, CALLS["ping"])
        backend.close()
