"""RFC 7644 §3.5.2 over HTTP: what PATCH makes of a stored resource, and what it refuses."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.backends.base import Actor, Change, Swap
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, USER, Scim, assert_error, path_of
from tests.rfc7644.conftest import WARRANTY

line = pytest.mark.requirement

WORK: Document = {"value": "bob@example.com", "type": "work", "primary": True}
HOME: Document = {"value": "bob@home.example", "type": "home"}
OTHER: Document = {"value": "bobby@home.example", "type": "home"}


def op(kind: str, path: str | None = None, *value: Any) -> Document:
    """Return an operation; without a third argument it has no value."""
    return {"op": kind} | ({"path": path} if path is not None else {}) | ({"value": value[0]} if value else {})


def extended(**attributes: Any) -> Document:
    """Return what makes a user with the enterprise extension."""
    return {"schemas": [USER, ENTERPRISE], ENTERPRISE: attributes}


def unsent(resource: Document) -> Document:
    """Return a resource without what the server adds."""
    return {name: value for name, value in resource.items() if name not in ("id", "meta")}


ADD = [
    pytest.param({}, op("add", "nickName", "B"), {"nickName": "B"}, id="unassigned", marks=line("XA-03")),
    pytest.param(
        {"nickName": "A"}, op("add", "nickName", "B"), {"nickName": "B"}, id="single-valued", marks=line("XA-03")
    ),
    pytest.param(
        {}, op("add", None, {"nickName": "B", "title": "T"}), {"nickName": "B", "title": "T"}, id="no path",
        marks=line("XA-02"),
    ),
    pytest.param(
        {"name": {"givenName": "Bob", "familyName": "E"}}, op("add", "name", {"givenName": "R", "middleName": "M"}),
        {"name": {"givenName": "R", "familyName": "E", "middleName": "M"}}, id="a complex one", marks=line("XA-04"),
    ),
    pytest.param(
        {"emails": [WORK]}, op("add", "emails", [HOME, OTHER]), {"emails": [WORK, HOME, OTHER]}, id="an array",
        marks=line("XA-05"),
    ),
    pytest.param(
        {"emails": [WORK]}, op("add", "emails", HOME), {"emails": [WORK, HOME]}, id="one object", marks=line("XA-05")
    ),
    pytest.param(
        {"emails": [WORK]}, op("add", "emails", [WORK]), {"emails": [WORK]}, id="what is there", marks=line("XA-06")
    ),
    pytest.param(
        {"emails": [WORK, HOME, OTHER]}, op("add", 'emails[type eq "home"].display', "H"),
        {"emails": [WORK, {**HOME, "display": "H"}, {**OTHER, "display": "H"}]}, id="every match", marks=line("XA-08"),
    ),
    pytest.param(
        {"emails": [WORK]}, op("add", 'emails[type eq "home"].value', "x"),
        {"emails": [WORK, {"value": "x", "type": "home"}]}, id="no match", marks=line("XA-08"),
    ),
    pytest.param(
        {"emails": [WORK, HOME]}, op("add", "emails", [{**OTHER, "primary": True}]),
        {"emails": [{**WORK, "primary": False}, HOME, {**OTHER, "primary": True}]}, id="a new primary",
        marks=line("X-17"),
    ),
    pytest.param({}, op("Add", "NickName", "B"), {"nickName": "B"}, id="capitals", marks=line("X-04", "X-16")),
    pytest.param(
        {}, op("add", None, {f"{USER}:nickName": "B"}), {"nickName": "B"}, id="a qualified key", marks=line("X-24")
    ),
    pytest.param(
        {}, op("add", None, {ENTERPRISE: {"department": "D"}}), extended(department="D"), id="an extension as key",
        marks=line("X-18", "X-24"),
    ),
    pytest.param(
        {}, op("add", None, {f"{ENTERPRISE}:department": "D"}), extended(department="D"), id="a part of one as key",
        marks=line("X-24"),
    ),
    pytest.param(
        {"name": {"givenName": "Bob"}}, op("add", None, {"name.familyName": "E"}),
        {"name": {"givenName": "Bob", "familyName": "E"}}, id="a key with a dot", marks=line("X-25"),
    ),
]  # fmt: skip

REMOVE = [
    pytest.param({"nickName": "B"}, op("remove", "nickName"), {}, id="single-valued", marks=line("XR-02")),
    pytest.param({"emails": [WORK, HOME]}, op("remove", "emails"), {}, id="multi-valued", marks=line("XR-03")),
    pytest.param(
        {"emails": [WORK, HOME, OTHER]}, op("remove", 'emails[type eq "home"]'), {"emails": [WORK]}, id="the matches",
        marks=line("XR-04"),
    ),
    pytest.param(
        {"emails": [HOME]}, op("remove", 'emails[type eq "home"]'), {}, id="the last value", marks=line("XR-04")
    ),
    pytest.param(
        {"emails": [WORK, HOME]}, op("remove", 'emails[type eq "home"].type'),
        {"emails": [WORK, {"value": HOME["value"]}]}, id="a part of the matches", marks=line("XR-05"),
    ),
    pytest.param(
        {"emails": [WORK, {"type": "home"}]}, op("remove", 'emails[type eq "home"].type'), {"emails": [WORK]},
        id="the last part of a match", marks=line("XR-05"),
    ),
    pytest.param({}, op("remove", "nickName"), {}, id="no value", marks=line("XR-07")),
    pytest.param(
        {"emails": [WORK]}, op("remove", 'emails[type eq "x"]'), {"emails": [WORK]}, id="no match", marks=line("XR-07")
    ),
    pytest.param(extended(department="D", division="V"), op("remove", ENTERPRISE), {}, id="an extension",
                 marks=line("XR-09")),
    pytest.param(
        extended(department="D"), op("remove", f"{ENTERPRISE}:department"), {}, id="its last value", marks=line("X-18")
    ),
]  # fmt: skip

REPLACE = [
    pytest.param(
        {"nickName": "A"}, op("replace", "nickName", "B"), {"nickName": "B"}, id="single-valued", marks=line("XP-01")
    ),
    pytest.param(
        {"nickName": "A", "title": "T"}, op("replace", None, {"nickName": "B", "active": False}),
        {"nickName": "B", "title": "T", "active": False}, id="no path", marks=line("XP-02"),
    ),
    pytest.param({}, op("replace", "nickName", "B"), {"nickName": "B"}, id="unassigned", marks=line("XP-03")),
    pytest.param({}, op("replace", "emails", [HOME]), {"emails": [HOME]}, id="no values", marks=line("XP-03")),
    pytest.param(
        {"emails": [WORK, HOME]}, op("replace", "emails", [OTHER]), {"emails": [OTHER]}, id="the whole set",
        marks=line("XP-04"),
    ),
    pytest.param(
        {"name": {"givenName": "Bob", "familyName": "E"}}, op("replace", "name", {"givenName": "R"}),
        {"name": {"givenName": "R", "familyName": "E"}}, id="a complex one", marks=line("XP-05"),
    ),
    pytest.param(
        {"emails": [WORK, {**HOME, "display": "H"}, OTHER]}, op("replace", 'emails[type eq "home"]', {"value": "x"}),
        {"emails": [WORK, {"value": "x", "type": "home"}]}, id="every match, which are one then", marks=line("XP-06"),
    ),
    pytest.param(
        {"emails": [WORK, HOME, OTHER]}, op("replace", 'emails[type eq "home"].display', "H"),
        {"emails": [WORK, {**HOME, "display": "H"}, {**OTHER, "display": "H"}]}, id="a part of every match",
        marks=line("XP-07"),
    ),
    pytest.param(
        {"emails": [WORK]}, op("replace", 'emails[type eq "home"].value', "x"),
        {"emails": [WORK, {"value": "x", "type": "home"}]}, id="no match", marks=line("XP-08"),
    ),
    pytest.param({"nickName": "B"}, op("replace", "nickName", None), {}, id="null", marks=line("XP-09")),
    pytest.param(
        {"emails": [WORK, HOME]}, op("replace", 'emails[type eq "home"].primary', True),
        {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]}, id="another primary", marks=line("X-17"),
    ),
]  # fmt: skip

PATHS = [
    pytest.param("nickName", "B", {"nickName": "B"}, id="attribute"),
    pytest.param("name.givenName", "R", {"name": {"givenName": "R"}}, id="attribute.sub"),
    pytest.param('emails[type eq "home"]', {"value": "x"}, {"emails": [{"value": "x", "type": "home"}]}, id="[filter]"),
    pytest.param('emails[type eq "home"].value', "x", {"emails": [{"value": "x", "type": "home"}]}, id="[filter].sub"),
    pytest.param(f"{USER}:nickName", "B", {"nickName": "B"}, id="URN:attribute"),
    pytest.param(f"{USER}:name.givenName", "R", {"name": {"givenName": "R"}}, id="URN:attribute.sub"),
    pytest.param(f"{ENTERPRISE}:department", "D", extended(department="D"), id="URN:attribute of an extension"),
    pytest.param(ENTERPRISE, {"department": "D"}, extended(department="D"), id="a bare URN"),
]


def assert_patched(scim: Scim, before: Document, operation: Document, after: Document) -> None:
    """Check that an operation makes this of a user, in the answer and in the store."""
    bob = scim.user("bob", **before)
    response = scim.patch(path_of(bob), operation)
    assert response.status_code == 200
    assert unsent(response.json) == {"schemas": [USER], "userName": "bob", "active": True, **after}
    assert scim.get(path_of(bob)).json == response.json


@pytest.mark.parametrize(("before", "operation", "after"), ADD)
def test_add(before: Document, operation: Document, after: Document, full: Scim) -> None:
    """What is added is there, beside what was there."""
    assert_patched(full, before, operation, after)


@pytest.mark.parametrize(("before", "operation", "after"), REMOVE)
def test_remove(before: Document, operation: Document, after: Document, full: Scim) -> None:
    """What is removed is not there any more, and nothing else is lost."""
    assert_patched(full, before, operation, after)


@pytest.mark.parametrize(("before", "operation", "after"), REPLACE)
def test_replace(before: Document, operation: Document, after: Document, full: Scim) -> None:
    """What is replaced has the new value, and nothing else changes."""
    assert_patched(full, before, operation, after)


@pytest.mark.requirement("X-15")
@pytest.mark.parametrize(("path", "value", "after"), PATHS)
def test_paths(path: str, value: Any, after: Document, full: Scim) -> None:
    """Each form of a path leads to what it names."""
    assert_patched(full, {}, op("replace", path, value), after)


REFUSED = [
    pytest.param(op("move", "nickName"), "invalidSyntax", id="an unknown op", marks=line("X-05")),
    pytest.param(op("replace", "id", "x"), "mutability", id="id", marks=line("X-10")),
    pytest.param(op("replace", "meta.created", "x"), "mutability", id="meta", marks=line("X-10", "T-11")),
    pytest.param(op("add", "groups", [{"value": "x"}]), "mutability", id="groups", marks=line("X-10", "T-11")),
    pytest.param(op("replace", f"{ENTERPRISE}:manager.displayName", "x"), "mutability", id="manager.displayName",
                 marks=line("X-10")),
    pytest.param(op("add", "name..x", "x"), "invalidPath", id="two dots", marks=line("X-12")),
    pytest.param(op("add", "emails[", "x"), "invalidPath", id="an open bracket", marks=line("X-12")),
    pytest.param(op("add", "colour", "x"), "invalidPath", id="an unknown attribute", marks=line("X-13")),
    pytest.param(op("add", "urn:x:y:z", "x"), "invalidPath", id="an unknown schema", marks=line("X-13")),
    pytest.param(op("add", 'emails[type eq "a].value', "x"), "invalidPath", id="an open quote", marks=line("X-14")),
    pytest.param(op("add", 'emails[x eq "a"].value', "x"), "invalidFilter", id="an unknown name in a filter",
                 marks=line("X-14")),
    pytest.param(op("replace", "active", "yes"), "invalidValue", id="no boolean", marks=line("X-19", "T-02")),
    pytest.param(op("replace", "name", "Bob"), "invalidValue", id="no object", marks=line("X-19")),
    pytest.param(op("add", "nickName"), "invalidValue", id="add without value", marks=line("XA-01")),
    pytest.param(op("remove"), "noTarget", id="remove without path", marks=line("XR-01")),
    pytest.param(op("remove", "userName"), "mutability", id="remove what is required", marks=line("XR-06")),
    pytest.param(op("remove", "groups"), "mutability", id="remove what is readOnly", marks=line("XR-06")),
    pytest.param(op("replace", 'emails[type sw "x"].value', "x"), "noTarget", id="no match", marks=line("XP-08")),
    pytest.param(op("replace", "userName", None), "invalidValue", id="null for what is required",
                 marks=line("XP-09", "T-16")),
]  # fmt: skip


@pytest.mark.requirement("X-08")
@pytest.mark.parametrize(("operation", "scim_type"), REFUSED)
def test_all_operations_or_none(operation: Document, scim_type: str, full: Scim) -> None:
    """400, and the resource is as before, version and time too, though the operation before could be done."""
    bob = full.user("bob", emails=[WORK], **extended(department="D"))
    assert_error(full.patch(path_of(bob), op("replace", "title", "T"), operation), 400, scim_type)
    assert full.get(path_of(bob)).json == bob


@pytest.mark.parametrize(
    ("operation", "detail"),
    [
        (op("replace", "title"), "The operation replace needs a value."),
        (op("replace", 'emails[type eq "work".value', "x"), "The path is not valid at character 16"),
        (op("replace", 'addresses[type co "work"].locality', "Ulm"), "No value of addresses matches the filter"),
        (op("replace", "id", "other"), "id is readOnly"),
        (op("rename", "title", "x"), "op must be add, remove or replace"),
        ({"op": "replace", "path": 5, "value": "x"}, "path must be text."),
        (5, "An operation must be an object with op, path and value."),
    ],
)
def test_the_wrong_operation_is_named(operation: Any, detail: str, full: Scim) -> None:
    """By its number, where there are several: Entra sends all changes of a user in one request."""
    path = path_of(full.user("bob"))
    right = op("replace", "title", "Boss")
    for count, number in ((1, 1), (3, 2), (3, 3)):
        operations = [right] * count
        operations[number - 1] = operation
        answer = full.patch(path, *operations)
        named = f"Operation {number} of {count}: " if count > 1 else ""
        assert answer.status_code == 400
        assert answer.json["detail"].startswith(named + detail)


@pytest.mark.requirement("X-13")
def test_what_the_profile_does_not_store_is_dropped(scim: Scim) -> None:
    """A path to a standard attribute is accepted and changes nothing, as with the default mappings of Entra."""
    bob = scim.user("bob")
    operations = [
        op("replace", "title", "T"),
        op("add", "name.honorificPrefix", "Dr."),
        op("replace", 'phoneNumbers[type eq "mobile"].value', "1"),
        op("add", f"{ENTERPRISE}:department", "D"),
        op("remove", "addresses"),
    ]
    response = scim.patch(path_of(bob), *operations)
    assert response.status_code == 200
    assert response.json == scim.get(path_of(bob)).json == bob


@line("XR-02", "F-06", "F-07")
@pytest.mark.parametrize("operation", [op("remove", "active"), op("replace", None, {"active": None})])
@pytest.mark.parametrize("active", [True, False])
def test_active_can_be_removed(active: bool, operation: Document, either: Scim) -> None:
    """It has no value then, and counts as true wherever it is asked for; a PUT without it leaves that as it is."""
    path = path_of(either.user("ann", active=active))
    assert "active" not in either.patch(path, operation).json
    assert "active" not in either.put(path, {"schemas": [USER], "userName": "ann"}).json
    for filter in ("active eq true", "active ne false", "not (active eq false)", 'active eq "True" and userName pr'):
        assert either.names(filter=filter) == ["ann"]
    for filter in ("active eq false", "active ne true", "not (active eq true)", "active pr"):
        assert either.names(filter=filter) == []
    assert either.patch(path, op("add", "active", False)).json["active"] is False
    assert either.names(filter="active eq true") == []


@pytest.mark.requirement("X-09")
def test_operations_work_in_order(full: Scim) -> None:
    """Each on the result of the one before."""
    bob = full.user("bob", nickName="A")
    operations = [
        op("remove", "nickName"),
        op("add", "emails", [HOME]),
        op("replace", 'emails[type eq "home"].value', "x"),
    ]
    changed = full.patch(path_of(bob), *operations, op("add", "nickName", "Z")).json
    assert (changed["nickName"], changed["emails"]) == ("Z", [{"value": "x", "type": "home"}])


@pytest.mark.requirement("X-11", "T-12")
def test_an_immutable_value_is_set_once(devices: Scim, device: Document) -> None:
    """Add is allowed while there is none; every later change is 400 `mutability`."""
    made = devices.post("/Devices", device).json
    assert devices.patch(path_of(made), op("add", "asset", "A-1")).json["asset"] == "A-1"
    for operation in (op("replace", "asset", "A-2"), op("remove", "asset"), op("add", None, {"serial": "S-2"})):
        assert_error(devices.patch(path_of(made), operation), 400, "mutability")
    found = devices.get(path_of(made)).json
    assert (found["asset"], found["serial"]) == ("A-1", "S-1")


@pytest.mark.requirement("T-11", "T-16", "T-17")
def test_a_type_of_the_host_keeps_its_rules(devices: Scim, device: Document) -> None:
    """What is readOnly and what is required there is so after every operation."""
    made = devices.post("/Devices", device).json
    assert_error(devices.patch(path_of(made), op("replace", "state", "lost")), 400, "mutability", "state")
    assert_error(devices.patch(path_of(made), op("remove", WARRANTY)), 400, "mutability")
    assert_error(devices.patch(path_of(made), op("replace", f"{WARRANTY}:ends", None)), 400, "invalidValue", WARRANTY)
    assert devices.get(path_of(made)).json == made


@pytest.mark.requirement("X-06", "X-07")
def test_the_answer_to_a_group_depends_on_its_size(either: Scim) -> None:
    """Up to a hundred members 200 with the resource, above it 204 with the tag; with `attributes` always 200."""
    people = [either.user(f"u{number}")["id"] for number in range(101)]
    team = either.group("Team", *people[:99])
    whole = either.patch(path_of(team), op("add", "members", [{"value": people[99]}]))
    assert (whole.status_code, len(whole.json["members"])) == (200, 100)
    short = either.patch(path_of(team), op("add", "members", [{"value": people[100]}]))
    assert (short.status_code, short.data) == (204, b"")
    assert short.headers["ETag"] == either.get(path_of(team)).headers["ETag"] != whole.headers["ETag"]
    asked = either.patch(path_of(team), op("replace", "externalId", "1"), query={"attributes": "externalId"})
    assert (asked.status_code, asked.json["externalId"]) == (200, "1")
    assert "members" not in asked.json


@pytest.mark.requirement("X-20")
@pytest.mark.parametrize("body", [{}, [], b"{", {"schemas": ["x"], "Operations": 5}], ids=str)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_an_unknown_id_comes_before_the_body(endpoint: str, body: Any, either: Scim) -> None:
    """404 whatever is sent."""
    assert_error(either("PATCH", f"{endpoint}/01a20e8d-842a-7bd4-86a3-8c3cf9037700", body), 404)


@pytest.mark.requirement("X-21", "XA-06", "XA-07")
def test_the_times_of_a_change(fresh: Scim) -> None:
    """A change moves lastModified and the version; an add of what is there is a success that moves neither."""
    bob = fresh.user("bob", externalId="1", emails=[WORK])
    with fresh.app.app_context():
        backend = current_service().backend
    now = backend.clock()
    backend.clock = lambda: now + timedelta(hours=1)
    same = fresh.patch(path_of(bob), op("add", "emails", [WORK]), op("add", "externalId", "1"))
    assert same.status_code == 200
    assert same.json == bob
    other = fresh.patch(path_of(bob), op("add", "externalId", "2")).json
    assert other["meta"]["created"] == bob["meta"]["created"]
    assert other["meta"]["lastModified"] > bob["meta"]["lastModified"]
    assert other["meta"]["version"] != bob["meta"]["version"]


@pytest.mark.requirement("X-22", "T-15")
@pytest.mark.parametrize("operation", [op("replace", "userName", "BOB"), op("add", None, {"userName": "bob"})], ids=str)
def test_a_name_of_another_is_taken(operation: Document, either: Scim) -> None:
    """409 `uniqueness` in any letter case, and nothing changes."""
    bob, ann = either.user("bob"), either.user("ann")
    assert_error(either.patch(path_of(ann), operation), 409, "uniqueness", bob["id"])
    assert either.get(path_of(ann)).json == ann


# Members


def members(scim: Scim, group: Document) -> set[str]:
    """Return the ids of a group's members."""
    return {member["value"] for member in scim.get(path_of(group)).json.get("members", ())}


