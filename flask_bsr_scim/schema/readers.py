"""Readers of whole attributes: objects, lists and what holds them together (RFC 7643 §2.3.8 and §2.4)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from flask_bsr_scim.errors import InvalidSyntax, InvalidValue
from flask_bsr_scim.schema.attribute import JSON, Attribute, Document, Type
from flask_bsr_scim.schema.scalars import Reader, make_scalar_reader, wrong
from flask_bsr_scim.schema.values import fold


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
    return _make_list_reader(attribute, one) if attribute.multi_valued else one


def make_element_reader(attribute: Attribute, path: str, rules: Rules) -> Reader:
    """Return the reader of one value of an attribute."""
    if attribute.type is Type.COMPLEX:
        return _make_complex_reader(attribute, path, rules)
    return make_scalar_reader(attribute, path)


def make_member_id_reader(attribute: Attribute) -> Reader:
    """Return the reader of a group's members: a list of `{"value": id}`, each id once; a bare string is an id."""
    read_id = make_scalar_reader(replace(attribute.by_name["value"], required=True), f"{attribute.name}.value")

    def id_of(element: JSON) -> str:
        value = element.get("value") if isinstance(element, dict) else element
        if value is None and isinstance(element, dict):
            value = folded(element, attribute.name).get("value")
        found: str = read_id(value)
        return found

    def read(raw: JSON) -> list[Document]:
        elements = raw if isinstance(raw, list) else (raw,)
        return [{"value": i} for i in dict.fromkeys(id_of(e) for e in elements if e is not None)]

    return read


def folded(members: Document, path: str) -> Document:
    """Return an object with the names of its members in lower case.

    :raises InvalidSyntax: two names differ in letter case alone.
    """
    lowered = {name.lower(): value for name, value in members.items()}
    if len(lowered) != len(members):
        raise InvalidSyntax(f"{path} names an attribute twice, in different letter case.")
    return lowered


def read_object(members: Iterable[Member], raw: Document, path: str) -> Document | None:
    """Return the values to store of an object, None when it has none.

    :raises InvalidSyntax: see :func:`folded`.
    :raises InvalidValue: see :func:`read_members`.
    """
    return (read_members(members, folded(raw, path)) or None) if raw else None


def read_members(members: Iterable[Member], values: Mapping[str, JSON]) -> Document:
    """Return the values to store of an object whose names are in lower case; null and [] are no values.

    :raises InvalidValue: a required value is missing, or one is not what its attribute can hold.
    """
    found = {}
    for key, name, path, required, read in members:
        raw = values.get(key)
        value = None if raw is None or raw == [] else read(raw)
        if value is not None:
            found[name] = value
        elif required:
            raise InvalidValue(f"{path} is required and has no value. Map an attribute of the identity provider to it.")
    return found


def _make_complex_reader(attribute: Attribute, path: str, rules: Rules) -> Reader:
    endpoints = _endpoints(attribute, rules)
    members = make_sub_members(attribute, path, rules)

    def read(raw: JSON) -> Document | None:
        found = read_object(members, object_of(raw, path, attribute), path)
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
    if "value" in attribute.by_name:
        one = raw[0] if isinstance(raw, list) and len(raw) == 1 else raw
        if isinstance(one, dict):
            return one
        if isinstance(one, (str, int, float)):
            return {"value": one}
    raise wrong(path, "an object", raw)


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


def _make_list_reader(attribute: Attribute, one: Reader) -> Reader:
    tidy = _make_only_reader(attribute) if attribute.only_type else _tidy

    def read(raw: JSON) -> list[Any] | None:
        elements = raw if isinstance(raw, list) else (raw,)
        values = [value for e in elements if e is not None and (value := one(e)) is not None]
        return tidy(values) or None

    return read


def _tidy(values: list[Any]) -> list[Any]:
    """Return the values without exact doubles, at most one of them primary (§2.4)."""
    if len(values) < 2:
        return values
    return _once(_one_primary(_once(values)))


def _once(values: list[Any]) -> list[Any]:
    return list({orjson.dumps(value): value for value in values}.values())


def _one_primary(values: list[Any]) -> list[Any]:
    first = next(filter(_is_primary, values), None)
    return [{**v, "primary": False} if _is_primary(v) and v is not first else v for v in values]


def _is_primary(value: JSON) -> bool:
    return isinstance(value, dict) and value.get("primary") is True


def _make_only_reader(attribute: Attribute) -> Callable[[list[Document]], list[Document]]:
    only = attribute.only_type or ""
    names = [sub.name for sub in attribute.sub_attributes]

    def keep(elements: list[Document]) -> list[Document]:
        filled = [e for e in elements if e.get("value")]
        typed = [e for e in filled if fold(e.get("type", "")) == fold(only)]
        typed.sort(key=lambda e: e.get("primary") is not True)
        for chosen in (*typed, *(e for e in filled if not e.get("type"))):
            complete = {"primary": True, **chosen, "type": only}
            return [{name: complete[name] for name in names if name in complete}]
        return []

    return keep
