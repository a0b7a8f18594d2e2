"""What an answer has to be, whoever asks; each expectation knows the cause and the section of the RFC."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_bsr_scim.checks.faults import Answer, Fault, Kind
from flask_bsr_scim.checks.reading import parsed
from flask_bsr_scim.errors import shown

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
    407: (
        "A proxy in front of the server wants credentials of its own: let requests with a token pass, or go past it.",
        "RFC 9110 §15.5.8",
    ),
    409: ("Something else has one of these values: say in detail which attribute and value.", "RFC 7644 §3.3"),
    415: ("Take bodies of the type application/scim+json, with and without a charset.", "RFC 7644 §3.1"),
    429: ("Allow more requests, and send Retry-After in whole seconds with 429.", ""),
    501: ("Implement this request: it is what the identity provider sends.", "RFC 7644 §3.2"),
}
_OF_THE_CLIENT = {401, 403, 407, 429}
"""Statuses that say the same of every request."""

_REDIRECT = (
    "It redirects to {}, and no redirect is followed: enter the base URL where the server itself answers. "
    "If that is a sign-in page, let requests with a token through."
)
_LOG = "Look into the log of the server, and of what is in front of it."
_NGROK = {
    "ERR_NGROK_3200": "No tunnel runs at this address: start ngrok, or take the address that it shows now.",
    "ERR_NGROK_6024": "ngrok shows its warning page for browsers: let nothing between send a browser's User-Agent.",
    "ERR_NGROK_8012": "The tunnel runs, and nothing listens behind it: start the server, or check the tunnel's port.",
}


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
    raise Fault(Kind.STATUS, problem, *_advice(answer, change, rfc), answer)


def _any_of(statuses: Iterable[int]) -> str:
    return " or ".join(map(str, statuses))


def _advice(answer: Answer, change: str, rfc: str) -> tuple[str, str]:
    """Return what to change, and the section: first what tells who answered, then what this request needs."""
    if cause := ngrok_cause(answer):
        return cause, ""
    if 300 <= answer.status < 400 and (location := answer.headers.get("location")):
        return _REDIRECT.format(shown(location, length=200)), ""
    if answer.status >= 500:
        return _STATUSES.get(answer.status, (_LOG, ""))
    usual = _STATUSES.get(answer.status, ("Answer with the status that the section asks for.", ""))
    advice = (change, rfc) if change and answer.status not in _OF_THE_CLIENT else usual
    return page_cause(answer) or advice[0], advice[1]


def detail_of(answer: Answer) -> str | None:
    """Return the `detail` of a SCIM Error (RFC 7644 §3.12), or None."""
    try:
        body = parsed(answer.body)
    except ValueError:
        return None
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) and detail else None


def ngrok_cause(answer: Answer) -> str | None:
    """Return why ngrok answered in the place of the server, or None where it did not."""
    code = answer.headers.get("ngrok-error-code")
    return _NGROK.get(code, f"ngrok answered in the place of the server: {shown(code)}.") if code else None


def page_cause(answer: Answer) -> str | None:
    """Return why a web page came in the place of SCIM, or None where none did."""
    if (cause := ngrok_cause(answer)) or not is_page(answer):
        return cause
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
        body = parsed(answer.body)
    except ValueError:
        start = shown(answer.body[:60].decode("utf-8", "replace"))
        raise Fault(
            Kind.BODY,
            f"The body is not JSON that can be read: it begins with {start}.",
            f"Answer with {what}.",
            rfc,
            answer,
        ) from None
    if not isinstance(body, dict):
        raise Fault(Kind.BODY, f"The body is {json_type(body)}, not an object.", f"Answer with {what}.", rfc, answer)
    return body


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
            problem = f"{path} is {json_text(found)}, not {json_text(value)}."
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


def json_text(value: Any) -> str:
    """Return a value as a sentence shows it."""
    return "missing" if value is None else shown(json.dumps(value, ensure_ascii=False), length=200)[1:-1]
