"""Bad input: paths, methods, headers, and bodies that are JSON and mean nothing."""

import time
from typing import Any

import pytest

from flask_bsr_scim.schema import Document
from tests.client import GROUP, LIST, PATCH, PREFIX, USER, Scim, assert_error, path_of, user

TEN = "x" * 10_000


@pytest.mark.requirement("D-29")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "PURGE"])
@pytest.mark.parametrize(
    "path",
    [
        "/Users/\0",
        "/Users/ ",
        "/Users/%00",
        "/Users/..",
        "/Users/../Groups",
        "/Users/./x",
        "/Users//x",
        "/Users/x/y",
        "/Users/x/",
        "/Users\0",
        "/Users;x",
        "/Users\n",
        "/Users/a\nb",
        "/Users/\xff\xfe",
        "/Users/<x>",
        pytest.param(f"/Users/{TEN}", id="a long id"),
        pytest.param(f"/{'x/' * 5_000}", id="many parts"),
        pytest.param("/" * 5_000, id="many slashes"),
        "/users",
        "/Userss",
        "/.well-known",
        "/%2e%2e",
        "/Schemas/x",
        "/Schemas//",
        "/ResourceTypes/user",
        "/ResourceTypes/Token",
        "/Token",
        "/Tokens",
        "/<endpoint>",
    ],
)
def test_an_odd_path_leads_nowhere(method: str, path: str, reading: Scim) -> None:
    """Whatever is no endpoint and no resource is a SCIM Error, whatever the method."""
    body = {"schemas": [USER, PATCH], "userName": "u", "Operations": [{"op": "remove", "path": "name"}]}
    response = reading(method, "", body, environ={"PATH_INFO": PREFIX + path})
    assert response.status_code in (404, 405, 501)
    assert len(response.data) < 500
    assert reading.names() == []


def test_two_slashes_are_one(scim: Scim) -> None:
    """A base URL that was entered with a slash at its end works."""
    bob = scim.user()
    assert scim.get("//Users").json["totalResults"] == 1
    assert scim.get(f"//Users/{bob['id']}").json == bob


@pytest.mark.requirement("N-07")
@pytest.mark.parametrize(
    "method",
    ["OPTIONS", "TRACE", "CONNECT", "PURGE", "PROPFIND", "X", "G\xc9T", "GET POST", "*", "<x>", TEN],
    ids=lambda method: method[:10],
)
@pytest.mark.parametrize("path", ["/Users", "/Users/x", "/Schemas", "/ServiceProviderConfig", "/Me"])
def test_other_methods_are_not_allowed(path: str, method: str, reading: Scim) -> None:
    """405 says to whatever method which ones are allowed."""
    response = reading("GET", path, environ={"REQUEST_METHOD": method})
    assert_error(response, 405)
    assert "GET" in response.headers["Allow"]
    assert len(response.text) < 300


HEADERS = {
    "Accept": TEN,
    "Accept-Charset": "\xff",
    "Accept-Encoding": "gzip, br, *;q=0",
    "Accept-Language": "," * 10_000,
    "Connection": "Upgrade",
    "Cookie": "a=b; " * 10_000,
    "Date": "never",
    "Expect": "100-continue",
    "Forwarded": 'for="_x";host=evil',
    "If-Modified-Since": "\0",
    "If-None-Match": '"' * 10_000,
    "If-Range": "x",
    "Max-Forwards": "-1",
    "Origin": "null",
    "Range": "bytes=5-1",
    "Referer": "javascript:alert(1)",
    "Te": "trailers",
    "Transfer-Encoding": "identity, chunked",
    "Upgrade": "h2c",
    "User-Agent": "\xff" * 10_000,
    "X-Http-Method-Override": "DELETE",
    "X-Original-Url": "/admin",
    "X-Request-Id": TEN,
}


@pytest.mark.parametrize("name", HEADERS)
def test_an_odd_header_changes_nothing(name: str, scim: Scim) -> None:
    """Headers that mean nothing here are not looked at, whatever they hold."""
    bob = scim.user()
    response = scim.get(path_of(bob), environ={f"HTTP_{name.upper().replace('-', '_')}": HEADERS[name]})
    assert response.status_code == 200
    assert response.json == bob


