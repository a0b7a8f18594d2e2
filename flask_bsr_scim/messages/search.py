"""Queries (RFC 7644 §3.4.2 and §3.4.3), in a URL and in a body, and the choice of attributes (§3.9)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from marshmallow import ValidationError, fields, post_load, validate

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidCount, InvalidValue
from flask_bsr_scim.messages.base import SEARCH_REQUEST, Message, first_message, lower_names, refused
from flask_bsr_scim.schema import JSON, Document

_DIGITS = re.compile(r"-?\d+", re.ASCII)
_MOST = 2**31 - 1
_LONGEST_NAMES = 8192
"""Characters in a list of names; what was asked for is remembered."""


class Selection(NamedTuple):
    """The attributes that a response shall hold (RFC 7644 §3.9), by the names that the client used."""

    attributes: tuple[str, ...] = ()
    excluded_attributes: tuple[str, ...] = ()


EVERYTHING = Selection()
"""What a request without these parameters asks for."""


@dataclass(slots=True)
class SearchRequest:
    """A query (RFC 7644 §3.4.3). `start_index` is 1-based and at least 1; `count` is None where it was not given.

    With a `cursor` pages follow one another as RFC 9865 says; an empty one asks for the first.
    """

    filter: str | None = None
    cursor: str | None = None
    sort_by: str | None = None
    descending: bool = False
    start_index: int = 1
    count: int | None = None
    selection: Selection = EVERYTHING


class _Integer(fields.Integer):
    """An integer, or one in ASCII digits, brought into the 32 bits that every store and client can count with."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> int:
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not _DIGITS.fullmatch(text):
            raise ValidationError("must be a whole number.")
        number: int = super()._deserialize(text, *args, **kwargs)
        return max(-_MOST, min(number, _MOST))


class _Names(fields.Field[tuple[str, ...]]):
    """Names of attributes: a list of them in a body, joined by commas in a URL."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> tuple[str, ...]:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ValidationError("must be a list of names.")
        if isinstance(value, list) and sum(map(len, names)) > _LONGEST_NAMES:
            raise ValidationError(f"has more than {_LONGEST_NAMES} characters.")
        return tuple(stripped for name in names if (stripped := name.strip()))


_TEXT = refused("must be text.")


class _SelectionSchema(Message):
    attributes = _Names(load_default=())
    excluded_attributes = _Names(data_key="excludedAttributes", load_default=())


class _SearchParameters(_SelectionSchema):
    sort_by = fields.String(data_key="sortBy", load_default=None, error_messages=_TEXT)
    sort_order = fields.String(
        data_key="sortOrder",
        load_default="ascending",
        error_messages=_TEXT,
        validate=validate.OneOf(("ascending", "descending"), error="must be ascending or descending."),
    )
    start_index = _Integer(data_key="startIndex", load_default=1)
    count = _Integer(load_default=None, allow_none=True)

    @post_load
    def _fields(self, data: dict[str, Any], **_: Any) -> tuple[Any, ...]:
        """Return the fields of a SearchRequest but for its filter and cursor."""
        return (
            data["sort_by"],
            data["sort_order"] == "descending",
            max(1, data["start_index"]),
            None if data["count"] is None else max(0, data["count"]),
            _selection(data),
        )


_SELECTION = _SelectionSchema()
_SEARCH = _SearchParameters()
_OTHER_PARAMETERS = {(key := field.data_key or name).lower(): key for name, field in _SEARCH.load_fields.items()}
"""All of a query but filter and cursor, which hardly come twice: the names by themselves in lower case."""
_OTHER_NAMES = frozenset(_OTHER_PARAMETERS.values())
_AS_IN_URLS = (
    (("startIndex", "count"), Tolerance.NUMBER_AS_STRING, "a number"),
    (("attributes", "excludedAttributes"), Tolerance.NAMES_AS_STRING, "a list of names"),
)


def read_selection(parameters: Mapping[str, str]) -> Selection:
    """Return what `attributes` and `excludedAttributes` of a query string ask for; other parameters are ignored."""
    if "attributes" not in parameters and "excludedAttributes" not in parameters:
        return EVERYTHING
    return _selection(_SELECTION.load(parameters))


def read_search_parameters(parameters: Mapping[str, str]) -> SearchRequest:
    """Return the query of a query string; parameters that RFC 7644 §3.4.2 does not know are ignored.

    :raises InvalidValue: startIndex or count is no integer, or sortOrder is neither ascending nor descending; or
        startIndex comes with a cursor.
    :raises InvalidCount: count is no integer, in a query with a cursor.
    """
    others = tuple([(name, parameters[name]) for name in parameters if name in _OTHER_NAMES])
    cursor = parameters.get("cursor")
    if cursor is not None:
        _check_paging(dict(others))
    return SearchRequest(parameters.get("filter"), cursor, *_read_others(others))


@lru_cache(256)
def _read_others(parameters: tuple[tuple[str, str], ...]) -> tuple[Any, ...]:
    """Return a query but for its filter and cursor. Clients send the same few over and over."""
    return _load_others(dict(parameters))


def _load_others(parameters: Mapping[str, JSON]) -> tuple[Any, ...]:
    try:
        others: tuple[Any, ...] = _SEARCH.load(parameters)
    except ValidationError as error:
        raise InvalidValue(first_message(error)) from None
    return others


def _check_paging(parameters: Mapping[str, JSON]) -> None:
    """Refuse what does not go with a cursor (RFC 9865 §2)."""
    if "startIndex" in parameters:
        raise InvalidValue("startIndex and cursor are two ways to ask for a page; send one of them.")
    if "count" in _SEARCH.validate(parameters):
        raise InvalidCount("count must be a whole number.")


def read_search_request(body: JSON) -> SearchRequest:
    """Return the query of a SearchRequest message (RFC 7644 §3.4.3); members that it does not have are ignored.

    :raises InvalidSyntax: the body is no SearchRequest.
    :raises InvalidValue: a member has a value of the wrong type; and see :func:`read_search_parameters`.
    :raises InvalidCount: see :func:`read_search_parameters`.
    """
    message = {name: value for name, value in lower_names(body, SEARCH_REQUEST).items() if value is not None}
    others = {name: message[key] for key, name in _OTHER_PARAMETERS.items() if key in message}
    _check_types(others)
    cursor = _text(message, "cursor")
    if cursor is not None:
        _check_paging(others)
    return SearchRequest(_text(message, "filter"), cursor, *_load_others(others))


def _check_types(parameters: Mapping[str, JSON]) -> None:
    """Refuse, unless it is tolerated, what a body writes as if it were a URL."""
    for names, tolerance, wanted in _AS_IN_URLS:
        for name in names:
            if isinstance(parameters.get(name), str) and not tolerates(tolerance):
                raise InvalidValue(f"{name} must be {wanted}, not a string.")


def _text(message: Document, name: str) -> str | None:
    value = message.get(name)
    if value is None or isinstance(value, str):
        return value
    raise InvalidValue(f"{name} must be text.")


def _selection(data: Mapping[str, Any]) -> Selection:
    return Selection(data["attributes"], data["excluded_attributes"])
