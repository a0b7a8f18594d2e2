"""What comes into the sorted sets of the Redis store with a commit, and what goes."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from sys import intern

from flask_bsr_scim.backends.redis.layout import MEMBERS, Range, joined


class Entries:
    """Changes of the set of indexes."""

    def __init__(self) -> None:
        self._is_there: dict[str, bool] = {}
        self._sorted: list[str] = []

    def put(self, entry: str, *, present: bool) -> None:
        """Let the set hold an entry, or not."""
        self._is_there[entry] = present

    def all(self, *, present: bool) -> list[str]:
        """Return what comes, or what goes."""
        return [entry for entry, is_there in self._is_there.items() if is_there is present]

    def get(self, entry: str) -> bool | None:
        """Tell whether an entry comes or goes; None: neither."""
        return self._is_there.get(entry)

    def within(self, wanted: Range, *, present: bool) -> list[str]:
        """Return what comes or goes in a range, in order."""
        if len(self._sorted) < len(self._is_there):
            self._sorted = sorted(self._is_there)
        touched = self._sorted[bisect_left(self._sorted, wanted.low) : bisect_left(self._sorted, wanted.high)]
        return [entry for entry in touched if self._is_there[entry] is present]


class _Side:
    """Memberships by group: the types of the members by their ids. A large group's take no more than that."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, str]] = {}
        self._sorted: dict[str, list[str]] = {}

    def put(self, group_id: str, member_id: str, type_name: str) -> None:
        self.groups.setdefault(group_id, {})[member_id] = intern(type_name)
        self._sorted.pop(group_id, None)

    def drop(self, group_id: str, member_id: str, type_name: str) -> bool:
        """Forget a membership; tell whether it was here."""
        if self.groups.get(group_id, {}).get(member_id) != type_name:
            return False
        del self.groups[group_id][member_id]
        self._sorted.pop(group_id, None)
        return True

    def has(self, group_id: str, member_id: str) -> bool:
        return member_id in self.groups.get(group_id, ())

    def members(self, group_id: str, wanted: Range) -> list[str]:
        """Return entries of the set of members, in order."""
        types = self.groups.get(group_id, {})
        ids = self._sorted.get(group_id)
        if ids is None:
            ids = self._sorted[group_id] = sorted(types)
        low, high = (bisect_left(ids, end, key=lambda i: joined(group_id, i, types[i])) for end in wanted[1:3])
        return [joined(group_id, i, types[i]) for i in ids[low:high]]


class Memberships:
    """Changes of the two sets of memberships. What comes is not there yet, and what goes is."""

    def __init__(self) -> None:
        self._come, self._gone = _Side(), _Side()

    def put(self, group_id: str, member_id: str, type_name: str, *, present: bool) -> None:
        """Let a group hold a member of a type, or not."""
        here, there = (self._come, self._gone) if present else (self._gone, self._come)
        if not there.drop(group_id, member_id, type_name):
            here.put(group_id, member_id, type_name)

    def absorb(self, inner: "Memberships") -> None:
        """Take over changes of what is there with these."""
        for side, present in ((inner._gone, False), (inner._come, True)):
            for group_id, types in side.groups.items():
                for member_id, type_name in types.items():
                    self.put(group_id, member_id, type_name, present=present)

    def __len__(self) -> int:
        return sum(len(types) for side in (self._come, self._gone) for types in side.groups.values())

    def all(self, key: int, *, present: bool) -> Iterator[str]:
        """Yield what comes into one of the sets, or goes, by group in the order of the ids."""
        for group_id, types in self._side(present).groups.items():
            for member_id in sorted(types):
                if key == MEMBERS:
                    yield joined(group_id, member_id, types[member_id])
                elif not self._side(not present).has(group_id, member_id):
                    yield joined(member_id, group_id)

    def get(self, key: int, entry: str) -> bool | None:
        """Tell whether an entry comes or goes; None: neither."""
        found = [present for present in (True, False) if self._holds(key, entry, present)]
        return found[0] if len(found) == 1 else None

    def _holds(self, key: int, entry: str, present: bool) -> bool:
        groups: Mapping[str, Mapping[str, str]] = self._side(present).groups
        if key != MEMBERS:
            member_id, group_id = entry.split("\0")
            return member_id in groups.get(group_id, ())
        group_id, member_id, type_name = entry.split("\0")
        return groups.get(group_id, {}).get(member_id) == type_name

    def within(self, wanted: Range, *, present: bool) -> list[str]:
        """Return what comes or goes in a range of one of the sets, in order."""
        first, side = wanted.low.partition("\0")[0], self._side(present)
        if wanted.key == MEMBERS:
            return side.members(first, wanted)
        other = self._side(not present)
        groups = (i for i in side.groups if side.has(i, first) and not other.has(i, first))
        entries = (joined(first, i) for i in groups)
        return sorted(entry for entry in entries if wanted.low <= entry < wanted.high)

    def _side(self, present: bool) -> _Side:
        return self._come if present else self._gone
