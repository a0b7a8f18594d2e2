"""The journal of a tenant in the SQLite store; see :meth:`flask_bsr_scim.backends.journal.Journals.append`."""

import sqlite3
from collections.abc import Sequence

from flask_bsr_scim.backends.journal import JournalEntry

_END = 2**63 - 1


def append(
    connection: sqlite3.Connection, tenant: int, texts: Sequence[str], most: int, now: float, horizon: float
) -> None:
    """Write texts; throw away what was written before the horizon, and all but the last ones."""
    sql = "SELECT coalesce(max(number), 0) FROM journal WHERE tenant = ?"
    ((last,),) = connection.execute(sql, (tenant,)).fetchall()
    rows = [(tenant, number, now, text) for number, text in enumerate(texts, last + 1)]
    connection.executemany("INSERT INTO journal (tenant, number, at, text) VALUES (?, ?, ?, ?)", rows)
    sql = "SELECT coalesce(max(number), 0) FROM journal WHERE tenant = ? AND at < ?"
    ((expired,),) = connection.execute(sql, (tenant, horizon)).fetchall()
    gone = max(last + len(texts) - most, expired)
    connection.execute("DELETE FROM journal WHERE tenant = ? AND number <= ?", (tenant, gone))


def read(
    connection: sqlite3.Connection, tenant: int, after: int | None, count: int, reverse: bool
) -> list[JournalEntry]:
    """Return entries behind a number, in one direction or the other."""
    columns = "SELECT number, at, text FROM journal WHERE tenant = ? AND number"
    if reverse:
        sql, start = f"{columns} < ? ORDER BY number DESC LIMIT ?", _END if after is None else after
    else:
        sql, start = f"{columns} > ? ORDER BY number LIMIT ?", after or 0
    return [JournalEntry(*row) for row in connection.execute(sql, (tenant, start, count))]
