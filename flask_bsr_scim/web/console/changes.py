"""The change log, the latest entry first: what was before and after, and by which token."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.change_log import last_number
from flask_bsr_scim.web.console.lists import COUNT
from flask_bsr_scim.web.console.lookups import describe_tokens
from flask_bsr_scim.web.console.page import Asked, Gone, Shown

_READ = 250
_MOST_READ = 5000
"""Entries that one page looks through; the next one goes on behind them."""

_MEMBERS = 5
"""Members of a change that are shown by name."""

_DIRECTORY = ("User", "Group")
_KINDS = (
    ("", "Users and groups"),
    ("all", "Everything"),
    ("User", "Users"),
    ("Group", "Groups"),
    ("Mapping", "Mappings"),
    ("Owner", "Handles and organizations"),
    ("Grant", "Roles given"),
    ("Token", "Tokens"),
)


class _Before(NamedTuple):
    """A value before and after; None where there is none."""

    path: str
    old: Any
    new: Any


class _Members(NamedTuple):
    """Members that were added or removed: the first ones with the names of those that are users, and how many more."""

    title: str
    shown: Sequence[tuple[str, str]]
    more: int


class _Walk(NamedTuple):
    entries: list[LogEntry]
    end: int
    """The number before which the next page begins; 0 when there is nothing left."""


def answer(asked: Asked) -> Shown:
    """Return a page of the change log."""
    if asked.tail:
        raise Gone()
    words, kind, operation = (asked.argument(name) for name in ("q", "type", "operation"))
    text = asked.argument("before", 15)
    given = int(text) if text.isascii() and text.isdigit() else 0
    walk = _walk(asked, given, words.lower(), kind, operation)
    tokens = describe_tokens(asked, (entry.token_id for entry in walk.entries))
    rows = [
        {
            "entry": entry,
            "token": tokens.get(entry.token_id or ""),
            "name": _name(asked, entry),
            "values": list(_values(entry.delta)),
            "members": [_Members(*_members(asked, title, entry.delta.get(key, ()))) for title, key in _LISTS],
        }
        for entry in walk.entries
    ]
    return Shown(
        "changes.html",
        {
            "rows": rows,
            "older": _older(walk.end, q=words, type=kind, operation=operation),
            "is_first": not given,
            "words": words,
            "kind": kind,
            "operation": operation,
            "kinds": _KINDS,
        },
    )


def _older(before: int, **kept: str) -> str:
    given = {name: value for name, value in kept.items() if value}
    return "?" + urlencode({**given, "before": before}) if before else ""


_LISTS = (("Members added", "membersAdded"), ("Members removed", "membersRemoved"))


def _members(asked: Asked, title: str, ids: Sequence[str]) -> tuple[str, list[tuple[str, str]], int]:
    names = [(member_id, _label(asked.store.get("User", member_id))) for member_id in ids[:_MEMBERS]]
    return title, names, len(ids) - len(names)


def _walk(asked: Asked, before: int, words: str, kind: str, operation: str) -> _Walk:
    """Return the entries before a number that are chosen, the latest first."""
    backend, tenant = asked.store.backend, asked.guest.tenant
    end = before or last_number(backend, tenant) + 1
    floor, found = max(end - _MOST_READ, 1), list[LogEntry]()
    while end > floor:
        start = max(end - _READ, floor)
        entries = backend.log(tenant, after=start - 1, count=end - start)
        for entry in reversed(entries):
            if _is_chosen(entry, words, kind, operation):
                if len(found) == COUNT:
                    return _Walk(found, found[-1].sequence)
                found.append(entry)
        if not entries:
            return _Walk(found, 0)
        end = start
    return _Walk(found, floor if floor > 1 else 0)


def _is_chosen(entry: LogEntry, words: str, kind: str, operation: str) -> bool:
    types = {"": _DIRECTORY, "all": (entry.type,)}.get(kind, (kind,))
    if entry.type not in types or operation not in ("", entry.operation):
        return False
    return not words or words in f"{entry.id} {entry.token_id} {entry.request_id} {entry.delta}".lower()


def _values(delta: Document) -> Iterator[_Before]:
    for path, change in delta.get("attributes", {}).items():
        old, new = change.get("from"), change.get("to")
        if isinstance(old or new, dict):
            old, new = old or {}, new or {}
            parts = [name for name in {**old, **new} if old.get(name) != new.get(name)]
            yield from (_Before(f"{path}.{name}", old.get(name), new.get(name)) for name in parts)
        else:
            yield _Before(path, old, new)


def _name(asked: Asked, entry: LogEntry) -> str:
    return _label(asked.store.get(entry.type, entry.id))


def _label(resource: Resource | None) -> str:
    if resource is None:
        return ""
    document = resource.document
    labels = ("userName", "displayName", "description", "fullName", "name", "group")
    return next((str(document[label]) for label in labels if isinstance(document.get(label), str)), "")
