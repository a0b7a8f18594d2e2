"""The journal of a tenant in memory."""

from collections.abc import Sequence

from flask_bsr_scim.backends.journal import JournalEntry


class Journal:
    """The last texts; see :meth:`flask_bsr_scim.backends.journal.Journals.append`."""

    def __init__(self) -> None:
        self._entries: list[JournalEntry] = []
        """Their numbers have no gaps."""

    def append(self, texts: Sequence[str], most: int, now: float, horizon: float) -> None:
        """Write texts; throw away what was written before the horizon, and all but the last ones."""
        last = self._entries[-1].number if self._entries else 0
        entries = [entry for entry in self._entries if entry.at >= horizon]
        entries += (JournalEntry(last + place, now, text) for place, text in enumerate(texts, 1))
        self._entries = entries[-most:]

    def read(self, after: int | None, count: int, reverse: bool) -> list[JournalEntry]:
        """Return entries behind a number, in one direction or the other."""
        entries = self._entries[::-1] if reverse else self._entries
        if after is not None:
            entries = [entry for entry in entries if (entry.number < after if reverse else entry.number > after)]
        return entries[:count]
