"""Signals: which are sent for what, to whom, and what a receiver cannot break."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Insert, Removal, Swap
from flask_bsr_scim.errors import Uniqueness
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.messages import read_patch
from flask_bsr_scim.provider import ServiceProvider
from flask_bsr_scim.registry import signals
from flask_bsr_scim.registry.consequences import RegistryConsequences
from flask_bsr_scim.registry.model import Organization, OrganizationRole, RepositoryRole
from flask_bsr_scim.registry.signals import SIGNALS, SignalSender
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.view import View
from tests.client import GROUP, PATCH, USER
from tests.registry.world import TENANT, World, told

MEMBER, MACHINE, ADMIN, OWNER = OrganizationRole


class Ear:
    """Hears every signal of one store."""

    def __init__(self, backend: object, stack: ExitStack) -> None:
        self._heard: list[tuple[str, dict[str, Any]]] = []
        for signal in SIGNALS:
            stack.enter_context(signal.connected_to(self._receiver(signal.name), sender=backend))

    def _receiver(self, name: str) -> Any:
        return lambda sender, **payload: self._heard.append((name, payload))

    def payloads(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what was heard since the last time: the name of each signal, and what came with it."""
        heard, self._heard = self._heard, []
        return heard

    def names(self) -> list[str]:
        """Return the names of the signals since the last time, but for those about access."""
        return [name for name, _ in self.payloads() if not name.startswith("access")]

    def access(self) -> list[str]:
        """Return what was heard about access since the last time, as `+ ben: - → MEMBER DIRECT`, sorted."""
        heard = [(name, payload) for name, payload in self.payloads() if name.startswith("access")]
        marks = {"access_granted": "+", "access_revoked": "-"}
        return sorted(f"{marks[name]} {p['user_id']}: {told(p['before'])} → {told(p['after'])}" for name, p in heard)


@pytest.fixture
def ear(world: World) -> Iterator[Ear]:
    """Whoever hears what happens in the world."""
    world.backend.observers.append(SignalSender(world.backend))
    with ExitStack() as stack:
        yield Ear(world.backend, stack)


class Client:
    """What SCIM does, with its consequences for the registry."""

    def __init__(self, world: World) -> None:
        types = world.backend.types
        self._provider = ServiceProvider(types, world.backend, consequences=RegistryConsequences(world.backend))
        self._user, self._group = types.by_name["User"], types.by_name["Group"]
        self._context = Context(TENANT, View(types, ""))
        self._world = world

    def user(self, name: str, **attributes: Any) -> str:
        """Create a user and return the id."""
        body = {"schemas": [USER], "userName": name, "emails": [{"value": name, "type": "work"}], **attributes}
        self._provider.create(self._context, self._user, body)
        return self.id_of(name)

    def id_of(self, name: str) -> str:
        """Return the id of the user of a name."""
        found = self._world.backend.find(TENANT, "User", "userName", name)
        assert found is not None
        return found.id

    def change(self, user_id: str, **attributes: Any) -> None:
        """Set attributes of a user."""
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": attributes}]}
        self._provider.modify(self._context, self._user, user_id, lambda: read_patch(body, 10))

    def delete(self, user_id: str) -> None:
        """Delete a user."""
        self._provider.delete(self._context, self._user, user_id)

    def push(self, name: str, *members: str) -> str:
        """Create a group and return the id."""
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}
        self._provider.create(self._context, self._group, body)
        found = self._world.backend.find(TENANT, "Group", "displayName", name)
        assert found is not None
        return found.id


@pytest.fixture
def client(world: World) -> Client:
    """An identity provider."""
    return Client(world)


# Users


def test_a_user_is_provisioned_updated_locked_out_let_in_and_deleted(client: Client, ear: Ear) -> None:
    """Each signal is sent once, with the user and the entry of the log."""
    bob = client.user("bob@example.com")
    client.change(bob, externalId="00u1")
    client.change(bob, active=False)
    client.change(bob, active=True)
    client.change(bob, active=True)
    client.delete(bob)
    heard = ear.payloads()
    assert [name for name, _ in heard] == [
        "user_provisioned",
        "user_updated",
        "user_deactivated",
        "user_reactivated",
        "user_deleted",
    ]
    assert {payload["user_id"] for _, payload in heard} == {bob}
    assert {payload["tenant"] for _, payload in heard} == {TENANT}
    assert [payload["entry"].operation for _, payload in heard] == ["create", "update", "update", "update", "delete"]
    assert heard[1][1]["changes"] == {"externalId": {"to": "00u1"}}


