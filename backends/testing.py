"""The contract suite: what every backend must pass, one test for each rule of :class:`~flask_bsr_scim.backends.base.Backend`.

A backend's own tests take it over with one fixture::

    class TestMyBackend(BackendContract):
        @pytest.fixture
        def make_backend(self, tmp_path):
            return partial(MyBackend, path=tmp_path / "store")

Let pytest explain failed assertions by naming these modules in `conftest.py`::

    pytest.register_assert_rewrite(*flask_bsr_scim.backends.testing.MODULES)
"""

from collections.abc import Callable, Iterator

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.testing_commits import CommitContract
from flask_bsr_scim.backends.testing_data import TYPES, ManualClock
from flask_bsr_scim.backends.testing_members import MemberContract
from flask_bsr_scim.backends.testing_reads import LogContract, ReadContract

MODULES = tuple(f"{__name__}{part}" for part in ("", "_commits", "_data", "_members", "_reads"))
"""Where the assertions are."""


class BackendContract(CommitContract, MemberContract, ReadContract, LogContract):
    """All rules. A subclass gives the fixture `make_backend`."""

    @pytest.fixture
    def make_backend(self) -> Callable[..., Backend]:
        """Return what makes a backend with an empty store from the keyword arguments of :class:`Backend`."""
        raise NotImplementedError(f"{type(self).__name__} has to give the fixture make_backend")

    @pytest.fixture
    def clock(self) -> ManualClock:
        """The backend's clock."""
        return ManualClock()

    @pytest.fixture
    def backend(self, make_backend: Callable[..., Backend], clock: ManualClock) -> Iterator[Backend]:
        """A backend with an empty store."""
        backend = make_backend(types=TYPES, clock=clock)
        yield backend
        backend.close()
