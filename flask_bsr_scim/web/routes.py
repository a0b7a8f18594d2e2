"""The endpoints under the prefix: what each method does."""

from collections.abc import Callable, Mapping
from typing import Any

import flask
import orjson

from flask_bsr_scim.bulk import process_bulk
from flask_bsr_scim.bulk_messages import read_bulk
from flask_bsr_scim.cursors import TIMEOUT
from flask_bsr_scim.dialects import Dialect, present_dialect
from flask_bsr_scim.discovery import (
    entity_tag,
    is_interop_conformant,
    resource_type_documents,
    schema_documents,
    service_provider_config,
)
from flask_bsr_scim.errors import Forbidden, InvalidFilter, MethodNotAllowed, NotFound, NotImplementedHere
from flask_bsr_scim.exchange import Response
from flask_bsr_scim.messages import (
    list_document,
    read_patch,
    read_search_parameters,
    read_search_request,
    read_selection,
)
from flask_bsr_scim.openapi import CONFIG_RULE, OPENAPI_RULE
from flask_bsr_scim.patch import Operation
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.schema import Document, ResourceType
from flask_bsr_scim.web.body import arrived, may_be_large, read_body
from flask_bsr_scim.web.call import Call
from flask_bsr_scim.web.config import OpenApi, Settings
from flask_bsr_scim.web.openapi import openapi_text, served_of
from flask_bsr_scim.web.responses import json_response, plain_json_response, to_flask

Handler = Callable[..., flask.Response]
Methods = Mapping[str, Handler]


def dispatch(call: Call, methods: Methods, parameters: dict[str, Any]) -> flask.Response:
    """Answer a request by the method's handler.

    :raises MethodNotAllowed: there is none for it.
    :raises ServiceUnavailable: other large requests are in the way.
    """
    # As it was sent: methods are case-sensitive (RFC 9110 §9.1), and a proxy may refuse some by their names.
    method = call.request.environ["REQUEST_METHOD"]
    method = "GET" if method == "HEAD" else method
    if not methods:
        raise NotFound("There is no such endpoint.")
    if method not in methods:
        raise MethodNotAllowed(allowed(methods))
    if not may_be_large(call.request):
        return methods[method](call, **parameters)
    limit = max(call.body_limit(parameters.get("resource_type")), call.service.settings.max_bulk_bytes)
    with arrived(call.request, limit), call.service.one_at_a_time():
        return methods[method](call, **parameters)


def allowed(methods: Methods) -> list[str]:
    """Return the methods of HTTP that are answered by handlers."""
    return [*methods, "HEAD"] if "GET" in methods else list(methods)


def _list(call: Call, resource_type: ResourceType) -> flask.Response:
    request = read_search_parameters(call.parameters)
    return to_flask(call.service.provider.search(call.context, resource_type, request))


def _search(call: Call, resource_type: ResourceType) -> flask.Response:
    request = read_search_request(call.body())
    return to_flask(call.service.provider.search(call.context, resource_type, request))


def _list_all(call: Call) -> flask.Response:
    return to_flask(call.service.provider.search_all(call.context, read_search_parameters(call.parameters)))


def _search_all(call: Call) -> flask.Response:
    return to_flask(call.service.provider.search_all(call.context, read_search_request(call.body())))


def _create(call: Call, resource_type: ResourceType) -> flask.Response:
    selection = call.selection
    return to_flask(call.service.provider.create(call.context, resource_type, call.body(resource_type), selection))


def _read(call: Call, resource_type: ResourceType, resource_id: str) -> flask.Response:
    parameters = call.parameters
    if "filter" in parameters:
        raise InvalidFilter(f"A filter selects from a list: send it to {resource_type.endpoint}, without an id.")
    selection = read_selection(parameters)
    provider = call.service.provider
    return to_flask(provider.read(call.context, resource_type, resource_id, selection, call.conditions))


def _replace(call: Call, resource_type: ResourceType, resource_id: str) -> flask.Response:
    context, selection, conditions = call.context, call.selection, call.conditions
    replace = call.service.provider.replace
    return to_flask(replace(context, resource_type, resource_id, call.body(resource_type), selection, conditions))


def _modify(call: Call, resource_type: ResourceType, resource_id: str) -> flask.Response:
    def operations() -> list[Operation]:
        return read_patch(call.body(resource_type), call.service.settings.max_patch_operations)

    selection = call.selection
    provider = call.service.provider
    return to_flask(provider.modify(call.context, resource_type, resource_id, operations, selection, call.conditions))


def _delete(call: Call, resource_type: ResourceType, resource_id: str) -> flask.Response:
    return to_flask(call.service.provider.delete(call.context, resource_type, resource_id, call.conditions))


def _of_subject(handler: Handler) -> Handler:
    """Return the handler for the user whom the credential stands for, whose URI is in `Location` (RFC 7644 §3.11)."""

    def handle(call: Call) -> flask.Response:
        call.service.backend.confirm()  # The host is not asked for a token that has ended.
        user_id = call.service.me(call.principal)
        if user_id is None:
            raise NotImplementedHere("This token stands for no user. Ask for a user under /Users, by id.")
        response = handler(call, call.service.types.by_name["User"], user_id)
        response.headers["Location"] = call.context.view.location("User", user_id)
        return response

    return handle


