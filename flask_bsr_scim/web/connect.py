"""The entrance of the admin API: a route of the blueprint, which hands over to the Connect application."""

from collections.abc import Mapping
from io import BytesIO

import flask
import orjson
from connectrpc.code import Code
from werkzeug.exceptions import HTTPException

from flask_bsr_scim.errors import (
    MethodNotAllowed,
    NotImplementedHere,
    ScimError,
    ServiceUnavailable,
    TooManyRequests,
    UnsupportedMediaType,
    shown,
)
from flask_bsr_scim.registry.api.application import PACKAGE, find_rule, make_application
from flask_bsr_scim.registry.api.caller import Caller, identify
from flask_bsr_scim.registry.api.failures import connect_error
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.web.body import ENCODINGS, arrived, encoding_of, may_be_large, read_data
from flask_bsr_scim.web.call import Call

PATH = f"/{PACKAGE}.<service>/<method>"
"""The rule, at the root of the host and below the prefix."""

METHODS = ("POST",)
"""Of HTTP, that it answers."""

ENDPOINT = PATH.replace(".", "~")
"""Its endpoint ends with this."""

_MEDIA_TYPES = ("application/json", "application/proto")

_STATUS: Mapping[Code, int] = {
    Code.INVALID_ARGUMENT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
}
"""As Connect's protocol has it; 500 for every other code."""


def answer(call: Call, service: str, method: str) -> flask.Response:
    """Answer a call, whose token was verified, by what the method returns or refuses.

    :raises MethodNotAllowed: it is no POST.
    :raises NotImplementedHere: this API has no such method, or does not read a body that is encoded so.
    :raises UnsupportedMediaType: the body is in neither of the two forms.
    """
    if call.request.environ["REQUEST_METHOD"] not in METHODS:
        raise MethodNotAllowed(METHODS)
    caller = _caller(call)
    rule = find_rule(service, method)
    if rule is None:
        raise NotImplementedHere(f"There is no method {shown(f'{service}/{method}')} here.")
    application = make_application(service, caller, rule)
    environ = _environment(call, f"/{PACKAGE}.{service}/{method}")
    response = flask.Response.from_app(application, environ, buffered=True)
    assert isinstance(response, flask.Response)
    return _finished(response)


def error_response(error: Exception, request_id: str = "-") -> flask.Response:
    """Return the one answer to an exception before or outside the Connect application: a Connect error."""
    if isinstance(error, HTTPException) and (error.code or 0) >= 400:
        error = _plain(error)
    refusal = connect_error(error, request_id)
    status = _STATUS.get(refusal.code, 500)
    if isinstance(error, MethodNotAllowed | UnsupportedMediaType):
        status = error.status
    body = orjson.dumps({"code": refusal.code.value, "message": refusal.message})
    response = flask.Response(body, status, content_type="application/json")
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    return _finished(response)


def _plain(error: HTTPException) -> ScimError:
    plain = ScimError(error.description)
    plain.status = error.code or 500
    return plain


def _caller(call: Call) -> Caller:
    service, (tenant, _, actor) = call.service, call.context
    store = TenantStore(service.backend, tenant, actor)
    return identify(service.registry(tenant, actor), store, service.tokens, actor.token_id or "")


def _environment(call: Call, path: str) -> dict[str, object]:
    """Return the WSGI environment for the Connect application: the body is read, within the limit, and inflated."""
    if call.request.mimetype not in _MEDIA_TYPES:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(_MEDIA_TYPES)}.")
    if (encoding := encoding_of(call.request)) not in ENCODINGS:
        raise NotImplementedHere(f"A body can be encoded as {', '.join(ENCODINGS)}, not as {shown(encoding)}.")
    data = _data(call)
    environ = {name: value for name, value in call.request.environ.items() if name != "HTTP_CONTENT_ENCODING"}
    return environ | {
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": BytesIO(data),
    }


def _data(call: Call) -> bytes:
    limit = call.service.settings.max_body_bytes
    if not may_be_large(call.request):
        return read_data(call.request, limit)
    with arrived(call.request, limit), call.service.one_at_a_time():
        return read_data(call.request, limit)


def _finished(response: flask.Response) -> flask.Response:
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="registry"'
    if response.status_code == 503:
        response.headers["Retry-After"] = str(ServiceUnavailable.retry_after)
    return response
