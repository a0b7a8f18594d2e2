"""What requests mean, in words."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from flask_bsr_scim.console.rendering import Names, make_record
from flask_bsr_scim.console.traffic import Exchange, Record
from tests.client import GROUP, PATCH, USER
from tests.console.visiting import Site

OKTA = "Okta SCIM Client 1.0.0"
NOWHERE: Any = type("Nowhere", (), {"get": lambda *_: None})()
TWO = [{"value": "1"}, {"value": "2"}]


def exchange(method: str, path: str, body: Any = None, **changes: Any) -> Exchange:
    """Return a request of Okta's with its answer."""
    query = changes.pop("query", "")
    answer = changes.pop("answer", None)
    usual = {
        "at": 0.0,
        "seconds": 0.001,
        "tenant": "default",
        "token_id": "t",
        "request_id": "r",
        "agent": OKTA,
        "content_type": "application/scim+json",
        "size": 0,
        "status": 200,
        "tolerances": frozenset(),
        "dialect": "default",
    }
    return Exchange(
        method=method,
        path=path,
        query=query if isinstance(query, str) else urlencode(query),
        body=None if body is None else json.dumps(body).encode(),
        answer=None if answer is None else json.dumps(answer, separators=(",", ":")).encode(),
        **{**usual, **changes},
    )


def said(*request: Any, **changes: Any) -> str:
    """Return the sentence for a request."""
    return make_record(exchange(*request, **changes), Names(NOWHERE)).meaning


def operations(*done: Any) -> Any:
    """Return a PATCH."""
    return {"schemas": [PATCH], "Operations": [*done]}


def listed(total: int) -> Any:
    """Return the answer to a search."""
    return {"totalResults": total, "Resources": []}


BOB = {"filter": 'userName eq "bob@example.com"', "startIndex": 1, "count": 100}


