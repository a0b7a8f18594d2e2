"""JSON Schemas of the protocol's messages (RFC 7644 §8.2)."""

from collections.abc import Iterable

from flask_bsr_scim.bulk_messages import BULK_REQUEST, BULK_RESPONSE
from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.messages import ERROR, LIST_RESPONSE, PATCH_OP, SEARCH_REQUEST
from flask_bsr_scim.openapi.queries import query_parts
from flask_bsr_scim.openapi.served import Served, names, schema_reference
from flask_bsr_scim.registry.readiness import READINESS_URN
from flask_bsr_scim.schema import Document

_TEXT: Document = {"type": "string"}
_SOME_TEXT: Document = {"type": "string", "minLength": 1}
_NUMBER: Document = {"type": "integer", "minimum": 0}


def error() -> Document:
    """Return the schema of an Error message (RFC 7644 §3.12)."""
    return _answer(
        ERROR,
        {
            "status": {"type": "string", "description": "The status of the answer.", "pattern": "^[45][0-9][0-9]$"},
            "scimType": {"description": "The kind of the error.", "enum": sorted(_scim_types(ScimError))},
            "detail": {"type": "string", "description": "What is wrong, and what to change."},
        },
        optional=("scimType",),
    )


def list_response(items: Document) -> Document:
    """Return the schema of a ListResponse (RFC 7644 §3.4.2, RFC 9865 §2)."""
    return _answer(
        LIST_RESPONSE,
        {
            "totalResults": {**_NUMBER, "description": "How many there are on all pages."},
            "startIndex": {"type": "integer", "minimum": 1, "description": "Which one of them is the first here."},
            "itemsPerPage": {**_NUMBER, "description": "How many are on this page."},
            "nextCursor": {**_SOME_TEXT, "description": "The cursor of the next page."},
            "previousCursor": {**_SOME_TEXT, "description": "The cursor of the page before."},
            "Resources": {"type": "array", "items": items},
        },
        optional=("startIndex", "nextCursor", "previousCursor"),
    )


def patch_op(served: Served) -> Document:
    """Return the schema of a PatchOp message (RFC 7644 §3.5.2)."""
    path = {**_SOME_TEXT, "description": 'What to change, as `emails[type eq "work"].value`.'}
    set_value = {"op": {"enum": ["add", "replace"]}, "path": path, "value": {}}
    set_values = {"op": {"enum": ["add", "replace"]}, "value": {"type": "object"}}
    removal = {"op": {"const": "remove"}, "path": path}
    operations: Document = {
        "type": "array",
        "minItems": 1,
        "maxItems": served.max_patch_operations,
        "items": {"anyOf": [_object(properties, properties) for properties in (set_value, set_values, removal)]},
    }
    return _request(PATCH_OP, {"Operations": operations}, ["Operations"])


def search_request(served: Served) -> Document:
    """Return the schema of a SearchRequest message (RFC 7644 §3.4.3)."""
    return _request(SEARCH_REQUEST, query_parts(served), [])


def bulk_request(served: Served) -> Document:
    """Return the schema of a BulkRequest message (RFC 7644 §3.7)."""
    bodies = [schema_reference(f"{name}.request") for name, _ in names(served.types)]
    path = {"type": "string", "pattern": f"^({'|'.join(t.endpoint for t in served.types.exposed)})/[^/]+$"}
    creation = {
        "method": {"const": "POST"},
        "path": {"enum": [t.endpoint for t in served.types.exposed]},
        "bulkId": {**_SOME_TEXT, "description": "`bulkId:` and this stand for the id of what is created."},
        "data": {"anyOf": bodies},
    }
    others = (
        {"method": {"const": "PUT"}, "path": path, "data": {"anyOf": bodies}},
        {"method": {"const": "PATCH"}, "path": path, "data": schema_reference("PatchOp")},
        {"method": {"const": "DELETE"}, "path": path},
    )
    version = {"version": {**_TEXT, "description": "As If-Match: `meta.version` of the resource."}}
    operations: Document = {
        "type": "array",
        "minItems": 1,
        "maxItems": served.max_bulk_operations,
        "items": {"anyOf": [_object(creation, creation), *(_object({**other, **version}, other) for other in others)]},
    }
    fail_on_errors = {"type": "integer", "minimum": 1, "description": "How many errors end the job."}
    return _request(BULK_REQUEST, {"failOnErrors": fail_on_errors, "Operations": operations}, ["Operations"])


def bulk_response() -> Document:
    """Return the schema of a BulkResponse message (RFC 7644 §3.7)."""
    result = {
        "method": _TEXT,
        "status": {"type": "string", "pattern": "^[245][0-9][0-9]$"},
        "location": {"type": "string", "format": "uri"},
        "bulkId": _TEXT,
        "version": _TEXT,
        "response": schema_reference("Error"),
    }
    one = {**_object(result, ["method", "status"]), "additionalProperties": False}
    return _answer(BULK_RESPONSE, {"Operations": {"type": "array", "items": one}})


def readiness() -> Document:
    """Return the schema of what `/readiness` answers."""
    subject = dict.fromkeys(("type", "id", "name"), _TEXT)
    resources = {"type": "array", "items": {**_object(subject, subject), "additionalProperties": False}}
    warning = {"code": _TEXT, "message": _TEXT, "resources": resources}
    warnings = {"type": "array", "items": {**_object(warning, warning), "additionalProperties": False}}
    return _answer(READINESS_URN, {"ready": {"type": "boolean"}, "warnings": warnings})


def _scim_types(kind: type[ScimError]) -> set[str]:
    own = {kind.scim_type} if kind.scim_type else set[str]()
    return own.union(*map(_scim_types, kind.__subclasses__()))


def _answer(urn: str, properties: Document, optional: Iterable[str] = ()) -> Document:
    schemas = {"type": "array", "items": {"const": urn}, "minItems": 1, "maxItems": 1}
    every = {"schemas": schemas, **properties}
    return {**_object(every, [name for name in every if name not in optional]), "additionalProperties": False}


def _request(urn: str, properties: Document, required: Iterable[str]) -> Document:
    schemas = {"type": "array", "items": {"type": "string"}, "contains": {"const": urn}}
    return _object({"schemas": schemas, **properties}, ["schemas", *required])


def _object(properties: Document, required: Iterable[str]) -> Document:
    return {"type": "object", "properties": properties, "required": [*required]}
