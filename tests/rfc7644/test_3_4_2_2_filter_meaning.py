"""RFC 7644 §3.4.2.2: which resources a filter finds."""

from typing import Any

import pytest

from flask_bsr_scim.filter import bind, equalities, evaluate, parse_filter
from flask_bsr_scim.schema import Document, ResourceType, load_profile, make_resource_type

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER, GROUP = load_profile("rfc7643")
BSR_USER = load_profile("bsr")[0]

USERS: dict[str, Document] = {
    "alice": {
        "schemas": [CORE, ENTERPRISE],
        "id": "1A",
        "externalId": "Ext-A",
        "userName": "Alice@Example.com",
        "name": {"familyName": "O'Neil", "givenName": "Alice"},
        "title": "Straße",
        "active": True,
        "emails": [
            {"value": "Alice@Example.com", "type": "work", "primary": True},
            {"value": "alice@home.org", "type": "home", "primary": False},
        ],
        "photos": [{"value": "https://Example.com/A.png"}],
        "groups": [{"value": "g1", "display": "Tour Guides", "type": "direct"}],
        "meta": {
            "resourceType": "User",
            "created": "2026-01-01T00:00:00.000000Z",
            "lastModified": "2026-01-02T00:00:00.500000Z",
            "location": "https://h/scim/v2/Users/1A",
            "version": 'W/"3"',
        },
        ENTERPRISE: {"department": "Tour Operations", "manager": {"value": "2B", "displayName": "Bob"}},
    },
    "bob": {
        "schemas": [CORE],
        "id": "2B",
        "externalId": "ext-a",
        "userName": "bob",
        "name": {"familyName": "Ångström"},
        "title": "STRASSE",
        "active": False,
        "emails": [{"value": "bob@home.org", "type": "work"}, {"value": "bob@example.com", "type": "home"}],
        "meta": {"resourceType": "User", "created": "2025-12-31T23:30:00.000000Z", "version": 'W/"1"'},
    },
    "cy": {
        "schemas": [CORE],
        "id": "3C",
        "userName": '100%_c\\[x] "and"',
        "name": {"familyName": ""},
        "title": "",
        "emails": [{"type": "work", "value": ""}],
        "photos": [],
        "meta": {"resourceType": "User", "created": "2026-06-01T12:00:00.500000Z", "version": 'W/"1"'},
    },
    "zoe": {
        "schemas": [CORE],
        "id": "4D",
        "userName": "Zoe\u0301",
        "nickName": "İ",
        "title": "Z",
        "emails": [{"value": "zoe@example.com"}],
        "meta": {"resourceType": "User", "created": "2026-06-01T12:00:00.500001Z", "version": 'W/"1"'},
    },
}
ALL = "alice bob cy zoe"


def matches(text: str, document: Document, resource_type: ResourceType = USER) -> bool:
    """Tell whether a document satisfies a filter, from its text."""
    return evaluate(bind(parse_filter(text), resource_type), document)


