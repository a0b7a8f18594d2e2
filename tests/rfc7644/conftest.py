"""Clients of applications with other attributes than the default ones."""

from itertools import product
from pathlib import Path

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, make_resource_type
from flask_bsr_scim.schema import Document, Extension
from flask_bsr_scim.schema.resource_type import make_schema
from tests.client import TOKEN, Scim, new_client

DEVICE = "urn:example:scim:Device"
WARRANTY = "urn:example:scim:extension:Warranty"


def attribute(name: str, **characteristics: object) -> Document:
    """Return the definition of an attribute."""
    return {"name": name, "type": "string", "multiValued": False, "description": f"The {name}.", **characteristics}


_WARRANTY = {
    "id": WARRANTY,
    "name": "Warranty",
    "description": "How long the maker repairs it",
    "attributes": [attribute("ends", type="dateTime", required=True), attribute("years", type="integer")],
}
_DEVICE = {
    "id": DEVICE,
    "name": "Device",
    "description": "A computer that was handed out",
    "attributes": [
        attribute("serial", required=True, caseExact=True, mutability="immutable", uniqueness="server"),
        attribute("asset", mutability="immutable"),
        attribute("model"),
        attribute("state", mutability="readOnly"),
        attribute("pin", mutability="writeOnly", returned="never"),
        attribute("notes", returned="request"),
        attribute("label", returned="always"),
        attribute("size", type="integer"),
        attribute("weight", type="decimal"),
        attribute("key", type="binary", caseExact=True),
    ],
}


@pytest.fixture(scope="session", params=["memory", "sqlite"])
def full_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the whole schemas of RFC 7643, once for each backend."""
    path = tmp_path_factory.mktemp("full") / "scim.db"
    app = Flask("full")
    BsrScim(app, backend="memory://" if request.param == "memory" else f"sqlite:///{path}", profile="rfc7643")
    return app


@pytest.fixture
def full(full_app: Flask) -> Scim:
    """A client of a new and empty tenant with the whole schemas of RFC 7643."""
    return new_client(full_app)


@pytest.fixture(scope="session", params=list(product(["bsr", "rfc7643"], ["memory", "sqlite"])), ids="-".join)
def app_of_either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application, once for each profile and backend."""
    profile, backend = request.param
    path = tmp_path_factory.mktemp("either") / "scim.db"
    app = Flask("either")
    BsrScim(app, backend="memory://" if backend == "memory" else f"sqlite:///{path}", profile=profile)
    return app


@pytest.fixture
def either(app_of_either: Flask) -> Scim:
    """A client of a new and empty tenant, once for each profile and backend."""
    return new_client(app_of_either)


@pytest.fixture(scope="session", params=["bsr", "rfc7643"])
def described(request: pytest.FixtureRequest) -> Scim:
    """A client for what does not depend on the store, once for each profile."""
    app = Flask("described")
    BsrScim(app, backend="memory://", token=TOKEN, profile=request.param)
    return Scim(app)


@pytest.fixture
def devices(tmp_path: Path) -> Scim:
    """A client of an application with a type of its own, which has every characteristic of RFC 7643 §7."""
    app = Flask("devices")
    device = make_resource_type(
        "Device", "/Devices", _DEVICE, "A computer", (Extension(make_schema(_WARRANTY), required=True),)
    )
    BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}", token=TOKEN, resource_types=[device])
    return Scim(app)


@pytest.fixture
def device() -> Document:
    """The body of a device that lacks nothing."""
    return {"schemas": [DEVICE, WARRANTY], "serial": "S-1", WARRANTY: {"ends": "2030-01-01T00:00:00Z"}}
