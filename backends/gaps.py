"""The gaps between the resources of a list, as the texts that a page gives for them.

A gap is where a resource could lie whose sort key is `key` (None: it has none) and whose number in the order of
creation is between `seq` and the next one. It stands still, whatever comes and goes around it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import orjson

from flask_bsr_scim.backends.base import Query


class Gap(NamedTuple):
    """A gap. What is behind it has a later key, or the same one and a higher number than `seq`."""

    seq: int
    key: Any = None


def read_gap(cursor: str) -> Gap:
    """Return the gap for which a cursor stands."""
    number, _, key = cursor.partition(" ")
    return Gap(int(number), orjson.loads(key) if key else None)


def cursors(query: Query, resources: Sequence[tuple[Any, ...]]) -> Sequence[str]:
    """Return the cursors of a page.

    :param resources: of each resource a tuple that begins with its number and, in a sorted order, ends with its key.
    """
    if not resources:
        return () if query.after is None else (query.after,)
    return _Cursors(resources, is_sorted=query.sort is not None, reverse=query.reverse)


class _Cursors(Sequence[str]):
    """Made when they are asked for: a page has hundreds, and of most pages one is needed."""

    def __init__(self, resources: Sequence[tuple[Any, ...]], *, is_sorted: bool, reverse: bool) -> None:
        self._resources, self._is_sorted, self._reverse = resources, is_sorted, reverse

    def __len__(self) -> int:
        return len(self._resources) + 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        numbers = range(len(self._resources) + 1)
        return self._cursor(numbers[place]) if isinstance(place, int) else [self._cursor(n) for n in numbers[place]]

    def _cursor(self, number: int) -> str:
        seq, *_, key = self._resources[number - 1 if number else 0]
        # In the order of creation the gap behind a resource has its number, and the one before it a number less.
        seq -= self._reverse if number else not self._reverse
        return f"{seq} {orjson.dumps(key).decode()}" if self._is_sorted else str(seq)
