"""What a store makes of a resource beside its row: the entries of the indexes; and what can be wrong in a row."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import orjson

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.dumping import DumpError, Members, Profile, Record
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.backends.transactional import label_of
from flask_bsr_scim.errors import shown
from flask_bsr_scim.portions import portions
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document, TypeRegistry

_AT_ONCE = {Profile: 1, Resource: 1000, Members: 20, LogEntry: 50}
"""So many records are stored in one step: the last two can be large."""


class IndexKey(NamedTuple):
    """A key under which a resource is entered in an index."""

    name: str
    key: Any
    unique: bool


class Entered(NamedTuple):
    """A row, and the keys under which it is entered."""

    row: Row
    keys: Sequence[IndexKey]


def enter(types: TypeRegistry, seq: int, resource: Resource) -> Entered:
    """Return what is stored of a resource."""
    document = resource.document
    row = Row(seq, *resource[:7], label_of(types.by_name[resource.type], document))
    return Entered(row, index_keys(types, resource.type, document))


def index_keys(types: TypeRegistry, type_name: str, document: Document) -> list[IndexKey]:
    """Return the keys of a document."""
    indexed = types.by_name[type_name].indexed
    return [IndexKey(index.name, key, index.unique) for index in indexed for key in index.keys(document)]


class Loader(ABC):
    """Stores the records of a dump, some at a time.

    :param seq: the number of the last resource that is there.
    """

    def __init__(self, types: TypeRegistry, seq: int = 0) -> None:
        self.types, self.seq = types, seq
        self._takers: dict[type[Record], Callable[[Any], None]] = {
            Profile: self.take_profile,
            Resource: self._enter,
            Members: self.take_members,
            LogEntry: self.take_log,
        }

    def take(self, records: Iterable[Record]) -> None:
        """Store all records."""
        for kind, some in groupby(records, type):
            for portion in portions(some, _AT_ONCE[kind]):
                self._takers[kind](portion)

    def _enter(self, resources: Sequence[Resource]) -> None:
        self.take_resources([enter(self.types, seq, each) for seq, each in enumerate(resources, self.seq + 1)])
        self.seq += len(resources)

    @abstractmethod
    def take_profile(self, profiles: Sequence[Profile]) -> None:
        """Store the profile, of which there is one."""

    @abstractmethod
    def take_resources(self, resources: Sequence[Entered]) -> None:
        """Store resources."""

    @abstractmethod
    def take_members(self, members: Sequence[Members]) -> None:
        """Store memberships."""

    @abstractmethod
    def take_log(self, entries: Sequence[LogEntry]) -> None:
        """Store entries of the change log."""


def not_unique(index: str, key: object) -> DumpError:
    """Return the error that two resources have one unique key."""
    return DumpError(f"two resources have the same {index}: {shown(str(key))}")


def same_id(resource_id: str) -> DumpError:
    """Return the error that two resources have one id."""
    return DumpError(f"two resources have the id {shown(resource_id)}")


def not_there(group: str, ids: Sequence[str]) -> DumpError:
    """Return the error that members, or the group itself, are not among the resources."""
    return DumpError(f"the group {shown(group)} or some of its members are no resources: {shown(*ids)}")


def wrong_in(types: TypeRegistry, row: Row) -> Iterator[str]:
    """Yield what is wrong in a row by itself."""
    name = f"{row.type} {row.id}"
    if row.type not in types.by_name:
        yield f"{name} is of a type that no schema has"
        return
    document = document_of(row)
    if document is None:
        yield f"{name}: its document is no JSON object"
        return
    if document.get("id") != row.id:
        yield f"{name}: its document has another id"
    if fault := types.shapes[row.type].fault(document):
        yield f"{name}: its document is none of its schema: {fault}"
    if row.label != label_of(types.by_name[row.type], document):
        yield f"{name}: its name, as members show it, is not its displayName"
    if row.version < 1:
        yield f"{name} is in version {row.version}"


def document_of(row: Row) -> Document | None:
    """Return the document of a row; None when it has none that can be read."""
    try:
        document = orjson.loads(row.text)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def keys_in(types: TypeRegistry, row: Row) -> list[IndexKey]:
    """Return the keys of a row's document; none when it cannot be read."""
    document = document_of(row)
    if document is None or row.type not in types.by_name:
        return []
    try:
        return index_keys(types, row.type, document)
    except (TypeError, ValueError, AttributeError):
        return []
