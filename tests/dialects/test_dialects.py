"""Dialects: each tolerance is granted and counted by default, and refused by those that say so."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from flask_bsr_scim import current_service, signals
from flask_bsr_scim.dialects import Dialect, Tolerance, tolerates, with_needs
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, GROUP, SEARCH, USER, Scim, assert_error, group, user
from tests.dialects.asking import BULK, HOME, Asked, Directory, patch
from tests.docs.pages import DOCS, rows

OURS = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


class Case(NamedTuple):
    """A request that needs a tolerance, and how it is refused by the first dialect that does not grant it."""

    tolerance: Tolerance
    asked: Asked
    scim_type: str | None
    detail: str
    profile: str = "rfc7643"
    status: int = 400


def post(**attributes: Any) -> Asked:
    """Create a user."""
    return Asked("POST", "/Users", user("ann", **attributes))


def replace(path: str | None, value: Any) -> Document:
    """Return an operation."""
    return {"op": "replace", **({"path": path} if path else {}), "value": value}


def search(filter: str) -> Asked:
    """Look for users."""
    return Asked("GET", "/Users", query={"filter": filter})


def search_by_body(**members: Any) -> Asked:
    """Look for users with a SearchRequest."""
    return Asked("POST", "/Users/.search", {"schemas": [SEARCH], **members})


T = Tolerance
MEMBER = 'members[value eq "{user}"]'
CASES = {
    "a standard attribute in a body": Case(
        T.ATTRIBUTE_NOT_STORED, post(title="Boss"), "invalidSyntax", '"title" is not stored here', "bsr"
    ),
    "a password without a place for it": Case(
        T.ATTRIBUTE_NOT_STORED, post(password="s3cret-s3cret"), "invalidSyntax", '"password" is not stored', "bsr"
    ),
    "an extension in a body": Case(
        T.ATTRIBUTE_NOT_STORED, post(**{ENTERPRISE: {"department": "x"}}), "invalidSyntax", "is not stored here", "bsr"
    ),
    "a standard sub-attribute": Case(
        T.ATTRIBUTE_NOT_STORED, post(name={"honorificPrefix": "Dr"}), "invalidSyntax", '"name.honorificPrefix"', "bsr"
    ),
    "a path to a standard attribute": Case(
        T.ATTRIBUTE_NOT_STORED, patch(replace("title", "Boss")), "invalidPath", "title is not stored here", "bsr"
    ),
    "a path to an extension": Case(
        T.ATTRIBUTE_NOT_STORED,
        patch(replace(f"{ENTERPRISE}:department", "x")),
        "invalidPath",
        f"{ENTERPRISE}:department is not stored here",
        "bsr",
    ),
    "a key of a value": Case(
        T.ATTRIBUTE_NOT_STORED, patch(replace(None, {"title": "Boss"})), "invalidPath", "title is not stored", "bsr"
    ),
    "a sub-attribute of a value": Case(
        T.ATTRIBUTE_NOT_STORED,
        patch(replace("name", {"honorificPrefix": "Dr"})),
        "invalidPath",
        "name.honorificPrefix is not stored",
        "bsr",
    ),
    "a removal of a standard attribute": Case(
        T.ATTRIBUTE_NOT_STORED, patch({"op": "remove", "path": "title"}), "invalidPath", "title is not stored", "bsr"
    ),
    "a filter with a standard attribute": Case(
        T.ATTRIBUTE_NOT_STORED, search('title eq "Boss"'), "invalidFilter", "title is not stored here", "bsr"
    ),
    "a filter over all types": Case(
        T.ATTRIBUTE_NOT_STORED,
        Asked("GET", "/", query={"filter": 'title eq "Boss"'}),
        "invalidFilter",
        "title is not stored here",
        "bsr",
    ),
    "an order by a standard attribute": Case(
        T.ATTRIBUTE_NOT_STORED, Asked("GET", "/Users", query={"sortBy": "title"}), "invalidPath", '"title"', "bsr"
    ),
    "a manager that is a string": Case(
        T.BARE_VALUE,
        Asked("POST", "/Users", {"schemas": [USER, ENTERPRISE], "userName": "ann", ENTERPRISE: {"manager": "{user}"}}),
        "invalidValue",
        "manager must be an object with a value",
    ),
    "a manager in a path": Case(
        T.BARE_VALUE,
        patch(replace(f"{ENTERPRISE}:manager", "{user}")),
        "invalidValue",
        "must be an object with a value",
    ),
    "an address that is a string": Case(
        T.BARE_VALUE, post(emails=["ann@example.com"]), "invalidValue", "emails must be an object with a value"
    ),
    "members that are strings": Case(
        T.BARE_VALUE,
        Asked("POST", "/Groups", {**group("crew"), "members": ["{user}"]}),
        "invalidValue",
        "members must be a list of objects with a value",
    ),
    "a boolean that is a string": Case(
        T.BOOLEAN_AS_STRING, post(active="False"), "invalidValue", 'active must be true or false, not "False".'
    ),
    "a boolean in a path": Case(
        T.BOOLEAN_AS_STRING, patch(replace("active", "True")), "invalidValue", "active must be true or false"
    ),
    "a boolean in a filter": Case(
        T.BOOLEAN_AS_STRING, search('active eq "true"'), "invalidFilter", "active must be true or false"
    ),
    "a bulk method": Case(
        T.BULK_METHOD_IN_SMALL_LETTERS,
        Asked(
            "POST",
            "/Bulk",
            {"schemas": [BULK], "Operations": [{"method": "delete", "path": "/Users/{user}"}]},
        ),
        "invalidSyntax",
        "send it in capitals",
    ),
    "a dotted key": Case(
        T.DOTTED_KEY_IN_VALUE,
        patch(replace(None, {"name.givenName": "Bob"})),
        "invalidSyntax",
        'has the key "name.givenName"',
    ),
    "an element that is not there": Case(
        T.ELEMENT_MADE_FROM_FILTER,
        patch(replace('emails[type eq "work"].value', "bob@example.com")),
        "noTarget",
        "matches the filter",
    ),
    "a null for an element that is not there": Case(
        T.ELEMENT_MADE_FROM_FILTER,
        patch(replace('emails[type eq "work"].value', None)),
        "noTarget",
        "matches the filter",
    ),
    "an element that is added so": Case(
        T.ELEMENT_MADE_FROM_FILTER,
        patch({"op": "add", "path": 'emails[type eq "work"].value', "value": "bob@example.com"}),
        "noTarget",
        "matches the filter",
    ),
    "a member that is added so": Case(
        T.ELEMENT_MADE_FROM_FILTER,
        patch({"op": "add", "path": MEMBER, "value": [{"value": "{user}"}]}, of="/Groups/{group}"),
        "mutability",
        "add or remove members",
    ),
    "nobody as a manager": Case(
        T.EMPTY_REFERENCE, patch(replace(f"{ENTERPRISE}:manager", {"value": ""})), "invalidValue", 'manager names ""'
    ),
    "a manager who is not here": Case(
        T.REFERENCE_TO_NOBODY,
        patch(replace(f"{ENTERPRISE}:manager", {"value": "00u1"})),
        "invalidValue",
        'manager names "00u1", which is the id of no User here. Provision that one first',
    ),
    "two slashes": Case(T.EXTRA_SLASH, Asked("GET", "//Users"), None, "a slash too many", status=404),
    "a slash at the end": Case(T.EXTRA_SLASH, Asked("GET", "/Users/"), None, "a slash too many", status=404),
    "a key with a filter": Case(
        T.FILTER_KEY_IN_VALUE,
        patch(replace(None, {'emails[type eq "home"].value': "bob@example.com"})),
        "invalidSyntax",
        "has the key",
    ),
    "an id in a value": Case(
        T.ID_IN_PATCH,
        patch(replace(None, {"id": "{group}", "displayName": "staff"}), of="/Groups/{group}"),
        "mutability",
        "id is readOnly",
    ),
    "a manager that is a list": Case(
        T.LIST_FOR_VALUE,
        patch(replace(f"{ENTERPRISE}:manager", [{"value": "{user}"}])),
        "invalidValue",
        "must be an object with a value, not a list",
    ),
    "a name that is a list": Case(
        T.LIST_FOR_VALUE, patch(replace("name", [{"givenName": "Bob"}])), "invalidValue", "must be an object, not"
    ),
    "a boolean in a list": Case(
        T.LIST_FOR_VALUE, patch(replace("active", [False])), "invalidValue", "active must be true or false, not a list"
    ),
    "a part in a list": Case(
        T.LIST_FOR_VALUE, patch(replace("name.givenName", ["Bob"])), "invalidValue", "must be a string, not a list"
    ),
    "an object in a list": Case(
        T.LIST_FOR_VALUE, patch(replace(None, [{"displayName": "Bob"}])), "invalidValue", "an object of attributes"
    ),
    "an element in a list": Case(
        T.LIST_FOR_VALUE,
        patch(replace('emails[type eq "work"]', [{"value": "bob@example.com", "type": "work"}])),
        "invalidValue",
        "not a list",
    ),
    "no Content-Type": Case(
        T.MISSING_CONTENT_TYPE,
        post()._replace(headers={"Content-Type": None}),
        None,
        "application/scim+json",
        status=415,
    ),
    "an extension's attribute in a path": Case(
        T.MISSING_URN, patch(replace("department", "R&D")), "invalidPath", f"; send {ENTERPRISE}:department."
    ),
    "an extension's attribute in a filter": Case(
        T.MISSING_URN, search('department eq "R&D"'), "invalidFilter", f"; send {ENTERPRISE}:department."
    ),
    "an extension's attribute as a key": Case(
        T.MISSING_URN, patch(replace(None, {"department": "R&D"})), "invalidSyntax", 'has the key "department"'
    ),
    "an extension's attribute to sort by": Case(
        T.MISSING_URN, Asked("GET", "/Users", query={"sortBy": "department"}), "invalidPath", '"department"'
    ),
    "names in one string": Case(
        T.NAMES_AS_STRING,
        search_by_body(attributes="userName,id"),
        "invalidValue",
        "attributes must be a list of names",
    ),
    "a number in quotes": Case(T.NUMBER_AS_STRING, search_by_body(count="1"), "invalidValue", "count must be a number"),
    "an operation in capitals": Case(
        T.OPERATION_IN_CAPITALS,
        patch({"op": "Replace", "path": "active", "value": False}),
        "invalidSyntax",
        'op must be add, remove or replace, not "Replace".',
    ),
    "a filter on a single value": Case(
        T.FILTER_ON_SINGLE_VALUE,
        patch({"op": "remove", "path": f'{ENTERPRISE}:manager[value eq "{{user}}"]'}),
        "invalidPath",
        "has a single value, so its path takes no filter",
    ),
    "an object as text": Case(
        T.VALUE_AS_TEXT, patch(replace(None, '{"displayName": "Bob"}')), "invalidValue", "an object of attributes"
    ),
    "a list as text": Case(
        T.VALUE_AS_TEXT,
        patch(replace("emails", '[{"value": "bob@example.com"}]')),
        "invalidValue",
        "emails must be an object with a value",
    ),
    "an element as text": Case(
        T.VALUE_AS_TEXT,
        patch(replace("emails", ['{"value": "bob@example.com"}'])),
        "invalidValue",
        "emails must be an object with a value",
    ),
    "members to remove, as text": Case(
        T.VALUE_AS_TEXT,
        patch({"op": "remove", "path": "members", "value": '[{"value": "{user}"}]'}, of="/Groups/{group}"),
        "invalidSyntax",
        'members[value eq "…"]',
    ),
    "a word in a filter": Case(
        T.UNQUOTED_TEXT, search("userName Eq bob"), "invalidFilter", "with text in double quotes"
    ),
    "a word in a path": Case(
        T.UNQUOTED_TEXT,
        patch(replace("emails[type eq work].value", "bob@example.com")),
        "invalidPath",
        "with text in double quotes",
    ),
    "members to remove": Case(
        T.REMOVE_WITH_VALUE,
        patch({"op": "remove", "path": "members", "value": [{"value": "{user}"}]}, of="/Groups/{group}"),
        "invalidSyntax",
        'members[value eq "…"]',
    ),
    "two primaries": Case(
        T.SEVERAL_PRIMARIES,
        post(emails=[{"value": "a@example.com", "primary": True}, {"value": "b@example.com", "primary": True}]),
        "invalidValue",
        "send one that is",
    ),
    "one address without a list": Case(
        T.SINGLE_VALUE_FOR_LIST, post(emails={"value": "a@example.com"}), "invalidValue", "emails must be a list"
    ),
    "one member without a list": Case(
        T.SINGLE_VALUE_FOR_LIST,
        Asked("POST", "/Groups", {**group("crew"), "members": {"value": "{user}"}}),
        "invalidValue",
        "members must be a list",
    ),
    "an unknown attribute": Case(T.UNKNOWN_ATTRIBUTE, post(shoeSize=42), "invalidSyntax", '"shoeSize" is in no schema'),
    "an unknown sub-attribute": Case(
        T.UNKNOWN_ATTRIBUTE, post(name={"nick": "x"}), "invalidSyntax", '"name.nick" is in no schema'
    ),
    "an unknown part of an element": Case(
        T.UNKNOWN_ATTRIBUTE, post(emails=[{"value": "a@b.c", "kind": "x"}]), "invalidSyntax", '"emails.kind"'
    ),
    "an unknown part of a member": Case(
        T.UNKNOWN_ATTRIBUTE,
        Asked("POST", "/Groups", {**group("crew"), "members": [{"value": "{user}", "since": 1}]}),
        "invalidSyntax",
        '"members.since"',
    ),
    "an unknown attribute of an extension": Case(
        T.UNKNOWN_ATTRIBUTE,
        Asked("POST", "/Users", {"schemas": [USER, ENTERPRISE], "userName": "ann", ENTERPRISE: {"floor": 3}}),
        "invalidSyntax",
        f'"{ENTERPRISE}:floor"',
    ),
    "an unknown key": Case(
        T.UNKNOWN_ATTRIBUTE, patch(replace(None, {"shoeSize": 42})), "invalidSyntax", 'has the key "shoeSize"'
    ),
    "an unknown part of a value": Case(
        T.UNKNOWN_ATTRIBUTE, patch(replace("name", {"nick": "x"})), "invalidSyntax", 'no sub-attribute "nick"'
    ),
    "an unknown schema": Case(
        T.UNKNOWN_SCHEMA,
        Asked("POST", "/Groups", {"schemas": [GROUP, OURS], "displayName": "crew"}),
        "invalidSyntax",
        "which is no schema of a Group here; leave it out",
    ),
    "the schema of an extension that is not served": Case(
        T.UNKNOWN_SCHEMA,
        Asked("POST", "/Users", {"schemas": [USER, ENTERPRISE], "userName": "ann"}),
        "invalidSyntax",
        "which is no schema of a User here",
        "bsr",
    ),
    "an unknown schema in a path": Case(
        T.UNKNOWN_SCHEMA, patch(replace("schemas", [USER, OURS])), "invalidSyntax", "which is no schema of a User here"
    ),
    "brackets with something behind": Case(
        T.VALUE_FILTER_WITH_SUB_ATTRIBUTE,
        search('emails[type eq "work"].value eq "bob@example.com"'),
        "invalidFilter",
        'put it inside, as "emails[… and value …]"',
    ),
    "a replacement of a part": Case(T.MERGING_REPLACE, patch(replace("name", {"givenName": "Bob"})), None, ""),
    "no path": Case(T.OPERATION_WITHOUT_PATH, patch(replace(None, {"active": False})), "invalidSyntax", "has no path"),
    "a whole element": Case(
        T.PATH_TO_WHOLE_ELEMENT,
        patch(replace('emails[type eq "home"]', HOME)),
        "invalidPath",
        "name a sub-attribute behind it",
    ),
    "several elements": Case(
        T.SEVERAL_MATCHES,
        patch(replace('phoneNumbers[type eq "mobile"].display', "mobile")),
        "invalidFilter",
        "selects 2 values of phoneNumbers",
    ),
    "one value": Case(
        T.SINGLE_VALUE_IN_PATCH,
        patch({"op": "add", "path": "emails", "value": {"value": "bob@example.com"}}),
        "invalidValue",
        "emails must be a list",
    ),
    "one member": Case(
        T.SINGLE_VALUE_IN_PATCH,
        patch({"op": "add", "path": "members", "value": {"value": "{user}"}}, of="/Groups/{group}"),
        "invalidValue",
        "members must be a list",
    ),
    "a member's name": Case(
        T.UNLISTED_SUB_ATTRIBUTE,
        patch({"op": "add", "path": "members", "value": [{"value": "{user}", "display": "Bob"}]}, of="/Groups/{group}"),
        "invalidSyntax",
        '"members.display" is not in the schema',
    ),
    "an address's name": Case(
        T.UNLISTED_SUB_ATTRIBUTE,
        post(emails=[{"value": "a@b.c", "display": "x"}]),
        "invalidSyntax",
        '"emails.display"',
        "bsr",
    ),
}
BEHAVIOURS = {T.MERGING_REPLACE, T.MEMBERS_KEPT_BY_PUT}
"""Those that a dialect does not refuse: it does something else instead."""
QUERIES = {name: case for name, case in CASES.items() if case.asked.method == "GET"}
REFUSED = {name: case for name, case in CASES.items() if case.tolerance not in BEHAVIOURS}


def first_refusing(tolerance: Tolerance) -> Dialect:
    """Return the most tolerant dialect that does not grant it."""
    return next(dialect for dialect in Dialect if tolerance in dialect.refused)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_default_grants_and_counts(case: Case, directory: Callable[[str], Directory]) -> None:
    """What a client needs is done, counted once a request, and kept with its token."""
    here = directory(case.profile)
    response = here.ask(Dialect.DEFAULT, case.asked)
    assert response.status_code in (200, 201, 204), response.text
    assert here.needed(Dialect.DEFAULT)[case.tolerance] == 1
    assert case.tolerance in here.kept(Dialect.DEFAULT)


@pytest.mark.requirement("C-20", "C-25", "X-13", "XA-08", "XP-08")
@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_others_refuse(case: Case, directory: Callable[[str], Directory]) -> None:
    """A dialect without the tolerance refuses, says what to send, and changes nothing."""
    here = directory(case.profile)
    refusing = first_refusing(case.tolerance)
    before = here.ask(Dialect.DEFAULT, Asked("GET", "/")).json
    assert_error(here.ask(refusing, case.asked), case.status, case.scim_type, case.detail)
    assert case.tolerance not in here.needed(refusing)
    assert here.ask(Dialect.DEFAULT, Asked("GET", "/")).json == before


@pytest.mark.parametrize("case", QUERIES.values(), ids=QUERIES)
def test_what_is_kept_of_a_query_serves_each_dialect(case: Case, directory: Callable[[str], Directory]) -> None:
    """Whatever is kept of a tolerant query helps no strict one, and a strict one spoils no tolerant one."""
    here = directory(case.profile)
    for times in range(1, 4):
        assert here.ask(Dialect.STRICT, case.asked).status_code == case.status
        assert here.ask(Dialect.DEFAULT, case.asked).status_code == 200
        assert here.needed(Dialect.DEFAULT)[case.tolerance] == times


@pytest.mark.parametrize("case", [c for c in CASES.values() if c.tolerance not in Dialect.STRICT.refused])
def test_strict_grants_what_the_rfc_has(case: Case, directory: Callable[[str], Directory]) -> None:
    """`strict` is the RFC, not less."""
    here = directory(case.profile)
    assert here.ask(Dialect.STRICT, case.asked).status_code in (200, 201, 204)


def test_each_tolerance_has_a_case() -> None:
    """None is untested."""
    assert {case.tolerance for case in CASES.values()} | {T.MEMBERS_KEPT_BY_PUT} == set(Tolerance)


def test_each_tolerance_has_its_row() -> None:
    """The page about dialects has each tolerance, in the order of the alphabet, with the dialects that refuse it."""
    text = (DOCS / "reference" / "dialects.md").read_text("utf-8")
    described = [row for heading in ("Tolerance", "Of the RFC") for row in rows(text, heading)]
    assert {row[0] for row in described} == set(Tolerance)
    within = {row[0] for row in rows(text, "Of the RFC")}
    assert within == Dialect.INTEROP.refused - Dialect.STRICT.refused


# What another dialect does instead


@pytest.mark.requirement("U-04")
@pytest.mark.parametrize(("dialect", "left"), [(Dialect.DEFAULT, 1), (Dialect.STRICT, 0), (Dialect.INTEROP, 0)])
def test_members_that_a_put_leaves_out(dialect: Dialect, left: int, directory: Callable[[str], Directory]) -> None:
    """They stay by default, which is counted; the other dialects clear what a PUT does not name."""
    here = directory("bsr")
    path = f"/Groups/{here.group}"
    here.ask(Dialect.STRICT, Asked("PUT", path, group("staff", here.user)))
    answer = here.ask(dialect, Asked("PUT", path, {"schemas": [GROUP], "displayName": "crew"}))
    assert answer.status_code == 200
    assert len(answer.json.get("members", [])) == left
    assert (T.MEMBERS_KEPT_BY_PUT in here.needed(dialect)) == bool(left)


@pytest.mark.requirement("U-04")
@pytest.mark.parametrize("dialect", Dialect)
def test_active_is_kept_by_every_put(dialect: Dialect, directory: Callable[[str], Directory]) -> None:
    """Nobody is let in because a PUT leaves `active` out."""
    here = directory("bsr")
    path = f"/Users/{here.user}"
    here.ask(Dialect.STRICT, patch(replace("active", False)))
    assert here.ask(dialect, Asked("PUT", path, user("bob"))).json["active"] is False


@pytest.mark.parametrize(
    ("dialect", "name"),
    [
        (Dialect.DEFAULT, {"givenName": "Bob", "familyName": "Smith"}),
        (Dialect.STRICT, {"givenName": "Bob", "familyName": "Smith"}),
        (Dialect.INTEROP, {"givenName": "Bob"}),
    ],
)
def test_a_replaced_name(dialect: Dialect, name: Document, directory: Callable[[str], Directory]) -> None:
    """RFC 7644 §3.5.2.3 keeps the parts that are not given; the draft (§6.5.2.1) does not. `add` merges in both."""
    here = directory("rfc7643")
    assert here.ask(dialect, patch(replace("name", {"givenName": "Bob"}))).json["name"] == name
    merged = here.ask(dialect, patch({"op": "add", "path": "name", "value": {"middleName": "J"}})).json["name"]
    assert merged == {**name, "middleName": "J"}


@pytest.mark.parametrize(
    ("asked", "scim_type"),
    [
        pytest.param(patch(replace("shoeSize", 42)), "invalidSyntax", id="path"),
        pytest.param(patch(replace("name.nick", "x")), "invalidSyntax", id="sub-attribute"),
        pytest.param(patch({"op": "remove"}), "invalidSyntax", id="remove without path"),
        pytest.param(search('shoeSize eq "42"'), "invalidFilter", id="filter"),
        pytest.param(Asked("DELETE", "/Users/x"), None, id="what is not there"),
    ],
)
def test_errors_of_the_draft(asked: Asked, scim_type: str | None, directory: Callable[[str], Directory]) -> None:
    """The draft (§5.3, §6.3, §6.5.1.1) wants other words than RFC 7644 for what is not defined."""
    answer = directory("bsr").ask(Dialect.INTEROP, asked)
    assert_error(answer, 404 if scim_type is None else 400, scim_type)


@pytest.mark.requirement("A-11")
@pytest.mark.parametrize("first", Dialect)
def test_names_of_a_projection_are_the_same_for_all(first: Dialect, directory: Callable[[str], Directory]) -> None:
    """Who asked first does not decide what a name chooses."""
    here = directory("rfc7643")
    here.ask(Dialect.STRICT, patch(replace(f"{ENTERPRISE}:department", "R&D")))
    asked = Asked("GET", f"/Users/{here.user}", query={"attributes": "department"})
    for dialect in (first, *Dialect):
        assert here.ask(dialect, asked).json[ENTERPRISE] == {"department": "R&D"}


@pytest.mark.requirement("Z-08")
@pytest.mark.parametrize("dialect", Dialect)
def test_a_password_that_the_schema_lists(dialect: Dialect, directory: Callable[[str], Directory]) -> None:
    """Where `/Schemas` has it, it is accepted and dropped, and needs no tolerance."""
    here = directory("rfc7643")
    assert here.ask(dialect, post(password="s3cret-s3cret")).status_code == 201
    assert here.needed(dialect) == {}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("profile", ["bsr", "rfc7643"])
def test_what_was_read_can_be_sent_back(dialect: Dialect, profile: str, directory: Callable[[str], Directory]) -> None:
    """A resource as GET shows it is a valid PUT in every dialect."""
    here = directory(profile)
    for path in (f"/Users/{here.user}", f"/Groups/{here.group}"):
        body = here.ask(dialect, Asked("GET", path)).json
        assert here.ask(dialect, Asked("PUT", path, {"members": [], **body} if "Groups" in path else body)).json == body
    assert here.needed(dialect) == {}


# Which dialect is spoken


def test_a_token_that_names_none_speaks_that_of_the_service(make_scim: Callable[..., Scim]) -> None:
    """SCIM_DIALECT is for those tokens, SCIM_TOKEN among them; a token's own wins."""
    scim = make_scim(dialect="strict")
    assert_error(scim.post("/Users", user("bob", shoeSize=42)), 400, "invalidSyntax")
    with scim.app.app_context():
        service = current_service()
    plain, named = (service.tokens.create("default", dialect=d)[0] for d in (None, Dialect.DEFAULT))
    assert_error(Scim(scim.app, token=plain).post("/Users", user("bob", shoeSize=42)), 400, "invalidSyntax")
    assert Scim(scim.app, token=named).post("/Users", user("bob", shoeSize=42)).status_code == 201


