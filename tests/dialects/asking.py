"""A directory, and clients of it that speak each dialect."""

import json
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import current_service
from flask_bsr_scim.dialects import Dialect, Tolerance
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.service import Service
from tests.client import PATCH, Scim, group, new_client

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
HOME = {"value": "bob@home.example.com", "type": "home"}


class Asked(NamedTuple):
    """A request: `{user}` and `{group}` in it are ids of what is there."""

    method: str
    path: str
    body: Any = None
    query: dict[str, str] | None = None
    headers: dict[str, str | None] | None = None


def patch(*operations: Document, of: str = "/Users/{user}") -> Asked:
    """PATCH."""
    return Asked("PATCH", of, {"schemas": [PATCH], "Operations": list(operations)})


class Directory:
    """A tenant with a user and a group, and clients that speak each dialect."""

    def __init__(self, app: Flask) -> None:
        scim = new_client(app)
        with app.app_context():
            self.service: Service = current_service()
        self.tenant = scim.token.split("_")[1]
        self.tokens = {d: self.service.tokens.create(self.tenant, dialect=d) for d in Dialect}
        self.clients = {dialect: Scim(scim.app, token=text) for dialect, (text, _) in self.tokens.items()}
        phones = [{"value": number, "type": "mobile"} for number in ("+1", "+2")]
        self.user = scim.user("bob", name={"familyName": "Smith"}, emails=[HOME], phoneNumbers=phones)["id"]
        self.group = scim.post("/Groups", group("staff")).json["id"]

    def ask(self, dialect: Dialect, asked: Asked) -> TestResponse:
        """Send a request."""
        text = json.dumps(asked._asdict()).replace("{user}", self.user).replace("{group}", self.group)
        asked = Asked(**json.loads(text))
        options: dict[str, Any] = {"query": asked.query, "headers": asked.headers}
        if asked.body is not None:
            options["body"] = asked.body
        return self.clients[dialect](asked.method, asked.path, **options)

    def needed(self, dialect: Dialect) -> dict[Tolerance, int]:
        """Return what the token of a dialect needed, and how often."""
        token = self.tokens[dialect][1].id
        return {need.tolerance: n for need, n in self.service.needs.counts.items() if need.token_id == token}

    def kept(self, dialect: Dialect) -> set[str]:
        """Return what is stored with the token of a dialect."""
        found = {token.id: token for token in self.service.tokens.list(self.tenant)}
        return set(found[self.tokens[dialect][1].id].tolerances)
