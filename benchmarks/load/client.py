"""A client that costs as little as it can: requests are ready bytes, and connections are kept alive."""

import re
import socket
from typing import NamedTuple, Self

Address = tuple[str, int]

PATIENCE = 60
"""Seconds until an answer must have begun to come."""

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK = b"0\r\n\r\n"
_WITHOUT_BODY = (204, 304)


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes


class _Head(NamedTuple):
    """What the head of an answer says; `length` is None for a body in chunks."""

    status: int
    length: int | None
    size: int
    """Of the head itself."""


class Connection:
    """One connection, with one request under way at a time."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()
        self._head: _Head | None = None

    def ask(self, request: bytes) -> Answer:
        """Return the answer to a request.

        :raises OSError: the connection broke, or no answer came.
        """
        self.send(request)
        while True:
            answer = self.receive()
            if answer is not None:
                return answer

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._received.clear()
        self._head = None
        self._socket.sendall(request)

    def receive(self) -> Answer | None:
        """Read what has come; return the answer when it is whole.

        :raises ConnectionError: the server closed the connection.
        """
        data = self._socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        if self._head is None:
            self._head = _read_head(self._received)
        return None if self._head is None else _whole(self._head, self._received)

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _read_head(data: bytearray) -> _Head | None:
    end = data.find(_END_OF_HEAD)
    if end < 0:
        return None
    head, size = data[:end], end + len(_END_OF_HEAD)
    status = int(head[9:12])
    if status in _WITHOUT_BODY:
        return _Head(status, 0, size)
    if length := _LENGTH.search(head):
        return _Head(status, int(length[1]), size)
    if not _CHUNKED.search(head):
        raise ConnectionError("an answer that neither says its length nor comes in chunks")
    return _Head(status, None, size)


def _whole(head: _Head, data: bytearray) -> Answer | None:
    if head.length is not None:
        return Answer(head.status, bytes(data[head.size :])) if len(data) >= head.size + head.length else None
    return Answer(head.status, _joined(bytes(data[head.size :]))) if data.endswith(_LAST_CHUNK) else None


def _joined(chunks: bytes) -> bytes:
    """Return a body that came in chunks."""
    pieces: list[bytes] = []
    at = 0
    while True:
        line_end = chunks.index(b"\r\n", at)
        size = int(chunks[at:line_end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(pieces)
        at = line_end + 2
        pieces.append(chunks[at : at + size])
        at += size + 2
