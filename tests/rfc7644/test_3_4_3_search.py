"""RFC 7644 §3.4.3 and §3.4.2.1: queries in a body, and queries over several types."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.filter import bind, evaluate, parse_filter
from flask_bsr_scim.schema import Document, ResourceType, Schema, load_profile
from flask_bsr_scim.search import MOST_MERGED
from tests.client import GROUP, LIST, SEARCH, TOKEN, USER, Scim, assert_error, new_client, path_of
from tests.rfc7644.conftest import DEVICE, WARRANTY


@pytest.fixture
def mixed(scim: Scim) -> Scim:
    """A client of a tenant with users and groups, made in turns."""
    bob = scim.user("bob", externalId="1", name={"familyName": "Z"})
    scim.group("Alpha", bob["id"], externalId="2")
    scim.user("ann", externalId="3", name={"familyName": "A"})
    scim.group("beta", externalId="1")
    scim.user("carl", active=False)
    return scim


def search(scim: Scim, path: str = "/.search", /, **members: Any) -> Document:
    """Return the answer to a SearchRequest."""
    response = scim.post(path, {"schemas": [SEARCH], **members})
    assert response.status_code == 200, response.text
    answer: Document = response.json
    return answer


def names(answer: Document) -> list[str]:
    """Return what the resources of an answer are called."""
    return [resource.get("userName") or resource["displayName"] for resource in answer["Resources"]]


# A query in a body


QUERIES: list[Any] = [
    pytest.param({}, id="Q-06 nothing"),
    pytest.param({"filter": 'externalId eq "1"'}, id="filter"),
    pytest.param({"sortBy": "externalId"}, id="sortBy"),
    pytest.param({"sortBy": "id", "sortOrder": "descending"}, id="sortOrder"),
    pytest.param({"startIndex": 2}, id="startIndex"),
    pytest.param({"startIndex": -2, "count": 1}, id="startIndex below 1"),
    pytest.param({"count": 1}, id="count"),
    pytest.param({"count": 0}, id="count of none"),
    pytest.param({"count": -1}, id="a negative count"),
    pytest.param({"count": 10**30}, id="a huge count"),
    pytest.param({"filter": "meta.created pr", "sortBy": "meta.created", "count": 2, "startIndex": 2}, id="all of it"),
]


@pytest.mark.requirement("Q-01", "Q-03", "Q-05", "Q-06", "Q-08")
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("path", ["/Users", "/Groups", ""])
def test_a_body_means_what_a_url_means(path: str, query: Document, mixed: Scim) -> None:
    """The same ListResponse with 200; and nothing is made."""
    listed = mixed.get(path, query=query)
    assert search(mixed, f"{path}/.search", **query) == listed.json
    assert listed.json["schemas"] == [LIST]
    assert mixed.get("/").json["totalResults"] == 5


@pytest.mark.requirement("A-12", "Q-04")
@pytest.mark.parametrize("path", ["/Users", ""])
@pytest.mark.parametrize(
    "selection",
    [
        {"attributes": ["userName", "name.familyName"]},
        {"attributes": [" USERNAME ", "nothing", ""]},
        {"attributes": []},
        {"excludedAttributes": ["meta", "name", "schemas"]},
    ],
)
def test_names_of_attributes_are_lists(selection: dict[str, list[str]], path: str, mixed: Scim) -> None:
    """In a body they are arrays, in a URL joined by commas."""
    query = {name: ",".join(names) for name, names in selection.items()}
    assert search(mixed, f"{path}/.search", **selection) == mixed.get(path, query=query).json


def test_members_of_a_body_have_no_letter_case(mixed: Scim) -> None:
    """Names as in every body (RFC 7643 §2.1), null is nothing, and what is unknown is ignored."""
    members = {"FILTER": 'userName eq "bob"', "sortby": None, "count": None, "cursor": None, "colour": "red"}
    assert names(search(mixed, "/Users/.search", **members)) == ["bob"]


@pytest.mark.requirement("Q-02")
@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no schemas"),
        pytest.param({"schemas": []}, id="empty schemas"),
        pytest.param({"schemas": [USER]}, id="other schemas"),
        pytest.param({"schemas": SEARCH}, id="schemas that are no list"),
        pytest.param([], id="a list"),
        pytest.param("x", id="text"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="no JSON"),
        pytest.param({"schemas": [SEARCH], "count": 1, "COUNT": 2}, id="a name twice"),
    ],
)
def test_what_is_no_search_request_is_refused(body: Any, path: str, scim: Scim) -> None:
    """400 `invalidSyntax`."""
    assert_error(scim.post(path, body), 400, "invalidSyntax")


@pytest.mark.requirement("F-13", "F-34", "S-08", "P-10")
@pytest.mark.parametrize("path", ["/.search", "/Users/.search"])
@pytest.mark.parametrize(
    ("members", "scim_type", "detail"),
    [
        ({"filter": 5}, "invalidValue", "filter must be text."),
        ({"filter": ""}, "invalidFilter", ""),
        ({"filter": "userName is 5"}, "invalidFilter", ""),
        ({"sortBy": ["id"]}, "invalidValue", "sortBy must be text."),
        ({"sortBy": "nothing"}, "invalidPath", "sortBy names the attribute"),
        ({"sortBy": "password"}, "invalidPath", "sortBy names the attribute"),
        ({"sortBy": "id", "sortOrder": "up"}, "invalidValue", "sortOrder must be ascending or descending."),
        ({"sortOrder": True}, "invalidValue", "sortOrder must be text."),
        ({"startIndex": 1.5}, "invalidValue", "startIndex must be a whole number."),
        ({"startIndex": True}, "invalidValue", "startIndex must be a whole number."),
        ({"count": "many"}, "invalidValue", "count must be a whole number."),
        ({"count": [1]}, "invalidValue", "count must be a whole number."),
        ({"attributes": "5", "excludedAttributes": ["id"]}, "invalidValue", "cannot be used together"),
        ({"attributes": {"a": 1}}, "invalidValue", "attributes must be a list of names."),
        ({"attributes": [5]}, "invalidValue", "attributes must be a list of names."),
        ({"excludedAttributes": ["x" * 9000]}, "invalidValue", "excludedAttributes has more than 8192 characters."),
        ({"cursor": 5}, "invalidValue", "cursor must be text."),
        ({"filter": 'password eq "x"'}, "invalidFilter", "password is never returned"),
    ],
)
def test_a_wrong_member_is_refused(members: Document, scim_type: str, detail: str, path: str, scim: Scim) -> None:
    """400 says which one."""
    assert_error(scim.post(path, {"schemas": [SEARCH], **members}), 400, scim_type, detail)


@pytest.mark.requirement("Z-13")
def test_a_query_of_a_tenant_ends_there(mixed: Scim) -> None:
    """Over all types too."""
    assert search(new_client(mixed.app))["totalResults"] == 0


# Several types


@pytest.mark.requirement("F-30")
def test_all_types_come_one_after_another(mixed: Scim) -> None:
    """Users, then groups, each as they are read one by one, memberships included."""
    answer = mixed.get("/").json
    assert names(answer) == ["bob", "ann", "carl", "Alpha", "beta"]
    assert answer["Resources"] == [mixed.get(path_of(resource)).json for resource in answer["Resources"]]
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (5, 1, 5)


@pytest.mark.requirement("F-24", "F-29", "F-31")
@pytest.mark.parametrize(
    ("expression", "found"),
    [
        pytest.param('meta.resourceType eq "User"', ["bob", "ann", "carl"], id="F-31"),
        pytest.param('meta.resourceType ne "User"', ["Alpha", "beta"], id="F-31 another one"),
        pytest.param('meta.resourceType eq "Token"', [], id="F-31 no type"),
        pytest.param('meta.resourceType eq "Group" and externalId eq "1"', ["beta"], id="F-31 and more"),
        pytest.param(f'schemas eq "{GROUP}"', ["Alpha", "beta"], id="F-24"),
        pytest.param('externalId eq "1"', ["bob", "beta"], id="in both"),
        pytest.param('userName eq "BOB"', ["bob"], id="F-29 in users alone"),
        pytest.param('displayName eq "Alpha"', ["Alpha"], id="F-29 in groups alone"),
        pytest.param('userName sw "b" or displayName sw "b"', ["bob", "beta"], id="F-29 in either"),
        pytest.param('userName sw "b" and displayName sw "b"', [], id="F-29 in both at once"),
        pytest.param('userName ne "bob"', ["ann", "carl", "Alpha", "beta"], id="F-29 ne"),
        pytest.param("userName eq null", ["Alpha", "beta"], id="F-29 eq null"),
        pytest.param("userName ne null", ["bob", "ann", "carl"], id="F-29 ne null"),
        pytest.param("not (userName pr)", ["Alpha", "beta"], id="F-29 not pr"),
        pytest.param("members pr", ["Alpha"], id="F-29 members"),
        pytest.param("groups pr", ["bob"], id="F-29 groups"),
        pytest.param('emails[type eq "work"] or active eq false', ["carl"], id="F-29 brackets"),
        pytest.param('not (emails[type eq "work"])', ["bob", "ann", "carl", "Alpha", "beta"], id="F-29 not brackets"),
        pytest.param('nothing eq "x"', [], id="F-29 in no type"),
        pytest.param(
            'not (nothing gt "x") and externalId pr', ["bob", "ann", "Alpha", "beta"], id="F-29 not in no type"
        ),
    ],
)
def test_a_filter_over_all_types(expression: str, found: list[str], mixed: Scim) -> None:
    """What a type does not have counts as without a value; the total is right."""
    answer = search(mixed, filter=expression)
    assert names(answer) == found
    assert answer["totalResults"] == len(found)


@pytest.mark.requirement("S-01", "S-02", "S-03", "S-06")
@pytest.mark.parametrize(
    ("sort", "found"),
    [
        pytest.param({"sortBy": "meta.created"}, ["bob", "Alpha", "ann", "beta", "carl"], id="in both"),
        pytest.param({"sortBy": "meta.created", "sortOrder": "descending"},
                     ["carl", "beta", "ann", "Alpha", "bob"], id="descending"),
        pytest.param({"sortBy": "name.familyName"}, ["ann", "bob", "carl", "Alpha", "beta"], id="S-06 in one"),
        pytest.param({"sortBy": "displayName", "sortOrder": "descending"},
                     ["bob", "ann", "carl", "beta", "Alpha"], id="S-06 in one, descending"),
        pytest.param({"sortBy": "externalId"}, ["bob", "beta", "Alpha", "ann", "carl"], id="ties as without sortBy"),
        pytest.param({"sortBy": "members.value"}, ["Alpha", "bob", "ann", "carl", "beta"], id="memberships"),
        pytest.param({"sortBy": "members.value", "attributes": "displayName,userName"},
                     ["Alpha", "bob", "ann", "carl", "beta"], id="memberships that are not shown"),
        pytest.param({"sortBy": "meta.resourceType"}, ["Alpha", "beta", "bob", "ann", "carl"], id="the type"),
    ],
)  # fmt: skip
def test_an_order_over_all_types(sort: dict[str, str], found: list[str], mixed: Scim) -> None:
    """Over all of them; what has no value is last, and first when descending."""
    assert names(mixed.get("/", query=sort).json) == found


@pytest.mark.requirement("S-09", "P-02", "P-09")
@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("sort", [{}, {"sortBy": "externalId"}, {"sortBy": "id", "sortOrder": "descending"}])
def test_pages_over_all_types(sort: dict[str, str], size: int, mixed: Scim) -> None:
    """Each resource is on one page, wherever a type ends."""
    pages = [mixed.get("/", query={**sort, "count": size, "startIndex": start}).json for start in range(1, 8, size)]
    assert [name for page in pages for name in names(page)] == names(mixed.get("/", query=sort).json)
    assert {page["totalResults"] for page in pages} == {5}


@pytest.mark.requirement("F-32")
def test_sorted_pages_over_all_types_have_an_end(mixed: Scim) -> None:
    """400 `tooMany` instead of reading everything; one type, or the order of creation, has none."""
    first = {"startIndex": MOST_MERGED, "count": 2}
    assert_error(mixed.get("/", query={**first, "sortBy": "id"}), 400, "tooMany", "Ask for one type")
    assert mixed.get("/", query={**first, "count": 1, "sortBy": "id"}).status_code == 200
    assert mixed.get("/", query=first).json["totalResults"] == 5
    query = {**first, "sortBy": "id", "filter": 'meta.resourceType eq "User"'}
    assert mixed.get("/", query=query).json["totalResults"] == 3


@pytest.mark.parametrize(
    ("expression", "read"),
    [
        (None, ["User", "Group"]),
        ('userName eq "bob"', ["User"]),
        ('meta.resourceType eq "Group" and externalId pr', ["Group"]),
        ('nothing pr or meta.resourceType sw "X"', []),
    ],
)
def test_a_type_without_matches_is_not_read(
    expression: str | None, read: list[str], mixed: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query costs what it asks for."""
    with mixed.app.app_context():
        backend = current_service().backend
    asked: list[str] = []
    query = backend._query
    monkeypatch.setattr(backend, "_query", lambda t, kind, q: (asked.append(kind.name), query(t, kind, q))[1])
    search(mixed, **({} if expression is None else {"filter": expression}))
    assert asked == read


