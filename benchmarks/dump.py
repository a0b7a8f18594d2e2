"""A directory of any size, as the lines that `bsr-scim import` reads."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any, BinaryIO

import orjson

from benchmarks.people import CORE, user, user_name
from flask_bsr_scim.backends.base import DEFAULT_TENANT, LogEntry
from flask_bsr_scim.backends.dump_lines import Counts, LineWriter
from flask_bsr_scim.backends.dumping import MEMBERS_AT_ONCE, Members, Profile, Record
from flask_bsr_scim.portions import portions
from flask_bsr_scim.resource import Resource

PROFILE = "rfc7643"

_BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001  # Dumps have times of UTC without its name.
_APART = timedelta(milliseconds=20)

_ORDER = (
    "schemas", "id", "externalId", "userName", "name", "displayName", "title", "locale", "active", "emails",
    "phoneNumbers",
)  # fmt: skip
"""Of the attributes in a stored user."""


def user_id(number: int) -> str:
    """Return the id of a user: those of later ones come later."""
    return f"01970000-0000-7000-8000-{number:012x}"


def group_id(size: int) -> str:
    """Return the id of the group that has so many members."""
    return f"01980000-0000-7000-8000-{size:012x}"


def first_member(size: int, users: int) -> int:
    """Return the number of the user who is the first member of a group of a size.

    What is small beside the directory lies in its middle: pages from its beginning and from its end are alike then.
    """
    return 0 if 2 * size >= users else (users - size) // 3


def modified(number: int) -> str:
    """Return a user's `meta.lastModified` as it is answered."""
    return f"{_moment(number)}Z"


def write_dump(file: BinaryIO, tag: str, users: int, groups: Sequence[int]) -> Counts:
    """Write a dump of one tenant with so many users, and groups of these sizes."""
    return LineWriter(file.write, [DEFAULT_TENANT]).write_tenant(DEFAULT_TENANT, records(tag, users, groups))


def records(tag: str, users: int, groups: Sequence[int]) -> Iterator[Record]:
    """Yield the same as records: every user with its handle in the registry, and both in the change log."""
    yield Profile(PROFILE)
    for number in range(users):
        yield _resource("User", user_id(number), number, stored_user(tag, number))
        yield _resource("Owner", _owner_id(number), number, stored_owner(tag, number))
    sizes = sorted(groups)
    for size in sizes:
        yield _resource("Group", group_id(size), users, _group(size))
    for size in sizes:
        for some in portions(_members(size, users), MEMBERS_AT_ONCE):
            yield Members(group_id(size), some)
    yield from _changes(users, sizes)


def stored_user(tag: str, number: int) -> dict[str, Any]:
    """Return a user as the stores keep it."""
    sent: dict[str, Any] = {**user(tag, number), "id": user_id(number)}
    sent["name"] = {part: sent["name"][part] for part in ("formatted", "familyName", "givenName")}
    return {name: sent[name] for name in _ORDER}


def _resource(type_name: str, resource_id: str, number: int, document: dict[str, Any]) -> Resource:
    moment = _moment(number)
    return Resource(type_name, resource_id, 1, moment, moment, orjson.dumps(document).decode())


def _owner_id(number: int) -> str:
    return f"{user_id(number)}-owner"


def stored_owner(tag: str, number: int) -> dict[str, Any]:
    """Return what the registry keeps beside a user: its handle."""
    name = user_name(tag, number).partition("@")[0].replace(".", "-")
    schemas = ["urn:bsr:scim:internal:Owner"]
    return {"schemas": schemas, "id": _owner_id(number), "kind": "user", "name": name, "origin": "scim"}


def _members(size: int, users: int) -> list[str]:
    first = first_member(size, users)
    return [user_id(number) for number in range(first, first + size)]


def _group(size: int) -> dict[str, Any]:
    return {"schemas": [f"{CORE}Group"], "id": group_id(size), "displayName": f"Group of {size}"}


def _changes(users: int, groups: Sequence[int]) -> Iterator[LogEntry]:
    sequence = count(1)
    for number in range(users):
        yield _created(next(sequence), number, "User", user_id(number))
        yield _created(next(sequence), number, "Owner", _owner_id(number))
    for size in groups:
        yield _created(next(sequence), users, "Group", group_id(size), membersAdded=_members(size, users))


def _created(sequence: int, number: int, type_name: str, resource_id: str, **delta: Any) -> LogEntry:
    return LogEntry(sequence, _moment(number), None, None, "create", type_name, resource_id, None, 1, delta)


def _moment(number: int) -> str:
    return (_BEGIN + number * _APART).isoformat(timespec="microseconds")
