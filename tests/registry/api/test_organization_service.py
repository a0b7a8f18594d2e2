"""OrganizationService."""

from typing import Any

import pytest

from tests.registry.api.calling import World, flat

SERVICE = "OrganizationService"


@pytest.fixture
def acme(world: World) -> str:
    """The id of an organization that the administrator owns."""
    return world.organization("acme")


def role_of(world: World, organization_id: str, user_id: str) -> str | None:
    """Return the effective role of a user in an organization."""
    fields = {"organization_id": organization_id, "user_id": user_id}
    if world.code(f"{SERVICE}/GetUserOrganization", **fields) == "not_found":
        return None
    membership = world(f"{SERVICE}/GetUserOrganization", **fields)["organizationMembership"]
    assert membership["organization"]["id"] == organization_id
    return str(membership["organizationRole"]).removeprefix("ORGANIZATION_ROLE_")


def test_an_organization_is_made_and_read(world: World, acme: str) -> None:
    """What is made can be read by id and, in any letter case, by name; its owner is who made it."""
    by_id = world(f"{SERVICE}/GetOrganization", id=acme)
    assert by_id == world(f"{SERVICE}/GetOrganizationByName", name="ACME")
    organization = by_id["organization"]
    assert set(organization) == {"id", "name", "createTime", "updateTime"}
    assert (organization["id"], organization["name"]) == (acme, "acme")
    assert role_of(world, acme, world.administrator.id) == "OWNER"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        pytest.param("acme", "already_exists", id="an organization's"),
        pytest.param("ada", "already_exists", id="a user's"),
        pytest.param("", "invalid_argument", id="empty"),
        pytest.param("a b", "invalid_argument", id="blank"),
        pytest.param("admin", "invalid_argument", id="reserved"),
    ],
)
def test_a_name_that_cannot_be_given_is_refused(world: World, acme: str, name: str, code: str) -> None:
    """Names are those of handles, and nobody else's."""
    assert world.code(f"{SERVICE}/CreateOrganization", name=name) == code


@pytest.mark.parametrize("by", ["id", "name"])
def test_an_organization_is_deleted(world: World, acme: str, by: str) -> None:
    """A deleted organization is there no more, and cannot be deleted twice."""
    method, fields = (
        ("DeleteOrganization", {"id": acme}) if by == "id" else ("DeleteOrganizationByName", {"name": "acme"})
    )
    assert world(f"{SERVICE}/{method}", **fields) == {}
    assert world.code(f"{SERVICE}/{method}", **fields) == "not_found"
    assert world.code(f"{SERVICE}/GetOrganization", id=acme) == "not_found"


@pytest.mark.parametrize("reverse", [False, True])
def test_organizations_are_listed_in_pages(world: World, reverse: bool) -> None:
    """The order is that of creation, or the exact reverse; the pages have no gap."""
    ids = [world.organization(f"org{number}") for number in range(5)]
    pages = world.pages(
        f"{SERVICE}/ListOrganizations", "organizations", lambda o: o["id"], page_size=2, reverse=reverse
    )
    assert [len(page) for page in pages] == [2, 2, 1]
    assert flat(pages) == (ids[::-1] if reverse else ids)


@pytest.mark.parametrize("reverse", [False, True])
def test_the_organizations_of_a_user_are_listed_in_pages(world: World, reverse: bool) -> None:
    """Each comes with the user's role there; the others do not come."""
    bob = world.user("bob")
    ids = [world.organization(f"org{number}") for number in range(4)]
    for organization in ids[:3]:
        world.place(organization, bob, "MACHINE")
    fields = {"user_id": bob, "page_size": 2, "reverse": reverse}
    pages = world.pages(f"{SERVICE}/ListUserOrganizations", "organizations", lambda m: m, **fields)
    assert [len(page) for page in pages] == [2, 1]
    assert [m["organization"]["id"] for m in flat(pages)] == (ids[2::-1] if reverse else ids[:3])
    assert {m["organizationRole"] for m in flat(pages)} == {"ORGANIZATION_ROLE_MACHINE"}


