"""Whatever sequence of commits a store sees, it holds what a plain dictionary would hold."""

import itertools
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Change, Insert, Removal, Swap
from flask_bsr_scim.backends.testing.data import TYPES, found, query
from flask_bsr_scim.errors import ResourceNotFound, StoreError, UniquenessConflict, UnknownMembers, VersionConflict
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document
from tests.stores import BACKENDS, new_store

IDS = {"Person": ("p1", "p2", "p3", "p4"), "Team": ("t1", "t2", "t3"), "Note": ("n1",)}
NAMES = [(type_name, resource_id) for type_name, ids in IDS.items() for resource_id in ids]
ALL_IDS = sorted({resource_id for _, resource_id in NAMES})
UNIQUE = {"Person": "userName", "Team": "displayName", "Note": None}


@dataclass
class Entry:
    """What the model knows of a resource."""

    type: str
    document: Document
    version: int = 1
    members: set[str] = field(default_factory=set)


class Model:
    """A tenant as a dictionary."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.log: list[tuple[str, str, int | None, int | None]] = []

    def commit(self, changes: list[Change]) -> None:
        """Do all of the changes or raise what a backend would."""
        before = deepcopy(self.entries), list(self.log)
        try:
            for change in changes:
                self._apply(change)
        except StoreError:
            self.entries, self.log = before
            raise

    def _apply(self, change: Change) -> None:
        match change:
            case Insert(type_name, resource_id, document, members):
                if resource_id in self.entries:
                    raise UniquenessConflict(type_name, "id", resource_id, resource_id)
                self.entries[resource_id] = entry = Entry(type_name, document)
                self._check_unique(resource_id)
                self._link(entry, members or MemberChanges())
                self.log.append(("create", resource_id, None, 1))
            case Swap(_, resource_id, document, members):
                entry = self._find(change)
                old = deepcopy(entry)
                entry.document = entry.document if document is None else document
                self._check_unique(resource_id)
                self._link(entry, members or MemberChanges())
                if entry != old:
                    self._advance(resource_id)
            case Removal(_, resource_id):
                entry = self._find(change)
                for group in sorted(
                    i for i, e in self.entries.items() if resource_id in e.members and i != resource_id
                ):
                    self.entries[group].members.discard(resource_id)
                    self._advance(group)
                del self.entries[resource_id]
                self.log.append(("delete", resource_id, entry.version, None))

    def _find(self, change: Swap | Removal) -> Entry:
        entry = self.entries.get(change.id)
        if entry is None or entry.type != change.type:
            raise ResourceNotFound(change.type, change.id)
        if change.expected_version not in (None, entry.version):
            raise VersionConflict
        return entry

    def _advance(self, resource_id: str) -> None:
        entry = self.entries[resource_id]
        entry.version += 1
        self.log.append(("update", resource_id, entry.version - 1, entry.version))

    def _check_unique(self, resource_id: str) -> None:
        mine = self.entries[resource_id]
        for other_id, other in self.entries.items():
            same = other.type == mine.type and other_id != resource_id and self.key(other) == self.key(mine)
            if same and self.key(mine) is not None:
                raise UniquenessConflict(mine.type, str(UNIQUE[mine.type]), str(self.key(mine)), other_id)

    @staticmethod
    def key(entry: Entry) -> str | None:
        """Return the key of the unique attribute; a team's is exact."""
        name = UNIQUE[entry.type]
        value = None if name is None else entry.document[name]
        return value.casefold() if entry.type == "Person" and value is not None else value

    def _link(self, entry: Entry, changes: MemberChanges) -> None:
        if entry.type != "Team":
            return
        kept = set() if changes.clear else entry.members - set(changes.remove)
        unknown = [i for i in changes.add if i not in self.entries or self.entries[i].type == "Note"]
        if unknown:
            raise UnknownMembers(unknown)
        entry.members = kept | set(changes.add)


def documents(type_name: str, resource_id: str) -> st.SearchStrategy[Document]:
    """Return documents whose unique values are sometimes taken."""
    own = UNIQUE[type_name]
    required = {own: st.sampled_from((resource_id, resource_id, "a", "A", "ä", "Ä"))} if own else {}
    optional = {"nickName": st.sampled_from(("x", "X", "y"))} if type_name == "Person" else {}
    about = {"schemas": st.just([f"urn:example:{type_name}"]), "id": st.just(resource_id)}
    return st.fixed_dictionaries({**about, **required}, optional=optional)


def member_changes(known: list[str]) -> st.SearchStrategy[MemberChanges]:
    """Return changes of members, of whom a few do not exist."""
    ids = st.lists(st.sampled_from([*known * 5, *ALL_IDS]), max_size=3, unique=True).map(tuple)
    return st.builds(MemberChanges, ids, ids, st.sampled_from((False, False, True)))


