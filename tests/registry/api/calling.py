"""Calls of the admin API inside the process, each held to the rules that all its answers keep."""

import json
from collections.abc import Iterable
from itertools import chain, count
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import current_service
from flask_bsr_scim.registry.model import RegistryUser
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.service import Service
from tests.client import Scim

PACKAGE = "buf.alpha.registry.v1alpha1"

STATUS = {
    "invalid_argument": 400,
    "failed_precondition": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "already_exists": 409,
    "resource_exhausted": 429,
    "internal": 500,
    "unimplemented": 501,
    "unavailable": 503,
}
"""As Connect's protocol has it."""

_NUMBERS = count(1)


class World:
    """A tenant that nobody else has, with an administrator of the registry called ada."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.tenant = f"api{next(_NUMBERS)}"
        self.service.open(self.tenant)
        self.registry: Registry = self.service.registry(self.tenant)
        self.scim = Scim(app, token=self.service.tokens.create(self.tenant)[0])
        self._tokens: dict[str, str] = {}
        self.administrator = self.registry.users.create_admin("ada@example.com")
        self._tokens["ada"] = self.token(self.administrator)

    @property
    def service(self) -> Service:
        """The service of the application."""
        with self.app.app_context():
            return current_service()

    def token(self, user: RegistryUser) -> str:
        """Make an API token for a user and return its text."""
        return self.service.tokens.create(self.tenant, Kind.API, user=user.id)[0]

    def user(self, name: str) -> str:
        """Provision a user over SCIM, who has an API token from then on; return the id."""
        user_id = str(self.scim.user(f"{name}@example.com")["id"])
        self._tokens[name] = self.token(self.registry.users.get(user_id))
        return user_id

    def token_of(self, name: str) -> str:
        """Return the API token of a user."""
        return self._tokens[name]

    def post(self, method: str, body: bytes, token: str | None, media_type: str = "application/json") -> TestResponse:
        """Send a request as it is; `method` is `Service/Method`."""
        headers = {"Content-Type": media_type} | ({"Authorization": f"Bearer {token}"} if token else {})
        path = f"/{PACKAGE}.{method}"
        response = self.app.test_client().open(path, method="POST", data=body, headers=headers)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Request-Id"]
        return response

    def __call__(self, method: str, caller: str = "ada", **fields: Any) -> Any:
        """Return the JSON of the answer to a call, which succeeds."""
        response = self.post(method, json.dumps(fields).encode(), self._tokens[caller])
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"] == "application/json"
        return response.json

    def refused(self, method: str, caller: str = "ada", **fields: Any) -> tuple[str, str]:
        """Return the code and the message of the answer to a call, which fails."""
        return refusal(self.post(method, json.dumps(fields).encode(), self._tokens[caller]))

    def code(self, method: str, caller: str = "ada", **fields: Any) -> str:
        """Return `ok`, or the code of the refusal."""
        response = self.post(method, json.dumps(fields).encode(), self._tokens[caller])
        return "ok" if response.status_code == 200 else refusal(response)[0]

    def organization(self, name: str = "acme", caller: str = "ada") -> str:
        """Make an organization and return its id."""
        return str(self("OrganizationService/CreateOrganization", caller, name=name)["organization"]["id"])

    def repository(self, full_name: str = "acme/weather", caller: str = "ada", visibility: str = "PRIVATE") -> str:
        """Make a repository and return its id."""
        fields = {"full_name": full_name, "visibility": f"VISIBILITY_{visibility}"}
        return str(self("RepositoryService/CreateRepositoryByFullName", caller, **fields)["repository"]["id"])

    def place(self, organization_id: str, user_id: str, role: str) -> None:
        """Give a user a direct role in an organization."""
        fields = {"organization_id": organization_id, "user_id": user_id}
        role = f"ORGANIZATION_ROLE_{role}"
        self("OrganizationService/SetOrganizationMember", **fields, organization_role=role)

    def pages(self, method: str, items: str, key: Any, **fields: Any) -> list[list[Any]]:
        """Return what is listed, page by page, each by its key."""
        found, token = [], ""
        while True:
            answer = self(method, **fields, page_token=token)
            found.append([key(item) for item in answer.get(items, ())])
            token = answer.get("nextPageToken", "")
            if not token:
                return found


def refusal(response: TestResponse) -> tuple[str, str]:
    """Return the code and the message of a Connect error."""
    assert response.headers["Content-Type"] == "application/json"
    error = response.json
    assert set(error) == {"code", "message"}
    assert response.status_code == STATUS[error["code"]], response.text
    message = error["message"]
    assert message
    assert message.isprintable()
    assert len(message) < 400
    assert ("WWW-Authenticate" in response.headers) is (response.status_code == 401)
    return error["code"], message


def flat(pages: Iterable[Iterable[Any]]) -> list[Any]:
    """Return what is on some pages."""
    return list(chain.from_iterable(pages))
