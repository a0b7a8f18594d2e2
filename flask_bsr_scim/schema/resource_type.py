"""Schemas and resource types (RFC 7643 §6 and §7), and how the name of an attribute is resolved in one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.attribute import (
    JSON,
    Attribute,
    Document,
    Source,
    Uniqueness,
    make_attributes,
    merge_standard,
)

SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its URN and attributes, and the document from which both came."""

    id: str
    name: str
    attributes: tuple[Attribute, ...]
    document: Document = field(compare=False, repr=False)

    def public_document(self) -> Document:
        """Return the schema as /Schemas serves it, without this project's own members."""
        return {"schemas": [SCHEMA_URN], **_without_private(self.document)}


def _without_private(value: JSON) -> Any:
    if isinstance(value, dict):
        return {k: _without_private(v) for k, v in value.items() if not k.startswith("x-")}
    return [_without_private(item) for item in value] if isinstance(value, list) else value


def make_schema(document: Document, standard: Document | None = None) -> Schema:
    """Read a schema; what `standard` (a schema document too) has beyond it is known and not stored.

    :raises ConfigurationError: it lacks its URN, name or attributes, or the definition of an attribute is wrong.
    """
    for member in ("id", "name", "attributes"):
        if member not in document:
            raise ConfigurationError(f"schema {document.get('id')!r}: {member} is missing")
    try:
        own = make_attributes(document["attributes"])
    except ConfigurationError as error:
        raise ConfigurationError(f"schema {document['id']!r}, {error}") from None
    if standard is not None:
        own = merge_standard(own, make_attributes(standard["attributes"]))
    return Schema(document["id"], document["name"], own, document)


@dataclass(frozen=True, slots=True)
class Extension:
    """A schema whose values a resource holds under the schema's URN (RFC 7643 §3.3)."""

    schema: Schema
    required: bool = False
    served: bool = True
    """False: the profile leaves the whole extension out; its values are accepted and dropped."""


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
    def stored(self) -> bool:
        """Whether the profile keeps values there."""
        return self.attribute is None or (self.attribute.stored and self.leaf.stored)

    def __str__(self) -> str:
        if self.attribute is None:
            return self.extension or ""
        name = f"{self.attribute.name}.{self.sub.name}" if self.sub else self.attribute.name
        return f"{self.extension}:{name}" if self.extension else name


