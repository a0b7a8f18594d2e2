"""The transcripts' own judgement: what is right passes, and what is wrong is found."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from tests.idp.matching import ABSENT, differences, expand
from tests.idp.rules import faults

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
META = {
    "resourceType": "User",
    "created": "2026-01-01T00:00:00Z",
    "lastModified": "2026-01-01T00:00:00Z",
    "location": "https://scim.example.com/scim/v2/Users/1",
    "version": 'W/"1"',
}
USER = {"schemas": [USER_URN], "id": "1", "userName": "ana", "meta": META}
LIST = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    "totalResults": 1,
    "startIndex": 1,
    "itemsPerPage": 1,
    "Resources": [USER],
}
ERROR = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
    "status": "404",
    "detail": "There is no such user.",
}
HEADERS = {"Content-Type": "application/scim+json", "ETag": META["version"], "Content-Location": META["location"]}
SECRET = "a-token-that-nobody-repeats"


def answer(status: int, body: Any, headers: dict[str, Any]) -> TestResponse:
    """Return a response as the test client gives it."""
    data = [] if body is None else [json.dumps(body).encode()]
    sent = [(name, value) for name, value in (HEADERS | headers).items() if value is not None]
    return TestResponse(data, f"{status} Any", sent, Request({}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        pytest.param({"a": 1}, {"a": 1, "b": 2}, id="a member more"),
        pytest.param({"a": "<absent>"}, {}, id="absent"),
        pytest.param([1, {"b": 2}], [1, {"b": 2, "c": 3}], id="list"),
        pytest.param(["<any order>", {"v": 1}, {"v": 2}], [{"v": 2}, {"v": 1}], id="any order"),
        pytest.param("<any>", False, id="any"),
        pytest.param("<string>", "x", id="string"),
        pytest.param("<list of 2>", [0, 0], id="list of"),
        pytest.param("<timestamp>", "2026-01-01T00:00:00.5Z", id="timestamp"),
        pytest.param("<containing userName, {name}>", 'userName "value" is taken', id="containing"),
        pytest.param("<starting Bear>", "Bearer", id="starting"),
        pytest.param("<url Users/{name}>", "https://scim.example.com/scim/v2/Users/value", id="url"),
        pytest.param("{name}", "value", id="name"),
    ],
)
def test_match(expected: Any, actual: Any) -> None:
    """A value that is as the transcript says matches."""
    assert list(differences(expected, actual, {"name": "value"})) == []


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        pytest.param({"a": 1}, {"b": 1}, id="member missing"),
        pytest.param({"a": 1}, [], id="no object"),
        pytest.param("<absent>", None, id="null is not absent"),
        pytest.param("<any>", ABSENT, id="any of nothing"),
        pytest.param([], [1], id="longer list"),
        pytest.param([1, 2], [2, 1], id="order"),
        pytest.param(["<any order>", {"v": 1}, {"v": 1}], [{"v": 1}, {"v": 2}], id="each once"),
        pytest.param(1, True, id="true is not 1"),
        pytest.param("<string>", "", id="empty string"),
        pytest.param("<list of 2>", [0], id="shorter list"),
        pytest.param("<timestamp>", "2026-01-01T00:00:00", id="no zone"),
        pytest.param("<containing userName, ben>", "userName ana", id="part missing"),
        pytest.param("<url Users/1>", "/Users/1", id="relative"),
        pytest.param("<capture id>", "", id="empty capture"),
        pytest.param("{name}", "value", id="unknown name"),
    ],
)
def test_mismatch(expected: Any, actual: Any) -> None:
    """A value that is not as the transcript says is found."""
    assert list(differences(expected, actual, {})) != []


def test_unknown_matcher() -> None:
    """A misspelt matcher is an error, and matches nothing."""
    with pytest.raises(AssertionError, match="no matcher <strin>"):
        list(differences("<strin>", "<strin>", {}))


def test_capture() -> None:
    """What is captured in one place is expected in the next."""
    names: dict[str, str] = {}
    assert list(differences({"id": "<capture ana>"}, {"id": "4711"}, names)) == []
    assert list(differences({"id": "{ana}"}, {"id": "4711"}, names)) == []
    assert list(differences({"id": "{ana}"}, {"id": "4712"}, names)) != []


def test_repeat() -> None:
    """A repetition is written out in lists and in objects, and counts from 1."""
    assert expand([{"<repeat 2>": {"value": "{user{n}}"}}]) == [{"value": "{user1}"}, {"value": "{user2}"}]
    assert expand({"<repeat 2> user{n}": "u{n}@example.com"}) == {
        "user1": "u1@example.com",
        "user2": "u2@example.com",
    }


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        pytest.param(200, USER, {}, id="user"),
        pytest.param(200, LIST, {}, id="list"),
        pytest.param(404, ERROR, {}, id="error"),
        pytest.param(204, None, {"Content-Type": None}, id="no content"),
    ],
)
def test_no_fault(status: int, body: Any, headers: dict[str, Any]) -> None:
    """A right answer has no fault."""
    assert list(faults("/Users", answer(status, body, headers), {SECRET})) == []


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        pytest.param(308, USER, {}, id="redirect"),
        pytest.param(200, USER, {"Content-Type": "application/json"}, id="Content-Type"),
        pytest.param(204, USER, {"Content-Type": None}, id="body with 204"),
        pytest.param(204, None, {}, id="Content-Type with 204"),
        pytest.param(200, USER | {"name": {"password": "x"}}, {}, id="password"),
        pytest.param(200, USER | {"externalId": SECRET}, {}, id="secret"),
        pytest.param(200, USER | {"title": "Engineer"}, {}, id="not stored"),
        pytest.param(200, USER | {"externalId": None}, {}, id="null"),
        pytest.param(200, USER | {"meta": META | {"location": "/Users/1"}}, {}, id="relative location"),
        pytest.param(200, USER | {"meta": META | {"created": "2026-01-01"}}, {}, id="no time"),
        pytest.param(200, {name: USER[name] for name in ("schemas", "id")}, {}, id="no meta"),
        pytest.param(200, USER | {"id": "2"}, {}, id="other id"),
        pytest.param(200, USER | {"id": "bulkId:1"}, {}, id="reserved id"),
        pytest.param(200, USER | {"schemas": [USER_URN, USER_URN]}, {}, id="schemas twice"),
        pytest.param(200, USER | {"groups": [{"value": "7", "$ref": "Groups/7"}]}, {}, id="relative $ref"),
        pytest.param(200, USER, {"ETag": 'W/"2"'}, id="ETag"),
        pytest.param(200, USER, {"Content-Location": None}, id="no Content-Location"),
        pytest.param(201, USER, {}, id="no Location"),
        pytest.param(200, LIST | {"startIndex": "1"}, {}, id="string startIndex"),
        pytest.param(200, LIST | {"totalResults": True}, {}, id="boolean totalResults"),
        pytest.param(200, LIST | {"itemsPerPage": 100}, {}, id="itemsPerPage requested"),
        pytest.param(200, LIST | {"Resources": None}, {}, id="no Resources"),
        pytest.param(404, ERROR | {"status": 404}, {}, id="status a number"),
        pytest.param(404, ERROR | {"detail": "<p>no</p>"}, {}, id="HTML"),
        pytest.param(404, ERROR | {"detail": "two\nlines"}, {}, id="two lines"),
        pytest.param(404, ERROR | {"scimType": "noTarget"}, {}, id="scimType with 404"),
        pytest.param(404, {"detail": "no"}, {}, id="no Error"),
    ],
)
def test_fault(status: int, body: Any, headers: dict[str, Any]) -> None:
    """An answer that breaks a rule for all of them is found."""
    assert list(faults("/Users", answer(status, body, headers), {SECRET})) != []
