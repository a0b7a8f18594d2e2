"""Replays transcripts of identity providers against the running application; README.md describes their format."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from tests.idp.matching import ABSENT, BASE_URL, Names, differences, expand, fill
from tests.idp.rules import faults, members

TOKEN = "a-fixed-token-for-the-transcripts-0123456789"
CLIENTS = json.loads((Path(__file__).parent / "clients.json").read_text("utf-8"))
PREFIX = urlsplit(BASE_URL).path


class Replay:
    """Sends the requests of a transcript to an application, as the client of the transcript sends them."""

    def __init__(self, app: Flask) -> None:
        self._http = app.test_client()

    def __call__(self, transcript: dict[str, Any]) -> None:
        """Send all requests in their order.

        :raises AssertionError: an answer is not the expected one; the message shows the request and the whole answer.
        """
        client, names = CLIENTS[transcript["client"]], self._make(expand(transcript.get("given", {})))
        for number, exchange in enumerate(expand(transcript["exchanges"]), 1):
            request, expected = fill(exchange["request"], names), exchange["response"]
            response = self._send(client, **request)
            found = [*faults(request["path"], response, _secrets(request)), *_unlike(expected, response, names)]
            assert not found, _report(number, exchange["note"], request, found, response)

    def _make(self, given: dict[str, dict[str, Any]]) -> Names:
        """Create what a transcript takes as given; return the ids by name."""
        names: Names = {}
        for endpoint, resources in given.items():
            for name, resource in resources.items():
                whole = _person(resource) if isinstance(resource, str) else fill(resource, names)
                body = {"schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{endpoint.removesuffix('s')}"], **whole}
                response = self._send(CLIENTS["given"], "POST", f"/{endpoint}", body=body)
                assert response.status_code == 201, f"given {name}: {response.status_code} {response.text}"
                names[name] = response.get_json()["id"]
        return names

    def _send(
        self, client: Any, method: str, path: str, headers: Mapping[str, str | None] | None = None, body: Any = ABSENT
    ) -> TestResponse:
        usual = client["headers"] | ({} if body is ABSENT else client["body_headers"])
        sent = {"Authorization": f"Bearer {TOKEN}"} | usual | (headers or {})
        return self._http.open(
            PREFIX + path,
            base_url=BASE_URL.removesuffix(PREFIX),
            method=method,
            headers={name: value for name, value in sent.items() if value is not None},
            data=None if body is ABSENT else json.dumps(body, ensure_ascii=False).encode(),
        )


def _person(address: str) -> dict[str, Any]:
    """Return the user that an address stands for: `ana@example.com` is Ana Example, with it as name and address."""
    return {
        "userName": address,
        "name": {"givenName": address.partition("@")[0].capitalize(), "familyName": "Example"},
        "emails": [{"value": address, "type": "work", "primary": True}],
    }


def _secrets(request: dict[str, Any]) -> set[str]:
    return {TOKEN, *(value for name, value in members(request.get("body")) if name == "password" and value)}


def _unlike(expected: dict[str, Any], response: TestResponse, names: Names) -> Iterator[str]:
    allowed = expected["status"] if isinstance(expected["status"], list) else [expected["status"]]
    if response.status_code not in allowed:
        yield f"status: expected {' or '.join(map(str, allowed))}, got {response.status_code}"
        return
    if "body" in expected:
        yield from differences(expected["body"], response.get_json(silent=True), names)
    for header, value in expected.get("headers", {}).items():
        yield from differences(value, response.headers.get(header, ABSENT), names, f"header {header}")


def _report(number: int, note: str, request: dict[str, Any], found: list[str], response: TestResponse) -> str:
    body = [json.dumps(request["body"], ensure_ascii=False)] if "body" in request else []
    return "\n".join(
        (
            f"exchange {number} ({note})",
            *(f"- {line}" for line in found),
            f"request: {request['method']} {request['path']}",
            *body,
            f"answer: {response.status_code} {response.text}",
        )
    )


@pytest.fixture(params=["memory", "sqlite"])
def replay(request: pytest.FixtureRequest, tmp_path: Path) -> Replay:
    """Replay transcripts against an application with an empty store, once for each backend."""
    app = Flask("transcripts")
    app.config["SCIM_BACKEND"] = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'scim.db'}"
    app.config["SCIM_TOKEN"] = TOKEN
    BsrScim(app)
    return Replay(app)


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """Return the known clients with the headers they send."""
    known: dict[str, Any] = CLIENTS
    return known
