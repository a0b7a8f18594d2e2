"""RFC 7644 §3.5.2: PATCH of a document."""

import copy
import json
from typing import Any

import pytest

from flask_bsr_scim.errors import (
    InvalidFilter,
    InvalidPath,
    InvalidSyntax,
    InvalidValue,
    Mutability,
    NoTarget,
    ScimError,
    TooMany,
)
from flask_bsr_scim.patch import Operation, make_patch
from flask_bsr_scim.schema import Document, Extension, ResourceType, Validator, load_profile, make_resource_type

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENDPOINTS = {"User": "/Users", "Group": "/Groups"}
BSR = load_profile("bsr")[0]
RFC = load_profile("rfc7643")[0]

WORK: Document = {"value": "bjensen@example.com", "type": "work", "primary": True}
HOME: Document = {"value": "babs@jensen.org", "type": "home"}
USER: Document = {
    "schemas": [CORE],
    "id": "7",
    "userName": "bjensen",
    "name": {"familyName": "Jensen", "givenName": "Barbara"},
    "active": True,
}
REGISTRY_USER: Document = {**USER, "emails": [WORK]}


def op(kind: str, path: str | None = None, *value: Any) -> Operation:
    """Return an operation; without a third argument it has no value."""
    return Operation(kind, path, value[0] if value else None, bool(value))


def patched(document: Document, *operations: Operation, resource_type: ResourceType = RFC) -> Document:
    return make_patch(operations, resource_type, Validator(resource_type, ENDPOINTS)).apply(document)


def user(**attributes: Any) -> Document:
    """Return the user with other values; None takes an attribute away."""
    return {name: value for name, value in {**USER, **attributes}.items() if value is not None}


def with_extension(**attributes: Any) -> Document:
    return user(schemas=[CORE, ENTERPRISE], **{ENTERPRISE: attributes})


