"""RFC 7644 §3.4.1: reading one resource."""

import pytest

from tests.client import ENTERPRISE, USER, Scim, assert_error, group, path_of, user


@pytest.mark.requirement("R-01", "R-05", "R-06", "R-07")
def test_a_resource_is_read(either: Scim) -> None:
    """200 with the resource, its schemas and meta, and where it lies."""
    for made in (either.user(name={"givenName": "Bob"}), either.group()):
        response = either.get(path_of(made))
        assert response.status_code == 200
        assert response.json == made
        assert len(set(made["schemas"])) == len(made["schemas"]) > 0
        assert made["meta"].keys() == {"resourceType", "created", "lastModified", "location", "version"}
        assert response.headers["Content-Location"] == made["meta"]["location"]


@pytest.mark.requirement("R-02")
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
@pytest.mark.parametrize("unknown", ["x", "0", "01a20e8d-842a-7bd4-86a3-8c3cf9037700", "bob@example.com", "%", "é"])
def test_an_unknown_id_is_404(unknown: str, endpoint: str, either: Scim) -> None:
    """With a SCIM error that names type and id."""
    assert_error(either.get(f"{endpoint}/{unknown}"), 404, None, unknown)


@pytest.mark.requirement("R-03", "U-05")
def test_an_id_stays(either: Scim) -> None:
    """The same on every read and after every change."""
    bob = either.user()
    either.put(path_of(bob), user("robert", id="x"))
    either.patch(path_of(bob), {"op": "replace", "path": "active", "value": False})
    assert either.get(path_of(bob)).json["id"] == bob["id"]
    assert either.get("/Users").json["Resources"][0]["id"] == bob["id"]


@pytest.mark.requirement("R-04")
def test_an_id_is_exact(either: Scim) -> None:
    """In another letter case it is another one."""
    bob = either.user()
    for other in (bob["id"].upper(), f" {bob['id']}", f"{bob['id']} ", bob["id"][:-1], f"{bob['id']}\0"):
        assert other != bob["id"]
        assert_error(either.get(f"/Users/{other}"), 404)


@pytest.mark.requirement("R-15")
def test_an_id_of_another_type_is_404(either: Scim) -> None:
    """A user is no group, with any method."""
    bob, team = either.user(), either.group()
    for path, body in ((f"/Groups/{bob['id']}", group("x")), (f"/Users/{team['id']}", user("x"))):
        assert_error(either.get(path), 404)
        assert_error(either.put(path, body), 404)
        assert_error(either.patch(path, {"op": "remove", "path": "externalId"}), 404)
        assert_error(either.delete(path), 404)
    assert either.get(path_of(bob)).json == bob
    assert either.get(path_of(team)).json == team


