"""Failures behind the web layer: a store that does not answer, and what nobody foresaw (RFC 7644 §3.12)."""

import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.memory import MemoryBackend
from flask_bsr_scim.errors import StoreUnavailable
from tests.client import ERROR, PATCH, PREFIX, TOKEN, USER, Scim, assert_error, path_of, user


def backend_of(scim: Scim) -> Backend:
    """Return the store behind a client."""
    with scim.app.app_context():
        return current_service().backend


@contextmanager
def failing(scim: Scim, error: Exception, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the store fail with every use."""

    def fail(*_: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        for name in ("_get", "_get_both", "_find", "_query", "_members", "_commit"):
            patch.setattr(backend_of(scim), name, fail)
        yield


REQUESTS = [
    ("GET", "/Users", None),
    ("GET", "/Users/x", None),
    ("GET", "/Groups?filter=displayName pr", None),
    ("POST", "/Users", user("u")),
    ("PUT", "/Users/x", user("u")),
    ("PATCH", "/Users/x", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "name"}]}),
    ("DELETE", "/Users/x", None),
]


@pytest.mark.requirement("G-05")
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_store_that_is_down_is_503(
    method: str, path: str, body: Any, fresh: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After and nothing of the inside; all is well again when the store is."""
    with failing(fresh, StoreUnavailable("disk I/O error in /var/lib/scim.db"), monkeypatch):
        response = fresh(method, path, body)
    assert_error(response, 503, None, "does not answer at the moment")
    assert int(response.headers["Retry-After"]) > 0
    assert "disk" not in response.text
    assert fresh.get("/Users").json["totalResults"] == 0


@pytest.mark.requirement("G-05")
def test_a_store_that_is_down_is_503_to_a_stored_token(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that cannot be looked up is no wrong token."""
    with fresh.app.app_context():
        token, _ = current_service().tokens.create("default")
    with failing(fresh, StoreUnavailable("down"), monkeypatch):
        assert_error(Scim(fresh.app, token=token).get("/Users"), 503)
    assert Scim(fresh.app, token=token).get("/Users").status_code == 200


@pytest.mark.requirement("G-05")
def test_a_start_without_the_store_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A service whose store is down comes up, and works when the store does."""

    def fail(*_: Any) -> None:
        raise StoreUnavailable("down")

    app = Flask("early")
    with monkeypatch.context() as patch:
        patch.setattr(MemoryBackend, "_open", fail)
        BsrScim(app, backend="memory://", token=TOKEN)
        assert_error(Scim(app).get("/Users"), 503)
    assert "does not answer yet" in caplog.text
    assert Scim(app).user("bob")["userName"] == "bob"


@pytest.mark.requirement("G-05")
def test_a_locked_file_is_503_in_time(tmp_path: Path) -> None:
    """A writer waits for the file's lock for less than two seconds; readers do not wait at all."""
    app = Flask("locked")
    BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}", token=TOKEN)
    scim = Scim(app)
    bob = scim.user()
    with closing(sqlite3.connect(tmp_path / "scim.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert scim.get(path_of(bob)).json == bob
        start = time.monotonic()
        assert_error(scim.delete(path_of(bob)), 503)
        assert time.monotonic() - start < 2
        other.execute("ROLLBACK")
    assert scim.delete(path_of(bob)).status_code == 204


@pytest.mark.requirement("N-06", "N-09")
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_what_nobody_foresaw_is_a_bare_500(
    method: str,
    path: str,
    body: Any,
    fresh: Scim,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer has nothing of the inside; the log has the traceback, under the request's id."""
    with failing(fresh, ZeroDivisionError("secret inside"), monkeypatch):
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "r-1"}
        response = fresh.app.test_client().open(PREFIX + path, method=method, json=body, headers=headers)
    assert_error(response, 500, None, "unexpected error")
    assert response.json["schemas"] == [ERROR]
    assert response.headers["Content-Type"] == "application/scim+json"
    assert response.headers["X-Request-Id"] == "r-1"
    assert "secret inside" not in response.text
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert "r-1" in record.getMessage()
    assert record.exc_info is not None
    assert fresh.get("/Users").json["totalResults"] == 0


@pytest.mark.requirement("G-05")
def test_a_failure_leaves_nothing_half_done(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failed commit the name is free, and the group as it was."""
    bob = fresh.user()
    team = fresh.group("Team", bob["id"])
    with failing(fresh, StoreUnavailable("down"), monkeypatch):
        fresh.post("/Users", user("ann"))
        fresh.patch(path_of(team), {"op": "remove", "path": "members"})
        fresh.delete(path_of(bob))
    assert fresh.get(path_of(team)).json == team
    assert fresh.user("ann")["userName"] == "ann"
    assert fresh.names() == ["bob@example.com", "ann"]


@pytest.mark.parametrize("status", [403, 404, 418, 429, 503])
def test_an_abort_of_the_host_keeps_its_status(status: int) -> None:
    """A host that refuses a request before the guard is answered for in SCIM's form."""
    app = Flask("host")
    BsrScim(app, backend="memory://", token=TOKEN)
    app.before_request(lambda: abort(status))
    response = app.test_client().get(PREFIX + "/Users", headers={"X-Request-Id": "r-1"})
    assert response.status_code == status
    assert response.headers["X-Request-Id"] == "r-1"
    assert response.json["schemas"] == [ERROR]
    assert response.json["status"] == str(status)
    assert response.headers["Content-Type"] == "application/scim+json"


def test_an_answer_of_the_host_is_left_alone() -> None:
    """A host that answers itself, before the guard, has the last word."""
    app = Flask("host")
    BsrScim(app, backend="memory://", token=TOKEN)
    app.before_request(lambda: ("closed", 503))
    response = app.test_client().get(PREFIX + "/Users")
    assert (response.status_code, response.text) == (503, "closed")


def test_a_long_list_is_sent_in_pieces(fresh: Scim) -> None:
    """A body that is not held in memory at once is the same text."""
    for number in range(300):
        fresh.post("/Users", {"schemas": [USER], "userName": f"u{number:04}", "externalId": "x" * 1000})
    response = fresh.get("/Users", query={"count": 1000, "excludedAttributes": "displayName"})
    assert "Content-Length" not in response.headers
    assert [found["userName"] for found in response.json["Resources"]] == [f"u{n:04}" for n in range(300)]
    assert fresh.get("/Users", query={"count": 1000}).data == response.data
    assert fresh("HEAD", "/Users", query={"count": 1000}).data == b""


def test_large_requests_take_turns(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process works on one large body at a time; who waits too long gets 503, and small requests do not wait."""
    monkeypatch.setattr("flask_bsr_scim.web.service._PATIENCE", 0)
    large = json.dumps(user("large", x="y" * 1_500_000)).encode()
    with fresh.app.app_context():
        service = current_service()
    with service.one_at_a_time():
        response = fresh.post("/Users", large)
        assert_error(response, 503, None, "Other large requests")
        assert int(response.headers["Retry-After"]) > 0
        assert fresh.user("small")["userName"] == "small"
    assert fresh.post("/Users", large).status_code == 201
    assert fresh.post("/Users", large).status_code == 409
    assert fresh.post("/Users", large[:-1]).status_code == 400
    assert fresh.names() == ["small", "large"]
