"""What the pictures of the page show: how costs grow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.book import COMPARE, GROWTH, MILLION, Book
from benchmarks.load.services import BARE, PEERS, REDIS, SQLITE
from benchmarks.numbers import number
from benchmarks.page.ratios import group_sizes
from benchmarks.results import Key, Results

Line = Mapping[int, float]
"""Cost in requests to the bare route, by the number of users or members."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram."""

    title: str
    lines: Mapping[str, Line]
    """By server."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Diagrams side by side in one file."""

    file: str
    caption: str
    alt: str
    axis: str
    panels: Sequence[Panel]


_READS = {
    "c.match_username": "Match lookup",
    "d.emails_value": "Filter by e-mail",
    "e.page_deep": "Page at nine tenths, asked for alone",
    "j.modified_since": "Modified since",
}

SERVERS = (SQLITE, REDIS, *PEERS)
"""Who has a line, in the order of colours."""

_CHANGE = "h.add_one"


def pictures(book: Book) -> list[Picture]:
    """Return the pictures for which there are figures."""
    users = [Panel(title, _lines(partial(_over_users, book, workload))) for workload, title in _READS.items()]
    members = [Panel("Adding one member", _lines(partial(_over_members, book)))]
    made = (
        Picture(
            "benchmark-users.png",
            "The cost of a request over the number of users, in requests to the bare route. The others were filled "
            "up to where their lines end:",
            f"Four diagrams with logarithmic axes: costs with the fewest and with the most users. {_said(users)}",
            "users",
            users,
        ),
        Picture(
            "benchmark-members.png",
            "The cost of adding one member over the size of the group, in the same unit:",
            f"A diagram with logarithmic axes: costs in the smallest and in the largest group. {_said(members)}",
            "members of the group",
            members,
        ),
    )
    return [picture for picture in made if any(panel.lines for panel in picture.panels)]


def _lines(cost: Callable[[str], Line]) -> dict[str, Line]:
    found = {name: cost(name) for name in SERVERS}
    return {name: line for name, line in found.items() if line}


def _over_users(book: Book, workload: str, name: str) -> Line:
    parts = (COMPARE,) if name in PEERS else (GROWTH, MILLION)
    keys = [
        (results, Key(users, workload))
        for part in parts
        for results in [book.results(part)]
        for users in results.sizes()
    ]
    return _costs({key.users: (results, key) for results, key in keys}, name)


def _over_members(book: Book, name: str) -> Line:
    results = book.results(COMPARE if name in PEERS else GROWTH)
    return _costs({size: (results, key) for size, key in group_sizes(results, _CHANGE).items()}, name)


def _costs(keys: Mapping[int, tuple[Results, Key]], name: str) -> Line:
    ratios = {size: results.ratio(key, name, BARE) for size, (results, key) in sorted(keys.items())}
    return {size: 1 / ratio for size, ratio in ratios.items() if ratio}


def _said(panels: Sequence[Panel]) -> str:
    """Return what the lines of diagrams show, in words."""
    return " ".join(f"{panel.title}: {', '.join(_told(*line) for line in panel.lines.items())}." for panel in panels)


def _told(name: str, line: Line) -> str:
    return f"{name} {number(line[min(line)])} to {number(line[max(line)])}"
