"""The transcripts' own judgement: what is right passes, and what is wrong is found."""

import json
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from flask_bsr_scim import BsrScim
from flask_bsr_scim.registry.errors import RegistryError
from tests.idp.conftest import TOKEN, Replay
from tests.idp.matching import ABSENT, Names, differences, expand
from tests.idp.registry import RegistrySide
from tests.idp.rules import STORED, faults

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


def test_capture_of_a_location() -> None:
    """The id at the end of a URL is captured, when the URL is below the endpoint."""
    names: dict[str, str] = {}
    assert list(differences("<locating Users/ana>", "https://scim.example.com/scim/v2/Users/4711", names)) == []
    assert names == {"ana": "4711"}
    for other in ("https://scim.example.com/scim/v2/Groups/1", "https://scim.example.com/scim/v2/Users/", "/Users/1"):
        assert list(differences("<locating Users/ben>", other, names)) != []
    assert names == {"ana": "4711"}


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
    assert list(faults({"path": "/Users"}, answer(status, body, headers), {SECRET}, STORED["bsr"])) == []


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
    assert list(faults({"path": "/Users"}, answer(status, body, headers), {SECRET}, STORED["bsr"])) != []


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"path": "/Users?count=1&cursor="}, id="in the query"),
        pytest.param({"path": "/Users/.search", "body": {"cursor": "x"}}, id="in the body"),
    ],
)
def test_a_page_by_cursor(request_: dict[str, Any]) -> None:
    """A page by cursor has no startIndex, and all others have it (RFC 9865 §2)."""
    page = {name: value for name, value in LIST.items() if name != "startIndex"}
    assert list(faults(request_, answer(200, page, {}), {SECRET}, STORED["bsr"])) == []
    assert list(faults(request_, answer(200, LIST, {}), {SECRET}, STORED["bsr"])) != []
    assert list(faults({"path": "/Users?count=1"}, answer(200, page, {}), {SECRET}, STORED["bsr"])) != []


@pytest.mark.parametrize(
    ("request_", "is_right"),
    [
        ({"path": "/Users?attributes=userName"}, True),
        ({"path": "/Users?excludedAttributes=meta"}, True),
        ({"path": "/Users/.search", "body": {"attributes": ["userName"]}}, True),
        ({"path": "/Users/.search", "body": {"filter": 'title eq "attributes="'}}, False),
    ],
)
def test_a_selection_of_attributes(request_: dict[str, Any], is_right: bool) -> None:
    """A resource has its meta, unless attributes were chosen."""
    page = LIST | {"Resources": [{name: value for name, value in USER.items() if name != "meta"}]}
    found = [*faults(request_, answer(200, page, {}), {SECRET}, STORED["bsr"])]
    assert (found == []) is is_right


DONE = {"method": "POST", "bulkId": "1", "status": "201", "location": META["location"], "version": 'W/"1"'}
REFUSED = {"method": "POST", "bulkId": "2", "status": "404", "response": ERROR}


