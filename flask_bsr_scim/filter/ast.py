"""Filters (RFC 7644 §3.4.2.2) as trees: as they are written, and bound to a resource type."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_bsr_scim.schema import AttributePath


class Operator(StrEnum):
    """The comparison operators; `pr` is :class:`Present`."""

    EQ = "eq"
    NE = "ne"
    CO = "co"
    SW = "sw"
    EW = "ew"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"


Scalar = str | int | float | bool | None
"""A comparison value, as JSON."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path operator value`, as written."""

    path: str
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class Present:
    """`path pr`, as written."""

    path: str


@dataclass(frozen=True, slots=True)
class ValuePath:
    """`path[filter]`, as written: one and the same value satisfies the filter."""

    path: str
    filter: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """All of the operands."""

    operands: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the operands."""

    operands: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: "Filter"


Filter = Comparison | Present | ValuePath | And | Or | Not


@dataclass(frozen=True, slots=True)
class BoundComparison:
    """At least one value at `target` compares true.

    `key` is the comparison key of the value (see :attr:`Attribute.key`), never None: `eq null` is bound to
    `not present`. `operator` is never `ne`: that is bound to `not (… eq …)`. `primary eq false` of a multi-valued
    attribute is bound to `not (primary eq true)`, as a missing `primary` counts as false (RFC 7643 §2.4).
    """

    target: AttributePath
    operator: Operator
    key: Any


@dataclass(frozen=True, slots=True)
class BoundPresent:
    """At least one value at `target` is not empty."""

    target: AttributePath


@dataclass(frozen=True, slots=True)
class BoundValuePath:
    """One value of the complex `target` satisfies the filter, whose targets are sub-attributes of it.

    The targets inside have the sub-attribute as `attribute`, and neither `extension` nor `sub`.
    """

    target: AttributePath
    filter: "BoundFilter"


@dataclass(frozen=True, slots=True)
class BoundAnd:
    """All of the operands."""

    operands: "tuple[BoundFilter, ...]"


@dataclass(frozen=True, slots=True)
class BoundOr:
    """At least one of the operands."""

    operands: "tuple[BoundFilter, ...]"


@dataclass(frozen=True, slots=True)
class BoundNot:
    """The operand does not hold."""

    operand: "BoundFilter"


BoundFilter = BoundComparison | BoundPresent | BoundValuePath | BoundAnd | BoundOr | BoundNot
