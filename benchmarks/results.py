"""What was measured."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

from benchmarks.load.rounds import Figures, Outcome

_OF_ROUNDS = ("rates", "p50s_ms")
"""What figures have for each round."""


class Key(NamedTuple):
    """A workload in a store of a size, sent over a number of connections."""

    users: int
    workload: str
    connections: int = 1


@dataclass(slots=True)
class Results:
    """The figures of a part, by what was measured and by the names of servers and limits."""

    figures: dict[Key, dict[str, Figures]] = field(default_factory=dict)
    faults: dict[Key, dict[str, str]] = field(default_factory=dict)
    """Why a server has no figures."""

    def add(self, key: Key, outcomes: Mapping[str, Outcome]) -> None:
        """Take up figures; a server that failed requests gets none."""
        for name, each in outcomes.items():
            if isinstance(each, str):
                self.fail(key, name, each)
            elif each.failures:
                self.fail(key, name, f"{each.failures} of {each.requests} requests failed")
            else:
                self.figures.setdefault(key, {})[name] = each

    def fail(self, key: Key, name: str, why: str) -> None:
        """Note that a server has no figures, and drop those that it has."""
        self.figures.get(key, {}).pop(name, None)
        self.faults.setdefault(key, {})[name] = why

    def of(self, key: Key, name: str) -> Figures | None:
        """Return the figures of a server."""
        return self.figures.get(key, {}).get(name)

    def ratio(self, key: Key, name: str, other: str) -> float | None:
        """Return how many times as fast one is as another."""
        one, two = self.of(key, name), self.of(key, other)
        return one.ratio(two) if one and two else None

    def cost_ratio(self, key: Key, base: Key, name: str) -> float | None:
        """Return how many times as much one thing costs a server as another that was done in the same rounds."""
        one, two = self.of(key, name), self.of(base, name)
        return two.ratio(one) if one and two else None

    def growth(self, small: Key, large: Key, name: str) -> float | None:
        """Return how many times as much a request costs with the larger number of users or members.

        What the bare route lost or gained meanwhile, when the two were measured one after the other, is taken out.
        """
        before, after = self.ratio(small, name, "bare"), self.ratio(large, name, "bare")
        return before / after if before and after else None

    def sizes(self) -> list[int]:
        """Return the numbers of users."""
        return sorted({key.users for key in self.figures})

    def of_size(self, users: int) -> Iterator[Key]:
        """Yield what was measured with that many users, in the order of names."""
        yield from sorted(key for key in {*self.figures, *self.faults} if key.users == users)

    def as_json(self) -> list[dict[str, Any]]:
        """Return everything as JSON."""
        return [
            {
                **key._asdict(),
                "figures": {name: _as_json(each) for name, each in self.figures.get(key, {}).items()},
                "faults": self.faults.get(key, {}),
            }
            for key in sorted({*self.figures, *self.faults})
        ]

    @classmethod
    def from_json(cls, entries: Iterable[dict[str, Any]]) -> Self:
        """Return what :meth:`as_json` told."""
        results = cls()
        for entry in entries:
            key = Key(entry["users"], entry["workload"], entry["connections"])
            figures = {
                name: Figures(**{**each, **{many: tuple(each.get(many, ())) for many in _OF_ROUNDS}})
                for name, each in entry["figures"].items()
            }
            results.figures[key] = figures
            if entry["faults"]:
                results.faults[key] = entry["faults"]
        return results


def _as_json(figures: Figures) -> dict[str, Any]:
    """Return figures as JSON, with the digits that count."""
    several = {many: [float(f"{each:.4g}") for each in getattr(figures, many)] for many in _OF_ROUNDS}
    single = {one: float(f"{getattr(figures, one):.4g}") for one in ("p50_ms", "p99_ms")}
    return {**asdict(figures), **several, **single}
