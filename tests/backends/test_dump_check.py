"""What is wrong in a store is found, whoever did it: here by hand, past the contract."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from redis.exceptions import OutOfMemoryError

from flask_bsr_scim.backends import log_check, open_backend
from flask_bsr_scim.backends.base import Backend, LogEntry
from flask_bsr_scim.backends.dumping import DumpError, Record, TenantTakenError, WrittenMeanwhileError
from flask_bsr_scim.backends.log_check import LogCheck, Version
from flask_bsr_scim.backends.memory import MemoryBackend
from flask_bsr_scim.backends.memory.tenant import Tenant
from flask_bsr_scim.backends.redis.layout import digest, joined, keys, number
from flask_bsr_scim.backends.redis.load import RedisLoader
from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, TYPES, circle, commit, note, person, team
from flask_bsr_scim.errors import StoreUnavailable
from tests.redis_server import shared


def filled(uri: str) -> Backend:
    """Return a sound store."""
    backend = open_backend(uri, TYPES)
    backend.open(TENANT, "bsr")
    commit(backend, person("a", nickName="A"), person("b"), note("n"), team("t", "a", "b"), circle("c", "a"))
    backend.touch(TENANT, "Person", "a", "2026-01-01T00:00:00.000000")
    assert [*backend.check()] == []
    return backend


# SQLite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of the store."""
    return tmp_path / "store.db"


@pytest.fixture
def in_file(path: Path) -> Iterator[Backend]:
    """A store in that file."""
    with closing(filled(f"sqlite:///{path}")) as backend:
        yield backend


SQL = {
    "a unique key that is gone": (
        "DELETE FROM unique_key WHERE name = 'Person.userName' AND key = 'a'",
        ['a is not in the index Person.userName under "a"'],
    ),
    "a unique key of somebody else": (
        "UPDATE unique_key SET seq = 2 WHERE name = 'Person.userName' AND key = 'a'",
        [
            'a is not in the index Person.userName under "a", which b holds',
            'the index Person.userName has b under "a", and it should not',
        ],
    ),
    "a unique value twice": (
        """UPDATE resource SET document = '{"schemas":[],"id":"b","userName":"A"}' WHERE id = 'b'""",
        [
            "Person b: its text does not show its version, times and type",
            'b is not in the index Person.userName under "a", which a holds',
            'the index Person.userName has b under "b", and it should not',
        ],
    ),
    "a unique key of nobody": (
        "INSERT INTO unique_key VALUES (1, 'Person.userName', 'x', 99)",
        ['the index Person.userName has something that is not there under "x", and it should not'],
    ),
    "a key that is gone": (
        "DELETE FROM attribute_key",
        ['a is not in the index Person.nickName under "a"'],
    ),
    "a key too many": (
        "INSERT INTO attribute_key VALUES (1, 'Person.nickName', 'x', 2)",
        ['the index Person.nickName has b under "x", and it should not'],
    ),
    "an index that is not the schema's": (
        "DELETE FROM indexed WHERE name = 'Person.active'",
        ["the index Person.active is not that of the schema: it is made when the tenant is next opened"],
    ),
    "a member that is not there": (
        "INSERT INTO member VALUES (1, 4, 'x', 99, 'Person')",
        ["x is a member of t, and is not there"],
    ),
    "a member under another number": (
        "UPDATE member SET member_seq = 2 WHERE member_id = 'a' AND group_seq = 4",
        ["only one side knows that a is a member of t"],
    ),
    "a member of another type": (
        "UPDATE member SET member_type = 'Note' WHERE member_id = 'a' AND group_seq = 4",
        ["only one side knows that a is a member of t"],
    ),
    "a member of nothing": (
        "INSERT INTO member VALUES (1, 99, 'a', 1, 'Person')",
        ["a is a member of 99, which is no group"],
    ),
    "a member of a person": (
        "INSERT INTO member VALUES (1, 2, 'a', 1, 'Person')",
        ["a is a member of b, which is no group"],
    ),
    "a total": ("UPDATE total SET number = 7 WHERE type = 'Person'", ["the total of Person is 7, and there are 2"]),
    "a total that is gone": ("DELETE FROM total WHERE type = 'Note'", ["the total of Note is 0, and there are 1"]),
    "a version": (
        "UPDATE resource SET version = 2 WHERE id = 'a'",
        [
            "Person a: its text does not show its version, times and type",
            "a is Person in version 2; by entry 1 of the change log it is Person in version 1",
        ],
    ),
    "a resource that is gone": (
        "DELETE FROM resource WHERE id = 'n'",
        [
            "the total of Note is 1, and there are 0",
            "n is not there; by entry 3 of the change log it is Note in version 1",
        ],
    ),
    "a resource that came from nowhere": (
        """INSERT INTO resource SELECT 99, tenant, type, 'z', 1, created, modified, NULL, NULL, '{"id":"z"}', listed
        FROM resource WHERE id = 'n'""",
        ["the total of Note is 1, and there are 2", "z is there, and the change log has nothing of it"],
    ),
    "a type that no schema has": (
        "UPDATE resource SET type = 'Robot' WHERE id = 'n'",
        [
            "Robot n is of a type that no schema has",
            "the total of Note is 1, and there are 0",
            "the total of Robot is 0, and there are 1",
            "n is Robot in version 1; by entry 3 of the change log it is Note in version 1",
        ],
    ),
    "a document that is none": (
        "UPDATE resource SET document = '{' WHERE id = 'n'",
        ["Note n: its document is no JSON object"],
    ),
    "the id in a document": (
        """UPDATE resource SET document = '{"id":"m"}' WHERE id = 'n'""",
        ["Note n: its document has another id"],
    ),
    "a value of another type": (
        """UPDATE resource SET document = '{"id":"n","text":1}' WHERE id = 'n'""",
        ["Note n: its document is none of its schema: text must be a string, not 1"],
    ),
    "what members show": (
        "UPDATE resource SET label = 'x' WHERE id = 't'",
        ["Team t: its name, as members show it, is not its displayName"],
    ),
    "what the indexes of times have": (
        "UPDATE resource SET listed = 1 WHERE id = 'n'",
        ["Note n is marked wrongly for the indexes of times"],
    ),
    "an entry of the change log": (
        "DELETE FROM log WHERE sequence = 2",
        [
            "the change log has nothing between its entries 1 and 3",
            "b is there, and the change log has nothing of it",
        ],
    ),
    "what is no tenant's": (
        "INSERT INTO total VALUES (9, 'Note', 1)",
        ["the table total has rows of no tenant: 1"],
    ),
}


