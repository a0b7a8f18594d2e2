"""The users of the registry: found, listed, made administrators, locked out, restored."""

from collections.abc import Callable
from functools import partial, partialmethod
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.errors import VersionConflict
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotThere,
    RegistryError,
)
from flask_bsr_scim.registry.model import RegistryUser, ServerRole
from flask_bsr_scim.registry.tokens import Kind
from tests.client import USER, Scim, assert_error, user
from tests.registry.people import PROFILES, World, emails, new_world

NOT_ADDRESSES = (
    "",
    "bob",
    "@",
    "bob@",
    "@example.com",
    "a@b@c",
    "bob @example.com",
    "bob@exam\nple",
    "\ud800@x",
    "x\0@y",
    "a" * 255 + "@x",
)


@pytest.fixture(params=PROFILES)
def world(request: pytest.FixtureRequest, make_scim: Callable[..., Scim]) -> World:
    return new_world(make_scim(profile=request.param))


def names(users: list[RegistryUser]) -> list[str]:
    return [user.username for user in users]


# Found


def test_a_user_is_found_by_handle_in_any_case(world: World) -> None:
    """Handles are compared without case."""
    bob = world.provision("bob@example.com")
    assert world.users.by_name("BOB") == bob == world.users.get(bob.id)


def test_who_is_not_there_is_not_found(world: World) -> None:
    """Unknown ids and names, and those of organizations, are no users."""
    organization = world.organization("acme")
    for lookup, text in [
        (world.users.get, "unknown"),
        (world.users.get, organization.id),
        (world.users.by_name, "unknown"),
        (world.users.by_name, "acme"),
    ]:
        with pytest.raises(NotThere):
            lookup(text)
    assert world.users.by_email("unknown@example.com") is None


def test_an_address_means_work_e_mail_then_user_name_then_outsider(world: World) -> None:
    """Letter case does not count, and each way is tried after the other."""
    bob = world.provision("b.smith", "bob@example.com")
    ann = world.users.get(world.scim.user("ann@example.com")["id"])
    root = world.users.create_admin("root@example.com")
    for address, expected in [("BOB@example.com", bob), ("Ann@Example.com", ann), ("ROOT@example.com", root)]:
        assert world.users.by_email(address) == expected


def test_an_old_address_that_stayed_as_user_name_means_nobody(world: World) -> None:
    """Alice has married, and her userName stayed. Who is given her old address must not get in as her."""
    alice = world.provision("alice@example.com")
    changed = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "alice.jones@example.com"}
    assert world.scim.patch(f"/Users/{alice.id}", changed).status_code == 200
    for call in (world.users.by_email, world.sign_in, world.users.create_admin):
        with pytest.raises(FailedPrecondition, match=alice.id):
            call("alice@example.com")
    assert world.sign_in("alice.jones@example.com").user.id == alice.id


LOOK_ALIKES = [
    pytest.param("strasse@example.com", "straße@example.com", id="sharp s"),
    pytest.param("bob@office.example", "bob@oﬃce.example", id="ligature"),
    pytest.param("steve@example.com", "ſteve@example.com", id="long s"),
    pytest.param("straße@example.com", "STRASSE@example.com", id="capitals of sharp s"),
]
"""Addresses of different people that are equal when they are compared without case as Unicode does it."""


@pytest.mark.parametrize(("known", "other"), LOOK_ALIKES)
@pytest.mark.parametrize("made", ["admin", "provisioned", "signed in"])
def test_an_address_that_is_only_alike_means_nobody(world: World, made: str, known: str, other: str) -> None:
    """Nobody signs in as somebody else, and no POST adopts who has another address."""
    match made:
        case "admin":
            user = world.users.create_admin(known)
        case "provisioned":
            user = world.provision(known)
        case _:
            user = world.sign_in(known).user
    with pytest.raises(FailedPrecondition, match=user.id):
        world.sign_in(other)
    answer = world.scim.post("/Users", {"schemas": [USER], "userName": "other", **emails(other)})
    assert answer.status_code == 409 or (made == "provisioned" and answer.json["id"] != user.id)
    assert world.users.get(user.id).email == known
    assert world.sign_in(known.upper() if known.isascii() else known).user.id == user.id


def test_letters_are_equal_however_they_are_written(world: World) -> None:
    """Composed and decomposed letters are the same address."""
    zoe = world.provision("zo\u00eb@example.com")
    assert world.users.by_email("Zoe\u0308@example.com") == zoe


