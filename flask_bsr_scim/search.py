"""Pages of what is found in one or several resource types (RFC 7644 §3.4.2), by index and by cursor (RFC 9865)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, NamedTuple

from flask_bsr_scim.backends.base import Backend, Page, Query, Sort
from flask_bsr_scim.cursors import BEGINNING, Place
from flask_bsr_scim.errors import TooMany
from flask_bsr_scim.filter import sort_key
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Source

MOST_MERGED = 10_000
"""By index, results of several types can be sorted up to this one: those of each type before a page are read for it."""


class Found(NamedTuple):
    """A page, and where the pages after and before it begin; None where there is none."""

    total: int
    resources: Sequence[Resource]
    following: Place | None = None
    previous: Place | None = None


class _Stretch(NamedTuple):
    """Results in a direction, the gaps at both ends, and whether there are more behind them."""

    total: int
    resources: Sequence[Resource]
    start: Mapping[str, str]
    end: Mapping[str, str]
    more: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked of a tenant.

    `queries` hold by resource type what is to be found there, but for the page. Results come type by type in the order
    of creation, or sorted over all.
    """

    backend: Backend
    tenant: str
    queries: Mapping[str, Query]

    def by_index(self, offset: int, count: int) -> Page:
        """Return so many results behind the first `offset` ones.

        :raises TooMany: they are of several types, sorted, and beyond `MOST_MERGED`.
        """
        if self._is_merged:
            return self._merged_page(offset, count)
        total, found = 0, list[Resource]()
        for name in self.queries:
            page = self._page(name, offset=max(0, offset - total), count=max(0, count - len(found)))
            total += page.total
            found += page.resources
        return Page(total, found)

    def by_cursor(self, place: Place, count: int) -> Found:
        """Return so many results behind a place, or before it.

        None is lost and none comes twice, whatever is created or deleted between two pages.
        """
        stretch = self._merged(place, count) if self._is_merged else self._in_turn(place, count)
        if count <= 0:
            return Found(stretch.total, ())
        onward = self._place(stretch.end, place.reverse) if stretch.more else None
        back = None if place == BEGINNING else self._place(stretch.start, not place.reverse)
        if place.reverse:
            return Found(stretch.total, stretch.resources[::-1], back, onward)
        return Found(stretch.total, stretch.resources, onward, back)

    @property
    def _is_sorted(self) -> bool:
        return any(query.sort for query in self.queries.values())

    @property
    def _is_merged(self) -> bool:
        return len(self.queries) > 1 and self._is_sorted

    def _place(self, gaps: Mapping[str, str], reverse: bool) -> Place:
        return Place(gaps, reverse, self._is_sorted)

    def _page(self, name: str, **page: Any) -> Page:
        return self.backend.query(self.tenant, name, replace(self.queries[name], **page))

    def _in_turn(self, place: Place, count: int) -> _Stretch:
        """Return results type by type; those of a type are behind all of the types before it."""
        names = [*self.queries][:: -1 if place.reverse else 1]
        first = max((names.index(name) for name in place.gaps), default=0)
        total, found, more = 0, list[Resource](), False
        start = end = place.gaps
        for number, name in enumerate(names):
            wanted = 0 if number < first else count - len(found)
            page = self._page(name, offset=0, count=wanted, after=place.gaps.get(name), reverse=place.reverse)
            if page.resources:
                start, end = start if found else {name: page.cursors[0]}, {name: page.cursors[-1]}
            more = more or page.more or (number > first and wanted <= 0 < page.total)
            total += page.total
            found += page.resources
        return _Stretch(total, found, start, end, more)

    def _merged(self, place: Place, count: int) -> _Stretch:
        """Return results that are sorted over all types: in each of them the page goes on at a gap of its own."""
        asked = {"offset": 0, "count": count, "reverse": place.reverse}
        names = [*self.queries][:: -1 if place.reverse else 1]
        pages = {name: self._page(name, after=place.gaps.get(name), **asked, **self._links(name)) for name in names}
        found = self._sorted(pages.values(), reverse=place.reverse)[: max(0, count)]
        shown = Counter(resource.type for resource in found)
        return _Stretch(
            sum(page.total for page in pages.values()),
            found,
            {name: page.cursors[0] for name, page in pages.items() if page.cursors},
            {name: page.cursors[shown[name]] for name, page in pages.items() if page.cursors},
            any(page.more or shown[name] < len(page.resources) for name, page in pages.items()),
        )

    def _merged_page(self, offset: int, count: int) -> Page:
        end = offset + count
        if end > MOST_MERGED:
            raise TooMany(
                f"Results of several types can be sorted up to number {MOST_MERGED}. Ask for one type, narrow the "
                "filter, leave sortBy out, or page by cursor."
            )
        pages = [self._page(name, offset=0, count=end, **self._links(name)) for name in self.queries]
        return Page(sum(page.total for page in pages), self._sorted(pages, reverse=False)[offset:end])

    def _links(self, name: str) -> dict[str, bool]:
        """Return how the query of a type reads memberships, when the value to sort by may follow from them."""
        query = self.queries[name]
        return {"links": query.links or _shows_links(query.sort)}

    def _sorted(self, pages: Iterable[Page], *, reverse: bool) -> list[Resource]:
        keyed = [(_key(self.queries[r.type], r), r) for page in pages for r in page.resources]
        descending = any(query.sort.descending for query in self.queries.values() if query.sort)
        keyed.sort(key=itemgetter(0), reverse=descending is not reverse)
        return [resource for _, resource in keyed]


def _shows_links(sort: Sort | None) -> bool:
    """Tell whether the value to sort by may follow from memberships."""
    return sort is not None and sort.target.attribute is not None and sort.target.attribute.source != Source.DOCUMENT


def _key(query: Query, resource: Resource) -> tuple[bool, bool, Any]:
    """Return the key that orders resources of different types, whose values can be of different kinds."""
    if query.sort is None:
        return True, False, 0
    missing, key = sort_key(query.sort.target, query.view.document(resource))
    return missing, isinstance(key, str), 0 if missing else key
