"""RFC 7643 §2.3.7 and §4.3: what refers to a resource leads to one, shows what it is called, and ends with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, USER, Scim, assert_error, path_of

PROJECT = "urn:example:scim:Project"
MANAGER = f"{ENTERPRISE}:manager"


def report(scim: Scim, name: str, manager: Any, **attributes: Any) -> Document:
    """Create a user who has a manager."""
    return scim.user(name, schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": manager}}, **attributes)


def manager_of(scim: Scim, user: Document) -> Document | None:
    """Return the manager of a user, as a GET shows it."""
    found: Document | None = scim.get(path_of(user)).json.get(ENTERPRISE, {}).get("manager")
    return found


def shown(boss: Document) -> Document:
    """Return what is to be seen of a manager."""
    name = {"displayName": boss["displayName"]} if "displayName" in boss else {}
    return {"value": boss["id"], "$ref": boss["meta"]["location"], **name}


def project(scim: Scim, title: str, **attributes: Any) -> Document:
    """Create a project."""
    answer = scim.post("/Projects", {"schemas": [PROJECT], "title": title, **attributes})
    assert answer.status_code == 201, answer.text
    made: Document = answer.json
    return made


# The other end is shown


@pytest.mark.requirement("R-13", "R-16", "C-11")
@pytest.mark.parametrize("attributes", [{"displayName": "The Boss"}, {}], ids=["with a name", "without a name"])
def test_a_manager_is_shown(attributes: Document, managed: Scim) -> None:
    """Value, $ref and displayName, whatever the client sent of the last two; never the userName."""
    boss = managed.user("boss", **attributes)
    sent = {"value": boss["id"], "$ref": "https://elsewhere.example/Users/1", "displayName": "Nobody"}
    bob = report(managed, "bob", sent)
    assert bob[ENTERPRISE]["manager"] == manager_of(managed, bob) == shown(boss)


@pytest.mark.requirement("R-16")
@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "add", "path": MANAGER, "value": "ID"}, id="Entra's bare value"),
        pytest.param({"op": "replace", "path": f"{MANAGER}.value", "value": "ID"}, id="the value alone"),
        pytest.param({"op": "add", "value": {ENTERPRISE: {"manager": {"value": "ID"}}}}, id="without path"),
    ],
)
def test_another_manager_is_shown(operation: Document, managed: Scim) -> None:
    """A PATCH that changes the value changes what follows from it."""
    old, new = managed.user("old", displayName="Old"), managed.user("new", displayName="New")
    bob = report(managed, "bob", {"value": old["id"]})
    answer = managed.patch(path_of(bob), _with_id(operation, new["id"]))
    assert answer.json[ENTERPRISE]["manager"] == shown(new)


def _with_id(value: Any, resource_id: str) -> Any:
    if isinstance(value, dict):
        return {name: _with_id(inner, resource_id) for name, inner in value.items()}
    return resource_id if value == "ID" else value


@pytest.mark.requirement("R-16", "U-12", "U-13")
def test_a_put_of_what_was_read_changes_nothing(managed: Scim) -> None:
    """The displayName that a PUT may not set is not lost by it either."""
    boss = managed.user("boss", displayName="The Boss")
    bob = report(managed, "bob", {"value": boss["id"]})
    sent = {**bob, ENTERPRISE: {"manager": {"value": boss["id"]}}}
    assert managed.put(path_of(bob), bob).json == bob
    assert managed.put(path_of(bob), sent).json == bob


@pytest.mark.requirement("R-16")
def test_a_manager_without_a_name_takes_the_name_away(managed: Scim) -> None:
    """Nothing stays of the manager before."""
    boss, other = managed.user("boss", displayName="The Boss"), managed.user("other")
    bob = report(managed, "bob", {"value": boss["id"]})
    sent = {**bob, ENTERPRISE: {"manager": {"value": other["id"], "displayName": "The Boss"}}}
    assert managed.put(path_of(bob), sent).json[ENTERPRISE]["manager"] == shown(other)


@pytest.mark.requirement("R-16", "X-18")
@pytest.mark.parametrize("empty", ["", {"value": ""}, {"value": "", "displayName": "Nobody"}], ids=str)
def test_an_empty_manager_is_none(empty: Any, managed: Scim) -> None:
    """The validation of Entra's app gallery takes a manager away by replacing it with an empty string."""
    boss = managed.user("boss")
    bob, ann = report(managed, "bob", {"value": boss["id"]}), report(managed, "ann", empty)
    changed = managed.patch(path_of(bob), {"op": "replace", "path": MANAGER, "value": empty})
    assert changed.status_code == 200, changed.text
    for user in (changed.json, ann, managed.put(path_of(ann), {**ann, ENTERPRISE: {"manager": empty}}).json):
        assert (user["schemas"], user.get(ENTERPRISE)) == ([USER], None)


