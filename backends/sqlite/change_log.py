"""The change log of a tenant in the SQLite store.

Table and index are one: `place` holds tenant and sequence number, so that a commit writes one page of it and no more.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson

from flask_bsr_scim.backends.base import LogEntry

_ROOM = 1 << 40
"""Places of a tenant."""

_PURGED_AT_ONCE = 1000

_INSERT = f"INSERT INTO log VALUES ({', '.join('?' * 10)})"

Written = tuple[Any, ...]
"""A row of the table."""


class End(NamedTuple):
    """The last entry of a tenant: its place, and its time."""

    place: int
    at: str


def end(connection: sqlite3.Connection, tenant: int) -> End:
    """Return where the log of a tenant ends; without an entry that is before all places and times."""
    sql = "SELECT place, at FROM log WHERE place > ? AND place < ? ORDER BY place DESC LIMIT 1"
    found = connection.execute(sql, (tenant * _ROOM, (tenant + 1) * _ROOM)).fetchone()
    return End(*found) if found else End(tenant * _ROOM, "")


def number(place: int) -> int:
    """Return the sequence number of the entry at a place."""
    return place % _ROOM


def row(place: int, entry: LogEntry) -> Written:
    """Return what the table holds of an entry."""
    return (place, *entry[1:-1], orjson.dumps(entry.delta).decode() if entry.delta else "{}")


def write(connection: sqlite3.Connection, rows: Iterable[Written]) -> None:
    """Write entries where nothing is yet."""
    connection.executemany(_INSERT, rows)


def add(connection: sqlite3.Connection, tenant: int, entries: Iterable[LogEntry]) -> None:
    """Write entries under the sequence numbers that they have."""
    write(connection, (row(tenant * _ROOM + entry.sequence, entry) for entry in entries))


def read(connection: sqlite3.Connection, tenant: int, after: int = 0, count: int = -1) -> Iterator[LogEntry]:
    """Yield entries behind a sequence number in their order, all of them without a count."""
    sql = (
        "SELECT place - ?, at, token_id, request_id, operation, type, id, before, after, delta FROM log "
        "WHERE place > ? AND place < ? ORDER BY place LIMIT ?"
    )
    first = tenant * _ROOM
    found = connection.execute(sql, (first, first + after, first + _ROOM, count))
    return (LogEntry._make((*values, orjson.loads(delta))) for *values, delta in found)


def count(connection: sqlite3.Connection, tenant: int) -> int:
    """Return the number of entries."""
    sql = "SELECT count(*) FROM log WHERE place > ? AND place < ?"
    ((number,),) = connection.execute(sql, (tenant * _ROOM, (tenant + 1) * _ROOM)).fetchall()
    return int(number)


def purge(connection: sqlite3.Connection, tenant: int, horizon: str, oldest: dict[int, str]) -> None:
    """Remove some of the entries that are older than the horizon, up to the first one that is not.

    :param oldest: the time of the first entry by tenant, as it was last seen: nobody writes an older one.
    """
    if oldest.get(tenant, "") >= horizon:
        return
    first, end = tenant * _ROOM, (tenant + 1) * _ROOM
    sql = "SELECT place, at FROM log WHERE place > ? AND place < ? ORDER BY place LIMIT ?"
    found = connection.execute(sql, (first, end, 1)).fetchall()
    if not found or found[0][1] >= horizon:
        oldest[tenant] = found[0][1] if found else horizon
        return
    found = connection.execute(sql, (first, end, _PURGED_AT_ONCE + 1)).fetchall()
    # The last one stays: the next number follows from it.
    kept = next((place for place, at in found if at >= horizon), found[-1][0])
    connection.execute("DELETE FROM log WHERE place > ? AND place < ?", (first, kept))


def clear(connection: sqlite3.Connection, tenant: int) -> None:
    """Remove all entries."""
    connection.execute("DELETE FROM log WHERE place > ? AND place < ?", (tenant * _ROOM, (tenant + 1) * _ROOM))
