"""How messages are read and written: JSON and binary."""

import re
from typing import TypeVar

from connectrpc.code import Code
from connectrpc.codec import proto_binary_codec, proto_json_codec
from connectrpc.errors import ConnectError
from protobuf import Message, message_from_json_value

from flask_bsr_scim.errors import ScimError, shown
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.strict_json import read_json

M = TypeVar("M", bound=Message)

_CLASS = re.compile(r"<class '(\w+)'>")
_LONGEST_REASON = 200


class JsonCodec:
    """The JSON form; a field or an enum's name that does not exist is refused rather than passed over.

    The runtime's own parser takes the process with it when the JSON is nested deeply, so it never sees any.
    """

    def name(self) -> str:
        """Return the subtype of the media type."""
        return "json"

    def encode(self, message: Message) -> bytes:
        """Return the JSON of a message."""
        return proto_json_codec().encode(message)

    def decode(self, data: bytes | bytearray, message_class: type[M]) -> M:
        """Return the message that a request's JSON is; no body at all is the message without fields.

        :raises ConnectError: it is none.
        """
        try:
            value = read_json(bytes(data or b"{}"))
            _check_names(message_class, value)
            message = message_from_json_value(message_class, value)
            message.to_binary()  # An enum's number may be one that has no place there.
        except ScimError as error:
            raise ConnectError(Code.INVALID_ARGUMENT, error.detail) from None
        except (TypeError, ValueError, OverflowError) as error:
            raise _not_a(message_class, str(error)) from None
        return message


def _check_names(message_class: type[Message], value: JSON) -> None:
    """See that no field has both of its names: the one would count, and the other be passed over."""
    for field in message_class.desc().fields if isinstance(value, dict) else ():
        if field.name != field.json_name and value.keys() >= {field.name, field.json_name}:
            raise ValueError(f"{field.name} and {field.json_name} are the same field")


class BinaryCodec:
    """The binary form; text holds what it may hold in JSON."""

    def name(self) -> str:
        """Return the subtype of the media type."""
        return "proto"

    def encode(self, message: Message) -> bytes:
        """Return a message in binary."""
        return proto_binary_codec().encode(message)

    def decode(self, data: bytes | bytearray, message_class: type[M]) -> M:
        """Return the message that a request's body is.

        :raises ConnectError: it is none.
        """
        try:
            message = message_class.from_binary(bytes(data))
        except (ValueError, RecursionError) as error:
            raise _not_a(message_class, str(error)) from None
        for field in message:
            if isinstance(message[field], str) and "\0" in message[field]:
                raise _not_a(message_class, f"there is a NUL in {field.name}")
        return message


CODECS = (JsonCodec(), BinaryCodec())


def _not_a(message_class: type[Message], reason: str) -> ConnectError:
    """Return the refusal of a body for the runtime's reason, without what only repeats the name, or says nothing."""
    type_name = message_class.desc().type_name
    plain = _CLASS.sub(r"\1", reason.removeprefix(f"cannot decode {type_name} from JSON: "))
    plain = plain.replace(type_name.removesuffix(message_class.__name__), "")
    shortened = shown(without_tokens(plain), length=_LONGEST_REASON)[1:-1]
    return ConnectError(Code.INVALID_ARGUMENT, f"The request is no {message_class.__name__}: {shortened}.")