@pytest.mark.requirement("XA-09")
def test_members_are_added(either: Scim) -> None:
    """Several at once, doubles ignored, `$ref` and type filled in."""
    ann, bob, inner = either.user("ann"), either.user("bob"), either.group("Inner")
    team = either.group("Team", ann["id"])
    sent = [{"value": made["id"]} for made in (bob, inner, bob, ann)]
    changed = either.patch(path_of(team), op("add", "members", sent)).json
    shown = {member["value"]: (member["$ref"], member["type"]) for member in changed["members"]}
    assert len(changed["members"]) == 3
    assert shown == {made["id"]: (made["meta"]["location"], made["meta"]["resourceType"]) for made in (ann, bob, inner)}


@pytest.mark.requirement("XR-08")
@pytest.mark.parametrize("form", ["a filter", "a value list"])
def test_a_member_is_removed(form: str, either: Scim) -> None:
    """The one that is named, and no other."""
    ann, bob = either.user("ann"), either.user("bob")
    team = either.group("Team", ann["id"], bob["id"])
    by_filter = op("remove", f'members[value eq "{ann["id"]}"]')
    by_value = op("Remove", "members", [{"value": ann["id"]}])
    assert either.patch(path_of(team), by_filter if form == "a filter" else by_value).status_code == 200
    assert members(either, team) == {bob["id"]}


