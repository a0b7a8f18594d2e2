"""No two users sign in by one address, of whom one has it as e-mail and the other as userName (profile bsr)."""

from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Absence, Backend, Insert, Key
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.registry.consequences import RegistryConsequences
from flask_bsr_scim.registry.errors import FailedPrecondition
from flask_bsr_scim.registry.owners import USER, signs_in_by
from flask_bsr_scim.registry.readiness import readiness
from flask_bsr_scim.view import View
from tests.client import Scim, assert_error, user
from tests.registry.people import World, emails, new_world
from tests.registry.test_address_races import before_the_commit_of

EVE = "eve@example.com"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@pytest.fixture
def world(make_scim: Callable[..., Scim]) -> World:
    return new_world(make_scim())


def operation(path: str, value: object = None) -> dict[str, Any]:
    """Return an operation of a PATCH that sets an attribute, or removes it."""
    return {"op": "remove", "path": path} if value is None else {"op": "replace", "path": path, "value": value}


def having(world: World) -> list[str]:
    """Return the ids of the users who sign in by the address."""
    return [each.id for each in world.store.each(USER) if signs_in_by(each.document).lower() == EVE]


BY_EMAIL = user("cy@example.com", **emails("Eve@example.com"))
BY_USER_NAME = user("EVE@example.com")
OTHER = {BY_EMAIL["userName"]: BY_USER_NAME, BY_USER_NAME["userName"]: BY_EMAIL}


@pytest.mark.parametrize("first", [BY_EMAIL, BY_USER_NAME], ids=["e-mail", "userName"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "bulk"])
def test_the_second_is_refused(world: World, method: str, first: dict[str, Any]) -> None:
    """Whichever came first has it: the other one is a conflict, whose detail names both, and nothing is written."""
    one = world.scim.post("/Users", first).json["id"]
    body, path = OTHER[first["userName"]], f"/Users/{world.scim.user('bob')['id']}"
    before = world.versions()
    match method:
        case "POST":
            answer = world.scim.post("/Users", body)
        case "PUT":
            answer = world.scim.put(path, body)
        case "PATCH":
            answer = world.scim.patch(path, *(operation(name, body[name]) for name in body if name != "schemas"))
        case _:
            job = {"method": "POST", "path": "/Users", "bulkId": "b", "data": body}
            (result,) = world.scim.post("/Bulk", {"schemas": [BULK], "Operations": [job]}).json["Operations"]
            assert (result["status"], result["response"]["scimType"]) == ("409", "uniqueness")
    if method != "bulk":
        assert_error(answer, 409, "uniqueness", "signs in by the address")
        assert one in answer.json["detail"]
    assert world.versions() == before
    assert having(world) == [one]
    assert world.sign_in(EVE).user.id == world.users.create_admin(EVE).id == one


@pytest.mark.parametrize("body", [BY_USER_NAME, user(EVE, **emails("x@example.com"))], ids=["alone", "with e-mail"])
def test_a_user_name_that_is_taken_is_told_as_before(world: World, body: dict[str, Any]) -> None:
    """Who is sent once more, without an e-mail for one, has the same userName, whatever else is the same."""
    eve = world.provision(EVE)
    answer = world.scim.post("/Users", body)
    assert_error(answer, 409, "uniqueness", "belongs to another User already")
    assert answer.json["detail"] == (
        f'userName "{body["userName"]}" belongs to another User already ("{EVE}", id {eve.id}). Correct what the '
        "identity provider sends as userName, so that each User has its own, or link this one to the existing one."
    )


def test_who_loses_the_e_mail_does_not_get_the_address_of_another(world: World) -> None:
    """An old userName is no address as long as there is an e-mail, and cannot become one that somebody has."""
    eve, bob = world.provision("eve.new", EVE), world.provision(EVE, "bob@example.com")
    assert_error(world.scim.patch(f"/Users/{bob.id}", operation("emails")), 409, "uniqueness", eve.id)
    assert world.scim.patch(f"/Users/{bob.id}", operation("externalId", "1")).status_code == 200
    assert having(world) == [eve.id]
    assert world.scim.patch(f"/Users/{eve.id}", operation("emails", emails("x@example.com")["emails"])).is_json
    assert world.scim.patch(f"/Users/{bob.id}", operation("emails")).status_code == 200
    assert having(world) == [bob.id]


def test_an_old_user_name_is_in_nobodys_way(world: World) -> None:
    """Whoever gets the address that the userName of another still is, signs in by it, made or changed."""
    world.provision(EVE, "eve.jones@example.com")
    for name, changed in (("new", False), ("old", True)):
        other = world.provision(name, f"{name}@example.com" if changed else EVE)
        if changed:
            answer = world.scim.patch(f"/Users/{other.id}", operation("emails", emails(EVE)["emails"]))
            assert answer.status_code == 200, answer.text
        assert having(world) == [other.id]
        assert world.sign_in(EVE).user.id == other.id
        world.scim.delete(f"/Users/{other.id}")


