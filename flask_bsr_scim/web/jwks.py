"""The public keys of an authorization server (RFC 7517): fetched when they are needed, and at a bounded rate.

PyJWT has a client of its own. It asks a server that does not answer again with each request, reads answers of any
length, and lets every request wait for the one that fetches.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from math import inf
from threading import Lock
from time import monotonic
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from flask_bsr_scim.errors import ScimError, ServiceUnavailable, shown
from flask_bsr_scim.strict_json import read_json

log = logging.getLogger(__name__)

REFRESH = 300
"""Seconds after which the keys are fetched anew, while the ones that are there still count."""

EXPIRY = 600
"""Seconds after which they no longer count: a key that was withdrawn is refused by then, whatever happens."""

PAUSE = 10
"""Seconds from one attempt to fetch to the next: clients can name as many keys as they like that nobody has."""

_TIMEOUT = 3
MOST_BYTES = 262_144


class Jwks:
    """The keys at a URL that are for one algorithm.

    :param fetch: returns what is at the URL.
    :param clock: in seconds.
    """

    def __init__(
        self,
        url: str,
        algorithm: str,
        fetch: Callable[[str], bytes] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._url, self._algorithm = url, algorithm
        self._fetch, self._clock = fetch or fetch_keys, clock
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = self._tried = -inf
        self._lock = Lock()

    def find(self, key_id: str) -> PyJWK | None:
        """Return the key of an id, None when the server does not publish one.

        :raises ServiceUnavailable: that cannot be known, since the server does not answer.
        """
        if self._is_due(key_id) and self._lock.acquire(blocking=key_id not in self._live()):
            try:
                # Whoever had to wait finds what the one before fetched.
                if self._is_due(key_id):
                    self._refresh()
            finally:
                self._lock.release()
        key = self._live().get(key_id)
        if key is None and self._fetched < self._tried:
            raise ServiceUnavailable("The authorization server's keys cannot be read. Try again in a few seconds.")
        return key

    def _is_due(self, key_id: str) -> bool:
        now = self._clock()
        return now >= self._tried + PAUSE and (now >= self._fetched + REFRESH or key_id not in self._live())

    def _live(self) -> Mapping[str, PyJWK]:
        return self._keys if self._clock() < self._fetched + EXPIRY else {}

    def _refresh(self) -> None:
        try:
            self._keys = dict(_usable(self._fetch(self._url), self._algorithm))
            self._fetched = self._tried = self._clock()
        except (OSError, HTTPException, ScimError, ValueError) as error:
            self._tried = self._clock()
            log.warning("the keys at %s cannot be read: %s", self._url, shown(str(error), length=200))


class _NoRedirects(HTTPRedirectHandler):
    """Goes nowhere but where the setting says: a redirect is an error, as any other status but 200."""

    def redirect_request(self, *_: Any) -> None:
        return None


def fetch_keys(url: str) -> bytes:
    """Return what is at a URL.

    :raises OSError, HTTPException: the server does not answer, or not with success.
    :raises ValueError: it answers with too much.
    """
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "flask-bsr-scim"})
    with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT) as response:
        data: bytes = response.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    return data


def _usable(data: bytes, algorithm: str) -> Iterator[tuple[str, PyJWK]]:
    """Yield the keys that verify signatures of the algorithm, each with its id.

    :raises ValueError, ScimError: the data is no JWK Set.
    """
    document = read_json(data)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no JWK Set")
    for entry in entries:
        if not isinstance(entry, dict) or not _is_for(entry, algorithm):
            continue
        try:
            yield str(entry["kid"]), PyJWK(entry, algorithm)
        except PyJWTError as error:
            log.warning("a key is not used: %s", shown(str(error), length=200))


def _is_for(entry: dict[str, Any], algorithm: str) -> bool:
    """Tell whether a key is public, for signatures, and for no other algorithm (RFC 8725 §3.1)."""
    return (
        isinstance(entry.get("kid"), str)
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and "d" not in entry
    )
