"""Measures, and writes docs/benchmarks.md: `python -m benchmarks.run`."""

import json
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from benchmarks.measure import Run
from benchmarks.processes import ROOT, Servers, peer_version, running
from benchmarks.report import Circumstances, page
from benchmarks.rounds import Plan
from benchmarks.services import BARE, INSERT_FULL, INSERT_NORMAL, PEER, SELECT, limit_lanes

_FLUSHES = 100


@click.command()
@click.option("--users", default="1000,10000", show_default=True, help="Sizes of the stores, smallest first.")
@click.option("--groups", default="10,1000,10000", show_default=True, help="Sizes of groups.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1))
@click.option("--quick", is_flag=True, help="The same as --users 1000 --groups 10,1000 --rounds 3.")
@click.option("--page", "page_file", type=click.Path(path_type=Path), default=ROOT / "docs" / "benchmarks.md")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all figures there too.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the stores lie, on the disk to be measured.")
def main(
    users: str, groups: str, rounds: int, quick: bool, page_file: Path, json_file: Path | None, directory: Path | None
) -> None:
    """Measure this server beside limits and a peer, and write the page of the results."""
    if quick:
        users, groups, rounds = "1000", "10,1000", 3
    load, started = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory(dir=directory) as folder, running(Path(folder)) as servers:
        flush_ms = _flush_ms(Path(folder))
        run = _run(servers, [int(size) for size in users.split(",")], [int(size) for size in groups.split(",")], rounds)
    circumstances = Circumstances(
        f"{datetime.now(UTC):%Y-%m-%d}",
        os.cpu_count() or 1,
        f"{load:.1f}",
        flush_ms,
        time.monotonic() - started,
        _versions(),
        rounds,
    )
    page_file.write_text(page(run.results, circumstances), "utf-8")
    if json_file is not None:
        json_file.write_text(json.dumps(run.results.as_json(), indent=1), "utf-8")


def _run(servers: Servers, users: list[int], groups: list[int], rounds: int) -> Run:
    names = (BARE, SELECT, INSERT_FULL, INSERT_NORMAL)
    limits = {lane.name: lane for lane in limit_lanes(servers.limits, servers.token, names)}
    run = Run(servers.services, limits, Plan(rounds), lambda line: click.echo(line, err=True))
    for size in users:
        run.at_size(size, groups)
    return run


def _flush_ms(folder: Path) -> float:
    """Return the milliseconds that it takes to write and flush 4 KiB, the median of some times."""
    seconds = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(_FLUSHES):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1000


def _versions() -> tuple[str, ...]:
    return (
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {version(name)}" for name in ("Flask", "granian")),
        f"{PEER} {peer_version()}",
    )


if __name__ == "__main__":
    main()
