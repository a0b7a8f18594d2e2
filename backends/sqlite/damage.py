"""Damage of an SQLite file, as the store's errors tell it."""

import shlex
import sqlite3
from urllib.parse import quote

from flask_bsr_scim.backends.conventions import WrappedErrors
from flask_bsr_scim.errors import StoreUnavailable

_CODES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Of errors for which the driver has no class of their own: it raises the base of all of them."""


class DamageErrors(WrappedErrors):
    """Turns the errors of the driver into the contract's, damage of the file included."""

    __slots__ = ("_path",)

    def __init__(self, unavailable: tuple[type[Exception], ...], path: str) -> None:
        super().__init__(unavailable)
        self._path = path

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if is_damage(error):
            check = command("check", self._path)
            raise StoreUnavailable(
                f"the SQLite file is damaged ({error}): run `{check}`, or restore a backup"
            ) from error
        super().__exit__(kind, error, traceback)


def is_damage(error: BaseException | None) -> bool:
    """Tell whether an error says that what is in the file is not what SQLite wrote."""
    return isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _CODES


def command(name: str, path: str) -> str:
    """Return a command of `bsr-scim db` for a file, as people type it."""
    return shlex.join(("bsr-scim", "db", name, "--backend", f"sqlite:///{quote(path)}"))
