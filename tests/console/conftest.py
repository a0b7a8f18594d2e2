"""Applications with a console, on each backend."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.console.visiting import Site, Visitor


@pytest.fixture
def make_site(backend_uri: str) -> Callable[..., Site]:
    """Return an application with an empty store; keyword arguments are settings."""
    return lambda **settings: Site(backend_uri, **settings)


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    """An application with an empty store."""
    return make_site()


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """An administrator who is signed in."""
    return site.visitor()


@pytest.fixture
def in_memory() -> Callable[..., Any]:
    """Return an application in memory, for what no backend changes."""
    return lambda **settings: Site("memory://", **settings)
