"""The PatchOp message (RFC 7644 §3.5.2)."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from flask_bsr_scim.errors import InvalidSyntax, InvalidValue
from flask_bsr_scim.messages.base import PATCH_OP, Message, first_message, lower_names, lowered, refused
from flask_bsr_scim.patch import Operation
from flask_bsr_scim.schema import JSON


class _OperationSchema(Message):
    error_messages = refused("must be an object with op, path and value.")
    op = fields.String(required=True, error_messages=refused("must be add, remove or replace."))
    path = fields.String(load_default=None, allow_none=True, error_messages=refused("must be text."))
    value = fields.Raw(allow_none=True)

    @post_load
    def _operation(self, data: dict[str, Any], **_: Any) -> Operation:
        return Operation(data["op"], data["path"], data.get("value"), "value" in data)


class _PatchOpSchema(Message):
    operations = fields.List(
        fields.Nested(_OperationSchema, error_messages=_OperationSchema.error_messages),
        required=True,
        validate=validate.Length(min=1, error="is empty; send at least one operation."),
        error_messages=refused("must be a list of operations."),
    )


_PATCH = _PatchOpSchema()


def read_patch(body: JSON, limit: int) -> list[Operation]:
    """Return the operations of a PatchOp message (RFC 7644 §3.5.2), at most `limit`.

    :raises InvalidSyntax: the body is no PatchOp, or has no operation.
    :raises InvalidValue: it has more operations than the limit.
    """
    message = lower_names(body, PATCH_OP)
    count = len(message["operations"]) if isinstance(message.get("operations"), list) else 0
    if count > limit:
        raise InvalidValue(f"The request has {count} operations; send at most {limit} in one.")
    message["operations"] = list(map(lowered, message["operations"])) if count else message.get("operations")
    try:
        operations: list[Operation] = _PATCH.load(message)["operations"]
    except ValidationError as error:
        raise InvalidSyntax(first_message(error)) from None
    return operations
