"""What a list has to be: a ListResponse, and one whose numbers are true."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_bsr_scim.checks.expectations import expect_status, json_text, json_type, read_object
from flask_bsr_scim.checks.faults import Answer, Fault, Kind

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


class Page(NamedTuple):
    """A ListResponse; `start` and `size` are None where `startIndex` and `itemsPerPage` are missing."""

    total: int
    start: int | None
    size: int | None
    resources: list[dict[str, Any]]


def read_list(answer: Answer, start: int = 1, count: int | None = None) -> Page:
    """Return the page of a 200 answer to a query (RFC 7644 §3.4.2).

    :param start: the `startIndex` that was asked for.
    :param count: the `count` that was asked for.
    :raises Fault: it is no complete ListResponse, or its numbers contradict its resources.
    """
    page = read_results(answer)
    check_page(page, answer, start, count)
    return page


def read_results(answer: Answer) -> Page:
    """Return the page of a 200 answer to a query, whatever its numbers say; those of pages may be missing.

    :raises Fault: it is no ListResponse.
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
    return Page(body["totalResults"], body.get("startIndex"), body.get("itemsPerPage"), resources)


def _check_types(body: Mapping[str, Any], rfc: str, answer: Answer) -> None:
    if "totalResults" not in body:
        raise _missing("totalResults", rfc, answer)
    for name in ("totalResults", "startIndex", "itemsPerPage"):
        if name in body and type(value := body[name]) is not int:
            problem = f"{name} is {json_type(value)}: {json_text(value)}."
            raise Fault(Kind.TYPES, problem, f"Send {name} as a JSON integer, without quotes.", rfc, answer)
    if body.get("schemas") != [LIST_RESPONSE]:
        problem = f"schemas is {json_text(body.get('schemas'))}." if "schemas" in body else "schemas is missing."
        raise Fault(Kind.TYPES, problem, f'Send "schemas": ["{LIST_RESPONSE}"].', rfc, answer)
    if not all(isinstance(resource, dict) for resource in body["Resources"]):
        raise Fault(Kind.TYPES, "Resources holds what is no object.", "Send resources, whole.", rfc, answer)


def _missing(name: str, rfc: str, answer: Answer) -> Fault:
    return Fault(Kind.TYPES, f"{name} is missing.", f"Send {name} as a JSON integer, without quotes.", rfc, answer)


def check_page(page: Page, answer: Answer, start: int = 1, count: int | None = None) -> None:
    """Check the numbers of a page (RFC 7644 §3.4.2.4).

    :raises Fault: one is missing, or contradicts the resources.
    """
    total, amount, rfc = page.total, len(page.resources), "RFC 7644 §3.4.2.4"
    for name, number in (("startIndex", page.start), ("itemsPerPage", page.size)):
        if number is None:
            raise _missing(name, "RFC 7644 §3.4.2", answer)
    for wrong, problem, change in (
        (page.size != amount, f"itemsPerPage is {page.size}, and there are {amount} resources.",
         "Send the number of resources on this page, not the number that was asked for."),
        (count is not None and amount > (count or 0), f"There are {amount} resources, and {count} were asked for.",
         "Send no more resources than count says."),
        (page.start != start, f"startIndex is {page.start}, and {start} was asked for.",
         "Begin at startIndex, counted from 1."),
        (amount > 0 and total < start - 1 + amount,
         f"totalResults is {total}, and this page ends with number {start - 1 + amount}.",
         "Count all resources that match, not those on the page: an import stops at totalResults."),
        (amount == 0 and total >= start,
         f"totalResults is {total}, and the page that begins at {start} is empty.",
         "Count only what can be listed, and fill each page: an import goes on until totalResults is reached."),
    ):  # fmt: skip
        if wrong:
            raise Fault(Kind.CONTENT, problem, change, rfc, answer)
