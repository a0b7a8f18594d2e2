"""Bodies that are too large, and an answer that is large."""

import json
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from http.client import HTTPResponse

import pytest

from tests.server.running import Answer, Client, Server, group, head, together

MEGABYTE = 1_000_000

MOST_GROWTH = 256 * MEGABYTE
"""Of the memory of all processes."""

SENDERS = 4

MEMBERS = 2_000

_PIECE = b" " * 65_536

Request = tuple[bytes, list[bytes]]
"""The head, and the body piece by piece."""


def with_length(path: str, size: int) -> Request:
    """Return a request whose body is announced by its length."""
    pieces = [_PIECE] * (size // len(_PIECE))
    return head("POST", path, f"Content-Length: {sum(map(len, pieces))}"), pieces


def in_chunks(path: str, size: int) -> Request:
    """Return a request that does not say where its body ends before it does."""
    chunk = b"%x\r\n%s\r\n" % (len(_PIECE), _PIECE)
    return head("POST", path, "Transfer-Encoding: chunked"), [chunk] * (size // len(_PIECE)) + [b"0\r\n\r\n"]


def compressed(path: str, size: int) -> Request:
    """Return a request whose body is small until it is inflated."""
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    body = b"".join([*map(compressor.compress, [_PIECE] * (size // len(_PIECE))), compressor.flush()])
    return head("POST", path, "Content-Encoding: gzip", f"Content-Length: {len(body)}"), [body]


def answer_to(server: Server, request: bytes, pieces: Iterable[bytes]) -> Answer:
    """Return the answer to a request whose body is sent for as long as the server takes it."""
    with server.connect() as connection:
        connection.sendall(request)
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        with HTTPResponse(connection) as response:
            response.begin()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())


@pytest.mark.parametrize("form", [with_length, in_chunks, compressed])
@pytest.mark.parametrize(("path", "size"), [("/Users", 3 * MEGABYTE), ("/Groups", 60 * MEGABYTE)])
def test_body_over_the_limit(server: Server, form: Callable[[str, int], Request], path: str, size: int) -> None:
    """A body over the limit is answered 413 however it is sent, and several at once do not fill the memory."""
    request, pieces = form(path, size)
    before = server.peak_memory()
    found = together([partial(answer_to, server, request, pieces)] * SENDERS)
    assert [(answer.status, json.loads(answer.text)["status"]) for answer in found] == [(413, "413")] * SENDERS
    assert server.peak_memory() - before < MOST_GROWTH


def test_large_group_arrives_whole(server: Server) -> None:
    """The answer with a large group is streamed, and holds every member once."""

    def create(client: Client, part: int) -> list[str]:
        with client:
            return [client.create_user(f"streamed-{n}@example.com") for n in range(part, MEMBERS, SENDERS)]

    created = together([partial(create, server.client(), part) for part in range(SENDERS)])
    users = [user for part in created for user in part]
    with server.client() as client:
        path = f"/Groups/{client.create_group('Large', users)}"
        answer = client("GET", path)
        assert answer.headers["transfer-encoding"] == "chunked"
        assert sorted(member["value"] for member in answer.body["members"]) == sorted(users)
        assert client("PUT", path, group("Large", users)).body["members"] == answer.body["members"]
