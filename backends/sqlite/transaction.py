"""A transaction in the SQLite store."""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from sys import intern
from typing import Any

import orjson

from flask_bsr_scim.backends.base import LogEntry, StoredKey
from flask_bsr_scim.backends.sqlite import change_log
from flask_bsr_scim.backends.sqlite.texts import Texts, document_in
from flask_bsr_scim.backends.transaction import MemberRow, Row, Transaction
from flask_bsr_scim.portions import portions

COLUMNS = "seq, type, id, version, created, modified, document, used, label"
"""The columns of table `resource` in the order of :class:`Row`."""

_OF_HOLDER = ", ".join(f"r.{column}" for column in COLUMNS.split(", "))

_FEW = 16
"""Up to so many ids have a statement of their own, which takes half the time."""

_PORTION = 2000
"""Ids in one statement: a connection keeps what was last bound to each of its statements."""


class SQLiteTransaction(Transaction):
    """The primitives as prepared statements.

    :param tenant: the number of the tenant.
    :param oldest: see :func:`change_log.purge`.
    """

    def __init__(self, connection: sqlite3.Connection, tenant: int, texts: Texts, oldest: dict[int, str]) -> None:
        self._connection, self._tenant, self._texts, self._oldest = connection, tenant, texts, oldest
        self._execute, self._many = connection.execute, connection.executemany
        self._place, self._last = change_log.end(connection, tenant)
        self._keys, self._entries = list[tuple[Any, ...]](), list[change_log.Written]()
        self._totals: dict[str, int] = {}

    def time(self, now: str) -> str:
        return max(now, self._last)

    def find(self, resource_id: str) -> Row | None:
        sql = f"SELECT {COLUMNS} FROM resource WHERE tenant = ? AND id = ?"
        found = self._execute(sql, (self._tenant, resource_id)).fetchone()
        return found and row_of(found)

    def find_members(self, ids: Collection[str]) -> Mapping[str, MemberRow]:
        is_few = len(ids) <= _FEW
        among = ", ".join("?" * len(ids)) if is_few else "SELECT value FROM json_each(?)"
        sql = f"SELECT seq, type, id FROM resource WHERE tenant = ? AND id IN ({among})"
        found = self._execute(sql, (self._tenant, *(ids if is_few else (json_text(ids),)))).fetchall()
        return {member.id: member for member in map(MemberRow._make, found)}

    def holders(self, key: StoredKey) -> list[Row]:
        if not key.unique:
            self._write_keys()
        sql = (
            f"SELECT {_OF_HOLDER} FROM {'unique_key' if key.unique else 'attribute_key'} k "
            "CROSS JOIN resource r ON r.seq = k.seq WHERE k.tenant = ? AND k.name = ? AND k.key = ? ORDER BY k.seq"
        )
        return list(map(row_of, self._execute(sql, (self._tenant, key.name, key.key))))

    def insert(self, row: Row) -> Row | None:
        sql = (
            "INSERT OR IGNORE INTO resource "
            "(tenant, type, id, version, created, modified, document, used, label, listed) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        text = self._texts.text(row)
        values = (self._tenant, *row[1:6], text, row.used, row.label, row.type in self._texts.exposed)
        cursor = self._execute(sql, values)
        if not cursor.rowcount:
            return None
        self._count(row.type, 1)
        return Row(cursor.lastrowid or 0, *row[1:])

    def update(self, old: Row, new: Row) -> None:
        self._execute(
            "UPDATE resource SET version = ?, modified = ?, document = ?, label = ? WHERE seq = ?",
            (new.version, new.modified, self._texts.text(new), new.label, old.seq),
        )

    def convert(self, old: Row, new: Row) -> None:
        self.update(old, new)
        sql = "UPDATE resource SET type = ?, listed = ? WHERE seq = ?"
        self._execute(sql, (new.type, new.type in self._texts.exposed, old.seq))
        sql = "UPDATE member SET member_type = ? WHERE tenant = ? AND member_seq = ?"
        self._execute(sql, (new.type, self._tenant, old.seq))
        self._count(old.type, -1)
        self._count(new.type, 1)

    def delete(self, row: Row) -> None:
        self._execute("DELETE FROM resource WHERE seq = ?", (row.seq,))
        self._count(row.type, -1)

    def _count(self, type_name: str, step: int) -> None:
        self._totals[type_name] = self._totals.get(type_name, 0) + step

    def claim(self, index: str, key: object, row: Row) -> str | None:
        place = (self._tenant, index, key)
        if self._execute("INSERT OR IGNORE INTO unique_key VALUES (?, ?, ?, ?)", (*place, row.seq)).rowcount:
            return None
        sql = (
            "SELECT id FROM resource WHERE seq = (SELECT seq FROM unique_key WHERE tenant = ? AND name = ? AND key = ?)"
        )
        (holder,) = self._execute(sql, place).fetchone()
        return str(holder)

    def release(self, index: str, key: object) -> None:
        self._execute("DELETE FROM unique_key WHERE tenant = ? AND name = ? AND key = ?", (self._tenant, index, key))

    def add_key(self, index: str, key: object, row: Row) -> None:
        self._keys.append((self._tenant, index, key, row.seq))

    def _write_keys(self) -> None:
        if self._keys:
            self._many("INSERT INTO attribute_key VALUES (?, ?, ?, ?)", self._keys)
            self._keys.clear()

    def remove_key(self, index: str, key: object, row: Row) -> None:
        self._write_keys()
        sql = "DELETE FROM attribute_key WHERE tenant = ? AND name = ? AND key = ? AND seq = ?"
        self._execute(sql, (self._tenant, index, key, row.seq))

    def member_types(self, group: Row, among: Collection[str] | None = None) -> Mapping[str, str]:
        sql = "SELECT member_id, member_type FROM member WHERE tenant = ? AND group_seq = ?"
        values: tuple[Any, ...] = (self._tenant, group.seq)
        if among is None:
            return {i: intern(name) for i, name in self._execute(sql, values)}
        sql += " AND member_id IN (SELECT value FROM json_each(?))"
        found = (self._execute(sql, (*values, json_text(some))) for some in portions(among, _PORTION))
        return dict(chain.from_iterable(found))

    def groups_of(self, member: Row) -> list[Row]:
        sql = (
            f"SELECT {COLUMNS} FROM resource WHERE seq IN "
            "(SELECT group_seq FROM member WHERE tenant = ? AND member_seq = ?) ORDER BY id"
        )
        return list(map(row_of, self._execute(sql, (self._tenant, member.seq))))

    def link(self, group: Row, members: Collection[MemberRow]) -> None:
        sql = "INSERT INTO member (tenant, group_seq, member_seq, member_type, member_id) VALUES (?, ?, ?, ?, ?)"
        self._many(sql, [(self._tenant, group.seq, *member) for member in members])

    def unlink(self, group: Row, types: Mapping[str, str]) -> None:
        sql = "DELETE FROM member WHERE tenant = ? AND group_seq = ? AND member_id = ?"
        self._many(sql, ((self._tenant, group.seq, i) for i in types))

    def write_log(self, entry: LogEntry) -> int:
        self._place += 1
        self._entries.append(change_log.row(self._place, entry))
        return change_log.number(self._place)

    def flush(self) -> None:
        self._write_keys()
        if self._totals:
            self._many(
                "INSERT INTO total VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number",
                [(self._tenant, *total) for total in self._totals.items()],
            )
        if self._entries:
            change_log.write(self._connection, self._entries)

    def purge_log(self, horizon: str) -> None:
        change_log.purge(self._connection, self._tenant, horizon, self._oldest)


def row_of(found: tuple[Any, ...]) -> Row:
    """Return the row that lies in these columns."""
    seq, kind, resource_id, version, created, modified, text, used, label = found
    return Row(seq, kind, resource_id, version, created, modified, document_in(text), used, label)


def json_text(value: Iterable[object]) -> str:
    """Return a value as JSON, to be taken apart by json_each or kept."""
    return orjson.dumps(value, default=list).decode()
