"""Changes that depend on what they read, tried again when another writer came between."""

from collections.abc import Callable
from typing import TypeVar

from flask_bsr_scim.errors import ResourceNotFound, UniquenessConflict, VersionConflict
from flask_bsr_scim.registry.errors import Busy

T = TypeVar("T")

_ATTEMPTS = 100
"""Each lost race means that another write succeeded, so this many writers at once get through."""


def insist(attempt: Callable[[], T]) -> T:
    """Return what an attempt returns; one that lost a race is made again, and reads anew.

    :raises Busy: other writers came first time and again.
    """
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except (VersionConflict, UniquenessConflict, ResourceNotFound):
            continue
    raise Busy("Too many clients change this at once. Try again in a few seconds.")
