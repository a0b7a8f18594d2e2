"""Attribute definitions as schema documents have them (RFC 7643 §7): what is valid, and how they become attributes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.attribute import (
    JSON,
    Attribute,
    Mutability,
    Returned,
    Source,
    Type,
    Uniqueness,
    with_subs,
)


class _Form(NamedTuple):
    """What the value of a characteristic may be."""

    valid: str
    fits: Callable[[JSON], bool]


def _one_of(values: type[StrEnum]) -> _Form:
    return _Form(f"one of {', '.join(values)}", lambda value: value in tuple(values))


_FLAG = _Form("one of true, false", lambda value: isinstance(value, bool))
_STRING = _Form("a string", lambda value: isinstance(value, str))
_LIST = _Form("a list", lambda value: isinstance(value, list | tuple))
_STRINGS = _Form("a list of strings", lambda value: _LIST.fits(value) and all(map(_STRING.fits, value)))
_LENGTH = _Form("a positive integer", lambda value: type(value) is int and value > 0)
_ANYTHING = _Form("a value", lambda _: True)

_NAME_RULE = re.compile(r"[A-Za-z][A-Za-z0-9$_-]*|\$ref")
"""RFC 7643 §2.1, and the one name in the RFC that breaks it."""

_NAME = _Form(
    "a letter, and letters, digits, '-', '_' or '$' behind it",
    lambda value: isinstance(value, str) and _NAME_RULE.fullmatch(value) is not None,
)

CHARACTERISTICS: Mapping[str, _Form] = {
    "name": _NAME,
    "type": _one_of(Type),
    "subAttributes": _LIST,
    "multiValued": _FLAG,
    "description": _STRING,
    "required": _FLAG,
    "canonicalValues": _LIST,
    "caseExact": _FLAG,
    "mutability": _one_of(Mutability),
    "returned": _one_of(Returned),
    "uniqueness": _one_of(Uniqueness),
    "referenceTypes": _STRINGS,
    "x-source": _one_of(Source),
    "x-stored": _FLAG,
    "x-indexed": _FLAG,
    "x-indexedValues": _LIST,
    "x-default": _ANYTHING,
    "x-maxLength": _LENGTH,
    "x-onlyType": _STRING,
    "x-follows": _NAME,
    "x-exported": _FLAG,
}
"""What a definition can hold (RFC 7643 §7, and our own)."""


def make_attributes(documents: Iterable[JSON], parent: str = "") -> tuple[Attribute, ...]:
    """Read several definitions; errors as in :func:`make_attribute`.

    :raises ConfigurationError: two have one name.
    """
    found: dict[str, Attribute] = {}
    for document in documents:
        attribute = make_attribute(document, parent)
        if found.setdefault(attribute.name.lower(), attribute) is not attribute:
            raise ConfigurationError(f"attribute {parent + attribute.name!r}: there is another one of this name")
    return tuple(found.values())


def make_attribute(document: JSON, parent: str = "") -> Attribute:
    """Read one attribute definition; `x-` members are this project's own and are never served.

    :param parent: of a sub-attribute: the name of its attribute, and a dot.
    :raises ConfigurationError: the definition breaks RFC 7643 §2.1 or §7; the message lists what is valid.
    """
    _check(document, parent)
    secret = document.get("mutability") == Mutability.WRITE_ONLY
    attribute = Attribute(
        name=document["name"],
        type=Type(document.get("type", "string")),
        multi_valued=document.get("multiValued", False),
        required=document.get("required", False),
        case_exact=document.get("caseExact", False),
        mutability=Mutability(document.get("mutability", "readWrite")),
        returned=Returned(document.get("returned", "never" if secret else "default")),
        uniqueness=Uniqueness(document.get("uniqueness", "none")),
        reference_types=tuple(document.get("referenceTypes", ())),
        source=Source(document.get("x-source", "document")),
        stored=document.get("x-stored", True),
        indexed=document.get("x-indexed", False),
        indexed_values=tuple(document.get("x-indexedValues", ())),
        default=document.get("x-default"),
        max_length=document.get("x-maxLength"),
        only_type=document.get("x-onlyType"),
        follows=document.get("x-follows"),
        exported=document.get("x-exported", True),
        description=document.get("description", ""),
        canonical_values=tuple(document.get("canonicalValues", ())),
    )
    subs = make_attributes(document.get("subAttributes", ()), f"{parent}{attribute.name}.")
    if attribute.returned is Returned.NEVER:
        subs = tuple(replace(sub, returned=Returned.NEVER) for sub in subs)
    return with_subs(attribute, subs)


def _check(document: JSON, parent: str) -> None:
    if not isinstance(document, Mapping):
        raise ConfigurationError(f"attribute {document!r}: its definition must be an object")
    name = document.get("name")
    if fault := next(chain(_faults({"name": name, **document}), _contradictions(document, parent)), None):
        raise ConfigurationError(f"attribute {f'{parent}{name}'!r}: {fault}")


def _faults(document: Mapping[str, JSON]) -> Iterator[str]:
    for name, value in document.items():
        form = CHARACTERISTICS.get(name)
        if form is None:
            yield f"{name!r} is no characteristic{_hint(name)}; there are {', '.join(CHARACTERISTICS)}"
        elif not form.fits(value):
            yield f"{name} is {value!r}; it must be {form.valid}"


def _contradictions(document: Mapping[str, JSON], parent: str) -> Iterator[str]:
    """Yield what one characteristic says against another; each by itself is right."""
    is_complex = document.get("type") == Type.COMPLEX
    if is_complex is not bool(document.get("subAttributes")):
        yield "type 'complex' and subAttributes go together"
    if document.get("mutability") == Mutability.WRITE_ONLY and document.get("returned", "never") != Returned.NEVER:
        yield "mutability is 'writeOnly', so returned must be 'never'"
    is_indexed = document.get("x-indexed") or document.get("uniqueness", Uniqueness.NONE) != Uniqueness.NONE
    if document["name"] == "$ref" and is_indexed:
        yield "clients see it with the base URL, which no index has: let value be indexed or unique instead"
    for name in ("x-default", "x-exported"):
        if parent and name in document:
            yield f"{name} belongs to whole attributes, not to a part of one"


def _hint(name: str) -> str:
    return "".join(f" (did you mean {near}?)" for near in get_close_matches(name, CHARACTERISTICS, 1))
