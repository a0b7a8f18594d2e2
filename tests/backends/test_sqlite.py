"""The store in an SQLite file: the contract, and what a file and several processes bring with them."""

import gc
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest

from flask_bsr_scim.backends.base import Backend, Query, Removal
from flask_bsr_scim.backends.sqlite import SQLiteBackend, schema
from flask_bsr_scim.backends.sqlite import backend as sqlite_module
from flask_bsr_scim.backends.testing import BackendContract, SharedContract
from flask_bsr_scim.backends.testing.data import (
    TENANT,
    TYPES,
    VIEW,
    changed,
    commit,
    everything,
    found,
    linked,
    person,
    stored,
    team,
)
from flask_bsr_scim.errors import ConfigurationError, StoreUnavailable


class TestSQLiteBackend(BackendContract, SharedContract):
    """It keeps the contract."""

    @pytest.fixture
    def make_backend(self, tmp_path: Path) -> Callable[..., Backend]:
        return partial(SQLiteBackend, path=str(tmp_path / "store.db"), synchronous="NORMAL")

    @pytest.fixture
    def open_again(self, make_backend: Callable[..., Backend]) -> Callable[..., Backend]:
        return make_backend

    @pytest.fixture
    def unreachable(self, tmp_path: Path) -> Backend:
        return SQLiteBackend(TYPES, str(tmp_path))


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file that is not there yet."""
    return str(tmp_path / "store.db")


@pytest.fixture
def backend(path: str) -> Iterator[Backend]:
    """A backend on that file."""
    backend = SQLiteBackend(TYPES, path, synchronous="NORMAL")
    yield backend
    backend.close()


@pytest.mark.requirement("G-02")
def test_everything_is_kept(backend: Backend, path: str) -> None:
    """Another process finds everything as it was left."""
    commit(backend, person("a"), person("b", nickName="B"), team("t", "a"), changed(person("a"), userName="c"))
    backend.open(TENANT, "bsr")
    before = everything(backend)
    backend.close()
    again = SQLiteBackend(TYPES, path)
    assert everything(again) == before
    assert again.tenants() == [TENANT]
    assert [found(again, "Person", f) for f in ('userName eq "C"', 'nickName eq "b"')] == [["a"], ["b"]]
    again.close()


@pytest.mark.parametrize(("synchronous", "level"), [("FULL", 2), ("NORMAL", 1)])
def test_durability(path: str, synchronous: str, level: int, connections: list[sqlite3.Connection]) -> None:
    """The file is in WAL mode, and each connection syncs as it was asked to."""
    SQLiteBackend(TYPES, path, synchronous=synchronous).ping()
    (connection,) = connections
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (level,)


def test_privacy(backend: Backend, path: str) -> None:
    """Nobody but the owner of the file can read it, nor what SQLite keeps beside it."""
    commit(backend, person("a"))
    files = list(Path(path).parent.iterdir())
    assert {file.suffix for file in files} == {".db", ".db-wal", ".db-shm"}
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """The connections that are made from now on, in their order."""
    made: list[sqlite3.Connection] = []
    connect = sqlite_module.connect

    def recording(path: str, synchronous: str) -> sqlite3.Connection:
        made.append(connect(path, synchronous))
        return made[-1]

    monkeypatch.setattr(sqlite_module, "connect", recording)
    return made


def test_connections_are_lent(backend: Backend, connections: list[sqlite3.Connection]) -> None:
    """Users one after another share a connection, users at once have one each, and closing the backend closes them."""
    backend.ping()
    with ThreadPoolExecutor(2) as pool:
        for _ in range(3):
            pool.submit(backend.ping).result()
        assert len(connections) == 1
        meet = Barrier(2, timeout=10)
        for done in [pool.submit(backend._connections.read, lambda _: meet.wait()) for _ in range(2)]:
            done.result()
    assert len(connections) == 2
    backend.close()
    for connection in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_locked(backend: Backend, path: str) -> None:
    """While another process holds the file, reads work and writes fail within two seconds; later all works again."""
    commit(backend, person("a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            attempts = [pool.submit(commit, backend, person(name)) for name in "bc"]
            assert found(backend, "Person") == ["a"]
            assert all(isinstance(attempt.exception(), StoreUnavailable) for attempt in attempts)
        assert time.monotonic() - started < 2
        other.execute("ROLLBACK")
    commit(backend, person("b"))


def test_notes_do_not_wait_for_others(backend: Backend, path: str) -> None:
    """While another process holds the file, notes are read, and writing one is given up within a second."""
    backend.remember(TENANT, "k", "text", 60)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        assert backend.remember(TENANT, "k", "text", 60) == backend.recall(TENANT, "k") == "text"
        with pytest.raises(StoreUnavailable):
            backend.remember(TENANT, "l", "text", 60)
        assert time.monotonic() - started < 1


def test_notes_do_not_wait_for_the_disk(path: str, connections: list[sqlite3.Connection]) -> None:
    """Only what is written for a note is not synced."""
    backend = SQLiteBackend(TYPES, path, synchronous="FULL")
    backend.remember(TENANT, "k", "text", 60)
    (connection,) = connections
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    backend.remember(TENANT, "l", "text", 60)
    connection.set_trace_callback(None)
    assert statements.index("PRAGMA synchronous = NORMAL") < statements.index("BEGIN IMMEDIATE")
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    backend.close()


def test_no_file(backend: Backend, path: str, tmp_path: Path) -> None:
    """A file that cannot be opened is a store that is not available."""
    Path(path).mkdir()
    with pytest.raises(StoreUnavailable):
        backend.ping()
    Path(path).rmdir()
    backend.ping()


def step_two(db: object) -> None:
    """Stand for what a later release does."""


def step_three(db: object) -> None:
    """Stand for what a still later release does."""


def test_upgrade(backend: Backend, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older layout is refused until it is upgraded; the upgrade tells its progress, and keeps what is there."""
    commit(backend, person("a"))
    backend.close()
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, step_two, step_three))
    with pytest.raises(ConfigurationError, match=f"run `bsr-scim db upgrade --backend sqlite:///{path}`"):
        backend.ping()
    seen: list[tuple[int, int]] = []
    assert backend.upgrade(lambda done, steps: seen.append((done, steps))) == ["step_two", "step_three"]
    assert seen == [(1, 2), (2, 2)]
    assert backend.upgrade() == []
    assert found(backend, "Person") == ["a"]


