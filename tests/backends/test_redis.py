"""The store in Redis: the contract, and what keys, schemas, locks and several processes bring with them."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from threading import Event, Thread
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Absence, Backend, Insert, Key, Page, Removal, StoredKey
from flask_bsr_scim.backends.redis import RedisBackend, pages, tenant
from flask_bsr_scim.backends.redis.commits import Commits
from flask_bsr_scim.backends.redis.layout import LOCK, keys
from flask_bsr_scim.backends.redis.presumed import Presumed
from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.redis.space import Fetched, Kinds
from flask_bsr_scim.backends.redis.tenant import PATIENCE, StoredTenant
from flask_bsr_scim.backends.redis.transaction import RedisTransaction
from flask_bsr_scim.backends.redis.turns import Turns
from flask_bsr_scim.backends.redis.uri import Options, client_maker, read_place
from flask_bsr_scim.backends.testing import BackendContract, SharedContract
from flask_bsr_scim.backends.testing.commits import CommitContract
from flask_bsr_scim.backends.testing.data import (
    OTHER,
    TENANT,
    TYPES,
    ManualClock,
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
    write,
)
from flask_bsr_scim.backends.testing.inside import InsideContract
from flask_bsr_scim.backends.testing.journal import JournalContract
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.errors import StoreUnavailable, TooMany, UniquenessConflict
from flask_bsr_scim.view import View
from tests.backends.test_new_indexes import UNIQUE, note_types
from tests.redis_server import counting, new_prefix, shared
from tests.server.running import free_port


class OnRedis:
    """What the contract needs of a backend on Redis."""

    @pytest.fixture
    def make_backend(self) -> Callable[..., Backend]:
        return partial(open_backend, shared().uri())

    @pytest.fixture
    def open_again(self, make_backend: Callable[..., Backend]) -> Callable[..., Backend]:
        return make_backend

    @pytest.fixture
    def unreachable(self, monkeypatch: pytest.MonkeyPatch) -> Backend:
        monkeypatch.setattr("flask_bsr_scim.backends.redis.uri._RETRIES", 0)
        return open_backend(f"redis://127.0.0.1:{free_port()}", TYPES)


class TestRedisBackend(OnRedis, BackendContract, SharedContract):
    """It keeps the contract."""


class Repeating(Server):
    """Sends each command twice, as the driver does when a connection breaks before the answer is there."""

    def call(self, command: str, *arguments: Any) -> Any:
        super().call(command, *arguments)
        return super().call(command, *arguments)


class SentTwice:
    """What the contracts need of a backend that sends everything twice."""

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The backend's clock."""
        return ManualClock()

    @pytest.fixture
    def backend(self, clock: ManualClock) -> Iterator[Backend]:
        """A backend that sends everything twice."""
        place, options = read_place(f"redis://127.0.0.1:{shared().port}"), Options(prefix=new_prefix())
        backend = RedisBackend(TYPES, Repeating(client_maker(place, options)), options, clock=clock)
        yield backend
        backend.close()


class TestCommandsThatAreSentTwice(SentTwice, CommitContract, InsideContract, JournalContract):
    """Nothing that is sent does a thing twice, so that what has no answer can be sent again."""


@pytest.fixture
def uri() -> str:
    """An empty store."""
    return shared().uri()


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


def keys_of(uri: str, tenant: str = TENANT) -> tuple[str, ...]:
    """Return the keys of a tenant in a store."""
    return keys(parse_qs(urlsplit(uri).query)["prefix"][0], tenant)


@pytest.mark.requirement("G-02")
def test_everything_is_kept(backend: Backend, another: Backend) -> None:
    """Another process finds everything as it was left."""
    commit(backend, person("a", nickName="A"), team("t", "a"))
    backend.open(TENANT, "bsr")
    assert everything(another) == everything(backend)
    assert another.tenants() == [TENANT]


