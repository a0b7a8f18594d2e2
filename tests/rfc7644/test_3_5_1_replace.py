"""RFC 7644 §3.5.1: replacing a resource with PUT."""

from datetime import timedelta
from typing import Any

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, GROUP, USER, Scim, assert_error, group, path_of, user
from tests.rfc7644.conftest import DEVICE, WARRANTY

WORK = [{"value": "bob@example.com", "type": "work", "primary": True}]


@pytest.fixture
def bob(either: Scim) -> Document:
    """A user with a value for all that can be replaced."""
    return either.user("bob", externalId="1", active=False, name={"givenName": "B", "familyName": "E"}, emails=WORK)


@pytest.mark.requirement("R-07", "U-01", "U-03")
def test_a_resource_is_replaced(bob: Document, either: Scim) -> None:
    """200 with the resource as it is from then on."""
    body = user("robert", externalId="2", active=True, name={"givenName": "R"}, emails=[{**WORK[0], "value": "r@x"}])
    response = either.put(path_of(bob), body)
    assert response.status_code == 200
    assert {**response.json, "meta": None} == {**body, "id": bob["id"], "meta": None}
    assert response.headers["Content-Location"] == response.json["meta"]["location"] == bob["meta"]["location"]
    assert "Location" not in response.headers
    assert either.get(path_of(bob)).json == response.json


@pytest.mark.requirement("U-02")
@pytest.mark.parametrize(("path", "body"), [("/Users", user("u")), ("/Groups", group("g"))])
def test_an_unknown_id_is_404(path: str, body: Document, either: Scim) -> None:
    """And nothing is created, neither under that id nor under another."""
    assert_error(either.put(f"{path}/01a20e8d-842a-7bd4-86a3-8c3cf9037700", body), 404)
    assert either.get(path).json["totalResults"] == 0


@pytest.mark.requirement("U-04")
def test_what_is_left_out_is_cleared(bob: Document, either: Scim) -> None:
    """But for `active`, which stays as it was."""
    changed = either.put(path_of(bob), user("bob")).json
    assert changed.keys() == {"schemas", "id", "userName", "active", "meta"}
    assert changed["active"] is False


@pytest.mark.requirement("U-03")
def test_parts_that_are_left_out_are_cleared(bob: Document, either: Scim) -> None:
    """A complex attribute is replaced wholly."""
    assert either.put(path_of(bob), user("bob", name={"familyName": "X"})).json["name"] == {"familyName": "X"}


@pytest.mark.requirement("U-14")
@pytest.mark.parametrize("empty", [None, []])
@pytest.mark.parametrize("name", ["externalId", "name", "emails"])
def test_empty_values_clear(name: str, empty: Any, bob: Document, either: Scim) -> None:
    """Null and the empty list are no values."""
    changed = either.put(path_of(bob), {**bob, name: empty})
    assert changed.status_code == 200
    assert name not in changed.json


@pytest.mark.requirement("C-18", "C-19", "U-08", "U-14")
@pytest.mark.parametrize(
    ("body", "name"),
    [
        pytest.param({"schemas": [USER]}, "userName", id="U-08 missing"),
        pytest.param({"schemas": [USER], "userName": None}, "userName", id="U-14 null"),
        pytest.param({"schemas": [USER], "userName": " "}, "userName", id="blank"),
        pytest.param({"schemas": [GROUP], "userName": "bob"}, "schemas", id="C-19 schemas of another type"),
        pytest.param({"userName": "bob"}, "schemas", id="C-18 no schemas"),
        pytest.param([], "object", id="a list"),
    ],
)
def test_a_body_that_is_no_user_changes_nothing(body: Any, name: str, bob: Document, either: Scim) -> None:
    """400, and the resource, its version and time are as before."""
    response = either.put(path_of(bob), body)
    assert response.status_code == 400
    assert name in response.json["detail"]
    assert either.get(path_of(bob)).json == bob