@pytest.mark.requirement(
    "F-06", "F-07", "F-08", "F-09", "F-10", "F-15", "F-16", "F-17", "F-18", "F-19", "F-20", "F-21", "F-22", "F-23",
    "F-24", "F-25", "F-26", "L-02",
)  # fmt: skip
@pytest.mark.parametrize(
    ("text", "names"),
    [
        # Strings
        pytest.param('userName eq "bob"', "bob", id="F-06 eq"),
        pytest.param('userName eq "bo"', "", id="F-06 eq takes the whole value"),
        pytest.param('title eq ""', "cy", id="F-06 eq an empty string"),
        pytest.param('userName ne "bob"', "alice cy zoe", id="F-07 ne"),
        pytest.param('nickName ne "x"', ALL, id="F-07 ne finds what has no value"),
        pytest.param('emails.type ne "home"', "cy zoe", id="F-07 ne is not eq, of several values too"),
        pytest.param('userName co "LICE"', "alice", id="F-08 co"),
        pytest.param('userName sw "alice"', "alice", id="F-08 sw"),
        pytest.param('userName ew ".COM"', "alice", id="F-08 ew"),
        pytest.param('userName sw "lice"', "", id="F-08 sw begins at the beginning"),
        pytest.param('userName ew "Alice"', "", id="F-08 ew ends at the end"),
        pytest.param('title co ""', ALL, id="F-08 every text contains nothing"),
        pytest.param('nickName co ""', "zoe", id="F-08 no value contains nothing not even that"),
        pytest.param('userName co "%"', "cy", id="F-08 a percent sign is literal"),
        pytest.param('userName co "_"', "cy", id="F-08 an underscore is literal"),
        pytest.param('userName co "*"', "", id="F-08 an asterisk is literal"),
        pytest.param('userName co "[x]"', "cy", id="F-26 brackets in a value"),
        pytest.param(r'userName ew "\"and\""', "cy", id="F-26 quotes in a value"),
        pytest.param(r'userName co "c\\["', "cy", id="F-26 a backslash in a value"),
        pytest.param('name.familyName co "\'"', "alice", id="F-26 an apostrophe in a value"),
        # caseExact
        pytest.param('userName eq "ALICE@example.COM"', "alice", id="F-17 userName in any letter case"),
        pytest.param('externalId eq "ext-a"', "bob", id="F-17 externalId exactly"),
        pytest.param('id eq "1a"', "", id="F-17 id exactly"),
        pytest.param('title eq "strasse"', "alice bob", id="F-17 sharp s folds"),
        pytest.param('name.familyName eq "ÅNGSTRÖM"', "bob", id="F-17 letter case beyond ASCII"),
        pytest.param('name.familyName eq "A\u030angstro\u0308m"', "bob", id="F-17 decomposed finds composed"),
        pytest.param('userName eq "Zoé"', "zoe", id="F-17 composed finds decomposed"),
        pytest.param(r'userName eq "zo\u00C9"', "zoe", id="F-17 escaped, in another letter case"),
        pytest.param('nickName eq "i\u0307"', "zoe", id="F-17 dotted capital I folds to i with a dot"),
        pytest.param('nickName eq "i"', "", id="F-17 dotted capital I is no i"),
        # Presence
        pytest.param("title pr", "alice bob zoe", id="F-09 pr of an empty string"),
        pytest.param("name pr", "alice bob", id="F-09 pr of a complex attribute with an empty part"),
        pytest.param("photos pr", "alice", id="F-09 pr of an empty list"),
        pytest.param("active pr", "alice bob", id="F-09 pr of false"),
        pytest.param("emails.value pr", "alice bob zoe", id="F-09 pr of a sub-attribute, empty or missing"),
        pytest.param("emails pr", ALL, id="F-09 pr of elements of which only a part is empty"),
        pytest.param(f"{ENTERPRISE} pr", "alice", id="F-09 pr of an extension"),
        pytest.param("title eq null", "cy", id="F-06 eq null is not pr"),
        pytest.param("title ne null", "alice bob zoe", id="F-06 ne null is pr"),
        # Order
        pytest.param('userName gt "alice@example.com"', "bob zoe", id="F-10 gt, by code point of the folded text"),
        pytest.param('userName ge "ALICE@example.com"', "alice bob zoe", id="F-10 ge"),
        pytest.param('userName lt "B"', "alice cy", id="F-10 lt, in any letter case"),
        pytest.param('userName le "BOB"', "alice bob cy", id="F-10 le"),
        pytest.param('externalId lt "a"', "alice", id="F-10 an exact attribute has capitals first"),
        pytest.param('nickName lt "~"', "zoe", id="F-10 no value is neither less"),
        pytest.param('nickName gt ""', "zoe", id="F-10 nor greater"),
        # Dates
        pytest.param('meta.created eq "2026-01-01T01:00:00+01:00"', "alice", id="F-10 dates by moment: eq"),
        pytest.param('meta.created lt "2026-01-01T00:00:00+00:30"', "", id="F-10 dates by moment: lt"),
        pytest.param('meta.created le "2026-01-01T00:00:00+00:30"', "bob", id="F-10 dates by moment: le"),
        pytest.param('meta.created gt "2026-06-01T12:00:00.5Z"', "zoe", id="F-10 fractions of seconds"),
        pytest.param('meta.created ge "2026-06-01T07:00:00.5-05:00"', "cy zoe", id="F-10 fractions and zones"),
        pytest.param('meta.created eq "2026-06-01t12:00:00.50z"', "cy", id="F-10 other spellings"),
        pytest.param('meta.lastModified ne "2026-01-02T00:00:00.5Z"', "bob cy zoe", id="F-07 ne of a date"),
        # Booleans
        pytest.param("active eq true", "alice cy zoe", id="F-06 absent counts as the default"),
        pytest.param("active eq false", "bob", id="F-06 false is not absent"),
        pytest.param("active ne true", "bob", id="F-07 ne of a boolean"),
        pytest.param("active ne false", "alice cy zoe", id="F-07 ne of a boolean that is absent"),
        pytest.param("active eq true and active pr", "alice", id="F-09 pr of a boolean"),
        pytest.param('active eq "False"', "bob", id="F-06 Entra's booleans as text"),
        # Logic
        pytest.param('userName eq "bob" or id eq "1A" and active eq false', "bob", id="F-15 or, and"),
        pytest.param('(userName eq "bob" or id eq "1A") and active eq true', "alice", id="F-15 group"),
        pytest.param('not (userName eq "bob") and title pr', "alice zoe", id="F-15 not, and"),
        pytest.param('not (userName eq "bob" and title pr)', "alice cy zoe", id="F-15 not of a group"),
        pytest.param('USERNAME EQ "bob"', "bob", id="F-16 names in any letter case"),
        # Multi-valued and complex attributes
        pytest.param('name.familyName eq "o\'neil"', "alice", id="F-18 a sub-attribute"),
        pytest.param('emails.value eq "bob@example.com"', "bob", id="F-19 the second value"),
        pytest.param('emails eq "BOB@example.com"', "bob", id="F-20 emails means emails.value"),
        pytest.param('emails co "@example"', "alice bob zoe", id="F-20 with co"),
        pytest.param(f'{ENTERPRISE}:manager eq "2B"', "alice", id="F-20 manager means manager.value"),
        pytest.param('groups eq "g1"', "alice", id="F-20 groups means groups.value"),
        pytest.param('emails[type eq "work" and value co "@example"]', "alice", id="F-21 one value satisfies both"),
        pytest.param(
            'emails.type eq "work" and emails.value co "@example"', "alice bob", id="F-21 without brackets two may"
        ),
        pytest.param('emails[type eq "work"].value co "@example"', "alice", id="F-21 Entra's form"),
        pytest.param('emails[type eq "work"].value pr', "alice bob", id="F-21 Entra's form with pr"),
        pytest.param('emails[not (type eq "work")]', "alice bob zoe", id="F-22 not: some value is not"),
        pytest.param('not (emails[type eq "work"])', "zoe", id="F-22 not of the brackets: no value is"),
        pytest.param('emails[type ne "work"]', "alice bob zoe", id="F-22 ne inside is of one value"),
        pytest.param(
            'emails[(type eq "home" or primary eq true) and value ew "org"]', "alice", id="F-22 or in parentheses"
        ),
        pytest.param("emails[type eq null]", "zoe", id="F-22 null inside"),
        pytest.param('name[givenName eq "alice" and familyName sw "o"]', "alice", id="brackets of one value"),
        pytest.param("emails[primary eq true]", "alice", id="L-02 primary"),
        pytest.param("emails[primary eq false]", ALL, id="L-02 a missing primary is false"),
        pytest.param("emails[primary ne true]", ALL, id="L-02 and not true"),
        pytest.param("emails[primary ne false]", "alice", id="L-02 and equal to false"),
        pytest.param("emails.primary eq false", ALL, id="L-02 without brackets"),
        pytest.param("emails.primary ne false", "", id="L-02 without brackets, ne: no value is false"),
        pytest.param("photos.primary eq false", "alice", id="L-02 only of values that are there"),
        pytest.param("emails[primary pr]", "alice", id="L-02 it stays absent"),
        # URNs and common attributes
        pytest.param(f'{CORE}:userName eq "bob"', "bob", id="F-23 a core attribute"),
        pytest.param(f'{CORE}:name.givenName eq "alice"', "alice", id="F-23 a core sub-attribute"),
        pytest.param(f'{ENTERPRISE}:department co "tour"', "alice", id="F-23 an extension's attribute"),
        pytest.param(f'{ENTERPRISE}:manager.value eq "2B"', "alice", id="F-23 an extension's sub-attribute"),
        pytest.param(f"{ENTERPRISE.upper()}:Department pr", "alice", id="F-23 in any letter case"),
        pytest.param(f'{ENTERPRISE}:manager[value eq "2B"]', "alice", id="F-23 before brackets"),
        pytest.param(f'{CORE}:emails[type eq "home"]', "alice bob", id="F-23 a core attribute before brackets"),
        pytest.param('manager eq "2B"', "alice", id="Entra's extension attribute without the URN"),
        pytest.param(f'schemas eq "{ENTERPRISE}"', "alice", id="F-24 schemas"),
        pytest.param('id eq "2B"', "bob", id="F-25 id"),
        pytest.param('meta.resourceType eq "User"', ALL, id="F-25 meta.resourceType"),
        pytest.param('meta.location ew "/1A"', "alice", id="F-25 meta.location"),
        pytest.param(r'meta.version eq "W/\"3\""', "alice", id="F-25 meta.version"),
        pytest.param('groups.value eq "g1"', "alice", id="F-25 groups.value"),
        pytest.param('groups[display sw "tour"]', "alice", id="F-25 groups.display"),
        pytest.param('photos.value eq "https://example.com/A.png"', "", id="F-06 references exactly"),
        pytest.param('photos.value ew "A.png"', "alice", id="F-08 references have parts"),
    ],
)
def test_finds(text: str, names: str) -> None:
    """A filter finds these users and no others."""
    assert [name for name, user in USERS.items() if matches(text, user)] == names.split()


