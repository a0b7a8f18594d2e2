"""Many things, some at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def portions(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield all things in their order, in lists of at most `size`."""
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