@pytest.mark.parametrize(("sql", "expected"), SQL.values(), ids=SQL)
def test_a_file_that_was_written_to(in_file: Backend, path: Path, sql: str, expected: list[str]) -> None:
    """Each table has something to say of the others."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql)
    assert [finding.text for finding in in_file.check()] == expected


def test_a_damaged_file(in_file: Backend, path: Path) -> None:
    """What SQLite itself finds is told."""
    in_file.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'resource_id'"
        ((page,),), ((size,),) = connection.execute(sql).fetchall(), connection.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\0" * size)
    assert next(f.text for f in in_file.check()) == "SQLite cannot read the file: database disk image is malformed"


# Redis


@pytest.fixture
def uri() -> str:
    """The URI of an empty store."""
    return shared().uri()


@pytest.fixture
def in_redis(uri: str) -> Iterator[Backend]:
    """A store there."""
    with closing(filled(uri)) as backend:
        yield backend


@pytest.fixture
def call(uri: str) -> Iterator[Callable[..., None]]:
    """Send a command; its first argument is the name of a key of the tenant."""
    names = {name.rpartition(":")[2]: name for name in keys(parse_qs(urlsplit(uri).query)["prefix"][0], TENANT)}
    with shared().client() as client:
        yield lambda command, key, *rest: client.execute_command(command, names[key], *rest)


REDIS: dict[str, tuple[tuple[object, ...], list[str]]] = {
    "a unique key that is gone": (
        ("HDEL", "unique", joined("Person.userName", digest("a"))),
        ["a is not in the index Person.userName"],
    ),
    "a unique key of somebody else": (
        ("HSET", "unique", joined("Person.userName", digest("a")), "b"),
        [
            "a is not in the index Person.userName: b has its key",
            "the index Person.userName has b, and it should not",
        ],
    ),
    "a unique key of nobody": (
        ("HSET", "unique", joined("Person.userName", digest("x")), "x"),
        ["the index Person.userName has x, and it should not"],
    ),
    "an unique key of a type that is gone": (("HSET", "unique", joined("Robot.name", digest("x")), "x"), []),
    "a key that is gone": (
        ("ZREM", "index", joined("Person.nickName", digest("a"), number(1), "a")),
        ["a is not in the index Person.nickName"],
    ),
    "a key too many": (
        ("ZADD", "index", 0, joined("Person.nickName", digest("x"), number(2), "b")),
        ["the index Person.nickName has b, and it should not"],
    ),
    "a place among the resources of its type": (
        ("ZREM", "index", joined("Person", number(1), "a")),
        ["a is not in the index Person"],
    ),
    "a place of nobody": (
        ("ZADD", "index", 0, joined("Person", number(9), "x")),
        ["the index Person has x, and it should not"],
    ),
    "a time": (
        ("ZADD", "index", 0, joined("Person~modified", "2026-01-01T00:00:00.000000", "a")),
        ["the index Person~modified has a, and it should not"],
    ),
    "a time of last use": (
        ("HSET", "used", "x", "2026-01-01T00:00:00.000000"),
        ["there is a time of last use of x, which is not there"],
    ),
    "a member on one side": (
        ("ZREM", "members", joined("t", "a", "Person")),
        ["only one side knows that a is a member of t"],
    ),
    "a member on the other side": (
        ("ZREM", "groups", joined("a", "t")),
        ["only one side knows that a is a member of t"],
    ),
    "a member that is not there": (
        ("ZADD", "members", 0, joined("t", "x", "Person")),
        ["x is a member of t, and is not there"],
    ),
    "a member of nothing": (
        ("ZADD", "members", 0, joined("x", "a", "Person")),
        ["a is a member of x, which is no group", "only one side knows that a is a member of x"],
    ),
    "a member of a person": (
        ("ZADD", "members", 0, joined("b", "a", "Person")),
        ["a is a member of b, which is no group", "only one side knows that a is a member of b"],
    ),
    "a resource that is gone": (
        ("HDEL", "rows", "n"),
        [
            "the index Note has n, and it should not",
            "n is not there; by entry 3 of the change log it is Note in version 1",
        ],
    ),
    "a version": (
        ("HSET", "rows", "n", 'Note\n3\n\n2\n2026-01-01\n2026-01-01\n{"id":"n"}'),
        ["n is Note in version 2; by entry 3 of the change log it is Note in version 1"],
    ),
    "a document": (
        ("HSET", "rows", "n", "Note\n3\n\n1\n2026-01-01\n2026-01-01\n[]"),
        ["Note n: its document is no JSON object"],
    ),
    "a value of another type": (
        ("HSET", "rows", "n", 'Note\n3\n\n1\n2026-01-01\n2026-01-01\n{"id":"n","text":1}'),
        ["Note n: its document is none of its schema: text must be a string, not 1"],
    ),
    "what is no row": (("HSET", "rows", "n", "x"), ["n: what is stored of it cannot be read"]),
    "the number of resources": (
        ("HSET", "meta", "created", "3"),
        ["the last resource has the number 5, and the next one would have 4"],
    ),
    "the number of entries": (
        ("HSET", "meta", "logged", "9"),
        ["the last entry of the change log is 5, and the next one would be 10"],
    ),
    "an entry of the change log": (
        ("XDEL", "log", "2-0"),
        [
            "the change log has nothing between its entries 1 and 3",
            "b is there, and the change log has nothing of it",
        ],
    ),
}


@pytest.mark.parametrize(("command", "expected"), REDIS.values(), ids=REDIS)
def test_keys_that_were_written_to(
    in_redis: Backend, call: Callable[..., None], command: tuple[object, ...], expected: list[str]
) -> None:
    """Each key has something to say of the others."""
    call(*command)
    assert [finding.text for finding in in_redis.check()] == expected


# Writers


def test_writes_while_a_store_is_checked(in_redis: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check begins anew, and gives up after some tries."""
    late = iter("vwxyz")

    def write_and_look(check: LogCheck) -> Iterator[str]:
        commit(in_redis, person(next(late)))
        return iter(["what is only there for a moment"])

    with monkeypatch.context() as patched:
        patched.setattr(LogCheck, "findings", write_and_look)
        with pytest.raises(WrittenMeanwhileError, match="'default' was written to meanwhile"):
            list(in_redis.check())
    assert list(late) == ["y", "z"]
    assert [*in_redis.check()] == []


