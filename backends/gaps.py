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


def cursors(query: Query, numbers: Sequence[int | str], keys: Sequence[Any] | None) -> Sequence[str]:
    """Return the cursors of a page.

    :param numbers: of its resources, in their order; they may be texts.
    :param keys: by which they are sorted; None in the order of creation.
    """
    if not numbers:
        return () if query.after is None else (query.after,)
    return _Cursors(numbers, keys, reverse=query.reverse)


class _Cursors(Sequence[str]):
    """Made when they are asked for: a page has hundreds, and of most pages one is needed."""

    def __init__(self, numbers: Sequence[int | str], keys: Sequence[Any] | None, *, reverse: bool) -> None:
        self._numbers, self._keys, self._reverse = numbers, keys, reverse

    def __len__(self) -> int:
        return len(self._numbers) + 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        places = range(len(self))
        return self._cursor(places[place]) if isinstance(place, int) else [self._cursor(n) for n in places[place]]

    def _cursor(self, place: int) -> str:
        beside = place - 1 if place else 0
        # In the order of creation the gap behind a resource has its number, and the one before it a number less.
        seq = int(self._numbers[beside]) - (self._reverse if place else not self._reverse)
        return str(seq) if self._keys is None else f"{seq} {orjson.dumps(self._keys[beside]).decode()}"
