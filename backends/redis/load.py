"""Loads a dump into the Redis store.

It is written under keys of its own in the tenant's slot, which end by themselves should nobody go on, and takes the
tenant's names in one script.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from secrets import token_hex
from typing import Any, Final

import orjson
from redis.exceptions import RedisClusterException, RedisError

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.dump_rows import Entered, Loader, not_there, not_unique, same_id
from flask_bsr_scim.backends.dumping import Members, Profile
from flask_bsr_scim.backends.redis.dump import index_entries, unique_field
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    INDEX,
    LOG,
    MEMBERS,
    META,
    MOVING,
    ROWS,
    UNIQUE,
    USED,
    joined,
    pack,
)
from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.redis.space import Kinds
from flask_bsr_scim.backends.redis.tenant import Command, StoredTenant, flat, log_command
from flask_bsr_scim.schema import TypeRegistry

_MOVED: Final = {
    META: "HLEN",
    LOG: "XLEN",
    ROWS: "HLEN",
    USED: "HLEN",
    UNIQUE: "HLEN",
    INDEX: "ZCARD",
    MEMBERS: "ZCARD",
    GROUPS: "ZCARD",
    MOVING: "HLEN",
}
"""The keys that are made the tenant's, each with the command that counts what is in it."""

_ARGUMENTS: Final = 4000
"""So many arguments one command has at most."""

_SECONDS: Final = 3600
"""After so long a time without another step what was loaded ends."""


class RedisLoader(Loader):
    """Writes beside a tenant, until :meth:`adopt` makes it the tenant's."""

    def __init__(self, server: Server, tenant: StoredTenant, kinds: Kinds, types: TypeRegistry) -> None:
        super().__init__(types)
        self._server, self._tenant, self._kinds = server, tenant, kinds
        self._token = token_hex(8)
        self._beside = tenant.beside(self._token)
        self._counts = dict.fromkeys(_MOVED, 0)
        self._meta: dict[str, Any] = {"loaded": self._token}
        self.profile: str | None = None

    def take_profile(self, profiles: Sequence[Profile]) -> None:
        (self.profile,) = (profile.name for profile in profiles)
        forms = {index.name: index.form for each in self.types for index in each.indexed}
        self._meta |= {"indexes": orjson.dumps(forms).decode(), **({"profile": self.profile} if self.profile else {})}

    def take_resources(self, resources: Sequence[Entered]) -> None:
        keys = self._new_keys(resources)
        rows = {each.row.id: pack(each.row) for each in resources}
        used = {row.id: row.used for row, _ in resources if row.used}
        entries = {entry for each in resources for entry in index_entries(self._kinds, each)}
        self._see_that_ids_are_new(resources)
        self._write(
            _command("HSET", ROWS, *rows.items()),
            _command("HSET", USED, *used.items()),
            _command("HSET", UNIQUE, *keys.items()),
            _command("ZADD", INDEX, *((0, entry) for entry in entries)),
        )
        self._count({ROWS: len(rows), USED: len(used), UNIQUE: len(keys), INDEX: len(entries)})

    def _see_that_ids_are_new(self, resources: Sequence[Entered]) -> None:
        ids = [each.row.id for each in resources]
        held = {i for i, row in zip(ids, self._beside.values(ROWS, ids), strict=True) if row is not None}
        for resource_id in ids:
            if resource_id in held:
                raise same_id(resource_id)
            held.add(resource_id)

    def _new_keys(self, resources: Sequence[Entered]) -> dict[str, str]:
        """Return the ids of who holds a unique key, by field.

        :raises DumpError: a key has another holder.
        """
        keys = [(key, each.row.id) for each in resources for key in each.keys if key.unique]
        fields = list(map(unique_field, (key for key, _ in keys)))
        found: dict[str, str] = {}
        for (key, holder), field, other in zip(keys, fields, self._beside.values(UNIQUE, fields), strict=True):
            if other is not None or field in found:
                raise not_unique(key.name, key.key)
            found[field] = holder
        return found

    def take_members(self, members: Sequence[Members]) -> None:
        heads = self._beside.heads({i for each in members for i in (each.group, *each.ids)})
        pairs = []
        for group, ids in members:
            head = heads.get(group)
            if head is None or head.type not in self._kinds.with_members or not all(i in heads for i in ids):
                raise not_there(group, ids)
            pairs += [(group, i) for i in ids]
        self._write(
            _command("ZADD", MEMBERS, *((0, joined(group, i, heads[i].type)) for group, i in pairs)),
            _command("ZADD", GROUPS, *((0, joined(i, group)) for group, i in pairs)),
        )
        self._count({MEMBERS: len(pairs), GROUPS: len(pairs)})

    def take_log(self, entries: Sequence[LogEntry]) -> None:
        self._write(iter([log_command(entry, self._token) for entry in entries]))
        self._meta |= {"logged": entries[-1].sequence, "at": entries[-1].at}
        self._count({LOG: len(entries)})

    def adopt(self, *, replace: bool) -> str:
        """Make the tenant what was loaded; return `done`, `taken`: it holds something, or `lost`: not all is there."""
        if self.seq:
            self._meta["created"] = self.seq
        self._write(_command("HSET", META, *self._meta.items()))
        self._count({META: len(self._meta)})
        keys = (*self._tenant.keys, *self._beside.keys)
        moved = chain.from_iterable((key, _MOVED[key], count) for key, count in self._counts.items())
        answer: str = self._server.run("adopt", keys, (self._token, int(replace), *moved))
        return answer

    def give_up(self) -> None:
        """Throw away what was loaded; what cannot be now ends by itself."""
        with suppress(RedisError, RedisClusterException, OSError):
            self._server.call("UNLINK", *self._beside.keys)

    def _count(self, loaded: Mapping[int, int]) -> None:
        for key, number in loaded.items():
            self._counts[key] += number

    def _write(self, *commands: Iterator[Command]) -> None:
        prolonged: list[Command] = [("EXPIRE", key, _SECONDS) for key in _MOVED]
        self._beside.run("batch", "", *flat([*(command for some in commands for command in some), *prolonged]))


def _command(name: str, key: int, *pairs: tuple[Any, Any]) -> Iterator[Command]:
    """Yield a command for all pairs of arguments, in as many pieces as it takes; none for no pairs."""
    arguments = [argument for pair in pairs for argument in pair]
    for start in range(0, len(arguments), _ARGUMENTS):
        yield (name, key, *arguments[start : start + _ARGUMENTS])
