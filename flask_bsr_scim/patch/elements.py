"""Values of a multi-valued attribute: which is the same as which, and which is primary (RFC 7643 §2.4)."""

from collections.abc import Hashable, Iterable
from typing import Any

import orjson

from flask_bsr_scim.schema import JSON, Attribute, Document


def append(attribute: Attribute, elements: list[Any], given: Iterable[Any]) -> None:
    """Add the given values in place; an element that is there already takes over what else was given for it."""
    known: dict[Hashable, Any] = {}
    for element in elements:
        _learn(known, attribute, element)
    for value in given:
        identity = _identities(attribute, value)[0]
        if identity not in known:
            elements.append(value)
            _learn(known, attribute, value)
        elif isinstance(value, dict):
            _merge(attribute, known[identity], value)
            value = known[identity]
        if _is_primary(value):
            make_primary(elements, value)


def without(attribute: Attribute, elements: list[Any], given: Iterable[Any]) -> list[Any]:
    """Return the elements that are none of the given values."""
    gone = {_identities(attribute, value)[0] for value in given}
    return [element for element in elements if gone.isdisjoint(_identities(attribute, element))]


def make_primary(elements: list[Any], primary: Document) -> None:
    """Take `primary` from all elements but one (RFC 7644 §3.5.2)."""
    for element in elements:
        if element is not primary and _is_primary(element):
            element["primary"] = False


def _is_primary(element: JSON) -> bool:
    return isinstance(element, dict) and element.get("primary") is True


def _learn(known: dict[Hashable, Any], attribute: Attribute, element: JSON) -> None:
    for identity in _identities(attribute, element):
        known.setdefault(identity, element)


def _identities(attribute: Attribute, element: JSON) -> list[Hashable]:
    """Return the keys under which an element is known, the most exact one first.

    `value` and `type` make the identity (§2.4), `value` alone where a client leaves `type` out; without a `value`
    all but `primary` does.
    """
    if not isinstance(element, dict):
        return [attribute.key(element)]
    if "value" not in element:
        return [orjson.dumps({n: v for n, v in element.items() if n != "primary"}, option=orjson.OPT_SORT_KEYS)]
    value = _key(attribute, element, "value")
    return [(value, _key(attribute, element, "type")), (value,)] if "type" in element else [(value,)]


def _key(attribute: Attribute, element: Document, name: str) -> Any:
    sub, value = attribute.sub(name), element.get(name)
    if sub is None or value is None or isinstance(value, list):
        return value if not isinstance(value, list) else tuple(value)
    return sub.key(value)


def _merge(attribute: Attribute, element: Document, given: Document) -> None:
    """Set what differs, so that another letter case of the same value changes nothing."""
    for name, value in given.items():
        if _key(attribute, element, name) != _key(attribute, given, name):
            element[name] = value
