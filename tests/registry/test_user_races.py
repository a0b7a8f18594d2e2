"""Many threads make and change the same users in one SQLite file at once."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.registry.errors import FailedPrecondition
from flask_bsr_scim.registry.model import ServerRole
from flask_bsr_scim.registry.sign_in import SignIn
from tests.client import TOKEN, Scim, user
from tests.registry.people import PROFILES, World, emails, new_world

TIMES = 16


@pytest.fixture(params=PROFILES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    app = Flask("races")
    BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}", token=TOKEN, profile=request.param)
    return new_world(Scim(app))


def at_once(world: World, calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Return what the calls return, made at one moment, each in a thread."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(10)
        try:
            return call()
        finally:
            world.store.backend.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def provisioning(world: World, address: str, user_name: str | None = None) -> Callable[[], int]:
    """Return a function that provisions a user with an address, and returns the status."""
    body = user(user_name or address, **emails(address))
    return lambda: Scim(world.scim.app).post("/Users", body).status_code


def signing_in(world: World, address: str, *groups: str) -> Callable[[], SignIn]:
    """Return a function that signs in."""
    return lambda: world.sign_in(address, groups)


def test_users_of_one_handle_get_one_each(world: World) -> None:
    """All are made, and no two have the same handle."""
    statuses = at_once(world, [provisioning(world, f"bob@host{n}.example") for n in range(TIMES)])
    assert statuses == [201] * TIMES
    found, _ = world.users.page()
    assert {each.username for each in found} == {"bob", *(f"bob-{n}" for n in range(2, TIMES + 1))}


def test_first_sign_ins_at_once_give_one_user(world: World) -> None:
    """One of them makes it, and all of them return it."""
    found = at_once(world, [signing_in(world, "bob@example.com", "a") for _ in range(TIMES)])
    assert Counter(each.created for each in found) == {True: 1, False: TIMES - 1}
    assert {each.user.id for each in found} == {world.users.by_name("bob").id}
    assert world.users.count() == 1


@pytest.mark.parametrize("known", ["unknown", "administrator"])
def test_provisioning_and_sign_ins_at_once_give_one_user(world: World, known: str) -> None:
    """One POST makes or adopts the user, the others are conflicts; every sign-in finds it."""
    if known == "administrator":
        world.users.create_admin("bob@example.com")
    half = TIMES // 2
    calls: list[Callable[[], Any]] = [provisioning(world, "bob@example.com") for _ in range(half)]
    calls += [signing_in(world, "Bob@example.com", f"group{n}") for n in range(half)]
    found = at_once(world, calls)
    assert Counter(found[:half]) == {201: 1, 409: half - 1}
    bob = world.users.by_name("bob")
    assert {each.user.id for each in found[half:]} == {bob.id}
    assert (world.users.count(), bob.provisioned) == (1, True)
    assert len(world.sign_in_groups(bob)) == 1
    assert bob.server_role is (ServerRole.ADMIN if known == "administrator" else ServerRole.MEMBER)


def test_deletion_and_sign_ins_at_once_leave_no_access(world: World) -> None:
    """Whoever signs in after the deletion is another user, who alone has groups."""
    bob = world.provision("bob@example.com")
    calls: list[Callable[[], Any]] = [lambda: Scim(world.scim.app).delete(f"/Users/{bob.id}").status_code]
    calls += [signing_in(world, "bob@example.com", f"group{n}") for n in range(TIMES)]
    at_once(world, calls)
    assert not world.users.get(bob.id).active
    assert world.sign_in_groups(bob) == []
    assert world.users.count(active=True) <= 1


@pytest.mark.parametrize("by", ["registry", "SCIM"])
def test_tokens_and_deactivation_at_once_leave_no_token(world: World, by: str) -> None:
    """Whatever came first, a reactivated user has no token."""
    bob = world.provision("bob@example.com")

    def make_token() -> None:
        with suppress(FailedPrecondition):
            world.api_token(bob)

    def set_active(value: bool) -> None:
        if by == "registry":
            world.users.set_active(bob.id, value)
        else:
            Scim(world.scim.app).patch(f"/Users/{bob.id}", {"op": "replace", "path": "active", "value": value})

    at_once(world, [*[make_token] * TIMES, lambda: set_active(False)])
    set_active(True)
    assert list(world.tokens.list("default", bob.id)) == []


def test_changes_from_both_sides_at_once_are_all_kept(world: World) -> None:
    """The registry's flag and SCIM's attributes are in one document, and none of them is lost."""
    bob = world.provision("bob@example.com")
    token = world.api_token(bob)

    def patch(path: str, value: object) -> Callable[[], int]:
        operation = {"op": "replace", "path": path, "value": value}
        return lambda: Scim(world.scim.app).patch(f"/Users/{bob.id}", operation).status_code

    at_once(
        world,
        [
            lambda: world.users.set_active(bob.id, False),
            lambda: world.users.set_server_role(bob.id, ServerRole.ADMIN),
            patch("name.givenName", "Robert"),
            patch("name.familyName", "Smith"),
            patch("externalId", "00u1"),
        ],
    )
    shown = world.scim.get(f"/Users/{bob.id}").json
    assert shown["name"] == {"givenName": "Robert", "familyName": "Smith"}
    assert (shown["externalId"], shown["active"]) == ("00u1", False)
    assert world.users.get(bob.id).server_role is ServerRole.ADMIN
    assert not world.accepts(token)
