"""The page for authors of backends says what it takes."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.uri import ENTRY_POINTS
from flask_bsr_scim.schema import TypeRegistry
from tests.docs.pages import DOCS, blocks, rows

PAGE = DOCS / "how-to" / "write-a-backend.md"
STORE = """
from flask_bsr_scim.backends.memory import MemoryBackend

class ExampleBackend(MemoryBackend):
    @classmethod
    def from_uri(cls, uri, types, options, **shared):
        return cls(types, **shared)
"""


def entry_points() -> dict[str, str]:
    """Return the entry points that the page declares."""
    (block,) = blocks(PAGE, "toml")
    declared: dict[str, str] = tomllib.loads(block.text)["project"]["entry-points"][ENTRY_POINTS]
    return declared


def test_the_methods_are_all_there() -> None:
    """The table has each method that a backend must have."""
    assert {row[0] for row in rows(PAGE.read_text("utf-8"), "Method")} == Backend.__abstractmethods__


def test_an_entry_point_makes_a_scheme_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with the declared entry point brings its scheme."""
    ((scheme, value),) = entry_points().items()
    package = tmp_path / "my_package"
    metadata = tmp_path / "my_package-1.dist-info"
    package.mkdir()
    metadata.mkdir()
    (package / "__init__.py").write_text("")
    (package / "store.py").write_text(STORE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{scheme} = {value}\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert type(open_backend(f"{scheme}://host/name", TypeRegistry(()))).__name__ == "ExampleBackend"


def test_the_suite_runs_as_the_page_says(tmp_path: Path) -> None:
    """The file of the page runs the contract suite, with warnings for errors."""
    (suite,) = blocks(PAGE, "python")
    (tmp_path / "test_example.py").write_text(suite.text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "swap or another or reach",
        str(tmp_path),
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout
