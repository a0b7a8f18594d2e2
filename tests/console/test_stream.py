"""Requests appear by themselves: streams of events, and what takes their place."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web import server
from flask_bsr_scim.web.console import traffic
from tests.console.visiting import OKTA, ROOT, Site, Visitor


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between two looks at the journal."""
    monkeypatch.setattr(traffic, "_PAUSE", 0.0)


def opened(visitor: Visitor, query: str = "", **headers: str) -> Any:
    """Return a stream that is open."""
    return visitor.http.get(f"{ROOT}traffic/stream{query}", headers=headers, buffered=False)


def events(response: Any) -> Iterator[tuple[str, Any]]:
    """Yield the events of a stream: their id, and their data."""
    for piece in response.iter_encoded():
        lines = dict(line.split(": ", 1) for line in piece.decode().splitlines() if line and not line.startswith(":"))
        if "data" in lines:
            yield lines["id"], json.loads(lines["data"])


def test_requests_arrive(site: Site, visitor: Visitor) -> None:
    """A stream sends what comes after the page, once, with the number behind which the next stream goes on."""
    site.send("GET", "/Users")
    response = opened(visitor, "?last=1")
    assert response.content_type == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    arriving = events(response)
    site.send("GET", "/Groups")
    site.send("GET", "/Users/x")
    number, data = next(arriving)
    assert (number, data["last"], data["html"].count("<li")) == ("3", 3, 2)
    site.send("GET", "/Schemas")
    assert next(arriving)[0] == "4"
    response.close()


def test_a_stream_is_resumed(site: Site, visitor: Visitor) -> None:
    """A browser that comes again gets what it has not seen, whatever the address of the stream says."""
    for _ in range(3):
        site.send("GET", "/Users")
    response = opened(visitor, "?last=0", **{"Last-Event-ID": "2"})
    _, data = next(events(response))
    assert data["html"].count("<li") == 1
    response.close()


def test_a_stream_is_chosen(site: Site, visitor: Visitor) -> None:
    """A stream sends what the page shows, and goes on behind the rest."""
    site.send("GET", "/Users")
    site.send("GET", "/Users/x")
    site.send("GET", "/Users")
    response = opened(visitor, "?only=errors")
    number, data = next(events(response))
    assert (number, data["html"].count("<li")) == ("3", 1)
    response.close()


def test_a_stream_ends(site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream gives its thread back after a while."""
    monkeypatch.setattr(traffic, "_SECONDS", 0.05)
    with opened(visitor) as response:
        assert list(response.iter_encoded()) == [b"retry: 1000\n\n"]


def test_a_stream_ends_with_the_session(site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is out gets nothing more."""
    monkeypatch.setattr(traffic, "_CHECKED", 0.0)
    response = opened(visitor)
    pieces = response.iter_encoded()
    assert next(pieces) == b"retry: 1000\n\n"
    assert next(pieces) == b": still here\n\n"
    for token in list(site.service.tokens.list("default")):
        if token.kind is Kind.API:
            site.service.tokens.delete("default", token.id)
    site.send("GET", "/Users")
    assert all(piece.startswith(b":") for piece in pieces)
    response.close()


def test_streams_are_bounded(in_memory: Callable[..., Site]) -> None:
    """A process has some streams; who gets none asks instead, and a stream that was closed is free again."""
    site = in_memory()
    visitor = site.visitor()
    streams = [opened(visitor) for _ in range(traffic.STREAMS)]
    assert {stream.status_code for stream in streams} == {200}
    assert opened(visitor).status_code == 204
    site.scim.get("/Users", headers=OKTA)
    site.recorder.flush()
    rows = visitor.get("traffic/rows?last=0").json
    assert (rows["last"], rows["html"].count("<li")) == (1, 1)
    assert visitor.get("traffic/rows?last=1").json == {"last": 1, "html": ""}
    streams.pop().close()
    again = opened(visitor)
    assert again.status_code == 200
    for stream in (again, *streams):
        stream.close()


def test_streams_take_a_quarter_of_the_threads() -> None:
    """The standalone server has threads enough for requests, however many watch."""
    assert traffic.STREAMS == server.THREADS // 4


@pytest.mark.parametrize("call", ["_journal", "_recall"])
def test_a_store_that_fails_ends_the_stream(
    site: Site, visitor: Visitor, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """When the store does not answer, the browser tries again."""
    from flask_bsr_scim.errors import StoreUnavailable

    def refuse(*_: Any) -> Any:
        raise StoreUnavailable("down")

    response = opened(visitor)
    pieces = response.iter_encoded()
    assert next(pieces).startswith(b"retry")
    monkeypatch.setattr(traffic, "_CHECKED", 0)
    monkeypatch.setattr(site.service.backend, call, refuse)
    assert list(pieces) == [b": still here\n\n"]
    response.close()
