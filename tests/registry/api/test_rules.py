"""Who may call what: every method, for every kind of caller.

ada administers the registry; olga owns acme, alma administers it, walt writes, mia is a member; rita administers its
private repository acme/weather and ruth reads it, neither being a member of acme; stan has nothing to do with either.
"""

import json
from typing import Any

import pytest
from flask import Flask
from protobuf import message_from_json_value

from flask_bsr_scim import BsrScim
from flask_bsr_scim.registry.api.application import find_rule
from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import (
    organization_connect,
    organization_pb,
    repository_connect,
    repository_pb,
    scim_token_connect,
    scim_token_pb,
    token_connect,
    token_pb,
    user_connect,
    user_pb,
)
from flask_bsr_scim.registry.api.rules import RULES
from flask_bsr_scim.registry.errors import NotThere, PermissionDenied
from flask_bsr_scim.registry.store import TenantStore
from tests.registry.api.calling import World

PEOPLE = ("ada", "olga", "alma", "walt", "mia", "rita", "ruth", "stan")

SERVICES: dict[str, tuple[Any, Any]] = {
    "OrganizationService": (organization_connect.OrganizationServiceSync, organization_pb),
    "RepositoryService": (repository_connect.RepositoryServiceSync, repository_pb),
    "SCIMTokenService": (scim_token_connect.SCIMTokenServiceSync, scim_token_pb),
    "TokenService": (token_connect.TokenServiceSync, token_pb),
    "UserService": (user_connect.UserServiceSync, user_pb),
}

EVERYBODY = " ".join(PEOPLE)
MEMBERS = "ada olga alma walt mia"
ADMINISTRATORS = "ada olga alma"
OF_WEATHER = "ada olga alma rita"
SEEING_WEATHER = "ada olga alma walt mia rita ruth"

ACME = {"organization_id": "{acme}"}
WEATHER = {"repository_id": "{weather}"}
STAN = {"user_id": "{stan}"}
MIA = {"user_id": "{mia}"}
OLGA = {"user_id": "{olga}"}
GROUP = {"group_name": "eng"}

