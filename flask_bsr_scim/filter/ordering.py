"""The order of resources (RFC 7644 §3.4.2.3)."""

from collections.abc import Mapping
from typing import Any

from flask_bsr_scim.filter.binding import value_target
from flask_bsr_scim.schema import JSON, AttributePath, values_at


def sort_key(target: AttributePath, document: Mapping[str, JSON]) -> tuple[bool, Any]:
    """Return the key by which `sorted` orders a document as sortBy asks; with `reverse=True` as in descending order.

    Documents without a value come last, and first in descending order. A multi-valued attribute counts by its primary
    value, else by its first; a complex one by its `value`.
    """
    place = value_target(target)
    value = None if place is None else _first(document, place)
    if place is None or value is None:
        return True, None
    return False, place.leaf.key(value)


def _first(document: Mapping[str, JSON], target: AttributePath) -> JSON:
    if target.sub is not None:
        whole, part = AttributePath(target.extension, target.attribute), AttributePath(None, target.sub)
        for element in values_at(document, whole):
            if element.get("primary") is True and (found := next(values_at(element, part), None)) is not None:
                return found
    return next(values_at(document, target), None)