def test_keys_hold_no_text_of_clients(backend: Backend, uri: str) -> None:
    """Keys have the tenant alone, in braces, so that they lie in one slot; indexes have digests."""
    marked = {"userName": "Marked-User", "nickName": "marked-nick", "secret": "marked-secret"}
    commit(backend, person("a", emails=[{"value": "marked@example.com"}], **marked))
    prefix = parse_qs(urlsplit(uri).query)["prefix"][0]
    with shared().client() as client:
        names = list(client.scan_iter(f"{prefix}:*", count=1000))
        held = [client.zrange(name, 0, -1) for name in names if client.type(name) == "zset"]
        fields = [client.hkeys(name) for name in names if client.type(name) == "hash"]
    assert set(names) <= set(keys_of(uri))
    assert all(f":1:{{{TENANT}}}:" in name for name in names)
    assert len(held) == 1
    assert "marked" not in str([names, held, fields]).lower()


def test_a_member_that_is_gone_can_be_removed(backend: Backend, uri: str) -> None:
    """What lost its row past the contract leaves groups like any other member, and those leave nothing behind."""
    commit(backend, person("a"), person("b"), person("c"), team("t", "a", "b", "c"), team("u", "a", "b"))
    prefix = parse_qs(urlsplit(uri).query)["prefix"][0]
    with shared().client() as client:
        client.hdel(f"{prefix}:1:{{{TENANT}}}:rows", "a", "b")
        commit(backend, members("t", remove=["a", "nobody"]))
        assert linked(backend, "Team", "t") == ["b", "c"]
        (swapped,) = commit(backend, members("t", "c", clear=True))
        assert linked(backend, "Team", "t") == ["c"]
        assert commit(backend, members("t", "c", clear=True)) == [swapped]
        commit(backend, Removal("Team", "u"))
        assert client.zrange(f"{prefix}:1:{{{TENANT}}}:members", 0, -1) == ["t\0c\0Person"]


@pytest.mark.parametrize(
    ("ask", "trips"),
    [
        (lambda b: b.get(TENANT, "Person", "a", links=True), 1),
        (lambda b: b.get(TENANT, "Team", "t", links=True), 1),
        (lambda b: b.find(TENANT, "Person", "userName", "A"), 1),
        (lambda b: b.is_held(TENANT, "Person", "userName", "A"), 1),
        (lambda b: found(b, "Person", 'userName eq "A"'), 1),
        (lambda b: found(b, "Person", 'id eq "a"'), 1),
        (lambda b: found(b, "Person", 'nickName eq "x"'), 1),
        (lambda b: found(b, "Person", 'nickName eq "x" and userName sw "a"', links=False), 1),
        (lambda b: found(b, "Person", 'nickName eq "x" and userName sw "a"'), 1),
        (lambda b: found(b, "Person", 'userName sw "a"'), 2),
        (lambda b: found(b, "Person", 'emails[type eq "work" and value eq "a@example.com"]'), 1),
        (lambda b: found(b, "Person", 'meta.lastModified gt "2026-01-01T00:00:00Z"'), 1),
        (lambda b: found(b, "Person", 'meta.lastModified gt "2026-01-01T00:00:00Z"', sort_by="meta.lastModified"), 1),
        (lambda b: found(b, "Person", 'nickName eq "x"', sort_by="userName"), 1),
        (lambda b: found(b, "Person", 'userName sw "a"', links=False), 1),
        (lambda b: found(b, "Person", sort_by="meta.created"), 2),
        (lambda b: found(b, "Person", after="1"), 1),
        (lambda b: b.remember(TENANT, "key", "text", 60), 1),
        (lambda b: found(b, "Person", 'userName eq "a" or userName eq "b"'), 1),
        (lambda b: found(b, "Person"), 1),
        (lambda b: b.members(TENANT, ["t"]), 1),
        (lambda b: b.log(TENANT), 1),
        (lambda b: commit(b, person("new")), 2),
        (lambda b: commit(b, changed(person("a"), nickName="y")), 2),
        (lambda b: commit(b, members("t", "b")), 3),
    ],
)
def test_round_trips(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Backend], object], trips: int
) -> None:
    """A simple read takes one round trip, and a commit one to read and one to write."""
    commit(backend, person("a", nickName="x"), person("b"), team("t", "a"))
    ask(backend)
    commit(backend, *(members("t", remove=["b"]), changed(person("a"), nickName="x")))
    if backend.get(TENANT, "Person", "new"):
        commit(backend, Removal("Person", "new"))
    sent = counting(monkeypatch)
    ask(backend)
    assert len(sent) == trips


