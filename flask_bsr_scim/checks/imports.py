"""An import: all pages of an endpoint, and whether they fit together."""

from collections.abc import Callable
from typing import Any

from flask_bsr_scim.checks.connector import Connector
from flask_bsr_scim.checks.expectations import check_id
from flask_bsr_scim.checks.faults import Answer, Fault, Kind
from flask_bsr_scim.checks.pages import read_list
from flask_bsr_scim.errors import shown

COUNT = 100
"""Resources that Okta asks for at once."""

MOST_PAGES = 50
"""Pages that are read; a directory that is larger is read in part, and a warning says so."""

_RFC = "RFC 7644 §3.4.2.4"

Ask = Callable[[int, int], Answer]
"""Asks for a page by `startIndex` and `count`."""


def read_all(ask: Ask, connector: Connector) -> tuple[list[dict[str, Any]], bool]:
    """Return the resources of an endpoint in their order, and whether these are all.

    :raises Fault: a page is no complete ListResponse, repeats what another one had, or lies beyond the end and is
        not empty.
    """
    found: dict[str, dict[str, Any]] = {}
    for number in range(MOST_PAGES):
        start = number * COUNT + 1
        answer = ask(start, COUNT)
        page = read_list(answer, start, COUNT)
        for resource in page.resources:
            check_id(resource, "a resource of the list", answer)
            _add(found, resource, answer)
        if start + len(page.resources) > page.total:
            _check_end(ask, start + COUNT)
            return list(found.values()), True
    connector.warnings.append(f"The directory is large: the first {len(found)} resources were read.")
    return list(found.values()), False


def _add(found: dict[str, dict[str, Any]], resource: dict[str, Any], answer: Answer) -> None:
    if resource["id"] in found:
        problem = f"The id {shown(resource['id'])} is on two pages, so another resource may be on none."
        raise Fault(
            Kind.CONTENT, problem, "Keep one order over all pages, by the time of creation for one.", _RFC, answer
        )
    found[resource["id"]] = resource


def _check_end(ask: Ask, start: int) -> None:
    answer = ask(start, COUNT)
    page = read_list(answer, start, COUNT)
    if page.resources:
        problem = f"The page that begins at {start}, beyond the end, has {len(page.resources)} resources."
        raise Fault(Kind.CONTENT, problem, "Answer a page beyond the end with an empty list.", _RFC, answer)


def check_order(ask: Ask, resources: list[dict[str, Any]]) -> None:
    """Check that a page of one resource has the one that stands in its place in the whole list.

    :raises Fault: it has another one.
    """
    if len(resources) < 2:
        return
    answer = ask(2, 1)
    page = read_list(answer, 2, 1)
    if [resource.get("id") for resource in page.resources] != [resources[1]["id"]]:
        problem = "With startIndex=2&count=1 comes another resource than the second of the whole list."
        raise Fault(Kind.CONTENT, problem, "Keep one order for every page size.", _RFC, answer)


def find(resources: list[dict[str, Any]], identifier: str) -> dict[str, Any]:
    """Return the resource of an id out of a whole list.

    :raises Fault: it is not in it.
    """
    for resource in resources:
        if resource["id"] == identifier:
            return resource
    problem = f"The list of {len(resources)} does not have {shown(identifier)}, which was created."
    change = "List everything that is there, inactive users too, and count it in totalResults."
    raise Fault(Kind.CONTENT, problem, change, "RFC 7644 §3.4.2")
