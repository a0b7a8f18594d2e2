"""A tenant of the SQLite store as a dump, and back."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from heapq import merge

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.dump_rows import Entered, IndexKey, Loader, not_there, not_unique, same_id
from flask_bsr_scim.backends.dumping import MEMBERS_AT_ONCE, Members, Profile, Record, TenantTakenError
from flask_bsr_scim.backends.sqlite import change_log
from flask_bsr_scim.backends.sqlite.connection import immediate, patiently
from flask_bsr_scim.backends.sqlite.texts import Texts
from flask_bsr_scim.backends.sqlite.transaction import COLUMNS, json_text, row_of
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.portions import portions
from flask_bsr_scim.schema import TypeRegistry

Connect = Callable[[], sqlite3.Connection]

_TABLES = ("unique_key", "attribute_key", "indexed", "member", "total", "resource")
"""What is replaced of a tenant, beside its log."""

EXPECTED = "CREATE TEMP TABLE expected (name TEXT NOT NULL, key NOT NULL, seq INTEGER NOT NULL, is_unique INTEGER)"
"""The entries of the indexes as the documents have them, in a file of the connection's own."""


@contextmanager
def snapshot(connect: Connect, tenant: str) -> Iterator[tuple[sqlite3.Connection, int | None, str | None]]:
    """Give a connection that sees one state, and number and profile of a tenant."""
    sql = "SELECT number, profile FROM tenant WHERE name = ?"
    with closing(connect()) as connection:
        connection.execute("BEGIN")
        number, profile = patiently(lambda: connection.execute(sql, (tenant,)).fetchone()) or (None, None)
        yield connection, number, profile


def dump(connect: Connect, tenant: str, types: TypeRegistry) -> Iterator[Record]:
    """Yield the records of a tenant."""
    with snapshot(connect, tenant) as (connection, number, profile):
        if number is None:
            return
        yield Profile(profile)
        yield from (row.resource() for row in rows(connection, number))
        yield from _members(connection, number, [t.name for t in types if t.members is not None])
        yield from change_log.read(connection, number)


def rows(connection: sqlite3.Connection, tenant: int) -> Iterator[Row]:
    """Yield the resources of all types in the order of creation."""
    kinds = connection.execute("SELECT DISTINCT type FROM resource WHERE tenant = ?", (tenant,)).fetchall()
    sql = f"SELECT {COLUMNS} FROM resource INDEXED BY resource_type WHERE tenant = ? AND type = ? ORDER BY seq"
    return merge(*(map(row_of, connection.execute(sql, (tenant, kind))) for (kind,) in kinds))


def _members(connection: sqlite3.Connection, tenant: int, kinds: Sequence[str]) -> Iterator[Members]:
    groups = "SELECT id, seq FROM resource WHERE tenant = ? AND type IN (SELECT value FROM json_each(?)) ORDER BY id"
    members = "SELECT member_id FROM member WHERE tenant = ? AND group_seq = ? ORDER BY member_id"
    for group, seq in connection.execute(groups, (tenant, json_text(kinds))):
        ids = (member for (member,) in connection.execute(members, (tenant, seq)))
        yield from (Members(group, some) for some in portions(ids, MEMBERS_AT_ONCE))


def load(
    connect: Connect,
    tenant: str,
    types: TypeRegistry,
    texts: Texts,
    records: Iterator[Record],
    *,
    replace: bool,
) -> None:
    """Write a dump in one transaction."""
    with closing(connect()) as connection:
        connection.execute(EXPECTED)
        with immediate(connection):
            number = _emptied(connection, tenant, replace=replace)
            sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'resource'"
            ((seq,),) = connection.execute(sql).fetchall()
            loader = _SQLiteLoader(connection, number, types, texts, seq)
            loader.take(records)
            loader.finish()


def _emptied(connection: sqlite3.Connection, tenant: str, *, replace: bool) -> int:
    """Return the number of a tenant that holds nothing."""
    connection.execute("INSERT OR IGNORE INTO tenant (name) VALUES (?)", (tenant,))
    ((number,),) = connection.execute("SELECT number FROM tenant WHERE name = ?", (tenant,)).fetchall()
    sql = "SELECT EXISTS (SELECT 1 FROM resource WHERE tenant = ?)"
    is_empty = connection.execute(sql, (number,)).fetchone() == (0,) and not change_log.count(connection, number)
    if not replace and not is_empty:
        raise TenantTakenError(tenant)
    change_log.clear(connection, number)
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table} WHERE tenant = ?", (number,))
    return int(number)


