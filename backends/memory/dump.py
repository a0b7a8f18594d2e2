"""A tenant in memory as a dump, and back."""

from collections.abc import Iterator, Sequence
from heapq import merge

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.dump_rows import Entered, Loader, not_there, not_unique, same_id
from flask_bsr_scim.backends.dumping import MEMBERS_AT_ONCE, Members, Profile, Record
from flask_bsr_scim.backends.memory.tenant import MemoryTransaction, Tenant
from flask_bsr_scim.schema import TypeRegistry


def dump(tenant: Tenant) -> Iterator[Record]:
    """Return the records of a tenant as it is now, whatever happens to it later."""
    rows = [list(each) for each in tenant.rows.values()]
    members = [(group, list(ids)) for group, ids in tenant.members.items()]
    entries = tenant.entries(0, tenant.logged)

    def records() -> Iterator[Record]:
        yield Profile(tenant.profile)
        yield from (row.resource() for row in merge(*rows))
        yield from (part for group, ids in sorted(members) for part in _portions(group, ids))
        yield from entries

    return records()


def _portions(group: str, ids: Sequence[str]) -> Iterator[Members]:
    return (Members(group, ids[start : start + MEMBERS_AT_ONCE]) for start in range(0, len(ids), MEMBERS_AT_ONCE))


class MemoryLoader(Loader):
    """Fills a new tenant."""

    def __init__(self, types: TypeRegistry) -> None:
        super().__init__(types)
        self.tenant = Tenant()

    def take_profile(self, profiles: Sequence[Profile]) -> None:
        (self.tenant.profile,) = (profile.name for profile in profiles)

    def take_resources(self, resources: Sequence[Entered]) -> None:
        transaction = MemoryTransaction(self.tenant)
        for row, keys in resources:
            if transaction.insert(row) is None:
                raise same_id(row.id)
            for index, key, unique in keys:
                if not unique:
                    transaction.add_key(index, key, row)
                elif transaction.claim(index, key, row) is not None:
                    raise not_unique(index, key)

    def take_members(self, members: Sequence[Members]) -> None:
        transaction = MemoryTransaction(self.tenant)
        for group, ids in members:
            found, row = transaction.find_members(ids), self.tenant.find(group)
            if row is None or self.types.by_name[row.type].members is None or len(found) != len(ids):
                raise not_there(group, ids)
            transaction.link(row, found.values())

    def take_log(self, entries: Sequence[LogEntry]) -> None:
        transaction = MemoryTransaction(self.tenant)
        self.tenant.logged = self.tenant.logged or entries[0].sequence - 1
        for entry in entries:
            transaction.write_log(entry)
