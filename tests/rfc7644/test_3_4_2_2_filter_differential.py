"""RFC 7644 §3.4.2.2: filters are read and answered as by the library scim2-models, the known differences apart."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scim2_models import EnterpriseUser, InvalidFilterException, ScimFilter, User
from scim2_models.path import expressions as theirs

from flask_bsr_scim.errors import InvalidFilter
from flask_bsr_scim.filter import (
    And,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Present,
    ValuePath,
    bind,
    evaluate,
    parse_filter,
)
from flask_bsr_scim.schema import Document, load_profile

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
RESOURCE_TYPE = load_profile("rfc7643")[0]
Model = User[EnterpriseUser]

DOCUMENTS: tuple[Document, ...] = (
    {
        "id": "1",
        "userName": "Alice",
        "externalId": "Ext-A",
        "title": "Ångström",
        "name": {"familyName": 'O"Neil', "givenName": "A"},
        "active": True,
        "emails": [
            {"value": "Alice@example.com", "type": "work", "primary": True},
            {"value": "alice@example.org", "type": "home"},
        ],
        "meta": {"resourceType": "User", "created": "2026-01-01T00:00:00.000000Z"},
        ENTERPRISE: {"department": "Tour Ops", "manager": {"value": "26"}},
    },
    {
        "id": "2",
        "userName": "bob",
        "externalId": "ext-a",
        "title": "A\u030angstro\u0308m",
        "active": False,
        "emails": [{"value": "bob@example.org", "type": "work"}, {"value": "bob@example.com", "type": "home"}],
        "meta": {"resourceType": "User", "created": "2025-12-31T23:30:00.000000Z"},
    },
    {
        "id": "3",
        "userName": "100%_c\\[x]",
        "title": "",
        "name": {"familyName": "İ"},
        "active": True,
        "meta": {"resourceType": "User", "created": "2026-06-01T12:00:00.500000Z"},
    },
    {
        "id": "4",
        "userName": "Zoe\u0301",
        "title": "z",
        "active": True,
        "emails": [{"type": "work"}],
        "meta": {"resourceType": "User"},
    },
)
"""All have `active`: whoever has none is active here, and neither that nor the contrary there."""
MODELS = tuple(Model.model_validate(document) for document in DOCUMENTS)

TEXTS = ("Alice", "alice", "a", "", 'O"Neil', "ÅNGSTRÖM", "ext-a", "work", "%", "_", "\\[", "İ", "é", "e\u0301", "Zoé")
ADDRESSES = ("alice@example.com", "BOB@example.com", "x@example.com")
DATES = ("2026-01-01T01:00:00+01:00", "2025-12-31T23:30:00Z", "2026-06-01T14:00:00.500+02:00")
NAMES = ("userName", "TITLE", "externalId", "id", "name.familyName", "meta.resourceType", f"{ENTERPRISE}:department")
EQUALITY, ORDER, PARTS = ("eq", "ne"), ("gt", "ge", "lt", "le"), ("co", "sw", "ew")


def comparisons(names: tuple[str, ...], operators: tuple[str, ...], values: tuple[Any, ...]) -> st.SearchStrategy[str]:
    """Return comparisons as text."""
    return st.builds(
        "{} {} {}".format, *map(st.sampled_from, (names, operators, tuple(json.dumps(value) for value in values)))
    )


def logic(tests: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return filters of and, or, not and parentheses over some tests, as text."""
    return st.recursive(
        tests,
        lambda below: (
            st.builds("{} and {}".format, below, below)
            | st.builds("{} OR {}".format, below, below)
            | st.builds("({})".format, below)
            | st.builds("not ({})".format, below)
        ),
        max_leaves=6,
    )


def addresses(*names: str) -> st.SearchStrategy[str]:
    """Return comparisons of addresses; scim2-models compares only what could be one, so parts of it by parts alone."""
    return comparisons(names, EQUALITY + ORDER, ADDRESSES) | comparisons(names, PARTS, TEXTS)


ELEMENTS = logic(
    addresses("value")
    | comparisons(("type",), (*EQUALITY, *ORDER, *PARTS), TEXTS)
    | comparisons(("primary",), EQUALITY, (True,))
    | st.sampled_from(["value pr", "type pr", "primary pr"])
)
FILTERS = logic(
    comparisons(NAMES, (*EQUALITY, *ORDER, *PARTS), TEXTS)
    | addresses("emails", "emails.value")
    | comparisons(("meta.created",), EQUALITY + ORDER, DATES)
    | comparisons(("active",), EQUALITY, (True, False))
    | st.builds("{} pr".format, st.sampled_from([*NAMES, "name", "active", "emails", f"{ENTERPRISE}:manager"]))
    | st.builds("emails[{}]".format, ELEMENTS)
    | st.builds("emails[{}].value {}".format, ELEMENTS, st.just("pr") | comparisons(("",), PARTS, TEXTS))
)


