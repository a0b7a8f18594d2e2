"""RFC 7644 §3.5.2: PATCH of a group's members, which becomes one change without reading them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_bsr_scim.errors import InvalidFilter, InvalidPath, InvalidValue, Mutability, ScimError, TooMany
from flask_bsr_scim.patch import Operation, Patch, make_patch
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document, Validator, load_profile

GROUP = load_profile("bsr")[1]
VALIDATOR = Validator(GROUP)
DOCUMENT: Document = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    "id": "g",
    "displayName": "Engineering",
}
PRESENT: list[Document] = [
    {"value": "1", "type": "User", "$ref": "https://h/Users/1"},
    {"value": "2", "type": "User", "$ref": "https://h/Users/2"},
    {"value": "3", "type": "Group", "$ref": "https://h/Groups/3"},
]


def op(kind: str, path: str | None = None, *value: Any) -> Operation:
    return Operation(kind, path, value[0] if value else None, bool(value))


def made(*operations: Operation) -> Patch:
    return make_patch(operations, GROUP, VALIDATOR)


def not_needed() -> Sequence[Document]:
    raise AssertionError("the members were read")


def values(*ids: str) -> list[Document]:
    return [{"value": i} for i in ids]


@pytest.mark.requirement("C-26", "X-09", "X-16", "XA-02", "XA-05", "XA-08", "XA-09", "XR-03", "XR-08", "XP-09", "XP-10")
@pytest.mark.parametrize(
    ("operations", "changes"),
    [
        pytest.param([op("add", "members", values("1", "2"))], MemberChanges(("1", "2")), id="XA-09 several"),
        pytest.param([op("add", "members", values("1", "1"))], MemberChanges(("1",)), id="XA-09 doubles"),
        pytest.param([op("Add", "members", [{"$ref": None, "value": "1"}])], MemberChanges(("1",)), id="Entra: add"),
        pytest.param([op("add", "members", {"value": "1"})], MemberChanges(("1",)), id="XA-05 a single object"),
        pytest.param([op("add", "members", "1")], MemberChanges(("1",)), id="a bare id"),
        pytest.param([op("add", None, {"members": values("1")})], MemberChanges(("1",)), id="XA-02 without path"),
        pytest.param([op("add", None, {"MEMBERS": "1"})], MemberChanges(("1",)), id="X-16 in capitals"),
        pytest.param(
            [op("add", 'members[value eq "1"]', {"value": "1"})], MemberChanges(("1",)), id="XA-08 with a filter"
        ),
        pytest.param([op("add", "members", [])], None, id="add none"),
        pytest.param([op("remove", 'members[value eq "1"]')], MemberChanges((), ("1",)), id="XR-08 Okta: remove"),
        pytest.param(
            [op("remove", 'members[VALUE eq "1"]')], MemberChanges((), ("1",)), id="X-16 a filter in capitals"
        ),
        pytest.param(
            [op("remove", 'members[value eq "1" or (value eq "2" or value eq "9")]')],
            MemberChanges((), ("1", "2", "9")),
            id="XR-08 several ids in one filter",
        ),
        pytest.param(
            [op("Remove", "members", [{"$ref": None, "value": "1"}])],
            MemberChanges((), ("1",)),
            id="XR-08 Entra: a value list",
        ),
        pytest.param([op("remove", "members", {"value": "1"})], MemberChanges((), ("1",)), id="XR-08 a single object"),
        pytest.param([op("remove", "members", [])], None, id="an empty value list removes none"),
        pytest.param([op("remove", "members")], MemberChanges(clear=True), id="XR-03 all"),
        pytest.param([op("remove", "members", None)], MemberChanges(clear=True), id="XR-03 all, with a null value"),
        pytest.param(
            [op("replace", "members", values("1"))], MemberChanges(("1",), clear=True), id="XP-10 Okta: push now"
        ),
        pytest.param(
            [op("replace", None, {"members": values("1")})], MemberChanges(("1",), clear=True), id="XP-10 no path"
        ),
        pytest.param([op("replace", "members", [])], MemberChanges(clear=True), id="XP-10 by none"),
        pytest.param(
            [op("replace", 'members[value eq "1"]', None)], MemberChanges((), ("1",)), id="XP-09 null, with a filter"
        ),
        pytest.param([op("add", "members", None)], None, id="C-26 add null"),
        pytest.param([op("replace", "members", None)], MemberChanges(clear=True), id="XP-09 null"),
        pytest.param(
            [op("remove", 'members[value eq "1"]'), op("add", "members", [{"value": "2", "display": "b"}])],
            MemberChanges(("2",), ("1",)),
            id="Okta: both kinds in one request",
        ),
        pytest.param(
            [op("remove", 'members[value eq "1"]'), op("add", "members", "1")],
            MemberChanges(("1",)),
            id="X-09 out and in",
        ),
        pytest.param(
            [op("add", "members", "1"), op("remove", 'members[value eq "1"]')],
            MemberChanges((), ("1",)),
            id="X-09 in and out",
        ),
        pytest.param(
            [
                op("add", "members", "1"),
                op("replace", "members", "2"),
                op("add", "members", "3"),
                op("remove", "members", "2"),
            ],
            MemberChanges(("3",), clear=True),
            id="X-09 replace forgets what was before",
        ),
        pytest.param([op("replace", "displayName", "x")], None, id="other attributes only"),
    ],
)
def test_changes(operations: list[Operation], changes: MemberChanges | None) -> None:
    """Member operations by id are folded into one change, and the members are not read."""
    assert made(*operations).member_changes(not_needed) == changes


@pytest.mark.requirement("X-09", "XR-04", "XR-07")
@pytest.mark.parametrize(
    ("operations", "changes"),
    [
        pytest.param([op("remove", 'members[type eq "user"]')], MemberChanges((), ("1", "2")), id="XR-04 by type"),
        pytest.param(
            [op("remove", 'members[value eq "1" or type eq "Group"]')],
            MemberChanges((), ("1", "3")),
            id="by id or type",
        ),
        pytest.param([op("remove", 'members[not (value eq "1")]')], MemberChanges((), ("2", "3")), id="all but one"),
        pytest.param(
            [op("remove", 'members[value eq "1" and type eq "User"]')], MemberChanges((), ("1",)), id="by id and type"
        ),
        pytest.param([op("remove", 'members[$ref co "/Groups/"]')], MemberChanges((), ("3",)), id="by reference"),
        pytest.param([op("remove", 'members[type eq "Robot"]')], None, id="XR-07 none"),
        pytest.param(
            [op("remove", "members", "1"), op("remove", 'members[type eq "User"]')],
            MemberChanges((), ("1", "2")),
            id="X-09 after a removal",
        ),
        pytest.param(
            [op("replace", "members", ["1", "9"]), op("remove", 'members[type eq "User"]')],
            MemberChanges(("9",), clear=True),
            id="X-09 after a replacement",
        ),
        pytest.param(
            [op("add", "members", "9"), op("remove", "members[value pr]")],
            MemberChanges((), ("9", "1", "2", "3")),
            id="X-09 those just added too",
        ),
    ],
)
def test_changes_by_other_filters(operations: list[Operation], changes: MemberChanges | None) -> None:
    """A filter that says more than ids is evaluated over the members, which are read once."""
    reads = 0

    def read() -> list[Document]:
        nonlocal reads
        reads += 1
        return PRESENT

    assert made(*operations, op("remove", 'members[type eq "Robot"]')).member_changes(read) == changes
    assert reads == 1


@pytest.mark.requirement("X-09")
def test_a_filter_knows_those_just_added() -> None:
    """Who joins in an operation before is described as a member, so that its type counts."""
    asked: list[str] = []

    def describe(ids: Iterable[str]) -> Iterator[Document]:
        asked.extend(ids)
        return ({"value": member, "type": "User"} for member in asked)

    patch = made(op("add", "members", ["8", "9"]), op("remove", 'members[type eq "User" and value ne "8"]'))
    assert patch.member_changes(lambda: PRESENT, describe) == MemberChanges(("8",), ("9", "1", "2"))
    assert asked == ["8", "9"]


@pytest.mark.requirement("F-32")
def test_filters_look_at_so_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small request could keep the server at work on a large group for minutes; names alone cost nothing."""
    monkeypatch.setattr("flask_bsr_scim.patch.effort.MOST", 7)
    by_type, by_name = op("remove", 'members[type eq "Robot"]'), op("remove", 'members[value eq "1"]')
    made(*[by_name] * 9, *[by_type] * 2).member_changes(lambda: PRESENT)
    with pytest.raises(TooMany, match="name members by their ids"):
        made(*[by_type] * 3).member_changes(lambda: PRESENT)


