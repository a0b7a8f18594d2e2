"""The page that is made of a run."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.results import Key, Results
from benchmarks.rounds import Figures
from benchmarks.services import BARE, INSERT_FULL, INSERT_NORMAL, OURS, PEER, RELAXED, SELECT
from benchmarks.targets import TARGETS, Target

_LIMITS = (BARE, SELECT, INSERT_FULL, INSERT_NORMAL)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and with what it was measured, each as a reader sees it."""

    date: str
    cores: int
    load: str
    flush_ms: float
    """Milliseconds to write and flush 4 KiB."""
    seconds: float
    """Of the whole run."""
    versions: tuple[str, ...]
    rounds: int


def page(results: Results, circumstances: Circumstances) -> str:
    """Return the page in Markdown."""
    return "\n".join(_lines(results, circumstances)) + "\n"


def _lines(results: Results, circumstances: Circumstances) -> Iterator[str]:
    yield from _INTRODUCTION
    yield from _targets(results)
    for users in reversed(results.sizes()):
        yield from _workloads(results, users)
    yield from _growth(results)
    yield from _faults(results)
    yield from ("", "## Workloads", "", *_header("Name", "Requests"))
    yield from (_row(f"`{name}`", what) for name, what in _WORKLOADS.items())
    yield from _how(circumstances)


_INTRODUCTION = f"""\
# Benchmarks

How fast the server is beside what Flask and SQLite can give at best, and beside {PEER}, another SCIM server that is
a Flask extension. A script makes this page; [its end](#how-it-was-measured) says how.

Only ratios mean something, and only within this page: the rows of a table were measured in the same rounds, on one
machine that the client shared with the servers.

| Name | What it is |
| --- | --- |
| `{OURS}` | `bsr-scim serve` with the profile `rfc7643` on SQLite, which flushes every write to the disk |
| `{RELAXED}` | the same with `synchronous=NORMAL`, which leaves flushing to the system |
| `{PEER}` | the extension with its store in the memory of one process, which ends with it |
| `{BARE}` | a Flask route that checks a token and returns a user of 700 bytes, always the same |
| `{SELECT}` | the same, reading the user from SQLite by its key |
| `{INSERT_FULL}` | the same, storing what was sent in a transaction of its own, which is flushed to the disk |
| `{INSERT_NORMAL}` | the same without flushing |
""".splitlines()

_WORKLOADS = {
    "a.seed_post": "POST of a user, while the store is filled",
    "b.get": "GET of a user by its id",
    "c.match_username": '`userName eq "…"`: Okta looks for a user before it creates one',
    "d.emails_complex": '`emails[type eq "work" and value eq "…"]`: Entra does so',
    "d.emails_value": '`emails.value eq "…"`',
    "d.external_id": '`externalId eq "…"`',
    "e.page_first": "the first page of 100 users",
    "e.page_deep": "a page of 100 at nine tenths of the list",
    "f.put": "PUT of a user",
    "g.patch_active": "PATCH of `active`",
    "h.create_N": "POST of a group with N members, or all users but a hundred",
    "h.add_one_N": "PATCH that adds one member to that group",
    "h.remove_one_N": "PATCH that removes one",
    "i.get_full_N": "GET of that group",
    "i.get_nomembers_N": "GET of that group without its members",
    "j.modified_since": "the newest 50 users: `meta.lastModified gt …`, sorted",
    "k.full_import": "all users in pages of 100, a request being a page",
}


def _targets(results: Results) -> Iterator[str]:
    yield from ("", "## Targets", "", *_header("", "What", "Wanted", "Measured", "Worst workload", ""))
    for target in TARGETS:
        yield _row(target.name, target.what, target.wanted, *_outcome(target, results))


def _outcome(target: Target, results: Results) -> tuple[str, str, str]:
    measured = target.worst(results)
    if measured is None:
        return "not measured", "", ""
    return _number(measured.ratio), f"`{measured.workload}`", "reached" if target.is_kept(measured) else "**missed**"


def _workloads(results: Results, users: int) -> Iterator[str]:
    yield from ("", f"## With {users:,} users", "", _LEGEND, "")
    columns = [f"of `{limit}`" for limit in _LIMITS]
    yield from _header("Workload", "Connections", f"`{OURS}`", *columns, f"`{PEER}`", "Lead", "Lead with NORMAL")
    for key in results.of_size(users):
        found = results.figures.get(key, {})
        shares = [_ratio(results, key, limit) for limit in _LIMITS]
        yield _row(
            f"`{key.workload}`",
            str(key.connections),
            _figures(found.get(OURS)),
            *shares,
            _figures(found.get(PEER)),
            _ratio(results, key, PEER),
            _number(results.ratio(key, RELAXED, PEER)),
        )


_LEGEND = "Requests a second, then the median and the 99th percentile of the latency in milliseconds."


def _growth(results: Results) -> Iterator[str]:
    sizes = results.sizes()
    if len(sizes) < 2:
        return
    small, large = sizes[0], sizes[-1]
    yield from ("", f"## Growth from {small:,} to {large:,} users", "")
    yield f"What a request costs with {large:,} users over what it costs with {small:,}, both in requests to `{BARE}`."
    yield from ("", *_header("Workload", "Connections", f"`{OURS}`", f"`{PEER}`"))
    for key in results.of_size(large):
        before = key._replace(users=small)
        growths = [results.growth(before, key, name) for name in (OURS, PEER)]
        if any(growths):
            yield _row(f"`{key.workload}`", str(key.connections), *map(_number, growths))


def _faults(results: Results) -> Iterator[str]:
    faults = [(key, name, why) for key, found in sorted(results.faults.items()) for name, why in found.items()]
    if not faults:
        return
    yield from ("", "## Not measured", "", *_header("Workload", "Users", "Server", "Why"))
    for key, name, why in faults:
        yield _row(f"`{key.workload}`", f"{key.users:,}", f"`{name}`", why.replace("|", "\\|"))


def _how(circumstances: Circumstances) -> Iterator[str]:
    yield from _METHOD
    yield ""
    yield from (
        f"- {circumstances.date}, {circumstances.rounds} rounds, {circumstances.seconds / 60:.1f} minutes",
        f"- {circumstances.cores} cores; the load was {circumstances.load} before the run",
        f"- to write and flush 4 KiB took {circumstances.flush_ms:.2f} ms",
        f"- {', '.join(circumstances.versions)}",
    )


_METHOD = f"""
## How it was measured

```console
$ python -m benchmarks.run
```

in the folder of the project, in an environment that has the project with its extra `server`. `--quick` takes less.

All servers ran on granian with the same settings and two processes; {PEER} with one, since its store lives in one.
The client holds one connection or four, with one request under way on each; it makes a request before the clock
starts. In a round every server in turn gets a quarter of a second; a ratio is the median of the ratios within the
rounds. A workload counts only where the first answer is right and no request fails, and groups must have the right
members afterwards.
""".splitlines()


def _ratio(results: Results, key: Key, other: str) -> str:
    return _number(results.ratio(key, OURS, other))


def _figures(figures: Figures | None) -> str:
    if figures is None:
        return ""
    return f"{_number(figures.rate)}/s, {_number(figures.p50_ms)}, {_number(figures.p99_ms)}"


def _number(value: float | None) -> str:
    """Return a number with two or three digits that count."""
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _header(*names: str) -> tuple[str, str]:
    return _row(*names), _row(*["---"] * len(names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
