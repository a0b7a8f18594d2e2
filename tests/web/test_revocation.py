"""A token that ends: whoever used it a moment ago is refused like a stranger, whatever he asks for."""

import io
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.principal import SCIM_SCOPE, Principal
from tests.client import GROUP, PATCH, SEARCH, Scim, assert_error, path_of, user
from tests.redis_server import counting, shared
from tests.web.test_guard import UNREAD, assert_refused, service_of, with_token

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
REPLACED = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": False}]}

RENAMED = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "name.givenName", "value": "Rob"}]}

REQUESTS: dict[str, tuple[str, str, Any]] = {
    "list": ("GET", "/Users", None),
    "page": ("GET", "/Users?startIndex=2&count=1", None),
    "filter": ("GET", '/Users?filter=userName eq "bob"', None),
    "wrong filter": ("GET", "/Users?filter=userName", None),
    "all": ("GET", "/", None),
    "search": ("POST", "/.search", {"schemas": [SEARCH]}),
    "user": ("GET", "{bob}", None),
    "nobody": ("GET", "/Users/nobody", None),
    "head": ("HEAD", "{bob}", None),
    "subject": ("GET", "/Me", None),
    "create": ("POST", "/Users", user("eve")),
    "conflict": ("POST", "/Users", user("bob")),
    "not JSON": ("POST", "/Users", b"{"),
    "replace": ("PUT", "{bob}", user("bob", displayName="Eve")),
    "patch": ("PATCH", "{bob}", REPLACED),
    "delete": ("DELETE", "{bob}", None),
    "group": ("POST", "/Groups", {"schemas": [GROUP], "displayName": "g", "members": []}),
    "bulk": ("POST", "/Bulk", {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": "{bob}"}]}),
    "schemas": ("GET", "/Schemas", None),
    "types": ("GET", "/ResourceTypes/User", None),
    "readiness": ("GET", "/readiness", None),
    "nothing": ("GET", "/nothing", None),
    "slash": ("GET", "/Users/", None),
    "method": ("DELETE", "/Users", None),
}

Revoked = Callable[..., Scim]


@pytest.fixture
def revoked(fresh: Scim) -> Revoked:
    """Return what makes a client whose token was used, and is revoked since."""
    service, now = service_of(fresh), datetime(2027, 1, 31, 12, tzinfo=UTC)
    service.backend.clock = lambda: now

    def make(kind: Kind = Kind.SCIM) -> Scim:
        text, token = service.tokens.create("default", kind)
        client = with_token(fresh, text)
        assert client.get("/Users").status_code == 200
        service.tokens.delete("default", token.id)
        return client

    return make


@pytest.fixture
def bob(fresh: Scim) -> Document:
    """A user who is there."""
    return fresh.user("bob")


def send(client: Scim, name: str, bob: Document) -> Any:
    """Send one of the requests."""
    method, path, body = REQUESTS[name]
    path, _, query = path.format(bob=path_of(bob)).partition("?")
    return client(method, path, query=query, **({} if body is None else {"body": body}))


@pytest.mark.requirement("Z-05")
@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_is_asked(
    name: str, fresh: Scim, revoked: Revoked, bob: Document, caplog: pytest.LogCaptureFixture
) -> None:
    """401, not even with the answer to a mistake; nothing is written, and the log names no tenant."""
    client, backend = revoked(), service_of(fresh).backend
    before = backend.log("default", count=1000)
    caplog.set_level(logging.INFO)
    answer = send(client, name, bob)
    assert_refused(answer)
    assert b"bob" not in answer.data
    assert "tenant=- token=- " in caplog.text
    assert backend.log("default", count=1000) == before
    assert fresh.get(path_of(bob)).json == bob


@pytest.mark.requirement("Z-05", "Z-07")
def test_the_next_request_is_not_read(revoked: Revoked) -> None:
    """Once it is known that the token has ended, it is that of a stranger."""
    client, body = revoked(), io.BytesIO(b"{}")
    assert_refused(client.get("/Users"))
    assert_refused(client("POST", "/Users", environ={**UNREAD, "wsgi.input": body, "CONTENT_LENGTH": "2"}))
    assert body.tell() == 0


@pytest.mark.requirement("Z-06")
def test_a_token_that_only_read(revoked: Revoked) -> None:
    """401, and not that it may not write."""
    assert_refused(revoked(Kind.SCIM_READ).post("/Users", user("eve")))


def test_a_body_of_a_revoked_token_is_not_read(revoked: Revoked) -> None:
    """Nor waited for: it may never come."""
    body = io.BytesIO(b"{}")
    environ = {**UNREAD, "wsgi.input": body, "CONTENT_LENGTH": "2"}
    assert_refused(revoked()("POST", "/Users", environ=environ))
    assert body.tell() == 0


def test_another_credential_with_the_same_text(fresh: Scim) -> None:
    """Where another verifier knows the text too, whoever has it is let in as before."""
    service = service_of(fresh)
    text, token = service.tokens.create("default")
    other = Principal("default", "vault", frozenset({SCIM_SCOPE}))
    service.verifiers.append(lambda credential: other if credential == text else None)
    client = with_token(fresh, text)
    assert client.get("/Users").status_code == 200
    service.tokens.delete("default", token.id)
    assert [client.get("/Users").status_code for _ in range(3)] == [200] * 3


def test_a_token_with_too_many_requests(make_scim: Callable[..., Scim], monkeypatch: pytest.MonkeyPatch) -> None:
    """401, and not that it is to wait; nor is it counted."""

    def refuse_to_count(principal: Principal) -> None:
        raise AssertionError("it was counted")

    scim = make_scim(rate_limit="1/hour")
    service = service_of(scim)
    text, token = service.tokens.create("default")
    client = with_token(scim, text)
    assert client.get("/Users").status_code == 200
    assert client.get("/Users").status_code == 429
    service.tokens.delete("default", token.id)
    monkeypatch.setattr(service, "count", refuse_to_count)
    assert_refused(client.get("/Users"))


def test_the_host_is_not_asked_who_it_was(make_scim: Callable[..., Scim]) -> None:
    """The application is not told of a request by a token that has ended."""
    asked: list[str] = []

    def me(principal: Principal) -> None:
        asked.append(principal.token_id)

    scim = make_scim(me=me)
    service = service_of(scim)
    text, token = service.tokens.create("default")
    client = with_token(scim, text)
    assert client.get("/Me").status_code == 501
    service.tokens.delete("default", token.id)
    assert_refused(client.get("/Me"))
    assert asked == [token.id]


@pytest.mark.parametrize("name", ["user", "not JSON", "nothing", "create"])
def test_a_store_that_cannot_tell(
    name: str,
    fresh: Scim,
    revoked: Revoked,
    bob: Document,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """503: neither is the answer given that was ready, nor is the client told that its token has ended, nor is its
    tenant named in the log."""

    def fail(*_: object) -> None:
        raise StoreUnavailable("away")

    client, backend = revoked(), service_of(fresh).backend
    for method in ("_get", "_is_held", "_commit", "confirm"):
        monkeypatch.setattr(backend, method, fail)
    assert_error(send(client, name, bob), 503)
    assert "tenant=- token=- " in caplog.text


def test_steps_of_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """With Redis, what reads asks once, for its token too; a change asks for the token, looks, and reads and writes. A
    group that is sent whole has its members read between."""
    app = Flask("steps")
    BsrScim(app, backend=shared().uri())
    scim = Scim(app, token=current_token(app))
    bob = scim.user("bob")
    group = scim.post("/Groups", {"schemas": [GROUP], "displayName": "g", "members": [{"value": bob["id"]}]}).json
    scim("PUT", path_of(group), {"schemas": [GROUP], "displayName": "g", "members": [{"value": bob["id"]}]})
    scim.get(path_of(bob))
    sent = counting(monkeypatch)
    for steps, method, path, body in (
        (1, "GET", path_of(bob), None),
        (1, "HEAD", path_of(bob), None),
        (1, "GET", '/Users?filter=userName eq "bob"', None),
        (1, "GET", "/Users?count=10", None),
        (1, "GET", "/Schemas", None),
        (3, "POST", "/Users", user("ann")),
        (4, "PATCH", path_of(bob), RENAMED),
        (5, "PUT", path_of(group), {"schemas": [GROUP], "displayName": "g", "members": []}),
    ):
        path, _, query = path.partition("?")
        assert scim(method, path, query=query, **({} if body is None else {"body": body})).status_code < 300
        assert len(sent) == steps
        sent.clear()


def current_token(app: Flask) -> str:
    """Return a new token of an application."""
    with app.app_context():
        return current_service().tokens.create("default")[0]
