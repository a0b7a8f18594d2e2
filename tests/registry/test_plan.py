"""Plans: whose access a change would change, without making it."""

from collections.abc import Callable, Iterator

import pytest

from flask_bsr_scim.registry.errors import InvalidArgument, NotThere
from flask_bsr_scim.registry.model import Organization, OrganizationRole, RepositoryRole, Target
from flask_bsr_scim.registry.plan import Change
from tests.registry.world import TENANT, World, told

ROLE = OrganizationRole


@pytest.fixture
def acme(world: World) -> Organization:
    """An organization of Dan, in a registry of four users and a group `Eng` of three of them."""
    world.users("ana", "ben", "cleo", "dan")
    world.push("Eng", "ana", "ben", "cleo")
    return world.organization("acme", "dan")


def planned(changes: Iterator[Change]) -> dict[str, str]:
    """Return the changes by user, as `before > after`."""
    return {change.user_id: f"{told(change.before)} > {told(change.after)}" for change in changes}


def test_mapping(world: World, acme: Organization) -> None:
    """All members would get in who are not in already."""
    world.organizations.add_member(acme.id, "ben", ROLE.MEMBER)
    world.organizations.add_member(acme.id, "cleo", ROLE.ADMIN)
    assert planned(world.registry.plan.map(acme, "Eng")) == {"ana": "- > MEMBER IDP_GROUP Eng"}


def test_mapping_with_a_role(world: World, acme: Organization) -> None:
    """Who is in with a lower role would rise."""
    world.organizations.add_member(acme.id, "ben", ROLE.MEMBER)
    world.organizations.add_member(acme.id, "cleo", ROLE.ADMIN)
    assert planned(world.registry.plan.map(acme, "Eng", ROLE.MACHINE)) == {
        "ana": "- > MACHINE IDP_GROUP Eng",
        "ben": "MEMBER DIRECT > MACHINE IDP_GROUP Eng",
    }


def test_mapping_what_is_mapped(world: World, acme: Organization) -> None:
    """Another role of a mapping changes those for whom it counts; the same role changes nobody."""
    world.mappings.add(acme.id, "Eng", ROLE.ADMIN)
    world.organizations.add_member(acme.id, "cleo", ROLE.ADMIN)
    assert planned(world.registry.plan.map(acme, "Eng", ROLE.ADMIN)) == {}
    assert planned(world.registry.plan.map(acme, "Eng")) == dict.fromkeys(
        ("ana", "ben"), "ADMIN IDP_GROUP Eng > MEMBER IDP_GROUP Eng"
    )


def test_mapping_what_was_never_pushed(world: World, acme: Organization) -> None:
    """A group that is not there would change nobody."""
    assert planned(world.registry.plan.map(acme, "Ops")) == {}


def test_mapping_groups_of_sign_ins(world: World, acme: Organization) -> None:
    """Whom a sign-in put into a group of the name would get in too."""
    world.push("Eng", "ben", "dan", type_name="SignInGroup")
    changes = planned(world.registry.plan.map(acme, "Eng", ROLE.ADMIN))
    assert changes == dict.fromkeys(("ana", "ben", "cleo"), "- > ADMIN IDP_GROUP Eng")


def test_mapping_to_a_repository(world: World, acme: Organization) -> None:
    """Repositories have roles of their own."""
    protos = world.repository(acme)
    world.repositories.set_contributor(protos.id, "ana", RepositoryRole.WRITE)
    changes = list(world.registry.plan.map(protos, "Eng"))
    assert [(change.user_id, change.target_id) for change in changes] == [("ben", protos.id), ("cleo", protos.id)]
    with pytest.raises(InvalidArgument):
        world.registry.plan.map(protos, "Eng", RepositoryRole.OWNER)


def test_inactive_users_and_groups_in_groups_are_left_out(world: World, acme: Organization) -> None:
    """Who would have no role anyway does not gain one."""
    world.push("Inner", "dan")
    world.members("Eng", add=("Group-Inner",))
    world.set_active("ana", False)
    assert set(planned(world.registry.plan.map(acme, "Eng"))) == {"ben", "cleo"}


def test_unmapping(world: World, acme: Organization) -> None:
    """Who has nothing else would get out, who has a lower role would fall to it, who has as much elsewhere stays."""
    world.mappings.add(acme.id, "Eng", ROLE.MACHINE)
    world.organizations.add_member(acme.id, "ben", ROLE.MEMBER)
    world.push("Ops", "cleo")
    world.mappings.add(acme.id, "Ops", ROLE.MACHINE)
    assert planned(world.registry.plan.unmap(acme, "Eng")) == {
        "ana": "MACHINE IDP_GROUP Eng > -",
        "ben": "MACHINE IDP_GROUP Eng > MEMBER DIRECT",
    }


