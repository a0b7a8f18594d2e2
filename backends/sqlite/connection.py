"""Connections to one SQLite file: as many as there are users at once, and patience while others hold its locks."""

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from random import uniform
from typing import TypeVar, TypeVarTuple

from flask_bsr_scim.backends.sqlite.file import LOG_BYTES, StoreFile
from flask_bsr_scim.errors import StoreUnavailable, TooMany

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_Transaction = Callable[[sqlite3.Connection, float], AbstractContextManager[None]]
"""Begins a transaction before a deadline, and ends it on leaving."""

PATIENCE = 1.5
"""Seconds to wait for a lock, so that an answer is there within two."""

_BRIEFLY = 0.5
"""Seconds to wait for a lock when much more would be too much for what is to be written."""

_PAUSE = (0.0005, 0.001)
"""Seconds between two tries. SQLite's own pauses grow to 0.1, and starve a process that meets a busy one."""

_CACHED_STATEMENTS = 256

_CACHE = 8192
"""KiB of pages that a connection keeps; what it lacks, the operating system has."""

_WRITTEN = 4000
"""Pages in the log after which they are brought into the file; some change all the time, and are brought there once."""

_INSTRUCTIONS = 10_000
"""So often SQLite asks whether a statement takes too long."""


def connect(path: str, synchronous: str) -> sqlite3.Connection:
    """Return a new connection in autocommit mode; it may be closed by any thread. A new file is its owner's alone."""
    # Only a file that is not there: closing one that SQLite has open would take SQLite's locks from it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(
        path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=_CACHED_STATEMENTS
    )
    try:
        for pragma in (
            f"synchronous = {synchronous}",
            f"cache_size = -{_CACHE}",
            f"wal_autocheckpoint = {_WRITTEN}",
            f"journal_size_limit = {LOG_BYTES}",
        ):
            patiently(partial(connection.execute, f"PRAGMA {pragma}"))
    except BaseException:
        connection.close()
        raise
    return connection


class Connections:
    """Lends connections, each to one user at a time; the one that came back last goes first: its cache is warm."""

    def __init__(self, make: Callable[[], sqlite3.Connection], file: StoreFile) -> None:
        self._make, self._file = make, file
        self._inherited: list[sqlite3.Connection] = []
        self._made: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._held = _Held()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        # What a fork brought stays open: closing it would harm the parent's.
        self._inherited += self._made
        self._made, self._idle = [], []
        self._writing = threading.Lock()
        # Not at exit: should another file be at the path by then, SQLite would remove the log beside it.
        weakref.finalize(self, _close_all, self._made, self._pid).atexit = False

    def close(self) -> None:
        """Close the connections that nobody uses; the next use opens another."""
        while self._idle:
            connection = self._idle.pop()
            self._made.remove(connection)
            connection.close()

    def read(self, work: Callable[[sqlite3.Connection, *Ts], T], *asked: *Ts) -> T:
        """Return what `work` finds with one statement."""
        connection = self._take()
        try:
            return work(connection, *asked)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            return patiently(partial(work, connection, *asked))
        finally:
            self._give_back(connection)

    def read_snapshot(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` finds in one state of the store, however many statements it takes."""
        connection = self._take()
        try:
            return patiently(partial(in_snapshot, connection, work))
        finally:
            self._give_back(connection)

    def write(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a transaction that is alone in writing; see :func:`immediate`. One inside of another is a part of it.

        Writers of one process queue here, so that SQLite has to keep only processes apart.

        :raises StoreUnavailable: on entering, when another writer did not finish in time.
        """
        held = self._held.connection
        return self._alone(PATIENCE, immediate) if held is None else _savepoint(held)

    def write_lightly(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a transaction as :meth:`write` does, for what may be lost in a crash: it waits for no disk, nor long.

        :raises StoreUnavailable: on entering, when another writer did not finish soon.
        """
        held = self._held.connection
        return self._alone(_BRIEFLY, _unsynchronized) if held is None else _savepoint(held)

    @contextmanager
    def _alone(self, seconds: float, transaction: _Transaction) -> Iterator[sqlite3.Connection]:
        connection = self._take()
        now, lock, is_read_only = time.monotonic(), self._writing, False
        try:
            if not lock.acquire(timeout=seconds):
                raise StoreUnavailable("another writer holds the store")
            try:
                if is_due := self._file.is_due(now):
                    self._file.check()
                with transaction(connection, now + seconds):
                    yield connection
                if is_due:
                    self._file.shorten_log(connection)
            finally:
                lock.release()
        except sqlite3.OperationalError as error:
            is_read_only = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY
            raise
        finally:
            self._idle.append(connection)
            if is_read_only:
                self.close()  # What was opened when the file could not be written stays like that.

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let all that the calling thread reads and writes meanwhile happen in one transaction, or part of one."""
        outer = self._held.connection
        with self.write() as self._held.connection:
            try:
                yield
            finally:
                self._held.connection = outer

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection is not self._held.connection:
            self._idle.append(connection)

    def _take(self) -> sqlite3.Connection:
        if self._held.connection is not None:
            return self._held.connection
        if self._pid != os.getpid():
            self._begin()
        try:
            return self._idle.pop()
        except IndexError:
            connection = self._make()
            self._made.append(connection)
            return connection


def _close_all(connections: Iterable[sqlite3.Connection], pid: int) -> None:
    """Close what this process opened, when nobody can use it any more."""
    if pid == os.getpid():
        for connection in connections:
            connection.close()


class _Held(threading.local):
    """The connection of the transaction that a thread has open."""

    connection: sqlite3.Connection | None = None


@contextmanager
def _unsynchronized(connection: sqlite3.Connection, deadline: float) -> Iterator[None]:
    """Hold a transaction as :func:`immediate` does that does not wait until the disk has it; the file stays whole."""
    ((before,),) = connection.execute("PRAGMA synchronous").fetchall()
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        with immediate(connection, deadline):
            yield
    finally:
        connection.execute(f"PRAGMA synchronous = {before}")


@contextmanager
def _savepoint(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("SAVEPOINT part")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK TO part")
        connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


@contextmanager
def immediate(connection: sqlite3.Connection, deadline: float | None = None) -> Iterator[None]:
    """Hold a transaction that is alone in writing; commit on leaving, roll back when an exception leaves."""
    patiently(lambda: connection.execute("BEGIN IMMEDIATE"), deadline)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


class Limited:
    """Interrupts statements that take too long.

    :raises TooMany: on leaving, when one did.
    """

    __slots__ = ("_connection", "_deadline")

    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self._connection, self._deadline = connection, time.monotonic() + seconds

    def __enter__(self) -> None:
        self._connection.set_progress_handler(self._is_over, _INSTRUCTIONS)

    def _is_over(self) -> bool:
        return time.monotonic() > self._deadline

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._connection.set_progress_handler(None, 0)
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise TooMany from None


def in_snapshot(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Return what `work` finds in one state of the store."""
    if connection.in_transaction:
        return work(connection)
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        connection.rollback()


def patiently(work: Callable[[], T], deadline: float | None = None) -> T:
    """Return what `work` returns, trying again while somebody else holds a lock that it needs."""
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            deadline = deadline or time.monotonic() + PATIENCE
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(uniform(*_PAUSE))


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
