"""HTTP methods and headers (RFC 9110, RFC 7644 §3.2): what is allowed where, and what comes with an answer."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.routes import ROUTES
from tests.client import PATCH, SEARCH, USER, Scim, assert_error, group, path_of, user

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE")
PATHS = {
    rule: rule.replace("<endpoint>", "Users").replace("<name>", "User").replace("<path:urn>", USER)
    for rule, methods in ROUTES.items()
    if methods
}
DISCOVERY = ["/ServiceProviderConfig", "/ResourceTypes/User", f"/Schemas/{USER}"]


def path_for(rule: str, scim: Scim) -> str:
    """Return a path that the rule takes, of a user that is there."""
    path = PATHS[rule]
    return path.replace("<resource_id>", scim.user()["id"]) if "<resource_id>" in path else path


def headers_of(response: TestResponse) -> dict[str, str]:
    """Return the headers of an answer but for its request's id."""
    return {name: value for name, value in response.headers if name != "X-Request-Id"}


@pytest.mark.requirement("R-17")
@pytest.mark.parametrize("rule", [rule for rule in PATHS if "GET" in ROUTES[rule]])
def test_head_answers_as_get(rule: str, scim: Scim) -> None:
    """Status and headers are the same, the length too, and there is no body."""
    path = path_for(rule, scim)
    got, head = scim.get(path), scim("HEAD", path)
    assert head.status_code == got.status_code
    assert headers_of(head) == headers_of(got)
    assert head.data == b""
    assert int(head.headers["Content-Length"]) == len(got.data) > 0


@pytest.mark.requirement("N-07")
@pytest.mark.parametrize("rule", PATHS)
def test_allow_tells_the_truth(rule: str, scim: Scim) -> None:
    """What `Allow` lists is not 405, and all the rest is, OPTIONS included (RFC 9110 §10.2.1)."""
    path = path_for(rule, scim)
    answers = {method: scim(method, path) for method in METHODS}
    refused = {method for method, answer in answers.items() if answer.status_code == 405}
    assert "OPTIONS" in refused
    for method in refused:
        if method != "HEAD":
            assert_error(answers[method], 405)
        assert set(answers[method].headers["Allow"].split(", ")) == {*METHODS} - refused


@pytest.mark.requirement("D-29")
@pytest.mark.parametrize("method", ["delete", "Delete", "get", "head", "brew"])
def test_methods_are_case_sensitive(method: str, scim: Scim) -> None:
    """RFC 9110 §9.1: a proxy that lets no DELETE pass is not got round."""
    path = path_of(scim.user())
    assert scim(method, path).status_code == 405
    assert scim.get(path).status_code == 200


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_an_unknown_path_allows_nothing(method: str, scim: Scim) -> None:
    """404, whatever the method."""
    answer = scim(method, "/nothing")
    assert_error(answer, 404)
    assert "Allow" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_what_works_on_the_root(method: str, scim: Scim) -> None:
    """It is a list to be read, and nothing is created or removed by way of it."""
    assert scim(method, "/").status_code == scim(method, "").status_code == (200 if method == "HEAD" else 405)


def sent(scim: Scim, method: str, query: dict[str, str]) -> Document:
    """Return the user that a request shows, asked for with a selection of attributes."""
    body: Any = user("bob", name={"givenName": "B", "familyName": "C"})
    if method == "POST":
        return scim.post("/Users", body, query=query).json
    where = path_of(scim.user("bob"))
    if method == "GET":
        scim.put(where, body)
        return scim.get(where, query=query).json
    if method == ".search":
        scim.put(where, body)
        lists = {name: value.split(",") for name, value in query.items()}
        return scim.post("/Users/.search", {"schemas": [SEARCH], **lists}).json["Resources"][0]
    if method == "PATCH":
        body = {"schemas": [PATCH], "Operations": [{"op": "add", "value": {"name": body["name"]}}]}
    return scim(method, where, body, query=query).json


