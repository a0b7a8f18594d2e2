"""Texts that a client keeps for us: readable by whoever looks into them, and made by nobody else."""

import hashlib
import secrets
from contextlib import suppress
from functools import lru_cache
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from flask_bsr_scim.backends.base import Backend, Insert, Swap
from flask_bsr_scim.errors import UniquenessConflict, VersionConflict
from flask_bsr_scim.resource import Resource

_SECRET = "Secret"
_KEY_ID = "secret-page-tokens"
_KEYS = 1024
"""Tenants whose keys are kept in memory."""

_OPTIONS = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


class Seals:
    """Seals values with a key of their tenant, which its store keeps: every process can open them.

    The backend's types include `Secret`, one of :func:`flask_bsr_scim.registry.internal_types`.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._key = lru_cache(_KEYS)(self._find_key)

    def seal(self, tenant: str, purpose: str, value: Any) -> str:
        """Return a JSON value as text, in letters, digits and `-`, `.`, `_`."""
        text = self._serializer(tenant, purpose).dumps(value)
        return text if isinstance(text, str) else text.decode()

    def open(self, tenant: str, purpose: str, text: str) -> Any:
        """Return the value of a sealed text; None when it was not sealed in this tenant and for this purpose."""
        value = self._opened(tenant, purpose, text)
        if value is None and self._key(tenant) != self._find_key(tenant):
            # All that the tenant held was replaced, by an import for one.
            self._key.cache_clear()
            value = self._opened(tenant, purpose, text)
        return value

    def _opened(self, tenant: str, purpose: str, text: str) -> Any:
        with suppress(BadData):
            return self._serializer(tenant, purpose).loads(text)
        return None

    def _serializer(self, tenant: str, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(self._key(tenant), purpose, signer_kwargs=_OPTIONS)

    def _find_key(self, tenant: str) -> str:
        """Return the tenant's key; the first one that needs it makes it."""
        secret = self._backend.get(tenant, _SECRET, _KEY_ID)
        if secret is None or "key" not in secret.document:
            with suppress(UniquenessConflict, VersionConflict):  # Another one was first.
                self._backend.commit(tenant, [_new_key(secret)])
            secret = self._backend.get(tenant, _SECRET, _KEY_ID)
            assert secret is not None
        return str(secret.document["key"])


def _new_key(secret: Resource | None) -> Insert | Swap:
    """Return what makes a key; `secret` is there without one when the store was filled from another one."""
    document = {"schemas": [f"urn:bsr:scim:internal:{_SECRET}"], "id": _KEY_ID, "key": secrets.token_hex(32)}
    if secret is None:
        return Insert(_SECRET, _KEY_ID, document)
    return Swap(_SECRET, _KEY_ID, document, expected_version=secret.version)
