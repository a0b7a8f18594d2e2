"""Organizations: made, found, listed, removed; direct members, and the last owner."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from flask_bsr_scim.backends.base import Insert
from flask_bsr_scim.errors import UnknownMembers, VersionConflict
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.direct_roles import DirectRoles
from flask_bsr_scim.registry.errors import (
    AlreadyExists,
    Busy,
    FailedPrecondition,
    InvalidArgument,
    NotThere,
    RegistryError,
)
from flask_bsr_scim.registry.model import Organization, OrganizationRole, RepositoryRole
from flask_bsr_scim.registry.organizations import Organizations
from tests.registry.world import TENANT, World

MEMBER, MACHINE, ADMIN, OWNER = OrganizationRole


@pytest.fixture
def acme(world: World) -> Organization:
    """An organization that Ana owns, in a registry of three users."""
    world.users("ana", "ben", "cleo")
    return world.organization("acme", "ana")


def test_an_organization_is_found_by_id_and_name(world: World, acme: Organization) -> None:
    """What was made is found, by its name in any letter case."""
    assert (acme.name, acme.base_role) == ("acme", None)
    assert acme.created == acme.modified
    found = world.organizations
    assert [found.get(acme.id), found.by_name("acme"), found.by_name("ACME")] == [acme, acme, acme]


def test_the_creator_is_the_direct_owner(world: World, acme: Organization) -> None:
    """Nobody else has a role in a new organization."""
    assert world.listed(acme) == {"ana": ["OWNER DIRECT"]}


def test_an_organization_can_be_of_nobody(world: World) -> None:
    """An administrator may make an organization for others."""
    assert world.listed(world.organization()) == {}


@pytest.mark.parametrize("creator", ["nobody", "Group-Eng"])
def test_the_creator_must_be_a_user(world: World, creator: str) -> None:
    """With a creator who is none, nothing is made."""
    world.push("Eng")
    with pytest.raises(NotThere, match=creator):
        world.organization("acme", creator)
    assert (world.stored("Owner"), world.stored("Grant")) == (0, 0)


def test_a_creator_who_goes_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A creator who is removed before the commit makes nothing."""
    monkeypatch.setattr("flask_bsr_scim.registry.organizations.check_user", lambda store, user_id: None)
    with pytest.raises(NotThere, match="nobody"):
        world.organization("acme", "nobody")


@pytest.mark.parametrize("name", ["acme", "ana-smith"])
def test_a_name_is_taken_once(world: World, acme: Organization, name: str) -> None:
    """Users and organizations share one name space, in which letter case does not count."""
    owner = {"schemas": [], "id": "ana-owner", "kind": "user", "name": "Ana-Smith"}
    world.backend.commit(TENANT, [Insert("Owner", "ana-owner", owner)])
    with pytest.raises(AlreadyExists, match=name):
        world.organization(name)
    assert world.stored("Grant") == 8


@pytest.mark.parametrize("name", ["", "Acme", "9lives", "a_b", "-a", "admin", "a" * 33])
def test_a_name_that_is_none(world: World, name: str) -> None:
    """Names follow the handles' rule, and are not reserved."""
    with pytest.raises(InvalidArgument):
        world.organization(name)


@pytest.mark.parametrize("ask", [Organizations.get, Organizations.by_name, Organizations.delete])
@pytest.mark.parametrize("which", ["nobody", "ana-owner", "ana-smith"])
def test_what_is_no_organization_is_not_there(world: World, ask: Callable[..., object], which: str) -> None:
    """Neither unknown names nor users are organizations."""
    owner = {"schemas": [], "id": "ana-owner", "kind": "user", "name": "ana-smith"}
    world.backend.commit(TENANT, [Insert("Owner", "ana-owner", owner)])
    with pytest.raises(NotThere, match=which):
        ask(world.organizations, which)
    assert world.stored("Owner") == 1