@pytest.mark.requirement("R-16", "V-04")
def test_a_name_follows(managed: Scim) -> None:
    """Who has a manager is another version when the manager is renamed, and none when anything else is changed."""
    boss = managed.user("boss", displayName="The Boss")
    bob, ann = report(managed, "bob", {"value": boss["id"]}), managed.user("ann")
    managed.patch(path_of(boss), {"op": "replace", "path": "title", "value": "CEO"})
    assert managed.get(path_of(bob)).json == bob
    renamed = managed.patch(path_of(boss), {"op": "replace", "path": "displayName", "value": "The Chief"}).json
    now = managed.get(path_of(bob)).json
    assert now[ENTERPRISE]["manager"] == shown(renamed)
    assert now["meta"]["version"] != bob["meta"]["version"]
    assert managed.get(path_of(ann)).json == ann
    managed.patch(path_of(boss), {"op": "remove", "path": "displayName"})
    assert manager_of(managed, bob) == {"value": boss["id"], "$ref": boss["meta"]["location"]}


@pytest.mark.requirement("R-16", "F-23", "S-07")
def test_a_name_is_found_and_sorted_by(managed: Scim) -> None:
    """manager.displayName is an attribute like others."""
    bosses = [managed.user(name, displayName=name.title()) for name in ("zoe", "amy")]
    for name, boss in zip(("bob", "ann"), bosses, strict=True):
        report(managed, name, {"value": boss["id"]})
    assert managed.names(filter=f'{MANAGER}.displayName eq "AMY"') == ["ann"]
    assert managed.names(filter=f"{MANAGER} pr", sortBy=f"{MANAGER}.displayName") == ["ann", "bob"]
    managed.patch(path_of(bosses[1]), {"op": "replace", "path": "displayName", "value": "Zora"})
    assert managed.names(filter=f"{MANAGER} pr", sortBy=f"{MANAGER}.displayName") == ["bob", "ann"]


@pytest.mark.requirement("R-13", "F-23", "S-07")
def test_an_address_is_found_and_sorted_by(managed: Scim) -> None:
    """It is what a GET shows, in whole and in part, and behind another name of the host."""
    bosses = sorted((managed.user(name) for name in ("amy", "zoe")), key=path_of)
    for name, boss in zip(("ann", "bob"), bosses, strict=True):
        report(managed, name, {"value": boss["id"]})
    place, address = f"{MANAGER}.$ref", bosses[0]["meta"]["location"]
    for term in (f'eq "{address}"', f'sw "{address}"', f'co "{address[4:]}"', f'ew "{path_of(bosses[0])}"'):
        assert managed.names(filter=f"{place} {term}") == ["ann"]
    assert managed.names(filter=f'{place} eq "{path_of(bosses[0])}"') == []
    assert managed.names(filter=f'{place} gt "{address}"') == ["bob"]
    assert managed.names(filter=f"{place} pr", sortBy=place, sortOrder="descending") == ["bob", "ann"]
    moved = address.replace("localhost", "idp.example")
    query = {"filter": f'{place} eq "{moved}"', "count": "0"}
    assert managed.get("/Users", query=query, headers={"Host": "idp.example"}).json["totalResults"] == 1


@pytest.mark.requirement("X-10", "T-11")
def test_a_name_is_the_services(managed: Scim) -> None:
    """A PATCH of it is refused."""
    boss = managed.user("boss", displayName="The Boss")
    bob = report(managed, "bob", {"value": boss["id"]})
    answer = managed.patch(path_of(bob), {"op": "replace", "path": f"{MANAGER}.displayName", "value": "X"})
    assert_error(answer, 400, "mutability", "manager.displayName")
    assert manager_of(managed, bob) == shown(boss)