@pytest.mark.parametrize(
    ("operation", "is_right"),
    [
        pytest.param(DONE, True, id="done"),
        pytest.param(REFUSED, True, id="refused"),
        pytest.param(DONE | {"status": 201}, False, id="status a number"),
        pytest.param(DONE | {"location": "/Users/1"}, False, id="relative location"),
        pytest.param(DONE | {"status": "204", "location": None}, False, id="null"),
        pytest.param(REFUSED | {"response": ERROR | {"status": "400"}}, False, id="another status"),
        pytest.param(REFUSED | {"response": {}}, False, id="no Error"),
    ],
)
def test_a_bulk_response(operation: dict[str, Any], is_right: bool) -> None:
    """The answer to a bulk request is no resource, and its operations have rules of their own (RFC 7644 §3.7.3)."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": [operation]}
    found = [*faults({"path": "/Bulk"}, answer(200, body, {}), {SECRET}, STORED["bsr"])]
    assert (found == []) is is_right


@pytest.fixture
def app() -> Flask:
    """An application with an empty store."""
    made = Flask("harness")
    BsrScim(made, backend="memory://", token=TOKEN)
    return made


@pytest.fixture
def registry(app: Flask) -> tuple[RegistrySide, Names]:
    """A registry with Ana, who signed in and has two roles, and an administrator."""
    side = RegistrySide(app)
    ana = side.do("signIns", "ana", {"email": "ana@example.com", "groups": ["Engineers"]})
    root = side.do("admins", "root", "root@example.com")
    assert ana is not None
    assert root is not None
    side.do("mappings", "acme", {"Engineers": "MEMBER"})
    side.do("roles", "acme/protos", {ana: "WRITE"})
    return side, {"ana": ana, "root": root}


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"roles": {"acme": {"{ana}": "MEMBER IDP_GROUP Engineers"}}}, id="organization"),
        pytest.param({"roles": {"acme/protos": {"{ana}": "WRITE DIRECT"}}}, id="repository"),
        pytest.param({"users": {"{ana}": {"username": "ana", "provisioned": False, "apiTokens": 0}}}, id="user"),
        pytest.param({"users": {"{root}": {"serverRole": "ADMIN", "apiTokens": 1}}}, id="administrator"),
    ],
)
def test_registry_match(registry: tuple[RegistrySide, Names], expected: dict[str, Any]) -> None:
    """What the registry says as expected matches."""
    side, names = registry
    assert list(side.differences(expected, names)) == []


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"roles": {"acme": {}}}, id="somebody more"),
        pytest.param({"roles": {"acme": {"{ana}": "ADMIN IDP_GROUP Engineers"}}}, id="another role"),
        pytest.param({"roles": {"acme": {"{ana}": "MEMBER DIRECT"}}}, id="another source"),
        pytest.param({"roles": {"acme": {"{anna}": "MEMBER IDP_GROUP Engineers"}}}, id="unknown name"),
        pytest.param({"users": {"{ana}": {"username": "ana-2"}}}, id="another handle"),
        pytest.param({"users": {"{ana}": {"email": "<absent>"}}}, id="an address"),
        pytest.param({"users": {"{ana}": {"handle": "ana"}}}, id="unknown member"),
    ],
)
def test_registry_mismatch(registry: tuple[RegistrySide, Names], expected: dict[str, Any]) -> None:
    """What the registry says otherwise, or of others too, is found."""
    side, names = registry
    assert list(side.differences(expected, names)) != []


@pytest.mark.parametrize(
    ("deed", "name", "value"),
    [
        pytest.param("mappings", "acme", {"Engineers": None}, id="unmapped"),
        pytest.param("active", "{ana}", False, id="deactivated"),
        pytest.param("signIns", "again", {"email": "ana@example.com", "groups": []}, id="signed in without the group"),
    ],
)
def test_deeds_end_roles(registry: tuple[RegistrySide, Names], deed: str, name: str, value: Any) -> None:
    """What is done beside SCIM is done."""
    side, names = registry
    side.do(deed, name.format(**names), value)
    assert list(side.differences({"roles": {"acme": {}}}, names)) == []


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param({"roles": {"acne": {}}}, id="organization"),
        pytest.param({"roles": {"acme/protocols": {}}}, id="repository"),
        pytest.param({"users": {"{anna}": {}}}, id="user"),
    ],
)
def test_registry_without_it(registry: tuple[RegistrySide, Names], expected: dict[str, Any]) -> None:
    """A place or user that is misspelt is an error, and is not made."""
    side, names = registry
    with pytest.raises(RegistryError, match="There is no"):
        list(side.differences(expected, names))


def test_replay_beside(app: Flask) -> None:
    """What happens beside SCIM comes before the request of its exchange, and the registry is looked at behind it."""
    create = {
        "note": "taken over",
        "beside": {"signIns": {"ana": "ana@example.com"}},
        "request": {"method": "POST", "path": "/Users", "body": {"schemas": [USER_URN], "userName": "ana@example.com"}},
        "response": {"status": 201, "body": {"id": "{ana}"}},
        "registry": {"users": {"{ana}": {"provisioned": True}}},
    }
    locked_out = {
        "note": "locked out",
        "beside": {"active": {"{ana}": False}},
        "registry": {"users": {"{ana}": {"active": True}}},
    }
    with pytest.raises(AssertionError, match=r"exchange 2 \(locked out\)\n *- registry user .*active: expected true"):
        Replay(app, "bsr")({"client": "okta", "exchanges": [create, locked_out]})
