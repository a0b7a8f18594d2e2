"""Every backend answers any filter and any sort order as the evaluator says (RFC 7644 §3.4.2.2 and §3.4.2.3)."""

import itertools
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Clock, Insert, Page, Query, Sort, Swap
from flask_bsr_scim.filter import Operator, bind, evaluate, parse_filter, sort_key, value_target
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import (
    Attribute,
    Document,
    Extension,
    ResourceType,
    Returned,
    Source,
    Type,
    TypeRegistry,
    load_profile,
    make_resource_type,
    values_at,
)
from flask_bsr_scim.schema.schema import make_schema
from flask_bsr_scim.view import View
from tests.stores import BACKENDS, new_store

BASE_URL = "https://scim.example.com/v2"
TENANT = "oracle"


def attribute(name: str, kind: str = "string", *subs: Document, **rest: Any) -> Document:
    """Return the definition of an attribute."""
    return {"name": name, "type": kind, **rest, **({"subAttributes": list(subs)} if subs else {})}


EVERY_TYPE = (
    ("string", {}),
    ("string", {"caseExact": True}),
    ("boolean", {}),
    ("decimal", {}),
    ("integer", {}),
    ("dateTime", {}),
    ("binary", {"caseExact": True}),
    ("reference", {"caseExact": True, "referenceTypes": ["external"]}),
)


def one_of_each(prefix: str, **rest: Any) -> list[Document]:
    """Return an attribute of each simple type."""
    return [
        attribute(f"{prefix}{kind}{'Exact' if kind == 'string' and more else ''}", kind, **more, **rest)
        for kind, more in EVERY_TYPE
    ]


REFERENCE = attribute("$ref", "reference", caseExact=True, referenceTypes=["Thing"])
AWKWARD = [
    attribute(name, multiValued=True) for name in ("select", "key", "value", "type", "document", "a$b", "a-_", "A1")
]
"""Names that mean something else in SQL, in JSON paths, or in the statements of a backend."""
LISTS = [
    attribute("several", multiValued=True),
    attribute("numbers", "decimal", multiValued=True),
    attribute("references", "reference", multiValued=True),
]
"""Lists inside of a complex attribute."""
BOSS = attribute("boss", "complex", attribute("value", **{"x-indexed": True}), REFERENCE)

THING = {
    "id": "urn:example:Thing",
    "name": "Thing",
    "attributes": [
        *one_of_each("a-"),
        *one_of_each("indexed-", **{"x-indexed": True}),
        *one_of_each("many", multiValued=True),
        *one_of_each("manyIndexed", multiValued=True, **{"x-indexed": True}),
        attribute("primary", "boolean"),
        attribute("unique", uniqueness="server"),
        attribute("uniqueNumber", "decimal", uniqueness="server"),
        *AWKWARD,
        REFERENCE,
        attribute("order", "complex", *AWKWARD, multiValued=True),
        attribute("part", "complex", attribute("primary", "boolean"), *one_of_each("in"), *LISTS),
        attribute(
            "parts",
            "complex",
            attribute("value", **{"x-indexed": True}),
            attribute("type"),
            attribute("primary", "boolean"),
            REFERENCE,
            *one_of_each("in"),
            *LISTS,
            multiValued=True,
        ),
        attribute(
            "groups",
            "complex",
            attribute("value", caseExact=True),
            attribute("$ref", "reference", caseExact=True, referenceTypes=["Club"]),
            attribute("display"),
            attribute("type"),
            multiValued=True,
            mutability="readOnly",
            **{"x-source": "groups"},
        ),
    ],
}
EXTENSION = {
    "id": "urn:example:extension:2.0:Thing",
    "name": "Extra",
    "attributes": [
        *one_of_each("a"),
        BOSS,
        attribute("part", "complex", *LISTS),
        attribute("parts", "complex", attribute("primary", "boolean"), *LISTS, multiValued=True),
    ],
}
HIDDEN = {"id": "urn:example:Hidden", "name": "Hidden", "attributes": [REFERENCE, BOSS]}
CLUB = {
    "id": "urn:example:Club",
    "name": "Club",
    "attributes": [
        attribute("displayName", caseExact=True),
        attribute(
            "members",
            "complex",
            attribute("value", caseExact=True),
            attribute("$ref", "reference", caseExact=True, referenceTypes=["Thing", "Club", "User"]),
            attribute("type"),
            attribute("display"),
            multiValued=True,
            **{"x-source": "members"},
        ),
    ],
}


def make_types() -> TypeRegistry:
    """Return the types under test: those of the profile with the most attributes, and one with every kind of them."""
    extensions = (Extension(make_schema(EXTENSION)),)
    return TypeRegistry(
        (
            *load_profile("rfc7643"),
            make_resource_type("Thing", "/Things", THING, extensions=extensions),
            make_resource_type("Club", "/Clubs", CLUB),
            make_resource_type("Hidden", "", HIDDEN),
        )
    )


