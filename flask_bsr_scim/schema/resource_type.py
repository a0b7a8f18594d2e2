"""Resource types (RFC 7643 §6), and how the name of an attribute is resolved in one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from flask_bsr_scim.dialects import Speech, Tolerance, tolerates
from flask_bsr_scim.errors import shown
from flask_bsr_scim.schema.attribute import Attribute, Document, Source
from flask_bsr_scim.schema.indexed import IndexedAttribute, indexed_attributes
from flask_bsr_scim.schema.paths import AttributePath, resolve_in
from flask_bsr_scim.schema.schema import Schema

RESOURCE_TYPE_URN = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"


@dataclass(frozen=True, slots=True)
class Extension:
    """A schema whose values a resource holds under the schema's URN (RFC 7643 §3.3)."""

    schema: Schema
    required: bool = False
    served: bool = True
    """False: the profile leaves the whole extension out; its values are accepted and dropped."""


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
        object.__setattr__(self, "indexed", tuple(indexed_attributes(self.name, self.paths())))

    def resolve(self, name: str) -> AttributePath | None:
        """Return what a name means here: `userName`, `name.familyName`, `urn:…:User:userName`, a bare extension URN.

        Letter case does not matter (RFC 7644 §3.10). Entra names `manager` without its URN, so a name that the core
        schema does not have may be one of an extension. None: no schema of this type defines it.
        """
        lower = name.lower()
        if lower.startswith("urn:"):
            return self._resolve_urn(lower)
        found = resolve_in(self.core, None, lower) or next(
            filter(None, (resolve_in(attributes, urn, lower) for urn, attributes in self._by_extension())), None
        )
        if found is not None and found.extension is not None and not tolerates(Tolerance.MISSING_URN):
            return None
        return found

    def lacks(self, name: str) -> str:
        """Return the sentence that says that no attribute has a name, and which one was meant if that can be told."""
        with Speech():
            meant = self.resolve(name)
        # Behind the URN, which can be long, stands what the administrator has to look for.
        return f"{self.name} has no attribute {shown(name, length=100)}" + (f"; send {meant}." if meant else ".")

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
                return resolve_in(attributes, urn, lower[len(base) + 1 :])
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
