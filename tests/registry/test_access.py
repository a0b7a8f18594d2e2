"""Effective roles: from whichever source, the highest first, at the time of asking."""

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from flask_bsr_scim.backends.base import Insert, Removal
from flask_bsr_scim.backends.sqlite import backend as sqlite_module
from flask_bsr_scim.backends.sqlite import reader
from flask_bsr_scim.registry.model import (
    HeldRole,
    Organization,
    OrganizationRole,
    Repository,
    RepositoryRole,
    RoleSource,
)
from tests.registry.world import TENANT, World, open_store

ROLE = OrganizationRole


@pytest.fixture
def acme(world: World) -> Organization:
    """An organization of nobody, in a registry of four users."""
    world.users("ana", "ben", "cleo", "dan")
    return world.organization()


@pytest.fixture
def protos(world: World, acme: Organization) -> Repository:
    """A repository of nobody."""
    return world.repository(acme)


def test_who_has_no_role(world: World, acme: Organization, protos: Repository) -> None:
    """Neither strangers nor nobody have one."""
    for user in ("ana", "nobody", ""):
        assert world.access.roles(user, acme) == []
        assert world.access.role(user, protos) is None
        assert world.access.organizations_of(user) == []


def test_all_roles_are_kept_and_the_highest_counts(world: World, acme: Organization) -> None:
    """A role is told with its source and group; equal ones direct first, then of a sign-in, then by groups' names."""
    for group, role in (("Ops", None), ("Dev", None), ("Leads", ROLE.ADMIN), ("Bots", ROLE.MACHINE)):
        world.push(group, "ana")
        world.mappings.add(acme.id, group, role)
    world.push("All", "ana", type_name="SignInGroup")
    world.mappings.add(acme.id, "All")
    world.organizations.add_member(acme.id, "ana", ROLE.MEMBER)
    world.join("ana", acme)
    assert world.roles("ana", acme) == [
        "ADMIN IDP_GROUP Leads",
        "MACHINE IDP_GROUP Bots",
        "MEMBER DIRECT",
        "MEMBER JIT",
        "MEMBER IDP_GROUP All",
        "MEMBER IDP_GROUP Dev",
        "MEMBER IDP_GROUP Ops",
    ]
    assert world.access.role("ana", acme) == HeldRole(ROLE.ADMIN, RoleSource.IDP_GROUP, "Leads")


@pytest.mark.parametrize("low", RepositoryRole)
@pytest.mark.parametrize("high", RepositoryRole)
def test_the_order_of_roles(world: World, protos: Repository, low: RepositoryRole, high: RepositoryRole) -> None:
    """Of two roles in a repository the higher one counts, whichever source it is from."""
    world.repositories.set_contributor(protos.id, "ana", low)
    world.join("ana", protos, high.name)
    assert world.roles("ana", protos)[0].split()[0] == max(low, high).name


def test_pushed_groups_and_those_of_sign_ins_both_count(world: World, acme: Organization) -> None:
    """A mapping gives its role to the members of both, to who is in both once."""
    world.mappings.add(acme.id, "Eng")
    world.push("Eng", "ana", "ben")
    world.push("Eng", "ben", "cleo", type_name="SignInGroup")
    assert world.listed(acme) == {user: ["MEMBER IDP_GROUP Eng"] for user in ("ana", "ben", "cleo")}
    world.delete("Eng")
    assert world.listed(acme) == {user: ["MEMBER IDP_GROUP Eng"] for user in ("ben", "cleo")}


def test_groups_give_their_members_nothing_elsewhere(world: World, acme: Organization, protos: Repository) -> None:
    """A role in one target is none in another, of whatever kind."""
    other = world.organization("other")
    world.push("Eng", "ana")
    world.mappings.add(acme.id, "Eng", ROLE.OWNER)
    assert world.roles("ana", other) == []
    assert world.roles("ana", protos) == []
    world.mappings.add(protos.id, "Eng")
    assert world.roles("ana", protos) == ["READ IDP_GROUP Eng"]


def test_groups_in_groups_give_nothing(world: World, acme: Organization) -> None:
    """Nested groups have no role, nor have their members; they are neither listed nor counted."""
    world.push("Inner", "ana")
    world.push("Eng", "Group-Inner", "ben")
    world.mappings.add(acme.id, "Eng")
    assert world.roles("ana", acme) == []
    assert world.listed(acme) == {"ben": ["MEMBER IDP_GROUP Eng"]}


