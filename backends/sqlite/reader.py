"""What is read from the SQLite store in one tenant."""

import heapq
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import orjson

from flask_bsr_scim.backends.base import Both, LogEntry, MemberChoice, Page, Query
from flask_bsr_scim.backends.gaps import cursors
from flask_bsr_scim.backends.sql import Selection
from flask_bsr_scim.backends.sql_templates import Selections
from flask_bsr_scim.backends.sqlite import change_log
from flask_bsr_scim.backends.sqlite.connection import Limited, in_snapshot
from flask_bsr_scim.backends.sqlite.joined_pages import OF_TYPE, joined_page, tail
from flask_bsr_scim.backends.sqlite.texts import Texts, document_in
from flask_bsr_scim.backends.sqlite.transaction import json_text
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import ResourceType
from flask_bsr_scim.view import SEPARATOR

COLUMNS = "seq, type, id, version, created, modified, document, used"
"""What is read of a resource: `seq`, then the fields of :class:`Resource` but for its links."""

_TEXTS = "seq, CAST(document AS BLOB)"
"""What is read of a resource that is only to be shown."""

_NO_GROUPS = "'[]'"

Row = tuple[Any, ...]
"""A row of these columns."""

_link: Callable[[Row], Link] = partial(tuple.__new__, Link)
"""What `Link._make` does, without counting the fields: a group has many members."""

Links = Mapping[int, Sequence[Link]]
"""Memberships by the `seq` of the resource."""


