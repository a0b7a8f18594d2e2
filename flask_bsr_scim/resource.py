"""A stored resource and its memberships."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from flask_bsr_scim.schema import Document


class Link(NamedTuple):
    """The other end of a membership: a member seen from the group, or a group seen from the member."""

    id: str
    type: str
    """Resource type name."""
    display: str | None = None
    """The displayName of a group; None for members."""


class Resource(NamedTuple):
    """One stored resource.

    `text` is its JSON document: `schemas`, `id` and the attributes, without `meta`, members and groups. `created` and
    `modified` are UTC in the key form of :func:`flask_bsr_scim.schema.values.datetime_key`, without `Z`. `used` is
    the time of the last use, noted outside versions and change log. `links` are members of a group or groups of a
    member, ordered by id; empty unless they were asked for.
    """

    type: str
    id: str
    version: int
    created: str
    modified: str
    text: str
    used: str | None = None
    links: Sequence[Link] = ()

    @property
    def document(self) -> Document:
        """A fresh copy of the stored document."""
        document: Document = orjson.loads(self.text)
        return document


@dataclass(frozen=True, slots=True)
class MemberChanges:
    """A change of a group's members, by member id. `remove` and `clear` are done before `add`.

    Adding a member that is there, or removing one that is not, changes nothing. `add` may not hold an id twice.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    clear: bool = False
    """Remove every member that is not in `add`."""
