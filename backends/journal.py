"""What stands in a tenant's journal."""

from typing import NamedTuple


class JournalEntry(NamedTuple):
    """A text of a journal; `at` is when it was written, in seconds since 1970."""

    number: int
    at: float
    text: str