@pytest.fixture
def kinds() -> Scim:
    """A client of an application with two types more, which name attributes alike and mean others."""
    app = Flask("kinds")
    name = {"name": "userName", "type": "complex", "subAttributes": [{"name": "value", "type": "integer"}]}
    email = {"name": "emails"}
    secret = {"name": "displayName", "returned": "never"}
    schemas: list[dict[str, Any]] = [
        {"id": f"urn:example:{kind}", "name": kind, "description": kind, "attributes": attributes}
        for kind, attributes in (
            ("Hat", [{"name": "size"}]),
            ("Box", [{"name": "size", "type": "integer"}, name, email, secret]),
        )
    ]
    places = [{**schema, "x-endpoint": f"/{schema['name']}es"} for schema in schemas]
    BsrScim(app, backend="memory://", token=TOKEN, schemas=places)
    return Scim(app)


def test_values_of_different_kinds_have_an_order(kinds: Scim) -> None:
    """Numbers come before text; nothing fails."""
    for name, size in (("Hat", "M"), ("Box", 10), ("Hat", "L"), ("Box", 9)):
        assert kinds.post(f"/{name}es", {"schemas": [f"urn:example:{name}"], "size": size}).status_code == 201
    sizes = [resource["size"] for resource in kinds.get("/", query={"sortBy": "size"}).json["Resources"]]
    assert sizes == [9, 10, "L", "M"]


