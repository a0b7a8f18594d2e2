"""PATCH of a group's members, folded into one change that need not know who they are (RFC 7644 §3.5.2)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from flask_bsr_scim.filter import evaluate
from flask_bsr_scim.filter.ast import BoundFilter
from flask_bsr_scim.patch.effort import Effort
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document

Read = Callable[[], Sequence[Document]]
"""Returns the present members: `value`, `type` and `$ref` of each."""

Describe = Callable[[Iterable[str]], Iterable[Document]]
"""Returns what resources would be as members; nothing for an id that nobody has."""


@dataclass(frozen=True, slots=True)
class AddMembers:
    """Members join."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMembers:
    """Members leave."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplaceMembers:
    """These, and no others, are members."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RemoveMatching:
    """Members that match a filter leave; to know them, all must be read."""

    filter: BoundFilter


MemberStep = AddMembers | RemoveMembers | ReplaceMembers | RemoveMatching


def fold(steps: Sequence[MemberStep], read: Read, describe: Describe) -> MemberChanges | None:
    """Return the one change that equals the steps done in order, None when it is none.

    `read` is called once, and both only for a filter that says more than ids.
    """
    if not steps:
        return None
    state = _Folding(read, describe)
    for step in steps:
        state.take(step)
    changes = MemberChanges(tuple(state.added), tuple(state.removed), state.cleared)
    return None if changes == MemberChanges() else changes


class _Folding:
    """The change so far. `added` and `removed` are ordered sets without a common id."""

    def __init__(self, read: Read, describe: Describe) -> None:
        self._read, self._describe = read, describe
        self._effort = Effort()
        self._joining: dict[str, Document] = {}
        """What is known of those who are added."""
        self.added: dict[str, None] = {}
        self.removed: dict[str, None] = {}
        self.cleared = False

    def take(self, step: MemberStep) -> None:
        match step:
            case AddMembers(ids):
                self._add(ids)
            case RemoveMembers(ids):
                self._remove(ids)
            case ReplaceMembers(ids):
                self.added, self.removed, self.cleared = dict.fromkeys(ids), {}, True
            case RemoveMatching(filter):
                self._effort.spend(len(self._stored) + len(self.added), filter)
                self._remove([m["value"] for m in self._present() if evaluate(filter, m)])

    def _add(self, ids: Iterable[str]) -> None:
        for member in ids:
            self.removed.pop(member, None)
            self.added[member] = None

    def _remove(self, ids: Iterable[str]) -> None:
        for member in ids:
            self.added.pop(member, None)
            if not self.cleared:
                self.removed[member] = None

    def _present(self) -> list[Document]:
        """Return the members after the steps so far; of one who is not there yet no more than the id may be known."""
        stored = {m["value"]: m for m in self._stored}
        kept = {} if self.cleared else {i: m for i, m in stored.items() if i not in self.removed}
        new = [i for i in self.added if i not in stored and i not in self._joining]
        self._joining |= {i: {"value": i} for i in new} | {m["value"]: m for m in self._describe(new)}
        added = {i: stored.get(i) or self._joining[i] for i in self.added}
        return list({**added, **kept}.values())

    @cached_property
    def _stored(self) -> Sequence[Document]:
        return self._read()
