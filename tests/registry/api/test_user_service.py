"""UserService."""

import pytest

from flask_bsr_scim.backends.base import Removal, Swap
from tests.client import user
from tests.registry.api.calling import World, flat, refusal

SERVICE = "UserService"


def test_a_user_is_read(world: World) -> None:
    """A user can be read by SCIM id and by handle; what is false is left out."""
    bob = world.user("bob.smith")
    by_id = world(f"{SERVICE}/GetUser", id=bob)
    assert by_id == world(f"{SERVICE}/GetUserByUsername", username="Bob-Smith")
    user = by_id["user"]
    assert set(user) == {"id", "username", "createTime", "updateTime", "userType"}
    assert (user["id"], user["username"], user["userType"]) == (bob, "bob-smith", "USER_TYPE_PERSONAL")


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("GetUser", {"id": "nobody"}),
        ("GetUser", {}),
        ("GetUserByUsername", {"username": "nobody"}),
        ("DeactivateUser", {"id": "nobody"}),
        ("UpdateUserServerRole", {"user_id": "nobody", "server_role": "SERVER_ROLE_ADMIN"}),
        ("ListOrganizationUsers", {"organization_id": "nowhere"}),
    ],
)
def test_who_is_not_there_is_not_found(world: World, method: str, fields: dict[str, str]) -> None:
    """Every call that names a user or organization says so when there is none."""
    assert world.code(f"{SERVICE}/{method}", **fields) == "not_found"


def test_deactivation_locks_a_user_out(world: World) -> None:
    """The user's token is gone at once and for good, the role is not in force, and SCIM sees it."""
    acme, bob = world.organization(), world.user("bob")
    world.place(acme, bob, "ADMIN")
    assert world(f"{SERVICE}/DeactivateUser", id=bob) == {}
    assert world(f"{SERVICE}/DeactivateUser", id=bob) == {}
    assert world(f"{SERVICE}/GetUser", id=bob)["user"]["deactivated"] is True
    assert world.scim.get(f"/Users/{bob}").json["active"] is False
    assert refusal(world.post(f"{SERVICE}/GetUser", b"{}", world.token_of("bob")))[0] == "unauthenticated"
    membership = {"organization_id": acme, "user_id": bob}
    assert world.code("OrganizationService/GetUserOrganization", **membership) == "not_found"
    world.scim.patch(f"/Users/{bob}", {"op": "replace", "path": "active", "value": True})
    assert world.code("OrganizationService/GetUserOrganization", **membership) == "ok"
    assert refusal(world.post(f"{SERVICE}/GetUser", b"{}", world.token_of("bob")))[0] == "unauthenticated"


def test_a_token_of_a_user_who_is_locked_out_is_refused(world: World) -> None:
    """A token that outlived its user's deactivation opens nothing."""
    bob = world.user("bob")
    locked_out = {"schemas": [], "id": bob, "userName": "bob@example.com", "active": False}
    world.service.backend.commit(world.tenant, [Swap("User", bob, locked_out)])
    assert refusal(world.post(f"{SERVICE}/GetUser", b"{}", world.token_of("bob")))[0] == "unauthenticated"


def test_the_server_role_is_changed(world: World) -> None:
    """An administrator makes others administrators, and takes that back."""
    bob = world.user("bob")
    for role, code in (("ADMIN", "ok"), ("MEMBER", "permission_denied")):
        fields = {"user_id": bob, "server_role": f"SERVER_ROLE_{role}"}
        assert world(f"{SERVICE}/UpdateUserServerRole", **fields) == {}
        assert world.code(f"{SERVICE}/CountUsers", "bob") == code
    assert world.code(f"{SERVICE}/UpdateUserServerRole", user_id=bob) == "invalid_argument"


@pytest.mark.parametrize(
    ("state", "names"),
    [("UNSPECIFIED", "ada bob carol"), ("ACTIVE", "ada carol"), ("DEACTIVATED", "bob")],
)
def test_users_are_listed_and_counted_by_state(world: World, state: str, names: str) -> None:
    """A filter by state holds for lists and counts alike; unspecified takes all."""
    bob, _ = world.user("bob"), world.user("carol")
    world(f"{SERVICE}/DeactivateUser", id=bob)
    chosen = {"user_state_filter": f"USER_STATE_{state}"}
    users = world(f"{SERVICE}/ListUsers", **chosen)["users"]
    assert sorted(user["username"] for user in users) == names.split()
    assert world(f"{SERVICE}/CountUsers", **chosen) == {"totalCount": len(users)}