@pytest.mark.requirement("U-05", "U-09", "U-12")
@pytest.mark.parametrize(
    "ignored",
    [
        {"id": "another"},
        {"id": None},
        {"meta": {"version": 'W/"99"', "created": "1970-01-01T00:00:00Z", "resourceType": "Group"}},
        {"groups": [{"value": "x"}]},
        {"password": "secret"},
        {"favouriteColour": "blue"},
        {"urn:x:y": {"a": 1}},
    ],
    ids=lambda ignored: next(iter(ignored)),
)
def test_what_the_client_has_no_say_in_is_ignored(ignored: Document, bob: Document, either: Scim) -> None:
    """Also when it differs; then nothing changed, and the version stays."""
    response = either.put(path_of(bob), {**bob, **ignored})
    assert response.status_code == 200
    assert response.json == bob


@pytest.mark.requirement("U-12", "U-13")
def test_a_resource_can_be_sent_back(bob: Document, either: Scim) -> None:
    """What GET returned is accepted, and changes nothing."""
    team = either.group("Team", bob["id"])
    for made in (bob, team):
        before = either.get(path_of(made))
        response = either.put(path_of(made), before.json)
        assert response.status_code == 200
        assert response.json == before.json
        assert response.headers["ETag"] == before.headers["ETag"]


@pytest.mark.requirement("U-11", "U-12")
def test_the_times_of_a_change(fresh: Scim) -> None:
    """Created stays, lastModified moves on when something changed."""
    bob = fresh.user("bob")
    with fresh.app.app_context():
        backend = current_service().backend
    now = backend.clock()
    backend.clock = lambda: now + timedelta(hours=1)
    same = fresh.put(path_of(bob), user("bob")).json
    assert same["meta"] == bob["meta"]
    other = fresh.put(path_of(bob), user("bob", externalId="1")).json
    assert other["meta"]["created"] == bob["meta"]["created"]
    assert other["meta"]["lastModified"] > bob["meta"]["lastModified"]
    assert other["meta"]["version"] != bob["meta"]["version"]


@pytest.mark.requirement("U-10")
def test_a_name_of_another_is_taken(bob: Document, either: Scim) -> None:
    """409 `uniqueness` in any letter case, and nothing changed; its own name is none of another."""
    ann = either.user("ann")
    assert_error(either.put(path_of(ann), user("BOB")), 409, "uniqueness", bob["id"])
    assert either.get(path_of(ann)).json == ann
    assert either.put(path_of(bob), {**bob, "userName": "Bob"}).json["userName"] == "Bob"
    assert either.names(filter='userName eq "bob"') == ["Bob"]


@pytest.mark.requirement("U-10")
def test_a_group_name_of_another_is_taken(either: Scim) -> None:
    """A group can have its own name, and another letter case."""
    team, other = either.group("Team"), either.group("Other")
    assert_error(either.put(path_of(other), group("Team")), 409, "uniqueness", team["id"])
    assert either.put(path_of(other), group("team")).json["displayName"] == "team"
    assert either.put(path_of(team), group("Team")).json == team


@pytest.mark.requirement("R-12", "U-16")
def test_members_are_replaced_wholly(either: Scim) -> None:
    """And the users' groups follow."""
    ann, bob, carl = (either.user(name) for name in ("ann", "bob", "carl"))
    team = either.group("Team", ann["id"], bob["id"])
    changed = either.put(path_of(team), group("Team", bob["id"], carl["id"]))
    assert changed.status_code == 200
    assert {member["value"] for member in changed.json["members"]} == {bob["id"], carl["id"]}
    assert "groups" not in either.get(path_of(ann)).json
    assert either.get(path_of(carl)).json["groups"][0]["value"] == team["id"]


@pytest.mark.requirement("U-04", "U-14")
@pytest.mark.parametrize("members", [[], None])
def test_an_empty_list_of_members_empties(members: Any, either: Scim) -> None:
    """`[]` and null take everybody out."""
    team = either.group("Team", either.user("bob")["id"])
    changed = either.put(path_of(team), {"schemas": [GROUP], "displayName": "Team", "members": members})
    assert "members" not in changed.json


