"""Readers of multi-valued attributes (RFC 7643 §2.4), and of the members of groups."""

import math
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import orjson

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema.attribute import JSON, Attribute, Document
from flask_bsr_scim.schema.names import folded, make_sub_check
from flask_bsr_scim.schema.scalars import Reader, make_scalar_reader, wrong
from flask_bsr_scim.schema.values import fold


def make_list_reader(attribute: Attribute, path: str, one: Reader) -> Reader:
    """Return the reader of a multi-valued attribute from that of one value."""
    tidy = _make_only_reader(attribute) if attribute.only_type else _tidy

    def read(raw: JSON) -> list[Any] | None:
        values = [value for e in elements_of(raw, path, attribute) if e is not None and (value := one(e)) is not None]
        if len(values) > 1:
            _check_primaries(values, path)
        return tidy(values) or None

    return read


def elements_of(raw: JSON, path: str, attribute: Attribute) -> list[JSON]:
    """Return the elements of a list; one value may stand for the list of it."""
    if isinstance(raw, list):
        return raw
    if not tolerates(Tolerance.SINGLE_VALUE_FOR_LIST):
        raise wrong(path, "a list", raw, attribute)
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
        filled = [e for e in elements if e.get("value", "").strip()]
        typed = [e for e in filled if fold(e.get("type", "")) == fold(only)]
        typed.sort(key=lambda e: e.get("primary") is not True)
        for chosen in (*typed, *(e for e in filled if not e.get("type"))):
            complete = {"primary": True, **chosen, "type": only}
            return [{name: complete[name] for name in names if name in complete}]
        return []

    return keep


def make_member_id_reader(attribute: Attribute) -> Reader:
    """Return the reader of a group's members: their ids, each once, as a tuple. A bare string is an id too."""
    value = attribute.by_name["value"]
    read_id = make_scalar_reader(replace(value, required=True), f"{attribute.name}.value")
    check = make_sub_check(attribute, attribute.name)

    def id_of(element: JSON) -> str:
        value = element
        if isinstance(element, dict):
            value = element.get("value") or folded(element, attribute.name).get("value")
            if value is None:
                raise InvalidValue(
                    f"{attribute.name}.value is missing in one of them; send there the id of the member."
                )
        elif isinstance(element, str) and not tolerates(Tolerance.BARE_VALUE):
            raise wrong(attribute.name, "a list of objects with a value", element)
        found: str = read_id(value)
        return found

    def read(raw: JSON) -> tuple[str, ...]:
        elements = elements_of(raw, attribute.name, attribute)
        names = set[str]().union(*(e for e in elements if isinstance(e, dict)))
        check({name.lower() for name in names}, names)
        ids = _ordinary(elements, value.max_length or math.inf)
        return tuple(dict.fromkeys(id_of(e) for e in elements if e is not None) if ids is None else ids)

    return read


def _ordinary(elements: list[Any], limit: float) -> Collection[str] | None:
    """Return the ids of members that all look as most do, which one look at all of them tells; else None."""
    try:
        ids = dict.fromkeys([element["value"] for element in elements])
    except (KeyError, TypeError):
        return None
    if set(map(type, ids)) != {str} or "" in ids or max(map(len, ids)) > limit:
        return None
    text = "".join(ids)
    return ids if text.isascii() and text.isprintable() and " " not in text else None
