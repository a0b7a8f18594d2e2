"""The notes of a tenant: texts that are kept under a key for a time, apart from all else."""

from abc import ABC, abstractmethod
from typing import final

from flask_bsr_scim.backends.conventions import Clock, WrappedErrors, check_tenant

NOTES, LASTING = 10_000, 4 * 3600
"""So many notes of a tenant are kept, and whichever are to last for more than so many seconds."""


class Notes(ABC):
    """The part of the contract that is about notes."""

    clock: Clock
    _wrapped: WrappedErrors

    @final
    def remember(self, tenant: str, key: str, text: str, seconds: int, *, anew: bool = False) -> str:
        """Keep a text under a key for a time, unless one is kept there already; return what is kept there.

        So of all who ask, in whatever process, one decides. To remember the same once more prolongs it when less than
        half of the time is left, and else costs no more than :meth:`recall`. Of a tenant's notes the last `NOTES` are
        kept, and of older ones those that have more than `LASTING` seconds left. No other writer is waited for long.

        :param key: up to 100 letters, digits and `-`, `_`.
        :param anew: in the place of what is kept there.
        :raises StoreUnavailable: the store takes no writes now.
        :raises ValueError: see :meth:`~flask_bsr_scim.backends.base.Backend.commit`.
        """
        check_tenant(tenant)
        with self._wrapped:
            return self._remember(tenant, key, text, seconds, anew)

    @final
    def recall(self, tenant: str, key: str) -> str | None:
        """Return the text that is kept under a key; None when there is none, or its time is over."""
        with self._wrapped:
            return self._recall(tenant, key)

    @abstractmethod
    def _remember(self, tenant: str, key: str, text: str, seconds: int, anew: bool) -> str: ...

    @abstractmethod
    def _recall(self, tenant: str, key: str) -> str | None: ...

    def _seconds(self) -> float:
        """Return the present moment in seconds since 1970, by which notes end."""
        return self.clock().timestamp()
