"""Responses of the protocol as Flask sends them, errors included."""

import logging
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

import flask
import orjson
import werkzeug.exceptions
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from flask_bsr_scim.errors import (
    InsufficientScope,
    InternalError,
    MethodNotAllowed,
    NotFound,
    ScimError,
    ServiceUnavailable,
    StoreUnavailable,
    TooManyRequests,
    Unauthorized,
)
from flask_bsr_scim.exchange import Response
from flask_bsr_scim.messages import error_document
from flask_bsr_scim.registry.tokens import without_tokens

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/scim+json"
"""Exactly this, without a charset: some clients accept nothing else (RFC 7644 §3.8)."""

_COMMON = (("Cache-Control", "no-store"),)

_AT_ONCE = 262_144
"""Characters up to which a body is sent in one piece with its length; what is longer is streamed."""


class _Headers(Headers):
    """Headers that are fit to be sent as they are: what they say is made here, or was checked when it came in."""

    def __init__(self, headers: Iterable[tuple[str, str]] = ()) -> None:
        # That of werkzeug looks through each of them, which costs as much as finding a resource.
        self._list = [*headers]

    def to_wsgi_list(self) -> list[tuple[str, str]]:
        """Return the headers as WSGI sends them."""
        return self._list


class ScimFlaskResponse(flask.Response):
    """A response that is sent with the headers that it was given: its URIs are ASCII, and its length is known."""

    def get_wsgi_headers(self, environ: object) -> Headers:
        """Return the headers; looking through them once more costs as much as finding a resource."""
        return self.headers

    def get_app_iter(self, environ: "WSGIEnvironment") -> Iterable[bytes]:
        """Return the body as it is, where nothing is left to be done when it was sent."""
        if isinstance(self.response, list) and not self._on_close and environ["REQUEST_METHOD"] != "HEAD":
            return self.response
        return super().get_app_iter(environ)


def to_flask(response: Response) -> flask.Response:
    """Return the outcome of an operation as a Flask response."""
    headers = []
    if response.etag is not None:
        headers.append(("ETag", response.etag))
    if response.location is not None:
        headers.append(("Content-Location", response.location))
        if response.status == 201:
            headers.append(("Location", response.location))
    if response.body is None:
        answer = ScimFlaskResponse((), response.status, _Headers((*_COMMON, *headers)))
        answer.headers.remove("Content-Type")
        return answer
    return _with_body(response.body, response.status, headers)


def json_response(text: str, status: int = 200) -> flask.Response:
    """Return JSON text as a SCIM response."""
    return _with_body(iter((text,)), status, [])


def plain_json_response(data: bytes, etag: str) -> flask.Response:
    """Return JSON that is no message of SCIM."""
    headers = [("Content-Type", "application/json"), *_COMMON, ("ETag", etag), ("Content-Length", str(len(data)))]
    return ScimFlaskResponse([data], 200, _Headers(headers))


def error_response(error: Exception, request_id: str = "-") -> flask.Response:
    """Return the one answer to any exception: a SCIM Error (RFC 7644 §3.12) that says nothing of the inside."""
    scim_error = _scim_error(error, request_id)
    text = orjson.dumps(error_document(scim_error)).decode()
    answer = json_response(without_tokens(text), scim_error.status)
    match scim_error:
        case MethodNotAllowed():
            answer.headers["Allow"] = ", ".join(scim_error.allowed)
        case Unauthorized():
            answer.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
        case InsufficientScope():
            answer.headers["WWW-Authenticate"] = (
                f'Bearer realm="SCIM", error="insufficient_scope", scope="{scim_error.scope}"'
            )
        case ServiceUnavailable() | TooManyRequests():
            answer.headers["Retry-After"] = str(scim_error.retry_after)
    return answer


def _scim_error(error: Exception, request_id: str) -> ScimError:
    match error:
        case ScimError():
            return error
        case StoreUnavailable():
            log.error("the store does not answer: %s", error)
            return ServiceUnavailable()
        case werkzeug.exceptions.MethodNotAllowed(valid_methods=methods):
            return MethodNotAllowed(list(methods or ()))
        case HTTPException(code=404):
            return NotFound("There is no such endpoint.")
        case HTTPException(code=code) if code is not None and code >= 400:
            refused = ScimError(error.description)
            refused.status = code
            return refused
    log.error("unexpected error, request=%s", request_id, exc_info=error)
    return InternalError()


def _with_body(body: Iterator[str] | bytes, status: int, headers: list[tuple[str, str]]) -> flask.Response:
    headers = [("Content-Type", MEDIA_TYPE), *_COMMON, *headers]
    if isinstance(body, bytes):
        return _whole(body, status, headers)
    pieces, length = [], 0
    for piece in body:
        pieces.append(piece)
        length += len(piece)
        if length > _AT_ONCE:
            return ScimFlaskResponse(_encoded(chain(pieces, body)), status, _Headers(headers))
    return _whole("".join(pieces).encode(), status, headers)


def _whole(data: bytes, status: int, headers: list[tuple[str, str]]) -> flask.Response:
    return ScimFlaskResponse([data], status, _Headers((*headers, ("Content-Length", str(len(data))))))


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()
