"""What all tests share: the Hypothesis profiles, where the package comes from, and clients of applications."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings

from flask_bsr_scim import BsrScim
from tests.client import TOKEN, Scim, new_client
from tests.conformance.requirements import write_page
from tests.stores import BACKENDS, new_store

settings.register_profile("gate", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("gate"), derandomize=False, max_examples=2000)
settings.load_profile("gate")


def pytest_report_header() -> str:
    """Say which copy of the package is tested."""
    spec = find_spec("flask_bsr_scim")
    return f"package: {spec.origin if spec else 'not found'}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that makes docs/reference/conformance.md anew."""
    parser.addoption("--conformance", metavar="PAGE", type=Path, help="write which tests show which line of the RFCs")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the page about requirements when the option asks for it."""
    page = session.config.getoption("--conformance")
    if page and not session.testsfailed:
        write_page(page, session.items)


@pytest.fixture(params=BACKENDS)
def backend_uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of an empty store, once for each backend."""
    return new_store(request.param, tmp_path)


@pytest.fixture
def make_scim(backend_uri: str) -> Callable[..., Scim]:
    """Return a client of a new application; keyword arguments are settings without `SCIM_`, in lower case."""

    def make(**settings: Any) -> Scim:
        app = Flask("scim_tests")
        BsrScim(app, **{"backend": backend_uri, "token": TOKEN, **settings})
        return Scim(app)

    return make


@pytest.fixture
def fresh(make_scim: Callable[..., Scim]) -> Scim:
    """A client of a new application with the default settings and an empty store."""
    return make_scim()


@pytest.fixture(scope="session", params=BACKENDS)
def shared_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the default settings, once for each backend."""
    app = Flask("scim_tests")
    BsrScim(app, backend=new_store(request.param, tmp_path_factory.mktemp("shared")))
    return app


@pytest.fixture
def scim(shared_app: Flask) -> Scim:
    """A client of a new and empty tenant in a shared application: quicker than a new one."""
    return new_client(shared_app)