def test_those_just_added_are_looked_up_once() -> None:
    """However many filters ask for them."""
    asked: list[str] = []

    def describe(ids: Iterable[str]) -> Iterator[Document]:
        asked.extend(ids)
        return iter(())

    by_type = op("remove", 'members[type eq "User"]')
    made(op("add", "members", ["8"]), by_type, op("add", "members", ["9"]), by_type).member_changes(list, describe)
    assert asked == ["8", "9"]


def test_rename_with_members() -> None:
    """Okta's rename and its members in one request become a step of the document and a change of members."""
    patch = made(op("replace", None, {"id": "g", "displayName": "Ops", "members": values("1")}))
    assert patch.apply(DOCUMENT) == {**DOCUMENT, "displayName": "Ops"}
    assert patch.member_changes(not_needed) == MemberChanges(("1",), clear=True)


def test_members_only() -> None:
    """A request that is about members alone has nothing to do on the document."""
    assert made(op("add", "members", "1")).document == ()


@pytest.mark.requirement("X-13", "X-14", "XA-01", "XR-06", "XP-09", "T-24")
@pytest.mark.parametrize(
    ("operation", "error"),
    [
        pytest.param(op("add", "members", [{"display": "x"}]), InvalidValue, id="no id"),
        pytest.param(op("add", "members", [{"value": ""}]), InvalidValue, id="an empty id"),
        pytest.param(op("add", "members", 5), InvalidValue, id="a number"),
        pytest.param(op("add", "members"), InvalidValue, id="XA-01 no value"),
        pytest.param(op("replace", 'members[value eq "1"]', {"value": "2"}), Mutability, id="T-24 another id"),
        pytest.param(op("replace", 'members[type eq "User"]', {"value": "2"}), Mutability, id="T-24 by type"),
        pytest.param(op("replace", 'members[value eq "1"].value', "2"), Mutability, id="T-24 value"),
        pytest.param(op("replace", 'members[value eq "1"].type', "Group"), Mutability, id="T-24 type"),
        pytest.param(op("add", "members.value", "2"), Mutability, id="T-24 without filter"),
        pytest.param(op("remove", 'members[value eq "1"].type'), Mutability, id="T-24 remove"),
        pytest.param(op("replace", 'members[value eq "1"].display', "x"), InvalidPath, id="X-13 display is not known"),
        pytest.param(op("remove", 'members[display eq "x"]'), InvalidFilter, id="X-14 display in a filter"),
        pytest.param(op("remove", "displayName"), Mutability, id="XR-06 the group's name"),
        pytest.param(op("replace", "displayName", None), InvalidValue, id="XP-09 the group's name"),
    ],
)
def test_refused(operation: Operation, error: type[ScimError]) -> None:
    """A member is added or removed, and not edited."""
    with pytest.raises(error):
        made(operation).apply(DOCUMENT)