ADD = [
    pytest.param(
        user(),
        op("add", "emails", [HOME, {**HOME, "display": "Babs"}]),
        user(emails=[{**HOME, "display": "Babs"}]),
        id="one value twice in an operation",
    ),
    pytest.param(user(), op("add", "nickName", "Babs"), user(nickName="Babs"), id="XA-03 an unassigned attribute"),
    pytest.param(user(nickName="B"), op("add", "nickName", "Babs"), user(nickName="Babs"), id="XA-03 is replaced"),
    pytest.param(user(), op("Add", "NICKNAME", "Babs"), user(nickName="Babs"), id="X-04 X-16 capitals"),
    pytest.param(
        user(), op("add", None, {"nickName": "B", "title": "T"}), user(nickName="B", title="T"), id="XA-02 no path"
    ),
    pytest.param(
        user(),
        op("add", "name", {"givenName": "Babs", "middleName": "J"}),
        user(name={"familyName": "Jensen", "givenName": "Babs", "middleName": "J"}),
        id="XA-04 an object is merged",
    ),
    pytest.param(
        user(),
        op("Add", "name.givenName", "B"),
        user(name={"familyName": "Jensen", "givenName": "B"}),
        id="Entra: name.givenName",
    ),
    pytest.param(
        user(name=None), op("add", "name.givenName", "B"), user(name={"givenName": "B"}), id="XA-03 the first part"
    ),
    pytest.param(user(emails=[WORK]), op("add", "emails", [HOME]), user(emails=[WORK, HOME]), id="XA-05 an array"),
    pytest.param(user(emails=[WORK]), op("add", "emails", HOME), user(emails=[WORK, HOME]), id="XA-05 one object"),
    pytest.param(user(), op("add", "emails", "a@b"), user(emails=[{"value": "a@b"}]), id="XA-05 a bare value"),
    pytest.param(
        user(), op("add", "emails", [json.dumps(WORK)]), user(emails=[WORK]), id="SCIM-SDK: an element as text"
    ),
    pytest.param(user(), op("add", "emails", json.dumps([WORK])), user(emails=[WORK]), id="SCIM-SDK: a list as text"),
    pytest.param(
        user(emails=[WORK]), op("remove", "emails", json.dumps([WORK])), user(), id="SCIM-SDK: a removal as text"
    ),
    pytest.param(
        user(),
        op("add", "roles", [{"value": '{"id": "1", "value": "Admin", "displayName": "A"}'}]),
        user(roles=[{"value": "Admin"}]),
        id="Entra: a role in its value",
    ),
    pytest.param(
        user(),
        op("add", "roles", [{"value": '{"value": 1}'}]),
        user(roles=[{"value": '{"value": 1}'}]),
        id="a value of JSON that is no role",
    ),
    pytest.param(user(), op("replace", "nickName", ["B"]), user(nickName="B"), id="SCIM-SDK: a list of one"),
    pytest.param(
        user(), op("replace", None, [{"nickName": "B"}]), user(nickName="B"), id="SCIM-SDK: an object in a list"
    ),
    pytest.param(user(emails=[WORK]), op("add", "emails", [WORK]), user(emails=[WORK]), id="XA-06 it is there"),
    pytest.param(
        user(emails=[WORK]),
        op("add", "emails", [{"value": WORK["value"]}]),
        user(emails=[WORK]),
        id="XA-06 without its type",
    ),
    pytest.param(
        user(emails=[WORK]),
        op("add", "emails", [{"value": "BJENSEN@EXAMPLE.COM", "type": "Work"}]),
        user(emails=[WORK]),
        id="XA-06 T-10 in another letter case",
    ),
    pytest.param(
        user(emails=[WORK]),
        op("add", "emails", [{"value": WORK["value"], "type": "work", "display": "B"}]),
        user(emails=[{**WORK, "display": "B"}]),
        id="L-03 the same value and type takes over the rest",
    ),
    pytest.param(
        user(emails=[WORK]),
        op("add", "emails", [{"value": WORK["value"], "type": "home"}]),
        user(emails=[WORK, {"value": WORK["value"], "type": "home"}]),
        id="L-04 the same value of another type",
    ),
    pytest.param(
        user(emails=[WORK]),
        op("add", "emails", [{**HOME, "primary": True}]),
        user(emails=[{**WORK, "primary": False}, {**HOME, "primary": True}]),
        id="X-17 a new primary",
    ),
    pytest.param(
        user(addresses=[{"locality": "Ulm"}]),
        op("add", "addresses", [{"locality": "Ulm"}, {"locality": "Ulm", "type": "work"}]),
        user(addresses=[{"locality": "Ulm"}, {"locality": "Ulm", "type": "work"}]),
        id="L-07 elements without value",
    ),
    pytest.param(user(emails=[HOME]), op("add", "emails", []), user(emails=[HOME]), id="C-26 nothing is added"),
    pytest.param(user(), op("add", "nickName", None), user(), id="C-26 null adds nothing"),
    pytest.param(
        user(),
        op("Add", 'emails[type eq "work"].value', "a@b"),
        user(emails=[{"value": "a@b", "type": "work"}]),
        id="XA-08 Entra: the element is made",
    ),
    pytest.param(
        user(emails=[HOME]),
        op("add", 'emails[type eq "home"].display', "H"),
        user(emails=[{"value": "babs@jensen.org", "display": "H", "type": "home"}]),
        id="XA-08 the matching element",
    ),
    pytest.param(
        user(emails=[HOME]),
        op("add", 'emails[type eq "home"]', {"display": "H"}),
        user(emails=[{**HOME, "display": "H"}]),
        id="XA-04 merged into the matching element",
    ),
    pytest.param(
        user(), op("add", f"{ENTERPRISE}:department", "D"), with_extension(department="D"), id="X-18 first value"
    ),
    pytest.param(
        user(), op("add", ENTERPRISE, {"Department": "D"}), with_extension(department="D"), id="X-15 a bare URN"
    ),
    pytest.param(
        user(),
        op("add", None, {ENTERPRISE: {"department": "D"}}),
        with_extension(department="D"),
        id="X-24 an URN with an object",
    ),
    pytest.param(
        user(),
        op("add", None, {f"{ENTERPRISE}:department": "D"}),
        with_extension(department="D"),
        id="X-24 a qualified name",
    ),
    pytest.param(
        user(), op("add", None, {f"{CORE}:nickName": "B"}), user(nickName="B"), id="X-24 a qualified core name"
    ),
    pytest.param(
        user(), op("add", None, {CORE: {"nickName": "B"}}), user(nickName="B"), id="C-33 the core schema's URN"
    ),
    pytest.param(user(), op("add", f"{CORE}:nickName", "B"), user(nickName="B"), id="X-15 a qualified path"),
    pytest.param(
        user(),
        op("Add", f"{ENTERPRISE}:manager", [{"$ref": "http://x/Users/9", "value": "9"}]),
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        id="Entra: a list of one manager",
    ),
    pytest.param(
        user(),
        op("Add", f"{ENTERPRISE}:manager", "9"),
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        id="Entra: a bare manager",
    ),
]

