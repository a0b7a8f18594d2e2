"""Clients that do not finish their requests, and clients whose requests are long."""

from collections.abc import Iterator
from contextlib import ExitStack
from socket import create_connection
from urllib.parse import quote

import pytest

from tests.client import USER
from tests.server.running import TOKEN, Server, head, together

SLOW_CLIENTS = 12

HALF_REQUESTS = {
    "request line": b"GET /scim/v2/Us",
    "headers": b"GET /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + TOKEN.encode(),
    "body with a length": head("POST", "/Users", "Content-Length: 100") + b'{"schemas":',
    "body in chunks": head("POST", "/Users", "Transfer-Encoding: chunked") + b'b\r\n{"schemas":\r\n',
}


@pytest.fixture(params=HALF_REQUESTS)
def stalled(request: pytest.FixtureRequest, server: Server) -> Iterator[None]:
    """Many connections over which half a request came."""
    with ExitStack() as connections:
        for _ in range(SLOW_CLIENTS):
            connections.enter_context(server.connect()).sendall(HALF_REQUESTS[request.param])
        yield


@pytest.mark.usefixtures("stalled")
def test_half_requests_do_not_stop_others(server: Server) -> None:
    """While many requests stay half-sent, others are answered, several at once."""

    def ask() -> int:
        with server.client(timeout=5) as client:
            return client("GET", "/Users?count=1").status

    for _ in range(3):
        assert together([ask] * 4) == [200] * 4


def test_strangers_who_sign_in_slowly_do_not_stop_others(server: Server) -> None:
    """Nobody needs a token to begin a sign-in to the console, so few of them may hold a thread."""
    half = b"POST /scim/console/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    half += b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    with ExitStack() as connections:
        for number in range(48):
            source = (f"127.0.0.{2 + number // 8}", 0)
            slow = connections.enter_context(create_connection(("127.0.0.1", server.port), source_address=source))
            slow.sendall(half)
        with server.client(timeout=5) as client:
            assert [client("GET", "/Users?count=1").status for _ in range(5)] == [200] * 5


def test_a_slow_upload_does_not_stop_large_requests(server: Server) -> None:
    """Large requests take turns, for which one that is still on its way does not count."""
    with ExitStack() as connections:
        for _ in range(4):
            slow = connections.enter_context(server.connect())
            slow.sendall(head("POST", "/Groups", "Content-Length: 1500000") + b'{"schemas":')
        with server.client(timeout=5) as client:
            large = {"schemas": [USER], "userName": "large", "unknown": "y" * 1_200_000}
            assert client("POST", "/Users", large).status == 201


@pytest.mark.parametrize("size", [7_000, 15_000, 16_000])
def test_long_request_lines_reach_the_service(server: Server, size: int) -> None:
    """A request line of 16 kB is answered by SCIM: a filter within its limit by a list, a longer one by an error."""
    with server.client() as client:
        answer = client("GET", "/Users?filter=" + quote(f'userName eq "{"a" * size}"'))
    assert answer.headers["content-type"] == "application/scim+json"
    if size < 8_000:
        assert (answer.status, answer.body["totalResults"]) == (200, 0)
    else:
        assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
        assert len(answer.text) < 500