def test_other_tenants_may_write(in_redis: Backend) -> None:
    """A dump is of one tenant's state."""
    records = in_redis.dump(TENANT)
    first = next(records)
    commit(in_redis, person("a"), tenant=OTHER)
    assert [first, *records] == [*in_redis.dump(TENANT)]


# Loading into Redis


def beside(uri: str) -> list[str]:
    """Return the keys that are no tenant's, nor the list of tenants."""
    prefix = parse_qs(urlsplit(uri).query)["prefix"][0]
    tenants = [key for name in (TENANT, OTHER) for key in keys(prefix, name)]
    with shared().client() as client:
        return [key for key in client.scan_iter(f"{prefix}:*") if key not in [*tenants, f"{prefix}:1:tenants"]]


def test_nothing_stays_beside_a_tenant(in_redis: Backend, uri: str) -> None:
    """What was loaded and not taken over is gone, and what was taken over stays for good."""
    in_redis.load(OTHER, in_redis.dump(TENANT))
    with pytest.raises(TenantTakenError):
        in_redis.load(OTHER, in_redis.dump(TENANT))
    assert beside(uri) == []
    prefix = parse_qs(urlsplit(uri).query)["prefix"][0]
    with shared().client() as client:
        there = [key for key in keys(prefix, OTHER) if client.exists(key)]
        assert {client.ttl(key) for key in there} == {-1}


