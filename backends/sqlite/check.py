"""Whether an SQLite store is sound."""

import sqlite3
from collections.abc import Collection, Container, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

from flask_bsr_scim.backends.dump_rows import keys_in, wrong_in
from flask_bsr_scim.backends.dumping import Seen
from flask_bsr_scim.backends.log_check import LogCheck, Version
from flask_bsr_scim.backends.sqlite import change_log
from flask_bsr_scim.backends.sqlite.dump import EXPECTED, Connect, expect, rows, snapshot
from flask_bsr_scim.backends.sqlite.texts import Texts
from flask_bsr_scim.backends.sqlite.transaction import COLUMNS, json_text, row_of
from flask_bsr_scim.errors import shown
from flask_bsr_scim.portions import portions
from flask_bsr_scim.schema import TypeRegistry

_AT_ONCE = 1000

_OWNED = ("resource", "unique_key", "attribute_key", "indexed", "member", "total", "note", "journal", "log")
"""The tables whose rows are a tenant's."""


def check_whole(connect: Connect) -> Iterator[str]:
    """Yield what is wrong with the file, and what belongs to no tenant."""
    with closing(connect()) as connection:
        yield from _readable(_wrong_in_file(connection))


def check(connect: Connect, tenant: str, types: TypeRegistry, texts: Texts, seen: Seen) -> Iterator[str]:
    """Yield what is wrong in a tenant."""
    with snapshot(connect, tenant) as (connection, number, _):
        if number is not None:
            yield from _readable(_Check(connection, number, types, texts, seen).findings())


def _readable(findings: Iterator[str]) -> Iterator[str]:
    """Yield findings, one of which may be that the file cannot be read on."""
    try:
        yield from findings
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        yield f"SQLite cannot read the file: {error}"


def _wrong_in_file(connection: sqlite3.Connection) -> Iterator[str]:
    for (text,) in connection.execute("PRAGMA integrity_check"):
        if text != "ok":
            yield f"SQLite finds the file damaged: {text}"
    for table in _OWNED:
        sql = f"SELECT count(*) FROM {table} WHERE tenant NOT IN (SELECT number FROM tenant)"
        ((number,),) = connection.execute(sql).fetchall()
        if number:
            yield f"the table {table} has rows of no tenant: {number}"


