"""How values look on a page."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from flask_bsr_scim.console.words import counted


def moment(value: float | str) -> str:
    """Return a time as `2026-11-24T16:27:59Z`, from seconds since 1970 or as resources have it."""
    if isinstance(value, str):
        return value[:19] + "Z" if len(value) >= 19 else value + ":00Z"
    return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plainly(value: float | str) -> str:
    """Return a time for people, to the second."""
    return moment(value).replace("T", " ").replace("Z", " UTC")


def milliseconds(value: float) -> str:
    """Return a duration."""
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def pretty(text: str) -> str:
    """Return JSON text with indentation; other text as it is."""
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


def as_json(value: Any) -> str:
    """Return a value as JSON, texts without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def role(value: Any) -> str:
    """Return a role for people."""
    return str(value.name).replace("_", " ").capitalize()


def family(status: int) -> str:
    """Return the class of a status, for its colour."""
    return {4: "refused", 5: "failed"}.get(status // 100, "done")


_SOURCES = {"DIRECT": "given by hand", "JIT": "by sign-in", "IDP_GROUP": "by group"}


def source(value: Any) -> str:
    """Return where a role comes from."""
    return f"by the group {value.group}" if value.group else _SOURCES[str(value.source)]


def number(value: int) -> str:
    """Return a number with separators."""
    return f"{value:,}"


FILTERS: Mapping[str, Callable[..., str]] = {
    "moment": moment,
    "plainly": plainly,
    "milliseconds": milliseconds,
    "pretty": pretty,
    "as_json": as_json,
    "role": role,
    "family": family,
    "source": source,
    "number": number,
    "counted": counted,
}
