"""RFC 7643 §3: bodies of POST and PUT, from what is sent to what is stored."""

from typing import Any

import pytest

from flask_bsr_scim.errors import InvalidSyntax, InvalidValue, Mutability, ScimError
from flask_bsr_scim.schema import Document, Extension, Validator, load_profile, make_resource_type

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENDPOINTS = {"User": "/Users", "Group": "/Groups"}

BSR_USER, BSR_GROUP = (Validator(t, ENDPOINTS) for t in load_profile("bsr"))
RFC_USER = Validator(load_profile("rfc7643")[0], ENDPOINTS)


def user(**attributes: Any) -> Document:
    return {"schemas": [USER], "userName": "bjensen", **attributes}


def group(**attributes: Any) -> Document:
    return {"schemas": [GROUP], "displayName": "Engineering", **attributes}


OKTA_POST = {
    "schemas": [USER],
    "userName": "test.user@okta.local",
    "name": {"givenName": "Test", "familyName": "User"},
    "emails": [{"primary": True, "value": "test.user@okta.local", "type": "work"}],
    "displayName": "Test User",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}
STORED = {
    "schemas": [USER],
    "externalId": "00ujl29u0le5T6Aj10h7",
    "userName": "test.user@okta.local",
    "name": {"familyName": "User", "givenName": "Test"},
    "active": True,
    "emails": [{"value": "test.user@okta.local", "type": "work", "primary": True}],
}


def test_okta_user_in_the_registry() -> None:
    """The registry stores what it knows of Okta's new user, in the order of the schema, and nothing else."""
    stored = BSR_USER.resource(OKTA_POST)
    assert stored == STORED
    assert list(stored) == list(STORED)


def test_okta_user_in_the_full_profile() -> None:
    """The full profile stores the rest too, but no password."""
    assert RFC_USER.resource(OKTA_POST) == {**STORED, "displayName": "Test User", "locale": "en-US"}


def test_entra_user() -> None:
    """Entra's string boolean, its `meta` and an extension that is not served are understood (§2.3 of its traffic)."""
    sent = {
        "schemas": [USER, ENTERPRISE],
        "externalId": "x",
        "userName": "u@example.com",
        "active": "True",
        "emails": [{"primary": True, "type": "work", "value": "u@example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "A B", "familyName": "B", "givenName": "A"},
        "roles": [],
        ENTERPRISE: {"department": {"not": "looked at"}},
    }
    assert BSR_USER.resource(sent) == {
        "schemas": [USER],
        "externalId": "x",
        "userName": "u@example.com",
        "name": {"familyName": "B", "givenName": "A"},
        "active": True,
        "emails": [{"value": "u@example.com", "type": "work", "primary": True}],
    }


@pytest.mark.requirement("C-06", "C-10", "C-11", "C-21", "C-26", "C-27", "C-28", "C-33", "U-15")
@pytest.mark.parametrize(
    ("sent", "change"),
    [
        pytest.param({"id": "7"}, {}, id="C-06 id is ignored"),
        pytest.param({"meta": {"version": "x"}}, {}, id="C-10 meta is ignored"),
        pytest.param({"groups": [{"value": "g"}]}, {}, id="C-11 groups are ignored"),
        pytest.param({"groups": "nonsense"}, {}, id="C-11 readOnly values are not looked at"),
        pytest.param({"favouriteColour": 5}, {}, id="C-28 an unknown attribute is ignored"),
        pytest.param({"password": 5}, {}, id="a value that is not stored is not looked at"),
        pytest.param({"nickName": None, "title": []}, {}, id="C-26 null and [] are absent"),
        pytest.param({"NICKNAME": "B"}, {"nickName": "B"}, id="C-27 names in any letter case"),
        pytest.param({USER: {"nickName": "B"}}, {"nickName": "B"}, id="C-33 under the core schema's URN"),
        pytest.param({USER.upper(): {"NICKname": "B"}}, {"nickName": "B"}, id="C-33 in any letter case"),
        pytest.param({USER: None}, {}, id="C-33 null"),
        pytest.param({"department": "D"}, {}, id="C-21 an extension's attribute outside of it"),
        pytest.param({ENTERPRISE: {"department": "D"}}, {}, id="U-15 an extension that schemas does not list"),
        pytest.param({"urn:example:other": {"x": 1}}, {}, id="an unknown extension"),
    ],
)
def test_names(sent: Document, change: Document) -> None:
    """Known attributes are found by name in any letter case, all others are ignored."""
    assert RFC_USER.resource(user(**sent)) == user(**change)


@pytest.mark.requirement("C-22", "C-27", "T-23")
@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        pytest.param({"department": "D"}, {"department": "D"}, id="C-22 an extension"),
        pytest.param({"DEPARTMENT": "D", "x": 1}, {"department": "D"}, id="C-27 names in any letter case"),
        pytest.param(
            {"manager": {"value": "26118915", "$ref": "https://evil.example/Users/1", "displayName": "Boss"}},
            {"manager": {"value": "26118915", "$ref": "/Users/26118915"}},
            id="T-23 the reference follows from the value, readOnly sub-attributes go",
        ),
        pytest.param({"manager": "a/b"}, {"manager": {"value": "a/b", "$ref": "/Users/a%2Fb"}}, id="a bare manager"),
        pytest.param({"manager": {"$ref": "../Users/1"}}, None, id="a reference alone is not stored"),
        pytest.param({}, None, id="an empty extension"),
        pytest.param({"department": None}, None, id="an extension without values"),
        pytest.param(None, None, id="null"),
    ],
)
def test_extension(sent: Any, stored: Document | None) -> None:
    """An extension with values is stored under its URN, which is then in schemas; one without is not."""
    document = RFC_USER.resource(user(schemas=[ENTERPRISE.upper(), USER.lower(), USER], **{ENTERPRISE.lower(): sent}))
    expected = user() if stored is None else user(schemas=[USER, ENTERPRISE], **{ENTERPRISE: stored})
    assert document == expected


