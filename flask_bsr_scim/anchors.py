"""Walks by `startIndex` that lose nobody (RFC 7644 §3.4.2.4), though the protocol lets them.

A client that reads on asks for the `startIndex` at which its last page ended. The store keeps for a while which gap of
the list was there, so the next page begins where that one ended, whoever was deleted meanwhile.
A page that would end at a place where another gap has been, for somebody else or before a deletion, is made shorter, so
that it ends at a free place: no two walks mean different gaps by one `startIndex`. If it can, it ends at that gap, so
that a client is right too which adds `count`, whatever the page holds. Where no place is free, the page takes that of
its end from another walk: most of those are over, and this one is not.
"""

from collections.abc import Hashable, Iterator
from dataclasses import replace
from hashlib import sha256

from flask_bsr_scim.backends.base import Backend, Page, Query
from flask_bsr_scim.errors import StoreUnavailable

TIMEOUT = 600
"""Seconds in which the next page has to be asked for."""

_PLACES = 32
"""Places at which a page may end, its full length included; each can be another walk's."""


class Anchors:
    """Reads pages, and remembers where they end."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def page(self, tenant: str, walk: Hashable, type_name: str, query: Query) -> Page:
        """Return the page that begins behind `query.offset` resources.

        That is behind as many as the walk has seen, when it ended a page there; `total` is then such that it goes on
        exactly as long as there are more. A page can be shorter than `query.count` though there are more.

        :param walk: who reads what; its `repr` tells it from others.
        :param query: its `place` may be that of the end of a full page.
        """
        after = self._recall(tenant, walk, query.offset) if query.offset > 0 < query.count else None
        if after is not None:
            page = self._backend.query(tenant, type_name, replace(query, offset=0, after=after))
            seen = query.offset + page.size
            page = page._replace(total=max(page.total, seen + 1) if page.more else seen)
        else:
            page = self._backend.query(tenant, type_name, query)
        return self._ended(tenant, walk, query.offset, page) if page.more else page

    def _ended(self, tenant: str, walk: Hashable, offset: int, page: Page) -> Page:
        """Return so much of a page that it ends at a place which means its end alone."""
        try:
            other = self._kept(tenant, walk, offset, page, page.size)
            return page if other is None else self._ended_elsewhere(tenant, walk, offset, page, other)
        except StoreUnavailable:
            return page  # The next one is then found by its number.

    def _ended_elsewhere(self, tenant: str, walk: Hashable, offset: int, page: Page, other: str) -> Page:
        for size in _shorter(page, other):
            if self._kept(tenant, walk, offset, page, size) is None:
                return page.cut(size)
        self._keep(tenant, walk, offset, page, page.size, anew=True)
        return page

    def _kept(self, tenant: str, walk: Hashable, offset: int, page: Page, size: int) -> str | None:
        """Keep where a page of a size ends; return another gap when that is kept at its place."""
        kept = self._noted(page) if size == page.size else None
        if kept is None:
            kept = self._keep(tenant, walk, offset, page, size)
        return None if kept == page.cursors[size] else kept

    def _keep(self, tenant: str, walk: Hashable, offset: int, page: Page, size: int, *, anew: bool = False) -> str:
        place = place_of(walk, offset + size)
        return self._backend.remember(tenant, place, page.cursors[size], 2 * TIMEOUT, anew=anew)

    def _noted(self, page: Page) -> str | None:
        """Return what is kept where a page ends, when that was read along and will last."""
        noted = page.noted
        return noted.text if noted and noted.ends - self._backend.clock().timestamp() >= TIMEOUT else None

    def _recall(self, tenant: str, walk: Hashable, place: int) -> str | None:
        return self._backend.recall(tenant, place_of(walk, place))


def _shorter(page: Page, other: str) -> Iterator[int]:
    """Yield the sizes to which a page can be cut, first the one with which it ends at another gap."""
    longest = page.size
    if other in page.cursors[1:longest]:
        yield page.cursors.index(other)
    yield from range(longest - 1, max(0, longest - _PLACES), -1)


def place_of(walk: Hashable, place: int) -> str:
    """Return the key of the note that tells which gap a walk found at a place."""
    return sha256(repr((walk, place)).encode()).hexdigest()
