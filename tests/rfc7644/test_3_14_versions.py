"""RFC 7644 §3.14: versions, ETag, If-Match and If-None-Match."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from flask_bsr_scim.schema import Document
from tests.client import PATCH, USER, Scim, assert_error, group, path_of, user

CHANGE: Document = {"op": "replace", "path": "externalId", "value": "changed"}


def write(scim: Scim, method: str, path: str, tag: str | None, header: str = "If-Match") -> int:
    """Try to change or delete a resource under a condition; return the status."""
    body = {**user("changed"), "schemas": [USER, PATCH], "Operations": [CHANGE]}
    return scim(method, path, body, headers={header: tag}).status_code


@pytest.mark.requirement("V-01", "V-02", "V-03")
def test_every_answer_with_one_resource_has_its_tag(either: Scim) -> None:
    """Weak, and the same in meta.version."""
    created = either.post("/Users", user("bob"))
    path = path_of(created.json)
    for response in (created, either.get(path), either.put(path, user("rob")), either.patch(path, CHANGE)):
        assert response.headers["ETag"] == response.json["meta"]["version"]
        assert re.fullmatch(r'W/"[^"]+"', response.headers["ETag"])
    team = either.group("Team", created.json["id"])
    for response in (either.get(path_of(team)), either.get(path)):
        assert response.headers["ETag"] == response.json["meta"]["version"]


@pytest.mark.requirement("X-06", "V-01")
def test_a_large_group_answers_with_its_tag(make_scim: Callable[..., Scim]) -> None:
    """204 has the new tag."""
    scim = make_scim(patch_body_members=0)
    team = scim.group("Team", scim.user("bob")["id"])
    response = scim.patch(path_of(team), CHANGE)
    assert response.status_code == 204
    assert response.headers["ETag"] == scim.get(path_of(team)).headers["ETag"] != team["meta"]["version"]


@pytest.mark.requirement("U-12", "XA-07", "V-04")
def test_the_version_follows_changes_alone(either: Scim) -> None:
    """A change that changes nothing keeps it, and so do reads."""
    bob = either.user("bob", externalId="1")
    path, version = path_of(bob), bob["meta"]["version"]
    same = {"op": "replace", "path": "externalId", "value": "1"}
    for unchanged in (
        either.get(path),
        either.put(path, bob),
        either.patch(path, same),
        either.patch(path, {"op": "remove", "path": "name"}),
        either.patch(path, CHANGE, same),
    ):
        assert unchanged.json["meta"] == bob["meta"]
    seen = {version}
    for changed in (either.put(path, user("rob")), either.patch(path, CHANGE), either.patch(path, same)):
        seen.add(changed.json["meta"]["version"])
    assert len(seen) == 4


@pytest.mark.requirement("V-04")
def test_the_version_of_a_group_follows_its_members(either: Scim) -> None:
    """Who comes and who goes changes it; who is there already does not."""
    bob = either.user("bob")
    team = either.group("Team")
    add = {"op": "add", "path": "members", "value": [{"value": bob["id"]}]}
    remove = {"op": "remove", "path": f'members[value eq "{bob["id"]}"]'}
    versions = [team["meta"]["version"]]
    for operation in (add, add, remove, remove):
        versions.append(either.patch(path_of(team), operation).json["meta"]["version"])
    assert versions[1] == versions[2] != versions[0]
    assert versions[3] == versions[4] not in versions[:3]


@pytest.mark.requirement("V-05", "V-06", "W-07")
@pytest.mark.parametrize(
    ("tag", "status"),
    [
        pytest.param("{}", 304, id="V-05 the tag"),
        pytest.param("*", 304, id="V-05 any"),
        pytest.param('W/"x", {}', 304, id="V-05 in a list"),
        pytest.param('"x",{}  ,"y"', 304, id="V-05 in a list with blanks"),
        pytest.param('W/"x"', 200, id="V-06 another tag"),
        pytest.param('W/"x", "y"', 200, id="V-06 other tags"),
        pytest.param("", 200, id="V-06 empty"),
        pytest.param("garbage", 200, id="V-06 garbage"),
        pytest.param(None, 200, id="no header"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_known_resource_is_not_sent_again(method: str, tag: str | None, status: int, either: Scim) -> None:
    """304 has the tag and no body."""
    for made in (either.user("bob"), either.group("Team")):
        headers = {"If-None-Match": tag and tag.format(made["meta"]["version"])}
        response = either(method, path_of(made), headers=headers)
        assert response.status_code == status
        assert response.headers["ETag"] == made["meta"]["version"]


@pytest.mark.requirement("V-05")
def test_an_answer_with_groups_is_always_sent(either: Scim) -> None:
    """Groups are no part of a user's version, so they could have changed; without them 304 works."""
    bob = either.user("bob")
    either.group("Team", bob["id"])
    shown = either.get(path_of(bob))
    for tag in (shown.headers["ETag"], "*", bob["meta"]["version"]):
        response = either.get(path_of(bob), headers={"If-None-Match": tag})
        assert response.status_code == 200
        assert response.json == shown.json
    without = either.get(path_of(bob), query={"excludedAttributes": "groups"})
    again = {"If-None-Match": without.headers["ETag"]}
    assert either.get(path_of(bob), query={"excludedAttributes": "groups"}, headers=again).status_code == 304


