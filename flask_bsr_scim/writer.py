"""Writes that lose no race: commits tried again on the result of whoever came first."""

import logging
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

import orjson

from flask_bsr_scim.backends.base import Backend, Change, Insert, Removal, Swap
from flask_bsr_scim.conditions import Conditions
from flask_bsr_scim.errors import (
    InvalidValue,
    NotFound,
    ResourceNotFound,
    ServiceUnavailable,
    Uniqueness,
    UniquenessConflict,
    UnknownMembers,
    VersionConflict,
    shown,
)
from flask_bsr_scim.exchange import Consequences, Context, UnknownMemberPolicy
from flask_bsr_scim.references import References
from flask_bsr_scim.resource import MemberChanges, Resource
from flask_bsr_scim.schema import Document, ResourceType

log = logging.getLogger(__name__)

_MOST = 262_144
"""Bytes of a document. A list has hundreds of them, and each change of one is written to the log."""

_ATTEMPTS = 100
"""Each lost race means that another write succeeded, so nearly this many writers at once get through."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a stored resource."""

    document: Document | None = None
    """The new document; None: it stays."""
    members: MemberChanges | None = None
    depends_on_old: bool = True
    """Whether it follows from what the resource was, or must go together with it: then nobody may have come between."""


class Writer:
    """Commits for the provider, and turns the store's refusals into answers."""

    def __init__(self, backend: Backend, unknown_members: UnknownMemberPolicy, consequences: Consequences) -> None:
        self._backend = backend
        self._unknown_members = unknown_members
        self._consequences = consequences
        self._references = References(backend)

    def get(self, context: Context, resource_type: ResourceType, resource_id: str, *, links: bool = False) -> Resource:
        """Return a stored resource.

        :raises NotFound: there is none.
        """
        resource = self._backend.get(context.tenant, resource_type.name, resource_id, links=links)
        if resource is None:
            raise _not_found(resource_type, resource_id)
        return resource

    def insert(self, context: Context, change: Insert) -> Resource:
        """Store a new resource.

        :raises Uniqueness: a unique value is taken.
        :raises InvalidValue: members do not exist, and the policy is to reject them; or the resource is too large.
        """
        _check_size(change.document)
        refused = False
        for attempt in range(_ATTEMPTS):
            changes = self._consequences.insert(context, change, again=attempt > 0)
            try:
                return self._commit(context, change.type, changes)
            except UniquenessConflict as conflict:
                # A second look may find that the resource which was in the way is there to be taken over.
                if conflict.type_name == change.type and refused:
                    raise self._taken(context, conflict, _taken_over(changes, change)) from None
                refused = refused or conflict.type_name == change.type
            except (VersionConflict, ResourceNotFound):
                continue
        raise _too_busy()

    def update(
        self,
        context: Context,
        resource_type: ResourceType,
        resource_id: str,
        change: Callable[[Document], Outcome],
        conditions: Conditions,
    ) -> Resource:
        """Commit what `change` makes of the stored document; when another write came between, try again on its result.

        It is returned with the groups in which it was, without members.

        Adding and removing members depends on nothing that another write could change, and needs no version.

        :raises NotFound: there is no such resource.
        :raises InvalidValue: see :meth:`insert`.
        :raises PreconditionFailed: it is not in the version that the client asks for.
        :raises ServiceUnavailable: other clients came first time and again.
        """
        for _ in range(_ATTEMPTS):
            old, beside = self._look(context, resource_type, resource_id, links=resource_type.members is None)
            expected = conditions.check(old)
            before = old.document
            outcome = change(before)
            if outcome.document is not None:
                _check_size(outcome.document)
            if outcome.depends_on_old:
                expected = old.version
            swap = Swap(old.type, old.id, outcome.document, outcome.members, expected)
            changes = self._consequences.swap(context, before, beside, swap)
            if outcome.document is None and outcome.members is None and len(changes) == 1:
                return old
            try:
                stored = self._commit(context, old.type, changes, before)
            except (VersionConflict, ResourceNotFound):
                continue
            except UniquenessConflict as conflict:
                if conflict.type_name == old.type:
                    raise self._taken(context, conflict) from None
            else:
                return stored._replace(links=old.links) if old.links else stored
        raise _too_busy()

    def remove(self, context: Context, resource_type: ResourceType, resource_id: str, conditions: Conditions) -> None:
        """Remove a resource; errors as in :meth:`update`."""
        for _ in range(_ATTEMPTS):
            old, beside = self._look(context, resource_type, resource_id, links=False)
            removal = Removal(resource_type.name, resource_id, conditions.check(old))
            try:
                self._references.commit(context, self._consequences.remove(context, old.document, beside, removal))
            except (VersionConflict, ResourceNotFound):
                continue
            return
        raise _too_busy()

    def _look(
        self, context: Context, resource_type: ResourceType, resource_id: str, *, links: bool
    ) -> tuple[Resource, Resource | None]:
        """Return a resource that is to change or to end, and what its consequences want to see beside it.

        :raises NotFound: there is no such resource.
        """
        second = self._consequences.beside(resource_type.name, resource_id)
        if second is None:
            return self.get(context, resource_type, resource_id, links=links), None
        first = resource_type.name, resource_id
        resource, beside = self._backend.get_both(context.tenant, first, second, links=links)
        if resource is None:
            raise _not_found(resource_type, resource_id)
        return resource, beside

    def _commit(
        self, context: Context, type_name: str, changes: Sequence[Change], before: Document | None = None
    ) -> Resource:
        """Commit, and return the resource of a type; by the policy, leave out members that do not exist."""
        while True:
            try:
                resources = self._references.commit(context, changes, before)
            except UnknownMembers as error:
                if self._unknown_members is UnknownMemberPolicy.REJECT:
                    raise _rejected(error) from None
                log.warning("left out %d unknown members: %s", len(error.ids), shown(*error.ids))
                changes = [_without(change, frozenset(error.ids)) for change in changes]
            else:
                return next(r for r in resources if r is not None and r.type == type_name)

    def _taken(self, context: Context, conflict: UniquenessConflict, meant: str | None = None) -> Uniqueness:
        """Return the answer to a conflict; `meant` is the id of whom the other values belong to."""
        kind = conflict.type_name
        other = f", and the rest to a second one ({self._known(context, kind, meant)})" if meant else ""
        return Uniqueness(
            f"{conflict.attribute} {shown(conflict.value)} belongs to another {kind} already "
            f"({self._known(context, kind, conflict.holder)}){other}. "
            f"Correct what the identity provider sends as {conflict.attribute}, so that each {conflict.type_name} has "
            "its own, or link this one to the existing one."
        )

    def _known(self, context: Context, type_name: str, resource_id: str) -> str:
        resource = self._backend.get(context.tenant, type_name, resource_id)
        name = resource and _name(resource)
        return f"{shown(name)}, id {resource_id}" if name else f"id {resource_id}"