@pytest.mark.parametrize(
    ("request_", "changes", "sentence"),
    [
        (("GET", "/Users"), {"query": "startIndex=1&count=2"}, "tests the connection: it reads the first 2 users"),
        (("GET", "/Users"), {"query": "startIndex=101&count=100", "answer": listed(250)},
         "reads users 101 to 200 (there are 250)"),
        (("GET", "/Groups"), {"query": "startIndex=1&count=100", "answer": listed(0)},
         "reads groups 1 to 100 (there are 0)"),
        (("GET", "/Users"), {}, "reads the list of users"),
        (("GET", "/Users"), {"query": BOB, "answer": listed(0)}, "looks whether bob@example.com exists: not yet"),
        (("GET", "/Users"), {"query": BOB, "answer": listed(1)}, "looks whether bob@example.com exists: yes"),
        (("GET", "/Users"), {"query": {"filter": "userName eq bob@example.com"}, "answer": listed(1)},
         "looks whether bob@example.com exists: yes"),
        (("GET", "/Users"), {"query": {"filter": "userName eq truelove"}, "answer": listed(0)},
         "looks whether truelove exists: not yet"),
        (("GET", "/Users"), {"query": {"filter": 'userName eq ""'}, "answer": listed(0)},
         "looks whether  exists: not yet"),
        (("GET", "/Users"), {"query": BOB, "status": 401}, "looks whether bob@example.com exists"),
        (("GET", "/Users"), {"query": {"filter": 'externalId eq "00u1"'}, "answer": listed(0)},
         "looks for the user whose externalId is 00u1: not yet"),
        (("GET", "/Groups"), {"query": {"filter": 'displayName eq "Engineering"'}, "answer": listed(0)},
         "looks whether the group Engineering exists: not yet"),
        (("GET", "/Users"), {"query": {"filter": "active eq true"}, "answer": listed(7)},
         "searches users with active eq true (there are 7)"),
        (("POST", "/Users/.search", {"filter": 'userName eq "a"'}), {"answer": listed(1)},
         "looks whether a exists: yes"),
        (("POST", "/Users", {"userName": "bob@example.com"}), {"status": 201}, "creates the user bob@example.com"),
        (("POST", "/Users", {"username": "bob", "active": "False"}), {}, "creates the user bob, deactivated"),
        (("POST", "/Users", []), {"status": 400}, "creates the user without a name"),
        (("GET", "/Users/1"), {"answer": {"id": "1", "userName": "bob"}}, "reads the user bob"),
        (("GET", "/Users/1"), {"status": 404}, "reads the user 1"),
        (("PUT", "/Users/1", {"userName": "bob", "active": False}), {}, "deactivates the user bob"),
        (("PUT", "/Users/1", {"userName": "bob", "active": True}), {},
         "pushes the profile of the user bob, which is active"),
        (("PATCH", "/Users/1", operations({"op": "replace", "value": {"active": False}})), {},
         "deactivates the user 1"),
        (("PATCH", "/Users/1", operations({"op": "replace", "path": "active", "value": [False]})), {},
         "deactivates the user 1"),
        (("PATCH", "/Users/1", operations({"op": "replace", "value": '{"active": false, "password": "hunter2"}'})), {},
         "deactivates the user 1 and changes password"),
        (("PATCH", "/Groups/1", operations({"op": "replace", "value": '{"displayName": "Ops"}'})), {},
         "pushes the group 1: names it Ops"),
        (("PATCH", "/Groups/1", operations({"op": "add", "path": "members", "value": json.dumps(TWO)})), {},
         "pushes the group 1: adds 2 members"),
        (("PATCH", "/Groups/1", operations({"op": "replace", "value": '{"displayName": {"password": "hunter2"}}'})), {},
         "pushes the group 1"),
        (("PATCH", "/Users/1", operations({"op": "Replace", "path": "active", "value": "True"},
                                          {"op": "Add", "path": "name.givenName", "value": "B"})), {},
         "activates the user 1 and changes name.givenName"),
        (("PATCH", "/Users/1", operations({"op": "add", "path": f"{USER}:title", "value": "x"})), {},
         "changes title of the user 1"),
        (("DELETE", "/Users/1"), {"status": 204}, "deletes the user 1"),
        (("POST", "/Groups", {"displayName": "Engineering", "members": TWO}), {},
         "pushes the new group Engineering with 2 members"),
        (("PUT", "/Groups/1", {"displayName": "Engineering", "members": []}), {},
         "pushes the group Engineering without members"),
        (("PUT", "/Groups/1"), {"size": 3_000_000},
         "pushes the group 1, with so many members that the body is not kept"),
        (("POST", "/Groups"), {"size": 3_000_000},
         "pushes a new group, with so many members that the body is not kept"),
        (("POST", "/Groups"), {"size": 300, "status": 401}, "pushes a new group"),
        (("PUT", "/Groups/1"), {"size": 300, "status": 403}, "pushes the group 1"),
        (("POST", "/Users"), {"size": 300, "status": 401}, "creates a user"),
        (("PATCH", "/Groups/1", operations({"op": "add", "path": "members", "value": TWO})),
         {"answer": {"id": "1", "displayName": "Engineering"}}, "pushes the group Engineering: adds 2 members"),
        (("PATCH", "/Groups/1", operations({"op": "remove", "path": 'members[value eq "1"]'},
                                           {"op": "add", "path": "members", "value": TWO[:1]})), {},
         "pushes the group 1: adds 1 member and removes 1 member"),
        (("PATCH", "/Groups/1", operations({"op": "replace", "path": "members", "value": TWO})), {},
         "pushes the group 1: sets its 2 members"),
        (("PATCH", "/Groups/1", operations({"op": "remove", "path": "members"})), {},
         "pushes the group 1: removes all members"),
        (("PATCH", "/Groups/1", operations({"op": "Remove", "path": "members", "value": TWO})), {},
         "pushes the group 1: removes 2 members"),
        (("PATCH", "/Groups/1", operations({"op": "replace", "value": {"id": "1", "displayName": "Ops"}})), {},
         "pushes the group 1: names it Ops"),
        (("PATCH", "/Groups/1", operations({"op": "replace", "value": {"members": TWO}})), {},
         "pushes the group 1: sets its 2 members"),
        (("DELETE", "/Groups/1"), {"status": 204}, "deletes the group 1"),
        (("GET", "/ServiceProviderConfig"), {}, "reads what this server can do"),
        (("GET", "/Schemas/urn:x"), {}, "reads the schemas"),
        (("POST", "/Bulk", {"Operations": [1, 2]}), {}, "sends 2 operations in one request"),
        (("GET", "/"), {}, "searches users and groups"),
        (("GET", "/Users/Users/1/x"), {"status": 404}, "reads the user Users"),
        (("GET", "/scim/v2/Users"), {"status": 404}, "reads /scim/v2/Users"),
        (("OPTIONS", "/Users"), {"status": 405}, "sends OPTIONS to the list of users"),
    ],
)  # fmt: skip
def test_requests_in_words(request_: tuple[Any, ...], changes: dict[str, Any], sentence: str) -> None:
    """A request is said in a sentence that begins with who sent it."""
    assert said(*request_, **changes) == f"Okta {sentence}"


