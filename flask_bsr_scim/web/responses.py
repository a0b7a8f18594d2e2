"""Responses of the protocol as Flask sends them, errors included."""

import logging
from collections.abc import Iterator
from itertools import chain

import flask
import orjson
from werkzeug.exceptions import HTTPException

from flask_bsr_scim.errors import (
    InternalError,
    MethodNotAllowed,
    NotFound,
    ScimError,
    ServiceUnavailable,
    StoreUnavailable,
    Unauthorized,
)
from flask_bsr_scim.messages import error_document
from flask_bsr_scim.provider import Response

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/scim+json"
"""Exactly this, without a charset: some clients accept nothing else (RFC 7644 §3.8)."""

_AT_ONCE = 262_144
"""Characters up to which a body is sent in one piece with its length; what is longer is streamed."""


def to_flask(response: Response) -> flask.Response:
    """Return the outcome of an operation as a Flask response."""
    answer = _with_body(response)
    if response.etag is not None:
        answer.headers["ETag"] = response.etag
    if response.location is not None:
        answer.headers["Content-Location"] = response.location
        if response.status == 201:
            answer.headers["Location"] = response.location
    return answer


def json_response(text: str, status: int = 200) -> flask.Response:
    """Return JSON text as a SCIM response."""
    return flask.Response(text, status, content_type=MEDIA_TYPE)


def error_response(error: Exception) -> flask.Response:
    """Return the one answer to any exception: a SCIM Error (RFC 7644 §3.12) that says nothing of the inside."""
    scim_error = _scim_error(error)
    answer = json_response(orjson.dumps(error_document(scim_error)).decode(), scim_error.status)
    match scim_error:
        case MethodNotAllowed():
            answer.headers["Allow"] = ", ".join(scim_error.allowed)
        case Unauthorized():
            answer.headers["WWW-Authenticate"] = 'Bearer realm="SCIM"'
        case ServiceUnavailable():
            answer.headers["Retry-After"] = str(scim_error.retry_after)
    return answer


def _scim_error(error: Exception) -> ScimError:
    match error:
        case ScimError():
            return error
        case StoreUnavailable():
            log.error("the store does not answer: %s", error)
            return ServiceUnavailable()
        case HTTPException(code=404):
            return NotFound("There is no such endpoint.")
        case HTTPException(code=code) if code is not None and 400 <= code < 500:
            refused = ScimError(error.description)
            refused.status = code
            return refused
    log.error("unexpected error", exc_info=error)
    return InternalError()


def _with_body(response: Response) -> flask.Response:
    if response.body is None:
        answer = flask.Response(status=response.status)
        answer.headers.pop("Content-Type", None)
        return answer
    pieces, length = [], 0
    for piece in response.body:
        pieces.append(piece)
        length += len(piece)
        if length > _AT_ONCE:
            return flask.Response(_encoded(chain(pieces, response.body)), response.status, content_type=MEDIA_TYPE)
    return flask.Response("".join(pieces), response.status, content_type=MEDIA_TYPE)


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()
