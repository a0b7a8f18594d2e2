"""What the caller may do is still so when it is done, whatever others write meanwhile."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from flask_bsr_scim.registry.errors import RegistryError
from flask_bsr_scim.registry.model import OrganizationRole, RepositoryRole
from tests.registry.api.calling import World
from tests.registry.rivals import before_the_commit

ORGANIZATION, REPOSITORY = "OrganizationService", "RepositoryService"
OWNER, MEMBER = OrganizationRole.OWNER, OrganizationRole.MEMBER


class Place:
    """An organization of ada, with a repository, in which alma administers, and ana is a member."""

    def __init__(self, world: World) -> None:
        self.world, registry = world, world.registry
        self.acme, self.ana = world.organization(), world.user("ana")
        self.weather = world.repository()
        world.place(self.acme, world.user("alma"), "ADMIN")
        world.place(self.acme, self.ana, "MEMBER")
        rita = world.user("rita")
        registry.repositories.set_contributor(self.weather, rita, RepositoryRole.ADMIN)
        registry.repositories.set_contributor(self.weather, self.ana, RepositoryRole.READ)
        registry.mappings.add(self.acme, "eng")

    @property
    def fields(self) -> dict[str, dict[str, str]]:
        """Return the fields of a request to each service."""
        about = {"user_id": self.ana, "group_name": "eng"}
        return {
            ORGANIZATION: about | {"organization_id": self.acme},
            REPOSITORY: about | {"repository_id": self.weather},
        }

    def call(self, method: str, caller: str, fields: Mapping[str, str]) -> str:
        """Return `ok`, or the code of the refusal."""
        service, _, name = method.partition("/")
        mine = "group_name" if name.endswith("Group") else "user_id"
        kept = {key: value for key, value in self.fields[service].items() if key == mine or key[:4] in ("orga", "repo")}
        return self.world.code(method, caller, **kept, **fields)

    def promoted(self, write: Callable[["Place"], object]) -> bool:
        """Tell whether somebody else's write was done."""
        try:
            write(self)
        except RegistryError:
            return False
        return True


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def member(place: Place) -> object:
    """Make ana an owner of the organization."""
    return place.world.registry.organizations.set_member(place.acme, place.ana, OWNER)


def contributor(place: Place) -> object:
    """Make ana an owner of the repository."""
    return place.world.registry.repositories.set_contributor(place.weather, place.ana, RepositoryRole.OWNER)


def mapping(place: Place) -> object:
    """Let the group give the role of an owner."""
    return place.world.registry.mappings.update(place.acme, "eng", OWNER)


def is_owner(place: Place) -> bool:
    return place.world.registry.access.role(place.ana, place.world.registry.organizations.get(place.acme)).role is OWNER


def is_owner_there(place: Place) -> bool:
    repository = place.world.registry.repositories.get(place.weather)
    held = place.world.registry.access.role(place.ana, repository)
    return held is not None and held.role is RepositoryRole.OWNER


def gives_owner(place: Place) -> bool:
    return [each.role for each in place.world.registry.mappings.of(place.acme)] == [OWNER]


CALLS: list[tuple[str, str, dict[str, str], Callable[[Place], object], Callable[[Place], bool]]] = [
    (f"{ORGANIZATION}/RemoveOrganizationMember", "alma", {}, member, is_owner),
    (f"{ORGANIZATION}/SetOrganizationMember", "alma", {"organization_role": "MACHINE"}, member, is_owner),
    (f"{ORGANIZATION}/UpdateOrganizationMember", "alma", {"organization_role": "MACHINE"}, member, is_owner),
    (f"{REPOSITORY}/SetRepositoryContributor", "rita", {"repository_role": "WRITE"}, contributor, is_owner_there),
    (f"{ORGANIZATION}/UpdateOrganizationGroup", "alma", {"role_override": "ADMIN"}, mapping, gives_owner),
    (f"{ORGANIZATION}/AddOrganizationGroup", "alma", {"role_override": "ADMIN"}, mapping, gives_owner),
    (f"{ORGANIZATION}/RemoveOrganizationGroup", "alma", {}, mapping, gives_owner),
]


@pytest.mark.parametrize("row", CALLS, ids=lambda row: row[0])
def test_nobody_takes_a_role_above_the_own_one_that_came_meanwhile(
    place: Place, monkeypatch: pytest.MonkeyPatch, row: Any
) -> None:
    """A role that somebody gets between the rule's look and the commit stays; what was taken before, was lower."""
    method, caller, fields, write, stays = row
    prefix = "ORGANIZATION_ROLE_" if method.startswith(ORGANIZATION) else "REPOSITORY_ROLE_"
    fields = {name: prefix + value for name, value in fields.items()}
    backend = place.world.service.backend
    call, other = partial(place.call, method, caller, fields), partial(place.promoted, write)
    _, came = before_the_commit(backend, monkeypatch, call, other)
    assert stays(place) is came
    if came:
        assert place.call(method, caller, fields) == "permission_denied"
