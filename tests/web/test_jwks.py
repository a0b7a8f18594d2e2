"""The keys of an authorization server: read when needed, no more often, and never older than a limit."""

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import Any
from urllib.error import URLError

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.errors import ServiceUnavailable
from flask_bsr_scim.web.jwks import EXPIRY, MOST_BYTES, PAUSE, REFRESH, Jwks, fetch_keys
from tests.client import Scim, assert_error
from tests.web.jwts import AUDIENCE, ISSUER, KEY, KEY_ID, OTHER_KEY, Clock, KeyServer, algorithm_of, jwk, key_set, token
from tests.web.test_guard import assert_refused, service_of, with_token

DOWN = URLError("connection refused")


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()


@pytest.fixture
def server() -> KeyServer:
    """The server of the keys, with one key."""
    return KeyServer()


@pytest.fixture
def keys(server: KeyServer, clock: Clock) -> Jwks:
    """The keys of the server, which nobody read yet."""
    return Jwks("https://login.example.com/keys", "RS256", server, clock)


# How often


def test_keys_are_read_once(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """A key that is known costs no request."""
    assert keys.find(KEY_ID) is not None
    clock.now += REFRESH - 1
    assert keys.find(KEY_ID) is not None
    assert server.asked == 1


def test_nothing_is_read_before_it_is_needed(keys: Jwks, server: KeyServer) -> None:
    """The service starts while the authorization server is down."""
    assert server.asked == 0


def test_unknown_ids_cause_one_request_in_an_interval(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """Clients can invent ids; the authorization server does not suffer from it."""
    for seconds in range(3 * PAUSE):
        clock.now = 1_000 + seconds
        assert keys.find(f"invented-{seconds}") is None
    assert server.asked == 3


def test_a_new_key_is_found(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """The first token with a new key has the keys read anew; the old key counts as long as it is published."""
    assert keys.find(KEY_ID) is not None
    server.answer = key_set(jwk(), jwk(OTHER_KEY, kid="key-2"))
    assert keys.find("key-2") is None
    clock.now += PAUSE
    assert keys.find("key-2") is not None
    assert keys.find(KEY_ID) is not None


def test_a_withdrawn_key_is_refused(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """A token cannot be replayed once its key is gone, by the next refresh at the latest."""
    assert keys.find(KEY_ID) is not None
    server.answer = key_set(jwk(OTHER_KEY, kid="key-2"))
    clock.now += REFRESH
    assert keys.find(KEY_ID) is None


def test_a_replaced_key_is_refused(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """A key under the same id takes the place of the old one."""
    old = keys.find(KEY_ID)
    server.answer = key_set(jwk(OTHER_KEY))
    clock.now += REFRESH
    new = keys.find(KEY_ID)
    assert old is not None
    assert new is not None
    assert new.key.public_numbers() != old.key.public_numbers()


def test_one_request_at_a_time(server: KeyServer, clock: Clock) -> None:
    """While one request reads the keys, others go on with those that are there."""
    entered, leave = Event(), Event()

    def fetch(url: str) -> bytes:
        answer = server(url)
        if server.asked > 1:
            entered.set()
            assert leave.wait(10)
        return answer

    keys = Jwks("https://login.example.com/keys", "RS256", fetch, clock)
    assert keys.find(KEY_ID) is not None
    clock.now += REFRESH
    slow = Thread(target=keys.find, args=[KEY_ID])
    slow.start()
    assert entered.wait(10)
    assert keys.find(KEY_ID) is not None
    leave.set()
    slow.join()
    assert server.asked == 2


def test_whoever_waited_reads_no_more(server: KeyServer, clock: Clock) -> None:
    """Requests that come while the keys are read for the first time share the answer."""
    entered, leave, found = Event(), Event(), []

    def fetch(url: str) -> bytes:
        entered.set()
        assert leave.wait(10)
        return server(url)

    keys = Jwks("https://login.example.com/keys", "RS256", fetch, clock)
    threads = [Thread(target=lambda: found.append(keys.find(KEY_ID))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    leave.set()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert None not in found
    assert server.asked == 1


# When the server is down


def test_without_keys_nothing_can_be_told(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """A server that does not answer is asked once in an interval, and nobody gets in."""
    server.answer = DOWN
    for seconds in range(2 * PAUSE):
        clock.now = 1_000 + seconds
        with pytest.raises(ServiceUnavailable):
            keys.find(KEY_ID)
    assert server.asked == 2
    server.answer = key_set(jwk())
    clock.now += PAUSE
    assert keys.find(KEY_ID) is not None
    assert keys.find("key-2") is None


def test_known_keys_outlive_a_short_failure(keys: Jwks, server: KeyServer, clock: Clock) -> None:
    """A failed refresh leaves the keys until they are too old; then they count no more, though there are no others."""
    assert keys.find(KEY_ID) is not None
    server.answer = DOWN
    clock.now += REFRESH
    assert keys.find(KEY_ID) is not None
    with pytest.raises(ServiceUnavailable):
        keys.find("key-2")
    clock.now += EXPIRY - REFRESH - 0.1
    assert keys.find(KEY_ID) is not None
    clock.now += 0.1
    with pytest.raises(ServiceUnavailable):
        keys.find(KEY_ID)


@pytest.mark.parametrize(
    "answer",
    [b"", b"{", b"[]", b"5", b"null", b"{}", b'{"keys": {}}', b'{"keys": null}', b"<html>", b"\xff", b"[" * 100_000],
    ids=lambda answer: repr(answer[:20]),
)
def test_what_is_no_key_set_is_a_failure(answer: bytes, keys: Jwks, server: KeyServer) -> None:
    """A page of a proxy, for one, is no reason to forget the keys, nor to trust anybody."""
    server.answer = answer
    with pytest.raises(ServiceUnavailable):
        keys.find(KEY_ID)


# Which keys


PRIVATE = {**algorithm_of("RS256").to_jwk(KEY, as_dict=True), "key_ops": None, "kid": KEY_ID, "alg": "RS256"}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(jwk(kid=None), id="no id"),
        pytest.param(jwk(kid=1), id="an id that is a number"),
        pytest.param(jwk(use="enc"), id="for encryption"),
        pytest.param(jwk(alg="RS512"), id="for another algorithm"),
        pytest.param(jwk(alg="HS256"), id="for an HMAC"),
        pytest.param({"kty": "oct", "kid": KEY_ID, "k": "c2VjcmV0"}, id="a secret"),
        pytest.param({"kty": "oct", "kid": KEY_ID, "k": "c2VjcmV0", "alg": "RS256"}, id="a secret that says otherwise"),
        pytest.param(jwk(ec.generate_private_key(ec.SECP256R1()), "ES256"), id="of another type"),
        pytest.param(jwk(ec.generate_private_key(ec.SECP256R1()), "ES256", alg="RS256"), id="of a type that lies"),
        pytest.param(PRIVATE, id="a private key"),
        pytest.param(jwk(kty="XYZ"), id="of an unknown type"),
        pytest.param(jwk(kty=None), id="of no type"),
        pytest.param(jwk(n=5), id="a modulus that is a number"),
        pytest.param(jwk(n=None), id="no modulus"),
        pytest.param(jwk(n="AA", e="AA"), id="a modulus of nothing"),
        pytest.param(jwk(n="ä"), id="a modulus that is no Base64"),
        pytest.param(jwk(n=[]), id="a modulus that is a list"),
        pytest.param("key", id="a string"),
        pytest.param(None, id="null"),
    ],
)
def test_other_keys_are_passed_over(entry: Any, keys: Jwks, server: KeyServer) -> None:
    """A key that is not for the algorithm, or is none, is not there, and does not hide the next one."""
    server.answer = key_set(entry, jwk(kid="key-2"))
    assert keys.find(KEY_ID) is None
    assert keys.find("key-2") is not None


def test_a_key_without_an_algorithm_has_the_one_of_the_setting(keys: Jwks, server: KeyServer) -> None:
    """Entra publishes its keys so."""
    server.answer = key_set(jwk(alg=None, use=None))
    key = keys.find(KEY_ID)
    assert key is not None
    assert key.algorithm_name == "RS256"


# Over HTTP


class Handler(BaseHTTPRequestHandler):
    """Answers by the path."""

    def do_GET(self) -> None:
        """Send what the path says."""
        status, body = {
            "/keys": (200, key_set(jwk())),
            "/large": (200, b" " * (MOST_BYTES + 1)),
            "/redirect": (302, b""),
            "/missing": (404, key_set(jwk())),
            "/broken": (500, key_set(jwk())),
        }[self.path]
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/keys")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def web_server() -> Iterator[str]:
    """The URL of a server on this machine."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_keys_are_fetched(web_server: str) -> None:
    """The body of a successful answer is returned."""
    assert json.loads(fetch_keys(f"{web_server}/keys"))["keys"][0]["kid"] == KEY_ID


@pytest.mark.parametrize("path", ["large", "redirect", "missing", "broken"])
def test_other_answers_are_failures(path: str, web_server: str) -> None:
    """Too large, elsewhere, or no success."""
    with pytest.raises((OSError, ValueError)):
        fetch_keys(f"{web_server}/{path}")


@pytest.mark.parametrize(("path", "status"), [("keys", 200), ("redirect", 503), ("broken", 503), ("large", 503)])
def test_a_service_asks_the_url_of_the_setting(
    path: str, status: int, web_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the keys the answer is 503 with Retry-After, for whoever comes with a JWT, and the log has the reason."""
    caplog.set_level(logging.WARNING)
    app = Flask("jwks")
    entry = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": f"{web_server}/{path}"}
    BsrScim(app, backend="memory://", jwt_issuers=[entry])
    client = Scim(app, token=token(key=KEY))
    response = client.get("/Users")
    assert response.status_code == status
    if status == 503:
        assert_error(response, 503, None, "authorization server's keys")
        assert response.headers["Retry-After"].isdigit()
        assert f"the keys at {web_server}/{path} cannot be read" in caplog.text
        text, _ = service_of(client).tokens.create("default")
        assert with_token(client, text).get("/Users").status_code == 200
        assert_refused(with_token(client, token(iss="https://evil.example.com")).get("/Users"))
