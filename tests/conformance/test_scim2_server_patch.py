"""RFC 7644 §3.5.2: a PATCH leaves what it leaves with `scim2-server`, the differences in a table apart."""

import json
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, USER, group
from tests.conformance.oracle import Pair, Rule, replaced
from tests.conformance.people import ADDRESSES, NUMBERS, TYPES, elements, names, user, users, values
from tests.conformance.served import make_app

Operation = dict[str, Any]

EXAMPLES = settings().max_examples // 2
"""How many resources there are; each gets up to four operations."""

MANY = ("emails", "phoneNumbers", "members")
MANAGER = f"{ENTERPRISE}:manager"
SIMPLE = ("title", "displayName", "externalId", "nickName", "USERTYPE", f"{USER}:title", f"{ENTERPRISE}:department",
          "name.givenName", "NAME.familyName")  # fmt: skip
ODD = ("nothing", "name.nothing", "emails[", "id", "meta", "meta.created", "groups", "schemas", MANAGER,
       "name[givenName pr]")  # fmt: skip

addresses, numbers = elements(ADDRESSES), elements(NUMBERS)
one = addresses.map(lambda made: made[0])
types = st.sampled_from(TYPES)
wrong = st.sampled_from((None, 5, True, "text", "", [], {}, [5], {"nothing": 1}, [{"value": 5}], [{}]))
enterprise = st.fixed_dictionaries({}, optional={"department": values, "employeeNumber": values})
conditions = (
    st.builds('type eq "{}"'.format, types)
    | st.builds(
        'value {} "{}"'.format, st.sampled_from(("eq", "sw", "ne")), st.sampled_from((*ADDRESSES, *NUMBERS, "a"))
    )
    | st.sampled_from(("primary eq true", "type pr", "not (type pr)", 'type eq "work" and value pr', 'value.x eq "a"'))
)
bracketed = st.builds("{}[{}]".format, st.sampled_from(MANY[:2]), conditions)
whole = st.fixed_dictionaries(
    {},
    optional={
        "title": values | wrong,
        "NICKNAME": values,
        "name": names,
        "name.givenName": values,
        "emails": addresses,
        'emails[type eq "work"].value': st.sampled_from(ADDRESSES),
        "active": st.booleans(),
        ENTERPRISE: enterprise,
        f"{ENTERPRISE}:department": values,
        "nothing": values,
    },
)


def at(paths: st.SearchStrategy[str], fitting: st.SearchStrategy[Any]) -> st.SearchStrategy[Operation]:
    """Return operations on paths, most of them with a value that fits."""
    op = st.sampled_from(("add", "replace", "Add", "Replace"))
    sets = st.fixed_dictionaries({"op": op, "path": paths, "value": fitting})
    return st.one_of(
        sets,
        sets,
        st.fixed_dictionaries({"op": op, "path": paths, "value": wrong}),
        st.fixed_dictionaries({"op": st.sampled_from(("remove", "Remove")), "path": paths}),
        st.fixed_dictionaries({"op": st.just("remove"), "path": paths, "value": fitting}),
    )


operations = st.one_of(
    at(st.sampled_from(SIMPLE), values),
    at(st.just("userName"), st.sampled_from(("new", "alice", "ALICE"))),
    at(st.just("active"), st.sampled_from((True, False, "True", "false", "no"))),
    at(st.just("name"), names),
    at(st.just("emails"), addresses | one),
    at(st.just("phoneNumbers"), numbers),
    at(bracketed, one),
    at(bracketed.map("{}.value".format), st.sampled_from((*ADDRESSES, *NUMBERS))),
    at(bracketed.map("{}.type".format), types),
    at(bracketed.map("{}.primary".format), st.booleans()),
    at(st.sampled_from(MANY[:2]).map("{}.type".format), types),
    at(st.just(ENTERPRISE), enterprise),
    at(st.sampled_from(ODD), values),
    st.fixed_dictionaries({"op": st.sampled_from(("add", "replace")), "value": whole}),
    st.fixed_dictionaries({"op": st.sampled_from(("remove", "move", "add")), "value": wrong}),
)