def test_a_member_is_added_changed_and_removed(world: World, acme: str) -> None:
    """Each of the calls for direct roles does what its name says, and refuses what is not as it expects."""
    bob = world.user("bob")

    def change(call: str, role: str | None = None) -> str:
        fields: dict[str, Any] = {"organization_id": acme, "user_id": bob}
        if role:
            fields["organization_role"] = f"ORGANIZATION_ROLE_{role}"
        return world.code(f"{SERVICE}/{call}", **fields)

    steps = [
        ("UpdateOrganizationMember", "ADMIN", "not_found", None),
        ("RemoveOrganizationMember", None, "not_found", None),
        ("AddOrganizationMember", None, "invalid_argument", None),
        ("AddOrganizationMember", "MEMBER", "ok", "MEMBER"),
        ("AddOrganizationMember", "MEMBER", "ok", "MEMBER"),
        ("AddOrganizationMember", "ADMIN", "already_exists", "MEMBER"),
        ("UpdateOrganizationMember", "ADMIN", "ok", "ADMIN"),
        ("UpdateOrganizationMember", None, "invalid_argument", "ADMIN"),
        ("SetOrganizationMember", "MACHINE", "ok", "MACHINE"),
        ("SetOrganizationMember", None, "ok", None),
        ("SetOrganizationMember", "OWNER", "ok", "OWNER"),
        ("RemoveOrganizationMember", None, "ok", None),
    ]
    for call, role, code, then in steps:
        assert (change(call, role), role_of(world, acme, bob)) == (code, then), (call, role)


@pytest.mark.parametrize("call", ["RemoveOrganizationMember", "SetOrganizationMember", "UpdateOrganizationMember"])
def test_the_last_owner_stays(world: World, acme: str, call: str) -> None:
    """Nobody can leave an organization without an owner."""
    fields: dict[str, Any] = {"organization_id": acme, "user_id": world.administrator.id}
    if call == "UpdateOrganizationMember":
        fields["organization_role"] = "ORGANIZATION_ROLE_ADMIN"
    code, message = world.refused(f"{SERVICE}/{call}", **fields)
    assert code == "failed_precondition"
    assert "last owner" in message


def test_settings_tell_members_groups_and_base_role(world: World, acme: str) -> None:
    """Members count once, whatever their roles come from; unset values are left out."""
    assert world(f"{SERVICE}/GetOrganizationSettings", organization_id=acme) == {"membersCount": 1}
    bob = world.user("bob")
    world.scim.group("eng", bob, world.user("carol"))
    world.place(acme, bob, "MEMBER")
    for group in ("eng", "ops"):
        world(f"{SERVICE}/AddOrganizationGroup", organization_id=acme, group_name=group)
    update = {"organization_id": acme, "repository_base_role": "REPOSITORY_ROLE_LIMITED_WRITE"}
    assert world(f"{SERVICE}/UpdateOrganizationSettings", **update) == {}
    assert world(f"{SERVICE}/UpdateOrganizationSettings", organization_id=acme) == {}
    assert world(f"{SERVICE}/GetOrganizationSettings", organization_id=acme) == {
        "repositoryBaseRole": "REPOSITORY_ROLE_LIMITED_WRITE",
        "membersCount": 3,
        "idpGroups": ["eng", "ops"],
    }


