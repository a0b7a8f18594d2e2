"""Bodies that work as they are, made of the definitions of a type."""

from collections.abc import Mapping

from flask_bsr_scim.bulk_messages import BULK_REQUEST, MARK
from flask_bsr_scim.messages import PATCH_OP, SEARCH_REQUEST
from flask_bsr_scim.openapi.queries import example_query
from flask_bsr_scim.openapi.resources import sent_resource
from flask_bsr_scim.openapi.served import Served
from flask_bsr_scim.schema import JSON, Attribute, Document, Mutability, ResourceType, Source, Type

_SHOWN = frozenset({"externalId", "active", "emails", "name"})
"""Attributes that an example has beside the required ones."""

_WELL_KNOWN: Mapping[str, JSON] = {
    "userName": "bob@example.com",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "formatted": "Bob Example",
    "givenName": "Bob",
    "familyName": "Example",
    "honorificPrefix": "Dr.",
    "honorificSuffix": "III",
    "middleName": "Robert",
    "emails.value": "bob@example.com",
    "displayName": "Engineering",
}

_BY_TYPE: Mapping[Type, JSON] = {
    Type.STRING: "example",
    Type.BOOLEAN: True,
    Type.DECIMAL: 1.5,
    Type.INTEGER: 1,
    Type.DATETIME: "2026-11-24T16:27:59Z",
    Type.BINARY: "ZXhhbXBsZQ==",
    Type.REFERENCE: "https://example.com/",
}


def resource(resource_type: ResourceType) -> Document:
    """Return the body of a POST or PUT."""
    schema = sent_resource(resource_type)
    extensions = {e.schema.id: e.schema for e in resource_type.extensions if e.required}
    values = {
        a.name: _value(a, a.name, schema["properties"][a.name])
        for a in resource_type.core.values()
        if a.name in schema["properties"] and a.name != "schemas" and (a.required or a.name in _SHOWN)
    }
    for urn, extension in extensions.items():
        below = schema["properties"][urn]["properties"]
        simple = [a for a in extension.attributes if a.name in below and a.type is not Type.COMPLEX]
        required = [a for a in extension.attributes if a.required]
        values[urn] = {a.name: _value(a, a.name, below[a.name]) for a in required or simple[:1]}
    return {"schemas": [resource_type.schema.id, *extensions], **values}


def patch(resource_type: ResourceType) -> Document:
    """Return the body of a PATCH that works on what :func:`resource` makes, and changes nothing else."""
    changeable = [a for a in resource_type.core.values() if a.mutability is Mutability.READ_WRITE]
    named = {a.name: a for a in changeable if a.source is Source.DOCUMENT and a.stored}
    name = next(name for name in ("active", "displayName", "externalId") if name in named)
    value = False if named[name].type is Type.BOOLEAN else resource(resource_type)[name]
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": name, "value": value}]}


def search() -> Document:
    """Return the body of a query."""
    return {"schemas": [SEARCH_REQUEST], **example_query()}


def bulk(served: Served) -> Document:
    """Return the body of a bulk job that creates a resource of each type, with those before it for members."""
    operations: list[Document] = []
    for resource_type in served.types.exposed:
        data = resource(resource_type)
        if resource_type.members is not None and (members := _members(resource_type, operations)):
            data[resource_type.members.name] = members
        path, bulk_id = resource_type.endpoint, resource_type.name
        operations.append({"method": "POST", "path": path, "bulkId": bulk_id, "data": data})
    return {"schemas": [BULK_REQUEST], "failOnErrors": 1, "Operations": operations}


def _members(resource_type: ResourceType, operations: list[Document]) -> list[Document]:
    assert resource_type.members is not None
    kinds = resource_type.members.by_name["$ref"].reference_types
    return [{"value": MARK + o["bulkId"]} for o in operations if o["bulkId"] in kinds]


def _value(attribute: Attribute, path: str, schema: Document) -> JSON:
    """Return a value that fits the schema of what is sent for an attribute."""
    one = schema["items"] if attribute.multi_valued else schema
    value = _object(attribute, path, one) if attribute.type is Type.COMPLEX else _scalar(attribute, path)
    return [value] if attribute.multi_valued else value


def _object(attribute: Attribute, path: str, schema: Document) -> Document:
    names = schema["properties"]
    return {s.name: _value(s, f"{path}.{s.name}", names[s.name]) for s in attribute.sub_attributes if s.name in names}


def _scalar(attribute: Attribute, path: str) -> JSON:
    known = _WELL_KNOWN.get(path, _WELL_KNOWN.get(attribute.name))
    if attribute.type is not Type.STRING:
        return _BY_TYPE[attribute.type]
    if attribute.canonical_values:
        return attribute.only_type or attribute.canonical_values[0]
    return (known or f"example of {attribute.name}")[: attribute.max_length]
