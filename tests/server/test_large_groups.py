"""Memory that one request for a very large group takes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import large_groups

MOST = 64_000_000
"""Bytes beyond the size of the request's body."""


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def measured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """Status and memory of each request, by its name."""
    uri = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path_factory.mktemp('large') / 'scim.db'}"
    command = (sys.executable, large_groups.__file__, uri)
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    lines = (line.split(",") for line in done.stdout.splitlines())
    return {name: (status, int(grown)) for name, status, grown in lines}


def test_very_large_groups_take_little_memory(measured: dict[str, tuple[str, int]]) -> None:
    """A hundred thousand members are read, listed and written in less than 64 MB beside the body."""
    assert {name: status for name, (status, _) in measured.items()} == {
        "get": "200",
        "get some attributes": "200",
        "list": "200",
        "post": "201",
        "put": "200",
        "patch add": "204",
        "patch replace": "204",
        "patch remove": "200",
    }
    assert {name: grown for name, (_, grown) in measured.items() if grown >= MOST} == {}
