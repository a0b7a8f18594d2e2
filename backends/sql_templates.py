"""Statements that were made before, but for the values that they compare with."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from flask_bsr_scim.backends.base import Query
from flask_bsr_scim.backends.sql import SYMBOLS, Selection, select
from flask_bsr_scim.backends.sql_values import Parameters
from flask_bsr_scim.filter.ast import BoundAnd, BoundComparison, BoundFilter, BoundValuePath
from flask_bsr_scim.schema import ResourceType

_MOST = 256
"""Templates that are kept; clients choose their filters."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """Stands in a template where a key comes."""

    number: int


class Selections:
    """Selections of queries. For comparisons joined by `and`, which come over and over, the keys are filled in."""

    def __init__(self) -> None:
        self._templates: dict[Hashable, Selection] = {}

    def select(self, tenant: int, resource_type: ResourceType, query: Query) -> Selection:
        """Return what :func:`select` returns."""
        keys: list[object] = []
        shape = _shape(query.filter, keys)
        if shape is None:
            return select(tenant, resource_type, query)
        order = query.sort and (str(query.sort.target), query.sort.descending)
        known = resource_type.name, shape, order, query.reverse, query.view.base_url
        template = self._templates.get(known)
        if template is None:
            if len(self._templates) >= _MOST:
                self._templates.clear()
            slotted = replace(query, filter=_slotted(query.filter, []))
            template = self._templates[known] = select(tenant, resource_type, slotted)
        return _filled(template, tenant, keys)


def _shape(tree: BoundFilter | None, keys: list[object]) -> Hashable:
    """Return what a filter shares with those that differ in keys alone, and collect its keys; None: no template's."""
    match tree:
        case BoundComparison(target, operator, key) if operator in SYMBOLS and target.leaf.indexed_values:
            return operator, str(target), key
        case BoundComparison(target, operator, key) if operator in SYMBOLS:
            keys.append(key)
            return operator, str(target)
        case BoundValuePath(target, inner):
            within = _shape(inner, keys)
            return None if within is None else ("[", str(target), within)
        case BoundAnd(operands):
            shapes = tuple(_shape(operand, keys) for operand in operands)
            return None if None in shapes else ("&", shapes)
    return None


def _slotted(tree: BoundFilter | None, slots: list[_Slot]) -> BoundFilter:
    match tree:
        case BoundValuePath(target, inner):
            return BoundValuePath(target, _slotted(inner, slots))
        case BoundAnd(operands):
            return BoundAnd(tuple(_slotted(operand, slots) for operand in operands))
        case BoundComparison(target) if target.leaf.indexed_values:  # Whether the index is of use depends on the key.
            return tree
        case BoundComparison(target, operator, _):
            slots.append(_Slot(len(slots)))
            return BoundComparison(target, operator, slots[-1])
    raise AssertionError(tree)


def _filled(template: Selection, tenant: int, keys: list[object]) -> Selection:
    parameters = Parameters(
        {name: keys[v.number] if type(v) is _Slot else v for name, v in template.parameters.items()}, tenant=tenant
    )
    return template._replace(parameters=parameters)