def test_of_several_with_one_address_the_one_named_by_it_is_meant(make_scim: Callable[..., Scim]) -> None:
    """Where e-mails are not unique an ambiguous address is an error, unless it is somebody's userName too."""
    world = new_world(make_scim(profile="rfc7643"))
    world.provision("one", "shared@example.com")
    world.provision("two", "shared@example.com")
    with pytest.raises(FailedPrecondition, match="2 users have the address"):
        world.users.by_email("shared@example.com")
    third = world.provision("shared@example.com")
    assert world.users.by_email("shared@example.com") == third


def test_an_address_that_is_not_the_work_address_means_nobody(make_scim: Callable[..., Scim]) -> None:
    """A home address is for information (profile rfc7643)."""
    world = new_world(make_scim(profile="rfc7643"))
    addresses = [{"value": "home@example.com", "type": "home"}, {"value": "bob@example.com", "type": "work"}]
    world.scim.user("bob", emails=addresses)
    assert world.users.by_email("home@example.com") is None


# Listed


def test_pages_follow_on_each_other_in_both_directions(world: World) -> None:
    """Every user is on one page, outsiders behind the others, and `reverse` is the exact reverse."""
    world.users.create_admin("chief@example.com")
    for number in range(4):
        world.provision(f"user{number}@example.com")
    world.users.create_admin("boss@example.com")
    expected = ["user0", "user1", "user2", "user3", "chief", "boss"]
    for size in (1, 2, 4, 5, 100):
        assert names(all_pages(world, size)) == expected
        assert names(all_pages(world, size, reverse=True)) == expected[::-1]


def all_pages(world: World, count: int, *, reverse: bool = False, active: bool | None = None) -> list[RegistryUser]:
    """Return what all pages hold; none is larger than asked for."""
    found, cursor = world.users.page(None, count, reverse, active)
    while cursor is not None:
        page, cursor = world.users.page(cursor, count, reverse, active)
        assert len(page) <= count
        found += page
    return found


def test_pages_and_counts_can_leave_out_who_is_locked_out(world: World) -> None:
    """Both kinds of users are counted, and a page is full although others lie between."""
    users = [world.provision(f"user{number}@example.com") for number in range(5)]
    for number in (0, 1, 3):
        world.users.set_active(users[number].id, False)
    world.scim.delete(f"/Users/{users[0].id}")
    root = world.users.create_admin("boss@example.com")
    assert names(all_pages(world, 2, active=True)) == ["user2", "user4", root.username]
    assert names(all_pages(world, 2, active=False)) == ["user1", "user3", "user0"]
    assert names(world.users.page(count=2, active=True)[0]) == ["user2", "user4"]
    assert (world.users.count(), world.users.count(True), world.users.count(False)) == (6, 3, 3)


def test_a_user_without_a_value_of_active_is_active(world: World) -> None:
    """A client can take the value away; nobody is locked out by that."""
    bob = world.provision("bob@example.com")
    assert world.scim.patch(f"/Users/{bob.id}", {"op": "remove", "path": "active"}).status_code == 200
    assert world.users.get(bob.id).active
    assert names(world.users.page(active=True)[0]) == ["bob"]
    assert world.users.count(True) == 1


def test_an_empty_page_leads_nowhere_else(world: World) -> None:
    """Asking for none is no error."""
    world.provision("bob@example.com")
    assert world.users.page(count=0) == ([], None)


@pytest.mark.parametrize("cursor", ["", "7", "User", "User ", "Group 1"])
def test_a_wrong_page_token_is_refused(world: World, cursor: str) -> None:
    """Only what came with a page continues it."""
    with pytest.raises(InvalidArgument):
        world.users.page(cursor)


# Administrators


def test_an_administrator_is_an_outsider(world: World) -> None:
    """SCIM neither sees nor touches one that it did not provision."""
    root = world.users.create_admin("boss@example.com")
    assert (root.username, root.email, root.server_role) == ("boss", "boss@example.com", ServerRole.ADMIN)
    assert (root.active, root.provisioned) == (True, False)
    assert world.scim.names() == []
    for method in ("GET", "DELETE"):
        assert_error(world.scim(method, f"/Users/{root.id}"), 404)


@pytest.mark.parametrize("made", ["admin", "provisioned", "signed in", "by userName"])
def test_who_has_the_address_becomes_administrator(world: World, made: str) -> None:
    """No second user is made."""
    match made:
        case "admin":
            known = world.users.create_admin("boss@example.com")
        case "provisioned":
            known = world.provision("b", "boss@example.com")
        case "signed in":
            known = world.sign_in("boss@example.com").user
        case _:
            known = world.users.get(world.scim.user("boss@example.com")["id"])
    root = world.users.create_admin("BOSS@example.com")
    assert (root.id, root.server_role) == (known.id, ServerRole.ADMIN)
    assert world.users.count() == 1


