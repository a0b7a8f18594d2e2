"""What the first release has to reach, each as a ratio within one run, with the most users of the run."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.measure import CONNECTIONS, SEEDING
from benchmarks.results import Key, Results
from benchmarks.services import BARE, INSERT_FULL, OURS, PEER, RELAXED


class Measured(NamedTuple):
    """A ratio, and the workload that gave it."""

    ratio: float
    workload: str


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for the worst of some ratios."""

    name: str
    what: str
    bound: float
    ratios: Callable[[Results, int], Iterable[Measured]]
    """Takes the number of users."""
    at_most: bool = False

    @property
    def wanted(self) -> str:
        """The bound as it is written."""
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"

    def worst(self, results: Results) -> Measured | None:
        """Return the ratio that is farthest from what is wanted, None when nothing was measured."""
        found = list(self.ratios(results, results.sizes()[-1]))
        if not found:
            return None
        return max(found) if self.at_most else min(found)

    def is_kept(self, measured: Measured) -> bool:
        """Tell whether a ratio is within the bound."""
        return measured.ratio <= self.bound if self.at_most else measured.ratio >= self.bound


def _of(limit: str, *workloads: str, connections: int = 1) -> Callable[[Results, int], Iterator[Measured]]:
    """Return the share of a limit's speed."""

    def ratios(results: Results, users: int) -> Iterator[Measured]:
        for workload in workloads:
            ratio = results.ratio(Key(users, workload, connections), OURS, limit)
            if ratio is not None:
                yield Measured(ratio, workload)

    return ratios


def _in_the_largest_group(*workloads: str) -> Callable[[Results, int], Iterator[Measured]]:
    """Return how many times as much a request costs in the largest group as in the smallest."""

    def ratios(results: Results, users: int) -> Iterator[Measured]:
        for workload in workloads:
            keys = [key for key in results.of_size(users) if key.workload.rpartition("_")[0] == workload]
            sizes = sorted(keys, key=lambda key: int(key.workload.rpartition("_")[2]))
            growth = results.growth(sizes[0], sizes[-1], OURS) if len(sizes) > 1 else None
            if growth is not None:
                yield Measured(growth, workload)

    return ratios


def _lead(*prefixes: str) -> Callable[[Results, int], Iterator[Measured]]:
    """Return how many times as fast as the peer this is, in the workloads that begin so; the peer flushes nothing."""

    def ratios(results: Results, users: int) -> Iterator[Measured]:
        for key in results.of_size(users):
            ratio = results.ratio(key, RELAXED, PEER)
            if ratio is not None and key.workload.startswith(prefixes):
                yield Measured(ratio, key.workload)

    return ratios


_SLOW_ELSEWHERE = ("e.", "k.", "d.emails", "j.", "h.add_one_1000", "h.remove_one_1000")

TARGETS = (
    Target("P1", "GET by id, of bare Flask", 0.70, _of(BARE, "b.get")),
    Target("P2", "Okta's match lookup, of bare Flask", 0.60, _of(BARE, "c.match_username")),
    Target(
        "P4",
        "filters by e-mail and externalId, of bare Flask",
        0.55,
        _of(BARE, "d.emails_complex", "d.emails_value", "d.external_id"),
    ),
    Target(
        "P5",
        "POST over 4 connections, of Flask + INSERT",
        0.50,
        _of(INSERT_FULL, SEEDING, connections=CONNECTIONS),
    ),
    Target("P6", "PUT and PATCH of a user, of Flask + INSERT", 0.55, _of(INSERT_FULL, "f.put", "g.patch_active")),
    Target(
        "P7",
        "one member more or less, cost in the largest group over the smallest",
        1.3,
        _in_the_largest_group("h.add_one", "h.remove_one"),
        at_most=True,
    ),
    Target(
        "P8",
        "GET of a group without its members, cost of the largest over the smallest",
        1.3,
        _in_the_largest_group("i.get_nomembers"),
        at_most=True,
    ),
    Target("P9", "first page of 100, of bare Flask", 0.35, _of(BARE, "e.page_first")),
    Target("P11", "modified since, of bare Flask", 0.45, _of(BARE, "j.modified_since")),
    Target("P15", f"lead over {PEER} (`synchronous=NORMAL`), everywhere", 2, _lead("")),
    Target(
        "P15",
        "the same lead: pages, filters by e-mail, modified since, members of a group of 1,000",
        40,
        _lead(*_SLOW_ELSEWHERE),
    ),
)
