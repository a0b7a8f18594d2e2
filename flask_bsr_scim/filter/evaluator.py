"""What a filter means (RFC 7644 §3.4.2.2). Whatever else answers filters, an index or SQL, must agree with this."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from flask_bsr_scim.filter.ast import (
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
    Operator,
)
from flask_bsr_scim.schema import JSON, values_at

_TESTS: Final[Mapping[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQ: operator.eq,
    Operator.CO: operator.contains,
    Operator.SW: str.startswith,
    Operator.EW: str.endswith,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
}


def evaluate(bound: BoundFilter, document: Mapping[str, JSON]) -> bool:
    """Tell whether a document satisfies a filter.

    The document is a whole resource as :class:`~flask_bsr_scim.view.View` renders it; or, for the filter inside a value
    path, one element of the attribute.
    """
    match bound:
        case BoundComparison(target):
            return any(_compares(bound, value) for value in values_at(document, target))
        case BoundPresent(target):
            return any(_is_present(value) for value in values_at(document, target))
        case BoundValuePath(target, inner):
            return any(evaluate(inner, element) for element in values_at(document, target))
        case BoundAnd(operands):
            return all(evaluate(operand, document) for operand in operands)
        case BoundOr(operands):
            return any(evaluate(operand, document) for operand in operands)
        case BoundNot(operand):
            return not evaluate(operand, document)


def count_terms(bound: BoundFilter) -> int:
    """Return how many tests a filter makes at most, of a document with single values."""
    match bound:
        case BoundComparison() | BoundPresent():
            return 1
        case BoundAnd(operands) | BoundOr(operands):
            return sum(map(count_terms, operands))
        case BoundNot(inner) | BoundValuePath(_, inner):
            return count_terms(inner)


def _compares(comparison: BoundComparison, value: JSON) -> bool:
    try:
        return _TESTS[comparison.operator](comparison.target.leaf.key(value), comparison.key)
    except (AttributeError, TypeError, ValueError):
        # A value of another type than its attribute's: stored by something else than this package.
        return False


def _is_present(value: JSON) -> bool:
    match value:
        case dict():
            return any(map(_is_present, value.values()))
        case list():
            return any(map(_is_present, value))
        case _:
            return value is not None and value != ""
