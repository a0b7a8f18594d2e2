"""What an answer has to be, whoever asks; each expectation knows the cause and the section of the RFC."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from flask_bsr_scim.checks.faults import Answer, Fault, Kind
from flask_bsr_scim.errors import shown

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

_PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|<body)", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)

_STATUSES: dict[int, tuple[str, str]] = {
    400: ("Take this request: it is what the identity provider sends.", "RFC 7644 §3.12"),
    401: (
        "Check the token (mistyped, expired, of another tenant or kind), and that no proxy drops Authorization.",
        "RFC 7644 §2",
    ),
    403: ("Give the token the right to read and write users and groups.", "RFC 7644 §2"),
    404: ("Check the base URL: what follows it must be /Users and /Groups.", "RFC 7644 §3.2"),
    405: ("Implement this method on this path.", "RFC 7644 §3.2"),
    406: ("Serve whoever accepts application/scim+json.", "RFC 7644 §3.1"),
    409: ("Something else has one of these values: say in detail which attribute and value.", "RFC 7644 §3.3"),
    415: ("Take bodies of the type application/scim+json, with and without a charset.", "RFC 7644 §3.1"),
    429: ("Allow more requests, and send Retry-After in whole seconds with 429.", ""),
    501: ("Implement this method on this path.", "RFC 7644 §3.2"),
}
_OF_THE_CLIENT = {401, 403, 429}
"""Statuses that say the same of every request."""

_NGROK = {
    "ERR_NGROK_3200": "No tunnel runs at this address: start ngrok, or take the address that it shows now.",
    "ERR_NGROK_6024": "ngrok shows its warning page for browsers: let nothing between send a browser's User-Agent.",
    "ERR_NGROK_8012": "The tunnel runs, and nothing listens behind it: start the server, or check the tunnel's port.",
}


class Page(NamedTuple):
    """A ListResponse."""

    total: int
    start: int
    resources: list[dict[str, Any]]


def expect_status(answer: Answer, *allowed: int, change: str = "", rfc: str = "") -> None:
    """Check the status.

    :param change: what to change, and in `rfc` why, where that is more than a status alone can tell.
    :raises Fault: it is another one.
    """
    if answer.status in allowed:
        return
    detail = detail_of(answer)
    problem = f"The status is {answer.status}{f' {answer.reason}' if answer.reason else ''}"
    problem += f", with the detail {shown(detail, length=300)}." if detail else f", not {_any_of(allowed)}."
    advice = _STATUSES.get(answer.status, (_usual_change(answer), ""))
    if change and answer.status not in _OF_THE_CLIENT:
        advice = change, rfc
    raise Fault(Kind.STATUS, problem, page_cause(answer) or advice[0], advice[1], answer)


def _any_of(statuses: Iterable[int]) -> str:
    return " or ".join(map(str, statuses))


def _usual_change(answer: Answer) -> str:
    if 300 <= answer.status < 400:
        location = shown(answer.headers.get("location", ""), length=200)
        return f"Enter the address itself as the base URL: it redirects to {location}, and no redirect is followed."
    if answer.status >= 500:
        return "Look into the log of the server, and of what is in front of it."
    return "Answer with the status that the section asks for."


def detail_of(answer: Answer) -> str | None:
    """Return the `detail` of a SCIM Error (RFC 7644 §3.12), or None."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return None
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) and detail else None


def page_cause(answer: Answer) -> str | None:
    """Return why a web page came in the place of SCIM, or None where none did."""
    code = answer.headers.get("ngrok-error-code")
    if code:
        return _NGROK.get(code, f"ngrok answered in the place of the server: {shown(code)}.")
    if not is_page(answer):
        return None
    title = _TITLE.search(answer.body)
    named = f", titled {shown(title[1].decode('utf-8', 'replace').strip())}" if title else ""
    return (
        f"A web page came{named}: a sign-in page or a proxy answers in the place of the server, "
        "or the base URL points to the application and not to its SCIM service."
    )


def is_page(answer: Answer) -> bool:
    """Tell whether an answer is HTML."""
    return "html" in answer.headers.get("content-type", "").lower() or _PAGE.match(answer.body) is not None


def read_object(answer: Answer, what: str, rfc: str) -> dict[str, Any]:
    """Return the JSON object of a body.

    :param what: what it should be, as `the user`.
    :raises Fault: there is none.
    """
    if not answer.body.strip():
        raise Fault(Kind.BODY, "The body is empty.", f"Answer with {what}, whole.", rfc, answer)
    if (cause := page_cause(answer)) is not None:
        raise Fault(Kind.BODY, "The body is a web page, not JSON.", cause, rfc, answer)
    try:
        body = json.loads(answer.body)
    except ValueError:
        start = shown(answer.body[:60].decode("utf-8", "replace"))
        raise Fault(
            Kind.BODY, f"The body is not JSON: it begins with {start}.", f"Answer with {what}.", rfc, answer
        ) from None
    if not isinstance(body, dict):
        raise Fault(Kind.BODY, f"The body is {json_type(body)}, not an object.", f"Answer with {what}.", rfc, answer)
    return body