def test_ones_own_address_may_move_between_the_two(world: World) -> None:
    """From userName to e-mail and back, in one request each."""
    eve = world.scim.user(EVE)["id"]
    for body in (BY_EMAIL, BY_USER_NAME, user(EVE, **emails(EVE)), BY_USER_NAME, BY_EMAIL):
        assert world.scim.put(f"/Users/{eve}", body).status_code == 200
        assert having(world) == [eve]


Call = Callable[[World], str | None]


def posting(body: dict[str, Any]) -> Call:
    """Return what makes a user, and returns its id, None when that is refused."""
    return lambda world: Scim(world.scim.app).post("/Users", body).json.get("id")


def patching(handle: str, *operations: dict[str, Any]) -> Call:
    """Return what changes a user, and returns its id, None when that is refused."""
    return lambda world: (
        Scim(world.scim.app).patch(f"/Users/{world.users.by_name(handle).id}", *operations).json.get("id")
    )


TO_EMAIL: dict[str, Call] = {
    "POST of the e-mail": posting(BY_EMAIL),
    "PATCH of the e-mail": patching("ann", operation("emails", emails(EVE)["emails"])),
}
TO_USER_NAME: dict[str, Call] = {
    "POST of userName": posting(BY_USER_NAME),
    "PATCH of userName": patching("bob", operation("userName", EVE)),
}


@pytest.mark.parametrize("first", ["e-mail", "userName"])
@pytest.mark.parametrize("one", TO_EMAIL)
@pytest.mark.parametrize("other", [*TO_USER_NAME, "no e-mail any more"])
def test_of_two_at_once_one_has_the_address(
    world: World, monkeypatch: pytest.MonkeyPatch, one: str, other: str, first: str
) -> None:
    """Whoever is overtaken between the look at what is there and the commit is refused."""
    world.provision("ann@example.com")
    world.scim.user("bob@example.com")
    calls = [TO_EMAIL[one], TO_USER_NAME.get(other, patching("carl", operation("emails")))]
    if other not in TO_USER_NAME:
        world.provision(EVE, "carl@example.com")
    overtaken, overtaking = calls if first == "e-mail" else reversed(calls)
    got = before_the_commit_of(world, monkeypatch, overtaken, overtaking)
    assert [each for each in got if each is not None] == having(world)
    assert len(having(world)) == 1


def test_a_change_beside_a_user_who_goes_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets the old userName of another while that one is deleted gets it all the same."""
    ann, old = world.provision("ann@example.com"), world.provision(EVE, "carl@example.com")

    def gone(world: World) -> str:
        assert Scim(world.scim.app).delete(f"/Users/{old.id}").status_code == 204
        return old.id

    assert before_the_commit_of(world, monkeypatch, TO_EMAIL["PATCH of the e-mail"], gone) == (ann.id, old.id)
    assert having(world) == [ann.id]


@pytest.mark.parametrize("body", [
    pytest.param(user("bob@example.com", **emails("Bob@example.com")), id="the same"),
    pytest.param(user("bob"), id="no address"),
])  # fmt: skip
def test_who_cannot_collide_costs_no_condition(world: World, body: dict[str, Any]) -> None:
    """Where userName is the e-mail, as mostly, the store looks at no key beyond the user's own."""
    keys = [change.key for change in conditions(world.store.backend, body)]
    assert [key for key in keys if key.type == USER] == []


@pytest.mark.parametrize(("body", "key"), [
    (BY_EMAIL, Key(USER, "userName", "Eve@example.com")), (BY_USER_NAME, Key(USER, "emails.value", "EVE@example.com")),
])  # fmt: skip
def test_others_cost_one(world: World, body: dict[str, Any], key: Key) -> None:
    """It is a part of the commit."""
    assert [c.key for c in conditions(world.store.backend, body) if c.key.type == USER] == [key]


def conditions(backend: Backend, body: dict[str, Any]) -> list[Absence]:
    """Return the conditions of the first attempt to store a new user."""
    context = Context("default", View(backend.types, ""))
    changes = RegistryConsequences(backend).insert(context, Insert(USER, "u1", body), again=False)
    return [change for change in changes if isinstance(change, Absence)]


def test_of_two_who_are_there_already_neither_is_meant(world: World) -> None:
    """An import can bring them: nobody gets the access of the other, and the readiness names both."""
    stored = [Insert(USER, name, {**body, "id": name}) for name, body in (("a", BY_EMAIL), ("b", BY_USER_NAME))]
    world.store.commit(*stored)
    for call in (world.users.by_email, world.sign_in, world.users.create_admin):
        with pytest.raises(FailedPrecondition, match=r'2 users have the address .*"a", "b"'):
            call(EVE)
    (warning,) = (each for each in readiness(world.store).warnings if each.code == "addressCollision")
    assert [subject.id for subject in warning.resources] == ["a", "b"]


def test_where_e_mails_are_not_unique_neither_is_the_address(make_scim: Callable[..., Scim]) -> None:
    """In the profile rfc7643 both are stored, and nobody can sign in by it."""
    world = new_world(make_scim(profile="rfc7643"))
    for body in (BY_EMAIL, BY_USER_NAME):
        assert world.scim.post("/Users", body).status_code == 201
    with pytest.raises(FailedPrecondition, match="2 users have the address"):
        world.sign_in(EVE)
