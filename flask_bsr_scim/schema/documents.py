"""Schema documents that a host adds to a profile: types of its own, and extensions (RFC 7643 §3.3 and §6)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.attribute import JSON, OUTSIDE, Attribute, Document, Returned, Type
from flask_bsr_scim.schema.paths import AttributePath
from flask_bsr_scim.schema.profile import common_attributes, discovery_schemas, make_resource_type
from flask_bsr_scim.schema.resource_type import Extension, ResourceType
from flask_bsr_scim.schema.schema import make_schema

_MEMBERS = ("schemas", "id", "name", "description", "attributes", "meta", "x-endpoint", "x-extends", "x-required")
"""Of a document: those of a Schema resource (RFC 7643 §7), and where it belongs."""

RESERVED = ("Bulk", "Me", "ResourceTypes", "Schemas", "ServiceProviderConfig", "openapi", "readiness")
"""First parts of paths that are the service's own."""

_URN = re.compile(r"(?i:urn):[A-Za-z0-9][A-Za-z0-9-]{1,30}(?::[A-Za-z0-9._+-]+)+")
_OF_MESSAGES = "urn:ietf:params:scim:api:"
_ENDPOINT = re.compile(r"(?:/[A-Za-z][A-Za-z0-9_-]*)+")
_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?")
_SHOWN = (Returned.ALWAYS, Returned.DEFAULT)


def with_schemas(types: Iterable[ResourceType], documents: Iterable[Document]) -> tuple[ResourceType, ...]:
    """Return resource types with what schema documents add to them.

    A document is a schema in the form of RFC 7643 §7. With `x-endpoint` it is the core schema of a resource type of the
    same name; with `x-extends` it is an extension of the type that is named there, a required one with `x-required`.

    :raises ConfigurationError: a document is wrong (see :func:`check_document`), or does not go with the others.
    """
    known = {t.name: t for t in types}
    documents = list(documents)
    for document in documents:
        check_document(document)
    for document in sorted(documents, key=_is_extension):
        if fault := next(_clashes(document, known), None):
            raise _wrong(document, fault)
        resource_type = _extended(document, known) if _is_extension(document) else _made(document)
        known[resource_type.name] = resource_type
    for document in documents:
        if fault := next(_loose_ends(document, known), None):
            raise _wrong(document, fault)
    return tuple(known.values())


def check_document(document: JSON) -> None:
    """Check a document by itself.

    :raises ConfigurationError: it is no schema, or says not where it belongs; the message says what would be right.
    """
    if not isinstance(document, dict):
        raise ConfigurationError(f"a schema must be a JSON object, not {document!r:.80}")
    if fault := next(_faults(document), None):
        raise _wrong(document, fault)
    for attribute in make_schema(document).attributes:
        if any(sub.type is Type.COMPLEX for sub in attribute.sub_attributes):
            raise _wrong(document, f"attribute {attribute.name!r}: its parts cannot be complex (RFC 7643 §2.3.8)")


def _wrong(document: Document, fault: str) -> ConfigurationError:
    return ConfigurationError(f"schema {document.get('id')!r}: {fault}")


def _is_extension(document: Document) -> bool:
    return "x-extends" in document


def _faults(document: Document) -> Iterator[str]:
    for member in document:
        if member not in _MEMBERS:
            near = "".join(f" (did you mean {near}?)" for near in get_close_matches(member, _MEMBERS, 1))
            yield f"{member!r} is no member of a schema{near}; there are {', '.join(_MEMBERS)}"
    urn, name = document.get("id"), document.get("name")
    if not isinstance(urn, str) or not _URN.fullmatch(urn):
        yield "id must be a URN of letters, digits and - . _ + between its colons, as urn:example:scim:Device"
    elif urn.lower().startswith(_OF_MESSAGES):
        yield f"{_OF_MESSAGES}… are the protocol's messages; choose another URN"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"name is {name!r}; it must be letters, digits, blanks and - . _ that begin with a letter"
    if not isinstance(document.get("attributes"), list) or not document["attributes"]:
        yield "attributes must be a list that holds some"
    if not isinstance(document.get("description", ""), str):
        yield f"description is {document['description']!r}; it must be a string"
    yield from _faults_of_place(document)


