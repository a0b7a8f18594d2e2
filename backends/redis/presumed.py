"""What a thread presumes of the Redis store. Scripts that read look it up first, in the same step."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import NamedTuple

from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.errors import PresumptionError


class Presumption(NamedTuple):
    """That somebody holds a unique key: a field of a hash, and the key of that."""

    key: str
    field: str


class Presumed(local):
    """Of the calling thread.

    :ivar is_allowed: whether it may presume, until its first question.
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

    def found(self) -> None:
        """Note that it is so."""
        self.is_allowed, self.pending = False, None

    def confirm(self, server: Server) -> None:
        """Look it up.

        :raises PresumptionError: it is not so.
        """
        if self.pending is not None and not server.call("HEXISTS", *self.pending):
            raise PresumptionError
        self.found()