def test_one_may_be_ones_own_manager(managed: Scim) -> None:
    """A circle of one follows too, and ends."""
    bob = managed.user("bob", displayName="Bob")
    managed.patch(path_of(bob), {"op": "add", "path": MANAGER, "value": bob["id"]})
    answer = managed.patch(path_of(bob), {"op": "replace", "path": "displayName", "value": "Robert"})
    assert answer.json[ENTERPRISE]["manager"] == shown({**bob, "displayName": "Robert"})
    assert managed.get(path_of(bob)).json == answer.json
    assert managed.delete(path_of(bob)).status_code == 204


# The other end is there


WAYS: dict[str, Callable[[Scim, Document, str], Any]] = {
    "POST": lambda scim, bob, i: scim.post(
        "/Users", {"schemas": [USER, ENTERPRISE], "userName": "x", ENTERPRISE: {"manager": {"value": i}}}
    ),
    "PUT": lambda scim, bob, i: scim.put(
        path_of(bob), {"schemas": [USER, ENTERPRISE], "userName": "bob", ENTERPRISE: {"manager": i}}
    ),
    "PATCH": lambda scim, bob, i: scim.patch(path_of(bob), {"op": "add", "path": MANAGER, "value": i}),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["nobody", "a group", "a deleted user"])
def test_another_text_is_kept(way: str, kind: str, managed: Scim) -> None:
    """It leads nowhere: no address and no name come with it, now and after later changes."""
    bob, gone, team = managed.user("bob"), managed.user("gone"), managed.group("Team")
    managed.delete(path_of(gone))
    text = {"nobody": "42", "a group": team["id"], "a deleted user": gone["id"]}[kind]
    answer = WAYS[way](managed, bob, text)
    assert answer.status_code in (200, 201)
    assert manager_of(managed, answer.json) == {"value": text}
    managed.patch(path_of(answer.json), {"op": "replace", "path": "displayName", "value": "B"})
    assert manager_of(managed, answer.json) == {"value": text}


@pytest.mark.requirement("R-13")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["nobody", "a group", "a deleted user"])
def test_a_manager_is_a_user(way: str, kind: str, make_scim: Callable[..., Scim]) -> None:
    """In the dialect `strict` another id is refused, and nothing is changed."""
    scim = make_scim(profile="rfc7643", dialect="strict")
    bob, gone, team = scim.user("bob"), scim.user("gone"), scim.group("Team")
    scim.delete(path_of(gone))
    answer = WAYS[way](scim, bob, {"nobody": "42", "a group": team["id"], "a deleted user": gone["id"]}[kind])
    assert_error(answer, 400, "invalidValue")
    assert scim.get(path_of(bob)).json == bob
    assert scim.names() == ["bob"]


@pytest.mark.requirement("Z-13")
def test_a_manager_is_of_the_same_tenant(managed: Scim, managed_app: Any) -> None:
    """A user of another tenant is nobody."""
    with managed_app.app_context():
        service = current_service()
    service.open("elsewhere")
    boss = Scim(managed_app, token=service.tokens.create("elsewhere")[0]).user(f"boss-{id(managed)}")
    answer = WAYS["POST"](managed, {}, boss["id"])
    assert answer.json[ENTERPRISE]["manager"] == {"value": boss["id"]}


# The other end ends


@pytest.mark.requirement("E-06", "X-18")
def test_a_deleted_user_is_nobodys_manager(managed: Scim) -> None:
    """It goes from those who have it, with the extension when nothing else is in it; others stay as they are."""
    boss, other = managed.user("boss"), managed.user("other")
    bob, cid = report(managed, "bob", {"value": boss["id"]}), report(managed, "cid", {"value": other["id"]})
    body = {"schemas": [USER, ENTERPRISE], ENTERPRISE: {"manager": boss["id"], "department": "IT"}}
    ann = managed.user("ann", **body)
    assert managed.delete(path_of(boss)).status_code == 204
    now = managed.get(path_of(bob)).json
    assert (now["schemas"], ENTERPRISE in now) == ([USER], False)
    assert managed.get(path_of(ann)).json[ENTERPRISE] == {"department": "IT"}
    assert managed.get(path_of(cid)).json == cid
    assert managed.names(filter=f'{MANAGER}.value eq "{boss["id"]}"') == []
    assert managed.names(filter=f"{MANAGER} pr") == ["cid"]


