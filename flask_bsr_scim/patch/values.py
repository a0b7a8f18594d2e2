"""What is meant by the value of an operation: JSON in strings, lists of one, and single values of lists."""

from contextlib import suppress

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidSyntax
from flask_bsr_scim.schema import JSON, AttributePath
from flask_bsr_scim.schema.readers import only_one
from flask_bsr_scim.schema.scalars import wrong
from flask_bsr_scim.strict_json import read_json


def opened(raw: JSON) -> JSON:
    """Return what JSON in a string says, where an object or a list of objects is meant; anything else as it is."""
    said = _said(raw)
    return raw if said is None or not tolerates(Tolerance.VALUE_AS_TEXT) else said


def opened_elements(raw: JSON) -> JSON:
    """Return the value of a complex attribute as :func:`opened` does, and so its elements.

    Also those whose `value` holds the whole element, as the roles that Entra assigns by AppRoleAssignmentsComplex.
    """
    whole = opened(raw)
    return list(map(_opened_element, whole)) if isinstance(whole, list) else _opened_element(whole)


def listed(target: AttributePath, raw: JSON) -> JSON:
    """Return the value for an attribute, as a list where the attribute is one and its only value was sent by itself,
    and not as a list where it has a single value.

    :raises flask_bsr_scim.errors.InvalidValue: it is no list, and the dialect wants one.
    """
    if target.attribute is None or raw is None:
        return raw
    if not target.leaf.multi_valued:
        return only_one(raw)
    if not isinstance(raw, list) and not tolerates(Tolerance.SINGLE_VALUE_IN_PATCH):
        raise wrong(str(target), "a list", raw, target.leaf)
    return raw if isinstance(raw, list) else [raw]


def _opened_element(raw: JSON) -> JSON:
    element = opened(raw)
    said = _said(element.get("value")) if isinstance(element, dict) else None
    if isinstance(said, dict) and isinstance(said.get("value"), str) and tolerates(Tolerance.VALUE_AS_TEXT):
        return {**element, **said}
    return element


def _said(raw: JSON) -> JSON:
    """Return the object or the list that is in a string, None when there is none."""
    if isinstance(raw, str) and raw[:1] in ("{", "["):
        with suppress(InvalidSyntax):
            return read_json(raw.encode())
    return None
