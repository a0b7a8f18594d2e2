"""Filters over several resource types (RFC 7644 §3.4.2.1): what is left of one for each type.

An attribute that a type does not have counts as one without a value there; so does one that is of another kind than in
the type that a term is written for. Terms that hold for each resource of a type, or for none, are decided here, so that
a type in which nothing can match need not be looked through.
"""

from collections.abc import Collection, Iterable, Iterator

from flask_bsr_scim.errors import InvalidFilter
from flask_bsr_scim.filter.ast import (
    And,
    BoundAnd,
    BoundFilter,
    BoundNot,
    BoundOr,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Present,
    ValuePath,
)
from flask_bsr_scim.filter.binding import bind
from flask_bsr_scim.filter.evaluator import evaluate
from flask_bsr_scim.schema import ResourceType, Source

_Term = Comparison | Present | ValuePath


def narrow(filter: Filter, types: Collection[ResourceType]) -> dict[str, BoundFilter | bool]:
    """Return a filter bound to each of several types, by name; True where all resources match, False where none can.

    :raises InvalidFilter: see :func:`~flask_bsr_scim.filter.binding.bind`; but a term may suit only one of the types
        that have its attribute, and an attribute may be one that none has.
    """
    for term in _terms(filter):
        _check(term, types)
    return {resource_type.name: _narrow(filter, resource_type) for resource_type in types}


def _terms(filter: Filter) -> Iterator[_Term]:
    match filter:
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _terms(operand)
        case Not(operand):
            yield from _terms(operand)
        case Comparison() | Present() | ValuePath():
            yield filter


def _check(term: _Term, types: Iterable[ResourceType]) -> None:
    """See that a term suits one of the types that have its attribute; the first of them says why not."""
    refusals = []
    for resource_type in types:
        if resource_type.resolve(term.path) is not None:
            try:
                bind(term, resource_type)
            except InvalidFilter as error:
                refusals.append(error)
            else:
                return
    if refusals:
        raise refusals[0]


def _narrow(filter: Filter, resource_type: ResourceType) -> BoundFilter | bool:
    match filter:
        case And(operands):
            return _joined(BoundAnd, (_narrow(operand, resource_type) for operand in operands), unit=True)
        case Or(operands):
            return _joined(BoundOr, (_narrow(operand, resource_type) for operand in operands), unit=False)
        case Not(operand):
            narrowed = _narrow(operand, resource_type)
            return not narrowed if isinstance(narrowed, bool) else BoundNot(narrowed)
        case Comparison() | Present() | ValuePath():
            return _bound(filter, resource_type)


def _joined(
    kind: type[BoundAnd] | type[BoundOr], operands: Iterable[BoundFilter | bool], *, unit: bool
) -> BoundFilter | bool:
    """Join operands, of which `unit` changes nothing and its opposite decides everything."""
    kept: list[BoundFilter] = []
    for operand in operands:
        if not isinstance(operand, bool):
            kept.append(operand)
        elif operand is not unit:
            return operand
    if len(kept) > 1:
        return kind(tuple(kept))
    return kept[0] if kept else unit


def _bound(term: _Term, resource_type: ResourceType) -> BoundFilter | bool:
    """Return a term bound to a type, or what it is for each resource of the type."""
    target = resource_type.resolve(term.path)
    if target is None:
        return _without_value(term)
    try:
        bound = bind(term, resource_type)
    except InvalidFilter:
        return _without_value(term)
    if target.attribute and target.attribute.source is Source.RESOURCE and target.leaf.name == "resourceType":
        return evaluate(bound, {"meta": {"resourceType": resource_type.name}})
    return bound


def _without_value(term: _Term) -> bool:
    """Return what a term is where there is no value: `ne` is the opposite of `eq`, and `eq null` that of `pr`."""
    match term:
        case Comparison(_, Operator.EQ, value):
            return value is None
        case Comparison(_, Operator.NE, value):
            return value is not None
    return False