@pytest.mark.requirement("F-09")
@pytest.mark.parametrize(
    ("text", "document"),
    [
        pytest.param("title pr", {"title": None}, id="null"),
        pytest.param("emails pr", {"emails": [{"value": "", "type": None}, {}]}, id="elements of empty values"),
        pytest.param("name pr", {"name": {}}, id="an empty object"),
        pytest.param(f"{ENTERPRISE} pr", {ENTERPRISE: {"manager": {"value": ""}}}, id="an extension of empty values"),
        pytest.param(f"{ENTERPRISE} pr", {ENTERPRISE: {"lists": ["", {}]}}, id="an extension of lists of empty values"),
    ],
)
def test_what_is_empty_is_not_present(text: str, document: Document) -> None:
    """Only a non-empty value is present, however deep the empty ones lie."""
    assert not matches(text, document)
    assert not matches(text, {})


GROUPS: dict[str, Document] = {
    "a": {"displayName": "Eng", "members": [{"value": "1A", "type": "User"}, {"value": "g", "type": "Group"}]},
    "b": {"displayName": "eng", "members": [{"value": "2B", "type": "User"}]},
    "c": {"displayName": "empty"},
}


@pytest.mark.requirement("F-07", "F-09", "F-17", "F-19", "F-20", "F-21")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param('displayName eq "Eng"', "a", id="displayName exactly"),
        pytest.param('members.value eq "1A"', "a", id="F-19 members.value"),
        pytest.param('members eq "1A"', "a", id="F-20 members"),
        pytest.param('members[value eq "1A"]', "a", id="F-21 members in brackets"),
        pytest.param('members[value eq "1A" and type eq "group"]', "", id="F-21 one member satisfies both"),
        pytest.param('members.value ne "1A"', "b c", id="F-07 a group without the member"),
        pytest.param("members pr", "a b", id="F-09 a group with members"),
        pytest.param('members.type eq "group"', "a", id="F-17 a type in any letter case"),
    ],
)
def test_finds_groups(text: str, names: str) -> None:
    """A filter finds these groups and no others."""
    assert [name for name, group in GROUPS.items() if matches(text, group, GROUP)] == names.split()


