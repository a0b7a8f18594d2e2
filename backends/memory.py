"""A store in the memory of one process, gone with it: for tests and for trying things out."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import chain, groupby, islice
from operator import itemgetter
from time import monotonic
from typing import Any, Self

from flask_bsr_scim.backends.base import LogEntry, MemberChoice, Page, Query, StoredKey
from flask_bsr_scim.backends.memory_tenant import MemoryTransaction, Tenant
from flask_bsr_scim.backends.transactional import Row, TransactionalBackend
from flask_bsr_scim.errors import ConfigurationError, TooMany
from flask_bsr_scim.filter import (
    BoundAnd,
    BoundComparison,
    BoundFilter,
    BoundNot,
    BoundOr,
    BoundPresent,
    BoundValuePath,
    equalities,
    evaluate,
    sort_key,
)
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import AttributePath, ResourceType, Source, TypeRegistry

_ROWS = 100
"""So often a query asks whether it takes too long."""


class MemoryBackend(TransactionalBackend):
    """Keeps JSON texts and the indexes to them. One lock makes commits atomic, and reads those of one state."""

    SCHEMES = ("memory",)

    def __init__(self, types: TypeRegistry, **shared: Any) -> None:
        super().__init__(types, **shared)
        self._lock = threading.RLock()
        self._outer: MemoryTransaction | None = None
        self._all: dict[str, Tenant] = {}

    @classmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        """Read `memory://`; there is nothing to choose."""
        if uri != "memory://":
            raise ConfigurationError(f"{uri!r}: the backend in memory is written memory://")
        return cls(types, **shared)

    def upgrade(self, progress: object = None) -> list[str]:
        return []

    def warnings(self) -> list[str]:
        return ["The store is in memory: everything is lost when the process ends."]

    @contextmanager
    def _transaction(self, tenant: str) -> Iterator[MemoryTransaction]:
        with self._lock:
            transaction = MemoryTransaction(self._all.setdefault(tenant, Tenant()))
            try:
                yield transaction
            except BaseException:
                transaction.undo()
                raise
            if self._outer is not None:
                self._outer.take_over(transaction)

    @contextmanager
    def _together(self, tenant: str) -> Iterator[None]:
        with self._lock:
            outer = self._outer
            with self._transaction(tenant) as self._outer:
                try:
                    yield
                finally:
                    self._outer = outer

    @contextmanager
    def _reading(self, tenant: str) -> Iterator[Tenant]:
        with self._lock:
            yield self._all.get(tenant) or Tenant()

    def _get(self, tenant: str, type_name: str, resource_id: str, links: bool) -> Resource | None:
        with self._reading(tenant) as store:
            row = store.rows[type_name].get(resource_id)
            return row and self._resource(store, row, links)

    def _find(self, tenant: str, type_name: str, attribute: str, key: Any) -> Resource | None:
        with self._reading(tenant) as store:
            resource_id = store.unique[f"{type_name}.{attribute}"].get(key)
            return None if resource_id is None else store.rows[type_name][resource_id].resource()

    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool:
        with self._reading(tenant) as store:
            return key in store.unique[f"{type_name}.{attribute}"]

    def _query(self, tenant: str, resource_type: ResourceType, query: Query) -> Page:
        with self._reading(tenant) as store:
            rows, total = self._matches(store, resource_type, query)
            page = list(islice(_behind(rows, query), max(query.offset, 0), max(query.offset, 0) + max(query.count, 0)))
            cursor = str(page[-1].seq) if page and query.sort is None else None
            return Page(total, [self._resource(store, row, query.links) for row in page], cursor)

    def _matches(self, store: Tenant, resource_type: ResourceType, query: Query) -> tuple[Iterable[Row], int]:
        """Return the matching rows in their order, and how many they are."""
        filter, sort = query.filter, query.sort
        rows = _candidates(store, resource_type, filter)
        if filter is None and sort is None:
            return rows, len(rows)
        links = _needs_links(resource_type, query)
        deadline = monotonic() + self.query_seconds
        found = []
        for number, row in enumerate(rows, 1):
            if number % _ROWS == 0 and monotonic() > deadline:
                raise TooMany
            document = query.view.document(self._resource(store, row, links))
            if filter is None or evaluate(filter, document):
                found.append((sort and sort_key(sort.target, document), row))
        if sort is not None:
            found.sort(key=itemgetter(0), reverse=sort.descending)
        return map(itemgetter(1), found), len(found)

    def _resource(self, store: Tenant, row: Row, links: bool) -> Resource:
        return row.resource(list(self._links(store, row)) or () if links else ())

    def _links(self, store: Tenant, row: Row) -> Iterable[Link]:
        resource_type = self.types.by_name[row.type]
        if resource_type.members is not None:
            return store.links_to_members(store.members.get(row.id, ()))
        if resource_type.groups is None:
            return ()
        return (link for link in store.links_to_groups(row.id) if self.types.by_name[link.type].endpoint)

    def _members(
        self,
        tenant: str,
        group_ids: Sequence[str],
        after: str | None,
        count: int,
        reverse: bool,
        choice: MemberChoice,
    ) -> list[Link]:
        with self._reading(tenant) as store:
            each = (store.member_ids(group, after, reverse) for group in set(group_ids))
            ids = (i for i, _ in groupby(merge(*each, reverse=reverse)))
            return list(islice(_chosen(store, ids, choice), max(count, 0)))

    def _count_members(self, tenant: str, group_ids: Sequence[str], choice: MemberChoice) -> int:
        with self._reading(tenant) as store:
            ids = set(chain.from_iterable(store.members.get(group, ()) for group in group_ids))
            return sum(1 for _ in _chosen(store, ids, choice)) if any(choice) else len(ids)

    def _groups_of(self, tenant: str, member_ids: Sequence[str]) -> dict[str, list[Link]]:
        with self._reading(tenant) as store:
            found = {member: list(store.links_to_groups(member)) for member in member_ids}
            return {member: links for member, links in found.items() if links}

    def _log(self, tenant: str, after: int, count: int) -> list[LogEntry]:
        with self._reading(tenant) as store:
            return store.entries(after, max(count, 0))

    def _open(self, tenant: str, profile: str) -> str:
        with self._lock:
            store = self._all.setdefault(tenant, Tenant())
            store.profile = store.profile or profile
            return store.profile

    def _tenants(self) -> list[str]:
        with self._lock:
            return [name for name, store in self._all.items() if store.profile is not None]

    def _ping(self) -> None:
        pass

    def _touch(self, tenant: str, type_name: str, resource_id: str, used: str) -> None:
        with self._reading(tenant) as store:
            row = store.rows[type_name].get(resource_id)
            if row is not None:
                store.rows[type_name][resource_id] = row._replace(used=used)


def _candidates(store: Tenant, resource_type: ResourceType, filter: BoundFilter | None) -> Collection[Row]:
    """Return the rows among which all matches are, in the order of creation."""
    rows = store.rows[resource_type.name]
    for path, key in () if filter is None else equalities(filter):
        ids = _looked_up(store, resource_type, path, key)
        if ids is not None:
            return sorted(rows[i] for i in ids if i in rows)
    return rows.values()


def _looked_up(store: Tenant, resource_type: ResourceType, path: str, key: Any) -> Collection[str] | None:
    """Return the ids of the resources that have a key, None when there is no index of it."""
    if path == "id":
        return (key,)
    for index in resource_type.indexed:
        if index.path == path and index.has(key):
            return store.holders(StoredKey(index.name, key, index.unique))
    return None


def _behind(rows: Iterable[Row], query: Query) -> Iterator[Row]:
    """Yield the rows in the query's direction, from its cursor on."""
    if query.reverse:
        rows = reversed(list(rows))
    if query.after is None:
        return iter(rows)
    seq = int(query.after)
    return (row for row in rows if (row.seq < seq if query.reverse else row.seq > seq))


def _chosen(store: Tenant, ids: Iterable[str], choice: MemberChoice) -> Iterator[Link]:
    if choice.missing:
        return iter(())
    without = set(chain.from_iterable(map(store.holders, choice.without)))
    links = store.links_to_members(i for i in ids if i not in without)
    return (link for link in links if not choice.types or link.type in choice.types)


def _needs_links(resource_type: ResourceType, query: Query) -> bool:
    """Tell whether filter or order look at memberships; the version of a user does, since it tells of groups."""
    telling = {Source.MEMBERS, Source.GROUPS}
    if resource_type.groups is not None:
        telling.add(Source.RESOURCE)
    targets = chain(_targets(query.filter), (query.sort.target,) if query.sort else ())
    return any(target.attribute is not None and target.attribute.source in telling for target in targets)


def _targets(filter: BoundFilter | None) -> Iterator[AttributePath]:
    match filter:
        case BoundAnd(operands) | BoundOr(operands):
            for operand in operands:
                yield from _targets(operand)
        case BoundNot(operand):
            yield from _targets(operand)
        case BoundComparison(target) | BoundPresent(target) | BoundValuePath(target):
            yield target