def test_outside_of_requests_everything_is_tolerated() -> None:
    """Python code that calls the provider speaks `default`, and nothing is counted."""
    assert all(map(tolerates, Tolerance))
    assert with_needs(lambda: tolerates(T.EXTRA_SLASH)) == (True, {T.EXTRA_SLASH})


def test_a_request_leaves_no_dialect_behind(directory: Callable[[str], Directory]) -> None:
    """The thread that answered a strict request is as before."""
    directory("bsr").ask(Dialect.STRICT, search('title eq "x"'))
    assert tolerates(T.ATTRIBUTE_NOT_STORED)


# What is told


def test_a_signal_tells_what_was_needed(directory: Callable[[str], Directory]) -> None:
    """It is sent with the store as sender, once a request that needed something."""
    here = directory("bsr")
    told: list[Document] = []

    def hear(_store: object, **payload: Any) -> None:
        told.append(payload)

    with signals.tolerance_used.connected_to(hear, sender=here.service.backend):
        here.ask(Dialect.DEFAULT, post(active="True", title="Boss"))
        here.ask(Dialect.DEFAULT, Asked("GET", "/Users"))
    needed = {T.ATTRIBUTE_NOT_STORED, T.BOOLEAN_AS_STRING}
    token = here.tokens[Dialect.DEFAULT][1].id
    assert told == [{"tenant": here.tenant, "token_id": token, "dialect": Dialect.DEFAULT, "tolerances": needed}]


