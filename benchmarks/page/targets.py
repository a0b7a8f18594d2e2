"""What has to be reached, each as a ratio within one part of a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.book import GROWTH, MILLION, Book
from benchmarks.load.services import BARE, INSERT_FULL, PEER, REDIS, SQLITE
from benchmarks.load.walks import DEEP
from benchmarks.load.workloads import CONNECTIONS, SEEDING
from benchmarks.page.ratios import (
    Measured,
    Ratios,
    bulk,
    grown,
    in_the_largest_group,
    lead,
    memory,
    of,
    replacement,
    whole_walk,
)

MEMORY_STORE = "memory"


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for the worst of some ratios."""

    name: str
    what: str
    bounds: Mapping[str, float]
    """By store."""
    ratios: Ratios
    at_most: bool = False

    @property
    def wanted(self) -> str:
        """The bounds as they are written."""
        sign = "≤" if self.at_most else "≥"
        first, *others = self.bounds.values()
        return f"{sign} {first:g}" + "".join(f", {REDIS} {bound:g}" for bound in others if bound != first)

    def worst(self, book: Book, store: str) -> Measured | None:
        """Return the ratio that is farthest from what is wanted, None when nothing was measured."""
        found = list(self.ratios(book, store))
        if not found:
            return None
        return max(found) if self.at_most else min(found)

    def is_kept(self, store: str, ratio: float) -> bool:
        """Tell whether a ratio is within the bound."""
        bound = self.bounds[store]
        return ratio <= bound if self.at_most else ratio >= bound


_FILTERS = ("d.emails_complex", "d.emails_value", "d.external_id")
_CHANGES = ("h.add_one", "h.remove_one")
_SLOW_ELSEWHERE = ("e.", "k.", "d.emails", "j.", *(f"{change}_1000" for change in _CHANGES))


def _both(bound: float) -> dict[str, float]:
    return {SQLITE: bound, REDIS: bound}


TARGETS = (
    Target("P1", "GET by id, of bare Flask", {SQLITE: 0.8, REDIS: 0.6}, of(BARE, "b.get")),
    Target("P2", "Okta's match lookup, of bare Flask", {SQLITE: 0.72, REDIS: 0.55}, of(BARE, "c.match_username")),
    Target(
        "P3",
        "match lookup, cost with 1,000,000 users over 1,000",
        _both(1.2),
        grown(MILLION, "c.match_username"),
        True,
    ),
    Target("P4", "filters by e-mail and externalId, of bare Flask", _both(0.65), of(BARE, *_FILTERS)),
    Target("P4", "the same, cost with 100,000 users over 1,000", _both(1.2), grown(GROWTH, *_FILTERS), True),
    Target(
        "P5",
        "POST over 4 connections, of Flask + INSERT",
        {SQLITE: 0.65},
        of(INSERT_FULL, SEEDING, connections=CONNECTIONS),
    ),
    Target(
        "P6", "PUT and PATCH of a user, of Flask + INSERT", {SQLITE: 0.7}, of(INSERT_FULL, "f.put", "g.patch_active")
    ),
    Target(
        "P7",
        "one member more or less, cost in a group of 100,000 over 10",
        _both(1.2),
        in_the_largest_group(*_CHANGES),
        True,
    ),
    Target(
        "P8",
        "GET of a group without its members, cost with 100,000 over 10",
        _both(1.2),
        in_the_largest_group("i.get_nomembers"),
        True,
    ),
    Target("P9", "first page of 100, of bare Flask", _both(0.48), of(BARE, "e.page_first")),
    Target(
        "P10",
        "page at nine tenths of the list, read in sequence, cost with 100,000 users over 1,000",
        _both(1.3),
        grown(GROWTH, DEEP),
        True,
    ),
    Target("P10", "the last pages of an import of 100,000 users, cost over its first", _both(1.3), whole_walk, True),
    Target("P11", "modified since, of bare Flask", _both(0.58), of(BARE, "j.modified_since")),
    Target("P11", "the same, cost with 100,000 users over 1,000", _both(1.2), grown(GROWTH, "j.modified_since"), True),
    Target("P12", "users a second in Bulk of 1,000, over POST on 4 connections", _both(4), bulk),
    Target("P13", "memory store: bytes a user over the bytes of the user", {MEMORY_STORE: 2.5}, memory, True),
    Target(
        "P14",
        "PUT of a group of 100,000 that changes one member, over `json.loads` of its body",
        _both(2),
        replacement,
        True,
    ),
    Target(
        "P15",
        f"lead over {PEER}, everywhere; {SQLITE} with `synchronous=NORMAL`, as the other flushes nothing",
        _both(2.5),
        lead(""),
    ),
    Target(
        "P15",
        "the same lead: pages, filters by e-mail, modified since, members of a group of 1,000",
        _both(50),
        lead(*_SLOW_ELSEWHERE),
    ),
)