REPLACE = [
    pytest.param(user(), op("replace", "userName", "babs"), user(userName="babs"), id="XP-01"),
    pytest.param(user(), op("replace", "nickName", "Babs"), user(nickName="Babs"), id="XP-03 no value before"),
    pytest.param(
        user(),
        op("replace", None, {"userName": "b", "nickName": "B"}),
        user(userName="b", nickName="B"),
        id="XP-02 no path",
    ),
    pytest.param(
        user(), op("replace", None, {"active": False}), user(active=False), id="Okta: deactivate without path"
    ),
    pytest.param(user(), op("Replace", "active", "False"), user(active=False), id="Entra: active False as a string"),
    pytest.param(user(), op("Replace", "active", False), user(active=False), id="Entra: active with the flag"),
    pytest.param(user(emails=[WORK]), op("replace", "emails", [HOME]), user(emails=[HOME]), id="XP-04 the whole set"),
    pytest.param(user(emails=[WORK]), op("replace", "emails", HOME), user(emails=[HOME]), id="XP-04 by one object"),
    pytest.param(user(emails=[WORK]), op("replace", "emails", []), user(), id="XP-09 by the empty list"),
    pytest.param(
        user(),
        op("replace", "name", {"givenName": "Babs"}),
        user(name={"familyName": "Jensen", "givenName": "Babs"}),
        id="XP-05",
    ),
    pytest.param(
        user(),
        op("replace", None, {"name": {"GIVENNAME": None}}),
        user(name={"familyName": "Jensen"}),
        id="XP-09 a part is null",
    ),
    pytest.param(user(), op("replace", "name", None), user(name=None), id="XP-09 an object is null"),
    pytest.param(user(), op("replace", "name", {}), user(), id="XP-05 nothing given"),
    pytest.param(user(nickName="B"), op("replace", "nickName", None), user(), id="XP-09 null"),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", 'emails[type eq "home"]', {"value": "new", "type": "other"}),
        user(emails=[WORK, {"value": "new", "type": "other"}]),
        id="XP-06 the matching element",
    ),
    pytest.param(
        user(emails=[{**HOME, "display": "H"}]),
        op("replace", 'emails[type eq "home"]', {"value": "new"}),
        user(emails=[{"value": "new", "type": "home"}]),
        id="XP-06 keeps what the filter says, and nothing else",
    ),
    pytest.param(
        user(emails=[WORK]),
        op("replace", 'emails[type eq "home"]', {"value": "new"}),
        user(emails=[WORK, {"value": "new", "type": "home"}]),
        id="XP-08 the element is made",
    ),
    pytest.param(
        user(emails=[WORK, HOME]), op("replace", 'emails[type eq "home"]', None), user(emails=[WORK]), id="XP-09 one"
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("Replace", 'emails[type eq "work"].value', "new"),
        user(emails=[{**WORK, "value": "new"}, HOME]),
        id="XP-07 Entra: the work address",
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", 'emails[value sw "b"].display', "B"),
        user(emails=[{**WORK, "display": "B"}, {**HOME, "display": "B"}]),
        id="XP-07 every matching element",
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", "emails.display", "B"),
        user(emails=[{**WORK, "display": "B"}, {**HOME, "display": "B"}]),
        id="a sub-attribute of all elements",
    ),
    pytest.param(user(), op("replace", "emails.value", "a@b"), user(emails=[{"value": "a@b"}]), id="of no element"),
    pytest.param(
        user(),
        op("replace", 'roles[value eq "Admin" and primary eq true].display', "A"),
        user(roles=[{"value": "Admin", "display": "A", "primary": True}]),
        id="XP-08 made from several terms, as they were written",
    ),
    pytest.param(
        user(emails=[{**HOME, "primary": True}]),
        op("replace", 'emails[type eq "work" and primary eq true].value', "a@b"),
        user(emails=[{**HOME, "primary": False}, {"value": "a@b", "type": "work", "primary": True}]),
        id="X-17 XP-08 an element that is made primary",
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", 'emails[type eq "home"].primary', True),
        user(emails=[{**WORK, "primary": False}, {**HOME, "primary": True}]),
        id="X-17 a new primary",
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", 'emails[type eq "home"].primary', "True"),
        user(emails=[{**WORK, "primary": False}, {**HOME, "primary": True}]),
        id="X-17 C-25 as a string",
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", "emails.primary", True),
        user(emails=[WORK, {**HOME, "primary": False}]),
        id="X-17 one",
    ),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("replace", 'emails[type eq "home"].display', None),
        user(emails=[WORK, HOME]),
        id="XP-09 null where nothing is",
    ),
    pytest.param(user(), op("replace", 'emails[type eq "x"].value', None), user(), id="XP-09 null where no element is"),
    pytest.param(
        with_extension(department="D", division="V"),
        op("replace", ENTERPRISE, {"department": "E"}),
        with_extension(department="E", division="V"),
        id="XP-05 an extension is merged",
    ),
    pytest.param(
        with_extension(department="D"), op("replace", ENTERPRISE, None), user(), id="XP-09 an extension is null"
    ),
    pytest.param(
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        op("replace", f"{ENTERPRISE}:manager.value", "10"),
        with_extension(manager={"value": "10", "$ref": "/Users/10"}),
        id="T-23 the reference follows",
    ),
    pytest.param(
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        op("replace", f"{ENTERPRISE}:manager.$ref", "https://evil.example/"),
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        id="T-23 the reference cannot be set",
    ),
    pytest.param(
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        op("replace", f"{ENTERPRISE}:manager", {"value": "10", "displayName": "Boss"}),
        with_extension(manager={"value": "10", "$ref": "/Users/10"}),
        id="C-11 a readOnly part of an object is ignored",
    ),
    pytest.param(
        user(), op("replace", None, {"id": "7", "nickName": "B"}), user(nickName="B"), id="Okta: the id comes along"
    ),
    pytest.param(user(), op("replace", "id", "7"), user(), id="the resource's own id"),
    pytest.param(
        user(), op("replace", None, {"schemas": ["x"], "nickName": "B"}), user(nickName="B"), id="schemas is ignored"
    ),
    pytest.param(user(), op("add", "schemas", [ENTERPRISE]), user(), id="schemas as a path is ignored"),
    pytest.param(
        user(), op("replace", None, {"favouriteColour": "red", "": 1, "a b": 2}), user(), id="C-28 unknown names"
    ),
    pytest.param(user(), op("replace", None, {"colours[x": "red"}), user(), id="C-28 an unknown name with a bracket"),
    pytest.param(user(), op("replace", "password", "t1meMa$heen"), user(), id="X-23 a password is not stored"),
    pytest.param(user(), op("replace", "password", {"x": 1}), user(), id="what is not stored is not looked at"),
    pytest.param(
        user(),
        op(
            "replace",
            None,
            {
                "displayName": "Bjfe",
                "name.givenName": "Kkom",
                "name.familyName": "Unua",
                'emails[type eq "work"].value': "a@b",
                f"{ENTERPRISE}:employeeNumber": "Aklq",
            },
        ),
        with_extension(employeeNumber="Aklq")
        | {
            "name": {"familyName": "Unua", "givenName": "Kkom"},
            "displayName": "Bjfe",
            "emails": [{"value": "a@b", "type": "work"}],
        },
        id="X-25 Entra: dotted keys and paths",
    ),
]

