"""RFC 7644 §3.6: deleting resources."""

import pytest

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, USER, Scim, assert_error, group, path_of, user


def made(kind: str, scim: Scim, name: str = "x") -> Document:
    """Create a user or a group."""
    return scim.user(name) if kind == "User" else scim.group(name)


KINDS = pytest.mark.parametrize("kind", ["User", "Group"])


@pytest.mark.requirement("E-01", "W-07")
@KINDS
def test_a_resource_is_deleted(kind: str, either: Scim) -> None:
    """204 without a body or its headers."""
    response = either.delete(path_of(made(kind, either)))
    assert response.status_code == 204
    assert response.data == b""
    assert "Content-Type" not in response.headers
    assert "ETag" not in response.headers


@pytest.mark.requirement("E-02", "E-05")
@KINDS
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_a_deleted_resource_is_gone(method: str, kind: str, either: Scim) -> None:
    """404 from then on, for a second DELETE too, whatever If-Match says; it does not come back."""
    path = path_of(made(kind, either))
    either.delete(path)
    body = user("x") if kind == "User" else group("x")
    for headers in ({}, {"If-Match": "*"}, {"If-Match": 'W/"1"'}):
        assert either(method, path, body, headers=headers).status_code == 404
    made(kind, either)
    assert_error(either.get(path), 404)


@pytest.mark.requirement("E-03")
@KINDS
def test_a_deleted_resource_is_in_no_list(kind: str, either: Scim) -> None:
    """Nor is it counted."""
    gone, kept = made(kind, either, "gone"), made(kind, either, "kept")
    either.delete(path_of(gone))
    for query in (
        {},
        {"sortBy": "id"},
        {"filter": "id pr"},
        {"filter": f'id eq "{gone["id"]}" or id eq "{kept["id"]}"'},
    ):
        answer = either.get(f"/{kind}s", query=query).json
        assert answer["totalResults"] == 1
        assert [resource["id"] for resource in answer["Resources"]] == [kept["id"]]
    assert either.get(f"/{kind}s", query={"filter": f'id eq "{gone["id"]}"'}).json["totalResults"] == 0


@pytest.mark.requirement("E-04", "E-05")
@KINDS
def test_a_name_is_free_again(kind: str, either: Scim) -> None:
    """At once, for a resource with another id."""
    gone = made(kind, either)
    either.delete(path_of(gone))
    assert made(kind, either)["id"] != gone["id"]


@pytest.mark.requirement("E-06")
@KINDS
def test_a_deleted_resource_leaves_all_groups(kind: str, either: Scim) -> None:
    """It is no member any more, and the groups have a new version."""
    gone, kept = made(kind, either), either.user("kept")
    groups = [either.group(name, gone["id"], kept["id"]) for name in ("One", "Two")]
    either.delete(path_of(gone))
    for before in groups:
        after = either.get(path_of(before)).json
        assert [member["value"] for member in after["members"]] == [kept["id"]]
        assert after["meta"]["version"] != before["meta"]["version"]
        assert after["meta"]["lastModified"] >= before["meta"]["lastModified"]
    assert len(either.get(path_of(kept)).json["groups"]) == 2
    query = {"filter": f'members.value eq "{gone["id"]}"'}
    assert either.get("/Groups", query=query).json["totalResults"] == 0


@pytest.mark.requirement("E-06")
def test_a_deleted_group_leaves_its_members_alone(either: Scim) -> None:
    """They stay, without the group."""
    bob = either.user("bob")
    team = either.group("Team", bob["id"])
    either.delete(path_of(team))
    assert either.get(path_of(bob)).json == bob


@pytest.mark.requirement("E-06", "T-25")
def test_a_group_inside_itself_can_be_deleted(either: Scim) -> None:
    """Cycles do not hold it."""
    team = either.group("Team")
    either.patch(path_of(team), {"op": "add", "path": "members", "value": [{"value": team["id"]}]})
    assert either.delete(path_of(team)).status_code == 204
    assert either.get("/Groups").json["totalResults"] == 0


@pytest.mark.requirement("E-05")
def test_a_new_user_of_the_name_is_in_no_group(either: Scim) -> None:
    """A name that is given to another person does not bring the first one's access."""
    first = either.user("bob")
    team = either.group("Team", first["id"])
    either.delete(path_of(first))
    assert "groups" not in either.get(path_of(either.user("bob"))).json
    assert "members" not in either.get(path_of(team)).json


@pytest.mark.requirement("E-06")
def test_a_deleted_manager_is_nobodys(full: Scim) -> None:
    """Who had it is whole without."""
    boss = full.user("boss")
    sent = {"department": "D", "manager": {"value": boss["id"]}}
    bob = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: sent})
    full.delete(path_of(boss))
    found = full.get(path_of(bob)).json
    assert found[ENTERPRISE] == {"department": "D"}
    assert full.put(path_of(bob), found).json == found


@pytest.mark.requirement("E-07")
@pytest.mark.parametrize("path", ["/Users/x", "/Groups/x", "/Users/%20", "/Users/bob"])
def test_an_unknown_id_is_404(path: str, either: Scim) -> None:
    """A userName is no id."""
    either.user("bob")
    assert_error(either.delete(path), 404)
    assert either.names() == ["bob"]


@pytest.mark.requirement("E-07")
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Users/", "//Users"])
def test_a_list_cannot_be_deleted(path: str, either: Scim) -> None:
    """405 says what works there."""
    either.user("bob")
    response = either.delete(path)
    assert_error(response, 405)
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert either.names() == ["bob"]


@pytest.mark.requirement("E-01")
def test_a_body_of_a_deletion_is_not_looked_at(either: Scim) -> None:
    """Whatever it holds."""
    response = either("DELETE", path_of(either.user("bob")), b"\xff{", headers={"Content-Type": "text/plain"})
    assert response.status_code == 204
