"""No request gives a 5xx but 501 and 503, nor an answer that is not SCIM's."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import ENTERPRISE, GROUP, PATCH, PREFIX, SEARCH, USER, Scim
from tests.web.watching import watched

Known = dict[str, str]
"""Ids by name."""

EXAMPLES = 2 * settings().max_examples
"""Of each property on each backend; most send several requests."""

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")
NAMES = ("userName", "id", "name.givenName", "emails.value", "emails", "active", "meta.created", "groups", "members",
         "externalId", "displayName", "password", "schemas", f"{USER}:userName", f"{ENTERPRISE}:manager.value",
         ENTERPRISE, "$ref", "nothing", "USERNAME", "meta", "meta.version")  # fmt: skip
OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ")
WORDS = (*NAMES, *OPERATORS, "pr", "and", "or", "not", "(", ")", "[", "]", '"', '"u"', '"work"', "true", "null", "5",
         "1.5e3", "-0", '"2026-01-01T00:00:00Z"', '"\\u00e9"', '"%"', "{}", "\\", ".value", ",", "ü")  # fmt: skip

text = st.text(max_size=20) | st.sampled_from(NAMES)
filters = st.builds("{} {} {}".format, st.sampled_from(NAMES), st.sampled_from(OPERATORS), st.sampled_from(WORDS))
jumbles = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
expressions = filters | jumbles | st.builds("{} and {}".format, filters, filters) | st.text(max_size=30)
numbers = st.integers().map(str) | st.text(max_size=5)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | text
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)
plausible = st.sampled_from(
    ("u", "", True, "False", None, [], {}, {"givenName": "G"}, {"value": "x"}, [{"value": "u@example.com"}],
     [{"value": "a@b", "type": "work", "primary": True}, {"type": "home"}], ["u@example.com"], {"formatted": None})
)  # fmt: skip
resources = st.builds(
    lambda members, name: {"schemas": [USER, GROUP], **members, "userName": name, "displayName": name},
    st.dictionaries(st.sampled_from(NAMES) | text, plausible | values, max_size=4),
    st.uuids().map(str) | text,
)
paths = st.none() | st.sampled_from(NAMES) | expressions | st.builds("emails[{}].value".format, filters)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(("add", "remove", "replace", "Add"))},
    optional={"path": paths, "value": plausible | values | st.dictionaries(st.sampled_from(NAMES), plausible)},
)
patches = st.builds(lambda made: {"schemas": [PATCH], "Operations": made}, st.lists(operations, min_size=1, max_size=3))
writes = st.tuples(st.sampled_from(("POST", "PUT")), resources) | st.tuples(st.just("PATCH"), patches)
bodies = (
    (resources | patches | values).map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=40)
    | st.binary(max_size=10).map(lambda noise: json.dumps({"schemas": [USER], "userName": "u"}).encode() + noise)
)

jobs = st.builds(
    lambda made, more: {"schemas": [BULK], "Operations": made, **more},
    st.lists(
        st.fixed_dictionaries(
            {"method": st.sampled_from((*METHODS, "post")), "path": st.sampled_from(("/Users", "/Groups", "{user}",
             "{group}", "/Users/bulkId:a", "/Bulk", "/Me", "/Users/.search", "Users", "//x", "/Users?x")) | text},
            optional={"bulkId": st.sampled_from(("a", "b", "", "bulkId:a")) | values, "version": text | values,
                      "data": resources | patches | values | st.just({"schemas": [GROUP], "displayName": "g",
                                                                      "members": [{"value": "bulkId:a"}]})},
        ),
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(("failOnErrors", "schemas", "x")), st.integers() | values, max_size=2),
)  # fmt: skip

queries = st.dictionaries(
    st.sampled_from(
        ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes", "x")
    ),
    expressions | numbers | text | st.sampled_from(("ascending", "descending")),
    max_size=4,
)
endpoints = st.sampled_from(("/Users", "/Groups", "/Users/{user}", "/Groups/{group}", "/Users/{group}", "/Schemas",
                             "/ResourceTypes", "/ServiceProviderConfig", "/Me", "/Bulk", "/.search", "/Users/.search",
                             "/readiness", "/Schemas/{user}", "/ResourceTypes/User", "/Users/{user}/emails", "//Users",
                             "", "/"))  # fmt: skip
headers = st.dictionaries(
    st.sampled_from(("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_ACCEPT",
                     "HTTP_X_REQUEST_ID", "HTTP_X_FORWARDED_HOST", "HTTP_COOKIE")),
    st.text(st.characters(max_codepoint=255), max_size=12)
    | st.sampled_from(('W/"1"', "*", "application/scim+json", "application/json", "gzip", "deflate")),
    max_size=2,
)  # fmt: skip


@pytest.fixture
def scim(shared_app: Flask) -> Iterator[Scim]:
    """A client of a new and empty tenant, watched over."""
    with watched(shared_app) as client:
        yield client


@pytest.fixture
def known(scim: Scim) -> Known:
    """The ids of a user and of the group that it is in."""
    return _made(scim)


def _made(scim: Scim) -> Known:
    user_id = scim.user(str(uuid4()), emails=[{"value": f"{uuid4()}@example.com", "type": "work"}])["id"]
    return {"user": user_id, "group": scim.group(str(uuid4()), user_id)["id"]}


@pytest.mark.requirement("N-08")
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(METHODS),
    path=endpoints | st.text(max_size=20).map("/".__add__),
    query=queries,
    body=bodies,
    environ=headers,
)
def test_no_request_is_too_odd(
    method: str, path: str, query: dict[str, str], body: bytes, environ: dict[str, Any], scim: Scim, known: Known
) -> None:
    """The client checks each answer: its type, its form, and that it shows nothing of the inside."""
    where = path.replace("{user}", known["user"]).replace("{group}", known["group"])
    encoded = "&".join(f"{quote(name)}={quote(value, errors='replace')}" for name, value in query.items())
    inside = (PREFIX + where).encode(errors="replace").decode("latin-1")
    response = scim(method, "", body, environ={"PATH_INFO": inside, "QUERY_STRING": encoded, **environ})
    if response.status_code == 204:
        known.update(_made(scim))


@pytest.mark.requirement("N-08")
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(write=writes, of_group=st.booleans())
def test_no_body_is_too_odd(write: tuple[str, Any], of_group: bool, scim: Scim, known: Known) -> None:
    """Whatever is stored can be read again, alone and in a list."""
    method, body = write
    endpoint, resource_id = ("/Groups", known["group"]) if of_group else ("/Users", known["user"])
    response = scim(method, endpoint if method == "POST" else f"{endpoint}/{resource_id}", body)
    if response.status_code in (200, 201):
        assert scim.get(f"{endpoint}/{response.json['id']}").json == response.json
        query = {"filter": f'id eq "{response.json["id"]}"'}
        assert scim.get(endpoint, query=query).json["Resources"] == [response.json]


@pytest.mark.requirement("N-08")
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(expression=expressions, sort_by=st.sampled_from(NAMES) | text, names=st.lists(text, max_size=3))
def test_no_query_is_too_odd(expression: str, sort_by: str, names: list[str], scim: Scim, known: Known) -> None:
    """A query is answered with a list, or refused."""
    for query in ({"filter": expression}, {"sortBy": sort_by}, {"attributes": ",".join(names)}):
        encoded = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query.items())
        assert scim.get("/Users", query=encoded).status_code in (200, 400)
        assert scim.get("/Groups", query=encoded).status_code in (200, 400)


@pytest.mark.requirement("N-08")
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(job=jobs)
def test_no_job_is_too_odd(job: Any, scim: Scim, known: Known) -> None:
    """A bulk job is answered for each of its operations, or refused as a whole."""
    text = json.dumps(job).replace("{user}", f"/Users/{known['user']}").replace("{group}", f"/Groups/{known['group']}")
    response = scim("POST", "/Bulk", text.encode())
    if response.status_code == 200:
        assert len(response.json["Operations"]) <= len(job["Operations"])
        assert all(int(operation["status"]) < 500 for operation in response.json["Operations"])
    else:
        assert response.status_code in (400, 409, 413)
    if (
        scim.get(f"/Users/{known['user']}").status_code == 404
        or scim.get(f"/Groups/{known['group']}").status_code == 404
    ):
        known.update(_made(scim))


@pytest.mark.requirement("N-08")
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(
    place=st.integers(0, 60),
    noise=st.text(st.characters(max_codepoint=0x2FF), max_size=3),
    cut=st.integers(0, 3),
    others=st.dictionaries(
        st.sampled_from(("filter", "sortBy", "count", "startIndex")), expressions | numbers, max_size=1
    ),
)
def test_no_cursor_is_too_odd(
    place: int, noise: str, cut: int, others: dict[str, str], scim: Scim, known: Known
) -> None:
    """A cursor that was changed is refused, or stands for the place that it stood for; one that was not goes on."""
    first = scim.get("/Users", query={"cursor": "", "count": 1}).json
    cursor = first["nextCursor"]
    sent = cursor[:place] + noise + cursor[place + cut :]
    query = {"cursor": sent, "count": "1", **others}
    encoded = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in query.items())
    response = scim.get("/Users", query=encoded)
    if sent == cursor and not others:
        assert response.json["Resources"] != first["Resources"]
    elif sent and sent != cursor and response.status_code != 400:
        again = scim.get("/Users", query={"cursor": cursor, "count": 1})
        assert response.json["Resources"] == again.json["Resources"], (
            "another spelling of a signature, of the same place"
        )
    if not others:
        body = {"schemas": [SEARCH], "cursor": sent, "count": 1}
        assert scim.post("/Users/.search", body).status_code == response.status_code


@pytest.mark.requirement("N-08")
def test_the_watch_would_notice(shared_app: Flask) -> None:
    """What must not happen while odd requests come is found when it does."""
    with pytest.raises(AssertionError), watched(shared_app) as client:
        client.delete(f"/Users/{client.get('/Users').json['Resources'][0]['id']}")
