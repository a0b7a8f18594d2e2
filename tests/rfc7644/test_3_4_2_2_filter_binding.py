"""RFC 7644 §3.4.2.2: which comparisons make sense for which attributes."""

import pytest

from flask_bsr_scim.errors import InvalidFilter
from flask_bsr_scim.filter import Operator, bind, parse_filter
from flask_bsr_scim.schema import ResourceType, load_profile, make_resource_type

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = load_profile("rfc7643")[0]
BSR_USER, GROUP = load_profile("bsr")
THING = make_resource_type(
    "Thing",
    "/Things",
    {
        "id": "urn:example:2.0:Thing",
        "name": "Thing",
        "attributes": [
            {"name": "string", "type": "string"},
            {"name": "reference", "type": "reference"},
            {"name": "boolean", "type": "boolean"},
            {"name": "binary", "type": "binary"},
            {"name": "integer", "type": "integer"},
            {"name": "decimal", "type": "decimal"},
            {"name": "dateTime", "type": "dateTime"},
            {"name": "secrets", "type": "complex", "returned": "never", "subAttributes": [{"name": "value"}]},
            {"name": "parts", "type": "complex", "subAttributes": [{"name": "pin", "returned": "never"}]},
        ],
    },
)

VALUES = {
    "string": '"x"',
    "reference": '"https://h/x"',
    "boolean": "true",
    "binary": '"AQID"',
    "integer": "5",
    "decimal": "1.5",
    "dateTime": '"2026-01-01T00:00:00Z"',
}
ORDER = {"gt", "ge", "lt", "le"}
PARTS = {"co", "sw", "ew"}
REFUSED = {
    "string": set[str](),
    "reference": set[str](),
    "boolean": ORDER | PARTS,
    "binary": ORDER | PARTS,
    "integer": PARTS,
    "decimal": PARTS,
    "dateTime": PARTS,
}


@pytest.mark.requirement("F-06", "F-08", "F-10", "F-11")
@pytest.mark.parametrize("operator", list(Operator))
@pytest.mark.parametrize("type_name", REFUSED)
def test_operators_by_type(type_name: str, operator: Operator) -> None:
    """Order is for what has an order, parts are for text; the rest is `invalidFilter`."""
    tree = parse_filter(f"{type_name} {operator} {VALUES[type_name]}")
    if operator not in REFUSED[type_name]:
        bind(tree, THING)
        return
    with pytest.raises(InvalidFilter, match=f"^{type_name} is a {type_name}, which {operator} cannot compare; use eq"):
        bind(tree, THING)


WRONG_VALUES = {
    "string": ("5", "1.5", "true"),
    "reference": ("5", "false"),
    "boolean": ("0", "1", '""', '"yes"', '"1"'),
    "binary": ("5", '"?"', "true"),
    "integer": ('"5"', "1.5", "true", "9223372036854775808", "-9223372036854775809", "1" * 300),
    "decimal": ('"1.5"', "false", "9223372036854775808"),
    "dateTime": ('""', '"2026-01-01"', '"yesterday"', '"2026-02-30T00:00:00Z"', "1767225600", '"2026-01-01T25:00:00Z"'),
}


@pytest.mark.parametrize(
    ("type_name", "value"), [(name, value) for name in WRONG_VALUES for value in WRONG_VALUES[name]]
)
@pytest.mark.parametrize("operator", ["eq", "ne"])
def test_values_by_type(type_name: str, operator: str, value: str) -> None:
    """A value of another type than the attribute's is `invalidFilter`; the detail says what would be right."""
    with pytest.raises(InvalidFilter, match=f"^In the filter, {type_name} must be .+, not .+\\.$"):
        bind(parse_filter(f"{type_name} {operator} {value}"), THING)


@pytest.mark.requirement("F-06")
@pytest.mark.parametrize("value", ['"true"', '"True"', '"FALSE"', "true", "False"])
def test_booleans_may_be_text(value: str) -> None:
    """Entra writes booleans as text."""
    bind(parse_filter(f"boolean eq {value}"), THING)


@pytest.mark.requirement("F-06")
@pytest.mark.parametrize("operator", sorted(ORDER | PARTS))
def test_null_is_equal_or_not(operator: str) -> None:
    """Nothing is less or more than null."""
    with pytest.raises(InvalidFilter, match=r"^null can be compared with eq and ne"):
        bind(parse_filter(f"string {operator} null"), THING)


