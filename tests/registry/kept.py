"""Stores of tokens whose clock stands still."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask_bsr_scim.backends.base import Backend

NOW = datetime(2027, 1, 31, 12, 0, 30, tzinfo=UTC)

Open = Callable[[], Backend]
"""Opens the store as another process would."""


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now
