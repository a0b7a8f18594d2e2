"""The part of the storage contract that moves a tenant to another store, and proves a store to be sound.

A dump is everything that a tenant holds, as records in an order that depends on nothing but the content: the profile,
the resources in the order of creation, the members by group and id, the change log. Notes and journals are not in it,
nor are values that the schema keeps in their store (`x-exported`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, final

import orjson

from flask_bsr_scim.backends.changes import LogEntry
from flask_bsr_scim.backends.conventions import WrappedErrors, check_tenant
from flask_bsr_scim.errors import ConfigurationError, shown
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import AttributePath, TypeRegistry

MEMBERS_AT_ONCE = 1000
"""So many members are in one record at most."""

LAST_NUMBER = (1 << 39) - 1
"""No entry of the change log is numbered higher when it is loaded: as many can follow in every store."""


class Profile(NamedTuple):
    """The profile that is recorded for a tenant; None when it was never opened."""

    name: str | None


class Members(NamedTuple):
    """Some members of a group, in the order of their ids."""

    group: str
    ids: Sequence[str]


Record = Profile | Resource | Members | LogEntry

_ORDER = (Profile, Resource, Members, LogEntry)

Seen = Callable[[int], None]
"""Called with the number of resources and log entries that were looked at."""


class Finding(NamedTuple):
    """What is wrong in a store, as a sentence; `tenant` is None where it is in none."""

    tenant: str | None
    text: str


class DumpError(ValueError):
    """Records are not a dump, or do not go together; nothing was written."""


class RecordError(DumpError):
    """A record is wrong, or does not follow those before it; raised before the next one is taken."""


class TenantTakenError(DumpError):
    """A dump was to be loaded into a tenant that holds something."""

    def __init__(self, tenant: str) -> None:
        super().__init__(f"the tenant {tenant!r} is not empty")


class WrittenMeanwhileError(DumpError):
    """A tenant was written to while it was read, so that what was read is not of one state."""

    def __init__(self, tenant: str) -> None:
        super().__init__(f"the tenant {tenant!r} was written to meanwhile, so that what was read is not of one state")


class Dumping(ABC):
    """What :class:`~flask_bsr_scim.backends.base.Backend` has of it."""

    types: TypeRegistry
    _wrapped: WrappedErrors

    @final
    def dump(self, tenant: str) -> Iterator[Record]:
        """Yield everything that a tenant holds, of one state; nothing when there is no such tenant.

        What the calling thread has not committed yet is not in it.

        :raises WrittenMeanwhileError: the store cannot keep a state, and another one came; at any record.
        :raises ConfigurationError: a resource is of a type that the schemas do not have.
        """
        with self._wrapped:
            yield from _exported(self.types, self._dump(tenant))

    @final
    def load(self, tenant: str, records: Iterable[Record], *, replace: bool = False) -> None:
        """Make a tenant what a dump says, at once and whole, or not at all: also when `records` raises.

        Observers are not told. It is a transaction of its own, never a part of what is
        :meth:`~flask_bsr_scim.backends.base.Backend.together`.

        :param replace: takes away whatever the tenant holds, instead of refusing it.
        :raises RecordError: a record is not one of a dump, or its document not one of its type.
        :raises DumpError: the records do not go together, or the tenant is not empty.
        :raises ConfigurationError: see :meth:`dump`.
        :raises ValueError: see :meth:`~flask_bsr_scim.backends.base.Backend.commit`.
        """
        check_tenant(tenant)
        with self._wrapped:
            self._load(tenant, _shaped(self.types, _exported(self.types, _ordered(records))), replace)

    @final
    def check(self, seen: Seen = lambda number: None) -> Iterator[Finding]:
        """Walk through the whole store, and yield what is wrong in it.

        Every resource is where its indexes and its memberships say, and nothing else is there; unique keys have one
        holder; documents are those of their types; totals are right; versions are those that the change log tells.

        :raises WrittenMeanwhileError: see :meth:`dump`.
        """
        with self._wrapped:
            yield from (Finding(None, text) for text in self._check_whole())
            for tenant in sorted(self._tenants()):
                yield from (Finding(tenant, text) for text in self._check(tenant, seen))

    @abstractmethod
    def _tenants(self) -> list[str]: ...

    @abstractmethod
    def _dump(self, tenant: str) -> Iterator[Record]: ...

    @abstractmethod
    def _load(self, tenant: str, records: Iterator[Record], replace: bool) -> None:
        """Take records whose order is right; see to it that unique keys are unique and that members are there."""

    @abstractmethod
    def _check(self, tenant: str, seen: Seen) -> Iterator[str]: ...

    def _check_whole(self) -> Iterator[str]:
        """Yield what is wrong outside of the tenants."""
        return iter(())


def _exported(types: TypeRegistry, records: Iterable[Record]) -> Iterator[Record]:
    """Yield records as they leave a store and as they come into one: without the values that stay where they are."""
    staying = {t.name: [path for path in t.paths() if not path.leaf.exported] for t in types}
    for record in records:
        if isinstance(record, Resource):
            _check_type(types, record)
            if paths := staying[record.type]:
                record = _without(record, paths)
        yield record


def _check_type(types: TypeRegistry, resource: Resource) -> None:
    if resource.type not in types.by_name:
        raise ConfigurationError(
            f"{resource.id} is a {resource.type!r}, which is in no schema: give SCIM_PROFILE and SCIM_SCHEMAS the "
            "values with which it was stored"
        )


def _without(resource: Resource, paths: Iterable[AttributePath]) -> Resource:
    document = resource.document
    for path in paths:
        place = document if path.extension is None else document.get(path.extension)
        if isinstance(place, dict):
            place.pop(path.leaf.name, None)
    return resource._replace(text=orjson.dumps(document).decode())


def _shaped(types: TypeRegistry, records: Iterable[Record]) -> Iterator[Record]:
    """Yield records whose documents are those of their types.

    :raises RecordError: one is not.
    """
    for record in records:
        if isinstance(record, Resource) and (fault := types.shapes[record.type].fault(record.document)):
            name = f"{record.type} {shown(record.id)}"
            raise RecordError(f"the document of {name} is none of its schema: {fault}")
        yield record


def _ordered(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the records of a dump.

    :raises RecordError: their order is not that of a dump, or nothing could follow.
    """
    before: Record | None = None
    for record in records:
        if not _follows(before, record):
            raise RecordError(f"this is not the order of a dump: {_named(record)} comes after {_named(before)}")
        if isinstance(record, LogEntry) and record.sequence > LAST_NUMBER:
            raise RecordError(f"{_named(record)} is numbered too high: others can follow up to {LAST_NUMBER}")
        yield record
        before = record
    if before is None:
        raise DumpError("this is not a dump: it holds nothing")


def _follows(before: Record | None, record: Record) -> bool:
    match before, record:
        case _, Members(_, ids) if not _rises(ids):
            return False
        case None, _:
            return isinstance(record, Profile)
        case Members(group, last), Members(other, ids):
            return (group, last[-1]) < (other, ids[0])
        case LogEntry(), LogEntry():
            return before.sequence + 1 == record.sequence
        case Resource(), Resource():
            return True
    return _ORDER.index(type(before)) < _ORDER.index(type(record))


def _rises(ids: Sequence[str]) -> bool:
    return bool(ids) and all(one < other for one, other in pairwise(ids))


def _named(record: Record | None) -> str:
    match record:
        case Resource(type_name, resource_id):
            return f"{type_name} {resource_id}"
        case Members(group):
            return f"the members of {group}"
        case LogEntry(sequence):
            return f"entry {sequence} of the change log"
    return "nothing" if record is None else "the profile"