@pytest.mark.requirement("V-11")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "tags",
    [
        "",
        " ",
        "garbage",
        '"',
        "W/",
        'W/"',
        'W/"1',
        ",",
        ", ,",
        "\xff",
        "\0",
        "*, *",
        "1.0",
        "-1",
        'w/"999"',
        "'1'",
        pytest.param('"' * 16_000, id="quotes"),
        pytest.param("W/" * 8_000, id="Ws"),
        pytest.param('"a", ' * 3_000, id="many"),
        pytest.param('"a"' + " " * 16_000 + "x", id="blanks"),
    ],
)
def test_an_odd_if_match_matches_nothing(tags: str, method: str, scim: Scim) -> None:
    """412 in good time, and nothing is changed."""
    bob = scim.user()
    body = {**user("new"), "schemas": [USER, PATCH], "Operations": [{"op": "remove", "path": "name"}]}
    start = time.thread_time()
    assert_error(scim(method, path_of(bob), body, environ={"HTTP_IF_MATCH": tags}), 412)
    assert time.thread_time() - start < 1
    assert scim.get(path_of(bob)).json == bob


@pytest.mark.requirement("R-17")
@pytest.mark.parametrize("path", ["/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes/User"])
def test_head_is_get_without_its_body(path: str, reading: Scim) -> None:
    """HEAD has the status and the headers of GET."""
    get, head = reading.get(path), reading("HEAD", path)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length"):
        assert head.headers[name] == get.headers[name]


def test_a_body_where_none_belongs_is_not_read(reading: Scim) -> None:
    """A GET is answered whatever comes with it."""

    class Unread:
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": "1000", "CONTENT_TYPE": "text/plain"}
    assert reading.get("/Users", environ=environ).json["schemas"] == [LIST]


WRONG_VALUES = [
    pytest.param({"userName": 5}, id="a number for a string"),
    pytest.param({"userName": True}, id="a boolean for a string"),
    pytest.param({"userName": ["u", "v"]}, id="a list for a string"),
    pytest.param({"userName": {"value": "u"}}, id="an object for a string"),
    pytest.param({"userName": " "}, id="C-17 blank"),
    pytest.param({"userName": "\t\u3000"}, id="C-17 other blanks"),
    pytest.param({"userName": ""}, id="C-17 empty"),
    pytest.param({"userName": None}, id="C-16 null"),
    pytest.param({"userName": []}, id="C-16 an empty list"),
    pytest.param({"userName": "a\nb"}, id="a line end"),
    pytest.param({"userName": "a\x7fb"}, id="a control character"),
    pytest.param({"externalId": 5}, id="a number for externalId"),
    pytest.param({"active": 1}, id="a number for a boolean"),
    pytest.param({"active": "yes"}, id="another word for a boolean"),
    pytest.param({"active": {}}, id="an object for a boolean"),
    pytest.param({"name": "Bob"}, id="a string for an object"),
    pytest.param({"name": ["Bob"]}, id="a list for an object"),
    pytest.param({"name": {"givenName": 5}}, id="a number inside an object"),
    pytest.param({"name": {"givenName": {"value": "x"}}}, id="an object too deep"),
    pytest.param({"name": {"givenName": 10**300}}, id="a huge number"),
    pytest.param({"emails": 5}, id="a number for a list"),
    pytest.param({"emails": [[]]}, id="a list in a list"),
    pytest.param({"emails": [{"value": 5}]}, id="a number in an element"),
    pytest.param({"emails": [{"value": "a@b", "primary": "perhaps"}]}, id="another word in an element"),
]


@pytest.mark.requirement("C-16", "C-17", "C-25", "T-02")
@pytest.mark.parametrize("wrong", WRONG_VALUES)
def test_wrong_values_are_refused(wrong: Document, scim: Scim) -> None:
    """400 `invalidValue` that names the attribute, for POST, PUT and PATCH; nothing is stored."""
    bob = scim.user()
    (name, value) = next(iter(wrong.items()))
    replaced = {"op": "replace", "path": name, "value": value}
    for response in (scim.post("/Users", {**user("u"), **wrong}), scim.put(path_of(bob), {**user("u"), **wrong})):
        assert_error(response, 400, "invalidValue", name)
    assert scim.patch(path_of(bob), replaced).status_code == 400
    assert scim.get("/Users").json["Resources"] == [bob]


