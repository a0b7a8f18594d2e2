"""Mappings of groups to organizations and repositories: added, changed, removed."""

import pytest

from flask_bsr_scim.registry.errors import InvalidArgument, NotThere
from flask_bsr_scim.registry.mappings import Mappings
from flask_bsr_scim.registry.model import GroupMapping, OrganizationRole, RepositoryRole, Role, Target
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import find_target
from tests.registry.world import World

ROLES: dict[str, Role] = {"organization": OrganizationRole.ADMIN, "repository": RepositoryRole.ADMIN}


@pytest.fixture(params=["organization", "repository"])
def kind(request: pytest.FixtureRequest) -> str:
    """What groups are mapped to."""
    return str(request.param)


@pytest.fixture
def target(world: World, kind: str) -> Target:
    """An organization, or a repository."""
    organization = world.organization()
    return organization if kind == "organization" else world.repository(organization)


def test_a_mapping_needs_no_group(world: World, target: Target) -> None:
    """A mapping may precede the group that it names."""
    made = world.mappings.add(target.id, "Engineering")
    assert made == GroupMapping(target.id, "Engineering", None)
    assert world.mappings.of(target.id) == [made]


def test_adding_again(world: World, target: Target, kind: str) -> None:
    """Adding what is there changes nothing, and with another role it changes that alone."""
    world.mappings.add(target.id, "Eng", ROLES[kind])
    before = world.backend.log("default")
    assert world.mappings.add(target.id, "Eng", ROLES[kind]).role is ROLES[kind]
    assert world.backend.log("default") == before
    for role in (ROLES[kind], None):
        assert world.mappings.add(target.id, "Eng", role) == GroupMapping(target.id, "Eng", role)
        assert world.mappings.of(target.id) == [GroupMapping(target.id, "Eng", role)]


def test_roles_are_those_of_the_target(world: World, target: Target, kind: str) -> None:
    """ADMIN of an organization is not ADMIN of a repository, wherever the mapping is read."""
    world.mappings.add(target.id, "Eng", ROLES[kind])
    for found in (world.mappings.of(target.id), world.mappings.of_group("Eng")):
        assert [type(mapping.role) for mapping in found] == [type(ROLES[kind])]


def test_updating(world: World, target: Target, kind: str) -> None:
    """The override is set and cleared."""
    world.mappings.add(target.id, "Eng")
    for role in (ROLES[kind], None):
        assert world.mappings.update(target.id, "Eng", role) == GroupMapping(target.id, "Eng", role)
        assert world.mappings.of(target.id) == [GroupMapping(target.id, "Eng", role)]


def test_removing(world: World, target: Target) -> None:
    """What was removed is not there, and other mappings are."""
    for group in ("Eng", "Ops"):
        world.mappings.add(target.id, group)
    world.mappings.remove(target.id, "Eng")
    assert [mapping.group for mapping in world.mappings.of(target.id)] == ["Ops"]
    with pytest.raises(NotThere, match="Eng"):
        world.mappings.remove(target.id, "Eng")


@pytest.mark.parametrize("name", ["eng", "Eng ", " Eng", "ENG", "En", "Ｅng"])
def test_names_are_exact(world: World, target: Target, name: str) -> None:
    """A name that only looks like another is another."""
    world.mappings.add(target.id, "Eng")
    for change in (
        lambda: world.mappings.remove(target.id, name),
        lambda: world.mappings.update(target.id, name, None),
    ):
        with pytest.raises(NotThere):
            change()
    world.mappings.add(target.id, name)
    assert {mapping.group for mapping in world.mappings.of(target.id)} == {"Eng", name}


@pytest.mark.parametrize("name", ["", " ", "\t\n", "a\nb", "\x1b[2J", "\x85", "x" * 4097], ids=repr)
def test_a_name_that_is_none(world: World, target: Target, name: str) -> None:
    """Names of groups are neither empty nor endless, and hold no control characters: no group could be pushed so."""
    with pytest.raises(InvalidArgument, match="name of a group"):
        world.mappings.add(target.id, name)


def test_a_repository_is_owned_by_no_group(world: World) -> None:
    """OWNER cannot be given in a repository, and can in an organization."""
    organization = world.organization()
    repository = world.repository(organization)
    with pytest.raises(InvalidArgument, match="own"):
        world.mappings.add(repository.id, "Eng", RepositoryRole.OWNER)
    world.mappings.add(repository.id, "Eng")
    with pytest.raises(InvalidArgument, match="own"):
        world.mappings.update(repository.id, "Eng", RepositoryRole.OWNER)
    assert world.mappings.of(repository.id) == [GroupMapping(repository.id, "Eng")]
    assert world.mappings.add(organization.id, "Eng", OrganizationRole.OWNER).role is OrganizationRole.OWNER


def test_a_role_of_the_other_kind(world: World) -> None:
    """A role of repositories is none in an organization, and the other way round."""
    organization = world.organization()
    with pytest.raises(InvalidArgument, match="READ is no role here: choose one of MEMBER"):
        world.mappings.add(organization.id, "Eng", RepositoryRole.READ)
    with pytest.raises(InvalidArgument, match="MEMBER is no role here: choose one of READ"):
        world.mappings.add(world.repository(organization).id, "Eng", OrganizationRole.MEMBER)


def test_nothing_is_mapped_to_nothing(world: World) -> None:
    """The target must be there."""
    for change in (
        lambda: world.mappings.add("nobody", "Eng"),
        lambda: world.mappings.update("nobody", "Eng", None),
        lambda: world.mappings.remove("nobody", "Eng"),
    ):
        with pytest.raises(NotThere):
            change()
    assert world.mappings.of("nobody") == []


def test_a_group_can_be_mapped_to_many(world: World) -> None:
    """All of a group's mappings are found by its name."""
    acme, other = world.organization("acme"), world.organization("other")
    protos = world.repository(acme)
    for target in (acme, protos, other):
        world.mappings.add(target.id, "Eng")
        world.mappings.add(target.id, "Ops")
    assert [mapping.target_id for mapping in world.mappings.of_group("Eng")] == [acme.id, protos.id, other.id]


def test_a_target_that_goes_meanwhile(world: World, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a target that is removed before the commit, nothing is mapped."""
    world.organizations.delete(world.organizations.by_name("acme").id)
    seen = iter([target])

    def find(store: TenantStore, target_id: str) -> Target:
        return next(seen, None) or find_target(store, target_id)

    monkeypatch.setattr("flask_bsr_scim.registry.mappings.find_target", find)
    with pytest.raises(NotThere):
        world.mappings.add(target.id, "Eng")
    assert world.stored("Mapping") == 0


def test_a_race_for_one_mapping(world: World, target: Target, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds that another made the mapping first, changes that one."""
    world.mappings.add(target.id, "Eng")
    find, blind = Mappings._find, iter([True])

    def finding(self: Mappings, target_id: str, group: str) -> object:
        return None if next(blind, False) else find(self, target_id, group)

    monkeypatch.setattr(Mappings, "_find", finding)
    world.mappings.add(target.id, "Eng", ROLES[kind])
    assert world.mappings.of(target.id) == [GroupMapping(target.id, "Eng", ROLES[kind])]


def test_a_mapping_that_goes_meanwhile(world: World, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two who remove a mapping, one finds nothing."""
    world.mappings.add(target.id, "Eng")
    found = world.mappings._find(target.id, "Eng")
    world.mappings.remove(target.id, "Eng")
    monkeypatch.setattr(Mappings, "_find", lambda *_: found)
    with pytest.raises(NotThere):
        world.mappings.remove(target.id, "Eng")
