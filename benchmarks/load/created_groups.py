"""Groups that are made by POST, and how long that takes."""

import json
from collections.abc import Sequence

from benchmarks.load.client import PATIENCE, Answer
from benchmarks.load.groups import SPARE, Group, check
from benchmarks.load.rounds import Chunk, Lane, Plan, figures, run_chunk
from benchmarks.load.services import PEERS, Service
from benchmarks.people import CORE
from benchmarks.results import Key, Results

PEER_MOST = 1000
"""Members of the largest group that the peers get: a change of it costs a peer as much as all of its members."""

_ROUNDS, _SMALL, _MANY = 4, 100, 15
"""Of groups up to the second of these sizes, so many are made in a round; of larger ones, one."""


def create_groups(services: Sequence[Service], users: int, size: int, results: Results) -> list[Group]:
    """Make groups of a size, some at each service in turn; return the last ones."""
    makers = [_Maker(service, users, size) for service in services if _takes(service, size)]
    for number in range(_ROUNDS):
        for maker in makers:
            maker.make(number)
    return [group for maker in makers if (group := maker.finish(results))]


def _takes(service: Service, size: int) -> bool:
    return service.name not in PEERS or size <= PEER_MOST


class _Maker:
    """Makes groups at a service."""

    def __init__(self, service: Service, users: int, size: int) -> None:
        self._service, self._users, self._size = service, users, size
        self._members = service.ids[: min(size, len(service.ids) - min(SPARE, len(service.ids) // 2))]
        self._lane = Lane(service.name, service.address, self._ask, (201,))
        self._chunks: list[Chunk] = []
        self._answers: list[Answer] = []
        self._fault = ""

    def make(self, number: int) -> None:
        """Make those of a round, unless an answer was wrong before."""
        if self._fault:
            return
        plan = Plan(requests=_MANY if self._size <= _SMALL else 1, seconds=PATIENCE)
        try:
            chunk, answers = run_chunk(self._lane, plan, number * plan.requests)
        except OSError as error:
            self._fault = f"no answer: {error}"
            return
        self._chunks.append(chunk)
        self._answers += [answer for _, answer in sorted(answers)]
        self._fault = next((f"answered {each.status}" for each in self._answers if each.status != 201), "")

    def finish(self, results: Results) -> Group | None:
        """Return the last group, and delete the others: they would weigh on what is measured later."""
        key = Key(self._users, f"h.create_{self._size}")
        if self._fault:
            results.fail(key, self._service.name, self._fault)
            return None
        results.add(key, {self._service.name: figures(self._chunks)})
        *others, last = (json.loads(answer.body)["id"] for answer in self._answers)
        for other in others:
            self._service.ask("DELETE", f"/Groups/{other}")
        made = len(self._members)
        group = Group(self._service, self._users, self._size, last, made, made)
        check(group, key, results)
        return group

    def _ask(self, number: int) -> bytes:
        members = [{"value": member, "display": "member"} for member in self._members]
        name = f"{self._size} of {self._users}, {number}"
        body = {"schemas": [f"{CORE}Group"], "displayName": name, "members": members}
        return self._service.request("POST", "/Groups", body)
