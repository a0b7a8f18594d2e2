"""What a record does not have of a request or an answer, and what that means for sending it again."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from flask_bsr_scim.console.masking import HIDDEN
from flask_bsr_scim.console.traffic import Record
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.traffic.placeholders import objects

MORE = re.compile(r"… and (\d+) more")
"""The last element of a list that was cut."""

CUT = "…"
"""What a text ends with that was cut."""

LONGEST_STRING = 2000
_SECRET_NOTE = "Something secret in it was not recorded."
_OTHER_PASSWORD = "The password was not recorded: a made-up one is sent in its place."

_BY_STATUS = {
    304: "it had a condition (If-None-Match), which was not recorded",
    401: "it was refused for its credential, which was not recorded",
    403: "it was refused for what its token may do",
    412: "it had a condition (If-Match), which was not recorded",
    429: "there were too many requests",
    **dict.fromkeys((500, 502, 503, 504), "the server failed"),
}


def read_message(text: str) -> JSON:
    """Return the JSON of a message that was recorded whole, else None."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def obstacle(record: Record, body: JSON) -> str:
    """Return why a request cannot be sent again, empty when it can."""
    if record.status in _BY_STATUS:
        return _BY_STATUS[record.status]
    if record.target.endswith(CUT) or HIDDEN in record.target:
        return "its URL was not recorded whole"
    if record.body_note or (record.body and body is None):
        return f"its body was not recorded whole: {record.body_note or 'it is null.'}".rstrip(".")
    if is_cut(body):
        return "its body was not recorded whole: only the beginning of a list or a text is kept"
    secrets = sorted(set(_hidden(body)) - {"password"})
    return f"its body was not recorded whole: {', '.join(secrets)} was hidden" if secrets else ""


def notes(record: Record, body: JSON, answer: JSON) -> Iterator[str]:
    """Yield what a reader of the recording should know, in sentences."""
    if "password" in set(_hidden(body)):
        yield _OTHER_PASSWORD
    if record.body_note:
        yield f"Of the request: {record.body_note}"
    if record.answer_note:
        yield f"Of the answer: {record.answer_note}"
    if is_cut(answer):
        yield "Of the answer: only the beginning of a list or a text is kept."
    if any(_hidden(answer)):
        yield f"Of the answer: {_SECRET_NOTE}"


def is_cut(value: JSON) -> bool:
    """Tell whether a list or a text of a JSON value was not recorded whole."""
    match value:
        case dict():
            return any(map(is_cut, value.values()))
        case list():
            return any(map(is_cut, value))
        case str():
            return value == CUT or len(value) >= LONGEST_STRING or MORE.fullmatch(value) is not None
    return False


def with_password(body: JSON, password: str) -> JSON:
    """Return a body with a password in the place of each that is hidden."""
    match body:
        case dict():
            return {
                name: password
                if value == HIDDEN and _secret_name(body, name) == "password"
                else (with_password(value, password))
                for name, value in body.items()
            }
        case list():
            return [with_password(value, password) for value in body]
    return body


def _hidden(value: JSON) -> Iterator[str]:
    """Yield the names of what is hidden."""
    for each in objects(value):
        yield from (_secret_name(each, name) for name, item in each.items() if item == HIDDEN)


def _secret_name(owner: dict[str, Any], name: str) -> str:
    """Return what a member is called, of the value of a PATCH operation the path, in small letters."""
    path = next((str(item) for key, item in owner.items() if key.lower() == "path"), "")
    return (path if name.lower() == "value" and path else name).lower().rpartition(":")[2]
