"""What each method does at each path: the operations of the document."""

from collections.abc import Callable, Iterable, Mapping

from flask_bsr_scim.openapi import examples
from flask_bsr_scim.openapi.answers import OF_A_RESOURCE, answer, errors
from flask_bsr_scim.openapi.queries import IF_MATCH, IF_NONE_MATCH, QUERY, SELECTION, references
from flask_bsr_scim.openapi.served import MEDIA_TYPE, Served, name_of, schema_reference
from flask_bsr_scim.schema import JSON, Document, ResourceType

Describe = Callable[[Served, ResourceType], Document]
"""Takes a service and a resource type; for a path that is none of a type's, the type is that of users."""

_TOO_MUCH = (413, 415)
"""Statuses of a body that is not read."""

_NO_FILTER = 403


def describe_list(served: Served, resource_type: ResourceType) -> Document:
    """GET of the resources of a type."""
    name = name_of(resource_type)
    found = answer("A page of them.", schema_reference(f"{name}.list"))
    return _operation(
        f"{name}.list", f"List resources of type {name}", name, {"200": found, **errors(served)}, references(*QUERY)
    )


def describe_search(served: Served, resource_type: ResourceType) -> Document:
    """POST of a query for resources of a type."""
    name = name_of(resource_type)
    answers = {
        "200": answer("A page of them.", schema_reference(f"{name}.list")),
        **errors(served, *_TOO_MUCH),
    }
    body = _body(schema_reference("SearchRequest"), examples.search())
    return _operation(f"{name}.search", f"List resources of type {name}; the query is a body", name, answers, body=body)


def describe_list_all(served: Served, _: ResourceType) -> Document:
    """GET of the resources of all types."""
    answers = {"200": answer("A page of them.", schema_reference("ListResponse")), **errors(served)}
    return _operation("listAll", "List resources of all types", "All types", answers, references(*QUERY))


def describe_search_all(served: Served, _: ResourceType) -> Document:
    """POST of a query for resources of all types."""
    answers = {"200": answer("A page of them.", schema_reference("ListResponse")), **errors(served, *_TOO_MUCH)}
    body = _body(schema_reference("SearchRequest"), examples.search())
    summary = "List resources of all types; the query is a body"
    return _operation("searchAll", summary, "All types", answers, body=body)


def describe_create(served: Served, resource_type: ResourceType) -> Document:
    """POST of a new resource."""
    name = name_of(resource_type)
    created = answer("It was created.", schema_reference(name), *OF_A_RESOURCE, "Location")
    created["links"] = {
        verb: {"operationId": f"{name}.{verb}", "parameters": {"id": "$response.body#/id"}}
        for verb in ("read", "replace", "modify", "delete")
    }
    answers = {"201": created, **errors(served, 409, *_TOO_MUCH)}
    body = _body(schema_reference(f"{name}.request"), examples.resource(resource_type))
    summary = f"Create a resource of type {name}"
    return _operation(f"{name}.create", summary, name, answers, references(*SELECTION), body)


def describe_read(served: Served, resource_type: ResourceType) -> Document:
    """GET of a resource."""
    name = name_of(resource_type)
    answers = {
        "200": answer("The resource.", schema_reference(name), *OF_A_RESOURCE),
        "304": answer("The client has this version.", None, "ETag"),
        **errors(served, 404),
    }
    summary, parameters = f"Read a resource of type {name}", references(*SELECTION, IF_NONE_MATCH)
    return _operation(f"{name}.read", summary, name, answers, [_ID, *parameters])


def describe_replace(served: Served, resource_type: ResourceType) -> Document:
    """PUT of a resource."""
    name = name_of(resource_type)
    answers = {
        "200": answer("The resource as it is now.", schema_reference(name), *OF_A_RESOURCE),
        **errors(served, 404, 409, 412, *_TOO_MUCH),
    }
    summary, parameters = f"Replace a resource of type {name}", references(*SELECTION, IF_MATCH)
    body = _body(schema_reference(f"{name}.request"), examples.resource(resource_type))
    return _operation(f"{name}.replace", summary, name, answers, [_ID, *parameters], body)


