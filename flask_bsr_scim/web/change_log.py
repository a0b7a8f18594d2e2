"""Where the change log ends."""

from bisect import bisect_left

from flask_bsr_scim.backends.base import Backend

MOST_ENTRIES = 2**53


def last_number(store: Backend, tenant: str) -> int:
    """Return the number of the last entry: numbers go up by one, but the first ones may be purged."""
    return bisect_left(range(MOST_ENTRIES), True, key=lambda number: not store.log(tenant, after=number, count=1))
