"""The file of an SQLite store: whether it is still the one that was opened, and how long the log beside it gets."""

import os
import sqlite3
from contextlib import suppress

from flask_bsr_scim.errors import StoreUnavailable

LOG_BYTES = 32 << 20
"""How long the log may get while readers overlap; SQLite begins it anew by itself as soon as none reads from it."""

_LOOKS = 0.25
"""Seconds between two looks at the file system, which cost a part of a small commit."""

_WAIT = 200
"""Milliseconds, for each `LOG_BYTES`, in which nobody can write while those who read from the log are waited for."""

_LONGEST_WAIT = 400
"""Milliseconds: less than what other writers wait for at least."""


class StoreFile:
    """Looks after the file at a path."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.was_opened = False
        self._opened: tuple[int, int] | None = None
        self._next_look = 0.0
        self._too_long = LOG_BYTES

    def opened(self) -> None:
        """Note that the file has been opened.

        :raises StoreUnavailable: see :meth:`check`.
        """
        self.was_opened = True
        self._opened = self._opened or self._found()
        self.check()

    def closed(self) -> None:
        """Forget which file was opened: another may be there from now on."""
        self._opened = None

    def check(self) -> None:
        """Return when the path leads to the file that was opened, if one was.

        :raises StoreUnavailable: it leads to another one or to none, and what is written would go to two stores.
        """
        if self._opened not in (None, self._found()):
            self._next_look = 0.0  # Until all is well, every write looks.
            raise StoreUnavailable(
                f"the SQLite file {self.path} was replaced or removed while it was in use: put it back, or restart"
            )

    def is_there(self) -> bool:
        """Tell whether there is a file at the path, or one was opened."""
        return self._opened is not None or self._found() is not None

    def _found(self) -> tuple[int, int] | None:
        with suppress(FileNotFoundError):
            found = os.stat(self.path)
            return found.st_dev, found.st_ino
        return None

    def is_due(self, now: float) -> bool:
        """Tell whether it is time for a look at the file system, which is then taken.

        :param now: of the monotonic clock.
        """
        if now < self._next_look:
            return False
        self._next_look = now + _LOOKS
        return True

    def shorten_log(self, connection: sqlite3.Connection) -> None:
        """Let the next write begin the log anew, when it is long and nobody reads long. Never raises.

        SQLite does it by itself at a moment when nobody reads from the log, which does not come while readers overlap.
        Here writers wait until all that is in the log is in the file, and who came before has ended: who comes then
        reads the file itself.
        """
        with suppress(sqlite3.DatabaseError, OSError):
            size = os.stat(f"{self.path}-wal").st_size
            if size > self._too_long:
                begun_anew = _begin_log_anew(connection, min(_WAIT * size // LOG_BYTES, _LONGEST_WAIT))
                self._too_long = LOG_BYTES if begun_anew else size * 3 // 2


def _begin_log_anew(connection: sqlite3.Connection, milliseconds: int) -> bool:
    """Tell whether the next write will, since nobody reads from the log any more."""
    connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        is_refused, _, _ = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        connection.execute("PRAGMA busy_timeout = 0")
    return not is_refused
