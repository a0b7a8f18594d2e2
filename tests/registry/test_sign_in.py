"""Sign-in: users just in time, and what an assertion says of groups."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Backend, Removal
from flask_bsr_scim.registry.errors import InvalidArgument, NotThere, PermissionDenied
from flask_bsr_scim.registry.model import ServerRole
from flask_bsr_scim.registry.owners import owner_id
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.sign_in import SignInProtocol
from flask_bsr_scim.registry.targets import OWNER
from flask_bsr_scim.resource import Link
from tests.client import Scim, user
from tests.registry.people import PROFILES, World, emails, new_world
from tests.registry.test_users import NOT_ADDRESSES, interfere

SAML, OIDC = SignInProtocol.SAML, SignInProtocol.OIDC


@pytest.fixture(params=PROFILES)
def world(request: pytest.FixtureRequest, make_scim: Callable[..., Scim]) -> World:
    return new_world(make_scim(profile=request.param))


# Who signs in


def test_an_unknown_address_makes_a_user(world: World) -> None:
    """SCIM shows it with the address as userName and work e-mail, and has never written it."""
    user, created = world.sign_in("Bob.Smith@example.com")
    assert created
    assert (user.username, user.email, user.active) == ("bob-smith", "Bob.Smith@example.com", True)
    assert (user.server_role, user.provisioned) == (ServerRole.MEMBER, False)
    shown = world.scim.get(f"/Users/{user.id}").json
    assert (shown["userName"], shown["active"]) == ("Bob.Smith@example.com", True)
    assert shown["emails"] == [{"value": "Bob.Smith@example.com", "type": "work", "primary": True}]
    assert world.scim.names(filter='userName eq "bob.smith@EXAMPLE.com"') == ["Bob.Smith@example.com"]


def test_the_next_sign_in_writes_nothing(world: World) -> None:
    """The user is known, in any letter case, and nothing changes."""
    first = world.sign_in("bob@example.com", ["a"])
    before = world.versions()
    assert world.sign_in("BOB@example.com", ["a", "a"]) == (first.user, False)
    assert world.versions() == before


def test_a_provisioned_user_is_found_by_its_work_e_mail_first(world: World) -> None:
    """Another user's userName comes after that."""
    bob = world.provision("b.smith", "bob@example.com")
    other = world.provision("bob@example.com", "robert@example.com")
    assert world.sign_in("bob@example.com") == (bob, False)
    assert world.sign_in("robert@example.com") == (other, False)


def test_a_provisioned_user_is_found_by_its_user_name(world: World) -> None:
    """Some identity providers send no e-mail."""
    bob = world.scim.user("bob@example.com")
    assert world.sign_in("BOB@example.com").user.id == bob["id"]


def test_signing_in_does_not_provision(world: World) -> None:
    """A provisioned user stays one, and one that is not stays adoptable."""
    bob = world.provision("bob@example.com")
    assert world.sign_in("bob@example.com", ["a"]).user.provisioned
    ann = world.sign_in("ann@example.com").user
    assert not world.sign_in("ann@example.com", ["a"]).user.provisioned
    assert world.provision("ann@example.com").id == ann.id
    assert bob.provisioned


def test_an_administrator_comes_to_be_shown(world: World) -> None:
    """An outsider that signs in is a SCIM user from then on, with its id, roles and tokens, and can be adopted."""
    root = world.users.create_admin("boss@example.com")
    organization = world.organization("acme", OWNER=root)
    token = world.api_token(root)
    user, created = world.sign_in("Boss@example.com", ["admins"], join=[organization.id])
    assert (user.id, user.username, user.server_role, created) == (root.id, "boss", ServerRole.ADMIN, False)
    assert not user.provisioned
    assert world.role(user, organization) == "DIRECT OWNER"
    assert world.accepts(token)
    assert world.sign_in_groups(user) == ["admins"]
    assert world.scim.get(f"/Users/{root.id}").json["userName"] == "Boss@example.com"
    assert world.provision("boss@example.com").id == root.id


