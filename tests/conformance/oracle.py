"""Two servers with the same resources: this one, and `scim2-server` over the schemas that this one serves."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from flask import Flask
from scim2_models import ResourceType, Schema, ScimPolicy, ScimProvider, ServiceProviderConfig
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from werkzeug.test import Client, TestResponse

from flask_bsr_scim.schema import Document
from tests.client import PATCH, Scim, new_client

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""What the other server tolerates beyond the RFC, as this one does for Entra ID's sake."""


DISCOVERY = ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig")


class Rule(NamedTuple):
    """A kind of difference that is meant to be."""

    why: str
    """The reason, with the section of the RFC."""
    applies: Callable[[Any], bool]
    """Whether it explains what is seen in a case."""


class Pair:
    """The two servers."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        documents = (new_client(app).get(endpoint).text for endpoint in DISCOVERY)
        self._storage = InMemoryStorage()
        self._theirs = Client(WSGIApplication(self._storage, _provider(*documents)))
        self.reset()

    def reset(self) -> None:
        """Empty both: a new tenant here, a new store there."""
        self.ours: Scim = new_client(self._app)
        self._storage.resources = []
        self.bodies: dict[str, Document] = {}
        """What was created, by name."""
        self._ids: dict[str, str] = {}

    def theirs(self, method: str, path: str, body: Any = None, **query: str) -> TestResponse:
        """Send a request to the other server."""
        data = None if body is None else json.dumps(body)
        return self._theirs.open(
            f"/v2{path}", method=method, data=data, content_type="application/scim+json", query_string=query
        )

    def create(self, endpoint: str, body: Document, name: str | None) -> str:
        """Create a resource in both; return its id here.

        :param name: under which it is among the `bodies`; None for one that is only referred to.

        :raises AssertionError: one of them refuses it.
        """
        ours, theirs = self.ours.post(endpoint, body), self.theirs("POST", endpoint, self._translated(body))
        assert (ours.status_code, theirs.status_code) == (201, 201), (body, ours.text, theirs.text)
        self._ids[ours.json["id"]] = theirs.json["id"]
        if name is not None:
            self.bodies[name] = body
        return str(ours.json["id"])

    def find(self, endpoint: str, filter_: str, name: str) -> tuple[set[str] | None, set[str] | None]:
        """Return which resources each finds, by the value of an attribute; None when it refuses the filter."""
        ours = self.ours.get(endpoint, query={"filter": filter_})
        theirs = self.theirs("GET", endpoint, filter=replaced(filter_, self._ids))
        return _named(ours, name), _named(theirs, name)

    def patch(self, endpoint: str, id_: str, operations: list[Any]) -> tuple[Document | None, Document | None]:
        """Patch the same resource in both; return what it is then, without id and meta; None when it is refused."""
        body = {"schemas": [PATCH], "Operations": operations}
        path, other = f"{endpoint}/{id_}", f"{endpoint}/{self._ids[id_]}"
        ours = self.ours("PATCH", path, body).status_code
        theirs = self.theirs("PATCH", other, self._translated(body)).status_code
        assert {ours, theirs} <= {200, 204, 400, 409}, (operations, ours, theirs)
        return (
            self.read(endpoint, id_) if ours < 400 else None,
            _plain(self._back(self.theirs("GET", other).json)) if theirs < 400 else None,
        )

    def delete(self, endpoint: str, id_: str) -> None:
        """Delete a resource in both."""
        assert self.ours.delete(f"{endpoint}/{id_}").status_code == 204
        assert self.theirs("DELETE", f"{endpoint}/{self._ids.pop(id_)}").status_code == 204

    def read(self, endpoint: str, id_: str) -> Document:
        """Return a resource as it is here, without id and meta."""
        return _plain(self.ours.get(f"{endpoint}/{id_}").json)

    def _translated(self, body: Any) -> Any:
        return replaced(body, self._ids)

    def _back(self, body: Any) -> Any:
        return replaced(body, {theirs: ours for ours, theirs in self._ids.items()})


@cache
def _provider(schemas: str, types: str, config: str) -> ScimProvider:
    """Return a description of this service, of the texts of its discovery documents, as the other server reads it."""
    described = ServiceProviderConfig.model_validate_json(config)
    described.pagination = None
    return ScimProvider.from_discovery(
        [Schema.model_validate(document) for document in json.loads(schemas)["Resources"]],
        [ResourceType.model_validate(document) for document in json.loads(types)["Resources"]],
        config=described,
        policy=POLICY,
    )


def _named(response: TestResponse, name: str) -> set[str] | None:
    if response.status_code == 400:
        return None
    assert response.status_code == 200, response.text
    return {resource[name] for resource in response.json["Resources"]}


def replaced(body: Any, by: dict[str, str]) -> Any:
    """Return JSON with other ids."""
    text = json.dumps(body)
    for old, new in by.items():
        text = text.replace(old, new)
    return json.loads(text)


def _plain(resource: Document) -> Document:
    """Return a resource without what each server makes for itself, and with its lists in one order."""
    return {name: _sorted(value) for name, value in resource.items() if name not in ("id", "meta")}


def _sorted(value: Any) -> Any:
    if isinstance(value, list):
        return sorted((_sorted(element) for element in value), key=json.dumps)
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value) if name != "$ref"}
    return value
