"""The protocol's operations on resources (RFC 7644 §3), over any storage backend and without any web framework."""

import logging
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import orjson

from flask_bsr_scim.backends.base import NOBODY, Actor, Backend, Insert, Query, Removal, Sort, Swap
from flask_bsr_scim.conditions import NO_CONDITIONS, Conditions
from flask_bsr_scim.errors import (
    InvalidPath,
    InvalidValue,
    NotFound,
    ResourceNotFound,
    ServiceUnavailable,
    Uniqueness,
    UniquenessConflict,
    UnknownMembers,
    VersionConflict,
)
from flask_bsr_scim.filter import bind, parse_filter
from flask_bsr_scim.messages import SearchRequest, Selection, list_response
from flask_bsr_scim.patch import Operation, Patch, make_patch
from flask_bsr_scim.resource import MemberChanges, Resource
from flask_bsr_scim.schema import JSON, Document, Mutability, ResourceType, Source, TypeRegistry
from flask_bsr_scim.schema.projection import Projection, make_projection
from flask_bsr_scim.schema.validator import Validator
from flask_bsr_scim.view import View

log = logging.getLogger(__name__)

_KEPT_WHEN_ABSENT = ("active",)
"""A PUT without them leaves them: Okta does not send what a GET did not return, and a reset would suspend people."""

_EVERYTHING = Selection()

_PROJECTIONS = 256
"""Selections of attributes whose compiled form is kept."""

_ATTEMPTS = 100
"""Each lost race means that another write succeeded, so this many writers at once get through."""


class UnknownMemberPolicy(StrEnum):
    """What happens to a member that does not exist."""

    REJECT = "reject"
    """The request fails with 400 and names the ids."""
    IGNORE = "ignore"
    """It is skipped, and logged."""


@dataclass(frozen=True, slots=True)
class Options:
    """How the provider decides what RFC 7644 leaves open."""

    max_results: int = 1000
    """The largest page."""
    default_count: int = 100
    """The size of a page when the client does not say."""
    patch_body_members: int = 100
    """PATCH of a group with more members than this answers 204 without a body."""
    unknown_members: UnknownMemberPolicy = UnknownMemberPolicy.REJECT


@dataclass(frozen=True, slots=True)
class Context:
    """On whose behalf, and as seen from where, an operation is done."""

    tenant: str
    view: View
    actor: Actor = NOBODY


@dataclass(frozen=True, slots=True)
class Response:
    """The outcome of an operation. `body` are pieces of JSON text, None for a response without a body."""

    status: int
    body: Iterator[str] | None = None
    etag: str | None = None
    location: str | None = None