def test_a_state_that_is_none_is_refused(world: World) -> None:
    """The number of no state, or of no type, chooses nobody by mistake."""
    assert world.code(f"{SERVICE}/CountUsers", user_state_filter=9) == "invalid_argument"
    for types in ([9], ["USER_TYPE_PERSONAL", 9]):
        code, message = world.refused(f"{SERVICE}/ListUsers", user_type_filters=types)
        assert (code, message) == ("invalid_argument", "user_type_filters: 9 is the number of no type.")


@pytest.mark.parametrize("number", [2**31, 2**32, -(2**31) - 1])
def test_a_number_that_no_enum_can_have_is_refused(world: World, number: int) -> None:
    """In whatever place; so is one above 32 bits in a field of its own."""
    for fields in ({"user_state_filter": number}, {"user_type_filters": [number]}, {"page_size": 2**32}):
        assert world.code(f"{SERVICE}/ListUsers", **fields) == "invalid_argument"
    assert world.code(f"{SERVICE}/CountUsers", user_state_filter=number) == "invalid_argument"
    fields = {"user_id": world.administrator.id, "server_role": number}
    assert world.code(f"{SERVICE}/UpdateUserServerRole", **fields) == "invalid_argument"


def test_a_field_has_one_value(world: World) -> None:
    """By both of its names it would have two, of which one is passed over."""
    assert world.code(f"{SERVICE}/ListUsers", pageSize=1, page_size=2) == "invalid_argument"
    assert world.code(f"{SERVICE}/ListUsers", pageSize=1, page_token="") == "ok"


@pytest.mark.parametrize(("types", "found"), [([], 1), (["PERSONAL", "MACHINE"], 1), (["MACHINE", "SYSTEM"], 0)])
def test_users_are_personal(world: World, types: list[str], found: int) -> None:
    """A filter by type finds the users of this registry under PERSONAL alone."""
    chosen = [f"USER_TYPE_{name}" for name in types]
    assert len(world(f"{SERVICE}/ListUsers", user_type_filters=chosen).get("users", ())) == found


@pytest.mark.parametrize("reverse", [False, True])
def test_users_are_listed_in_pages(world: World, reverse: bool) -> None:
    """The pages have no gap, and the reverse is exact."""
    for name in ("bob", "carol", "dave", "erin"):
        world.user(name)
    pages = world.pages(f"{SERVICE}/ListUsers", "users", lambda u: u["username"], page_size=2, reverse=reverse)
    found = ["bob", "carol", "dave", "erin", "ada"]
    assert [len(page) for page in pages if page] == [2, 2, 1]
    assert flat(pages) == (found[::-1] if reverse else found)


def test_members_are_listed_with_role_and_source(world: World) -> None:
    """Each active member comes once, with the highest role and its source."""
    acme = world.organization()
    bob, carol, dave = (world.user(name) for name in ("bob", "carol", "dave"))
    world.place(acme, bob, "MACHINE")
    world.scim.group("eng", bob, carol, dave)
    world("OrganizationService/AddOrganizationGroup", organization_id=acme, group_name="eng")
    world(f"{SERVICE}/DeactivateUser", id=dave)
    pages = world.pages(
        f"{SERVICE}/ListOrganizationUsers",
        "users",
        lambda m: (m["user"]["username"], m["organizationRole"][18:], m["organizationRoleSource"][25:]),
        organization_id=acme,
        page_size=2,
    )
    assert [len(page) for page in pages] == [2, 1]
    assert sorted(flat(pages)) == [
        ("ada", "OWNER", "DIRECT"),
        ("bob", "MACHINE", "DIRECT"),
        ("carol", "MEMBER", "IDP_GROUP"),
    ]


def test_a_user_without_an_owner_hides_nobody_else(world: World) -> None:
    """Users that were stored before there was a registry come into lists with their next change."""
    acme, bob, _ = world.organization(), world.user("bob"), world.user("carol")
    weather, eng = world.repository(), "eng"
    world.scim.group(eng, *(user["id"] for user in world.scim.get("/Users").json["Resources"]))
    world("OrganizationService/AddOrganizationGroup", organization_id=acme, group_name=eng)
    world("RepositoryService/AddRepositoryGroup", repository_id=weather, group_name=eng)
    world.service.backend.commit(world.tenant, [Removal("Owner", f"{bob}-owner")])
    lists = (
        (f"{SERVICE}/ListOrganizationUsers", {"organization_id": acme}),
        ("RepositoryService/ListRepositoryContributors", {"repository_id": weather}),
    )
    for method, fields in lists:
        pages = world.pages(method, "users", lambda each: each["user"]["username"], **fields, page_size=1)
        assert sorted(flat(pages)) == ["ada", "carol"]
    assert world.scim.put(f"/Users/{bob}", user("bob@example.com")).status_code == 200
    for method, fields in lists:
        assert len(world(method, **fields)["users"]) == 3
