"""The registry and SCIM give one address to a user each, one after the other or at once: one of them has it."""

from collections.abc import Callable
from functools import partial

import pytest
from werkzeug.test import TestResponse

from flask_bsr_scim.registry.errors import AlreadyExists, FailedPrecondition
from flask_bsr_scim.registry.owners import USER, addresses, user_id_of
from flask_bsr_scim.registry.targets import OWNER
from tests.client import Scim, assert_error, user
from tests.registry.people import PROFILES, World, emails, new_world
from tests.registry.rivals import before_the_commit

ADDRESS = "e@example.com"


@pytest.fixture(params=PROFILES)
def world(request: pytest.FixtureRequest, make_scim: Callable[..., Scim]) -> World:
    return new_world(make_scim(profile=request.param))


Call = Callable[[World], str | None]
"""Gives a user the address, and returns the user's id; None when that was refused."""


def refused(call: Callable[[], str]) -> str | None:
    """Return what a call to the registry returns, None when the address is another user's."""
    try:
        return call()
    except (AlreadyExists, FailedPrecondition):
        return None


def made_administrator(world: World) -> str | None:
    return refused(lambda: world.users.create_admin("E@example.com").id)


def signed_in(world: World) -> str | None:
    return refused(lambda: world.sign_in("E@example.com", ["a"]).user.id)


def restored(world: World) -> str | None:
    return refused(lambda: world.users.restore("gone", "E@example.com").id)


def posted(world: World, user_name: str, email: str) -> str | None:
    answer = Scim(world.scim.app).post("/Users", user(user_name, **emails(email)))
    return _id_in(answer, 201)


def patched(world: World, path: str, value: object) -> str | None:
    operation = {"op": "replace", "path": path, "value": value}
    answer = Scim(world.scim.app).patch(f"/Users/{world.users.by_name('old').id}", operation)
    return _id_in(answer, 200)


def _id_in(answer: TestResponse, status: int) -> str | None:
    if answer.status_code == status:
        return str(answer.json["id"])
    assert_error(answer, 409, "uniqueness")
    return None


FROM_THE_REGISTRY: dict[str, Call] = {"admin create": made_administrator, "sign-in": signed_in, "restore": restored}

FROM_SCIM: dict[str, Call] = {
    "POST of the e-mail": partial(posted, user_name="new", email=ADDRESS),
    "POST of userName": partial(posted, user_name=ADDRESS, email="new@example.com"),
    "PATCH of emails": partial(patched, path="emails", value=emails(ADDRESS)["emails"]),
    "PATCH of userName": partial(patched, path="userName", value=ADDRESS),
}


def prepare(world: World) -> None:
    """Make a user who can be changed, and one who can be restored."""
    world.provision("old@example.com")
    gone = world.provision("gone@example.com")
    assert world.scim.delete(f"/Users/{gone.id}").status_code == 204


def having_the_address(world: World) -> set[str]:
    """Return the ids of all to whom the address leads, or by which they can be adopted."""
    store = world.store
    shown = {each.id for each in store.each(USER) if ADDRESS in map(str.lower, addresses(each.document))}
    known = {user_id_of(each) for each in store.each(OWNER) if each.document.get("email", "").lower() == ADDRESS}
    return shown | known


@pytest.mark.parametrize("first", ["the registry", "SCIM"])
@pytest.mark.parametrize("scim", FROM_SCIM)
@pytest.mark.parametrize("registry", FROM_THE_REGISTRY)
def test_of_two_who_want_an_address_one_gets_it(
    world: World, monkeypatch: pytest.MonkeyPatch, registry: str, scim: str, first: str
) -> None:
    """Whoever is overtaken between the look at what is there and the commit looks again: one user has the address."""
    prepare(world)
    calls = [FROM_THE_REGISTRY[registry], FROM_SCIM[scim]]
    overtaken, overtaking = calls if first == "SCIM" else reversed(calls)
    got = [*before_the_commit_of(world, monkeypatch, overtaken, overtaking)]
    assert having_the_address(world) == {each for each in got if each is not None}
    assert len(having_the_address(world)) == 1


def before_the_commit_of(
    world: World, monkeypatch: pytest.MonkeyPatch, call: Call, other: Call
) -> tuple[str | None, str | None]:
    """Return what two calls return, of which the other is made when the one is about to commit."""
    return before_the_commit(world.store.backend, monkeypatch, partial(call, world), partial(other, world))


@pytest.mark.parametrize("scim", FROM_SCIM)
@pytest.mark.parametrize("registry", FROM_THE_REGISTRY)
def test_one_after_the_other_the_first_has_the_address(world: World, registry: str, scim: str) -> None:
    """A POST adopts whom the registry made, and a PATCH is refused; both leave the address where it is."""
    prepare(world)
    first = FROM_THE_REGISTRY[registry](world)
    assert first is not None
    assert FROM_SCIM[scim](world) == (first if scim.startswith("POST") else None)
    assert having_the_address(world) == {first}


@pytest.mark.parametrize("scim", FROM_SCIM)
@pytest.mark.parametrize("registry", FROM_THE_REGISTRY)
def test_the_other_way_round_it_is_the_user_of_scim(world: World, registry: str, scim: str) -> None:
    """Who has the address as e-mail signs in, and becomes administrator; with another e-mail nobody does."""
    prepare(world)
    first = FROM_SCIM[scim](world)
    assert first is not None
    is_known_by_it = scim.endswith(("mail", "emails"))
    assert FROM_THE_REGISTRY[registry](world) == (first if is_known_by_it and registry != "restore" else None)
    assert having_the_address(world) == {first}
