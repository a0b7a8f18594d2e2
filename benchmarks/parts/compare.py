"""This server on SQLite and on Redis, beside the limits and other servers, with more and more users."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.load.bulk import measure_bulk
from benchmarks.load.created_groups import create_groups
from benchmarks.load.groups import CHANGES, WHOLE, WITHOUT_MEMBERS, measure_groups
from benchmarks.load.rounds import Answers, Chunk, Lane, Plan, figures, interleave, run_chunk
from benchmarks.load.services import BARE, INSERT_FULL, INSERT_NORMAL, REDIS, RELAXED, SQLITE, Service
from benchmarks.load.workloads import CONNECTIONS, IN_GROUPS, NEWEST, SEEDING, WORKLOADS, Workload, lane
from benchmarks.numbers import number
from benchmarks.parts.options import Options, Say
from benchmarks.people import user
from benchmarks.results import Key, Results
from benchmarks.servers import own, peers
from benchmarks.servers.limits import limits

_BULK_ROUNDS = 3


def compare(options: Options, folder: Path, say: Say) -> Results:
    """Start all servers, and measure at each size."""
    with ExitStack() as stack:
        services = list(_own(stack, folder))
        services += stack.enter_context(_others(folder, say))
        comparison = _Comparison(services, stack.enter_context(limits(folder)), Plan(options.rounds), say)
        for users in options.users:
            comparison.at_size(users, options.groups)
        comparison.bulk(options.users[-1])
    return comparison.results


def _own(stack: ExitStack, folder: Path) -> Iterator[Service]:
    (folder / "redis").mkdir()
    redis = stack.enter_context(own.redis(folder / "redis"))
    stores = {
        SQLITE: own.sqlite_store(folder, "full"),
        RELAXED: own.sqlite_store(folder, "normal", "NORMAL"),
        REDIS: redis.uri(),
    }
    for name, store in stores.items():
        service, _ = stack.enter_context(own.serve(name, store, folder))
        yield service


@contextmanager
def _others(folder: Path, say: Say) -> Iterator[list[Service]]:
    with ExitStack() as stack:
        services = []
        for each in peers.ALL:
            try:
                services.append(stack.enter_context(peers.peer(each, folder)))
            except (peers.NotInstalledError, RuntimeError) as error:
                say(f"{each.name} is left out: {error}")
        yield services


@dataclass(slots=True)
class _Comparison:
    services: Sequence[Service]
    limits: Mapping[str, Lane]
    plan: Plan
    say: Say
    results: Results = field(default_factory=Results)

    def at_size(self, users: int, groups: Sequence[int]) -> None:
        """Fill every store up to so many users, and measure; groups have these sizes, or as near as the users reach.

        They are gone afterwards: users in groups make larger pages, and not every server shows their groups.
        """
        self._seed(users)
        for workload in WORKLOADS:
            self._measure(users, workload)
        made = [group for size in groups for group in create_groups(self.services, users, size, self.results)]
        self._measure(users, IN_GROUPS)
        for kind in (*CHANGES, WITHOUT_MEMBERS, WHOLE):
            self.say(f"{users} users, {kind.name} in groups of {', '.join(map(str, groups))}")
            measure_groups(made, self.limits[BARE], kind, self.plan, self.results)
        for key in self.results.of_size(users):
            if key.workload[0] in "hi":
                self._report(key)
        for group in made:
            status, _ = group.service.ask("DELETE", f"/Groups/{group.id}")
            if status != 204:
                self.say(f"{group.service.name} keeps a group: it answers DELETE with {status}")

    def bulk(self, users: int) -> None:
        """Measure Bulk, after which the stores are full of users that nobody else knows of."""
        before = set(self.results.of_size(users))
        measure_bulk(self.services, users, _BULK_ROUNDS, CONNECTIONS, self.results)
        for key in set(self.results.of_size(users)) - before:
            self._report(key)

    def _seed(self, users: int) -> None:
        """Create users until there are so many, and let the limits insert as many in the same rounds."""
        lanes = [self.limits[name] for name in (INSERT_FULL, INSERT_NORMAL, BARE)]
        lanes += [_creating(service) for service in self.services]
        chunks: dict[str, list[Chunk]] = {each.name: [] for each in lanes}
        plan = Plan(requests=max(50, users // 60), seconds=60, connections=CONNECTIONS)
        while missing := users - len(self.services[0].ids):
            plan = replace(plan, requests=min(plan.requests, missing))
            answers = self._seed_some(lanes, plan, chunks)
            for service in self.services:
                _remember(service, answers[service.name])
        key = Key(users, SEEDING, CONNECTIONS)
        self.results.add(key, {name: figures(each) for name, each in chunks.items()})
        self._report(key)

    def _seed_some(self, lanes: Sequence[Lane], plan: Plan, chunks: dict[str, list[Chunk]]) -> dict[str, Answers]:
        there = len(self.services[0].ids)
        answers = {}
        for each in lanes:
            chunk, answers[each.name] = run_chunk(each, plan, there)
            chunks[each.name].append(chunk)
        return answers

    def _measure(self, users: int, workload: Workload) -> None:
        lanes = [self.limits[name] for name in workload.limits]
        for service in self.services:
            found = lane(workload, service, service.name)
            if isinstance(found, str):
                self.results.fail(Key(users, workload.name), service.name, found)
            else:
                lanes.append(found)
        for connections in workload.connections:
            key = Key(users, workload.name, connections)
            self.results.add(key, interleave(lanes, replace(self.plan, connections=connections)))
            self._report(key)

    def _report(self, key: Key) -> None:
        found = self.results.figures.get(key, {})
        shown = [f"{name} {number(each.rate)}/s" for name, each in found.items()]
        failed = [f"{name}: {why}" for name, why in self.results.faults.get(key, {}).items()]
        self.say(f"{key.users} users, {key.workload} c{key.connections}: {', '.join(shown + failed)}")


def _creating(service: Service) -> Lane:
    return Lane(
        service.name,
        service.address,
        lambda number: service.request("POST", "/Users", user(service.tag, number)),
        (201,),
    )


def _remember(service: Service, answers: Answers) -> None:
    """Keep what the workloads need to know of the users that were created.

    :raises RuntimeError: one was not.
    """
    for _, answer in sorted(answers):
        if answer.status != 201:
            raise RuntimeError(f"{service.name} answers POST /Users with {answer.status}: {answer.body[:200]!r}")
        created = json.loads(answer.body)
        service.ids.append(created["id"])
        service.modified.append(created["meta"]["lastModified"])
    del service.modified[:-NEWEST]