@pytest.mark.requirement("U-04")
def test_members_that_are_left_out_stay(either: Scim) -> None:
    """Some clients rename a group so."""
    team = either.group("Team", either.user("bob")["id"], externalId="1")
    changed = either.put(path_of(team), {"schemas": [GROUP], "displayName": "Crew"}).json
    assert changed["displayName"] == "Crew"
    assert changed["members"] == team["members"]
    assert "externalId" not in changed


@pytest.mark.requirement("XA-10")
def test_an_unknown_member_changes_nothing(either: Scim) -> None:
    """Neither members nor name."""
    team = either.group("Team", either.user("bob")["id"])
    assert_error(either.put(path_of(team), group("Crew", "nobody")), 400, "invalidValue", "nobody")
    assert either.get(path_of(team)).json == team


@pytest.mark.requirement("U-15")
@pytest.mark.parametrize("schemas", [[USER], [USER, ENTERPRISE]])
def test_an_extension_that_is_left_out_is_cleared(schemas: list[str], full: Scim) -> None:
    """With its URN in schemas or without."""
    bob = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": "D", "costCenter": "C"}})
    changed = full.put(path_of(bob), {"schemas": schemas, "userName": "bob"}).json
    assert changed["schemas"] == [USER]
    assert ENTERPRISE not in changed


@pytest.mark.requirement("U-03")
def test_an_extension_is_replaced_wholly(full: Scim) -> None:
    """What it does not hold any more is gone."""
    bob = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": "D", "costCenter": "C"}})
    changed = full.put(path_of(bob), {**bob, ENTERPRISE: {"costCenter": "X"}}).json
    assert changed[ENTERPRISE] == {"costCenter": "X"}


@pytest.mark.requirement("U-03", "U-05", "U-06", "U-07")
@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({}, 200, id="U-06 unchanged"),
        pytest.param({"serial": "S-2"}, 400, id="U-06 another value"),
        pytest.param({"serial": "s-1"}, 400, id="U-06 other letter case"),
        pytest.param({"asset": "A-1"}, 200, id="U-07 set once"),
        pytest.param({"model": "M"}, 200, id="U-03 a value that can change"),
        pytest.param({"state": "lost"}, 200, id="U-05 a readOnly value"),
    ],
)
def test_immutable_values_stay(change: Document, status: int, devices: Scim, device: Document) -> None:
    """400 `mutability` when one would change; one that has no value can be set."""
    made = devices.post("/Devices", device).json
    response = devices.put(path_of(made), {**device, **change})
    assert response.status_code == status
    if status == 400:
        assert response.json["scimType"] == "mutability"
        assert devices.get(path_of(made)).json == made


@pytest.mark.requirement("U-06")
def test_an_immutable_value_cannot_be_left_out(devices: Scim, device: Document) -> None:
    """Once it was set."""
    made = devices.post("/Devices", {**device, "asset": "A-1"}).json
    assert_error(devices.put(path_of(made), device), 400, "mutability", "asset")
    assert devices.get(path_of(made)).json["asset"] == "A-1"


@pytest.mark.requirement("C-23", "T-16")
def test_required_extensions_stay_required(devices: Scim, device: Document) -> None:
    """After a replacement too."""
    made = devices.post("/Devices", device).json
    assert_error(devices.put(path_of(made), {"schemas": [DEVICE], "serial": "S-1"}), 400, "invalidValue", WARRANTY)


@pytest.mark.requirement("A-12")
@pytest.mark.parametrize(
    ("query", "shown"),
    [({"attributes": "userName"}, {"schemas", "id", "userName"}), ({"excludedAttributes": "meta,name,emails,active"},
      {"schemas", "id", "userName", "externalId"})],
)  # fmt: skip
def test_the_answer_holds_what_was_asked_for(
    query: dict[str, str], shown: set[str], bob: Document, either: Scim
) -> None:
    """Projection applies to the answer of a PUT, and not to what is replaced."""
    assert either.put(path_of(bob), {**bob, "externalId": "2"}, query=query).json.keys() == shown
    assert either.get(path_of(bob)).json["externalId"] == "2"


@pytest.mark.requirement("U-17")
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Users/"])
def test_a_list_cannot_be_replaced(path: str, either: Scim) -> None:
    """405 says what works there."""
    response = either.put(path, user("bob"))
    assert_error(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, POST"
