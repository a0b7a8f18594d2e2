"""A tenant of the Redis store as it is now."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from functools import partial
from itertools import islice
from operator import itemgetter
from sys import intern
from time import monotonic
from typing import Any, Final

import orjson
from redis.exceptions import ResponseError

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    INDEX,
    LOG,
    MEMBERS,
    META,
    MOVING,
    NOTED,
    NOTES,
    ROWS,
    UNIQUE,
    USED,
    Head,
    Range,
    behind,
    first_part,
    keys,
    last_part,
    read_head,
    under,
)
from flask_bsr_scim.backends.redis.presumed import Presumed
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
    link_to_group,
    link_to_member,
)
from flask_bsr_scim.errors import PresumptionError, StoreUnavailable
from flask_bsr_scim.portions import portions
from flask_bsr_scim.resource import Link, Resource

_HEADS_AT_ONCE = 500
"""Heads that are read in one step. Lua sees the rows whole, and is the slower the more of them it holds."""

_AT_ONCE = 5000
"""What is asked for in one command: Lua takes no more than 8,000 arguments."""

PATIENCE: Final = 1.2
"""Seconds to wait for other writers, so that an answer is there within two."""

_TAKEN: Final = {
    "fetch": itemgetter(META, ROWS, USED, UNIQUE, INDEX, MEMBERS, GROUPS, MOVING),
    "remember": itemgetter(NOTES, NOTED),
}
"""The keys that a script takes: those of reads get no more than they use."""

_MOVING: Final = "MOVING"
"""Begins the error of a script that looks at memberships while some are on their way."""

_ASKING: Final = frozenset(("batch", "fetch"))
"""The scripts that look up first what is presumed."""

_UNHELD: Final = "UNHELD"
"""Begins their error when it is not so; then they did nothing."""

_record: Callable[[tuple[int, Resource]], Record] = partial(tuple.__new__, Record)
_resource: Callable[[tuple[Any, ...]], Resource] = partial(tuple.__new__, Resource)
"""What `_make` does, without counting the fields: a page has hundreds of them."""

Command = tuple[str, int, *tuple[Any, ...]]
"""A command, the number of its key, and its arguments."""


class StoredTenant(Space):
    """Reads from the server; each method reads in one step, and looks up in the same what the thread presumes here."""

    def __init__(self, server: Server, prefix: str, tenant: str, kinds: Kinds, presumed: Presumed) -> None:
        self._server, self._kinds, self._presumed = server, kinds, presumed
        self.keys = keys(prefix, tenant)

    def beside(self, name: str) -> "StoredTenant":
        """Return what is kept under a name beside this tenant, in the same slot."""
        other = copy(self)
        other.keys = tuple(f"{key}:{name}" for key in self.keys)
        return other

    def run(self, name: str, *arguments: Any, beside: str | None = None) -> Any:
        """Return what a script answers in this tenant.

        :param beside: the name of the waiting memberships that the script uses too.
        :raises StoreUnavailable: those of a commit that is done do not all get into the sets in time.
        :raises PresumptionError: what the thread presumes is not so.
        """
        if name in _ASKING:
            return self._run_asking(name, arguments)
        self._presumed.confirm(self._server)
        keys = self._keys_of(name)
        if beside is not None:
            keys = (*keys, f"{self.keys[MOVING]}:{beside}")
        return self._run_settled(name, keys, arguments)

    def _run_asking(self, name: str, arguments: Sequence[Any]) -> Any:
        pending = self._presumed.pending
        if pending is not None and pending.key != self.keys[UNIQUE]:
            self._presumed.confirm(self._server)
            pending = None
        try:
            answer = self._run_settled(name, self._keys_of(name), (pending.field if pending else "", *arguments))
        except ResponseError as error:
            if pending is None or not str(error).startswith(_UNHELD):
                raise
            raise PresumptionError from None
        self._presumed.found()
        return answer

    def _run_settled(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        while True:
            try:
                return self._server.run(name, keys, arguments)
            except ResponseError as error:
                if not str(error).startswith(_MOVING):
                    raise
            self.settle(PATIENCE)

    def settle(self, seconds: float | None = None) -> None:
        """Bring the memberships of a large commit that is done into the sets, should its writer be gone.

        :raises StoreUnavailable: that takes longer than so many seconds.
        """
        start = monotonic()
        while self._server.run("settle", self.keys):
            if seconds is not None and monotonic() > start + seconds:
                raise StoreUnavailable("the members of a very large group are being changed")

    def _keys_of(self, script: str) -> tuple[str, ...]:
        return _TAKEN[script](self.keys) if script in _TAKEN else self.keys

    def call(self, command: Command) -> Any:
        """Return what a command answers."""
        if self._presumed.pending is not None:
            (answer,) = self.run("batch", *_batch(command))
            return answer
        self._presumed.found()
        name, key, *arguments = command
        return self._server.call(name, self.keys[key], *arguments)

    def read(self, commands: Sequence[Command]) -> Sequence[Any]:
        """Return what some commands answer in one step."""
        if len(commands) != 1 or commands[0][1] in (MEMBERS, GROUPS):
            answers: Sequence[Any] = self.run("batch", *_batch(*commands))
            return answers
        return [self.call(command) for command in commands]

    def values(self, key: int, fields: Sequence[str]) -> Sequence[str | None]:
        found: Sequence[str | None] = self.call(("HMGET", key, *fields)) if fields else ()
        return found

    def hashes(self, wanted: Mapping[int, Sequence[str]]) -> Sequence[Sequence[str | None]]:
        commands: list[Command] = [("HMGET", key, *fields) for key, fields in wanted.items() if fields]
        at_once = len(commands) > 1 and max(map(len, wanted.values())) <= _AT_ONCE
        found = iter(self.read(commands) if at_once else list(map(self.call, commands)))
        return [next(found) if fields else () for fields in wanted.values()]

    def heads(self, ids: Collection[str]) -> Mapping[str, Head]:
        rest, found = iter(ids), dict[str, Head]()
        while some := list(islice(rest, _HEADS_AT_ONCE)):
            texts = zip(some, self.run("heads", *some).split("\0"), strict=True)
            found |= {i: read_head(text) for i, text in texts if text}
        return found

    def member_types(self, group_id: str) -> dict[str, str]:
        rest, types = under(MEMBERS, group_id), dict[str, str]()
        first = len(rest.low.encode()) + 1
        while text := self.run("members", rest.low, rest.high, _AT_ONCE, first):
            found = text.split("\0")
            types.update(zip(found[::2], map(intern, found[1::2]), strict=True))
            if len(found) < 2 * _AT_ONCE:
                break
            rest = behind(rest, group_id, found[-2])
        return types

    def entries(self, ranges: Sequence[Range]) -> Sequence[Sequence[str]]:
        return self.read(list(map(_command, ranges)))

    def counts(self, ranges: Sequence[Range]) -> Sequence[int]:
        return self.read([("ZLEXCOUNT", r.key, f"[{r.low}", f"({r.high}") for r in ranges])

    def has(self, key: int, entries: Sequence[str]) -> Sequence[bool]:
        found: list[Any] = []
        for some in portions(entries, _AT_ONCE):
            found += self.read([("ZMSCORE", key, *some)])[0]
        return [score is not None for score in found]

    def log(self, after: int, count: int) -> list[LogEntry]:
        if count <= 0:
            return []
        found = self.call(("XRANGE", LOG, f"{after + 1}-0", "+", "COUNT", count))
        return [_entry(*each) for each in found or ()]

    def revision(self) -> int:
        """Return the sequence number of the last entry of the change log."""
        # In a script, so that all memberships of that commit are where they belong.
        logged = self.run("revision")
        return int(logged or 0)

    def fetch(self, source: Source, links_of: str | None = None) -> Fetched:
        side = "" if links_of is None else self._kinds.sides.get(links_of, "")
        logged, total, size, ids, rows, times, *linked = self.run("fetch", side, *_arguments(source))
        records = _records(ids, rows, times, self._links(side, *linked) if any(linked) else {})
        return Fetched(int(logged or 0), total, size, records)

    def _links(self, side: str, linked: Sequence[Sequence[str]], heads: Sequence[str]) -> Mapping[str, Sequence[Link]]:
        """Return memberships by resource."""
        if side == "members":
            return {first_part(entries[0]): list(map(link_to_member, entries)) for entries in linked}
        # Several members mostly are in the same groups.
        read = ((i, read_head(text)) for i, text in zip(heads[::2], heads[1::2], strict=True))
        shown = {i: link_to_group(i, head) for i, head in read if head.type in self._kinds.exposed}
        return {first_part(each[0]): [shown[i] for i in map(last_part, each) if i in shown] for each in linked}


def _records(
    ids: Sequence[str],
    rows: Sequence[str | None],
    times: Sequence[str | None],
    linked: Mapping[str, Sequence[Link]],
) -> list[Record]:
    """Return the resources that are there, from what is stored of them."""
    return [
        _record((int(seq), _resource((type_name, i, int(version), created, modified, text, used, links or ()))))
        for i, row, used, links in zip(ids, rows, times, map(linked.get, ids), strict=True)
        if row is not None
        for type_name, seq, _, version, created, modified, text in [row.split("\n", 6)]
    ]


def _batch(*commands: Command) -> Sequence[Any]:
    """Return what the script takes that runs commands; one that looks at no memberships does not wait for any."""
    looks = len(commands) != 1 or commands[0][1] in (MEMBERS, GROUPS)
    return ("looks" if looks else "", *flat(commands))


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


def _entry(entry_id: str, fields: Any) -> LogEntry:
    pairs = dict(zip(fields[::2], fields[1::2], strict=True)) if isinstance(fields, list) else fields
    sequence, at = int(entry_id.partition("-")[0]), pairs["at"]
    token_id, request_id, operation, type_name, resource_id, before, after, delta = orjson.loads(pairs["entry"])
    return LogEntry(sequence, at, token_id, request_id, operation, type_name, resource_id, before, after, delta)


def log_command(entry: LogEntry, token: str) -> Command:
    """Return the command that appends to the change log; `token` tells whose commit it is."""
    text = orjson.dumps(entry[2:]).decode()
    return ("XADD", LOG, f"{entry.sequence}-0", "token", token, "at", entry.at, "entry", text)
