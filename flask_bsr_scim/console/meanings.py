"""What a request means, in a sentence for the administrator of the identity provider."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flask_bsr_scim.console import meanings_patch
from flask_bsr_scim.console.clients import ENTRA
from flask_bsr_scim.console.masking import shown_member, shown_text
from flask_bsr_scim.console.words import brief, counted, items, member

_EQUALITY = re.compile(
    r"""\s*([\w.:-]+)(?:\[.*?\]\.?\w*)?\s+eq\s+
    (?: "((?:[^"\\]|\\.)*)" | (?!(?:true|false|null)\s*\Z)([^\W\d_][^\s"()\[\]]*) )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
"""A look-up by a text in double quotes, or by a word without them."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOTAL = re.compile(rb'"totalResults":(\d+)')
_TEST = ("1", "2")
"""`startIndex` and `count` with which Okta tests a connector."""

_NOT_LET_IN = (401, 403)
"""Then the body is not read, whatever it is."""

_DISCOVERY = {
    "serviceproviderconfig": "reads what this server can do",
    "schemas": "reads the schemas",
    "resourcetypes": "reads which types of resources there are",
    "readiness": "reads what is not ready yet",
    "openapi.json": "reads the OpenAPI document",
    "me": "asks for the user of its token",
}


class Asked(NamedTuple):
    """What a sentence is made of. `name_of` takes a type and an id, and returns what people call that resource."""

    client: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    status: int
    answer: bytes | None
    name_of: Callable[[str, str], str]
    unread: bool = False
    """Whether there is a body that was not kept."""


def meaning(asked: Asked) -> str:
    """Return the sentence, which begins with the client and has no full stop."""
    return f"{asked.client} {_phrase(asked)}"


def _phrase(asked: Asked) -> str:
    place, _, rest = asked.path.strip("/").partition("/")
    lower = place.lower()
    if lower in ("users", "groups"):
        kind = "user" if lower == "users" else "group"
        if not rest or rest == ".search":
            return _of_collection(asked, kind, searches=rest == ".search")
        return _of_one(asked, kind, rest)
    if lower in _DISCOVERY:
        return _DISCOVERY[lower]
    if lower == "bulk":
        number = len(items(member(asked.body, "Operations")))
        return f"sends {counted(number, 'operation')} in one request" if number else "sends several operations at once"
    if lower in ("", ".search"):
        return "searches users and groups"
    return f"{_VERBS.get(asked.method, asked.method)} /{brief(asked.path.strip('/'))}"


_VERBS = {"GET": "reads", "POST": "posts to", "PUT": "replaces", "PATCH": "changes", "DELETE": "deletes"}


def _of_collection(asked: Asked, kind: str, *, searches: bool) -> str:
    if asked.method == "POST" and not searches:
        return _creation(asked, kind)
    query = _searched(asked.body) if searches else asked.query
    if asked.method not in ("GET", "HEAD", "POST"):
        return f"sends {asked.method} to the list of {kind}s"
    if filter := query.get("filter"):
        return _search(asked, kind, str(filter))
    start, count = str(query.get("startIndex") or "1"), str(query.get("count") or "")
    if kind == "user" and (start, count) == _TEST:
        return "tests the connection: it reads the first 2 users"
    return f"reads {_range(kind, start, count)}{_of_total(asked)}"


def _searched(body: Any) -> Mapping[str, Any]:
    return {name: shown_member(body, name) for name in ("filter", "startIndex", "count")}


def _search(asked: Asked, kind: str, filter: str) -> str:
    found = _EQUALITY.fullmatch(filter)
    if found is None:
        return f"searches {kind}s with {brief(filter)}{_of_total(asked)}"
    value = brief(found[2] or found[3] or "")
    if asked.client == ENTRA and _UUID.fullmatch(value):
        return f"tests the connection: it looks for a {kind} that cannot exist"
    by = found[1] if found[1].lower() not in ("username", "displayname") else ""
    what = f"whether the group {value} exists" if kind == "group" and not by else f"whether {value} exists"
    return f"looks {what if not by else f'for the {kind} whose {by} is {value}'}{_outcome(asked)}"


def _outcome(asked: Asked) -> str:
    total = _total(asked)
    if asked.status != 200 or total is None:
        return ""
    return {0: ": not yet", 1: ": yes"}.get(total, f": {total:,} do")


def _range(kind: str, start: str, count: str) -> str:
    if start.isascii() and count.isascii() and start.isdigit() and count.isdigit() and int(count):
        first = max(int(start[:9]), 1)
        return f"{kind}s {first:,} to {first + int(count[:9]) - 1:,}"
    return f"the list of {kind}s"


def _of_total(asked: Asked) -> str:
    total = _total(asked)
    return "" if asked.status != 200 or total is None else f" (there are {total:,})"


def _total(asked: Asked) -> int | None:
    found = _TOTAL.search(asked.answer[:2000]) if asked.answer else None
    return int(found[1]) if found else None


def _creation(asked: Asked, kind: str) -> str:
    if asked.unread:
        return f"pushes a new group{_with_members(asked)}" if kind == "group" else "creates a user"
    if kind == "group":
        return f"pushes the new group {_called(asked.body, 'displayName')}{_with_members(asked)}"
    suffix = ", deactivated" if str(member(asked.body, "active")).lower() == "false" else ""
    return f"creates the user {_called(asked.body, 'userName')}{suffix}"


def _of_one(asked: Asked, kind: str, rest: str) -> str:
    label = "userName" if kind == "user" else "displayName"
    name = shown_text(asked.body, label) or asked.name_of(kind.capitalize(), rest.partition("/")[0])
    what = f"the {kind} {brief(name)}"
    match asked.method:
        case "GET" | "HEAD":
            return f"reads {what}"
        case "DELETE":
            return f"deletes {what}"
        case "PUT":
            return f"pushes {what}{_with_members(asked)}" if kind == "group" else _replacement(asked, what)
        case "PATCH":
            name = asked.name_of(kind.capitalize(), rest.partition("/")[0])
            return meanings_patch.phrase(asked.body, kind, f"the {kind} {brief(name)}")
    return f"sends {asked.method} to {what}"


def _replacement(asked: Asked, what: str) -> str:
    active = str(member(asked.body, "active")).lower()
    if active == "false":
        return f"deactivates {what}"
    return f"pushes the profile of {what}{', which is active' if active == 'true' else ''}"


def _with_members(asked: Asked) -> str:
    if asked.unread:
        return "" if asked.status in _NOT_LET_IN else ", with so many members that the body is not kept"
    members = member(asked.body, "members")
    if members is None:
        return ""
    number = len(items(members))
    return f" with {counted(number, 'member')}" if number else " without members"


def _called(body: Any, label: str) -> str:
    return brief(shown_text(body, label) or "without a name")
