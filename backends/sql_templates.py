"""Statements that were made before, but for the values that they compare with."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from flask_bsr_scim.backends.base import Query
from flask_bsr_scim.backends.sql import SYMBOLS, Selection, select
from flask_bsr_scim.backends.sql_values import Parameters
from flask_bsr_scim.filter import BoundComparison, BoundFilter, Slot, form_of, shape_of, slotted
from flask_bsr_scim.schema import ResourceType

_MOST = 256
"""Templates that are kept; clients choose their filters."""


class _Template(NamedTuple):
    """A selection, and which of its parameters is which key of the filter's form."""

    selection: Selection
    slots: Sequence[tuple[str, int]]


class Selections:
    """Selections of queries. Those that differ in keys alone come over and over, and the keys are filled in."""

    def __init__(self) -> None:
        self._templates: dict[Hashable, _Template] = {}

    def select(self, tenant: int, resource_type: ResourceType, query: Query) -> Selection:
        """Return what :func:`select` returns."""
        shape, keys = query.form or form_of(query.filter)
        order = query.sort and (str(query.sort.target), query.sort.descending)
        known = resource_type.name, shape, order, query.reverse, query.view.base_url
        template = self._templates.get(known)
        if template is None:
            if not _has_slots_alone(query.filter):
                return select(tenant, resource_type, query)
            if len(self._templates) >= _MOST:
                self._templates.clear()
            template = self._templates[known] = _made(tenant, resource_type, query)
        return _filled(template, tenant, keys)


def _has_slots_alone(tree: BoundFilter | None) -> bool:
    """Tell whether the SQL of a filter is the same for all keys; that of a part of a text depends on its length."""
    comparisons: list[BoundComparison] = []
    if tree is not None:
        shape_of(tree, comparisons)
    return all(comparison.operator in SYMBOLS for comparison in comparisons)


def _made(tenant: int, resource_type: ResourceType, query: Query) -> _Template:
    filter = None if query.filter is None else slotted(query.filter)
    selection = select(tenant, resource_type, replace(query, filter=filter))
    slots = [(name, v.number) for name, v in selection.parameters.items() if isinstance(v, Slot)]
    return _Template(selection, slots)


def _filled(template: _Template, tenant: int, keys: Sequence[Any]) -> Selection:
    made = template.selection
    parameters = Parameters(made.parameters, tenant=tenant)
    for name, number in template.slots:
        parameters[name] = keys[number]
    return Selection(made.where, made.order, parameters, made.has_index, made.is_narrow, made.key)