REMOVE = [
    pytest.param(user(), op("replace", "name", []), user(name=None), id="an empty list for an object"),
    pytest.param(user(emails=[WORK]), op("replace", 'emails[type eq "work"]', []), user(), id="one for an element"),
    pytest.param(user(nickName="B"), op("remove", "nickName"), user(), id="XR-02"),
    pytest.param(
        user(), op("remove", "name.givenName"), user(name={"familyName": "Jensen"}), id="XR-02 a sub-attribute"
    ),
    pytest.param(user(), op("remove", "name"), user(name=None), id="XR-02 an object"),
    pytest.param(user(emails=[WORK, HOME]), op("remove", "emails"), user(), id="XR-03"),
    pytest.param(user(emails=[WORK, HOME]), op("remove", "emails", None), user(), id="XR-03 with a null value"),
    pytest.param(user(emails=[WORK, HOME]), op("remove", 'emails[type eq "HOME"]'), user(emails=[WORK]), id="XR-04"),
    pytest.param(user(emails=[WORK]), op("remove", 'emails[type eq "work"]'), user(), id="XR-04 none is left"),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("remove", "emails[primary eq false]"),
        user(emails=[WORK]),
        id="L-02 no primary is false",
    ),
    pytest.param(
        user(emails=[WORK]),
        op("remove", 'emails[type eq "work"].primary'),
        user(emails=[{"value": WORK["value"], "type": "work"}]),
        id="XR-05",
    ),
    pytest.param(
        user(emails=[{"type": "work"}]), op("remove", 'emails[type eq "work"].type'), user(), id="XR-05 the last part"
    ),
    pytest.param(
        user(emails=[HOME]), op("remove", "emails.type"), user(emails=[{"value": HOME["value"]}]), id="XR-05 of all"
    ),
    pytest.param(user(), op("remove", "nickName"), user(), id="XR-07 no value"),
    pytest.param(user(), op("remove", 'emails[type eq "work"]'), user(), id="XR-07 no element"),
    pytest.param(user(), op("remove", 'emails[type eq "work"].value'), user(), id="XR-07 no part"),
    pytest.param(
        user(emails=[WORK, HOME]),
        op("Remove", "emails", [{"value": HOME["value"]}]),
        user(emails=[WORK]),
        id="Entra: a value list",
    ),
    pytest.param(
        user(emails=[WORK, {**WORK, "type": "home"}]),
        op("remove", "emails", [{"value": WORK["value"].upper(), "type": "work"}]),
        user(emails=[{**WORK, "type": "home"}]),
        id="L-04 of one type, in any letter case",
    ),
    pytest.param(
        user(emails=[WORK]), op("remove", "emails", [HOME]), user(emails=[WORK]), id="XR-07 a value that is not there"
    ),
    pytest.param(user(emails=[WORK]), op("remove", "emails", []), user(emails=[WORK]), id="an empty value list"),
    pytest.param(with_extension(department="D"), op("remove", ENTERPRISE), user(), id="XR-09 a bare URN"),
    pytest.param(
        with_extension(department="D"), op("remove", f"{ENTERPRISE}:department"), user(), id="X-18 the last value"
    ),
    pytest.param(
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        op("remove", f"{ENTERPRISE}:manager.value"),
        user(),
        id="T-23 the reference goes with the value",
    ),
    pytest.param(
        with_extension(manager={"value": "9"}),
        op("remove", f'{ENTERPRISE}:manager[value eq "9"]'),
        user(),
        id="Entra: a single value by its id",
    ),
    pytest.param(
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        op("remove", f'{ENTERPRISE}:manager[value eq "8"]'),
        with_extension(manager={"value": "9", "$ref": "/Users/9"}),
        id="Entra: a single value by another id",
    ),
    pytest.param(user(), op("remove", ENTERPRISE), user(), id="XR-07 an extension that is not there"),
    pytest.param(user(), op("remove", "password"), user(), id="what is not stored"),
]


@pytest.mark.parametrize(("document", "operation", "expected"), ADD + REPLACE + REMOVE)
def test_operation(document: Document, operation: Operation, expected: Document) -> None:
    """An operation makes a new document of one, and leaves the old one alone."""
    before = copy.deepcopy(document)
    assert patched(document, operation) == expected
    assert document == before