def test_who_does_not_say_is_active(world: World, ear: Ear) -> None:
    """A stored user without `active` is active, and so who begins to say it is not let in by that."""
    document = {"schemas": [USER], "id": "bob", "userName": "bob@example.com"}
    world.backend.commit(TENANT, [Insert("User", "bob", document)])
    ear.payloads()
    for active in (True, False, None):
        value = {} if active is None else {"active": active}
        world.backend.commit(TENANT, [Swap("User", "bob", document | value)])
    assert ear.names() == ["user_deactivated", "user_reactivated"]


def test_one_change_can_be_two(client: Client, ear: Ear) -> None:
    """A PUT that deactivates and renames is both, and what was renamed does not tell of `active`."""
    bob = client.user("bob@example.com")
    ear.payloads()
    client.change(bob, active=False, userName="robert@example.com")
    (_, updated), (name, _) = ear.payloads()
    assert name == "user_deactivated"
    assert updated["changes"] == {"userName": {"from": "bob@example.com", "to": "robert@example.com"}}


def test_what_changes_nothing_tells_nothing(client: Client, ear: Ear) -> None:
    """A repeated profile push is silent."""
    bob = client.user("bob@example.com", externalId="00u1")
    ear.payloads()
    client.change(bob, externalId="00u1")
    assert ear.payloads() == []


def test_what_fails_tells_nothing(client: Client, ear: Ear) -> None:
    """A conflict is no event."""
    client.user("bob@example.com")
    ear.payloads()
    with pytest.raises(Uniqueness):
        client.user("bob@example.com")
    assert ear.payloads() == []


def test_a_sign_in_provisions_nobody(world: World, client: Client, ear: Ear) -> None:
    """The user is provisioned when SCIM first writes it: here with the POST that adopts it, and once."""
    bob = world.registry.sign_in("bob@example.com").user.id
    assert ear.names() == []
    assert client.user("bob@example.com", externalId="00u1") == bob
    assert ear.names() == ["user_updated", "user_provisioned"]
    client.change(bob, externalId="00u2")
    assert ear.names() == ["user_updated"]


def test_a_user_found_by_its_name_is_provisioned_by_the_first_put(world: World, client: Client, ear: Ear) -> None:
    """Also when the identity provider has nothing to change."""
    bob = world.registry.sign_in("bob@example.com").user.id
    client.change(bob, externalId="00u1")
    assert "user_provisioned" in ear.names()


def test_a_user_who_only_signed_in_is_deleted_and_not_provisioned(world: World, client: Client, ear: Ear) -> None:
    """The end of its address is the end of the user, and no provisioning."""
    bob = world.registry.sign_in("bob@example.com").user.id
    ear.payloads()
    client.delete(bob)
    assert ear.names() == ["user_deleted"]


def test_an_administrator_is_locked_out_and_let_in(world: World, ear: Ear) -> None:
    """Users whom SCIM does not show are users."""
    ana = world.registry.users.create_admin("ana@example.com")
    world.registry.users.set_active(ana.id, False)
    world.registry.users.set_active(ana.id, True)
    assert ear.names() == ["user_deactivated", "user_reactivated"]


def test_an_administrator_is_adopted(world: World, client: Client, ear: Ear) -> None:
    """Whoever SCIM comes to show is provisioned."""
    ana = world.registry.users.create_admin("ana@example.com")
    assert client.user("ana@example.com") == ana.id
    assert ear.names() == ["user_provisioned"]


def test_a_restored_user_is_reactivated(world: World, client: Client, ear: Ear) -> None:
    """Whoever SCIM deleted comes back by the hand of an administrator."""
    bob = client.user("bob@example.com")
    client.delete(bob)
    ear.payloads()
    assert world.registry.users.restore("bob", "bob@example.com").id == bob
    assert ear.names() == ["user_reactivated"]


def test_users_stored_before_there_was_a_registry(world: World, ear: Ear) -> None:
    """Without an owner beside it, a user is one that SCIM made."""
    world.users("bob")
    assert ear.names() == ["user_provisioned"]


# Groups


