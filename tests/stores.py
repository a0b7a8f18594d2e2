"""The backends that the tests of the protocol run on, and new stores of each."""

from pathlib import Path
from typing import Any

from flask_bsr_scim.backends.base import Backend
from tests import redis_server

BACKENDS = ("memory", "sqlite", "redis")


def new_store(backend: str, folder: Path) -> str:
    """Return the URI of an empty store; the folder is for its files, and empty too."""
    match backend:
        case "memory":
            return "memory://"
        case "sqlite":
            return f"sqlite:///{folder / 'scim.db'}"
    return redis_server.shared().uri()


def seal(backend: Backend) -> None:
    """Let nobody use a store any more, but to ask whether a key is held, as for the hash of a token."""

    def explode(*_: Any) -> None:
        raise AssertionError("the store was touched")

    for name in (
        "_get",
        "_get_both",
        "_find",
        "_query",
        "_members",
        "_count_members",
        "_groups_of",
        "_log",
        "_open",
        "_commit",
        "_touch",
    ):
        assert hasattr(backend, name)
        setattr(backend, name, explode)
