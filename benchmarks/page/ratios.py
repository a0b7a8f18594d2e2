"""The ratios that targets are about; each function makes one that takes the figures and the name of a store."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from benchmarks.book import COMPARE, GROWTH, MEMORY, Book
from benchmarks.load.bulk import BESIDE, BULK, OPERATIONS
from benchmarks.load.replaced_group import REPLACE
from benchmarks.load.services import PEER, RELAXED, SQLITE
from benchmarks.load.walks import FIRST, LAST
from benchmarks.load.workloads import CONNECTIONS
from benchmarks.results import Key, Results


class Measured(NamedTuple):
    """A ratio, and the workload that gave it."""

    ratio: float
    workload: str


Ratios = Callable[[Book, str], Iterable[Measured]]
"""Takes the store that is asked about."""


def _found(ratio: float | None, workload: str) -> Iterator[Measured]:
    if ratio is not None:
        yield Measured(ratio, workload)


def _largest(results: Results) -> int:
    return max(results.sizes(), default=0)


def of(limit: str, *workloads: str, connections: int = 1) -> Ratios:
    """Return the shares of a limit's speed, with the most users that were compared."""

    def ratios(book: Book, store: str) -> Iterator[Measured]:
        results = book.results(COMPARE)
        for workload in workloads:
            yield from _found(results.ratio(Key(_largest(results), workload, connections), store, limit), workload)

    return ratios


def grown(part: str, *workloads: str) -> Ratios:
    """Return how many times as much a request costs in the largest store as in the smallest."""

    def ratios(book: Book, store: str) -> Iterator[Measured]:
        results = book.results(part)
        if len(sizes := results.sizes()) > 1:
            for workload in workloads:
                ratio = results.cost_ratio(Key(sizes[-1], workload), Key(sizes[0], workload), store)
                yield from _found(ratio, workload)

    return ratios


def in_the_largest_group(*workloads: str) -> Ratios:
    """Return how many times as much a request costs in the largest group as in the smallest."""

    def ratios(book: Book, store: str) -> Iterator[Measured]:
        results = book.results(GROWTH)
        for workload in workloads:
            sizes = group_sizes(results, workload)
            if len(sizes) > 1:
                ratio = results.cost_ratio(sizes[max(sizes)], sizes[min(sizes)], store)
                yield from _found(ratio, workload)

    return ratios


def group_sizes(results: Results, workload: str) -> dict[int, Key]:
    """Return the keys of a workload on groups by the size of the group, with the most users."""
    keys = [key for key in results.of_size(_largest(results)) if key.workload.rpartition("_")[0] == workload]
    return {int(key.workload.rpartition("_")[2]): key for key in keys}


def whole_walk(book: Book, store: str) -> Iterator[Measured]:
    """Return what the last pages of a walk cost over its first ones, in the largest store."""
    results = book.results(GROWTH)
    users = _largest(results)
    yield from _found(results.cost_ratio(Key(users, LAST), Key(users, FIRST), store), LAST)


def bulk(book: Book, store: str) -> Iterator[Measured]:
    results = book.results(COMPARE)
    users = _largest(results)
    bulk, posts = results.of(Key(users, BULK), store), results.of(Key(users, BESIDE, CONNECTIONS), store)
    if bulk and posts:
        yield Measured(OPERATIONS * bulk.ratio(posts), BULK)


def memory(book: Book, _: str) -> Iterator[Measured]:
    for fact in book.facts(MEMORY):
        if fact["kind"] == "users":
            yield Measured(fact["bytes_a_user"] / fact["document_bytes"], fact["kind"])


def replacement(book: Book, store: str) -> Iterator[Measured]:
    results = book.results(GROWTH)
    for key in group_sizes(results, REPLACE).values():
        yield from _found(results.ratio(key, "json.loads", store), REPLACE)


def lead(*prefixes: str) -> Ratios:
    """Return how many times as fast as the peer this is, in the workloads that begin so; the peer flushes nothing."""

    def ratios(book: Book, store: str) -> Iterator[Measured]:
        results = book.results(COMPARE)
        for key in results.of_size(_largest(results)):
            ratio = results.ratio(key, RELAXED if store == SQLITE else store, PEER)
            if key.workload.startswith(prefixes):
                yield from _found(ratio, key.workload)

    return ratios
