"""The tables of the page."""

from collections.abc import Iterator

from benchmarks.book import COMPARE, GROWTH, MEMORY, MILLION, Book
from benchmarks.load.replaced_group import PARSERS, REPLACE
from benchmarks.load.rounds import Figures
from benchmarks.load.services import (
    BARE,
    INSERT_FULL,
    PEER,
    PEERS,
    REDIS,
    RELAXED,
    SCIMMY,
    SELECT,
    SQLITE,
)
from benchmarks.numbers import number, size
from benchmarks.page.markdown import header, row
from benchmarks.page.ratios import group_sizes
from benchmarks.page.targets import MEMORY_STORE, TARGETS, Target
from benchmarks.results import Results

_OURS = (SQLITE, REDIS)


def targets(book: Book) -> Iterator[str]:
    """Yield the table of the targets, and how many were reached."""
    kept = [_kept(target, book, store) for target in TARGETS for store in target.bounds]
    measured = [each for each in kept if each is not None]
    yield from ("", "## Targets", "")
    yield f"{sum(measured)} of {len(measured)} are reached. The worst of several workloads counts. {_extent(book)}"
    yield from ("", *header("", "What", "Wanted", *_OURS))
    for target in TARGETS:
        cells = [_outcome(target, book, store if store in target.bounds else None) for store in _OURS]
        if MEMORY_STORE in target.bounds:
            cells = [_outcome(target, book, MEMORY_STORE), ""]
        yield row(target.name, target.what, target.wanted, *cells)


def _extent(book: Book) -> str:
    """Return how large the stores were for which the targets are judged."""
    compared, grown = book.results(COMPARE).sizes(), book.results(GROWTH).sizes()
    said = [f"Beside the bare route and others there were {compared[-1]:,} users."] if compared else []
    if grown:
        members = max(group_sizes(book.results(GROWTH), "h.add_one"), default=0)
        said += [f"Growth is that from {grown[0]:,} to {grown[-1]:,} users, and to groups of {members:,}."]
    return " ".join(said)


def _kept(target: Target, book: Book, store: str) -> bool | None:
    measured = target.worst(book, store)
    return None if measured is None else target.is_kept(store, measured.ratio)


def _outcome(target: Target, book: Book, store: str | None) -> str:
    if store is None:
        return ""
    measured = target.worst(book, store)
    if measured is None:
        return "not measured"
    outcome = "reached" if target.is_kept(store, measured.ratio) else "**missed**"
    return f"{number(measured.ratio)}, `{measured.workload}`: {outcome}"


def speeds(results: Results, users: int) -> Iterator[str]:
    """Yield how fast everybody is with so many users, and the ratios."""
    names = (SQLITE, RELAXED, REDIS, *PEERS)
    yield from ("", f"## With {users:,} users", "", _LEGEND, "", *header("Workload", "Connections", *names))
    for key in results.of_size(users):
        cells = [_figures(results.of(key, name)) for name in names]
        if any(cells):
            yield row(f"`{key.workload}`", str(key.connections), *cells)
    yield from ("", _LEGEND_OF_RATIOS, "", *header("Workload", "Connections", *(what for what, _, _ in _RATIOS)))
    for key in results.of_size(users):
        cells = [number(results.ratio(key, name, other)) for _, name, other in _RATIOS]
        if any(cells):
            yield row(f"`{key.workload}`", str(key.connections), *cells)


_LEGEND = "Requests a second, then the median and the 99th percentile of the latency in milliseconds."

_LEGEND_OF_RATIOS = "How many times as fast the one is as the other:"

_RATIOS = (
    (f"{SQLITE} / `{BARE}`", SQLITE, BARE),
    (f"/ `{SELECT}`", SQLITE, SELECT),
    (f"/ `{INSERT_FULL}`", SQLITE, INSERT_FULL),
    (f"{REDIS} / `{BARE}`", REDIS, BARE),
    (f"{SQLITE} / {PEER}", SQLITE, PEER),
    (f"{RELAXED} / {PEER}", RELAXED, PEER),
    (f"{REDIS} / {PEER}", REDIS, PEER),
    (f"{RELAXED} / {SCIMMY}", RELAXED, SCIMMY),
)


