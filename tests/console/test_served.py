"""The console as `bsr-scim serve` serves it, with two workers."""

import json
import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import pytest

from flask_bsr_scim.web.console.traffic import STREAMS
from tests.server.conftest import servers
from tests.server.running import HOST, PATIENCE, TOKEN, Server, run

OKTA = {"User_Agent": "Okta SCIM Client 1.0.0"}


class Watcher:
    """Somebody who watches the traffic of a server."""

    def __init__(self, server: Server, token: str) -> None:
        self._port = server.port
        response = self._send("POST", "login", urlencode({"token": token}))
        assert response.status == 303, response.read()
        self._cookie = str(response.headers["Set-Cookie"]).partition(";")[0]

    def _send(self, method: str, path: str, body: str | None = None, cookie: str = "") -> HTTPResponse:
        connection = HTTPConnection(HOST, self._port, timeout=PATIENCE)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie, "Connection": "close"}
        connection.request(method, f"/scim/console/{path}", body, headers)
        response = connection.getresponse()
        connection.close()
        return response

    def get(self, path: str) -> HTTPResponse:
        """Return the answer for a path, whose body is still to come."""
        return self._send("GET", path, cookie=self._cookie)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of an SQLite file."""
    return f"sqlite:///{tmp_path_factory.mktemp('console') / 'scim.db'}"


@pytest.fixture(scope="module")
def token(backend: str) -> str:
    """The API token of an administrator."""
    return run("admin", "create", "admin@example.com", "--backend", backend).stdout.strip()


@pytest.fixture(scope="module")
def server(backend: str, token: str) -> Iterator[Server]:
    """A server with two workers."""
    with servers() as start:
        yield start(backend, "--workers", "2", SCIM_TOKEN=TOKEN).wait()


@pytest.fixture
def watcher(server: Server, token: str) -> Watcher:
    """An administrator who is signed in."""
    return Watcher(server, token)


def last_number(watcher: Watcher) -> int:
    """Return the number of the last request that the page shows."""
    found = re.search(r'data-last="(\d+)"', watcher.get("traffic").read().decode())
    assert found
    return int(found[1])


def test_the_start_tells_where_the_console_is(server: Server) -> None:
    """The server says where the console is, and is not in the way of SCIM."""
    assert f"http://127.0.0.1:{server.port}/scim/console" in server.output


def test_requests_of_all_workers_arrive(server: Server, watcher: Watcher) -> None:
    """A stream sends a request within a moment, whichever worker answered it."""
    stream = watcher.get(f"traffic/stream?last={last_number(watcher)}")
    assert stream.status == 200
    assert stream.readline() == b"retry: 1000\n"
    for number in range(12):
        with server.client() as okta:
            assert okta("GET", f"/Users/arrives-{number}", **OKTA).status == 404
    seen, deadline = "", time.monotonic() + PATIENCE
    while not all(f"arrives-{number}" in seen for number in range(12)):
        assert time.monotonic() < deadline, seen
        line = stream.readline()
        if line.startswith(b"data: "):
            seen += json.loads(line[6:])["html"]
    stream.close()


def test_streams_leave_threads_for_requests(server: Server, watcher: Watcher) -> None:
    """However many watch, requests are answered, and who gets no stream can ask."""
    streams = [watcher.get("traffic/stream") for _ in range(2 * STREAMS + 4)]
    assert {stream.status for stream in streams} == {200, 204}
    assert watcher.get("traffic/rows?last=0").status == 200
    with server.client() as okta:
        assert okta("GET", "/Users?startIndex=1&count=2", **OKTA).status == 200
    for stream in streams:
        stream.close()


def test_a_browser_that_goes_away_gives_its_stream_back(watcher: Watcher) -> None:
    """Streams whose browser is gone are free again long before they would end."""
    deadline = time.monotonic() + PATIENCE
    for _ in range(3 * STREAMS):
        stream = watcher.get("traffic/stream")
        while stream.status == 204:
            assert time.monotonic() < deadline
            time.sleep(0.1)
            stream = watcher.get("traffic/stream")
        stream.close()


def test_a_server_without_a_console(tmp_path: Path) -> None:
    """Where the setting says so, there is no console, and the start does not speak of one."""
    with servers() as start:
        server = start(f"sqlite:///{tmp_path / 'scim.db'}", SCIM_TOKEN=TOKEN, SCIM_CONSOLE="false").wait()
        assert "/scim/console" not in server.output
        with server.client() as client:
            assert client("GET", "//scim/console/login").status == 404
