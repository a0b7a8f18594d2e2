"""Schemas and resource types (RFC 7643 §6 and §7), and how the name of an attribute is resolved in one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_bsr_scim.dialects import Speech, Tolerance, tolerates
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.attribute import (
    JSON,
    Attribute,
    Document,
    Mutability,
    Returned,
    Source,
    Type,
    Uniqueness,
    make_attributes,
    merge_standard,
)
from flask_bsr_scim.schema.scalars import shown

SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"
RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"

_TEXTS = (Type.STRING, Type.REFERENCE, Type.BINARY)
_OF_TEXTS = ("caseExact", "uniqueness")
_DEFAULTS = {
    "name": "",
    "type": "string",
    "multiValued": False,
    "description": "",
    "required": False,
    "caseExact": False,
    "mutability": "readWrite",
    "returned": "default",
    "uniqueness": "none",
}
"""Of the characteristics (RFC 7643 §7)."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its URN and attributes, and the document from which both came."""

    id: str
    name: str
    attributes: tuple[Attribute, ...]
    document: Document = field(compare=False, repr=False)

    def public_document(self) -> Document:
        """Return the schema as /Schemas serves it, without this project's own members."""
        definitions = [_public(definition) for definition in self.document["attributes"]]
        return {"schemas": [SCHEMA_URN], **_without_private(self.document), "attributes": definitions}


def _public(definition: Document, returned: str = Returned.DEFAULT) -> Document:
    """Return a definition with every characteristic that its type has, so that clients need to know no defaults (§7).

    :param returned: the default.
    """
    if definition.get("mutability") == Mutability.WRITE_ONLY:
        returned = Returned.NEVER
    is_text = definition.get("type", Type.STRING) in _TEXTS
    defaults = {name: value for name, value in _DEFAULTS.items() if is_text or name not in _OF_TEXTS}
    whole = {**defaults, "returned": returned, **_without_private(definition)}
    below = whole["returned"] if whole["returned"] == Returned.NEVER else Returned.DEFAULT
    subs = [_public(sub, below) for sub in definition.get("subAttributes", ())]
    return {**whole, "subAttributes": subs} if subs else whole


def _without_private(document: Document) -> Document:
    return {name: value for name, value in document.items() if not name.startswith("x-")}


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
        found = _resolve_in(self.core, None, lower) or next(
            filter(None, (_resolve_in(attributes, urn, lower) for urn, attributes in self._by_extension())), None
        )
        if found is not None and found.extension is not None and not tolerates(Tolerance.MISSING_URN):
            return None
        return found

    def lacks(self, name: str) -> str:
        """Return the sentence that says that no attribute has a name, and which one was meant if that can be told."""
        with Speech():
            meant = self.resolve(name)
        return f"{self.name} has no attribute {shown(name)}" + (f"; send {meant}." if meant else ".")

    def serves(self, target: AttributePath) -> bool:
        """Tell whether a schema that is served defines what a path names, so that the profile does not leave it out."""
        if target.extension is not None and not self.by_urn[target.extension.lower()].served:
            return False
        return all(part is None or part.served for part in (target.attribute, target.sub))

    def _resolve_urn(self, lower: str) -> AttributePath | None:
        """Return what is named with an URN; where one URN begins with another, the longer one is meant."""
        schemas = [(self.schema.id, None, self.core), *((urn, urn, known) for urn, known in self._by_extension())]
        for base, urn, attributes in sorted(schemas, key=lambda schema: -len(schema[0])):
            if lower == base.lower() and urn:
                return AttributePath(urn, None)
            if lower.startswith(f"{base.lower()}:"):
                return _resolve_in(attributes, urn, lower[len(base) + 1 :])
        return None

    def _by_extension(self) -> Iterator[tuple[str, Mapping[str, Attribute]]]:
        for extension in self.extensions:
            yield extension.schema.id, {a.name.lower(): a for a in extension.schema.attributes}

    def paths(self) -> Iterator[AttributePath]:
        """Yield every attribute, those of extensions that the profile leaves out excepted."""
        for attribute in self.core.values():
            yield AttributePath(None, attribute)
        for extension in self.extensions:
            if extension.served:
                yield from (AttributePath(extension.schema.id, a) for a in extension.schema.attributes)

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
    for path in resource_type.paths():
        for sub in (None, *path.leaf.sub_attributes):
            target = AttributePath(path.extension, path.attribute, sub)
            leaf, unique = target.leaf, target.leaf.uniqueness is not Uniqueness.NONE
            # Whoever refers to a resource has to be found when it ends.
            refers = sub is not None and sub.name == "value" and path.leaf.refers_to
            if target.stored and path.leaf.source is Source.DOCUMENT and (unique or leaf.indexed or refers):
                only = frozenset(map(leaf.key, leaf.indexed_values))
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
