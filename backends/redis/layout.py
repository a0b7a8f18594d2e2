"""How the Redis store is laid out.

A tenant has a few keys, whose names hold nothing that a client sent, and which lie in one slot of a Cluster. Hashes and
sorted sets hold the rest. All members of a sorted set have the score 0, so that it is in the order of their bytes; they
are made of parts, and the first parts say what is looked for. Indexes hold digests of what clients sent. In one index
all parts but the last, the id, are of one length: digests, numbers of sixteen digits, and times with six of fraction.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import orjson

from flask_bsr_scim.backends.conventions import check_tenant
from flask_bsr_scim.backends.transaction import Row

LAYOUT: Final = 1

META: Final = 0
"""A hash: `logged` and `created`, how many entries of the change log and how many resources there ever were; `at`, the
time of the last commit; `profile`; `indexes`, the forms of the indexes that were made; `loaded`, a token of the dump of
which the tenant was made."""
LOCK: Final = 1
"""The token of a writer for whom the others wait."""
LOG: Final = 2
"""A stream: the change log; the ids are sequence numbers."""
ROWS: Final = 3
"""A hash: the resources by id, as :func:`pack` writes them."""
USED: Final = 4
"""A hash: the times of last use by id."""
UNIQUE: Final = 5
"""A hash: the ids of who holds a unique key, by :func:`joined` name of the index and digest."""
INDEX: Final = 6
"""A sorted set: (type, seq, id); (index, digest, seq, id); (type and `~modified`, time, id) of exposed types."""
MEMBERS: Final = 7
"""A sorted set: (group, member, type of the member)."""
GROUPS: Final = 8
"""A sorted set: (member, group)."""
NOTES: Final = 9
"""A hash: notes by key, each as its end and its text."""
NOTED: Final = 10
"""A sorted set: the keys of the notes by the time at which they were remembered, or `LASTING` seconds before their end
where that is later."""

JOURNAL: Final = 11
"""A stream: the journal; the ids are the numbers of its entries."""

MOVING: Final = 12
"""A hash: memberships of a commit that is done, in numbered portions, on their way into the two sets."""

_NAMES = (
    *("meta", "lock", "log", "rows", "used", "unique", "index", "members", "groups", "notes", "noted", "journal"),
    "moving",
)

_END = "\0"
"""Ends each part but the last. No id has it, so the order of what is joined is that of the parts."""
_BEHIND = "\1"

_NOBODY = "-"
"""Stands for what cannot be the name of a tenant, and is not one itself."""


@lru_cache(maxsize=1024)
def keys(prefix: str, tenant: str) -> tuple[str, ...]:
    """Return the keys of a tenant."""
    try:
        check_tenant(tenant)
    except ValueError:
        tenant = _NOBODY
    return tuple(f"{prefix}:{LAYOUT}:{{{tenant}}}:{name}" for name in _NAMES)


def joined(*parts: str) -> str:
    """Return what a sorted set holds of some parts."""
    return _END.join(parts)


def first_part(entry: str) -> str:
    """Return the first part of what a sorted set holds."""
    return entry.partition(_END)[0]


def last_part(entry: str) -> str:
    """Return the last part of what a sorted set holds."""
    return entry.rpartition(_END)[2]


def id_in(key: int, entry: str) -> str:
    """Return the id of the resource for which a sorted set holds an entry."""
    return entry.split(_END)[1] if key == MEMBERS else last_part(entry)


def number(seq: int) -> str:
    """Return a number so that the order of texts is that of numbers."""
    return f"{seq:016d}"


def digest(key: Any) -> str:
    """Return what stands for a comparison key."""
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    return blake2b(str(key).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Range(NamedTuple):
    """A part of a sorted set: from `low` on, below `high`; `limit` of it behind the first `offset`, -1: all."""

    key: int
    low: str
    high: str
    offset: int = 0
    limit: int = -1
    reverse: bool = False


def under(key: int, *parts: str) -> Range:
    """Return all that begins with some parts and goes on."""
    return Range(key, joined(*parts, ""), joined(*parts) + _BEHIND)


def behind(whole: Range, *parts: str) -> Range:
    """Return what comes in a range after everything that begins with some parts."""
    return whole._replace(low=joined(*parts) + _BEHIND)


def up_to(whole: Range, *parts: str) -> Range:
    """Return what comes in a range before some parts, and everything that begins with them."""
    return whole._replace(high=joined(*parts) + _BEHIND)


def before(whole: Range, *parts: str) -> Range:
    """Return what comes in a range before everything that begins with some parts."""
    return whole._replace(high=joined(*parts))


def beyond(whole: Range, seq: int, *, reverse: bool) -> Range:
    """Return what comes in the order of creation behind a number; or, with `reverse`, up to it."""
    place = f"{whole.low}{number(seq)}{_BEHIND}"
    return whole._replace(high=place) if reverse else whole._replace(low=place)


@lru_cache(maxsize=1024)
def of_type(type_name: str) -> Range:
    """Return where the resources of a type are, in the order of creation."""
    return under(INDEX, type_name)


def of_key(index: str, key: Any) -> Range:
    """Return where the holders of a key are, in the order of creation."""
    return under(INDEX, index, digest(key))


def by_time(type_name: str) -> str:
    """Return the name of the index of a type's times of modification."""
    return f"{type_name}~modified"


class Head(NamedTuple):
    """What is first in a row: all that memberships need to know of a resource."""

    type: str
    seq: int
    label: str | None


def pack(row: Row) -> str:
    """Return a row as it is stored; no field but the last, which is JSON without line breaks, can hold one."""
    return f"{row.type}\n{row.seq}\n{_write_label(row.label)}\n{row.version}\n{row.created}\n{row.modified}\n{row.text}"


def unpack(resource_id: str, text: str, used: str | None) -> Row:
    """Return the row that is stored as a text."""
    type_name, seq, label, version, created, modified, document = text.split("\n", 6)
    return Row(int(seq), type_name, resource_id, int(version), created, modified, document, used, _read_label(label))


def read_head(text: str) -> Head:
    """Return the head of a row from the beginning of its text."""
    type_name, seq, label = text.split("\n", 3)[:3]
    return Head(type_name, int(seq), _read_label(label))


def _write_label(label: str | None) -> str:
    return "" if label is None else orjson.dumps(label).decode()


def _read_label(text: str) -> str | None:
    label: str | None = orjson.loads(text) if text else None
    return label
