"""The members of a group as PATCH sees them."""

from collections.abc import Iterable, Iterator

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.schema import Document, ResourceType


class Members:
    """The members of one group, read when they are needed.

    :ivar were_read: whether they were.
    """

    def __init__(self, backend: Backend, context: Context, resource_type: ResourceType, group_id: str) -> None:
        self._backend, self._context = backend, context
        self._type, self._id = resource_type.name, group_id
        self._kinds = resource_type.members.refers_to if resource_type.members else ()
        self.were_read = False

    def read(self) -> list[Document]:
        """Return all of them."""
        self.were_read = True
        group = self._backend.get(self._context.tenant, self._type, self._id, links=True)
        return [self._member(link.type, link.id) for link in (group.links if group else ())]

    def describe(self, ids: Iterable[str]) -> Iterator[Document]:
        """Yield those of the resources that exist, as they will be as members."""
        for resource_id in ids:
            for kind in self._kinds:
                if self._backend.get(self._context.tenant, kind, resource_id):
                    yield self._member(kind, resource_id)

    def _member(self, kind: str, resource_id: str) -> Document:
        return {"value": resource_id, "type": kind, "$ref": self._context.view.location(kind, resource_id)}
