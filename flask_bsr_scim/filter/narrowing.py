"""Filters over several resource types (RFC 7644 §3.4.2.1): what is left of one for a type.

An attribute that the type does not have counts as one without a value. Terms that hold for each resource of the type,
or for none, are decided here, so that a type in which nothing can match need not be looked through.
"""

from collections.abc import Iterable

from flask_bsr_scim.filter.ast import And, BoundFilter, Comparison, Filter, Not, Operator, Or, Present, ValuePath
from flask_bsr_scim.filter.binding import bind
from flask_bsr_scim.filter.evaluator import evaluate
from flask_bsr_scim.schema import ResourceType, Source


def narrow(filter: Filter, resource_type: ResourceType) -> BoundFilter | bool:
    """Return a filter bound to one of several types; True where all of its resources match, False where none can.

    :raises InvalidFilter: see :func:`~flask_bsr_scim.filter.binding.bind`; but the type may lack attributes.
    """
    narrowed = _narrow(filter, resource_type)
    return narrowed if isinstance(narrowed, bool) else bind(narrowed, resource_type)


def _narrow(filter: Filter, resource_type: ResourceType) -> Filter | bool:
    match filter:
        case And(operands):
            return _joined(And, (_narrow(operand, resource_type) for operand in operands), unit=True)
        case Or(operands):
            return _joined(Or, (_narrow(operand, resource_type) for operand in operands), unit=False)
        case Not(operand):
            narrowed = _narrow(operand, resource_type)
            return not narrowed if isinstance(narrowed, bool) else Not(narrowed)
        case Comparison() | Present() | ValuePath():
            decided = _decide(filter, resource_type)
            return filter if decided is None else decided


def _joined(kind: type[And] | type[Or], operands: Iterable[Filter | bool], *, unit: bool) -> Filter | bool:
    """Join operands, of which `unit` changes nothing and its opposite decides everything."""
    kept: list[Filter] = []
    for operand in operands:
        if not isinstance(operand, bool):
            kept.append(operand)
        elif operand is not unit:
            return operand
    if len(kept) > 1:
        return kind(tuple(kept))
    return kept[0] if kept else unit


def _decide(term: Comparison | Present | ValuePath, resource_type: ResourceType) -> bool | None:
    """Return what a term is for each resource of the type; None: it depends on the resource."""
    target = resource_type.resolve(term.path)
    if target is None:
        return _without_value(term)
    if target.attribute and target.attribute.source is Source.RESOURCE and target.leaf.name == "resourceType":
        return evaluate(bind(term, resource_type), {"meta": {"resourceType": resource_type.name}})
    return None


def _without_value(term: Comparison | Present | ValuePath) -> bool:
    """Return what a term is where there is no value: `ne` is the opposite of `eq`, and `eq null` that of `pr`."""
    match term:
        case Comparison(_, Operator.EQ, value):
            return value is None
        case Comparison(_, Operator.NE, value):
            return value is not None
    return False