def test_inactive_users_have_no_role(world: World, acme: Organization) -> None:
    """Who is locked out has no role from any source, and all of them again afterwards."""
    world.push("Eng", "ana", "ben")
    world.mappings.add(acme.id, "Eng")
    world.organizations.add_member(acme.id, "ana", ROLE.ADMIN)
    before = world.roles("ana", acme)
    world.set_active("ana", False)
    assert world.roles("ana", acme) == []
    assert world.access.organizations_of("ana") == []
    assert set(world.listed(acme)) == {"ben"}
    world.set_active("ana", True)
    assert world.roles("ana", acme) == before == ["ADMIN DIRECT", "MEMBER IDP_GROUP Eng"]


def test_inactive_outsiders_have_no_role(world: World, acme: Organization) -> None:
    """The same holds of users whom SCIM does not show."""
    for name, active in (("in", True), ("out", False)):
        world.outsider(name, active)
        world.organizations.add_member(acme.id, name, ROLE.ADMIN)
    assert world.listed(acme) == {"in": ["ADMIN DIRECT"]}
    assert world.roles("out", acme) == []


def test_a_user_who_does_not_say_is_active(world: World, acme: Organization) -> None:
    """`active` may be missing, and then means true."""
    user = {"schemas": [], "id": "eve", "userName": "eve"}
    world.backend.commit(TENANT, [Insert("User", "eve", user)])
    world.organizations.add_member(acme.id, "eve", ROLE.MEMBER)
    assert world.listed(acme) == {"eve": ["MEMBER DIRECT"]}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 100])
