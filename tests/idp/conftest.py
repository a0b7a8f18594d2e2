"""Replays transcripts of identity providers against the running application; README.md describes their format."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from tests.idp.matching import ABSENT, BASE_URL, Names, differences, expand, fill
from tests.idp.registry import DEEDS, RegistrySide
from tests.idp.rules import STORED, faults, members

TOKEN = "a-fixed-token-for-the-transcripts-0123456789"
CLIENTS = json.loads((Path(__file__).parent / "clients.json").read_text("utf-8"))
PREFIX = urlsplit(BASE_URL).path


class Replay:
    """Sends the requests of a transcript to an application, as the client of the transcript sends them."""

    def __init__(self, app: Flask, profile: str) -> None:
        self._http = app.test_client()
        self._registry = RegistrySide(app)
        self._stored = STORED[profile]

    def __call__(self, transcript: dict[str, Any]) -> None:
        """Send all requests in their order.

        :raises AssertionError: an answer is not the expected one; the message shows the request and the whole answer.
        """
        client, names = CLIENTS[transcript["client"]], Names()
        self._do(expand(transcript.get("given", {})), names)
        for number, exchange in enumerate(expand(transcript["exchanges"]), 1):
            self._do(exchange.get("beside", {}), names)
            found, shown = self._exchange(client, exchange, names) if "request" in exchange else ([], [])
            found += self._registry.differences(exchange.get("registry", {}), names)
            assert not found, "\n".join((f"exchange {number} ({exchange['note']})", *map("- {}".format, found), *shown))

    def _do(self, given: dict[str, dict[str, Any]], names: Names) -> None:
        """Do what is given, and take the ids that come of it into the names."""
        for kind, things in given.items():
            for name, thing in things.items():
                name, thing = fill(name, names), fill(thing, names)
                made = self._registry.do(kind, name, thing) if kind in DEEDS else self._post(kind, name, thing)
                if made is not None:
                    names[name] = made

    def _post(self, endpoint: str, name: str, resource: Any) -> str:
        """Create a resource over SCIM, and return its id."""
        whole = _person(resource) if isinstance(resource, str) else resource
        body = {"schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{endpoint.removesuffix('s')}"], **whole}
        response = self._send(CLIENTS["given"], "POST", f"/{endpoint}", body=body)
        assert response.status_code == 201, f"given {name}: {response.status_code} {response.text}"
        made: str = response.get_json()["id"]
        return made

    def _exchange(self, client: Any, exchange: dict[str, Any], names: Names) -> tuple[list[str], list[str]]:
        """Send a request; return what is wrong with the answer, and both as they are shown to the reader."""
        request = fill(exchange["request"], names)
        response = self._send(client, **request)
        found = [
            *faults(request, response, _secrets(request), self._stored),
            *_unlike(exchange["response"], response, names),
        ]
        return found, _shown(request, response)

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


def _shown(request: dict[str, Any], response: TestResponse) -> list[str]:
    body = [json.dumps(request["body"], ensure_ascii=False)] if "body" in request else []
    return [
        f"request: {request['method']} {request['path']}",
        *body,
        f"answer: {response.status_code} {response.text}",
    ]


@pytest.fixture
def replay(backend_uri: str) -> Callable[[dict[str, Any], str], None]:
    """Replay a transcript against an application of a profile with an empty store, once for each backend."""

    def run(transcript: dict[str, Any], profile: str) -> None:
        app = Flask("transcripts")
        app.config.update(SCIM_BACKEND=backend_uri, SCIM_TOKEN=TOKEN, SCIM_PROFILE=profile)
        BsrScim(app)
        Replay(app, profile)(transcript)

    return run


@pytest.fixture(scope="session")
def clients() -> dict[str, Any]:
    """Return the known clients with the headers they send."""
    known: dict[str, Any] = CLIENTS
    return known
