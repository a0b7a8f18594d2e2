"""What the tests of the registry share."""

from collections.abc import Iterator

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.tokens import TokenStore
from flask_bsr_scim.schema import TypeRegistry, load_profile
from tests.registry.kept import Clock, Open
from tests.registry.world import World
from tests.registry.world import open_store as open_world


@pytest.fixture
def world(backend_uri: str) -> Iterator[World]:
    """An empty registry, once for each backend."""
    backend = open_world(backend_uri)
    yield World(backend)
    backend.close()


@pytest.fixture
def clock() -> Clock:
    """The clock of the stores that are opened."""
    return Clock()


@pytest.fixture
def open_store(backend_uri: str, clock: Clock) -> Open:
    """A function that opens one and the same store, once for each backend."""
    types = TypeRegistry((*load_profile("bsr"), *internal_types()))
    return lambda: open_backend(backend_uri, types, clock=clock)


@pytest.fixture
def backend(open_store: Open) -> Backend:
    """A store in which nothing is yet."""
    return open_store()


@pytest.fixture
def tokens(backend: Backend) -> TokenStore:
    """The tokens of that store."""
    return TokenStore(backend)
