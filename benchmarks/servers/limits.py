"""The server of the limits: what Flask and SQLite give at best."""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load.rounds import Lane
from benchmarks.load.services import BARE, INSERT_FULL, INSERT_NORMAL, SELECT, limit_lanes
from benchmarks.servers.processes import WORKERS, environment, free_address, granian, serving


@contextmanager
def limits(folder: Path) -> Iterator[dict[str, Lane]]:
    """Start it with its files in a folder; give its lanes by name."""
    token, address = secrets.token_hex(16), free_address()
    env = environment(LIMITS_DIRECTORY=str(folder), LIMITS_TOKEN=token)
    with serving(granian(sys.executable, "limits_app", address, WORKERS), address, token, env, folder):
        names = (BARE, SELECT, INSERT_FULL, INSERT_NORMAL)
        yield {lane.name: lane for lane in limit_lanes(address, token, names)}
