"""Cursors (RFC 9865): opaque texts that stand for a place in the results of a query. Nothing is kept of them here."""

from typing import NamedTuple

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.errors import ExpiredCursor, InvalidCount, InvalidCursor
from flask_bsr_scim.seals import Seals

TIMEOUT = 3600
"""Seconds in which a cursor has to be used, counted from the page that gave it."""


class Place(NamedTuple):
    """Where a page begins.

    It is behind the resource for which `after` stands in the store's list of a type; without a type, at the beginning
    of all, and with `reverse` at the end. Or it is `offset` resources behind the beginning, where the order is not that
    of creation.
    """

    type: str | None = None
    after: str | None = None
    reverse: bool = False
    """The page lies before the place, not behind it."""
    offset: int = 0


BEGINNING = Place()


class Cursors:
    """Writes and reads cursors, each good for one query in one tenant, with pages of one size, and for a time."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._seals = Seals(backend)

    def write(self, tenant: str, query: str, count: int, place: Place) -> str:
        """Return the cursor of a place in the results of a query; `query` is any text that tells it from others."""
        return self._seals.seal(tenant, _purpose(query), (self._now() + TIMEOUT, count, *place))

    def read(self, tenant: str, query: str, count: int, cursor: str) -> Place:
        """Return the place for which a cursor stands, the beginning for an empty one.

        :raises InvalidCursor: it was not given by this service, in this tenant, for this query.
        :raises ExpiredCursor: it was, too long ago.
        :raises InvalidCount: it was, with pages of another size.
        """
        if not cursor:
            return BEGINNING
        sealed = self._seals.open(tenant, _purpose(query), cursor)
        if sealed is None:
            raise InvalidCursor()
        expires, size, *place = sealed
        if expires <= self._now():
            raise ExpiredCursor()
        if size != count:
            raise InvalidCount()
        return Place(*place)

    def _now(self) -> int:
        return int(self._backend.clock().timestamp())


def _purpose(query: str) -> str:
    return f"cursor {query}"
