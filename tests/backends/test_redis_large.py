"""Very many memberships in one commit of the Redis store: they wait beside the tenant, and come in step by step.

Here a few are very many already.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Removal
from flask_bsr_scim.backends.dumping import Members
from flask_bsr_scim.backends.redis import commits, overlay, tenant, transaction, waiting
from flask_bsr_scim.backends.redis.layout import GROUPS, LOCK, MOVING
from flask_bsr_scim.backends.redis.pending import Memberships
from flask_bsr_scim.backends.redis.presumed import Presumed
from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.redis.space import Kinds
from flask_bsr_scim.backends.redis.tenant import StoredTenant
from flask_bsr_scim.backends.redis.uri import Options, client_maker, read_place
from flask_bsr_scim.backends.redis.waiting import Waiting
from flask_bsr_scim.backends.testing import BackendContract, SharedContract
from flask_bsr_scim.backends.testing.commits import CommitContract
from flask_bsr_scim.backends.testing.data import (
    OTHER,
    TENANT,
    TYPES,
    changed,
    circle,
    commit,
    everything,
    found,
    linked,
    members,
    person,
    query,
    stored,
    team,
    while_committing,
    write,
)
from flask_bsr_scim.backends.testing.inside import InsideContract
from flask_bsr_scim.errors import StoreUnavailable, UnknownMembers
from tests.backends.test_redis import OnRedis, SentTwice, keys_of
from tests.redis_server import running, shared

PEOPLE = [f"p{number:02}" for number in range(20)]


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, size in ((commits, 0), (waiting, 3), (transaction, 2), (tenant, 4)):
        monkeypatch.setattr(module, "_AT_ONCE", size)
    monkeypatch.setattr(tenant, "_HEADS_AT_ONCE", 3)
    for each in (overlay, transaction):
        monkeypatch.setattr(each, "_FEW", 1)


class TestLargeCommits(OnRedis, BackendContract, SharedContract):
    """They keep the contract."""


class TestLargeCommitsThatAreSentTwice(SentTwice, CommitContract, InsideContract):
    """Nothing of them that is sent does a thing twice."""


@pytest.fixture
def uri() -> str:
    """A store with people."""
    uri = shared().uri()
    backend = open_backend(uri, TYPES)
    backend.open(TENANT, "bsr")
    commit(backend, *map(person, PEOPLE), team("small", "p00"), circle("c", "p01"))
    backend.close()
    return uri


@pytest.fixture
def backend(uri: str) -> Iterator[Backend]:
    """A backend on it."""
    backend = open_backend(uri, TYPES)
    yield backend
    backend.close()


@pytest.fixture
def another(uri: str) -> Iterator[Backend]:
    """Another process's backend on it."""
    backend = open_backend(uri, TYPES)
    yield backend
    backend.close()


@pytest.fixture
def client() -> Iterator[Redis]:
    """A client for the test itself."""
    with shared().client() as client:
        yield client


class Killed(BaseException):
    """The writer is gone."""


def killed(*_: object, **__: object) -> None:
    """End as a process does that is killed."""
    raise Killed


def die(monkeypatch: pytest.MonkeyPatch, writer: Backend, step: str) -> None:
    """Let a writer make a team of everybody, and kill it when it comes to a step."""
    with monkeypatch.context() as patch:
        patch.setattr(Waiting, step, killed)
        with pytest.raises(Killed):
            commit(writer, team("t", *PEOPLE))


def waiting_keys(client: Redis, uri: str) -> list[str]:
    """Return the keys of all memberships that wait or are on their way."""
    return list(client.scan_iter(f"{keys_of(uri)[MOVING]}*", count=1000))


