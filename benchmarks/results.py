"""What was measured."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from benchmarks.rounds import Figures


class Key(NamedTuple):
    """A workload in a store of a size, sent over a number of connections."""

    users: int
    workload: str
    connections: int = 1


@dataclass(slots=True)
class Results:
    """The figures of a run, by what was measured and by the names of servers and limits."""

    figures: dict[Key, dict[str, Figures]] = field(default_factory=dict)
    faults: dict[Key, dict[str, str]] = field(default_factory=dict)
    """Why a server has no figures."""

    def add(self, key: Key, figures: Mapping[str, Figures]) -> None:
        """Take up figures; a server that failed requests gets none."""
        for name, each in figures.items():
            if each.failures:
                self.fail(key, name, f"{each.failures} of {each.requests} requests failed")
            else:
                self.figures.setdefault(key, {})[name] = each

    def fail(self, key: Key, name: str, why: str) -> None:
        """Note that a server has no figures, and drop those that it has."""
        self.figures.get(key, {}).pop(name, None)
        self.faults.setdefault(key, {})[name] = why

    def ratio(self, key: Key, name: str, other: str) -> float | None:
        """Return how many times as fast one is as another."""
        found = self.figures.get(key, {})
        return found[name].ratio(found[other]) if name in found and other in found else None

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
                "figures": {name: asdict(each) for name, each in self.figures.get(key, {}).items()},
                "faults": self.faults.get(key, {}),
            }
            for users in self.sizes()
            for key in self.of_size(users)
        ]
