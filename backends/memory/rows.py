"""The resources of one type in memory."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import overload

from flask_bsr_scim.backends.transaction import Row


class Rows(Sequence[Row]):
    """Rows in the order of creation; any of them is found by its place, or by its id, as quickly in a long list."""

    def __init__(self) -> None:
        self._by_id: dict[str, Row] = {}
        self._ids: list[str] = []

    def find(self, resource_id: str) -> Row | None:
        """Return the row that has an id."""
        return self._by_id.get(resource_id)

    def put(self, row: Row) -> None:
        """Store a row in the place of that with its id, or where it belongs."""
        if row.id not in self._by_id:
            self._ids.insert(self._place(row.seq), row.id)
        self._by_id[row.id] = row

    def remove(self, row: Row) -> None:
        """Take out a row that is there."""
        del self._ids[self._place(row.seq)]
        del self._by_id[row.id]

    def _place(self, seq: int) -> int:
        if not self._ids or self[-1].seq < seq:
            return len(self._ids)
        return bisect_left(self._ids, seq, key=lambda resource_id: self._by_id[resource_id].seq)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Row]:
        return map(self._by_id.__getitem__, self._ids)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self._by_id[resource_id] for resource_id in self._ids[place]]
        return self._by_id[self._ids[place]]