REGISTRY = [
    pytest.param(
        REGISTRY_USER,
        [op("Replace", 'emails[type eq "work"].value', "n")],
        [{**WORK, "value": "n"}],
        id="Entra: another address",
    ),
    pytest.param(
        USER, [op("Add", 'emails[type eq "work"].value', "n")], [{**WORK, "value": "n"}], id="Entra: the first address"
    ),
    pytest.param(
        REGISTRY_USER, [op("replace", 'emails[type eq "home"].value', "h")], [WORK], id="a home address is dropped"
    ),
    pytest.param(
        REGISTRY_USER,
        [op("add", "emails", [{"value": "n"}])],
        [{**WORK, "value": "n"}],
        id="an added address is the one",
    ),
    pytest.param(REGISTRY_USER, [op("add", "emails", [HOME])], [WORK], id="an added home address is dropped"),
    pytest.param(REGISTRY_USER, [op("add", "emails", [{"value": WORK["value"]}])], [WORK], id="XA-06 it is there"),
    pytest.param(REGISTRY_USER, [op("replace", "emails.value", "n")], [{**WORK, "value": "n"}], id="by a plain path"),
    pytest.param(REGISTRY_USER, [op("remove", 'emails[type eq "work"].value')], None, id="the address is removed"),
    pytest.param(
        REGISTRY_USER, [op("remove", "emails", [{"value": WORK["value"]}])], None, id="the address is removed by value"
    ),
    pytest.param(
        REGISTRY_USER,
        [
            op("Replace", "displayName", "x"),
            op("Replace", "title", "x"),
            op("Replace", 'phoneNumbers[type eq "mobile"].value', "x"),
            op("Add", 'addresses[type eq "work"].formatted', "x"),
            op("Add", f"{ENTERPRISE}:department", "x"),
            op("Add", f"{ENTERPRISE}:manager", "x"),
            op("Remove", f"{ENTERPRISE}:department"),
            op("Replace", 'emails[type eq "work"].display', "x"),
            op("Replace", None, {"nickName": "x", ENTERPRISE: {"division": "x"}, "name": {"formatted": "x"}}),
        ],
        [WORK],
        id="X-13 Entra's unpruned mappings are dropped",
    ),
]


@pytest.mark.parametrize(("document", "operations", "emails"), REGISTRY)
def test_registry_user(document: Document, operations: list[Operation], emails: list[Document] | None) -> None:
    """The registry keeps its one work address through every operation, and drops what it does not store."""
    expected = {**USER, "emails": emails} if emails else USER
    assert patched(document, *operations, resource_type=BSR) == expected


@pytest.mark.requirement("X-09")
def test_operations_build_one_element() -> None:
    """Each operation works on the result of the one before, so that several make one and the same element."""
    operations = [
        op("Add", 'emails[type eq "work"].value', "w@x"),
        op("Add", 'emails[type eq "work"].primary', "True"),
        op("Add", 'emails[type eq "work"].display', "W"),
        op("Add", 'emails[type eq "home"].value', "h@x"),
        op("Add", 'emails[type eq "home"].primary', "True"),
    ]
    assert patched(USER, *operations)["emails"] == [
        {"value": "w@x", "display": "W", "type": "work", "primary": False},
        {"value": "h@x", "type": "home", "primary": True},
    ]


def test_a_patch_can_be_applied_again() -> None:
    """A patch keeps nothing of a document it was applied to, so that it can be applied anew after a lost race."""
    operations = [op("replace", "emails", [HOME]), op("replace", 'emails[type eq "home"].value', "new")]
    patch = make_patch(operations, RFC, Validator(RFC))
    assert patch.apply(USER) == patch.apply(USER) == {**USER, "emails": [{**HOME, "value": "new"}]}