@pytest.mark.requirement("C-31", "A-01", "A-02", "A-03", "A-04", "A-11", "A-12")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", ".search"])
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"attributes": "NAME.givenName"}, {"schemas", "id", "name"}),
        ({"attributes": "nothing"}, {"schemas", "id"}),
        ({"excludedAttributes": "meta, active,id,nothing"}, {"schemas", "id", "userName", "name"}),
    ],
    ids=["one", "an unknown one", "without some"],
)
def test_attributes_are_chosen_with_every_method(
    query: dict[str, str], shown: set[str], method: str, scim: Scim
) -> None:
    """Whatever shows a resource shows what was asked for."""
    found = sent(scim, method, query)
    assert found.keys() == shown
    if "NAME.givenName" in query.values():
        assert found["name"] == {"givenName": "B"}


@pytest.mark.requirement("A-05")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", ".search"])
def test_both_selections_at_once_are_refused(method: str, scim: Scim) -> None:
    """400 `invalidValue`, and nothing is changed."""
    bob = scim.user("bob")
    both = {"attributes": "id", "excludedAttributes": "name"}
    path = {"POST": "/Users", ".search": "/Users/.search"}.get(method, path_of(bob))
    body = {"schemas": [USER, PATCH, SEARCH], "userName": "ann", "Operations": [{"op": "remove", "path": "active"}]}
    if method == ".search":
        body |= {name: [value] for name, value in both.items()}
    answer = scim("POST" if method == ".search" else method, path, body, query=both)
    assert_error(answer, 400, "invalidValue", "cannot be used together")
    assert scim.names() == ["bob"]
    assert scim.get(path_of(bob)).json == bob


@pytest.mark.requirement("C-03", "R-07", "V-01", "V-02")
def test_an_answer_with_one_resource_says_where_it_is(scim: Scim) -> None:
    """`Content-Location` is `meta.location`, `ETag` is `meta.version`; lists have neither."""
    created = scim.post("/Users", user("bob"))
    where = path_of(created.json)
    change = {"op": "replace", "path": "active", "value": False}
    answers = [created, scim.get(where), scim.put(where, user("bob")), scim.patch(where, change)]
    answers.append(scim.post("/Groups", group("Team", created.json["id"])))
    for answer in answers:
        assert answer.headers["Content-Location"] == answer.json["meta"]["location"]
        assert answer.headers["ETag"] == answer.json["meta"]["version"]
    assert [answer.headers.get("Location") for answer in answers[:2]] == [created.json["meta"]["location"], None]
    for path in ("/Users", "/", "/Schemas", "/ResourceTypes"):
        assert not {"Content-Location", "ETag", "Location"} & {name for name, _ in scim.get(path).headers}


@pytest.mark.requirement("R-07", "V-01", "V-02", "V-03", "V-05", "V-06")
@pytest.mark.parametrize("path", DISCOVERY)
def test_discovery_documents_have_versions(path: str, scim: Scim) -> None:
    """304 for whoever has one already; the same one in a list; another one for another document."""
    answer = scim.get(path)
    tag = answer.headers["ETag"]
    assert answer.headers["Content-Location"] == answer.json["meta"]["location"]
    assert tag == answer.json["meta"]["version"]
    assert tag.startswith('W/"')
    unchanged = scim.get(path, headers={"If-None-Match": f'"x", {tag}'})
    assert (unchanged.status_code, unchanged.headers["ETag"], unchanged.data) == (304, tag, b"")
    assert scim.get(path, headers={"If-None-Match": "*"}).status_code == 304
    assert scim.get(path, headers={"If-None-Match": 'W/"x"'}).json == answer.json
    assert len({scim.get(other).headers["ETag"] for other in DISCOVERY}) == len(DISCOVERY)
    if path != "/ServiceProviderConfig":
        assert answer.json in scim.get(path.rsplit("/", 1)[0]).json["Resources"]
