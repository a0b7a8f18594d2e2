"""RFC 7644 §3.4.2.3: the order of resources by one attribute."""

from collections.abc import Sequence
from itertools import product

import pytest

from flask_bsr_scim.backends.base import Sort
from flask_bsr_scim.filter import sort_key
from flask_bsr_scim.messages import SearchRequest
from flask_bsr_scim.schema import Document, ResourceType, load_profile, make_resource_type
from flask_bsr_scim.sorting import SortReader

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER, GROUP = load_profile("rfc7643")
THING = make_resource_type(
    "Thing",
    "/Things",
    {
        "id": "urn:example:2.0:Thing",
        "name": "Thing",
        "attributes": [
            {"name": "number", "type": "integer"},
            {"name": "flag", "type": "boolean"},
            {"name": "dates", "type": "dateTime", "multiValued": True},
        ],
    },
)


def in_order(resource_type: ResourceType, sort_by: str, documents: Sequence[Document], descending: bool) -> list[int]:
    """Return the places of some documents in their order."""
    target = resource_type.resolve(sort_by)
    assert target is not None
    return sorted(range(len(documents)), key=lambda place: sort_key(target, documents[place]), reverse=descending)


def nested(path: str, value: object) -> Document:
    """Return a document that holds a value at a dotted path."""
    first, _, rest = path.partition(".")
    return {first: nested(rest, value) if rest else value}


def emails(*values: tuple[str | None, bool | None]) -> Document:
    """Return a user with some addresses, each with what it says of `primary`."""
    elements = [{"value": value, "primary": primary} for value, primary in values]
    return {"emails": [{k: v for k, v in element.items() if v is not None} for element in elements]}


@pytest.mark.requirement("S-01", "S-02", "S-03", "S-04", "S-07")
@pytest.mark.parametrize(
    ("path", "values"),
    [
        pytest.param("userName", ["a", "B", "c"], id="S-04 strings in any letter case"),
        pytest.param("userName", ["", "a", "b"], id="S-04 an empty string is a value"),
        pytest.param("userName", ["STRASSE", "straßf"], id="S-04 folded strings"),
        pytest.param("externalId", ["B", "a", "c"], id="S-04 exact strings by code point"),
        pytest.param("userName", ["z", "\uffee", "😀"], id="S-04 by code point, not by UTF-16"),
        pytest.param(
            "meta.created",
            ["2026-01-01T00:30:00+01:00", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"],
            id="S-04 dates by moment",
        ),
        pytest.param("name.familyName", ["Ångström", "Éa"], id="S-07 a sub-attribute"),
    ],
)
def test_orders_by_type(path: str, values: Sequence[object]) -> None:
    """Values are in the order of their type, and in the reverse of it when descending."""
    documents = [nested(path, value) for value in values]
    places = list(range(len(values)))
    assert in_order(USER, path, documents, False) == places
    assert in_order(USER, path, documents, True) == places[::-1]


@pytest.mark.requirement("S-04", "S-05")
@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("number", [-1, 9, 10], id="S-04 integers by value"),
        pytest.param("flag", [False, True], id="S-04 false before true"),
        pytest.param(
            "dates", [["2026-01-01T00:00:00Z"], ["2026-01-01T00:00:00-01:00", "2025-01-01T00:00:00Z"]], id="S-05"
        ),
    ],
)
def test_orders_other_types(name: str, values: Sequence[object]) -> None:
    """The same for types that no attribute of a user has."""
    documents = [{name: value} for value in values]
    assert in_order(THING, name, documents[::-1], False) == list(range(len(values)))[::-1]


@pytest.mark.requirement("S-06")
@pytest.mark.parametrize("path", ["title", "name.familyName", f"{ENTERPRISE}:department", "emails.value", "emails"])
def test_what_has_no_value_is_last(path: str) -> None:
    """Resources without the attribute come last, and first when descending."""
    filled: Document = {
        "title": "",
        "name": {"familyName": "x"},
        "emails": [{"value": "x"}],
        ENTERPRISE: {"department": "x"},
    }
    documents = [{}, filled, {"name": {}, "emails": [], ENTERPRISE: {}}]
    assert in_order(USER, path, documents, False) == [1, 0, 2]
    assert in_order(USER, path, documents, True) == [0, 2, 1]


@pytest.mark.requirement("S-05")
@pytest.mark.parametrize("path", ["emails", "emails.value"])
@pytest.mark.parametrize(
    ("document", "first"),
    [
        pytest.param(emails(("z", None), ("a", True)), "a", id="the primary one"),
        pytest.param(emails(("b", False), ("a", None)), "b", id="the first without a primary one"),
        pytest.param(emails((None, True), ("c", None)), "c", id="a primary one without value"),
        pytest.param(emails((None, None), ("d", None)), "d", id="the first that has a value"),
    ],
)
def test_one_of_several_values_decides(path: str, document: Document, first: str) -> None:
    """The primary value, else the first."""
    target = USER.resolve(path)
    assert target is not None
    assert sort_key(target, document) == (False, first)


@pytest.mark.requirement("S-09")
def test_ties_stay_in_their_order() -> None:
    """Equal keys leave the order as it was, in both directions."""
    documents = [{"title": "a"}, {}, {"title": "A"}, {}]
    assert in_order(USER, "title", documents, False) == [0, 2, 1, 3]
    assert in_order(USER, "title", documents, True) == [1, 3, 0, 2]


@pytest.mark.parametrize("path", ["name", ENTERPRISE, f"{ENTERPRISE}:manager"])
def test_what_has_no_order(path: str) -> None:
    """A complex attribute sorts by its `value`; what has none leaves the order alone."""
    documents: list[Document] = [
        {"name": {"familyName": "b"}, ENTERPRISE: {"manager": {"value": "2"}}},
        {"name": {"familyName": "a"}, ENTERPRISE: {"manager": {"value": "1"}}},
    ]
    expected = [1, 0] if path.endswith("manager") else [0, 1]
    assert in_order(USER, path, documents, False) == expected


def test_an_order_that_is_known_is_the_same() -> None:
    """A second query is sorted as the first one, and orders of other types and directions are apart."""
    reader = SortReader()
    for _ in range(2):
        for resource_type, descending in product((USER, GROUP), (False, True)):
            target = resource_type.resolve("displayName")
            assert target is not None
            asked = SearchRequest(sort_by="displayName", descending=descending)
            assert reader.read(resource_type, asked) == Sort(target, descending)


def test_number_of_orders_is_bounded() -> None:
    """Clients cannot make the server remember without end, in whichever letter case they write a name."""
    reader = SortReader()
    for letters in product(*zip("displayname", "DISPLAYNAME", strict=True)):
        reader.read(USER, SearchRequest(sort_by="".join(letters)))
    assert len(reader._sorts) <= 256
