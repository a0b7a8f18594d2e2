"""From a recording to a transcript, the form of the tests in `tests/idp`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask_bsr_scim.checks.entra import Entra
from flask_bsr_scim.checks.okta import Okta
from flask_bsr_scim.console.clients import ENTRA, OKTA
from flask_bsr_scim.console.masking import HIDDEN
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.traffic.gaps import MORE, is_cut, with_password
from flask_bsr_scim.traffic.placeholders import BASE_URL, PLACEHOLDER, TIME, VERSION
from flask_bsr_scim.traffic.recording import Exchange, Recording

_CLIENTS: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]] = {
    OKTA: ("okta", Okta.headers, Okta.body_headers),
    ENTRA: ("entra", Entra.headers, Entra.body_headers),
}
"""What a client is called in transcripts, and the headers that it sends there without being told."""
_OTHER = ("given", {"Accept": "application/scim+json"}, {"Content-Type": "application/scim+json"})

_ANY, _STRING, _ANY_ORDER = "<any>", "<string>", "<any order>"
_ORDERED = ("Resources", "Operations")
"""Lists of messages, whose order says something."""
_PASSWORD = "Aa1-made-up-password"
_LOCATION = re.compile(rf"{re.escape(BASE_URL)}/(\w+)/{PLACEHOLDER.pattern}")
_MATCHER = re.compile(r"<[a-z].*>", re.DOTALL)


def left_out(exchange: Exchange) -> str:
    """Return why a request is in no transcript, empty when it can be."""
    if exchange.dialect not in ("", Dialect.DEFAULT):
        return f"its token speaks the dialect {exchange.dialect}"
    return exchange.skip


def make_transcript(recording: Recording, title: str, source: str) -> dict[str, Any]:
    """Return a transcript of all requests that can be in one; its form is that of `tests/idp/README.md`.

    :param source: what shows the traffic.
    """
    chosen = [exchange for exchange in recording.exchanges if not left_out(exchange)]
    client = _CLIENTS.get(chosen[0].client, _OTHER) if chosen else _OTHER
    given = {name for resources in recording.given.values() for name in resources}
    unknown = set(recording.ids) - given
    return {
        "title": title,
        "source": source,
        "client": client[0],
        **({"profiles": [recording.profile]} if recording.profile != "bsr" else {}),
        **({"given": recording.given} if recording.given else {}),
        "exchanges": [_exchange(exchange, client, unknown) for exchange in chosen],
    }


def _exchange(exchange: Exchange, client: Any, unknown: set[str]) -> dict[str, Any]:
    response: dict[str, Any] = {"status": exchange.status}
    if exchange.answer is not None:
        response["body"] = _expected(exchange.answer, unknown)
    return {"note": exchange.meaning, "request": dict(_request(exchange, *client[1:])), "response": response}


def _request(exchange: Exchange, usual: Mapping[str, str], with_body: Mapping[str, str]) -> Iterator[tuple[str, JSON]]:
    yield "method", exchange.method
    yield "path", exchange.path
    sent = {**usual, **(with_body if exchange.body is not None else {})}
    wanted = {name: exchange.headers.get(name) for name in ("User-Agent", "Content-Type")}
    if headers := {name: value for name, value in wanted.items() if value != sent.get(name)}:
        yield "headers", headers
    if exchange.body is not None:
        yield "body", with_password(exchange.body, _PASSWORD)


def _expected(value: JSON, unknown: set[str], name: str = "") -> JSON:
    """Return what an answer must be like; what a placeholder stands for is captured where it first stands alone."""
    match value:
        case dict():
            return {
                key: _expected(value[key], unknown, key) for key in sorted(value, key=lambda key: _rank(value, key))
            }
        case list():
            return _list(value, unknown, name)
        case str():
            return _string(value, unknown, name)
    return value


def _rank(owner: Mapping[str, JSON], name: str) -> bool:
    """Return what is sorted by: what can be captured comes before what is made of it."""
    value = owner[name]
    return not (isinstance(value, str) and PLACEHOLDER.fullmatch(value))


def _list(value: list[JSON], unknown: set[str], name: str) -> JSON:
    """Return what a list must be like; the order of the values of an attribute means nothing (RFC 7643 §2.4)."""
    last = value[-1] if value else None
    more = MORE.fullmatch(last) if isinstance(last, str) else None
    if more:
        return f"<list of {len(value) - 1 + int(more[1])}>"
    items = [_expected(item, unknown) for item in value]
    is_free = len(items) > 1 and name not in _ORDERED and all(isinstance(item, dict) for item in items)
    return [_ANY_ORDER, *items] if is_free else items


def _string(text: str, unknown: set[str], name: str) -> str:
    if text in (TIME, VERSION):
        return text
    if name == "detail" or _MATCHER.fullmatch(text):
        return _STRING
    if text == HIDDEN or is_cut(text):
        return _ANY
    found = PLACEHOLDER.fullmatch(text)
    if found and found[1] in unknown:
        unknown.remove(found[1])
        return f"<capture {found[1]}>"
    located = _LOCATION.fullmatch(text)
    if name == "location" and located and located[2] in unknown:
        unknown.remove(located[2])
        return f"<locating {located[1]}/{located[2]}>"
    return _STRING if unknown.intersection(PLACEHOLDER.findall(text)) else text