class ServiceProvider:
    """A SCIM service provider (RFC 7644). Its methods raise `ScimError` and `StoreUnavailable`."""

    def __init__(self, types: TypeRegistry, backend: Backend, options: Options | None = None) -> None:
        self.types = types
        self.backend = backend
        self.options = options or Options()
        endpoints = {t.name: t.endpoint for t in types.exposed}
        self._projection = lru_cache(_PROJECTIONS)(self._make_projection)
        self._validators = {t.name: Validator(t, endpoints) for t in types.exposed}

    def create(
        self, context: Context, resource_type: ResourceType, body: JSON, selection: Selection | None = None
    ) -> Response:
        """Create a resource (§3.3): 201.

        :raises Uniqueness: a unique value is taken.
        """
        projection = self._projection(resource_type.name, selection or _EVERYTHING)
        validator = self._validators[resource_type.name]
        document = validator.with_defaults(validator.resource(body))
        members = _pop_members(resource_type, document)
        document = validator.finish(document)
        resource_id = new_id()
        document = {"schemas": document.pop("schemas"), "id": resource_id, **document}
        stored = self._commit(
            context,
            lambda known: Insert(resource_type.name, resource_id, document, _only(members, known)),
        )
        shown = self._reread(context, stored, projection)
        return self._respond(context, 201, shown, projection)

    def read(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        selection: Selection | None = None,
        conditions: Conditions = NO_CONDITIONS,
    ) -> Response:
        """Return a resource (§3.4.1): 200, or 304 when the client has it already."""
        projection = self._projection(resource_type.name, selection or _EVERYTHING)
        resource = self._get(context, resource_type, resource_id, links=projection.needs_links)
        etag = context.view.etag(resource)
        if conditions.not_modified(etag):
            return Response(304, etag=etag)
        return self._respond(context, 200, resource, projection)

    def search(self, context: Context, resource_type: ResourceType, request: SearchRequest) -> Response:
        """Return one page of the matching resources (§3.4.2): 200.

        :raises InvalidFilter: the filter cannot be understood, or names an attribute that no schema of the type
            defines.
        :raises InvalidPath: sortBy names no attribute.
        """
        projection = self._projection(resource_type.name, request.selection)
        query = Query(
            context.view,
            bind(parse_filter(request.filter), resource_type) if request.filter is not None else None,
            _sort(resource_type, request),
            request.start_index - 1,
            min(self.options.default_count if request.count is None else request.count, self.options.max_results),
            projection.needs_links,
        )
        page = self.backend.query(context.tenant, resource_type.name, query)
        texts = (_text(context.view, resource, projection) for resource in page.resources)
        return Response(200, list_response(page.total, request.start_index, len(page.resources), texts))

    def replace(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        body: JSON,
        selection: Selection | None = None,
        conditions: Conditions = NO_CONDITIONS,
    ) -> Response:
        """Replace a resource (§3.5.1): 200. A group's members stay when the body leaves them out.

        :raises Mutability: an immutable attribute would change.
        """
        projection = self._projection(resource_type.name, selection or _EVERYTHING)
        validator = self._validators[resource_type.name]

        def change(old: Resource) -> tuple[Document | None, MemberChanges | None, bool]:
            document = validator.resource(body)
            members = _pop_members(resource_type, document)
            present = old.document
            document = validator.finish(_carry_over(resource_type, present, document))
            validator.check_immutable(present, document)
            changes = None if members is None else MemberChanges(add=members, clear=True)
            return _if_changed(present, document), changes, False

        stored = self._write(context, resource_type, resource_id, change, conditions)
        return self._respond(context, 200, self._reread(context, stored, projection), projection)

    def modify(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        operations: Callable[[], Sequence[Operation]],
        selection: Selection | None = None,
        conditions: Conditions = NO_CONDITIONS,
    ) -> Response:
        """Change parts of a resource (§3.5.2), all operations or none: 200, or 204 for a large group.

        :param operations: called once it is known that the resource exists, so that 404 comes before any fault of the
            body.
        """
        patch: Patch | None = None

        def change(old: Resource) -> tuple[Document | None, MemberChanges | None, bool]:
            nonlocal patch
            if patch is None:
                patch = make_patch(operations(), resource_type, self._validators[resource_type.name])
            members = _Members(self.backend, context, old)
            present = old.document
            document = patch.apply(present) if patch.document else present
            return _if_changed(present, document), patch.member_changes(members.read), members.were_read

        stored = self._write(context, resource_type, resource_id, change, conditions)
        if selection in (None, _EVERYTHING) and self._is_large(context, resource_type, resource_id):
            return Response(204, etag=context.view.etag(stored))
        projection = self._projection(resource_type.name, selection or _EVERYTHING)
        return self._respond(context, 200, self._reread(context, stored, projection), projection)

    def delete(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        conditions: Conditions = NO_CONDITIONS,
    ) -> Response:
        """Remove a resource for good, and from all groups (§3.6): 204."""
        for _ in _attempts():
            resource = self._get(context, resource_type, resource_id)
            removal = Removal(resource_type.name, resource_id, conditions.check(resource))
            try:
                self.backend.commit(context.tenant, [removal], context.actor)
            except VersionConflict:
                continue
            except ResourceNotFound:
                raise _not_found(resource_type, resource_id) from None
            return Response(204)
        raise ServiceUnavailable()

    def _make_projection(self, type_name: str, selection: Selection) -> Projection:
        return make_projection(self.types.by_name[type_name], selection.attributes, selection.excluded_attributes)

    def _get(self, context: Context, resource_type: ResourceType, resource_id: str, *, links: bool = False) -> Resource:
        resource = self.backend.get(context.tenant, resource_type.name, resource_id, links=links)
        if resource is None:
            raise _not_found(resource_type, resource_id)
        return resource

    def _reread(self, context: Context, stored: Resource, projection: Projection) -> Resource:
        """Return the resource with its memberships; as it was committed when it is gone again by now."""
        if not projection.needs_links:
            return stored
        return self.backend.get(context.tenant, stored.type, stored.id, links=True) or stored

    def _write(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        change: Callable[[Resource], tuple[Document | None, MemberChanges | None, bool]],
        conditions: Conditions,
    ) -> Resource:
        """Commit what `change` makes of the stored resource; when another write came between, try again on its result.

        `change` returns the new document (None: unchanged), the changes of members, and whether these depend on the
        members that it read. A change of members alone depends on nothing else, and needs no version.
        """
        for _ in _attempts():
            old = self._get(context, resource_type, resource_id)
            expected = conditions.check(old)
            document, members, depends = change(old)
            if document is None and members is None:
                return old
            if document is not None or depends:
                expected = old.version
            try:
                return self._swap(context, old, document, members, expected)
            except VersionConflict:
                continue
            except ResourceNotFound:
                raise _not_found(resource_type, resource_id) from None
        raise ServiceUnavailable("Too many clients change this resource at once. Try again in a few seconds.")

    def _swap(
        self,
        context: Context,
        old: Resource,
        document: Document | None,
        members: MemberChanges | None,
        expected: int | None,
    ) -> Resource:
        def swap(known: Callable[[str], bool] | None) -> Swap:
            changes = members and MemberChanges(_only_ids(members.add, known), members.remove, members.clear)
            return Swap(old.type, old.id, document, changes, expected)

        return self._commit(context, swap)

    def _commit(self, context: Context, change: Callable[[Callable[[str], bool] | None], Insert | Swap]) -> Resource:
        """Commit one change; by the policy, leave out members that do not exist and commit the rest."""
        unknown: set[str] = set()
        while True:
            known = (lambda member: member not in unknown) if unknown else None
            try:
                (resource,) = self.backend.commit(context.tenant, [change(known)], context.actor)
            except UniquenessConflict as conflict:
                raise _taken(conflict) from None
            except UnknownMembers as error:
                if self.options.unknown_members is UnknownMemberPolicy.REJECT:
                    raise _unknown_members(error.ids) from None
                log.warning("left out %d unknown members: %s", len(error.ids), _some(error.ids))
                unknown.update(error.ids)
            else:
                assert resource is not None
                return resource

    def _is_large(self, context: Context, resource_type: ResourceType, resource_id: str) -> bool:
        limit = self.options.patch_body_members
        if resource_type.members is None:
            return False
        return len(self.backend.members(context.tenant, [resource_id], count=limit + 1)) > limit

    def _respond(self, context: Context, status: int, resource: Resource, projection: Projection) -> Response:
        view = context.view
        body = view.chunks(resource) if projection.is_default else iter([_text(view, resource, projection)])
        return Response(status, body, view.etag(resource), view.location(resource.type, resource.id))