MATRIX: list[tuple[str, dict[str, str], str]] = [
    ("SCIMTokenService/CreateSCIMToken", {}, "ada"),
    ("SCIMTokenService/ListSCIMTokens", {}, "ada"),
    ("SCIMTokenService/DeleteSCIMToken", {"token_id": "x"}, "ada"),
    ("TokenService/CreateToken", {}, EVERYBODY),
    ("TokenService/GetToken", {"token_id": "x"}, EVERYBODY),
    ("TokenService/ListTokens", {}, EVERYBODY),
    ("TokenService/DeleteToken", {"token_id": "x"}, EVERYBODY),
    ("UserService/GetUser", {"id": "{olga}"}, EVERYBODY),
    ("UserService/GetUserByUsername", {"username": "olga"}, EVERYBODY),
    ("UserService/ListUsers", {}, "ada"),
    ("UserService/CountUsers", {}, "ada"),
    ("UserService/ListOrganizationUsers", ACME, MEMBERS),
    ("UserService/DeactivateUser", {"id": "{stan}"}, "ada"),
    ("UserService/UpdateUserServerRole", {**STAN, "server_role": "SERVER_ROLE_ADMIN"}, "ada"),
    ("OrganizationService/GetOrganization", {"id": "{acme}"}, EVERYBODY),
    ("OrganizationService/GetOrganizationByName", {"name": "acme"}, EVERYBODY),
    ("OrganizationService/ListOrganizations", {}, EVERYBODY),
    ("OrganizationService/ListUserOrganizations", STAN, "ada stan"),
    ("OrganizationService/GetUserOrganization", {**ACME, **STAN}, f"{MEMBERS} stan"),
    ("OrganizationService/CreateOrganization", {"name": "initech"}, EVERYBODY),
    ("OrganizationService/DeleteOrganization", {"id": "{acme}"}, "ada olga"),
    ("OrganizationService/DeleteOrganizationByName", {"name": "acme"}, "ada olga"),
    ("OrganizationService/AddOrganizationMember", {**ACME, **STAN, "organization_role": "ADMIN"}, ADMINISTRATORS),
    ("OrganizationService/AddOrganizationMember", {**ACME, **STAN, "organization_role": "OWNER"}, "ada olga"),
    ("OrganizationService/UpdateOrganizationMember", {**ACME, **MIA, "organization_role": "ADMIN"}, ADMINISTRATORS),
    ("OrganizationService/UpdateOrganizationMember", {**ACME, **MIA, "organization_role": "OWNER"}, "ada olga"),
    ("OrganizationService/UpdateOrganizationMember", {**ACME, **OLGA, "organization_role": "MEMBER"}, "ada olga"),
    ("OrganizationService/RemoveOrganizationMember", {**ACME, "user_id": "{alma}"}, ADMINISTRATORS),
    ("OrganizationService/RemoveOrganizationMember", {**ACME, **OLGA}, "ada olga"),
    ("OrganizationService/SetOrganizationMember", {**ACME, **STAN, "organization_role": "MACHINE"}, ADMINISTRATORS),
    ("OrganizationService/SetOrganizationMember", {**ACME, **OLGA}, "ada olga"),
    ("OrganizationService/GetOrganizationSettings", ACME, ADMINISTRATORS),
    ("OrganizationService/UpdateOrganizationSettings", ACME, ADMINISTRATORS),
    ("OrganizationService/AddOrganizationGroup", {**ACME, **GROUP}, ADMINISTRATORS),
    ("OrganizationService/AddOrganizationGroup", {**ACME, **GROUP, "role_override": "OWNER"}, "ada olga"),
    ("OrganizationService/AddOrganizationGroup", {**ACME, "group_name": "owners"}, "ada olga"),
    ("OrganizationService/UpdateOrganizationGroup", {**ACME, **GROUP, "role_override": "ADMIN"}, ADMINISTRATORS),
    ("OrganizationService/UpdateOrganizationGroup", {**ACME, **GROUP, "role_override": "OWNER"}, "ada olga"),
    ("OrganizationService/UpdateOrganizationGroup", {**ACME, "group_name": "owners"}, "ada olga"),
    ("OrganizationService/RemoveOrganizationGroup", {**ACME, **GROUP}, ADMINISTRATORS),
    ("OrganizationService/RemoveOrganizationGroup", {**ACME, "group_name": "owners"}, "ada olga"),
    ("RepositoryService/GetRepository", {"id": "{weather}"}, SEEING_WEATHER),
    ("RepositoryService/GetRepository", {"id": "{open}"}, EVERYBODY),
    ("RepositoryService/GetRepositoryByFullName", {"full_name": "acme/weather"}, SEEING_WEATHER),
    ("RepositoryService/GetRepositoryByFullName", {"full_name": "acme/open"}, EVERYBODY),
    ("RepositoryService/CreateRepositoryByFullName", {"full_name": "acme/new"}, "ada olga alma walt"),
    ("RepositoryService/DeleteRepository", {"id": "{weather}"}, OF_WEATHER),
    ("RepositoryService/DeleteRepositoryByFullName", {"full_name": "acme/weather"}, OF_WEATHER),
    ("RepositoryService/SetRepositoryContributor", {**WEATHER, **STAN, "repository_role": "ADMIN"}, OF_WEATHER),
    ("RepositoryService/SetRepositoryContributor", {**WEATHER, **STAN, "repository_role": "OWNER"}, ADMINISTRATORS),
    ("RepositoryService/SetRepositoryContributor", {**WEATHER, "user_id": "{alma}"}, ADMINISTRATORS),
    ("RepositoryService/ListRepositoryContributors", WEATHER, OF_WEATHER),
    ("RepositoryService/ListRepositoryContributors", {"repository_id": "{open}"}, ADMINISTRATORS),
    ("RepositoryService/GetRepositoryContributor", {**WEATHER, "user_id": "{ruth}"}, f"{OF_WEATHER} ruth"),
    ("RepositoryService/GetRepositoryContributor", {**WEATHER, **STAN}, OF_WEATHER),
    ("RepositoryService/GetRepositoryContributor", {**WEATHER, **MIA}, f"{OF_WEATHER} mia"),
    ("RepositoryService/GetRepositoryContributor", {"repository_id": "{open}", **STAN}, f"{ADMINISTRATORS} stan"),
    ("RepositoryService/AddRepositoryGroup", {**WEATHER, **GROUP}, OF_WEATHER),
    ("RepositoryService/AddRepositoryGroup", {**WEATHER, **GROUP, "role_override": "OWNER"}, ADMINISTRATORS),
    ("RepositoryService/UpdateRepositoryGroup", {**WEATHER, **GROUP, "role_override": "ADMIN"}, OF_WEATHER),
    ("RepositoryService/RemoveRepositoryGroup", {**WEATHER, **GROUP}, OF_WEATHER),
]  # fmt: skip


