"""One request over HTTP, and what can keep it from an answer."""

import ssl
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from io import BufferedReader, RawIOBase
from socket import gaierror, socket
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from flask_bsr_scim.checks.faults import Answer, Fault, Kind

TIMEOUT = 60.0
"""Seconds after which Okta and Entra give up."""

MAX_BODY = 32 * 1024 * 1024
"""Bytes of an answer, inflated."""

_INFLATED = {"gzip", "x-gzip", "deflate"}
_ANY_HEADER = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Request:
    """A request: `path` is what follows the base URL, percent-encoded."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None = None


Transport = Callable[[Request], Answer]
"""Sends a request, follows no redirect, and returns the answer; raises :class:`Fault` where there is none."""


class HttpTransport:
    """Sends requests to a base URL, each over a connection of its own.

    :param base_url: as an administrator enters it, without a slash at the end.
    :raises ValueError: it is no `http` or `https` URL with a host.
    """

    def __init__(self, base_url: str, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base_url} is no URL as https://scim.example.com/scim/v2")
        self._secure, self._host, self._prefix = parts.scheme == "https", parts.hostname, parts.path.rstrip("/")
        self._port = parts.port or (443 if self._secure else 80)
        self._timeout = timeout

    def __call__(self, request: Request) -> Answer:
        """Send a request.

        :raises Fault: there is no answer; the message says why in plain words.
        """
        try:
            with closing(self._connection()) as connection:
                return self._exchange(connection, request)
        except (OSError, HTTPException) as error:
            raise _explained(error, f"{self._host}:{self._port}", self._timeout) from error

    def _connection(self) -> HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _exchange(self, connection: HTTPConnection, request: Request) -> Answer:
        connection.connect()
        begin = monotonic()
        connection.putrequest(request.method, self._prefix + request.path, skip_accept_encoding=True)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        if request.body is not None:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        response = HTTPResponse(connection.sock, method=request.method)
        response.fp = BufferedReader(_Reader(connection.sock, begin + self._timeout))
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        body = _body(response, headers.get("content-encoding", ""))
        return Answer(response.status, response.reason, headers, body, monotonic() - begin)


class _Reader(RawIOBase):
    """Reads what a socket receives until some time: the timeout of a socket is one of each piece, however small."""

    def __init__(self, socket: socket, deadline: float) -> None:
        self._socket, self._deadline = socket, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)


def _body(response: HTTPResponse, encoding: str) -> bytes:
    body = response.read(MAX_BODY + 1)
    if response.length and len(body) <= MAX_BODY:
        raise IncompleteRead(body)
    if encoding.strip().lower() in _INFLATED:
        try:
            body = zlib.decompressobj(_ANY_HEADER).decompress(body, MAX_BODY + 1)
        except zlib.error:
            raise _unreachable(
                f"The answer is not {encoding}, as its Content-Encoding says.",
                "Send Content-Encoding only with a body that is compressed so.",
            ) from None
    if len(body) > MAX_BODY:
        raise _unreachable(f"The answer is larger than {MAX_BODY // 2**20} MB.", "Answer in pages.")
    return body


def _explained(error: OSError | HTTPException, place: str, timeout: float) -> Fault:
    """Return the fault that an exception of the network stands for; the order matters, since all are `OSError`."""
    match error:
        case gaierror():
            return _unreachable(f"There is no address for the name in {place}.", "Check the URL for a slip of the pen.")
        case ssl.SSLCertVerificationError():
            return _unreachable(
                f"The certificate of {place} is not valid: {error.verify_message}.",
                "Serve a certificate of a public authority for this name, with the whole chain.",
            )
        case ssl.SSLError():
            return _unreachable(
                f"{place} does not speak TLS as it should ({error.reason or error}).",
                "Check scheme and port: an https URL may point to a port of plain HTTP. TLS 1.2 is the least.",
            )
        case TimeoutError():
            return _unreachable(
                f"{place} gave no whole answer within {timeout:.0f} seconds.",
                "Answer sooner; or a firewall drops what comes from here, or the server waits for something itself.",
            )
        case ConnectionRefusedError():
            return _unreachable(f"Nothing listens on {place}.", "Start the server, or check host and port.")
        case HTTPException() | ConnectionError():
            return _unreachable(
                f"{place} broke the connection off, or does not speak HTTP ({type(error).__name__}).",
                "Look into the log of the server, and of what is in front of it.",
            )
    return _unreachable(f"{place} cannot be reached: {error}.", "Check the URL and the network.")


def _unreachable(problem: str, change: str) -> Fault:
    return Fault(Kind.UNREACHABLE, problem, change)
