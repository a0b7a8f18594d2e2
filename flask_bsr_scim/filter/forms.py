"""The form of a filter: what it has in common with those that differ from it in their keys alone."""

from collections.abc import Callable, Hashable, Sequence
from itertools import count
from typing import Any, NamedTuple

from flask_bsr_scim.filter.ast import (
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
)

Form = tuple[Hashable, Sequence[Any]]
"""The shape of a filter, and the keys of those of its comparisons that can be with others, in their order."""


class Slot(NamedTuple):
    """Stands in a template where a key comes."""

    number: int


def form_of(tree: BoundFilter | None) -> Form:
    """Return the form of a filter."""
    if tree is None:
        return None, ()
    comparisons: list[BoundComparison] = []
    return shape_of(tree, comparisons), [comparison.key for comparison in comparisons]


def shape_of(tree: BoundFilter, comparisons: list[BoundComparison]) -> Hashable:
    """Return the shape of a filter, and collect the comparisons whose keys are no part of it.

    What an index has of an attribute can depend on the key, which is a part of the shape then.
    """
    match tree:
        case BoundComparison(target, operator, key):
            if target.leaf.indexed_values:
                return operator, str(target), key
            comparisons.append(tree)
            return operator, str(target)
        case BoundPresent(target):
            return "pr", str(target)
        case BoundValuePath(target, inner):
            return "[", str(target), shape_of(inner, comparisons)
        case BoundNot(operand):
            return "not", shape_of(operand, comparisons)
        case BoundAnd(operands):
            return "and", *[shape_of(operand, comparisons) for operand in operands]
        case BoundOr(operands):
            return "or", *[shape_of(operand, comparisons) for operand in operands]


def slotted(tree: BoundFilter) -> BoundFilter:
    """Return the template of a filter, with slots for the keys of its form."""
    numbers = count()

    def slot(comparison: BoundComparison) -> BoundComparison:
        target = comparison.target
        if target.leaf.indexed_values:
            return comparison
        return BoundComparison(target, comparison.operator, Slot(next(numbers)))

    return _with(tree, slot)


def filled(template: BoundFilter, keys: Sequence[Any]) -> BoundFilter:
    """Return the filter that has keys in the slots of a template."""

    def fill(comparison: BoundComparison) -> BoundComparison:
        if not isinstance(comparison.key, Slot):
            return comparison
        return BoundComparison(comparison.target, comparison.operator, keys[comparison.key.number])

    return _with(template, fill)


def _with(tree: BoundFilter, change: Callable[[BoundComparison], BoundComparison]) -> BoundFilter:
    """Return a filter with other comparisons in the places of its own, which are changed in their order."""
    match tree:
        case BoundComparison():
            return change(tree)
        case BoundValuePath(target, inner):
            return BoundValuePath(target, _with(inner, change))
        case BoundNot(operand):
            return BoundNot(_with(operand, change))
        case BoundAnd(operands):
            return BoundAnd(tuple([_with(operand, change) for operand in operands]))
        case BoundOr(operands):
            return BoundOr(tuple([_with(operand, change) for operand in operands]))
    return tree
