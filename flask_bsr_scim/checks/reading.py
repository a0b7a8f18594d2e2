"""JSON as any server may answer with it: what is read can be looked into, however it was made."""

import json
from collections.abc import Iterable
from typing import Any

from flask_bsr_scim.schema import JSON

_DEEPEST = 100


def parsed(data: bytes) -> Any:
    """Return the JSON of an answer.

    :raises ValueError: it is none, or nested so deeply that nobody would read it.
    """
    try:
        value = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if is_deep(value):
        raise ValueError("nested too deeply")
    return value


def is_deep(value: JSON) -> bool:
    """Tell whether a JSON value is nested so deeply that it is not looked into."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [item for each in level for item in items(each)]
    return bool(level)


def items(value: JSON) -> Iterable[JSON]:
    """Return the values of an object or a list, and nothing of anything else."""
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
