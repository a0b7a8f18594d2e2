"""The backends that the tests of the protocol run on, and new stores of each."""

from pathlib import Path

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