def test_a_group_is_pushed_filled_renamed_and_deleted(world: World, ear: Ear) -> None:
    """Each signal has the group, its names and its members."""
    world.users("ana", "ben")
    ear.payloads()
    world.push("Eng", "ana")
    world.members("Eng", add=("ben",), remove=("ana",))
    world.backend.commit(
        TENANT, [Swap("Group", "Group-Eng", {"schemas": [GROUP], "id": "Group-Eng", "displayName": "E"})]
    )
    world.delete("Eng")
    heard = [(name, {k: v for k, v in p.items() if k not in ("tenant", "entry")}) for name, p in ear.payloads()]
    about = {"group_id": "Group-Eng"}
    assert heard == [
        ("group_pushed", {**about, "name": "Eng"}),
        ("members_changed", {**about, "added": ["ana"], "removed": []}),
        ("members_changed", {**about, "added": ["ben"], "removed": ["ana"]}),
        ("group_renamed", {**about, "old_name": "Eng", "name": "E"}),
        ("group_deleted", {**about, "name": "E", "members": ["ben"]}),
    ]


def test_a_deleted_user_leaves_its_groups(world: World, client: Client, ear: Ear) -> None:
    """The groups tell it too."""
    bob = client.user("bob@example.com")
    client.push("Eng", bob)
    ear.payloads()
    client.delete(bob)
    assert ear.names() == ["members_changed", "user_deleted"]


def test_the_registry_itself_tells_no_groups(world: World, ear: Ear) -> None:
    """What sign-ins name, organizations and mappings are no pushed groups."""
    world.users("ana")
    ear.payloads()
    world.push("Eng", "ana", type_name="SignInGroup")
    world.organization()
    assert ear.payloads() == []


# Access


@pytest.fixture
def acme(world: World) -> Organization:
    """An organization; the engineers Ana and Ben are pushed."""
    world.users("ana", "ben", "cleo")
    world.push("Eng", "ana", "ben")
    return world.organization()


def test_a_mapping_gives_access_and_takes_it(world: World, acme: Organization, ear: Ear) -> None:
    """Mapped, raised, lowered, unmapped: each member is told once."""
    world.mappings.add(acme.id, "Eng")
    assert ear.access() == ["+ ana: - → MEMBER IDP_GROUP Eng", "+ ben: - → MEMBER IDP_GROUP Eng"]
    world.mappings.update(acme.id, "Eng", ADMIN)
    assert ear.access() == [
        "+ ana: MEMBER IDP_GROUP Eng → ADMIN IDP_GROUP Eng",
        "+ ben: MEMBER IDP_GROUP Eng → ADMIN IDP_GROUP Eng",
    ]
    world.mappings.update(acme.id, "Eng", None)
    assert [line[0] for line in ear.access()] == ["-", "-"]
    world.mappings.remove(acme.id, "Eng")
    assert ear.access() == ["- ana: MEMBER IDP_GROUP Eng → -", "- ben: MEMBER IDP_GROUP Eng → -"]


def test_whoever_comes_or_goes_is_told(world: World, acme: Organization, ear: Ear) -> None:
    """A push gives access to those who came, and takes it from those who went."""
    world.mappings.add(acme.id, "Eng")
    ear.payloads()
    world.members("Eng", add=("cleo",), remove=("ana",))
    assert ear.access() == ["+ cleo: - → MEMBER IDP_GROUP Eng", "- ana: MEMBER IDP_GROUP Eng → -"]


def test_only_the_effective_role_counts(world: World, acme: Organization, ear: Ear) -> None:
    """Who has the same or a higher role from elsewhere is not told."""
    world.organizations.add_member(acme.id, "ana", ADMIN)
    ear.payloads()
    world.mappings.add(acme.id, "Eng")
    assert ear.access() == ["+ ben: - → MEMBER IDP_GROUP Eng"]
    world.organizations.remove_member(acme.id, "ana")
    assert ear.access() == ["- ana: ADMIN DIRECT → MEMBER IDP_GROUP Eng"]


def test_the_name_of_a_group_gives_access(world: World, acme: Organization, ear: Ear) -> None:
    """Renamed away, renamed back, deleted."""
    world.mappings.add(acme.id, "Eng")
    ear.payloads()
    for name, marks in (("Ops", ["-", "-"]), ("Eng", ["+", "+"])):
        group = {"schemas": [GROUP], "id": "Group-Eng", "displayName": name}
        world.backend.commit(TENANT, [Swap("Group", "Group-Eng", group)])
        assert [line[0] for line in ear.access()] == marks
    world.delete("Eng")
    assert ear.access() == ["- ana: MEMBER IDP_GROUP Eng → -", "- ben: MEMBER IDP_GROUP Eng → -"]
    world.push("Eng", "cleo")
    assert ear.access() == ["+ cleo: - → MEMBER IDP_GROUP Eng"]