class _Members:
    """The members of a group as PATCH sees them, read when they are needed."""

    def __init__(self, backend: Backend, context: Context, group: Resource) -> None:
        self._backend, self._context, self._group = backend, context, group
        self.were_read = False

    def read(self) -> list[Document]:
        self.were_read = True
        group = self._backend.get(self._context.tenant, self._group.type, self._group.id, links=True)
        view = self._context.view
        return [
            {"value": link.id, "type": link.type, "$ref": view.location(link.type, link.id)}
            for link in (group.links if group else ())
        ]


def new_id() -> str:
    """Return a new resource id: a UUID of version 7 (RFC 9562 §5.7), so that new ones lie together in an index."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def _attempts() -> range:
    return range(_ATTEMPTS)


def _text(view: View, resource: Resource, projection: Projection) -> str:
    if projection.is_default:
        return view.text(resource)
    return orjson.dumps(projection.apply(view.document(resource))).decode()


def _sort(resource_type: ResourceType, request: SearchRequest) -> Sort | None:
    if request.sort_by is None:
        return None
    target = resource_type.resolve(request.sort_by)
    if target is None or target.attribute is None:
        raise InvalidPath(
            f"sortBy names the attribute {_some([request.sort_by])}, which {resource_type.name} does not have."
        )
    return Sort(target, request.descending) if target.stored else None


def _pop_members(resource_type: ResourceType, document: Document) -> tuple[str, ...] | None:
    if resource_type.members is None or resource_type.members.name not in document:
        return None
    return tuple(element["value"] for element in document.pop(resource_type.members.name))


def _only(members: tuple[str, ...] | None, known: Callable[[str], bool] | None) -> MemberChanges | None:
    return MemberChanges(add=_only_ids(members, known)) if members else None


def _only_ids(ids: tuple[str, ...], known: Callable[[str], bool] | None) -> tuple[str, ...]:
    return ids if known is None else tuple(filter(known, ids))


def _carry_over(resource_type: ResourceType, old: Document, new: Document) -> Document:
    """Return the replacing document with what a PUT leaves: id, readOnly values, and `active` when it is absent."""
    kept = {
        a.name
        for a in resource_type.core.values()
        if a.source is Source.DOCUMENT and (a.mutability is Mutability.READ_ONLY or a.name in _KEPT_WHEN_ABSENT)
    }
    carried = {name: old[name] for name in kept if name in old and name not in new}
    return {"schemas": new.pop("schemas"), "id": old["id"], **new, **carried}


def _if_changed(old: Document, new: Document) -> Document | None:
    return None if new == old else new


def _not_found(resource_type: ResourceType, resource_id: str) -> NotFound:
    return NotFound(f"There is no {resource_type.name} with the id {_some([resource_id])}.")


def _taken(conflict: UniquenessConflict) -> Uniqueness:
    return Uniqueness(
        f"{conflict.attribute} {_some([conflict.value])} is already used by another {conflict.type_name} "
        f"(id {conflict.holder}). Give this one another value, or link it to the existing one."
    )


def _unknown_members(ids: Sequence[str]) -> InvalidValue:
    return InvalidValue(
        f"members names {_some(ids)}, which this service does not know. Assign these users to the application first, "
        "then push the group again."
    )


def _some(values: Sequence[str], most: int = 3, length: int = 80) -> str:
    """Return a few of the values for a message: quoted, shortened, and without anything that could break a line."""
    shown = ", ".join(_quoted(value, length) for value in values[:most])
    return shown if len(values) <= most else f"{shown} and {len(values) - most} more"


def _quoted(value: str, length: int) -> str:
    text = "".join(c if c.isprintable() else "?" for c in value[:length])
    return f'"{text}{"…" if len(value) > length else ""}"'
