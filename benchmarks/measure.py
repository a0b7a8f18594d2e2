"""One run: the stores are filled to each size, and everything is measured there."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from benchmarks.client import Connection
from benchmarks.groups import measure_groups
from benchmarks.people import user
from benchmarks.results import Key, Results
from benchmarks.rounds import Chunk, Lane, Plan, figures, interleave, run_chunk
from benchmarks.services import BARE, INSERT_FULL, INSERT_NORMAL, Service
from benchmarks.workloads import WORKLOADS, Requests, Workload

SEEDING = "a.seed_post"

CONNECTIONS = 4
"""Over which the users are created."""


class Run:
    """Measures services beside limits.

    :param limits: the lanes of the limits by name.
    :param say: takes a line about what was measured.
    """

    def __init__(
        self, services: Sequence[Service], limits: Mapping[str, Lane], plan: Plan, say: Callable[[str], None]
    ) -> None:
        self.results = Results()
        self._services, self._limits = services, limits
        self._plan, self._say = plan, say

    def at_size(self, users: int, groups: Sequence[int]) -> None:
        """Fill every store up to so many users, and measure; groups have these sizes, or as near as the users reach."""
        self._seed(users)
        for workload in WORKLOADS:
            self._measure(users, workload)
        measure_groups(self._services, [self._limits[BARE]], groups, self._plan, self.results)
        for key in self.results.of_size(users):
            if key.workload[0] in "hi":
                self._report(key)

    def _seed(self, users: int) -> None:
        """Create users until there are so many, and let the limits insert as many in the same rounds."""
        lanes = [self._limits[name] for name in (INSERT_FULL, INSERT_NORMAL, BARE)]
        lanes += [_creating(service) for service in self._services]
        chunks: dict[str, list[Chunk]] = {lane.name: [] for lane in lanes}
        plan = Plan(requests=max(50, users // 20), seconds=60, connections=CONNECTIONS)
        while missing := users - len(self._services[0].ids):
            plan = replace(plan, requests=min(plan.requests, missing))
            there = len(self._services[0].ids)
            for lane in lanes:
                chunks[lane.name].append(run_chunk(lane, plan, there))
            for service in self._services:
                _remember(service, chunks[service.name][-1])
        key = Key(users, SEEDING, CONNECTIONS)
        self.results.add(key, {lane.name: figures(chunks[lane.name], lane.wanted) for lane in lanes})
        self._report(key)

    def _measure(self, users: int, workload: Workload) -> None:
        lanes = [self._limits[name] for name in workload.limits]
        for service in self._services:
            requests = workload.requests(service)
            why = _fault(service, requests)
            if why is None:
                lanes.append(Lane(service.name, service.address, requests.ask, requests.wanted))
            else:
                self.results.fail(Key(users, workload.name), service.name, why)
        for connections in workload.connections:
            key = Key(users, workload.name, connections)
            self.results.add(key, interleave(lanes, replace(self._plan, connections=connections)))
            self._report(key)

    def _report(self, key: Key) -> None:
        found = self.results.figures.get(key, {})
        shown = [f"{name} {each.rate:.0f}/s" for name, each in found.items()]
        failed = [f"{name}: {why}" for name, why in self.results.faults.get(key, {}).items()]
        self._say(f"{key.users} users, {key.workload} c{key.connections}: {', '.join(shown + failed)}")


def _creating(service: Service) -> Lane:
    return Lane(
        service.name,
        service.address,
        lambda number: service.request("POST", "/Users", user(service.tag, number)),
        (201,),
    )


def _remember(service: Service, chunk: Chunk) -> None:
    """Keep what the workloads need to know of the users that were created.

    :raises RuntimeError: one was not.
    """
    for _, answer in sorted(chunk.answers):
        if answer.status != 201:
            raise RuntimeError(f"{service.name} answers POST /Users with {answer.status}: {answer.body[:200]!r}")
        created = json.loads(answer.body)
        service.ids.append(created["id"])
        service.modified.append(created["meta"]["lastModified"])


def _fault(service: Service, requests: Requests) -> str | None:
    """Return what is wrong with the answer to request 0, None when nothing is."""
    with Connection(service.address) as connection:
        answer = connection.ask(requests.ask(0))
    if answer.status not in requests.wanted:
        return f"answered {answer.status}"
    return requests.check(json.loads(answer.body) if answer.body else None)