def _faults_of_place(document: Document) -> Iterator[str]:
    endpoint, required = document.get("x-endpoint"), document.get("x-required", False)
    if ("x-endpoint" in document) is _is_extension(document):
        yield (
            'it needs either x-endpoint, as "/Devices", which makes a resource type of it, '
            'or x-extends, as "User", which makes it an extension'
        )
    elif not _is_extension(document) and not (isinstance(endpoint, str) and _ENDPOINT.fullmatch(endpoint)):
        yield f"x-endpoint is {endpoint!r}; it must be a path of letters, digits, '-' and '_', as /Devices"
    elif not _is_extension(document) and "x-required" in document:
        yield "x-required belongs to extensions, and this is a resource type"
    elif not isinstance(document.get("x-extends", ""), str):
        yield f"x-extends is {document['x-extends']!r}; it must be the name of a resource type"
    elif not isinstance(required, bool):
        yield f"x-required is {required!r}; it must be one of true, false"


def _clashes(document: Document, known: Mapping[str, ResourceType]) -> Iterator[str]:
    """Yield what is taken already of what a document is to add."""
    urns = {schema.id.lower() for schema in discovery_schemas()}
    for resource_type in known.values():
        urns |= {resource_type.schema.id.lower(), *(e.schema.id.lower() for e in resource_type.extensions if e.served)}
    if document["id"].lower() in urns:
        yield "there is another schema of this URN"
    if _is_extension(document):
        if document["x-extends"] not in known:
            yield f"x-extends is {document['x-extends']!r}; the resource types are {', '.join(known)}"
        return
    if document["name"].lower() in {name.lower() for name in known}:
        yield f"there is another resource type named {document['name']!r}; give this schema another name"
    taken = [*(f"/{name}" for name in RESERVED), *(t.endpoint for t in known.values())]
    for endpoint in taken:
        if _overlap(endpoint, document["x-endpoint"]):
            yield f"x-endpoint is {document['x-endpoint']!r}, and {endpoint!r} is taken"
    common = {attribute.name.lower() for attribute in common_attributes()}
    for attribute in document["attributes"]:
        if attribute["name"].lower() in common:
            yield f"attribute {attribute['name']!r}: every resource has it already; leave it out"


def _overlap(one: str, other: str) -> bool:
    """Tell whether two endpoints, or an endpoint and the resources of the other, have a path in common."""
    one, other = f"{one.lower()}/", f"{other.lower()}/"
    return one.startswith(other) or other.startswith(one)


def _made(document: Document) -> ResourceType:
    name = document["name"]
    return make_resource_type(name, document["x-endpoint"], document, str(document.get("description", name)))


def _extended(document: Document, known: Mapping[str, ResourceType]) -> ResourceType:
    """Return the type with one extension more; one that the profile leaves out is served then."""
    resource_type = known[document["x-extends"]]
    others = (e for e in resource_type.extensions if e.schema.id.lower() != document["id"].lower())
    extension = Extension(make_schema(document), document.get("x-required", False))
    return replace(resource_type, extensions=(*others, extension))


def _loose_ends(document: Document, known: Mapping[str, ResourceType]) -> Iterator[str]:
    """Yield what is wrong with the references in a document, which may lead to types of other documents."""
    for attribute in make_schema(document).attributes:
        for part in (attribute, *attribute.sub_attributes):
            for name in part.reference_types:
                if name not in known and name not in OUTSIDE:
                    there = ", ".join((*known, *OUTSIDE))
                    yield f"attribute {attribute.name!r}: referenceTypes has {name!r}; there are {there}"
        if attribute.refers_to and attribute.required:
            yield f"attribute {attribute.name!r}: it cannot be required, since it ends with the resource it refers to"
        for sub in attribute.sub_attributes:
            types = attribute.refers_to
            if sub.follows and not (types and all(_shows(known[name], sub.follows) for name in types)):
                path, whole = AttributePath(None, attribute, sub), ", ".join(types) or "what it refers to"
                of = f"each of {whole}" if len(types) > 1 else whole
                yield f"attribute {str(path)!r}: x-follows is {sub.follows!r}, which is not shown of {of}"


def _shows(resource_type: ResourceType, name: str) -> bool:
    """Tell whether an attribute can be shown by whoever refers to the resource."""
    attribute = resource_type.core.get(name.lower())
    return attribute is not None and attribute.name == name and _is_plain(attribute)


def _is_plain(attribute: Attribute) -> bool:
    return attribute.type is not Type.COMPLEX and not attribute.multi_valued and attribute.returned in _SHOWN
