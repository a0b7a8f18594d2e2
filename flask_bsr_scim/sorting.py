"""The order that a query asks for with sortBy and sortOrder (RFC 7644 §3.4.2.3)."""

from collections.abc import Iterable

from flask_bsr_scim.backends.base import Sort
from flask_bsr_scim.dialects import Tolerance, tolerates, with_needs
from flask_bsr_scim.errors import InvalidPath, shown
from flask_bsr_scim.messages import SearchRequest
from flask_bsr_scim.schema import AttributePath, ResourceType, Returned

_MOST = 256
"""Orders that are kept; clients choose them."""


class SortReader:
    """Reads orders; a client asks for the same over and over."""

    def __init__(self) -> None:
        self._sorts: dict[tuple[str, str, bool], tuple[Sort | None, frozenset[Tolerance]]] = {}

    def read(self, resource_type: ResourceType, request: SearchRequest) -> Sort | None:
        """Return the order that a query wants in a type; None where it is that of creation.

        :raises InvalidPath: the type does not have the attribute.
        """
        if request.sort_by is None:
            return None
        asked = resource_type.name, request.sort_by, request.descending
        known = self._sorts.get(asked)
        if known is not None and all(map(tolerates, known[1])):
            return known[0]
        known = with_needs(lambda: _sort(resource_type, *asked[1:]))
        if len(self._sorts) >= _MOST:
            self._sorts.clear()
        self._sorts[asked] = known
        return known[0]


def sorts_of(types: Iterable[ResourceType], request: SearchRequest) -> dict[str, Sort]:
    """Return the order in each of the types that have the attribute.

    :raises InvalidPath: none has it.
    """
    if request.sort_by is None:
        return {}
    targets = {t.name: target for t in types if (target := _sortable(t, request.sort_by))}
    if not targets:
        raise InvalidPath(f"sortBy names the attribute {shown(request.sort_by)}, which no resource type has.")
    return {name: Sort(target, request.descending) for name, target in targets.items() if target.stored}


def _sort(resource_type: ResourceType, sort_by: str, descending: bool) -> Sort | None:
    target = _sortable(resource_type, sort_by)
    if target is None:
        raise InvalidPath(f"sortBy names the attribute {shown(sort_by)}, which {resource_type.name} does not have.")
    return Sort(target, descending) if target.stored else None


def _sortable(resource_type: ResourceType, name: str) -> AttributePath | None:
    target = resource_type.resolve(name)
    if target is None or target.attribute is None or target.leaf.returned is Returned.NEVER:
        return None
    return target if resource_type.serves(target) or tolerates(Tolerance.ATTRIBUTE_NOT_STORED) else None