@pytest.mark.requirement("F-29")
@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('size eq "M"', ["Hat"]),
        ("size eq 5", ["Box"]),
        ("size gt 4", ["Box"]),
        ('size co "M"', ["Hat"]),
        ('size ne "M"', ["User", "Group", "Box"]),
        ('not (size eq "M")', ["User", "Group", "Box"]),
        ('size eq "M" or size eq 5', ["Hat", "Box"]),
        ("size pr", ["Hat", "Box"]),
        ('userName eq "bob"', ["User"]),
        ("userName eq 7", ["Box"]),
        ("userName.value eq 7", ["Box"]),
        ('emails[type eq "work"]', ["User"]),
        ('emails.value eq "bob@example.com"', ["User"]),
        ('emails eq "bob@example.com"', ["User", "Box"]),
        ('displayName eq "Team"', ["Group"]),
        ('meta.resourceType eq "Hat" and size eq 5', []),
    ],
)
def test_a_term_is_for_the_types_that_it_suits(expression: str, found: list[str], kinds: Scim) -> None:
    """Where the attribute of that name is of another kind, or never returned, it counts as without a value."""
    kinds.user("bob", emails=[{"value": "bob@example.com", "type": "work"}])
    kinds.group("Team")
    box = {"size": 5, "userName": {"value": 7}, "emails": "bob@example.com", "displayName": "Team"}
    for name, values in (("Hat", {"size": "M"}), ("Box", box)):
        assert kinds.post(f"/{name}es", {"schemas": [f"urn:example:{name}"], **values}).status_code == 201
    answer = search(kinds, filter=expression)
    assert [resource["meta"]["resourceType"] for resource in answer["Resources"]] == found
    assert kinds.get("/", query={"filter": expression}).json == answer