@pytest.mark.requirement("V-05")
def test_a_user_that_left_its_groups_is_sent(either: Scim) -> None:
    """The tag of an answer with groups does not confirm one without."""
    bob = either.user("bob")
    team = either.group("Team", bob["id"])
    tag = either.get(path_of(bob)).headers["ETag"]
    either.delete(path_of(team))
    response = either.get(path_of(bob), headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert response.json == bob


@pytest.mark.requirement("V-07", "V-08", "V-09")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("tag", "matches"),
    [
        pytest.param("{}", True, id="V-08 the tag"),
        pytest.param("*", True, id="V-08 any"),
        pytest.param('W/"x", {}', True, id="V-08 in a list"),
        pytest.param('W/"x"', False, id="V-07 another tag"),
        pytest.param('W/"2"', False, id="V-07 a later tag"),
        pytest.param('"x", "y"', False, id="V-07 other tags"),
    ],
)
def test_a_write_can_have_a_condition(tag: str, matches: bool, method: str, either: Scim) -> None:
    """412 changes nothing; weak tags count."""
    bob = either.user("bob")
    status = write(either, method, path_of(bob), tag.format(bob["meta"]["version"]))
    assert status == ({"DELETE": 204}.get(method, 200) if matches else 412)
    if not matches:
        assert either.get(path_of(bob)).json == bob


@pytest.mark.requirement("V-07")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_an_old_tag_does_not_match(method: str, either: Scim) -> None:
    """The version that was read is no longer the present one; the answer says what to do."""
    bob = either.user("bob")
    changed = either.put(path_of(bob), user("rob")).json
    body = {**user("x"), "schemas": [USER, PATCH], "Operations": [CHANGE]}
    response = either(method, path_of(bob), body, headers={"If-Match": bob["meta"]["version"]})
    assert_error(response, 412, None, "Read it again")
    assert either.get(path_of(bob)).json == changed


@pytest.mark.requirement("V-07")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_condition_comes_before_the_body(method: str, either: Scim) -> None:
    """412 also when the body would be refused, since it was made for another version."""
    bob = either.user("bob")
    headers = {"If-Match": 'W/"x"'}
    assert either(method, path_of(bob), {"schemas": []}, headers=headers).status_code == 412


@pytest.mark.requirement("V-08")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_tag_with_groups_is_a_version_too(method: str, either: Scim) -> None:
    """What a client read is what it can send back."""
    bob = either.user("bob")
    either.group("Team", bob["id"])
    tag = either.get(path_of(bob)).headers["ETag"]
    assert write(either, method, path_of(bob), tag) in (200, 204)


@pytest.mark.requirement("V-14")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(("tag", "status"), [("{}", 412), ("*", 412), ('W/"x"', 200)])
def test_a_write_can_be_of_other_versions_alone(tag: str, status: int, method: str, either: Scim) -> None:
    """If-None-Match that names the present version is 412, as RFC 9110 has it."""
    bob = either.user("bob")
    found = write(either, method, path_of(bob), tag.format(bob["meta"]["version"]), "If-None-Match")
    assert found == (204 if status == 200 and method == "DELETE" else status)


@pytest.mark.requirement("V-07")
def test_a_condition_on_a_group_counts_its_members(either: Scim) -> None:
    """A push of members that was made for another version is refused."""
    bob = either.user("bob")
    team = either.group("Team")
    either.patch(path_of(team), {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    headers = {"If-Match": team["meta"]["version"]}
    assert either.put(path_of(team), group("Team"), headers=headers).status_code == 412
    assert either.patch(path_of(team), {"op": "remove", "path": "members"}, headers=headers).status_code == 412
    assert len(either.get(path_of(team)).json["members"]) == 1


@pytest.mark.requirement("V-10")
def test_one_of_many_with_one_tag_succeeds(scim: Scim) -> None:
    """The others get 412, and nothing of theirs is stored."""
    bob = scim.user("bob")
    tag = {"If-Match": bob["meta"]["version"]}

    def change(number: int) -> int:
        operation = {"op": "replace", "path": "externalId", "value": str(number)}
        return Scim(scim.app, token=scim.token).patch(path_of(bob), operation, headers=tag).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, range(16)))
    assert sorted(statuses) == [200] + [412] * 15
    assert scim.get(path_of(bob)).json["externalId"] == str(statuses.index(200))


@pytest.mark.requirement("G-04")
def test_none_of_many_without_a_tag_is_lost(scim: Scim) -> None:
    """Member changes from all sides stay, and no client is refused."""
    users = [scim.user(f"u{number}")["id"] for number in range(16)]
    team = scim.group("Team")

    def add(member: str) -> int:
        operation = {"op": "add", "path": "members", "value": [{"value": member}]}
        return Scim(scim.app, token=scim.token).patch(path_of(team), operation).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(add, users)) == [200] * 16
    assert {member["value"] for member in scim.get(path_of(team)).json["members"]} == set(users)


@pytest.mark.requirement("G-03")
def test_one_of_many_with_one_name_is_created(scim: Scim) -> None:
    """Whatever the letter case, the others get 409."""

    def create(number: int) -> int:
        name = "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("bobs"))
        return Scim(scim.app, token=scim.token).post("/Users", user(name)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(create, range(16))) == [201] + [409] * 15
    assert len(scim.names()) == 1


@pytest.mark.requirement("V-13")
@pytest.mark.parametrize("path", ["/scim/v1/Users", "/scim/v3/Users", "/scim/Users", "/scim/v2.0/Users", "/v2/Users"])
def test_another_version_of_the_protocol_is_refused(path: str, scim: Scim) -> None:
    """The path names the version, and there is one."""
    headers = {"Authorization": f"Bearer {scim.token}"}
    assert scim.app.test_client().get(path, headers=headers).status_code == 404
