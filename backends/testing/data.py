"""What the contract suite stores: types that have everything a backend has to mind, and their documents."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import cycle
from threading import Barrier, Event
from typing import Any, TypeVar

from flask_bsr_scim.backends.base import Actor, Backend, Change, Insert, Query, Sort, Swap
from flask_bsr_scim.errors import StoreError
from flask_bsr_scim.filter import bind, parse_filter
from flask_bsr_scim.resource import MemberChanges, Resource
from flask_bsr_scim.schema import Document, Extension, TypeRegistry, make_resource_type
from flask_bsr_scim.schema.schema import make_schema
from flask_bsr_scim.view import View

T = TypeVar("T")

TENANT = "default"
OTHER = "other-tenant"
ACTOR = Actor("token-1", "request-1")
EXTRA = "urn:example:Extra"
THREADS = 16


def _attribute(name: str, kind: str = "string", *subs: Document, **rest: Any) -> Document:
    return {"name": name, "type": kind, "subAttributes": list(subs)} | rest


_PERSON = {
    "id": "urn:example:Person",
    "name": "Person",
    "attributes": [
        _attribute("userName", uniqueness="server"),
        _attribute("nickName") | {"x-indexed": True},
        _attribute("active", "boolean") | {"x-indexed": True, "x-indexedValues": [False]},
        _attribute("secret", caseExact=True, uniqueness="server", returned="never"),
        _attribute("emails", "complex", _attribute("value", uniqueness="server"), _attribute("type"), multiValued=True),
        _attribute("groups", "complex", _attribute("value", caseExact=True), _attribute("display"), multiValued=True)
        | {"x-source": "groups"},
    ],
}
_EXTENSION = {
    "id": EXTRA,
    "name": "Extra",
    "attributes": [
        _attribute("level", "integer"),
        _attribute("badge", uniqueness="server"),
        _attribute("desk") | {"x-indexed": True},
    ],
}
_TEAM = {
    "id": "urn:example:Team",
    "name": "Team",
    "attributes": [
        _attribute("displayName", caseExact=True, uniqueness="server"),
        _attribute(
            "members",
            "complex",
            _attribute("value", caseExact=True),
            _attribute("$ref", "reference", referenceTypes=["Person", "Team"]),
            multiValued=True,
        )
        | {"x-source": "members"},
    ],
}
_NOTE = {"id": "urn:example:Note", "name": "Note", "attributes": [_attribute("text")]}
_CIRCLE = {
    "id": "urn:example:Circle",
    "name": "Circle",
    "attributes": [
        _attribute("displayName", caseExact=True),
        _attribute("members", "complex", _attribute("value", caseExact=True), multiValued=True)
        | {"x-source": "members"},
    ],
}

TYPES = TypeRegistry(
    (
        make_resource_type("Person", "/People", _PERSON, extensions=(Extension(make_schema(_EXTENSION)),)),
        make_resource_type("Team", "/Teams", _TEAM),
        make_resource_type("Note", "", _NOTE),
        make_resource_type("Circle", "", _CIRCLE),
    )
)
"""A `Person` is a member, a `Team` has members; neither a `Note` nor a `Circle`, which has members too, is exposed."""

VIEW = View(TYPES, "https://scim.example.com")


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> str:
        """Move on, and return the time as a resource would have it."""
        self.now += timedelta(**duration)
        return self.now.replace(tzinfo=None).isoformat(timespec="microseconds")


def person(resource_id: str, **attributes: Any) -> Insert:
    """Return a new person, whose userName is its id unless it is given."""
    document = {"schemas": ["urn:example:Person"], "id": resource_id, "userName": resource_id, **attributes}
    return Insert("Person", resource_id, document)


def team(resource_id: str, *members: str, **attributes: Any) -> Insert:
    """Return a new team, whose displayName is its id unless it is given."""
    document = {"schemas": ["urn:example:Team"], "id": resource_id, "displayName": resource_id, **attributes}
    return Insert("Team", resource_id, document, MemberChanges(add=members))


def circle(resource_id: str, *members: str) -> Insert:
    """Return a new circle, whose displayName is its id."""
    document = {"schemas": ["urn:example:Circle"], "id": resource_id, "displayName": resource_id}
    return Insert("Circle", resource_id, document, MemberChanges(add=members))


def note(resource_id: str) -> Insert:
    """Return a new note."""
    return Insert("Note", resource_id, {"schemas": ["urn:example:Note"], "id": resource_id, "text": "n"})


def changed(insert: Insert, expected_version: int | None = None, **attributes: Any) -> Swap:
    """Return the change of some attributes of what was inserted; None takes one away."""
    document = {name: value for name, value in {**insert.document, **attributes}.items() if value is not None}
    return Swap(insert.type, insert.id, document, expected_version=expected_version)


def members(team_id: str, *add: str, remove: Sequence[str] = (), clear: bool = False) -> Swap:
    """Return a change of a team's members."""
    return Swap("Team", team_id, members=MemberChanges(add, tuple(remove), clear))


