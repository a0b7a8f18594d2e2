"""What stores share that look at resource after resource."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeVar

from flask_bsr_scim.backends.base import Query
from flask_bsr_scim.backends.gaps import read_gap
from flask_bsr_scim.filter import (
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
)
from flask_bsr_scim.schema import AttributePath, ResourceType, Source


class Numbered(Protocol):
    """What has a number in the order of creation."""

    @property
    def seq(self) -> int: ...


Item = TypeVar("Item", bound=Numbered)

Keys = Mapping[int, tuple[bool, Any]]
"""The keys of :func:`flask_bsr_scim.filter.sort_key` by number; none in the order of creation."""

_NO_KEY = (True, None)


def cut(items: Sequence[Item], keys: Keys, query: Query) -> tuple[Sequence[Item], bool]:
    """Return a page of what comes in the query's order, and whether there is more behind it."""
    count, offset, gap = max(query.count, 0), max(query.offset, 0), _gap(items, keys, query)
    if query.reverse:
        end = max(gap - offset, 0)
        return items[max(end - count, 0) : end][::-1], 0 < count < end
    start = gap + offset
    return items[start : start + count], 0 < count < len(items) - start


def _gap(items: Sequence[Item], keys: Keys, query: Query) -> int:
    """Return how many items are before the gap at which a query begins."""
    if query.after is None:
        return len(items) if query.reverse else 0
    seq, value = read_gap(query.after)
    at = value is None, value
    descending = query.sort is not None and query.sort.descending

    def is_behind(item: Item) -> bool:
        key = keys.get(item.seq, _NO_KEY)
        return item.seq > seq if key == at else (key > at) != descending

    return bisect_left(items, True, key=is_behind)


def needs_links(resource_type: ResourceType, query: Query) -> bool:
    """Tell whether filter or order look at memberships; the version of a user does, since it tells of groups."""
    telling = {Source.MEMBERS, Source.GROUPS}
    if resource_type.groups is not None:
        telling.add(Source.RESOURCE)
    targets = chain(_targets(query.filter), (query.sort.target,) if query.sort else ())
    return any(target.attribute is not None and target.attribute.source in telling for target in targets)


def _targets(filter: BoundFilter | None) -> Iterator[AttributePath]:
    match filter:
        case BoundAnd(operands) | BoundOr(operands):
            for operand in operands:
                yield from _targets(operand)
        case BoundNot(operand):
            yield from _targets(operand)
        case BoundComparison(target) | BoundPresent(target) | BoundValuePath(target):
            yield target
