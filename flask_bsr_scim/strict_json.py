"""JSON as a request body may hold it (RFC 8259), refusing what parsers disagree about."""

import json
import math
import re
from itertools import chain
from typing import Any, NoReturn

from flask_bsr_scim.errors import InvalidSyntax, InvalidValue, shown
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.schema.names import repeated

MAX_DEPTH = 64
MAX_DIGITS = 400

_ESCAPED_TROUBLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_json(body: bytes) -> JSON:
    """Return the parsed body; where nobody else holds the bytes, they are gone before it is parsed.

    :raises InvalidSyntax: it is not JSON in UTF-8, is nested deeper than MAX_DEPTH, names a member twice, or has NaN,
        Infinity or a number of more than MAX_DIGITS digits.
    :raises InvalidValue: a string holds NUL or half of a surrogate pair.
    """
    try:
        text = body.decode("utf-8")
        del body
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise InvalidSyntax("The request body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidSyntax(f"The request body is not JSON: line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    if _ESCAPED_TROUBLE.search(text):
        _check_strings(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidSyntax(f"The request body names {shown(repeated(name for name, _ in pairs))} twice in one object.")
    return members


def _integer(text: str) -> int:
    return int(_bounded(text))


def _number(text: str) -> float:
    value = float(_bounded(text))
    if math.isinf(value):
        raise InvalidSyntax("The request body has a number that is too large.")
    return value


def _bounded(text: str) -> str:
    if len(text) > MAX_DIGITS and sum(map(str.isdigit, text)) > MAX_DIGITS:
        raise InvalidSyntax(f"The request body has a number of more than {MAX_DIGITS} digits.")
    return text


def _constant(name: str) -> NoReturn:
    raise InvalidSyntax(f"The request body has {name}, which is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_number, parse_constant=_constant
)


def _check_depth(value: JSON) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        objects = (each for each in level if type(each) is dict)
        lists = (each for each in level if type(each) is list)
        level = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]
        if set(map(type, level)).isdisjoint((dict, list)):
            return
    raise _too_deep()


def _too_deep() -> InvalidSyntax:
    return InvalidSyntax(f"The request body is nested deeper than {MAX_DEPTH} levels.")


def _check_strings(value: JSON) -> None:
    if isinstance(value, str):
        if "\0" in value or not _encodable(value):
            raise InvalidValue("A string in the request body holds a NUL or half of a surrogate pair.")
    elif isinstance(value, dict):
        for name, child in value.items():
            _check_strings(name)
            _check_strings(child)
    elif isinstance(value, list):
        for child in value:
            _check_strings(child)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