def test_unmapping_what_is_not_mapped(world: World, acme: Organization) -> None:
    """A mapping that is not there cannot be undone; the refusal comes before the list is read."""
    with pytest.raises(NotThere, match="Eng"):
        world.registry.plan.unmap(acme, "Eng")


def test_deleting_a_group(world: World, acme: Organization) -> None:
    """Its members would lose what its mappings give, in all targets, but for what sign-ins and others give."""
    protos = world.repository(acme)
    world.mappings.add(acme.id, "Eng")
    world.mappings.add(protos.id, "Eng", RepositoryRole.WRITE)
    world.push("Eng", "ben", type_name="SignInGroup")
    world.organizations.add_member(acme.id, "cleo", ROLE.ADMIN)
    assert [tuple(change[:2]) for change in world.registry.plan.delete_group("Eng")] == [
        ("ana", acme.id),
        ("ana", protos.id),
        ("cleo", protos.id),
    ]


def test_deleting_a_group_that_is_mapped_nowhere(world: World, acme: Organization) -> None:
    """It gave nothing, so nothing would be lost."""
    assert planned(world.registry.plan.delete_group("Eng")) == {}


def test_deleting_a_group_that_was_not_pushed(world: World, acme: Organization) -> None:
    """What is not there cannot be deleted; a group of sign-ins alone is not SCIM's to delete."""
    world.push("Ops", "ana", type_name="SignInGroup")
    for name in ("Ops", "eng"):
        with pytest.raises(NotThere, match=name):
            world.registry.plan.delete_group(name)


CHANGES: dict[str, tuple[Callable[[World, Target], Iterator[Change]], Callable[[World, Target], object]]] = {
    "map": (
        lambda world, target: world.registry.plan.map(target, "Ops", ROLE.MACHINE),
        lambda world, target: world.mappings.add(target.id, "Ops", ROLE.MACHINE),
    ),
    "change": (
        lambda world, target: world.registry.plan.map(target, "Eng", ROLE.ADMIN),
        lambda world, target: world.mappings.add(target.id, "Eng", ROLE.ADMIN),
    ),
    "unmap": (
        lambda world, target: world.registry.plan.unmap(target, "Eng"),
        lambda world, target: world.mappings.remove(target.id, "Eng"),
    ),
    "delete": (
        lambda world, target: world.registry.plan.delete_group("Eng"),
        lambda world, target: world.delete("Eng"),
    ),
}


@pytest.mark.parametrize(("plan", "do"), CHANGES.values(), ids=CHANGES)
def test_a_plan_is_what_comes(
    world: World,
    acme: Organization,
    plan: Callable[[World, Target], Iterator[Change]],
    do: Callable[[World, Target], object],
) -> None:
    """A plan writes nothing, and doing it changes the effective roles that it names, as it says, and no others."""
    world.push("Ops", "cleo", "dan")
    world.mappings.add(acme.id, "Eng")
    world.organizations.add_member(acme.id, "ben", ROLE.MEMBER)
    people = ("ana", "ben", "cleo", "dan")
    before = {user: world.access.role(user, acme) for user in people}
    log = world.backend.log(TENANT)
    changes = {change.user_id: change for change in plan(world, acme)}
    assert changes
    assert world.backend.log(TENANT) == log
    do(world, acme)
    for user in people:
        now = world.access.role(user, acme)
        if user in changes:
            assert changes[user] == Change(user, acme.id, before[user], now)
        else:
            assert (now and now.role) == (before[user] and before[user].role)


def test_a_plan_reads_no_more_than_is_asked_for(
    world: World, acme: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The members of a group are read page by page, while the list is read."""
    monkeypatch.setattr("flask_bsr_scim.registry.plan._PAGE", 10)
    people = [f"u{number:02}" for number in range(25)]
    world.users(*people)
    world.push("All", *people)
    asked = []
    members = world.backend.members

    def counting(tenant: str, group_ids: list[str], **options: object) -> object:
        asked.append(options["count"])
        return members(tenant, group_ids, **options)

    monkeypatch.setattr(world.backend, "members", counting)
    changes = world.registry.plan.map(acme, "All")
    assert asked == []
    assert [next(changes).user_id for _ in range(10)] == people[:10]
    assert asked == [10]
    assert [change.user_id for change in changes] == people[10:]
    assert set(asked) == {10}
