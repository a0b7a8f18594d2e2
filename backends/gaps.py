"""The gaps between the resources of a list, as the texts that a page gives for them.

A gap is where a resource could lie whose sort key is `key` (None: it has none) and whose number in the order of
creation is between `seq` and the next one. It stands still, whatever comes and goes around it.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from flask_bsr_scim.backends.base import Query


class Gap(NamedTuple):
    """A gap. What is behind it has a later key, or the same one and a higher number than `seq`."""

    seq: int
    key: Any = None


def read_gap(cursor: str) -> Gap:
    """Return the gap for which a cursor stands."""
    number, _, key = cursor.partition(" ")
    return Gap(int(number), orjson.loads(key) if key else None)


def cursors(query: Query, resources: Sequence[tuple[int, Any]]) -> Sequence[str]:
    """Return the cursors of a page.

    :param resources: of each resource the number and, in a sorted order, the key.
    """
    if not resources:
        return () if query.after is None else (query.after,)
    behind = -1 if query.reverse else 0
    seq, key = resources[0]
    gaps = [(seq - 1 - behind, key), *[(seq + behind, key) for seq, key in resources]]
    if query.sort is None:
        return [str(seq) for seq, _ in gaps]
    return [f"{seq} {orjson.dumps(key).decode()}" for seq, key in gaps]