@pytest.mark.requirement("XA-09")
def test_many_members() -> None:
    """A hundred thousand members in one request are folded in well under a second."""
    ids = [str(i) for i in range(100_000)]
    changes = made(op("add", "members", values(*ids)), op("remove", "members", values(*ids[1:]))).member_changes(
        not_needed
    )
    assert changes == MemberChanges(("0",), tuple(ids[1:]))


IDS = st.lists(st.sampled_from("123456"), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["add", "replace", "remove values", "remove ids"]), IDS),
        st.tuples(st.sampled_from(["remove all", "remove users"]), st.just([])),
    ),
    max_size=8,
)


def operation_of(step: tuple[str, list[str]]) -> Operation:
    kind, ids = step
    match kind:
        case "add" | "replace":
            return op(kind, "members", values(*ids))
        case "remove values":
            return op("remove", "members", values(*ids))
        case "remove ids":
            terms = [f'value eq "{member}"' for member in ids or ["-"]]
            return op("remove", f"members[{' or '.join(terms)}]")
        case "remove users":
            return op("remove", 'members[type eq "User"]')
        case _:
            return op("remove", "members")


def done_one_by_one(steps: list[tuple[str, list[str]]]) -> set[str]:
    users = {m["value"] for m in PRESENT if m["type"] == "User"}
    members = {m["value"] for m in PRESENT}
    for kind, ids in steps:
        match kind:
            case "add":
                members |= set(ids)
            case "replace":
                members = set(ids)
            case "remove values" | "remove ids":
                members -= set(ids)
            case "remove users":
                members -= users
            case _:
                members = set()
    return members


@pytest.mark.requirement("X-09")
@given(STEPS)
def test_folding_equals_one_by_one(steps: list[tuple[str, list[str]]]) -> None:
    """The one change has the effect of all operations, done one by one."""
    changes = made(*map(operation_of, steps)).member_changes(lambda: PRESENT) or MemberChanges()
    before = {m["value"] for m in PRESENT}
    after = (set() if changes.clear else before - set(changes.remove)) | set(changes.add)
    assert after == done_one_by_one(steps)
    assert len(set(changes.add)) == len(changes.add)
    assert not set(changes.add) & set(changes.remove)
