"""The store in an SQLite file."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.backends.testing import BackendContract


class TestSQLiteBackend(BackendContract):
    """It keeps the contract."""

    @pytest.fixture
    def make_backend(self, tmp_path: Path) -> Callable[..., Backend]:
        return partial(SQLiteBackend, path=str(tmp_path / "store.db"), synchronous="NORMAL")
