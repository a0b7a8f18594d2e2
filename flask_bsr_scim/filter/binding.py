"""Filters bound to a resource type: names become attributes, values become comparison keys (RFC 7644 §3.4.2.2)."""

from dataclasses import dataclass
from typing import Any, Final

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidFilter, InvalidValue
from flask_bsr_scim.filter.ast import (
    And,
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Present,
    Scalar,
    ValuePath,
)
from flask_bsr_scim.schema import Attribute, AttributePath, ResourceType, Returned, Type
from flask_bsr_scim.schema.scalars import make_scalar_reader, shown, wrong

_EQUALITY: Final = (Operator.EQ, Operator.NE)
_ORDER: Final = (Operator.GT, Operator.GE, Operator.LT, Operator.LE)
_OPERATORS: Final = {
    Type.STRING: tuple(Operator),
    Type.REFERENCE: tuple(Operator),
    Type.BOOLEAN: _EQUALITY,
    # A part of base64 text is no part of the bytes.
    Type.BINARY: _EQUALITY,
    Type.INTEGER: _EQUALITY + _ORDER,
    Type.DECIMAL: _EQUALITY + _ORDER,
    # One moment has many spellings, so a part of the text says nothing.
    Type.DATETIME: _EQUALITY + _ORDER,
}


def bind(filter: Filter, resource_type: ResourceType) -> BoundFilter:
    """Return the filter with its names resolved and its values as comparison keys.

    A comparison with a complex attribute means its `value`, a boolean without a value its default. Attributes that the
    profile does not store are bound, and have no value.

    :raises InvalidFilter: no schema of the type defines an attribute, an operator does not suit the attribute's type,
        the value is not of that type, or the attribute is never returned.
    """
    return _bind(filter, _Scope(resource_type))


def bind_value_path(value_path: ValuePath, resource_type: ResourceType) -> BoundValuePath:
    """Return a value path bound like any other filter.

    :raises InvalidFilter: see :func:`bind`; or the attribute is not complex.
    """
    return _bind_value_path(value_path, _Scope(resource_type))


