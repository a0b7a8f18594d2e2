"""A transaction in the Redis store: changes of an overlay."""

from collections.abc import Collection, Iterator, Mapping
from itertools import chain, compress

from flask_bsr_scim.backends.base import LogEntry, StoredKey
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    MEMBERS,
    META,
    ROWS,
    UNIQUE,
    USED,
    by_time,
    digest,
    joined,
    last_part,
    number,
    of_key,
    pack,
    under,
)
from flask_bsr_scim.backends.redis.overlay import Overlay
from flask_bsr_scim.backends.redis.space import Kinds
from flask_bsr_scim.backends.transaction import MemberRow, Row, Transaction
from flask_bsr_scim.portions import portions

_AT_ONCE = 2000
"""Members of whom the heads are held at once."""

_FEW = 1000
"""More ids than that are looked for in the whole of a group that is smaller."""


class RedisTransaction(Transaction):
    """The primitives over hashes and sorted sets. Somebody else sees to it that nobody writes meanwhile."""

    def __init__(self, overlay: Overlay, kinds: Kinds) -> None:
        self.overlay = overlay
        self._kinds = kinds

    def time(self, now: str) -> str:
        (last,) = self.overlay.values(META, ["at"])
        return max(now, last or now)

    def find(self, resource_id: str) -> Row | None:
        return next(iter(self.overlay.rows([resource_id])), None)

    def find_members(self, ids: Collection[str]) -> Mapping[str, MemberRow]:
        return {i: MemberRow(head.seq, head.type, i) for i, head in self.overlay.heads(ids).items()}

    def holders(self, key: StoredKey) -> list[Row]:
        if key.unique:
            return self.overlay.rows([i for i in self.overlay.values(UNIQUE, [_field(key.name, key.key)]) if i])
        (entries,) = self.overlay.entries([of_key(key.name, key.key)])
        return self.overlay.rows(list(map(last_part, entries)))

    def insert(self, row: Row) -> Row | None:
        taken, (created,) = self.overlay.values(ROWS, [row.id]), self.overlay.values(META, ["created"])
        if taken != [None]:
            return None
        row = row._replace(seq=int(created or 0) + 1)
        self.overlay.put(META, "created", str(row.seq))
        self.overlay.put(ROWS, row.id, pack(row))
        self._enter(row)
        return row

    def update(self, old: Row, new: Row) -> None:
        self.overlay.put(ROWS, old.id, pack(new))
        if old.type in self._kinds.exposed and old.modified != new.modified:
            self.overlay.remove(_time_entry(old))
            self.overlay.add(_time_entry(new))

    def convert(self, old: Row, new: Row) -> None:
        self._leave(old)
        self.overlay.put(ROWS, new.id, pack(new))
        self._enter(new)
        (entries,) = self.overlay.entries([under(GROUPS, old.id)])
        for group_id in map(last_part, entries):
            self.overlay.memberships.put(group_id, old.id, old.type, present=False)
            self.overlay.memberships.put(group_id, new.id, new.type, present=True)

    def delete(self, row: Row) -> None:
        self.overlay.put(ROWS, row.id, None)
        self.overlay.put(USED, row.id, None)
        self._leave(row)

    def _enter(self, row: Row) -> None:
        self.overlay.add(joined(row.type, number(row.seq), row.id))
        if row.type in self._kinds.exposed:
            self.overlay.add(_time_entry(row))

    def _leave(self, row: Row) -> None:
        self.overlay.remove(joined(row.type, number(row.seq), row.id))
        if row.type in self._kinds.exposed:
            self.overlay.remove(_time_entry(row))

    def claim(self, index: str, key: object, row: Row) -> str | None:
        field = _field(index, key)
        (holder,) = self.overlay.values(UNIQUE, [field])
        if holder is None:
            self.overlay.put(UNIQUE, field, row.id)
        return holder

    def release(self, index: str, key: object) -> None:
        self.overlay.put(UNIQUE, _field(index, key), None)

    def add_key(self, index: str, key: object, row: Row) -> None:
        self.overlay.add(joined(index, digest(key), number(row.seq), row.id))

    def remove_key(self, index: str, key: object, row: Row) -> None:
        self.overlay.remove(joined(index, digest(key), number(row.seq), row.id))

    def member_types(self, group: Row, among: Collection[str] | None = None) -> Mapping[str, str]:
        if among is None:
            return self.overlay.member_types(group.id)
        if len(among) > _FEW and self.overlay.counts([under(MEMBERS, group.id)])[0] < len(among):
            present = self.overlay.member_types(group.id)
            return {i: present[i] for i in among if i in present}
        return dict(chain.from_iterable(self._members_among(group, some) for some in portions(among, _AT_ONCE)))

    def _members_among(self, group: Row, ids: Collection[str]) -> Iterator[tuple[str, str]]:
        types = self._types(group, ids)
        present = self.overlay.has(MEMBERS, [joined(group.id, i, name) for i, name in types.items()])
        return compress(types.items(), present)

    def _types(self, group: Row, ids: Collection[str]) -> Mapping[str, str]:
        """Return the types of resources by id; of one that is not there, as nothing but a membership may tell of it."""
        types = {i: head.type for i, head in self.overlay.heads(ids).items()}
        gone = [i for i in ids if i not in types]
        found = self.overlay.entries([under(MEMBERS, group.id, i) for i in gone]) if gone else ()
        return types | {i: last_part(entries[0]) for i, entries in zip(gone, found, strict=False) if entries}

    def groups_of(self, member: Row) -> list[Row]:
        (entries,) = self.overlay.entries([under(GROUPS, member.id)])
        return self.overlay.rows(list(map(last_part, entries)))

    def link(self, group: Row, members: Collection[MemberRow]) -> None:
        for member in members:
            self.overlay.memberships.put(group.id, member.id, member.type, present=True)

    def unlink(self, group: Row, types: Mapping[str, str]) -> None:
        for i, name in types.items():
            self.overlay.memberships.put(group.id, i, name, present=False)

    def write_log(self, entry: LogEntry) -> int:
        (logged,) = self.overlay.values(META, ["logged"])
        sequence = int(logged or 0) + 1
        self.overlay.put(META, "logged", str(sequence))
        self.overlay.put(META, "at", entry.at)
        self.overlay.append(entry._replace(sequence=sequence))
        return sequence

    def purge_log(self, horizon: str) -> None:
        self.overlay.horizon = horizon


def _field(index: str, key: object) -> str:
    return joined(index, digest(key))


def _time_entry(row: Row) -> str:
    return joined(by_time(row.type), row.modified, row.id)