def read_list(answer: Answer, start: int = 1, count: int | None = None) -> Page:
    """Return the page of a 200 answer to a query (RFC 7644 §3.4.2).

    :param start: the `startIndex` that was asked for.
    :param count: the `count` that was asked for.
    :raises Fault: it is no complete ListResponse, or its numbers contradict its resources.
    """
    rfc = "RFC 7644 §3.4.2"
    expect_status(answer, 200, rfc=rfc)
    body = read_object(answer, "a ListResponse", rfc)
    resources = body.get("Resources")
    if not isinstance(resources, list):
        problem = "is missing" if "Resources" not in body else f"is {json_type(resources)}, not an array"
        change = "Send Resources with every ListResponse, also when it is empty: []."
        raise Fault(Kind.LIST, f"Resources {problem}.", change, rfc, answer)
    _check_types(body, rfc, answer)
    _check_numbers(body, len(resources), start, count, answer)
    return Page(body["totalResults"], body.get("startIndex", start), resources)


def _check_types(body: Mapping[str, Any], rfc: str, answer: Answer) -> None:
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        value = body.get(name)
        if type(value) is not int:
            problem = f"{name} is missing." if name not in body else f"{name} is {json_type(value)}: {_text(value)}."
            raise Fault(Kind.TYPES, problem, f"Send {name} as a JSON integer, without quotes.", rfc, answer)
    if body.get("schemas") != [LIST_RESPONSE]:
        problem = f"schemas is {_text(body.get('schemas'))}." if "schemas" in body else "schemas is missing."
        raise Fault(Kind.TYPES, problem, f'Send "schemas": ["{LIST_RESPONSE}"].', rfc, answer)
    if not all(isinstance(resource, dict) for resource in body["Resources"]):
        raise Fault(Kind.TYPES, "Resources holds what is no object.", "Send resources, whole.", rfc, answer)


def _check_numbers(body: Mapping[str, Any], amount: int, start: int, count: int | None, answer: Answer) -> None:
    total, first, size = body["totalResults"], body["startIndex"], body["itemsPerPage"]
    rfc = "RFC 7644 §3.4.2.4"
    for wrong, problem, change in (
        (size != amount, f"itemsPerPage is {size}, and there are {amount} resources.",
         "Send the number of resources on this page, not the number that was asked for."),
        (count is not None and amount > (count or 0), f"There are {amount} resources, and {count} were asked for.",
         "Send no more resources than count says."),
        (first != start, f"startIndex is {first}, and {start} was asked for.", "Begin at startIndex, counted from 1."),
        (amount > 0 and total < start - 1 + amount,
         f"totalResults is {total}, and this page ends with number {start - 1 + amount}.",
         "Count all resources that match, not those on the page: an import stops at totalResults."),
        (amount == 0 and total >= start,
         f"totalResults is {total}, and the page that begins at {start} is empty.",
         "Count only what can be listed, and fill each page: an import goes on until totalResults is reached."),
    ):  # fmt: skip
        if wrong:
            raise Fault(Kind.CONTENT, problem, change, rfc, answer)


def read_resource(answer: Answer, what: str, rfc: str, identifier: str | None = None) -> dict[str, Any]:
    """Return a resource with its id.

    :param identifier: the id that it has to have.
    :raises Fault: it is none, or another one.
    """
    body = read_object(answer, what, rfc)
    check_id(body, what, answer, identifier)
    return body


def check_id(
    resource: Mapping[str, Any], what: str, answer: Answer | None = None, identifier: str | None = None
) -> None:
    """Check the id of a resource (RFC 7643 §3.1).

    :raises Fault: it is no string, not usable, or another one than before.
    """
    found = resource.get("id")
    change = "Give each resource an id that is a string and never changes; the identity provider keeps it."
    if not isinstance(found, str) or not found:
        problem = f"The id of {what} is {json_type(found)}." if "id" in resource else f"{what.capitalize()} has no id."
        raise Fault(Kind.TYPES, problem, change, "RFC 7643 §3.1", answer)
    if "bulkid" in found.lower():
        raise Fault(Kind.CONTENT, f"The id {shown(found)} holds the word bulkId.", change, "RFC 7643 §3.1", answer)
    if identifier is not None and found != identifier:
        problem = f"The id of {what} is {shown(found)}, and was {shown(identifier)}."
        raise Fault(Kind.CONTENT, problem, change, "RFC 7643 §3.1", answer)


def expect_values(
    resource: Mapping[str, Any], expected: Mapping[str, Any], change: str, rfc: str, answer: Answer | None = None
) -> None:
    """Check attributes by their paths, `name.givenName` for one.

    :raises Fault: one is missing, or has another value or type.
    """
    for path, value in expected.items():
        found = value_at(resource, path)
        if type(found) is not type(value) or found != value:
            problem = f"{path} is {_text(found)}, not {_text(value)}."
            raise Fault(Kind.CONTENT, problem, change, rfc, answer)


def value_at(resource: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path of names; `emails` gives the value of the primary or first address; None for none."""
    value: Any = resource
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if path == "emails":
        addresses = [element for element in value or () if isinstance(element, dict)]
        primary = next((element for element in addresses if element.get("primary") is True), *addresses[:1] or [{}])
        return primary.get("value")
    return value


def json_type(value: Any) -> str:
    """Return the name of a value's JSON type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
    return "an object"


def _text(value: Any) -> str:
    return "missing" if value is None else shown(json.dumps(value, ensure_ascii=False), length=200)[1:-1]