def test_the_log_tells_what_was_needed(directory: Callable[[str], Directory], caplog: pytest.LogCaptureFixture) -> None:
    """The line of the request names it; other lines say nothing of it."""
    here = directory("bsr")
    with caplog.at_level(logging.INFO, "flask_bsr_scim.access"):
        here.ask(Dialect.DEFAULT, post(active="True", title="Boss"))
        here.ask(Dialect.DEFAULT, Asked("GET", "/Users"))
    first, second = (record.getMessage() for record in caplog.records)
    assert " tolerances=attribute-not-stored,boolean-as-string" in first
    assert "tolerances" not in second


def test_a_token_is_written_once_a_day(directory: Callable[[str], Directory]) -> None:
    """However often it needs something: the change log has one entry for each new need."""
    here = directory("bsr")
    store = here.service.backend
    before = len(store.log(here.tenant))
    for _ in range(5):
        here.ask(Dialect.DEFAULT, search('title eq "x"'))
    assert [entry.type for entry in store.log(here.tenant)[before:]] == ["Token"]
    here.service.needs._noted.clear()  # as another process would begin
    here.ask(Dialect.DEFAULT, search('title eq "x"'))
    assert len(store.log(here.tenant)) == before + 1


def test_a_fixed_token_is_counted_and_not_kept(make_scim: Callable[..., Scim]) -> None:
    """SCIM_TOKEN is not in the store, so what it needs is there as long as the process."""
    scim = make_scim()
    scim.post("/Users", user("bob", shoeSize=42))
    with scim.app.app_context():
        service = current_service()
    assert [*service.needs.counts] == [("default", "SCIM_TOKEN", T.UNKNOWN_ATTRIBUTE)]
    assert [entry.type for entry in service.backend.log("default")].count("Token") == 0