class Case(NamedTuple):
    """A single operation after which the two servers differ."""

    operation: Operation
    before: Document
    ours: Document | None
    """What is left here; None when the operation is refused."""
    theirs: Document | None

    @property
    def op(self) -> str:
        """What is done, in lower case."""
        return str(self.operation["op"]).lower()

    @property
    def path(self) -> str:
        """Where; empty for the whole resource."""
        return str(self.operation.get("path", ""))

    @property
    def attribute(self) -> str:
        """The name in front of brackets and dots."""
        name = self.path.partition("[")[0].partition(".")[0]
        return "members" if name == "Members" else name

    @property
    def values(self) -> list[Any]:
        """What is set: the value; without a path, those of the attributes."""
        value = self.operation.get("value")
        return list(value.values()) if isinstance(value, dict) and not self.path else [value]

    @property
    def in_elements(self) -> bool:
        """Whether the path leads into some of many values."""
        return self.attribute in MANY and "[" in self.path

    @property
    def differing(self) -> set[str]:
        """The attributes in which the two differ, when both accept the operation."""
        if self.ours is None or self.theirs is None:
            return set()
        return {name for name in {*self.ours, *self.theirs} if self.ours.get(name) != self.theirs.get(name)}


def _only_we_accept(case: Case) -> bool:
    return case.theirs is None and case.ours is not None


def _only_they_accept(case: Case) -> bool:
    return case.ours is None and case.theirs is not None


def _fewer(case: Case) -> bool:
    """Return whether what differs is that some attribute of many values has fewer of them here."""
    if case.ours is None or case.theirs is None:
        return False
    sizes = [(len(case.ours.get(name, ())), len(case.theirs.get(name, ()))) for name in case.differing]
    return case.differing <= {*MANY} and all(ours < theirs for ours, theirs in sizes)


RULES = {
    "the target of a remove is its path": Rule(
        "RFC 7644 §3.5.2.2 has no value in it: one beside a path to a single value or with a filter is passed over",
        lambda case: case.op == "remove" and case.path not in ("", *MANY) and "value" in case.operation
        and _only_we_accept(case),
    ),
    "type and value make an element": Rule(
        "RFC 7643 §2.4: the same (type, value) is not returned twice, so what is there already takes over the rest, and"
        " is what a remove means; they compare all sub-attributes",
        lambda case: case.attribute in ("", *MANY) and case.operation.get("value", "") is not None and _fewer(case),
    ),
    "a whole element is replaced": Rule(
        "RFC 7644 §3.5.2.3: with a filter and no sub-attribute, the matching values SHALL be replaced; they merge",
        lambda case: case.op == "replace" and case.in_elements and case.path.endswith("]")
        and isinstance(case.values[0], dict) and case.differing == {case.attribute} and not _fewer(case),
    ),
    "one element is primary": Rule(
        "RFC 7643 §2.4: primary is true no more than once, so of several that a filter finds the first one is it",
        lambda case: case.in_elements and '"primary": true' in json.dumps(case.operation) and _only_we_accept(case)
        and len((case.ours or {}).get(case.attribute, ())) == len(case.before.get(case.attribute, ())) > 1,
    ),
    "adding nothing changes nothing": Rule(
        "RFC 7643 §2.5: null and [] are no value, and add replaces nothing by it (RFC 7644 §3.5.2.1)",
        lambda case: case.op == "add" and (None in case.values or [] in case.values) and case.ours is not None
        and (bool(case.differing) or case.ours == case.before),
    ),
    "null and [] are no value": Rule(
        "RFC 7643 §2.5: what is set to them is unassigned; they refuse [] for one value, and null for an extension",
        lambda case: case.op == "replace" and _only_we_accept(case)
        and ([] in case.values or (case.path == ENTERPRISE and case.values == [None])),
    ),
    "null makes no element": Rule(
        "RFC 7643 §2.5: an element that would be made for null, or for what no schema defines, has nothing to hold",
        lambda case: case.op in ("add", "replace") and case.in_elements and case.values in ([None], [{"nothing": 1}])
        and case.ours == case.before,
    ),
    "a path names an attribute": Rule(
        "RFC 7644 §3.12, table 9: a path that names none is invalidPath; they drop the operation",
        lambda case: "nothing" in case.path and _only_they_accept(case),
    ),
    "what is added is there": Rule(
        "RFC 7644 §3.5.2.1: a target location that does not exist is added; of no element they change none",
        lambda case: case.path in [f"{name}.type" for name in MANY] and case.attribute not in case.before
        and case.theirs == case.before and (case.ours is None or case.differing == {case.attribute}),
    ),
    "a name is not empty": Rule(
        "RFC 7643 §4.1.1: userName is not; nor is the name of a group, which gives its members access here",
        lambda case: case.path in ("userName", "displayName") and case.values == [""] and _only_they_accept(case),
    ),
    "a boolean is true or false": Rule(
        "RFC 7643 §2.3.2; beside it True and False as Entra ID writes them, and no other word as they have",
        lambda case: case.path == "active" and case.values == ["no"] and _only_they_accept(case),
    ),
    "schemas follow from the attributes": Rule(
        "RFC 7643 §3: they say which are there, so that what a client sends is passed over",
        lambda case: case.path == "schemas" and case.ours == case.before
        and case.differing in (set(), {"schemas"}),
    ),
    "a text alone is the value of an element": Rule(
        "RFC 7643 §2.4: value is what an element is about",
        lambda case: case.attribute in MANY and isinstance(case.values[0], str) and "]." not in case.path
        and _only_we_accept(case),
    ),
    "an element is made, and then changed": Rule(
        "RFC 7644 §3.5.2.3 refuses a filter that finds nothing; where Entra ID means an element to be made, the value"
        " says more than the filter, and may contradict it",
        lambda case: case.op in ("add", "replace") and case.in_elements and _only_we_accept(case)
        and len((case.ours or {}).get(case.attribute, ())) == len(case.before.get(case.attribute, ())) + 1,
    ),
    "a key is a path": Rule(
        "RFC 7644 §3.5.2.1 has attributes as keys; Entra ID sends paths with filters too, which they pass over",
        lambda case: not case.path and any("[" in key for key in case.operation["value"])
        and case.differing == {"emails"},
    ),
}  # fmt: skip