def converted(node: theirs.FilterNode) -> Filter:
    """Return a tree of theirs as one of ours."""
    match node:
        case theirs.Present():
            return Present(str(node.attr_path))
        case theirs.Comparison():
            return Comparison(str(node.attr_path), Operator(node.op), node.value)
        case theirs.ValuePath():
            return ValuePath(str(node.attr_path), converted(node.val_filter))
        case theirs.Not():
            return Not(converted(node.expr))
        case theirs.LogicalExpr():
            return (And if node.op == "and" else Or)(tuple(map(converted, node.terms)))
    raise TypeError(node)


@given(FILTERS)
def test_reads_and_answers_the_same(text: str) -> None:
    """A valid filter has the same tree and finds the same users."""
    tree = parse_filter(text)
    bound = bind(tree, RESOURCE_TYPE)
    filter_ = ScimFilter[Model](text)
    assert tree == converted(filter_.ast)
    assert [evaluate(bound, document) for document in DOCUMENTS] == [filter_.match(model) for model in MODELS]


def accepted_by_us(text: str) -> bool:
    try:
        bind(parse_filter(text), RESOURCE_TYPE)
    except InvalidFilter:
        return False
    return True


def accepted_by_them(text: str) -> bool:
    try:
        ScimFilter[Model](text)._validate_semantics(strict=True)
    except InvalidFilterException:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        *("", "userName", "userName eq", "userName like 1", 'userName eq "x', "(title pr", "title pr)", "not title pr"),
        *("emails[type pr", "emails[]", "emails[a[b pr]]", "userName eq bjensen!", "userName eq 'x'", "title pr and"),
        *(
            "emails[type pr].x pr",
            "emails[x pr]",
            "x pr",
            "name.x pr",
            "active gt true",
            'active co "x"',
            "active eq 5x",
        ),
        *('meta.created gt "x"', "userName eq 01", 'userName eq "\\x"', "userName eq 1e999", "emails[type pr] pr"),
    ],
)
def test_both_refuse(text: str) -> None:
    """What breaks the grammar or has no meaning is refused by both."""
    assert (accepted_by_us(text), accepted_by_them(text)) == (False, False)


@pytest.mark.requirement("F-34")
@pytest.mark.parametrize(
    ("text", "ours"),
    [
        pytest.param('userName eq"x"', False, id="the grammar has blanks round operators"),
        pytest.param('userName eq "x"and title pr', False, id="and round and"),
        pytest.param(r'userName eq "\u0000"', False, id="NUL cannot be stored"),
        pytest.param(r'userName eq "\ud800"', False, id="nor a lone surrogate"),
        pytest.param('password eq "x"', False, id="a password is of no use in a filter (F-34)"),
        pytest.param('meta.created co "2026"', False, id="one moment has many spellings"),
        pytest.param("userName co null", False, id="null has no parts"),
        pytest.param("userName gt null", False, id="and no order"),
        pytest.param("active eq 1", False, id="a number is no boolean"),
        pytest.param('name eq "x"', False, id="a complex attribute without value has nothing to compare"),
        pytest.param('schemas[value eq "x"]', False, id="an element of a simple attribute has no sub-attributes"),
        pytest.param("(" * 21 + "title pr" + ")" * 21, False, id="our depth counts parentheses"),
        pytest.param('emails.value eq "x"', True, id="text that is no address is a question with an empty answer"),
        pytest.param('name[givenName eq "x"]', True, id="brackets pick from a single value too"),
        pytest.param(f"{ENTERPRISE} pr", True, id="an extension can be present"),
    ],
)
def test_only_one_accepts(text: str, ours: bool) -> None:
    """The known differences, each for its reason."""
    assert (accepted_by_us(text), accepted_by_them(text)) == (ours, not ours)


@pytest.mark.requirement("L-02")
@pytest.mark.parametrize(
    ("text", "document"),
    [
        pytest.param('title eq "strasse"', {"title": "Straße"}, id="casefold, where they map to lower case"),
        pytest.param(
            "emails[primary eq false]", {"emails": [{"value": "a@example.com"}]}, id="a missing primary is false (L-02)"
        ),
        pytest.param(
            'schemas co "user"',
            {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]},
            id="schemas are compared exactly",
        ),
    ],
)
def test_the_meaning_differs(text: str, document: Document) -> None:
    """The known differences in meaning."""
    ours = evaluate(bind(parse_filter(text), RESOURCE_TYPE), document)
    assert ours is not ScimFilter[Model](text).match(Model.model_validate({"userName": "x", **document}))