def test_what_is_loaded_ends_by_itself(in_redis: Backend, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in the middle leaves nothing for long."""
    monkeypatch.setattr(RedisLoader, "give_up", lambda loader: None)
    records = [*in_redis.dump(TENANT)]

    def cut() -> Iterator[Record]:
        yield from records
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_redis.load(OTHER, cut())
    left = beside(uri)
    assert len(left) == 6
    with shared().client() as client:
        assert all(0 < client.ttl(key) <= 3600 for key in left)


@pytest.mark.parametrize("lost", ["meta", "log", "rows", "used", "unique", "index", "members", "groups"])
def test_what_is_loaded_and_lost(in_redis: Backend, uri: str, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """What Redis did not keep until the end is not half a tenant, nor one that is known."""

    def lose() -> None:
        with shared().client() as client:
            (key,) = (key for key in beside(uri) if f":{lost}:" in key)
            client.delete(key)

    before_adopting(monkeypatch, lose)
    with pytest.raises(StoreUnavailable, match="did not keep"):
        in_redis.load(OTHER, in_redis.dump(TENANT))
    assert [*in_redis.dump(OTHER)] == []
    assert in_redis.tenants() == [TENANT]
    monkeypatch.undo()
    in_redis.load(OTHER, in_redis.dump(TENANT))
    assert in_redis.tenants() == [TENANT, OTHER]
    assert [*in_redis.check()] == []


def before_adopting(monkeypatch: pytest.MonkeyPatch, work: Callable[[], None]) -> None:
    """Do something right before what was loaded becomes the tenant's."""
    run = Server.run

    def working(server: Server, name: str, *rest: Any) -> Any:
        if name == "adopt":
            work()
        return run(server, name, *rest)

    monkeypatch.setattr(Server, "run", working)


def test_an_adoption_whose_answer_was_lost(in_redis: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent again is found to be done."""
    run = Server.run

    def repeating(server: Server, name: str, *rest: Any) -> Any:
        first = run(server, name, *rest)
        return run(server, name, *rest) if name == "adopt" else first

    monkeypatch.setattr(Server, "run", repeating)
    in_redis.load(OTHER, in_redis.dump(TENANT))
    in_redis.load(OTHER, in_redis.dump(TENANT), replace=True)
    with pytest.raises(TenantTakenError):
        in_redis.load(OTHER, in_redis.dump(TENANT))
    assert [*in_redis.dump(OTHER)] == [*in_redis.dump(TENANT)]


@pytest.mark.parametrize(("command", "is_there"), [("SADD", False), ("UNLINK", True)])
def test_a_server_that_fails_around_an_adoption(
    in_redis: Backend, monkeypatch: pytest.MonkeyPatch, command: str, is_there: bool
) -> None:
    """Before it nothing was done, and the same can be loaded again; after it everything was."""
    call = Server.call

    def failing(server: Server, name: str, *rest: Any) -> Any:
        if name == command:
            raise OutOfMemoryError
        return call(server, name, *rest)

    records = [*in_redis.dump(TENANT)]
    monkeypatch.setattr(Server, "call", failing)
    with nullcontext() if is_there else pytest.raises(StoreUnavailable):
        in_redis.load(OTHER, records)
    monkeypatch.undo()
    assert [*in_redis.dump(OTHER)] == (records if is_there else [])
    in_redis.load(OTHER, records, replace=is_there)
    assert in_redis.tenants() == [TENANT, OTHER]


def test_an_index_that_does_not_lead_everywhere(in_redis: Backend, call: Callable[..., None]) -> None:
    """A dump that would lack something is refused."""
    call("ZREM", "index", joined("Note", number(3), "n"))
    with pytest.raises(DumpError, match="or its indexes are wrong"):
        list(in_redis.dump(TENANT))


# The change log


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_a_log_that_is_looked_at_in_several_walks(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the log is, memory is bounded, and each resource is told of once."""
    monkeypatch.setattr(log_check, "_AT_ONCE", at_once)
    ids = [f"p{number}" for number in range(9)]
    entries = [LogEntry(n, "", None, None, "create", "Person", i, None, 1, {}) for n, i in enumerate(ids, 1)]
    versions = {i: Version("Person", 2 if i == "p3" else 1) for i in (*ids, "x")}
    found = [*LogCheck(lambda: entries, lambda: versions, lambda some: versions).findings()]
    assert sorted(found) == [
        "p3 is Person in version 2; by entry 4 of the change log it is Person in version 1",
        "x is there, and the change log has nothing of it",
    ]


def test_a_log_with_numbers_far_apart() -> None:
    """The check takes as long as there are entries, not numbers."""
    first = LogEntry(1, "", None, None, "create", "Person", "a", None, 1, {})
    versions = {"a": Version("Person", 1), "b": Version("Person", 1)}
    entries = [first, first._replace(sequence=(1 << 40) - 1, id="b")]
    assert [*LogCheck(lambda: entries, lambda: versions, lambda some: versions).findings()] == [
        "the change log has nothing between its entries 1 and 1099511627775",
        "entry 1099511627775 of the change log is numbered too high: the store has no room behind it",
    ]


# Memory


def without(tenant: Tenant, resource_id: str) -> None:
    """Take away a resource and nothing else."""
    row = tenant.find(resource_id)
    assert row is not None
    tenant.rows[row.type].remove(row)


MEMORY: dict[str, tuple[Callable[[Tenant], object], list[str]]] = {
    "a unique key that is gone": (
        lambda tenant: tenant.unique["Person.userName"].pop("a"),
        ['a is not in the index Person.userName under "a"'],
    ),
    "a unique key of somebody else": (
        lambda tenant: tenant.unique["Person.userName"].update(a="b"),
        [
            'a is not in the index Person.userName under "a"',
            'the index Person.userName has b under "a", and it should not',
        ],
    ),
    "a key too many": (
        lambda tenant: tenant.keys["Person.nickName"].update(a={"a", "b"}),
        ['the index Person.nickName has b under "a", and it should not'],
    ),
    "a member on one side": (
        lambda tenant: tenant.groups["a"].remove("t"),
        ["only one side knows that a is a member of t"],
    ),
    "a member that is not there": (
        lambda tenant: tenant.members["t"].append("x"),
        ["x is a member of t, and is not there", "only one side knows that x is a member of t"],
    ),
    "a member of a person": (
        lambda tenant: (tenant.members["b"].append("a"), tenant.groups["a"].append("b")),
        ["a is a member of b, which is no group"],
    ),
    "a resource that is gone": (
        lambda tenant: without(tenant, "n"),
        ["n is not there; by entry 3 of the change log it is Note in version 1"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), MEMORY.values(), ids=MEMORY)
def test_memory_that_was_written_to(change: Callable[[Tenant], object], expected: list[str]) -> None:
    """Each index has something to say of the others."""
    with closing(filled("memory://")) as backend:
        assert isinstance(backend, MemoryBackend)
        change(backend._all[TENANT])
        assert [finding.text for finding in backend.check()] == expected