@pytest.mark.requirement("F-32")
@pytest.mark.parametrize(
    ("operation", "times"),
    [
        pytest.param(op("add", "emails", [HOME]), 2, id="a value is added"),
        pytest.param(op("remove", "emails", [{"value": "nobody"}]), 2, id="a value is removed"),
        pytest.param(op("replace", "emails.display", "B"), 3, id="all are changed"),
        pytest.param(op("remove", 'emails[type eq "other"]'), 3, id="by a filter"),
        pytest.param(op("remove", 'emails[type eq "x" or not (primary pr and value co "b")]'), 1, id="of three terms"),
    ],
)
def test_a_patch_looks_at_so_many_values(operation: Operation, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small request could keep the server at work on a large resource for minutes."""
    monkeypatch.setattr("flask_bsr_scim.patch.effort.MOST", 7)
    document = user(emails=[WORK, HOME])
    patched(document, *[operation] * times)
    with pytest.raises(TooMany, match="more than 7 values"):
        patched(document, *[operation] * (times + 1))


@pytest.mark.requirement(
    "C-17", "C-27", "X-05", "X-10", "X-12", "X-13", "X-14", "X-19", "XA-01", "XA-02", "XA-08", "XR-01", "XR-06",
    "XP-02", "XP-08", "XP-09",
)  # fmt: skip
@pytest.mark.parametrize(
    ("operation", "error", "named"),
    [
        pytest.param(op("delete", "nickName"), InvalidSyntax, "delete", id="X-05 an unknown op"),
        pytest.param(op("add", "nickName"), InvalidValue, "value", id="XA-01 add without value"),
        pytest.param(op("replace", "nickName"), InvalidValue, "value", id="replace without value"),
        pytest.param(op("add", None, "x"), InvalidValue, "value", id="XA-02 no path and no object"),
        pytest.param(op("replace", None, None), InvalidValue, "value", id="XP-02 no path and null"),
        pytest.param(
            op("add", None, {"nickName": "a", "NICKNAME": "b"}), InvalidSyntax, "twice", id="C-27 a name twice"
        ),
        pytest.param(op("remove"), NoTarget, "path", id="XR-01 remove without path"),
        pytest.param(op("add", "name..x", "x"), InvalidPath, "name..x", id="X-12 a path that breaks the grammar"),
        pytest.param(op("add", "", "x"), InvalidPath, "path", id="X-12 an empty path"),
        pytest.param(op("add", "favouriteColour", "x"), InvalidPath, "favouriteColour", id="X-13 an unknown attribute"),
        pytest.param(op("add", "name.x", "x"), InvalidPath, "name.x", id="X-13 an unknown sub-attribute"),
        pytest.param(op("remove", "urn:x:y:z"), InvalidPath, "urn:x:y:z", id="X-13 an unknown schema"),
        pytest.param(op("add", 'emails[type eq "a"].x', "x"), InvalidPath, "emails has no", id="X-13 behind a filter"),
        pytest.param(
            op("add", 'emails[type eq "a].value', "x"), InvalidPath, "path", id="X-14 a filter that breaks the grammar"
        ),
        pytest.param(
            op("add", 'emails[x eq "a"].value', "x"), InvalidFilter, "x", id="X-14 an unknown name in a filter"
        ),
        pytest.param(
            op("add", 'name[familyName eq "a"].givenName', "x"), InvalidPath, "name", id="a filter on a single value"
        ),
        pytest.param(op("add", "active", "yes"), InvalidValue, "active", id="X-19 a wrong type"),
        pytest.param(op("replace", None, {"name": "x"}), InvalidValue, "name", id="X-19 no object"),
        pytest.param(op("add", "emails", '[{"value": "a@b"'), InvalidValue, "emails", id="no JSON, and no address"),
        pytest.param(op("add", "nickName", ["B", "C"]), InvalidValue, "nickName", id="two of a single value"),
        pytest.param(op("add", None, [{"value": "1"}]), InvalidValue, "value", id="a member without path"),
        pytest.param(op("add", ENTERPRISE, "x"), InvalidValue, ENTERPRISE, id="X-19 an extension is no object"),
        pytest.param(op("add", 'emails[type eq "a"]', 5), InvalidValue, "emails.value", id="X-19 no element"),
        pytest.param(
            op("replace", "userName", None), InvalidValue, "userName", id="XP-09 null for a required attribute"
        ),
        pytest.param(op("replace", "userName", " "), InvalidValue, "userName", id="C-17 blank"),
        pytest.param(op("remove", "userName"), Mutability, "userName", id="XR-06 a required attribute"),
        pytest.param(op("remove", "schemas"), Mutability, "schemas", id="XR-06 schemas"),
        pytest.param(op("remove", "id"), Mutability, "id", id="XR-06 id"),
        pytest.param(
            op("add", 'emails[type eq "a"]', ["x", "y"]), InvalidValue, "emails", id="X-19 two for one element"
        ),
        pytest.param(op("remove", "groups"), Mutability, "groups", id="XR-06 a readOnly attribute"),
        pytest.param(op("remove", 'groups[value eq "x"]'), Mutability, "groups", id="XR-06 with a filter"),
        pytest.param(op("replace", "id", "8"), Mutability, "id", id="X-10 another id"),
        pytest.param(op("replace", None, {"id": "8"}), Mutability, "id", id="X-10 another id without path"),
        pytest.param(op("replace", "meta.version", "x"), Mutability, "meta.version", id="X-10 meta"),
        pytest.param(
            op("replace", f'{ENTERPRISE}:manager[value eq "9"]', {"value": "8"}),
            InvalidPath,
            "manager has a single value",
            id="a filter on a reference",
        ),
        pytest.param(op("add", None, {"meta": {}}), Mutability, "meta", id="X-10 meta without path"),
        pytest.param(op("add", "groups", [{"value": "g"}]), Mutability, "groups", id="X-10 groups"),
        pytest.param(
            op("add", f"{ENTERPRISE}:manager.displayName", "x"), Mutability, "manager.displayName", id="X-10 a part"
        ),
        pytest.param(
            op("replace", 'emails[type ne "a"].value', "x"), NoTarget, "emails", id="XP-08 no match, other than eq"
        ),
        pytest.param(
            op("replace", 'emails[type eq "a" or type eq "b"].value', "x"), NoTarget, "emails", id="XP-08 no match, or"
        ),
        pytest.param(
            op("add", 'emails[type eq "a" and type eq "b"].value', "x"),
            NoTarget,
            "emails",
            id="XA-08 no match, and never one",
        ),
        pytest.param(op("add", "emails[value pr]", {"type": "x"}), NoTarget, "emails", id="XA-08 no match, pr"),
        pytest.param(op("add", "emails[type eq null].value", "x"), NoTarget, "emails", id="XP-08 no match, null"),
    ],
)
def test_refused(operation: Operation, error: type[ScimError], named: str) -> None:
    """An operation that cannot be done is refused with its own error, whose detail names what it is about."""
    before = copy.deepcopy(USER)
    with pytest.raises(error) as refused:
        patched(USER, op("replace", "nickName", "changed"), operation)
    assert type(refused.value) is error
    assert named in refused.value.detail
    assert before == USER


def test_errors_before_any_change() -> None:
    """What can be refused without the document is refused when the patch is made."""
    with pytest.raises(InvalidValue):
        make_patch([op("replace", "active", "x")], RFC, Validator(RFC))


BADGE = make_resource_type(
    "Badge",
    "/Badges",
    {
        "id": "urn:example:Badge",
        "name": "Badge",
        "attributes": [
            {"name": "serial", "mutability": "immutable"},
            {"name": "state", "mutability": "readOnly"},
            {"name": "tags", "multiValued": True},
            {"name": "rooms", "multiValued": True, "required": True},
            {"name": "chip", "type": "complex", "subAttributes": [{"name": "keys", "multiValued": True}]},
            {
                "name": "doors",
                "type": "complex",
                "multiValued": True,
                "subAttributes": [
                    {"name": "value", "required": True, "mutability": "immutable"},
                    {"name": "note"},
                    {"name": "zones", "multiValued": True},
                ],
            },
        ],
    },
    extensions=(
        Extension(
            make_resource_type(
                "", "", {"id": "urn:example:More", "name": "M", "attributes": [{"name": "level"}]}
            ).schema,
            required=True,
        ),
    ),
)
BADGE_DOCUMENT: Document = {
    "schemas": ["urn:example:Badge", "urn:example:More"],
    "id": "1",
    "serial": "S1",
    "state": "lost",
    "tags": ["a"],
    "rooms": ["1", "2"],
    "chip": {"keys": ["k", "l"]},
    "doors": [{"value": "north"}],
    "urn:example:More": {"level": "1"},
}


@pytest.mark.requirement("X-11", "XA-06", "T-10", "T-17", "T-24")
@pytest.mark.parametrize(
    ("operation", "change"),
    [
        pytest.param(op("replace", "serial", "S1"), {}, id="X-11 the same immutable value"),
        pytest.param(op("add", "tags", ["b", "a"]), {"tags": ["a", "b"]}, id="XA-06 simple values"),
        pytest.param(op("add", "tags", "A"), {}, id="T-10 a simple value in another letter case"),
        pytest.param(op("remove", "tags", ["A"]), {"tags": None}, id="a list of simple values"),
        pytest.param(op("remove", "chip.keys", ["K"]), {"chip": {"keys": ["l"]}}, id="a value of a list in a part"),
        pytest.param(op("remove", "chip.keys", ["k", "l"]), {"chip": None}, id="the last values of a part"),
        pytest.param(
            op("add", "chip", {"keys": ["m"]}), {"chip": {"keys": ["k", "l", "m"]}}, id="XA-04 a list in a part"
        ),
        pytest.param(
            op("add", "doors", [{"value": "east"}]),
            {"doors": [{"value": "north"}, {"value": "east"}]},
            id="T-24 one more",
        ),
        pytest.param(
            op("replace", "doors", [{"value": "east"}]), {"doors": [{"value": "east"}]}, id="T-24 the whole list"
        ),
        pytest.param(
            op("add", 'doors[value eq "north"].note', "n"),
            {"doors": [{"value": "north", "note": "n"}]},
            id="T-24 a note",
        ),
        pytest.param(
            op("add", 'doors[value eq "north"].zones', ["x", "y"]),
            {"doors": [{"value": "north", "zones": ["x", "y"]}]},
            id="a list",
        ),
        pytest.param(op("add", 'doors[value eq "north"].value', "north"), {}, id="X-11 the same immutable part"),
        pytest.param(
            op("replace", "urn:example:More:level", "2"), {"urn:example:More": {"level": "2"}}, id="an extension"
        ),
    ],
)
def test_own_schema(operation: Operation, change: Document) -> None:
    """A host's own schema is patched by the same rules, and readOnly values stay."""
    expected = {name: value for name, value in {**BADGE_DOCUMENT, **change}.items() if value is not None}
    assert patched(BADGE_DOCUMENT, operation, resource_type=BADGE) == expected


TWO_DOORS: Document = {"doors": [{"value": "north", "zones": ["x"]}, {"value": "east", "zones": ["x", "y"]}]}


@pytest.mark.requirement("XA-04", "XA-05", "XA-06", "XA-08", "XR-04", "XR-05")
@pytest.mark.parametrize(
    ("operation", "zones"),
    [
        pytest.param(
            op("add", 'doors[value eq "north"].zones', ["y", "X"]), (["x", "y"], ["x", "y"]), id="one element"
        ),
        pytest.param(op("add", 'doors[value eq "north"].zones', "y"), (["x", "y"], ["x", "y"]), id="one value"),
        pytest.param(op("add", "doors.zones", ["y", "z"]), (["x", "y", "z"], ["x", "y", "z"]), id="every element"),
        pytest.param(op("add", "doors", [{"value": "north", "zones": ["y"]}]), (["x", "y"], ["x", "y"]), id="the same"),
        pytest.param(
            op("add", 'doors[value eq "north"]', {"value": "north", "zones": ["y"]}),
            (["x", "y"], ["x", "y"]),
            id="a part of it",
        ),
        pytest.param(op("add", 'doors[value eq "north"].zones', ["x"]), (["x"], ["x", "y"]), id="what is there"),
        pytest.param(op("replace", 'doors[value eq "east"].zones', ["z"]), (["x"], ["z"]), id="replace"),
        pytest.param(op("remove", 'doors[value eq "east"].zones', ["X", "z"]), (["x"], ["y"]), id="remove one"),
        pytest.param(op("remove", 'doors[value eq "east"].zones', "y"), (["x"], ["x"]), id="remove a text"),
        pytest.param(op("remove", "doors.zones", ["x"]), (None, ["y"]), id="remove one everywhere"),
        pytest.param(op("remove", "doors.zones"), (None, None), id="remove all"),
        pytest.param(op("remove", 'doors[value eq "west"].zones', ["x"]), (["x"], ["x", "y"]), id="remove nowhere"),
    ],
)
def test_lists_in_elements(operation: Operation, zones: tuple[list[str] | None, ...]) -> None:
    """A multi-valued part of an element is a multi-valued attribute as any other."""
    changed = patched({**BADGE_DOCUMENT, **TWO_DOORS}, operation, resource_type=BADGE)
    assert [door["value"] for door in changed["doors"]] == ["north", "east"]
    assert tuple(door.get("zones") for door in changed["doors"]) == zones


@pytest.mark.requirement("T-16", "XR-04", "XR-06")
@pytest.mark.parametrize(
    ("operation", "rooms"),
    [
        pytest.param(op("remove", "rooms", ["1"]), ["2"], id="one of two"),
        pytest.param(op("remove", "rooms", "2"), ["1"], id="one value alone"),
        pytest.param(op("remove", "rooms", ["3"]), ["1", "2"], id="what is not there"),
        pytest.param(op("remove", "rooms", ["1", "2"]), InvalidValue, id="every value"),
        pytest.param(op("remove", "rooms", []), ["1", "2"], id="no value"),
        pytest.param(op("remove", "rooms"), Mutability, id="the list"),
    ],
)
def test_values_of_a_required_list(operation: Operation, rooms: list[str] | type[ScimError]) -> None:
    """They can be removed as long as one stays."""
    if isinstance(rooms, list):
        assert patched(BADGE_DOCUMENT, operation, resource_type=BADGE)["rooms"] == rooms
    else:
        with pytest.raises(rooms, match="rooms is required"):
            patched(BADGE_DOCUMENT, operation, resource_type=BADGE)


@pytest.mark.requirement("Z-10")
@pytest.mark.parametrize(
    "operations",
    [
        pytest.param([op("add", 'doors[value eq "north"].zones', ["x"])] * 100, id="a path"),
        pytest.param([op("remove", "doors.zones", ["x"])] * 100, id="remove"),
        pytest.param(
            [op("add", "doors", [{"value": "north", "zones": [str(i)]} for i in range(100)])], id="one element"
        ),
    ],
)
def test_work_on_lists_in_elements_is_bounded(operations: list[Operation]) -> None:
    """Their values count as those of other lists do."""
    long = {"doors": [{"value": "north", "zones": [f"z{i}" for i in range(5000)]}]}
    with pytest.raises(TooMany):
        patched({**BADGE_DOCUMENT, **long}, *operations, resource_type=BADGE)


@pytest.mark.requirement("C-23", "X-10", "X-11", "XR-06", "T-16", "T-17")
@pytest.mark.parametrize(
    ("operation", "error"),
    [
        pytest.param(op("replace", "serial", "S2"), Mutability, id="X-11 another immutable value"),
        pytest.param(op("remove", "serial"), Mutability, id="X-11 no immutable value"),
        pytest.param(
            op("replace", 'doors[value eq "north"].value', "south"), Mutability, id="X-11 another immutable part"
        ),
        pytest.param(
            op("replace", 'doors[value eq "north"]', {"value": "south"}), Mutability, id="X-11 in a whole element"
        ),
        pytest.param(op("remove", 'doors[value eq "north"].value'), Mutability, id="XR-06 a required part"),
        pytest.param(
            op("add", 'doors[note eq "n"].note', "n"), InvalidValue, id="T-16 an element without its required part"
        ),
        pytest.param(op("remove", "urn:example:More"), Mutability, id="XR-06 a required extension"),
        pytest.param(
            op("remove", "urn:example:More:level"), InvalidValue, id="C-23 the last value of a required extension"
        ),
        pytest.param(op("replace", "state", "found"), Mutability, id="X-10 readOnly"),
        pytest.param(op("add", 'tags[value eq "a"]', "b"), ScimError, id="a filter on simple values"),
    ],
)
def test_own_schema_refuses(operation: Operation, error: type[ScimError]) -> None:
    """A host's own schema is protected by the same rules."""
    with pytest.raises(error):
        patched(BADGE_DOCUMENT, operation, resource_type=BADGE)


@pytest.mark.requirement("X-11")
def test_immutable_is_set_once() -> None:
    """Add to an unassigned immutable attribute is allowed."""
    unset = {name: value for name, value in BADGE_DOCUMENT.items() if name != "serial"}
    assert patched(unset, op("add", "serial", "S9"), resource_type=BADGE)["serial"] == "S9"


def test_many_values_are_cheap() -> None:
    """Adding very many values takes no comparison of all with all."""
    given = [{"value": f"{i}@example.com"} for i in range(20_000)]
    document = {**USER, "emails": given}
    assert patched(document, op("add", "emails", given), op("remove", "emails", given)) == USER