@pytest.mark.parametrize("made", ["provisioned", "signed in", "admin"])
def test_who_is_deactivated_does_not_sign_in(world: World, made: str) -> None:
    """Nothing is written."""
    match made:
        case "provisioned":
            user = world.provision("bob@example.com")
        case "signed in":
            user = world.sign_in("bob@example.com").user
        case _:
            user = world.users.create_admin("bob@example.com")
    world.users.set_active(user.id, False)
    before = world.versions()
    with pytest.raises(PermissionDenied, match="deactivated"):
        world.sign_in("bob@example.com", ["a"])
    assert world.versions() == before


def test_a_user_without_an_owner_gets_one(world: World) -> None:
    """Users that were stored before there was a registry come into it when they sign in."""
    bob = world.provision("bob@example.com")
    world.store.commit(Removal(OWNER, owner_id(bob.id)))
    user, created = world.sign_in("bob@example.com")
    assert (user.id, user.username, user.provisioned, created) == (bob.id, "bob", True, False)


def test_what_is_no_address_is_refused(world: World) -> None:
    """An assertion that names no address is no sign-in."""
    nothing: Any = (None, 5, b"bob@example.com", ["bob@example.com"])
    for address in (*NOT_ADDRESSES, *nothing):
        with pytest.raises(InvalidArgument):
            world.sign_in(address)
    assert world.users.count() == 0


# Groups


@pytest.mark.parametrize("protocol", [SAML, OIDC])
def test_the_groups_of_an_assertion_replace_those_before(world: World, protocol: SignInProtocol) -> None:
    """They are the user's own, compared exactly, and replaced as a whole."""
    ann = world.sign_in("ann@example.com", ["Engineers"], protocol=protocol).user
    for names in (["Engineers", "engineers"], ["Sales", "Engineers"], [], ["Sales"]):
        bob = world.sign_in("bob@example.com", names, protocol=protocol).user
        assert world.sign_in_groups(bob) == sorted(names)
    assert world.sign_in_groups(ann) == ["Engineers"]


def test_groups_of_sign_ins_are_not_shown_by_scim(world: World) -> None:
    """SCIM shows what was pushed, and a pushed group of the same name is another one."""
    bob = world.sign_in("bob@example.com", ["Engineers"]).user
    pushed = world.scim.group("Engineers")
    assert "groups" not in world.scim.get(f"/Users/{bob.id}").json
    assert world.scim.get("/Groups").json["totalResults"] == 1
    world.scim.put(f"/Groups/{pushed['id']}", {"schemas": pushed["schemas"], "displayName": "Engineers", "members": []})
    assert world.sign_in_groups(bob) == ["Engineers"]


def test_oidc_without_groups_means_none(world: World) -> None:
    """The user is taken out of all."""
    world.sign_in("bob@example.com", ["a", "b"])
    bob = world.sign_in("bob@example.com", protocol=OIDC, groups_configured=True).user
    assert world.sign_in_groups(bob) == []


def test_saml_without_groups_leaves_them(world: World) -> None:
    """As long as groups are not configured, an assertion without them says nothing."""
    world.sign_in("bob@example.com", ["a", "b"])
    bob = world.sign_in("bob@example.com", protocol=SAML).user
    assert world.sign_in_groups(bob) == ["a", "b"]


@pytest.mark.parametrize("known", [True, False])
def test_saml_without_groups_is_refused_once_they_are_configured(world: World, known: bool) -> None:
    """The refusal says what to configure; no user is made, and none changed."""
    if known:
        world.sign_in("bob@example.com", ["a"])
    before = world.versions()
    with pytest.raises(PermissionDenied, match="group attribute statement"):
        world.sign_in("bob@example.com", protocol=SAML, groups_configured=True)
    assert world.versions() == before
    bob = world.sign_in("bob@example.com", [], protocol=SAML, groups_configured=True).user
    assert world.sign_in_groups(bob) == []


@pytest.mark.parametrize("name", ["no-break\u00a0space", "zero\u200bwidth", "x" * 4096])
def test_a_group_has_any_name_that_can_be_pushed(world: World, name: str) -> None:
    """What SCIM takes, a sign-in takes."""
    bob = world.sign_in("bob@example.com", [name]).user
    world.scim.group(name, bob.id)
    assert world.sign_in_groups(bob) == world.pushed_groups(bob) == [name]


