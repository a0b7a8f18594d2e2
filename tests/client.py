"""A SCIM client for tests, which holds every answer to the rules that all answers keep."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import unquote

from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import current_service
from flask_bsr_scim.schema import Document

TOKEN = "a-fixed-token-for-the-tests-0123456789"
PREFIX = "/scim/v2"

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

SCIM_TYPES = {
    400: {"invalidFilter", "tooMany", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
          "invalidCursor", "expiredCursor", "invalidCount"},
    409: {"uniqueness"},
}  # fmt: skip
"""The words of RFC 7644 §3.12 and RFC 9865 §2.1 that this service uses, by status."""

_INSIDE = re.compile(
    r"Traceback|sqlite|SELECT |INSERT |constraint failed|\.py\b(?!-)|site-packages|flask_bsr_scim|werkzeug|marshmallow"
    r"|orjson|<class|object at 0x|\b[A-Z]\w+(?:Error|Exception|Backend)\b"
)
"""What an answer never shows: traces, SQL, paths, classes. A cursor is sealed, and its seal may begin with `.py-`."""

_NOTHING: Any = object()
_NUMBERS = count(1)


class Scim:
    """Sends requests to one instance of the service in an application."""

    def __init__(self, app: Flask, *, token: str = TOKEN, prefix: str = PREFIX) -> None:
        self.app = app
        self.token = token
        self.prefix = prefix
        self._http = app.test_client()

    def __call__(
        self,
        method: str,
        path: str = "",
        body: Any = _NOTHING,
        *,
        query: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str | None] | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> TestResponse:
        """Send a request and return its answer; bytes are sent as they are, other bodies as JSON.

        :param headers: beside or instead of the usual ones; None leaves one out.
        :param environ: of WSGI, beside or instead of the usual one.
        """
        usual = {"Authorization": f"Bearer {self.token}"}
        if body is not _NOTHING:
            usual["Content-Type"] = "application/scim+json"
        sent = {name: value for name, value in {**usual, **(headers or {})}.items() if value is not None}
        data = None if body is _NOTHING else body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self._http.open(
            self.prefix + path,
            method=method,
            query_string=query,
            headers=sent,
            data=data,
            environ_overrides=environ,
        )
        sent_text = unquote(repr((path, query, data, environ)))
        faults = list(_faults(response, self.token, sent_text))
        assert not faults, f"{method} {path}: {faults}: {response.status_code} {response.text[:500]}"
        return response

    def get(self, path: str = "", **options: Any) -> TestResponse:
        """GET."""
        return self("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> TestResponse:
        """POST."""
        return self("POST", path, body, **options)

    def put(self, path: str, body: Any, **options: Any) -> TestResponse:
        """PUT."""
        return self("PUT", path, body, **options)

    def patch(self, path: str, *operations: Document, **options: Any) -> TestResponse:
        """PATCH with the operations."""
        return self("PATCH", path, {"schemas": [PATCH], "Operations": [*operations]}, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        """DELETE."""
        return self("DELETE", path, **options)

    def user(self, user_name: str = "bob@example.com", **attributes: Any) -> Document:
        """Create a user and return it."""
        return _created(self.post("/Users", user(user_name, **attributes)))

    def group(self, display_name: str = "Engineering", *members: str, **attributes: Any) -> Document:
        """Create a group with members and return it."""
        return _created(self.post("/Groups", group(display_name, *members, **attributes)))

    def names(self, **query: Any) -> list[str]:
        """Return the userName of the users that a query finds, in their order."""
        response = self.get("/Users", query=query)
        assert response.status_code == 200, response.text
        return [resource["userName"] for resource in response.json["Resources"]]


def new_client(app: Flask) -> Scim:
    """Return a client of a tenant that nobody else has, in an application that may be shared."""
    tenant = f"t{next(_NUMBERS)}"
    with app.app_context():
        service = current_service()
    service.open(tenant)
    token, _ = service.tokens.create(tenant)
    return Scim(app, token=token)


def user(user_name: str, **attributes: Any) -> Document:
    """Return the body of a user."""
    return {"schemas": [USER], "userName": user_name, **attributes}


def group(display_name: str, *members: str, **attributes: Any) -> Document:
    """Return the body of a group."""
    return {
        "schemas": [GROUP],
        "displayName": display_name,
        "members": [{"value": member} for member in members],
        **attributes,
    }


def path_of(resource: Document) -> str:
    """Return the path of a resource below the prefix."""
    return f"/{resource['meta']['resourceType']}s/{resource['id']}"


def assert_error(response: TestResponse, status: int, scim_type: str | None = None, detail: str = "") -> None:
    """Check that an answer is this error; `detail` is some of its text."""
    assert response.status_code == status, response.text
    assert response.json.get("scimType") == scim_type, response.text
    assert detail in response.json["detail"], response.text


def _created(response: TestResponse) -> Document:
    assert response.status_code == 201, response.text
    resource: Document = response.json
    return resource


def _faults(response: TestResponse, token: str, sent: str) -> Iterator[str]:
    found = _INSIDE.search(response.text)
    if found and found[0] not in sent:
        yield f"the inside shows: {found[0]}"
    if token in response.text:
        yield "the token shows"
    if response.headers.get("Cache-Control") != "no-store":
        yield "it may be cached"
    if not response.headers.get("X-Request-Id"):
        yield "no request id"
    if response.status_code in (204, 304):
        if response.data or "Content-Type" in response.headers:
            yield "a body, or the type of one"
    elif response.headers.get("Content-Type") != _media_type(response):
        yield f"the type {response.headers.get('Content-Type')}"
    elif response.status_code >= 400 and response.request.method != "HEAD":
        yield from _faults_of_error(response)


def _media_type(response: TestResponse) -> str:
    is_openapi = response.status_code == 200 and response.request.path.rstrip("/").endswith("/openapi.json")
    return "application/json" if is_openapi else "application/scim+json"


def _faults_of_error(response: TestResponse) -> Iterator[str]:
    error = response.json
    if response.status_code >= 500 and response.status_code not in (501, 503):
        yield "a failure inside"
    if error.get("schemas") != [ERROR] or error.get("status") != str(response.status_code):
        yield "no SCIM Error"
    if error.get("scimType") not in {None, *SCIM_TYPES.get(response.status_code, ())}:
        yield "an undefined scimType"
    detail = error.get("detail")
    if not isinstance(detail, str) or not detail or not detail.isprintable() or len(detail) > 600:
        yield "no readable detail"
