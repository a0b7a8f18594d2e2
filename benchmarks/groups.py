"""What is done to groups of several sizes, in the same rounds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.people import CORE
from benchmarks.results import Key, Results
from benchmarks.rounds import Ask, Chunk, Lane, Plan, figures, interleave
from benchmarks.services import PEER, Service
from benchmarks.workloads import PATCH_OP

SPARE = 100
"""Users who are in no group at first: each is added once, then removed once."""

PEER_MOST = 1000
"""Members of the largest group that the peer gets: a change of it costs the peer as much as all of its members."""

_CREATIONS = 2

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
    made = [(service, size) for size in sizes for service in services if service.name != PEER or size <= PEER_MOST]
    groups = [group for service, size in made if (group := _make(service, size, results))]
    for workload in workloads(plan):
        lanes = [Lane(group.name, group.service.address, workload.ask(group), (200, 204)) for group in groups]
        found = interleave([*lanes, *limits], workload.plan)
        for group, lane in zip(groups, lanes, strict=True):
            key = Key(users, f"{workload.name}_{group.size}")
            beside = {limit.name: found[limit.name] for limit in limits}
            results.add(key, {group.service.name: found[lane.name], **beside})
            group.now = max(group.made, group.now + workload.growth * found[lane.name].requests)
            _check(group, key, results)


def _make(service: Service, size: int, results: Results) -> Group | None:
    """Make groups of a size; return the last of them, None when the server refuses it."""
    key = Key(len(service.ids), f"h.create_{size}")
    members = service.ids[: min(size, len(service.ids) - SPARE)]
    chunks = []
    for number in range(_CREATIONS):
        body = {
            "schemas": [f"{CORE}Group"],
            "displayName": f"{size} of {len(service.ids)}, {number}",
            "members": [{"value": member, "display": "member"} for member in members],
        }
        started = perf_counter()
        status, answer = service.ask("POST", "/Groups", body)
        seconds = perf_counter() - started
        if status != 201:
            results.fail(key, service.name, f"POST is answered {status}")
            return None
        chunks.append(Chunk([seconds], [], seconds))
    group = Group(service, size, answer["id"], len(members), len(members))
    results.add(key, {service.name: figures(chunks, ())})
    _check(group, key, results)
    return group


def _check(group: Group, key: Key, results: Results) -> None:
    """Drop the figures when the group does not have the members that it must have."""
    _, body = group.service.ask("GET", f"/Groups/{group.id}")
    found = len(body.get("members", []))
    if found != group.now:
        results.fail(key, group.service.name, f"the group has {found} members instead of {group.now}")
