"""Walks through lists, page by page."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.service import Service
from tests.client import SEARCH, Scim

Ask = Callable[[Scim, str, Document], Document]
"""Returns the answer to a query under a path."""

AT = datetime(2027, 1, 31, 12, tzinfo=UTC)


def by_url(scim: Scim, path: str, query: Document) -> Document:
    """Ask by GET."""
    response = scim.get(path, query=query)
    assert response.status_code == 200, response.text
    answer: Document = response.json
    return answer


def by_body(scim: Scim, path: str, query: Document) -> Document:
    """Ask by POST."""
    response = scim.post(f"{path}/.search", {"schemas": [SEARCH], **query})
    assert response.status_code == 200, response.text
    answer: Document = response.json
    return answer


@pytest.fixture(params=[by_url, by_body], ids=["GET", "POST"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Both ways to ask."""
    way: Ask = request.param
    return way


def walk(
    scim: Scim, path: str, ask: Ask = by_url, *, link: str = "nextCursor", cursor: str = "", **query: Any
) -> Iterator[Document]:
    """Yield the pages of a list, from a cursor on."""
    place: str | None = cursor
    while place is not None:
        page = ask(scim, path, {**query, "cursor": place})
        yield page
        place = page.get(link)


def names(*pages: Document) -> list[str]:
    """Return what the resources of some pages are called."""
    return [r.get("userName") or r["displayName"] for page in pages for r in page["Resources"]]


def service_of(scim: Scim) -> Service:
    """Return the service behind a client."""
    with scim.app.app_context():
        return current_service()


def set_clock(scim: Scim, seconds: float) -> None:
    """Let it be so many seconds after the beginning."""
    service_of(scim).backend.clock = lambda: AT + timedelta(seconds=seconds)