@pytest.mark.parametrize(
    ("agent", "query", "body", "tolerances", "name"),
    [
        (OKTA, "", None, (), "Okta"),
        ("OKTA SCIM Integration", "", None, (), "Okta"),
        ("", 'filter=userName+eq+"x"', None, (), "Entra ID"),
        ("", "aadOptscim062020", None, (), "Entra ID"),
        ("", "", {"schemas": ["http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]}, (),
         "Entra ID"),
        ("", "", None, ("operation-in-capitals",), "Entra ID"),
        ("curl/8.5.0", "", None, (), "curl"),
        ("MyConnector/2.1 (x)", "", None, (), "MyConnector"),
        ("", "", None, (), "A client"),
        ("<script>", "", None, (), "A client"),
    ],
)  # fmt: skip
def test_clients(agent: str, query: str, body: Any, tolerances: tuple[str, ...], name: str) -> None:
    """An identity provider is known by its User-Agent, or by the form of what it sends."""
    request = exchange("GET", "/Groups", body, agent=agent, query=query, tolerances=tolerances)
    assert make_record(request, Names(NOWHERE)).client == name


def test_the_connection_test_of_entra() -> None:
    """Entra asks for a random name, which is not for people."""
    query = {"filter": 'userName eq "0b91e6e1-9b4a-4f3c-9d5e-0c1b2a3d4e5f"'}
    sentence = said("GET", "/Users", agent="", query=query, answer=listed(0))
    assert sentence == "Entra ID tests the connection: it looks for a user that cannot exist"


def test_no_sentence_shows_a_secret() -> None:
    """What is hidden in a query stays hidden in the sentence."""
    sentence = said("GET", "/Users", query={"filter": 'password eq "hunter2"'})
    assert "hunter2" not in sentence
    token = "bsrscim_default_abcdefghijklmnopqrstuvwxyz0123456789"
    assert token not in said("POST", "/Users", {"userName": token})


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "/Users", {"userName": {"password": "hunter2"}}, "creates the user without a name"),
        ("POST", "/Users", {"userName": ["hunter2"]}, "creates the user without a name"),
        ("POST", "/Users", {"userName": '{"password":"hunter2"}'}, "creates the user (hidden)"),
        ("POST", "/Groups", {"displayName": [{"clientSecret": "hunter2"}]}, "pushes the new group without a name"),
        ("PUT", "/Users/1", {"userName": {"password": "hunter2"}}, "pushes the profile of the user 1"),
        ("PUT", "/Groups/1", {"displayName": {"password": "hunter2"}}, "pushes the group 1"),
        ("PATCH", "/Groups/1", operations({"op": "add", "path": "displayName", "value": {"pwd": "hunter2"}}),
         "pushes the group 1"),
        ("PATCH", "/Groups/1", operations({"op": "add", "value": {"displayName": {"pwd": "hunter2"}}}),
         "pushes the group 1"),
        ("PATCH", "/Users/1", operations({"op": "add", "path": {"password": "hunter2"}, "value": "hunter2"}),
         "changes (hidden) of the user 1"),
    ],
)  # fmt: skip
def test_no_sentence_shows_what_is_no_name(method: str, path: str, body: Any, sentence: str) -> None:
    """What stands in the place of a name, and may hold anything, is in no sentence."""
    assert said(method, path, body) == f"Okta {sentence}"


def test_the_detail_is_masked() -> None:
    """What the server quotes of a request is hidden as the request itself."""
    answer = {"detail": 'The name of an attribute is expected, not "password%20eq%20%22hunter2%22".'}
    record = make_record(exchange("GET", "/Users", status=400, answer=answer), Names(NOWHERE))
    assert (record.detail, "hunter2" in record.text()) == ("(hidden)", False)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        1,
        "x",
        {"Operations": 1},
        {"Operations": [1, {"op": 2, "path": [], "value": {}}]},
        {"members": 3},
        {"displayName": {"a": 1}},
        {"schemas": 1},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("path", ["/Users", "/Users/1", "/Groups/1", "/Bulk", "/.search", "/Users/.search", "", "//"])
def test_odd_requests(path: str, method: str, body: Any) -> None:
    """Whatever a client sends is said somehow."""
    assert said(method, path, body, status=400).startswith("Okta ")


def test_a_name_from_the_store(site: Site) -> None:
    """A resource that is named by its id is called by its name, and after it was deleted too."""
    user = site.scim.user("bob@example.com")
    group = site.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineering"}).json
    site.send("GET", f"/Users/{user['id']}")
    site.send("DELETE", f"/Groups/{group['id']}")
    meanings = [Record.read(entry.text).meaning for entry in site.service.backend.journal("default")]
    assert meanings[-2:] == ["Okta reads the user bob@example.com", "Okta deletes the group Engineering"]


def test_what_is_secret_is_in_no_sentence() -> None:
    """Neither what a search of a body compares with a secret, nor a token that somebody took for a User-Agent."""
    secret = "hunter2-hunter2"
    search = exchange("POST", "/Users/.search", {"filter": f'password eq "{secret}"'})
    change = exchange("PATCH", "/Users/1", {"Operations": [{"op": "remove", "path": f'x[password eq "{secret}"]'}]})
    for request in (search, change):
        assert secret not in make_record(request, Names(NOWHERE)).text()
    token = "bsrscim_default_abcdefghijklmnopqrstuvwxyz0123456789"
    record = make_record(exchange("GET", "/Users", agent=token, content_type="x" * 60 + token), Names(NOWHERE))
    assert token[:24] not in record.text()