class Reader:
    """Reads over one connection; `tenant` is the number of the tenant."""

    def __init__(self, connection: sqlite3.Connection, tenant: int, texts: Texts, selections: Selections) -> None:
        self._connection, self._execute, self._tenant = connection, connection.execute, tenant
        self._texts, self._select = texts, selections.select

    def get(self, type_name: str, resource_id: str) -> Resource | None:
        row = self._row(type_name, resource_id)
        return None if row is None else _resource(row)

    def get_with_members(self, type_name: str, resource_id: str) -> Resource | None:
        row = self._row(type_name, resource_id)
        return None if row is None else _resource(row, self._links_to_members([row[0]])[row[0]] or ())

    def get_with_groups(self, type_name: str, resource_id: str) -> Resource | None:
        sql = f"SELECT {COLUMNS}, {_groups(self._texts.listed)} FROM resource r WHERE tenant = ? AND id = ?"
        row = self._execute(sql, (self._tenant, resource_id)).fetchone()
        return None if row is None or row[1] != type_name else _resource(row, _read_groups(row[-1]))

    def get_both(self, first: tuple[str, str], second: tuple[str, str], links: bool) -> Both:
        groups = _groups(self._texts.listed) if links else _NO_GROUPS
        sql = (
            f"SELECT {COLUMNS}, {groups}, 1 FROM resource r WHERE tenant = ? AND type = ? AND id = ? UNION ALL "
            f"SELECT {COLUMNS}, {_NO_GROUPS}, 2 FROM resource WHERE tenant = ? AND type = ? AND id = ?"
        )
        rows = {row[-1]: row for row in self._execute(sql, (self._tenant, *first, self._tenant, *second))}
        one, other = rows.get(1), rows.get(2)
        return one and _resource(one, _read_groups(one[-2])), other and _resource(other)

    def is_held(self, index: str, key: object) -> bool:
        sql = "SELECT 1 FROM unique_key WHERE tenant = ? AND name = ? AND key = ?"
        return self._execute(sql, (self._tenant, index, key)).fetchone() is not None

    def find(self, index: str, key: object) -> Resource | None:
        sql = (
            f"SELECT {COLUMNS} FROM resource "
            "WHERE seq = (SELECT seq FROM unique_key WHERE tenant = ? AND name = ? AND key = ?)"
        )
        row = self._execute(sql, (self._tenant, index, key)).fetchone()
        return None if row is None else _resource(row)

    def page(self, resource_type: ResourceType, query: Query, seconds: float) -> Page:
        if query.texts and resource_type.members is not None:  # The text of a large group would be too large.
            query = replace(query, texts=False)
        selection = self._select(self._tenant, resource_type, query)
        with Limited(self._connection, seconds):
            if selection.is_narrow and resource_type.members is None and not (query.after or query.sort):
                page = self._narrow_page(resource_type, selection, query) if query.offset <= 0 < query.count else None
                if page is not None:
                    return page
            if query.texts and query.count > 0:
                return joined_page(self._connection, self._texts.listed, resource_type, selection, query)
            return in_snapshot(self._connection, lambda _: self._wide_page(resource_type, selection, query))

    def _narrow_page(self, resource_type: ResourceType, selection: Selection, query: Query) -> Page | None:
        """Return the page that holds all matches, None when there are more."""
        columns = f"{_TEXTS if query.texts else COLUMNS}, {_groups(self._texts.listed) if query.links else _NO_GROUPS}"
        sql = f"SELECT {columns} FROM resource r WHERE {selection.where} ORDER BY {selection.order} LIMIT :count"
        rows = self._execute(sql, {**selection.parameters, "count": query.count}).fetchall()
        if len(rows) >= query.count:
            return None
        links = {row[0]: _read_groups(row[-1]) for row in rows if row[-1] != "[]"}
        return self._page(resource_type, query, len(rows), rows, links)

    def _wide_page(self, resource_type: ResourceType, selection: Selection, query: Query) -> Page:
        rows = self._rows(selection, query) if query.count > 0 else []
        total = self._total(selection, query, len(rows))
        more = len(rows) > query.count > 0
        del rows[query.count :]
        links = self._links(resource_type, [row[0] for row in rows]) if query.links and rows else {}
        return self._page(resource_type, query, total, rows, links, more=more)

    def _page(
        self,
        resource_type: ResourceType,
        query: Query,
        total: int,
        rows: Sequence[Row],
        links: Links,
        *,
        more: bool = False,
    ) -> Page:
        """Return the page that has these rows."""
        gaps = cursors(query, [row[0] for row in rows], [row[-1] for row in rows] if query.sort else None)
        if not query.texts:
            return Page(total, [_resource(row, links.get(row[0]) or ()) for row in rows], gaps, more)
        texts = [query.view.kept(row[1]) for row in rows]
        if links:
            shown, each = query.view.with_groups, zip(rows, texts, strict=True)
            texts = [shown(text, resource_type.name, links.get(row[0], ())) for row, text in each]
        return Page(total, (), gaps, more, SEPARATOR.encode().join(texts))

    def members(
        self, group_ids: Sequence[str], after: str | None, count: int, reverse: bool, choice: MemberChoice
    ) -> list[Link]:
        order, beyond = ("DESC", "<") if reverse else ("ASC", ">")
        start = "" if after is None else f"AND member_id {beyond} :after"
        chosen, values = _chosen(choice)
        sql = (
            "SELECT member_id, member_type, NULL FROM member m WHERE tenant = :tenant AND group_seq = "
            f"(SELECT seq FROM resource WHERE tenant = :tenant AND id = :group) {start} {chosen}"
            f"ORDER BY member_id {order} LIMIT :count"
        )
        shared = {"tenant": self._tenant, "after": after, "count": max(count, 0), **values}
        each = (map(Link._make, self._execute(sql, {**shared, "group": group})) for group in set(group_ids))
        merged = groupby(heapq.merge(*each, key=itemgetter(0), reverse=reverse), key=itemgetter(0))
        return [next(same) for _, same in islice(merged, max(count, 0))]

    def count_members(self, group_ids: Sequence[str], choice: MemberChoice) -> int:
        chosen, values = _chosen(choice)
        sql = (
            "SELECT count(DISTINCT member_id) FROM member m WHERE tenant = :tenant AND group_seq IN (SELECT seq "
            f"FROM resource WHERE tenant = :tenant AND id IN (SELECT value FROM json_each(:groups))) {chosen}"
        )
        (number,) = self._execute(sql, {"tenant": self._tenant, "groups": json_text(group_ids), **values}).fetchone()
        return int(number)

    def groups_of(self, member_ids: Sequence[str]) -> dict[str, list[Link]]:
        sql = (
            "SELECT r.id, g.id, g.type, g.label FROM resource r CROSS JOIN member m ON m.tenant = r.tenant "
            "AND m.member_seq = r.seq CROSS JOIN resource g ON g.seq = m.group_seq "
            "WHERE r.tenant = ? AND r.id IN (SELECT value FROM json_each(?)) ORDER BY g.id"
        )
        links: dict[str, list[Link]] = {}
        for member, *link in self._execute(sql, (self._tenant, json_text(member_ids))):
            links.setdefault(member, []).append(Link._make(link))
        return links

    def log(self, after: int, count: int) -> list[LogEntry]:
        return list(change_log.read(self._connection, self._tenant, after, max(count, 0)))

    def _row(self, type_name: str, resource_id: str) -> Row | None:
        sql = f"SELECT {COLUMNS} FROM resource WHERE tenant = ? AND id = ?"
        found: Row | None = self._execute(sql, (self._tenant, resource_id)).fetchone()
        return found if found is not None and found[1] == type_name else None

    def _links(self, resource_type: ResourceType, seqs: Sequence[int]) -> Links:
        if resource_type.members is not None:
            return self._links_to_members(seqs)
        return {} if resource_type.groups is None else self._links_to_groups(seqs)

    def _links_to_members(self, groups: Sequence[int]) -> Links:
        sql = "SELECT member_id, member_type, NULL FROM member WHERE tenant = ? AND group_seq = ? ORDER BY member_id"
        return {group: list(map(_link, self._execute(sql, (self._tenant, group)))) for group in groups}

    def _links_to_groups(self, members: Sequence[int]) -> Links:
        """The members of a page share their groups, so each group is read once."""
        low, high = min(members), max(members)
        values: tuple[object, ...]
        if high - low < 2 * len(members):  # One after another, as on a page in the order of creation.
            where, values = "member_seq BETWEEN ? AND ?", (self._tenant, low, high)
        else:
            where, values = "member_seq IN (SELECT value FROM json_each(?))", (self._tenant, json_text(members))
        pairs = self._execute(
            f"SELECT member_seq, group_seq FROM member WHERE tenant = ? AND {where}", values
        ).fetchall()
        sql = (
            "SELECT seq, id, type, label FROM resource "
            f"WHERE seq IN (SELECT value FROM json_each(?)) AND type IN {self._texts.listed}"
        )
        found = self._execute(sql, (json_text({group for _, group in pairs}),)) if pairs else ()
        groups = {seq: Link._make(rest) for seq, *rest in found}
        links: dict[int, list[Link]] = {}
        for member, group in pairs:
            if group in groups:
                links.setdefault(member, []).append(groups[group])
        for several in links.values():
            several.sort()
        return links

    def _rows(self, selection: Selection, query: Query) -> list[Row]:
        """Return the rows of a page and the one behind it, each with the key that it is sorted by."""
        end, parameters = tail(selection, query)
        key = selection.key or "NULL"
        if query.offset <= 0 and selection.has_index:
            return self._execute(f"SELECT {COLUMNS}, {key} FROM resource r {end}", parameters).fetchall()
        found = self._execute(f"SELECT r.seq, {key} FROM resource r {end}", parameters).fetchall()
        return self._in_order(found)

    def _in_order(self, found: Sequence[tuple[int, Any]]) -> list[Row]:
        """Return the rows of a page that was first found without its documents: skipping and sorting those is slow."""
        sql = f"SELECT {COLUMNS} FROM resource WHERE seq IN (SELECT value FROM json_each(?))"
        rows = {row[0]: row for row in self._execute(sql, (json_text(seq for seq, _ in found),))}
        return [(*rows[seq], key) for seq, key in found]

    def _total(self, selection: Selection, query: Query, found: int) -> int:
        """Return the number of matches; it is counted only when the rows that were found do not show it."""
        if query.after is None and found <= query.count and (found or query.offset <= 0 < query.count):
            return max(query.offset, 0) + found
        sql = f"SELECT count(*) FROM resource r WHERE {selection.where}"
        if query.filter is None:
            sql = OF_TYPE
        (number,) = self._execute(sql, selection.parameters).fetchone()
        return int(number)


