"""Request bodies: their type, size and encoding, and the JSON in them."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from itertools import takewhile
from tempfile import SpooledTemporaryFile
from time import monotonic

from flask import Request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

from flask_bsr_scim.console.recorder import KEPT_BODY
from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidSyntax, PayloadTooLarge, ServiceUnavailable, UnsupportedMediaType
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.strict_json import read_json

KEPT = "bsr_scim.body"
"""The key of the environment under which the console finds the body; it is there when somebody wants it."""

_MEDIA_TYPES = ("application/scim+json", "application/json")
_CHARSETS = ("utf-8", "utf8")
_INFLATE = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}

ENCODINGS = ("identity", *_INFLATE)
"""Of bodies that are read."""

_LARGE = 1_000_000
"""Bytes. A body of many megabytes takes ten times as much while it is worked on."""

_DISCARDED = 8
"""Times the limit: so much of a body that is too large is read off before it is refused, and no more than this:"""
_MOST_DISCARDED = 64_000_000
"""Bytes."""

_PIECE = 16_384

_PATIENCE = 2
"""Seconds for that. Other large requests wait for this one, and give up after four."""


def may_be_large(request: Request) -> bool:
    """Tell whether a request's body could take much memory: it is long, of unknown length, or to be inflated."""
    if request.method not in ("POST", "PUT", "PATCH"):
        return False
    length = request.content_length
    return length is None or length > _LARGE or "HTTP_CONTENT_ENCODING" in request.environ


@contextmanager
def arrived(request: Request, most: int) -> Iterator[None]:
    """Receive a body of up to `most` bytes before its turn, so that who sends slowly keeps nobody else waiting.

    Whoever reads a large one afterwards finds it empty.

    :raises PayloadTooLarge: it has no length and is larger.
    :raises InvalidSyntax: it breaks off.
    :raises ServiceUnavailable: there is no room for it.
    """
    if (request.content_length or 0) > most or _is_read(request):
        yield
        return
    with SpooledTemporaryFile(_LARGE) as file:
        for piece in _pieces(request):
            if file.tell() > most:
                _discard(request, most)
                raise PayloadTooLarge(most)
            try:
                file.write(piece)
            except OSError:
                raise ServiceUnavailable("The server has no room for a large request now.") from None
        length = file.tell()
        file.seek(0)
        request.environ |= {"wsgi.input": file, "wsgi.input_terminated": True}
        try:
            yield
        finally:
            if request.environ["wsgi.input"] is file:
                file.seek(0)
                request.environ["wsgi.input"] = BytesIO(file.read() if length <= _LARGE else b"")


def _is_read(request: Request) -> bool:
    """Tell whether a hook of the application has read the body, so that the request keeps it.

    One that only looked for a form has read nothing of it, but begun a stream; that is what is left to be read then.
    """
    seen = vars(request)
    if "stream" in seen and "_cached_data" not in seen:
        request.environ |= {"wsgi.input": seen.pop("stream"), "wsgi.input_terminated": True}
    return "_cached_data" in seen


def _pieces(request: Request) -> Iterator[bytes]:
    try:
        stream = get_input_stream(request.environ)
        yield from takewhile(bool, iter(lambda: stream.read(_PIECE), None))
    except (ClientDisconnected, OSError, ValueError):
        raise _broken_off() from None


def read_body(request: Request, limit: int) -> JSON:
    """Return the JSON of the request's body, reading no more than `limit` bytes of it, compressed or not.

    :raises UnsupportedMediaType: Content-Type or Content-Encoding is none that this service reads.
    :raises PayloadTooLarge: the body is larger.
    :raises InvalidSyntax: it breaks off; and see :func:`~flask_bsr_scim.strict_json.read_json`.
    """
    if request.environ.get("CONTENT_TYPE") not in _MEDIA_TYPES:
        _check_media_type(request)
    return read_json(_kept(request, read_data(request, limit)))


def _kept(request: Request, data: bytes) -> bytes:
    """Return the data, and show it to whoever wants it."""
    if KEPT in request.environ and len(data) <= KEPT_BODY:
        request.environ[KEPT] = data
    return data


def _check_media_type(request: Request) -> None:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if not request.mimetype and tolerates(Tolerance.MISSING_CONTENT_TYPE):
        return
    if request.mimetype not in _MEDIA_TYPES or charset not in _CHARSETS:
        raise UnsupportedMediaType()


def read_data(request: Request, limit: int) -> bytes:
    """Return the request's body, inflated; errors as in :func:`read_body`."""
    data = _received(request, limit)
    return _inflated(data, encoding_of(request), limit) if "HTTP_CONTENT_ENCODING" in request.environ else data


def encoding_of(request: Request) -> str:
    """Return how the body is encoded, in lower case; `identity` when nothing is said."""
    return request.environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() or "identity"


def _received(request: Request, limit: int) -> bytes:
    if (request.content_length or 0) <= limit:
        data = _read(request, limit + 1)
        if len(data) <= limit:
            if len(data) <= _LARGE:  # For hooks of the application that read it later.
                request.environ["wsgi.input"] = BytesIO(data)
            return data
        del data
    _discard(request, limit)
    raise PayloadTooLarge(limit)


def _read(request: Request, most: int) -> bytes:
    """Return the body; one without Content-Length is cut off at `most` in silence."""
    length = request.content_length or 0
    try:
        if _is_read(request):
            data = request.get_data()
        elif length:
            data = request.environ["wsgi.input"].read(length)
        else:
            data = get_input_stream(request.environ).read(most)
    except (ClientDisconnected, OSError, ValueError):
        raise _broken_off() from None
    if len(data) < length:
        raise _broken_off()
    return data


def _broken_off() -> InvalidSyntax:
    return InvalidSyntax("The request body ends before its Content-Length.")


def _discard(request: Request, limit: int) -> None:
    """Read what is left of a body that is too large: a proxy that is still sending it would not see the answer.

    Only some of it, for a short time; nothing where that cannot be all, or the client waits to be told to send it
    (RFC 9110 §10.1.1).
    """
    left, deadline = min(_DISCARDED * limit, _MOST_DISCARDED), monotonic() + _PATIENCE
    if (request.content_length or 0) > left or "Expect" in request.headers or _is_read(request):
        return
    with suppress(ClientDisconnected, OSError):
        body = get_input_stream(request.environ)
        request.environ |= {"wsgi.input": BytesIO(), "wsgi.input_terminated": True}
        while left > 0 and monotonic() < deadline and (piece := body.read(min(left, _PIECE))):
            left -= len(piece)


def _inflated(data: bytes, encoding: str, limit: int) -> bytes:
    if encoding == "identity":
        return data
    if encoding not in _INFLATE:
        raise UnsupportedMediaType("Send the body without Content-Encoding, or with gzip or deflate.")
    decompressor = zlib.decompressobj(_INFLATE[encoding])
    try:
        inflated = decompressor.decompress(data, limit + 1)
    except zlib.error:
        raise InvalidSyntax(f"The request body is not {encoding} data.") from None
    if len(inflated) > limit:
        raise PayloadTooLarge(limit)
    if not decompressor.eof or decompressor.unused_data:
        raise InvalidSyntax(f"The request body is not one whole piece of {encoding} data.")
    return inflated
