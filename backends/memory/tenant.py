"""What the store in memory holds of one tenant, and a transaction on it."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any

from flask_bsr_scim.backends.base import LogEntry, StoredKey
from flask_bsr_scim.backends.memory.journal import Journal
from flask_bsr_scim.backends.memory.notes import Notes
from flask_bsr_scim.backends.memory.rows import Rows
from flask_bsr_scim.backends.transaction import MemberRow, Row, Transaction
from flask_bsr_scim.resource import Link
from flask_bsr_scim.schema import Document

_PURGED_AT_ONCE = 1000

_FEW = 16
"""Up to so many ids enter a sorted list one by one."""


Holders = dict[Any, str | set[str]]
"""The ids of who holds a key, by key: most keys have one holder, and sets are large."""


class Tenant:
    """The resources of a tenant, and indexes that hold their ids."""

    def __init__(self) -> None:
        self.profile: str | None = None
        self.created = 0
        """How many resources were ever made."""
        self.rows: defaultdict[str, Rows] = defaultdict(Rows)
        """By type."""
        self.unique: defaultdict[str, dict[Any, str]] = defaultdict(dict)
        """By index and key."""
        self.keys: defaultdict[str, Holders] = defaultdict(dict)
        """By index and key."""
        self.members: defaultdict[str, list[str]] = defaultdict(list)
        """Of each group, sorted."""
        self.groups: defaultdict[str, list[str]] = defaultdict(list)
        """Of each resource, sorted."""
        self.log: list[LogEntry] = []
        """Without sequence numbers: the last entry has that of `logged`, and there are no gaps."""
        self.logged = 0
        self.no_delta: Document = {}
        """The delta of all entries that have none: most have none, and dictionaries are large."""
        self.notes = Notes()
        self.journal = Journal()

    def find(self, resource_id: str) -> Row | None:
        """Return a resource of any type."""
        return next(filter(None, (rows.find(resource_id) for rows in self.rows.values())), None)

    def links_to_members(self, ids: Iterable[str]) -> Iterator[Link]:
        """Yield the members that have some ids, as their groups see them."""
        return (Link(row.id, row.type) for row in map(self.find, ids) if row)

    def links_to_groups(self, member_id: str) -> Iterator[Link]:
        """Yield what holds a resource, as that one sees it."""
        rows = map(self.find, self.groups.get(member_id, ()))
        return (Link(row.id, row.type, row.label) for row in rows if row)

    def holders(self, key: StoredKey) -> Collection[str]:
        """Return the ids of the resources that hold a key."""
        if not key.unique:
            held = self.keys[key.name].get(key.key, ())
            return (held,) if isinstance(held, str) else held
        holder = self.unique[key.name].get(key.key)
        return () if holder is None else (holder,)

    def member_ids(self, group_id: str, after: str | None, reverse: bool) -> Iterator[str]:
        """Yield a group's members in the order of their ids, `after` excluded."""
        ids = self.members.get(group_id, [])
        if reverse:
            end = len(ids) if after is None else bisect_left(ids, after)
            return (ids[place] for place in range(end - 1, -1, -1))
        return islice(ids, 0 if after is None else bisect_right(ids, after), None)

    def entries(self, after: int, count: int) -> list[LogEntry]:
        """Return copies of entries of the change log, beginning behind a sequence number."""
        purged = self.logged - len(self.log)
        after = max(after, purged)
        entries = self.log[after - purged :][:count]
        return [e._replace(sequence=n, delta=deepcopy(e.delta)) for n, e in enumerate(entries, after + 1)]