def _bulk(call: Call) -> flask.Response:
    service, settings = call.service, call.service.settings
    if not settings.max_bulk_operations:
        raise NotImplementedHere()
    request = read_bulk(read_body(call.request, settings.max_bulk_bytes), settings.max_bulk_operations)
    answer = process_bulk(service.provider, call.context, request, settings.max_patch_operations)
    return json_response(without_tokens(orjson.dumps(answer).decode()))


def _config(call: Call) -> flask.Response:
    _refuse_filter(call)
    settings, base_url = call.service.settings, call.context.view.base_url
    names = ("max_results", "default_count", "max_bulk_operations", "max_bulk_bytes")
    limits = {name: getattr(settings, name) for name in names}
    speaks_interop = present_dialect() is Dialect.INTEROP
    is_interop = is_interop_conformant(call.service.types, settings.max_results) if speaks_interop else None
    config = service_provider_config(base_url, **limits, cursor_timeout=TIMEOUT, is_interop=is_interop)
    return _document(call, config)


def _resource_types(call: Call) -> flask.Response:
    _refuse_filter(call)
    return json_response(list_document([*_all_resource_types(call).values()]))


def _one_resource_type(call: Call, name: str) -> flask.Response:
    return _document(call, _all_resource_types(call).get(name))


def _schemas(call: Call) -> flask.Response:
    _refuse_filter(call)
    return json_response(list_document([*_all_schemas(call).values()]))


def _one_schema(call: Call, urn: str) -> flask.Response:
    return _document(call, _all_schemas(call).get(urn.lower().rstrip("/")))


def _readiness(call: Call) -> flask.Response:
    registry = call.service.registry(call.context.tenant, call.context.actor)
    return json_response(_dumped(registry.readiness().document()))


def _openapi(call: Call) -> flask.Response:
    settings = call.service.settings
    data = openapi_text(served_of(settings, call.service.types, call.context.view.base_url, served_routes(settings)))
    etag = entity_tag(data)
    if call.conditions.not_modified(etag):
        return to_flask(Response(304, etag=etag))
    return plain_json_response(data, etag)


def served_routes(settings: Settings) -> dict[str, Methods]:
    """Return the URL rules with their handlers, without what the settings switch off."""
    hidden = {OPENAPI_RULE} if settings.openapi is OpenApi.OFF else set[str]()
    return {rule: methods for rule, methods in ROUTES.items() if rule not in hidden}


def _all_resource_types(call: Call) -> dict[str, Document]:
    return resource_type_documents(call.service.types, call.context.view.base_url)


def _all_schemas(call: Call) -> dict[str, Document]:
    return schema_documents(call.service.types, call.context.view.base_url)


def _document(call: Call, document: Document | None) -> flask.Response:
    """Answer with a discovery document, or with 304 when the client has it already."""
    if document is None:
        raise NotFound()
    etag, location = document["meta"]["version"], document["meta"]["location"]
    if call.conditions.not_modified(etag):
        return to_flask(Response(304, etag=etag))
    return to_flask(Response(200, iter((_dumped(document),)), etag, location))


def _dumped(document: Document) -> str:
    return orjson.dumps(document).decode()


def _refuse_filter(call: Call) -> None:
    if "filter" in call.parameters:
        raise Forbidden("This endpoint cannot be filtered (RFC 7644 §4): leave the filter out.")


def _unsupported(call: Call, **_parameters: Any) -> flask.Response:
    raise NotImplementedHere()


_ON_ONE: Methods = {"GET": _read, "PUT": _replace, "PATCH": _modify, "DELETE": _delete}

ENDPOINT = "<endpoint>"
"""Stands for the endpoint of each resource type that is exposed."""

REST = "bsr_scim_rest"
"""The name of the URL converter that takes everything."""

ROUTES: Mapping[str, Methods] = {
    "/": {"GET": _list_all},
    "/.search": {"POST": _search_all},
    "/Bulk": {"POST": _bulk},
    "/Me": {method: _of_subject(handler) for method, handler in _ON_ONE.items()} | {"POST": _unsupported},
    CONFIG_RULE: {"GET": _config},
    "/ResourceTypes": {"GET": _resource_types},
    "/ResourceTypes/<name>": {"GET": _one_resource_type},
    "/Schemas": {"GET": _schemas},
    "/Schemas/<path:urn>": {"GET": _one_schema},
    "/readiness": {"GET": _readiness},
    OPENAPI_RULE: {"GET": _openapi},
    f"/{ENDPOINT}": {"GET": _list, "POST": _create},
    f"/{ENDPOINT}/.search": {"POST": _search},
    f"/{ENDPOINT}/<resource_id>": _ON_ONE,
    f"/<{REST}:_rest>": {},
}
"""URL rules of the blueprint with their handlers; the last one is everything else."""
