"""The PatchOp message (RFC 7644 §3.5.2)."""

from typing import TypeGuard

from marshmallow import Schema, fields, validate

from flask_bsr_scim.errors import InvalidSyntax, InvalidValue
from flask_bsr_scim.messages.base import PATCH_OP, Message, lower_names, lowered, refused
from flask_bsr_scim.patch import Operation, name_of
from flask_bsr_scim.schema import JSON, Document


class _OperationSchema(Message):
    error_messages = refused("An operation must be an object with op, path and value.")
    op = fields.String(required=True, error_messages=refused("op must be add, remove or replace."))
    path = fields.String(load_default=None, allow_none=True, error_messages=refused("path must be text."))
    value = fields.Raw(allow_none=True)


class _PatchOpSchema(Message):
    operations = fields.List(
        fields.Raw(allow_none=True),
        required=True,
        validate=validate.Length(min=1, error="Operations is empty; send at least one operation."),
        error_messages=refused("Operations must be a list of operations."),
    )


_PATCH, _OPERATION = _PatchOpSchema(), _OperationSchema()
"""Tell what is wrong with a message; what is right is read without them, which takes a tenth of the time."""


def read_patch(body: JSON, limit: int) -> list[Operation]:
    """Return the operations of a PatchOp message (RFC 7644 §3.5.2), at most `limit`.

    :raises InvalidSyntax: the body is no PatchOp, or has no operation.
    :raises InvalidValue: it has more operations than the limit.
    """
    message = lower_names(body, PATCH_OP)
    count = len(message["operations"]) if isinstance(message.get("operations"), list) else 0
    if count > limit:
        raise InvalidValue(
            f"The request has {count} operations; send at most {limit} in one, or raise SCIM_MAX_PATCH_OPERATIONS."
        )
    operations = list(map(lowered, message["operations"])) if count else []
    if not count:
        raise InvalidSyntax(_fault(_PATCH, message))
    for number, operation in enumerate(operations, 1):
        if not _is_operation(operation):
            raise InvalidSyntax(name_of(number, count) + _fault(_OPERATION, operation))
    return [Operation(each["op"], each.get("path"), each.get("value"), "value" in each) for each in operations]


def _fault(schema: Schema, body: JSON) -> str:
    """Return the sentence about the first thing that is wrong."""
    return str(next(iter(schema.validate(body).values()))[0])


def _is_operation(body: JSON) -> TypeGuard[Document]:
    return isinstance(body, dict) and isinstance(body.get("op"), str) and isinstance(body.get("path"), str | None)
