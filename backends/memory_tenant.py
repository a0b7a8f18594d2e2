"""What the store in memory holds of one tenant, and a transaction on it."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.backends.transactional import MemberRow, Row, Transaction
from flask_bsr_scim.resource import Link

_PURGED_AT_ONCE = 100

_FEW = 16
"""Up to so many ids are inserted into a sorted list one by one."""


class Tenant:
    """The resources of a tenant and the indexes to them, which hold ids alone."""

    def __init__(self) -> None:
        self.profile: str | None = None
        self.created = 0
        """How many resources were ever made."""
        self.rows: defaultdict[str, dict[str, Row]] = defaultdict(dict)
        """By type and id, in the order of creation."""
        self.unique: defaultdict[str, dict[Any, str]] = defaultdict(dict)
        """By index and key."""
        self.keys: defaultdict[str, dict[Any, tuple[str, ...]]] = defaultdict(dict)
        """By index and key, sorted."""
        self.members: dict[str, list[str]] = {}
        """Of each group that has any, sorted."""
        self.groups: dict[str, list[str]] = {}
        """Of each resource that is in any, sorted."""
        self.log: deque[LogEntry] = deque()
        self.logged = 0
        """The last sequence number."""
