"""The store in memory."""

from collections.abc import Callable

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.memory import MemoryBackend
from flask_bsr_scim.backends.testing import BackendContract, SharedContract


class TestMemoryBackend(BackendContract):
    """It keeps the contract."""

    @pytest.fixture
    def make_backend(self) -> Callable[..., Backend]:
        return MemoryBackend


def test_no_rule_hides_another() -> None:
    """What the parts of the suite have has names of its own: of two tests with one name the second would not run."""
    parts = (*BackendContract.__bases__, SharedContract)
    names = [name for part in parts for name in vars(part) if not name.startswith("__")]
    assert len(names) == len(set(names))