@pytest.mark.parametrize(
    ("ask", "trips"),
    [
        (lambda b: None, 1),
        (lambda b: b.get(TENANT, "Team", "t", links=True), 1),
        (lambda b: b.get_both(TENANT, ("Person", "a"), ("Person", "b")), 1),
        (lambda b: found(b, "Person", 'userName eq "A"'), 1),
        (lambda b: found(b, "Person"), 1),
        (lambda b: b.recall(TENANT, "key"), 1),
        (lambda b: b.log(TENANT), 1),
        (lambda b: b.members(TENANT, ["t"]), 1),
        (lambda b: commit(b, changed(person("a"), nickName="y")), 2),
        (lambda b: b.touch(TENANT, "Person", "a", "2026-01-01T00:01"), 2),
        (lambda b: b.get(OTHER, "Person", "a"), 2),
        (lambda b: b.get(TENANT, "Person", "a") and b.get(TENANT, "Person", "b"), 2),
    ],
)
def test_round_trips_of_a_presumption(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Backend], object], trips: int
) -> None:
    """It costs none where the first step only reads."""
    commit(backend, person("a"), person("b"), team("t", "a"))
    for read in (lambda: backend.get(TENANT, "Person", "a"), lambda: backend.log(TENANT), lambda: ask(backend)):
        read()
    commit(backend, changed(person("a"), nickName="x"))
    sent = counting(monkeypatch)
    with backend.presuming():
        assert backend.presume(TENANT, "Person", "userName", "A")
        ask(backend)
    assert len(sent) == trips