@pytest.mark.parametrize("reverse", [False, True])
def test_pages(world: World, reverse: bool) -> None:
    """Pages have all organizations in the order of creation, or in its exact reverse."""
    made = [world.organization(f"acme-{letter}") for letter in "cabed"]
    found: list[Organization] = []
    after = None
    while True:
        page, after = world.organizations.page(after, 2, reverse)
        found += page
        if after is None:
            break
        assert len(page) == 2
    assert found == (made[::-1] if reverse else made)


def test_deleting_takes_everything_along(world: World, acme: Organization) -> None:
    """Repositories, mappings and roles go with their organization; others stay."""
    other = world.organization("other", "ben")
    kept = world.repository(other)
    world.mappings.add(kept.id, "Eng")
    for name in ("protos", "apis"):
        world.mappings.add(world.repository(acme, name).id, "Eng")
    world.mappings.add(acme.id, "Eng")
    world.organizations.delete(acme.id)
    assert {name: world.stored(name) for name in ("Owner", "Repository", "Grant", "Mapping")} == {
        "Owner": 1,
        "Repository": 1,
        "Grant": 8 + 10,
        "Mapping": 1,
    }
    assert world.access.roles("ana", acme) == []
    assert world.roles("ben", other) == ["OWNER DIRECT"]
    with pytest.raises(NotThere):
        world.organizations.delete(acme.id)