@pytest.mark.requirement("F-29")
@pytest.mark.parametrize(
    ("expression", "detail"),
    [
        ("size eq true", "size must be text in double quotes, not true."),
        ("userName eq true", "userName must be text in double quotes, not true."),
        ('userName eq "bob" or size eq null and size gt null', "null can be compared with eq and ne, not with gt."),
        ("emails[nothing eq 1]", "emails has no attribute"),
        ("password pr", "password is never returned"),
    ],
)
def test_a_term_that_suits_no_type_is_refused(expression: str, detail: str, kinds: Scim) -> None:
    """What the first type that has the attribute says of it, wherever in the filter the term is."""
    for filter in (expression, f"id pr or ({expression})", f'meta.resourceType eq "Hat" and not ({expression})'):
        answer = kinds.post("/.search", {"schemas": [SEARCH], "filter": filter})
        assert_error(answer, 400, "invalidFilter", detail)


@pytest.mark.requirement("T-17")
def test_types_of_the_host_are_among_them(devices: Scim, device: Document) -> None:
    """With extensions, what is always returned, and what is only on request."""
    body = {**device, "notes": "n", "label": "l", "pin": "1234"}
    assert devices.post("/Devices", body).status_code == 201
    devices.user("bob")
    found = search(devices, filter=f'{WARRANTY}:ends pr or userName eq "bob"', attributes=["serial", "notes"])
    assert [{**resource, "id": ""} for resource in found["Resources"]] == [
        {"schemas": [USER], "id": ""},
        {"schemas": [DEVICE, WARRANTY], "id": "", "serial": "S-1", "notes": "n", "label": "l"},
    ]
    assert_error(
        devices.post("/.search", {"schemas": [SEARCH], "filter": "size gt 1 and pin pr"}), 400, "invalidFilter"
    )


