"""Request bodies: their type, size and encoding, and the JSON in them."""

import zlib

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from flask_bsr_scim.errors import InvalidSyntax, PayloadTooLarge, UnsupportedMediaType
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.strict_json import read_json

_MEDIA_TYPES = ("application/scim+json", "application/json", "")
_CHARSETS = ("utf-8", "utf8")
_INFLATE = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


_LARGE = 1_000_000
"""Bytes. A body of many megabytes takes ten times as much while it is worked on."""


def may_be_large(request: Request) -> bool:
    """Tell whether a request's body could take much memory: it is long, of unknown length, or to be inflated."""
    if request.method not in ("POST", "PUT", "PATCH"):
        return False
    length = request.content_length
    return length is None or length > _LARGE or "Content-Encoding" in request.headers


def read_body(request: Request, limit: int) -> JSON:
    """Return the JSON of the request's body, reading no more than `limit` bytes of it, compressed or not.

    :raises UnsupportedMediaType: Content-Type or Content-Encoding is none that this service reads.
    :raises PayloadTooLarge: the body is larger.
    :raises InvalidSyntax: it breaks off; and see :func:`~flask_bsr_scim.strict_json.read_json`.
    """
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in _MEDIA_TYPES or charset not in _CHARSETS:
        raise UnsupportedMediaType()
    return read_json(read_data(request, limit))


def read_data(request: Request, limit: int) -> bytes:
    """Return the request's body, inflated; errors as in :func:`read_body`."""
    data = _received(request, limit)
    return _inflated(data, request.headers.get("Content-Encoding", "identity").strip().lower(), limit)


def _received(request: Request, limit: int) -> bytes:
    # A body without Content-Length is cut off at this length in silence: one byte more shows that it is too long.
    request.max_content_length = limit + 1
    try:
        data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise PayloadTooLarge(limit) from None
    except ClientDisconnected:
        raise InvalidSyntax("The request body ends before its Content-Length.") from None
    if len(data) > limit:
        raise PayloadTooLarge(limit)
    return data


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