def describe_modify(served: Served, resource_type: ResourceType) -> Document:
    """PATCH of a resource."""
    name = name_of(resource_type)
    answers = {
        "200": answer("The resource as it is now.", schema_reference(name), *OF_A_RESOURCE),
        **errors(served, 404, 409, 412, *_TOO_MUCH),
    }
    if resource_type.members is not None:
        most = served.patch_body_members
        answers["204"] = answer(f"It was changed, and has more than {most} members.", None, "ETag")
    summary, parameters = f"Change parts of a resource of type {name}", references(*SELECTION, IF_MATCH)
    body = _body(schema_reference("PatchOp"), examples.patch(resource_type))
    return _operation(f"{name}.modify", summary, name, answers, [_ID, *parameters], body)


def describe_delete(served: Served, resource_type: ResourceType) -> Document:
    """DELETE of a resource."""
    name = name_of(resource_type)
    answers = {"204": answer("It was removed."), **errors(served, 404, 412)}
    summary = f"Remove a resource of type {name}"
    return _operation(f"{name}.delete", summary, name, answers, [_ID, *references(IF_MATCH)])


def describe_bulk(served: Served, _: ResourceType) -> Document:
    """POST of a bulk job."""
    if not served.max_bulk_operations:
        return _operation("bulk", "Switched off", "Bulk", errors(served, 501))
    answers = {
        "200": answer("What became of each operation.", schema_reference("BulkResponse")),
        **errors(served, *_TOO_MUCH),
    }
    body = _body(schema_reference("BulkRequest"), examples.bulk(served))
    return _operation("bulk", "Do many operations", "Bulk", answers, body=body)


def describe_config(served: Served, _: ResourceType) -> Document:
    """GET of what the server can do."""
    return _document(served, CONFIG_RULE, "ServiceProviderConfig", "Read what the server can do", _NO_FILTER)


def describe_resource_types(served: Served, _: ResourceType) -> Document:
    """GET of the resource types."""
    answers = {"200": answer("All of them.", schema_reference("ResourceType.list")), **errors(served, _NO_FILTER)}
    return _operation("listResourceTypes", "List the resource types", "Discovery", answers)


def describe_resource_type(served: Served, resource_type: ResourceType) -> Document:
    """GET of a resource type."""
    found = _document(served, "/ResourceTypes/<name>", "ResourceType", "Read a resource type", 404)
    return {**found, "parameters": [_in_path("name", resource_type.name), *found["parameters"]]}


def describe_schemas(served: Served, _: ResourceType) -> Document:
    """GET of the schemas."""
    answers = {"200": answer("All of them.", schema_reference("Schema.list")), **errors(served, _NO_FILTER)}
    return _operation("listSchemas", "List the schemas", "Discovery", answers)


def describe_schema(served: Served, resource_type: ResourceType) -> Document:
    """GET of a schema."""
    found = _document(served, "/Schemas/<path:urn>", "Schema", "Read a schema", 404)
    return {**found, "parameters": [_in_path("urn", resource_type.schema.id), *found["parameters"]]}


def describe_readiness(served: Served, _: ResourceType) -> Document:
    """GET of what would go wrong."""
    answers = {"200": answer("What was found.", schema_reference("Readiness")), **errors(served)}
    return _operation("readReadiness", "Look for what would go wrong in provisioning", "Readiness", answers)


def describe_openapi(served: Served, _: ResourceType) -> Document:
    """GET of the document itself."""
    public = OPENAPI_RULE in served.public
    answers = {
        "200": answer("The document.", {"type": "object"}, "ETag", media_type="application/json"),
        "304": answer("The client has this version.", None, "ETag"),
        **errors(served, public=public),
    }
    found = _operation("readOpenApi", "Read this document", "Discovery", answers, references(IF_NONE_MATCH))
    return _public(found) if public else found


