"""The form of a filter: what it has in common with those that differ from it in their keys alone."""

from collections.abc import Hashable, Sequence
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


def slotted(tree: BoundFilter, slots: list[Slot]) -> BoundFilter:
    """Return the template of a filter, with slots for the keys of its form; `slots` are those before it."""
    match tree:
        case BoundComparison(target, operator, _) if not target.leaf.indexed_values:
            slots.append(Slot(len(slots)))
            return BoundComparison(target, operator, slots[-1])
        case BoundValuePath(target, inner):
            return BoundValuePath(target, slotted(inner, slots))
        case BoundNot(operand):
            return BoundNot(slotted(operand, slots))
        case BoundAnd(operands):
            return BoundAnd(tuple([slotted(operand, slots) for operand in operands]))
        case BoundOr(operands):
            return BoundOr(tuple([slotted(operand, slots) for operand in operands]))
    return tree


def filled(template: BoundFilter, keys: Sequence[Any]) -> BoundFilter:
    """Return the filter that has keys in the slots of a template."""
    match template:
        case BoundComparison(target, operator, Slot(number)):
            return BoundComparison(target, operator, keys[number])
        case BoundValuePath(target, inner):
            return BoundValuePath(target, filled(inner, keys))
        case BoundNot(operand):
            return BoundNot(filled(operand, keys))
        case BoundAnd(operands):
            return BoundAnd(tuple([filled(operand, keys) for operand in operands]))
        case BoundOr(operands):
            return BoundOr(tuple([filled(operand, keys) for operand in operands]))
    return template
