"""Records of a dump as JSON objects: what a line holds, and what is refused in it."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from flask_bsr_scim.backends.changes import LogEntry
from flask_bsr_scim.backends.dumping import Members, Profile, Record
from flask_bsr_scim.errors import shown
from flask_bsr_scim.resource import Resource

_NO_NUMBER: Final = 1 << 40
"""No version and no number of a change comes so far: SQLite keeps the tenant in the bits above it."""

# What stands in a URL as it is (RFC 3986 §2.3): ids do.
_ID_RULE: Final = re.compile(r"[A-Za-z0-9._~-]{1,200}", re.ASCII)
_TIME_RULE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", re.ASCII)
_MINUTE_RULE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d\.\d{6})?", re.ASCII)


class _Form(NamedTuple):
    """What a value may be."""

    valid: str
    fits: Callable[[Any], bool]

    def or_null(self) -> "_Form":
        return _Form(f"{self.valid}, or null", lambda value: value is None or self.fits(value))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID_RULE.fullmatch(value) is not None


def _is_time(value: Any, rule: re.Pattern[str] = _TIME_RULE) -> bool:
    if not isinstance(value, str) or rule.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


_TEXT: Final = _Form("a text", lambda value: isinstance(value, str))
_ID: Final = _Form("an id: 1 to 200 letters, digits and '-', '.', '_', '~'", _is_id)
_IDS: Final = _Form(
    "a list of ids: 1 to 200 letters, digits and '-', '.', '_', '~'",
    lambda value: isinstance(value, list) and all(map(_is_id, value)),
)
_TIME: Final = _Form("a time (UTC), as 2026-01-31T12:00:00.000000", _is_time)
_MINUTE: Final = _Form("a time (UTC), as 2026-01-31T12:00", lambda value: _is_time(value, _MINUTE_RULE))
_NUMBER: Final = _Form("a number from 1 on", lambda value: type(value) is int and 0 < value < _NO_NUMBER)
_OBJECT: Final = _Form("a JSON object", lambda value: isinstance(value, dict))

_VERSIONS: Final = {"create": (False, True), "update": (True, True), "delete": (True, False)}
"""By operation: whether there is a version before and one after."""

_OPERATION: Final = _Form(f"one of {', '.join(_VERSIONS)}", lambda value: isinstance(value, str) and value in _VERSIONS)

_FORMS: Final[Mapping[str, Mapping[str, _Form]]] = {
    "resource": {
        "type": _TEXT,
        "id": _ID,
        "version": _NUMBER,
        "created": _TIME,
        "modified": _TIME,
        "used": _MINUTE.or_null(),
        "document": _OBJECT,
    },
    "members": {"group": _ID, "ids": _IDS},
    "change": {
        "sequence": _NUMBER,
        "at": _TIME,
        "token_id": _TEXT.or_null(),
        "request_id": _TEXT.or_null(),
        "operation": _OPERATION,
        "type": _TEXT,
        "id": _ID,
        "before": _NUMBER.or_null(),
        "after": _NUMBER.or_null(),
        "delta": _OBJECT,
    },
}
"""What the lines of each kind hold, in this order."""


def written(tenant: str, record: Record) -> dict[str, Any]:
    """Return a record of a tenant as a JSON object."""
    match record:
        case Resource():
            *about, text, used, _ = record
            fields = dict(zip(Resource._fields, about, strict=False))
            return {"kind": "resource", **fields, "used": used, "document": orjson.Fragment(text)}
        case Members(group, ids):
            return {"kind": "members", "group": group, "ids": ids}
        case LogEntry():
            return {"kind": "change", **record._asdict()}
        case Profile(name):
            return {"kind": "tenant", "name": tenant, "profile": name}


def read(line: Mapping[str, Any]) -> Record:
    """Return the record that a JSON object is.

    :raises ValueError: it is none; the message says what is wrong with it.
    """
    kind, values = line.get("kind"), {name: value for name, value in line.items() if name != "kind"}
    if not isinstance(kind, str) or kind not in _FORMS:
        raise ValueError("this is no record of an export")
    _check(kind, values)
    match kind:
        case "resource":
            return _resource(**values)
        case "members":
            return Members(**values)
    return _entry(LogEntry(**values))


def _check(kind: str, values: Mapping[str, Any]) -> None:
    forms = _FORMS[kind]
    if values.keys() != forms.keys():
        raise ValueError(f"this is no record of an export: {kind} has {', '.join(forms)}, and nothing else")
    for name, form in forms.items():
        if not form.fits(values[name]):
            raise ValueError(f"{name} is {_shown(values[name])}; it must be {form.valid}")


def _resource(document: dict[str, Any], **values: Any) -> Resource:
    if document.get("id") != values["id"]:
        raise ValueError(f"the id is {_shown(values['id'])}, and that in the document {_shown(document.get('id'))}")
    return Resource(**values, text=_text("document", document))


def _text(name: str, value: dict[str, Any]) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        raise ValueError(f"{name} is nested too deep") from None


def _entry(entry: LogEntry) -> LogEntry:
    _text("delta", entry.delta)
    versions = entry.before is not None, entry.after is not None
    if versions != _VERSIONS[entry.operation]:
        told = {"before": entry.before, "after": entry.after}
        raise ValueError(f"no {entry.operation} has the versions {_shown(told)}")
    return entry


def _shown(value: object) -> str:
    return shown(value) if isinstance(value, str) else shown(orjson.dumps(value).decode())[1:-1]
