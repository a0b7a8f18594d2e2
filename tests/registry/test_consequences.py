"""What SCIM does to the users of the registry: made, adopted, locked out, deleted."""

from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Absence, Insert, Key, Removal, Swap
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.registry.consequences import RegistryConsequences
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.model import ServerRole
from flask_bsr_scim.registry.owners import owner_id
from flask_bsr_scim.registry.sign_in import SignInProtocol
from flask_bsr_scim.schema import Document
from flask_bsr_scim.view import View
from tests.client import Scim, assert_error, user
from tests.registry.people import PROFILES, World, emails, new_world


@pytest.fixture(params=PROFILES)
def world(request: pytest.FixtureRequest, make_scim: Callable[..., Scim]) -> World:
    return new_world(make_scim(profile=request.param))


def active(value: object) -> Document:
    """Return the PATCH operation with which identity providers switch users on and off."""
    return {"op": "replace", "path": "active", "value": value}


# Provisioning


def test_a_provisioned_user_is_a_registry_user(world: World) -> None:
    """The SCIM id is the registry id, and the handle comes from the e-mail."""
    created = world.scim.user("b.smith", **emails("bob.smith@example.com"))
    found = world.users.get(created["id"])
    assert (found.id, found.username, found.email) == (created["id"], "bob-smith", "bob.smith@example.com")
    assert (found.active, found.provisioned, found.server_role) == (True, True, ServerRole.MEMBER)
    assert found.created + "Z" == created["meta"]["created"]


def test_without_an_e_mail_the_handle_comes_from_the_user_name(world: World) -> None:
    """The left part of userName is what there is."""
    created = world.scim.user("bob.smith@example.com")
    found = world.users.get(created["id"])
    assert (found.username, found.email) == ("bob-smith", None)


def test_of_several_e_mails_the_work_address_counts(make_scim: Callable[..., Scim]) -> None:
    """Work comes before primary, primary before the order (profile rfc7643)."""
    world = new_world(make_scim(profile="rfc7643"))
    home = {"value": "home@example.com", "type": "home"}
    primary = {"value": "primary@example.com", "primary": True}
    work = {"value": "work@example.com", "type": "Work"}
    for n, (addresses, expected) in enumerate(
        [([home, primary, work], "work"), ([home, primary], "primary"), ([home, {"value": "x@example.com"}], "home")]
    ):
        created = world.scim.user(f"user{n}", emails=addresses)
        assert world.users.get(created["id"]).email == f"{expected}@example.com"


def test_equal_handles_are_numbered(world: World) -> None:
    """Users, organizations and reserved words share one name space."""
    world.organization("acme")
    names = ["bob@a.example", "BOB@b.example", "bob@c.example", "acme@example.com", "admin@example.com"]
    assert [world.provision(name).username for name in names] == ["bob", "bob-2", "bob-3", "acme-2", "admin-2"]


def test_a_refused_user_leaves_nothing(world: World) -> None:
    """A 409 takes no handle."""
    world.provision("bob@example.com")
    before = world.versions()
    assert_error(world.scim.post("/Users", user("BOB@example.com", **emails("ann@example.com"))), 409, "uniqueness")
    assert world.versions() == before
    assert world.provision("ann@example.com").username == "ann"


def test_the_handle_stays_when_the_address_changes(world: World) -> None:
    """A new name does not break what refers to the old one."""
    bob = world.provision("bob@example.com")
    body = user("robert@example.com", **emails("robert@example.com"))
    assert world.scim.put(f"/Users/{bob.id}", body).status_code == 200
    after = world.users.get(bob.id)
    assert (after.username, after.email) == ("bob", "robert@example.com")
    assert world.provision("bob@example.com").username == "bob-2"


@pytest.mark.parametrize(("again", "questions"), [(False, []), (True, ["_find", "_find", "_is_held"])])
def test_an_ordinary_user_costs_no_question(
    world: World, monkeypatch: pytest.MonkeyPatch, again: bool, questions: list[str]
) -> None:
    """Only after a refusal a POST asks whether the address can be adopted, and whether the handle is free."""
    backend = world.store.backend
    asked: list[str] = []
    for name in ("_find", "_is_held", "_get", "_query", "_groups_of"):
        monkeypatch.setattr(backend, name, counted(getattr(backend, name), name, asked))
    document = {"userName": "bob@example.com", **emails("Bob@example.com")}
    context = Context("default", View(backend.types, ""))
    changes = RegistryConsequences(backend).insert(context, Insert("User", "u1", document), again=again)
    assert changes[2:] == [Absence(Key("Owner", "email", "bob@example.com"))]
    assert [type(change) for change in changes[:2]] == [Insert, Insert]
    assert asked == questions


