"""A backend is chosen by the scheme of a URI."""

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Self

import pytest

from flask_bsr_scim.backends import open_backend, uri
from flask_bsr_scim.backends.memory import MemoryBackend
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.backends.testing.data import TYPES, ManualClock, commit, person
from flask_bsr_scim.errors import ConfigurationError, StoreUnavailable
from flask_bsr_scim.schema import TypeRegistry


class OutsideBackend(MemoryBackend):
    """A backend that is not of this package."""

    SCHEMES = ("outside",)

    @classmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        return cls(types, **shared)


class AbsentBackend(OutsideBackend):
    """One whose store is not there."""

    UNAVAILABLE = (OSError,)

    @classmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        raise NotADirectoryError("no folder")


def test_memory() -> None:
    """`memory://` is the store in memory, and warns that it forgets."""
    backend = open_backend("memory://", TYPES, synchronous="FULL")
    assert isinstance(backend, MemoryBackend)
    assert "memory" in backend.warnings()[0]


@pytest.mark.parametrize("slashes", ["///", "////"], ids=["relative", "absolute"])
def test_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slashes: str) -> None:
    """`sqlite:///` takes a relative path, `sqlite:////` an absolute one; escapes are decoded."""
    monkeypatch.chdir(tmp_path)
    path = "my%20store.db" if slashes == "///" else f"{tmp_path}/my%20store.db".lstrip("/")
    backend = open_backend(f"sqlite:{slashes}{path}", TYPES)
    assert isinstance(backend, SQLiteBackend)
    backend.ping()
    backend.close()
    assert (tmp_path / "my store.db").exists()


def test_shared_options(tmp_path: Path) -> None:
    """Clock and `log_days` reach the backend; the query of the URI beats the options."""
    clock = ManualClock()
    backend = open_backend(
        f"sqlite:///{tmp_path}/s.db?synchronous=NORMAL", TYPES, clock=clock, log_days=7, synchronous="FULL"
    )
    assert (backend.clock, backend.log_days) == (clock, 7)
    assert "NORMAL" in backend.warnings()[0]
    assert open_backend(f"sqlite:///{tmp_path}/s.db", TYPES).warnings() == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("mongodb://host/db", "'mongodb'.*memory, redis, .*sqlite"),
        ("store.db", "''.*memory, redis, .*sqlite"),
        ("memory://host", "memory://"),
        ("memory://?synchronous=FULL", "synchronous.*none"),
        ("sqlite://store.db", "sqlite:///file.db"),
        ("sqlite:///", "sqlite:///file.db"),
        ("sqlite:///store.db?sync=FULL", "'sync'.*synchronous"),
        ("sqlite:///store.db?synchronous=OFF", "'OFF'.*FULL, NORMAL"),
        ("sqlite:////no/such/folder/store.db", "folder"),
    ],
)
def test_wrong_uri(wrong: str, message: str) -> None:
    """A URI that means no store is refused at once, with what would be right."""
    with pytest.raises(ConfigurationError, match=message):
        open_backend(wrong, TYPES)


def test_outside_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend of another package is found by its entry point."""
    entry = EntryPoint("outside", f"{__name__}:OutsideBackend", uri.ENTRY_POINTS)
    monkeypatch.setattr(uri, "entry_points", lambda group: [entry] if group == uri.ENTRY_POINTS else [])
    backend = open_backend("outside://", TYPES)
    assert isinstance(backend, OutsideBackend)
    assert commit(backend, person("a")) == [backend.get("default", "Person", "a")]


def test_a_store_that_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver's error is the contract's, also where a backend looks for its store before it is used."""
    entry = EntryPoint("absent", f"{__name__}:AbsentBackend", uri.ENTRY_POINTS)
    monkeypatch.setattr(uri, "entry_points", lambda group: [entry])
    with pytest.raises(StoreUnavailable, match="no folder"):
        open_backend("absent://", TYPES)


def test_others_are_looked_for_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A built-in backend is opened without looking through all that is installed."""
    monkeypatch.delattr(uri, "entry_points")
    open_backend("memory://", TYPES).ping()
    with pytest.raises(NameError):
        open_backend("outside://", TYPES)


def test_drivers_are_imported_on_demand() -> None:
    """Choosing one backend imports no other."""
    code = (
        "import sys; from flask_bsr_scim.backends import open_backend; "
        "from flask_bsr_scim.schema import TypeRegistry; open_backend('memory://', TypeRegistry(())); "
        "sys.exit(bool({'sqlite3', 'redis'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
