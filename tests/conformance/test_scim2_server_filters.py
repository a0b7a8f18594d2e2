"""RFC 7644 §3.4.2.2: a filter finds the resources that `scim2-server` finds, the differences in a table apart."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple
from unicodedata import is_normalized

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, USER, group
from tests.conformance.oracle import Pair, Rule
from tests.conformance.people import ADDRESSES, NAMES, TEXTS, TYPES, user, users
from tests.conformance.served import make_app

Tree = str | tuple[Any, ...]
"""A filter: a test as text; or a word with what it stands before, or between."""

Found = set[str] | None
"""The names of what a filter finds; None when it is refused."""

EXAMPLES = settings().max_examples // 4
"""How many populations there are; of each a dozen filters are asked."""

DATES = ("2026-01-01T01:00:00+01:00", "2025-12-31T23:30:00Z", "2126-06-01T14:00:00.500+02:00")
SIMPLE = ("userName", "TITLE", "externalId", "displayName", "name.givenName", "NAME.familyName", "nickName",
          f"{USER}:userName", f"{ENTERPRISE}:department", f"{ENTERPRISE}:employeeNumber", "meta.resourceType",
          "phoneNumbers.type", "emails.type", "emails.value", "emails", "phoneNumbers.value")  # fmt: skip
PRESENT = (*SIMPLE, "id", "name", "active", "meta", ENTERPRISE, "phoneNumbers", "photos.value", "groups",
           "emails.primary", f"{ENTERPRISE}:manager")  # fmt: skip
ODD = ("nothing", "name.nothing", "name", "emails.value.type", f"{ENTERPRISE}:nothing", "urn:example:no:such",
       "schemas", "password", "emails[type eq", "meta.location")  # fmt: skip
EQUALITY, ORDER, PARTS = ("eq", "ne", "Eq"), ("gt", "ge", "lt", "le"), ("co", "sw", "ew")


def comparisons(names: Any, operators: Any, values: Any) -> st.SearchStrategy[str]:
    """Return comparisons as text."""
    literals = st.sampled_from([json.dumps(value) for value in values])
    return st.builds("{} {} {}".format, st.sampled_from(names), st.sampled_from(operators), literals)


def logic(tests: st.SearchStrategy[str]) -> st.SearchStrategy[Tree]:
    """Return filters of and, or, not and parentheses over some tests."""
    return st.recursive(
        tests,
        lambda below: (
            st.tuples(st.sampled_from(("and", "OR", "or", "AND")), below, below)
            | st.tuples(st.sampled_from(("", "not ")), below)
        ),
        max_leaves=4,
    )


def text_of(tree: Tree) -> str:
    """Return a filter as text, with no more parentheses than it needs or has."""
    match tree:
        case (word, left, right):
            return f" {word} ".join(map(partial(_inside, word.lower()), (left, right)))
        case (word, inside):
            return f"{word}({text_of(inside)})"
    return str(tree)


def _inside(word: str, tree: Tree) -> str:
    is_weaker = word == "and" and not isinstance(tree, str) and tree[0].lower() == "or"
    return f"({text_of(tree)})" if is_weaker else text_of(tree)


def parts_of(tree: Tree) -> Iterator[str]:
    """Yield the tests of a filter."""
    if isinstance(tree, str):
        yield tree
    else:
        for below in tree[1:]:
            yield from parts_of(below)


def combined(tree: Tree, found: Mapping[str, Found], everyone: set[str]) -> Found:
    """Return what a filter finds when its tests find this."""
    if isinstance(tree, str):
        return found[tree]
    word, *below = tree
    sets = [answer for each in below if (answer := combined(each, found, everyone)) is not None]
    if len(sets) < len(below):
        return None
    match word.lower():
        case "and":
            return sets[0] & sets[1]
        case "or":
            return sets[0] | sets[1]
        case "not ":
            return everyone - sets[0]
    return sets[0]


simple = (
    comparisons(SIMPLE, (*EQUALITY, *ORDER, *PARTS), (*TEXTS, *NAMES, *ADDRESSES, *TYPES, "User"))
    | comparisons(("active", "emails.primary"), EQUALITY, (True, False))
    | comparisons(("meta.created", "meta.lastModified"), EQUALITY + ORDER, DATES)
    | comparisons((*SIMPLE, "active"), (*EQUALITY, *ORDER), (None,))
    | st.builds("{} pr".format, st.sampled_from(PRESENT))
)
inner = logic(
    comparisons(("value", "type", "display"), (*EQUALITY, *ORDER, *PARTS), (*TEXTS, *ADDRESSES, *TYPES))
    | comparisons(("primary",), EQUALITY, (True, False))
    | st.sampled_from(("value pr", "type pr", "primary pr", "value.x pr", "nothing pr"))
).map(text_of)
in_brackets = st.builds("{}[{}]".format, st.sampled_from(("emails", "phoneNumbers", "ims", "name", "userName")), inner)
odd = comparisons((*ODD, *SIMPLE, "active", "meta.created"), (*EQUALITY, *ORDER, *PARTS), (*TEXTS, 1, 1.5, True, None))
filters = logic(simple | in_brackets) | logic(simple | in_brackets | odd)
populations = st.lists(users, min_size=2, max_size=4, unique_by=lambda made: made["userName"])


class Case(NamedTuple):
    """A single test that the two answer differently."""

    path: str
    operator: str
    value: Any
    """Of the comparison; in brackets, the text between them."""
    ours: Found
    theirs: Found
    bodies: dict[str, Document]
    """All resources as they were sent, by name."""

    @property
    def only_one_finds(self) -> list[Document]:
        """The resources that one of the two finds, when both accept the filter."""
        if self.ours is None or self.theirs is None:
            return []
        return [self.bodies[name] for name in self.ours ^ self.theirs]

    @property
    def texts(self) -> Iterator[str]:
        """What is compared with what."""
        for text in (self.value, *(person.get(self.path) for person in self.bodies.values())):
            if isinstance(text, str):
                yield text


def read(test: str, ours: Found, theirs: Found, bodies: dict[str, Document]) -> Case:
    """Return the parts of a test."""
    path, bracket, inside = test.partition("[")
    if bracket:
        return Case(path, "[]", inside.removesuffix("]"), ours, theirs, bodies)
    path, operator, *value = test.split(" ", 2)
    return Case(path, operator.lower(), json.loads(value[0]) if value else None, ours, theirs, bodies)


def _only_they_accept(case: Case) -> bool:
    return case.ours is None and case.theirs is not None


def _only_we_accept(case: Case) -> bool:
    return case.theirs is None and case.ours is not None


ALICE, BOB = {"userName": "alice", "active": True}, {"userName": "bob", "active": True}

RULES = {
    "null has no order and no parts": Rule(
        "RFC 7644 §3.4.2.2 defines gt, ge, lt, le by an order and co, sw, ew by parts of a text; they find nobody",
        lambda case: case.operator in ORDER + PARTS and case.value is None and case.theirs == set() and not case.ours,
    ),
    "only text has parts": Rule(
        "RFC 7644 §3.4.2.2, table 3: co, sw and ew look for a substring; they find nobody with a number or a boolean",
        lambda case: case.operator in PARTS and isinstance(case.value, (bool, int, float)) and _only_they_accept(case),
    ),
    "no parts of a moment": Rule(
        "RFC 7643 §2.3.5: one dateTime has many spellings, so parts of one say nothing; they find nobody",
        lambda case: case.path == "meta.created" and case.operator in PARTS and _only_they_accept(case),
    ),
    "a value of another type": Rule(
        "RFC 7644 §3.4.2.2: values are those of the attribute's type; 1 is no boolean, and no dateTime either",
        lambda case: (
            case.path in ("active", "meta.created")
            and not isinstance(case.value, str)
            and case.operator in (*EQUALITY, *ORDER, *PARTS)
            and _only_they_accept(case)
        ),
    ),
    "no question about a password": Rule(
        "RFC 7643 §7: it is never returned, and a filter would return it bit by bit (RFC 7644 §7.5.2)",
        lambda case: case.path == "password" and _only_they_accept(case),
    ),
    "a complex attribute has no value of its own": Rule(
        "RFC 7644 §3.4.2.2: sub-attributes are compared; only one that is named value stands for all of it",
        lambda case: case.path == "name" and case.operator not in ("[]", "pr") and _only_they_accept(case),
    ),
    "an extension can be present": Rule(
        "RFC 7643 §3.3: its attributes are an object under its URN, and pr is true of what has a value",
        lambda case: case.path == ENTERPRISE and case.operator == "pr" and _only_we_accept(case),
    ),
    "brackets pick from a single value too": Rule(
        "RFC 7644 §3.4.2.2, figure 1: valuePath has an attrPath before its brackets, of whatever plurality",
        lambda case: case.path == "name" and case.operator == "[]" and _only_we_accept(case),
    ),
    "what is not primary": Rule(
        "RFC 7643 §2.4: when primary is not specified, it SHALL be assumed to be false",
        lambda case: (
            (case.path == "emails.primary" or (case.operator == "[]" and "primary" in case.value))
            and any(
                "primary" not in each for person in case.only_one_finds for each in person[case.path.partition(".")[0]]
            )
        ),
    ),
    "active unless told otherwise": Rule(
        "RFC 7643 §4.1.1 leaves it to the server; who is created without active is stored with true here",
        lambda case: (
            case.path == "active"
            and bool(case.only_one_finds)
            and all("active" not in person for person in case.only_one_finds)
        ),
    ),
    "null is no value at all": Rule(
        "RFC 7644 §3.4.2.2: eq null is the opposite of pr, which one of many makes true; they take one without",
        lambda case: (
            "." in case.path
            and case.operator in EQUALITY
            and case.value is None
            and bool(case.only_one_finds)
            and all(len(person[case.path.partition(".")[0]]) > 1 for person in case.only_one_finds)
        ),
    ),
    "an empty list is no value": Rule(
        "RFC 7643 §2.5: an empty array, null and no attribute at all are the same state; they keep [] as a value",
        lambda case: (
            case.path.startswith("members")
            and case.value is None
            and bool(case.only_one_finds)
            and not any(body["members"] for body in case.only_one_finds)
        ),
    ),
    "schemas are exact": Rule(
        "RFC 7643 §2.3.7: a reference is case exact; they fold it",
        lambda case: case.path == "schemas" and isinstance(case.value, str) and bool(case.only_one_finds),
    ),
    "an opaque text is compared as it is": Rule(
        "RFC 7643 §3.1: externalId is the client's and case exact; they normalize it to NFC first",
        lambda case: (
            case.path == "externalId"
            and bool(case.only_one_finds)
            and not all(is_normalized("NFC", text) for text in case.texts)
        ),
    ),
    "ß is ss": Rule(
        "RFC 7643 §2.2: without caseExact, case does not count; case folding (Unicode §3.13) is made for that,"
        " and they map to lower case",
        lambda case: bool(case.only_one_finds) and "ss" in json.dumps((case.value, case.only_one_finds)).casefold(),
    ),
    "a resource has a location": Rule(
        "RFC 7643 §3.1: meta.location is part of each resource; they add it after the query",
        lambda case: case.path == "meta.location" and case.theirs != case.ours,
    ),
}

EXAMPLES_OF_RULES: dict[str, tuple[list[Document], str]] = {
    "null has no order and no parts": ([ALICE], "title gt null"),
    "only text has parts": ([ALICE], "title co 5"),
    "no parts of a moment": ([ALICE], 'meta.created co "2026"'),
    "a value of another type": ([ALICE], "active eq 1"),
    "no question about a password": ([ALICE], "password pr"),
    "a complex attribute has no value of its own": ([ALICE], 'name eq "x"'),
    "an extension can be present": ([ALICE], f"{ENTERPRISE} pr"),
    "brackets pick from a single value too": ([ALICE], 'name[givenName eq "x"]'),
    "what is not primary": ([{**ALICE, "emails": [{"value": "a@example.com"}]}], "emails.primary eq false"),
    "active unless told otherwise": ([{"userName": "alice"}, BOB], "active eq true"),
    "null is no value at all": (
        [{**ALICE, "phoneNumbers": [{"value": "+1-201-555-0123", "type": "work"}, {"value": "+49 30 1234"}]}],
        "phoneNumbers.type eq null",
    ),
    "an empty list is no value": ([{**group("Staff"), "members": []}], "members eq null"),
    "schemas are exact": ([ALICE], f'schemas eq "{USER.upper()}"'),
    "an opaque text is compared as it is": ([{**ALICE, "externalId": "e\u0301"}], 'externalId eq "é"'),
    "ß is ss": ([{**ALICE, "title": "Straße"}], 'title eq "STRASSE"'),
    "a resource has a location": ([ALICE], "meta.location pr"),
}


def explanations(case: Case) -> list[str]:
    """Return the rules that explain a difference."""
    return [name for name, rule in RULES.items() if rule.applies(case)]


@pytest.fixture
def pair(backend_uri: str) -> Pair:
    """The two servers."""
    return Pair(make_app(backend_uri, "rfc7643"))


def assert_same(pair: Pair, endpoint: str, name: str, trees: list[Tree]) -> None:
    """Check that filters find the same; or that their tests differ for a known reason, and logic combines them."""
    for tree in trees:
        whole = pair.find(endpoint, text_of(tree), name)
        if whole[0] == whole[1]:
            continue
        single = {test: pair.find(endpoint, test, name) for test in parts_of(tree)}
        for test, (ours, theirs) in single.items():
            assert ours == theirs or explanations(read(test, ours, theirs, pair.bodies)), (test, ours, theirs)
        for side in (0, 1):
            known = combined(tree, {test: found[side] for test, found in single.items()}, {*pair.bodies})
            assert whole[side] == known, text_of(tree)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(population=populations, trees=st.lists(filters, min_size=12, max_size=12))
def test_finds_the_same_users(population: list[Document], trees: list[Tree], pair: Pair) -> None:
    """Users are found by whatever they have, of every type, in any combination."""
    pair.reset()
    for person in population:
        pair.create("/Users", person, person["userName"])
    assert_same(pair, "/Users", "userName", trees)


member_tests = st.builds(
    "{} {} {}".format,
    st.sampled_from(("members.value", "members", "displayName", "members.type", "members.display")),
    st.sampled_from((*EQUALITY, *PARTS)),
    st.sampled_from(('"ALICE"', '"BOB"', '"nobody"', '"Admins"', '"admins"', '"User"', '"user"', "null")),
) | st.sampled_from(
    (
        "members pr",
        'members[value eq "ALICE"]',
        'members[value eq "BOB" and type eq "User"]',
        'members[type eq "Group"]',
    )
)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(
    memberships=st.lists(st.sets(st.sampled_from(("ALICE", "BOB"))), min_size=3, max_size=3),
    trees=st.lists(logic(member_tests), min_size=12, max_size=12),
)
def test_finds_the_same_groups(memberships: list[set[str]], trees: list[Tree], pair: Pair) -> None:
    """Groups are found by their members, and by names that are exact."""
    pair.reset()
    ids = {name: pair.create("/Users", user({"userName": name}), None) for name in ("ALICE", "BOB")}
    for name, members in zip(("Admins", "admins", "Staff"), memberships, strict=True):
        body = {**group(name), "members": [{"value": ids[member], "type": "User"} for member in sorted(members)]}
        pair.create("/Groups", body, name)
    assert_same(pair, "/Groups", "displayName", [_with_ids(tree, ids) for tree in trees])


def _with_ids(tree: Tree, ids: dict[str, str]) -> Tree:
    if isinstance(tree, str):
        return tree.replace("ALICE", ids["ALICE"]).replace("BOB", ids["BOB"])
    return (tree[0], *(_with_ids(below, ids) for below in tree[1:]))


@pytest.mark.parametrize("name", RULES)
def test_the_difference_is_there(name: str, pair: Pair) -> None:
    """Each rule is needed, and no other one explains what it explains."""
    bodies, test = EXAMPLES_OF_RULES[name]
    endpoint, key = ("/Groups", "displayName") if "displayName" in bodies[0] else ("/Users", "userName")
    for body in bodies:
        pair.create(endpoint, body if "schemas" in body else user(body), body[key])
    ours, theirs = pair.find(endpoint, test, key)
    assert ours != theirs
    assert explanations(read(test, ours, theirs, pair.bodies)) == [name]
