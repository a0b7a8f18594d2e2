"""A recording: requests with their answers, as a file has them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from flask_bsr_scim.checks.reading import is_deep
from flask_bsr_scim.schema import JSON

FORMAT = "bsr-scim traffic 1"

_SAYING = ("path", "body")
_WORD = r"\w!#$%&'*+.^`|~-"

LARGEST = 256 * 1024 * 1024
"""Bytes of a file that is read."""


class NoRecording(ValueError):
    """A file is no recording; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its answer. `{user1}` stands for what the server gave: see `Recording.ids`."""

    number: int
    """1-based."""
    client: str
    meaning: str
    method: str
    path: str
    """Below the base URL, percent-encoded."""
    headers: Mapping[str, str]
    body: JSON
    """None when there is none."""
    status: int
    answer: JSON
    """None when there is none, or it was not recorded."""
    dialect: str = "default"
    tolerances: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What the record does not have, or has otherwise than it was sent."""
    skip: str = ""
    """Why it cannot be sent again, empty when it can."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Requests in their order.

    :ivar profile: the schema profile of the server.
    :ivar ids: what stands for ids and cursors that the server gave, without the braces.
    :ivar given: what was there before, by type and by what stands for its id: as it was when it was first seen.
    """

    profile: str
    ids: Sequence[str]
    given: Mapping[str, Mapping[str, JSON]]
    exchanges: Sequence[Exchange]

    def text(self) -> bytes:
        """Return the recording as a file has it: the same bytes for the same recording."""
        whole = {
            "format": FORMAT,
            "profile": self.profile,
            "ids": self.ids,
            "given": self.given,
            "exchanges": [_without_empty(_shown(each)) for each in self.exchanges],
        }
        return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _shown(exchange: Exchange) -> dict[str, Any]:
    return {
        "number": exchange.number,
        "client": exchange.client,
        "meaning": exchange.meaning,
        "request": _without_empty(
            {
                "method": exchange.method,
                "path": exchange.path,
                "headers": exchange.headers,
                "body": exchange.body,
            }
        ),
        "response": _without_empty({"status": exchange.status, "body": exchange.answer}),
        "dialect": exchange.dialect,
        "tolerances": exchange.tolerances,
        "notes": exchange.notes,
        "skip": exchange.skip,
    }


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what says nothing; a path and a body that are empty say something."""
    return {name: value for name, value in members.items() if value or (name in _SAYING and value is not None)}


def read_recording(data: bytes) -> Recording:
    """Return the recording of a file.

    :raises NoRecording: it is none.
    """
    try:
        whole = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise NoRecording(f"this is not JSON: {error}") from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise NoRecording(f'this is no recording: its "format" is not "{FORMAT}"')
    if is_deep(whole):
        raise NoRecording("this is nested more deeply than a recording")
    try:
        return Recording(
            str(whole["profile"]),
            tuple(map(str, whole.get("ids", ()))),
            {str(kind): dict(resources) for kind, resources in whole.get("given", {}).items()},
            tuple(_exchanges(whole["exchanges"])),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NoRecording(f"this is no recording: {type(error).__name__} at {error}") from None


def _exchanges(values: Any) -> Iterator[Exchange]:
    for value in values:
        request, response = value["request"], value["response"]
        yield Exchange(
            number=int(value["number"]),
            client=str(value["client"]),
            meaning=str(value["meaning"]),
            method=_word(request["method"]),
            path=_path(request.get("path", "")),
            headers={_word(name): _line(text) for name, text in request.get("headers", {}).items()},
            body=request.get("body"),
            status=int(response["status"]),
            answer=response.get("body"),
            dialect=str(value.get("dialect", "")),
            tolerances=tuple(map(str, value.get("tolerances", ()))),
            notes=tuple(map(str, value.get("notes", ()))),
            skip=str(value.get("skip", "")),
        )


def as_word(text: str) -> str:
    """Return a method with `-` for what no method can hold (RFC 9110 §5.6.2)."""
    return re.sub(rf"[^{_WORD}]", "-", text, flags=re.ASCII)


def _word(text: Any) -> str:
    if not re.fullmatch(rf"[{_WORD}]{{1,50}}", str(text), re.ASCII):
        raise ValueError(f"{text!r}, which is no method and no name of a header")
    return str(text)


def _path(text: Any) -> str:
    if not re.fullmatch(r"[\x21-\x7e]*", str(text)):
        raise ValueError(f"{text!r}, which is not percent-encoded")
    return str(text)


def _line(text: Any) -> str:
    if not re.fullmatch(r"[\x20-\x7e]*", str(text)):
        raise ValueError(f"{text!r}, which no header can hold")
    return str(text)
