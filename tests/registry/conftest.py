"""What the tests of the registry share."""

from collections.abc import Iterator

import pytest

from tests.registry.world import World, open_store


@pytest.fixture
def world(backend_uri: str) -> Iterator[World]:
    """An empty registry, once for each backend."""
    backend = open_store(backend_uri)
    yield World(backend)
    backend.close()
