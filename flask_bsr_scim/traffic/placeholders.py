"""What stands for the values that a server makes up: ids, cursors, times, versions, and its own URL."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from flask_bsr_scim.checks.reading import items
from flask_bsr_scim.schema import JSON

BASE_URL = "https://scim.example.com/scim/v2"
"""What stands for the base URL of every server."""

TIME, VERSION = "<timestamp>", "<string>"
"""What stands for a time and a version, as in the transcripts of identity providers."""

PLACEHOLDER = re.compile(r"\{(\w+)\}")

_ID = re.compile(r"""(?<=/)[^/\s"?#,]+|[\w-]{8,}""")
"""Where in a text an id can be: in a URL of any length, else long enough to be nothing else."""
_UUID = re.compile(r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b", re.IGNORECASE)
_BASE = re.compile(r"(https?://.+)/(?:ServiceProviderConfig|\w+/[^/]+)")
_TIMES = ("created", "lastModified")
_CURSORS = ("nextCursor", "previousCursor")
_OF_THE_SERVICE = ("Schema", "ResourceType", "ServiceProviderConfig")


class Placeholders:
    """The values of one server, and what stands for them."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        """What stands for a value, without braces, by the value."""
        self.values: dict[str, str] = {}
        """The values by what stands for them."""
        self._bases: list[str] = []
        self._strangers: dict[str, str] = {}

    def take(self, name: str, value: str) -> None:
        """Let a name stand for a value that says something, unless either has its counterpart already."""
        if value and name not in self.values and value not in self.names:
            self.names[value], self.values[name] = name, value

    def see_base(self, answer: JSON) -> None:
        """Learn from an answer under which URL the server is."""
        for name, value in members(answer):
            found = _BASE.fullmatch(value) if name == "location" and isinstance(value, str) else None
            if found and found[1] not in self._bases:
                self._bases = sorted([*self._bases, found[1]], key=len, reverse=True)

    def in_answer(self, answer: JSON) -> JSON:
        """Return an answer with placeholders, also for times and versions."""
        return _without_moments(self.in_value(answer))

    def in_value(self, value: JSON) -> JSON:
        """Return a JSON value with placeholders."""
        return in_strings(value, self.in_text)

    def in_text(self, text: str) -> str:
        """Return a text with placeholders."""
        if text in self.names:
            return f"{{{self.names[text]}}}"
        for base in self._bases:
            text = re.sub(rf"{re.escape(base)}(?=/|$)", BASE_URL, text)
        return _ID.sub(self._named, text)

    def _named(self, found: re.Match[str]) -> str:
        name = self.names.get(unquote(found[0]))
        return found[0] if name is None else f"{{{name}}}"

    def without_strangers(self, value: JSON) -> JSON:
        """Return a JSON value where UUIDs that this server did not give are others: the first, the second, …"""
        return in_strings(value, lambda text: _UUID.sub(self._stranger, text))

    def _stranger(self, found: re.Match[str]) -> str:
        return self._strangers.setdefault(found[0].lower(), f"00000000-0000-4000-8000-{len(self._strangers) + 1:012}")


class Numbering:
    """Gives placeholders their names, in order of appearance: `user1`, `group1`, `cursor1`."""

    def __init__(self, placeholders: Placeholders, taken: Collection[str]) -> None:
        self._placeholders, self._taken = placeholders, taken
        self._counts: Counter[str] = Counter()

    def see_answer(self, path: str, answer: JSON) -> None:
        """Number the ids and cursors that an answer gives."""
        for kind, value in _given(path, answer):
            self.number(kind, value)

    def see_request(self, path: str, body: JSON) -> None:
        """Number the ids that a request names, and that were right."""
        first, _, rest = path.strip("/").partition("/")
        if rest and _UUID.fullmatch(rest):
            self.number(_kind(first), rest)
        for kind, value in _references(body):
            if _UUID.fullmatch(value):
                self.number(kind, value)

    def number(self, kind: str, value: str) -> None:
        """Give a value its name, unless it has one."""
        while value and value not in self._placeholders.names:
            self._counts[kind] += 1
            name = f"{kind}{self._counts[kind]}"
            if name not in self._taken:
                self._placeholders.take(name, value)


def fill(value: JSON, values: Mapping[str, str], quote: Callable[[str], str] = str) -> JSON:
    """Return a JSON value with the values that placeholders stand for; one that is not known stays."""

    def filled(found: re.Match[str]) -> str:
        return quote(values[found[1]]) if found[1] in values else found[0]

    return in_strings(value, lambda text: PLACEHOLDER.sub(filled, text))


def in_strings(value: JSON, change: Callable[[str], str]) -> JSON:
    """Return a JSON value with its strings changed; names of members too."""
    match value:
        case dict():
            return {change(name): in_strings(item, change) for name, item in value.items()}
        case list():
            return [in_strings(item, change) for item in value]
        case str():
            return change(value)
    return value


def members(value: JSON) -> Iterator[tuple[str, JSON]]:
    """Yield the members of all objects in a JSON value, however deep."""
    if isinstance(value, dict):
        yield from value.items()
    for item in items(value):
        yield from members(item)


def objects(value: JSON) -> Iterator[dict[str, Any]]:
    """Yield all objects in a JSON value, the outer ones first."""
    if isinstance(value, dict):
        yield value
    for item in items(value):
        yield from objects(item)


def resource_kind(path: str, resource: Mapping[str, Any]) -> str:
    """Return the type of a resource in small letters, empty when it is none that a client makes."""
    meta = resource.get("meta")
    named = meta.get("resourceType") if isinstance(meta, dict) else None
    if named in _OF_THE_SERVICE or not isinstance(resource.get("id"), str) or "schemas" not in resource:
        return ""
    return re.sub(r"\W", "", str(named)).lower() if named else _kind(path.strip("/").partition("/")[0])


def _kind(endpoint: str) -> str:
    return re.sub(r"\W", "", endpoint).lower().removesuffix("s") or "resource"


def _given(path: str, answer: JSON) -> Iterator[tuple[str, str]]:
    for each in objects(answer):
        if kind := resource_kind(path, each):
            yield kind, each["id"]
            yield from _references(each)
        if "method" in each and each.get("status", "404") != "404" and isinstance(each.get("location"), str):
            endpoint, _, resource_id = each["location"].rpartition("/")
            yield _kind(endpoint.rpartition("/")[2]), resource_id
        for name in _CURSORS:
            if isinstance(each.get(name), str):
                yield "cursor", each[name]


def _references(value: JSON) -> Iterator[tuple[str, str]]:
    """Yield the ids to which members, groups and managers refer, each with its kind."""
    for name, referred in members(value):
        usual = "group" if name.lower() == "groups" else "user"
        if name.lower().rpartition(":")[2] in ("members", "groups", "manager"):
            for each in referred if isinstance(referred, list) else [referred]:
                if isinstance(each, dict) and isinstance(each.get("value"), str):
                    yield "group" if "/Groups/" in str(each.get("$ref")) else usual, each["value"]


def _without_moments(value: JSON) -> JSON:
    if isinstance(value, list):
        return [*map(_without_moments, value)]
    if not isinstance(value, dict):
        return value
    changed = {name: _without_moments(item) for name, item in value.items()}
    if isinstance(meta := changed.get("meta"), dict):
        changed["meta"] = {**meta, **{name: TIME for name in _TIMES if name in meta}, **_version(meta)}
    return {**changed, **_version(changed)} if "location" in changed or "bulkId" in changed else changed


def _version(owner: Mapping[str, JSON]) -> dict[str, JSON]:
    return {"version": VERSION} if "version" in owner else {}
