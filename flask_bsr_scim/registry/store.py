"""What the registry keeps in one tenant, through the storage contract."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from flask_bsr_scim.backends.base import NOBODY, Actor, Backend, Change, Page, Query
from flask_bsr_scim.filter import BoundComparison, BoundFilter, Operator, bind, parse_filter
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.view import View

_PAGE = 500

Holding = tuple[str, Any] | str
"""Which resources: a path and a value, as `("target", id)`, or a SCIM filter."""


class TenantStore:
    """A backend bound to one tenant, and to who acts there."""

    def __init__(self, backend: Backend, tenant: str, actor: Actor = NOBODY) -> None:
        self.backend, self.tenant, self.actor = backend, tenant, actor

    @property
    def _view(self) -> View:
        return View(self.backend.types, "")

    def get(self, type_name: str, resource_id: str) -> Resource | None:
        """Return a resource without its links, None when there is none."""
        return self.backend.get(self.tenant, type_name, resource_id)

    def find(self, type_name: str, attribute: str, value: Any) -> Resource | None:
        """Return the resource that holds the value of a unique attribute."""
        return self.backend.find(self.tenant, type_name, attribute, value)

    def page(
        self,
        type_name: str,
        *,
        holding: Holding | None = None,
        after: str | None = None,
        count: int = 100,
        reverse: bool = False,
    ) -> Page:
        """Return a page in the order of creation, of all resources of a type or of those that hold a value."""
        condition = self._condition(type_name, holding)
        query = Query(self._view, condition, count=count, links=False, after=after, reverse=reverse)
        return self.backend.query(self.tenant, type_name, query)

    def each(self, type_name: str, *, holding: Holding | None = None) -> Iterator[Resource]:
        """Yield what :meth:`page` returns, page by page."""
        query = Query(self._view, self._condition(type_name, holding), count=_PAGE, links=False)
        while True:
            page = self.backend.query(self.tenant, type_name, query)
            yield from page.resources
            if len(page.resources) < _PAGE:
                return
            query = replace(query, after=page.cursor)

    def _condition(self, type_name: str, holding: Holding | None) -> BoundFilter | None:
        resource_type = self.backend.types.by_name[type_name]
        if holding is None:
            return None
        if isinstance(holding, str):
            return bind(parse_filter(holding), resource_type)
        path, value = holding
        target = resource_type.resolve(path)
        assert target is not None
        return BoundComparison(target, Operator.EQ, target.leaf.key(value))

    def commit(self, *changes: Change) -> Sequence[Resource | None]:
        """Do all changes or none; see :meth:`Backend.commit`."""
        return self.backend.commit(self.tenant, changes, self.actor)