def test_a_renamed_group_with_other_members(world: World, acme: Organization, ear: Ear) -> None:
    """One PUT may do both: the role before is that of the old name and the old members."""
    world.mappings.add(acme.id, "Eng")
    world.mappings.add(acme.id, "Admins", ADMIN)
    ear.payloads()
    group = {"schemas": [GROUP], "id": "Group-Eng", "displayName": "Admins"}
    world.backend.commit(TENANT, [Swap("Group", "Group-Eng", group, MemberChanges(add=("cleo",), remove=("ana",)))])
    assert ear.access() == [
        "+ ben: MEMBER IDP_GROUP Eng → ADMIN IDP_GROUP Admins",
        "+ cleo: - → ADMIN IDP_GROUP Admins",
        "- ana: MEMBER IDP_GROUP Eng → -",
    ]


def test_a_locked_out_user_loses_everything(world: World, acme: Organization, ear: Ear) -> None:
    """And gets it back, direct roles and those of groups."""
    world.mappings.add(acme.id, "Eng")
    repository = world.repository(acme)
    world.repositories.set_contributor(repository.id, "ana", RepositoryRole.WRITE)
    ear.payloads()
    world.set_active("ana", False)
    assert ear.access() == ["- ana: MEMBER IDP_GROUP Eng → -", "- ana: WRITE DIRECT → -"]
    world.set_active("ana", True)
    assert ear.access() == ["+ ana: - → MEMBER IDP_GROUP Eng", "+ ana: - → WRITE DIRECT"]


def test_a_deleted_user_loses_everything(world: World, client: Client, ear: Ear) -> None:
    """A restored one has what was given by hand."""
    acme = world.organization()
    bob = client.user("bob@example.com")
    client.push("Eng", bob)
    world.mappings.add(acme.id, "Eng", ADMIN)
    world.organizations.add_member(acme.id, bob, MEMBER)
    ear.payloads()
    client.delete(bob)
    assert ear.access() == [f"- {bob}: ADMIN IDP_GROUP Eng → -"]
    world.registry.users.restore("bob", "bob@example.com")
    assert ear.access() == [f"+ {bob}: - → MEMBER DIRECT"]


def test_an_organization_ends_with_all_access(world: World, acme: Organization, ear: Ear) -> None:
    """In its repositories too; the target is one that is no more."""
    world.mappings.add(acme.id, "Eng")
    repository = world.repository(acme)
    world.repositories.set_contributor(repository.id, "cleo", RepositoryRole.WRITE)
    world.organizations.add_member(acme.id, "ana", OWNER)
    ear.payloads()
    world.organizations.delete(acme.id)
    assert ear.access() == ["- ana: OWNER DIRECT → -", "- ben: MEMBER IDP_GROUP Eng → -", "- cleo: WRITE DIRECT → -"]


def test_a_mapping_to_a_repository(world: World, acme: Organization, ear: Ear) -> None:
    """Its roles are those of repositories, before and after."""
    repository = world.repository(acme)
    world.mappings.add(repository.id, "Eng", RepositoryRole.WRITE)
    world.mappings.remove(repository.id, "Eng")
    assert ear.access() == [
        "+ ana: - → WRITE IDP_GROUP Eng",
        "+ ben: - → WRITE IDP_GROUP Eng",
        "- ana: WRITE IDP_GROUP Eng → -",
        "- ben: WRITE IDP_GROUP Eng → -",
    ]


def test_a_sign_in_gives_and_takes_access(world: World, acme: Organization, ear: Ear) -> None:
    """Groups of a sign-in are groups."""
    world.mappings.add(acme.id, "Guests")
    ear.payloads()
    zoe = world.registry.sign_in("zoe@example.com", ["Guests"]).user.id
    assert ear.access() == [f"+ {zoe}: - → MEMBER IDP_GROUP Guests"]
    world.registry.sign_in("zoe@example.com", [])
    assert ear.access() == [f"- {zoe}: MEMBER IDP_GROUP Guests → -"]


