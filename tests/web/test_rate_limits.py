"""Rate limits: how many requests a token may make, and what it is told (RFC 6585 §4)."""

import logging
import time
from typing import Any

import pytest
from flask import Flask
from limits.errors import StorageError
from limits.storage import MemoryStorage

from flask_bsr_scim import BsrScim, ConfigurationError
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.principal import Principal
from flask_bsr_scim.web.rate_limits import PAUSE, RateLimiter
from tests.client import TOKEN, Scim, assert_error
from tests.web.test_guard import UNREAD, assert_refused, new_token, service_of, with_token

ADMIN = "/buf.alpha.registry.v1alpha1.TokenService/ListTokens"


class Clock:
    """Stands still, for the library too, until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that the test moves."""
    return Clock(monkeypatch)


def client(limit: str | None, **settings: Any) -> Scim:
    """Return a client of an application with a limit."""
    app = Flask("limited")
    BsrScim(app, backend="memory://", token=TOKEN, rate_limit=limit, **settings)
    return Scim(app)


def statuses(scim: Scim, count: int) -> list[int]:
    """Return the statuses of as many requests."""
    return [scim.get("/Users").status_code for _ in range(count)]


def test_a_token_may_make_so_many_requests(clock: Clock) -> None:
    """The request after the last allowed one answers 429, with when to come again in whole seconds."""
    scim = client("3/minute")
    assert statuses(scim, 3) == [200] * 3
    clock.now += 20.5
    response = scim.get("/Users")
    assert_error(response, 429, None, "This token may make 3 requests per minute. Try again in 40 seconds.")
    assert response.headers["Retry-After"] == "40"


def test_who_waits_as_told_is_served(clock: Clock) -> None:
    """Retry-After is neither too short nor longer than the rest of the window by a second."""
    scim = client("2/minute")
    statuses(scim, 2)
    clock.now += 0.4
    wait = int(scim.get("/Users").headers["Retry-After"])
    clock.now += wait - 1
    assert statuses(scim, 1) == [429]
    clock.now += 1
    assert statuses(scim, 3) == [200, 200, 429]


@pytest.mark.parametrize(
    ("limit", "detail"),
    [
        ("1/second", "1 request per second. Try again in 1 second."),
        ("1/hour", "1 request per hour. Try again in 3600 seconds."),
        ("1/day", "1 request per day. Try again in 86400 seconds."),
    ],
)
def test_each_unit_of_time(limit: str, detail: str, clock: Clock) -> None:
    """The detail says how much is allowed, and when to try again."""
    scim = client(limit)
    scim.get("/Users")
    assert_error(scim.get("/Users"), 429, None, detail)


def test_tokens_are_counted_apart(clock: Clock) -> None:
    """One token cannot use up another's requests, of the same tenant or not."""
    scim = client("1/minute")
    others = [with_token(scim, new_token(scim, tenant)) for tenant in ("default", "default", "acme")]
    assert statuses(scim, 2) == [200, 429]
    assert [statuses(other, 2) for other in others] == [[200, 429]] * 3


def test_every_method_and_path_counts(clock: Clock) -> None:
    """Also what does not exist, is not allowed or is not valid; the body of a refused request is not read."""
    scim = client("4/minute")
    scim.get("/Nothing")
    scim.delete("/Users")
    scim.post("/Users", b"{")
    scim("OPTIONS", "/")
    assert scim("POST", "/Users", environ=UNREAD).status_code == 429


def test_whoever_has_no_token_counts_for_nobody(clock: Clock) -> None:
    """A wrong token is 401 however often it comes, and takes nothing from a right one; the open endpoint stays open."""
    scim = client("2/minute")
    stranger = with_token(scim, "x" * 20)
    for _ in range(5):
        assert_refused(stranger.get("/Users"))
        assert scim.get("/ServiceProviderConfig", headers={"Authorization": None}).status_code == 200
    assert statuses(scim, 3) == [200, 200, 429]


def test_the_admin_api_counts_too(clock: Clock) -> None:
    """Its calls are refused in its own form."""
    scim = client("2/minute")
    text = new_token(scim, kind=Kind.API, user=scim.user("bob")["id"])
    http = scim.app.test_client()
    answers = [http.post(ADMIN, json={}, headers={"Authorization": f"Bearer {text}"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json["code"] == "resource_exhausted"
    assert answers[2].json["message"] == "This token may make 2 requests per minute. Try again in 60 seconds."
    assert answers[2].headers["Retry-After"] == "60"


def test_the_log_says_whose_requests_are_too_many(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The line of a refused request names the token by its id."""
    caplog.set_level(logging.WARNING)
    statuses(client("1/minute"), 2)
    assert "429" in caplog.text
    assert "token=SCIM_TOKEN" in caplog.text


def test_without_the_setting_nothing_is_counted() -> None:
    """It is decided once, at the start."""
    scim = client(None)
    assert service_of(scim).count is None
    assert read_settings({}).rate_limit is None
    assert statuses(scim, 5) == [200] * 5


def test_a_storage_that_fails_stops_nobody(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests pass uncounted, without waiting for the storage each time, until it answers again."""
    scim, failures = client("1/minute"), []

    def fail(*_: Any, **__: Any) -> None:
        failures.append(clock.now)
        raise StorageError(OSError("connection refused"))

    with monkeypatch.context() as broken:
        broken.setattr(MemoryStorage, "incr", fail)
        assert statuses(scim, 3) == [200] * 3
        clock.now += PAUSE
        assert statuses(scim, 3) == [200] * 3
    assert len(failures) == 2
    assert caplog.text.count("the storage of rate limits does not answer") == 2
    clock.now += PAUSE
    assert statuses(scim, 2) == [200, 429]


def test_a_server_that_is_not_there_is_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """The driver of a real storage: whatever it raises stops nobody."""
    limiter = RateLimiter("1/minute", "redis://127.0.0.1:1/0")
    for _ in range(3):
        limiter(Principal("default", "token", frozenset()))
    assert caplog.text.count("the storage of rate limits does not answer") == 1


@pytest.mark.parametrize("uri", ["redis://", "redis+unix:///tmp/x", "rediss://h", "redis+cluster://h"])
def test_uris_of_storages_are_those_of_the_library(uri: str) -> None:
    """What the library takes is taken, and nothing is asked of it yet."""
    if uri.startswith("redis+cluster"):
        with pytest.raises(ConfigurationError):
            RateLimiter("1/minute", uri)
    else:
        RateLimiter("1/minute", uri)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"rate_limit": limit}, "SCIM_RATE_LIMIT: must be as 600/minute", id=repr(limit))
        for limit in ("600", "0/minute", "-1/minute", "600/fortnight", "600 / minute", "1/s;2/m", "", "9" * 10 + "/day")
    ]
    + [
        pytest.param({"rate_limit_storage": "localhost"}, "SCIM_RATE_LIMIT_STORAGE: must be a URI", id="no URI"),
        pytest.param(
            {"rate_limit": "1/day", "rate_limit_storage": "sqlite://user:secret@h"}, "names no storage", id="not known"
        ),
    ],
)
def test_a_wrong_limit_is_an_error_at_the_start(settings: dict[str, Any], message: str) -> None:
    """The message says what would be right, and shows no password."""
    with pytest.raises(ConfigurationError, match=message) as raised:
        BsrScim(Flask("limits"), backend="memory://", **settings)
    assert "secret" not in str(raised.value)