# The meaning of a filter


PEOPLE, TEAMS = load_profile("rfc7643")


def union() -> ResourceType:
    """Return a type that has all the attributes of users and of groups."""
    attributes = {a.name: a for kind in (TEAMS, PEOPLE) for a in kind.schema.attributes}
    schema = Schema(USER, "Both", tuple(attributes.values()), {})
    return ResourceType("Both", "", "", schema, PEOPLE.extensions, PEOPLE.common)


BOTH = union()
FIELDS = ("userName", "externalId", "id", "members.value", "groups.value", "name.familyName", "active", "emails.type",
          "meta.resourceType", "nickName")  # fmt: skip
TEXTS = st.sampled_from(("bob", "1", "2", "A", "User", "Group", "work", ""))


def written(path: str, value: str) -> Iterator[str]:
    """Yield terms on an attribute."""
    yield f"{path} pr"
    for operator in ("eq", "ne"):
        yield f"{path} {operator} null"
        yield f'{path} {operator} "{value if path != "active" else "true"}"'
    if path != "active":
        yield from (f'{path} {operator} "{value}"' for operator in ("co", "sw", "gt", "le"))


terms = st.tuples(st.sampled_from(FIELDS), TEXTS).flatmap(lambda pair: st.sampled_from([*written(*pair)]))
brackets = TEXTS.map(lambda text: f'emails[type eq "{text}" and not (value co "x")]')
filters = st.recursive(
    terms | brackets,
    lambda inner: (
        st.builds("not ({})".format, inner)
        | st.builds("({} and {})".format, inner, inner)
        | st.builds("({} or {})".format, inner, inner)
    ),
    max_leaves=6,
)


@pytest.fixture
def oracle(full: Scim) -> Scim:
    """A client of a tenant with a few users and groups."""
    bob = full.user("bob", externalId="1", name={"familyName": "A"}, emails=[{"value": "y", "type": "work"}])
    full.user("A", active=False, nickName="bob", emails=[{"value": "x", "type": "work"}, {"value": "z"}])
    full.group("1", bob["id"], externalId="bob")
    full.group("2", externalId="2")
    return full


@pytest.mark.requirement("F-29")
@settings(suppress_health_check=list(HealthCheck))
@given(expression=filters)
def test_a_filter_means_the_same_for_all_types(expression: str, oracle: Scim) -> None:
    """As if there were one type with all attributes, of which a resource has some."""
    everything = oracle.get("/").json["Resources"]
    bound = bind(parse_filter(expression), BOTH)
    expected = [resource["id"] for resource in everything if evaluate(bound, resource)]
    answer = search(oracle, filter=expression)
    assert [resource["id"] for resource in answer["Resources"]] == expected
    assert answer["totalResults"] == len(expected)


@pytest.mark.requirement("P-07", "P-08")
def test_a_page_is_bounded_over_all_types(make_scim: Callable[..., Scim]) -> None:
    """By the default size and the largest one."""
    scim = make_scim(default_count=2, max_results=3)
    for number in range(3):
        scim.user(f"u{number}")
        scim.group(f"g{number}")
    assert names(scim.get("/").json) == ["u0", "u1"]
    assert names(scim.get("/", query={"count": 9, "startIndex": 2}).json) == ["u1", "u2", "g0"]