@pytest.mark.requirement("C-18", "C-19", "C-24", "C-27", "C-33")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param([], id="C-24 a list"),
        pytest.param("x", id="C-24 a scalar"),
        pytest.param(None, id="C-24 null"),
        pytest.param({"userName": "u"}, id="C-18 no schemas"),
        pytest.param({"schemas": [], "userName": "u"}, id="C-18 empty schemas"),
        pytest.param({"schemas": None, "userName": "u"}, id="C-18 schemas null"),
        pytest.param({"schemas": USER, "userName": "u"}, id="C-18 schemas is no list"),
        pytest.param({"schemas": [USER, 5], "userName": "u"}, id="C-18 schemas holds a number"),
        pytest.param({"schemas": [GROUP], "userName": "u"}, id="C-19 another schema"),
        pytest.param(user(USERNAME="x"), id="C-27 a name twice"),
        pytest.param(user(**{USER: {"userName": "x"}}), id="C-33 a name under the URN and outside"),
    ],
)
def test_invalid_syntax(body: Any) -> None:
    """A body that is no resource of the type answers invalidSyntax."""
    with pytest.raises(InvalidSyntax):
        RFC_USER.resource(body)


@pytest.mark.requirement("C-16", "C-17", "C-25", "C-33", "C-34", "U-14")
@pytest.mark.parametrize(
    ("validator", "body", "name"),
    [
        pytest.param(RFC_USER, {"schemas": [USER]}, "userName", id="C-16 no userName"),
        pytest.param(RFC_USER, user(userName=None), "userName", id="U-14 userName null"),
        pytest.param(RFC_USER, user(userName=" \t"), "userName", id="C-17 a blank userName"),
        pytest.param(RFC_USER, user(userName=""), "userName", id="C-17 an empty userName"),
        pytest.param(RFC_USER, user(userName="x" * 1025), "userName", id="C-34 a userName too long"),
        pytest.param(RFC_USER, user(userName="a\x1fb"), "userName", id="a control character in a userName"),
        pytest.param(BSR_GROUP, {"schemas": [GROUP]}, "displayName", id="C-16 no displayName"),
        pytest.param(BSR_GROUP, group(displayName="x" * 4097), "displayName", id="C-34 a group name too long"),
        pytest.param(RFC_USER, user(name="Barbara"), "name", id="C-25 a string for an object"),
        pytest.param(RFC_USER, user(schemas=[USER, ENTERPRISE], **{ENTERPRISE: 5}), ENTERPRISE, id="C-25 an extension"),
        pytest.param(RFC_USER, user(**{USER: 5}), USER, id="C-33 no object under the core schema's URN"),
        pytest.param(
            RFC_USER,
            user(schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": 5}}),
            f"{ENTERPRISE}:department",
            id="an extension's attribute is named with its URN",
        ),
    ],
)
def test_invalid_value(validator: Validator, body: Document, name: str) -> None:
    """A missing or wrong value answers invalidValue, with a detail that names the attribute."""
    with pytest.raises(InvalidValue) as refused:
        validator.resource(body)
    assert refused.value.detail.startswith(f"{name} ")


def test_longest_names() -> None:
    """A userName of 1,024 and a group name of 4,096 characters are stored."""
    assert RFC_USER.resource(user(userName="ü" * 1024))["userName"] == "ü" * 1024
    assert BSR_GROUP.resource(group(displayName="ü" * 4096))["displayName"] == "ü" * 4096


def test_body_is_left_alone() -> None:
    """Reading a body changes nothing in it, and shares nothing with it."""
    body = user(name={"givenName": "B"}, emails=[{"value": "a", "primary": True}, {"value": "b", "primary": True}])
    stored = RFC_USER.resource(body)
    stored["name"]["givenName"] = "changed"
    stored["emails"].clear()
    assert body == user(
        name={"givenName": "B"}, emails=[{"value": "a", "primary": True}, {"value": "b", "primary": True}]
    )


@pytest.mark.requirement("C-26", "U-04")
@pytest.mark.parametrize(
    ("sent", "ids"),
    [
        pytest.param(
            [{"value": "2", "display": None, "type": "User", "$ref": None}, {"value": "1"}], ["2", "1"], id="objects"
        ),
        pytest.param([{"value": "1"}, {"value": "2"}, {"value": "1"}], ["1", "2"], id="one id once"),
        pytest.param(["1", {"VALUE": "2"}], ["1", "2"], id="bare ids, and another letter case"),
        pytest.param({"value": "1"}, ["1"], id="a single object"),
        pytest.param("1", ["1"], id="a single id"),
        pytest.param([], [], id="U-04 an explicit empty list"),
        pytest.param(None, [], id="C-26 null"),
    ],
)
def test_members(sent: Any, ids: list[str]) -> None:
    """A group's members are their ids, each once."""
    assert BSR_GROUP.resource(group(members=sent))["members"] == tuple(ids)


@pytest.mark.requirement("U-04")
def test_members_left_out() -> None:
    """Members that are not sent are not in the document, so that a PUT can leave them."""
    assert "members" not in BSR_GROUP.resource(group())


@pytest.mark.parametrize(
    "member",
    [
        pytest.param({"display": "x"}, id="no value"),
        pytest.param({"value": ""}, id="an empty value"),
        pytest.param({"value": 5}, id="a number"),
        pytest.param({"value": "a\0"}, id="NUL"),
        pytest.param(5, id="a bare number"),
        pytest.param([["x"]], id="a list"),
    ],
)
def test_wrong_member(member: Any) -> None:
    """A member without an id is refused."""
    with pytest.raises(InvalidValue, match=r"^members\.value"):
        BSR_GROUP.resource(group(members=[member]))


@pytest.mark.requirement("C-30")
def test_defaults() -> None:
    """`active` is true when it is not sent, and stays false when it is."""
    assert BSR_USER.resource(user(), is_new=True)["active"] is True
    assert BSR_USER.resource(user(active=False), is_new=True)["active"] is False


def test_finish_keeps_what_is_stored() -> None:
    """A stored document that is finished again stays as it is, its id and members too."""
    document = {"schemas": [USER], "id": "7", **{k: v for k, v in STORED.items() if k != "schemas"}}
    assert BSR_USER.finish(document) == document
    members = group(id="7", members=[{"value": "1"}])
    assert BSR_GROUP.finish(members) == members


@pytest.mark.requirement("X-18")
def test_finish_drops_what_is_empty() -> None:
    """An extension, object or list that lost its last value goes, and its URN leaves schemas."""
    document = user(schemas=[USER, ENTERPRISE], id="7", name={}, emails=[{}], **{ENTERPRISE: {"manager": {}}})
    assert RFC_USER.finish(document) == user(id="7")


def test_what_was_changed_has_its_place() -> None:
    """Attributes and `schemas` are in the order of the schemas; the rest is not looked at."""
    before = {"schemas": [USER], "id": "7", "shoeSize": 43, "userName": "bob", "title": 9, "emails": [{"value": "a"}]}
    changed = {**before, ENTERPRISE: {"department": "IT"}, "displayName": "Bob", "emails": []}
    found = RFC_USER.finish_changes(changed, before, {ENTERPRISE, "emails", "displayName"})
    assert [*found] == ["schemas", "id", "userName", "displayName", "title", ENTERPRISE, "shoeSize"]
    assert {**found, "emails": []} == {**changed, "schemas": [USER, ENTERPRISE]}


@pytest.mark.requirement("T-16")
def test_finish_asks_for_required_values() -> None:
    """Required attributes are required after every operation."""
    with pytest.raises(InvalidValue, match=r"^userName is required"):
        RFC_USER.finish({"schemas": [USER], "id": "7"})


BADGE = make_resource_type(
    "Badge",
    "/Badges",
    {
        "id": "urn:example:Badge",
        "name": "Badge",
        "attributes": [
            {"name": "serial", "mutability": "immutable"},
            {"name": "state", "mutability": "readOnly"},
            {"name": "tags", "multiValued": True, "mutability": "immutable"},
            {"name": "chip", "type": "complex", "subAttributes": [{"name": "maker", "mutability": "immutable"}]},
            {
                "name": "doors",
                "type": "complex",
                "multiValued": True,
                "subAttributes": [{"name": "value", "required": True}],
            },
        ],
    },
    extensions=(
        Extension(
            make_resource_type(
                "", "", {"id": "urn:example:Safety", "name": "S", "attributes": [{"name": "level", "required": True}]}
            ).schema,
            required=True,
        ),
    ),
)
BADGES = Validator(BADGE)
SAFE = {"schemas": ["urn:example:Badge", "urn:example:Safety"], "urn:example:Safety": {"level": "1"}}


@pytest.mark.requirement("C-23", "T-17")
@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"urn:example:Safety": None}, id="C-23 the extension is missing"),
        pytest.param({"urn:example:Safety": {}}, id="C-23 the extension is empty"),
        pytest.param({"urn:example:Safety": {"x": "y"}}, id="C-23 its required attribute is missing"),
        pytest.param({"doors": [{"value": None}]}, id="a required sub-attribute is missing"),
    ],
)
def test_required_in_own_schemas(change: Document) -> None:
    """What a host's own schema requires is required."""
    with pytest.raises(InvalidValue, match="required"):
        BADGES.resource({**SAFE, **change})


