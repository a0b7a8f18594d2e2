"""Readers of whole attributes and of objects of them (RFC 7643 §2.3.8)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema.attribute import JSON, Attribute, Document, Type
from flask_bsr_scim.schema.lists import make_list_reader
from flask_bsr_scim.schema.names import Check, folded, make_sub_check
from flask_bsr_scim.schema.scalars import Reader, make_scalar_reader, wrong


class Member(NamedTuple):
    """A member of a JSON object that is read: `key` is its name in lower case, `path` its name in messages."""

    key: str
    name: str
    path: str
    required: bool
    read: Reader


@dataclass(frozen=True, slots=True)
class Rules:
    """What readers are compiled for."""

    reads: Callable[[Attribute], bool]
    """Whether a value of the attribute is taken; others are dropped unseen."""
    endpoints: Mapping[str, str]
    """Endpoints by the names of the resource types to which a reference can point."""
    checks_names: bool = False
    """Whether names that no schema has are noticed: clients send what is read."""


def make_members(attributes: Iterable[Attribute], prefix: str, rules: Rules) -> tuple[Member, ...]:
    """Return the members to read of an object with these attributes, in schema order."""
    return tuple(
        Member(a.name.lower(), a.name, prefix + a.name, a.required, make_reader(a, prefix + a.name, rules))
        for a in attributes
        if rules.reads(a)
    )


def make_sub_members(attribute: Attribute, path: str, rules: Rules) -> tuple[Member, ...]:
    """Return the members to read of a complex attribute: without a `$ref` that follows from `value`."""
    computed = "$ref" if _endpoints(attribute, rules) else None
    return make_members((s for s in attribute.sub_attributes if s.name != computed), f"{path}.", rules)


def make_reader(attribute: Attribute, path: str, rules: Rules) -> Reader:
    """Return the reader of an attribute: of the list when it is multi-valued, of an object when it is complex."""
    one = make_element_reader(attribute, path, rules)
    return make_list_reader(attribute, path, one) if attribute.multi_valued else one


def make_element_reader(attribute: Attribute, path: str, rules: Rules) -> Reader:
    """Return the reader of one value of an attribute."""
    if attribute.type is Type.COMPLEX:
        return _make_complex_reader(attribute, path, rules)
    return make_scalar_reader(attribute, path)


def read_object(members: Iterable[Member], raw: Document, path: str, check: Check | None = None) -> Document | None:
    """Return the values to store of an object, None when it has none.

    :raises InvalidSyntax: see :func:`folded`, and :data:`Check`.
    :raises InvalidValue: see :func:`read_members`.
    """
    if not raw:
        return None
    values = folded(raw, path)
    if check is not None:
        check(values.keys(), raw)
    return read_members(members, values) or None


def read_members(members: Iterable[Member], values: Mapping[str, JSON]) -> Document:
    """Return the values to store of an object whose names are in lower case; null and [] are no values.

    :raises InvalidValue: a required value is missing, or one is not what its attribute can hold.
    """
    found = {}
    for key, name, path, required, read in members:
        value = read(values[key]) if key in values and values[key] not in (None, []) else None
        if value is not None:
            found[name] = value
        elif required:
            raise missing(path)
    return found


def missing(path: str) -> InvalidValue:
    """Return the error that says which required value is not there."""
    return InvalidValue(f"{path} is required and has no value. Map an attribute of the identity provider to it.")


def _make_complex_reader(attribute: Attribute, path: str, rules: Rules) -> Reader:
    endpoints = _endpoints(attribute, rules)
    members = make_sub_members(attribute, path, rules)
    check = make_sub_check(attribute, path) if rules.checks_names else None

    def read(raw: JSON) -> Document | None:
        found = read_object(members, object_of(raw, path, attribute), path, check)
        if found and endpoints and (reference := _reference(found, endpoints)):
            found["$ref"] = reference
        return found

    return read


def object_of(raw: JSON, path: str, attribute: Attribute) -> Document:
    """Return the object that was sent for a complex attribute.

    Where the attribute has a `value`, a scalar stands for it, and a list of one for its element (Entra's manager).

    :raises InvalidValue: it is something else.
    """
    if isinstance(raw, dict):
        return raw
    if "value" not in attribute.by_name:
        raise wrong(path, "an object", raw, attribute)
    one = raw if attribute.multi_valued else only_one(raw)
    if isinstance(one, dict):
        return one
    if isinstance(one, (str, int, float)) and not _looks_like_json(one) and tolerates(Tolerance.BARE_VALUE):
        return {"value": one}
    raise wrong(path, "an object with a value", raw, attribute)


def _looks_like_json(value: str | float) -> bool:
    """Tell whether a value is a text that was to be an object or a list, and is neither."""
    return isinstance(value, str) and value.startswith(("{", "["))


def only_one(raw: JSON) -> JSON:
    """Return the element of a list of one, where there is a single value; anything else as it is."""
    return raw[0] if isinstance(raw, list) and len(raw) == 1 and tolerates(Tolerance.LIST_FOR_VALUE) else raw


def _endpoints(attribute: Attribute, rules: Rules) -> Mapping[str, str]:
    """Return the endpoints to which `$ref` of a complex attribute can point; none when it has no such reference."""
    reference = attribute.by_name.get("$ref")
    types = reference.reference_types if reference else ()
    return {name: rules.endpoints[name] for name in types if rules.endpoints.get(name)}


def _reference(element: Document, endpoints: Mapping[str, str]) -> str | None:
    """Return the relative reference that follows from `value`, and from `type` where several are possible."""
    value, name = element.get("value"), element.get("type")
    endpoint = next(iter(endpoints.values())) if len(endpoints) == 1 else endpoints.get(name or "")
    return f"{endpoint}/{quote(value, safe='')}" if value and endpoint else None
