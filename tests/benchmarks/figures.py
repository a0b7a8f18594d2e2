"""Figures as a run would have them, with known ratios."""

from benchmarks.book import COMPARE, GROWTH, MEMORY, MILLION, Book, Part
from benchmarks.circumstances import Circumstances
from benchmarks.load.rounds import Figures
from benchmarks.load.services import BARE, INSERT_FULL, PEER, REDIS, RELAXED, SCIMMY, SQLITE
from benchmarks.results import Key, Results

USERS, FEW, MANY, MILLION_USERS = 10_000, 1000, 100_000, 1_000_000

SERVERS = (SQLITE, RELAXED, REDIS)

READS = (
    "b.get", "c.match_username", "d.emails_complex", "d.emails_value", "d.external_id", "e.page_first", "e.page_deep",
    "j.modified_since", "k.full_import",
)  # fmt: skip
GROWING = ("c.match_username", "d.emails_complex", "d.emails_value", "d.external_id", "e.page_deep", "j.modified_since")
WALKS = ("k.walk_first", "k.walk_deep", "k.walk_last")


def rate(value: float) -> Figures:
    """Return figures of so many requests a second in each of three rounds."""
    return Figures((value, value, value), 1000 / value, 2000 / value, 300)


def new_book(ours: float = 1.0, growth: float = 1.0) -> Book:
    """Return all parts.

    :param ours: how many times as fast this server is as it has to be.
    :param growth: how many times as much everything costs in the largest store or group.
    """
    about = Circumstances("2026-01-01", 2, 0.1, 0.2, 3, 60, ["Python 3.11"])
    memory = {"kind": "users", "users": MANY, "bytes_a_user": 2000 * growth, "document_bytes": 1000}
    return Book(
        {
            COMPARE: Part(about, _compared(ours)),
            GROWTH: Part(about, _grown((FEW, MANY), growth), [_fact(SQLITE), _fact(REDIS)]),
            MILLION: Part(about, _grown((FEW, MILLION_USERS), growth)),
            MEMORY: Part(about, Results(), [memory]),
        }
    )


def _compared(ours: float) -> Results:
    """Return results in which this server is as fast as the bare route, and 60 times as fast as the others."""
    results = Results()
    for users in (FEW, USERS):
        for workload in (*READS, "f.put", "g.patch_active", "h.add_one_10", "h.add_one_1000"):
            results.add(Key(users, workload), _beside(ours))
        results.add(Key(users, "a.seed_post", 4), _beside(ours))
    results.add(Key(USERS, "l.bulk_1000"), {name: rate(5 * ours) for name in SERVERS})
    results.add(Key(USERS, "l.post_beside", 4), {name: rate(1000) for name in SERVERS})
    results.fail(Key(USERS, "d.emails_value"), SCIMMY, "answered 400 | unknown")
    return results


def _beside(ours: float) -> dict[str, Figures]:
    others = {BARE: rate(1000), INSERT_FULL: rate(1000), PEER: rate(1000 / 60), SCIMMY: rate(10)}
    return {**{name: rate(1000 * ours) for name in SERVERS}, **others}


def _grown(sizes: tuple[int, int], growth: float) -> Results:
    results = Results()
    for users, cost in zip(sizes, (1.0, growth), strict=True):
        for workload in (*GROWING, *WALKS):
            results.add(Key(users, workload), _both(1000 / cost))
    for size, cost in ((10, 1.0), (MANY, growth)):
        for workload in ("h.add_one", "h.remove_one", "i.get_nomembers"):
            results.add(Key(sizes[1], f"{workload}_{size}"), _both(1000 / cost))
    parsers = {"json.loads": rate(10), "orjson.loads": rate(20)}
    results.add(Key(sizes[1], f"h.put_one_{MANY}"), {**_both(10 / growth), **parsers})
    results.add(Key(sizes[1], "k.walk_last"), _both(1000 / growth**2))
    return results


def _both(value: float) -> dict[str, Figures]:
    return {SQLITE: rate(value), REDIS: rate(value), BARE: rate(1000)}


def _fact(store: str) -> dict[str, object]:
    return {
        "store": store,
        "users": MANY,
        "file_bytes": 10**8,
        "seconds": 50.0,
        "users_a_second": 2000.0,
        "import_bytes": 10**8,
        "disk_bytes": 2 * 10**8,
        "redis_bytes": 3 * 10**8 if store == REDIS else None,
        "worker_bytes": 5 * 10**7,
    }
