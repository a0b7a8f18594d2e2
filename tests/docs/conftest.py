"""Settings of the tests of the documentation."""

from pathlib import Path

import pytest


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, in which the examples make their files."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
