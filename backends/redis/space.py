"""What the Redis store holds of one tenant, seen as hashes and sorted sets: as it is, or with changes to come."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    ROWS,
    USED,
    Head,
    Range,
    last_part,
    under,
    unpack,
)
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import TypeRegistry


class Ids(NamedTuple):
    """Resources by id."""

    ids: Sequence[str]


class Holders(NamedTuple):
    """Resources by unique keys, as fields of the hash."""

    fields: Sequence[str]


class Stretch(NamedTuple):
    """Resources in the order of an index: those of `part`, which is a piece of `whole`."""

    whole: Range
    part: Range


Source = Ids | Holders | Stretch


class Record(NamedTuple):
    """A resource, and its number in the order of creation."""

    seq: int
    resource: Resource


class Fetched(NamedTuple):
    """What was read in one step.

    `revision` is the sequence number of the last entry of the change log. Of a stretch, `total` is the size of the
    whole, and `size` that of the part before offset and limit.
    """

    revision: int
    total: int
    size: int
    records: Sequence[Record]


class Kinds:
    """Which types have members, which show their groups, and which are exposed over SCIM."""

    def __init__(self, types: TypeRegistry) -> None:
        self.with_members = frozenset(t.name for t in types if t.members is not None)
        self.with_groups = frozenset(t.name for t in types if t.members is None and t.groups is not None)
        self.exposed = frozenset(t.name for t in types.exposed)
        self.sides = dict.fromkeys(self.with_members, "members") | dict.fromkeys(self.with_groups, "groups")
        """What the links of each type are, as scripts take it."""


class Space(ABC):
    """What is stored of a tenant. The numbers of keys are those of :mod:`flask_bsr_scim.backends.redis.layout`."""

    @abstractmethod
    def hashes(self, wanted: Mapping[int, Sequence[str]]) -> Sequence[Sequence[str | None]]:
        """Return values of some hashes, read in one step."""

    def values(self, key: int, fields: Sequence[str]) -> Sequence[str | None]:
        """Return values of a hash."""
        (values,) = self.hashes({key: fields})
        return values

    @abstractmethod
    def heads(self, ids: Collection[str]) -> Mapping[str, Head]:
        """Return the heads of the resources that are there, by id."""

    @abstractmethod
    def member_types(self, group_id: str) -> dict[str, str]:
        """Return the types of all members of a group by id."""

    @abstractmethod
    def entries(self, ranges: Sequence[Range]) -> Sequence[Sequence[str]]:
        """Return what sorted sets hold in some ranges, read in one step."""

    @abstractmethod
    def counts(self, ranges: Sequence[Range]) -> Sequence[int]:
        """Return how much sorted sets hold in some ranges, read in one step."""

    @abstractmethod
    def has(self, key: int, entries: Sequence[str]) -> Sequence[bool]:
        """Tell which entries a sorted set holds."""

    @abstractmethod
    def log(self, after: int, count: int) -> list[LogEntry]:
        """Return entries of the change log."""

    @abstractmethod
    def fetch(self, source: Source, links_of: str | None = None) -> Fetched:
        """Return resources in one step; ids that are not there are passed over.

        :param links_of: the name of the type whose resources come with their memberships.
        """

    def rows(self, ids: Sequence[str]) -> list[Row]:
        """Return resources of any type; ids that are not there are passed over."""
        found = zip(ids, *self.hashes({ROWS: ids, USED: ids}), strict=True)
        return [unpack(i, text, used) for i, text, used in found if text is not None]

    def links_to_groups(self, member_id: str) -> list[Link]:
        """Return what holds a resource."""
        (entries,) = self.entries([under(GROUPS, member_id)])
        ids = list(map(last_part, entries))
        heads = self.heads(ids)
        return [link_to_group(i, heads[i]) for i in ids if i in heads]


def link_to_group(group_id: str, head: Head) -> Link:
    """Return a group as its members see it."""
    return Link(group_id, head.type, head.label)


def link_to_member(entry: str) -> Link:
    """Return a member from an entry of the set of members."""
    _, member_id, type_name = entry.split("\0")
    return Link(member_id, type_name)
