"""Cursors (RFC 9865): opaque texts that stand for a place in the results of a query."""

from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

import orjson

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.errors import ExpiredCursor, InvalidCount, InvalidCursor
from flask_bsr_scim.seals import Seals

TIMEOUT = 3600
"""Seconds in which a cursor has to be used, counted from the page that gave it."""


class Place(NamedTuple):
    """Where a page begins: at a gap in the store's list of a type, or in those of several types that are sorted as one.

    Without gaps it is the beginning of all.
    """

    gaps: Mapping[str, str]
    """By type; see :class:`flask_bsr_scim.backends.base.Page`."""
    reverse: bool = False
    """The page lies before the place, not behind it."""
    shows_values: bool = False
    """The gaps hold values that resources are sorted by."""


BEGINNING = Place({})


class Cursors:
    """Writes and reads cursors, each good for one query in one tenant, with pages of one size, and for a time.

    A cursor holds its place itself. Only what would show values of resources is kept in the store: URLs end up in logs.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._seals = Seals(backend)

    def write(self, tenant: str, query: str, count: int, place: Place) -> str:
        """Return the cursor of a place in the results of a query; `query` is any text that tells it from others.

        :raises StoreUnavailable: the place shows values, and the store takes no writes now.
        """
        gaps = self._kept(tenant, place.gaps) if place.shows_values else place.gaps
        return self._seals.seal(tenant, _purpose(query), (self._now() + TIMEOUT, count, gaps, place.reverse))

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
        expires, size, gaps, reverse = sealed
        if expires <= self._now():
            raise ExpiredCursor()
        if size != count:
            raise InvalidCount()
        return Place(self._recalled(tenant, gaps) if isinstance(gaps, str) else gaps, reverse)

    def _kept(self, tenant: str, gaps: Mapping[str, str]) -> str:
        """Keep gaps in the store; return the key, from which nobody can guess them."""
        text = orjson.dumps(gaps).decode()
        key = sha256(self._seals.seal(tenant, "gaps", text).encode()).hexdigest()[:32]
        self._backend.remember(tenant, key, text, 2 * TIMEOUT)
        return key

    def _recalled(self, tenant: str, key: str) -> Mapping[str, str]:
        text = self._backend.recall(tenant, key)
        if text is None:
            raise ExpiredCursor()
        gaps: Mapping[str, str] = orjson.loads(text)
        return gaps

    def _now(self) -> int:
        return int(self._backend.clock().timestamp())


def _purpose(query: str) -> str:
    return f"cursor {query}"
