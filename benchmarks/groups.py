"""What is done to groups of several sizes, in the same rounds."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.people import CORE
from benchmarks.results import Key, Results
from benchmarks.rounds import Ask, Chunk, Lane, Plan, figures, interleave, run_chunk
from benchmarks.services import PEER, Service
from benchmarks.workloads import PATCH_OP

SPARE = 100
"""Users who are in no group at first: each is added once, then removed once."""

PEER_MOST = 1000
"""Members of the largest group that the peer gets: a change of it costs the peer as much as all of its members."""

_CREATIONS = 4

_CHANGES = Plan(rounds=4, requests=SPARE // 4, seconds=3)


@dataclass(slots=True)
class Group:
    """A group that was made for the workloads."""

    service: Service
    size: int
    """The size that was asked for."""
    id: str
    made: int
    """The members that it was made with: the first users."""
    now: int
    """The members that it must have now."""

    @property
    def name(self) -> str:
        """What tells it from other groups."""
        return f"{self.service.name} {self.size}"


@dataclass(frozen=True, slots=True)
class GroupWorkload:
    """A kind of request to a group."""

    name: str
    ask: Callable[[Group], Ask]
    plan: Plan
    growth: int = 0
    """How many members each request adds."""


def _add(group: Group) -> Ask:
    def ask(number: int) -> bytes:
        member = {"value": group.service.ids[group.made + number], "display": "member"}
        return _change(group, {"op": "add", "path": "members", "value": [member]})

    return ask


def _remove(group: Group) -> Ask:
    def ask(number: int) -> bytes:
        path = f'members[value eq "{group.service.ids[group.made + number]}"]'
        return _change(group, {"op": "remove", "path": path})

    return ask


def _change(group: Group, operation: dict[str, object]) -> bytes:
    return group.service.request("PATCH", f"/Groups/{group.id}", {"schemas": [PATCH_OP], "Operations": [operation]})


def _get(query: str) -> Callable[[Group], Ask]:
    def asker(group: Group) -> Ask:
        request = group.service.request("GET", f"/Groups/{group.id}{query}")
        return lambda _: request

    return asker


def workloads(plan: Plan) -> tuple[GroupWorkload, ...]:
    """Return the workloads in their order; `plan` is that of reading."""
    return (
        GroupWorkload("h.add_one", _add, _CHANGES, 1),
        GroupWorkload("h.remove_one", _remove, _CHANGES, -1),
        GroupWorkload("i.get_nomembers", _get("?excludedAttributes=members"), plan),
        GroupWorkload("i.get_full", _get(""), plan),
    )


def measure_groups(
    services: Sequence[Service], limits: Sequence[Lane], sizes: Sequence[int], plan: Plan, results: Results
) -> None:
    """Make groups of all sizes at the services, and run all workloads on them."""
    users = len(services[0].ids)
    groups = [group for size in sizes for group in _make([s for s in services if _takes(s, size)], size, results)]
    for workload in workloads(plan):
        lanes = [Lane(group.name, group.service.address, workload.ask(group), (200, 204)) for group in groups]
        found = interleave([*lanes, *limits], workload.plan)
        for group, lane in zip(groups, lanes, strict=True):
            key = Key(users, f"{workload.name}_{group.size}")
            beside = {limit.name: found[limit.name] for limit in limits}
            results.add(key, {group.service.name: found[lane.name], **beside})
            group.now = max(group.made, group.now + workload.growth * found[lane.name].requests)
            _check(group, key, results)


def _takes(service: Service, size: int) -> bool:
    return service.name != PEER or size <= PEER_MOST


def _make(services: Sequence[Service], size: int, results: Results) -> list[Group]:
    """Make groups of a size, some at each service in turn; return the last ones, and delete the others."""
    lanes = [_creating(service, size) for service in services]
    chunks: dict[str, list[Chunk]] = {lane.name: [] for lane in lanes}
    for number in range(_CREATIONS):
        for lane in lanes:
            chunks[lane.name].append(run_chunk(lane, Plan(requests=1), number))
    return [_keep_last(service, size, chunks[service.name], results) for service in services]


def _creating(service: Service, size: int) -> Lane:
    members = [{"value": member, "display": "member"} for member in _first(service, size)]
    body = {"schemas": [f"{CORE}Group"], "members": members}

    def ask(number: int) -> bytes:
        return service.request("POST", "/Groups", {**body, "displayName": f"{size} of {len(service.ids)}, {number}"})

    return Lane(service.name, service.address, ask, (201,))


def _first(service: Service, size: int) -> Sequence[str]:
    return service.ids[: min(size, len(service.ids) - SPARE)]


def _keep_last(service: Service, size: int, chunks: Sequence[Chunk], results: Results) -> Group:
    """Return the last group that was made, and delete the others: they would weigh on what is measured later."""
    key = Key(len(service.ids), f"h.create_{size}")
    results.add(key, {service.name: figures(chunks, (201,))})
    *others, last = (json.loads(answer.body)["id"] for chunk in chunks for _, answer in chunk.answers)
    for other in others:
        service.ask("DELETE", f"/Groups/{other}")
    members = len(_first(service, size))
    group = Group(service, size, last, members, members)
    _check(group, key, results)
    return group


def _check(group: Group, key: Key, results: Results) -> None:
    """Drop the figures when the group does not have the members that it must have."""
    _, body = group.service.ask("GET", f"/Groups/{group.id}")
    found = len(body.get("members", []))
    if found != group.now:
        results.fail(key, group.service.name, f"the group has {found} members instead of {group.now}")