def test_upgrade_of_nothing(backend: Backend) -> None:
    """An upgrade makes the file when there is none."""
    assert backend.upgrade() == ["create_tables", "number_resources_once"]
    assert found(backend, "Person") == []


def test_numbers_that_were_given_out_before(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file from before is upgraded with all that is in it; from then on no number comes twice."""
    with monkeypatch.context() as before:
        before.setattr(schema, "STEPS", schema.STEPS[:1])
        commit(backend, person("a"), person("b"))
        commit(backend, Removal("Person", "b"))
        backend.close()
    assert backend.upgrade() == ["number_resources_once"]
    commit(backend, person("c"))
    page = backend.query(TENANT, "Person", Query(VIEW))
    commit(backend, Removal("Person", "c"), person("d"))
    assert page.cursor is not None
    behind = backend.query(TENANT, "Person", Query(VIEW, after=page.cursor))
    assert ([r.id for r in page.resources], [r.id for r in behind.resources]) == (["a", "c"], ["d"])
    assert list(backend.check()) == []


def test_numbers_of_a_tenant_that_is_loaded_anew(backend: Backend) -> None:
    """They are none that it had before."""
    commit(backend, person("a"), person("b"))
    page = backend.query(TENANT, "Person", Query(VIEW))
    dump = list(backend.dump(TENANT))
    commit(backend, Removal("Person", "b"))
    backend.load(TENANT, dump, replace=True)
    assert page.cursor is not None
    behind = backend.query(TENANT, "Person", Query(VIEW, after=page.cursor))
    assert [r.id for r in behind.resources] == ["a", "b"]


@pytest.mark.parametrize("method", ["ping", "upgrade"])
def test_newer_layout(backend: Backend, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The layout of a newer release is refused."""
    with monkeypatch.context() as later:
        later.setattr(schema, "STEPS", (*schema.STEPS, step_two))
        backend.ping()
        backend.close()
    with pytest.raises(ConfigurationError, match="newer release"):
        getattr(backend, method)()


@pytest.mark.parametrize("method", ["ping", "upgrade"])
def test_file_of_another_application(backend: Backend, path: str, method: str) -> None:
    """A file with tables of something else is left alone."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE member (x)")
    before = Path(path).read_bytes()
    with pytest.raises(ConfigurationError, match="another application"):
        getattr(backend, method)()
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("method", ["ping", "upgrade"])
def test_no_database(backend: Backend, path: str, method: str) -> None:
    """A file that is no database is refused."""
    Path(path).write_text("x" * 5000)
    with pytest.raises(ConfigurationError, match="no SQLite database"):
        getattr(backend, method)()


PREAMBLE = """
import os, sys
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.backends.testing.data import *
from flask_bsr_scim.errors import *
path, number = sys.argv[1], int(sys.argv[2])
backend = SQLiteBackend(TYPES, path)
print("ready", flush=True)
sys.stdin.readline()
"""


def start(code: str, path: str, number: int = 0) -> subprocess.Popen[str]:
    """Start a process that runs some code when it gets a line; return when it is ready."""
    arguments = [sys.executable, "-c", PREAMBLE + code, path, str(number)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def run_at_once(code: str, path: str, number: int) -> list[str]:
    """Return what so many processes print that run some code at the same time."""
    processes = [start(code, path, n) for n in range(number)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=30)[0] for process in processes]


@pytest.mark.requirement("G-02")
def test_processes(backend: Backend, path: str) -> None:
    """Of several processes that make the file and one name at once, one gets the name; all their members stay."""
    code = """
try:
    commit(backend, person(f"p{number}", userName="bob"))
    print("made")
except UniquenessConflict:
    print("taken")
    commit(backend, person(f"p{number}"))
for n in range(20):
    try:
        commit(backend, team("t"))
    except UniquenessConflict:
        pass
    commit(backend, person(f"m{number}-{n}"), members("t", f"m{number}-{n}"))
"""
    assert sorted(run_at_once(code, path, 4)) == ["made\n", "taken\n", "taken\n", "taken\n"]
    assert linked(backend, "Team", "t") == sorted(f"m{number}-{n}" for number in range(4) for n in range(20))
    assert stored(backend, "Team", "t").version == 81


def test_kill(backend: Backend, path: str) -> None:
    """What was acknowledged is there after the process was killed, and the store works at once."""
    code = """
for n in range(100_000):
    commit(backend, person(f"p{n}"), team(f"t{n}", f"p{n}"))
    print(n, flush=True)
"""
    process = start(code, path)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    acknowledged = [int(process.stdout.readline()) for _ in range(50)]
    process.kill()
    acknowledged += [int(line) for line in process.communicate()[0].splitlines()]
    people, teams = found(backend, "Person", count=100_000), found(backend, "Team", count=100_000)
    assert [person[1:] for person in people] == [team[1:] for team in teams]
    assert {f"p{n}" for n in acknowledged} <= set(people)
    commit(backend, person("next"))


def test_fork(backend: Backend, path: str) -> None:
    """A process that was forked opens its own connection; the parent's stays good."""
    code = """
from flask_bsr_scim.backends.sqlite import backend as sqlite
connect, made = sqlite.connect, []
sqlite.connect = lambda *arguments: made.append(arguments) or connect(*arguments)
commit(backend, person("before"))
child = os.fork()
if child == 0:
    commit(backend, person("child"))
    os._exit(0 if found(backend, "Person") == ["before", "child"] and len(made) == 2 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
commit(backend, person("after"))
"""
    assert run_at_once(code, path, 1) == ["0\n"]
    assert found(backend, "Person") == ["before", "child", "after"]


def test_connections_of_a_file_that_was_read_only_are_replaced(backend: SQLiteBackend) -> None:
    """What was opened while nobody could write would stay read-only; the write that finds out is the last to fail."""
    commit(backend, person("a"))
    for connection in backend._connections._made:
        connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable, match="readonly"):
        commit(backend, person("b"))
    commit(backend, person("b"))
    assert found(backend, "Person") == ["a", "b"]


def test_connections_are_closed_when_nobody_has_the_backend(path: str) -> None:
    """Python 3.13 warns of each that is not."""
    backend = SQLiteBackend(TYPES, path)
    commit(backend, person("a"))
    (connection,) = backend._connections._made
    del backend
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_page_brings_its_note(backend: Backend) -> None:
    """Whoever reads a page that ends at a place where pages end already asks no second question."""
    commit(backend, *map(person, "abc"))
    backend.remember(TENANT, "k", "a gap", 60)
    noted = backend.query(TENANT, "Person", Query(VIEW, count=2, texts=True, place="k")).noted
    assert noted is not None
    assert noted.text == "a gap"
