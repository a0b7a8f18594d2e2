"""Ids that lead nowhere: those of another tenant, and those of another kind of thing.

Each call names one such id, for the rest it could succeed.
"""

from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.registry.grants import grant_id
from flask_bsr_scim.registry.mappings import MAPPING
from flask_bsr_scim.registry.model import OrganizationRole, RoleSource
from flask_bsr_scim.registry.owners import owner_id
from flask_bsr_scim.registry.store import TenantStore
from tests.registry.api.calling import World

MEMBER, READ = {"organization_role": "ORGANIZATION_ROLE_MEMBER"}, {"repository_role": "REPOSITORY_ROLE_READ"}
ACME, WEATHER = {"organization_id": "{organization}"}, {"repository_id": "{repository}"}

USERS: list[tuple[str, dict[str, str]]] = [
    ("UserService/GetUser", {"id": "*"}),
    ("UserService/DeactivateUser", {"id": "*"}),
    ("UserService/UpdateUserServerRole", {"user_id": "*", "server_role": "SERVER_ROLE_ADMIN"}),
    ("OrganizationService/ListUserOrganizations", {"user_id": "*"}),
    ("OrganizationService/GetUserOrganization", {**ACME, "user_id": "*"}),
    ("OrganizationService/AddOrganizationMember", {**ACME, "user_id": "*", **MEMBER}),
    ("OrganizationService/UpdateOrganizationMember", {**ACME, "user_id": "*", **MEMBER}),
    ("OrganizationService/RemoveOrganizationMember", {**ACME, "user_id": "*"}),
    ("OrganizationService/SetOrganizationMember", {**ACME, "user_id": "*", **MEMBER}),
    ("OrganizationService/SetOrganizationMember", {**ACME, "user_id": "*"}),
    ("RepositoryService/SetRepositoryContributor", {**WEATHER, "user_id": "*", **READ}),
    ("RepositoryService/SetRepositoryContributor", {**WEATHER, "user_id": "*"}),
    ("RepositoryService/GetRepositoryContributor", {**WEATHER, "user_id": "*"}),
]
ORGANIZATIONS: list[tuple[str, dict[str, str]]] = [
    ("UserService/ListOrganizationUsers", {"organization_id": "*"}),
    ("OrganizationService/GetOrganization", {"id": "*"}),
    ("OrganizationService/DeleteOrganization", {"id": "*"}),
    ("OrganizationService/GetUserOrganization", {"organization_id": "*", "user_id": "{ada}"}),
    ("OrganizationService/AddOrganizationMember", {"organization_id": "*", "user_id": "{ada}", **MEMBER}),
    ("OrganizationService/UpdateOrganizationMember", {"organization_id": "*", "user_id": "{ada}", **MEMBER}),
    ("OrganizationService/RemoveOrganizationMember", {"organization_id": "*", "user_id": "{ada}"}),
    ("OrganizationService/SetOrganizationMember", {"organization_id": "*", "user_id": "{ada}", **MEMBER}),
    ("OrganizationService/GetOrganizationSettings", {"organization_id": "*"}),
    (
        "OrganizationService/UpdateOrganizationSettings",
        {"organization_id": "*", "repository_base_role": "REPOSITORY_ROLE_READ"},
    ),
    ("OrganizationService/AddOrganizationGroup", {"organization_id": "*", "group_name": "eng"}),
    ("OrganizationService/UpdateOrganizationGroup", {"organization_id": "*", "group_name": "eng"}),
    ("OrganizationService/RemoveOrganizationGroup", {"organization_id": "*", "group_name": "eng"}),
]
REPOSITORIES: list[tuple[str, dict[str, str]]] = [
    ("RepositoryService/GetRepository", {"id": "*"}),
    ("RepositoryService/DeleteRepository", {"id": "*"}),
    ("RepositoryService/SetRepositoryContributor", {"repository_id": "*", "user_id": "{ada}", **READ}),
    ("RepositoryService/ListRepositoryContributors", {"repository_id": "*"}),
    ("RepositoryService/GetRepositoryContributor", {"repository_id": "*", "user_id": "{ada}"}),
    ("RepositoryService/AddRepositoryGroup", {"repository_id": "*", "group_name": "eng"}),
    ("RepositoryService/UpdateRepositoryGroup", {"repository_id": "*", "group_name": "eng"}),
    ("RepositoryService/RemoveRepositoryGroup", {"repository_id": "*", "group_name": "eng"}),
]
SCIM: list[tuple[str, dict[str, str]]] = [("SCIMTokenService/DeleteSCIMToken", {"token_id": "*"})]
API: list[tuple[str, dict[str, str]]] = [
    ("TokenService/GetToken", {"token_id": "*"}),
    ("TokenService/DeleteToken", {"token_id": "*"}),
]
NAMES: list[tuple[str, dict[str, str]]] = [
    ("UserService/GetUserByUsername", {"username": "theirs"}),
    ("OrganizationService/GetOrganizationByName", {"name": "their-org"}),
    ("OrganizationService/DeleteOrganizationByName", {"name": "their-org"}),
    ("RepositoryService/GetRepositoryByFullName", {"full_name": "their-org/open"}),
    ("RepositoryService/CreateRepositoryByFullName", {"full_name": "their-org/new"}),
    ("RepositoryService/DeleteRepositoryByFullName", {"full_name": "their-org/open"}),
]