DEVICE = make_resource_type(
    "Device",
    "/Devices",
    {
        "id": "urn:example:2.0:Device",
        "name": "Device",
        "attributes": [
            {"name": "ports", "type": "integer", "multiValued": True},
            {"name": "weight", "type": "decimal"},
            {"name": "key", "type": "binary", "caseExact": True},
            {"name": "seen", "type": "dateTime", "multiValued": True},
            {"name": "primary", "type": "boolean"},
            {"name": "battery", "type": "complex", "subAttributes": [{"name": "primary", "type": "boolean"}]},
        ],
    },
)
DEVICE_DOCUMENT: Document = {
    "ports": [80, 443],
    "weight": 1.5,
    "key": "AQID",
    "seen": ["2026-01-01T00:00:00+02:00", "2026-03-01T00:00:00Z"],
    "battery": {},
}


@pytest.mark.requirement("F-06", "F-10", "L-02")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("ports eq 443", True, id="F-06 an integer"),
        pytest.param("ports eq 44", False, id="F-06 another integer"),
        pytest.param("ports gt 100", True, id="F-10 integers by value"),
        pytest.param("ports lt 80", False, id="F-10 none is less"),
        pytest.param("weight ge 1.50", True, id="F-10 decimals by value"),
        pytest.param("weight lt 2", True, id="F-10 a decimal and a whole number"),
        pytest.param("weight gt 10", False, id="F-10 not by text"),
        pytest.param('key eq "AQID"', True, id="F-06 binary"),
        pytest.param('key eq "aqid"', False, id="F-06 binary exactly"),
        pytest.param('seen lt "2026-01-01T00:00:00Z"', True, id="F-10 dates with zones, stored"),
        pytest.param('seen eq "2026-03-01T00:00:00.000Z"', True, id="F-10 the second date"),
        pytest.param("primary eq false", False, id="L-02 primary of the resource itself has no default"),
        pytest.param("battery.primary eq false", False, id="L-02 nor that of a single value"),
        pytest.param("battery[primary eq false]", False, id="L-02 nor that of a single value in brackets"),
    ],
)
def test_compares_by_type(text: str, found: bool) -> None:
    """Values are compared as what they are, whatever their spelling."""
    assert matches(text, DEVICE_DOCUMENT, DEVICE) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("displayName pr", False, id="an attribute"),
        pytest.param('displayName eq "x"', False, id="an attribute, eq"),
        pytest.param('displayName ne "x"', True, id="an attribute, ne"),
        pytest.param("name.formatted pr", False, id="a sub-attribute"),
        pytest.param('emails[display eq "x"]', False, id="a sub-attribute in brackets"),
        pytest.param('addresses[type eq "work"].country eq "x"', False, id="a complex attribute"),
        pytest.param(f'{ENTERPRISE}:manager.value eq "x"', False, id="an extension's attribute"),
        pytest.param(f"{ENTERPRISE} pr", False, id="an extension"),
    ],
)
def test_what_the_profile_does_not_store_has_no_value(text: str, found: bool) -> None:
    """A standard attribute that the profile leaves out can be named, and has no value."""
    assert matches(text, {"userName": "bob", "name": {"givenName": "B"}, "emails": [{"value": "b"}]}, BSR_USER) is found


