"""Clients of applications with schemas of a host."""

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema import Document
from tests.client import Scim, new_client
from tests.stores import BACKENDS, new_store


@pytest.fixture(scope="session", params=BACKENDS)
def managed_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the profile `rfc7643` and a type that refers in other ways than `manager` does."""
    app = Flask("managed")
    uri = new_store(request.param, tmp_path_factory.mktemp("managed"))
    BsrScim(app, backend=uri, profile="rfc7643", schemas=[PROJECT])
    return app


@pytest.fixture
def managed(managed_app: Flask) -> Scim:
    """A client of a new and empty tenant of that application."""
    return new_client(managed_app)


def part(name: str, **characteristics: object) -> Document:
    """Return the definition of an attribute."""
    return {"name": name, "description": f"The {name}.", **characteristics}


PROJECT: Document = {
    "id": "urn:example:scim:Project",
    "name": "Project",
    "description": "What people work on",
    "x-endpoint": "/Projects",
    "attributes": [
        part("title", required=True),
        part(
            "staff",
            type="complex",
            multiValued=True,
            subAttributes=[
                part("value", caseExact=True),
                part("$ref", type="reference", referenceTypes=["User", "Group"]),
                part("type"),
                part("label", mutability="readOnly", **{"x-follows": "displayName"}),
                part("task"),
            ],
        ),
        part(
            "parent",
            type="complex",
            subAttributes=[
                part("value", caseExact=True),
                part("$ref", type="reference", referenceTypes=["Project"]),
                part("title", mutability="readOnly", **{"x-follows": "title"}),
            ],
        ),
        part(
            "source",
            type="complex",
            subAttributes=[
                part("$ref", type="reference", referenceTypes=["external"]),
                part("tags", multiValued=True),
            ],
        ),
        part(
            "steps",
            type="complex",
            multiValued=True,
            subAttributes=[part("primary", type="boolean"), part("tags", multiValued=True)],
        ),
    ],
}