class _Check:
    """Looks at one state of a tenant; what the documents say of the indexes goes into a table of its own."""

    def __init__(
        self, connection: sqlite3.Connection, tenant: int, types: TypeRegistry, texts: Texts, seen: Seen
    ) -> None:
        self._connection, self._tenant, self._types, self._seen = connection, tenant, types, seen
        self._texts, self._listed = texts, json_text(texts.exposed)
        self._groups = json_text(t.name for t in types if t.members is not None)

    def findings(self) -> Iterator[str]:
        """Yield what is wrong."""
        self._connection.execute(EXPECTED)
        made = yield from self._unmade_indexes()
        yield from self._wrong_rows(made)
        yield from self._wrong_texts()
        yield from self._wrong_totals()
        yield from self._missing_keys()
        yield from self._needless_keys(made)
        yield from self._wrong_members()
        log = partial(change_log.read, self._connection, self._tenant)
        yield from LogCheck(log, self._ids, self._versions).findings()
        self._seen(change_log.count(self._connection, self._tenant))

    def _ask(self, sql: str, **values: object) -> Iterator[Any]:
        return self._connection.execute(sql, {"tenant": self._tenant, **values})

    def _unmade_indexes(self) -> Generator[str, None, set[str]]:
        """Return the names of the indexes that are those of the schemas."""
        forms = dict(self._ask("SELECT name, form FROM indexed WHERE tenant = :tenant"))
        wanted = {index.name: index.form for each in self._types for index in each.indexed}
        for name in sorted(name for name, form in wanted.items() if forms.get(name) != form):
            yield f"the index {name} is not that of the schema: it is made when the tenant is next opened"
        return {name for name, form in wanted.items() if forms.get(name) == form}

    def _wrong_rows(self, made: Container[str]) -> Iterator[str]:
        """Note what the indexes should have, too."""
        for some in portions(rows(self._connection, self._tenant), _AT_ONCE):
            expect(
                self._connection,
                [(row.seq, [key for key in keys_in(self._types, row) if key.name in made]) for row in some],
            )
            yield from (text for row in some for text in wrong_in(self._types, row))
            self._seen(len(some))
        sql = (
            "SELECT type, id FROM resource WHERE tenant = :tenant "
            "AND listed IS NOT (type IN (SELECT value FROM json_each(:listed)))"
        )
        for type_name, resource_id in self._ask(sql, listed=self._listed):
            yield f"{type_name} {resource_id} is marked wrongly for the indexes of times"

    def _wrong_texts(self) -> Iterator[str]:
        """Yield where what is ready to be sent does not say what the columns say."""
        for found in self._ask(f"SELECT {COLUMNS} FROM resource WHERE tenant = :tenant"):
            row = row_of(found)
            if found[6] != self._texts.text(row):
                yield f"{row.type} {row.id}: its text does not show its version, times and type"

    def _wrong_totals(self) -> Iterator[str]:
        told = dict(self._ask("SELECT type, number FROM total WHERE tenant = :tenant"))
        there = dict(self._ask("SELECT type, count(*) FROM resource WHERE tenant = :tenant GROUP BY type"))
        for name in sorted(told | there):
            if told.get(name, 0) != there.get(name, 0):
                yield f"the total of {name} is {told.get(name, 0)}, and there are {there.get(name, 0)}"

    def _missing_keys(self) -> Iterator[str]:
        sql = (
            "SELECT r.id, e.name, e.key, h.id FROM expected e JOIN resource r ON r.seq = e.seq "
            "LEFT JOIN unique_key u ON u.tenant = :tenant AND u.name = e.name AND u.key = e.key "
            "LEFT JOIN resource h ON h.seq = u.seq WHERE e.is_unique AND u.seq IS NOT e.seq "
            "UNION ALL SELECT r.id, e.name, e.key, NULL FROM expected e JOIN resource r ON r.seq = e.seq "
            "LEFT JOIN attribute_key a ON a.tenant = :tenant AND a.name = e.name AND a.key = e.key AND a.seq = e.seq "
            "WHERE NOT e.is_unique AND a.seq IS NULL"
        )
        for resource_id, name, key, holder in self._ask(sql):
            held = "" if holder is None else f", which {holder} holds"
            yield f"{resource_id} is not in the index {name} under {shown(str(key))}{held}"

    def _needless_keys(self, made: Iterable[str]) -> Iterator[str]:
        """Yield entries that no document asks for, but for those of indexes of types that are gone."""
        self._connection.execute("CREATE INDEX temp.expected_key ON expected (name, key, seq)")
        sql = " UNION ALL ".join(
            f"SELECT k.name, k.key, r.id FROM {table} k LEFT JOIN resource r ON r.seq = k.seq AND r.tenant = k.tenant "
            "WHERE k.tenant = :tenant AND NOT EXISTS (SELECT 1 FROM expected e "
            f"WHERE e.name = k.name AND e.key = k.key AND e.seq = k.seq AND {condition}) "
            "AND (k.name IN (SELECT value FROM json_each(:made)) "
            "OR k.name NOT IN (SELECT name FROM indexed WHERE tenant = :tenant))"
            for table, condition in (("unique_key", "e.is_unique"), ("attribute_key", "NOT e.is_unique"))
        )
        for name, key, resource_id in self._ask(sql, made=json_text(made)):
            holder = "something that is not there" if resource_id is None else resource_id
            yield f"the index {name} has {holder} under {shown(str(key))}, and it should not"

    def _wrong_members(self) -> Iterator[str]:
        sql = (
            "SELECT coalesce(g.id, m.group_seq), m.member_id, g.type IN (SELECT value FROM json_each(:groups)), "
            "r.id IS NOT NULL, r.seq IS m.member_seq AND r.type IS m.member_type FROM member m "
            "LEFT JOIN resource g ON g.seq = m.group_seq AND g.tenant = m.tenant "
            "LEFT JOIN resource r ON r.tenant = m.tenant AND r.id = m.member_id WHERE m.tenant = :tenant"
        )
        for group, member, is_group, is_there, is_same in self._ask(sql, groups=self._groups):
            if not is_group:
                yield f"{member} is a member of {group}, which is no group"
            if not is_there:
                yield f"{member} is a member of {group}, and is not there"
            elif not is_same:
                yield f"only one side knows that {member} is a member of {group}"

    def _ids(self) -> Iterator[str]:
        return (i for (i,) in self._ask("SELECT id FROM resource WHERE tenant = :tenant"))

    def _versions(self, ids: Collection[str]) -> Mapping[str, Version]:
        sql = (
            "SELECT id, type, version FROM resource "
            "WHERE tenant = :tenant AND id IN (SELECT value FROM json_each(:ids))"
        )
        return {i: Version(type_name, version) for i, type_name, version in self._ask(sql, ids=json_text(ids))}