def inserts(type_name: str, resource_id: str, known: list[str]) -> st.SearchStrategy[Change]:
    """Return ways to make a resource."""
    members = member_changes(known) if type_name == "Team" else st.none()
    return st.builds(Insert, st.just(type_name), st.just(resource_id), documents(type_name, resource_id), members)


def changes(type_name: str, resource_id: str, known: list[str]) -> st.SearchStrategy[Change]:
    """Return ways to change a resource; the version that some expect may be another."""
    kind, name = st.just(type_name), st.just(resource_id)
    version = st.sampled_from((None, None, None, 1, 2))
    members = st.none() | member_changes(known) if type_name == "Team" else st.none()
    swap = st.builds(Swap, kind, name, st.none() | documents(type_name, resource_id), members, version)
    return st.one_of(swap, swap, swap, st.builds(Removal, kind, name, version))


TENANTS = (f"tenant-{number}" for number in itertools.count())


class Commits(RuleBasedStateMachine):
    """Commits to a tenant that nobody used before, and to the model."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self._backend, self._model, self._tenant = backend, Model(), next(TENANTS)

    @rule(data=st.data(), count=st.sampled_from((1, 1, 2, 4)))
    def commit(self, data: st.DataObject, count: int) -> None:
        """Both succeed, or fail in the same way."""
        batch = [data.draw(self._change(data)) for _ in range(count)]
        mine = outcome(lambda: self._model.commit(batch))
        assert outcome(lambda: self._backend.commit(self._tenant, batch)) == mine

    def _change(self, data: st.DataObject) -> st.SearchStrategy[Change]:
        """Return changes that can be done for the most part."""
        known = sorted(i for i, e in self._model.entries.items() if e.type != "Note")
        type_name, resource_id = data.draw(st.sampled_from(NAMES))
        is_there = resource_id in self._model.entries
        surprising = data.draw(st.integers(0, 19)) == 0
        return (changes if is_there != surprising else inserts)(type_name, resource_id, known)

    @invariant()
    def resources(self) -> None:
        """Both hold the same resources in the same versions, found by id, in lists and by their unique values."""
        entries = self._model.entries
        for type_name in IDS:
            mine = {i: e for i, e in entries.items() if e.type == type_name}
            page = self._backend.query(self._tenant, type_name, query(type_name))
            assert {r.id: (r.version, r.document) for r in page.resources} == {
                i: (e.version, e.document) for i, e in mine.items()
            }
            counted = self._backend.query(self._tenant, type_name, query(type_name, count=0))
            assert page.total == counted.total == len(mine)
            for resource in page.resources:
                assert self._backend.get(self._tenant, type_name, resource.id, links=True) == resource
                self._is_found_by_its_name(entries[resource.id], resource.id)

    def _is_found_by_its_name(self, entry: Entry, resource_id: str) -> None:
        name = UNIQUE[entry.type]
        if name is not None:
            holder = self._backend.find(self._tenant, entry.type, name, entry.document[name])
            assert holder is not None
            assert holder.id == resource_id

    @invariant()
    def memberships(self) -> None:
        """Both have the same members in the same groups, seen from either side."""
        teams = {i: sorted(e.members) for i, e in self._model.entries.items() if e.type == "Team"}
        for team_id, members in teams.items():
            assert [link.id for link in self._backend.members(self._tenant, [team_id])] == members
        assert self._backend.count_members(self._tenant, list(teams)) == len(set(itertools.chain(*teams.values())))
        for resource in self._backend.query(self._tenant, "Person", query("Person")).resources:
            assert [link.id for link in resource.links] == sorted(t for t, ids in teams.items() if resource.id in ids)

    @invariant()
    def nicknames(self) -> None:
        """The index that is not unique knows everybody."""
        for name in ("x", "y"):
            holders = {i for i, e in self._model.entries.items() if e.document.get("nickName", "").lower() == name}
            assert set(found(self._backend, "Person", f'nickName eq "{name}"', self._tenant)) == holders

    @invariant()
    def log(self) -> None:
        """Both logged the same changes."""
        entries = self._backend.log(self._tenant, count=10_000)
        assert [(e.operation, e.id, e.before, e.after) for e in entries] == self._model.log


def outcome(commit: Callable[[], object]) -> object:
    """Return the kind of error with what it says of the resource, None when there is none."""
    try:
        commit()
    except UniquenessConflict as error:
        return type(error), error.type_name, error.attribute, error.holder
    except UnknownMembers as error:
        return type(error), sorted(error.ids)
    except StoreError as error:
        return type(error)
    return None


@pytest.mark.parametrize("kind", BACKENDS)
def test_commits(kind: str, tmp_path: Path) -> None:
    """Each backend follows the model."""
    backend = open_backend(new_store(kind, tmp_path), TYPES)
    run_state_machine_as_test(partial(Commits, backend), settings=settings(max_examples=30, stateful_step_count=15))
    backend.close()
