"""The storage contract.

Everything that is stored is a :class:`~flask_bsr_scim.resource.Resource` of a resource type in a tenant: SCIM users and
groups, and, with resource types that are not exposed over SCIM, tokens and what else the registry keeps. One contract
serves all.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, ClassVar, Self, final

from flask_bsr_scim.backends.changes import NOBODY as NOBODY
from flask_bsr_scim.backends.changes import Absence as Absence
from flask_bsr_scim.backends.changes import Actor as Actor
from flask_bsr_scim.backends.changes import Change as Change
from flask_bsr_scim.backends.changes import Conversion as Conversion
from flask_bsr_scim.backends.changes import Insert as Insert
from flask_bsr_scim.backends.changes import Key as Key
from flask_bsr_scim.backends.changes import LogEntry as LogEntry
from flask_bsr_scim.backends.changes import Removal as Removal
from flask_bsr_scim.backends.changes import RemovalOfAll as RemovalOfAll
from flask_bsr_scim.backends.changes import Swap as Swap
from flask_bsr_scim.backends.conventions import DEFAULT_TENANT as DEFAULT_TENANT
from flask_bsr_scim.backends.conventions import Clock as Clock
from flask_bsr_scim.backends.conventions import WrappedErrors, check_tenant
from flask_bsr_scim.backends.conventions import utc_now as utc_now
from flask_bsr_scim.backends.dumping import Dumping
from flask_bsr_scim.backends.journal import JournalEntry as JournalEntry
from flask_bsr_scim.backends.journal import Journals
from flask_bsr_scim.backends.notes import LASTING as LASTING
from flask_bsr_scim.backends.notes import NOTES as NOTES
from flask_bsr_scim.backends.notes import Notes
from flask_bsr_scim.backends.presumptions import Presumptions
from flask_bsr_scim.backends.queries import MemberChoice as MemberChoice
from flask_bsr_scim.backends.queries import Note as Note
from flask_bsr_scim.backends.queries import Page as Page
from flask_bsr_scim.backends.queries import Query as Query
from flask_bsr_scim.backends.queries import Sort as Sort
from flask_bsr_scim.backends.queries import StoredKey as StoredKey
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import ResourceType, TypeRegistry
from flask_bsr_scim.schema.values import timestamp

Both = tuple[Resource | None, Resource | None]
"""What :meth:`Backend.get_both` found."""

Observer = Callable[[str, Sequence[LogEntry]], None]
"""Takes a tenant and the entries of the change log that one commit wrote."""


class Backend(Dumping, Journals, Notes, Presumptions, ABC):
    """A store of resources. Its rules, each of which has a test in :mod:`flask_bsr_scim.backends.testing`, but for what
    things cost and what a crash leaves:

    - `tenant` is the first argument of everything; nothing done with one tenant shows in another, uniqueness included.
    - An id is unique in its tenant over all types: an :class:`Insert` with the id of another resource is refused.
    - :meth:`commit` does all of its changes or none, and a reader sees all of them or none.
    - What :meth:`commit` returned is durable as far as the backend promises it.
    - A unique attribute has each comparison key once in a tenant, whatever the number of processes.
    - A swap that changes nothing leaves version, `modified` and change log alone; every other change adds one to the
      version.
    - Membership is rows. Adding or removing one member costs the same in a small and in a large group, and needs no
      version.
    - Members are resources of the tenant; one that does not exist is refused. Removing a resource takes it out of all
      groups, each of which gets a new version.
    - A filter means what :func:`flask_bsr_scim.filter.evaluate` says, `total` included.
    - The change log has one entry for each change of each resource, written in the same commit, in the order of
      commits.
    - Notes and journals are apart from all that: in no log, perhaps gone after a crash, perhaps there after an undoing.
    - A driver's errors come out as :class:`StoreUnavailable`.

    Subclasses write the methods with an underscore.
    """

    SCHEMES: ClassVar[tuple[str, ...]]
    """The URI schemes by which the backend is chosen."""

    OPTIONS: ClassVar[tuple[str, ...]] = ()
    """What the query of its URI can set."""

    query_seconds: float = 3.0
    """A query that no index helps is given up after this time."""

    def __init__(self, types: TypeRegistry, clock: Clock = utc_now, log_days: int = 90) -> None:
        self.types = types
        self.clock = clock
        self.log_days = log_days
        self._wrapped = WrappedErrors(self.UNAVAILABLE)
        self._untold = _Untold()
        self.observers: list[Observer] = []
        """Called after each commit of this process; they raise nothing."""
        self._unique = {(t.name, i.path): i.target.leaf.key for t in types for i in t.indexed if i.unique}
        self._indexed = {(t.name, i.path): i for t in types for i in t.indexed}

    @classmethod
    @abstractmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        """Return the backend that a URI means.

        :param options: what the host and the query of the URI set beyond `shared`; another backend's are passed over.
        :param shared: the keyword arguments of :class:`Backend`.
        :raises ConfigurationError: the URI or an option is wrong.
        """

    # Reads

    @final
    def get(self, tenant: str, type_name: str, resource_id: str, *, links: bool = False) -> Resource | None:
        """Return a resource, None when there is none of that type; with its memberships, read in the same snapshot."""
        with self._wrapped:
            return self._get(tenant, type_name, resource_id, links)

    @final
    def get_both(self, tenant: str, first: tuple[str, str], second: tuple[str, str], *, links: bool = False) -> Both:
        """Return what :meth:`get` does, and another resource without its memberships; cheaper than one by one.

        :param first: type and id, and so is `second`.
        """
        with self._wrapped:
            return self._get_both(tenant, first, second, links)

    @final
    def find(self, tenant: str, type_name: str, attribute: str, value: Any) -> Resource | None:
        """Return the resource that holds the value of a unique attribute (its SCIM path, as `userName`)."""
        with self._wrapped:
            return self._find(tenant, type_name, attribute, self._unique[type_name, attribute](value))

    @final
    def is_held(self, tenant: str, type_name: str, attribute: str, value: Any) -> bool:
        """Tell whether a resource holds the value of a unique attribute; cheaper than :meth:`find`."""
        with self._wrapped:
            return self._is_held(tenant, type_name, attribute, self._unique[type_name, attribute](value))

    @final
    def query(self, tenant: str, type_name: str, query: Query) -> Page:
        """Return one page of the resources of a type, read in one snapshot.

        :raises TooMany: it would take too long.
        """
        with self._wrapped:
            return self._query(tenant, self.types.by_name[type_name], query)

    @final
    def members(
        self,
        tenant: str,
        group_ids: Sequence[str],
        *,
        after: str | None = None,
        count: int = 100,
        reverse: bool = False,
        without: Sequence[Key] = (),
        types: Sequence[str] = (),
        missing: bool = False,
    ) -> list[Link]:
        """Return the distinct members of several groups in the order of their ids, `after` excluded.

        :param without: members that hold one of these keys are left out.
        :param types: members of other types are left out; empty: none are.
        :param missing: leaves out whoever is there. No commit leaves others, but what writes past the contract may.
        """
        choice = MemberChoice([self.stored_key(key) for key in without], types, missing)
        with self._wrapped:
            return self._members(tenant, group_ids, after, count, reverse, choice)

    @final
    def count_members(
        self, tenant: str, group_ids: Sequence[str], *, without: Sequence[Key] = (), types: Sequence[str] = ()
    ) -> int:
        """Return the number of the distinct members of several groups; parameters as in :meth:`members`."""
        choice = MemberChoice([self.stored_key(key) for key in without], types)
        with self._wrapped:
            return self._count_members(tenant, group_ids, choice)

    @final
    def groups_of(self, tenant: str, member_ids: Sequence[str]) -> dict[str, list[Link]]:
        """Return by member the resources of all types that hold it, in the order of their ids.

        A resource's own links (see :meth:`get`) are those alone that are exposed over SCIM.
        """
        with self._wrapped:
            return self._groups_of(tenant, member_ids)

    @final
    def log(self, tenant: str, *, after: int = 0, count: int = 100) -> list[LogEntry]:
        """Return entries of the change log in their order, beginning behind the sequence number `after`."""
        with self._wrapped:
            return self._log(tenant, after, count)

    @final
    def ping(self) -> None:
        """Return when the store answers.

        :raises StoreUnavailable: it does not.
        """
        with self._wrapped:
            self._ping()

    # Writes

    @final
    def commit(self, tenant: str, changes: Sequence[Change], actor: Actor = NOBODY) -> list[Resource | None]:
        """Do all changes in order, or none; return the resource after each, None after a removal or an absence.

        What an :class:`Insert` made comes with its links, and what a :class:`Swap` made if it says who all members are.

        Then tell :attr:`observers` what was written to the change log.

        :raises UniquenessConflict: another resource holds a unique value, or one holds the key of an :class:`Absence`.
        :raises VersionConflict: the version is not the expected one.
        :raises ResourceNotFound: a swap or removal names nothing.
        :raises UnknownMembers: members to be added do not exist.
        :raises ValueError: the tenant's name is not one (lower-case letters, digits and `-`, at most 63).
        """
        check_tenant(tenant)
        with self._wrapped:
            resources, entries = self._commit(tenant, changes, actor)
        self._tell(tenant, entries)
        return resources

    @final
    @contextmanager
    def together(self, tenant: str) -> Iterator[None]:
        """Make one transaction of all that the calling thread does in a tenant meanwhile; it sees its own changes.

        Each commit in it still does all of its changes or none. When an exception leaves, nothing was done at all. One
        inside of another is a part of it, which can be undone by itself.

        :raises ValueError: see :meth:`commit`.
        """
        check_tenant(tenant)
        outer, entries = self._untold.entries, list[tuple[str, LogEntry]]()
        with self._wrapped, self._together(tenant):
            self._untold.entries = entries
            try:
                yield
            finally:
                self._untold.entries = outer
        for name in dict.fromkeys(name for name, _ in entries):
            self._tell(name, [entry for each, entry in entries if each == name])

    def _tell(self, tenant: str, entries: Sequence[LogEntry]) -> None:
        """Tell the observers what was written, or keep it until the transaction that the thread has open is done."""
        if self._untold.entries is not None:
            self._untold.entries += ((tenant, entry) for entry in entries)
            return
        for observe in self.observers:
            observe(tenant, entries)

    @final
    def open(self, tenant: str, profile: str) -> None:
        """Record the schema profile of a tenant when it is first used.

        :raises ConfigurationError: its resources were stored under another profile.
        :raises ValueError: see :meth:`commit`.
        """
        check_tenant(tenant)
        with self._wrapped:
            recorded = self._open(tenant, profile)
        if recorded != profile:
            raise ConfigurationError(
                f"the tenant {tenant!r} holds resources of the profile {recorded!r}, and SCIM_PROFILE is {profile!r}: "
                f"set SCIM_PROFILE to {recorded!r}, or provision into a new tenant or a new store"
            )

    @final
    def tenants(self) -> list[str]:
        """Return the names of the tenants that were opened, in alphabetical order."""
        with self._wrapped:
            return sorted(self._tenants())

    @final
    def touch(self, tenant: str, type_name: str, resource_id: str, used: str) -> None:
        """Note the time of a resource's last use, outside versions and change log; nothing when it is not there."""
        with self._wrapped:
            self._touch(tenant, type_name, resource_id, used)

    # Life

    @abstractmethod
    def upgrade(self, progress: Callable[[int, int], None] | None = None) -> list[str]:
        """Bring the store to the present layout; return the names of the steps done, empty when it was there.

        :param progress: called with steps done and steps in all.
        """

    def close(self) -> None:
        """Let go of connections of the calling thread."""

    def warnings(self) -> list[str]:
        """Return what an operator should know about this store's durability, each a sentence."""
        return []

    # To be written by a backend

    @abstractmethod
    def _get(self, tenant: str, type_name: str, resource_id: str, links: bool) -> Resource | None: ...

    def _get_both(self, tenant: str, first: tuple[str, str], second: tuple[str, str], links: bool) -> Both:
        """Here they are read one by one; a backend can do better."""
        return self._get(tenant, *first, links), self._get(tenant, *second, False)

    @abstractmethod
    def _find(self, tenant: str, type_name: str, attribute: str, key: Any) -> Resource | None: ...

    @abstractmethod
    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool: ...

    @abstractmethod
    def _query(self, tenant: str, resource_type: ResourceType, query: Query) -> Page: ...

    @abstractmethod
    def _members(
        self,
        tenant: str,
        group_ids: Sequence[str],
        after: str | None,
        count: int,
        reverse: bool,
        choice: MemberChoice,
    ) -> list[Link]: ...

    @abstractmethod
    def _count_members(self, tenant: str, group_ids: Sequence[str], choice: MemberChoice) -> int: ...

    @abstractmethod
    def _groups_of(self, tenant: str, member_ids: Sequence[str]) -> dict[str, list[Link]]: ...

    @abstractmethod
    def _log(self, tenant: str, after: int, count: int) -> list[LogEntry]: ...

    @abstractmethod
    def _open(self, tenant: str, profile: str) -> str:
        """Record the profile unless one is recorded; return the recorded one."""

    @abstractmethod
    def _tenants(self) -> list[str]: ...

    @abstractmethod
    def _ping(self) -> None: ...

    @abstractmethod
    def _commit(
        self, tenant: str, changes: Sequence[Change], actor: Actor
    ) -> tuple[list[Resource | None], list[LogEntry]]:
        """Take the time by :meth:`_now` when nobody else can write: `modified` follows the order of commits."""

    @abstractmethod
    def _together(self, tenant: str) -> AbstractContextManager[None]: ...

    @abstractmethod
    def _touch(self, tenant: str, type_name: str, resource_id: str, used: str) -> None: ...

    UNAVAILABLE: ClassVar[tuple[type[Exception], ...]] = ()
    """The driver's exceptions that mean the store cannot be used."""

    def stored_key(self, key: Key) -> StoredKey:
        """Return how the backend keeps a key.

        :raises KeyError: there is no index of that attribute, or the value is not in it.
        """
        index = self._indexed[key.type, key.attribute]
        stored = index.target.leaf.key(key.value)
        if not index.has(stored):
            raise KeyError(key)
        return StoredKey(index.name, stored, index.unique)

    def _now(self) -> str:
        return timestamp(self.clock())

    def _log_horizon(self) -> str:
        """Return the time before which a commit purges entries of the change log; one that writes none need not."""
        return timestamp(self.clock() - timedelta(days=self.log_days))


class _Untold(threading.local):
    """What the commits of a thread's open transaction wrote, each with its tenant; None: each commit is its own."""

    entries: list[tuple[str, LogEntry]] | None = None
