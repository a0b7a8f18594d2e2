"""A store in the memory of one process, gone with it: for tests and for trying things out."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import chain, groupby, islice
from time import monotonic
from typing import Any, Self

from flask_bsr_scim.backends.base import JournalEntry, LogEntry, MemberChoice, Page, Query, StoredKey
from flask_bsr_scim.backends.dumping import Record, Seen, TenantTakenError
from flask_bsr_scim.backends.gaps import cursors
from flask_bsr_scim.backends.memory import check, dump
from flask_bsr_scim.backends.memory.tenant import MemoryTransaction, Tenant
from flask_bsr_scim.backends.scans import Keys, cut, needs_links
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.backends.transactional import TransactionalBackend
from flask_bsr_scim.errors import ConfigurationError, TooMany
from flask_bsr_scim.filter import BoundFilter, equalities, evaluate, sort_key
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import ResourceType, TypeRegistry

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
            row = store.rows[type_name].find(resource_id)
            return row and self._resource(store, row, links)

    def _find(self, tenant: str, type_name: str, attribute: str, key: Any) -> Resource | None:
        with self._reading(tenant) as store:
            resource_id = store.unique[f"{type_name}.{attribute}"].get(key)
            row = None if resource_id is None else store.rows[type_name].find(resource_id)
            return row and row.resource()

    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool:
        with self._reading(tenant) as store:
            return key in store.unique[f"{type_name}.{attribute}"]

    def _query(self, tenant: str, resource_type: ResourceType, query: Query) -> Page:
        with self._reading(tenant) as store:
            rows, keys = self._matches(store, resource_type, query)
            page, more = cut(rows, keys, query)
            resources = [self._resource(store, row, query.links) for row in page]
            numbers = [row.seq for row in page]
            gaps = cursors(query, numbers, [keys[seq][1] for seq in numbers] if query.sort else None)
            return Page(len(rows), resources, gaps, more)

    def _matches(self, store: Tenant, resource_type: ResourceType, query: Query) -> tuple[Sequence[Row], Keys]:
        """Return the matching rows in their order, and their keys where they are sorted."""
        filter, sort = query.filter, query.sort
        rows = _candidates(store, resource_type, filter)
        if filter is None and sort is None:
            return rows, {}
        links = needs_links(resource_type, query)
        deadline = monotonic() + self.query_seconds
        found, keys = list[Row](), dict[int, Any]()
        for number, row in enumerate(rows, 1):
            if number % _ROWS == 0 and monotonic() > deadline:
                raise TooMany
            document = query.view.document(self._resource(store, row, links))
            if filter is None or evaluate(filter, document):
                found.append(row)
                if sort is not None:
                    keys[row.seq] = sort_key(sort.target, document)
        if sort is not None:
            found.sort(key=lambda row: keys[row.seq], reverse=sort.descending)
        return found, keys

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
            row = store.rows[type_name].find(resource_id)
            if row is not None:
                store.rows[type_name].put(row._replace(used=used))

    def _remember(self, tenant: str, key: str, text: str, seconds: int, anew: bool) -> str:
        with self._lock:
            return self._all.setdefault(tenant, Tenant()).notes.remember(key, text, seconds, self._seconds(), anew=anew)

    def _recall(self, tenant: str, key: str) -> str | None:
        with self._reading(tenant) as store:
            return store.notes.recall(key, self._seconds())

    def _append(self, tenant: str, texts: Sequence[str], most: int, now: float, horizon: float) -> None:
        with self._lock:
            self._all.setdefault(tenant, Tenant()).journal.append(texts, most, now, horizon)

    def _journal(self, tenant: str, after: int | None, count: int, reverse: bool) -> list[JournalEntry]:
        with self._reading(tenant) as store:
            return store.journal.read(after, count, reverse)

    def _dump(self, tenant: str) -> Iterator[Record]:
        with self._lock:
            return dump.dump(self._all[tenant]) if tenant in self._all else iter(())

    def _load(self, tenant: str, records: Iterator[Record], replace: bool) -> None:
        loader = dump.MemoryLoader(self.types)
        loader.take(records)
        with self._reading(tenant) as old:
            if not replace and (old.created or old.logged):
                raise TenantTakenError(tenant)
            loader.tenant.notes, loader.tenant.journal = old.notes, old.journal
            self._all[tenant] = loader.tenant

    def _check(self, tenant: str, seen: Seen) -> Iterator[str]:
        with self._reading(tenant) as store:
            return iter(list(check.check(store, self.types, seen)))


def _candidates(store: Tenant, resource_type: ResourceType, filter: BoundFilter | None) -> Sequence[Row]:
    """Return the rows among which all matches are, in the order of creation."""
    rows = store.rows[resource_type.name]
    for path, key in () if filter is None else equalities(filter):
        ids = _looked_up(store, resource_type, path, key)
        if ids is not None:
            return sorted(row for row in map(rows.find, ids) if row)
    return rows


def _looked_up(store: Tenant, resource_type: ResourceType, path: str, key: Any) -> Collection[str] | None:
    """Return the ids of the resources that have a key, None when there is no index of it."""
    if path == "id":
        return (key,)
    for index in resource_type.indexed:
        if index.path == path and index.has(key):
            return store.holders(StoredKey(index.name, key, index.unique))
    return None


def _chosen(store: Tenant, ids: Iterable[str], choice: MemberChoice) -> Iterator[Link]:
    if choice.missing:
        return iter(())
    without = set(chain.from_iterable(map(store.holders, choice.without)))
    links = store.links_to_members(i for i in ids if i not in without)
    return (link for link in links if not choice.types or link.type in choice.types)
