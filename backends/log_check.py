"""Whether the change log tells of the resources as they are."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from sys import intern
from typing import NamedTuple

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.dumping import LAST_NUMBER
from flask_bsr_scim.portions import portions

_AT_ONCE = 250_000
"""So many entries are looked at in one walk through the log."""

_PORTION = 1000


class Version(NamedTuple):
    """Of a resource."""

    type: str
    version: int


class _Last(NamedTuple):
    """What the log tells last of a resource."""

    sequence: int
    type: str
    after: int | None


class LogCheck:
    """Compares the log with the resources, in as many walks as keep its memory bounded.

    :param log: gives the entries in their order.
    :param resources: gives the ids of all resources.
    :param versions: gives the versions of the resources that are there, by id.
    """

    def __init__(
        self,
        log: Callable[[], Iterable[LogEntry]],
        resources: Callable[[], Iterable[str]],
        versions: Callable[[Collection[str]], Mapping[str, Version]],
    ) -> None:
        self._log, self._resources, self._versions = log, resources, versions

    def findings(self) -> Iterator[str]:
        """Yield what is wrong."""
        first: LogEntry | None = None
        last: LogEntry | None = None
        number = 0
        for entry in self._log():
            yield from _wrong_order(last, entry)
            first, last, number = first or entry, entry, number + 1
        if first is None or last is None:
            return
        if last.sequence > LAST_NUMBER:
            yield f"entry {last.sequence} of the change log is numbered too high: the store has no room behind it"
        walks = 1 + (number - 1) // _AT_ONCE
        for walk in range(walks):
            yield from self._walk(walk, walks, whole=first.sequence == 1)

    def _walk(self, walk: int, walks: int, *, whole: bool) -> Iterator[str]:
        """Yield what is wrong with the ids of a walk; `whole`: the log has every change that there ever was."""
        last: dict[str, _Last] = {}
        for entry in self._log():
            if hash(entry.id) % walks == walk:
                yield from _wrong_step(last.get(entry.id), entry, whole)
                last[entry.id] = _Last(entry.sequence, intern(entry.type), entry.after)
        yield from self._wrong_ends(last)
        if whole:
            untold = (i for i in self._resources() if hash(i) % walks == walk and i not in last)
            yield from (f"{i} is there, and the change log has nothing of it" for i in untold)

    def _wrong_ends(self, last: Mapping[str, _Last]) -> Iterator[str]:
        for some in portions(last, _PORTION):
            there = self._versions(some)
            for resource_id in some:
                yield from _wrong_end(resource_id, last[resource_id], there.get(resource_id))


def _wrong_order(before: LogEntry | None, entry: LogEntry) -> Iterator[str]:
    if before is not None and entry.sequence != before.sequence + 1:
        yield f"the change log has nothing between its entries {before.sequence} and {entry.sequence}"


def _wrong_step(before: _Last | None, entry: LogEntry, whole: bool) -> Iterator[str]:
    unknown = before is None and not whole and entry.operation != "create"
    expected = entry.before if unknown else before and before.after
    if (entry.operation == "create") != (expected is None) or entry.before != expected:
        yield (
            f"entry {entry.sequence} of the change log takes {entry.type} {entry.id} from version "
            f"{_shown(entry.before)}, and it was in version {_shown(expected)}"
        )


def _wrong_end(resource_id: str, last: _Last, there: Version | None) -> Iterator[str]:
    if (there and there.version) != last.after or (there and there.type != last.type):
        version = "not there" if there is None else f"{there.type} in version {there.version}"
        told = "gone" if last.after is None else f"{last.type} in version {last.after}"
        yield f"{resource_id} is {version}; by entry {last.sequence} of the change log it is {told}"


def _shown(version: int | None) -> str:
    return "none" if version is None else str(version)
