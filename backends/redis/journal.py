"""The journal of a tenant in the Redis store: a stream, whose ids are the numbers."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Any, Final

from flask_bsr_scim.backends.journal import JournalEntry
from flask_bsr_scim.backends.redis.layout import JOURNAL
from flask_bsr_scim.backends.redis.tenant import Command, StoredTenant
from flask_bsr_scim.errors import StoreUnavailable

_TRIES: Final = 20
"""Each fails only when another writer came in between."""


def append(tenant: StoredTenant, texts: Sequence[str], most: int, now: float, horizon: float) -> None:
    """Write texts; throw away what was written before the horizon, and all but the last ones.

    :raises StoreUnavailable: others write all the time.
    """
    last, token = "0", token_hex(16)
    for _ in range(_TRIES):
        last = tenant.run("journal", last, token, repr(now), repr(horizon), most, *texts)
        if last == "done":
            return
    raise StoreUnavailable("other writers hold the journal")


def read(tenant: StoredTenant, after: int | None, count: int, reverse: bool) -> list[JournalEntry]:
    """Return entries behind a number, in one direction or the other."""
    if count <= 0:
        return []
    command: Command = ("XRANGE", JOURNAL, f"{(after or 0) + 1}-0", "+", "COUNT", count)
    if reverse:
        start = "+" if after is None else f"{max(after - 1, 0)}-0"
        command = ("XREVRANGE", JOURNAL, start, "-", "COUNT", count)
    return [_entry(*each) for each in tenant.call(command) or ()]


def _entry(entry_id: str, fields: Any) -> JournalEntry:
    pairs = dict(zip(fields[::2], fields[1::2], strict=True)) if isinstance(fields, list) else fields
    return JournalEntry(int(entry_id.partition("-")[0]), float(pairs["at"]), pairs["text"])
