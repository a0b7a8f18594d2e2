"""Attributes as requests name them, bound to their definitions (RFC 7644 §3.10)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_bsr_scim.schema.attribute import JSON, Attribute


@dataclass(frozen=True, slots=True)
class AttributePath:
    """An attribute as a request names it, bound to its definition.

    `extension` is the URN under which the value lies, None for the core schema and inside a value path. `attribute`
    is None when the path is a bare extension URN. `sub` is the sub-attribute, if the path names one.
    """

    extension: str | None
    attribute: Attribute | None
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute:
        """The definition at the end of the path; only for paths that name an attribute."""
        leaf = self.sub or self.attribute
        assert leaf is not None
        return leaf

    @property
    def top(self) -> str:
        """The member of a resource in which the value lies: an URN, or the name of an attribute."""
        return self.extension or (self.attribute.name if self.attribute else "")

    @property
    def stored(self) -> bool:
        """Whether the profile keeps values there."""
        return self.attribute is None or (self.attribute.stored and self.leaf.stored)

    def __str__(self) -> str:
        if self.attribute is None:
            return self.extension or ""
        name = f"{self.attribute.name}.{self.sub.name}" if self.sub else self.attribute.name
        return f"{self.extension}:{name}" if self.extension else name


def resolve_in(attributes: Mapping[str, Attribute], urn: str | None, lower: str) -> AttributePath | None:
    """Return what a name in lower case, as `name.familyname`, means among the attributes of one schema."""
    name, dot, rest = lower.partition(".")
    attribute = attributes.get(name)
    if attribute is None:
        return None
    if not dot:
        return AttributePath(urn, attribute)
    sub = attribute.by_name.get(rest)
    return None if sub is None else AttributePath(urn, attribute, sub)


def values_at(document: Mapping[str, JSON], target: AttributePath) -> Iterator[Any]:
    """Yield the values in a document at a bound path: each element of a multi-valued attribute on its own."""
    node: Any = document if target.extension is None else document.get(target.extension) or {}
    if target.attribute is None:
        yield node
        return
    value = node.get(target.attribute.name)
    for element in value if isinstance(value, list) else (value,):
        if element is None:
            continue
        if target.sub is None:
            yield element
        elif isinstance(element, dict) and element.get(target.sub.name) is not None:
            found = element[target.sub.name]
            yield from found if isinstance(found, list) else (found,)
