"""Properties of PATCH and of the validator that hold for whatever clients send."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.patch import Operation, make_patch
from flask_bsr_scim.schema import Document, ResourceType, Validator, load_profile, make_projection, make_resource_type
from tests.rfc7644.conftest import attribute

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TYPES: dict[str, ResourceType] = {name: load_profile(name)[0] for name in ("bsr", "rfc7643")}
VALIDATORS = {name: Validator(resource_type) for name, resource_type in TYPES.items()}
PROFILES = st.sampled_from(["bsr", "rfc7643"])

NAMES = st.sampled_from(
    [
        "userName",
        "name",
        "givenName",
        "active",
        "emails",
        "value",
        "type",
        "primary",
        "display",
        "addresses",
        "locality",
        "id",
        "meta",
        "groups",
        "schemas",
        "manager",
        "$ref",
        "x509Certificates",
        "EMAILS",
        "Value",
        CORE,
        ENTERPRISE,
        "x",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=4),
    st.sampled_from(["work", "home", "WORK", "True", "a@b", "\udc00", "\0"]),
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)

TEXT = st.sampled_from(["a", "b", "A", "a@b", ""])
ELEMENT = st.fixed_dictionaries(
    {}, optional={"value": TEXT, "type": st.sampled_from(["work", "home"]), "primary": st.booleans(), "display": TEXT}
)
SENSIBLE = st.fixed_dictionaries(
    {},
    optional={
        "nickName": TEXT,
        "active": st.booleans(),
        "name": st.fixed_dictionaries({}, optional={"givenName": TEXT, "familyName": st.none() | TEXT}),
        "emails": st.lists(ELEMENT, max_size=4),
        ENTERPRISE: st.fixed_dictionaries({}, optional={"department": TEXT, "manager": TEXT}),
    },
)
PATHS = st.sampled_from(
    [
        "nickName",
        "name.givenName",
        "emails",
        "emails.display",
        'emails[type eq "work"]',
        'emails[type eq "home"].value',
        'emails[type eq "work"].primary',
        "emails[primary eq false].type",
        f"{ENTERPRISE}:manager",
        ENTERPRISE,
        "userName",
        "id",
        "name",
        "active",
        "emails[value pr]",
        'emails[value eq "a" or type eq "home"].display',
        "x",
        "emails[",
    ]
)
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Operation, st.sampled_from(["add", "replace"]), st.none(), SENSIBLE, st.just(True)),
        st.builds(
            Operation, st.sampled_from(["add", "replace"]), PATHS, TEXT | ELEMENT | st.lists(ELEMENT), st.just(True)
        ),
        st.builds(Operation, st.sampled_from(["remove", "replace"]), PATHS, st.none(), st.just(True)),
        st.builds(Operation, st.sampled_from(["add", "remove", "replace"]), st.none() | PATHS, ANYTHING, st.booleans()),
    ),
    max_size=5,
)


def stored(profile: str, attributes: Document) -> Document:
    body = {"schemas": [CORE, ENTERPRISE], "userName": "u", **attributes}
    document = VALIDATORS[profile].resource(body)
    return {"schemas": document.pop("schemas"), "id": "7", **document}


def apply(profile: str, operations: list[Operation], document: Document) -> Document:
    return make_patch(operations, TYPES[profile], VALIDATORS[profile]).apply(document)


def outcome(call: Callable[[], Document]) -> Document | None:
    """Return the result, None for a SCIM error with a fit detail."""
    try:
        return call()
    except ScimError as error:
        detail = error.detail
    assert len(detail) < 250
    assert detail.isprintable()
    return None


@given(PROFILES, st.dictionaries(NAMES, ANYTHING, max_size=6), st.booleans())
def test_any_body_is_read_or_refused(profile: str, body: Document, whole: bool) -> None:
    """Whatever JSON a client sends, the answer is a document or a SCIM error, and a document is a fixed point."""
    validator = VALIDATORS[profile]
    sent: Any = {**body, "schemas": [CORE, ENTERPRISE], "userName": "u"} if whole else body
    before = copy.deepcopy(sent)
    document = outcome(lambda: validator.resource(sent))
    if document is not None:
        assert validator.resource(document) == document
        assert list(validator.resource(document)) == list(document)
        assert validator.finish(document) == document
    assert repr(sent) == repr(before)


@given(PROFILES, SENSIBLE)
def test_sensible_body_is_a_fixed_point(profile: str, attributes: Document) -> None:
    """What is stored of a good body is stored as it is when it is sent again."""
    document = stored(profile, attributes)
    again = stored(profile, {name: value for name, value in document.items() if name not in ("schemas", "id")})
    assert again == document


@given(PROFILES, SENSIBLE, OPERATIONS)
def test_patch_is_pure_and_ends_valid(profile: str, attributes: Document, operations: list[Operation]) -> None:
    """A patch leaves its input alone, fails with SCIM errors only, and makes a document that is valid as it is."""
    document = stored(profile, attributes)
    before = copy.deepcopy(document)
    sent = copy.deepcopy(operations)
    result = outcome(lambda: apply(profile, operations, document))
    if result is not None:
        assert VALIDATORS[profile].finish(result) == result
        assert sum(e.get("primary") is True for e in result.get("emails", [])) <= 1
        assert result["id"] == "7"
    assert document == before
    assert repr(operations) == repr(sent)


@pytest.mark.requirement("XA-06")
@given(PROFILES, SENSIBLE, SENSIBLE)
def test_add_twice_is_add_once(profile: str, attributes: Document, added: Document) -> None:
    """An add that is repeated, as after a lost answer, changes nothing more."""
    operations = [Operation("add", None, added, True)]
    once = apply(profile, operations, stored(profile, attributes))
    assert apply(profile, operations, once) == once


@given(PROFILES, SENSIBLE, SENSIBLE)
def test_replace_twice_is_replace_once(profile: str, attributes: Document, replaced: Document) -> None:
    """A replace that is repeated changes nothing more."""
    operations = [Operation("replace", None, replaced, True)]
    once = apply(profile, operations, stored(profile, attributes))
    assert apply(profile, operations, once) == once


@pytest.mark.requirement("X-09")
@given(PROFILES, SENSIBLE, SENSIBLE, SENSIBLE)
def test_order_of_operations(profile: str, attributes: Document, first: Document, second: Document) -> None:
    """Two operations in one request do what they do in two requests."""
    document = stored(profile, attributes)
    operations = [Operation("add", None, first, True), Operation("replace", None, second, True)]
    apart = apply(profile, operations[1:], apply(profile, operations[:1], document))
    assert apply(profile, operations, document) == apart


THING = "urn:example:scim:Thing"
FIXED = [
    attribute("a", mutability="immutable"),
    attribute("b", mutability="immutable", returned="request"),
    attribute("c", multiValued=True),
]
THINGS = make_resource_type(
    "Thing",
    "/Things",
    {
        "id": THING,
        "name": "Thing",
        "attributes": [
            *FIXED,
            attribute("one", type="complex", subAttributes=FIXED),
            attribute("many", type="complex", multiValued=True, subAttributes=[attribute("value"), *FIXED]),
        ],
    },
)
OF_THINGS = Validator(THINGS)
SHOWN = make_projection(THINGS, (), ())

PARTS: dict[str, st.SearchStrategy[Any]] = {"a": TEXT, "b": TEXT, "c": st.lists(TEXT, max_size=3)}
VALUES = st.fixed_dictionaries({}, optional=PARTS)
NAMED = st.fixed_dictionaries({"value": st.sampled_from("xy")}, optional=PARTS)
THING_VALUES = st.fixed_dictionaries({}, optional={**PARTS, "one": VALUES, "many": st.lists(NAMED, max_size=3)})
THING_PATHS = st.sampled_from(["a", "b", "c", "one", "one.b", "one.c", "many", "many.c", "many.a"]) | st.sampled_from(
    [f'many[value eq "{value}"]{part}' for value in "xy" for part in ("", ".a", ".b", ".c")]
)
THING_OPERATIONS = st.lists(
    st.builds(
        Operation,
        st.sampled_from(["add", "replace", "remove"]),
        THING_PATHS,
        st.none() | TEXT | st.lists(TEXT, max_size=3) | NAMED | st.lists(NAMED, max_size=3),
        st.just(True),
    ),
    max_size=3,
)


def thing(values: Document) -> Document:
    document = OF_THINGS.resource({"schemas": [THING], **values})
    return {"schemas": document.pop("schemas"), "id": "7", **document}


def changed(document: Document, *operations: Operation) -> Document | None:
    return outcome(lambda: make_patch(operations, THINGS, OF_THINGS).apply(document))


def fixed_values(document: Document) -> dict[tuple[str, str], list[str]]:
    """Return what is immutable: by the place where it is, and by its name."""
    places = {"": [document], "one": [document.get("one", {})]}
    for element in document.get("many", ()):
        if "value" in element:
            places.setdefault(f"many {element['value']}", []).append(element)
    return {
        (place, name): [value[name] for value in values if name in value]
        for place, values in places.items()
        for name in ("a", "b")
    }


@pytest.mark.requirement("T-12", "X-11")
@given(THING_VALUES, THING_OPERATIONS)
def test_what_is_immutable_stays(values: Document, operations: list[Operation]) -> None:
    """After each operation it has its value, in each place that is there on."""
    document = thing(values)
    for operation in operations:
        after = changed(document, operation)
        if after is None:
            continue
        assert OF_THINGS.finish(after) == after
        new = fixed_values(after)
        for place, present in fixed_values(document).items():
            if present and place in new:
                assert set(new[place]) <= set(present), (document, operation, after)
                assert new[place] or place[0].startswith("many"), (document, operation, after)
        document = after


@pytest.mark.requirement("X-09", "T-12")
@given(THING_VALUES, THING_OPERATIONS)
def test_order_of_operations_on_what_is_immutable(values: Document, operations: list[Operation]) -> None:
    """What several requests can do, one can."""
    document: Document | None = thing(values)
    together = changed(document or {}, *operations)
    for operation in operations:
        document = document and changed(document, operation)
    assert document in (None, together)


@pytest.mark.requirement("U-13", "T-12")
@given(THING_VALUES, THING_OPERATIONS)
def test_what_is_shown_can_be_sent_back(values: Document, operations: list[Operation]) -> None:
    """By PUT: what is immutable and not shown stays, where each value of a list has a name of its own."""
    document = changed(thing(values), *operations) or thing(values)
    names = [element.get("value") for element in document.get("many", ())]
    assume(None not in names and len(names) == len({*names}))
    sent = OF_THINGS.resource(SHOWN.apply(document))
    assert OF_THINGS.finish({**OF_THINGS.with_kept(sent, document), "id": "7"}) == document
