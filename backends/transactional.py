"""Commits over a store that has interactive transactions: what changes mean, in primitives that the store supplies."""

from abc import abstractmethod
from collections.abc import Container, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain

import orjson

from flask_bsr_scim.backends.base import (
    Absence,
    Actor,
    Backend,
    Change,
    Conversion,
    Insert,
    Key,
    LogEntry,
    Removal,
    RemovalOfAll,
    Swap,
)
from flask_bsr_scim.backends.deltas import changed_names, delta_of, differences
from flask_bsr_scim.backends.transaction import Row, Transaction
from flask_bsr_scim.errors import ResourceNotFound, UniquenessConflict, UnknownMembers, VersionConflict
from flask_bsr_scim.portions import portions
from flask_bsr_scim.resource import Link, MemberChanges, Resource
from flask_bsr_scim.schema import Document, ResourceType

_LABEL = "displayName"
"""The attribute of a group that its members show."""

_NO_CHANGES = MemberChanges()

_PORTION = 2000
"""Members that are found and linked at once: a large group is never held row by row."""


class TransactionalBackend(Backend):
    """A backend that supplies transactions and leaves the meaning of changes to this class."""

    @abstractmethod
    def _transaction(self, tenant: str) -> AbstractContextManager[Transaction]:
        """Begin a transaction that is alone in writing; commit it on leaving, or undo all of it when an exception
        leaves.

        The tenant is made when it is not there.
        """

    def _commit(
        self, tenant: str, changes: Sequence[Change], actor: Actor
    ) -> tuple[list[Resource | None], list[LogEntry]]:
        with self._transaction(tenant) as transaction:
            return self._apply(transaction, changes, actor)

    def _apply(
        self, transaction: Transaction, changes: Sequence[Change], actor: Actor
    ) -> tuple[list[Resource | None], list[LogEntry]]:
        """Do the changes in a transaction."""
        commit = _Commit(self, transaction, actor, transaction.time(self._now()))
        resources = [commit.apply(change) for change in changes]
        transaction.flush()
        transaction.purge_log(self._log_horizon())
        return resources, commit.entries


