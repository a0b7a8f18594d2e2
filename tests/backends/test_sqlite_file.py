"""The file of the SQLite store: how long its log gets, and what happens when it is replaced, removed or damaged."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Semaphore

import pytest

from flask_bsr_scim.backends.sqlite import SQLiteBackend, connection, file
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, TYPES, commit, found, person
from flask_bsr_scim.errors import StoreUnavailable

LIMIT = 200_000
"""Bytes that the log may have in these tests, which is reached after some ten commits."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "store.db"


@pytest.fixture
def backend(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteBackend]:
    """A backend on that file whose log is short, and which looks at the file at every write."""
    monkeypatch.setattr(file, "LOG_BYTES", LIMIT)
    monkeypatch.setattr(connection, "LOG_BYTES", LIMIT)
    monkeypatch.setattr(file, "_LOOKS", 0)
    backend = SQLiteBackend(TYPES, str(path), synchronous="NORMAL")
    yield backend
    backend.close()


def log_bytes(path: Path) -> int:
    """Return the length of the log."""
    return path.with_name(f"{path.name}-wal").stat().st_size


def write_much(backend: SQLiteBackend, path: Path, name: str) -> list[int]:
    """Make a hundred commits, of some 20,000 bytes each; return how long the log was after each."""
    sizes = []
    for number in range(100):
        commit(backend, person(f"{name}{number}"))
        sizes.append(log_bytes(path))
    return sizes


def read(backend: SQLiteBackend, during: Callable[[], object]) -> None:
    """Read one state of the store, and do something before its end."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("SELECT count(*) FROM resource").fetchall()
        during()

    backend._connections.read_snapshot(work)


@contextmanager
def readers_that_overlap(backend: SQLiteBackend) -> Iterator[None]:
    """Let two threads read over and over, neither of which ends before the other has begun once more."""
    stop = Event()

    def read_on(mine: Semaphore, others: Semaphore) -> None:
        def hand_over() -> None:
            others.release()
            mine.acquire(timeout=10)

        while not stop.is_set():
            read(backend, hand_over)
        others.release()

    one, other = Semaphore(0), Semaphore(0)
    with ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(read_on, one, other), pool.submit(read_on, other, one)]
        try:
            yield
        finally:
            stop.set()
        for thread in threads:
            thread.result()


def test_log_while_readers_overlap(backend: SQLiteBackend, path: Path) -> None:
    """The log begins anew though there is a reader at every moment; it would have some 2,000,000 bytes."""
    commit(backend, person("a"))
    with readers_that_overlap(backend):
        sizes = write_much(backend, path, "p")
    assert max(sizes) < 4 * LIMIT
    assert min(sizes[50:]) < 2 * LIMIT


def test_log_while_somebody_reads_long(backend: SQLiteBackend, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log grows until the reader ends, then it is shortened; no write fails, and few wait for the reader."""
    monkeypatch.setattr(file, "_LONGEST_WAIT", 10)
    attempts = []
    begin_anew = file._begin_log_anew

    def recorded(connection: sqlite3.Connection, milliseconds: int) -> bool:
        attempts.append(milliseconds)
        return begin_anew(connection, milliseconds)

    monkeypatch.setattr(file, "_begin_log_anew", recorded)
    read(backend, lambda: write_much(backend, path, "p"))
    assert log_bytes(path) > 5 * LIMIT
    assert 2 < len(attempts) < 10
    write_much(backend, path, "q")
    commit(backend, person("last"))
    assert log_bytes(path) < 2 * LIMIT
    assert len(found(backend, "Person", count=1000)) == 201


