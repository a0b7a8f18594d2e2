"""How often somebody may try to sign in."""

from collections.abc import Callable
from functools import cached_property

from flask_bsr_scim.errors import TooManyRequests
from flask_bsr_scim.web.principal import Principal

_LIMIT = "10/minute"


class Attempts:
    """Counts the attempts from each address, in this process."""

    def wait(self, address: str) -> int:
        """Count an attempt; return after how many seconds the next one may be made, 0 when this one may."""
        try:
            self._count(Principal("", address, frozenset()))
        except TooManyRequests as error:
            return error.retry_after
        return 0

    @cached_property
    def _count(self) -> Callable[[Principal], None]:
        # Loaded with the first attempt: most processes never see one.
        from flask_bsr_scim.web.rate_limits import RateLimiter

        return RateLimiter(_LIMIT, "memory://")