class MemoryTransaction(Transaction):
    """Writes to a tenant, and remembers how to undo them."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._undo: list[Callable[[], object]] = []

    def undo(self) -> None:
        """Leave the tenant as it was when the transaction began."""
        for step in reversed(self._undo):
            step()

    def take_over(self, inner: "MemoryTransaction") -> None:
        """Undo, when it comes to that, what another transaction did inside of this one."""
        self._undo += inner._undo

    def time(self, now: str) -> str:
        return max(now, self._tenant.log[-1].at) if self._tenant.log else now

    def find(self, resource_id: str) -> Row | None:
        return self._tenant.find(resource_id)

    def find_members(self, ids: Collection[str]) -> Mapping[str, MemberRow]:
        rows = filter(None, map(self._tenant.find, ids))
        return {row.id: MemberRow(row.seq, row.type, row.id) for row in rows}

    def holders(self, key: StoredKey) -> list[Row]:
        return sorted(filter(None, map(self._tenant.find, self._tenant.holders(key))))

    def insert(self, row: Row) -> Row | None:
        if self._tenant.find(row.id) is not None:
            return None
        self._tenant.created += 1
        row = Row(self._tenant.created, *row[1:])
        self._put_row(row)
        return row

    def update(self, old: Row, new: Row) -> None:
        self._tenant.rows[new.type].put(new)
        self._undo.append(lambda: self._tenant.rows[old.type].put(old))

    def convert(self, old: Row, new: Row) -> None:
        self.delete(old)
        self._put_row(new)

    def delete(self, row: Row) -> None:
        rows = self._tenant.rows[row.type]
        rows.remove(row)
        self._undo.append(lambda: rows.put(row))

    def claim(self, index: str, key: object, row: Row) -> str | None:
        holder = self._tenant.unique[index].get(key)
        if holder is None:
            self._put(self._tenant.unique[index], key, row.id)
        return holder

    def release(self, index: str, key: object) -> None:
        self._drop(self._tenant.unique[index], key)

    def add_key(self, index: str, key: object, row: Row) -> None:
        holders = self._tenant.keys[index]
        _enter(holders, key, row.id)
        self._undo.append(lambda: _leave(holders, key, row.id))

    def remove_key(self, index: str, key: object, row: Row) -> None:
        holders = self._tenant.keys[index]
        _leave(holders, key, row.id)
        self._undo.append(lambda: _enter(holders, key, row.id))

    def member_types(self, group: Row, among: Collection[str] | None = None) -> Mapping[str, str]:
        ids = self._tenant.members.get(group.id, [])
        found = ids if among is None else (i for i in among if _holds(ids, i))
        return {link.id: link.type for link in self._tenant.links_to_members(found)}

    def groups_of(self, member: Row) -> list[Row]:
        return list(filter(None, map(self._tenant.find, self._tenant.groups.get(member.id, ()))))

    def link(self, group: Row, members: Collection[MemberRow]) -> None:
        ids = [member.id for member in members]
        self._link(group.id, ids)
        self._undo.append(lambda: self._unlink(group.id, ids))

    def unlink(self, group: Row, types: Mapping[str, str]) -> None:
        self._unlink(group.id, types)
        self._undo.append(lambda: self._link(group.id, types))

    def write_log(self, entry: LogEntry) -> int:
        self._tenant.logged += 1
        self._tenant.log.append(entry if entry.delta else entry._replace(delta=self._tenant.no_delta))
        self._undo.append(self._forget_last)
        return self._tenant.logged

    def _forget_last(self) -> None:
        self._tenant.log.pop()
        self._tenant.logged -= 1

    def purge_log(self, horizon: str) -> None:
        log = self._tenant.log
        old = next((n for n, entry in enumerate(log[:_PURGED_AT_ONCE]) if entry.at >= horizon), _PURGED_AT_ONCE)
        del log[:old]

    def _link(self, group_id: str, ids: Collection[str]) -> None:
        _add_all(self._tenant.members[group_id], ids)
        for member_id in ids:
            insort(self._tenant.groups[member_id], group_id)

    def _unlink(self, group_id: str, ids: Collection[str]) -> None:
        _remove_all(self._tenant.members[group_id], ids)
        for member_id in ids:
            _remove_all(self._tenant.groups[member_id], (group_id,))

    def _put_row(self, row: Row) -> None:
        rows = self._tenant.rows[row.type]
        rows.put(row)
        self._undo.append(lambda: rows.remove(row))

    def _put(self, place: dict[Any, Any], key: object, value: object) -> None:
        if key in place:
            old = place[key]
            self._undo.append(lambda: place.__setitem__(key, old))
        else:
            self._undo.append(lambda: place.__delitem__(key))
        place[key] = value

    def _drop(self, place: dict[Any, Any], key: object) -> None:
        old = place.pop(key)
        self._undo.append(lambda: place.__setitem__(key, old))


def _enter(holders: Holders, key: object, resource_id: str) -> None:
    held = holders.setdefault(key, resource_id)
    if isinstance(held, set):
        held.add(resource_id)
    elif held != resource_id:
        holders[key] = {held, resource_id}


def _leave(holders: Holders, key: object, resource_id: str) -> None:
    held = holders[key]
    if isinstance(held, set) and len(held) > 1:
        held.discard(resource_id)
    else:
        del holders[key]


def _holds(ids: Sequence[str], wanted: str) -> bool:
    place = bisect_left(ids, wanted)
    return place < len(ids) and ids[place] == wanted


def _add_all(ids: list[str], new: Collection[str]) -> None:
    if len(new) > _FEW:
        ids.extend(new)
        ids.sort()
        return
    for i in new:
        insort(ids, i)


def _remove_all(ids: list[str], gone: Collection[str]) -> None:
    if len(gone) > _FEW:
        removed = set(gone)
        ids[:] = [i for i in ids if i not in removed]
        return
    for i in gone:
        del ids[bisect_left(ids, i)]