WRONG_PATCHES = [
    pytest.param({}, id="X-02 empty"),
    pytest.param([], id="a list"),
    pytest.param({"schemas": [PATCH]}, id="X-03 no operations"),
    pytest.param({"schemas": [PATCH], "Operations": []}, id="X-03 an empty list"),
    pytest.param({"schemas": [PATCH], "Operations": {}}, id="X-03 an object"),
    pytest.param({"schemas": [PATCH], "Operations": "add"}, id="X-03 a string"),
    pytest.param({"schemas": [PATCH], "Operations": None}, id="X-03 null"),
    pytest.param({"schemas": [PATCH], "Operations": [None]}, id="null for an operation"),
    pytest.param({"schemas": [PATCH], "Operations": [5]}, id="a number for an operation"),
    pytest.param({"schemas": [PATCH], "Operations": [[]]}, id="a list for an operation"),
    pytest.param({"schemas": [PATCH], "Operations": [{}]}, id="X-04 no op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": None}]}, id="X-04 null for op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": 5}]}, id="X-04 a number for op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "move", "path": "name"}]}, id="X-05 another op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": TEN, "path": "name"}]}, id="X-05 a long op"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "add", "path": 5, "value": 5}]}, id="a number for path"),
    pytest.param({"schemas": [PATCH], "Operations": [{"op": "add", "path": [], "value": 5}]}, id="a list for path"),
    pytest.param({"schemas": [USER], "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 another URN"),
    pytest.param({"schemas": PATCH, "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 a string"),
    pytest.param({"schemas": [[PATCH]], "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 a list in a list"),
    pytest.param({"schemas": [None, 5, {}], "Operations": [{"op": "remove", "path": "name"}]}, id="X-02 no strings"),
    pytest.param(
        {"schemas": [PATCH], "Operations": [{"op": "remove", "OP": "add", "path": "name"}]}, id="a member twice"
    ),
    pytest.param(
        {"schemas": [PATCH], "operations": [], "Operations": [{"op": "remove", "path": "name"}]}, id="the list twice"
    ),
]


@pytest.mark.requirement("X-02", "X-03", "X-04", "X-05")
@pytest.mark.parametrize("body", WRONG_PATCHES)
def test_what_is_no_patch_is_refused(body: Any, scim: Scim) -> None:
    """400 `invalidSyntax`, and nothing is changed."""
    bob = scim.user(name={"givenName": "Bob"})
    response = scim("PATCH", path_of(bob), body)
    assert_error(response, 400, "invalidSyntax")
    assert len(response.text) < 400
    assert scim.get(path_of(bob)).json == bob


@pytest.mark.parametrize("operation", [None, 5, []])
def test_what_is_no_operation_is_told_what_one_is(operation: Any, scim: Scim) -> None:
    """The words are ours, whatever it is."""
    path = path_of(scim.user("bob"))
    response = scim("PATCH", path, {"schemas": [PATCH], "Operations": [operation]})
    assert_error(response, 400, "invalidSyntax", "An operation must be an object with op, path and value.")


WRONG_MEMBERS = [
    pytest.param(["nobody"], "nobody", id="an unknown id"),
    pytest.param([{"value": "nobody"}], "nobody", id="an unknown id in an element"),
    pytest.param([{"value": f"nobody-{n}"} for n in range(5_000)], "more", id="many unknown ids"),
    pytest.param([{"value": 5}], "members.value", id="a number"),
    pytest.param([{"value": ""}], "members.value", id="empty"),
    pytest.param([{"value": None}], "members.value", id="null"),
    pytest.param([{"display": "x"}], "members.value", id="no value"),
    pytest.param([[]], "members", id="a list in a list"),
    pytest.param(5, "members", id="a number for the list"),
    pytest.param([{"value": TEN}], "members", id="a long id"),
    pytest.param([{"value": "\x1b[2J"}], "members", id="a control character"),
]


@pytest.mark.requirement("XA-10")
@pytest.mark.parametrize(("members", "detail"), WRONG_MEMBERS)
def test_wrong_members_are_refused(members: Any, detail: str, scim: Scim) -> None:
    """400 `invalidValue` with a few of the ids, for POST, PUT and PATCH; nothing is changed."""
    bob = scim.user()
    team = scim.group("Team", bob["id"])
    add = {"op": "add", "path": "members", "value": members}
    replace = {"op": "replace", "path": "members", "value": members}
    for response in (
        scim.post("/Groups", {"schemas": [GROUP], "displayName": "Other", "members": members}),
        scim.put(path_of(team), {"schemas": [GROUP], "displayName": "Team", "members": members}),
        scim.patch(path_of(team), add),
        scim.patch(path_of(team), replace),
    ):
        assert_error(response, 400, "invalidValue", detail)
        assert len(response.text) < 700
    assert scim.get("/Groups").json["Resources"] == [team]