def test_unmapped_groups_and_nested_ones_give_nothing(world: World, acme: Organization, ear: Ear) -> None:
    """Nobody is told of what leads nowhere."""
    world.mappings.add(acme.id, "Eng")
    ear.payloads()
    world.push("Unmapped", "ana")
    world.members("Eng", add=("Group-Unmapped",))
    world.outsider("zoe", active=False)
    assert ear.access() == []


def test_a_change_that_is_undone_in_the_same_commit(world: World, acme: Organization, ear: Ear) -> None:
    """What a commit takes and gives back is no event."""
    world.mappings.add(acme.id, "Eng")
    ear.payloads()
    away, back = MemberChanges(remove=("ana",)), MemberChanges(add=("ana",))
    world.backend.commit(TENANT, [Swap("Group", "Group-Eng", members=away), Swap("Group", "Group-Eng", members=back)])
    assert ear.access() == []


def test_what_came_and_went_is_passed_over(world: World, acme: Organization, ear: Ear) -> None:
    """A mapping that one commit made and removed gave nobody anything."""
    document = {
        "schemas": ["urn:bsr:scim:internal:Mapping"],
        "id": "m",
        "target": acme.id,
        "organization": acme.id,
        "group": "Eng",
        "key": f"{acme.id} Eng",
    }
    world.backend.commit(TENANT, [Insert("Mapping", "m", document), Removal("Mapping", "m")])
    assert ear.access() == []


# Receivers


def test_a_receiver_that_raises_is_logged(world: World, ear: Ear, caplog: pytest.LogCaptureFixture) -> None:
    """The write stands, and the other receivers hear of it."""

    def broken(sender: object, **payload: Any) -> None:
        raise RuntimeError("I am broken")

    with signals.user_provisioned.connected_to(broken, sender=world.backend), caplog.at_level(logging.ERROR):
        world.users("bob")
    assert world.backend.get(TENANT, "User", "bob") is not None
    assert ear.names() == ["user_provisioned"]
    assert "a receiver of the signal user_provisioned failed" in caplog.text
    assert "I am broken" in caplog.text


def test_an_async_receiver_is_logged(world: World, ear: Ear, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody awaits it, and it is not forgotten in silence."""

    async def later(sender: object, **payload: Any) -> None:
        raise AssertionError

    with signals.user_provisioned.connected_to(later, sender=world.backend), caplog.at_level(logging.ERROR):
        world.users("bob")
    assert ear.names() == ["user_provisioned"]
    assert "nobody awaits it: connect a plain function" in caplog.text


def test_a_muted_signal(world: World, ear: Ear) -> None:
    """Blinker's way to switch a signal off, in the tests of a host, works here."""
    with signals.user_provisioned.muted():
        world.users("bob")
    assert ear.names() == []


def test_what_cannot_be_told_is_logged(
    world: World, ear: Ear, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that fails after the commit takes nothing back."""
    world.users("ana")

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(signals, "access_changes", fail)
    world.push("Eng", "ana")
    assert world.backend.get(TENANT, "Group", "Group-Eng") is not None
    assert "what a commit in tenant default changed could not be told" in caplog.text


def test_access_is_computed_for_listeners_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, a push reads nothing more; without any receiver nothing at all is read."""
    world.backend.observers.append(SignalSender(world.backend))
    computed: list[object] = []
    monkeypatch.setattr(signals, "access_changes", lambda *args: computed.append(args) or [])
    world.users("ana")
    with signals.user_provisioned.connected_to(lambda sender, **payload: None, sender=world.backend):
        world.users("ben")
    assert computed == []
    for number, signal in enumerate((signals.access_granted, signals.access_revoked), 1):
        with signal.connected_to(lambda sender, **payload: None, sender=world.backend):
            world.users(f"cleo{number}")
        assert len(computed) == number


def test_a_receiver_of_another_store_hears_nothing(world: World, ear: Ear) -> None:
    """The sender is the store in which it happened."""
    heard: list[object] = []

    def receiver(sender: object, **payload: Any) -> None:
        heard.append(sender)

    with signals.user_provisioned.connected_to(receiver, sender=object()):
        world.users("bob")
    assert heard == []


def test_every_signal_says_what_comes_with_it() -> None:
    """Eleven signals, each with a description."""
    assert len(SIGNALS) == 11
    assert all(signal.__doc__ and "`" in signal.__doc__ for signal in SIGNALS)