def _figures(figures: Figures | None) -> str:
    if figures is None:
        return ""
    return f"{number(figures.rate)}/s, {number(figures.p50_ms)}, {number(figures.p99_ms)}"


def growth(book: Book, part: str) -> Iterator[str]:
    """Yield how costs grow from the smallest store to the largest."""
    results = book.results(part)
    sizes = results.sizes()
    if len(sizes) < 2:
        return
    small, large = sizes[0], sizes[-1]
    yield from ("", f"What a request costs with {large:,} users over what it costs with {small:,}:", "")
    yield from header("Workload", *_OURS)
    for key in results.of_size(large):
        grown = [results.cost_ratio(key, key._replace(users=small), name) for name in _OURS]
        if any(grown):
            yield row(f"`{key.workload}`", *map(number, grown))


def growth_elsewhere(book: Book) -> Iterator[str]:
    """Yield the same of everybody in the comparison, between its sizes."""
    results = book.results(COMPARE)
    sizes = results.sizes()
    if len(sizes) < 2:
        return
    small, large, names = sizes[0], sizes[-1], (*_OURS, *PEERS)
    yield from ("", f"With {large:,} users over {small:,}, beside the others, in requests to `{BARE}`:", "")
    yield from header("Workload", "Connections", *names)
    for key in results.of_size(large):
        grown = [results.growth(key._replace(users=small), key, name) for name in names]
        if any(grown):
            yield row(f"`{key.workload}`", str(key.connections), *map(number, grown))


def large_groups(book: Book, part: str) -> Iterator[str]:
    """Yield how long requests to groups take in the largest store."""
    results = book.results(part)
    keys = [key for key in results.of_size(max(results.sizes(), default=0)) if key.workload[0] in "hi"]
    if not keys:
        return
    yield from ("", f"Groups in the store of {keys[0].users:,} users, median and 99th percentile in milliseconds:", "")
    yield from header("Workload", *_OURS)
    for key in keys:
        found = [results.of(key, name) for name in _OURS]
        yield row(f"`{key.workload}`", *(f"{number(e.p50_ms)}, {number(e.p99_ms)}" if e else "" for e in found))
    for key in group_sizes(results, REPLACE).values():
        parsed = [f"{number(each.p50_ms)} ms with `{name}`" for name in PARSERS if (each := results.of(key, name))]
        yield from ("", f"To parse the body of `{key.workload}` takes {' and '.join(parsed)}.")


def stores(book: Book) -> Iterator[str]:
    """Yield what stores take on the disk and in memory, and how fast they are imported."""
    largest = max((fact["users"] for fact in book.facts(MILLION)), default=0)
    facts = [*book.facts(GROWTH), *(fact for fact in book.facts(MILLION) if fact["users"] == largest)]
    if not facts:
        return
    yield from ("", "## Room", "", "What `bsr-scim import` took, and what the store takes afterwards:", "")
    yield from header(
        "Users", "Store", "Import", "Users a second", "Memory of the import", "On the disk", "In Redis", "A worker"
    )
    for fact in facts:
        yield row(
            f"{fact['users']:,}",
            fact["store"],
            f"{number(fact['seconds'])} s",
            number(fact["users_a_second"]),
            *(size(fact[name]) for name in ("import_bytes", "disk_bytes", "redis_bytes", "worker_bytes")),
        )


def memory(book: Book) -> Iterator[str]:
    """Yield what users take in the memory of a process."""
    facts = book.facts(MEMORY)
    if not facts:
        return
    yield from ("", "The store in memory:", "", *header("Holds", "Bytes a user", "Of the user's own bytes"))
    for fact in facts:
        times = number(fact["bytes_a_user"] / fact["document_bytes"])
        yield row(f"{fact['users']:,} {fact['kind']}", number(fact["bytes_a_user"]), times)


def faults(book: Book) -> Iterator[str]:
    """Yield what could not be measured, and why."""
    lines = [
        row(f"`{key.workload}`", f"{key.users:,}", name, why)
        for part in book.parts.values()
        for key, found in sorted(part.results.faults.items())
        for name, why in found.items()
    ]
    if lines:
        yield from ("", "## Not measured", "", *header("Workload", "Users", "Server", "Why"), *lines)