def test_one_text_is_one_name(world: World) -> None:
    """A claim with one value often comes without a list, and its letters are no groups."""
    acme = world.organization("acme")
    bob = world.sign_in("bob@example.com", "engineers", join=acme.id).user
    assert world.sign_in_groups(bob) == ["engineers"]
    assert world.role(bob, acme) == "JIT MEMBER"


@pytest.mark.parametrize("value", [["a", None], ["a", 5], [["a"]], [b"a"], b"a", 5, True], ids=repr)
@pytest.mark.parametrize("claim", ["groups", "join"])
def test_a_claim_that_holds_no_texts_is_refused(world: World, claim: str, value: Any) -> None:
    """As a RegistryError, which the application foresees; nobody is made."""
    with pytest.raises(InvalidArgument, match=f"{claim} holds something that is no text"):
        world.sign_in("bob@example.com", **{claim: value})
    assert world.users.count() == 0


@pytest.mark.parametrize("protocol", ["ldap", "", None, 5], ids=repr)
def test_an_unknown_protocol_is_refused(world: World, protocol: Any) -> None:
    """With the known ones."""
    with pytest.raises(InvalidArgument, match="saml, oidc"):
        Registry(world.store.backend).sign_in("bob@example.com", protocol=protocol)


def test_what_can_be_read_once_is_read_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when another sign-in comes between, and the user is looked at again."""
    acme = world.organization("acme")
    world.sign_in("bob@example.com")
    interfere(world, monkeypatch, lambda: world.sign_in("bob@example.com", ["early"]))
    bob = world.sign_in("bob@example.com", (name for name in ["late"]), join=(each.id for each in [acme])).user
    assert world.sign_in_groups(bob) == ["late"]
    assert world.role(bob, acme) == "JIT MEMBER"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\ud800", "a" * 4097], ids=repr)
def test_what_is_no_name_of_a_group_is_refused(world: World, name: str) -> None:
    """The refusal is one line, and nobody is made."""
    with pytest.raises(InvalidArgument) as raised:
        world.sign_in("bob@example.com", ["good", name])
    assert str(raised.value).isprintable()
    assert world.users.count() == 0


@pytest.mark.parametrize("groups", [None, ["Sales"]])
def test_without_organization_provisioning_a_sign_in_leaves_pushed_groups(
    world: World, groups: list[str] | None
) -> None:
    """As the reference warns: groups pushed over SCIM are lost at the next sign-in; others keep theirs."""
    bob, ann = world.provision("bob@example.com"), world.provision("ann@example.com")
    world.scim.group("Engineers", bob.id, ann.id)
    world.scim.group("Readers", bob.id)
    world.sign_in("bob@example.com", groups, protocol=SAML)
    assert world.pushed_groups(bob) == ["Engineers", "Readers"]
    world.sign_in("bob@example.com", groups, protocol=SAML, group_provisioning=False)
    assert world.pushed_groups(bob) == []
    assert world.pushed_groups(ann) == ["Engineers"]
    assert world.sign_in_groups(bob) == (groups or [])


# Joined organizations


def test_a_sign_in_joins_organizations(world: World) -> None:
    """The role is MEMBER by just-in-time; it stays until a sign-in names other organizations."""
    first, second = world.organization("acme"), world.organization("umbrella")
    bob = world.sign_in("bob@example.com", join=[first.id, second.id, first.id]).user
    assert [world.role(bob, organization) for organization in (first, second)] == ["JIT MEMBER"] * 2
    before = world.versions()
    world.sign_in("bob@example.com", join=[second.id, first.id])
    world.sign_in("bob@example.com")
    assert world.versions() == before
    world.sign_in("bob@example.com", join=[second.id])
    assert [world.role(bob, organization) for organization in (first, second)] == [None, "JIT MEMBER"]
    world.sign_in("bob@example.com", join=[])
    assert world.role(bob, second) is None


def test_an_unknown_organization_cannot_be_joined(world: World) -> None:
    """The sign-in fails as a whole."""
    with pytest.raises(NotThere, match="organization"):
        world.sign_in("bob@example.com", ["a"], join=["unknown"])
    assert world.users.count() == 0


# One commit, and races


def test_a_sign_in_is_one_commit(world: World) -> None:
    """User, owner, groups and role have one time in the log."""
    organization = world.organization("acme")
    before = world.versions()
    world.sign_in("bob@example.com", ["a", "b"], join=[organization.id])
    entries = world.store.backend.log("default", after=before)
    assert len({entry.at for entry in entries}) == 1
    assert sorted(entry.type for entry in entries) == ["Grant", "Owner", "SignInGroup", "SignInGroup", "User"]


def test_the_later_of_two_sign_ins_decides_on_all_groups(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign-in that comes between does not leave groups that the later one does not name."""
    bob = world.sign_in("bob@example.com").user
    interfere(world, monkeypatch, lambda: world.sign_in("bob@example.com", ["early"]))
    world.sign_in("bob@example.com", ["late"])
    assert world.sign_in_groups(bob) == ["late"]


