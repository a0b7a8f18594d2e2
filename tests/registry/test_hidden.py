"""What the registry keeps inside, and a SCIM client cannot reach: by id, as a member, or by a filter."""

from collections.abc import Callable

import pytest

from flask_bsr_scim.registry.grants import grant_id
from flask_bsr_scim.registry.mappings import MAPPING, Mappings
from flask_bsr_scim.registry.model import OrganizationRole, RoleSource
from flask_bsr_scim.registry.owners import owner_id
from tests.client import Scim, assert_error, group, user
from tests.registry.people import World, new_world

HIDDEN = ("administrator", "deleted user", "owner", "organization", "grant", "mapping", "group of sign-ins", "token")

Ids = dict[str, str]


@pytest.fixture
def world(make_scim: Callable[..., Scim]) -> World:
    return new_world(make_scim())


@pytest.fixture
def ids(world: World) -> Ids:
    """The ids of what is hidden; bob is there for all to see, and has to do with all of it."""
    bob, gone = world.provision("bob@example.com"), world.provision("gone@example.com")
    organization = world.organization("acme", ADMIN=bob, OWNER=gone)
    Mappings(world.store).add(organization.id, "of sign-in")
    world.sign_in("bob@example.com", ["of sign-in"])
    world.api_token(bob)
    world.scim.delete(f"/Users/{gone.id}")
    return {
        "bob": bob.id,
        "administrator": world.users.create_admin("boss@example.com").id,
        "deleted user": gone.id,
        "owner": owner_id(bob.id),
        "organization": organization.id,
        "grant": grant_id(organization.id, RoleSource.DIRECT, OrganizationRole.ADMIN),
        "mapping": next(world.store.each(MAPPING)).id,
        "group of sign-ins": next(world.store.each("SignInGroup")).id,
        "token": next(world.tokens.list("default", bob.id)).id,
    }


@pytest.mark.parametrize("what", HIDDEN)
@pytest.mark.parametrize("endpoint", ["Users", "Groups"])
def test_no_method_finds_it(world: World, ids: Ids, endpoint: str, what: str) -> None:
    """Its id is one that is not there, and nothing changes."""
    path, before = f"/{endpoint}/{ids[what]}", world.versions()
    body = user("eve@example.com") if endpoint == "Users" else group("Eve")
    operation = {"op": "replace", "path": "externalId", "value": "1"}
    for answer in (
        world.scim.get(path),
        world.scim.put(path, body),
        world.scim.patch(path, operation),
        world.scim.delete(path),
    ):
        assert_error(answer, 404)
    assert world.versions() == before


@pytest.mark.parametrize("what", HIDDEN)
def test_it_is_no_member(world: World, ids: Ids, what: str) -> None:
    """A push that names it is refused as one that names nobody."""
    engineers = world.scim.group("Engineers", ids["bob"])["id"]
    before = world.versions()
    added = {"op": "add", "path": "members", "value": [{"value": ids[what]}]}
    assert_error(world.scim.patch(f"/Groups/{engineers}", added), 400, "invalidValue")
    assert_error(world.scim.put(f"/Groups/{engineers}", group("Engineers", ids[what])), 400, "invalidValue")
    assert_error(world.scim.post("/Groups", group("Readers", ids[what])), 400, "invalidValue")
    assert world.versions() == before


@pytest.mark.parametrize("what", ["grant", "group of sign-ins"])
def test_no_filter_finds_who_is_in_it(world: World, ids: Ids, what: str) -> None:
    """`groups` is about pushed groups alone."""
    for condition in (f'groups.value eq "{ids[what]}"', "groups pr", "groups.display pr", 'groups.value sw "grant"'):
        assert world.scim.names(filter=condition) == []
    assert "groups" not in world.scim.get(f"/Users/{ids['bob']}").json


@pytest.mark.parametrize("what", HIDDEN)
def test_no_list_has_it(world: World, ids: Ids, what: str) -> None:
    """Neither users nor groups are listed that SCIM does not show."""
    for endpoint in ("Users", "Groups"):
        for query in ({}, {"filter": f'id eq "{ids[what]}"'}, {"filter": "id pr"}):
            listed = world.scim.get(f"/{endpoint}", query=query).json["Resources"]
            assert ids[what] not in [resource["id"] for resource in listed]
    members = world.scim.get("/Groups", query={"filter": f'members.value eq "{ids[what]}"'}).json
    assert members["totalResults"] == 0