def test_a_group_is_mapped_changed_and_unmapped(world: World, acme: str) -> None:
    """A mapped group's members are members, or what the override says; unmapping takes them out at once."""
    bob = world.user("bob")
    world.scim.group("eng", bob)

    def change(call: str, **fields: str) -> str:
        return world.code(f"{SERVICE}/{call}", organization_id=acme, group_name="eng", **fields)

    admin = {"role_override": "ORGANIZATION_ROLE_ADMIN"}
    steps: list[tuple[str, dict[str, str], str, str | None]] = [
        ("UpdateOrganizationGroup", admin, "not_found", None),
        ("RemoveOrganizationGroup", {}, "not_found", None),
        ("AddOrganizationGroup", {}, "ok", "MEMBER"),
        ("AddOrganizationGroup", {}, "ok", "MEMBER"),
        ("UpdateOrganizationGroup", admin, "ok", "ADMIN"),
        ("UpdateOrganizationGroup", {"role_override": "ORGANIZATION_ROLE_UNSPECIFIED"}, "ok", "MEMBER"),
        ("AddOrganizationGroup", {"roleOverride": "ORGANIZATION_ROLE_OWNER"}, "ok", "OWNER"),
        ("UpdateOrganizationGroup", {}, "ok", "MEMBER"),
        ("RemoveOrganizationGroup", {}, "ok", None),
    ]
    for call, fields, code, then in steps:
        assert (change(call, **fields), role_of(world, acme, bob)) == (code, then), (call, fields)


@pytest.mark.parametrize("name", ["", " ", "x" * 4097])
def test_a_group_needs_a_name(world: World, acme: str, name: str) -> None:
    """What no group can be called cannot be mapped."""
    fields = {"organization_id": acme, "group_name": name}
    assert world.code(f"{SERVICE}/AddOrganizationGroup", **fields) == "invalid_argument"


def test_numbers_of_roles_that_are_none_are_refused(world: World, acme: str) -> None:
    """A role may be given by its number, and only by that of one."""
    fields = {"organization_id": acme, "group_name": "eng"}
    assert world.code(f"{SERVICE}/AddOrganizationGroup", **fields, role_override=2) == "ok"
    assert world.code(f"{SERVICE}/AddOrganizationGroup", **fields, role_override=99) == "invalid_argument"


NOWHERE: list[tuple[str, dict[str, Any]]] = [
    ("GetOrganization", {"id": "nowhere"}),
    ("GetOrganizationByName", {"name": "nowhere"}),
    ("GetOrganizationByName", {"name": "ada"}),
    ("GetUserOrganization", {"organization_id": "nowhere", "user_id": "nobody"}),
    ("ListUserOrganizations", {"user_id": "nobody"}),
    ("DeleteOrganization", {"id": "nowhere"}),
    ("DeleteOrganizationByName", {"name": "nowhere"}),
    ("AddOrganizationMember", {"organization_id": "nowhere", "organization_role": "ORGANIZATION_ROLE_MEMBER"}),
    ("UpdateOrganizationMember", {"organization_id": "nowhere", "organization_role": "ORGANIZATION_ROLE_MEMBER"}),
    ("RemoveOrganizationMember", {"organization_id": "nowhere"}),
    ("SetOrganizationMember", {"organization_id": "nowhere"}),
    ("GetOrganizationSettings", {"organization_id": "nowhere"}),
    ("UpdateOrganizationSettings", {"organization_id": "nowhere", "repository_base_role": "REPOSITORY_ROLE_READ"}),
    ("AddOrganizationGroup", {"organization_id": "nowhere", "group_name": "eng"}),
    ("UpdateOrganizationGroup", {"organization_id": "nowhere", "group_name": "eng"}),
    ("RemoveOrganizationGroup", {"organization_id": "nowhere", "group_name": "eng"}),
]


@pytest.mark.parametrize(("method", "fields"), NOWHERE, ids=[f"{m}-{'-'.join(f)}" for m, f in NOWHERE])
def test_what_is_not_there_is_not_found(world: World, method: str, fields: dict[str, Any]) -> None:
    """Every call that names an organization or user says so when there is none."""
    assert world.code(f"{SERVICE}/{method}", **fields) == "not_found"


def test_a_user_who_is_not_there_becomes_no_member(world: World, acme: str) -> None:
    """A direct role needs a user."""
    fields = {"organization_id": acme, "user_id": "nobody", "organization_role": "ORGANIZATION_ROLE_MEMBER"}
    assert world.code(f"{SERVICE}/AddOrganizationMember", **fields) == "not_found"
    assert world.code(f"{SERVICE}/SetOrganizationMember", **fields) == "not_found"
    assert world.code(f"{SERVICE}/SetOrganizationMember", organization_id=acme, user_id="nobody") == "not_found"
