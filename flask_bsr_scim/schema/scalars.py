"""Readers of single values, by the type of their attribute (RFC 7643 §2.3)."""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidValue
from flask_bsr_scim.schema.attribute import JSON, Attribute, Returned, Type, Uniqueness
from flask_bsr_scim.schema.values import datetime_key

Reader = Callable[[Any], Any]
"""Returns the value to store for a JSON value other than null, None when nothing of it is to be stored.

:raises InvalidValue: the attribute cannot have this value; the message names its path.
"""

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
_BASE64 = re.compile(
    r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?"
    r"|(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}(?:==)?|[A-Za-z0-9_-]{3}=?)?"
)
_BOOLEANS = {"true": True, "false": False}
_SHOWN = 40
"""Characters of a value in a message."""


def make_scalar_reader(attribute: Attribute, path: str) -> Reader:
    """Return the reader of one value of an attribute that is not complex; `path` is its name in messages."""
    if attribute.type in (Type.STRING, Type.REFERENCE):
        return _make_text_reader(attribute, path)
    parse, wanted = _PARSERS[attribute.type]

    def read(raw: JSON) -> JSON:
        try:
            return parse(raw)
        except ValueError:
            raise wrong(path, wanted, raw, attribute) from None

    return read


def wrong(path: str, wanted: str, raw: JSON, attribute: Attribute | None = None) -> InvalidValue:
    """Return the error that says what an attribute must be, and what was sent unless it is an attribute of secrets."""
    if attribute is not None and attribute.returned is Returned.NEVER:
        return InvalidValue(f"{path} must be {wanted}.")
    return InvalidValue(f"{path} must be {wanted}, not {shown(raw)}.")


def shown(raw: JSON) -> str:
    """Return a value as it is shown in a message: in JSON, shortened, on one line."""
    match raw:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str() if len(raw) > _SHOWN:
            return json.dumps(raw[:_SHOWN] + "…", ensure_ascii=not raw.isprintable())
        case int() if not _fits(raw):
            return "a number beyond 64 bits"
        case _:
            return json.dumps(raw, ensure_ascii=not str(raw).isprintable())


def _make_text_reader(attribute: Attribute, path: str) -> Reader:
    forbidden = (_UNSTORABLE if attribute.uniqueness is Uniqueness.NONE else _CONTROL).search
    limit = math.inf if attribute.max_length is None else attribute.max_length
    required = attribute.required

    def read(raw: JSON) -> JSON:
        if not isinstance(raw, str):
            raise wrong(path, "a string", raw, attribute)
        if not raw.isprintable() and (found := forbidden(raw)):
            raise InvalidValue(f"{path} must not hold the character U+{ord(found[0]):04X}.")
        if len(raw) > limit:
            raise InvalidValue(f"{path} has {len(raw)} characters; at most {limit} are allowed.")
        if required and not raw.strip():
            raise InvalidValue(f"{path} is required and must not be blank.")
        return raw

    return read


def _boolean(raw: JSON) -> bool:
    if raw is True or raw is False:
        return raw
    if isinstance(raw, str) and raw.lower() in _BOOLEANS and tolerates(Tolerance.BOOLEAN_AS_STRING):
        return _BOOLEANS[raw.lower()]
    raise ValueError


def _integer(raw: JSON) -> int:
    if isinstance(raw, int) and not isinstance(raw, bool) and _fits(raw):
        return raw
    raise ValueError


def _decimal(raw: JSON) -> float:
    if isinstance(raw, float) and math.isfinite(raw):
        return raw
    return _integer(raw)


def _datetime(raw: JSON) -> str:
    if not isinstance(raw, str):
        raise ValueError
    datetime_key(raw)
    return raw


def _binary(raw: JSON) -> str:
    if isinstance(raw, str) and _BASE64.fullmatch(raw):
        return raw
    raise ValueError


def _fits(number: int) -> bool:
    return -(1 << 63) <= number < 1 << 63


_PARSERS: dict[Type, tuple[Callable[[Any], Any], str]] = {
    Type.BOOLEAN: (_boolean, "true or false"),
    Type.INTEGER: (_integer, "a whole number of at most 64 bits"),
    Type.DECIMAL: (_decimal, "a number"),
    Type.DATETIME: (_datetime, "a date with a time, as 2026-11-24T16:27:59Z"),
    Type.BINARY: (_binary, "base64"),
}
