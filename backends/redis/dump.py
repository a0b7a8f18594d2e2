"""A tenant of the Redis store as a dump.

It is read in pages while others may write: the sequence number of the last entry of the change log tells.
"""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.dump_rows import Entered, IndexKey
from flask_bsr_scim.backends.dumping import (
    MEMBERS_AT_ONCE,
    DumpError,
    Members,
    Profile,
    Record,
    WrittenMeanwhileError,
)
from flask_bsr_scim.backends.redis.layout import (
    LOG,
    MEMBERS,
    META,
    ROWS,
    beyond,
    by_time,
    digest,
    joined,
    number,
    of_type,
)
from flask_bsr_scim.backends.redis.space import Kinds, Stretch
from flask_bsr_scim.backends.redis.space import Record as Found
from flask_bsr_scim.backends.redis.tenant import StoredTenant
from flask_bsr_scim.portions import portions
from flask_bsr_scim.schema import TypeRegistry

AT_ONCE: Final = 1000


class Dump:
    """Reads a tenant.

    :raises WrittenMeanwhileError: somebody wrote to it meanwhile.
    """

    def __init__(self, name: str, tenant: StoredTenant, types: TypeRegistry) -> None:
        self._name, self._tenant, self._types = name, tenant, types
        self._revision = tenant.revision()

    def records(self) -> Iterator[Record]:
        """Yield the records."""
        (profile,) = self._tenant.values(META, ["profile"])
        if profile is None and not self._revision and not self._tenant.call(("EXISTS", ROWS)):
            return
        yield Profile(profile)
        resources = 0
        for found in self._resources():
            yield found.resource
            resources += 1
        if self._tenant.call(("HLEN", ROWS)) != resources:
            self.see_that_nobody_wrote()
            raise DumpError(
                f"the tenant {self._name!r} has resources of types that are in no schema, or its indexes are wrong: "
                "see that SCIM_SCHEMAS is as it was, then ask `db check`"
            )
        yield from self._members()
        yield from log(self._tenant)
        self.see_that_nobody_wrote()

    def see_that_nobody_wrote(self) -> None:
        """Return when the tenant is as it was in the beginning."""
        self._expect(self._tenant.revision())

    def _expect(self, revision: int) -> None:
        if revision != self._revision:
            raise WrittenMeanwhileError(self._name)

    def _resources(self) -> Iterator[Found]:
        return merge(*(self._of_type(each.name) for each in self._types), key=itemgetter(0))

    def _of_type(self, name: str) -> Iterator[Found]:
        whole = rest = of_type(name)
        while True:
            found = self._tenant.fetch(Stretch(whole, rest._replace(limit=AT_ONCE)))
            self._expect(found.revision)
            yield from found.records
            if found.size <= AT_ONCE:
                return
            rest = beyond(whole, found.records[-1].seq, reverse=False)

    def _members(self) -> Iterator[Members]:
        parts = (entry.split("\0") for entry in entries(self._tenant, MEMBERS))
        for group, some in groupby(parts, itemgetter(0)):
            ids = (member for _, member, _ in some)
            yield from (Members(group, portion) for portion in portions(ids, MEMBERS_AT_ONCE))


def entries(tenant: StoredTenant, key: int) -> Iterator[str]:
    """Yield all that a sorted set holds."""
    low = "-"
    while found := tenant.call(("ZRANGEBYLEX", key, low, "+", "LIMIT", 0, AT_ONCE)):
        yield from found
        low = f"({found[-1]}"


def fields(tenant: StoredTenant, key: int) -> Iterator[tuple[str, str]]:
    """Yield all that a hash holds; what is written meanwhile may come twice."""
    cursor = 0
    while True:
        cursor, found = tenant.call(("HSCAN", key, cursor, "COUNT", AT_ONCE))
        yield from found.items() if isinstance(found, dict) else zip(found[::2], found[1::2], strict=True)
        cursor = int(cursor)
        if cursor == 0:
            return


def log(tenant: StoredTenant) -> Iterator[LogEntry]:
    """Yield the change log."""
    last = 0
    while found := tenant.log(last, AT_ONCE):
        yield from found
        last = found[-1].sequence


def log_length(tenant: StoredTenant) -> int:
    """Return the number of entries of the change log."""
    return int(tenant.call(("XLEN", LOG)))


def index_entries(kinds: Kinds, entered: Entered) -> list[str]:
    """Return what the set of indexes holds of a resource."""
    row, seq = entered.row, number(entered.row.seq)
    found = [joined(k.name, digest(k.key), seq, row.id) for k in entered.keys if not k.unique]
    if row.type in kinds.exposed:
        found.append(joined(by_time(row.type), row.modified, row.id))
    return [joined(row.type, seq, row.id), *found]


def unique_field(key: IndexKey) -> str:
    """Return under which field the hash of unique keys holds the id of who has one."""
    return joined(key.name, digest(key.key))
