"""Whole lists, read page by page as an import reads them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter

from benchmarks.load.client import Connection
from benchmarks.load.rounds import Chunk, figures
from benchmarks.load.services import Service
from benchmarks.load.workloads import PAGE
from benchmarks.results import Key, Results

FIRST, DEEP, LAST = "k.walk_first", "k.walk_deep", "k.walk_last"

_PLACES = {FIRST: (0.0, 0.1), DEEP: (0.85, 0.95), LAST: (0.9, 1.0)}
"""Which part of the pages each is about."""

_PAGES = 200
"""So many pages at least are read in a round: a short list is walked through several times."""


Tokens = Callable[[int], list[str]]
"""Makes so many tokens of a store."""


def measure_walks(stores: Sequence[tuple[Service, int, Tokens]], rounds: int, results: Results) -> None:
    """Walk through the list of each store in turn; stores come with their number of users.

    Each walk has a token of its own, since the server remembers for a token where the pages that it read ended.
    """
    walkers = [_Walker(service, users, tokens, rounds) for service, users, tokens in stores]
    for _ in range(rounds):
        for walker in walkers:
            walker.walk()
    for walker in walkers:
        for name, chunks in walker.chunks.items():
            results.add(Key(walker.users, name), {walker.service.name: figures(chunks)})


class _Walker:
    def __init__(self, service: Service, users: int, tokens: Tokens, rounds: int) -> None:
        self.service, self.users = service, users
        self.chunks: dict[str, list[Chunk]] = {name: [] for name in _PLACES}
        self._pages = users // PAGE
        self._walks = max(1, _PAGES // self._pages)
        self._tokens = iter(tokens(rounds * self._walks))

    def walk(self) -> None:
        """Walk through the list as often as a round takes."""
        walks = [self._walk(replace(self.service, token=next(self._tokens))) for _ in range(self._walks)]
        failures = sum(failed for _, failed in walks)
        for name, (begin, end) in _PLACES.items():
            some = slice(int(begin * self._pages), max(int(end * self._pages), int(begin * self._pages) + 1))
            latencies = [latency for each, _ in walks for latency in each[some]]
            self.chunks[name].append(Chunk(latencies, sum(latencies), 1, failures))

    def _walk(self, service: Service) -> tuple[list[float], int]:
        """Return how long each page took, and how many failed."""
        latencies, failures = [], 0
        with Connection(service.address) as connection:
            for page in range(self._pages):
                request = service.request("GET", f"/Users?startIndex={page * PAGE + 1}&count={PAGE}")
                started = perf_counter()
                answer = connection.ask(request)
                latencies.append(perf_counter() - started)
                failures += answer.status != 200
        return latencies, failures
