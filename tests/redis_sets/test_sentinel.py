"""The store in a set of servers under a Sentinel: another one takes over from a master that is gone."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from time import monotonic

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.testing.data import TENANT, TYPES, commit, everything, found, linked, members, person, team
from flask_bsr_scim.errors import StoreUnavailable, UniquenessConflict
from tests.redis_server import RedisServer
from tests.redis_sets.sets import PATIENCE, Watched, started, wait_until

WITHIN = 2
"""Seconds for an answer."""


@pytest.fixture
def servers() -> Iterator[Watched]:
    """A master, a replica and a Sentinel."""
    with started(Watched) as servers:
        yield servers


@pytest.fixture
def backend(servers: Watched) -> Iterator[Backend]:
    """A backend on them, with a team, which both of them have."""
    backend = open_backend(servers.uri(), TYPES)
    commit(backend, team("t"))
    servers.catch_up()
    yield backend
    backend.close()


class Writer:
    """Creates people and makes them members until it is told to end."""

    def __init__(self, backend: Backend) -> None:
        self._backend, self._ending = backend, Event()
        self.told: list[str] = []
        self.slowest = 0.0
        self.failures = 0
        self._thread = Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        number = 0
        while not self._ending.is_set():
            number += 1
            before = monotonic()
            try:
                commit(self._backend, person(f"p{number}"), members("t", f"p{number}"))
                self.told.append(f"p{number}")
            except StoreUnavailable:
                self.failures += 1
                self._ending.wait(0.05)
            self.slowest = max(self.slowest, monotonic() - before)

    def end(self) -> None:
        """Return when the last commit is done."""
        self._ending.set()
        self._thread.join()


def master_of(servers: Watched) -> int:
    """Return the port of the master, as the Sentinel has it."""
    with servers.sentinel.client() as client:
        return int(client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")[1])


def take_over(servers: Watched, writer: Writer) -> None:
    """Wait until the replica is the master and takes commits."""
    wait_until(lambda: master_of(servers) == servers.replica.port)
    number = len(writer.told)
    wait_until(lambda: len(writer.told) > number + 20)
    writer.end()


def assert_consistent(backend: Backend) -> set[str]:
    """Check that documents, indexes, memberships and change log agree; return the people."""
    people = found(backend, "Person", count=100_000)
    assert sorted(people) == linked(backend, "Team", "t")
    assert len(set(people)) == len(people)
    for name in people:
        assert found(backend, "Person", f'userName eq "{name.upper()}"') == [name]
        with pytest.raises(UniquenessConflict):
            commit(backend, person("another", userName=name))
    log = backend.log(TENANT, count=100_000)
    assert [entry.sequence for entry in log] == list(range(1, len(log) + 1))
    assert {entry.id for entry in log if entry.operation == "create"} == {"t", *people}
    return set(people)


def test_the_master_dies(servers: Watched, backend: Backend) -> None:
    """Writers go on with the new master, without a restart, and nothing is there twice or by half."""
    writer = Writer(backend)
    wait_until(lambda: len(writer.told) > 20)
    servers.master.kill()
    take_over(servers, writer)
    people = assert_consistent(backend)
    lost = set(writer.told) - people
    # Replication runs behind: on a loopback that is a few commits, and none when nothing was on its way.
    assert len(lost) <= 5
    assert writer.slowest < WITHIN


@pytest.mark.parametrize("replicas", ["0", "1"])
def test_the_master_hangs(servers: Watched, backend: Backend, replicas: str) -> None:
    """A master that comes back from a pause is left for the new one."""
    with servers.master.client() as client:
        client.config_set("min-replicas-to-write", replicas)
        client.config_set("min-replicas-max-lag", "1")
    warnings = backend.warnings()
    assert ("min-replicas-to-write is 0" in " ".join(warnings)) is (replicas == "0")
    writer = Writer(backend)
    wait_until(lambda: len(writer.told) > 20)
    servers.master.send_signal(signal.SIGSTOP)
    wait_until(lambda: master_of(servers) == servers.replica.port)
    servers.master.send_signal(signal.SIGCONT)
    take_over(servers, writer)
    assert_consistent(backend)
    assert writer.slowest < WITHIN


def test_all_are_gone(servers: Watched, backend: Backend) -> None:
    """Without a master everything fails soon, and works when there is one again."""
    before = everything(backend)
    servers.sentinel.kill()
    servers.master.kill()
    start = monotonic()
    with pytest.raises(StoreUnavailable):
        commit(backend, person("a"))
    assert monotonic() - start < WITHIN
    with servers.replica.client() as client:
        client.execute_command("REPLICAOF", "NO", "ONE")
    servers.sentinel = _sentinel_of(servers, servers.replica)
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        with suppress(StoreUnavailable):
            commit(backend, person("a"))
            break
    assert found(backend, "Person") == ["a"]
    assert everything(backend) != before
    servers.sentinel.kill()


def _sentinel_of(servers: Watched, master: RedisServer) -> RedisServer:
    """Start the Sentinel again, at its old place, for another master."""
    file = servers.sentinel.folder / f"{servers.sentinel.port}.conf"
    file.write_text(
        f"port {servers.sentinel.port}\nbind 127.0.0.1\ndir {servers.sentinel.folder}\n"
        f"sentinel monitor main 127.0.0.1 {master.port} 1\n"
    )
    return servers.sentinel.start()
