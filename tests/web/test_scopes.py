"""Scopes: what `scim` and `scim.read` allow (RFC 6750 §3.1)."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.principal import READ_SCOPE, SCIM_SCOPE, Principal
from tests.client import PREFIX, TOKEN, Scim, assert_error, path_of, user
from tests.web.test_guard import METHODS, RULES, UNREAD, assert_refused, service_of, with_token

SEARCHES = {path for path in RULES if path.endswith("/.search")}
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
GRANTED = {
    "r" * 20: {READ_SCOPE},
    "n" * 20: set(),
    "b" * 20: {READ_SCOPE, SCIM_SCOPE},
    "o" * 20: {"admin", "scim.write"},
}


@pytest.fixture(scope="module")
def scim() -> Scim:
    """A client with all rights, of an application that has tokens with fewer."""
    app = Flask("scopes")
    BsrScim(app, backend="memory://", token=TOKEN)
    client = Scim(app)

    def verify(text: str) -> Principal | None:
        return Principal("default", text[:1], frozenset(GRANTED[text])) if text in GRANTED else None

    service_of(client).verifiers.append(verify)
    return client


@pytest.fixture
def reader(scim: Scim) -> Scim:
    """A client that may only read."""
    return with_token(scim, "r" * 20)


def assert_insufficient(response: TestResponse, detail: str = "has the scope scim.read, and this needs scim.") -> None:
    """Check that an answer says which scope is needed."""
    assert response.status_code == 403
    expected = 'Bearer realm="SCIM", error="insufficient_scope", scope="scim"'
    assert response.headers["WWW-Authenticate"] == expected
    if response.request.method != "HEAD":
        assert_error(response, 403, None, detail)


@pytest.mark.parametrize("path", RULES)
@pytest.mark.parametrize("method", METHODS)
def test_only_reading_passes(method: str, path: str, reader: Scim) -> None:
    """On every rule GET, HEAD and POST of `.search` pass, whatever they answer; nothing else does, its body unread."""
    if method in ("GET", "HEAD") or (method == "POST" and path in SEARCHES):
        response = reader(method, path)
        assert response.status_code != 403
    else:
        assert_insufficient(reader(method, path, environ=UNREAD))


def test_a_reader_reads(scim: Scim, reader: Scim) -> None:
    """The answers are those that a token with all rights gets."""
    bob = scim.user("bob")
    assert reader.get(path_of(bob)).json == bob
    assert reader.names(filter='userName eq "bob"') == ["bob"]
    found = reader.post("/Users/.search", {"schemas": [SEARCH], "filter": 'userName eq "bob"'})
    assert found.json["Resources"] == [bob]
    assert_insufficient(reader.delete(path_of(bob)))
    assert scim.get(path_of(bob)).status_code == 200


@pytest.mark.parametrize("kind", [Kind.SCIM_READ, "nothing"])
def test_who_may_not_is_known(kind: str, make_scim: Callable[..., Scim], caplog: pytest.LogCaptureFixture) -> None:
    """The refusal is logged and recorded as that of the token, in its tenant and in no other."""
    caplog.set_level(logging.INFO)
    scim = make_scim(console=True)
    service = service_of(scim)
    service.open("acme")
    text, token = service.tokens.create("acme", Kind.SCIM_READ)
    if kind == "nothing":
        service.verifiers[:] = [lambda _: Principal("acme", token.id, frozenset())]
    path = "/Users/an-id" if kind == "nothing" else "/Users/an-id-of-acme"
    assert with_token(scim, text).delete(path).status_code == 403
    assert f"tenant=acme token={token.id} " in caplog.text
    assert service.recorder is not None
    service.recorder.flush()
    assert service.backend.journal("default") == []
    (entry,) = service.backend.journal("acme")
    assert path in entry.text
    assert token.id in entry.text


def test_the_walk_has_searches() -> None:
    """The table of rules has those of the root and of two types."""
    assert {path.replace("//", "/") for path in SEARCHES} == {"/.search", "/Users/.search", "/Groups/.search"}


@pytest.mark.parametrize(
    ("method", "path", "environ"),
    [
        pytest.param("POST", "/Users/x/.search", {}, id="below a resource"),
        pytest.param("POST", "/Bulk/.search", {}, id="below the bulk endpoint"),
        pytest.param("POST", "/Users", {"QUERY_STRING": "x=/.search"}, id="in the query"),
        pytest.param("POST", "", {"PATH_INFO": f"{PREFIX}/Users;/.search"}, id="behind a semicolon"),
        pytest.param("DELETE", "/Users/.search", {}, id="another method"),
        pytest.param("POST", "/Users", {"HTTP_X_HTTP_METHOD_OVERRIDE": "GET"}, id="a method in a header"),
        pytest.param("get", "/Users", {}, id="a method in lower case"),
    ],
)
def test_no_path_deceives(method: str, path: str, environ: dict[str, str], reader: Scim) -> None:
    """What counts is the endpoint that answers."""
    response = reader(method, path, environ={**environ, **UNREAD})
    assert response.status_code == 403 or (method == "get" and response.status_code in (200, 405))


@pytest.mark.parametrize("token", ["n" * 20, "o" * 20], ids=["no scope", "other scopes"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_a_scope_nothing_is_allowed(method: str, token: str, scim: Scim) -> None:
    """A token that is good and has neither scope is told which there are."""
    response = with_token(scim, token)(method, "/Users", environ=UNREAD)
    assert_insufficient(response, "it has neither the scope scim nor scim.read.")


def test_a_stored_token_may_be_for_reading_alone(scim: Scim) -> None:
    """The token's kind is what it was made with: its prefix says so, and cannot be changed for another."""
    text, _ = service_of(scim).tokens.create("default", Kind.SCIM_READ)
    reader = with_token(scim, text)
    assert text.startswith("bsrscimread_default_")
    assert reader.get("/Users").status_code == 200
    assert_insufficient(reader.post("/Users", user("x")))
    assert_refused(with_token(scim, text.replace("bsrscimread_", "bsrscim_")).get("/Users"))
    other, _ = service_of(scim).tokens.create("default")
    assert_refused(with_token(scim, other.replace("bsrscim_", "bsrscimread_")).get("/Users"))


def test_both_scopes_are_all_rights(scim: Scim) -> None:
    """`scim` includes `scim.read`, and is not made less by it."""
    assert with_token(scim, "b" * 20).user("both")["userName"] == "both"
