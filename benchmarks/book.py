"""All that was measured, part by part, as it is kept in a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks.circumstances import Circumstances
from benchmarks.results import Results

COMPARE, GROWTH, MILLION, MEMORY = PARTS = ("compare", "growth", "million", "memory")


@dataclass(slots=True)
class Part:
    """What one part measured."""

    circumstances: Circumstances
    results: Results = field(default_factory=Results)
    facts: list[dict[str, Any]] = field(default_factory=list)
    """What was noted beside the figures, a store or a kind each."""


@dataclass(slots=True)
class Book:
    """The parts that were measured, by name."""

    parts: dict[str, Part] = field(default_factory=dict)

    def results(self, name: str) -> Results:
        """Return the figures of a part; none when it was not measured."""
        return self.parts[name].results if name in self.parts else Results()

    def facts(self, name: str) -> list[dict[str, Any]]:
        """Return the same of what was noted."""
        return self.parts[name].facts if name in self.parts else []

    def write(self, file: Path) -> None:
        """Write everything to a file."""
        parts = {name: _as_json(self.parts[name]) for name in PARTS if name in self.parts}
        file.write_text(json.dumps(parts, indent=1) + "\n", "utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """Return what :meth:`write` wrote."""
        return cls({name: _part(part) for name, part in json.loads(file.read_text("utf-8")).items()})


def _as_json(part: Part) -> dict[str, Any]:
    return {
        "circumstances": asdict(part.circumstances),
        "facts": part.facts,
        "results": part.results.as_json(),
    }


def _part(part: Mapping[str, Any]) -> Part:
    circumstances = Circumstances(**part["circumstances"])
    return Part(circumstances, Results.from_json(part["results"]), part["facts"])
