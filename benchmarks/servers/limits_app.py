"""What Flask and SQLite give at best: one route a limit, and nothing around it but a check of the token.

`LIMITS_TOKEN` is the token, `LIMITS_DIRECTORY` the folder of the SQLite files, which are made when they are not there.
"""

import hmac
import json
import os
import sqlite3
import threading
import uuid
from pathlib import Path

from flask import Flask, Response, abort, request

from benchmarks.people import user

USERS = 1000
"""How many there are to be read, with the ids u0, u1, …"""

_DIRECTORY = Path(os.environ["LIMITS_DIRECTORY"])
_AUTHORIZATION = f"Bearer {os.environ['LIMITS_TOKEN']}"
_MEDIA_TYPE = "application/scim+json"
_INSERT = "INSERT INTO user (id, user_name, document) VALUES (?, ?, ?)"

_connections = threading.local()

app = Flask("limits")


@app.before_request
def _check_token() -> None:
    if not hmac.compare_digest(request.headers.get("Authorization", ""), _AUTHORIZATION):
        abort(401)


@app.get("/bare/<user_id>")
def bare(user_id: str) -> Response:
    """Return a text that is always the same: what Flask costs."""
    return Response(_DOCUMENT, content_type=_MEDIA_TYPE)


@app.get("/select/<user_id>")
def select(user_id: str) -> Response:
    """Return a stored text found by its key."""
    found = _connection("read", "FULL").execute("SELECT document FROM user WHERE id = ?", (user_id,)).fetchone()
    return Response(found[0], content_type=_MEDIA_TYPE)


@app.post("/insert/<synchronous>")
def insert(synchronous: str) -> tuple[Response, int]:
    """Store what was sent in a transaction of its own, which is flushed to the disk (`full`) or not (`normal`)."""
    document = request.get_json(force=True)
    document["id"] = uuid.uuid4().hex
    text = _dumps(document)
    connection = _connection(synchronous, synchronous.upper())
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(_INSERT, (document["id"], document["id"], text))
    connection.execute("COMMIT")
    return Response(text, content_type=_MEDIA_TYPE), 201


def _connection(name: str, synchronous: str) -> sqlite3.Connection:
    """Return this thread's connection to a file."""
    connection: sqlite3.Connection | None = getattr(_connections, name, None)
    if connection is None:
        connection = _connect(name, synchronous)
        setattr(_connections, name, connection)
    return connection


def _connect(name: str, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(_DIRECTORY / f"{name}.db", timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA mmap_size = 268435456")
    connection.execute("CREATE TABLE IF NOT EXISTS user (id TEXT PRIMARY KEY, user_name TEXT UNIQUE, document TEXT)")
    return connection


def _make_users() -> None:
    connection = _connect("read", "NORMAL")
    connection.execute("BEGIN IMMEDIATE")
    users = ((f"u{number}", f"u{number}", _dumps(_user(number))) for number in range(USERS))
    connection.executemany(f"{_INSERT} ON CONFLICT DO NOTHING", users)
    connection.execute("COMMIT")
    connection.close()


def _user(number: int) -> dict[str, object]:
    return {**user("limit", number), "id": f"u{number}", "meta": _META}


def _dumps(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


_META = {
    "resourceType": "User",
    "created": "2026-01-01T00:00:00Z",
    "lastModified": "2026-01-01T00:00:00Z",
    "location": "http://127.0.0.1/scim/v2/Users/u1",
    "version": 'W/"1"',
}
_DOCUMENT = _dumps(_user(1))
_make_users()
