"""RFC 7644 §3.12: errors. Form and type are checked by the client with every answer; here is one of each kind."""

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from flask_bsr_scim.schema import Document
from tests.client import ERROR, PATCH, USER, Scim, assert_error, path_of, user

Ask = Callable[[Scim, Document], TestResponse]


def patched(**operation: object) -> Ask:
    """Return a request that changes a user."""
    return lambda scim, bob: scim.patch(path_of(bob), operation)


CASES = [
    pytest.param(lambda s, b: s.get("/Users", query={"filter": "x"}), 400, "invalidFilter", id="invalidFilter"),
    pytest.param(lambda s, b: s.get("/Users", query={"sortBy": "x"}), 400, "invalidPath", id="invalidPath of sortBy"),
    pytest.param(lambda s, b: s.get("/Users", query={"count": "x"}), 400, "invalidValue", id="invalidValue of count"),
    pytest.param(lambda s, b: s.post("/Users", []), 400, "invalidSyntax", id="invalidSyntax"),
    pytest.param(lambda s, b: s.post("/Users", user("")), 400, "invalidValue", id="invalidValue"),
    pytest.param(lambda s, b: s.post("/Users", user("bob")), 409, "uniqueness", id="uniqueness"),
    pytest.param(patched(op="remove", path="id"), 400, "mutability", id="mutability"),
    pytest.param(patched(op="remove", path="userName"), 400, "mutability", id="mutability of a required value"),
    pytest.param(patched(op="remove", path="x"), 400, "invalidPath", id="invalidPath"),
    pytest.param(patched(op="remove"), 400, "noTarget", id="noTarget"),
    pytest.param(patched(op="x", path="name"), 400, "invalidSyntax", id="invalidSyntax of an operation"),
    pytest.param(lambda s, b: s.get("/Users", headers={"Authorization": None}), 401, None, id="401"),
    pytest.param(lambda s, b: s.get("/Schemas", query={"filter": "x"}), 403, None, id="403"),
    pytest.param(lambda s, b: s.get("/Users/x"), 404, None, id="404"),
    pytest.param(lambda s, b: s.get("/x"), 404, None, id="404 of a path"),
    pytest.param(lambda s, b: s.delete("/Users"), 405, None, id="405"),
    pytest.param(lambda s, b: s.delete(path_of(b), headers={"If-Match": '"x"'}), 412, None, id="412"),
    pytest.param(lambda s, b: s.post("/Users", b" " * 2_000_001), 413, None, id="413"),
    pytest.param(lambda s, b: s.post("/Users", {}, headers={"Content-Type": "text/xml"}), 415, None, id="415"),
    pytest.param(lambda s, b: s.get("/Me"), 501, None, id="501"),
]


@pytest.mark.requirement("N-01", "N-02", "N-03", "N-04", "N-05", "N-06")
@pytest.mark.parametrize(("ask", "status", "scim_type"), CASES)
def test_an_error_has_its_form(ask: Ask, status: int, scim_type: str | None, scim: Scim) -> None:
    """Schemas, status as text, scimType where one is defined, and a sentence to read."""
    response = ask(scim, scim.user("bob"))
    assert_error(response, status, scim_type)
    error = response.json
    assert error.keys() == {"schemas", "status", "detail"} | ({"scimType"} if scim_type else set())
    assert error["schemas"] == [ERROR]
    assert error["status"] == str(status)
    assert error["detail"].endswith(".")


@pytest.mark.requirement("N-07")
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/Users", "GET, HEAD, POST"),
        ("/Users/x", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/Groups", "GET, HEAD, POST"),
        ("/Groups/x", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/Schemas", "GET, HEAD"),
        ("/Schemas/x", "GET, HEAD"),
        ("/ResourceTypes/x", "GET, HEAD"),
        ("/ServiceProviderConfig", "GET, HEAD"),
        ("/Bulk", "POST"),
    ],
)
@pytest.mark.parametrize("method", ["OPTIONS", "PURGE"])
def test_405_says_what_works(method: str, path: str, allowed: str, scim: Scim) -> None:
    """In Allow, and in the sentence."""
    response = scim(method, path)
    assert_error(response, 405, None, allowed)
    assert response.headers["Allow"] == allowed


@pytest.mark.requirement("N-03")
@pytest.mark.parametrize(
    ("ask", "words"),
    [
        pytest.param(lambda s, b: s.post("/Users", user("BOB")), ["userName", "BOB"], id="a name that is taken"),
        pytest.param(
            lambda s, b: s.post("/Users", {"schemas": [USER]}), ["userName", "required"], id="a missing value"
        ),
        pytest.param(lambda s, b: s.post("/Users", user("x", active=5)), ["active", "5"], id="a wrong value"),
        pytest.param(lambda s, b: s.post("/Users", user("x" * 2000)), ["userName", "2000", "1024"], id="a long value"),
        pytest.param(lambda s, b: s.get("/Users/5"), ["User", "5"], id="an unknown id"),
        pytest.param(
            lambda s, b: s.get("/Users", query={"filter": 'userName eq "a" andd'}),
            ["character 17", "'and', 'or'"],
            id="a filter",
        ),
        pytest.param(lambda s, b: s("PATCH", path_of(b), {"schemas": [PATCH]}), ["operations"], id="no operations"),
        pytest.param(lambda s, b: s.post("/Users", b'{"a":\n 1 2}'), ["line 2", "column 4"], id="JSON"),
    ],
)
def test_an_error_says_what_to_change(ask: Ask, words: list[str], scim: Scim) -> None:
    """Which attribute, which value, where."""
    response = ask(scim, scim.user("bob"))
    for word in words:
        assert word in response.json["detail"]


@pytest.mark.requirement("N-03")
@pytest.mark.parametrize(
    "value", ["x" * 5000, "<script>alert(1)</script>", "a\nb\r\nc", "\u202e\u2028", "\x1b[31m", '"']
)
def test_an_error_shows_values_safely(value: str, scim: Scim) -> None:
    """Shortened, on one line, and never as HTML."""
    bob = scim.user("bob")
    for response in (
        scim.post("/Users", user("x", active=value)),
        scim.get("/Users", query={"filter": f"userName eq -{value}"}),
        scim.get("/Users", query={"sortBy": value}),
        scim.patch(path_of(bob), {"op": "remove", "path": value}),
        scim.patch(path_of(bob), {"op": value, "path": "name"}),
        scim.post("/Groups", {"schemas": [USER.replace("User", "Group")], "displayName": "g", "members": [value]}),
    ):
        assert response.status_code == 400
        assert len(response.text) < 500
        assert response.headers["Content-Type"] == "application/scim+json"
        assert "\n" not in response.text
