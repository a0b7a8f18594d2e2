"""Readiness: each thing that would go wrong is found, counted and named, with what to do about it."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Insert
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.owners import owner_id
from flask_bsr_scim.registry.readiness import MOST_RESOURCES, READINESS_URN, Readiness, Subject, readiness
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.tokens import Kind, TokenStore
from flask_bsr_scim.resource import Link
from flask_bsr_scim.schema import TypeRegistry, load_profile
from tests.client import GROUP, USER, Scim
from tests.registry.world import TENANT, World, open_store

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def look(world: World, **options: bool) -> Readiness:
    """Return what is found in the world."""
    return readiness(TenantStore(world.backend, TENANT), **options)


def codes(world: World, **options: bool) -> list[str]:
    """Return the codes of what is found."""
    return [warning.code for warning in look(world, **options).warnings]


def names(world: World, code: str) -> list[str]:
    """Return the names of what one warning is about."""
    (warning,) = (warning for warning in look(world).warnings if warning.code == code)
    assert f": {len(warning.resources)}." in warning.message
    return [subject.name for subject in warning.resources]


def provision(world: World, user_id: str, user_name: str, email: str | None = None, **attributes: Any) -> None:
    """Store a user as it was before there was a registry."""
    emails = {"emails": [{"value": email, "type": "work"}]} if email else {}
    document = {"schemas": [USER], "id": user_id, "userName": user_name, "active": True, **emails, **attributes}
    world.backend.commit(TENANT, [Insert("User", user_id, document)])


def test_an_empty_store_is_ready(world: World) -> None:
    """There is nothing to put right."""
    found = look(world)
    assert found.ready
    assert found.document() == {"schemas": [READINESS_URN], "ready": True, "warnings": []}


def test_a_directory_without_faults_is_ready(world: World) -> None:
    """Users with addresses, a group that is mapped, a token that lives on."""
    provision(world, "ana", "ana@example.com", "ana@example.com")
    provision(world, "ben", "ben@example.com", "ben@example.com", active=False)
    world.registry.sign_in("zoe@example.com", ["Guests"])
    world.registry.users.create_admin("root@example.com")
    acme = world.organization()
    world.push("Eng", "ana", "ben")
    world.mappings.add(acme.id, "Eng")
    world.mappings.add(acme.id, "Guests")
    TokenStore(world.backend).create(TENANT)
    assert codes(world) == []


def test_users_without_an_address(world: World) -> None:
    """Each is named by its userName."""
    provision(world, "ana", "ana@example.com")
    provision(world, "ben", "ben@example.com", "ben@example.com")
    assert names(world, "noEmail") == ["ana@example.com"]


@pytest.mark.parametrize(("user_name", "is_email"), [
    ("ana", False), ("@", False), ("ana@", False), ("@example.com", False), ("ana@example.com", True),
])  # fmt: skip
def test_a_user_name_that_is_no_address(user_name: str, is_email: bool, world: World) -> None:
    """Without something on both sides of an `@` it is none."""
    provision(world, "ana", user_name, "ana@example.com")
    assert codes(world) == ([] if is_email else ["userNameNotEmail"])


@pytest.mark.parametrize("user_name", ["ROOT@example.com", "ana@example.com"])
def test_an_address_that_two_users_have(user_name: str, world: World) -> None:
    """An administrator and a user of an import, be it by userName or by e-mail; named once."""
    email = "root@example.com" if user_name == "ana@example.com" else user_name
    world.registry.users.create_admin("root@example.com")
    provision(world, "ana", user_name, email)
    (warning,) = look(world).warnings
    assert warning.code == "addressCollision"
    assert warning.resources == [Subject("User", "ana", "root@example.com")]


def test_a_user_who_signed_in_does_not_collide_with_itself(world: World) -> None:
    """An administrator who signed in is shown in SCIM, with its own address."""
    world.registry.users.create_admin("root@example.com")
    world.registry.sign_in("root@example.com")
    assert codes(world) == []


def test_mappings_to_groups_that_nobody_saw(world: World) -> None:
    """Names count exactly; each mapping is named, by the target's id."""
    acme, other = world.organization(), world.organization("other")
    world.push("Eng")
    for target, group in ((acme, "Eng"), (acme, "eng"), (other, "eng"), (acme, "Ops")):
        world.mappings.add(target.id, group)
    assert names(world, "mappingUnseen") == ["eng", "eng", "Ops"]
    (warning,) = look(world).warnings
    assert [subject.id for subject in warning.resources] == [acme.id, other.id, acme.id]


def test_groups_that_are_mapped_nowhere(world: World) -> None:
    """Pushed ones: what sign-ins name comes unasked."""
    acme = world.organization()
    world.push("Eng")
    world.push("Ops")
    world.push("Guests", type_name="SignInGroup")
    world.mappings.add(acme.id, "Eng")
    assert names(world, "groupUnmapped") == ["Ops"]


def test_groups_without_organization_provisioning(world: World) -> None:
    """One warning that names no group, instead of one about each; none when there are no groups."""
    assert codes(world, group_provisioning=False) == []
    world.push("Eng")
    (warning,) = look(world, group_provisioning=False).warnings
    assert (warning.code, warning.resources) == ("provisioningOff", ())
    assert "BSR_GROUP_PROVISIONING" in warning.message


def test_the_facade_knows_what_is_configured(world: World) -> None:
    """`registry.readiness()` is all that a host application calls."""
    world.push("Eng")
    assert [warning.code for warning in world.registry.readiness().warnings] == ["groupUnmapped"]


@pytest.fixture
def at_noon(backend_uri: str) -> Backend:
    """A store on the last day of January."""
    return open_backend(backend_uri, TypeRegistry((*load_profile("bsr"), *internal_types())), clock=lambda: NOW)