def value_target(target: AttributePath) -> AttributePath | None:
    """Return where the values lie by which a target is compared and sorted: itself, or its `value` when it is complex.

    None: it is complex and has no `value` that is ever returned, or it is a bare extension URN.
    """
    if target.attribute is None:
        return None
    if target.leaf.type is not Type.COMPLEX:
        return target
    value = target.leaf.sub("value")
    if value is None or value.returned is Returned.NEVER:
        return None
    return AttributePath(target.extension, target.attribute, value)


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where names are looked up: in a resource type, or in the elements of one of its attributes."""

    resource_type: ResourceType
    inside: AttributePath | None = None

    def target(self, name: str) -> AttributePath:
        target = self._resolve(name)
        if target is None:
            raise InvalidFilter(self._lacks(name))
        if target.attribute and Returned.NEVER in (target.attribute.returned, target.leaf.returned):
            raise InvalidFilter(f"{self.path(target)} is never returned, and cannot be used in a filter.")
        if not self._serves(target) and not tolerates(Tolerance.ATTRIBUTE_NOT_STORED):
            raise InvalidFilter(f"{self.path(target)} is not stored here; leave it out of the filter.")
        return target

    def _resolve(self, name: str) -> AttributePath | None:
        if self.inside is None:
            return self.resource_type.resolve(name)
        sub = self.inside.leaf.sub(name)
        return None if sub is None else AttributePath(None, sub)

    def _lacks(self, name: str) -> str:
        return f"{self.inside} has no attribute {shown(name)}." if self.inside else self.resource_type.lacks(name)

    def _serves(self, target: AttributePath) -> bool:
        return target.leaf.served if self.inside else self.resource_type.serves(target)

    def path(self, target: AttributePath) -> str:
        return f"{self.inside}.{target}" if self.inside else str(target)


def _bind(filter: Filter, scope: _Scope) -> BoundFilter:
    match filter:
        case Comparison():
            return _bind_comparison(filter, scope)
        case Present(path):
            return BoundPresent(scope.target(path))
        case ValuePath():
            return _bind_value_path(filter, scope)
        case And(operands):
            return BoundAnd(tuple(_bind(operand, scope) for operand in operands))
        case Or(operands):
            return BoundOr(tuple(_bind(operand, scope) for operand in operands))
        case Not(operand):
            return BoundNot(_bind(operand, scope))


def _bind_value_path(value_path: ValuePath, scope: _Scope) -> BoundValuePath:
    target = scope.target(value_path.path)
    if target.attribute is None or target.leaf.type is not Type.COMPLEX:
        raise InvalidFilter(f"{scope.path(target)} has no sub-attributes, and takes no brackets.")
    return BoundValuePath(target, _bind(value_path.filter, _Scope(scope.resource_type, target)))


def _bind_comparison(comparison: Comparison, scope: _Scope) -> BoundFilter:
    target = scope.target(comparison.path)
    match comparison.operator, comparison.value:
        case Operator.EQ, None:
            return BoundNot(BoundPresent(target))
        case Operator.NE, None:
            return BoundPresent(target)
        case operator, None:
            raise InvalidFilter(f"null can be compared with eq and ne, not with {operator}.")
        case Operator.NE, value:
            return _opposite(_bind_test(target, Operator.EQ, value, scope))
        case operator, value:
            return _bind_test(target, operator, value, scope)


def _bind_test(target: AttributePath, operator: Operator, value: Scalar, scope: _Scope) -> BoundFilter:
    place = value_target(target)
    if place is None:
        raise InvalidFilter(f"{scope.path(target)} is complex; name the part of it that {operator} is to compare.")
    key = _key(place.leaf, scope.path(place), operator, value)
    if key is False and place.leaf.name == "primary":
        return _bind_not_primary(place, scope)
    if _is_default(place, key):
        return BoundNot(BoundComparison(place, operator, not key))
    return BoundComparison(place, operator, key)


def _opposite(bound: BoundFilter) -> BoundFilter:
    return bound.operand if isinstance(bound, BoundNot) else BoundNot(bound)


def _is_default(target: AttributePath, key: Any) -> bool:
    """Tell whether a boolean has this value where it has none: a resource whose `active` was removed is active."""
    attribute = target.attribute
    return type(key) is bool and target.extension is None and attribute is not None and attribute.default is key


def _bind_not_primary(target: AttributePath, scope: _Scope) -> BoundFilter:
    """A value of a multi-valued attribute that does not say `primary` is not the primary one (RFC 7643 §2.4)."""
    if target.sub and target.attribute and target.attribute.multi_valued:
        whole = AttributePath(target.extension, target.attribute)
        return BoundValuePath(whole, BoundNot(BoundComparison(AttributePath(None, target.sub), Operator.EQ, True)))
    if scope.inside and scope.inside.leaf.multi_valued:
        return BoundNot(BoundComparison(target, Operator.EQ, True))
    return BoundComparison(target, Operator.EQ, False)


def _key(attribute: Attribute, path: str, operator: Operator, value: Scalar) -> Any:
    allowed = _OPERATORS[attribute.type]
    if operator not in allowed:
        raise InvalidFilter(f"{path} is a {attribute.type}, which {operator} cannot compare; use {', '.join(allowed)}.")
    try:
        return attribute.key(_read(attribute, path, value))
    except InvalidValue as error:
        raise InvalidFilter(f"In the filter, {error.detail}") from None


def _read(attribute: Attribute, path: str, value: Scalar) -> Any:
    if attribute.type not in (Type.STRING, Type.REFERENCE):
        return make_scalar_reader(attribute, path)(value)
    # What no stored text could be, such as an empty userName, is a fair question.
    if not isinstance(value, str):
        raise wrong(path, "text in double quotes", value)
    return value
