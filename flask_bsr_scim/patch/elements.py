"""Values of a multi-valued attribute: how they come, change and go (RFC 7644 §3.5.2)."""

from collections.abc import Hashable, Sequence
from typing import Any

from flask_bsr_scim.patch.effort import Effort
from flask_bsr_scim.patch.operation import Op
from flask_bsr_scim.schema import JSON, Attribute, AttributePath, Document, Mutability
from flask_bsr_scim.schema.elements import identities, key_of
from flask_bsr_scim.schema.mutability import already_set


def append(target: AttributePath, elements: list[Any], given: Sequence[Any], effort: Effort) -> None:
    """Add the given values in place; an element that is there already takes over what else was given for it.

    :raises Mutability: it has another value of what is immutable.
    """
    effort.spend(len(elements) + len(given))
    attribute = target.leaf
    known: dict[Hashable, Any] = {}
    for element in elements:
        _learn(known, attribute, element)
    for value in given:
        identity = identities(attribute, value)[0]
        if identity not in known:
            elements.append(value)
            _learn(known, attribute, value)
        elif isinstance(value, dict):
            _merge(target, known[identity], value, effort)
            value = known[identity]
        if _is_primary(value):
            make_primary(elements, value)


def without(attribute: Attribute, elements: Sequence[Any], given: Sequence[Any], effort: Effort) -> list[Any]:
    """Return the elements that are none of the given values."""
    effort.spend(len(elements) + len(given))
    gone = {identities(attribute, value)[0] for value in given}
    return [element for element in elements if gone.isdisjoint(identities(attribute, element))]


def change(target: AttributePath, name: str, element: Document, op: Op, value: JSON, effort: Effort) -> None:
    """Set a part of an element, or with None unassign it; a list is added to a list, or taken off it, as `op` says.

    :param target: the attribute of which the element is one.
    :raises Mutability: the part is immutable, and has another value.
    """
    sub, present = target.leaf.sub(name), element.get(name)
    if sub is not None and isinstance(value, list) and op is not Op.REPLACE:
        part = AttributePath(target.extension, target.attribute, sub)
        value = _combined(part, present if isinstance(present, list) else [], op, value, effort) or None
    if sub is not None and sub.mutability is Mutability.IMMUTABLE and present not in (None, value):
        raise already_set(AttributePath(target.extension, target.attribute, sub), present, element)
    if value is None:
        element.pop(name, None)
    else:
        element[name] = value


def make_primary(elements: list[Any], primary: Document) -> None:
    """Take `primary` from all elements but one (RFC 7644 §3.5.2)."""
    for element in elements:
        if element is not primary and _is_primary(element):
            element["primary"] = False


def _combined(part: AttributePath, present: list[Any], op: Op, values: list[Any], effort: Effort) -> list[Any]:
    if op is Op.REMOVE:
        return without(part.leaf, present, values, effort)
    grown = [*present]
    append(part, grown, values, effort)
    return grown


def _is_primary(element: JSON) -> bool:
    return isinstance(element, dict) and element.get("primary") is True


def _learn(known: dict[Hashable, Any], attribute: Attribute, element: JSON) -> None:
    for identity in identities(attribute, element):
        known.setdefault(identity, element)


def _merge(target: AttributePath, element: Document, given: Document, effort: Effort) -> None:
    """Set what differs, so that another letter case of the same value changes nothing."""
    for name, value in given.items():
        if key_of(target.leaf, element, name) != key_of(target.leaf, given, name):
            change(target, name, element, Op.ADD, value, effort)