READS: dict[str, Callable[[Backend], bool]] = {
    "members": lambda b: linked(b, "Team", "t") == PEOPLE,
    "groups": lambda b: linked(b, "Person", "p00") == ["small", "t"],
    "all groups": lambda b: [group.id for group in b.groups_of(TENANT, ["p01"])["p01"]] == ["c", "t"],
    "page of members": lambda b: [link.id for link in b.members(TENANT, ["t"], count=3)] == PEOPLE[:3],
    "number of members": lambda b: b.count_members(TENANT, ["t"]) == len(PEOPLE),
    "list": lambda b: [len(r.links) for r in b.query(TENANT, "Team", query("Team")).resources] == [1, len(PEOPLE)],
    "teams of a member": lambda b: found(b, "Team", 'members.value eq "p19"') == ["t"],
    "members of a team": lambda b: found(b, "Person", 'groups.value eq "t"') == PEOPLE,
    "dump": lambda b: PEOPLE in [list(each.ids) for each in b.dump(TENANT) if isinstance(each, Members)],
    "check": lambda b: [*b.check()] == [],
    "removal of members": lambda b: write(b, members("t", remove=PEOPLE[1:])).version == 2,
    "removal of a member": lambda b: (
        commit(b, Removal("Person", "p05")) == [None] and "p05" not in linked(b, "Team", "t")
    ),
}
"""Each is true when all of the team is there."""


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_writer_that_dies_after_its_commit(
    monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend, read: Callable[[Backend], bool]
) -> None:
    """What was committed is there for everybody, though the writer did not bring it into the sets."""
    die(monkeypatch, backend, "bring_in")
    assert read(another)
    assert [*another.check()] == []


def test_a_writer_that_dies_half_way(
    monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend, client: Redis, uri: str
) -> None:
    """Whoever looks goes on where the writer ended; meanwhile the sets have some of it, and nobody sees that."""
    die(monkeypatch, backend, "bring_in")
    place, options = read_place(uri), Options(prefix=keys_of(uri)[0].partition(":")[0])
    step = StoredTenant(Server(client_maker(place, options)), options.prefix, TENANT, Kinds(TYPES), Presumed())
    sizes = {client.zcard(keys_of(uri)[GROUPS])}
    for _ in range(9):
        step.run("settle")
        sizes.add(client.zcard(keys_of(uri)[GROUPS]))
    assert len(sizes) > 2
    assert waiting_keys(client, uri) == [keys_of(uri)[MOVING]]
    assert client.ttl(keys_of(uri)[MOVING]) == -1
    assert linked(another, "Team", "t") == PEOPLE
    assert waiting_keys(client, uri) == []
    assert [*another.check()] == []


def test_a_writer_that_dies_before_its_commit(
    monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend, client: Redis, uri: str
) -> None:
    """Nothing was done, and what waits beside the tenant ends by itself."""
    before = everything(another)
    with monkeypatch.context() as patch:
        patch.setattr(commits.Commits, "_send", killed)
        with pytest.raises(Killed):
            commit(backend, team("t", *PEOPLE))
    (key,) = waiting_keys(client, uri)
    assert 0 < client.ttl(key) <= 600
    assert everything(another) == before
    assert [*another.check()] == []
    commit(another, team("t", *PEOPLE))
    assert linked(backend, "Team", "t") == PEOPLE


def test_another_writer_in_between(
    monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend, client: Redis, uri: str
) -> None:
    """A large commit that was overtaken leaves nothing behind, and is made again while the others wait."""
    put, overtakers = Waiting.put, iter([changed(person("p03"), nickName="x")])
    holders: list[object] = []

    def overtaken(self: Waiting, memberships: Memberships) -> int:
        holders.append(client.get(keys_of(uri)[LOCK]))
        number = put(self, memberships)
        for change in overtakers:
            commit(another, change)
        return number

    monkeypatch.setattr(Waiting, "put", overtaken)
    commit(backend, team("t", *PEOPLE))
    assert [holder is not None for holder in holders] == [False, True]
    assert linked(another, "Team", "t") == PEOPLE
    assert stored(another, "Team", "t").version == 1
    assert [entry.id for entry in another.log(TENANT)][-2:] == ["p03", "t"]
    assert waiting_keys(client, uri) == []
    assert client.get(keys_of(uri)[LOCK]) is None


def test_a_lock_goes_on(monkeypatch: pytest.MonkeyPatch, backend: Backend, client: Redis, uri: str) -> None:
    """Whoever holds the lock holds it on with each portion that is written."""
    run, left = StoredTenant.run, []

    def nearly_over(self: StoredTenant, name: str, *arguments: Any, beside: str | None = None) -> Any:
        if name == "stage":
            client.pexpire(keys_of(uri)[LOCK], 2000)
        answer = run(self, name, *arguments, beside=beside)
        if name == "stage":
            left.append(client.pttl(keys_of(uri)[LOCK]))
        return answer

    monkeypatch.setattr(StoredTenant, "run", nearly_over)
    with backend.together(TENANT):
        commit(backend, team("t", *PEOPLE))
    assert len(left) > 2
    assert min(left) > 2000


