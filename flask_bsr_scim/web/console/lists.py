"""Pages of lists: forward and backward by cursors, whatever the length of the list."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_bsr_scim.errors import InvalidFilter, TooMany
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.web.console.page import Asked

COUNT = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, with the queries of the pages beside it, empty where there is none."""

    items: Sequence[Any]
    earlier: str = ""
    later: str = ""
    total: int | None = None
    problem: str = ""
    """Why nothing was found, when it could not be looked for."""


def quoted(text: str) -> str:
    """Return a text as a filter compares it."""
    return json.dumps(text, ensure_ascii=False)


def resources(asked: Asked, type_name: str, condition: str, make: Callable[[Resource], Any], **kept: str) -> Listed:
    """Return a page of the resources of a type in the order of creation, as `make` shows each.

    :param condition: a filter, empty for all of them.
    :param kept: parameters of the query that the pages beside this one keep.
    """
    purpose = f"{type_name} {condition}"
    after, backward = asked.after(purpose)
    try:
        page = asked.store.page(type_name, holding=condition or None, after=after, count=COUNT, reverse=backward)
    except (InvalidFilter, TooMany) as error:
        return Listed((), problem=error.detail)
    near, far = (page.cursors[0], page.cursors[-1]) if page.resources else (None, None)
    ends = {"earlier": near if after is not None else None, "later": far if page.more else None}
    if backward:
        ends = {"earlier": far if page.more else None, "later": near}
    items = [make(resource) for resource in (page.resources[::-1] if backward else page.resources)]
    return Listed(
        items,
        asked.link(purpose, "before", ends["earlier"], **kept),
        asked.link(purpose, "after", ends["later"], **kept),
        page.total,
    )


def by_id(
    asked: Asked, purpose: str, read: Callable[[str | None, bool], Sequence[Any]], key: Callable[[Any], str]
) -> Listed:
    """Return a page of what is in the order of ids.

    :param read: takes the id behind which the page begins, and whether it goes backward; returns one more than `COUNT`
        where there are more.
    :param key: returns the id of an item.
    """
    after, backward = asked.after(purpose)
    found = read(after, backward)
    items, more = found[:COUNT], len(found) > COUNT
    first, last = (key(items[0]), key(items[-1])) if items else (None, None)
    if backward:
        return Listed(
            items[::-1], asked.link(purpose, "before", last if more else None), asked.link(purpose, "after", first)
        )
    return Listed(
        items,
        asked.link(purpose, "before", first if after is not None else None),
        asked.link(purpose, "after", last if more else None),
    )