def test_a_sign_in_sees_what_has_changed_since_it_looked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same when the other one comes right after the groups were read."""
    bob = world.sign_in("bob@example.com").user
    read = Backend.groups_of

    def early(self: Backend, tenant: str, ids: Sequence[str]) -> dict[str, list[Link]]:
        found = read(self, tenant, ids)
        monkeypatch.setattr(Backend, "groups_of", read)
        world.sign_in("bob@example.com", ["early"])
        return found

    monkeypatch.setattr(Backend, "groups_of", early)
    world.sign_in("bob@example.com", ["late"])
    assert world.sign_in_groups(bob) == ["late"]


def test_a_group_that_another_sign_in_makes_is_joined(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two users who bring a new group at once are both in it."""
    world.sign_in("bob@example.com")
    interfere(world, monkeypatch, lambda: world.sign_in("ann@example.com", ["new"]))
    bob = world.sign_in("bob@example.com", ["new"]).user
    ann = world.users.by_name("ann")
    assert (world.sign_in_groups(bob), world.sign_in_groups(ann)) == (["new"], ["new"])


def test_who_is_deactivated_in_between_does_not_sign_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is looked at again."""
    bob = world.provision("bob@example.com")
    interfere(world, monkeypatch, lambda: world.users.set_active(bob.id, False))
    with pytest.raises(PermissionDenied):
        world.sign_in("bob@example.com", ["a"])
    assert world.sign_in_groups(bob) == []


def test_an_administrator_who_is_locked_out_in_between_stays_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one whom the first sign-in would make a SCIM user."""
    ann = world.users.create_admin("ann@example.com")
    interfere(world, monkeypatch, lambda: world.users.set_active(ann.id, False))
    with pytest.raises(PermissionDenied):
        world.sign_in("ann@example.com")
    assert not world.users.get(ann.id).active


def test_who_is_deleted_in_between_gets_no_groups(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever signs in then is a new user."""
    bob = world.provision("bob@example.com")
    interfere(world, monkeypatch, lambda: world.scim.delete(f"/Users/{bob.id}"))
    user, created = world.sign_in("bob@example.com", ["a"])
    assert created
    assert user.id != bob.id
    assert (world.sign_in_groups(bob), world.sign_in_groups(user)) == ([], ["a"])


@pytest.mark.parametrize("first", ["POST", "sign-in"])
def test_provisioning_and_signing_in_at_once_give_one_user(
    world: World, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Whichever commits first, the other finds it: a sign-in signs in, a POST adopts."""
    body = user("bob@example.com", **emails("bob@example.com"))
    if first == "POST":
        interfere(world, monkeypatch, lambda: world.scim.post("/Users", body))
        assert not world.sign_in("bob@example.com").created
    else:
        interfere(world, monkeypatch, lambda: world.sign_in("bob@example.com"))
        assert world.scim.post("/Users", body).status_code == 201
    assert world.users.count() == 1
    assert world.users.by_name("bob").provisioned