def test_deleting_what_goes_meanwhile(world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two who delete, one finds nothing."""
    monkeypatch.setattr(Organizations, "_owner", lambda self, organization_id: None)
    with pytest.raises(NotThere):
        world.organizations.delete("nobody")


def test_the_base_role(world: World, acme: Organization) -> None:
    """It is unset at first, can be set, and cleared."""
    changed = world.organizations.set_base_role(acme.id, RepositoryRole.WRITE)
    assert changed == world.organizations.get(acme.id)
    assert changed.base_role is RepositoryRole.WRITE
    assert world.organizations.set_base_role(acme.id, None).base_role is None
    with pytest.raises(NotThere):
        world.organizations.set_base_role("nobody", None)


def test_adding_a_member(world: World, acme: Organization) -> None:
    """The same role again is no error, another one is."""
    world.organizations.add_member(acme.id, "ben", ADMIN)
    before = world.backend.log(TENANT)
    world.organizations.add_member(acme.id, "ben", ADMIN)
    assert world.backend.log(TENANT) == before
    with pytest.raises(AlreadyExists, match="ADMIN"):
        world.organizations.add_member(acme.id, "ben", MEMBER)
    assert world.roles("ben", acme) == ["ADMIN DIRECT"]


def test_a_role_from_elsewhere_is_no_direct_one(world: World, acme: Organization) -> None:
    """Who is in by a group can be added; the direct role is then told beside that of the group."""
    world.push("Eng", "ben")
    world.mappings.add(acme.id, "Eng", ADMIN)
    world.organizations.add_member(acme.id, "ben", MEMBER)
    assert world.roles("ben", acme) == ["ADMIN IDP_GROUP Eng", "MEMBER DIRECT"]
    world.organizations.remove_member(acme.id, "ben")
    assert world.roles("ben", acme) == ["ADMIN IDP_GROUP Eng"]


@pytest.mark.parametrize("present", [None, MEMBER, MACHINE, ADMIN, OWNER])
@pytest.mark.parametrize("wanted", [None, MEMBER, MACHINE, ADMIN, OWNER])
def test_setting_a_member(
    world: World, acme: Organization, present: OrganizationRole | None, wanted: OrganizationRole | None
) -> None:
    """Whatever the direct role was, it is the wanted one afterwards, and the only one."""
    world.organizations.set_member(acme.id, "ben", present)
    world.organizations.set_member(acme.id, "ben", wanted)
    assert world.roles("ben", acme) == ([f"{wanted.name} DIRECT"] if wanted else [])


def test_updating_a_member(world: World, acme: Organization) -> None:
    """The direct role is changed; who has none is told so."""
    world.organizations.add_member(acme.id, "ben", MEMBER)
    world.organizations.update_member(acme.id, "ben", MACHINE)
    assert world.roles("ben", acme) == ["MACHINE DIRECT"]
    with pytest.raises(NotThere, match="direct role"):
        world.organizations.update_member(acme.id, "cleo", MACHINE)
    assert world.roles("cleo", acme) == []


def test_removing_a_member(world: World, acme: Organization) -> None:
    """The direct role goes; who has none is told so."""
    world.organizations.add_member(acme.id, "ben", MEMBER)
    world.organizations.remove_member(acme.id, "ben")
    assert world.listed(acme) == {"ana": ["OWNER DIRECT"]}
    with pytest.raises(NotThere, match="direct role"):
        world.organizations.remove_member(acme.id, "ben")


@pytest.mark.parametrize("user", ["nobody", "Group-Eng"])
def test_a_member_must_be_a_user(world: World, acme: Organization, user: str) -> None:
    """Ids of nobody, and of what is no user, get no role."""
    world.push("Eng")
    with pytest.raises(NotThere, match=user):
        world.organizations.add_member(acme.id, user, MEMBER)


def test_an_outsider_can_be_a_member(world: World, acme: Organization) -> None:
    """An administrator whom SCIM does not show has roles as any user."""
    world.outsider("root")
    world.organizations.add_member(acme.id, "root", OWNER)
    assert world.listed(acme) == {"ana": ["OWNER DIRECT"], "root": ["OWNER DIRECT"]}


def test_a_member_of_nothing(world: World, acme: Organization) -> None:
    """An organization that is not there, or goes meanwhile, gets no members."""
    with pytest.raises(NotThere):
        world.organizations.add_member("nobody", "ben", MEMBER)
    world.organizations.delete(acme.id)
    with pytest.raises(NotThere):
        DirectRoles(world.store, acme).change("ben", lambda _: MEMBER)


LOSSES = {
    "remove": lambda organizations, target, user: organizations.remove_member(target, user),
    "update": lambda organizations, target, user: organizations.update_member(target, user, ADMIN),
    "set": lambda organizations, target, user: organizations.set_member(target, user, MEMBER),
    "unset": lambda organizations, target, user: organizations.set_member(target, user, None),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
class TestLastOwner:
    """An organization does not lose its last owner through these calls."""

    def test_stays(self, world: World, acme: Organization, lose: Callable[..., None]) -> None:
        """The only owner stays one, whatever others are."""
        world.organizations.add_member(acme.id, "ben", ADMIN)
        with pytest.raises(FailedPrecondition, match="last owner"):
            lose(world.organizations, acme.id, "ana")
        assert world.roles("ana", acme) == ["OWNER DIRECT"]

    def test_stays_whatever_else_it_is(self, world: World, acme: Organization, lose: Callable[..., None]) -> None:
        """A lower role from another source does not make up for it."""
        world.push("Eng", "ana")
        world.mappings.add(acme.id, "Eng", ADMIN)
        with pytest.raises(FailedPrecondition, match="last owner"):
            lose(world.organizations, acme.id, "ana")

    @pytest.mark.parametrize("user", ["ana", "ben"])
    def test_goes_when_there_is_another(
        self, world: World, acme: Organization, lose: Callable[..., None], user: str
    ) -> None:
        """Of two owners each may go, and then the other stays."""
        world.organizations.add_member(acme.id, "ben", OWNER)
        lose(world.organizations, acme.id, user)
        other = "ana" if user == "ben" else "ben"
        with pytest.raises(FailedPrecondition):
            lose(world.organizations, acme.id, other)

    @pytest.mark.parametrize("owner", ["ben", "ana"])
    @pytest.mark.parametrize("source", ["JIT", "Group", "SignInGroup"])
    def test_other_sources_count(
        self, world: World, acme: Organization, lose: Callable[..., None], source: str, owner: str
    ) -> None:
        """Who owns by a sign-in or by a group is an owner, be it the same user or another."""
        if source == "JIT":
            world.join(owner, acme, "OWNER")
        else:
            world.push("Eng", owner, type_name=source)
            world.mappings.add(acme.id, "Eng", OWNER)
        lose(world.organizations, acme.id, "ana")
        assert world.roles(owner, acme)[0].startswith("OWNER")

    def test_inactive_owners_do_not_count(self, world: World, acme: Organization, lose: Callable[..., None]) -> None:
        """Who is locked out owns nothing: neither enough for the last one to go, nor anything that would be lost."""
        world.organizations.add_member(acme.id, "ben", OWNER)
        world.set_active("ben", False)
        with pytest.raises(FailedPrecondition):
            lose(world.organizations, acme.id, "ana")
        lose(world.organizations, acme.id, "ben")
        world.set_active("ben", True)
        assert "OWNER DIRECT" not in world.roles("ben", acme)

    def test_a_group_of_owners_in_a_group_does_not_count(
        self, world: World, acme: Organization, lose: Callable[..., None]
    ) -> None:
        """Groups in groups give no role."""
        world.push("Inner", "ben")
        world.push("Eng", "Group-Inner")
        world.mappings.add(acme.id, "Eng", OWNER)
        with pytest.raises(FailedPrecondition):
            lose(world.organizations, acme.id, "ana")


def together(*calls: Callable[[], None]) -> list[RegistryError | None]:
    """Make calls in as many threads, all at the same moment; return what each was refused for."""
    barrier = Barrier(len(calls))

    def attempt(call: Callable[[], None]) -> RegistryError | None:
        barrier.wait()
        try:
            call()
        except RegistryError as error:
            return error
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(attempt, calls))


def owners(world: World, organization: Organization) -> Sequence[str]:
    """Return the owners of an organization."""
    return [user for user, roles in world.listed(organization).items() if roles[0].startswith("OWNER")]


def test_owners_who_remove_each_other(world: World) -> None:
    """Of owners who are removed at the same moment, exactly one stays."""
    people = [f"u{number}" for number in range(8)]
    world.users(*people)
    for round_ in range(5):
        acme = world.organization(f"acme-{round_}", people[0])
        for user in people[1:]:
            world.organizations.add_member(acme.id, user, OWNER)
        removals = [partial(world.organizations.remove_member, acme.id, user) for user in people]
        refused = [error for error in together(*removals) if error]
        assert [type(error) for error in refused] == [FailedPrecondition]
        assert len(owners(world, acme)) == 1


def test_roles_given_at_once(world: World, acme: Organization) -> None:
    """Of different roles that are given to one user at the same moment, one holds."""
    for _ in range(5):
        gifts = [partial(world.organizations.set_member, acme.id, "ben", role) for role in OrganizationRole]
        assert together(*gifts) == [None] * 4
        assert len(world.roles("ben", acme)) == 1
        world.organizations.set_member(acme.id, "ben", None)


def test_members_added_at_once(world: World, acme: Organization) -> None:
    """Members who are added at the same moment are all there."""
    people = [f"u{number:02}" for number in range(16)]
    world.users(*people)
    added = [partial(world.organizations.add_member, acme.id, user, MEMBER) for user in people]
    assert together(*added) == [None] * 16
    assert set(world.listed(acme)) == {*people, "ana"}


def test_a_user_who_goes_meanwhile(world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who is removed before the commit gets no role."""
    monkeypatch.setattr("flask_bsr_scim.registry.direct_roles.check_user", lambda store, user_id: None)
    with pytest.raises(NotThere, match="nobody"):
        world.organizations.add_member(acme.id, "nobody", MEMBER)


def test_giving_up() -> None:
    """Who loses every race is told to come back."""

    def lose() -> None:
        raise VersionConflict

    with pytest.raises(Busy):
        insist(lose)


def test_what_is_no_race_is_not_tried_again() -> None:
    """Other refusals of the store come out at once."""

    def fail() -> None:
        raise UnknownMembers(["u"])

    with pytest.raises(UnknownMembers):
        insist(fail)