def test_who_is_deactivated_does_not_become_administrator(world: World) -> None:
    """Otherwise a reactivation by the identity provider would bring forth an administrator."""
    bob = world.provision("bob@example.com")
    world.users.set_active(bob.id, False)
    with pytest.raises(FailedPrecondition, match="deactivated"):
        world.users.create_admin("bob@example.com")
    assert world.users.get(bob.id).server_role is ServerRole.MEMBER


def test_a_server_role_is_given_and_taken(world: World) -> None:
    """It stays over changes by SCIM."""
    bob = world.provision("bob@example.com")
    assert world.users.set_server_role(bob.id, ServerRole.ADMIN).server_role is ServerRole.ADMIN
    world.scim.patch(f"/Users/{bob.id}", {"op": "replace", "path": "externalId", "value": "1"})
    assert world.users.get(bob.id).server_role is ServerRole.ADMIN
    assert world.users.set_server_role(bob.id, ServerRole.MEMBER).server_role is ServerRole.MEMBER


def test_what_is_no_address_is_refused(world: World) -> None:
    """Administrators and restored users have one; the refusal is one line."""
    for address in NOT_ADDRESSES:
        for call in (world.users.create_admin, partial(world.users.restore, "bob")):
            with pytest.raises(InvalidArgument) as raised:
                call(address)
            assert str(raised.value).isprintable()


# Locked out


@pytest.mark.parametrize("made", ["provisioned", "admin"])
def test_deactivation_revokes_tokens(world: World, made: str) -> None:
    """It is one commit, and reactivation does not bring them back."""
    bob = world.provision("bob@example.com") if made == "provisioned" else world.users.create_admin("bob@example.com")
    organization = world.organization("acme", ADMIN=bob)
    token = world.api_token(bob)
    before = world.versions()
    assert not world.users.set_active(bob.id, False).active
    assert len({entry.at for entry in world.store.backend.log("default", after=before)}) == 1
    assert not world.accepts(token)
    assert world.role(bob, organization) is None
    assert world.users.set_active(bob.id, True).active
    assert not world.accepts(token)
    assert world.role(bob, organization) == "DIRECT ADMIN"