@pytest.mark.parametrize(
    ("text", "document"),
    [
        pytest.param('userName eq "5"', {"userName": 5}, id="a number for a string"),
        pytest.param('userName co "x"', {"userName": {"x": "x"}}, id="an object for a string"),
        pytest.param('meta.created lt "2026-01-01T00:00:00Z"', {"meta": {"created": "x"}}, id="no date"),
        pytest.param("meta.created pr", {"meta": "x"}, id="a string for an object"),
        pytest.param('emails[type eq "work"]', {"emails": [{"type": 5}]}, id="a number for a string in brackets"),
    ],
)
def test_values_of_another_type_do_not_match(text: str, document: Document) -> None:
    """A stored value that its attribute cannot have is no match, and no error."""
    assert not matches(text, document)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param('userName eq "Bob"', [("userName", "bob")], id="one comparison, its key"),
        pytest.param(
            'active eq false and (externalId eq "X" and title pr) and active ne false',
            [("active", False), ("externalId", "X")],
            id="all that and joins",
        ),
        pytest.param(
            'emails[value eq "A@b" and type eq "work"]',
            [("emails.value", "a@b"), ("emails.type", "work")],
            id="inside brackets",
        ),
        pytest.param('emails eq "A@b"', [("emails.value", "a@b")], id="value of a complex attribute"),
        pytest.param(
            f'{ENTERPRISE}:manager[value eq "2B"]', [(f"{ENTERPRISE}:manager.value", "2B")], id="of an extension"
        ),
        pytest.param('userName eq "a" or externalId eq "b"', [], id="not what or joins"),
        pytest.param('not (userName eq "a")', [], id="not what not negates"),
        pytest.param('emails[not (value eq "a")]', [], id="not what not negates inside brackets"),
        pytest.param('userName ne "a" and userName sw "b"', [], id="no other operator"),
    ],
)
def test_equalities_are_what_every_match_satisfies(text: str, keys: list[tuple[str, Any]]) -> None:
    """For an index: the equalities that a match cannot do without, by path and comparison key."""
    assert list(equalities(bind(parse_filter(text), USER))) == keys
