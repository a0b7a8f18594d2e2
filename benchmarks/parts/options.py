"""What a run was asked for."""

from collections.abc import Callable
from dataclasses import dataclass

Say = Callable[[str], None]
"""Takes a line about what was measured."""


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured."""

    users: tuple[int, ...] = (1000, 10_000)
    """Of the stores that are compared with those of others, smallest first."""
    groups: tuple[int, ...] = (10, 100, 1000)
    """Members of the groups there."""
    sizes: tuple[int, ...] = (1000, 10_000, 100_000)
    """Users of the stores that show growth, smallest first."""
    million: int = 1_000_000
    """Users of the largest store."""
    members: tuple[int, ...] = (10, 1000, 10_000, 100_000)
    """Members of the groups in stores that show growth, as far as there are users."""
    rounds: int = 20