@pytest.mark.parametrize("by", ["registry", "PATCH", "DELETE"])
def test_no_token_is_made_while_its_user_is_locked_out(world: World, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """A token that is asked for in the instant of the deactivation is not there after a reactivation."""
    bob = world.provision("bob@example.com")
    lock_out = {
        "registry": lambda: world.users.set_active(bob.id, False),
        "PATCH": lambda: world.scim.patch(f"/Users/{bob.id}", {"op": "replace", "path": "active", "value": False}),
        "DELETE": lambda: world.scim.delete(f"/Users/{bob.id}"),
    }[by]
    interfere(world, monkeypatch, lock_out)
    with pytest.raises(FailedPrecondition, match="deactivated"):
        world.api_token(bob)
    assert list(world.tokens.list("default", bob.id)) == []


def test_a_token_is_made_for_whom_there_is(world: World) -> None:
    """An id that is nobody's is refused, one of an organization too."""
    for stranger in ("unknown", world.organization("acme").id):
        with pytest.raises(NotThere):
            world.tokens.create("default", Kind.API, user=stranger)


def test_a_token_is_made_although_its_user_changes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another change than a deactivation only makes it look again."""
    bob = world.provision("bob@example.com")
    interfere(world, monkeypatch, lambda: world.scim.patch(f"/Users/{bob.id}", replace_name()))
    assert world.accepts(world.api_token(bob))


def test_deactivation_shows_in_scim(world: World) -> None:
    """The identity provider sees the flag, and the user can still be adopted."""
    bob = world.sign_in("bob@example.com").user
    world.users.set_active(bob.id, False)
    assert world.scim.get(f"/Users/{bob.id}").json["active"] is False
    assert world.provision("bob@example.com").id == bob.id


def test_a_deleted_user_is_not_reactivated(world: World) -> None:
    """Without an address it could not sign in: it is to be restored."""
    bob = world.provision("bob@example.com")
    world.scim.delete(f"/Users/{bob.id}")
    with pytest.raises(FailedPrecondition, match="Restore"):
        world.users.set_active(bob.id, True)
    assert not world.users.set_active(bob.id, False).active


def test_unknown_users_cannot_be_changed(world: World) -> None:
    """There is nothing to change."""
    for call in (
        lambda: world.users.set_active("unknown", False),
        lambda: world.users.set_server_role("unknown", ServerRole.ADMIN),
        lambda: world.users.restore("unknown", "bob@example.com"),
    ):
        with pytest.raises(NotThere):
            call()


def test_a_change_that_comes_between_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deactivation is done again on the result of whoever came first."""
    bob = world.provision("bob@example.com")
    interfere(world, monkeypatch, lambda: world.scim.patch(f"/Users/{bob.id}", replace_name()))
    world.users.set_active(bob.id, False)
    shown = world.scim.get(f"/Users/{bob.id}").json
    assert (shown["active"], shown["name"]) == (False, {"givenName": "Robert"})


def replace_name() -> dict[str, object]:
    return {"op": "replace", "path": "name.givenName", "value": "Robert"}


def interfere(world: World, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen just before the registry next commits, or keeps others from doing so."""
    methods = {name: getattr(Backend, name) for name in ("commit", "together")}

    def late(self: Backend, *arguments: Any, name: str) -> object:
        for each, method in methods.items():
            monkeypatch.setattr(Backend, each, method)
        act()
        return methods[name](self, *arguments)

    for name in methods:
        monkeypatch.setattr(Backend, name, partialmethod(late, name=name))


# Restored


def test_a_restored_user_has_its_id_handle_and_roles_again(world: World) -> None:
    """It is active, known by the new address, and shown by SCIM."""
    bob = world.provision("bob@example.com")
    organization = world.organization("acme", OWNER=bob)
    world.scim.delete(f"/Users/{bob.id}")
    back = world.users.restore("BOB", "robert@example.com")
    assert (back.id, back.username, back.email, back.active) == (bob.id, "bob", "robert@example.com", True)
    assert world.role(back, organization) == "DIRECT OWNER"
    shown = world.scim.get(f"/Users/{bob.id}").json
    assert shown["userName"] == "robert@example.com"
    assert [email["value"] for email in shown["emails"]] == ["robert@example.com"]
    assert world.sign_in("robert@example.com").user.id == bob.id


def test_a_restored_user_can_be_provisioned_again(world: World) -> None:
    """A POST with its address adopts it, as the administrator who restored it wants."""
    bob = world.provision("bob@example.com")
    world.scim.delete(f"/Users/{bob.id}")
    world.users.restore("bob", "bob@example.com")
    assert world.provision("bob@example.com").id == bob.id
    world.scim.delete(f"/Users/{bob.id}")
    assert world.users.restore("bob", "bob@example.com").id == bob.id


@pytest.mark.parametrize("taken_by", ["user", "userName", "admin"])
def test_a_user_is_not_restored_under_the_address_of_another(world: World, taken_by: str) -> None:
    """The address may have been given to somebody else meanwhile."""
    bob = world.provision("bob@example.com")
    world.scim.delete(f"/Users/{bob.id}")
    match taken_by:
        case "user":
            world.provision("b", "bob@example.com")
        case "userName":
            world.scim.user("bob@example.com")
        case _:
            world.users.create_admin("bob@example.com")
    with pytest.raises(AlreadyExists):
        world.users.restore("bob", "BOB@example.com")
    assert not world.users.get(bob.id).active


@pytest.mark.parametrize("made", ["provisioned", "deactivated", "admin"])
def test_only_a_deleted_user_is_restored(world: World, made: str) -> None:
    """Whoever is there, or locked out, has an address."""
    bob = world.users.create_admin("bob@example.com") if made == "admin" else world.provision("bob@example.com")
    if made == "deactivated":
        world.users.set_active(bob.id, False)
    with pytest.raises(FailedPrecondition):
        world.users.restore("bob", "robert@example.com")


def test_a_taken_address_is_seen_when_it_is_taken_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A POST that comes between wins."""
    bob = world.provision("bob@example.com")
    world.scim.delete(f"/Users/{bob.id}")
    body = user("bob@example.com", **emails("bob@example.com"))
    interfere(world, monkeypatch, lambda: world.scim.post("/Users", body))
    with pytest.raises(AlreadyExists):
        world.users.restore("bob", "bob@example.com")


def test_a_race_without_end_is_given_up() -> None:
    """The administrator is told to try again."""

    def lose() -> None:
        raise VersionConflict

    with pytest.raises(RegistryError, match="Try again"):
        insist(lose)