@pytest.mark.parametrize(
    ("expires", "code"),
    [
        pytest.param(None, [], id="never"),
        pytest.param(NOW - DAY, ["tokenExpired"], id="yesterday"),
        pytest.param(NOW, ["tokenExpired"], id="now"),
        pytest.param(NOW + timedelta(microseconds=1), ["tokenExpiring"], id="right away"),
        pytest.param(NOW + 30 * DAY, ["tokenExpiring"], id="in 30 days"),
        pytest.param(NOW + 30 * DAY + timedelta(microseconds=1), [], id="later"),
    ],
)
def test_tokens_that_end(expires: datetime | None, code: list[str], at_noon: Backend) -> None:
    """A SCIM token that ended, or will within 30 days, is named by its description; API tokens are their users'."""
    World(at_noon).outsider("ana")
    tokens = TokenStore(at_noon)
    _, made = tokens.create(TENANT, expires=expires, description="Okta")
    tokens.create(TENANT, Kind.API, expires=expires, user="ana")
    found = readiness(TenantStore(at_noon, TENANT)).warnings
    assert [warning.code for warning in found] == code
    assert all(warning.resources == [Subject("Token", made.id, "Okta")] for warning in found)


def test_members_who_do_not_exist(tmp_path: Path) -> None:
    """Memberships that were written into the file by hand are found; members who exist are not named."""
    world = World(open_store(f"sqlite:///{tmp_path / 'scim.db'}"))
    world.users("ana", "ben")
    world.push("Ops")
    world.push("Eng", "ana", "Group-Ops")
    assert "memberUnknown" not in codes(world)
    ghosts = (("ghost", "User"), ("Group-Ghost", "Group"))
    with closing(sqlite3.connect(tmp_path / "scim.db", isolation_level=None)) as connection:
        sql = "INSERT INTO member SELECT tenant, seq, ?, -1, ? FROM resource WHERE id = 'Group-Eng'"
        connection.executemany(sql, ghosts)
    assert names(world, "memberUnknown") == ["Group-Ghost", "ghost"]
    world.backend.close()


def test_members_are_looked_at_group_by_group(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many groups at once a store may read the members anew for each page."""
    asked: list[Sequence[str]] = []
    members = world.backend._members

    def counted(tenant: str, group_ids: Sequence[str], *rest: Any) -> list[Link]:
        asked.append(group_ids)
        return members(tenant, group_ids, *rest)

    world.users("ana")
    for name in ("Ops", "Eng"):
        world.push(name, "ana")
    monkeypatch.setattr(world.backend, "_members", counted)
    look(world)
    assert sorted(asked) == [["Group-Eng"], ["Group-Ops"]]


@pytest.mark.parametrize("number", [MOST_RESOURCES, MOST_RESOURCES + 1, 1200])
def test_resources_are_bounded_and_counted(number: int, world: World) -> None:
    """The message has the total; a hundred are named."""
    batch = [
        Insert("Group", f"g{n}", {"schemas": [GROUP], "id": f"g{n}", "displayName": f"G{n}"}) for n in range(number)
    ]
    users = [Insert("User", f"u{n}", {"schemas": [USER], "id": f"u{n}", "userName": f"u{n}"}) for n in range(number)]
    world.backend.commit(TENANT, [*batch, *users])
    found = {warning.code: warning for warning in look(world).warnings}
    for code in ("groupUnmapped", "noEmail", "userNameNotEmail"):
        assert f": {number}." in found[code].message
        assert len(found[code].resources) == MOST_RESOURCES


def test_nothing_of_another_tenant_is_seen(world: World) -> None:
    """Readiness is of one tenant."""
    world.push("Eng")
    assert readiness(TenantStore(world.backend, "acme")).ready


def test_every_message_says_what_to_do(world: World) -> None:
    """In one line, without a placeholder."""
    provision(world, "ana", "ana")
    world.push("Eng")
    for warning in look(world).warnings:
        assert warning.message.isprintable()
        assert "{" not in warning.message
        assert warning.message.count(".") >= 2


def test_an_owner_of_nobody_is_passed_over(world: World) -> None:
    """An address that no user of SCIM has collides with none."""
    document = {"schemas": [], "id": owner_id("x"), "kind": "user", "name": "x", "email": "x@example.com"}
    world.backend.commit(TENANT, [Insert("Owner", owner_id("x"), document)])
    assert codes(world) == []


# Over HTTP


def test_readiness_is_asked_with_the_scim_token(make_scim: Callable[..., Scim]) -> None:
    """`GET /readiness` answers for the token's tenant."""
    scim = make_scim()
    ana = scim.user("ana")
    answer = scim.get("/readiness")
    assert answer.status_code == 200
    assert answer.json["schemas"] == [READINESS_URN]
    assert answer.json["ready"] is False
    assert [warning["code"] for warning in answer.json["warnings"]] == ["noEmail", "userNameNotEmail"]
    assert answer.json["warnings"][0]["resources"] == [{"type": "User", "id": ana["id"], "name": "ana"}]
    assert answer.json["warnings"][0].keys() == {"code", "message", "resources"}


def test_readiness_knows_the_settings(make_scim: Callable[..., Scim]) -> None:
    """What is configured is looked at."""
    scim = make_scim(group_provisioning=False)
    scim.group("Eng")
    assert [warning["code"] for warning in scim.get("/readiness").json["warnings"]] == ["provisioningOff"]


def test_readiness_is_for_nobody_else(make_scim: Callable[..., Scim]) -> None:
    """Without a token 401; it is only read."""
    scim = make_scim()
    assert scim.get("/readiness", headers={"Authorization": None}).status_code == 401
    assert scim.post("/readiness", {}).status_code == 405
    assert scim("HEAD", "/readiness").status_code == 200
