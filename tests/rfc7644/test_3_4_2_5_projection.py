"""RFC 7644 §3.4.2.5 and §3.9: attributes, excludedAttributes, and RFC 7643 §7 `returned`."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema import Document, Extension, load_profile, make_projection, make_resource_type

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
BSR_USER, GROUP = load_profile("bsr")
USER = load_profile("rfc7643")[0]

DOCUMENT: Document = {
    "schemas": [CORE, ENTERPRISE],
    "id": "7",
    "externalId": "e",
    "userName": "u",
    "name": {"familyName": "F", "givenName": "G"},
    "emails": [{"value": "a", "type": "work", "primary": True}, {"type": "home"}],
    "groups": [{"value": "g", "$ref": "https://h/Groups/g", "display": "G", "type": "direct"}],
    ENTERPRISE: {"department": "D", "manager": {"value": "m", "$ref": "https://h/Users/m"}},
    "meta": {"resourceType": "User", "location": "https://h/Users/7"},
}
MINIMUM: Document = {"schemas": DOCUMENT["schemas"], "id": "7"}


def without(*names: str) -> Document:
    return {name: value for name, value in DOCUMENT.items() if name not in names}


@pytest.mark.requirement("A-02", "A-06", "A-07", "A-08", "A-10", "A-11")
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        pytest.param(["userName"], {"userName": "u"}, id="A-02 only what is named, and the minimum"),
        pytest.param(["id"], {}, id="A-02 the minimum named"),
        pytest.param(["meta"], {"meta": DOCUMENT["meta"]}, id="A-02 meta is not in the minimum"),
        pytest.param(["name.familyName"], {"name": {"familyName": "F"}}, id="A-06 a sub-attribute"),
        pytest.param(["emails.value"], {"emails": [{"value": "a"}]}, id="A-06 in every element that has it"),
        pytest.param(["emails.display"], {}, id="A-06 in none"),
        pytest.param(["name", "name.familyName"], {"name": DOCUMENT["name"]}, id="A-06 the whole beside a part"),
        pytest.param([f"{CORE}:userName"], {"userName": "u"}, id="A-07 a qualified core attribute"),
        pytest.param([f"{CORE}:name.givenName"], {"name": {"givenName": "G"}}, id="A-07 a qualified sub-attribute"),
        pytest.param(
            [f"{ENTERPRISE}:department"], {ENTERPRISE: {"department": "D"}}, id="A-07 an extension's attribute"
        ),
        pytest.param(
            [f"{ENTERPRISE}:manager.value"],
            {ENTERPRISE: {"manager": {"value": "m"}}},
            id="A-07 an extension's sub-attribute",
        ),
        pytest.param([ENTERPRISE], {ENTERPRISE: DOCUMENT[ENTERPRISE]}, id="A-07 a whole extension"),
        pytest.param(
            [" USERNAME ", "Name.FAMILYname"], {"userName": "u", "name": {"familyName": "F"}}, id="A-08 case, blanks"
        ),
        pytest.param([f"{ENTERPRISE.upper()}:DEPARTMENT"], {ENTERPRISE: {"department": "D"}}, id="A-08 case of an URN"),
        pytest.param(["favouriteColour", "name.x", "urn:x:y"], {}, id="A-11 only unknown names"),
        pytest.param(["userName", "favouriteColour"], {"userName": "u"}, id="A-11 an unknown name too"),
        pytest.param(["password"], {}, id="A-10 never, though named"),
        pytest.param(["groups.display"], {"groups": [{"display": "G"}]}, id="A-06 of groups"),
    ],
)
def test_attributes(names: Sequence[str], shown: Document) -> None:
    """`attributes` replaces the default set with the named ones and the minimum, `schemas` and `id`."""
    assert make_projection(USER, names, []).apply(DOCUMENT) == {**MINIMUM, **shown}


@pytest.mark.requirement("A-03", "A-04", "A-06", "A-07", "A-11")
@pytest.mark.parametrize(
    ("names", "shown"),
    [
        pytest.param(["userName", "META"], without("userName", "meta"), id="A-04 the named ones go"),
        pytest.param(["id", "schemas", "userName"], without("userName"), id="A-03 the minimum stays"),
        pytest.param(["name.familyName"], {**DOCUMENT, "name": {"givenName": "G"}}, id="A-06 a sub-attribute"),
        pytest.param(
            ["emails.type"], {**DOCUMENT, "emails": [{"value": "a", "primary": True}]}, id="A-06 in every element"
        ),
        pytest.param(["name.familyName", "name.givenName"], without("name"), id="A-06 the last one"),
        pytest.param([ENTERPRISE], without(ENTERPRISE), id="A-07 a whole extension"),
        pytest.param(
            [f"{ENTERPRISE}:manager"], {**DOCUMENT, ENTERPRISE: {"department": "D"}}, id="A-07 an extension's attribute"
        ),
        pytest.param(["favouriteColour"], DOCUMENT, id="A-11 an unknown name"),
    ],
)
def test_excluded_attributes(names: Sequence[str], shown: Document) -> None:
    """`excludedAttributes` takes the named ones from the default set, and never the minimum."""
    assert make_projection(USER, [], names).apply(DOCUMENT) == shown


@pytest.mark.parametrize("names", [[], [""], [" ", ""]])
def test_default(names: Sequence[str]) -> None:
    """Without names, a document is shown as it is, and nothing need be applied."""
    projection = make_projection(USER, names, names)
    assert projection.is_default
    assert projection.apply(DOCUMENT) == DOCUMENT


@pytest.mark.requirement("A-05")
def test_both_at_once() -> None:
    """Both parameters at once answer invalidValue."""
    with pytest.raises(InvalidValue, match="attributes and excludedAttributes"):
        make_projection(USER, ["userName"], ["name"])


@pytest.mark.parametrize(
    ("attributes", "excluded", "needed"),
    [
        pytest.param([], [], True, id="default"),
        pytest.param([], ["members"], False, id="Entra's excludedAttributes=members"),
        pytest.param([], ["members.$ref"], True, id="a part of the members"),
        pytest.param(["displayName"], [], False, id="attributes without members"),
        pytest.param(["members.value"], [], True, id="attributes with a part of the members"),
    ],
)
def test_needs_links(attributes: Sequence[str], excluded: Sequence[str], needed: bool) -> None:
    """Memberships need not be read when no part of them is shown."""
    assert make_projection(GROUP, attributes, excluded).needs_links is needed


CARD = make_resource_type(
    "Card",
    "/Cards",
    {
        "id": "urn:example:Card",
        "name": "Card",
        "attributes": [
            {"name": "title", "returned": "always"},
            {"name": "face", "returned": "request"},
            {"name": "pin", "returned": "never"},
            {"name": "plain"},
            {
                "name": "parts",
                "type": "complex",
                "multiValued": True,
                "subAttributes": [
                    {"name": "value"},
                    {"name": "key", "returned": "always"},
                    {"name": "x", "returned": "request"},
                ],
            },
        ],
    },
    extensions=(
        Extension(
            make_resource_type(
                "",
                "",
                {
                    "id": "urn:example:More",
                    "name": "M",
                    "attributes": [{"name": "a"}, {"name": "b", "returned": "request"}],
                },
            ).schema
        ),
    ),
)
FULL_CARD: Document = {
    "schemas": ["urn:example:Card"],
    "id": "1",
    "title": "T",
    "face": "F",
    "pin": "P",
    "plain": "L",
    "parts": [{"value": "v", "key": "k", "x": "x"}],
    "urn:example:More": {"a": "A", "b": "B"},
}
KEYS = [{"key": "k"}]


@pytest.mark.requirement("A-03", "A-09", "A-10", "T-14")
@pytest.mark.parametrize(
    ("attributes", "excluded", "shown"),
    [
        pytest.param(
            [],
            [],
            {"plain": "L", "parts": [{"value": "v", "key": "k"}], "urn:example:More": {"a": "A"}},
            id="T-14 default",
        ),
        pytest.param(["face"], [], {"face": "F", "parts": KEYS}, id="A-09 request, named"),
        pytest.param(["parts"], [], {"parts": [{"value": "v", "key": "k"}]}, id="A-09 request, only the parent named"),
        pytest.param(["parts.x"], [], {"parts": [{"key": "k", "x": "x"}]}, id="A-09 request, a sub-attribute named"),
        pytest.param(["pin"], [], {"parts": KEYS}, id="A-10 never, named"),
        pytest.param(["urn:example:More"], [], {"parts": KEYS, "urn:example:More": {"a": "A"}}, id="A-09 an extension"),
        pytest.param(
            ["urn:example:More:b"],
            [],
            {"parts": KEYS, "urn:example:More": {"b": "B"}},
            id="A-09 in an extension, named",
        ),
        pytest.param([], ["title", "plain", "parts", "urn:example:More"], {"parts": KEYS}, id="A-03 always, excluded"),
    ],
)
def test_returned(attributes: Sequence[str], excluded: Sequence[str], shown: Document) -> None:
    """Always, default, request and never decide together with the parameters, on every level."""
    projection = make_projection(CARD, attributes, excluded)
    assert not projection.is_default
    assert projection.apply(FULL_CARD) == {"schemas": FULL_CARD["schemas"], "id": "1", "title": "T", **shown}


NAMES = st.sampled_from(
    [
        "id",
        "userName",
        "name",
        "name.familyName",
        "emails.value",
        "groups",
        ENTERPRISE,
        f"{ENTERPRISE}:manager.value",
        "x",
    ]
)


@given(st.lists(NAMES, max_size=4), st.booleans())
def test_apply_is_pure_and_idempotent(names: list[str], excluded: bool) -> None:
    """A projection leaves the document alone, and applied to its own result changes nothing."""
    projection = make_projection(USER, [] if excluded else names, names if excluded else [])
    before = repr(DOCUMENT)
    shown = projection.apply(DOCUMENT)
    assert repr(DOCUMENT) == before
    assert projection.apply(shown) == shown


def test_registry_user_is_default() -> None:
    """What the profile leaves out does not make the plain answer a special one."""
    assert make_projection(BSR_USER, [], []).is_default
