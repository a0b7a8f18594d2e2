"""Bodies that are too large, and an answer that is large."""

import json
import zlib
from collections.abc import Callable, Iterable
from functools import partial
from http.client import HTTPResponse
from io import BytesIO
from typing import Any

import pytest
from flask import Request as FlaskRequest

from flask_bsr_scim.errors import PayloadTooLarge
from flask_bsr_scim.web import body
from flask_bsr_scim.web.body import read_data
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


@pytest.mark.parametrize("form", [with_length, in_chunks])
@pytest.mark.parametrize(("path", "size"), [("/Users", 15 * MEGABYTE), ("/Groups", 60 * MEGABYTE)])
def test_body_over_the_limit_is_taken(
    server: Server, form: Callable[[str, int], Request], path: str, size: int
) -> None:
    """A proxy that first sends the whole body, and then looks for an answer, finds it: nothing breaks off."""
    request, pieces = form(path, size)
    with server.connect() as connection:
        connection.sendall(request)
        for piece in pieces:
            connection.sendall(piece)
        with HTTPResponse(connection) as response:
            response.begin()
            assert (response.status, json.loads(response.read())["status"]) == (413, "413")


@pytest.mark.parametrize(
    "fields",
    [["Content-Length: 16000001"], ["Content-Length: 3000000", "Expect: 100-continue"]],
    ids=["too large to be taken", "the client waits"],
)
def test_body_that_need_not_be_taken(server: Server, fields: list[str]) -> None:
    """The answer is there at once, before anything of the body was sent."""
    with server.connect() as connection:
        connection.sendall(head("POST", "/Users", *fields))
        with HTTPResponse(connection) as response:
            response.begin()
            assert response.status == 413


class Stream(BytesIO):
    """A body that counts what was read of it; each read takes a second of the clock."""

    def __init__(self, size: int) -> None:
        super().__init__(bytes(size))
        self.time = 0.0
        self.most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.time += 1
        piece = super().read(size)
        self.most = max(self.most, len(piece))
        return piece

    def clock(self) -> float:
        return self.time


def refused(stream: BytesIO, limit: int, **environ: Any) -> None:
    """Read a body that is too large."""
    with pytest.raises(PayloadTooLarge):
        read_data(FlaskRequest({"REQUEST_METHOD": "POST", "wsgi.input": stream, **environ}), limit)


IN_CHUNKS = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}


@pytest.mark.parametrize(
    "environ", [{"CONTENT_LENGTH": "8000"}, {"CONTENT_LENGTH": "8000", "wsgi.input_terminated": True}]
)
def test_what_follows_a_body_is_not_taken(environ: dict[str, Any]) -> None:
    """Some servers leave it to the application where a body ends: behind it the next request begins."""
    stream = Stream(8000 if "wsgi.input_terminated" in environ else 9000)
    refused(stream, 1000, **environ)
    assert stream.tell() == 8000


def test_a_body_that_was_read_is_not_waited_for() -> None:
    """One byte too much was seen, or announced; the next bytes are the next request's."""
    stream = Stream(9000)
    refused(stream, 1000, CONTENT_LENGTH="1001")
    assert stream.tell() == 1001


def test_no_more_than_a_bound_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight times the limit of a body that does not say how long it is, piece by piece."""
    monkeypatch.setattr(body, "monotonic", lambda: 0.0)
    stream = Stream(10 * MEGABYTE)
    refused(stream, 1 * MEGABYTE, **IN_CHUNKS)
    assert stream.tell() == 9 * MEGABYTE + 1


def test_the_bound_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """However large a body may be, 64 MB are taken at most."""
    monkeypatch.setattr(body, "monotonic", lambda: 0.0)
    stream = Stream(84 * MEGABYTE)
    refused(stream, 10 * MEGABYTE, **IN_CHUNKS)
    assert stream.tell() == 74 * MEGABYTE + 1
    untouched = Stream(65 * MEGABYTE)
    refused(untouched, 10 * MEGABYTE, CONTENT_LENGTH="65000000")
    assert untouched.tell() == 0


def test_a_slow_body_is_not_taken_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two seconds the answer goes out."""
    stream = Stream(1 * MEGABYTE)
    monkeypatch.setattr(body, "monotonic", stream.clock)
    refused(stream, 200_000, CONTENT_LENGTH="1000000", **{"wsgi.input_terminated": True})
    assert stream.time == 2
    assert stream.most < 70_000


def test_a_client_that_is_gone_is_refused_too() -> None:
    """What it announced does not come."""
    stream = Stream(3000)
    refused(stream, 1000, CONTENT_LENGTH="4000")
    assert stream.tell() == 3000


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
