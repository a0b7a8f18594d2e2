"""Requests over HTTP, and what is said when no answer comes."""

import gzip
import socket
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from flask_bsr_scim.checks import transport
from flask_bsr_scim.checks.faults import Fault, Kind
from flask_bsr_scim.checks.transport import HttpTransport, Request

TLS = b"\x16"
"""How a client that expects TLS begins."""

REQUEST = Request("POST", "/Users?x=%20", {"Authorization": "Bearer t", "Accept-Encoding": "gzip,deflate"}, b"{}")


@contextmanager
def answering(answer: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Give the URL of a server that answers one request with some bytes, and what it received; None is silence."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                received.append(b"")
                while not received[0].endswith(b"{}") and received[0][:1] != TLS and (more := connection.recv(65536)):
                    received[0] += more
                if answer is None:
                    while connection.recv(65536):
                        pass
                else:
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/base", received
        thread.join(10)


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def fault_of(url: str, timeout: float = 5) -> Fault:
    """Return why there is no answer."""
    with pytest.raises(Fault) as caught:
        HttpTransport(url, timeout)(REQUEST)
    assert caught.value.kind is Kind.UNREACHABLE
    assert caught.value.change
    return caught.value


def test_a_request_is_sent_as_it_is() -> None:
    """Path, headers and body go out unchanged, with Host and Content-Length and nothing else."""
    with answering(http(b"{}")) as (url, received):
        answer = HttpTransport(f"{url}/")(REQUEST)
    host = url.split("/")[2]
    assert received[0].decode().split("\r\n") == [
        "POST /base/Users?x=%20 HTTP/1.1",
        f"Host: {host}",
        "Authorization: Bearer t",
        "Accept-Encoding: gzip,deflate",
        "Content-Length: 2",
        "",
        "{}",
    ]
    assert (answer.status, answer.reason, answer.body) == (200, "OK", b"{}")


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_compressed_answer(encoding: str, compress: object) -> None:
    """What Okta accepts is inflated."""
    body = compress(b'{"a": 1}')  # type: ignore[operator]
    with answering(http(body, f"Content-Encoding: {encoding}")) as (url, _):
        assert HttpTransport(url)(REQUEST).body == b'{"a": 1}'


def test_a_redirect_is_not_followed() -> None:
    """A redirect is an answer: the token goes to nobody else."""
    with answering(http(b"", "Location: http://127.0.0.1:1/", status="302 Found")) as (url, _):
        assert HttpTransport(url)(REQUEST).status == 302


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        pytest.param(b"", "broke the connection off", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "broke the connection off", id="half of it"),
        pytest.param(http(b"plain", "Content-Encoding: gzip"), "is not gzip", id="wrong encoding"),
        pytest.param(None, "gave no whole answer within 0 seconds", id="silence"),
    ],
)
def test_no_answer(answer: bytes | None, problem: str) -> None:
    """What is no answer is explained."""
    with answering(answer) as (url, _):
        assert problem in fault_of(url, 0.3).problem


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x", id="a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x", id="a header"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="100 Continue"),
    ],
)
def test_an_answer_that_comes_in_drops(begin: bytes, drop: bytes) -> None:
    """An answer has to be whole in time, however often something comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(begin)
                for _ in range(100):
                    connection.sendall(drop)
                    sleep(0.05)

        thread = Thread(target=serve)
        thread.start()
        began = monotonic()
        fault = fault_of(f"http://127.0.0.1:{listener.getsockname()[1]}", 1)
        assert monotonic() - began < 3
        thread.join(10)
    assert "gave no whole answer within 1 seconds" in fault.problem


def test_a_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that inflates without end is not taken in."""
    monkeypatch.setattr(transport, "MAX_BODY", 1024)
    with answering(http(gzip.compress(b"0" * 100_000), "Content-Encoding: gzip")) as (url, _):
        assert "The answer is larger than" in fault_of(url).problem


def test_plain_http_where_tls_is_expected() -> None:
    """An https URL of a port of plain HTTP is told from a wrong certificate."""
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (url, _):
        assert "does not speak TLS" in fault_of(url.replace("http:", "https:")).problem


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A context of a server with a certificate that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


def test_a_certificate_that_nobody_knows(self_signed: ssl.SSLContext) -> None:
    """A certificate that is not valid is never accepted, and its fault is named."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError), self_signed.wrap_socket(connection, server_side=True):
                pass

        thread = Thread(target=serve)
        thread.start()
        fault = fault_of(f"https://localhost:{listener.getsockname()[1]}")
        thread.join(10)
    assert "The certificate of localhost" in fault.problem
    assert "self-signed certificate" in fault.problem


def test_nobody_listens() -> None:
    """A port where nobody listens is named."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert fault_of(f"http://127.0.0.1:{port}").problem == f"Nothing listens on 127.0.0.1:{port}."


def test_an_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without an address is named."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert (
        fault_of("https://scim.example.invalid").problem
        == "There is no address for the name in scim.example.invalid:443."
    )


@pytest.mark.parametrize("url", ["", "scim.example.com", "ftp://scim.example.com", "https://", "http://h:99999"])
def test_no_url(url: str) -> None:
    """What is no URL of HTTP is refused at once."""
    with pytest.raises(ValueError, match=r"URL|[Pp]ort"):
        HttpTransport(url)
