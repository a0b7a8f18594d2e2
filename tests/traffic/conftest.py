"""Applications that record, on each backend."""

from collections.abc import Callable

import pytest

from tests.console.visiting import Site


@pytest.fixture
def make_site(backend_uri: str) -> Callable[..., Site]:
    """Return an application with a console and an empty store; keyword arguments are settings."""
    return lambda **settings: Site(backend_uri, **settings)