class Place:
    """The world of the matrix, and the ids in it."""

    def __init__(self) -> None:
        app = Flask("rules")
        BsrScim(app, backend="memory://")
        self.world = world = World(app)
        self.ids = {"ada": world.administrator.id} | {name: world.user(name) for name in PEOPLE[1:]}
        self.ids["acme"] = acme = world.organization()
        for name, role in (("olga", "OWNER"), ("alma", "ADMIN"), ("walt", "MACHINE"), ("mia", "MEMBER")):
            world.place(acme, self.ids[name], role)
        self.ids["weather"] = weather = world.repository()
        self.ids["open"] = world.repository("acme/open", visibility="PUBLIC")
        for name, role in (("alma", "OWNER"), ("rita", "ADMIN"), ("ruth", "READ")):
            fields = {"repository_id": weather, "user_id": self.ids[name], "repository_role": f"REPOSITORY_ROLE_{role}"}
            world("RepositoryService/SetRepositoryContributor", **fields)
        owners = {"organization_id": acme, "group_name": "owners", "role_override": "ORGANIZATION_ROLE_OWNER"}
        world("OrganizationService/AddOrganizationGroup", **owners)

    def fields(self, method: str, fields: dict[str, str]) -> dict[str, str]:
        """Return the fields of a request with ids for names, and roles with their enum's name."""
        prefix = "REPOSITORY_ROLE_" if method.startswith("Repository") else "ORGANIZATION_ROLE_"
        found = {name: value.format_map(self.ids) for name, value in fields.items()}
        roles = {"organization_role", "repository_role", "role_override"}
        return {name: prefix + value if name in roles else value for name, value in found.items()}

    def outcome(self, method: str, fields: dict[str, str], name: str) -> str:
        """Return what the rule of a method says to a caller, without calling it."""
        world = self.world
        store = TenantStore(world.service.backend, world.tenant)
        caller = Caller(world.registry.users.get(self.ids[name]), world.registry, store, world.service.tokens)
        service, _, call = method.partition("/")
        request = message_from_json_value(
            getattr(SERVICES[service][1], f"{call}Request"), {**self.fields(method, fields)}
        )
        rule = find_rule(service, call)
        assert rule is not None
        try:
            rule(caller, request)
        except PermissionDenied:
            return "permission_denied"
        except NotThere:
            return "not_found"
        return "ok"


@pytest.fixture(scope="module")
def place() -> Place:
    """The world of the matrix, which no test changes."""
    return Place()


def row_id(row: tuple[str, dict[str, str], str]) -> str:
    """Return the name of a row of the matrix."""
    method, fields, _ = row
    return " ".join([method.partition("/")[2], *(value.strip("{}") for value in fields.values())])


@pytest.mark.parametrize("row", MATRIX, ids=row_id)
def test_the_rule_lets_pass_whom_it_should(place: Place, row: tuple[str, dict[str, str], str]) -> None:
    """Everyone in the row passes, and nobody else."""
    method, fields, expected = row
    outcomes = {name: place.outcome(method, fields, name) for name in PEOPLE}
    assert [name for name, outcome in outcomes.items() if outcome == "ok"] == [
        n for n in PEOPLE if n in expected.split()
    ]
    hidden = "weather" in "".join(fields.values()) and method.startswith("Repository")
    for name, outcome in outcomes.items():
        if outcome != "ok":
            assert outcome == ("not_found" if hidden and name == "stan" else "permission_denied"), name


REFUSING = [row for row in MATRIX if row[2] != EVERYBODY]


@pytest.mark.parametrize("row", REFUSING, ids=row_id)
def test_the_server_asks_the_rule(place: Place, row: tuple[str, dict[str, str], str]) -> None:
    """A call that the rule refuses is answered by its code, whoever makes it, and does nothing."""
    method, fields, expected = row
    before = len(place.world.service.backend.log(place.world.tenant, count=10_000))
    body = json.dumps(place.fields(method, fields)).encode()
    for name in set(PEOPLE) - set(expected.split()):
        response = place.world.post(method, body, place.world.token_of(name))
        assert response.json["code"] == place.outcome(method, fields, name)
    assert len(place.world.service.backend.log(place.world.tenant, count=10_000)) == before


@pytest.mark.parametrize("service", SERVICES)
def test_every_method_has_a_rule_and_a_row(service: str) -> None:
    """The rules, the matrix and the .proto files name the same methods."""
    methods = {method.name for method in SERVICES[service][0].desc().methods}
    assert set(RULES[service]) == methods
    assert {method.partition("/")[2] for method, _, _ in MATRIX if method.startswith(f"{service}/")} == methods


def test_a_repository_that_one_may_not_see_is_not_told_from_none(place: Place) -> None:
    """The refusal of a private repository is word for word that of one that is not there, also about oneself."""
    world, method = place.world, "RepositoryService/GetRepositoryByFullName"
    hidden = world.refused(method, "stan", full_name="acme/weather")
    assert hidden == world.refused(method, "stan", full_name="acme/nothing")
    assert hidden == world.refused("RepositoryService/GetRepository", "stan", id=place.ids["weather"])
    about_stan = {"repository_id": place.ids["weather"], "user_id": place.ids["stan"]}
    assert hidden == world.refused("RepositoryService/GetRepositoryContributor", "stan", **about_stan)


@pytest.mark.parametrize(("base_role", "code"), [("WRITE", "permission_denied"), ("ADMIN", "ok")])
def test_a_base_role_counts(world: World, base_role: str, code: str) -> None:
    """Who administers a repository as a member of its organization does so in the API, too."""
    acme, mia = world.organization(), world.user("mia")
    weather = world.repository()
    world.place(acme, mia, "MEMBER")
    update: dict[str, Any] = {"organization_id": acme, "repository_base_role": f"REPOSITORY_ROLE_{base_role}"}
    world("OrganizationService/UpdateOrganizationSettings", **update)
    assert world.code("RepositoryService/ListRepositoryContributors", "mia", repository_id=weather) == code
