"""Somebody else holds the SQLite file: 503 soon, and well again as soon as it is let go, without a restart."""

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import pytest

from tests.server.running import USER, Answer, Client, Server, patch, together

WITHIN = 2
"""Seconds for an answer."""

_RECOVERY_LOCKS = (120, 3)
"""What a process locks in the index of the write-ahead log to make it anew: first byte and number of bytes."""

_INDEX_HEADER = 96
"""Bytes."""


def path(server: Server) -> str:
    """Return the path of the server's file."""
    return server.backend.removeprefix("sqlite:///")


@contextmanager
def nobody_else_writes(server: Server) -> Iterator[None]:
    """Hold the lock that a writer needs."""
    with closing(sqlite3.connect(path(server), isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def nobody_else_reads(server: Server) -> Iterator[None]:
    """Do as a process that recovers the file after a crash and does not come to the end: nobody else can read it."""
    first, number = _RECOVERY_LOCKS
    with open(f"{path(server)}-shm", "r+b", buffering=0) as index:
        fcntl.lockf(index, fcntl.LOCK_EX, number, first)
        index.write(bytes(_INDEX_HEADER))
        yield


def timed(client: Client, method: str, target: str, body: object = None) -> tuple[Answer, float]:
    """Return an answer and the seconds it took."""
    before = time.monotonic()
    return client(method, target, body), time.monotonic() - before


def is_unavailable(answer: Answer) -> bool:
    """Tell whether it is the 503 of RFC 7644, with a time to come back."""
    error = answer.body
    return (
        (answer.status, error["status"]) == (503, "503")
        and error["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        and int(answer.headers["retry-after"]) > 0
        and answer.headers["content-type"] == "application/scim+json"
        and "sqlite" not in answer.text.lower()
        and "locked" not in answer.text.lower()
    )


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """A client of the server."""
    with server.client() as client:
        yield client


def test_writes_are_refused_while_another_writes(server: Server, client: Client) -> None:
    """Every write is answered 503 in time, and none of it is stored; reads go on; then writes succeed again."""
    user = client.create_user("before@example.com")
    requests = [
        ("POST", "/Users", {"schemas": [USER], "userName": "meanwhile@example.com"}),
        ("PUT", f"/Users/{user}", {"schemas": [USER], "userName": "renamed@example.com"}),
        ("PATCH", f"/Users/{user}", patch(("replace", "active", False))),
        ("DELETE", f"/Users/{user}", None),
    ] * 3
    clients = [server.client() for _ in requests]
    with nobody_else_writes(server):
        found = together([partial(timed, each, *request) for each, request in zip(clients, requests, strict=True)])
        read, seconds = timed(client, "GET", f"/Users/{user}")
        assert client("GET", "//readyz").status == 200
    assert [answer.text for answer, _ in found if not is_unavailable(answer)] == []
    assert max(seconds for _, seconds in found) < WITHIN
    assert (read.status, read.body["userName"], read.body["active"]) == (200, "before@example.com", True)
    assert seconds < 1
    assert client.find("meanwhile@example.com") == []
    assert [each(*request).status for each, request in zip(clients, requests[:4], strict=False)] == [201, 200, 200, 204]
    for each in clients:
        each.close()


def test_unreadable_store_is_not_ready(server: Server, client: Client) -> None:
    """While the store cannot be read, the server is alive and not ready, and requests are answered 503 in time."""
    targets = ("//readyz", "/Users", "/Users/some-id", "/Groups")
    clients = [server.client() for _ in targets]
    assert client("GET", "//readyz").status == 200
    with nobody_else_reads(server):
        found = together([partial(timed, each, "GET", target) for each, target in zip(clients, targets, strict=True)])
        assert client("GET", "//healthz").status == 200
    assert [answer.text for answer, _ in found if not is_unavailable(answer)] == []
    assert max(seconds for _, seconds in found) < WITHIN
    assert [each("GET", target).status for each, target in zip(clients, targets, strict=True)] == [200, 200, 404, 200]
    for each in clients:
        each.close()
