"""Removes what a check made, and nothing else."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask_bsr_scim.checks.connector import Connector, Made
from flask_bsr_scim.checks.faults import Answer, Fault
from flask_bsr_scim.checks.reading import parsed

_MOST = 10
"""Resources of one name that are looked at."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something that may still be on the server; without an id it was not found again."""

    path: str
    name: str
    identifier: str | None
    reason: str


def remove(connector: Connector) -> Iterator[Left]:
    """Remove what was made, groups first, and yield what could not be removed.

    An interrupt ends it: what is not removed by then is yielded.
    """
    remaining = sorted(connector.made, key=lambda made: made.endpoint)
    try:
        while remaining:
            yield from _remove(connector, remaining[0])
            del remaining[0]
    except KeyboardInterrupt:
        yield from (Left(made.endpoint, made.names[0], _first(made.ids), "interrupted") for made in remaining)


def _remove(connector: Connector, made: Made) -> Iterator[Left]:
    try:
        identifiers = dict.fromkeys([*made.ids, *_found(connector, made)])
        for identifier in identifiers:
            yield from _remove_one(connector, made, identifier)
        if not identifiers and not made.answered:
            yield Left(made.endpoint, made.names[0], None, "its POST was not answered, and it is not there yet")
    except Fault as fault:
        yield Left(made.endpoint, made.names[0], _first(made.ids), fault.problem)


def _found(connector: Connector, made: Made) -> Iterator[str]:
    """Yield the ids of the resources that have one of the names: an answer that was lost has told none."""
    for name in made.names:
        body = _object(connector.send("GET", connector.query(made.endpoint, made.attribute, name)))
        resources = body.get("Resources")
        for resource in resources[:_MOST] if isinstance(resources, list) else ():
            if _is_ours(resource, made) and isinstance(resource.get("id"), str):
                yield resource["id"]


def _remove_one(connector: Connector, made: Made, identifier: str) -> Iterator[Left]:
    """Delete a resource if it has one of the names: a server that mixes ids up must not lose somebody else."""
    path = f"{made.endpoint}/{quote(identifier, safe='')}"
    answer = connector.send("GET", path)
    if answer.status == 404:
        return
    if not _is_ours(_object(answer), made):
        yield Left(path, made.names[0], identifier, f"GET {path} does not show it ({answer.status})")
        return
    deleted = connector.send("DELETE", path)
    if not (200 <= deleted.status < 300 or deleted.status == 404):
        yield Left(path, made.names[0], identifier, f"DELETE {path} was answered with {deleted.status}")


def _is_ours(resource: Any, made: Made) -> bool:
    name = resource.get(made.attribute) if isinstance(resource, dict) else None
    return isinstance(name, str) and name.casefold() in made.names


def _object(answer: Answer) -> dict[str, Any]:
    with suppress(ValueError):
        body = parsed(answer.body)
        if answer.status == 200 and isinstance(body, dict):
            return body
    return {}


def _first(ids: list[str]) -> str | None:
    return ids[0] if ids else None
