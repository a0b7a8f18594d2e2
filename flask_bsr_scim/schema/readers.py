"""Readers of whole attributes: objects, lists and what holds them together (RFC 7643 §2.3.8 and §2.4)."""

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidSyntax, InvalidValue, shown
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
    return _make_list_reader(attribute, path, one) if attribute.multi_valued else one


def make_element_reader(attribute: Attribute, path: str, rules: Rules) -> Reader:
    """Return the reader of one value of an attribute."""
    if attribute.type is Type.COMPLEX:
        return _make_complex_reader(attribute, path, rules)
    return make_scalar_reader(attribute, path)


def make_member_id_reader(attribute: Attribute) -> Reader:
    """Return the reader of a group's members: a list of `{"value": id}`, each id once; a bare string is an id."""
    read_id = make_scalar_reader(replace(attribute.by_name["value"], required=True), f"{attribute.name}.value")
    check = make_sub_check(attribute, attribute.name)

    def id_of(element: JSON) -> str:
        if isinstance(element, str) and not tolerates(Tolerance.BARE_VALUE):
            raise wrong(attribute.name, "a list of objects with a value", element)
        value = element.get("value") if isinstance(element, dict) else element
        if value is None and isinstance(element, dict):
            value = folded(element, attribute.name).get("value")
        found: str = read_id(value)
        return found

    def read(raw: JSON) -> list[Document]:
        elements = _elements(raw, attribute.name)
        check({name.lower() for name in set[str]().union(*(e for e in elements if isinstance(e, dict)))})
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


def read_object(members: Iterable[Member], raw: Document, path: str, check: "Check | None" = None) -> Document | None:
    """Return the values to store of an object, None when it has none.

    :raises InvalidSyntax: see :func:`folded`, and :data:`Check`.
    :raises InvalidValue: see :func:`read_members`.
    """
    if not raw:
        return None
    values = folded(raw, path)
    if check is not None:
        check(values.keys())
    return read_members(members, values) or None


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
            raise missing(path)
    return found


def missing(path: str) -> InvalidValue:
    """Return the error that says which required value is not there."""
    return InvalidValue(f"{path} is required and has no value. Map an attribute of the identity provider to it.")


Check = Callable[[AbstractSet[str]], None]
"""Takes the names of an object's members, in lower case, and notices those that no schema has.

:raises InvalidSyntax: the dialect does not tolerate one of them.
"""

_DEFAULT_SUB_ATTRIBUTES = frozenset({"type", "primary", "display", "value", "$ref"})
"""Of multi-valued attributes whose definition does not say otherwise (RFC 7643 §2.4)."""


def make_check(
    served: AbstractSet[str], left_out: AbstractSet[str], prefix: str, default: AbstractSet[str] = frozenset()
) -> Check:
    """Return the check of an object, from names in lower case.

    :param served: those of the schemas that are served.
    :param left_out: those of RFC 7643 that the profile leaves out.
    :param default: those that need no definition.
    """

    def check(names: AbstractSet[str]) -> None:
        if names <= served:
            return
        for name in sorted(names - served):
            _check_name(shown(prefix + name), name in default, name in left_out)

    return check


def _check_name(path: str, is_default: bool, is_left_out: bool) -> None:
    if is_default:
        tolerance, fault = Tolerance.UNLISTED_SUB_ATTRIBUTE, "is not in the schema"
    elif is_left_out:
        tolerance, fault = Tolerance.ATTRIBUTE_NOT_STORED, "is not stored here"
    else:
        tolerance, fault = Tolerance.UNKNOWN_ATTRIBUTE, "is in no schema of the resource"
    if not tolerates(tolerance):
        raise InvalidSyntax(f"The attribute {path} {fault}; leave it out of the request.")


def make_sub_check(attribute: Attribute, path: str) -> Check:
    """Return the check of the sub-attributes of a complex attribute."""
    served, left_out = names_of(attribute.sub_attributes, served=True), names_of(attribute.sub_attributes, served=False)
    return make_check(served, left_out, f"{path}.", _DEFAULT_SUB_ATTRIBUTES if attribute.multi_valued else frozenset())


def names_of(attributes: Iterable[Attribute], *, served: bool) -> frozenset[str]:
    """Return the names, in lower case, of the attributes that are served, or of those that are not."""
    return frozenset(a.name.lower() for a in attributes if a.served is served)


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
        raise wrong(path, "an object", raw)
    one = raw
    if isinstance(raw, list) and len(raw) == 1 and not attribute.multi_valued and tolerates(Tolerance.LIST_FOR_OBJECT):
        one = raw[0]
    if isinstance(one, dict):
        return one
    if isinstance(one, (str, int, float)) and tolerates(Tolerance.BARE_VALUE):
        return {"value": one}
    raise wrong(path, "an object with a value", raw)


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


def _make_list_reader(attribute: Attribute, path: str, one: Reader) -> Reader:
    tidy = _make_only_reader(attribute) if attribute.only_type else _tidy

    def read(raw: JSON) -> list[Any] | None:
        values = [value for e in _elements(raw, path) if e is not None and (value := one(e)) is not None]
        if len(values) > 1:
            _check_primaries(values, path)
        return tidy(values) or None

    return read


def _elements(raw: JSON, path: str) -> list[JSON]:
    if isinstance(raw, list):
        return raw
    if not tolerates(Tolerance.SINGLE_VALUE_FOR_LIST):
        raise wrong(path, "a list", raw)
    return [raw]


def _check_primaries(values: list[Any], path: str) -> None:
    if sum(map(_is_primary, values)) > 1 and not tolerates(Tolerance.SEVERAL_PRIMARIES):
        raise InvalidValue(f"{path} has several values that are primary; send one that is (RFC 7643 §2.4).")


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