def commit(backend: Backend, *changes: Change, tenant: str = TENANT) -> list[Resource | None]:
    """Commit changes."""
    return backend.commit(tenant, changes, ACTOR)


def write(backend: Backend, change: Insert | Swap) -> Resource:
    """Commit one change, and return what came of it."""
    (resource,) = commit(backend, change)
    assert resource is not None
    return resource


def stored(backend: Backend, type_name: str, resource_id: str, tenant: str = TENANT) -> Resource:
    """Return a resource that must be there, with its memberships."""
    resource = backend.get(tenant, type_name, resource_id, links=True)
    assert resource is not None
    return resource


def linked(backend: Backend, type_name: str, resource_id: str) -> list[str]:
    """Return the ids of a team's members, or of a person's teams."""
    return [link.id for link in stored(backend, type_name, resource_id).links]


def query(type_name: str, filter: str | None = None, sort_by: str | None = None, **rest: Any) -> Query:
    """Return the query that a filter and sortBy mean."""
    resource_type = TYPES.by_name[type_name]
    target = None if sort_by is None else resource_type.resolve(sort_by)
    sort = None if target is None else Sort(target, rest.pop("descending", False))
    return Query(VIEW, None if filter is None else bind(parse_filter(filter), resource_type), sort, **rest)


def found(backend: Backend, type_name: str, filter: str | None = None, tenant: str = TENANT, **rest: Any) -> list[str]:
    """Return the ids on a page."""
    page = backend.query(tenant, type_name, query(type_name, filter, **rest))
    return [resource.id for resource in page.resources]


def everything(backend: Backend, tenant: str = TENANT) -> list[object]:
    """Return all that can be read of a tenant."""
    pages = [backend.query(tenant, t.name, query(t.name, count=1000)) for t in TYPES]
    return [*pages, backend.log(tenant, count=1000)]


def at_once(backend: Backend, *attempts: Sequence[Change], another: Backend | None = None) -> list[StoreError | None]:
    """Commit in as many threads, all at the same moment; return what went wrong in each.

    :param another: by which every second attempt is made, if it is given.
    """
    barrier = Barrier(len(attempts))

    def attempt(changes: Sequence[Change], backend: Backend) -> StoreError | None:
        barrier.wait()
        try:
            backend.commit(TENANT, changes)
        except StoreError as error:
            return error
        finally:
            backend.close()
        return None

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(attempt, attempts, cycle((backend, another or backend))))


def while_committing(backend: Backend, commits: Sequence[Sequence[Change]], look: Callable[[], T]) -> list[T]:
    """Commit in one thread, and return what another one saw in the meantime."""
    done = Event()

    def watch() -> list[T]:
        seen = [look()]
        while not done.is_set():
            seen.append(look())
        backend.close()
        return seen

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            for changes in commits:
                backend.commit(TENANT, changes)
        finally:
            done.set()
        return watching.result()