@pytest.mark.requirement("R-08", "U-09", "X-23")
def test_a_password_is_in_no_answer(either: Scim) -> None:
    """Not at creation, not after a change, not when it is asked for."""
    bob = either.user(password="pass-word")
    path = path_of(bob)
    answers = [
        either.get(path),
        either.get(path, query={"attributes": "password,userName"}),
        either.get("/Users", query={"attributes": "password"}),
        either.put(path, user("bob", password="pass-word-2")),
        either.patch(path, {"op": "replace", "path": "password", "value": "pass-word-3"}),
        either.patch(path, {"op": "add", "value": {"password": "pass-word-4"}}),
        either.patch(path, {"op": "remove", "path": "password"}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 7
    assert not any("pass-word" in answer.text or '"password"' in answer.text for answer in answers)


@pytest.mark.requirement("R-09")
def test_what_has_no_value_is_left_out(either: Scim) -> None:
    """Neither null nor an empty list is shown."""
    for made in (either.user(name=None, emails=[]), either.group()):
        text = either.get(path_of(made)).text
        assert "null" not in text
        assert "[]" not in text
        assert "{}" not in text


@pytest.mark.requirement("R-10", "R-13")
def test_a_user_shows_its_groups(either: Scim) -> None:
    """Value, $ref, display and type follow from the groups; $ref leads there."""
    bob = either.user()
    team = either.group("Team", bob["id"])
    (shown,) = either.get(path_of(bob)).json["groups"]
    assert shown == {"value": team["id"], "$ref": team["meta"]["location"], "display": "Team", "type": "direct"}
    assert either.get(shown["$ref"].removeprefix("http://localhost/scim/v2")).json["id"] == team["id"]


@pytest.mark.requirement("R-11", "U-05", "X-10")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_groups_are_changed_as_groups_alone(method: str, either: Scim) -> None:
    """A user cannot leave or enter one by itself."""
    bob = either.user()
    team = either.group("Team", bob["id"])
    other = either.group("Other")
    before = either.get(path_of(bob)).json
    if method == "PUT":
        assert either.put(path_of(bob), {**before, "groups": [{"value": other["id"]}]}).status_code == 200
    else:
        wrong = {"op": "replace", "path": "groups", "value": [{"value": other["id"]}]}
        assert_error(either.patch(path_of(bob), wrong), 400, "mutability")
    assert either.get(path_of(bob)).json == before
    assert either.get(path_of(team)).json == team


@pytest.mark.requirement("R-12")
def test_groups_follow_the_groups(either: Scim) -> None:
    """After a renaming, a change of members and a deletion."""
    bob = either.user()
    team, other = either.group("Team", bob["id"]), either.group("Other")

    def names() -> list[str]:
        return sorted(shown["display"] for shown in either.get(path_of(bob)).json.get("groups", []))

    either.patch(path_of(team), {"op": "replace", "path": "displayName", "value": "Crew"})
    assert names() == ["Crew"]
    either.patch(path_of(other), {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    assert names() == ["Crew", "Other"]
    either.patch(path_of(team), {"op": "remove", "path": f'members[value eq "{bob["id"]}"]'})
    assert names() == ["Other"]
    either.delete(path_of(other))
    assert names() == []
    assert either.get(path_of(bob)).json == bob


@pytest.mark.requirement("R-13", "R-14")
def test_references_lead_to_members(either: Scim) -> None:
    """$ref of a member of either type is where it lies."""
    bob, inner = either.user(), either.group("Inner")
    outer = either.group("Outer", bob["id"], inner["id"])
    assert len(outer["members"]) == 2
    for member in outer["members"]:
        assert member.keys() == {"value", "$ref", "type"}
        found = either.get(member["$ref"].removeprefix("http://localhost/scim/v2")).json
        assert (found["id"], found["meta"]["resourceType"]) == (member["value"], member["type"])


@pytest.mark.requirement("R-13", "R-16")
def test_a_manager_is_a_reference(full: Scim) -> None:
    """Value and $ref of the manager, never its userName."""
    boss = full.user("boss")
    made = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    manager = full.get(path_of(made)).json[ENTERPRISE]["manager"]
    assert manager == {"value": boss["id"], "$ref": boss["meta"]["location"]}


@pytest.mark.requirement("T-25")
def test_groups_inside_groups_are_not_followed(either: Scim) -> None:
    """A cycle of groups is stored and harms nothing; groups of a user are the direct ones."""
    bob = either.user()
    one = either.group("One", bob["id"])
    two = either.group("Two", one["id"])
    cycle = [{"value": two["id"]}, {"value": one["id"]}]
    assert either.patch(path_of(one), {"op": "add", "path": "members", "value": cycle}).status_code == 200
    assert [shown["value"] for shown in either.get(path_of(bob)).json["groups"]] == [one["id"]]
    assert either.get("/Groups").json["totalResults"] == 2


@pytest.mark.requirement("R-17")
@pytest.mark.parametrize("path", ["", "/x"])
def test_head_is_get_without_its_body(path: str, either: Scim) -> None:
    """The headers are those of GET."""
    bob = either.user()
    path = path_of(bob) + path
    get, head = either.get(path), either("HEAD", path)
    assert head.status_code == get.status_code
    assert head.data == b""
    for name in ("ETag", "Content-Location", "Content-Type", "Content-Length"):
        assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.requirement("R-18")
@pytest.mark.parametrize(
    "query", ["x=y", "aad=1", "sortBy=userName", "count=0", "startIndex=x", "&&", "=", "a&b=c=d", "%", "filtered=1"]
)
def test_other_parameters_are_ignored(query: str, either: Scim) -> None:
    """A parameter that means nothing here changes nothing."""
    bob = either.user()
    assert either.get(path_of(bob), query=query).json == bob


@pytest.mark.requirement("F-33")
def test_a_filter_on_one_resource_is_refused(either: Scim) -> None:
    """It could be taken for a condition, which it is not."""
    bob = either.user()
    assert_error(either.get(path_of(bob), query={"filter": 'userName eq "x"'}), 400, "invalidFilter", "/Users")


@pytest.mark.requirement("A-01", "A-02", "A-03", "A-04", "A-05", "A-07", "A-08", "A-10", "A-11")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param({"attributes": "userName"}, {"schemas", "id", "userName"}, id="A-01 one"),
        pytest.param({"attributes": "USERNAME , Name"}, {"schemas", "id", "userName", "name"}, id="A-08 case, blanks"),
        pytest.param({"attributes": "meta"}, {"schemas", "id", "meta"}, id="A-02 meta is not in the minimum"),
        pytest.param({"attributes": f"{USER}:active"}, {"schemas", "id", "active"}, id="A-07 with its URN"),
        pytest.param({"attributes": "x,y.z"}, {"schemas", "id"}, id="A-11 unknown ones"),
        pytest.param({"attributes": "password"}, {"schemas", "id"}, id="A-10 never"),
        pytest.param({"attributes": ""}, {"schemas", "id", "userName", "name", "active", "groups", "meta"}, id="empty"),
        pytest.param({"excludedAttributes": "groups,meta"}, {"schemas", "id", "userName", "name", "active"}, id="A-04"),
        pytest.param(
            {"excludedAttributes": "id,schemas"},
            {"schemas", "id", "userName", "name", "active", "groups", "meta"},
            id="A-03 not the minimum",
        ),
        pytest.param(
            {"attributes": "userName", "excludedAttributes": ""}, {"schemas", "id", "userName"}, id="A-05 one is empty"
        ),
    ],
)
def test_the_answer_holds_what_was_asked_for(query: dict[str, str], shown: set[str], either: Scim) -> None:
    """Projection chooses attributes; the minimum, id and schemas, stays."""
    bob = either.user(name={"givenName": "Bob"})
    either.group("Team", bob["id"])
    assert either.get(path_of(bob), query=query).json.keys() == shown


@pytest.mark.requirement("A-06")
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"attributes": "name.familyName"}, {"familyName": "Example"}),
        ({"attributes": "name.familyName,name"}, {"familyName": "Example", "givenName": "Bob"}),
        ({"excludedAttributes": "name.familyName"}, {"givenName": "Bob"}),
        ({"excludedAttributes": f"{USER}:name.givenName"}, {"familyName": "Example"}),
    ],
)
def test_parts_can_be_chosen(query: dict[str, str], name: dict[str, str], either: Scim) -> None:
    """A parent then holds the chosen parts alone."""
    bob = either.user(name={"givenName": "Bob", "familyName": "Example"})
    assert either.get(path_of(bob), query=query).json["name"] == name


