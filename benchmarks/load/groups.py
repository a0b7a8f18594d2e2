"""What is done to groups of several sizes, in the same rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load.rounds import Ask, Lane, Plan, interleave
from benchmarks.load.services import Service
from benchmarks.load.workloads import PATCH_OP
from benchmarks.results import Key, Results

SPARE = 200
"""Users who are in no group at first: each is added once, then removed once."""

_A_ROUND = 25


@dataclass(slots=True)
class Group:
    """A group that was made for the workloads."""

    service: Service
    users: int
    """Of the store, as it was asked for."""
    size: int
    """The size that was asked for."""
    id: str
    made: int
    """How many members it was made with, one user after the other."""
    now: int
    """How many it must have now."""
    first: int = 0
    """The number of the first of them."""

    @property
    def lane(self) -> str:
        """What tells it from other groups."""
        return f"{self.service.name} {self.users} {self.size}"

    @property
    def spare(self) -> int:
        """How many users are left to be added."""
        return min(SPARE, len(self.service.ids) - self.first - self.made)

    def stranger(self, number: int) -> str:
        """Return the id of a user who is none of its first members."""
        return self.service.ids[self.first + self.made + number]


@dataclass(frozen=True, slots=True)
class GroupWorkload:
    """A kind of request to a group."""

    name: str
    ask: Callable[[Group], Ask]
    growth: int = 0
    """How many members each request adds."""


def _add(group: Group) -> Ask:
    def ask(number: int) -> bytes:
        member = {"value": group.stranger(number), "display": "member"}
        return _change(group, {"op": "add", "path": "members", "value": [member]})

    return ask


def _remove(group: Group) -> Ask:
    def ask(number: int) -> bytes:
        path = f'members[value eq "{group.stranger(number)}"]'
        return _change(group, {"op": "remove", "path": path})

    return ask


def _change(group: Group, operation: dict[str, object]) -> bytes:
    return group.service.request("PATCH", f"/Groups/{group.id}", {"schemas": [PATCH_OP], "Operations": [operation]})


def _get(query: str) -> Callable[[Group], Ask]:
    def asker(group: Group) -> Ask:
        request = group.service.request("GET", f"/Groups/{group.id}{query}")
        return lambda _: request

    return asker


CHANGES = (GroupWorkload("h.add_one", _add, 1), GroupWorkload("h.remove_one", _remove, -1))
WITHOUT_MEMBERS = GroupWorkload("i.get_nomembers", _get("?excludedAttributes=members"))
WHOLE = GroupWorkload("i.get_full", _get(""))


def measure_groups(groups: Sequence[Group], limit: Lane, workload: GroupWorkload, plan: Plan, results: Results) -> None:
    """Run a workload on groups; `plan` is that of reading."""
    lanes = [Lane(group.lane, group.service.address, workload.ask(group), (200, 204)) for group in groups]
    found = interleave([*lanes, limit], _changing(groups) if workload.growth else plan)
    for group in groups:
        key = Key(group.users, f"{workload.name}_{group.size}")
        outcome = found[group.lane]
        results.add(key, {group.service.name: outcome, limit.name: found[limit.name]})
        if workload.growth and not isinstance(outcome, str):
            group.now = max(group.made, group.now + workload.growth * outcome.requests)
        check(group, key, results)


def _changing(groups: Sequence[Group]) -> Plan:
    spare = min(group.spare for group in groups)
    return Plan(rounds=max(1, spare // _A_ROUND), requests=min(spare, _A_ROUND), seconds=1)


def check(group: Group, key: Key, results: Results) -> None:
    """Drop the figures when the group does not have the members that it must have."""
    try:
        _, body = group.service.ask("GET", f"/Groups/{group.id}")
    except OSError as error:
        results.fail(key, group.service.name, f"no answer: {error}")
        return
    found = len(body.get("members", []))
    if found != group.now:
        results.fail(key, group.service.name, f"the group has {found} members instead of {group.now}")
