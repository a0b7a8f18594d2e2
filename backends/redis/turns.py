"""The turns of a process's threads, so that the store has to keep only processes apart."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from flask_bsr_scim.errors import StoreUnavailable


class Turns:
    """Lets one thread at a time write to a tenant. Whoever has the turn may ask for it again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begin()

    def _begin(self) -> None:
        # After a fork, what other threads of the parent hold nobody would let go of.
        self._pid = os.getpid()
        self._locks: dict[str, RLock] = {}

    @contextmanager
    def take(self, tenant: str) -> Iterator[None]:
        """Wait for the turn.

        :raises StoreUnavailable: it did not come in time.
        """
        if self._pid != os.getpid():
            self._begin()
        lock = self._locks.setdefault(tenant, RLock())
        if not lock.acquire(timeout=self._seconds):
            raise StoreUnavailable("another writer holds the tenant")
        try:
            yield
        finally:
            lock.release()