@pytest.mark.requirement("E-06")
def test_everybody_loses_a_manager_at_once(managed: Scim) -> None:
    """There may be more of them than are changed in one commit."""
    boss = managed.user("boss", displayName="Boss")
    operations = [
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": str(n),
            "data": {"schemas": [USER, ENTERPRISE], "userName": f"u{n}", ENTERPRISE: {"manager": boss["id"]}},
        }
        for n in range(450)
    ]
    urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    assert managed.post("/Bulk", {"schemas": [urn], "Operations": operations}).status_code == 200
    managed.patch(path_of(boss), {"op": "replace", "path": "displayName", "value": "Chief"})
    named = {"filter": f'{MANAGER}.displayName eq "Chief"', "count": 0}
    assert managed.get("/Users", query=named).json["totalResults"] == 450
    managed.delete(path_of(boss))
    assert managed.get("/Users", query={"filter": f"{MANAGER} pr", "count": 0}).json["totalResults"] == 0
    assert managed.get("/Users", query={"count": 0}).json["totalResults"] == 450


@pytest.mark.requirement("B-15", "B-17", "R-16")
def test_a_bulk_job_leads_to_what_it_makes(managed: Scim) -> None:
    """Names are shown in a circle too."""
    people = [("ann", "ben"), ("ben", "ann")]
    operations = [
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": name,
            "data": {
                "schemas": [USER, ENTERPRISE],
                "userName": name,
                "displayName": name.title(),
                ENTERPRISE: {"manager": {"value": f"bulkId:{boss}"}},
            },
        }
        for name, boss in people
    ]
    urn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    managed.post("/Bulk", {"schemas": [urn], "Operations": operations})
    users = {user["userName"]: user for user in managed.get("/Users").json["Resources"]}
    for name, boss in people:
        assert users[name][ENTERPRISE]["manager"] == shown(users[boss])


# References of a host


@pytest.mark.requirement("T-17", "R-13", "E-06")
def test_several_values_of_several_types_are_followed(managed: Scim) -> None:
    """Each shows its own end, and leaves with it."""
    ann, team = managed.user("ann", displayName="Ann"), managed.group("Team")
    staff = [{"value": ann["id"], "task": "code"}, {"value": team["id"], "label": "x"}, {"task": "open"}]
    made = project(managed, "P", staff=staff)
    expected = [
        {"value": ann["id"], "$ref": ann["meta"]["location"], "type": "User", "label": "Ann", "task": "code"},
        {"value": team["id"], "$ref": team["meta"]["location"], "type": "Group", "label": "Team"},
        {"task": "open"},
    ]
    assert made["staff"] == managed.get(path_of(made)).json["staff"] == expected
    managed.patch(path_of(team), {"op": "replace", "path": "displayName", "value": "Crew"})
    assert managed.get(path_of(made)).json["staff"] == [expected[0], {**expected[1], "label": "Crew"}, expected[2]]
    managed.delete(path_of(ann))
    managed.delete(path_of(team))
    assert managed.get(path_of(made)).json["staff"] == [{"task": "open"}]


@pytest.mark.requirement("T-17")
def test_a_type_that_is_given_is_the_type(managed: Scim) -> None:
    """A group is no User, even where a Group could be meant."""
    team = managed.group("Team")
    body = {"schemas": [PROJECT], "title": "P", "staff": [{"value": team["id"], "type": "User"}]}
    assert managed.post("/Projects", body).json["staff"] == [{"value": team["id"]}]


@pytest.mark.requirement("T-17")
def test_a_change_beside_a_reference_leaves_it(managed: Scim) -> None:
    """What follows from the other end stays through a PATCH of an element, and of the rest."""
    ann = managed.user("ann", displayName="Ann")
    made = project(managed, "P", staff=[{"value": ann["id"]}])
    path = f'staff[value eq "{ann["id"]}"].task'
    now = managed.patch(path_of(made), {"op": "add", "path": path, "value": "code"}).json
    assert now["staff"] == [{**made["staff"][0], "task": "code"}]
    assert managed.patch(path_of(made), {"op": "replace", "path": "title", "value": "Q"}).json["staff"] == now["staff"]


