"""What all messages have in common: their URNs, and how they are read with marshmallow."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError
from marshmallow.exceptions import SCHEMA

from flask_bsr_scim.errors import InvalidSyntax
from flask_bsr_scim.schema import JSON, Document
from flask_bsr_scim.schema.names import folded

PREFIX = "urn:ietf:params:scim:api:messages:2.0:"
LIST_RESPONSE = PREFIX + "ListResponse"
PATCH_OP = PREFIX + "PatchOp"
SEARCH_REQUEST = PREFIX + "SearchRequest"
ERROR = PREFIX + "Error"


class Message(Schema):
    """A message; members that it does not have are ignored."""

    class Meta:
        unknown = EXCLUDE


def refused(message: str) -> dict[str, Any]:
    """Return what marshmallow says of every fault that a field can have."""
    return dict.fromkeys(("required", "null", "invalid", "type"), message)


def lower_names(body: JSON, urn: str) -> Document:
    """Return the members of a message, by their names in lower case.

    :raises InvalidSyntax: the body is no message with this URN.
    """
    message = lowered(body)
    if not isinstance(message, dict):
        raise InvalidSyntax("The request body must be a JSON object.")
    schemas = message.get("schemas")
    if not isinstance(schemas, list) or urn.lower() not in (str(entry).lower() for entry in schemas):
        raise InvalidSyntax(f"schemas must contain {urn}.")
    return message


def lowered(body: JSON) -> JSON:
    """Return a value, an object with the names of its members in lower case."""
    return folded(body, "The request body") if isinstance(body, dict) else body


def first_message(error: ValidationError) -> str:
    """Return one sentence about the first wrong member, as `count must be an integer.`"""
    path: list[str] = []
    node: Any = error.messages
    while isinstance(node, dict):
        name, node = next(iter(node.items()))
        if name != SCHEMA:
            path.append(str(name))
    return f"{'.'.join(path)} {node[0] if isinstance(node, list) else node}"
