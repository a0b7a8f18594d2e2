"""Filters and sort orders as SQL of the SQLite store; :func:`flask_bsr_scim.filter.evaluate` says what they mean."""

import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from flask_bsr_scim.backends.base import Query, Sort
from flask_bsr_scim.backends.gaps import read_gap
from flask_bsr_scim.backends.sql_values import KEY_COLUMNS, NOTHING, Object, Parameters, Place, Stored, Values, exposed
from flask_bsr_scim.filter import equalities, value_target
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
from flask_bsr_scim.schema import Attribute, AttributePath, ResourceType, Type
from flask_bsr_scim.schema.values import binary_key, datetime_key, fold

SYMBOLS = {Operator.EQ: "=", Operator.GT: ">", Operator.GE: ">=", Operator.LT: "<", Operator.LE: "<="}
_INDEXED_ORDERS = frozenset(
    (
        "r.seq ASC",
        "r.seq DESC",
        *(
            f"{column} {way}, r.seq {tie}"
            for column in ("r.created", "r.modified")
            for way in ("ASC", "DESC")
            for tie in ("ASC", "DESC")
        ),
    )
)
_LISTED = ("r.created", "r.modified")
"""Columns that have an index where resources are of a type that is exposed."""
_LAST_CHARACTER = 0x10FFFF


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that make comparison keys."""
    for name, function in (
        ("scim_fold", fold),
        ("scim_time", datetime_key),
        ("scim_binary", binary_key),
        ("scim_number", orjson.loads),
    ):
        connection.create_function(name, 1, _lenient(function), deterministic=True)


def _lenient(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the function that gives NULL for NULL, and for a value of another type than its attribute's."""

    def call(value: Any) -> Any:
        try:
            return None if value is None else function(value)
        except (AttributeError, TypeError, ValueError):
            return None

    return call


class Selection(NamedTuple):
    """Which rows `r` of table `resource` a query selects, and in which order."""

    where: str
    order: str
    parameters: Parameters
    """Of both."""
    has_index: bool
    """An index has the rows in this order."""
    is_narrow: bool
    """An index has the rows that match, which are probably few."""
    key: str | None = None
    """What the rows are sorted by; None: by their creation."""


def select(tenant: int, resource_type: ResourceType, query: Query) -> Selection:
    """Return the WHERE and ORDER BY of a query."""
    parameters = Parameters(tenant=tenant, type=resource_type.name)
    compiler = _Compiler(parameters, Stored(parameters, query.view, resource_type), resource_type)
    where, is_narrow = "r.tenant = :tenant AND r.type = :type", False
    if query.filter is not None:
        where += f" AND {compiler.condition(query.filter)}"
        is_narrow = any(compiler.is_selective(path, key) for path, key in equalities(query.filter))
    key = None if query.sort is None else compiler.key(query.sort)
    order = _order(query, key)
    if resource_type.endpoint and any(column in where + order for column in _LISTED):
        where += " AND r.listed = 1"
    return Selection(where, order, parameters, order in _INDEXED_ORDERS, is_narrow, key)


def behind(selection: Selection, query: Query, after: str) -> tuple[str, dict[str, Any]]:
    """Return the condition that a row comes behind a gap, and its parameters."""
    gap = read_gap(after)
    ties = f"r.seq {'<=' if query.reverse else '>'} :gap"
    if selection.key is None:
        return ties, {"gap": gap.seq}
    key, rises, nullable = selection.key, _rises(query), selection.key not in KEY_COLUMNS
    if gap.key is None:
        condition = f"{key} IS NULL AND {ties}" if rises else f"({key} IS NOT NULL OR {ties})"
        return condition, {"gap": gap.seq}
    sign = ">" if rises else "<"
    condition = f"{key} {sign}= :gap_key AND ({key} {sign} :gap_key OR {ties})"
    if rises and nullable:
        condition = f"({key} IS NULL OR {condition})"
    return condition, {"gap": gap.seq, "gap_key": gap.key}


def _rises(query: Query) -> bool:
    """Tell whether keys become greater, and rows without one come last."""
    return query.sort is None or query.sort.descending is query.reverse


def _order(query: Query, key: str | None) -> str:
    """Return the terms of ORDER BY that the order of a query means (RFC 7644 §3.4.2.3)."""
    ties = f"r.seq {'DESC' if query.reverse else 'ASC'}"
    if key is None:
        return ties
    way = "ASC" if _rises(query) else "DESC"
    nulls = "" if key in KEY_COLUMNS else f" NULLS {'LAST' if _rises(query) else 'FIRST'}"
    return f"{key} {way}{nulls}, {ties}"


