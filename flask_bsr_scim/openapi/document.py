"""The document (OpenAPI 3.1): every path and method under the prefix, and the parts to which they refer."""

import re
from collections.abc import Iterable, Iterator

from flask_bsr_scim.openapi import messages
from flask_bsr_scim.openapi.answers import error_answers, headers, without_content
from flask_bsr_scim.openapi.operations import OPERATIONS
from flask_bsr_scim.openapi.queries import query_parameters
from flask_bsr_scim.openapi.resources import answered_resource, discovery_document, sent_resource
from flask_bsr_scim.openapi.served import Served, names, schema_reference
from flask_bsr_scim.schema import Document, ResourceType, discovery_schemas

_INFO = {
    "title": "SCIM 2.0",
    "version": "2.0",
    "description": "Users and groups, provisioned over SCIM 2.0 (RFC 7643, RFC 7644). Requests are described as a "
    "client should send them, and more is taken; answers are described as they are. All other methods get 405.",
}

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A SCIM token (RFC 6750). One with the scope scim.read allows GET, HEAD and POST to .search.",
}

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")

_ENDPOINT = "/<endpoint>"


def openapi_document(served: Served) -> Document:
    """Return the document of a service.

    :raises KeyError: nothing is known of one of its routes.
    """
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "servers": [{"url": served.base_url}],
        "security": [{"bearer": []}],
        "paths": dict(_paths(served)),
        "components": {
            "schemas": _schemas(served),
            "parameters": query_parameters(served),
            "headers": headers(),
            "responses": error_answers(),
            "securitySchemes": {"bearer": _BEARER},
        },
    }


def _paths(served: Served) -> Iterator[tuple[str, Document]]:
    user = served.types.by_name["User"]
    for rule, methods in served.routes:
        for resource_type in served.types.exposed if rule.startswith(_ENDPOINT) else (user,):
            path = rule.replace(_ENDPOINT, resource_type.endpoint, 1).replace("<resource_id>", "<id>")
            yield _PARAMETER.sub(r"{\1}", path), _path(served, resource_type, rule, methods)


def _path(served: Served, resource_type: ResourceType, rule: str, methods: Iterable[str]) -> Document:
    found = {method.lower(): OPERATIONS[rule][method](served, resource_type) for method in methods}
    return {**found, "head": _head(found["get"])} if "get" in found else found


def _head(operation: Document) -> Document:
    return {
        **operation,
        "operationId": f"{operation['operationId']}.head",
        "summary": f"{operation['summary']}: the headers alone",
        "responses": without_content(operation["responses"]),
    }


def _schemas(served: Served) -> Document:
    return {
        **dict(_of_types(served)),
        **dict(_of_discovery()),
        "Error": messages.error(),
        "ListResponse": messages.list_response({"anyOf": [schema_reference(name) for name, _ in names(served.types)]}),
        "SearchRequest": messages.search_request(served),
        "PatchOp": messages.patch_op(served),
        **(
            {"BulkRequest": messages.bulk_request(served), "BulkResponse": messages.bulk_response()}
            if served.max_bulk_operations
            else {}
        ),
        "Readiness": messages.readiness(),
    }


def _of_types(served: Served) -> Iterator[tuple[str, Document]]:
    for name, resource_type in names(served.types):
        yield name, answered_resource(resource_type)
        yield f"{name}.request", sent_resource(resource_type)
        yield f"{name}.list", messages.list_response(schema_reference(name))


def _of_discovery() -> Iterator[tuple[str, Document]]:
    for schema in discovery_schemas():
        yield schema.name, discovery_document(schema)
        if schema.name != "ServiceProviderConfig":
            yield f"{schema.name}.list", messages.list_response(schema_reference(schema.name))
