"""The answers of operations: their statuses, headers and bodies."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.openapi.served import MEDIA_TYPE, Served, schema_reference
from flask_bsr_scim.schema import Document

_HEADERS = {
    "X-Request-Id": ("The id of the request, as it is in the log.", "^[A-Za-z0-9._-]{1,64}$"),
    "ETag": ("The version of the resource, as in `meta.version`.", '^W/".+"$'),
    "Content-Location": ("The URI of the resource, as in `meta.location`.", "^https?://"),
    "Location": ("The URI of the resource, as in `meta.location`.", "^https?://"),
    "Allow": ("The methods that work there.", "^[A-Z]+(, [A-Z]+)*$"),
    "WWW-Authenticate": ("What is missing (RFC 6750 §3).", "^Bearer "),
    "Retry-After": ("Seconds to wait.", "^[0-9]+$"),
}

_SENT_WITH = {
    401: ("WWW-Authenticate",),
    405: ("Allow",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""Headers of errors, by status."""

OF_A_RESOURCE = ("ETag", "Content-Location")
"""Headers of an answer that holds one resource."""

_ALWAYS = (400, 500, 503)
"""Statuses of errors that any request may end in: 400 when it names no host, for one."""


def headers() -> Document:
    """Return the headers of the document by their names."""
    return {
        name: {"description": text, "required": True, "schema": {"type": "string", "pattern": pattern}}
        for name, (text, pattern) in _HEADERS.items()
    }


def answer(description: str, schema: Document | None = None, *names: str, media_type: str = MEDIA_TYPE) -> Document:
    """Return an answer with a body of this schema, or without one, and with these headers."""
    found: Document = {"description": description, "headers": _references(("X-Request-Id", *names))}
    return found if schema is None else {**found, "content": {media_type: {"schema": schema}}}


def errors(served: Served, *statuses: int, public: bool = False) -> Document:
    """Return the errors that an operation may end in, by status: these, and those that any may."""
    guard = () if public else (401, 403, *((429,) if served.is_limited else ()))
    return {
        str(status): {"$ref": f"#/components/responses/{_name(status)}"}
        for status in sorted({*_ALWAYS, *guard, *statuses})
    }


def error_answers() -> Document:
    """Return the errors of the document by their names: one for each status that this service knows."""
    kinds: dict[int, list[type[ScimError]]] = {}
    for kind in _kinds(ScimError):
        kinds.setdefault(kind.status, []).append(kind)
    return {_name(status): _error(status, same) for status, same in sorted(kinds.items())}


def without_content(answers: Document) -> Document:
    """Return answers to HEAD from those to GET, references resolved."""
    known = error_answers()
    resolved = ((s, known[a["$ref"].rpartition("/")[2]] if "$ref" in a else a) for s, a in answers.items())
    return {status: {name: part for name, part in a.items() if name != "content"} for status, a in resolved}


def _error(status: int, kinds: Iterable[type[ScimError]]) -> Document:
    words = sorted({kind.scim_type for kind in kinds if kind.scim_type})
    known = f": scimType is {', '.join(words)}, or not there" if words else ""
    found = answer(f"{HTTPStatus(status).phrase}{known}.", schema_reference("Error"), *_SENT_WITH.get(status, ()))
    if status == HTTPStatus.FORBIDDEN:
        found["headers"]["WWW-Authenticate"] = {
            "description": "Where a scope is missing.",
            "schema": {"type": "string"},
        }
    return found


def _kinds(kind: type[ScimError]) -> Iterator[type[ScimError]]:
    yield kind
    for direct in kind.__subclasses__():
        yield from _kinds(direct)


def _name(status: int) -> str:
    return f"error{status}"


def _references(names: Iterable[str]) -> Document:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
