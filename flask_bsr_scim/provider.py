"""The protocol's operations on resources (RFC 7644 §3), over any storage backend and without any web framework."""

from collections.abc import Callable, Sequence

from flask_bsr_scim.backends.base import Backend, Insert
from flask_bsr_scim.conditions import NO_CONDITIONS, Conditions
from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.exchange import Consequences, Context, NoConsequences, Options, Response
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.lists import Lists
from flask_bsr_scim.members import Members
from flask_bsr_scim.messages import EVERYTHING, SearchRequest, Selection
from flask_bsr_scim.patch import Operation, Patch, make_patch
from flask_bsr_scim.projections import Projections
from flask_bsr_scim.resource import Link, MemberChanges, Resource
from flask_bsr_scim.schema import JSON, Document, ResourceType, TypeRegistry
from flask_bsr_scim.schema.projection import Projection
from flask_bsr_scim.schema.validator import Validator
from flask_bsr_scim.streams import stream
from flask_bsr_scim.writer import Outcome, Writer

_KEPT_WHEN_ABSENT = ("active",)
"""A PUT without them leaves them: Okta does not send what a GET did not return, and a reset would suspend people."""


class ServiceProvider:
    """A SCIM service provider (RFC 7644). Its methods raise `ScimError` and `StoreUnavailable`."""

    def __init__(
        self,
        types: TypeRegistry,
        backend: Backend,
        options: Options | None = None,
        consequences: Consequences | None = None,
    ) -> None:
        self.types = types
        self.backend = backend
        self.options = options or Options()
        self._writer = Writer(backend, self.options.unknown_members, consequences or NoConsequences())
        endpoints = {t.name: t.endpoint for t in types.exposed}
        projections = Projections(types)
        self._projection, self._requested = projections.of, projections.requested
        self._projection_of_write = projections.of_write
        self._lists = Lists(types, backend, self.options, projections)
        self._validators = {t.name: Validator(t, endpoints) for t in types.exposed}

    def create(
        self, context: Context, resource_type: ResourceType, body: JSON, selection: Selection | None = None
    ) -> Response:
        """Create a resource (§3.3): 201.

        :raises Uniqueness: a unique value is taken.
        """
        projection = self._projection(resource_type.name, selection or EVERYTHING)
        if resource_type.name in self._requested:
            projection = self._projection_of_write(resource_type.name, selection or EVERYTHING, [body])
        validator = self._validators[resource_type.name]
        document = validator.resource(body, is_new=True)
        del body  # What was parsed takes several times the memory of what is kept.
        members = _pop_members(resource_type, document)
        resource_id = new_id()
        document = {"schemas": document.pop("schemas"), "id": resource_id, **document}
        changes = MemberChanges(add=members) if members else None
        stored = self._writer.insert(context, Insert(resource_type.name, resource_id, document, changes))
        if stored.id != resource_id:  # One that was there was taken over.
            stored = self._reread(context, stored, projection)
        return self._respond(context, 201, stored, projection)

    def read(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        selection: Selection | None = None,
        conditions: Conditions = NO_CONDITIONS,
    ) -> Response:
        """Return a resource (§3.4.1): 200, or 304 when the client has it already."""
        projection = self._projection(resource_type.name, selection or EVERYTHING)
        resource = self._writer.get(context, resource_type, resource_id, links=projection.needs_links)
        etag = context.view.etag(resource)
        if conditions.not_modified(etag):
            return Response(304, etag=etag)
        location = context.view.location(resource.type, resource.id)
        return Response(200, stream(context.view, projection, resource), etag, location)

    def search(self, context: Context, resource_type: ResourceType, request: SearchRequest) -> Response:
        """Return one page of the matching resources of a type (§3.4.2): 200.

        :raises InvalidFilter: the filter cannot be understood, or names an attribute that no schema of the type
            defines.
        :raises InvalidPath: sortBy names no attribute.
        :raises InvalidCursor: the cursor is none of this query; see :meth:`Cursors.read` for the others.
        """
        return self._lists.of_type(context, resource_type, request)

    def search_all(self, context: Context, request: SearchRequest) -> Response:
        """Return one page of the matching resources of all types (§3.4.2.1): 200.

        An attribute that a type does not have counts as one without a value there.

        :raises TooMany: sorted results are to be paged too far.

        Other errors are those of :meth:`search`.
        """
        return self._lists.of_all(context, request)

    def replace(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        body: JSON,
        selection: Selection | None = None,
        conditions: Conditions = NO_CONDITIONS,
        *,
        is_new: bool = False,
    ) -> Response:
        """Replace a resource (§3.5.1): 200. A group's members stay when the body leaves them out; in `strict` they go.

        :param is_new: the body is that of a POST, which made the resource without some of it: what is left out gets its
            default, and what is immutable can be set.
        :raises Mutability: an immutable attribute would change.
        """
        projection = self._projection(resource_type.name, selection or EVERYTHING)
        if resource_type.name in self._requested:
            projection = self._projection_of_write(resource_type.name, selection or EVERYTHING, [body])
        validator = self._validators[resource_type.name]
        sent: Document | None = None
        is_whole = False

        def change(present: Document) -> Outcome:
            nonlocal body, sent, is_whole
            if sent is None:
                sent, body = validator.resource(body, is_new=is_new), None
            document = dict(sent)
            members = _pop_members(resource_type, document)
            if members is None and resource_type.members and not tolerates(Tolerance.MEMBERS_KEPT_BY_PUT):
                members = ()
            document = {"schemas": document.pop("schemas"), "id": resource_id, **document}
            document = _replaced(validator, present, document)
            if not is_new:
                validator.check_immutable(present, document)
            is_whole = members is not None
            changes = None if members is None else MemberChanges(add=members, clear=True)
            return Outcome(_if_changed(present, document), changes)

        stored = self._writer.update(context, resource_type, resource_id, change, conditions)
        if not projection.needs_links:
            stored = stored._replace(links=())
        elif resource_type.members is not None and not is_whole:
            stored = self._reread(context, stored, projection)
        return self._respond(context, 200, stored, projection)

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
        projection = self._projection(resource_type.name, selection or EVERYTHING)
        patch: Patch | None = None

        def change(present: Document) -> Outcome:
            nonlocal patch, projection
            if patch is None:
                sent = operations()
                patch = make_patch(sent, resource_type, self._validators[resource_type.name])
                if resource_type.name in self._requested:
                    named = [{o.path: o.value} if o.path else o.value for o in sent]
                    projection = self._projection_of_write(resource_type.name, selection or EVERYTHING, named)
            members = Members(self.backend, context, resource_type, resource_id)
            document = patch.apply(present) if patch.document else present
            changes = patch.member_changes(members.read, members.describe)
            return Outcome(_if_changed(present, document), changes, bool(patch.document) or members.were_read)

        stored = self._writer.update(context, resource_type, resource_id, change, conditions)
        if resource_type.members is not None and projection.needs_links:
            few = self._few_members(context, stored)
            if few is None and selection in (None, EVERYTHING):
                return Response(204, etag=context.view.etag(stored))
            stored = self._reread(context, stored, projection) if few is None else stored._replace(links=few)
        return self._respond(context, 200, stored, projection)

    def delete(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        conditions: Conditions = NO_CONDITIONS,
    ) -> Response:
        """Remove a resource for good, and from all groups (§3.6): 204."""
        self._writer.remove(context, resource_type, resource_id, conditions)
        return Response(204)

    def _reread(self, context: Context, stored: Resource, projection: Projection) -> Resource:
        """Return the resource with its memberships; as it was committed when it is gone again by now."""
        if not projection.needs_links:
            return stored
        return self.backend.get(context.tenant, stored.type, stored.id, links=True) or stored

    def _few_members(self, context: Context, group: Resource) -> Sequence[Link] | None:
        """Return the members of a group, None when there are more than the answer to a PATCH shows."""
        limit = self.options.patch_body_members
        members = self.backend.members(context.tenant, [group.id], count=limit + 1)
        return members if len(members) <= limit else None

    def _respond(self, context: Context, status: int, resource: Resource, projection: Projection) -> Response:
        view = context.view
        return Response(
            status, stream(view, projection, resource), view.etag(resource), view.location(resource.type, resource.id)
        )


def _pop_members(resource_type: ResourceType, document: Document) -> tuple[str, ...] | None:
    if resource_type.members is None:
        return None
    members: tuple[str, ...] | None = document.pop(resource_type.members.name, None)
    return members


def _replaced(validator: Validator, old: Document, new: Document) -> Document:
    """Return a document that was sent, with what it leaves as it is."""
    carried = validator.with_kept(new | _carried_over(old, new), old)
    return new if carried == new else validator.finish(carried)


def _carried_over(old: Document, new: Document) -> Document:
    """Return what a PUT leaves as it is when its body does not say otherwise."""
    return {name: old[name] for name in _KEPT_WHEN_ABSENT if name in old and name not in new}


def _if_changed(old: Document, new: Document) -> Document | None:
    return None if new == old else new
