"""What a document must be to be stored, whoever wrote it; and what it may be that no client could send any more."""

from functools import reduce
from typing import Any

import pytest

from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.schema import Document, TypeRegistry, load_profile
from flask_bsr_scim.schema.documents import with_schemas

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
BADGE = "urn:example:scim:extension:Badge"
DEVICE = "urn:example:scim:Device"

BADGES: Document = {
    "id": BADGE,
    "name": "Badge",
    "x-extends": "User",
    "x-required": True,
    "attributes": [
        {"name": "number", "required": True, "x-maxLength": 3, "uniqueness": "server"},
        {"name": "expires", "type": "dateTime"},
        {"name": "level", "type": "integer"},
        {"name": "pin", "returned": "never"},
    ],
}
DEVICES: Document = {
    "id": DEVICE,
    "name": "Device",
    "x-endpoint": "/Devices",
    "attributes": [{"name": "serial", "required": True}],
}
TYPES = {
    profile: TypeRegistry((*with_schemas(load_profile(profile), (BADGES, DEVICES)), *internal_types()))
    for profile in ("bsr", "rfc7643")
}


def fault(type_name: str, document: Document, profile: str = "bsr") -> str | None:
    """Return what is wrong with a document."""
    return TYPES[profile].shapes[type_name].fault({"schemas": [USER], "id": "a", **document})


def nested(levels: int) -> Document:
    """Return objects in objects."""
    return reduce(lambda inner, _: {"x": inner}, range(levels - 1), {})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, "userName is missing"),
        ({"userName": None}, "userName must be a string, not null"),
        ({"userName": ["a"]}, "userName must be a string, not a list"),
        ({"userName": "a\0"}, None),
        ({"userName": "a", "schemas": None}, "schemas must be a list, not null"),
        ({"userName": "a", "schemas": [5]}, "schemas must be a string, not 5"),
        ({"userName": "a", "externalId": 5}, "externalId must be a string, not 5"),
        ({"userName": "a", "active": "true"}, 'active must be true or false, not "true"'),
        ({"userName": "a", "emails": "a@b"}, 'emails must be a list, not "a@b"'),
        ({"userName": "a", "emails": {"value": "a@b"}}, "emails must be a list, not an object"),
        ({"userName": "a", "emails": ["a@b"]}, 'emails must be an object, not "a@b"'),
        ({"userName": "a", "emails": [None]}, "emails must be an object, not null"),
        ({"userName": "a", "emails": [{"value": 5}]}, "emails.value must be a string, not 5"),
        ({"userName": "a", "emails": [{"primary": "x"}]}, 'emails.primary must be true or false, not "x"'),
        ({"userName": "a", BADGE: []}, f"{BADGE} must be an object, not a list"),
        ({"userName": "a", BADGE: {"level": 1.5}}, f"{BADGE}:level must be a whole number of at most 64 bits, not 1.5"),
        ({"userName": "a", BADGE: {"expires": "soon"}}, f"{BADGE}:expires must be a date with a time"),
        ({"userName": "a", BADGE: {"pin": 4711}}, f"{BADGE}:pin must be a string"),
        ({"userName": "a", BADGE.upper(): []}, f"{BADGE.upper()} must be an object"),
        ({"userName": "a", "meta": {}}, "meta is there, which the service itself says of each resource"),
        ({"userName": "a", "Meta": {}}, "Meta is there, which the service itself says of each resource"),
        ({"userName": "a", "ID": "b"}, "ID is there, which the service itself says of each resource"),
        ({"userName": "a", "groups": []}, "groups is there, which the service itself says of each resource"),
        ({"userName": "a", "x": nested(65)}, "User holds something that is nested deeper than 64 levels"),
        ({"userName": "a", "emails": [{"x": nested(65)}]}, "emails holds something that is nested deeper than 64"),
    ],
)
@pytest.mark.parametrize("profile", TYPES)
def test_a_document_that_nobody_could_read(document: Document, expected: str | None, profile: str) -> None:
    """It is named by its path, and a secret is not shown."""
    found = fault("User", document, profile)
    assert "4711" not in str(found)
    assert found is None if expected is None else str(found).startswith(expected)


@pytest.mark.parametrize(
    ("type_name", "document", "expected"),
    [
        ("Group", {}, "displayName is missing"),
        ("Group", {"displayName": "g", "members": [{"value": "a"}]}, "members is there"),
        ("Grant", {"role": "OWNER", "source": "DIRECT", "target": "t"}, "organization is missing"),
        ("SignInGroup", {"displayName": {}}, "displayName must be a string, not an object"),
        ("Token", {"kind": "scim"}, "hash is missing"),
        ("Secret", {}, "None"),
    ],
)
def test_documents_of_other_types(type_name: str, document: Document, expected: str) -> None:
    """Those that SCIM does not show are read as well."""
    assert str(fault(type_name, document)).startswith(expected)


def test_what_members_show_is_a_text() -> None:
    """Also where no schema has it."""
    grant = dict.fromkeys(("target", "organization", "role", "source"), "x")
    assert fault("Grant", grant) is None
    assert fault("Grant", {**grant, "displayName": 5}) == "displayName must be a string, not 5"


def test_only_what_is_exposed_says_its_schemas() -> None:
    """What SCIM does not show may leave them out."""
    assert TYPES["bsr"].shapes["User"].fault({"id": "a", "userName": "a"}) == "schemas is missing"
    assert TYPES["bsr"].shapes["Secret"].fault({"id": "a"}) is None


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"urn:example:Gone": {"x": [1, None]}, "gone": 5}, id="values of no schema"),
        pytest.param({"phoneNumbers": "1", ENTERPRISE: {"manager": 1}}, id="values that the profile leaves out"),
        pytest.param({}, id="what is required since"),
        pytest.param({BADGE: {}}, id="what is required in an extension since"),
        pytest.param({BADGE: {"level": 3, "expires": "2027-01-31T00:00:00Z"}}, id="values of their types"),
        pytest.param({BADGE: {"number": "12345"}}, id="a text that is longer than is allowed since"),
        pytest.param({"externalId": " ", BADGE: {"number": "a\nb"}}, id="characters that are forbidden since"),
        pytest.param({"emails": [{"value": "a", "primary": True}] * 2}, id="doubles, and several primaries"),
        pytest.param({"emails": [{"type": "home"}, {}]}, id="elements without value"),
        pytest.param({"emails": []}, id="an empty list"),
        pytest.param({"username": "b", "Emails": 1}, id="names in another letter case"),
    ],
)
def test_what_older_rules_let_in(document: dict[str, Any]) -> None:
    """It stays, since a PATCH leaves it as well."""
    assert fault("User", {"userName": "a", **document}) is None


def test_what_a_host_demands_later() -> None:
    """A type of the host may have resources from before."""
    assert fault("Device", {}) is None
    assert fault("Device", {"serial": 1}) == "serial must be a string, not 1"
