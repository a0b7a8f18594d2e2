"""The journal of a tenant: texts in the order in which they were written, apart from all else, and for a time."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, final

from flask_bsr_scim.backends.conventions import Clock, WrappedErrors, check_tenant


class JournalEntry(NamedTuple):
    """A text of a journal; `at` is when it was written, in seconds since 1970."""

    number: int
    at: float
    text: str


class Journals(ABC):
    """The part of the contract that is about journals."""

    clock: Clock
    _wrapped: WrappedErrors

    @final
    def append(self, tenant: str, texts: Sequence[str], *, most: int, seconds: int) -> None:
        """Write texts to the tenant's journal, and throw away what is older than `seconds`, or before the last `most`.

        All of them are there, or none; no other writer is waited for long.

        :param most: one at least.
        :raises StoreUnavailable: the store takes no writes now.
        :raises ValueError: see :meth:`~flask_bsr_scim.backends.base.Backend.commit`.
        """
        check_tenant(tenant)
        if not texts:
            return
        now = self.clock().timestamp()
        with self._wrapped:
            self._append(tenant, texts[-most:], most, now, now - seconds)

    @final
    def journal(
        self, tenant: str, *, after: int | None = None, count: int = 100, reverse: bool = False
    ) -> list[JournalEntry]:
        """Return entries of the journal in the order of their numbers, or with `reverse` the other way round.

        :param after: the number behind which they begin, in that direction.
        """
        with self._wrapped:
            return self._journal(tenant, after, max(count, 0), reverse)

    @abstractmethod
    def _append(self, tenant: str, texts: Sequence[str], most: int, now: float, horizon: float) -> None:
        """Write texts at the time `now`, and throw away what was written before `horizon`."""

    @abstractmethod
    def _journal(self, tenant: str, after: int | None, count: int, reverse: bool) -> list[JournalEntry]: ...
