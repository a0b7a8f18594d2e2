"""The store in memory."""

from collections.abc import Callable

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.memory import MemoryBackend
from flask_bsr_scim.backends.testing import BackendContract


class TestMemoryBackend(BackendContract):
    """It keeps the contract."""

    @pytest.fixture
    def make_backend(self) -> Callable[..., Backend]:
        return MemoryBackend
