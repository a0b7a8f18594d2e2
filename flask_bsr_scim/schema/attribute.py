"""Attributes and their characteristics (RFC 7643 §2 and §7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

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
    exported: bool = True
    """False: the value stays in its store; whatever needs it elsewhere makes a new one."""
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


def with_subs(attribute: Attribute, subs: Iterable[Attribute]) -> Attribute:
    """Return a copy that has these sub-attributes."""
    subs = tuple(subs)
    return replace(attribute, sub_attributes=subs, by_name={sub.name.lower(): sub for sub in subs})
