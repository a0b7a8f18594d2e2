"""The operations of a bulk job, each as the single request that it stands for (RFC 7644 §3.7)."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote

from flask_bsr_scim.bulk_messages import MARK, BulkOperation
from flask_bsr_scim.bulk_references import Resolve, referring, resolved, resolved_patch
from flask_bsr_scim.conditions import Conditions
from flask_bsr_scim.errors import InvalidSyntax, MethodNotAllowed, NotFound, shown
from flask_bsr_scim.exchange import Context, Response
from flask_bsr_scim.messages import read_patch
from flask_bsr_scim.provider import ServiceProvider
from flask_bsr_scim.schema import JSON, ResourceType

_ON_A_LIST = ("POST",)
_ON_A_RESOURCE = ("PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Step:
    """An operation, and where its path leads."""

    operation: BulkOperation
    resource_type: ResourceType | None = None
    """None: to no endpoint of resources."""
    place: str = ""
    """What comes behind the endpoint: an id, or a reference to one; empty where the path is that of a list."""
    names: Collection[str] = ()
    """Of the attributes of the type that can refer."""
    references: Collection[str] = field(init=False)
    """In path and data."""

    def __post_init__(self) -> None:
        references = {self.place} if self.place.startswith(MARK) else set()

        def note(reference: str) -> str:
            references.add(reference)
            return reference

        self._resolved(note)
        object.__setattr__(self, "references", references)

    def data(self, resolve: Resolve) -> JSON:
        """Return the data with an id in the place of each reference."""
        return self._resolved(resolve) if self.references else self.operation.data

    def _resolved(self, resolve: Resolve) -> JSON:
        read = resolved_patch if self.operation.method == "PATCH" else resolved
        return read(self.operation.data, self.names, resolve)


class Performer:
    """Does single operations of bulk jobs.

    :param max_patch_operations: the largest number of operations in the data of one PATCH.
    """

    def __init__(self, provider: ServiceProvider, context: Context, max_patch_operations: int) -> None:
        self._provider = provider
        self._context = context
        self._max_patch_operations = max_patch_operations
        exposed = [t.name for t in provider.types.exposed]
        self._names = {t.name: referring(t, exposed) for t in provider.types.exposed}

    def steps(self, operations: Collection[BulkOperation]) -> list[Step]:
        """Return the operations with the places to which their paths lead."""
        return [self._step(operation) for operation in operations]

    def _step(self, operation: BulkOperation) -> Step:
        path = (operation.path or "").rstrip("/")
        for resource_type in self._provider.types.exposed:
            if path == resource_type.endpoint or path.startswith(f"{resource_type.endpoint}/"):
                place = path[len(resource_type.endpoint) + 1 :]
                return Step(operation, resource_type, unquote(place), self._names[resource_type.name])
        return Step(operation)

    def perform(self, step: Step, resolve: Resolve) -> Response:
        """Return the outcome of an operation; errors are those of the single request, and those of `resolve`."""
        provider, context, operation = self._provider, self._context, step.operation
        if operation.fault is not None:
            raise InvalidSyntax(operation.fault)
        resource_type = self._endpoint(step)
        _check_method(step)
        data, resource_id = step.data(resolve), resolve(step.place) if step.place.startswith(MARK) else step.place
        conditions = Conditions(operation.version)
        match operation.method:
            case "POST":
                return provider.create(context, resource_type, data)
            case "PUT":
                return provider.replace(context, resource_type, resource_id, data, None, conditions)
            case "PATCH":
                operations = partial(read_patch, data, self._max_patch_operations)
                return provider.modify(context, resource_type, resource_id, operations, None, conditions)
        return provider.delete(context, resource_type, resource_id, conditions)

    def complete(self, step: Step, resource_id: str, resolve: Resolve) -> Response:
        """Give what a POST created the references that it was created without."""
        resource_type, data = self._endpoint(step), step.data(resolve)
        return self._provider.replace(self._context, resource_type, resource_id, data, is_new=True)

    def _endpoint(self, step: Step) -> ResourceType:
        if step.resource_type is not None:
            return step.resource_type
        path = step.operation.path or ""
        endpoints = ", ".join(t.endpoint for t in self._provider.types.exposed)
        expected = f"use one of {endpoints}, for an existing resource with its id behind it"
        if path.startswith("/"):
            raise NotFound(f"The path {shown(path)} leads to no resources: {expected}.")
        raise InvalidSyntax(f"The path {shown(path)} is not relative to the base URL: {expected}.")


def _check_method(step: Step) -> None:
    allowed = _ON_A_RESOURCE if step.place else _ON_A_LIST
    if step.operation.method not in allowed:
        raise MethodNotAllowed(allowed)
