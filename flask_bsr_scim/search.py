"""Pages of what is found in one or several resource types (RFC 7644 §3.4.2), by index and by cursor (RFC 9865)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, NamedTuple

from flask_bsr_scim.backends.base import Backend, Page, Query, Sort
from flask_bsr_scim.cursors import Place
from flask_bsr_scim.errors import TooMany
from flask_bsr_scim.filter import BoundComparison, Operator, sort_key
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Source

MOST_MERGED = 10_000
"""Results of several types can be sorted up to this one: for a page, those of each type before it are read."""


class Found(NamedTuple):
    """A page, and where the pages after and before it begin; None where there is none."""

    total: int
    resources: Sequence[Resource]
    following: Place | None = None
    previous: Place | None = None


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
        if len(self.queries) > 1 and self._is_sorted:
            return self._merged(offset, count)
        total, found = 0, list[Resource]()
        for name in self.queries:
            page = self._page(name, offset=max(0, offset - total), count=max(0, count - len(found)))
            total += page.total
            found += page.resources
        return Page(total, found)

    def by_cursor(self, place: Place, count: int) -> Found:
        """Return so many results behind a place, or before it; errors as in :meth:`by_index`.

        In the order of creation none is lost and none comes twice, whatever is created or deleted between two pages. In
        a sorted order a place is a number of results.
        """
        if self._is_sorted:
            return self._at_offset(place.offset, count)
        total, beyond = self._beyond(place, count + 1)
        if count == 0:
            return Found(total, ())
        found = beyond[:count][:: -1 if place.reverse else 1]
        more, came_from = len(beyond) > count, place.reverse or place.type is not None
        before, behind = (more, True) if place.reverse else (came_from, more)
        return Found(
            total,
            found,
            self._end(reversed(found), place, reverse=False) if behind else None,
            self._end(found, place, reverse=True) if before else None,
        )

    @property
    def _is_sorted(self) -> bool:
        return any(query.sort for query in self.queries.values())

    def _page(self, name: str, **page: Any) -> Page:
        return self.backend.query(self.tenant, name, replace(self.queries[name], **page))

    def _at_offset(self, offset: int, count: int) -> Found:
        page, end = self.by_index(offset, count), offset + count
        following = Place(offset=end) if end < page.total and count > 0 else None
        previous = Place(offset=max(0, offset - count)) if offset > 0 and count > 0 else None
        return Found(page.total, page.resources, following, previous)

    def _beyond(self, place: Place, count: int) -> tuple[int, list[Resource]]:
        """Return the number of all results, and those behind a place; or, with `reverse`, before it and backwards."""
        names = [*self.queries][:: -1 if place.reverse else 1]
        first = 0 if place.type is None else names.index(place.type)
        total, found = 0, list[Resource]()
        for number, name in enumerate(names):
            after = place.after if number == first else None
            wanted = 0 if number < first else count - len(found)
            page = self._page(name, offset=0, count=wanted, after=after, reverse=place.reverse)
            total += page.total
            found += page.resources
        return total, found

    def _end(self, resources: Iterable[Resource], place: Place, *, reverse: bool) -> Place:
        """Return the place beside the first of these that is still there; when none is, where they were looked for."""
        for resource in resources:
            view = self.queries[resource.type].view
            target = view.types.by_name[resource.type].resolve("id")
            assert target is not None
            itself = Query(view, BoundComparison(target, Operator.EQ, resource.id), count=2, links=False)
            cursor = self.backend.query(self.tenant, resource.type, itself).cursor
            if cursor is not None:
                return Place(resource.type, cursor, reverse)
        return place if place.reverse is reverse else Place(reverse=reverse)

    def _merged(self, offset: int, count: int) -> Page:
        end = offset + count
        if end > MOST_MERGED:
            raise TooMany(
                f"Results of several types can be sorted up to number {MOST_MERGED}. Ask for one type, narrow the "
                "filter, or leave sortBy out."
            )
        total, keyed = 0, list[tuple[Any, Resource]]()
        for name, query in self.queries.items():
            page = self._page(name, offset=0, count=end, links=query.links or _shows_links(query.sort))
            total += page.total
            keyed += ((_key(query, resource), resource) for resource in page.resources)
        descending = any(query.sort.descending for query in self.queries.values() if query.sort)
        keyed.sort(key=itemgetter(0), reverse=descending)
        return Page(total, [resource for _, resource in keyed[offset:end]])


def _shows_links(sort: Sort | None) -> bool:
    """Tell whether the value to sort by may follow from memberships."""
    return sort is not None and sort.target.attribute is not None and sort.target.attribute.source != Source.DOCUMENT


def _key(query: Query, resource: Resource) -> tuple[bool, bool, Any]:
    """Return the key that orders resources of different types, whose values can be of different kinds."""
    if query.sort is None:
        return True, False, 0
    missing, key = sort_key(query.sort.target, query.view.document(resource))
    return missing, isinstance(key, str), 0 if missing else key