class _Compiler:
    """Turns bound filters into conditions; NULL counts as false in them."""

    def __init__(self, parameters: Parameters, resource: Stored, resource_type: ResourceType) -> None:
        self._bind = parameters.bind
        self._resource = resource
        self._type = resource_type
        self._indexes = {index.path: index for index in resource_type.indexed}

    def condition(self, tree: BoundFilter) -> str:
        """Return the condition that a resource satisfies a filter."""
        return self._condition(tree, self._resource)

    def is_selective(self, path: str, key: Any) -> bool:
        """Tell whether there is an index of a value, which few resources hold then."""
        index = self._indexes.get(path)
        return index is not None and index.has(key)

    def key(self, sort: Sort) -> str:
        """Return what a sort order goes by."""
        target = value_target(sort.target)
        return NOTHING if target is None else self._first(target, self._resource.values(target))

    def _first(self, target: AttributePath, values: Values) -> str:
        """Return the key of the primary value, or else of the first."""
        key = _key(target.leaf, values)
        if values.rows is None:
            return key
        found = f"{values.condition} AND {key} IS NOT NULL"
        return f"(SELECT {key} FROM {values.rows} WHERE {found} ORDER BY {self._preferred(target, values)} LIMIT 1)"

    def _preferred(self, target: AttributePath, values: Values) -> str:
        if target.attribute is None or target.sub is None or not target.attribute.multi_valued:
            return values.order
        element, _ = self._resource.inside(target.attribute, target.extension)
        return f"{element.is_primary()} DESC, {values.order}" if isinstance(element, Object) else values.order

    def _condition(self, tree: BoundFilter, place: Place) -> str:
        match tree:
            case BoundAnd(operands):
                return "(" + " AND ".join(self._condition(operand, place) for operand in operands) + ")"
            case BoundOr(operands):
                return "(" + " OR ".join(self._condition(operand, place) for operand in operands) + ")"
            case BoundNot(operand):
                return f"({self._condition(operand, place)} IS NOT TRUE)"
            case BoundPresent(target):
                return place.is_present(target)
            case BoundValuePath(target, inner):
                return self._value_path(target, inner)
            case BoundComparison(target):
                return self._comparison(tree, place)

    def _value_path(self, target: AttributePath, inner: BoundFilter) -> str:
        assert target.attribute is not None
        element, rows = self._resource.inside(target.attribute, target.extension)
        found = rows.exists(self._condition(inner, element))
        quick = (self._indexed(path, key) for path, key in equalities(BoundValuePath(target, inner)))
        return "(" + " AND ".join((*filter(None, quick), found)) + ")"

    def _comparison(self, comparison: BoundComparison, place: Place) -> str:
        target, operator, key = comparison.target, comparison.operator, comparison.key
        if place is self._resource and (found := self._indexed(str(target), key, operator)):
            return found
        values = place.values(target)
        found = self._compared(_key(target.leaf, values), operator, key)
        if operator is Operator.EQ and _is_folded(target.leaf, values):
            # Most values are in lower case as they are, and a function in Python costs more than the rest.
            found = f"({self._compared(values.raw, operator, key)} OR {found})"
        return values.exists(found)

    def _indexed(self, path: str, key: Any, operator: Operator = Operator.EQ) -> str | None:
        """Return the condition that an index answers; None when there is no index for it."""
        index = self._indexes.get(path)
        if index is None:
            return self._linked(path, key) if operator is Operator.EQ else None
        if index.only and not (operator is Operator.EQ and index.has(key)):
            return None
        table = "unique_key" if index.unique else "attribute_key"
        name = self._bind(index.name)
        compared = self._compared("key", operator, key)
        if operator is Operator.SW and key:
            compared = f"{self._in_range(key)} AND {compared}"
        one_at_most = index.unique and operator is Operator.EQ
        found = f"(SELECT seq FROM {table} WHERE tenant = :tenant AND name = {name} AND {compared})"
        return f"r.seq {'=' if one_at_most else 'IN'} {found}"

    def _in_range(self, prefix: str) -> str:
        """Return a condition that an index can follow, and that holds for each key that begins with `prefix`."""
        last = ord(prefix[-1])
        if last == _LAST_CHARACTER:
            return f"key >= {self._bind(prefix)}"
        following = chr(0xE000 if last == 0xD7FF else last + 1)
        return f"key >= {self._bind(prefix)} AND key < {self._bind(prefix[:-1] + following)}"

    def _linked(self, path: str, key: Any) -> str | None:
        """Return the condition that a resource is a member of a group, or a group holds a member."""
        for attribute, wanted, given in (
            (self._type.members, "group_seq", "member_seq"),
            (self._type.groups, "member_seq", "group_seq"),
        ):
            if attribute is not None and path == f"{attribute.name}.value":
                other = (
                    f"(SELECT seq FROM resource WHERE tenant = :tenant AND id = {self._bind(key)} "
                    f"AND type IN {exposed(self._resource.types)})"
                )
                return f"r.seq IN (SELECT {wanted} FROM member WHERE tenant = :tenant AND {given} = {other})"
        return None

    def _compared(self, value: str, operator: Operator, key: Any) -> str:
        bound = self._bind(key)
        match operator:
            case Operator.CO:
                return f"instr({value}, {bound}) > 0"
            case Operator.SW:
                return f"substr({value}, 1, {self._bind(len(key))}) = {bound}"
            case Operator.EW if key:
                return f"substr({value}, {self._bind(-len(key))}) = {bound}"
            case Operator.EW:
                return f"{value} IS NOT NULL"
            case _:
                return f"{value} {SYMBOLS[operator]} {bound}"


def _is_folded(attribute: Attribute, values: Values) -> bool:
    return attribute.type is Type.STRING and not attribute.case_exact and not values.is_column


def _key(attribute: Attribute, values: Values) -> str:
    """Return the comparison key of a value; see :attr:`Attribute.key`."""
    if values.is_column:
        return values.raw
    match attribute.type:
        case Type.DATETIME:
            return f"scim_time({values.raw})"
        case Type.BINARY:
            return f"scim_binary({values.raw})"
        case Type.DECIMAL:
            return f"scim_number({values.json})"
        case _ if _is_folded(attribute, values):
            return f"scim_fold({values.raw})"
        case _:
            return values.raw
