"""What the tests of the admin API share."""

import pytest
from flask import Flask

from tests.registry.api.calling import World


@pytest.fixture
def world(shared_app: Flask) -> World:
    """A new tenant of a shared application, once for each backend."""
    return World(shared_app)