def test_pages_of_members(world: World, acme: Organization, count: int, reverse: bool) -> None:
    """Pages have each member once, by id, or in exact reverse; none comes after the last."""
    world.users("eve")
    world.push("Inner")
    world.push("Eng", "ana", "ben", "Group-Inner", "eve")
    world.push("Ops", "ben", "dan", "eve")
    for group in ("Eng", "Ops"):
        world.mappings.add(acme.id, group)
    world.organizations.add_member(acme.id, "cleo", ROLE.ADMIN)
    world.set_active("eve", False)
    found: list[str] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        members, after = world.access.members(acme, after, count, reverse)
        found += [member.user_id for member in members]
        pages += 1
    expected = ["ana", "ben", "cleo", "dan"]
    assert found == (expected[::-1] if reverse else expected)
    assert pages == -(-4 // count)


def test_a_page_of_nothing(world: World, acme: Organization) -> None:
    """A page for nobody is empty, and ends the list."""
    world.organizations.add_member(acme.id, "ana", ROLE.ADMIN)
    assert world.access.members(acme, None, 0) == ([], None)


def test_who_leaves_while_a_page_is_read(world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no role any more when the roles are read is not listed."""
    for user in ("ana", "ben"):
        world.organizations.add_member(acme.id, user, ROLE.ADMIN)
    groups_of = world.backend.groups_of

    def later(tenant: str, ids: list[str]) -> object:
        if len(ids) > 1:
            world.organizations.remove_member(acme.id, "ana")
        return groups_of(tenant, ids)

    monkeypatch.setattr(world.backend, "groups_of", later)
    members, _ = world.access.members(acme)
    assert [member.user_id for member in members] == ["ben"]


def test_the_organizations_of_a_user(world: World, acme: Organization, protos: Repository) -> None:
    """All organizations in which a user has a role are told with the effective one, in the order of creation."""
    others = [world.organization(name) for name in ("zeta", "beta", "none")]
    world.repositories.set_contributor(protos.id, "ana", RepositoryRole.ADMIN)
    world.organizations.add_member(acme.id, "ana", ROLE.MEMBER)
    world.join("ana", others[1])
    world.push("Eng", "ana")
    world.push("Lead", "ana")
    world.mappings.add(others[0].id, "Eng")
    world.mappings.add(others[0].id, "Lead", ROLE.ADMIN)
    world.mappings.add(world.repository(others[2]).id, "Eng")
    assert world.access.organizations_of("ana") == [
        (acme, HeldRole(ROLE.MEMBER, RoleSource.DIRECT)),
        (others[0], HeldRole(ROLE.ADMIN, RoleSource.IDP_GROUP, "Lead")),
        (others[1], HeldRole(ROLE.MEMBER, RoleSource.JIT)),
    ]


def test_the_role_that_an_organization_implies(world: World, acme: Organization, protos: Repository) -> None:
    """The base role is that of members, whatever they are, and is told apart from their own roles."""
    world.push("Eng", "ana")
    world.mappings.add(acme.id, "Eng", ROLE.OWNER)
    world.repositories.set_contributor(protos.id, "ben", RepositoryRole.ADMIN)
    assert world.access.implicit_role("ana", protos) is None
    world.organizations.set_base_role(acme.id, RepositoryRole.LIMITED_WRITE)
    assert world.access.implicit_role("ana", protos) is RepositoryRole.LIMITED_WRITE
    assert world.access.roles("ana", protos) == []
    assert world.access.implicit_role("ben", protos) is None
    world.set_active("ana", False)
    assert world.access.implicit_role("ana", protos) is None


def test_nothing_is_implied_by_nothing(world: World, acme: Organization, protos: Repository) -> None:
    """Of an organization that was deleted, nothing is left."""
    world.organizations.delete(acme.id)
    assert world.access.implicit_role("ana", protos) is None
    assert world.access.members(protos) == ([], None)
    assert world.access.count(acme) == 0


def test_a_user_who_is_removed_leaves_everywhere(world: World, acme: Organization) -> None:
    """No role is left of a user who is not there."""
    world.organizations.add_member(acme.id, "ana", ROLE.ADMIN)
    world.backend.commit(TENANT, [Removal("User", "ana")])
    assert world.listed(acme) == {}
    assert world.roles("ana", acme) == []


def test_pushing_a_group_writes_no_row_for_its_members(world: World, acme: Organization) -> None:
    """Roles follow from memberships: neither a push nor a mapping writes anything of a member."""
    people = [f"u{number:04}" for number in range(1000)]
    world.users(*people)
    world.mappings.add(acme.id, "Eng", ROLE.MACHINE)
    before = len(world.backend.log(TENANT, count=10_000))
    world.push("Eng", *people)
    world.mappings.add(acme.id, "Eng")
    written = world.backend.log(TENANT, after=before, count=10_000)
    assert [(entry.operation, entry.type) for entry in written] == [("create", "Group"), ("update", "Mapping")]
    assert world.access.count(acme) == 1000


QUESTIONS: dict[str, Callable[[World, Organization], object]] = {
    "one user's role": lambda world, acme: world.access.role("u00003", acme),
    "an outsider's role": lambda world, acme: world.access.role("zoe", acme),
    "a user's organizations": lambda world, acme: world.access.organizations_of("u00003"),
    "a page of members": lambda world, acme: world.access.members(acme, None, 5),
    "a later page of members": lambda world, acme: world.access.members(acme, "u00002", 5),
}


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list with the number of instructions that SQLite has done for whatever was asked."""
    done = [0]
    connect = sqlite_module.connect

    def count() -> None:
        done[0] += 1

    def counting(path: str, synchronous: str) -> sqlite3.Connection:
        connection = connect(path, synchronous)
        connection.set_progress_handler(count, 1)
        return connection

    monkeypatch.setattr(sqlite_module, "connect", counting)
    monkeypatch.setattr(reader, "Limited", lambda connection, seconds: nullcontext())
    return done


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_the_cost_does_not_grow_with_groups(
    ask: Callable[[World, Organization], object], steps: list[int], tmp_path: Path
) -> None:
    """What is asked of a group of 2,000 takes SQLite as many instructions as of one of 10."""
    costs = []
    for size in (10, 2000):
        world = World(open_store(f"sqlite:///{tmp_path / f'{size}.db'}"))
        people = [f"u{number:05}" for number in range(size)]
        world.users(*people, "zoe")
        acme = world.organization()
        world.push("Eng", *people)
        world.mappings.add(acme.id, "Eng")
        ask(world, acme)
        before = steps[0]
        ask(world, acme)
        costs.append(steps[0] - before)
        world.backend.close()
    assert 0 < costs[1] <= 1.3 * costs[0]
