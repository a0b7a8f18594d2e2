"""RFC 7643 §2.3: what a value of each data type may be, and how it is stored."""

from typing import Any

import pytest

from flask_bsr_scim.errors import InvalidValue, ScimError
from flask_bsr_scim.schema import Validator, make_resource_type

URN = "urn:example:Thing"
ATTRIBUTES = [
    {"name": "text", "type": "string"},
    {"name": "short", "type": "string", "x-maxLength": 5},
    {"name": "key", "type": "string", "uniqueness": "server"},
    {"name": "flag", "type": "boolean"},
    {"name": "count", "type": "integer"},
    {"name": "ratio", "type": "decimal"},
    {"name": "at", "type": "dateTime"},
    {"name": "bytes", "type": "binary"},
    {"name": "link", "type": "reference", "referenceTypes": ["external"]},
    {"name": "list", "type": "string", "multiValued": True},
    {
        "name": "place",
        "type": "complex",
        "subAttributes": [
            {"name": "city"},
            {"name": "floor", "type": "integer"},
            {"name": "code", "multiValued": True},
        ],
    },
    {"name": "owner", "type": "complex", "subAttributes": [{"name": "value"}, {"name": "note"}]},
]
THING = make_resource_type("Thing", "/Things", {"id": URN, "name": "Thing", "attributes": ATTRIBUTES})
VALIDATOR = Validator(THING)


def read(name: str, value: Any) -> Any:
    return VALIDATOR.resource({"schemas": [URN], name: value}).get(name, "absent")


@pytest.mark.requirement("C-25", "C-26", "C-34", "T-01", "T-02", "T-03", "T-04", "T-05", "T-06", "T-07", "L-03", "L-05")
@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        pytest.param("text", " Ünïcode\n\ttext ", " Ünïcode\n\ttext ", id="C-34 a string is kept as it is"),
        pytest.param("text", "", "", id="an empty string is a value"),
        pytest.param("short", "äöüßé", "äöüßé", id="maxLength counts characters"),
        pytest.param("flag", True, True, id="T-02 true"),
        pytest.param("flag", "False", False, id="C-25 Entra's False"),
        pytest.param("flag", "tRUE", True, id="C-25 true in any letter case"),
        pytest.param("count", -(2**63), -(2**63), id="T-01 the least integer"),
        pytest.param("count", 2**63 - 1, 2**63 - 1, id="T-01 the greatest integer"),
        pytest.param("ratio", 0.1, 0.1, id="T-07 a fraction"),
        pytest.param("ratio", 3, 3, id="T-07 a decimal without fraction"),
        pytest.param("at", "2011-05-13T04:42:34+02:00", "2011-05-13T04:42:34+02:00", id="T-03 the zone is kept"),
        pytest.param("at", "2011-05-13T04:42:34.123Z", "2011-05-13T04:42:34.123Z", id="T-03 with a fraction"),
        pytest.param("bytes", "aGVsbG8=", "aGVsbG8=", id="T-04 base64"),
        pytest.param("bytes", "aGVsbG8", "aGVsbG8", id="T-04 without padding"),
        pytest.param("bytes", "_-8", "_-8", id="T-04 base64url"),
        pytest.param("link", "../Users/1", "../Users/1", id="T-05 a relative reference"),
        pytest.param("list", "one", ["one"], id="a scalar is a list of one"),
        pytest.param("list", ["b", "a", None, "b"], ["b", "a"], id="L-03 L-05 doubles go, the order stays"),
        pytest.param(
            "place", {"floor": 2, "CITY": "Ulm"}, {"city": "Ulm", "floor": 2}, id="T-06 schema case and order"
        ),
        pytest.param("place", {"city": "Ulm", "x": {"y": 1}}, {"city": "Ulm"}, id="T-06 unknown sub-attributes go"),
        pytest.param("place", {"code": ["a", "b"]}, {"code": ["a", "b"]}, id="a multi-valued sub-attribute"),
        pytest.param("place", {"city": None, "code": []}, "absent", id="C-26 an object without a value is none"),
        pytest.param("place", {}, "absent", id="C-26 an empty object is none"),
        pytest.param("owner", "42", {"value": "42"}, id="a scalar stands for value"),
        pytest.param("owner", [{"value": "42"}], {"value": "42"}, id="Entra's list of one manager"),
        pytest.param("text", None, "absent", id="C-26 null is absent"),
        pytest.param("text", [], "absent", id="C-26 the empty list is absent"),
        pytest.param("list", [None], "absent", id="C-26 a list of nulls is absent"),
    ],
)
def test_value_is_stored(name: str, sent: Any, stored: Any) -> None:
    """A value of the attribute's type is stored, in its canonical form where there is one."""
    assert read(name, sent) == stored
    assert type(read(name, sent)) is type(stored)


