"""What the figures mean to those who run the server."""

from collections.abc import Iterator

from benchmarks.book import COMPARE, MILLION, Book
from benchmarks.load.services import REDIS, SQLITE
from benchmarks.load.workloads import CONNECTIONS, PAGE, SEEDING
from benchmarks.numbers import number
from benchmarks.results import Key, Results


def meaning(book: Book) -> Iterator[str]:
    """Yield a paragraph about the comparison's largest store."""
    results = book.results(COMPARE)
    users = max(results.sizes(), default=0)
    seconds = {name: _push(results, users, name) for name in (SQLITE, REDIS)}
    match = results.of(Key(users, "c.match_username"), SQLITE)
    page = results.of(Key(users, "k.full_import"), SQLITE)
    if not (all(seconds.values()) and match and page):
        return
    yield ""
    yield (
        f"**With {users:,} people**, on a machine like this one and with every write flushed to the disk: an identity "
        f"provider that pushes all of them for the first time, a lookup and a POST each, keeps the server busy for "
        f"{number(seconds[SQLITE])} seconds on SQLite and {number(seconds[REDIS])} on Redis. An import of everybody "
        f"takes {number(users / PAGE / page.rate)} seconds. One lookup takes {number(match.p50_ms)} ms, and one in a "
        f"hundred more than {number(match.p99_ms)}."
    )
    yield from _million(book)


def _push(results: Results, users: int, name: str) -> float | None:
    """Return the seconds of a lookup and a POST for everybody."""
    match, post = results.of(Key(users, "c.match_username"), name), results.of(Key(users, SEEDING, CONNECTIONS), name)
    return users / match.rate + users / post.rate if match and post else None


def _million(book: Book) -> Iterator[str]:
    results = book.results(MILLION)
    if not (sizes := results.sizes()):
        return
    small, large = (Key(users, "c.match_username") for users in (sizes[0], sizes[-1]))
    grown, match = results.cost_ratio(large, small, SQLITE), results.of(large, SQLITE)
    if grown and match:
        yield (
            f"With {large.users:,} people, it takes {number(match.p50_ms)} ms, which is {number(grown)} times what it "
            f"takes with {small.users:,} in the same rounds."
        )
