"""How an answer differs from the recorded one."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from flask_bsr_scim.console.masking import HIDDEN
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.traffic.gaps import CUT, LONGEST_STRING, MORE
from flask_bsr_scim.traffic.placeholders import PLACEHOLDER, Placeholders

_LONGEST = 160
_AT_THE_END = re.compile(rf"(https?://.*/)?{PLACEHOLDER.pattern}")
"""An id, alone or as the last part of a URL."""

_NAMES = ("userName", "displayName", "value")
"""What elements of a list are told apart by."""


def learn(recorded: JSON, actual: JSON, placeholders: Placeholders) -> None:
    """Take from an answer what placeholders of the recorded one stand for; one that is known stays as it is."""
    match recorded, actual:
        case dict(), dict():
            for name in recorded:
                learn(recorded[name], actual.get(name), placeholders)
        case list(), list():
            for one, other in _pairs(recorded, actual, placeholders):
                learn(one, other, placeholders)
        case str(), str():
            found = _AT_THE_END.fullmatch(recorded)
            if found:
                placeholders.take(found[2], unquote(actual.rpartition("/")[2]) if found[1] else actual)


def _pairs(recorded: list[JSON], actual: list[JSON], placeholders: Placeholders) -> Iterator[tuple[JSON, JSON]]:
    """Yield the elements of two lists that are about the same: by name where they have some, else by place."""
    named = {name: each for each in actual if (name := _name(placeholders.in_value(each)))}
    for place, each in enumerate(recorded):
        name = _name(each)
        if name in named:
            yield each, named[name]
        elif place < len(actual) and (not name or PLACEHOLDER.fullmatch(name)):
            yield each, actual[place]


def _name(value: JSON) -> str:
    if not isinstance(value, dict):
        return ""
    return next((value[name] for name in _NAMES if isinstance(value.get(name), str)), "")


def differences(recorded: JSON, actual: JSON, where: str = "body") -> Iterator[str]:
    """Yield how a value differs from a recorded one, both with placeholders, as far as that was recorded."""
    match recorded, actual:
        case dict(), dict():
            yield from _of_objects(recorded, actual, where)
        case list(), list():
            yield from _of_lists(recorded, actual, where)
        case str(), _ if recorded in (HIDDEN, CUT):
            return
        case str(), str() if _is_beginning(recorded, actual):
            return
        case _:
            if type(recorded) is not type(actual) or recorded != actual:
                yield f"{where}: recorded {_shown(recorded)}, got {_shown(actual)}"


def _of_objects(recorded: dict[str, Any], actual: dict[str, Any], where: str) -> Iterator[str]:
    for name, value in recorded.items():
        if name in actual:
            yield from differences(value, actual[name], f"{where}.{name}")
        else:
            yield f"{where}.{name}: recorded {_shown(value)}, got nothing"
    for name, value in actual.items():
        if name not in recorded:
            yield f"{where}.{name}: recorded nothing, got {_shown(value)}"


def _of_lists(recorded: list[JSON], actual: list[JSON], where: str) -> Iterator[str]:
    more = MORE.fullmatch(last) if recorded and isinstance(last := recorded[-1], str) else None
    kept = recorded[:-1] if more else recorded
    number = len(kept) + (int(more[1]) if more else 0)
    if number != len(actual):
        yield f"{where}: recorded {number} elements, got {len(actual)}"
        return
    if not where.endswith("Resources"):
        actual = _in_order_of(kept, actual)
    for place, (one, other) in enumerate(zip(kept, actual, strict=False)):
        yield from differences(one, other, f"{where}[{place}]")


def _in_order_of(recorded: list[JSON], actual: list[JSON]) -> list[JSON]:
    """Return values in the order of recorded ones with the same names: it means nothing (RFC 7643 §2.4)."""
    names, named = list(map(_name, recorded)), {_name(each): each for each in actual}
    is_same = len(names) == len(actual) == len(named) and set(names) == named.keys()
    return [named[name] for name in names] if is_same else actual


def _is_beginning(recorded: str, actual: str) -> bool:
    return len(recorded) >= LONGEST_STRING and recorded.endswith(CUT) and actual.startswith(recorded[:-1])


def _shown(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
