"""The store in a Redis Cluster: each tenant is on one server, and may move to another."""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Thread
from time import monotonic
from urllib.parse import parse_qs, urlsplit

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.redis.layout import keys
from flask_bsr_scim.backends.testing import BackendContract, SharedContract
from flask_bsr_scim.backends.testing.data import TENANT, TYPES, changed, commit, found, person, stored
from flask_bsr_scim.errors import StoreUnavailable, UniquenessConflict
from tests.redis_sets.sets import Cluster, started, wait_until
from tests.server.running import free_port

WITHIN = 2
"""Seconds for an answer."""

TENANTS = [f"tenant-{number}" for number in range(12)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three masters."""
    with started(Cluster) as cluster:
        yield cluster


class TestCluster(BackendContract, SharedContract):
    """It keeps the contract."""

    @pytest.fixture
    def make_backend(self, cluster: Cluster) -> Callable[..., Backend]:
        return partial(open_backend, cluster.uri())

    @pytest.fixture
    def open_again(self, make_backend: Callable[..., Backend]) -> Callable[..., Backend]:
        return make_backend

    @pytest.fixture
    def unreachable(self) -> Backend:
        return open_backend(f"redis+cluster://127.0.0.1:{free_port()}", TYPES)


@pytest.fixture
def uri(cluster: Cluster) -> str:
    """An empty store."""
    return cluster.uri()


@pytest.fixture
def backend(uri: str) -> Iterator[Backend]:
    """A backend on it."""
    backend = open_backend(uri, TYPES)
    yield backend
    backend.close()


def key_of(uri: str, tenant: str) -> str:
    """Return a key of a tenant."""
    return keys(parse_qs(urlsplit(uri).query)["prefix"][0], tenant)[0]


def test_tenants_are_spread(cluster: Cluster, backend: Backend, uri: str) -> None:
    """Each tenant is on one server, and all servers have some."""
    for tenant in TENANTS:
        backend.open(tenant, "bsr")
        commit(backend, person("a"), tenant=tenant)
    assert {cluster.holder(key_of(uri, tenant)).port for tenant in TENANTS} == {s.port for s in cluster.servers}
    assert backend.tenants() == sorted(TENANTS)
    assert all(found(backend, "Person", tenant=tenant) == ["a"] for tenant in TENANTS)
    assert "appendonly is no" in backend.warnings()[0]


def test_a_tenant_moves(cluster: Cluster, backend: Backend, uri: str) -> None:
    """Commits go on while a tenant moves from server to server; each is done once."""
    commit(backend, person("a"))
    outcomes: list[bool] = []
    has_moved = Event()

    def write() -> None:
        while not has_moved.is_set():
            try:
                commit(backend, changed(person("a"), nickName=f"n{len(outcomes)}"))
                outcomes.append(True)
            except StoreUnavailable:
                outcomes.append(False)

    writer = Thread(target=write)
    writer.start()
    homes = set()
    for _ in range(3):
        number = len(outcomes)
        wait_until(partial(lambda number: len(outcomes) > number + 10, number))
        cluster.move(key_of(uri, TENANT))
        homes.add(cluster.holder(key_of(uri, TENANT)).port)
    number = len(outcomes)
    wait_until(lambda: len(outcomes) > number + 10)
    has_moved.set()
    writer.join()
    assert len(homes) > 1
    assert outcomes[-1]
    assert stored(backend, "Person", "a").version == 1 + outcomes.count(True)
    log = backend.log(TENANT, count=1000)
    assert [entry.after for entry in log] == list(range(1, len(log) + 1))


def test_a_server_is_gone(cluster: Cluster, backend: Backend, uri: str) -> None:
    """Tenants on it fail soon, the others go on, and all is well when it is back."""
    for tenant in TENANTS:
        commit(backend, person("a"), tenant=tenant)
    victim = cluster.holder(key_of(uri, TENANTS[0]))

    def works(tenant: str) -> bool:
        try:
            commit(backend, person("c"), tenant=tenant)
        except StoreUnavailable:
            return False
        except UniquenessConflict:
            pass
        return True

    lost = {tenant for tenant in TENANTS if cluster.holder(key_of(uri, tenant)) is victim}
    victim.kill()
    for tenant in TENANTS:
        start = monotonic()
        if tenant in lost:
            with pytest.raises(StoreUnavailable):
                commit(backend, person("b"), tenant=tenant)
        else:
            commit(backend, person("b"), tenant=tenant)
        assert monotonic() - start < WITHIN
    victim.start()
    wait_until(lambda: all(map(works, TENANTS)))
    assert all(found(backend, "Person", tenant=tenant)[-1] == "c" for tenant in TENANTS)


def test_a_server_hangs(cluster: Cluster, backend: Backend, uri: str) -> None:
    """Tenants on a server that does not answer fail soon, time and again, and work when it goes on."""
    commit(backend, person("a"))
    victim = cluster.holder(key_of(uri, TENANT))
    victim.send_signal(signal.SIGSTOP)
    try:
        for _ in range(3):
            start = monotonic()
            with pytest.raises(StoreUnavailable):
                backend.get(TENANT, "Person", "a")
            assert monotonic() - start < WITHIN
    finally:
        victim.send_signal(signal.SIGCONT)
    wait_until(partial(is_found, backend))


def is_found(backend: Backend) -> bool:
    """Tell whether a person is found."""
    try:
        return found(backend, "Person") == ["a"]
    except StoreUnavailable:
        return False
