"""RFC 7643 §2.1 and §7: what the definition of an attribute may say, and how a mistake in one is explained."""

import re
from typing import Any

import pytest

from flask_bsr_scim import ConfigurationError
from flask_bsr_scim.schema import make_resource_type
from flask_bsr_scim.schema.definitions import make_attribute
from flask_bsr_scim.schema.schema import make_schema

URN = "urn:example:Thing"


def refusal(*attributes: Any) -> str:
    """Return what is said of a type with these attributes."""
    with pytest.raises(ConfigurationError) as refused:
        make_resource_type("Thing", "/Things", {"id": URN, "name": "Thing", "attributes": list(attributes)})
    return str(refused.value)


@pytest.mark.parametrize(
    ("characteristic", "value", "valid"),
    [
        ("type", "text", "string, boolean, decimal, integer, dateTime, binary, reference, complex"),
        ("mutability", "sometimes", "readOnly, readWrite, immutable, writeOnly"),
        ("returned", "rarely", "always, never, default, request"),
        ("uniqueness", True, "none, server, global"),
        ("x-source", "elsewhere", "document, resource, members, groups"),
        ("multiValued", "true", "true, false"),
        ("required", 1, "true, false"),
        ("caseExact", None, "true, false"),
        ("x-indexed", "yes", "true, false"),
        ("x-stored", 0, "true, false"),
        ("canonicalValues", "work", "a list"),
        ("referenceTypes", "User", "a list of strings"),
        ("referenceTypes", [1], "a list of strings"),
        ("subAttributes", {}, "a list"),
        ("x-indexedValues", "a", "a list"),
        ("x-maxLength", "100", "a positive integer"),
        ("x-maxLength", 0, "a positive integer"),
        ("x-maxLength", True, "a positive integer"),
        ("x-onlyType", 1, "a string"),
        ("description", 1, "a string"),
        ("mutability", ["readOnly"], "readOnly, readWrite, immutable, writeOnly"),
    ],
)
def test_a_wrong_value_is_explained(characteristic: str, value: Any, valid: str) -> None:
    """Schema, attribute and characteristic are named, and what there can be."""
    assert refusal({"name": "model"}, {"name": "serial", characteristic: value}) == (
        f"schema {URN!r}, attribute 'serial': {characteristic} is {value!r}; it must be "
        f"{valid if valid.startswith('a ') else f'one of {valid}'}"
    )


@pytest.mark.parametrize(
    ("name", "hint"),
    [("foo", ""), ("x-maxLenght", " (did you mean x-maxLength?)"), ("multivalued", " (did you mean multiValued?)"),
     ("Type", " (did you mean type?)"), ("x-", "")],
)  # fmt: skip
def test_an_unknown_characteristic_is_explained(name: str, hint: str) -> None:
    """A slip of the pen would else change what the attribute is, in silence."""
    assert refusal({"name": "serial", name: 1}) == (
        f"schema {URN!r}, attribute 'serial': {name!r} is no characteristic{hint}; there are name, type, "
        "subAttributes, multiValued, description, required, canonicalValues, caseExact, "
        "mutability, returned, uniqueness, referenceTypes, x-source, x-stored, x-indexed, x-indexedValues, x-default, "
        "x-maxLength, x-onlyType, x-follows, x-exported"
    )


@pytest.mark.parametrize(
    "name", ["bad name", "", "1st", "-x", "a.b", "urn:x", "na\u00efve", "a\n", "$id", "$", "a b", 1, None]
)
def test_a_wrong_name_is_explained(name: Any) -> None:
    """RFC 7643 §2.1: no filter and no path could name it."""
    assert refusal({"name": name}) == (
        f"schema {URN!r}, attribute {str(name)!r}: name is {name!r}; it must be a letter, and letters, digits, '-', "
        "'_' or '$' behind it"
    )


@pytest.mark.parametrize("name", ["a", "userName", "X509", "a-b_c$", "$ref"])
def test_a_good_name_is_taken(name: str) -> None:
    """RFC 7643 §2.1, and the `$ref` of §2.4."""
    assert make_attribute({"name": name}).name == name


def test_a_mistake_in_a_sub_attribute_is_explained() -> None:
    """The whole path is named."""
    place = {"name": "place", "type": "complex", "subAttributes": [{"name": "city"}, {"name": "floor", "type": "int"}]}
    assert refusal(place).startswith(f"schema {URN!r}, attribute 'place.floor': type is 'int'; it must be one of ")


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ([{"name": "serial"}, {"name": "SERIAL"}], "SERIAL"),
        ([{"name": "place", "type": "complex", "subAttributes": [{"name": "at"}, {"name": "at"}]}], "place.at"),
    ],
    ids=["attributes", "sub-attributes"],
)
def test_two_attributes_of_one_name_are_refused(attributes: list[Any], name: str) -> None:
    """RFC 7643 §2.1: names differ in more than letter case."""
    assert refusal(*attributes) == f"schema {URN!r}, attribute {name!r}: there is another one of this name"


@pytest.mark.parametrize("definition", ["serial", None, ["name"]])
def test_a_definition_is_an_object(definition: Any) -> None:
    """What stands there instead is shown."""
    assert refusal(definition) == f"schema {URN!r}, attribute {definition!r}: its definition must be an object"


def test_an_attribute_needs_a_name() -> None:
    """Without one it could not be told which is meant."""
    assert refusal({"type": "string"}).startswith(
        f"schema {URN!r}, attribute 'None': name is None; it must be a letter"
    )


@pytest.mark.parametrize("missing", ["id", "name", "attributes"])
def test_a_schema_is_whole(missing: str) -> None:
    """RFC 7643 §7: URN, name and attributes."""
    document = {"id": URN, "name": "Thing", "attributes": []}
    del document[missing]
    with pytest.raises(ConfigurationError, match=f"^schema .*: {missing} is missing$"):
        make_schema(document)


def test_an_attribute_alone_is_explained_without_a_schema() -> None:
    """It may belong to none yet."""
    with pytest.raises(ConfigurationError, match=re.escape("attribute 'x': type is 'y'; it must be one of string, ")):
        make_attribute({"name": "x", "type": "y"})