def test_memberships_that_are_lost(
    monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend, client: Redis, uri: str
) -> None:
    """When Redis threw away what waits, nothing is written."""
    before, put = everything(another), Waiting.put

    def lost(self: Waiting, memberships: Memberships) -> int:
        number = put(self, memberships)
        client.delete(*waiting_keys(client, uri))
        return number

    with monkeypatch.context() as patch:
        patch.setattr(Waiting, "put", lost)
        with pytest.raises(StoreUnavailable, match="did not keep"):
            commit(backend, team("t", *PEOPLE))
    assert everything(another) == before
    commit(backend, team("t", *PEOPLE))


def test_what_takes_too_long(monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend) -> None:
    """Who comes when memberships are on their way gives up in time; what needs none of them goes on."""
    die(monkeypatch, backend, "bring_in")
    with monkeypatch.context() as patch:
        patch.setattr(tenant, "PATIENCE", 0)
        with pytest.raises(StoreUnavailable, match="very large group"):
            linked(another, "Team", "t")
        assert another.is_held(TENANT, "Person", "userName", "P01")
        commit(another, person("a"), tenant=OTHER)
    assert linked(another, "Team", "t") == PEOPLE


def test_no_memory_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that became full goes on where it ended when there is room."""
    with running() as server, server.client() as client:
        backend = open_backend(server.uri(), TYPES)
        backend.open(TENANT, "bsr")
        commit(backend, *map(person, PEOPLE))
        die(monkeypatch, backend, "bring_in")
        client.config_set("maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            linked(backend, "Team", "t")
        assert backend.is_held(TENANT, "Person", "userName", "P01")
        client.config_set("maxmemory", "0")
        assert linked(backend, "Team", "t") == PEOPLE
        assert [*backend.check()] == []
        backend.close()


def test_nobody_sees_a_part(backend: Backend, another: Backend) -> None:
    """A reader sees all of a large change or nothing of it."""
    steps = [[members("small", *PEOPLE)], [members("small", clear=True)]] * 5
    seen = while_committing(backend, steps, lambda: len(linked(another, "Team", "small")))
    assert set(seen) <= {0, 1, len(PEOPLE)}
    assert {0, len(PEOPLE)} <= {*seen, 0, len(PEOPLE)}


def test_unknown_members(backend: Backend, client: Redis, uri: str) -> None:
    """All that are unknown are named, and nothing is written."""
    with pytest.raises(UnknownMembers) as raised:
        commit(backend, team("t", "nobody", *PEOPLE, "who"))
    assert raised.value.ids == ("nobody", "who")
    assert waiting_keys(client, uri) == []


def test_a_tenant_that_is_replaced(monkeypatch: pytest.MonkeyPatch, backend: Backend, another: Backend) -> None:
    """Memberships on their way into a tenant do not come into what takes its place."""
    records = [*another.dump(TENANT)]
    die(monkeypatch, backend, "bring_in")
    another.load(TENANT, records, replace=True)
    assert linked(another, "Team", "small") == ["p00"]
    assert another.get(TENANT, "Team", "t") is None
    assert [*another.check()] == []


def test_more_than_one_change(backend: Backend, another: Backend) -> None:
    """A transaction sees its own memberships, however many, and what is left of all of them is written."""
    with backend.together(TENANT):
        commit(backend, team("t", *PEOPLE))
        commit(backend, members("t", "p00", remove=PEOPLE[10:]), members("small", *PEOPLE[:5]))
        assert linked(backend, "Team", "t") == PEOPLE[:10]
        assert [link.id for link in backend.members(TENANT, ["t"], after="p07")] == ["p08", "p09"]
        assert backend.count_members(TENANT, ["t", "small"]) == 10
        assert linked(backend, "Person", "p01") == ["small", "t"]
        commit(backend, Removal("Person", "p01"))
        assert linked(backend, "Team", "t") == ["p00", *PEOPLE[2:10]]
    assert linked(another, "Team", "t") == ["p00", *PEOPLE[2:10]]
    assert [*another.check()] == []
