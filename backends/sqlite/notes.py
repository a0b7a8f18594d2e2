"""The notes of a tenant in the SQLite store; see :meth:`flask_bsr_scim.backends.base.Backend.remember`."""

import sqlite3

from flask_bsr_scim.backends.base import LASTING, NOTES


def recall(connection: sqlite3.Connection, tenant: int, key: str, now: float) -> str | None:
    """Return the text that is kept under a key."""
    sql = "SELECT text FROM note WHERE tenant = ? AND key = ? AND ends > ?"
    found = connection.execute(sql, (tenant, key, now)).fetchone()
    return None if found is None else str(found[0])


def decided(connection: sqlite3.Connection, tenant: int, key: str, text: str, until: float, now: float) -> str | None:
    """Return what is kept under a key; None when the text is to be written, since it would end before `until`."""
    sql = "SELECT text FROM note WHERE tenant = ? AND key = ? AND ends > ? AND (text <> ? OR ends >= ?)"
    found = connection.execute(sql, (tenant, key, now, text, until)).fetchone()
    return None if found is None else str(found[0])


def write(connection: sqlite3.Connection, tenant: int, key: str, text: str, ends: float, now: float) -> None:
    """Keep a text, and of all notes the last ones and those that have long to last."""
    connection.execute("DELETE FROM note WHERE tenant = ? AND key = ?", (tenant, key))
    sql = (
        "INSERT INTO note (tenant, number, key, text, ends) "
        "SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ? FROM note WHERE tenant = ? RETURNING number"
    )
    ((number,),) = connection.execute(sql, (tenant, key, text, ends, tenant)).fetchall()
    sql = "DELETE FROM note WHERE tenant = ? AND number <= ? AND ends <= ?"
    connection.execute(sql, (tenant, number - NOTES, now + LASTING))
