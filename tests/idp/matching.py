"""What a transcript says of an answer, and how the answer differs from it; README.md lists the matchers."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

BASE_URL = "https://scim.example.com/scim/v2"

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
ABSENT = object()
"""Stands for a value that is not there."""

Names = dict[str, str]
"""Values by the name that a transcript gives them: mostly ids that the service made."""

_MATCHER = re.compile(r"<([a-z]+(?: of)?)(?: (.+))?>", re.DOTALL)
_REPEAT = re.compile(r"<repeat (\d+)> ?")
_NAME = re.compile(r"\{(\w+)\}")


def expand(value: Any) -> Any:
    """Return the value with every `<repeat N>` written out; `{n}` inside counts from 1."""
    if isinstance(value, dict):
        return {name: expand(item) for key, content in value.items() for name, item in _repeated(key, content)}
    if isinstance(value, list):
        return [expand(copy) for item in value for copy in _copies(item)]
    return value


def _repeated(key: str, content: Any) -> Iterator[tuple[str, Any]]:
    repeat = _REPEAT.match(key)
    if repeat is None:
        yield key, content
        return
    for n in range(1, int(repeat[1]) + 1):
        yield fill(key[repeat.end() :], {"n": str(n)}), fill(content, {"n": str(n)})


def _copies(item: Any) -> list[Any]:
    if isinstance(item, dict) and len(item) == 1 and _REPEAT.fullmatch(next(iter(item))):
        return [content for _, content in _repeated(*next(iter(item.items())))]
    return [item]


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """Return the value with `{name}` replaced in every string, by the names that are known."""
    if isinstance(value, str):
        return _NAME.sub(lambda match: names.get(match[1], match[0]), value)
    if isinstance(value, dict):
        return {fill(key, names): fill(item, names) for key, item in value.items()}
    return [fill(item, names) for item in value] if isinstance(value, list) else value


def differences(expected: Any, actual: Any, names: Names, where: str = "body") -> Iterator[str]:
    """Yield how a value differs from what is expected; what `<capture name>` meets is put into `names`.

    :raises AssertionError: the transcript uses a matcher that there is not.
    """
    if isinstance(expected, dict):
        yield from _object_differences(expected, actual, names, where)
    elif isinstance(expected, list):
        yield from _list_differences(expected, actual, names, where)
    elif isinstance(expected, str) and (matcher := _MATCHER.fullmatch(expected)):
        if not _matches(matcher[1], fill(matcher[2] or "", names), actual, names):
            yield f"{where}: expected {fill(expected, names)}, got {_shown(actual)}"
    elif type(actual) is not type(expected) or actual != fill(expected, names):
        yield f"{where}: expected {_shown(fill(expected, names))}, got {_shown(actual)}"


def _object_differences(expected: dict[str, Any], actual: Any, names: Names, where: str) -> Iterator[str]:
    if not isinstance(actual, dict):
        yield f"{where}: expected an object, got {_shown(actual)}"
        return
    for name, value in expected.items():
        yield from differences(value, actual.get(name, ABSENT), names, f"{where}.{name}")


def _list_differences(expected: list[Any], actual: Any, names: Names, where: str) -> Iterator[str]:
    any_order = expected[:1] == ["<any order>"]
    expected = expected[1:] if any_order else expected
    if not isinstance(actual, list) or len(actual) != len(expected):
        yield f"{where}: expected a list of {len(expected)}, got {_shown(actual)}"
    elif any_order:
        yield from _unordered_differences(expected, actual, names, where)
    else:
        for position, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, names, f"{where}[{position}]")


def _unordered_differences(expected: list[Any], actual: list[Any], names: Names, where: str) -> Iterator[str]:
    left = list(actual)
    for one in expected:
        found = next((other for other in left if not any(differences(one, other, dict(names)))), ABSENT)
        if found is ABSENT:
            yield f"{where}: nothing like {_shown(fill(one, names))} in {_shown(left)}"
            return
        yield from differences(one, found, names, where)
        left.remove(found)


def _matches(kind: str, argument: str, actual: Any, names: Names) -> bool:
    if kind not in MATCHERS:
        raise AssertionError(f"there is no matcher <{kind}>; there are {', '.join(MATCHERS)}")
    matched = MATCHERS[kind](actual, argument)
    if matched and kind in ("capture", "locating"):
        names[argument.rpartition("/")[2]] = actual if kind == "capture" else actual.rpartition("/")[2]
    return matched


def _text(test: Callable[[str, str], bool]) -> Callable[[Any, str], bool]:
    return lambda actual, argument: isinstance(actual, str) and test(actual, argument)


def _located(place: str) -> str:
    """Return the pattern of a URL of a resource, of a place as `Users/ana`."""
    return re.escape(f"{BASE_URL}/{place.rpartition('/')[0]}/") + "[^/]+"


MATCHERS: dict[str, Callable[[Any, str], bool]] = {
    "absent": lambda actual, _: actual is ABSENT,
    "any": lambda actual, _: actual is not ABSENT,
    "capture": _text(lambda actual, _: actual != ""),
    "containing": _text(lambda actual, parts: all(part in actual for part in parts.split(", "))),
    "list of": lambda actual, count: isinstance(actual, list) and len(actual) == int(count),
    "locating": _text(lambda actual, place: re.fullmatch(_located(place), actual) is not None),
    "starting": _text(str.startswith),
    "string": _text(lambda actual, _: actual != ""),
    "timestamp": _text(lambda actual, _: TIMESTAMP.fullmatch(actual) is not None),
    "url": _text(lambda actual, path: actual == f"{BASE_URL}/{path}"),
}


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 400 else f"{text[:400]}…"
