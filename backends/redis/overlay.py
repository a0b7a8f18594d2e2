"""A tenant of the Redis store with changes that are to come."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    INDEX,
    MEMBERS,
    META,
    ROWS,
    UNIQUE,
    USED,
    Head,
    Range,
    id_in,
    last_part,
    read_head,
    under,
)
from flask_bsr_scim.backends.redis.pending import Entries, Memberships
from flask_bsr_scim.backends.redis.space import Fetched, Holders, Ids, Kinds, Record, Source, Space, link_to_member
from flask_bsr_scim.backends.redis.tenant import Command, log_command
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.resource import Link

_AT_ONCE = 1000
"""Arguments of one command."""

_FEW = 1000
"""Heads of no more resources, read at once, are kept."""


class Overlay(Space):
    """Reads through to what is below, a tenant or another overlay, and keeps what is written to itself.

    What was read of a hash is kept too: below an overlay nothing changes, or else nothing comes of its changes.
    """

    def __init__(self, base: Space, kinds: Kinds, seen: Mapping[int, Mapping[str, str | None]] | None = None) -> None:
        self._base, self._kinds = base, kinds
        self._written: dict[int, dict[str, str | None]] = {key: {} for key in (META, ROWS, USED, UNIQUE)}
        self._seen = {key: dict((seen or {}).get(key, {})) for key in self._written}
        self._heads: dict[str, Head | None] = {}
        self._entries = Entries()
        self.memberships = Memberships()
        self._logged: list[LogEntry] = []
        self.horizon = ""
        """The time before which entries of the change log are purged with the changes."""

    # Writing

    def put(self, key: int, field: str, value: str | None) -> None:
        """Set a field of a hash; None takes it away."""
        self._written[key][field] = value

    def add(self, entry: str) -> None:
        """Let the set of indexes hold an entry."""
        self._entries.put(entry, present=True)

    def remove(self, entry: str) -> None:
        """Let the set of indexes not hold an entry."""
        self._entries.put(entry, present=False)

    def append(self, entry: LogEntry) -> None:
        """Add to the change log."""
        self._logged.append(entry)

    def absorb(self, inner: "Overlay") -> None:
        """Take over what was written to an overlay of this one."""
        for key, fields in inner._written.items():
            self._written[key] |= fields
        for present in (True, False):
            for entry in inner._entries.all(present=present):
                self._entries.put(entry, present=present)
        self.memberships.absorb(inner.memberships)
        self._logged += inner._logged
        self.horizon = inner.horizon or self.horizon

    def commands(self, token: str) -> list[Command]:
        """Return the commands that do all this, memberships apart; none when nothing is to be done.

        :param token: tells whose commit it is.
        """
        commands: list[Command] = [log_command(entry, token) for entry in self._logged]
        for key, fields in self._written.items():
            kept = [part for field, value in fields.items() if value is not None for part in (field, value)]
            commands += _in_portions("HSET", key, kept)
            commands += _in_portions("HDEL", key, [field for field, value in fields.items() if value is None])
        commands += _entry_commands(INDEX, self._entries.all(present=True), self._entries.all(present=False))
        return commands

    def membership_commands(self) -> list[Command]:
        """Return the commands that change memberships."""
        all_of = self.memberships.all
        commands: list[Command] = []
        for key in (MEMBERS, GROUPS):
            commands += _entry_commands(key, all_of(key, present=True), all_of(key, present=False))
        return commands

    # Reading

    def hashes(self, wanted: Mapping[int, Sequence[str]]) -> Sequence[Sequence[str | None]]:
        new = {key: unknown for key, fields in wanted.items() if (unknown := self._unknown(key, fields))}
        if new:
            for (key, fields), values in zip(new.items(), self._base.hashes(new), strict=True):
                self._seen[key].update(zip(fields, values, strict=True))
        return [self._known(key, fields) for key, fields in wanted.items()]

    def _unknown(self, key: int, fields: Sequence[str]) -> list[str]:
        written, seen = self._written[key], self._seen[key]
        return [field for field in dict.fromkeys(fields) if field not in written and field not in seen]

    def _known(self, key: int, fields: Sequence[str]) -> Sequence[str | None]:
        written, seen = self._written[key], self._seen[key]
        return [written[field] if field in written else seen[field] for field in fields]

    def heads(self, ids: Collection[str]) -> Mapping[str, Head]:
        written, seen, kept = self._written[ROWS], self._seen[ROWS], self._heads
        new = [i for i in ids if i not in written and i not in seen and i not in kept]
        found = self._base.heads(new) if new else {}
        if len(new) <= _FEW:
            kept.update((i, found.get(i)) for i in new)
        if len(new) == len(ids):
            return found
        heads = ((i, found.get(i) or self._head(i)) for i in ids)
        return {i: head for i, head in heads if head is not None}

    def _head(self, resource_id: str) -> Head | None:
        """Return a head that is known already."""
        for rows in (self._written[ROWS], self._seen[ROWS]):
            if resource_id in rows:
                text = rows[resource_id]
                return None if text is None else read_head(text)
        return self._heads.get(resource_id)

    def member_types(self, group_id: str) -> dict[str, str]:
        types, whole = self._base.member_types(group_id), under(MEMBERS, group_id)
        for entry in self.memberships.within(whole, present=False):
            types.pop(id_in(MEMBERS, entry), None)
        types.update((link.id, link.type) for link in map(link_to_member, self.memberships.within(whole, present=True)))
        return types

    def entries(self, ranges: Sequence[Range]) -> Sequence[Sequence[str]]:
        gone = [set(self._within(r, present=False)) for r in ranges]
        wider = (
            r._replace(offset=0, limit=-1 if r.limit < 0 else r.offset + r.limit + len(out))
            for r, out in zip(ranges, gone, strict=True)
        )
        below = self._base.entries(list(wider))
        return [self._merged(*each) for each in zip(ranges, below, gone, strict=True)]

    def _within(self, wanted: Range, *, present: bool) -> list[str]:
        """Return what comes or goes in a range, in order."""
        changes = self._entries if wanted.key == INDEX else self.memberships
        return changes.within(wanted, present=present)

    def _merged(self, wanted: Range, below: Sequence[str], gone: set[str]) -> Sequence[str]:
        come = self._within(wanted, present=True)
        fresh = set(come)
        kept = (entry for entry in below if entry not in gone and entry not in fresh)
        both = merge(kept, come[:: -1 if wanted.reverse else 1], reverse=wanted.reverse)
        return list(islice(both, wanted.offset, None if wanted.limit < 0 else wanted.offset + wanted.limit))

    def counts(self, ranges: Sequence[Range]) -> Sequence[int]:
        return [count + self._growth(wanted) for wanted, count in zip(ranges, self._base.counts(ranges), strict=True)]

    def _growth(self, wanted: Range) -> int:
        """Return how many more entries there are in a range than below."""
        come, gone = (self._within(wanted, present=present) for present in (True, False))
        return self._base.has(wanted.key, come).count(False) - self._base.has(wanted.key, gone).count(True)

    def has(self, key: int, entries: Sequence[str]) -> Sequence[bool]:
        own = [self._entries.get(entry) if key == INDEX else self.memberships.get(key, entry) for entry in entries]
        new = [entry for entry, present in zip(entries, own, strict=True) if present is None]
        below = iter(self._base.has(key, new))
        return [next(below) if present is None else present for present in own]

    def log(self, after: int, count: int) -> list[LogEntry]:
        below = self._base.log(after, count)
        mine = (entry for entry in self._logged if entry.sequence > after)
        return [*below, *islice(mine, max(count - len(below), 0))]

    def fetch(self, source: Source, links_of: str | None = None) -> Fetched:
        ids, total, size = self._found(source)
        (logged,) = self.values(META, ["logged"])
        rows = self.rows(ids)
        records = [Record(row.seq, row.resource(self._links(row) if row.type == links_of else ())) for row in rows]
        return Fetched(int(logged or 0), total, size, records)

    def _found(self, source: Source) -> tuple[Sequence[str], int, int]:
        match source:
            case Ids(ids):
                return ids, 0, 0
            case Holders(fields):
                return [i for i in self.values(UNIQUE, fields) if i is not None], 0, 0
        (total, size), (entries,) = self.counts([source.whole, source.part]), self.entries([source.part])
        return list(map(last_part, entries)), total, size

    def _links(self, row: Row) -> Sequence[Link]:
        if row.type in self._kinds.with_members:
            (entries,) = self.entries([under(MEMBERS, row.id)])
            return list(map(link_to_member, entries)) or ()
        if row.type not in self._kinds.with_groups:
            return ()
        return [link for link in self.links_to_groups(row.id) if link.type in self._kinds.exposed] or ()


def _entry_commands(key: int, added: Iterable[str], removed: Iterable[str]) -> Iterator[Command]:
    yield from _in_portions("ZADD", key, [part for entry in added for part in (0, entry)])
    yield from _in_portions("ZREM", key, list(removed))


def _in_portions(command: str, key: int, arguments: Sequence[str | int]) -> Iterator[Command]:
    for start in range(0, len(arguments), _AT_ONCE):
        yield (command, key, *arguments[start : start + _AT_ONCE])