ALICE = {"userName": "alice", "active": True}
WORK = {**ALICE, "emails": [{"value": "a@example.com", "type": "work"}]}
TWO = {**ALICE, "phoneNumbers": [{"value": number, "type": "work"} for number in NUMBERS[:2]]}

EXAMPLES_OF_RULES: dict[str, tuple[Document, Operation]] = {
    "the target of a remove is its path": (ALICE, {"op": "remove", "path": "title", "value": "x"}),
    "type and value make an element": (
        WORK,
        {"op": "add", "path": "emails", "value": [{"value": "a@example.com", "type": "work", "primary": True}]},
    ),
    "a whole element is replaced": (
        WORK,
        {"op": "replace", "path": 'emails[type eq "work"]', "value": {"primary": True}},
    ),
    "one element is primary": (
        TWO,
        {"op": "replace", "path": "phoneNumbers[type pr]", "value": {"primary": True, "type": "work", "value": "1"}},
    ),
    "adding nothing changes nothing": (WORK, {"op": "add", "path": "title", "value": None}),
    "null and [] are no value": (WORK, {"op": "replace", "path": "active", "value": []}),
    "null makes no element": (ALICE, {"op": "replace", "path": 'emails[type eq "work"].value', "value": None}),
    "a path names an attribute": (ALICE, {"op": "add", "path": "nothing", "value": "x"}),
    "what is added is there": (ALICE, {"op": "add", "path": "emails.type", "value": "work"}),
    "a name is not empty": (ALICE, {"op": "replace", "path": "userName", "value": ""}),
    "a boolean is true or false": (ALICE, {"op": "replace", "path": "active", "value": "no"}),
    "schemas follow from the attributes": (ALICE, {"op": "replace", "path": "schemas", "value": [USER, "urn:x:y"]}),
    "a text alone is the value of an element": (ALICE, {"op": "add", "path": "emails", "value": "b@example.com"}),
    "an element is made, and then changed": (
        ALICE,
        {"op": "replace", "path": 'emails[type eq "work"].type', "value": "home"},
    ),
    "a key is a path": (ALICE, {"op": "add", "value": {'emails[type eq "work"].value': "a@example.com"}}),
}


def explanations(case: Case) -> list[str]:
    """Return the rules that explain a difference."""
    return [name for name, rule in RULES.items() if rule.applies(case)]


@pytest.fixture
def pair(backend_uri: str) -> Pair:
    """The two servers."""
    return Pair(make_app(backend_uri, "rfc7643"))


