"""How a backend is chosen: by the scheme of a URI."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask_bsr_scim.backends.base import Backend, Clock, utc_now
from flask_bsr_scim.backends.conventions import WrappedErrors
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema import TypeRegistry

ENTRY_POINTS = "flask_bsr_scim.backends"
"""The entry-point group of outside backends: the name is the scheme, the value the class."""

_BUILT_IN = {
    "memory": "flask_bsr_scim.backends.memory:MemoryBackend",
    "sqlite": "flask_bsr_scim.backends.sqlite:SQLiteBackend",
    **dict.fromkeys(
        ("redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"),
        "flask_bsr_scim.backends.redis:RedisBackend",
    ),
}


def open_backend(
    uri: str, types: TypeRegistry, *, clock: Clock = utc_now, log_days: int = 90, **options: Any
) -> Backend:
    """Return the backend that a URI names; its module is imported when it is first asked for.

    The query of the URI sets options too (`sqlite:///directory.db?synchronous=NORMAL`), and beats `options`.

    :raises ConfigurationError: the scheme is unknown, or the URI or an option is wrong.
    :raises StoreUnavailable: the backend looks for its store at once, and that does not answer.
    """
    parts = urlsplit(uri)
    backend = _find(parts.scheme)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(query.keys() - set(backend.OPTIONS))
    if unknown:
        known = ", ".join(backend.OPTIONS) or "none"
        raise ConfigurationError(f"{parts.scheme}: unknown option {unknown[0]!r} in the backend's URI; known: {known}")
    with WrappedErrors(backend.UNAVAILABLE):
        return backend.from_uri(uri.partition("?")[0], types, {**options, **query}, clock=clock, log_days=log_days)


def _find(scheme: str) -> type[Backend]:
    for entry in _entries():
        if entry.name == scheme:
            backend: type[Backend] = entry.load()
            return backend
    known = ", ".join(sorted({entry.name for entry in _entries()}))
    raise ConfigurationError(f"no backend has the URI scheme {scheme!r}; known: {known}")


def _entries() -> Iterator[EntryPoint]:
    """Yield the built-in ones first: it takes long to look for those of others in all that is installed."""
    for name, value in _BUILT_IN.items():
        yield EntryPoint(name, value, ENTRY_POINTS)
    yield from entry_points(group=ENTRY_POINTS)