def test_log_that_cannot_begin_anew(backend: SQLiteBackend, path: Path) -> None:
    """What SQLite refuses is no error: the commit before it is done."""
    write_much(backend, path, "p")
    looks = file.StoreFile(str(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        looks._too_long = 0
        looks.shorten_log(other)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()


def remove(path: Path) -> None:
    """Take the file away, and what is beside it."""
    for each in path.parent.iterdir():
        each.unlink()


def replace(path: Path, tenant: str = TENANT) -> None:
    """Put another store in the place of the file."""
    remove(path)
    other = SQLiteBackend(TYPES, str(path))
    commit(other, person("x"), tenant=tenant)
    other.close()


@pytest.mark.parametrize("change", [remove, replace])
def test_another_file(backend: SQLiteBackend, path: Path, change: Callable[[Path], None]) -> None:
    """When the path leads elsewhere, nothing is written, nobody else gets another store, and no file is made."""
    commit(backend, person("a"))
    change(path)
    left = sorted(path.parent.iterdir())
    with pytest.raises(StoreUnavailable, match=r"store\.db was replaced or removed"):
        commit(backend, person("b"))
    with pytest.raises(StoreUnavailable, match="replaced or removed"):
        backend.ping()
    with pytest.raises(StoreUnavailable, match="replaced or removed"):
        read(backend, lambda: found(backend, "Person"))
    with pytest.raises(StoreUnavailable, match="replaced or removed"):
        list(backend.dump(TENANT))
    assert sorted(path.parent.iterdir()) == left
    assert found(backend, "Person") == ["a"]


def test_a_file_that_comes_back(backend: SQLiteBackend, path: Path) -> None:
    """When the path leads to the file again, all is well."""
    commit(backend, person("a"))
    aside = path.rename(path.with_name("aside.db"))
    with pytest.raises(StoreUnavailable):
        commit(backend, person("b"))
    aside.rename(path)
    backend.ping()
    read(backend, lambda: commit(backend, person("b")))
    assert found(backend, "Person") == ["a", "b"]


def test_looks_are_rare_until_one_finds_another_file(
    backend: SQLiteBackend, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write costs no look of its own, but once the file is known to be gone, none is accepted any more."""
    monkeypatch.setattr(file, "_LOOKS", 3600)
    commit(backend, person("a"))
    remove(path)
    commit(backend, person("b"))
    with pytest.raises(StoreUnavailable):
        backend.ping()
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            commit(backend, person("c"))


def test_another_file_after_a_fork(path: Path) -> None:
    """A process that was forked knows which file it was."""
    code = """
import os, sys
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.backends.testing.data import *
from flask_bsr_scim.errors import StoreUnavailable
backend = SQLiteBackend(TYPES, sys.argv[1])
commit(backend, person("a"))
child = os.fork()
if child == 0:
    os.remove(sys.argv[1])
    try:
        found(backend, "Person")
    except StoreUnavailable:
        os._exit(os.path.exists(sys.argv[1]))
    os._exit(2)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "0\n"


def test_another_file_after_closing(backend: SQLiteBackend, path: Path) -> None:
    """A backend that was closed begins anew, and knows nothing of the tenants that were there before."""
    commit(backend, person("a"))
    assert found(backend, "Person") == ["a"]
    backend.close()
    replace(path, tenant=OTHER)
    assert found(backend, "Person") == []
    assert backend.get(OTHER, "Person", "x") is not None
    commit(backend, person("b"))
    assert (found(backend, "Person"), backend.get(OTHER, "Person", "b")) == (["b"], None)


def test_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays the same one when the process goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    backend = SQLiteBackend(TYPES, "store.db")
    commit(backend, person("a"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    commit(backend, person("b"))
    backend.close()
    assert found(backend, "Person") == ["a", "b"]


def overwrite(path: Path, name: str) -> None:
    """Destroy the first page of a table or an index; that of `sqlite_master` is the file's."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found = other.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        ((size,),) = other.execute("PRAGMA page_size").fetchall()
    with path.open("r+b") as damaged:
        damaged.seek((found[0] - 1) * size if found else 0)
        damaged.write(b"\0" * size)


@pytest.mark.parametrize("name", ["resource", "sqlite_master"])
def test_damage(backend: SQLiteBackend, path: Path, name: str) -> None:
    """A damaged file is a store that is not available, and what is logged tells what to do."""
    commit(backend, person("a"))
    backend.close()
    overwrite(path, name)
    advice = rf"is damaged \(.*\): run `bsr-scim db check --backend sqlite:///{path}`, or restore a backup"
    with pytest.raises(StoreUnavailable, match=advice):
        commit(backend, person("b"))
    with pytest.raises(StoreUnavailable, match=advice):
        backend.get(TENANT, "Person", "a")


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("INSERT INTO tenant (name) VALUES (NULL)", sqlite3.IntegrityError),
        ("SELECT ?", sqlite3.ProgrammingError),
    ],
)
def test_other_errors_are_no_damage(backend: SQLiteBackend, sql: str, error: type[Exception]) -> None:
    """A mistake of the program stays one."""
    with pytest.raises(error), backend._wrapped:
        backend._connections.read(lambda connection: connection.execute(sql))
