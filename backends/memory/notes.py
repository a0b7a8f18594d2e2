"""The notes of a tenant in memory."""

from typing import NamedTuple

from flask_bsr_scim.backends.base import LASTING, NOTES


class _Note(NamedTuple):
    text: str
    ends: float


class Notes:
    """The last notes; see :meth:`flask_bsr_scim.backends.base.Backend.remember`."""

    def __init__(self) -> None:
        self._notes: dict[str, _Note] = {}
        """By key; what was remembered last comes last."""

    def recall(self, key: str, now: float) -> str | None:
        """Return the text that is kept under a key."""
        note = self._notes.get(key)
        return None if note is None or note.ends <= now else note.text

    def remember(self, key: str, text: str, seconds: int, now: float, *, anew: bool) -> str:
        """Keep a text unless one is kept; return what is kept."""
        note = None if anew else self._notes.get(key)
        if note is not None and note.ends > now and (note.text != text or note.ends - now >= seconds / 2):
            return note.text
        self._notes.pop(key, None)
        self._notes[key] = _Note(text, now + seconds)
        if len(self._notes) > NOTES:
            del self._notes[next(old for old, note in self._notes.items() if note.ends <= now + LASTING or old == key)]
        return text
