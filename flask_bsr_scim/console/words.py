"""Words for what is counted, and for values of a message."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

_LONGEST = 80


def counted(number: int, thing: str) -> str:
    """Return a number and what is counted, as `2 members`."""
    return f"{number:,} {thing if number == 1 else f'{thing}s'}"


def brief(value: object) -> str:
    """Return a value as it stands in a sentence."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names as a sentence lists them."""
    shown = [*names[:most], *([f"{len(names) - most} more"] if len(names) > most else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def read(text: bytes | str) -> Any:
    """Return the JSON of a message, None for what is none, or is nested so deeply that nobody would look into it."""
    try:
        value = orjson.loads(text)
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value


def member(document: Any, name: str) -> Any:
    """Return a member of a JSON object by its name in any letter case, None when there is none."""
    if not isinstance(document, Mapping):
        return None
    if name in document:
        return document[name]
    return next((value for key, value in document.items() if key.lower() == name.lower()), None)


def items(value: Any) -> list[Any]:
    """Return the elements of a list, one value as a list of it, and nothing for None."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
