"""Each commit is told of with its own changes of access, whoever writes before they are computed."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Removal, Swap
from flask_bsr_scim.registry import access_changes
from flask_bsr_scim.registry.model import OrganizationRole, RepositoryRole
from flask_bsr_scim.registry.signals import SignalSender
from tests.client import GROUP
from tests.registry.test_signals import Ear
from tests.registry.world import TENANT, World, open_store

MEMBER, MACHINE, ADMIN, OWNER = OrganizationRole
PEOPLE = ("ana", "ben", "cleo")

Write = Callable[[World], object]


def acme(world: World) -> str:
    return world.organizations.by_name("acme").id


def renames(group: str, name: str) -> Write:
    """Return the write that gives a group another name."""
    document = {"schemas": [GROUP], "id": f"Group-{group}", "displayName": name}
    return lambda world: world.backend.commit(TENANT, [Swap("Group", f"Group-{group}", document)])


def pushed_anew(world: World) -> None:
    """End the group, and push one of its name with another member; one transaction."""
    with world.backend.together(TENANT):
        world.delete("Eng")
        world.push("Eng", "cleo")


def mapped_anew(world: World) -> None:
    """End the mapping, and make one with another role; one transaction."""
    with world.backend.together(TENANT):
        world.mappings.remove(acme(world), "Eng")
        world.mappings.add(acme(world), "Eng", OWNER)


WRITES: dict[str, Write] = {
    "ben leaves": lambda world: world.members("Eng", remove=("ben",)),
    "cleo comes": lambda world: world.members("Eng", add=("cleo",)),
    "the group ends": lambda world: world.delete("Eng"),
    "the group is another one": pushed_anew,
    "the group is renamed": renames("Eng", "Engineers"),
    "a crew is formed": renames("Temp", "Crew"),
    "the crew gets another name": renames("Temp", "Others"),
    "another role": lambda world: world.mappings.update(acme(world), "Eng", MACHINE),
    "unmapped": lambda world: world.mappings.remove(acme(world), "Eng"),
    "mapped anew": mapped_anew,
    "ana is locked out": lambda world: world.set_active("ana", False),
    "ben is gone": lambda world: world.backend.commit(TENANT, [Removal("User", "ben")]),
    "ben is given a role": lambda world: world.organizations.set_member(acme(world), "ben", OWNER),
    "the organization ends": lambda world: world.organizations.delete(acme(world)),
}


def is_possible(one: str, other: str) -> bool:
    """Tell whether the second can still be done after the first one."""
    ends = {
        "the group ends": ("ben leaves", "cleo comes", "the group"),
        "unmapped": ("another role", "unmapped", "mapped anew"),
        "ben is gone": ("ben is gone", "ben is given"),
        "the organization ends": ("another role", "unmapped", "mapped", "ben is given", "the organization"),
    }
    return not other.startswith(ends.get(one, ("nothing",)))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def heard_in(world: World, stack: ExitStack) -> Ear:
    """Fill a world, and return who hears what happens in it from then on."""
    world.users(*PEOPLE)
    organization = world.organization()
    repository = world.repository(organization)
    world.push("Eng", "ana", "ben")
    world.push("Temp", "cleo")
    world.mappings.add(organization.id, "Eng", ADMIN)
    world.mappings.add(organization.id, "Crew", MEMBER)
    world.mappings.add(repository.id, "Eng", RepositoryRole.WRITE)
    world.organizations.add_member(organization.id, "ana", MEMBER)
    world.backend.observers.append(SignalSender(world.backend))
    return Ear(world.backend, stack)


def one_after_the_other(stack: ExitStack, *writes: Write) -> list[str]:
    """Return what is told of writes to a world that nobody else writes to."""
    world = World(open_store("memory://"))
    ear = heard_in(world, stack)
    for write in writes:
        write(world)
    return ear.access()


def before_it_is_told(world: World, monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]) -> None:
    """Write after the next commit, before its signals are computed."""
    world.backend.observers.insert(0, once(write))


def while_it_is_computed(world: World, monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]) -> None:
    """Write after the next commit, when some of what its signals depend on was read already."""
    overtake(world, monkeypatch, write, pages=0)


def when_some_are_told(world: World, monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]) -> None:
    """Write after the next commit, when the first user was told of, and nobody else."""
    monkeypatch.setattr(access_changes, "_PAGE", 1)
    overtake(world, monkeypatch, write, pages=1)


def overtake(world: World, monkeypatch: pytest.MonkeyPatch, write: Callable[[], object], pages: int) -> None:
    groups_of, left = world.backend._groups_of, iter(range(pages))

    def overtaken(*arguments: Any) -> Any:
        if next(left, None) is None:
            monkeypatch.setattr(world.backend, "_groups_of", groups_of)
            write()
        return groups_of(*arguments)

    world.backend.observers.insert(0, once(lambda: monkeypatch.setattr(world.backend, "_groups_of", overtaken)))


def once(call: Callable[[], object]) -> Callable[..., None]:
    """Return what makes a call when it is called for the first time."""
    left = [call]

    def run(*_: object) -> None:
        if left:
            left.pop()()

    return run


MOMENTS = [before_it_is_told, while_it_is_computed, when_some_are_told]


def check(
    world: World, monkeypatch: pytest.MonkeyPatch, stack: ExitStack, one: str, other: str, moment: Callable[..., None]
) -> None:
    """See that of two commits the same is told as if the second had come when the first was told of."""
    expected = one_after_the_other(stack, WRITES[one], WRITES[other])
    ear = heard_in(world, stack)
    second = once(lambda: WRITES[other](world))
    moment(world, monkeypatch, second)
    WRITES[one](world)
    second()  # If nothing was computed, nothing has come between.
    assert ear.access() == expected


@pytest.fixture(autouse=True)
def nothing_fails(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A sender that fails tells the log."""
    with caplog.at_level(logging.ERROR):
        yield
    assert caplog.records == []


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    ("one", "other"), [(one, other) for one in WRITES for other in WRITES if is_possible(one, other)]
)
def test_what_came_between_is_told_of_by_itself(
    monkeypatch: pytest.MonkeyPatch, stack: ExitStack, one: str, other: str, moment: Callable[..., None]
) -> None:
    """All pairs, in memory."""
    check(World(open_store("memory://")), monkeypatch, stack, one, other, moment)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("one", "other"), [
    ("ben leaves", "the group ends"), ("another role", "unmapped"), ("ana is locked out", "ben is gone"),
    ("another role", "the organization ends"), ("mapped anew", "the group is renamed"),
])  # fmt: skip
def test_what_came_between_in_every_store(
    world: World, monkeypatch: pytest.MonkeyPatch, stack: ExitStack, one: str, other: str, moment: Callable[..., None]
) -> None:
    """The log of each store can be walked back."""
    check(world, monkeypatch, stack, one, other, moment)


@pytest.mark.parametrize(("name", "value", "moment"), [
    ("_MOST", -1, before_it_is_told), ("_ATTEMPTS", 1, while_it_is_computed),
])  # fmt: skip
def test_what_cannot_be_walked_back_breaks_nothing(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    stack: ExitStack,
    name: str,
    value: int,
    moment: Callable[..., None],
) -> None:
    """Where too much comes between, something may be missed; what the later commits did is still told of."""
    ear = heard_in(world, stack)
    monkeypatch.setattr(access_changes, name, value)
    moment(world, monkeypatch, lambda: world.delete("Eng"))
    world.members("Eng", remove=("ben",))
    assert "- ana: ADMIN IDP_GROUP Eng → MEMBER DIRECT" in ear.access()
