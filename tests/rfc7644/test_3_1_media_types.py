"""RFC 7644 §3.1 and §3.8: media types, encodings and the headers of every answer."""

import json
from urllib.parse import urlsplit

import pytest

from flask_bsr_scim.schema import Document
from tests.client import Scim, assert_error, path_of, user

WORKING = [
    pytest.param("application/scim+json", id="W-01"),
    pytest.param("application/scim+json; charset=utf-8", id="W-01 charset"),
    pytest.param('application/scim+json;charset="UTF-8"', id="W-01 charset in quotes"),
    pytest.param("application/scim+json; charset=utf8; version=2.0; odata=verbose", id="W-01 more parameters"),
    pytest.param("application/scim+json;", id="W-01 a loose end"),
    pytest.param("APPLICATION/SCIM+JSON", id="W-01 upper case"),
    pytest.param("application/json", id="W-03"),
    pytest.param("application/json; charset=utf-8", id="W-03 charset"),
    pytest.param("", id="W-05 empty"),
    pytest.param(None, id="W-05 none"),
]
REFUSED = [
    "text/plain",
    "text/json",
    "application/xml",
    "application/scim+xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json-patch+json",
    "application/octet-stream",
    "application/scim+json; charset=utf-16",
    "application/scim+json; charset=latin-1",
    "application/scim+json, text/plain",
    "application/scim+jsonx",
    "*/*",
    "nonsense",
]


@pytest.mark.requirement("W-01", "W-03")
@pytest.mark.parametrize("media_type", WORKING)
def test_json_is_taken(media_type: str | None, scim: Scim) -> None:
    """By its types, with every method that has a body."""
    headers = {"Content-Type": media_type}
    bob = scim.post("/Users", user("bob"), headers=headers)
    assert bob.status_code == 201
    assert scim.put(path_of(bob.json), user("rob"), headers=headers).status_code == 200
    operation = {"op": "replace", "path": "active", "value": False}
    assert scim.patch(path_of(bob.json), operation, headers=headers).json["active"] is False


@pytest.mark.requirement("W-05")
@pytest.mark.parametrize("media_type", REFUSED)
def test_other_types_are_refused(media_type: str, scim: Scim) -> None:
    """415, and nothing is stored."""
    bob = scim.user("bob")
    headers = {"Content-Type": media_type}
    operation = {"op": "replace", "path": "active", "value": False}
    for response in (
        scim.post("/Users", user("ann"), headers=headers),
        scim.put(path_of(bob), user("ann"), headers=headers),
        scim.patch(path_of(bob), operation, headers=headers),
    ):
        assert_error(response, 415, None, "application/scim+json")
    assert scim.get("/Users").json["Resources"] == [bob]


@pytest.mark.requirement("W-02", "W-03", "W-04", "W-05")
@pytest.mark.parametrize(
    "accept",
    ["application/scim+json", "application/json", "application/scim+json, application/json;q=0.5", "*/*", "", None,
     "text/html", "image/png;q=0.1", "application/scim+json;q=0", "nonsense", ";;;,,,", "*"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/Users", "/Users/x", "/Schemas", "/x"])
def test_the_answer_has_one_type(path: str, accept: str | None, scim: Scim) -> None:
    """Exactly `application/scim+json`, whatever Accept says; errors too."""
    response = scim.get(path, headers={"Accept": accept})
    assert response.headers["Content-Type"] == "application/scim+json"


@pytest.mark.requirement("W-06")
def test_text_is_utf_8(scim: Scim) -> None:
    """In and out, escaped or not; a length counts bytes."""
    sent: Document = user("zoë", externalId="日本 😀")
    for number, ascii_only in enumerate((True, False)):
        body = json.dumps({**sent, "userName": f"zoë{number}"}, ensure_ascii=ascii_only).encode()
        response = scim.post("/Users", body)
        assert response.json["externalId"] == "日本 😀"
        assert "日本 😀".encode() in response.data
        assert int(response.headers["Content-Length"]) == len(response.data)


@pytest.mark.requirement("Z-14")
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/Users"), ("GET", "/Users/x"), ("POST", "/Users"), ("GET", "/Schemas"), ("GET", "/ServiceProviderConfig"),
     ("PURGE", "/x"), ("DELETE", "/Users/x")],
)  # fmt: skip
def test_nothing_may_be_cached(method: str, path: str, scim: Scim) -> None:
    """Answers are about people; errors too."""
    assert scim(method, path, user("bob")).headers["Cache-Control"] == "no-store"


def test_an_answer_sets_no_cookie(scim: Scim) -> None:
    """A bearer token is all the state that there is."""
    for response in (scim.post("/Users", user("bob")), scim.get("/Users"), scim.get("/x")):
        assert "Set-Cookie" not in response.headers


def test_locations_are_absolute_uris_in_ascii(scim: Scim) -> None:
    """§3.1: whatever the resource holds."""
    location = scim.user("zoë 日本")["meta"]["location"]
    assert location.isascii()
    assert urlsplit(location).scheme == "http"
    assert urlsplit(location).path.startswith("/scim/v2/Users/")
