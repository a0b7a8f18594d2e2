"""What a store is told to change, and how the change log tells it."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document


class Key(NamedTuple):
    """A value of an indexed attribute of a type; `attribute` is its SCIM path, as `emails.value`."""

    type: str
    attribute: str
    value: Any


@dataclass(frozen=True, slots=True)
class Insert:
    """A new resource. `document` holds `schemas`, `id` and the attributes; a group's members are in `members`."""

    type: str
    id: str
    document: Document
    members: MemberChanges | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """A change of a stored resource.

    `document` replaces the stored one; None leaves it. `members` changes the memberships of a group. With
    `expected_version` the swap fails unless the stored version is that one; without it, the swap holds whatever the
    version.
    """

    type: str
    id: str
    document: Document | None = None
    members: MemberChanges | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """The end of a resource: its memberships on both sides go with it."""

    type: str
    id: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class RemovalOfAll:
    """The end of every resource that holds a key when the commit comes to it; of none, that is no error."""

    key: Key


@dataclass(frozen=True, slots=True)
class Absence:
    """No change but a condition: no resource holds a key when the commit comes to it, or else all of it is refused."""

    key: Key


@dataclass(frozen=True, slots=True)
class Conversion:
    """A resource that has no members becomes one of another type.

    It keeps its id, the time of its creation, and its memberships in resources of the types `kept_in`; it leaves all
    others. The change log tells of it as of an end and a beginning.
    """

    type: str
    id: str
    new_type: str
    document: Document
    kept_in: tuple[str, ...] = ()
    expected_version: int | None = None


Change = Insert | Swap | Removal | RemovalOfAll | Absence | Conversion


class Actor(NamedTuple):
    """Who makes a change, for the change log."""

    token_id: str | None = None
    request_id: str | None = None


NOBODY = Actor()


class LogEntry(NamedTuple):
    """One change, as the change log keeps it.

    `operation` is `create`, `update` or `delete`. `before` and `after` are versions, None where there is none. `delta`
    is a JSON object: `attributes` maps the path of each changed attribute to `{"from": old, "to": new}` (either left
    out when there is no value), `membersAdded` and `membersRemoved` are lists of ids; each is left out when empty. A
    creation has no `attributes`: what it wrote is the present document, or the one that its deletion took away, walked
    back. A value that is never returned (RFC 7643 §7) is not in the log.
    """

    sequence: int
    at: str
    token_id: str | None
    request_id: str | None
    operation: str
    type: str
    id: str
    before: int | None
    after: int | None
    delta: Document