@pytest.mark.parametrize("text", ['userName eq ""', f'userName eq "{"x" * 2000}"', r'userName eq "\n"'])
def test_a_value_need_not_be_one_that_could_be_stored(text: str) -> None:
    """What no userName can be is a question with an empty answer."""
    bind(parse_filter(text), BSR_USER)


@pytest.mark.requirement("F-11", "F-20", "F-28")
@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param("favouriteColour pr", 'User has no attribute "favouriteColour".', id="F-28 an attribute"),
        pytest.param("name.nick pr", 'User has no attribute "name.nick".', id="F-28 a sub-attribute"),
        pytest.param("userName.value pr", 'User has no attribute "userName.value".', id="F-28 a part of a string"),
        pytest.param("urn:x:y:z pr", 'User has no attribute "urn:x:y:z".', id="F-28 an URN"),
        pytest.param(f"{ENTERPRISE}:x pr", None, id="F-28 an attribute of an extension"),
        pytest.param("emails[x pr]", 'emails has no attribute "x".', id="F-28 inside brackets"),
        pytest.param("emails[emails.value pr]", 'emails has no attribute "emails.value".', id="F-28 the whole path"),
        pytest.param("emails[userName pr]", 'emails has no attribute "userName".', id="F-28 of the resource"),
        pytest.param('emails[type eq "work"].x pr', 'emails has no attribute "x".', id="F-28 behind brackets"),
        pytest.param("active pr or x pr", 'User has no attribute "x".', id="F-28 where the rest is true already"),
        pytest.param("members pr", 'User has no attribute "members".', id="F-28 an attribute of another type"),
        pytest.param("userName[value pr]", "userName has no sub-attributes, and takes no brackets.", id="brackets"),
        pytest.param("schemas[value pr]", "schemas has no sub-attributes, and takes no brackets.", id="a list of text"),
        pytest.param("emails.value[type pr]", None, id="brackets behind a sub-attribute"),
        pytest.param(f"{ENTERPRISE}[department pr]", None, id="brackets behind an extension"),
        pytest.param(
            'name eq "x"', "name is complex; name the part of it that eq is to compare.", id="F-11 a complex attribute"
        ),
        pytest.param("name gt 5", None, id="F-11 a complex attribute with gt"),
        pytest.param('addresses co "x"', None, id="F-20 a complex attribute without value"),
        pytest.param(f'{ENTERPRISE} eq "x"', None, id="a comparison with an extension"),
        pytest.param("emails[value gt true]", "In the filter, emails.value must be text", id="the path of a part"),
        pytest.param(
            'userName eq true and x eq "x"',
            "In the filter, userName must be text in double quotes, not true.",
            id="text",
        ),
    ],
)
def test_refuses_what_has_no_meaning(text: str, detail: str | None) -> None:
    """`invalidFilter`, and the detail names the attribute."""
    with pytest.raises(InvalidFilter) as error:
        bind(parse_filter(text), USER)
    assert error.value.detail.startswith(detail or "")


@pytest.mark.requirement("F-34")
@pytest.mark.parametrize("profile", [USER, BSR_USER], ids=["rfc7643", "bsr"])
@pytest.mark.parametrize("test", ['eq "x"', 'sw "x"', 'gt "x"', "pr", "eq null", "ne null"])
def test_passwords_cannot_be_guessed(profile: ResourceType, test: str) -> None:
    """A filter cannot ask for what is never returned."""
    with pytest.raises(InvalidFilter, match=r"^password is never returned"):
        bind(parse_filter(f"password {test}"), profile)


@pytest.mark.requirement("F-34")
@pytest.mark.parametrize(
    "text", ['secrets eq "x"', "secrets.value pr", "secrets[value pr]", "parts.pin pr", "parts[pin pr]"]
)
def test_no_part_of_what_is_never_returned(text: str) -> None:
    """Nor for a part of it."""
    with pytest.raises(InvalidFilter, match="is never returned"):
        bind(parse_filter(text), THING)


def test_details_are_short() -> None:
    """A long name or value is shortened in the detail."""
    for text in (f"{'x' * 5000} pr", f'active eq "{"x" * 5000}"', f"emails[{'x' * 5000} pr]", f"urn:{'x' * 5000} pr"):
        with pytest.raises(InvalidFilter) as error:
            bind(parse_filter(text), USER)
        assert len(error.value.detail) < 150