def test_round_trips_of_a_transaction(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a transaction a commit takes one round trip: what it will read is read at once."""
    with backend.together(TENANT):
        commit(backend, person("a"))
        sent = counting(monkeypatch)
        commit(backend, person("b"))
        commit(backend, changed(person("a"), nickName="x"))
        assert len(sent) == 1
        monkeypatch.setattr(tenant, "_AT_ONCE", 2)
        commit(backend, *map(person, "cdef"))
    assert found(backend, "Person") == list("abcdef")


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ('userName eq "p7"', 1),
        ('emails[value eq "p7@example.com" and type eq "work"]', 1),
        ('userName eq "p7" or id eq "p8"', 2),
        ('nickName eq "odd" and userName sw "p"', 10),
        ('nickName eq "odd" or userName eq "p2"', 11),
        ("active eq false", 2),
        ("nickName pr", 10),
        ('groups.value eq "t"', 2),
        ('meta.lastModified ge "2026-01-01T00:00:15Z"', 5),
        ('meta.lastModified gt "2026-01-01T00:00:15Z"', 4),
        ('meta.lastModified lt "2026-01-01T00:00:03Z"', 3),
        ('meta.lastModified le "2026-01-01T00:00:03Z"', 4),
        ('meta.lastModified eq "2026-01-01T00:00:03Z"', 1),
        ('meta.lastModified gt "2026-01-01T00:00:05Z" and nickName eq "odd"', 10),
        ('userName sw "p1"', 20),
        ('not (userName eq "p1")', 20),
        ('userName eq "p1" or userName sw "p1"', 20),
    ],
)
def test_what_is_looked_at(uri: str, monkeypatch: pytest.MonkeyPatch, filter: str, expected: int) -> None:
    """An index leads to the matches where there is one; all others of the type are not looked at."""
    clock = ManualClock()
    backend = open_backend(uri, TYPES, clock=clock)
    for n in range(20):
        more: dict[str, Any] = {"nickName": "odd"} if n % 2 else {}
        emails = [{"value": f"p{n}@example.com", "type": "work"}]
        commit(backend, person(f"p{n}", emails=emails, active=n > 1, **more))
        clock.advance(seconds=1)
    commit(backend, team("t", "p1", "p2"))
    seen: list[int] = []
    fetch = StoredTenant.fetch

    def counted(*arguments: Any, **rest: Any) -> Fetched:
        answer = fetch(*arguments, **rest)
        seen.append(len(answer.records))
        return answer

    monkeypatch.setattr(StoredTenant, "fetch", counted)
    found(backend, "Person", filter)
    assert next(number for number in seen if number) == expected
    backend.close()


@pytest.mark.parametrize("sort_by", ["meta.created", "meta.lastModified"])
@pytest.mark.parametrize("rest", [{}, {"descending": True}, {"reverse": True}, {"offset": 2}, {"links": False}])
def test_times_are_no_part_of_documents(
    uri: str, monkeypatch: pytest.MonkeyPatch, sort_by: str, rest: dict[str, Any]
) -> None:
    """What an index of times leads to is sorted by its times without its documents, as it is with them."""
    clock = ManualClock()
    backend = open_backend(uri, TYPES, clock=clock)
    for n in range(9):
        commit(backend, person(f"p{n}"))
        clock.advance(seconds=n % 2)
    for n in (3, 5, 1):
        commit(backend, changed(person(f"p{n}"), active=False))
        clock.advance(seconds=n % 2)
    commit(backend, team("t", "p1", "p8"))

    def walk(filter: str) -> Iterator[Page]:
        after = None
        for _ in range(3):
            page = backend.query(TENANT, "Person", query("Person", filter, sort_by, count=2, after=after, **rest))
            yield page
            after = page.cursor

    since = 'meta.lastModified gt "2026-01-01T00:00:01Z"'
    expected = list(walk(f"{since} and userName pr"))
    monkeypatch.setattr(View, "document", None)
    assert list(walk(since)) == expected
    assert expected[0].total == 7
    backend.close()


@pytest.mark.parametrize("filter", ['userName sw "p"', 'groups.display sw "T"', "groups pr"])
@pytest.mark.parametrize("sort_by", [None, "userName", "groups.display"])
def test_changes_between_the_steps_of_a_query(
    backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch, filter: str, sort_by: str | None
) -> None:
    """A query that reads in several steps finds what is there in the end, as of one moment."""
    monkeypatch.setattr(pages, "_AT_ONCE", 3)
    monkeypatch.setattr(pages, "_CHANGES", 2)
    commit(another, *(person(f"p{n}") for n in range(10)), team("t", *(f"p{n}" for n in range(5)), displayName="T"))
    changes = iter(
        [
            [changed(person("p0"), userName="x0"), Removal("Person", "p1"), person("p91"), members("t", "p91", "p6")],
            [changed(team("t"), displayName="S")],
            [changed(team("t"), displayName="Tt"), members("t", remove=["p4"])],
            [changed(person("p0"), userName="p0")],
        ]
    )
    fetch = StoredTenant.fetch

    def meanwhile(*arguments: Any, **rest: Any) -> Fetched:
        answer = fetch(*arguments, **rest)
        with monkeypatch.context() as patch:
            patch.setattr(StoredTenant, "fetch", fetch)
            for some in changes:
                commit(another, *some)
                break
        return answer

    monkeypatch.setattr(StoredTenant, "fetch", meanwhile)
    asked = query("Person", filter, sort_by)
    seen = backend.query(TENANT, "Person", asked)
    monkeypatch.setattr(StoredTenant, "fetch", fetch)
    assert next(changes, None) is None
    assert seen == backend.query(TENANT, "Person", asked)
    assert seen.total == (10 if filter.startswith("userName") else 5)


def test_changes_between_the_steps_of_a_query_by_several_indexes(
    backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is entered into one of the indexes while they are read is found with what else was changed."""
    commit(another, person("a", nickName="x"), person("b", nickName="z"))
    changes = iter([[changed(person("b"), nickName="y"), changed(person("a"), nickName="x", active=False)]])
    values = StoredTenant.values

    def meanwhile(*arguments: Any) -> Any:
        for some in changes:
            commit(another, *some)
        return values(*arguments)

    monkeypatch.setattr(StoredTenant, "values", meanwhile)
    assert found(backend, "Person", 'nickName eq "x" or nickName eq "y"') == ["a", "b"]


@pytest.mark.parametrize("filter", ['userName sw "p"', 'nickName eq "0" or nickName eq "1"'])
def test_a_query_that_is_never_done(
    backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch, filter: str
) -> None:
    """A query that other writers keep from coming to its end is given up."""
    monkeypatch.setattr(pages, "_AT_ONCE", 3)
    commit(another, *(person(f"p{n}") for n in range(10)))
    fetch = StoredTenant.fetch
    number = iter(range(10**6))

    def meanwhile(*arguments: Any, **rest: Any) -> Fetched:
        answer = fetch(*arguments, **rest)
        commit(another, changed(person("p0"), nickName=f"{next(number)}"))
        return answer

    monkeypatch.setattr(StoredTenant, "fetch", meanwhile)
    backend.query_seconds = 0.2
    with pytest.raises(TooMany):
        found(backend, "Person", filter)


def test_a_query_while_all_is_replaced(backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read belongs to nothing that is there: the query can be asked again."""
    monkeypatch.setattr(pages, "_AT_ONCE", 3)
    backend.open(TENANT, "bsr")
    commit(another, *(person(f"p{n}") for n in range(10)))
    dump = list(another.dump(TENANT))
    commit(another, changed(person("p0"), nickName="n"))
    fetch = StoredTenant.fetch

    def meanwhile(*arguments: Any, **rest: Any) -> Fetched:
        answer = fetch(*arguments, **rest)
        with monkeypatch.context() as patch:
            patch.setattr(StoredTenant, "fetch", fetch)
            another.load(TENANT, dump, replace=True)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(StoredTenant, "fetch", meanwhile)
        with pytest.raises(StoreUnavailable):
            found(backend, "Person", 'userName sw "p"')
    assert len(found(backend, "Person", 'userName sw "p"')) == 10


def test_a_condition_that_was_overtaken(backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that writes nothing holds only if nobody wrote meanwhile, as any other."""
    holders = RedisTransaction.holders

    def late(transaction: RedisTransaction, key: StoredKey) -> list[Row]:
        found = holders(transaction, key)
        monkeypatch.setattr(RedisTransaction, "holders", holders)
        commit(another, person("x"))
        return found

    monkeypatch.setattr(RedisTransaction, "holders", late)
    with pytest.raises(UniquenessConflict):
        commit(backend, Absence(Key("Person", "userName", "x")))


def test_a_lock_is_ended_by_its_writer_alone(uri: str) -> None:
    """Whoever comes late takes nobody's turn away."""
    options = Options(prefix=parse_qs(urlsplit(uri).query)["prefix"][0])
    server = Server(client_maker(read_place(uri), options))
    run = StoredTenant(server, options.prefix, TENANT, Kinds(TYPES), Presumed()).run
    assert run("lock", "one", 10_000) == run("lock", "one", 10_000) == 1
    run("unlock", "another")
    assert run("lock", "another", 10_000) == 0
    run("unlock", "one")
    assert run("lock", "another", 10_000) == 1


class Client:
    """Of a Cluster: it connects when it is made."""

    def __init__(self) -> None:
        self.is_open = True

    def execute_command(self, *command: str) -> "Client":
        """Return who answers."""
        return self

    def close(self) -> None:
        """Close the connections."""
        self.is_open = False


def test_a_client_that_nobody_uses_is_closed() -> None:
    """Of two threads that begin at once, both use the client of the one that is ready first."""
    made: list[Client] = []

    def make() -> Client:
        made.append(client := Client())
        if client is made[0]:
            assert server.call("PING") is made[1]
        return client

    server = Server(make)
    assert server.call("PING") is server.call("PING") is made[1]
    assert [client.is_open for client in made] == [False, True]


def test_many_holders_are_looked_through(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an index leads to in no order is looked up when it is little, and else the type is looked through."""
    commit(backend, *(person(f"p{n}", nickName="x" if n % 2 else "y") for n in range(10)))
    monkeypatch.setattr(pages, "_FEW", 9)
    assert found(backend, "Person", 'nickName eq "x" or nickName eq "y"') == [f"p{n}" for n in range(10)]
    assert found(backend, "Person", 'nickName eq "x" or userName eq "p0"') == ["p0", "p1", "p3", "p5", "p7", "p9"]


def test_old_entries_of_an_index_go(uri: str) -> None:
    """An index that was out of use for a while holds nothing of that time when it is used again."""
    unique, plain = open_backend(uri, note_types(**UNIQUE)), open_backend(uri, note_types())
    unique.open(TENANT, "bsr")
    commit(unique, *(Insert("Note", i, {"id": i, "text": i}) for i in "ab"))
    commit(plain, Removal("Note", "a"))
    with shared().client() as client:
        client.hdel(keys_of(uri)[0], "indexes")
    unique.open(TENANT, "bsr")
    assert [unique.is_held(TENANT, "Note", "text", text) for text in "ab"] == [False, True]
    unique.close()
    plain.close()


def test_a_lock_that_ends(backend: Backend, uri: str) -> None:
    """Who writes waits for a lock, also for one that a writer left when it was killed."""
    with shared().client() as client:
        client.set(keys_of(uri)[LOCK], "somebody", px=300)
    before = monotonic()
    commit(backend, person("a"))
    with backend.together(TENANT):
        commit(backend, person("b"))
    assert 0.2 < monotonic() - before < PATIENCE
    assert found(backend, "Person") == ["a", "b"]


def test_a_lock_that_does_not_end(backend: Backend, uri: str) -> None:
    """Who waits too long is told within two seconds that nothing was written; readers and other tenants go on."""
    commit(backend, person("a"))
    with shared().client() as client:
        client.set(keys_of(uri)[LOCK], "somebody", px=60_000)
        before = monotonic()
        with pytest.raises(StoreUnavailable):
            commit(backend, person("b"))
        assert monotonic() - before < 2
        assert found(backend, "Person") == ["a"]
        commit(backend, person("b"), tenant=OTHER)
        client.delete(keys_of(uri)[LOCK])
    commit(backend, person("b"))


def test_a_lock_that_ended_too_soon(backend: Backend, another: Backend, uri: str) -> None:
    """When another writer came between, nothing of a transaction is done; when none did, all of it is."""
    commit(backend, person("a"))

    def lose_lock() -> None:
        with shared().client() as client:
            client.delete(keys_of(uri)[LOCK])

    def be_overtaken() -> None:
        with backend.together(TENANT):
            commit(backend, person("b"))
            lose_lock()
            commit(another, person("c"))

    with pytest.raises(StoreUnavailable, match="another writer"):
        be_overtaken()
    assert found(backend, "Person") == ["a", "c"]
    with backend.together(TENANT):
        commit(backend, person("b"))
        lose_lock()
    assert found(backend, "Person") == ["a", "c", "b"]


def test_an_error_that_another_writer_undid(
    backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong only between two steps of another writer is tried again."""
    commit(another, person("a"))
    begin = Commits._begin

    def meanwhile(*arguments: Any) -> object:
        begun = begin(*arguments)
        with monkeypatch.context() as patch:
            patch.setattr(Commits, "_begin", begin)
            if another.get(TENANT, "Person", "a"):
                commit(another, Removal("Person", "a"))
        return begun

    monkeypatch.setattr(Commits, "_begin", meanwhile)
    commit(backend, person("b", userName="a"))
    assert found(backend, "Person") == ["b"]


def test_a_commit_that_others_overtake(backend: Backend, another: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is overtaken time and again makes the others wait, and gets through."""
    commit(another, person("a"), person("b"))
    begin = Commits._begin
    tries = []

    def meanwhile(*arguments: Any) -> object:
        begun = begin(*arguments)
        tries.append(begun)
        with monkeypatch.context() as patch:
            patch.setattr(Commits, "_begin", begin)
            if len(tries) < 5:
                commit(another, changed(person("b"), nickName=f"n{len(tries)}"))
        return begun

    monkeypatch.setattr(Commits, "_begin", meanwhile)
    write(backend, changed(person("a"), nickName="mine"))
    assert len(tries) == 5
    assert stored(backend, "Person", "a").version == 2
    assert stored(backend, "Person", "b").version == 5


def test_times_follow_the_order_of_commits(uri: str) -> None:
    """A host whose clock is behind stores nothing that looks older than what was there before."""
    late, early = ManualClock(), ManualClock()
    now = late.advance(seconds=10)
    first, second = open_backend(uri, TYPES, clock=late), open_backend(uri, TYPES, clock=early)
    commit(first, person("a"))
    assert write(second, person("b")).modified == now
    assert [entry.at for entry in second.log(TENANT)] == [now, now]
    first.close()
    second.close()


def test_a_server_that_forgot_the_scripts(backend: Backend) -> None:
    """A server that was started anew, or took over, gets the scripts again."""
    commit(backend, person("a"))
    with shared().client() as client:
        client.script_flush()
    assert found(backend, "Person") == ["a"]
    with shared().client() as client:
        client.script_flush()
    commit(backend, person("b"))


def test_a_large_group(backend: Backend) -> None:
    """A group is not limited by what fits into one command."""
    names = [f"p{n:04}" for n in range(9000)]
    for start in range(0, len(names), 3000):
        commit(backend, *map(person, names[start : start + 3000]))
    commit(backend, team("t", *names))
    assert linked(backend, "Team", "t") == names
    assert backend.count_members(TENANT, ["t"]) == backend.count_members(TENANT, ["t", "other"]) == len(names)
    assert [m.id for m in backend.members(TENANT, ["t"], after=names[500], count=2000)] == names[501:2501]
    assert len(found(backend, "Person", 'userName sw "p"', count=10_000)) == len(names)
    commit(backend, members("t", *names[::2], clear=True))
    assert linked(backend, "Team", "t") == names[::2]


def _write_in_a_fork(backend: Backend) -> None:
    commit(backend, person("child"))
    assert found(backend, "Person") == ["parent", "child"]
    os._exit(0)


def test_fork(backend: Backend) -> None:
    """A process that was forked opens its own connections; the parent's stay good."""
    commit(backend, person("parent"))
    child = multiprocessing.get_context("fork").Process(target=partial(_write_in_a_fork, backend))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert found(backend, "Person") == ["parent", "child"]


def test_upgrade(backend: Backend) -> None:
    """There is one layout yet; an upgrade finds nothing to do."""
    assert backend.upgrade() == []


_RACE = """
import sys
from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.testing.data import TYPES, commit, members, person
from flask_bsr_scim.errors import UniquenessConflict
backend = open_backend(sys.argv[1], TYPES)
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    own = f"{sys.argv[2]}-{number}"
    try:
        commit(backend, person(own, userName=f"name-{number}"))
        print(own)
    except UniquenessConflict:
        commit(backend, person(own))
    commit(backend, members("t", own))
"""


@pytest.mark.requirement("G-02")
def test_processes(backend: Backend, uri: str) -> None:
    """Of several processes that make the same names at once, each name goes to one; all their members stay."""
    commit(backend, team("t"))
    command = [sys.executable, "-c", _RACE, uri]
    racers = [
        subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in "abc"
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    winners = [name for racer in racers for name in racer.communicate(timeout=60)[0].split()]
    assert len(winners) == 20
    named = [backend.find(TENANT, "Person", "userName", f"name-{number}") for number in range(20)]
    assert sorted(winner.id for winner in named if winner) == sorted(winners)
    assert len(linked(backend, "Team", "t")) == 60
    assert stored(backend, "Team", "t").version == 61
    assert [entry.sequence for entry in backend.log(TENANT, count=1000)] == list(range(1, 122))


def _take_a_turn(turns: Turns) -> None:
    with turns.take(TENANT):
        os._exit(0)


def test_turns() -> None:
    """Threads of a process write to a tenant one after another; a fork does not wait for the threads of its parent."""
    turns, taken, done = Turns(0.05), Event(), Event()

    def hold() -> None:
        with turns.take(TENANT), turns.take(TENANT):
            taken.set()
            done.wait()

    holder = Thread(target=hold)
    holder.start()
    taken.wait()
    with pytest.raises(StoreUnavailable), turns.take(TENANT):
        pass
    with turns.take(OTHER):
        pass
    child = multiprocessing.get_context("fork").Process(target=partial(_take_a_turn, turns))
    child.start()
    child.join()
    assert child.exitcode == 0
    done.set()
    holder.join()
    with turns.take(TENANT):
        pass
