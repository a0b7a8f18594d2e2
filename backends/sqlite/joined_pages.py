"""Pages of texts: one statement finds and joins all that is on them."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from flask_bsr_scim.backends.base import Note, Page, Query
from flask_bsr_scim.backends.gaps import cursors
from flask_bsr_scim.backends.sql import Selection, behind
from flask_bsr_scim.resource import Link
from flask_bsr_scim.schema import ResourceType
from flask_bsr_scim.view import SEPARATOR, ended

_NOTED = "(SELECT json_array(text, ends) FROM note WHERE tenant = :tenant AND key = :place)"

OF_TYPE = "SELECT coalesce(sum(number), 0) FROM total WHERE tenant = :tenant AND type = :type"
"""Counts the resources of a type."""

_SEPARATOR = SEPARATOR.encode()


def joined_page(
    connection: sqlite3.Connection, listed: str, resource_type: ResourceType, selection: Selection, query: Query
) -> Page:
    """Return a page that may hold something. SQLite joins texts in half the time that it takes to fetch them.

    :param listed: the types that SCIM shows, see :class:`Texts`.
    """
    end, parameters = tail(selection, query)
    memberships = groups = "NULL"
    if query.links and resource_type.groups is not None:
        memberships, groups = _memberships(query, listed)
    # What has a LIMIT is read in its own order, and so it is joined.
    sql = (
        f"SELECT seqs, keys, texts, {_total(selection, query)}, {_NOTED}, {memberships}, {groups} FROM ("
        "SELECT count(*) AS number, json_group_array(seq) AS seqs, min(seq) AS low, max(seq) AS high, "
        f"{'json_group_array(key)' if query.sort else 'NULL'} AS keys, "
        f"CAST(group_concat(document, :separator) AS BLOB) AS texts FROM ({_found(selection, query, end)}))"
    )
    parameters |= {"separator": SEPARATOR, "most": query.count, "place": query.place}
    found = connection.execute(sql, parameters).fetchone()
    return _page(resource_type, query, *found)


def tail(selection: Selection, query: Query) -> tuple[str, dict[str, Any]]:
    """Return how a statement ends that reads a page and the row behind it, and its parameters."""
    parameters = {**selection.parameters, "count": query.count + 1, "offset": max(query.offset, 0)}
    where = selection.where
    if query.after is not None:
        condition, values = behind(selection, query, query.after)
        where, parameters = f"{where} AND {condition}", {**parameters, **values}
    return f"WHERE {where} ORDER BY {selection.order} LIMIT :count OFFSET :offset", parameters


def _found(selection: Selection, query: Query, end: str) -> str:
    key = f", {selection.key} AS key" if query.sort else ""
    if query.offset <= 0 and selection.has_index:
        return f"SELECT seq, document{key} FROM resource r {end}"
    # Skipping documents and sorting them is slow.
    key, named = (", key", key) if key else ("", "")
    return f"SELECT seq, document{key} FROM (SELECT seq{named} FROM resource r {end}) CROSS JOIN resource USING (seq)"


def _total(selection: Selection, query: Query) -> str:
    """Return what counts all matches, which a first page shows when there are no more."""
    if query.filter is None:
        return f"({OF_TYPE})"
    total = f"(SELECT count(*) FROM resource r WHERE {selection.where})"
    if query.offset > 0 or query.after is not None:
        return total
    return f"CASE WHEN number <= :most THEN number ELSE {total} END"


def _memberships(query: Query, listed: str) -> tuple[str, str]:
    """Return what reads the members on a page and the groups of each, by `seq`, and what is shown of groups; as JSON.

    That is NULL where nobody near the page is in a group.
    """
    some = "EXISTS (SELECT 1 FROM member WHERE tenant = :tenant AND member_seq BETWEEN low AND high)"
    among = "IN (SELECT value FROM json_each(seqs))"
    if query.filter is None and query.sort is None:  # Whoever lies between the ends of such a page is on it.
        among = "BETWEEN low AND high"
    members = f"FROM member WHERE tenant = :tenant AND member_seq {among}"
    groups = f"FROM resource WHERE type IN {listed} AND seq IN (SELECT group_seq {members})"
    pairs = f"SELECT json_array(json_group_array(member_seq), json_group_array(group_seq)) {members}"
    return (
        f"CASE WHEN {some} THEN ({pairs}) END",
        f"CASE WHEN {some} THEN (SELECT json_group_array(json_array(seq, id, type, label)) {groups}) END",
    )


def _page(
    resource_type: ResourceType,
    query: Query,
    numbers: str,
    keys: str | None,
    joined: bytes | None,
    total: int,
    noted: str | None,
    memberships: str | None,
    groups: str | None,
) -> Page:
    """Return the page that has these columns; the row behind it is in the first three."""
    seqs: list[int] = orjson.loads(numbers)
    joined, more = query.view.kept(joined or b""), len(seqs) > query.count
    if more:
        del seqs[query.count :]
        joined, _, _ = joined.rpartition(_SEPARATOR)
    if memberships and groups:
        sets = _sets(*orjson.loads(memberships))
        links = {seq: Link._make(link) for seq, *link in orjson.loads(groups)}
        endings = _endings(partial(query.view.ending, resource_type.name), set(sets.values()), links)
        each = zip(seqs, joined.split(_SEPARATOR), strict=False)
        joined = _SEPARATOR.join([ended(text, endings[sets[seq]]) if seq in sets else text for seq, text in each])
    gaps = cursors(query, seqs, None if keys is None else orjson.loads(keys))
    return Page(total, (), gaps, more, joined, None if noted is None else Note(*orjson.loads(noted)))


def _sets(members: Iterable[int], groups: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return the groups of each member; the members on a page are mostly in the same."""
    sets: dict[int, tuple[int, ...]] = {}
    for member, group in zip(members, groups, strict=True):
        sets[member] = (*sets.get(member, ()), group)
    return sets


def _endings(
    ending: Callable[[Sequence[Link]], bytes], sets: Iterable[tuple[int, ...]], groups: Mapping[int, Link]
) -> dict[tuple[int, ...], bytes]:
    """Return how texts end by the sets of groups that are shown."""
    return {some: ending(sorted(groups[group] for group in some if group in groups)) for some in sets}
