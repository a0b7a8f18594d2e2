"""Sends a recording to a server, and compares what it answers."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask_bsr_scim.checks.faults import Answer
from flask_bsr_scim.checks.reading import is_deep
from flask_bsr_scim.checks.runner import Result
from flask_bsr_scim.checks.transport import Request, Transport
from flask_bsr_scim.schema import JSON
from flask_bsr_scim.traffic.differences import differences, learn
from flask_bsr_scim.traffic.gaps import read_message, with_password
from flask_bsr_scim.traffic.placeholders import BASE_URL, PLACEHOLDER, Placeholders, fill, in_strings
from flask_bsr_scim.traffic.recording import Exchange, Recording


@dataclass(frozen=True, slots=True)
class Outcome:
    """A request of a recording, and how it went: what differs, or why it was not sent."""

    exchange: Exchange
    result: Result
    differences: tuple[str, ...] = ()
    reason: str = ""


class Replay:
    """A recording that is sent to a server.

    :param base_url: of the server, without a slash at its end.
    """

    def __init__(self, recording: Recording, transport: Transport, token: str, base_url: str) -> None:
        self._recording, self._transport, self._token, self._base_url = recording, transport, token, base_url
        self._ids, self._placeholders = frozenset(recording.ids), Placeholders()
        self._password = f"Aa1-{secrets.token_urlsafe(12)}"

    def outcomes(self, *, with_given: bool = False) -> Iterator[Outcome]:
        """Send the requests in their order, and yield how each went.

        :param with_given: creates first what was there before.
        :raises Fault: there is no answer.
        """
        for exchange in given_exchanges(self._recording) if with_given else ():
            yield self._sent(exchange, lambda _recorded, _actual: ())
        for exchange in self._recording.exchanges:
            yield self._outcome(exchange)

    def _outcome(self, exchange: Exchange) -> Outcome:
        reason = exchange.skip or self._unknown(exchange)
        if reason:
            return Outcome(exchange, Result.SKIPPED, reason=reason)
        return self._sent(exchange, differences)

    def _unknown(self, exchange: Exchange) -> str:
        """Return what keeps a request from being sent here: an id that this server did not give."""
        named = PLACEHOLDER.findall(json.dumps([exchange.path, exchange.body]))
        missing = next((name for name in named if name in self._ids and name not in self._placeholders.values), "")
        return f"the server gave nothing that {{{missing}}} stands for" if missing else ""

    def _sent(self, exchange: Exchange, compare: Callable[[JSON, JSON], Any]) -> Outcome:
        answer = self._transport(self._request(exchange))
        found = [*_of_status(exchange, answer)]
        if exchange.answer is not None and not found:
            found = [*self._compared(exchange, answer, compare)]
        return Outcome(exchange, Result.FAILED if found else Result.PASSED, tuple(found))

    def _compared(self, exchange: Exchange, answer: Answer, compare: Callable[[JSON, JSON], Any]) -> Iterator[str]:
        body = read_message(answer.body.decode("utf-8", "replace"))
        if is_deep(body):
            yield "body: nested too deeply to be compared"
            return
        self._placeholders.see_base(body)
        learn(exchange.answer, body, self._placeholders)
        yield from compare(exchange.answer, self._placeholders.in_answer(body))

    def _request(self, exchange: Exchange) -> Request:
        values = self._placeholders.values
        path = str(fill(exchange.path, values, lambda value: quote(value, safe="")))
        body = with_password(fill(exchange.body, values), self._password)
        here = in_strings(body, lambda text: text.replace(f"{BASE_URL}/", f"{self._base_url}/"))
        data = None if exchange.body is None else json.dumps(here, ensure_ascii=False).encode()
        return Request(exchange.method, path, self._headers(exchange.headers), data)

    def _headers(self, recorded: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/scim+json", **recorded}


def given_exchanges(recording: Recording) -> Iterator[Exchange]:
    """Yield requests that create what was there before."""
    for endpoint, resources in recording.given.items():
        kind = endpoint.removesuffix("s")
        for name, resource in resources.items():
            yield Exchange(
                number=0,
                client="",
                meaning=f"creates what {{{name}}} stands for",
                method="POST",
                path=f"/{endpoint}",
                headers={"Content-Type": "application/scim+json"},
                body={"schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{kind}"], **_object(resource)},
                status=201,
                answer={"id": f"{{{name}}}"},
            )


def _object(value: JSON) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _of_status(exchange: Exchange, answer: Answer) -> Iterator[str]:
    if answer.status != exchange.status:
        detail = _object(read_message(answer.body.decode("utf-8", "replace"))).get("detail")
        said = f": {detail}" if isinstance(detail, str) else ""
        yield f"status: recorded {exchange.status}, got {answer.status}{said}"
