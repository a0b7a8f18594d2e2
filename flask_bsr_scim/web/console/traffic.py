"""The traffic of the connectors: a list that grows by itself, and one request with all that is known of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, NamedTuple
from urllib.parse import urlencode

import flask
import orjson

from flask_bsr_scim.backends.base import JournalEntry
from flask_bsr_scim.console.explanations import explain
from flask_bsr_scim.console.traffic import Record
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.traffic.refusals import refusals
from flask_bsr_scim.web.console.lookups import describe_token
from flask_bsr_scim.web.console.page import Asked, Gone, Shown, render

STREAMS = 4
"""Streams of a process: each holds one of its threads, of which the standalone server has four times as many."""

_SECONDS = 25
"""Seconds after which a stream ends; the browser opens another one, behind the last request that it has."""
_PAUSE = 0.5
_CHECKED = 2
"""Seconds between two looks at whether the session is still live."""

_OTHER = re.compile(r"\bid ([0-9A-Za-z-]{1,64})\)")
"""The resource that has a value which is unique, in the words of the answer."""

_PAGE = 50
_READ = 200
_MOST_READ = 2000
_MOST_AT_ONCE = 100
"""Requests that a stream sends in one piece: of more, the last ones."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which requests are shown."""

    words: str = ""
    only: str = ""
    client: str = ""

    def takes(self, record: Record) -> bool:
        """Tell whether a request is one of them."""
        return (
            (not self.words or record.says(self.words))
            and (self.only != "errors" or record.refused)
            and (self.only != "changes" or record.method not in ("GET", "HEAD"))
            and (self.only != "tolerances" or bool(record.tolerances))
            and self.client in ("", record.client)
        )


class Row(NamedTuple):
    """A request, and its number in the journal."""

    number: int
    record: Record


def answer(asked: Asked) -> Shown | flask.Response:
    """Return the list, more of it, or one request."""
    if not asked.tail:
        return _list(asked)
    if asked.tail == "stream":
        return _stream(asked)
    if asked.tail == "rows":
        return flask.Response(_event(asked, _number(asked, "last")), content_type="application/json")
    if not asked.tail.isascii() or not asked.tail.isdigit() or len(asked.tail) > 15:
        raise Gone()
    return _one(asked, int(asked.tail))


def _list(asked: Asked) -> Shown:
    choice = _choice(asked)
    before = _number(asked, "before") or None
    rows, end = _walk(asked, choice, before)
    newest = asked.store.backend.journal(asked.guest.tenant, count=1, reverse=True)
    return Shown(
        "traffic.html",
        {
            "rows": sorted(rows, key=_moment, reverse=True),
            "choice_made": choice,
            "clients": [(client, client) for client in _clients(rows, choice)],
            "older": _older(choice, end),
            "is_first": before is None,
            "last": newest[0].number if newest else 0,
            "settings": asked.service.settings,
        },
    )


def _older(choice: Choice, before: int | None) -> str:
    if before is None:
        return ""
    kept = {"q": choice.words, "only": choice.only, "client": choice.client}
    return "?" + urlencode({**{name: value for name, value in kept.items() if value}, "before": before})


def _clients(rows: list[Row], choice: Choice) -> list[str]:
    return sorted({row.record.client for row in rows} | ({choice.client} if choice.client else set()))


def _one(asked: Asked, number: int) -> Shown:
    entries = asked.store.backend.journal(asked.guest.tenant, after=number - 1, count=1)
    if not entries or entries[0].number != number:
        raise Gone("This request is not kept any more.")
    record = Record.read(entries[0].text)
    token = describe_token(asked, record.token_id)
    other = _OTHER.search(record.detail) if record.scim_type == "uniqueness" else None
    return Shown(
        "request.html",
        {
            "number": number,
            "record": record,
            "explanation": explain(record),
            "token": token,
            "refusals": [*refusals(record.method, record.target, record.tolerances)],
            "other": f"{record.target.strip('/').partition('/')[0].lower()}/{other[1]}" if other else "",
        },
    )


def _choice(asked: Asked) -> Choice:
    return Choice(asked.argument("q").lower(), asked.argument("only"), asked.argument("client"))


def _number(asked: Asked, name: str) -> int:
    text = asked.argument(name, 15)
    return int(text) if text.isascii() and text.isdigit() else 0


def _walk(asked: Asked, choice: Choice, before: int | None) -> tuple[list[Row], int | None]:
    """Return the requests before a number that are chosen, the latest first, and the number where the next page begins.

    A page looks through so many and no more: then it may have few requests, or none, though there are others.
    """
    found = list[Row]()
    for _ in range(_MOST_READ // _READ):
        entries = asked.store.backend.journal(asked.guest.tenant, after=before, count=_READ, reverse=True)
        for row in map(_row, entries):
            if choice.takes(row.record):
                if len(found) == _PAGE:
                    return found, found[-1].number
                found.append(row)
        if len(entries) < _READ:
            return found, None
        before = entries[-1].number
    return found, before


def _row(entry: JournalEntry) -> Row:
    return Row(entry.number, Record.read(entry.text))


def _moment(row: Row) -> float:
    """Return when a request came: several processes write what they answered, each a moment later."""
    return row.record.at


def _event(asked: Asked, last: int) -> bytes:
    """Return what came behind a number: the number of the last request, and the HTML of those that are chosen."""
    choice = _choice(asked)
    entries = asked.store.backend.journal(asked.guest.tenant, after=last, count=_MOST_AT_ONCE)
    rows = sorted((row for row in map(_row, entries) if choice.takes(row.record)), key=_moment, reverse=True)
    content: dict[str, Any] = {
        "last": entries[-1].number if entries else last,
        "html": render("rows.html", rows=rows, root=asked.root[3:] or "./") if rows else "",
    }
    return orjson.dumps(content)


def _stream(asked: Asked) -> flask.Response:
    """Answer with server-sent events; with 204 when the process has no stream to give, so that the browser asks."""
    if not asked.streams.acquire(blocking=False):
        return flask.Response(status=204)
    resumed = asked.request.headers.get("Last-Event-ID", "")
    last = int(resumed) if resumed.isascii() and resumed.isdigit() and len(resumed) < 16 else _number(asked, "last")
    response = flask.Response(_events(asked, last), content_type="text/event-stream; charset=utf-8")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(asked.streams.release)
    return response


def _events(asked: Asked, last: int) -> Iterator[bytes]:
    yield b"retry: 1000\n\n"
    end, checked = monotonic() + _SECONDS, monotonic()
    while monotonic() < end:
        is_due = monotonic() - checked >= _CHECKED
        if is_due:
            checked = monotonic()
            yield b": still here\n\n"
        try:
            if is_due and not asked.sessions.is_live(asked.guest.session):
                return
            event = _event(asked, last)
        except StoreUnavailable:
            return
        newest: int = orjson.loads(event)["last"]
        if newest != last:
            last = newest
            yield b"id: %d\ndata: %s\n\n" % (last, event)
        sleep(_PAUSE)
