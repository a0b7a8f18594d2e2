"""Whether a tenant of the Redis store is sound."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from flask_bsr_scim.backends.dump_rows import Entered, keys_in, wrong_in
from flask_bsr_scim.backends.dumping import Seen, WrittenMeanwhileError
from flask_bsr_scim.backends.log_check import LogCheck, Version
from flask_bsr_scim.backends.redis.dump import entries, fields, index_entries, log, log_length, unique_field
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    INDEX,
    LOG,
    MEMBERS,
    META,
    ROWS,
    UNIQUE,
    USED,
    joined,
    last_part,
    unpack,
)
from flask_bsr_scim.backends.redis.space import Kinds
from flask_bsr_scim.backends.redis.tenant import StoredTenant
from flask_bsr_scim.portions import portions
from flask_bsr_scim.schema import TypeRegistry

_AT_ONCE: Final = 500
_TRIES: Final = 3
_MOST: Final = 10_000
"""So many findings are kept until it is sure that nobody wrote meanwhile."""


def check(name: str, tenant: StoredTenant, kinds: Kinds, types: TypeRegistry, seen: Seen) -> Iterator[str]:
    """Yield what is wrong in a tenant: all of it is found while nobody writes.

    :raises WrittenMeanwhileError: somebody did, each time.
    """
    for _ in range(_TRIES):
        revision = tenant.revision()
        found = list(islice(_Check(tenant, kinds, types, seen).findings(), _MOST))
        if tenant.revision() == revision:
            return iter(found)
    raise WrittenMeanwhileError(name)


class _Check:
    """Looks from each side at the other: from the resources at the indexes, from the indexes at the resources."""

    def __init__(self, tenant: StoredTenant, kinds: Kinds, types: TypeRegistry, seen: Seen) -> None:
        self._tenant, self._kinds, self._types, self._seen = tenant, kinds, types, seen
        self._last = 0

    def findings(self) -> Iterator[str]:
        """Yield what is wrong."""
        unreadable = [
            f"{i}: what is stored of it cannot be read" for i, row in fields(self._tenant, ROWS) if not _is_row(row)
        ]
        if unreadable:
            yield from unreadable
            return
        yield from self._wrong_rows()
        yield from self._needless_entries()
        yield from self._needless_fields()
        yield from self._needless_times()
        yield from self._members_of_groups()
        yield from self._groups_of_members()
        yield from self._wrong_counters()
        yield from LogCheck(lambda: log(self._tenant), self._ids, self._versions).findings()
        self._seen(log_length(self._tenant))

    def _ids(self) -> Iterator[str]:
        return (resource_id for resource_id, _ in fields(self._tenant, ROWS))

    def _versions(self, ids: Collection[str]) -> Mapping[str, Version]:
        return {row.id: Version(row.type, row.version) for row in self._tenant.rows(list(ids))}

    # From the resources

    def _wrong_rows(self) -> Iterator[str]:
        for some in portions(self._ids(), _AT_ONCE):
            resources = self._entered(some)
            self._last = max([self._last, *(each.row.seq for each in resources)])
            yield from (text for each in resources for text in wrong_in(self._types, each.row))
            yield from self._missing_entries(resources)
            yield from self._missing_fields(resources)
            self._seen(len(some))

    def _entered(self, ids: Sequence[str]) -> list[Entered]:
        return [Entered(row, keys_in(self._types, row)) for row in self._tenant.rows(ids)]

    def _missing_entries(self, resources: Sequence[Entered]) -> Iterator[str]:
        wanted = [(each.row.id, entry) for each in resources for entry in index_entries(self._kinds, each)]
        for some in portions(wanted, _AT_ONCE):
            present = self._tenant.has(INDEX, [entry for _, entry in some])
            for (resource_id, entry), is_there in zip(some, present, strict=True):
                if not is_there:
                    yield f"{resource_id} is not in the index {_index_of(entry)}"

    def _missing_fields(self, resources: Sequence[Entered]) -> Iterator[str]:
        wanted = [(each.row.id, unique_field(key)) for each in resources for key in each.keys if key.unique]
        holders = self._tenant.values(UNIQUE, [field for _, field in wanted])
        for (resource_id, field), holder in zip(wanted, holders, strict=True):
            if holder != resource_id:
                held = "" if holder is None else f": {holder} has its key"
                yield f"{resource_id} is not in the index {_index_of(field)}{held}"

    # From the indexes

    def _needless_entries(self) -> Iterator[str]:
        for some in portions(entries(self._tenant, INDEX), _AT_ONCE):
            resources = self._entered([*{last_part(entry) for entry in some}])
            wanted = {entry for each in resources for entry in index_entries(self._kinds, each)}
            for entry in some:
                if entry not in wanted and self._is_known(entry):
                    yield f"the index {_index_of(entry)} has {last_part(entry)}, and it should not"

    def _needless_fields(self) -> Iterator[str]:
        for some in portions(fields(self._tenant, UNIQUE), _AT_ONCE):
            resources = self._entered([*{holder for _, holder in some}])
            wanted = {(unique_field(k), each.row.id) for each in resources for k in each.keys if k.unique}
            for field, holder in some:
                if (field, holder) not in wanted and self._is_known(field):
                    yield f"the index {_index_of(field)} has {holder}, and it should not"

    def _is_known(self, entry: str) -> bool:
        """Tell whether an entry is of an index of the schemas; those of types that are gone may stay."""
        type_name = _index_of(entry).partition(".")[0].partition("~")[0]
        return type_name in self._types.by_name

    def _needless_times(self) -> Iterator[str]:
        for some in portions(fields(self._tenant, USED), _AT_ONCE):
            ids = [resource_id for resource_id, _ in some]
            for resource_id, row in zip(ids, self._tenant.values(ROWS, ids), strict=True):
                if row is None:
                    yield f"there is a time of last use of {resource_id}, which is not there"

    # From one side of memberships to the other

    def _members_of_groups(self) -> Iterator[str]:
        for some in portions(entries(self._tenant, MEMBERS), _AT_ONCE):
            links = [entry.split("\0") for entry in some]
            heads = self._tenant.heads({i for group, member, _ in links for i in (group, member)})
            others = self._tenant.has(GROUPS, [joined(member, group) for group, member, _ in links])
            for (group, member, type_name), is_there in zip(links, others, strict=True):
                if group not in heads or heads[group].type not in self._kinds.with_members:
                    yield f"{member} is a member of {group}, which is no group"
                if member not in heads:
                    yield f"{member} is a member of {group}, and is not there"
                elif not is_there or heads[member].type != type_name:
                    yield f"only one side knows that {member} is a member of {group}"

    def _groups_of_members(self) -> Iterator[str]:
        for some in portions(entries(self._tenant, GROUPS), _AT_ONCE):
            links = [entry.split("\0") for entry in some]
            heads = self._tenant.heads({member for member, _ in links})
            known = [joined(group, m, heads[m].type if m in heads else "") for m, group in links]
            for (member, group), is_there in zip(links, self._tenant.has(MEMBERS, known), strict=True):
                if not is_there:
                    yield f"only one side knows that {member} is a member of {group}"

    # Counters

    def _wrong_counters(self) -> Iterator[str]:
        created, logged = (int(value or 0) for value in self._tenant.values(META, ["created", "logged"]))
        if created < self._last:
            yield f"the last resource has the number {self._last}, and the next one would have {created + 1}"
        found = self._tenant.call(("XREVRANGE", LOG, "+", "-", "COUNT", 1))
        entry = int(str(found[0][0]).partition("-")[0]) if found else 0
        if entry != logged:
            yield f"the last entry of the change log is {entry}, and the next one would be {logged + 1}"


def _is_row(text: str) -> bool:
    try:
        unpack("", text, None)
    except ValueError:
        return False
    return True


def _index_of(entry: str) -> str:
    return entry.partition("\0")[0]