def expect(connection: sqlite3.Connection, entered: Sequence[tuple[int, Sequence[IndexKey]]]) -> None:
    """Note the keys of resources, by their numbers, in the table of expected entries."""
    keys = ((k.name, k.key, seq, k.unique) for seq, each in entered for k in each)
    connection.executemany("INSERT INTO expected VALUES (?, ?, ?, ?)", keys)


class _SQLiteLoader(Loader):
    """Adds rows in their order; the indexes come in the end, sorted: so each page of the file is written once."""

    def __init__(
        self, connection: sqlite3.Connection, tenant: int, types: TypeRegistry, texts: Texts, seq: int
    ) -> None:
        super().__init__(types, seq)
        self._connection, self._tenant, self._texts = connection, tenant, texts
        self._totals: Counter[str] = Counter()

    def take_profile(self, profiles: Sequence[Profile]) -> None:
        for profile in profiles:
            self._connection.execute("UPDATE tenant SET profile = ? WHERE number = ?", (profile.name, self._tenant))

    def take_resources(self, resources: Sequence[Entered]) -> None:
        sql = f"INSERT OR IGNORE INTO resource ({COLUMNS}, tenant, listed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        rows = [row._replace(text=self._texts.text(row)) for row, _ in resources]
        values = [(*row, self._tenant, row.type in self._texts.exposed) for row in rows]
        if self._connection.executemany(sql, values).rowcount != len(values):
            raise same_id(self._held_twice(resources))
        expect(self._connection, [(each.row.seq, each.keys) for each in resources])
        self._totals.update(each.row.type for each in resources)

    def _held_twice(self, resources: Sequence[Entered]) -> str:
        sql = "SELECT seq FROM resource WHERE tenant = ? AND id = ?"
        held = ((e, self._connection.execute(sql, (self._tenant, e.row.id)).fetchone()) for e in resources)
        return next(each.row.id for each, (seq,) in held if seq != each.row.seq)

    def take_members(self, members: Sequence[Members]) -> None:
        sql = (
            "INSERT INTO member (tenant, group_seq, member_id, member_seq, member_type) "
            "SELECT g.tenant, g.seq, m.id, m.seq, m.type FROM resource g, json_each(?) i CROSS JOIN resource m "
            "ON m.tenant = g.tenant AND m.id = i.value WHERE g.tenant = ? AND g.id = ? "
            "AND g.type IN (SELECT value FROM json_each(?))"
        )
        kinds = json_text(t.name for t in self.types if t.members is not None)
        for group, ids in members:
            if self._connection.execute(sql, (json_text(ids), self._tenant, group, kinds)).rowcount != len(ids):
                raise not_there(group, ids)

    def take_log(self, entries: Sequence[LogEntry]) -> None:
        change_log.add(self._connection, self._tenant, entries)

    def finish(self) -> None:
        """Write what follows from the resources."""
        self._write_keys()
        forms = ((self._tenant, index.name, index.form) for each in self.types for index in each.indexed)
        self._connection.executemany("INSERT INTO indexed VALUES (?, ?, ?)", forms)
        totals = ((self._tenant, *total) for total in self._totals.items())
        self._connection.executemany("INSERT INTO total VALUES (?, ?, ?)", totals)

    def _write_keys(self) -> None:
        sql = "INSERT INTO attribute_key SELECT ?, name, key, seq FROM expected WHERE NOT is_unique ORDER BY 2, 3, 4"
        self._connection.execute(sql, (self._tenant,))
        sql = "INSERT INTO unique_key SELECT ?, name, key, seq FROM expected WHERE is_unique ORDER BY 2, 3"
        try:
            self._connection.execute(sql, (self._tenant,))
        except sqlite3.IntegrityError:
            twice = "SELECT name, key FROM expected WHERE is_unique GROUP BY name, key HAVING count(*) > 1 LIMIT 1"
            ((name, key),) = self._connection.execute(twice).fetchall()
            raise not_unique(name, key) from None