@pytest.mark.requirement("C-25", "C-34", "X-19", "T-01", "T-03", "T-04", "T-07")
@pytest.mark.parametrize(
    ("name", "sent", "wanted"),
    [
        pytest.param("text", 5, "a string", id="C-25 a number for a string"),
        pytest.param("text", True, "a string", id="C-25 a boolean for a string"),
        pytest.param("text", {"value": "x"}, "a string", id="C-25 an object for a string"),
        pytest.param("text", ["x"], "a string", id="C-25 a list for a single value"),
        pytest.param("text", "a\0b", "U+0000", id="NUL"),
        pytest.param("text", "a\udc00b", "U+DC00", id="half of a surrogate pair"),
        pytest.param("key", "a\nb", "U+000A", id="a control character in a unique value"),
        pytest.param("short", "sixsix", "at most 5", id="C-34 too long"),
        pytest.param("flag", "yes", "true or false", id="X-19 another string for a boolean"),
        pytest.param("flag", 1, "true or false", id="a number for a boolean"),
        pytest.param("count", "1", "a whole number", id="T-01 a string for an integer"),
        pytest.param("count", 1.5, "a whole number", id="T-01 a fraction"),
        pytest.param("count", 1.0, "a whole number", id="T-01 a fraction of zero"),
        pytest.param("count", True, "a whole number", id="T-01 a boolean for an integer"),
        pytest.param("count", 2**63, "a whole number of at most 64 bits", id="T-01 too great"),
        pytest.param("count", 10**5000, "beyond 64 bits", id="T-01 very great"),
        pytest.param("ratio", "0.1", "a number", id="T-07 a string for a decimal"),
        pytest.param("ratio", float("inf"), "a number", id="T-07 infinity"),
        pytest.param("ratio", float("nan"), "a number", id="T-07 not a number"),
        pytest.param("at", "2011-05-13", "a date with a time", id="T-03 a bare date"),
        pytest.param("at", "2011-02-30T00:00:00Z", "a date with a time", id="T-03 no such day"),
        pytest.param("at", 1305261754, "a date with a time", id="T-03 seconds"),
        pytest.param("bytes", "no base64!", "base64", id="T-04 other characters"),
        pytest.param("bytes", "aGVsbG8==", "base64", id="T-04 wrong padding"),
        pytest.param("bytes", "a", "base64", id="T-04 one character"),
        pytest.param("bytes", "+_AA", "base64", id="T-04 both alphabets at once"),
        pytest.param("list", ["a", ["b"]], "a string", id="a list in a list"),
        pytest.param("place", "Ulm", "an object", id="a scalar for an object without value"),
        pytest.param("place", [{"city": "Ulm"}], "an object", id="a list for an object without value"),
        pytest.param("owner", [{"value": "1"}, {"value": "2"}], "an object", id="two for a single value"),
    ],
)
def test_wrong_value_is_refused(name: str, sent: Any, wanted: str) -> None:
    """A value of another type is refused with invalidValue; the detail names the attribute and what is wanted."""
    with pytest.raises(InvalidValue) as refused:
        read(name, sent)
    assert refused.value.detail.startswith(name)
    assert wanted in refused.value.detail
    assert len(refused.value.detail) < 150
    assert "\n" not in refused.value.detail


def test_detail_names_the_sub_attribute() -> None:
    """The detail of an error inside an object has the path of the sub-attribute, and the value in short."""
    with pytest.raises(InvalidValue, match=r'^place\.floor must be .*, not "x{40}…"\.$'):
        read("place", {"floor": "x" * 1000})


def test_name_twice() -> None:
    """A sub-attribute given twice in different letter case is no valid syntax."""
    with pytest.raises(ScimError, match=r'^place names "city" twice, in different'):
        read("place", {"floor": "1", "City": "Bonn", "city": "Ulm"})