class _Commit:
    """What is common to the changes of one commit."""

    def __init__(self, backend: Backend, transaction: Transaction, actor: Actor, now: str) -> None:
        self._types, self._stored_key = backend.types, backend.stored_key
        self._transaction, self._actor, self._now = transaction, actor, now
        self.entries: list[LogEntry] = []

    def apply(self, change: Change) -> Resource | None:
        match change:
            case Insert():
                return self._insert(change)
            case Swap():
                return self._swap(change)
            case Conversion():
                return self._convert(change)
            case Removal():
                self._remove(self._find(change))
            case RemovalOfAll(key):
                for row in self._transaction.holders(self._stored_key(key)):
                    self._remove(row)
            case Absence(key):
                self._see_absence(key)
        return None

    def _insert(self, change: Insert) -> Resource:
        resource_type = self._types.by_name[change.type]
        text = orjson.dumps(change.document).decode()
        label = label_of(resource_type, change.document)
        new = Row(0, change.type, change.id, 1, self._now, self._now, text, None, label)
        row = self._transaction.insert(new)
        if row is None:
            raise UniquenessConflict(change.type, "id", change.id, change.id)
        self._move_keys(resource_type, row, {}, change.document, change.document)
        ids = sorted(change.members.add) if change.members and resource_type.members else []
        links = self._link(resource_type, row, ids) if ids else ()
        self._log("create", row.type, row.id, None, 1, delta_of({}, ids, []))
        return row.resource(links)

    def _swap(self, change: Swap) -> Resource:
        resource_type = self._types.by_name[change.type]
        row = self._find(change)
        text, label, attributes = self._changed_document(resource_type, row, change.document)
        added, removed, links = self._change_members(resource_type, row, change.members)
        if text is row.text and not (added or removed):
            return row.resource(links)
        return self._advance(row, text, label, delta_of(attributes, added, removed)).resource(links)

    def _convert(self, change: Conversion) -> Resource:
        old = self._find(change)
        old_type, new_type = self._types.by_name[old.type], self._types.by_name[change.new_type]
        document = orjson.loads(old.text)
        self._leave(old, [g for g in self._transaction.groups_of(old) if g.type not in change.kept_in])
        self._move_keys(old_type, old, document, {}, document)
        text, version = orjson.dumps(change.document).decode(), old.version + 1
        new = old._replace(type=new_type.name, version=version, modified=self._now, text=text)
        self._transaction.convert(old, new)
        self._move_keys(new_type, new, {}, change.document, change.document)
        self._log_end(old_type, old, document, [])
        self._log("create", new.type, new.id, None, version, {})
        return new.resource()

    def _leave(self, row: Row, groups: Sequence[Row]) -> None:
        for group in groups:
            self._transaction.unlink(group, {row.id: row.type})
            if group.id != row.id:
                self._advance(group, group.text, group.label, delta_of({}, [], [row.id]))

    def _remove(self, row: Row) -> None:
        resource_type = self._types.by_name[row.type]
        document = orjson.loads(row.text)
        self._leave(row, self._transaction.groups_of(row))
        _, removed, _ = self._change_members(resource_type, row, MemberChanges(clear=True))
        self._move_keys(resource_type, row, document, {}, document)
        self._transaction.delete(row)
        self._log_end(resource_type, row, document, removed)

    def _see_absence(self, key: Key) -> None:
        for row in self._transaction.holders(self._stored_key(key)):
            raise UniquenessConflict(key.type, key.attribute, str(key.value), row.id)

    def _find(self, change: Swap | Removal | Conversion) -> Row:
        row = self._transaction.find(change.id)
        if row is None or row.type != change.type:
            raise ResourceNotFound(change.type, change.id)
        if change.expected_version not in (None, row.version):
            raise VersionConflict(f"{row.type} {row.id} is in version {row.version}")
        return row

    def _changed_document(
        self, resource_type: ResourceType, row: Row, document: Document | None
    ) -> tuple[str, str | None, Document]:
        """Return text and label that a row gets with a document, and how its attributes differ; the keys are moved."""
        if document is not None:
            old = orjson.loads(row.text)
            if names := changed_names(old, document):
                self._move_keys(resource_type, row, old, document, names)
                attributes = differences(resource_type, old, document, names)
                return orjson.dumps(document).decode(), label_of(resource_type, document), attributes
        return row.text, row.label, {}

    def _advance(self, old: Row, text: str, label: str | None, delta: Document) -> Row:
        """Store the next version."""
        version = old.version + 1
        new = Row(old.seq, old.type, old.id, version, old.created, self._now, text, old.used, label)
        self._transaction.update(old, new)
        self._log("update", old.type, old.id, old.version, version, delta)
        return new

    def _move_keys(
        self, resource_type: ResourceType, row: Row, old: Document, new: Document, names: Container[str]
    ) -> None:
        """Enter the resource under the keys of its new document; what it no longer has goes first.

        :param names: of the members that differ.
        """
        transaction = self._transaction
        for index in resource_type.indexed:
            if index.top not in names:
                continue
            name, before, after = index.name, index.keys(old), index.keys(new)
            for key in [k for k in before if k not in after]:
                if index.unique:
                    transaction.release(name, key)
                else:
                    transaction.remove_key(name, key, row)
            for key in [k for k in after if k not in before]:
                if not index.unique:
                    transaction.add_key(name, key, row)
                elif holder := transaction.claim(name, key, row):
                    raise UniquenessConflict(resource_type.name, index.path, str(after[key]), holder)

    def _change_members(
        self, resource_type: ResourceType, group: Row, changes: MemberChanges | None
    ) -> tuple[list[str], list[str], Sequence[Link]]:
        """Return the ids of the members that came and went, and, where the changes say who all are, all members."""
        if resource_type.members is None or changes is None or changes == _NO_CHANGES:
            return [], [], ()
        wanted = set(changes.add)
        touched = None if changes.clear else wanted.union(changes.remove)
        present = self._transaction.member_types(group, touched)
        leaving = present.keys() if changes.clear else present.keys() & set(changes.remove)
        removed, added = sorted(leaving - wanted), sorted(wanted - present.keys())
        if removed:
            self._transaction.unlink(group, {i: present[i] for i in removed})
        new = self._link(resource_type, group, added) if added else ()
        if not changes.clear:
            return added, removed, ()
        kept = (Link(i, name) for i, name in present.items() if i in wanted)
        return added, removed, sorted(chain(kept, new))

    def _link(self, resource_type: ResourceType, group: Row, ids: Sequence[str]) -> list[Link]:
        """Add members that a group does not have yet; return them in the order of the ids."""
        kinds, links, unknown = self._member_types(resource_type), list[Link](), list[str]()
        for some in portions(ids, _PORTION):
            found = self._transaction.find_members(some)
            unknown += [i for i in some if i not in found or found[i].type not in kinds]
            if not unknown:
                self._transaction.link(group, found.values())
                links += [Link(i, kinds[found[i].type]) for i in some]
        if unknown:
            raise UnknownMembers(unknown)
        return links

    def _member_types(self, resource_type: ResourceType) -> Mapping[str, str]:
        """Return the names of the types that members can have, each under itself: what is stored brings copies."""
        reference = resource_type.members and resource_type.members.sub("$ref")
        return {name: name for name in (reference.reference_types if reference else self._types.by_name)}

    def _log(
        self, operation: str, type_name: str, resource_id: str, before: int | None, after: int | None, delta: Document
    ) -> None:
        actor = self._actor
        entry = LogEntry(
            0, self._now, actor.token_id, actor.request_id, operation, type_name, resource_id, before, after, delta
        )
        self.entries.append(LogEntry(self._transaction.write_log(entry), *entry[1:]))

    def _log_end(self, resource_type: ResourceType, row: Row, document: Document, members: Sequence[str]) -> None:
        attributes = differences(resource_type, document, {}, document)
        self._log("delete", row.type, row.id, row.version, None, delta_of(attributes, [], members))


def label_of(resource_type: ResourceType, document: Document) -> str | None:
    """Return what a group's members show of it; None for what is no group."""
    return document.get(_LABEL) if resource_type.members else None