def test_only_a_handle_that_is_taken_is_looked_for(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first Bob asks nothing; the second one about `bob` and `bob-2`, once the store refused him."""
    backend, asked = fresh.app.extensions["bsr_scim"]["bsr_scim"].service.backend, list[str]()
    monkeypatch.setattr(backend, "_is_held", counted(backend._is_held, "_is_held", asked))
    fresh.user("bob@a.example")
    assert asked == []
    fresh.user("bob@b.example")
    assert asked == ["_is_held", "_is_held"]


def counted(function: Callable[..., Any], name: str, asked: list[str]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        asked.append(name)
        return function(*arguments)

    return call


def test_other_types_have_no_consequences(world: World) -> None:
    """Groups, and changes of a user without a new document, are committed as they are."""
    consequences = RegistryConsequences(world.store.backend)
    context = Context("default", View(world.store.backend.types, ""))
    group = world.scim.group("Engineers")
    old = world.store.get("Group", group["id"])
    assert old is not None
    insert, swap, removal = Insert("Group", "g", {}), Swap("Group", group["id"], {}), Removal("Group", group["id"])
    assert consequences.insert(context, insert, again=False) == [insert]
    assert consequences.beside("Group", group["id"]) is None
    assert consequences.swap(context, old.document, None, swap) == [swap]
    assert consequences.remove(context, old.document, None, removal) == [removal]


# Adoption


@pytest.mark.parametrize(
    ("user_name", "email"),
    [
        pytest.param("bob@example.com", "bob@example.com", id="both"),
        pytest.param("b.smith", "BOB@example.com", id="by the e-mail, in another case"),
        pytest.param("Bob@Example.com", "robert@example.com", id="by userName, in another case"),
        pytest.param("bob@example.com", None, id="by userName alone"),
    ],
)
def test_a_user_made_by_sign_in_is_adopted(world: World, user_name: str, email: str | None) -> None:
    """A POST with its address gives 201, the same id, and what the POST says; handle, roles and groups stay."""
    bob = world.sign_in("bob@example.com", ["Engineers"]).user
    organization = world.organization("acme", ADMIN=bob)
    world.scim.group("Ops", bob.id)
    body = user(user_name, externalId="00u1", name={"givenName": "Bob"}, **(emails(email) if email else {}))
    response = world.scim.post("/Users", body)
    assert response.status_code == 201, response.text
    assert (response.json["id"], response.json["externalId"]) == (bob.id, "00u1")
    assert (response.json["userName"], response.json["name"]) == (user_name, {"givenName": "Bob"})
    assert response.headers["Location"].endswith(f"/Users/{bob.id}")
    assert response.json == world.scim.get(f"/Users/{bob.id}").json
    after = world.users.get(bob.id)
    assert (after.username, after.email, after.provisioned) == ("bob", email, True)
    assert world.role(bob, organization) == "DIRECT ADMIN"
    assert world.sign_in_groups(bob) == ["Engineers"]
    assert world.users.count() == 1


def test_adoption_is_in_the_change_log(world: World) -> None:
    """The log tells which token took over which user."""
    bob = world.sign_in("bob@example.com").user
    world.scim.user("bob@example.com", **emails("bob@example.com"), externalId="00u1")
    entries = [entry for entry in world.store.backend.log("default") if entry.id == bob.id]
    assert [(entry.operation, entry.token_id) for entry in entries] == [("create", None), ("update", "SCIM_TOKEN")]


def test_a_user_is_adopted_once(world: World) -> None:
    """The second POST is a conflict."""
    world.sign_in("bob@example.com")
    assert world.provision("bob@example.com").username == "bob"
    assert_error(world.scim.post("/Users", user("bob@example.com", **emails("bob@example.com"))), 409, "uniqueness")


@pytest.mark.parametrize("change", ["put", "patch"])
def test_any_scim_write_provisions(world: World, change: str) -> None:
    """A user that an identity provider found and changed can be adopted no more."""
    bob = world.sign_in("bob@example.com").user
    assert not bob.provisioned
    if change == "put":
        body = user("bob@example.com", **emails("bob@example.com"), externalId="00u1")
        assert world.scim.put(f"/Users/{bob.id}", body).status_code == 200
    else:
        assert world.scim.patch(f"/Users/{bob.id}", active("False")).status_code == 200
    assert world.users.get(bob.id).provisioned
    assert_error(world.scim.post("/Users", user("bob@example.com", **emails("bob@example.com"))), 409, "uniqueness")


def test_an_administrator_is_adopted(world: World) -> None:
    """One that SCIM never showed comes to be a SCIM user with the same id, its direct roles and its server role."""
    root = world.users.create_admin("root@example.com")
    organization = world.organization("acme", OWNER=root)
    token = world.api_token(root)
    assert world.scim.get(f"/Users/{root.id}").status_code == 404
    adopted = world.provision("root@example.com")
    assert (adopted.id, adopted.username, adopted.created) == (root.id, root.username, root.created)
    assert (adopted.server_role, adopted.provisioned) == (ServerRole.ADMIN, True)
    assert world.role(adopted, organization) == "DIRECT OWNER"
    assert world.accepts(token)
    assert world.scim.names(filter='userName eq "root@example.com"') == ["root@example.com"]


@pytest.mark.parametrize("made", ["sign-in", "admin"])
def test_adopted_as_inactive_is_locked_out(world: World, made: str) -> None:
    """A POST with `active` false revokes the tokens of the user that it adopts."""
    bob = world.sign_in("bob@example.com").user if made == "sign-in" else world.users.create_admin("bob@example.com")
    token = world.api_token(bob)
    assert not world.provision("bob@example.com", active=False).active
    assert not world.accepts(token)


def test_two_addresses_of_two_users_are_a_conflict(world: World) -> None:
    """The detail names both users and says which mapping to correct; nothing is written."""
    ann, bob = world.sign_in("ann@example.com").user, world.users.create_admin("bob@example.com")
    response = world.scim.post("/Users", user("ann@example.com", **emails("bob@example.com")))
    assert_error(response, 409, "uniqueness", "mapping of userName or of the e-mail")
    assert all(text in response.json["detail"] for text in (ann.id, bob.id, "ann@example.com", "bob@example.com"))
    assert not world.users.get(ann.id).provisioned
    assert not world.users.get(bob.id).provisioned


@pytest.mark.parametrize("made", ["sign-in", "admin"])
@pytest.mark.parametrize("as_user_name", [True, False], ids=["userName", "e-mail"])
def test_a_user_cannot_move_to_the_address_of_another(world: World, made: str, as_user_name: bool) -> None:
    """Only a new user adopts: an existing one that gets the address of one never provisioned is a conflict."""
    bob = world.sign_in("bob@example.com").user if made == "sign-in" else world.users.create_admin("bob@example.com")
    ann = world.provision("ann@example.com")
    body = (
        user("BOB@example.com", **emails("ann@example.com"))
        if as_user_name
        else user("ann@example.com", **emails("BOB@example.com"))
    )
    response = world.scim.put(f"/Users/{ann.id}", body)
    assert_error(response, 409, "uniqueness", "Correct the mapping of userName or of the e-mail")
    assert all(text in response.json["detail"] for text in (ann.id, bob.id, "BOB@example.com"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_home_address_is_not_that_of_another(make_scim: Callable[..., Scim], method: str) -> None:
    """Where it is the only e-mail, the user would sign in by it, and neither could (profile rfc7643)."""
    world = new_world(make_scim(profile="rfc7643"))
    root = world.users.create_admin("root@example.com")
    home = [{"value": "root@example.com", "type": "home"}]
    path = "/Users" if method == "POST" else f"/Users/{world.provision('bob@example.com').id}"
    body: Any = {"op": "replace", "path": "emails", "value": home}
    response = world.scim(method, path, user("bob", emails=home)) if method != "PATCH" else world.scim.patch(path, body)
    assert_error(response, 409, "uniqueness", root.id)
    assert world.sign_in("root@example.com").user.id == root.id


def test_a_user_made_by_sign_in_may_get_another_address(world: World) -> None:
    """Its own address is no obstacle."""
    bob = world.sign_in("bob@example.com").user
    body = user("bob@example.com", **emails("robert@example.com"))
    assert world.scim.put(f"/Users/{bob.id}", body).status_code == 200
    assert world.users.get(bob.id).email == "robert@example.com"


def test_a_user_without_an_owner_gets_one(world: World) -> None:
    """Users that were stored before there was a registry come into it with their next change, deletion included."""
    for name in ("changed", "deleted"):
        document = {"schemas": ["s"], "id": name, "userName": f"{name}@example.com", "active": True}
        world.store.commit(Insert("User", name, document))
        with pytest.raises(NotThere):
            world.users.get(name)
    world.scim.patch("/Users/changed", active(False))
    world.scim.delete("/Users/deleted")
    assert [world.users.get(name).username for name in ("changed", "deleted")] == ["changed", "deleted"]


# Locked out


@pytest.mark.parametrize("value", [False, "False"])
def test_deactivation_ends_tokens_and_roles(world: World, value: object) -> None:
    """The last token and the last role are gone with the same commit; reactivation gives back roles, not tokens."""
    bob = world.provision("bob@example.com")
    other = world.provision("ann@example.com")
    organization = world.organization("acme", ADMIN=bob)
    tokens = [world.api_token(bob), world.api_token(bob)]
    others = world.api_token(other)
    assert world.scim.patch(f"/Users/{bob.id}", active(value)).status_code == 200
    assert not world.users.get(bob.id).active
    assert world.role(bob, organization) is None
    assert [world.accepts(token) for token in tokens] == [False, False]
    assert world.accepts(others)
    assert world.scim.patch(f"/Users/{bob.id}", active(True)).status_code == 200
    assert world.role(bob, organization) == "DIRECT ADMIN"
    assert [world.accepts(token) for token in tokens] == [False, False]


def test_other_changes_leave_the_tokens(world: World) -> None:
    """A profile update revokes nothing."""
    bob = world.provision("bob@example.com")
    token = world.api_token(bob)
    world.scim.put(f"/Users/{bob.id}", user("bob@example.com", **emails("bob@example.com"), externalId="1"))
    assert world.accepts(token)


def test_scim_undoes_a_deactivation_by_the_registry(world: World) -> None:
    """There is one flag, and the last writer wins."""
    bob = world.provision("bob@example.com")
    world.users.set_active(bob.id, False)
    assert world.scim.get(f"/Users/{bob.id}").json["active"] is False
    world.scim.patch(f"/Users/{bob.id}", active(True))
    assert world.users.get(bob.id).active


# Deletion


def test_a_deleted_user_stays_in_the_registry(world: World) -> None:
    """It is 404 over SCIM; in the registry it is locked out, without an address, with its handle."""
    bob = world.provision("bob@example.com")
    organization = world.organization("acme", ADMIN=bob)
    token = world.api_token(bob)
    assert world.scim.delete(f"/Users/{bob.id}").status_code == 204
    assert world.scim.get(f"/Users/{bob.id}").status_code == 404
    assert world.scim.delete(f"/Users/{bob.id}").status_code == 404
    assert world.scim.names() == []
    left = world.users.by_name("bob")
    assert (left.id, left.active, left.email, left.provisioned) == (bob.id, False, None, True)
    assert left.created == bob.created
    assert world.role(bob, organization) is None
    assert not world.accepts(token)
    assert world.users.by_email("bob@example.com") is None


@pytest.mark.parametrize("made", ["provisioned", "signed in"])
def test_the_next_user_of_the_address_is_another_person(world: World, made: str) -> None:
    """A POST with the same name and address makes a new id, a new handle, and has none of the roles."""
    bob = world.provision("bob@example.com") if made == "provisioned" else world.sign_in("bob@example.com").user
    organization = world.organization("acme", ADMIN=bob)
    world.scim.delete(f"/Users/{bob.id}")
    other = world.provision("bob@example.com")
    assert other.id != bob.id
    assert other.username == "bob-2"
    assert world.role(other, organization) is None
    assert world.users.get(bob.id).username == "bob"


def test_deletion_leaves_pushed_and_sign_in_groups(world: World) -> None:
    """Only what was given by hand is kept for a restoration."""
    bob = world.sign_in("bob@example.com", ["Engineers"]).user
    world.scim.group("Pushed", bob.id)
    world.scim.delete(f"/Users/{bob.id}")
    assert (world.sign_in_groups(bob), world.pushed_groups(bob)) == ([], [])


def test_a_deleted_user_does_not_sign_in(world: World) -> None:
    """Whoever signs in with the address is a new user."""
    bob = world.provision("bob@example.com")
    world.scim.delete(f"/Users/{bob.id}")
    found = world.sign_in("bob@example.com", protocol=SignInProtocol.SAML)
    assert found.created
    assert found.user.id != bob.id


def test_nothing_of_a_user_is_left_half(world: World) -> None:
    """Each write of a user is one commit: all its entries in the log have one time."""
    bob = world.provision("bob@example.com")
    world.organization("acme", ADMIN=bob)
    world.api_token(bob)
    before = world.versions()
    world.scim.delete(f"/Users/{bob.id}")
    entries = world.store.backend.log("default", after=before)
    assert len({entry.at for entry in entries}) == 1
    assert {(entry.operation, entry.type) for entry in entries} == {
        ("delete", "User"),
        ("create", "Outsider"),
        ("delete", "Token"),
    }
    assert world.store.get("Owner", owner_id(bob.id)) is not None