def is_looked_at_in_the_end(operations: list[Operation], ours: Document | None, theirs: Document | None) -> bool:
    """Return whether a required value goes and comes again: RFC 7644 §3.5.2 applies a request as a whole.

    So it is the result that must have the value; they refuse the operation in the middle.
    """
    unassigned = [each.get("path") for each in operations if each.get("value", "") in (None, [])]
    return theirs is None and ours is not None and not {"userName", "displayName"}.isdisjoint(unassigned)


def assert_same(pair: Pair, endpoint: str, body: Document, operations: list[Operation]) -> None:
    """Check that operations leave the same; or that the first one that alone does not has an explanation."""
    id_ = pair.create(endpoint, body, None)
    whole = pair.patch(endpoint, id_, operations)
    if whole[0] == whole[1]:
        return
    pair.delete(endpoint, id_)
    id_ = pair.create(endpoint, body, None)
    for operation in operations:
        before = pair.read(endpoint, id_)
        ours, theirs = pair.patch(endpoint, id_, [operation])
        if ours != theirs:
            case = Case(operation, before, ours, theirs)
            assert explanations(case), case
            return
    assert is_looked_at_in_the_end(operations, *whole), f"one by one, there is no difference: {operations}"


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(person=users, operations=st.lists(operations, min_size=1, max_size=3))
def test_leaves_the_same_user(person: Document, operations: list[Operation], pair: Pair) -> None:
    """A user is the same after any operations, or both refuse them."""
    pair.reset()
    assert_same(pair, "/Users", {"active": True, **person}, operations)


PEOPLE = ("ALICE", "BOB", "ZOE")
"""Stand for ids."""

member = st.sampled_from(PEOPLE).map(lambda name: {"value": name, "type": "User"})
members = st.lists(member, max_size=3)
distinct = st.lists(member, max_size=3, unique_by=lambda made: made["value"])
picked = st.builds('members[value eq "{}"]'.format, st.sampled_from(PEOPLE)) | st.sampled_from(
    ('members[type eq "User"]', 'members[value eq "ALICE" or value eq "BOB"]', 'members[not (value eq "ALICE")]')
)
on_members = {
    "op": st.sampled_from(("add", "replace", "remove", "Add")),
    "path": st.sampled_from(("members", "Members")),
}
group_operations = st.one_of(
    st.fixed_dictionaries({**on_members, "value": members | member}),
    st.fixed_dictionaries({"op": st.just("remove"), "path": picked | st.just("members")}),
    at(st.sampled_from(("displayName", "externalId")), values),
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(("add", "replace")),
            "value": st.fixed_dictionaries(
                {}, optional={"displayName": values, "members": members, "externalId": values}
            ),
        }
    ),
)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(first=distinct, operations=st.lists(group_operations, min_size=1, max_size=4))
def test_leaves_the_same_group(first: list[Document], operations: list[Operation], pair: Pair) -> None:
    """A group has the same members, or both refuse the operations."""
    pair.reset()
    ids = {name: pair.create("/Users", user({"userName": name}), None) for name in PEOPLE}
    assert_same(pair, "/Groups", {**group("Staff"), "members": replaced(first, ids)}, replaced(operations, ids))


@pytest.mark.parametrize("name", RULES)
def test_the_difference_is_there(name: str, pair: Pair) -> None:
    """Each rule is needed, and no other one explains what it explains."""
    body, operation = EXAMPLES_OF_RULES[name]
    id_ = pair.create("/Users", user(body), None)
    before = pair.read("/Users", id_)
    ours, theirs = pair.patch("/Users", id_, [operation])
    assert ours != theirs
    assert explanations(Case(operation, before, ours, theirs)) == [name]


def test_a_required_value_may_go_and_come(pair: Pair) -> None:
    """A group without a name in the middle of a request is none in its end; the operation alone is refused by both."""
    id_ = pair.create("/Groups", group("Staff"), None)
    gone, back = ({"op": "replace", "path": "displayName", "value": value} for value in (None, "Crew"))
    assert pair.patch("/Groups", id_, [gone]) == (None, None)
    ours, theirs = pair.patch("/Groups", id_, [gone, back])
    assert is_looked_at_in_the_end([gone, back], ours, theirs)