# The draft


@pytest.fixture
def configured(make_scim: Callable[..., Scim]) -> Callable[..., Document]:
    """Return what ServiceProviderConfig says of a service with these settings."""

    def ask(**settings: Any) -> Document:
        config: Document = make_scim(**settings).get("/ServiceProviderConfig").json
        return config

    return ask


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"dialect": "interop"}, True, id="all holds"),
        pytest.param({"dialect": "interop", "max_results": 99}, False, id="small pages"),
        pytest.param({"dialect": "interop", "profile": "rfc7643"}, False, id="types without canonical values"),
        pytest.param({"dialect": "strict"}, None, id="strict"),
        pytest.param({}, None, id="default"),
    ],
)
def test_conformance_is_computed(settings: Document, said: bool | None, configured: Callable[..., Document]) -> None:
    """`interopProfileConformant` is true only where everything holds, and left out in other dialects."""
    assert configured(**settings).get("interopProfileConformant") is said


def test_conformance_is_that_of_who_asks(make_scim: Callable[..., Scim]) -> None:
    """Where the document needs a token, the token's dialect decides."""
    scim = make_scim(public_config=False)
    with scim.app.app_context():
        text, _ = current_service().tokens.create("default", dialect=Dialect.INTEROP)
    assert "interopProfileConformant" not in scim.get("/ServiceProviderConfig").json
    assert Scim(scim.app, token=text).get("/ServiceProviderConfig").json["interopProfileConformant"] is True


