"""The contract suite: what every backend must pass, the tests of the rules of
:class:`~flask_bsr_scim.backends.base.Backend`.

A backend's own tests take it over with a few fixtures; a store that no second process can share, as one in memory, has
no :class:`SharedContract`, and `make_backend` is all that it needs::

    class TestMyBackend(BackendContract, SharedContract):
        @pytest.fixture
        def make_backend(self, tmp_path):
            return partial(MyBackend, path=tmp_path / "store")

        @pytest.fixture
        def open_again(self, make_backend):
            return make_backend

        @pytest.fixture
        def unreachable(self):
            return MyBackend(TYPES, path="/dev/null/store")
"""

from collections.abc import Callable, Iterator

import pytest

# Before they are imported: so that pytest can tell why an assertion failed.
_PARTS = ("commits", "dump", "inside", "journal", "members", "notes", "pages", "presumptions", "reads", "shared")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from flask_bsr_scim.backends.base import Backend  # noqa: E402
from flask_bsr_scim.backends.testing.commits import CommitContract  # noqa: E402
from flask_bsr_scim.backends.testing.data import TYPES, ManualClock  # noqa: E402
from flask_bsr_scim.backends.testing.dump import DumpContract  # noqa: E402
from flask_bsr_scim.backends.testing.inside import InsideContract  # noqa: E402
from flask_bsr_scim.backends.testing.journal import JournalContract  # noqa: E402
from flask_bsr_scim.backends.testing.members import MemberContract  # noqa: E402
from flask_bsr_scim.backends.testing.notes import NoteContract  # noqa: E402
from flask_bsr_scim.backends.testing.pages import PageContract  # noqa: E402
from flask_bsr_scim.backends.testing.presumptions import PresumptionContract  # noqa: E402
from flask_bsr_scim.backends.testing.reads import LogContract, ReadContract  # noqa: E402
from flask_bsr_scim.backends.testing.shared import SharedContract  # noqa: E402

__all__ = ["BackendContract", "SharedContract"]


class BackendContract(
    CommitContract,
    DumpContract,
    InsideContract,
    JournalContract,
    MemberContract,
    NoteContract,
    PageContract,
    PresumptionContract,
    ReadContract,
    LogContract,
):
    """All rules of one backend on its store. A subclass gives the fixture `make_backend`."""

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