@pytest.mark.requirement("T-17", "E-06")
def test_a_type_can_refer_to_itself(managed: Scim) -> None:
    """And follow another attribute than a displayName."""
    top = project(managed, "Top")
    below = project(managed, "Below", parent=top["id"])
    assert below["parent"] == {"value": top["id"], "$ref": top["meta"]["location"], "title": "Top"}
    managed.patch(path_of(top), {"op": "replace", "path": "title", "value": "Summit"})
    assert managed.get(path_of(below)).json["parent"]["title"] == "Summit"
    managed.delete(path_of(top))
    assert "parent" not in managed.get(path_of(below)).json


@pytest.mark.requirement("T-05")
@pytest.mark.parametrize(
    "link", ["/docs/x", "/Projects", "//cdn.example/x", "\x7f/Users/1", "docs/x", "https://x.example/"]
)
def test_a_link_to_elsewhere_is_the_clients(link: str, managed: Scim) -> None:
    """It is kept, shown and found as it was sent: only an address of a resource begins with the base URL."""
    made = project(managed, "P", source={"$ref": link})
    assert made["source"] == managed.get(path_of(made)).json["source"] == {"$ref": link}
    assert managed.get("/Projects").json["Resources"] == [made]
    assert managed.put(path_of(made), made).json == made
    query = {"filter": f'source.$ref eq "{link}"'}
    assert managed.get("/Projects", query=query).json["Resources"] == [made]


@pytest.mark.requirement("S-03")
@pytest.mark.parametrize(
    ("sort_by", "titles"),
    [("source.tags", ["A", "B", "C"]), ("steps.tags", ["B", "A", "C"])],
    ids=["single", "several"],
)
def test_lists_inside_of_complex_values_are_sorted_by(sort_by: str, titles: list[str], managed: Scim) -> None:
    """By the first value, that of the primary element before others."""
    last = [{"tags": ["a"]}, {"primary": True, "tags": ["x", "b"]}]
    project(managed, "C")
    project(managed, "B", source={"tags": ["z", "a"]}, steps=[{"tags": ["c"]}])
    project(managed, "A", source={"tags": ["y"]}, steps=last)
    found = managed.get("/Projects", query={"sortBy": sort_by})
    assert [resource["title"] for resource in found.json["Resources"]] == titles


# Races


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls in as many threads; return what they returned."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@pytest.mark.requirement("R-16")
def test_no_name_is_missed(managed: Scim) -> None:
    """Whoever gets a manager who is renamed at the same moment shows the last name."""
    boss = managed.user("boss", displayName="0")
    people = [managed.user(f"u{n}") for n in range(8)]

    def rename() -> None:
        for n in range(8):
            answer = client().patch(path_of(boss), {"op": "replace", "path": "displayName", "value": f"{n + 1}"})
            assert answer.status_code == 200

    def assign() -> None:
        for person in people:
            answer = client().patch(path_of(person), {"op": "add", "path": MANAGER, "value": boss["id"]})
            assert answer.status_code == 200

    def client() -> Scim:
        return Scim(managed.app, token=managed.token)

    at_once(rename, assign)
    assert [manager_of(managed, person) for person in people] == [shown({**boss, "displayName": "8"})] * 8


@pytest.mark.requirement("E-06")
def test_no_reference_to_nobody_is_left(make_scim: Callable[..., Scim]) -> None:
    """Whoever gets a manager who is deleted at the same moment has none, where nobody is refused."""
    managed = make_scim(profile="rfc7643", dialect="strict")
    boss = managed.user("boss")
    people = [managed.user(f"u{n}") for n in range(8)]

    def delete() -> int:
        return Scim(managed.app, token=managed.token).delete(path_of(boss)).status_code

    def assign() -> set[int]:
        mine = Scim(managed.app, token=managed.token)
        operation = {"op": "add", "path": MANAGER, "value": boss["id"]}
        return {mine.patch(path_of(person), operation).status_code for person in people}

    deleted, assigned = at_once(delete, assign)
    assert deleted == 204
    assert assigned <= {200, 400}
    assert [manager_of(managed, person) for person in people] == [None] * 8