KINDS = {"user": USERS, "organization": ORGANIZATIONS, "repository": REPOSITORIES, "api token": API, "scim token": SCIM}


class Neighbours:
    """Two tenants of one service, each with a user, an organization, a repository and tokens."""

    def __init__(self) -> None:
        app = Flask("isolation")
        BsrScim(app, backend="memory://")
        self.ours, self.theirs = World(app), World(app)
        self.ids = self._furnish(self.ours, "our")
        self.their_ids = self._furnish(self.theirs, "their")

    def _furnish(self, world: World, name: str) -> dict[str, str]:
        user = world.user(f"{name}s")
        acme = world.organization(f"{name}-org")
        weather = world.repository(f"{name}-org/open", visibility="PUBLIC")
        group = world.scim.group("eng", user)["id"]
        world("OrganizationService/AddOrganizationGroup", organization_id=acme, group_name="eng")
        (token, *_) = world.service.tokens.list(world.tenant, world.administrator.id)
        (scim_token, *_) = world.service.tokens.list(world.tenant)
        return {
            "user": user,
            "ada": world.administrator.id,
            "organization": acme,
            "repository": weather,
            "api token": token.id,
            "scim token": scim_token.id,
            "group": group,
            "owner": owner_id(user),
            "grant": grant_id(acme, RoleSource.DIRECT, OrganizationRole.OWNER),
            "mapping": next(TenantStore(world.service.backend, world.tenant).each(MAPPING)).id,
        }

    def code(self, method: str, fields: dict[str, str], wrong: str) -> str:
        """Return what our administrator is told who puts a wrong id in the place of `*`."""
        filled: dict[str, Any] = {
            name: wrong if value == "*" else value.format_map(self.ids) for name, value in fields.items()
        }
        return self.ours.code(method, **filled)

    def changes(self) -> list[int]:
        """Return how many changes there were in each tenant."""
        return [len(w.service.backend.log(w.tenant, count=10_000)) for w in (self.ours, self.theirs)]


@pytest.fixture(scope="module")
def neighbours() -> Neighbours:
    """The tenants, which no test changes."""
    return Neighbours()


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_of_another_tenant_is_not_there(neighbours: Neighbours, kind: str) -> None:
    """On every method, for who administers a registry."""
    before = neighbours.changes()
    for method, fields in KINDS[kind]:
        assert neighbours.code(method, fields, neighbours.their_ids[kind]) == "not_found", method
    assert neighbours.changes() == before


def test_a_name_of_another_tenant_is_not_there(neighbours: Neighbours) -> None:
    """Handles and names are those of the tenant."""
    before = neighbours.changes()
    for method, fields in NAMES:
        assert neighbours.code(method, fields, "") == "not_found", method
    assert neighbours.changes() == before


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_of_another_kind_is_not_there(neighbours: Neighbours, kind: str) -> None:
    """An id means one kind of thing, and those of what the registry keeps inside mean nothing."""
    same = {kind} | ({"ada"} if kind == "user" else set())
    wrong = {value for name, value in neighbours.ids.items() if name not in same} | {"", "%"}
    before = neighbours.changes()
    for method, fields in KINDS[kind]:
        for value in wrong:
            assert neighbours.code(method, fields, value) == "not_found", (method, value)
    assert neighbours.changes() == before
