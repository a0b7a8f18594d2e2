"""In which order the operations of a bulk job are done (RFC 7644 §3.7.1)."""

from collections.abc import Collection, Iterator, Sequence


def in_order_of_need(needs: Sequence[Collection[int]]) -> Iterator[list[int]]:
    """Yield all numbers below `len(needs)` in their order, but each behind those that it needs.

    Numbers that need each other, in however wide a circle, come together in one list; all others come alone. One is
    pulled ahead only where another needs it.

    :param needs: by number, the numbers that it needs.
    """
    walk = _Walk(needs)
    for number in range(len(needs)):
        yield from walk.parts_from(number)


class _Walk:
    """Gabow's search for strongly connected components, without recursion: a chain may be as long as the job."""

    def __init__(self, needs: Sequence[Collection[int]]) -> None:
        self._needs = needs
        self._met: dict[int, int] = {}
        """Numbers by the order in which they were met."""
        self._done: set[int] = set()
        self._open: list[int] = []
        """Numbers that were met and are in no part yet."""
        self._firsts: list[int] = []
        """Among them each that, as far as is known, no one before it needs."""

    def parts_from(self, start: int) -> Iterator[list[int]]:
        """Yield the parts that a number needs, and its own; nothing when it was met before."""
        trail = [] if start in self._met else [(start, self._enter(start))]
        while trail:
            number, rest = trail[-1]
            unmet = next(rest, None)
            if unmet is not None:
                trail.append((unmet, self._enter(unmet)))
                continue
            trail.pop()
            if self._firsts[-1] == number:
                yield self._close(number)

    def _enter(self, number: int) -> Iterator[int]:
        """Meet a number; yield those that it needs and that nobody met yet."""
        self._met[number] = len(self._met)
        self._open.append(number)
        self._firsts.append(number)
        return self._unmet(number)

    def _unmet(self, number: int) -> Iterator[int]:
        for needed in sorted(self._needs[number]):
            if needed not in self._met:
                yield needed
            elif needed not in self._done:
                self._join(needed)

    def _join(self, needed: int) -> None:
        """Note that all that were met since `needed` are in a circle with it."""
        while self._met[self._firsts[-1]] > self._met[needed]:
            self._firsts.pop()

    def _close(self, first: int) -> list[int]:
        self._firsts.pop()
        part = [self._open.pop()]
        while part[-1] != first:
            part.append(self._open.pop())
        self._done.update(part)
        return sorted(part)
