"""A store in one SQLite file, for one host and any number of processes on it."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, TypeVarTuple
from urllib.parse import unquote, urlsplit

from flask_bsr_scim.backends.base import Both, JournalEntry, LogEntry, MemberChoice, Page, Query
from flask_bsr_scim.backends.dumping import Record, Seen
from flask_bsr_scim.backends.sql import register_functions
from flask_bsr_scim.backends.sql_templates import Selections
from flask_bsr_scim.backends.sqlite import check, dump, indexes, journal, notes, schema
from flask_bsr_scim.backends.sqlite.connection import Connections, connect
from flask_bsr_scim.backends.sqlite.damage import DamageErrors
from flask_bsr_scim.backends.sqlite.file import StoreFile
from flask_bsr_scim.backends.sqlite.reader import Reader
from flask_bsr_scim.backends.sqlite.texts import Texts
from flask_bsr_scim.backends.sqlite.transaction import SQLiteTransaction
from flask_bsr_scim.backends.transaction import Transaction
from flask_bsr_scim.backends.transactional import TransactionalBackend
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import ResourceType, TypeRegistry

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_SYNCHRONOUS = ("FULL", "NORMAL")


class SQLiteBackend(TransactionalBackend):
    """Keeps everything in one file (WAL).

    :param path: of the file; it is made when it is not there.
    :param synchronous: `FULL` keeps every acknowledged write over a power cut; `NORMAL` may lose the last ones then,
        and is faster.
    """

    SCHEMES = ("sqlite",)
    OPTIONS = ("synchronous",)
    UNAVAILABLE: ClassVar[tuple[type[Exception], ...]] = (sqlite3.OperationalError, OSError)

    def __init__(self, types: TypeRegistry, path: str, *, synchronous: str = "FULL", **shared: Any) -> None:
        super().__init__(types, **shared)
        if synchronous not in _SYNCHRONOUS:
            raise ConfigurationError(f"synchronous is {synchronous!r}; it must be one of {', '.join(_SYNCHRONOUS)}")
        path = os.path.abspath(path)  # The host application may change its directory later.
        if not Path(path).parent.is_dir():
            raise ConfigurationError(f"the folder of the SQLite file {path!r} is not there: make it, or choose another")
        self._file, self._synchronous = StoreFile(path), synchronous
        self._wrapped = DamageErrors(self.UNAVAILABLE, path)
        self._connections = Connections(self._connect_prepared, self._file)
        self._tenant_numbers: dict[str, int] = {}
        self._selections = Selections()
        self._texts = Texts(types)
        self._oldest: dict[int, str] = {}

    @classmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        """Read `sqlite:///relative.db` and `sqlite:////absolute.db`, and the option `synchronous`."""
        parts = urlsplit(uri)
        path = unquote(parts.path.removeprefix("/"))
        if path == ":memory:":
            raise ConfigurationError(f"{uri!r} would be a store of its own in each thread: write memory:// instead")
        if parts.netloc or not path:
            raise ConfigurationError(
                f"{uri!r} names no SQLite file: write sqlite:///file.db, or with an absolute path sqlite:////folder/file.db"
            )
        return cls(types, path, synchronous=options.get("synchronous", "FULL"), **shared)

    def upgrade(self, progress: Callable[[int, int], None] | None = None) -> list[str]:
        with self._wrapped, closing(self._connect()) as connection:
            return schema.upgrade(connection, progress)

    def close(self) -> None:
        self._connections.close()
        self._file.closed()
        self._tenant_numbers.clear()
        self._oldest.clear()

    def warnings(self) -> list[str]:
        if self._synchronous == "FULL":
            return []
        return ["synchronous is NORMAL: a power cut can take back the last changes that were acknowledged."]

    def _connect(self) -> sqlite3.Connection:
        self._file.check()
        try:
            return connect(self._file.path, self._synchronous)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB and not self._file.was_opened:
                raise ConfigurationError(f"{self._file.path} is no SQLite database: choose another file") from None
            raise

    def _connect_prepared(self) -> sqlite3.Connection:
        connection = self._connect()
        try:
            self._file.opened()
            schema.prepare(connection)
            register_functions(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _tenant(self, connection: sqlite3.Connection, name: str) -> int | None:
        """Return the number of a tenant; it never changes, so it is remembered once it was read."""
        number = self._tenant_numbers.get(name)
        if number is None:
            found = connection.execute("SELECT number FROM tenant WHERE name = ?", (name,)).fetchone()
            if found is None:
                return None
            (number,) = found
            self._tenant_numbers[name] = number
        return number

    def _read(self, tenant: str, missing: T, read: Callable[[Reader, *Ts], T], *asked: *Ts) -> T:
        """Return what a method of :class:`Reader` reads with one statement; `missing` when there is no such tenant."""
        return self._connections.read(self._in_tenant, tenant, missing, read, asked)

    def _read_snapshot(self, tenant: str, missing: T, read: Callable[[Reader, *Ts], T], *asked: *Ts) -> T:
        """Return the same of a method that takes several statements."""
        return self._connections.read_snapshot(lambda c: self._in_tenant(c, tenant, missing, read, asked))

    def _in_tenant(
        self,
        connection: sqlite3.Connection,
        tenant: str,
        missing: T,
        read: Callable[[Reader, *Ts], T],
        asked: tuple[*Ts],
    ) -> T:
        number = self._tenant_numbers.get(tenant) or self._tenant(connection, tenant)
        return missing if number is None else read(Reader(connection, number, self._texts, self._selections), *asked)

    def _get(self, tenant: str, type_name: str, resource_id: str, links: bool) -> Resource | None:
        if not links:
            return self._read(tenant, None, Reader.get, type_name, resource_id)
        if self.types.by_name[type_name].members is None:
            return self._read(tenant, None, Reader.get_with_groups, type_name, resource_id)
        return self._read_snapshot(tenant, None, Reader.get_with_members, type_name, resource_id)

    def _get_both(self, tenant: str, first: tuple[str, str], second: tuple[str, str], links: bool) -> Both:
        if links and self.types.by_name[first[0]].members is not None:
            return super()._get_both(tenant, first, second, links)
        nothing: Both = None, None
        return self._read(tenant, nothing, Reader.get_both, first, second, links)

    def _find(self, tenant: str, type_name: str, attribute: str, key: Any) -> Resource | None:
        return self._read(tenant, None, Reader.find, f"{type_name}.{attribute}", key)

    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool:
        return self._read(tenant, False, Reader.is_held, f"{type_name}.{attribute}", key)

    def _query(self, tenant: str, resource_type: ResourceType, query: Query) -> Page:
        return self._read(tenant, Page(0, ()), Reader.page, resource_type, query, self.query_seconds)

    def _members(
        self,
        tenant: str,
        group_ids: Sequence[str],
        after: str | None,
        count: int,
        reverse: bool,
        choice: MemberChoice,
    ) -> list[Link]:
        return self._read_snapshot(tenant, [], Reader.members, group_ids, after, count, reverse, choice)

    def _count_members(self, tenant: str, group_ids: Sequence[str], choice: MemberChoice) -> int:
        return self._read(tenant, 0, Reader.count_members, group_ids, choice)

    def _groups_of(self, tenant: str, member_ids: Sequence[str]) -> dict[str, list[Link]]:
        return self._read(tenant, {}, Reader.groups_of, member_ids)

    def _log(self, tenant: str, after: int, count: int) -> list[LogEntry]:
        return self._read(tenant, [], Reader.log, after, count)

    @contextmanager
    def _transaction(self, tenant: str) -> Iterator[Transaction]:
        with self._connections.write() as connection:
            yield SQLiteTransaction(connection, self._made_tenant(connection, tenant), self._texts, self._oldest)

    def _together(self, tenant: str) -> AbstractContextManager[None]:
        return self._connections.hold()

    def _made_tenant(self, connection: sqlite3.Connection, name: str) -> int:
        number = self._tenant(connection, name)
        if number is None:
            number = connection.execute("INSERT INTO tenant (name) VALUES (?)", (name,)).lastrowid
            assert number is not None
        return number

    def _open(self, tenant: str, profile: str) -> str:
        recorded = self._profile(tenant) or self._record(tenant, profile)
        if recorded == profile and self._connections.read(lambda c: indexes.missing(c, tenant, self.types)):
            self._build_indexes(tenant)
        return recorded

    def _profile(self, tenant: str) -> str | None:
        sql = "SELECT profile FROM tenant WHERE name = ?"
        found = self._connections.read(lambda connection: connection.execute(sql, (tenant,)).fetchone())
        profile: str | None = found and found[0]
        return profile

    def _record(self, tenant: str, profile: str) -> str:
        sql = "UPDATE tenant SET profile = coalesce(profile, ?) WHERE number = ? RETURNING profile"
        with self._connections.write() as connection:
            number = self._made_tenant(connection, tenant)
            ((recorded,),) = connection.execute(sql, (profile, number)).fetchall()
        return str(recorded)

    def _build_indexes(self, tenant: str) -> None:
        with self._connections.write() as connection:
            number = self._made_tenant(connection, tenant)
            for resource_type, index in indexes.missing(connection, tenant, self.types):
                indexes.build(connection, number, resource_type, index)

    def _tenants(self) -> list[str]:
        if not self._file.is_there():  # Whoever asks who is in it does not make it.
            return []
        sql = "SELECT name FROM tenant WHERE profile IS NOT NULL"
        return self._connections.read(lambda connection: [name for (name,) in connection.execute(sql)])

    def _ping(self) -> None:
        self._file.check()
        self._connections.read(lambda connection: connection.execute("SELECT 1 FROM tenant LIMIT 1").fetchone())

    def _touch(self, tenant: str, type_name: str, resource_id: str, used: str) -> None:
        with self._connections.write() as connection:
            connection.execute(
                "UPDATE resource SET used = ? WHERE tenant = ? AND id = ? AND type = ?",
                (used, self._tenant(connection, tenant), resource_id, type_name),
            )

    def _remember(self, tenant: str, key: str, text: str, seconds: int, anew: bool) -> str:
        now = self._seconds()

        def decided(connection: sqlite3.Connection) -> str | None:
            number = self._tenant(connection, tenant)
            until = now + seconds / 2
            return None if number is None or anew else notes.decided(connection, number, key, text, until, now)

        kept = self._connections.read(decided)
        if kept is not None:
            return kept
        with self._connections.write_lightly() as connection:
            kept = decided(connection)
            if kept is None:
                notes.write(connection, self._made_tenant(connection, tenant), key, text, now + seconds, now)
        return text if kept is None else kept

    def _recall(self, tenant: str, key: str) -> str | None:
        now = self._seconds()

        def recalled(connection: sqlite3.Connection) -> str | None:
            number = self._tenant(connection, tenant)
            return None if number is None else notes.recall(connection, number, key, now)

        return self._connections.read(recalled)

    def _append(self, tenant: str, texts: Sequence[str], most: int, now: float, horizon: float) -> None:
        with self._connections.write_lightly() as connection:
            journal.append(connection, self._made_tenant(connection, tenant), texts, most, now, horizon)

    def _journal(self, tenant: str, after: int | None, count: int, reverse: bool) -> list[JournalEntry]:
        def read(connection: sqlite3.Connection) -> list[JournalEntry]:
            number = self._tenant(connection, tenant)
            return [] if number is None else journal.read(connection, number, after, count, reverse)

        return self._connections.read(read)

    def _dump(self, tenant: str) -> Iterator[Record]:
        return dump.dump(self._connect_prepared, tenant, self.types)

    def _load(self, tenant: str, records: Iterator[Record], replace: bool) -> None:
        dump.load(self._connect_prepared, tenant, self.types, self._texts, records, replace=replace)

    def _check(self, tenant: str, seen: Seen) -> Iterator[str]:
        return check.check(self._connect_prepared, tenant, self.types, self._texts, seen)

    def _check_whole(self) -> Iterator[str]:
        return check.check_whole(self._connect_prepared)
