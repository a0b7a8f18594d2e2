"""References to resources: complex attributes whose `value` is an id, as `manager` (RFC 7643 §2.3.7)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_bsr_scim.schema.attribute import JSON, Document, Source
from flask_bsr_scim.schema.paths import AttributePath, values_at
from flask_bsr_scim.schema.resource_type import ResourceType
from flask_bsr_scim.schema.type_registry import TypeRegistry


@dataclass(frozen=True, slots=True)
class Reference:
    """A complex attribute of a type whose `value` is the id of a resource."""

    type: str
    target: AttributePath
    endpoints: Mapping[str, str]
    """Of the types of resources to which it can lead, by their names."""
    follows: Mapping[str, str]
    """The attributes of the other end, by the parts that show them."""
    computed: frozenset[str]
    """The parts that follow from `value`."""

    @property
    def value(self) -> AttributePath:
        """Where the ids lie."""
        return AttributePath(self.target.extension, self.target.attribute, self.target.leaf.sub("value"))

    def led(self, element: Document, type_name: str, other: Document) -> Document:
        """Return a value of the attribute as it leads to a resource."""
        parts = {part: other[name] for part, name in self.follows.items() if name in other}
        parts |= {"type": type_name, "$ref": f"{self.endpoints[type_name]}/{other['id']}"}
        return self.kept(element, parts)

    def kept(self, element: Document, before: Document) -> Document:
        """Return a value of the attribute with the computed parts of another one."""
        own = {name: value for name, value in element.items() if name not in self.computed}
        return own | {name: value for name, value in before.items() if name in self.computed}

    def written(self, document: Document, elements: Sequence[Document]) -> Document:
        """Return a document that has these values of the attribute; an extension without any value goes."""
        value: JSON = list(elements) if self.target.leaf.multi_valued else next(iter(elements), None)
        urn = self.target.extension
        if urn is None:
            return _with(document, self.target.leaf.name, value)
        holder = _with(document.get(urn, {}), self.target.leaf.name, value)
        schemas = [schema for schema in document["schemas"] if holder or schema != urn]
        return {**_with(document, urn, holder), "schemas": schemas}


def references_of(resource_type: ResourceType, types: TypeRegistry) -> Iterator[Reference]:
    """Yield the references of a type that lead to resources of exposed types."""
    for target in resource_type.paths():
        attribute = target.leaf
        endpoints = {t.name: t.endpoint for t in types.exposed if t.name in attribute.refers_to}
        if target.stored and attribute.source is Source.DOCUMENT and endpoints:
            follows = {sub.name: sub.follows for sub in attribute.sub_attributes if sub.follows}
            typed = ("type",) if len(endpoints) > 1 and attribute.sub("type") else ()
            yield Reference(resource_type.name, target, endpoints, follows, frozenset(("$ref", *typed, *follows)))


def by_id(document: Mapping[str, JSON], reference: Reference) -> dict[str | None, Document]:
    """Return the values of a reference by their ids; what has none stands for itself."""
    return {element.get("value"): element for element in values_at(document, reference.target)}


def _with(document: Document, name: str, value: JSON) -> Document:
    rest = {key: held for key, held in document.items() if key != name}
    return {**document, name: value} if value else rest