TYPES = make_types()
VIEW = View(TYPES, BASE_URL)

Texts = st.SearchStrategy[str]

TEXTS = (
    *(
        "",
        " ",
        "a",
        "A",
        "ab",
        "aB",
        "abc",
        "100%",
        "a_b",
        "a%b",
        "_",
        "%",
        "*",
        "[a-z]",
        "a*",
        "?",
        "'",
        '"',
        "\\",
        "' OR 1=1 --",
    ),
    *(
        "ä",
        "Ä",
        "a\u0308",
        "ß",
        "SS",
        "ss",
        "ſ",
        "İ",
        "i̇",
        "I",
        "ı",
        "Σ",
        "σ",
        "ς",
        "ΑΣ",
        "日本",
        "日本語",
        "😀",
        "😀a",
        "\U0010ffff",
    ),
    *(
        "\ud7ff",
        "\ue000",
        "work",
        "Work",
        "home",
        "User",
        "Group",
        "Thing",
        "/Users/1",
        "/",
        "//x",
        BASE_URL,
        "null",
        "true",
        "0",
        "1",
    ),
    *(
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "\u2028",
        "\t",
        "a\nb",
        "2026-01-01T00:00:00Z",
        "direct",
        'W/"1"',
        'W/"1-g"',
    ),
)
NUMBERS = (
    *(
        0,
        1,
        -1,
        2,
        10,
        3.5,
        -3.5,
        0.1,
        0.30000000000000004,
        1e-7,
        1e300,
        5e-324,
        1.0,
        9007199254740993,
        123456789.123456789,
    ),
    *(
        2**63 - 1,
        -(2**63),
        9.223372036854775e18,
        9.223372036854776e18,
        0.1234567890123456789,
        1.7976931348623157e308,
        -0.0,
    ),
)
DATES = (
    *("2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59.999Z", "2026-01-01T00:00:00.0000001Z"),
    *(
        "2026-01-01T00:00:00",
        "2026-06-30T12:00:00.5-05:00",
        "1999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ),
)
BINARIES = ("", "YQ==", "YWI=", "YWJj", "_-8", "yq==")

POOLS: dict[Type, tuple[Any, ...]] = {
    Type.STRING: TEXTS,
    Type.REFERENCE: TEXTS,
    Type.BOOLEAN: (True, False),
    Type.DECIMAL: NUMBERS,
    Type.INTEGER: tuple(n for n in NUMBERS if isinstance(n, int)),
    Type.DATETIME: DATES,
    Type.BINARY: BINARIES,
}
REFERENCES = (
    "/Things/Thing-003",
    "/Users/User-050",
    "/Users",
    "/docs/x",
    "/",
    "\x7f/Things/Thing-003",
    "\x7f",
    f"{BASE_URL}/Things/Thing-003",
    "https://elsewhere.example.com/Things/Thing-003",
    "",
)
"""Values of `$ref`."""


def pool(attribute: Attribute) -> tuple[Any, ...]:
    """Return values that an attribute can have."""
    return REFERENCES if attribute.name == "$ref" else POOLS[attribute.type]


class Maker:
    """Makes documents by chance, the same ones every time."""

    def __init__(self) -> None:
        self._random = Random(20)
        self._numbers = itertools.count()

    def document(self, resource_type: ResourceType) -> Document:
        """Return a document in which each attribute has a value or not."""
        document = {"schemas": [resource_type.schema.id], "id": f"{resource_type.name}-{next(self._numbers):03}"}
        document |= self._values(resource_type.core.values(), keep=0.5)
        for extension in resource_type.extensions:
            if values := self._values(extension.schema.attributes, keep=0.3):
                document[extension.schema.id] = values
                document["schemas"].append(extension.schema.id)
        return document

    def _values(self, attributes: Any, keep: float) -> Document:
        stored = [a for a in attributes if a.source is Source.DOCUMENT and a.stored and a.name != "schemas"]
        return {a.name: self._value(a) for a in stored if a.uniqueness != "none" or self._random.random() < keep}

    def _value(self, attribute: Attribute) -> Any:
        if not attribute.multi_valued:
            return self._one(attribute)
        return [self._one(attribute) for _ in range(self._random.randint(1, 3))]

    def _one(self, attribute: Attribute) -> Any:
        if attribute.type is Type.COMPLEX:
            return self._values(attribute.sub_attributes, keep=0.6)
        value = self._random.choice(pool(attribute))
        if attribute.uniqueness == "none":
            return value
        number = next(self._numbers)
        return number + 0.5 if attribute.type is Type.DECIMAL else f"{value}{number}"


def fill(backend: Backend) -> None:
    """Store resources of each type, in groups by chance; the same ones in each backend, at the same times."""
    maker, random = Maker(), Random(3)
    members = [(name, maker.document(TYPES.by_name[name])) for name in ("Thing", "User") for _ in range(40)]
    backend.commit("other", [Insert(name, document["id"], document) for name, document in members])
    for name, document in members:
        backend.commit(TENANT, [Insert(name, document["id"], document)])
    for document in (maker.document(TYPES.by_name["Hidden"]) for _ in range(40)):
        backend.commit(TENANT, [Insert("Hidden", document["id"], document)])
    for name in ["Club"] * 12 + ["Group"] * 12:
        document = maker.document(TYPES.by_name[name])
        of_kind = [document["id"] for kind, document in members if name == "Club" or kind == "User"]
        chosen = MemberChanges(add=tuple(random.sample(of_kind, k=random.choice((0, 1, 2, 7)))))
        backend.commit(TENANT, [Insert(name, document["id"], document, chosen)])
        last = chosen.add[-1:]
        backend.commit(TENANT, [Swap("Thing", i, {"schemas": [], "id": i, "unique": i}) for i in last if i[0] == "T"])


def make_clock() -> Clock:
    """Return a clock that ticks once in three readings, so that times repeat."""
    readings = itertools.count()
    return lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=next(readings) // 3 * 100)


@pytest.fixture(scope="module", params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend of each kind, with the same resources."""
    opened = open_backend(new_store(request.param, tmp_path_factory.mktemp("oracle")), TYPES, clock=make_clock())
    fill(opened)
    yield opened
    opened.close()


class Question(NamedTuple):
    """What is asked of a backend."""

    type: str
    filter: str | None = None
    sort_by: str | None = None
    descending: bool = False
    offset: int = 0
    count: int = 100

    def query(self) -> Query:
        """Return the question as the backend gets it."""
        resource_type = TYPES.by_name[self.type]
        bound = None if self.filter is None else bind(parse_filter(self.filter), resource_type)
        target = None if self.sort_by is None else resource_type.resolve(self.sort_by)
        return Query(VIEW, bound, target and Sort(target, self.descending), self.offset, self.count)


class Oracle:
    """Answers as the evaluator has it, from all resources of a backend in the order of creation."""

    def __init__(self, backend: Backend) -> None:
        found = {t.name: backend.query(TENANT, t.name, Query(VIEW, count=1000)).resources for t in TYPES}
        self._shown = {name: [(each, VIEW.document(each)) for each in some] for name, some in found.items()}

    def documents(self, type_name: str) -> list[Document]:
        """Return the resources of a type as clients see them."""
        return [document for _, document in self._shown[type_name]]

    def answer(self, question: Question) -> Page:
        query = question.query()
        shown = self._shown[question.type]
        found = [pair for pair in shown if query.filter is None or evaluate(query.filter, pair[1])]
        if query.sort is not None:
            target = query.sort.target
            found.sort(key=lambda pair: sort_key(target, pair[1]), reverse=query.sort.descending)
        page = found[query.offset : query.offset + query.count]
        return Page(len(found), [resource for resource, _ in page])


@pytest.fixture(scope="module")
def oracle(backend: Backend) -> Oracle:
    """The one who knows."""
    return Oracle(backend)


ORDERED = (Operator.GT, Operator.GE, Operator.LT, Operator.LE)
EQUAL = (Operator.EQ, Operator.NE)
OPERATORS = {Type.BOOLEAN: EQUAL, Type.BINARY: EQUAL, Type.STRING: tuple(Operator), Type.REFERENCE: tuple(Operator)}
COMPUTED = {
    "id": tuple(f"{t}-{n:03}" for t in ("Thing", "User", "Club") for n in (0, 7, 45, 85)),
    "value": tuple(f"{t}-{n:03}" for t in ("Thing", "User", "Club") for n in (0, 7, 45, 85)),
    "location": (f"{BASE_URL}/Things/Thing-003", f"{BASE_URL}/Users/User-050", f"{BASE_URL}/", "/Things/"),
    "$ref": (f"{BASE_URL}/Things/Thing-003", f"{BASE_URL}/Clubs/Club-085", f"{BASE_URL}/Users/1", BASE_URL, "/Users/1"),
    "version": ('W/"1"', 'W/"2"', 'W/"1-g"', "-g", "W/"),
    "lastModified": ("2026-01-01T00:00:01Z", "2026-01-01T00:00:05.5Z", "2026-01-01T01:00:03+01:00"),
    "created": ("2026-01-01T00:00:01Z", "2026-01-01T00:00:05.5Z", "2026-01-01T01:00:03+01:00"),
}
"""Values beyond the pools that attributes outside of documents have."""


def comparisons(name: str, attribute: Attribute) -> Texts:
    """Return comparisons of an attribute that is not complex: with what it can have, parts of that, and null."""
    values = st.sampled_from(pool(attribute))
    if attribute.name in COMPUTED and attribute.type is not Type.BINARY:
        values |= st.sampled_from(COMPUTED[attribute.name])
    if attribute.type in (Type.STRING, Type.REFERENCE):
        values |= st.builds(lambda text, a, b: text[a:b], values, st.integers(0, 3), st.integers(1, 9))
    if attribute.type in (Type.DECIMAL, Type.INTEGER):
        values |= st.integers(-(2**63), 2**63 - 1)
    operators = st.sampled_from(OPERATORS.get(attribute.type, EQUAL + ORDERED))
    written = values.map(partial(json.dumps, ensure_ascii=False))
    compared = st.builds("{} {} {}".format, st.just(name), operators, written)
    return st.one_of(compared, compared, st.sampled_from([f"{name} eq null", f"{name} ne null", f"{name} pr"]))


def leaves(attributes: Iterable[Attribute], prefix: str = "") -> Iterator[Texts]:
    """Yield the terms of filters for each attribute and sub-attribute, value paths included."""
    for attribute in attributes:
        name = f"{prefix}{attribute.name}"
        if attribute.returned is Returned.NEVER:
            continue
        if attribute.type is not Type.COMPLEX:
            yield comparisons(name, attribute)
            continue
        yield st.just(f"{name} pr")
        yield from leaves(attribute.sub_attributes, f"{name}.")
        if value := attribute.sub("value"):
            yield comparisons(name, value)
        yield st.builds("{}[{}]".format, st.just(name), combined(st.one_of(*leaves(attribute.sub_attributes)), 4))


def combined(terms: Texts, most: int) -> Texts:
    """Return filters of up to so many terms."""

    def extend(inner: Texts) -> Texts:
        several = st.lists(inner.map("({})".format), min_size=2, max_size=3)
        return st.builds(str.join, st.sampled_from([" and ", " or "]), several) | inner.map("not ({})".format)

    # Hypothesis would write out all of them.
    return st.recursive(st.deferred(lambda: terms), extend, max_leaves=most)


def filters(resource_type: ResourceType) -> Texts:
    """Return filters over all attributes of a type."""
    terms = list(leaves(resource_type.core.values()))
    for extension in resource_type.extensions:
        urn = extension.schema.id
        terms += [*leaves(extension.schema.attributes, f"{urn}:"), st.just(f"{urn} pr")]
    return combined(st.one_of(terms), 6)


def sort_names(resource_type: ResourceType) -> list[str]:
    """Return everything that sortBy can name."""
    extended = [(f"{e.schema.id}:", e.schema.attributes) for e in resource_type.extensions]
    return [
        f"{prefix}{attribute.name}{sub}"
        for prefix, attributes in (("", tuple(resource_type.core.values())), *extended)
        for attribute in attributes
        for sub in ("", *(f".{s.name}" for s in attribute.sub_attributes))
    ]


def questions() -> st.SearchStrategy[Question]:
    """Return questions about the types."""
    return st.one_of(
        st.builds(
            partial(Question, t.name),
            st.none() | filters(t),
            st.none() | st.sampled_from(sort_names(t)),
            st.booleans(),
            st.integers(0, 12),
            st.sampled_from((0, 1, 5, 12, 100)),
        )
        for t in TYPES
    )


def assert_agree(backend: Backend, oracle: Oracle, question: Question) -> None:
    """Compare order, memberships and total of a page."""
    page, right = backend.query(TENANT, question.type, question.query()), oracle.answer(question)
    assert [r.id for r in page.resources] == [r.id for r in right.resources], question
    assert list(page.resources) == right.resources, question
    assert page.total == right.total, question


def held(oracle: Oracle, type_name: str, name: str) -> list[Any]:
    """Return some of the values that resources have of what a filter names."""
    target = TYPES.by_name[type_name].resolve(name)
    place = target and value_target(target)
    documents = oracle.documents(type_name) if place else []
    return list(dict.fromkeys(value for document in documents for value in values_at(document, place)))[:4]


@pytest.mark.parametrize("type_name", [t.name for t in TYPES])
def test_every_name(backend: Backend, oracle: Oracle, type_name: str) -> None:
    """Everything can be sorted by, and whoever has a value is found by it."""
    for name in sort_names(TYPES.by_name[type_name]):
        for descending in (False, True):
            assert_agree(backend, oracle, Question(type_name, sort_by=name, descending=descending))
        for value in held(oracle, type_name, name):
            written = json.dumps(value, ensure_ascii=False)
            assert_agree(backend, oracle, Question(type_name, f"{name} eq {written}"))


@settings(max_examples=600)
@given(question=questions())
def test_generated(backend: Backend, oracle: Oracle, question: Question) -> None:
    """Whatever is asked, the page, its order, its memberships and the total are the evaluator's."""
    assert_agree(backend, oracle, question)
