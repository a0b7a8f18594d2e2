"""Clients of applications with other attributes than the default ones."""

from itertools import product

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema import Document
from tests.client import Scim, new_client
from tests.stores import BACKENDS, new_store

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
    "x-extends": "Device",
    "x-required": True,
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
    "x-endpoint": "/Devices",
}


@pytest.fixture(scope="session", params=BACKENDS)
def full_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the whole schemas of RFC 7643, once for each backend."""
    app = Flask("full")
    BsrScim(app, backend=new_store(request.param, tmp_path_factory.mktemp("full")), profile="rfc7643")
    return app


@pytest.fixture
def full(full_app: Flask) -> Scim:
    """A client of a new and empty tenant with the whole schemas of RFC 7643."""
    return new_client(full_app)


@pytest.fixture(scope="session", params=list(product(["bsr", "rfc7643"], BACKENDS)), ids="-".join)
def app_of_either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application, once for each profile and backend."""
    profile, backend = request.param
    app = Flask("either")
    BsrScim(app, backend=new_store(backend, tmp_path_factory.mktemp("either")), profile=profile)
    return app


@pytest.fixture
def either(app_of_either: Flask) -> Scim:
    """A client of a new and empty tenant, once for each profile and backend."""
    return new_client(app_of_either)


@pytest.fixture(scope="session", params=BACKENDS)
def devices_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with a type of its own, which has every characteristic of RFC 7643 §7, once for each backend."""
    app = Flask("devices")
    BsrScim(app, backend=new_store(request.param, tmp_path_factory.mktemp("devices")), schemas=[_DEVICE, _WARRANTY])
    return app


@pytest.fixture
def devices(devices_app: Flask) -> Scim:
    """A client of a new and empty tenant in which there are devices."""
    return new_client(devices_app)


@pytest.fixture
def device() -> Document:
    """The body of a device that lacks nothing."""
    return {"schemas": [DEVICE, WARRANTY], "serial": "S-1", WARRANTY: {"ends": "2030-01-01T00:00:00Z"}}