@pytest.mark.requirement("A-05")
def test_both_parameters_exclude_each_other(either: Scim) -> None:
    """400 `invalidValue`, on one resource and on lists."""
    bob = either.user()
    query = {"attributes": "userName", "excludedAttributes": "meta"}
    for path in (path_of(bob), "/Users"):
        assert_error(either.get(path, query=query), 400, "invalidValue", "excludedAttributes")


@pytest.mark.requirement("A-01", "A-04")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"excludedAttributes": "members"}, {"schemas", "id", "displayName", "meta"}),
        ({"attributes": "members.value"}, {"schemas", "id", "members"}),
        ({"attributes": "displayName"}, {"schemas", "id", "displayName"}),
    ],
)
def test_members_can_be_left_out(query: dict[str, str], shown: set[str], either: Scim) -> None:
    """Entra asks for groups without their members."""
    team = either.group("Team", either.user()["id"])
    for answer in (
        either.get(path_of(team), query=query).json,
        either.get("/Groups", query=query).json["Resources"][0],
    ):
        assert answer.keys() == shown


@pytest.mark.requirement("A-07")
@pytest.mark.parametrize("name", [ENTERPRISE, f"{ENTERPRISE}:department", f"{ENTERPRISE.upper()}:Department"])
def test_an_extension_can_be_chosen(name: str, full: Scim) -> None:
    """By its URN, or an attribute of it by URN and name."""
    made = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": "D"}})
    assert full.get(path_of(made), query={"attributes": name}).json == {
        "schemas": [USER, ENTERPRISE],
        "id": made["id"],
        ENTERPRISE: {"department": "D"},
    }
    assert ENTERPRISE not in full.get(path_of(made), query={"excludedAttributes": name}).json
