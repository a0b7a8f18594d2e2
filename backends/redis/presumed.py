"""What a thread presumes of the Redis store. Scripts that read look it up first, in the same step."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import NamedTuple


class Presumption(NamedTuple):
    """That a unique key is held, a field of the hash of a tenant."""

    tenant: str
    field: str


class Presumed(local):
    """Of the calling thread.

    :ivar is_allowed: whether it may presume.
    :ivar pending: what it presumes and nobody looked up yet; it stays when it is wrong.
    """

    is_allowed: bool = False
    pending: Presumption | None = None

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Allow it; what was presumed outside waits meanwhile."""
        outer = self.is_allowed, self.pending
        self.is_allowed, self.pending = True, None
        try:
            yield
        finally:
            self.is_allowed, self.pending = outer