def _check_size(document: Document) -> None:
    size = len(orjson.dumps(document))
    if size > _MOST:
        raise InvalidValue(
            f"The resource would have {size} bytes, and at most {_MOST} are kept, members of a group apart. "
            "Send shorter values, or fewer of them."
        )


def _taken_over(changes: Sequence[Change], change: Insert) -> str | None:
    """Return the id of the resource that was to be taken over in the place of a new one."""
    swaps = (c for c in changes if isinstance(c, Swap) and c.document is not None)
    taken = (c.id for c in swaps if c.type == change.type and c.id != change.id)
    return next(taken, None)


def _name(resource: Resource) -> str | None:
    """Return what administrators know a resource by."""
    document = resource.document
    name: str | None = document.get("userName") or document.get("displayName")
    return name


def _without(change: Change, ids: Container[str]) -> Change:
    if not isinstance(change, Insert | Swap) or change.members is None:
        return change
    members = change.members
    return replace(change, members=replace(members, add=tuple(i for i in members.add if i not in ids)))


def _not_found(resource_type: ResourceType, resource_id: str) -> NotFound:
    return NotFound(f"There is no {resource_type.name} with the id {shown(resource_id)}.")


def _too_busy() -> ServiceUnavailable:
    return ServiceUnavailable("Too many clients change this resource at once. Try again in a few seconds.")


def _rejected(error: UnknownMembers) -> InvalidValue:
    return InvalidValue(
        f"members names {shown(*error.ids)}, which this service does not know. Assign these users to the application "
        "first, then push the group again."
    )