@dataclass(frozen=True, slots=True)
class IndexedAttribute:
    """An attribute that backends keep an index of: unique, or marked as indexed.

    `name` is that of the index in a tenant, as `User.emails.value`; `path` the SCIM path, as `emails.value`.
    """

    name: str
    path: str
    target: AttributePath
    unique: bool
    only: frozenset[Any] = frozenset()
    """The keys that are in the index, when not all are."""

    @property
    def form(self) -> str:
        """How the index is kept; an index that was kept in another form has to be made anew."""
        return f"{'unique' if self.unique else 'plain'} {sorted(self.only)}"

    def is_same(self, before: Mapping[str, JSON], after: Mapping[str, JSON]) -> bool:
        """Tell whether two documents surely have the same keys, without looking at each."""
        top = self.target.extension or (self.target.attribute.name if self.target.attribute else "")
        return before.get(top) == after.get(top)

    def has(self, key: Any) -> bool:
        """Tell whether the resources that hold a key are in the index."""
        return not self.only or key in self.only

    def keys(self, document: Mapping[str, JSON]) -> dict[Any, Any]:
        """Return the comparison keys of the values in a document that the index has, each with a value that has it."""
        key = self.target.leaf.key
        keys = {key(value): value for value in values_at(document, self.target)}
        return {key: value for key, value in keys.items() if key in self.only} if self.only else keys


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource (RFC 7643 §6): a core schema, extensions, and the endpoint where it is served.

    An `endpoint` of "" keeps the type inside: it is stored like any other and not exposed over SCIM.
    """

    name: str
    endpoint: str
    description: str
    schema: Schema
    extensions: tuple[Extension, ...] = ()
    common: tuple[Attribute, ...] = ()
    """The attributes of every resource: schemas, id, externalId, meta (RFC 7643 §3.1)."""
    core: Mapping[str, Attribute] = field(init=False, compare=False, repr=False)
    """Core and common attributes by lower-case name."""
    by_urn: Mapping[str, Extension] = field(init=False, compare=False, repr=False)
    """Extensions by lower-case URN."""
    indexed: tuple[IndexedAttribute, ...] = field(init=False, compare=False, repr=False)
    members: Attribute | None = field(init=False, compare=False, repr=False)
    """The attribute whose values are membership rows, read from this side."""
    groups: Attribute | None = field(init=False, compare=False, repr=False)
    """The attribute that shows the memberships of a resource of this type."""

    def __post_init__(self) -> None:
        core = {attribute.name.lower(): attribute for attribute in (*self.common, *self.schema.attributes)}
        for name, value in (
            ("core", core),
            ("by_urn", {extension.schema.id.lower(): extension for extension in self.extensions}),
            ("members", _first(core.values(), Source.MEMBERS)),
            ("groups", _first(core.values(), Source.GROUPS)),
        ):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "indexed", tuple(_indexed(self)))

    def resolve(self, name: str) -> AttributePath | None:
        """Return what a name means here: `userName`, `name.familyName`, `urn:…:User:userName`, a bare extension URN.

        Letter case does not matter (RFC 7644 §3.10). Entra names `manager` without its URN, so a name that the core
        schema does not have may be one of an extension. None: no schema of this type defines it.
        """
        lower = name.lower()
        if lower.startswith("urn:"):
            return self._resolve_urn(lower)
        return _resolve_in(self.core, None, lower) or next(
            filter(None, (_resolve_in(attributes, urn, lower) for urn, attributes in self._by_extension())), None
        )

    def _resolve_urn(self, lower: str) -> AttributePath | None:
        base = self.schema.id.lower()
        if lower.startswith(base + ":"):
            return _resolve_in(self.core, None, lower[len(base) + 1 :])
        for urn, attributes in self._by_extension():
            if lower == urn.lower():
                return AttributePath(urn, None)
            if lower.startswith(f"{urn.lower()}:"):
                return _resolve_in(attributes, urn, lower[len(urn) + 1 :])
        return None

    def _by_extension(self) -> Iterator[tuple[str, Mapping[str, Attribute]]]:
        for extension in self.extensions:
            yield extension.schema.id, {a.name.lower(): a for a in extension.schema.attributes}

    def public_document(self) -> Document:
        """Return the resource type as /ResourceTypes serves it, `meta` apart."""
        served = [e for e in self.extensions if e.served]
        return {
            "schemas": [RESOURCE_TYPE_URN],
            "id": self.name,
            "name": self.name,
            "endpoint": self.endpoint,
            "description": self.description,
            "schema": self.schema.id,
            "schemaExtensions": [{"schema": e.schema.id, "required": e.required} for e in served],
        }


def _first(attributes: Iterable[Attribute], source: Source) -> Attribute | None:
    return next((attribute for attribute in attributes if attribute.source is source), None)


def _resolve_in(attributes: Mapping[str, Attribute], urn: str | None, lower: str) -> AttributePath | None:
    name, dot, rest = lower.partition(".")
    attribute = attributes.get(name)
    if attribute is None:
        return None
    if not dot:
        return AttributePath(urn, attribute)
    sub = attribute.by_name.get(rest)
    return None if sub is None else AttributePath(urn, attribute, sub)


def _indexed(resource_type: ResourceType) -> Iterator[IndexedAttribute]:
    for urn, attributes in (
        (None, tuple(resource_type.core.values())),
        *((e.schema.id, e.schema.attributes) for e in resource_type.extensions),
    ):
        for attribute in attributes:
            for sub in (None, *attribute.sub_attributes):
                target = AttributePath(urn, attribute, sub)
                unique = target.leaf.uniqueness is not Uniqueness.NONE
                if target.stored and target.leaf.source is Source.DOCUMENT and (unique or target.leaf.indexed):
                    only = frozenset(map(target.leaf.key, target.leaf.indexed_values))
                    yield IndexedAttribute(f"{resource_type.name}.{target}", str(target), target, unique, only)


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


class TypeRegistry:
    """The resource types of one service, by name and by endpoint.

    :raises ConfigurationError: two types share a name or endpoint, or two schemas with one URN differ.
    """

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self.by_name: dict[str, ResourceType] = {}
        self.by_endpoint: dict[str, ResourceType] = {}
        self.schemas: dict[str, Schema] = {}
        for resource_type in types:
            self._add(resource_type)

    def _add(self, resource_type: ResourceType) -> None:
        if resource_type.name in self.by_name:
            raise ConfigurationError(f"two resource types are named {resource_type.name!r}")
        self.by_name[resource_type.name] = resource_type
        if not resource_type.endpoint:
            return
        if resource_type.endpoint in self.by_endpoint:
            raise ConfigurationError(f"two resource types have the endpoint {resource_type.endpoint!r}")
        self.by_endpoint[resource_type.endpoint] = resource_type
        for schema in (resource_type.schema, *(e.schema for e in resource_type.extensions if e.served)):
            if self.schemas.setdefault(schema.id, schema).document != schema.document:
                raise ConfigurationError(f"two schemas have the URN {schema.id!r}")

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self.by_name.values())

    @property
    def exposed(self) -> tuple[ResourceType, ...]:
        """The types that are served over SCIM."""
        return tuple(self.by_endpoint.values())
