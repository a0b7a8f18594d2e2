"""What an index can answer of a filter."""

from collections.abc import Iterator
from typing import Any

from flask_bsr_scim.filter.ast import BoundAnd, BoundComparison, BoundFilter, BoundValuePath, Operator
from flask_bsr_scim.schema import AttributePath


def equalities(filter: BoundFilter) -> Iterator[tuple[str, Any]]:
    """Yield SCIM path and key of each equality that every match satisfies, as ("emails.value", "bob@example.com").

    Together they are not enough: what is looked up by one must still be evaluated.
    """
    match filter:
        case BoundAnd(operands):
            for operand in operands:
                yield from equalities(operand)
        case BoundComparison(target, Operator.EQ, key):
            yield str(target), key
        case BoundValuePath(target, inner):
            for name, key in equalities(inner):
                sub = target.leaf.sub(name)
                if sub is not None:
                    yield str(AttributePath(target.extension, target.attribute, sub)), key
