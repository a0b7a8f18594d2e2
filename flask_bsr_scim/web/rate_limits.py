"""How many requests a credential may make: counted in windows of fixed length, which its first request begins."""

import logging
import time
from math import ceil

import limits
from limits.errors import ConfigurationError as StorageMistake
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from flask_bsr_scim.errors import ConfigurationError, TooManyRequests
from flask_bsr_scim.web.principal import NOBODY, Principal

log = logging.getLogger(__name__)

PAUSE = 5
"""Seconds in which nothing is counted, after the storage of the counts did not answer."""

_PATIENCE = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
"""Seconds that a request waits for Redis; unlike the directory, the counts can do without."""


class RateLimiter:
    """Counts the requests of each credential.

    :param limit: as `600/minute`.
    :param storage: where the counts are, as a URI of the library `limits`.
    :raises ConfigurationError: there is no such storage, or its driver is not installed.
    """

    def __init__(self, limit: str, storage: str) -> None:
        self._limit = limits.parse(limit)
        options = _PATIENCE if storage.startswith(("redis", "valkey")) else {}
        try:
            counts = storage_from_string(storage, wrap_exceptions=True, **options)
        except (StorageMistake, ValueError):
            raise ConfigurationError(
                "SCIM_RATE_LIMIT_STORAGE names no storage of the library limits whose driver is installed; "
                "use memory:// or redis://…"
            ) from None
        self._counter = FixedWindowRateLimiter(counts)
        self._resumes = 0.0

    def __call__(self, principal: Principal) -> None:
        """Count a request; those that need no credential are not counted.

        :raises TooManyRequests: it is one more than allowed.
        """
        if principal is NOBODY or time.monotonic() < self._resumes:
            return
        key = (principal.tenant, principal.token_id)
        try:
            if self._counter.hit(self._limit, *key):
                return
            resets = self._counter.get_window_stats(self._limit, *key).reset_time
        except StorageError as error:
            self._resumes = time.monotonic() + PAUSE
            log.warning(
                "requests are not counted for %d s: the storage of rate limits does not answer: %s", PAUSE, error
            )
            return
        raise TooManyRequests(self._limit.amount, self._limit.GRANULARITY.name, max(1, ceil(resets - time.time())))
