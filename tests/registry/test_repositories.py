"""Repositories: made, found, listed, removed; contributors."""

from collections.abc import Callable

import pytest

from flask_bsr_scim.backends.base import Insert
from flask_bsr_scim.registry.errors import AlreadyExists, InvalidArgument, NotThere
from flask_bsr_scim.registry.model import Organization, Repository, RepositoryRole, Visibility
from flask_bsr_scim.registry.organizations import Organizations
from flask_bsr_scim.registry.repositories import Repositories
from tests.registry.world import TENANT, World


@pytest.fixture
def acme(world: World) -> Organization:
    """An organization in a registry of three users."""
    world.users("ana", "ben", "cleo")
    return world.organization("acme", "ana")


@pytest.fixture
def protos(world: World, acme: Organization) -> Repository:
    """A repository that Ben owns."""
    return world.repositories.create("acme/protos", Visibility.PRIVATE, "ben")


def test_a_repository_is_found_by_id_and_name(world: World, acme: Organization, protos: Repository) -> None:
    """What was made is found, by its full name in any letter case."""
    assert (protos.full_name, protos.organization_id, protos.visibility) == ("acme/protos", acme.id, "PRIVATE")
    assert protos.created == protos.modified
    found = world.repositories
    assert [found.get(protos.id), found.by_full_name("Acme/Protos")] == [protos, protos]


def test_visibility(world: World, acme: Organization) -> None:
    """What is asked for is kept."""
    assert world.repositories.create("acme/open", Visibility.PUBLIC).visibility is Visibility.PUBLIC


def test_the_creator_is_the_direct_owner(world: World, acme: Organization, protos: Repository) -> None:
    """Nobody else has a role in a new repository, not even the owner of the organization."""
    assert world.listed(protos) == {"ben": ["OWNER DIRECT"]}


def test_a_repository_makes_nobody_a_member(world: World, acme: Organization, protos: Repository) -> None:
    """A role in a repository is none in its organization."""
    assert world.roles("ben", acme) == []
    assert world.access.organizations_of("ben") == []


def test_the_name_of_the_organization_is_kept_as_it_is(world: World, acme: Organization) -> None:
    """The full name has the organization's name as that one has it."""
    assert world.repositories.create("ACME/more").full_name == "acme/more"


@pytest.mark.parametrize("name", ["protos", "/protos", "acme/", "acme/Protos", "acme/a/b", "acme/a__b", "acme/.a"])
def test_a_name_that_is_none(world: World, acme: Organization, name: str) -> None:
    """A full name is that of an organization, a slash, and a name."""
    with pytest.raises((InvalidArgument, NotThere)):
        world.repositories.create(name)
    assert world.stored("Repository") == 0


@pytest.mark.parametrize("name", ["my.protos", "my_protos", "my-protos2"])
def test_names_beyond_handles(world: World, acme: Organization, name: str) -> None:
    """Repositories may also have dots and underscores in their names."""
    assert world.repositories.create(f"acme/{name}").full_name == f"acme/{name}"


def test_a_name_is_taken_once(world: World, protos: Repository) -> None:
    """Of two repositories of an organization none has the other's name; those of two may."""
    with pytest.raises(AlreadyExists, match="acme/protos"):
        world.repositories.create("acme/protos")
    world.organization("other")
    assert world.repositories.create("other/protos").full_name == "other/protos"


def test_a_repository_belongs_to_an_organization(world: World) -> None:
    """Neither users nor nobody have repositories."""
    owner = {"schemas": [], "id": "ana-owner", "kind": "user", "name": "ana"}
    world.backend.commit(TENANT, [Insert("Owner", "ana-owner", owner)])
    for owner_name in ("ana", "nobody"):
        with pytest.raises(NotThere, match=owner_name):
            world.repositories.create(f"{owner_name}/protos")


def test_the_creator_must_be_a_user(world: World, acme: Organization) -> None:
    """With a creator who is none, nothing is made."""
    with pytest.raises(NotThere, match="nobody"):
        world.repositories.create("acme/protos", Visibility.PUBLIC, "nobody")
    assert world.stored("Repository") == 0


def test_an_organization_that_goes_meanwhile(world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an organization that is deleted before the commit, nothing is made."""
    world.organizations.delete(acme.id)
    monkeypatch.setattr(Organizations, "by_name", lambda self, name: acme)
    with pytest.raises(NotThere, match="acme"):
        world.repositories.create("acme/protos")
    assert (world.stored("Repository"), world.stored("Grant")) == (0, 0)


@pytest.mark.parametrize("ask", [Repositories.get, Repositories.by_full_name, Repositories.delete])
def test_what_is_not_there(world: World, protos: Repository, ask: Callable[..., object]) -> None:
    """Unknown ids and names are refused."""
    with pytest.raises(NotThere, match="acme/none"):
        ask(world.repositories, "acme/none")


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("which", ["all", "of one organization"])
def test_pages(world: World, acme: Organization, which: str, reverse: bool) -> None:
    """Pages have all repositories, or an organization's, in the order of creation, or in its exact reverse."""
    other = world.organization("other")
    made = [world.repository(owner, f"r-{number}") for number in range(5) for owner in (acme, other)]
    expected = made if which == "all" else [repository for repository in made if repository.organization_id == acme.id]
    found: list[Repository] = []
    after = None
    while True:
        if which == "all":
            page, after = world.repositories.page(after, 2, reverse)
        else:
            page, after = world.repositories.of_organization(acme.id, after, 2, reverse)
        found += page
        if after is None:
            break
    assert found == (expected[::-1] if reverse else expected)


def test_pages_of_nothing(world: World) -> None:
    """An organization that is not there has no repositories to list."""
    with pytest.raises(NotThere):
        world.repositories.of_organization("nobody")


def test_deleting_takes_roles_along(world: World, acme: Organization, protos: Repository) -> None:
    """Mappings and roles go with their repository; those of others stay."""
    kept = world.repository(acme, "kept")
    for target in (protos, kept, acme):
        world.mappings.add(target.id, "Eng")
    world.repositories.delete(protos.id)
    assert (world.stored("Repository"), world.stored("Mapping"), world.stored("Grant")) == (1, 2, 8 + 10)
    assert world.access.roles("ben", protos) == []


def test_setting_a_contributor(world: World, protos: Repository) -> None:
    """The role is given, replaced and taken; taking what is not there is no error."""
    for role in (*RepositoryRole, None, None):
        world.repositories.set_contributor(protos.id, "cleo", role)
        assert world.roles("cleo", protos) == ([f"{role.name} DIRECT"] if role else [])


def test_the_last_owner_of_a_repository_may_go(world: World, protos: Repository) -> None:
    """The organization stays responsible for it."""
    world.repositories.set_contributor(protos.id, "ben", None)
    assert world.listed(protos) == {}


@pytest.mark.parametrize("user", ["nobody", "Group-Eng"])
def test_a_contributor_must_be_a_user(world: World, protos: Repository, user: str) -> None:
    """Ids of nobody, and of what is no user, get no role."""
    world.push("Eng")
    with pytest.raises(NotThere, match=user):
        world.repositories.set_contributor(protos.id, user, RepositoryRole.READ)


def test_a_contributor_of_nothing(world: World, acme: Organization) -> None:
    """There are no contributors where there is no repository; an organization is none."""
    with pytest.raises(NotThere):
        world.repositories.set_contributor(acme.id, "ben", RepositoryRole.READ)