def describe_unsupported(served: Served, _: ResourceType) -> Document:
    """POST of the user for whom the token stands."""
    return _operation("createMe", "Not supported", "Me", errors(served, 501))


def of_subject(describe: Describe) -> Describe:
    """Return the description of an operation on the user for whom the token stands (RFC 7644 §3.11)."""

    def described(served: Served, resource_type: ResourceType) -> Document:
        found = describe(served, resource_type)
        verb = found["operationId"].rpartition(".")[2]
        answers = {
            status: _with_location(one) if int(status) < 300 else one for status, one in found["responses"].items()
        }
        return {
            **found,
            "operationId": f"{verb}Me",
            "summary": f"{verb.capitalize()} the user for whom the token stands",
            "tags": ["Me"],
            "parameters": [parameter for parameter in found["parameters"] if parameter is not _ID],
            "responses": dict(sorted((answers | errors(served, 501)).items())),
        }

    return described


def _with_location(found: Document) -> Document:
    return {**found, "headers": {**found["headers"], "Location": {"$ref": "#/components/headers/Location"}}}


def _document(served: Served, rule: str, name: str, summary: str, *statuses: int) -> Document:
    public = rule in served.public
    answers = {
        "200": answer("The document.", schema_reference(name), *OF_A_RESOURCE),
        "304": answer("The client has this version.", None, "ETag"),
        **errors(served, *statuses, public=public),
    }
    found = _operation(f"read{name}", summary, "Discovery", answers, references(IF_NONE_MATCH))
    return _public(found) if public else found


def _public(operation: Document) -> Document:
    return {**operation, "security": []}


def _operation(
    operation_id: str,
    summary: str,
    tag: str,
    answers: Mapping[str, Document],
    parameters: Iterable[Document] = (),
    body: Document | None = None,
) -> Document:
    found = {"operationId": operation_id, "summary": summary, "tags": [tag], "parameters": [*parameters]}
    return {**found, **({"requestBody": body} if body else {}), "responses": dict(sorted(answers.items()))}


def _body(schema: Document, example: JSON) -> Document:
    content = {MEDIA_TYPE: {"schema": schema, "example": example}, "application/json": {"schema": schema}}
    return {"required": True, "content": content}


def _in_path(name: str, example: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "example": example}


_ID = _in_path("id", "01a20e8d-8428-7ca8-b892-34e859ab8cc7")

_LIST_RULE, _ONE_RULE = "/<endpoint>", "/<endpoint>/<resource_id>"

CONFIG_RULE, OPENAPI_RULE = "/ServiceProviderConfig", "/openapi.json"
"""What a setting can make public."""

_ON_ONE = {"GET": describe_read, "PUT": describe_replace, "PATCH": describe_modify, "DELETE": describe_delete}

OPERATIONS: Mapping[str, Mapping[str, Describe]] = {
    "/": {"GET": describe_list_all},
    "/.search": {"POST": describe_search_all},
    "/Bulk": {"POST": describe_bulk},
    "/Me": {method: of_subject(describe) for method, describe in _ON_ONE.items()} | {"POST": describe_unsupported},
    CONFIG_RULE: {"GET": describe_config},
    "/ResourceTypes": {"GET": describe_resource_types},
    "/ResourceTypes/<name>": {"GET": describe_resource_type},
    "/Schemas": {"GET": describe_schemas},
    "/Schemas/<path:urn>": {"GET": describe_schema},
    "/readiness": {"GET": describe_readiness},
    OPENAPI_RULE: {"GET": describe_openapi},
    _LIST_RULE: {"GET": describe_list, "POST": describe_create},
    f"{_LIST_RULE}/.search": {"POST": describe_search},
    _ONE_RULE: _ON_ONE,
}
"""The description of each method, by the rule of its path."""
