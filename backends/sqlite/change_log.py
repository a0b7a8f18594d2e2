"""The change log of a tenant in the SQLite store.

Table and index are one: `place` holds tenant and sequence number, so that a commit writes one page of it and no more.
"""

import sqlite3
from collections.abc import Iterable, Iterator

import orjson

from flask_bsr_scim.backends.base import LogEntry

_ROOM = 1 << 40
"""Places of a tenant."""

_PURGED_AT_ONCE = 100

_INSERT = f"INSERT INTO log VALUES ({', '.join('?' * 10)})"

_APPEND = (
    f"INSERT INTO log VALUES (max(coalesce((SELECT max(place) FROM log WHERE place < ?1 + {_ROOM}), 0), ?1) + 1, "
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING place - ?1"
)


def write(connection: sqlite3.Connection, tenant: int, entry: LogEntry) -> int:
    """Append an entry; return the sequence number that it gets."""
    ((sequence,),) = connection.execute(_APPEND, (tenant * _ROOM, *entry[1:-1], _text(entry))).fetchall()
    return int(sequence)


def add(connection: sqlite3.Connection, tenant: int, entries: Iterable[LogEntry]) -> None:
    """Write entries under the sequence numbers that they have."""
    rows = ((tenant * _ROOM + entry.sequence, *entry[1:-1], _text(entry)) for entry in entries)
    connection.executemany(_INSERT, rows)


def _text(entry: LogEntry) -> str:
    return orjson.dumps(entry.delta).decode() if entry.delta else "{}"


def read(connection: sqlite3.Connection, tenant: int, after: int = 0, count: int = -1) -> Iterator[LogEntry]:
    """Yield entries behind a sequence number in their order, all of them without a count."""
    sql = (
        "SELECT place - ?1, at, token_id, request_id, operation, type, id, before, after, delta FROM log "
        "WHERE place > ?1 + ?2 AND place < ?3 ORDER BY place LIMIT ?4"
    )
    first = tenant * _ROOM
    found = connection.execute(sql, (first, after, first + _ROOM, count))
    return (LogEntry._make((*values, orjson.loads(delta))) for *values, delta in found)


def count(connection: sqlite3.Connection, tenant: int) -> int:
    """Return the number of entries."""
    sql = "SELECT count(*) FROM log WHERE place > ? AND place < ?"
    ((number,),) = connection.execute(sql, (tenant * _ROOM, (tenant + 1) * _ROOM)).fetchall()
    return int(number)


def purge(connection: sqlite3.Connection, tenant: int, horizon: str, oldest: dict[int, str]) -> None:
    """Remove some of the entries that are older than the horizon.

    :param oldest: the time of the first entry by tenant, as it was last seen: nobody writes an older one.
    """
    if oldest.get(tenant, "") >= horizon:
        return
    first, end = tenant * _ROOM, (tenant + 1) * _ROOM
    sql = "SELECT at FROM log WHERE place > ? AND place < ? ORDER BY place LIMIT 1"
    found = connection.execute(sql, (first, end)).fetchone()
    if found is None or found[0] >= horizon:
        oldest[tenant] = horizon if found is None else found[0]
        return
    sql = (
        "DELETE FROM log WHERE at < ?3 "
        "AND place IN (SELECT place FROM log WHERE place > ?1 AND place < ?2 ORDER BY place LIMIT ?4) "
        # The last one stays: the next number follows from it.
        "AND place < (SELECT max(place) FROM log WHERE place < ?2)"
    )
    connection.execute(sql, (first, end, horizon, _PURGED_AT_ONCE))


def clear(connection: sqlite3.Connection, tenant: int) -> None:
    """Remove all entries."""
    connection.execute("DELETE FROM log WHERE place > ? AND place < ?", (tenant * _ROOM, (tenant + 1) * _ROOM))
