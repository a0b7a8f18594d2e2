"""Attribute definitions (RFC 7643 §2 and §7), read from schema documents."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.values import KeyFunction, binary_key, datetime_key, exact, fold

JSON = Any
"""A value as JSON gives it: dict, list, str, int, float, bool or None."""

Document = dict[str, JSON]
"""A JSON object."""

OUTSIDE = ("external", "uri")
"""What referenceTypes can name beside the types of resources (RFC 7643 §7)."""


class Type(StrEnum):
    """RFC 7643 §2.3."""

    STRING = "string"
    BOOLEAN = "boolean"
    DECIMAL = "decimal"
    INTEGER = "integer"
    DATETIME = "dateTime"
    BINARY = "binary"
    REFERENCE = "reference"
    COMPLEX = "complex"


class Mutability(StrEnum):
    """RFC 7643 §7: who may change the value, and when."""

    READ_ONLY = "readOnly"
    READ_WRITE = "readWrite"
    IMMUTABLE = "immutable"
    WRITE_ONLY = "writeOnly"


class Returned(StrEnum):
    """RFC 7643 §7: when the value is in a response."""

    ALWAYS = "always"
    NEVER = "never"
    DEFAULT = "default"
    REQUEST = "request"


class Uniqueness(StrEnum):
    """RFC 7643 §7: among which resources a value may occur once."""

    NONE = "none"
    SERVER = "server"
    GLOBAL = "global"


class Source(StrEnum):
    """Where a value lives: in the stored document, or computed when the resource is read."""

    DOCUMENT = "document"
    RESOURCE = "resource"
    """`id` and `meta`: kept beside the document."""
    MEMBERS = "members"
    """Membership rows, read from the group."""
    GROUPS = "groups"
    """The same rows, read from the member."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a schema with its characteristics (RFC 7643 §7)."""

    name: str
    type: Type = Type.STRING
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: Mutability = Mutability.READ_WRITE
    returned: Returned = Returned.DEFAULT
    uniqueness: Uniqueness = Uniqueness.NONE
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple["Attribute", ...] = ()
    source: Source = Source.DOCUMENT
    stored: bool = True
    """False: a name of RFC 7643 that the profile leaves out. It is accepted and dropped, and has no value."""
    served: bool = True
    """False: no schema that is served lists it. It is one of RFC 7643, and not stored."""
    indexed: bool = False
    """Backends keep an index from its comparison key to the resources that hold it."""
    indexed_values: tuple[JSON, ...] = ()
    """Values that few resources hold, and that alone are in the index; empty: all are."""
    default: JSON = None
    max_length: int | None = None
    """In characters."""
    only_type: str | None = None
    """Multi-valued: the profile keeps one element, whose `type` is this one; `primary` is true unless it says false."""
    follows: str | None = None
    """Part of a reference: it has the value that the resource at the other end has of the attribute of this name."""
    description: str = field(default="", compare=False, repr=False)
    canonical_values: tuple[JSON, ...] = field(default=(), compare=False, repr=False)
    """Suggestions: other values are taken too."""
    by_name: Mapping[str, "Attribute"] = field(default_factory=dict, compare=False, repr=False)
    """Sub-attributes by lower-case name."""

    @property
    def key(self) -> KeyFunction:
        """The function from a value to its comparison key, by type and caseExact."""
        match self.type:
            case Type.DATETIME:
                return datetime_key
            case Type.BINARY:
                return binary_key
            case Type.STRING if not self.case_exact:
                return fold
            case _:
                return exact

    @property
    def refers_to(self) -> tuple[str, ...]:
        """Of a complex attribute whose `value` is the id of a resource: the types that it can be of (§2.3.7)."""
        reference = self.by_name.get("$ref")
        if reference is None or "value" not in self.by_name:
            return ()
        return tuple(name for name in reference.reference_types if name not in OUTSIDE)

    def sub(self, name: str) -> "Attribute | None":
        """Return the sub-attribute of that name, in any letter case."""
        return self.by_name.get(name.lower())


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
    if parent and "x-default" in document:
        yield "x-default belongs to whole attributes, not to a part of one"


def _hint(name: str) -> str:
    return "".join(f" (did you mean {near}?)" for near in get_close_matches(name, CHARACTERISTICS, 1))


def with_subs(attribute: Attribute, subs: Iterable[Attribute]) -> Attribute:
    """Return a copy that has these sub-attributes."""
    subs = tuple(subs)
    return replace(attribute, sub_attributes=subs, by_name={sub.name.lower(): sub for sub in subs})


def unstored(attribute: Attribute) -> Attribute:
    """Return a copy that is known and not stored, sub-attributes included."""
    return with_subs(
        replace(
            attribute,
            stored=False,
            served=False,
            required=False,
            uniqueness=Uniqueness.NONE,
            indexed=False,
            default=None,
        ),
        map(unstored, attribute.sub_attributes),
    )


def merge_standard(own: Iterable[Attribute], standard: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Return `own` with whatever `standard` has beyond it, marked as not stored."""
    mine = {attribute.name.lower(): attribute for attribute in own}
    merged = dict(mine)
    for attribute in standard:
        known = mine.get(attribute.name.lower())
        if known is None:
            merged[attribute.name.lower()] = unstored(attribute)
        elif attribute.sub_attributes:
            merged[attribute.name.lower()] = with_subs(
                known, merge_standard(known.sub_attributes, attribute.sub_attributes)
            )
    return tuple(merged.values())