def test_who_was_just_added_is_found_by_type(either: Scim) -> None:
    """A filter behind an operation that adds members knows their types too."""
    ann, inner, team = either.user("ann"), either.group("Inner"), either.group("Team")
    add = op("add", "members", [{"value": ann["id"]}, {"value": inner["id"]}])
    assert either.patch(path_of(team), add, op("remove", 'members[type eq "User"]')).status_code == 200
    assert members(either, team) == {inner["id"]}


def test_who_is_added_needs_no_version(either: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what others do to the group meanwhile nothing is undone, unless the present members were looked at."""
    ann, team = either.user("ann"), either.group("Team")
    with either.app.app_context():
        backend = current_service().backend
    commit, committed = backend._commit, list[Change]()

    def noted(tenant: str, changes: Sequence[Change], actor: Actor) -> Any:
        committed.extend(changes)
        return commit(tenant, changes, actor)

    monkeypatch.setattr(backend, "_commit", noted)
    either.patch(path_of(team), op("add", "members", [{"value": ann["id"]}]))
    assert committed == [Swap("Group", team["id"], members=MemberChanges((ann["id"],)))]
    either.patch(path_of(team), op("remove", 'members[type eq "User"]'))
    assert committed[1:] == [Swap("Group", team["id"], None, MemberChanges(remove=(ann["id"],)), 2)]


@pytest.mark.requirement("XP-10")
def test_members_are_replaced(either: Scim) -> None:
    """As a whole, by others and by none."""
    ann, bob, cid = (either.user(name) for name in ("ann", "bob", "cid"))
    team = either.group("Team", ann["id"], bob["id"])
    either.patch(path_of(team), op("replace", "members", [{"value": bob["id"]}, {"value": cid["id"]}]))
    assert members(either, team) == {bob["id"], cid["id"]}
    either.patch(path_of(team), op("replace", "members", []))
    assert members(either, team) == set()


@pytest.mark.requirement("T-24")
@pytest.mark.parametrize("sub", ["value", "type", "$ref"])
def test_a_member_is_not_edited(sub: str, either: Scim) -> None:
    """400 `mutability`; it is added or removed."""
    ann, bob = either.user("ann"), either.user("bob")
    team = either.group("Team", ann["id"])
    operation = op("replace", f'members[value eq "{ann["id"]}"].{sub}', bob["id"])
    assert_error(either.patch(path_of(team), operation), 400, "mutability")
    assert either.get(path_of(team)).json == team
    assert either.patch(path_of(team), op("replace", "members", [{"value": bob["id"]}])).status_code == 200


@pytest.mark.requirement("XA-10")
def test_an_unknown_member_changes_nothing(either: Scim) -> None:
    """400 `invalidValue` names the id."""
    ann = either.user("ann")
    team = either.group("Team")
    operation = op("add", "members", [{"value": ann["id"]}, {"value": "nobody"}])
    assert_error(
        either.patch(path_of(team), op("replace", "externalId", "1"), operation), 400, "invalidValue", "nobody"
    )
    assert either.get(path_of(team)).json == team


@pytest.mark.requirement("XA-10")
def test_an_unknown_member_can_be_skipped(make_scim: Callable[..., Scim], caplog: pytest.LogCaptureFixture) -> None:
    """With `ignore` 200, the others are taken, and the log says how many were not."""
    scim = make_scim(unknown_members="ignore")
    ann, team = scim.user("ann"), scim.group("Team")
    caplog.clear()
    operation = op("add", "members", [{"value": ann["id"]}, {"value": "nobody"}])
    assert scim.patch(path_of(team), operation).status_code == 200
    assert members(scim, team) == {ann["id"]}
    assert "1" in caplog.text
