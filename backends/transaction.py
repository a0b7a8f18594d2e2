"""A transaction of a store that has them: the primitives of which commits are made."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from flask_bsr_scim.backends.base import LogEntry, StoredKey
from flask_bsr_scim.resource import Link, Resource


class Row(NamedTuple):
    """A stored resource in a transaction; `seq` is in the order of creation, `label` the name of a group."""

    seq: int
    type: str
    id: str
    version: int
    created: str
    modified: str
    text: str
    used: str | None
    label: str | None

    def resource(self, links: Sequence[Link] = ()) -> Resource:
        """Return the resource that is stored here."""
        return Resource(*self[1:8], links)


class MemberRow(NamedTuple):
    """What a membership keeps of the member."""

    seq: int
    type: str
    id: str


class Transaction(ABC):
    """One transaction in one tenant. It sees its own writes, nobody else does, and nobody else writes meanwhile."""

    @abstractmethod
    def find(self, resource_id: str) -> Row | None:
        """Return a resource of any type."""

    @abstractmethod
    def find_members(self, ids: Collection[str]) -> Mapping[str, MemberRow]:
        """Return those that exist, by id."""

    @abstractmethod
    def holders(self, key: StoredKey) -> list[Row]:
        """Return the resources that hold a key, in the order of creation."""

    @abstractmethod
    def insert(self, row: Row) -> Row | None:
        """Store a new resource and return it with a `seq` that no other ever had; None when the id is taken."""

    @abstractmethod
    def update(self, old: Row, new: Row) -> None:
        """Store `new` in the place of `old`."""

    @abstractmethod
    def convert(self, old: Row, new: Row) -> None:
        """Store `new`, which is of another type, in the place of `old`, memberships included."""

    @abstractmethod
    def delete(self, row: Row) -> None:
        """Remove a resource that has neither keys nor memberships."""

    @abstractmethod
    def claim(self, index: str, key: object, row: Row) -> str | None:
        """Give a resource the unique key; None when that worked, else the id of its holder."""

    @abstractmethod
    def release(self, index: str, key: object) -> None:
        """Take a unique key from its holder."""

    @abstractmethod
    def add_key(self, index: str, key: object, row: Row) -> None:
        """Enter a resource under a key of an index that is not unique."""

    @abstractmethod
    def remove_key(self, index: str, key: object, row: Row) -> None:
        """Undo :meth:`add_key`."""

    @abstractmethod
    def member_types(self, group: Row, among: Collection[str] | None = None) -> Mapping[str, str]:
        """Return the types of the members by id, or of those among some ids."""

    @abstractmethod
    def groups_of(self, member: Row) -> list[Row]:
        """Return the groups that hold a resource, in the order of their ids."""

    @abstractmethod
    def link(self, group: Row, members: Collection[MemberRow]) -> None:
        """Add members that the group does not have yet."""

    @abstractmethod
    def unlink(self, group: Row, types: Mapping[str, str]) -> None:
        """Take out members that the group has: their types by id."""

    @abstractmethod
    def write_log(self, entry: LogEntry) -> int:
        """Append to the change log; return the sequence number that it gets, never one that was used before."""

    @abstractmethod
    def purge_log(self, horizon: str) -> None:
        """Remove entries older than the horizon, oldest first and not more than a bounded number."""

    def time(self, now: str) -> str:
        """Return the time of a commit that is made now, never one before that of an earlier commit."""
        return now

    def flush(self) -> None:
        """Write what was put off, as the commit is complete; nothing but :meth:`purge_log` comes after it."""
