"""Whether a tenant in memory is sound."""

from collections.abc import Iterator, Mapping

from flask_bsr_scim.backends.dump_rows import keys_in, wrong_in
from flask_bsr_scim.backends.dumping import Seen
from flask_bsr_scim.backends.log_check import LogCheck, Version
from flask_bsr_scim.backends.memory.tenant import Tenant
from flask_bsr_scim.backends.transaction import Row
from flask_bsr_scim.errors import shown
from flask_bsr_scim.schema import TypeRegistry

_Entry = tuple[str, object, str]
"""The name of an index, a key, and the id of who holds it."""


def check(tenant: Tenant, types: TypeRegistry, seen: Seen) -> Iterator[str]:
    """Yield what is wrong."""
    rows = {row.id: row for each in tenant.rows.values() for row in each}
    for row in rows.values():
        yield from wrong_in(types, row)
    seen(len(rows))
    yield from _wrong_keys(tenant, types, rows)
    yield from _wrong_members(tenant, types, rows)
    versions = {row.id: Version(row.type, row.version) for row in rows.values()}
    yield from LogCheck(lambda: tenant.entries(0, tenant.logged), lambda: rows, lambda ids: versions).findings()
    seen(len(tenant.log))


def _wrong_keys(tenant: Tenant, types: TypeRegistry, rows: Mapping[str, Row]) -> Iterator[str]:
    expected = {(k.name, k.key, row.id) for row in rows.values() for k in keys_in(types, row)}
    there = set(_entries(tenant))
    for index, key, resource_id in sorted(expected - there, key=str):
        yield f"{resource_id} is not in the index {index} under {shown(str(key))}"
    for index, key, resource_id in sorted(there - expected, key=str):
        yield f"the index {index} has {resource_id} under {shown(str(key))}, and it should not"


def _entries(tenant: Tenant) -> Iterator[_Entry]:
    for index, unique in tenant.unique.items():
        yield from ((index, key, holder) for key, holder in unique.items())
    for index, plain in tenant.keys.items():
        for key, held in plain.items():
            yield from ((index, key, holder) for holder in ({held} if isinstance(held, str) else held))


def _wrong_members(tenant: Tenant, types: TypeRegistry, rows: Mapping[str, Row]) -> Iterator[str]:
    of_groups = {(group, member) for group, ids in tenant.members.items() for member in ids}
    of_members = {(group, member) for member, ids in tenant.groups.items() for group in ids}
    for group, member in sorted(of_groups | of_members):
        row = rows.get(group)
        if row is None or row.type not in types.by_name or types.by_name[row.type].members is None:
            yield f"{member} is a member of {group}, which is no group"
        if member not in rows:
            yield f"{member} is a member of {group}, and is not there"
    for group, member in sorted(of_groups ^ of_members):
        yield f"only one side knows that {member} is a member of {group}"
