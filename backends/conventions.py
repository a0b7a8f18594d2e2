"""What the contract takes for granted: names of tenants, clocks, and how the errors of a driver come out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from flask_bsr_scim.errors import StoreUnavailable

DEFAULT_TENANT = "default"
"""The tenant that is there from the start."""

_TENANT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

Clock = Callable[[], datetime]
"""Returns the present moment, aware of its zone."""


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def check_tenant(tenant: str) -> None:
    """Return when a name is one that a tenant may have.

    :raises ValueError: it is not.
    """
    if not _TENANT_NAME.fullmatch(tenant):
        raise ValueError(f"{tenant!r} is no tenant name: use lower-case letters, digits and '-', at most 63")


class WrappedErrors:
    """Turns the exceptions of a driver into the contract's."""

    __slots__ = ("_unavailable",)

    def __init__(self, unavailable: tuple[type[Exception], ...]) -> None:
        self._unavailable = unavailable

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None and isinstance(error, self._unavailable):
            raise StoreUnavailable(str(error)) from error
