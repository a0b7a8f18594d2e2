"""A tenant of the Redis store with changes that are to come."""

from bisect import bisect_left, insort
from collections import ChainMap
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    last_part,
    read_head,
    under,
)
from flask_bsr_scim.backends.redis.space import Fetched, Holders, Ids, Kinds, Record, Source, Space, link_to_member
from flask_bsr_scim.backends.redis.tenant import Command, log_command
from flask_bsr_scim.backends.transactional import Row
from flask_bsr_scim.resource import Link

_AT_ONCE = 1000
"""Arguments of one command."""


class _Entries:
    """What comes into a sorted set, and what goes."""

    def __init__(self) -> None:
        self._is_there: dict[str, bool] = {}
        self._sorted: list[str] = []

    def put(self, entry: str, *, present: bool) -> None:
        if entry not in self._is_there:
            insort(self._sorted, entry)
        self._is_there[entry] = present

    def all(self) -> Iterator[tuple[str, bool]]:
        return iter(self._is_there.items())

    def get(self, entry: str) -> bool | None:
        return self._is_there.get(entry)

    def within(self, wanted: Range, *, present: bool) -> list[str]:
        touched = self._sorted[bisect_left(self._sorted, wanted.low) : bisect_left(self._sorted, wanted.high)]
        return [entry for entry in touched if self._is_there[entry] is present]


class Overlay(Space):
    """Reads through to what is below, a tenant or another overlay, and keeps what is written to itself.

    What was read of a hash is kept too: below an overlay nothing changes, or else nothing comes of its changes.
    """

    def __init__(self, base: Space, kinds: Kinds, seen: Mapping[int, Mapping[str, str | None]] | None = None) -> None:
        self._base, self._kinds = base, kinds
        self._written: dict[int, dict[str, str | None]] = {key: {} for key in (META, ROWS, USED, UNIQUE)}
        self._seen = {key: dict((seen or {}).get(key, {})) for key in self._written}
        self._heads: dict[str, Head | None] = {}
        self._entries = {key: _Entries() for key in (INDEX, MEMBERS, GROUPS)}
        self._logged: list[LogEntry] = []
        self.horizon = ""
        """The time before which entries of the change log are purged with the changes."""

    # Writing

    def put(self, key: int, field: str, value: str | None) -> None:
        """Set a field of a hash; None takes it away."""
        self._written[key][field] = value

    def add(self, key: int, entry: str) -> None:
        """Let a sorted set hold an entry."""
        self._entries[key].put(entry, present=True)

    def remove(self, key: int, entry: str) -> None:
        """Let a sorted set not hold an entry."""
        self._entries[key].put(entry, present=False)

    def append(self, entry: LogEntry) -> None:
        """Add to the change log."""
        self._logged.append(entry)

    def absorb(self, inner: "Overlay") -> None:
        """Take over what was written to an overlay of this one."""
        for key, fields in inner._written.items():
            self._written[key] |= fields
        for key, entries in inner._entries.items():
            for entry, present in entries.all():
                self._entries[key].put(entry, present=present)
        self._logged += inner._logged
        self.horizon = inner.horizon or self.horizon

    def commands(self, token: str) -> list[Command]:
        """Return the commands that do all this; none when nothing is to be done.

        :param token: tells whose commit it is.
        """
        commands: list[Command] = [log_command(entry, token) for entry in self._logged]
        for key, fields in self._written.items():
            kept = [part for field, value in fields.items() if value is not None for part in (field, value)]
            commands += _in_portions("HSET", key, kept)
            commands += _in_portions("HDEL", key, [field for field, value in fields.items() if value is None])
        for key, entries in self._entries.items():
            added = [part for entry, present in entries.all() if present for part in (0, entry)]
            commands += _in_portions("ZADD", key, added)
            commands += _in_portions("ZREM", key, [entry for entry, present in entries.all() if not present])
        return commands

    # Reading

    def values(self, key: int, fields: Sequence[str]) -> Sequence[str | None]:
        written, seen = self._written[key], self._seen[key]
        new = [field for field in dict.fromkeys(fields) if field not in written and field not in seen]
        if new:
            seen.update(zip(new, self._base.values(key, new), strict=True))
        return [written[field] if field in written else seen[field] for field in fields]

    def heads(self, ids: Collection[str]) -> Mapping[str, Head]:
        rows = ChainMap(self._written[ROWS], self._seen[ROWS])
        new = [i for i in ids if i not in rows and i not in self._heads]
        if new:
            found = self._base.heads(new)
            self._heads.update((i, found.get(i)) for i in new)
        heads = {i: _head(rows[i]) if i in rows else self._heads[i] for i in ids}
        return {i: head for i, head in heads.items() if head is not None}

    def entries(self, ranges: Sequence[Range]) -> Sequence[Sequence[str]]:
        gone = [set(self._entries[r.key].within(r, present=False)) for r in ranges]
        wider = (
            r._replace(offset=0, limit=-1 if r.limit < 0 else r.offset + r.limit + len(out))
            for r, out in zip(ranges, gone, strict=True)
        )
        below = self._base.entries(list(wider))
        return [self._merged(*each) for each in zip(ranges, below, gone, strict=True)]

    def _merged(self, wanted: Range, below: Sequence[str], gone: set[str]) -> Sequence[str]:
        come = self._entries[wanted.key].within(wanted, present=True)
        fresh = set(come)
        kept = (entry for entry in below if entry not in gone and entry not in fresh)
        both = merge(kept, come[:: -1 if wanted.reverse else 1], reverse=wanted.reverse)
        return list(islice(both, wanted.offset, None if wanted.limit < 0 else wanted.offset + wanted.limit))

    def counts(self, ranges: Sequence[Range]) -> Sequence[int]:
        return [count + self._growth(wanted) for wanted, count in zip(ranges, self._base.counts(ranges), strict=True)]

    def _growth(self, wanted: Range) -> int:
        """Return how many more entries there are in a range than below."""
        entries = self._entries[wanted.key]
        come, gone = (entries.within(wanted, present=present) for present in (True, False))
        return self._base.has(wanted.key, come).count(False) - self._base.has(wanted.key, gone).count(True)

    def has(self, key: int, entries: Sequence[str]) -> Sequence[bool]:
        own = [self._entries[key].get(entry) for entry in entries]
        new = [entry for entry, present in zip(entries, own, strict=True) if present is None]
        below = iter(self._base.has(key, new))
        return [next(below) if present is None else present for present in own]

    def log(self, after: int, count: int) -> list[LogEntry]:
        below = self._base.log(after, count)
        mine = (entry for entry in self._logged if entry.sequence > after)
        return [*below, *islice(mine, max(count - len(below), 0))]

    def fetch(self, source: Source, *, links: bool) -> Fetched:
        ids, total, size = self._found(source)
        (logged,) = self.values(META, ["logged"])
        rows = self.rows(ids)
        records = [Record(row.seq, row.resource(self._links(row) if links else ())) for row in rows]
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


def _head(text: str | None) -> Head | None:
    return None if text is None else read_head(text)


def _in_portions(command: str, key: int, arguments: Sequence[str | int]) -> Iterator[Command]:
    for start in range(0, len(arguments), _AT_ONCE):
        yield (command, key, *arguments[start : start + _AT_ONCE])