def _chosen(choice: MemberChoice) -> tuple[str, dict[str, Any]]:
    """Return the conditions on a member `m`, and what they compare with."""
    sql = ""
    values: dict[str, Any] = {}
    for number, key in enumerate(choice.without):
        table = "unique_key" if key.unique else "attribute_key"
        sql += (
            f"AND NOT EXISTS (SELECT 1 FROM {table} k WHERE k.tenant = m.tenant AND k.name = :index{number} "
            f"AND k.key = :key{number} AND k.seq = m.member_seq) "
        )
        values |= {f"index{number}": key.name, f"key{number}": key.key}
    if choice.missing:
        sql += "AND NOT EXISTS (SELECT 1 FROM resource WHERE seq = m.member_seq) "
    if choice.types:
        sql += "AND member_type IN (SELECT value FROM json_each(:types)) "
        values["types"] = json_text(choice.types)
    return sql, values


@cache
def _groups(listed: str) -> str:
    """Return what reads the groups of a resource in the statement that finds it: one statement needs no snapshot."""
    return (
        "(SELECT json_group_array(json_array(g.id, g.type, g.label)) FROM member m "
        f"CROSS JOIN resource g ON g.seq = m.group_seq AND g.type IN {listed} "
        "WHERE m.tenant = r.tenant AND m.member_seq = r.seq)"
    )


def _read_groups(text: str) -> Sequence[Link]:
    return () if text == "[]" else sorted(map(Link._make, orjson.loads(text)))


def _resource(row: Row, links: Sequence[Link] = ()) -> Resource:
    _, type_name, resource_id, version, created, modified, text, used, *_ = row
    return Resource(type_name, resource_id, version, created, modified, document_in(text), used, links)
