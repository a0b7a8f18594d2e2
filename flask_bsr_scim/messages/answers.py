"""Messages that are answers: ListResponse (RFC 7644 §3.4.2) and Error (§3.12)."""

from collections.abc import Iterable, Iterator

import orjson
from marshmallow import fields

from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.messages.base import ERROR, LIST_RESPONSE, Message
from flask_bsr_scim.schema import Document


class _ErrorSchema(Message):
    schemas = fields.Constant([ERROR])
    status = fields.String()
    scim_type = fields.String(data_key="scimType")
    detail = fields.String()


_ERROR = _ErrorSchema()
_START = f'{{"schemas":["{LIST_RESPONSE}"],'
_END = "]}"


def error_document(error: ScimError) -> Document:
    """Return the Error message of RFC 7644 §3.12; `status` is a string."""
    document: Document = _ERROR.dump(error)
    if document.get("scimType") is None:
        document.pop("scimType", None)
    return document


def list_response(total: int, start_index: int, count: int, resources: Iterable[str]) -> Iterator[str]:
    """Yield the JSON text of a ListResponse (RFC 7644 §3.4.2) in pieces.

    Every member is always there: Okta's connector refuses an answer without `Resources`.

    :param count: the number of resources on this page.
    :param resources: pieces of their texts, with commas between them.
    """
    return _listed(_head(total, start_index, count), resources)


def list_text(total: int, start_index: int, count: int, resources: bytes) -> bytes:
    """Return at once, encoded, what :func:`list_response` yields."""
    return b"%b%b%b" % (_head(total, start_index, count).encode(), resources, _END.encode())


def _head(total: int, start_index: int, count: int) -> str:
    return f'{_START}"totalResults":{total},"startIndex":{start_index},"itemsPerPage":{count},"Resources":['


def cursor_list_response(
    total: int, count: int, resources: Iterable[str], *, following: str | None, previous: str | None
) -> Iterator[str]:
    """Yield the JSON text of a page that was asked for with a cursor (RFC 9865 §2); see :func:`list_response`.

    :param following: the cursor of the next page.
    """
    cursors = {"previousCursor": previous, "nextCursor": following}
    given = "".join(f'"{name}":"{cursor}",' for name, cursor in cursors.items() if cursor is not None)
    return _listed(f'{_START}{given}"totalResults":{total},"itemsPerPage":{count},"Resources":[', resources)


def _listed(head: str, resources: Iterable[str]) -> Iterator[str]:
    yield head
    yield from resources
    yield _END


def list_document(documents: list[Document]) -> str:
    """Return the JSON text of a ListResponse that holds everything there is."""
    return list_text(len(documents), 1, len(documents), orjson.dumps(documents)[1:-1]).decode()