@pytest.mark.requirement("U-06", "T-12")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"serial": "1"}, {"serial": "2"}, id="U-06 another value"),
        pytest.param({"serial": "1"}, {}, id="U-06 no value"),
        pytest.param({"tags": ["a"]}, {"tags": ["a", "b"]}, id="U-06 one value more"),
        pytest.param({"chip": {"maker": "A"}}, {"chip": {"maker": "B"}}, id="U-06 a sub-attribute"),
    ],
)
def test_immutable_value_changes(before: Document, after: Document) -> None:
    """An immutable value that is there cannot change."""
    with pytest.raises(Mutability, match="immutable"):
        BADGES.check_immutable(before, after)


@pytest.mark.requirement("U-06", "U-07", "T-12")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"serial": "1"}, {"serial": "1"}, id="U-06 the same"),
        pytest.param({}, {"serial": "1", "tags": ["a"], "chip": {"maker": "A"}}, id="U-07 set when empty"),
    ],
)
def test_immutable_value_is_set(before: Document, after: Document) -> None:
    """An immutable value may be set once, and be given unchanged."""
    BADGES.check_immutable(before, after)


@pytest.mark.requirement("T-11")
def test_read_only_value_survives_finish() -> None:
    """A readOnly value is never taken from a client, and never lost by a client's change."""
    assert "state" not in BADGES.resource({**SAFE, "state": "lost"})
    assert BADGES.finish({**SAFE, "state": "lost"})["state"] == "lost"


def test_errors_are_short_sentences() -> None:
    """Every detail is one line for an administrator."""
    with pytest.raises(ScimError) as refused:
        RFC_USER.resource(user(active="a\r\n<b>" + "x" * 5000))
    assert len(refused.value.detail) < 120
    assert "\n" not in refused.value.detail
    assert "\r" not in refused.value.detail
