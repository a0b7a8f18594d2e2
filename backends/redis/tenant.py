"""A tenant of the Redis store as it is now."""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from itertools import islice, repeat
from typing import Any

import orjson

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.redis.layout import LOG, META, Head, Range, keys, read_head, unpack
from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.redis.space import (
    Fetched,
    Holders,
    Ids,
    Kinds,
    Record,
    Source,
    Space,
    Stretch,
    link_to_member,
)
from flask_bsr_scim.resource import Link

_AT_ONCE = 5000
"""What is asked for in one command: Lua takes no more than 8,000 arguments."""

Command = tuple[str, int, *tuple[Any, ...]]
"""A command, the number of its key, and its arguments."""


class StoredTenant(Space):
    """Reads from the server; each method reads in one step."""

    def __init__(self, server: Server, prefix: str, tenant: str, kinds: Kinds) -> None:
        self._server, self._kinds = server, kinds
        self.keys = keys(prefix, tenant)

    def beside(self, name: str) -> "StoredTenant":
        """Return what is kept under a name beside this tenant, in the same slot."""
        other = copy(self)
        other.keys = tuple(f"{key}:{name}" for key in self.keys)
        return other

    def run(self, name: str, *arguments: Any) -> Any:
        """Return what a script answers in this tenant."""
        return self._server.run(name, self.keys, arguments)

    def call(self, command: Command) -> Any:
        """Return what a command answers."""
        name, key, *arguments = command
        return self._server.call(name, self.keys[key], *arguments)

    def read(self, commands: Sequence[Command]) -> Sequence[Any]:
        """Return what some commands answer in one step."""
        if len(commands) > 1:
            answers: Sequence[Any] = self.run("batch", *flat(commands))
            return answers
        return [self.call(command) for command in commands]

    def values(self, key: int, fields: Sequence[str]) -> Sequence[str | None]:
        found: Sequence[str | None] = self.call(("HMGET", key, *fields)) if fields else ()
        return found

    def heads(self, ids: Collection[str]) -> Mapping[str, Head]:
        rest, found = iter(ids), dict[str, Head]()
        while some := list(islice(rest, _AT_ONCE)):
            texts = zip(some, self.run("heads", *some), strict=True)
            found |= {i: read_head(text) for i, text in texts if text is not None}
        return found

    def entries(self, ranges: Sequence[Range]) -> Sequence[Sequence[str]]:
        return self.read(list(map(_command, ranges)))

    def counts(self, ranges: Sequence[Range]) -> Sequence[int]:
        return self.read([("ZLEXCOUNT", r.key, f"[{r.low}", f"({r.high}") for r in ranges])

    def has(self, key: int, entries: Sequence[str]) -> Sequence[bool]:
        found = self.call(("ZMSCORE", key, *entries)) if entries else ()
        return [score is not None for score in found]

    def log(self, after: int, count: int) -> list[LogEntry]:
        if count <= 0:
            return []
        found = self.call(("XRANGE", LOG, f"{after + 1}-0", "+", "COUNT", count))
        return [_entry(*each) for each in found or ()]

    def revision(self) -> int:
        """Return the sequence number of the last entry of the change log."""
        (logged,) = self.values(META, ["logged"])
        return int(logged or 0)

    def fetch(self, source: Source, *, links: bool) -> Fetched:
        kinds = (self._kinds.with_members, self._kinds.with_groups) if links else ((), ())
        logged, total, size, found = self.run("fetch", *map(_lines, kinds), *_arguments(source))
        pairs = zip(found[::2], found[1::2], strict=True) if any(kinds) else zip(found, repeat(()))
        return Fetched(int(logged or 0), total, size, [self._record(*each) for each in pairs])

    def _record(self, text: str, linked: Sequence[str]) -> Record:
        resource_id, used, stored = text.split("\0", 2)
        row = unpack(resource_id, stored, used or None)
        return Record(row.seq, row.resource(self._links(row.type, linked) if linked else ()))

    def _links(self, type_name: str, linked: Sequence[str]) -> Sequence[Link]:
        if type_name in self._kinds.with_members:
            return list(map(link_to_member, linked))
        heads = ((i, read_head(text)) for i, text in zip(linked[::2], linked[1::2], strict=True))
        return [Link(i, head.type, head.label) for i, head in heads if head.type in self._kinds.exposed] or ()


def flat(commands: Sequence[Command]) -> list[Any]:
    """Return commands as a script takes them."""
    arguments: list[Any] = []
    for name, key, *rest in commands:
        arguments += (len(rest), name, key, *rest)
    return arguments


def _command(wanted: Range) -> Command:
    bounds = f"[{wanted.low}", f"({wanted.high}"
    page = ("LIMIT", wanted.offset, wanted.limit)
    if wanted.reverse:
        return ("ZREVRANGEBYLEX", wanted.key, *bounds[::-1], *page)
    return ("ZRANGEBYLEX", wanted.key, *bounds, *page)


def _arguments(source: Source) -> tuple[Any, ...]:
    match source:
        case Ids(ids):
            return ("ids", *ids)
        case Holders(fields):
            return ("unique", *fields)
        case Stretch(whole, part):
            bounds = whole.low, whole.high, part.low, part.high
            return ("stretch", *bounds, part.offset, part.limit, int(part.reverse))


def _lines(names: Collection[str]) -> str:
    return "".join(f"{name}\n" for name in names)


def _entry(entry_id: str, fields: Any) -> LogEntry:
    pairs = dict(zip(fields[::2], fields[1::2], strict=True)) if isinstance(fields, list) else fields
    sequence, at = int(entry_id.partition("-")[0]), pairs["at"]
    token_id, request_id, operation, type_name, resource_id, before, after, delta = orjson.loads(pairs["entry"])
    return LogEntry(sequence, at, token_id, request_id, operation, type_name, resource_id, before, after, delta)


def log_command(entry: LogEntry, token: str) -> Command:
    """Return the command that appends to the change log; `token` tells whose commit it is."""
    text = orjson.dumps(entry[2:]).decode()
    return ("XADD", LOG, f"{entry.sequence}-0", "token", token, "at", entry.at, "entry", text)
