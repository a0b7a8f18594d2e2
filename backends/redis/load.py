"""Loads a dump into the Redis store.

It is written under keys of its own in the tenant's slot, which end by themselves should nobody go on, and takes the
tenant's names in one script.
"""

from collections.abc import Iterator, Sequence
from secrets import token_hex
from typing import Any, Final

import orjson

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

_MOVED: Final = (META, LOG, ROWS, USED, UNIQUE, INDEX, MEMBERS, GROUPS, MOVING)

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
        self._counts = dict.fromkeys((ROWS, UNIQUE, MEMBERS, LOG), 0)
        self.profile: str | None = None

    def take_profile(self, profiles: Sequence[Profile]) -> None:
        (self.profile,) = (profile.name for profile in profiles)
        forms = {index.name: index.form for each in self.types for index in each.indexed}
        about = {"indexes": orjson.dumps(forms).decode(), **({"profile": self.profile} if self.profile else {})}
        self._write(_command("HSET", META, *about.items()))

    def take_resources(self, resources: Sequence[Entered]) -> None:
        keys = self._new_keys(resources)
        rows = {each.row.id: pack(each.row) for each in resources}
        self._see_that_ids_are_new(resources)
        self._write(
            _command("HSET", ROWS, *rows.items()),
            _command("HSET", USED, *((row.id, row.used) for row, _ in resources if row.used)),
            _command("HSET", UNIQUE, *keys.items()),
            _command("ZADD", INDEX, *((0, entry) for each in resources for entry in index_entries(self._kinds, each))),
        )
        self._counts[ROWS] += len(rows)
        self._counts[UNIQUE] += len(keys)

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
        self._counts[MEMBERS] += len(pairs)

    def take_log(self, entries: Sequence[LogEntry]) -> None:
        last = entries[-1]
        self._write(
            iter([log_command(entry, self._token) for entry in entries]),
            _command("HSET", META, ("logged", last.sequence), ("at", last.at)),
        )
        self._counts[LOG] += len(entries)

    def adopt(self, *, replace: bool) -> str:
        """Make the tenant what was loaded; return `done`, `taken`: it holds something, or `lost`: not all is there."""
        if self.seq:
            self._write(_command("HSET", META, ("created", self.seq)))
        keys = (*self._tenant.keys, *self._beside.keys)
        answer: str = self._server.run("adopt", keys, (int(replace), *self._counts.values(), *_MOVED))
        return answer

    def give_up(self) -> None:
        """Throw away what was loaded."""
        self._server.call("UNLINK", *self._beside.keys)

    def _write(self, *commands: Iterator[Command]) -> None:
        prolonged: list[Command] = [("EXPIRE", key, _SECONDS) for key in _MOVED]
        self._beside.run("batch", *flat([*(command for some in commands for command in some), *prolonged]))


def _command(name: str, key: int, *pairs: tuple[Any, Any]) -> Iterator[Command]:
    """Yield a command for all pairs of arguments, in as many pieces as it takes; none for no pairs."""
    arguments = [argument for pair in pairs for argument in pair]
    for start in range(0, len(arguments), _ARGUMENTS):
        yield (name, key, *arguments[start : start + _ARGUMENTS])
