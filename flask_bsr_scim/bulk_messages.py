"""The messages of bulk jobs (RFC 7644 §3.7), read with marshmallow."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidSyntax, InvalidValue, PayloadTooLarge, shown
from flask_bsr_scim.messages import PATCH_OP, PREFIX
from flask_bsr_scim.schema import JSON, Document
from flask_bsr_scim.schema.names import folded

BULK_REQUEST = PREFIX + "BulkRequest"
BULK_RESPONSE = PREFIX + "BulkResponse"

MARK = "bulkId:"
"""Before a bulkId, it makes a reference to what the operation with that bulkId creates (§3.7.2)."""

_WITH_DATA = ("POST", "PUT", "PATCH")


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation of a bulk job. `method` is in upper case, and the data of a PATCH is always a PatchOp."""

    method: str
    path: str | None = None
    bulk_id: str | None = None
    version: str | None = None
    data: JSON = None
    fault: str | None = None
    """What is wrong with the operation by itself; the others of its job can be done all the same."""

    @property
    def reference(self) -> str | None:
        """How other operations refer to what this one creates; None when it creates nothing."""
        return MARK + self.bulk_id if self.method == "POST" and self.bulk_id else None


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """A bulk job; `fail_on_errors` is the number of errors that ends it, None when none does."""

    operations: tuple[BulkOperation, ...]
    fail_on_errors: int | None = None


def _refused(message: str) -> dict[str, Any]:
    return dict.fromkeys(("required", "null", "invalid", "type"), message)


_AT_LEAST_ONE = "failOnErrors must be a whole number of at least 1."


class _BulkRequestSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    fail_on_errors = fields.Integer(
        data_key="failonerrors",
        strict=True,
        allow_none=True,
        load_default=None,
        validate=validate.Range(min=1, error=_AT_LEAST_ONE),
        error_messages=_refused(_AT_LEAST_ONE),
    )
    operations = fields.List(
        fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(min=1, error="Operations is empty; send at least one operation."),
        error_messages=_refused("Operations must be a list of operations."),
    )


_REQUEST = _BulkRequestSchema()


def read_bulk(body: JSON, limit: int) -> BulkRequest:
    """Return the job of a BulkRequest message with at most `limit` operations.

    What is wrong with one operation alone, and leaves the others unharmed, is its `fault`.

    :raises InvalidSyntax: the body is no BulkRequest, or has no operation, or one without a method.
    :raises InvalidValue: two operations create something under one bulkId, so that it means neither.
    :raises PayloadTooLarge: there are more operations than the limit (§3.7.4).
    """
    message = _opened(body)
    operations = message.get("operations")
    if isinstance(operations, list) and len(operations) > limit:
        raise PayloadTooLarge(limit, "operations")
    try:
        loaded = _REQUEST.load(message)
    except ValidationError as error:
        raise InvalidSyntax(next(iter(error.messages_dict.values()))[0]) from None
    request = BulkRequest(tuple(map(_read_operation, loaded["operations"])), loaded["fail_on_errors"])
    _check_unique(request.operations)
    return request


def bulk_response(results: Iterable[Document]) -> Document:
    """Return the BulkResponse message with the results of the operations."""
    return {"schemas": [BULK_RESPONSE], "Operations": list(results)}


def _opened(body: JSON) -> Document:
    if not isinstance(body, dict):
        raise InvalidSyntax("The request body must be a JSON object.")
    message = folded(body, "The request body")
    schemas = message.get("schemas")
    if not isinstance(schemas, list) or BULK_REQUEST.lower() not in (str(urn).lower() for urn in schemas):
        raise InvalidSyntax(f"schemas must contain {BULK_REQUEST}.")
    return message


def _read_operation(raw: JSON) -> BulkOperation:
    """Return an operation. It is read by hand: there are a thousand in a request."""
    members = folded(raw, "An operation") if isinstance(raw, dict) else {}
    method, path, bulk_id, version, data = map(members.get, ("method", "path", "bulkid", "version", "data"))
    if not isinstance(method, str):
        raise InvalidSyntax("Each operation must be an object with a method: POST, PUT, PATCH or DELETE.")
    if method != method.upper() and not tolerates(Tolerance.BULK_METHOD_IN_SMALL_LETTERS):
        raise InvalidSyntax(f"The method of an operation is {shown(method)}; send it in capitals.")
    method = method.upper()
    if method == "PATCH" and isinstance(data, list):
        # The example in §3.7.3 has the operations of the PATCH without the message around them.
        data = {"schemas": [PATCH_OP], "Operations": data}
    fault = _fault(method, path, bulk_id, version, data)
    return BulkOperation(method, _text(path), _text(bulk_id), _text(version), data, fault)


def _fault(method: str, path: JSON, bulk_id: JSON, version: JSON, data: JSON) -> str | None:
    if not isinstance(path, str):
        return "path is required, as /Users, for an existing resource with its id."
    if not isinstance(bulk_id, str | None):
        return "bulkId must be text."
    if not isinstance(version, str | None):
        return "version must be the text of a version, as in meta.version."
    if method == "POST" and not bulk_id:
        return "bulkId is required for a POST: give each one a bulkId of its own."
    if method in _WITH_DATA and not isinstance(data, dict):
        return "data must be an object: the body of the request that the operation stands for."
    return None


def _text(value: JSON) -> str | None:
    return value if isinstance(value, str) else None


def _check_unique(operations: Iterable[BulkOperation]) -> None:
    counted = Counter(operation.bulk_id for operation in operations if operation.reference)
    twice = [bulk_id for bulk_id, count in counted.items() if bulk_id and count > 1]
    if twice:
        raise InvalidValue(f"Several operations have the bulkId {shown(*twice)}: give each POST a bulkId of its own.")