OF_THE_DRAFT = {
    "create": post(name={"givenName": "Ann"}, emails=[{"value": "ann@example.com", "type": "work"}]),
    "find": search('userName eq "BOB" and active eq true'),
    "page": Asked("GET", "/Users", query={"count": "100"}),
    "path to a value": patch(replace("active", False)),
    "add is replace": patch({"op": "add", "path": "userName", "value": "rob"}),
    "path to a part": patch(replace("name.givenName", "Bob")),
    "path with a filter": patch(replace('emails[type eq "home"].value', "rob@example.com")),
    "a list": patch(replace("emails", [{"value": "rob@example.com", "type": "work"}])),
    "join": patch({"op": "add", "path": "members", "value": [{"value": "{user}"}]}, of="/Groups/{group}"),
    "leave": patch({"op": "remove", "path": MEMBER}, of="/Groups/{group}"),
    "delete": Asked("DELETE", "/Users/{user}"),
}
"""What a client of the draft sends, from its sections 5 and 6."""


@pytest.mark.parametrize("dialect", Dialect)
def test_clients_of_the_draft_are_served(dialect: Dialect, directory: Callable[[str], Directory]) -> None:
    """What the draft has clients send is done in every dialect; it needs no tolerance."""
    here = directory("rfc7643")
    for what, asked in OF_THE_DRAFT.items():
        assert here.ask(dialect, asked).status_code in (200, 201, 204), what
    assert here.needed(dialect) == {}
