"""Where and with what something is measured."""

import os
import platform
import shutil
import sqlite3
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.servers import peers
from tests.redis_server import binary

_FLUSHES = 100


@dataclass(slots=True)
class Circumstances:
    """Each as a reader sees it."""

    date: str
    cores: int
    load: float
    """Of the last minute, before anything was started."""
    flush_ms: float
    """Milliseconds to write and flush 4 KiB."""
    rounds: int
    seconds: float = 0
    """That it took."""
    versions: list[str] = field(default_factory=list)


def circumstances(folder: Path, rounds: int) -> Circumstances:
    """Return those of now; `folder` is on the disk that is measured."""
    date, load = f"{datetime.now(UTC):%Y-%m-%d}", os.getloadavg()[0]
    return Circumstances(date, os.cpu_count() or 1, round(load, 1), _flush_ms(folder), rounds)


def _flush_ms(folder: Path) -> float:
    """Return the milliseconds that it takes to write and flush 4 KiB, the median of some times."""
    seconds = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(_FLUSHES):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - started)
    return round(statistics.median(seconds) * 1000, 3)


def versions() -> list[str]:
    """Return the names and versions of what is installed."""
    return [
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        _redis(),
        *(f"{name} {found}" for name in ("Flask", "granian", "redis-py", "hiredis") if (found := _version(name))),
        *(found for peer in peers.ALL if (found := peer.version())),
    ]


def _version(name: str) -> str | None:
    try:
        return version({"redis-py": "redis"}.get(name, name))
    except PackageNotFoundError:
        return None


def _redis() -> str:
    """Return the name and version of the server, of a line as `Server v=8.0.1 sha=…`."""
    server = binary()
    said = subprocess.run([server, "--version"], check=True, capture_output=True, text=True).stdout
    number = next((word.removeprefix("v=") for word in said.split() if word.startswith("v=")), "")
    return f"{'Valkey' if 'valkey' in Path(shutil.which(server) or server).name else 'Redis'} {number}"
