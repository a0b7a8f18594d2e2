"""The storage contract.

Everything that is stored is a :class:`~flask_bsr_scim.resource.Resource` of a resource type in a tenant: SCIM users and
groups, and, with resource types that are not exposed over SCIM, tokens and what else the registry keeps. One contract
serves all.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self, final

from flask_bsr_scim.errors import ConfigurationError, StoreUnavailable
from flask_bsr_scim.filter.ast import BoundFilter
from flask_bsr_scim.resource import Link, MemberChanges, Resource
from flask_bsr_scim.schema import AttributePath, Document, ResourceType, TypeRegistry
from flask_bsr_scim.schema.values import timestamp
from flask_bsr_scim.view import View

DEFAULT_TENANT = "default"
"""The tenant that is there from the start."""

_TENANT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

Clock = Callable[[], datetime]
"""Returns the present moment, aware of its zone."""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of resources (RFC 7644 §3.4.2.3); ties are in the order of creation."""

    target: AttributePath
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Which resources of one type to return, and which page of them.

    `offset` is 0-based. Without `sort` the order is that of creation. With `links` each resource comes with its
    memberships. `view` gives the locations that a filter may compare.
    """

    view: View
    filter: BoundFilter | None = None
    sort: Sort | None = None
    offset: int = 0
    count: int = 100
    links: bool = True


class Page(NamedTuple):
    """`total` counts all matches, before paging."""

    total: int
    resources: Sequence[Resource]


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


Change = Insert | Swap | Removal


class Actor(NamedTuple):
    """Who makes a change, for the change log."""

    token_id: str | None = None
    request_id: str | None = None


NOBODY = Actor()


@dataclass(frozen=True, slots=True)
class LogEntry:
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


class Backend(ABC):
    """A store of resources. Its rules, each of which has a test in :mod:`flask_bsr_scim.backends.testing`:

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
        self._wrapped = _Wrapped(self.UNAVAILABLE)
        self._unique = {(t.name, i.path): i.target.leaf.key for t in types for i in t.indexed if i.unique}

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
    ) -> list[Link]:
        """Return the distinct members of several groups in the order of their ids, `after` excluded."""
        with self._wrapped:
            return self._members(tenant, group_ids, after, count, reverse)

    @final
    def count_members(self, tenant: str, group_ids: Sequence[str]) -> int:
        """Return the number of distinct members of several groups."""
        with self._wrapped:
            return self._count_members(tenant, group_ids)

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
        """Do all changes in order, or none; return the resource after each, without links; None after a removal.

        :raises UniquenessConflict: another resource holds a unique value.
        :raises VersionConflict: the version is not the expected one.
        :raises ResourceNotFound: a swap or removal names nothing.
        :raises UnknownMembers: members to be added do not exist.
        :raises ValueError: the tenant's name is not one (lower-case letters, digits and `-`, at most 63).
        """
        _check_tenant(tenant)
        with self._wrapped:
            return self._commit(tenant, changes, actor)

    @final
    def open(self, tenant: str, profile: str) -> None:
        """Record the schema profile of a tenant when it is first used.

        :raises ConfigurationError: its resources were stored under another profile.
        :raises ValueError: see :meth:`commit`.
        """
        _check_tenant(tenant)
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

    @abstractmethod
    def _find(self, tenant: str, type_name: str, attribute: str, key: Any) -> Resource | None: ...

    @abstractmethod
    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool: ...

    @abstractmethod
    def _query(self, tenant: str, resource_type: ResourceType, query: Query) -> Page: ...

    @abstractmethod
    def _members(
        self, tenant: str, group_ids: Sequence[str], after: str | None, count: int, reverse: bool
    ) -> list[Link]: ...

    @abstractmethod
    def _count_members(self, tenant: str, group_ids: Sequence[str]) -> int: ...

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
    def _commit(self, tenant: str, changes: Sequence[Change], actor: Actor) -> list[Resource | None]:
        """Take the time by :meth:`_now` when nobody else can write: `modified` follows the order of commits."""

    @abstractmethod
    def _touch(self, tenant: str, type_name: str, resource_id: str, used: str) -> None: ...

    UNAVAILABLE: ClassVar[tuple[type[Exception], ...]] = ()
    """The driver's exceptions that mean the store cannot be used."""

    def _now(self) -> str:
        return timestamp(self.clock())

    def _log_horizon(self) -> str:
        """Return the time before which entries of the change log are purged."""
        return timestamp(self.clock() - timedelta(days=self.log_days))


class _Wrapped:
    """Turns the exceptions of a driver into the contract's."""

    __slots__ = ("_unavailable",)

    def __init__(self, unavailable: tuple[type[Exception], ...]) -> None:
        self._unavailable = unavailable

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, self._unavailable):
            raise StoreUnavailable(str(error)) from error


def _check_tenant(tenant: str) -> None:
    if not _TENANT_NAME.fullmatch(tenant):
        raise ValueError(f"{tenant!r} is no tenant name: use lower-case letters, digits and '-', at most 63")
