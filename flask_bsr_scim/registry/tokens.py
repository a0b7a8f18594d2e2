"""Bearer tokens: made, listed, revoked and verified.

A token's text is `bsrscim_<tenant>_<secret>` (`bsrapi_…` for API tokens) with a secret of 256 random bits. The store
keeps its SHA-256 alone, in the tenant that the text names, so that looking a token up is one read.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from flask_bsr_scim.backends.base import NOBODY, Actor, Backend, Insert, Query, Removal
from flask_bsr_scim.errors import NotFound, ResourceNotFound, StoreUnavailable
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema.values import timestamp
from flask_bsr_scim.view import View

log = logging.getLogger(__name__)

_TYPE = "Token"

_MINUTE = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MOST_KNOWN = 1024
"""Tokens that a process remembers, by their hashes."""
_PAGE = 1000

_TEXT = re.compile(r"bsr(?:scim|api)_[a-z0-9-]+_[A-Za-z0-9_-]+")


class Kind(StrEnum):
    """What a token opens; the value is also the middle of its prefix."""

    SCIM = "scim"
    API = "api"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token, without its text. Times are UTC as in :class:`~flask_bsr_scim.resource.Resource`."""

    id: str
    kind: Kind
    created: str
    expires: str | None = None
    last_used: str | None = None
    """To the minute."""
    user: str | None = None
    description: str | None = None


class TokenStore:
    """The tokens of all tenants."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._known: dict[str, _Known] = {}

    def create(
        self,
        tenant: str,
        kind: Kind = Kind.SCIM,
        *,
        expires: datetime | None = None,
        user: str | None = None,
        description: str | None = None,
        actor: Actor = NOBODY,
    ) -> tuple[str, Token]:
        """Make a token; return its text, which is shown this once, and what is kept of it.

        :raises ValueError: the tenant's name is not one.
        """
        text = f"bsr{kind}_{tenant}_{secrets.token_urlsafe(32)}"
        document = {
            "schemas": ["urn:bsr:scim:internal:Token"],
            "id": new_id(),
            "kind": str(kind),
            "hash": _hash(text),
            "expires": None if expires is None else timestamp(expires),
            "user": user,
            "description": description,
        }
        document = {name: value for name, value in document.items() if value is not None}
        (resource,) = self._backend.commit(tenant, [Insert(_TYPE, str(document["id"]), document)], actor)
        assert resource is not None
        return text, _token(resource)

    def list(self, tenant: str) -> Iterator[Token]:
        """Yield the tenant's tokens in the order of their making."""
        query = Query(View(self._backend.types, ""), count=_PAGE, links=False)
        while page := self._backend.query(tenant, _TYPE, query).resources:
            yield from map(_token, page)
            query = replace(query, offset=query.offset + _PAGE)

    def delete(self, tenant: str, token_id: str, actor: Actor = NOBODY) -> None:
        """Revoke a token at once, in every process.

        :raises NotFound: there is no such token in the tenant.
        """
        try:
            self._backend.commit(tenant, [Removal(_TYPE, token_id)], actor)
        except ResourceNotFound:
            raise NotFound("There is no such token.") from None

    def verify(self, text: str, kind: Kind) -> tuple[str, str] | None:
        """Return tenant and token id when the text is a live token of that kind; note the use, to the minute."""
        digest, moment = _hash(text), self._backend.clock()
        known = self._known.get(digest)
        if known is None:
            known = self._learn(text, digest)
        elif not self._backend.is_held(known.tenant, _TYPE, "hash", digest):
            return None
        if known is None or known.kind != kind or (known.expires is not None and known.expires <= moment):
            return None
        if moment >= known.noted_until:
            self._note_use(known, digest, moment)
        return known.tenant, known.id

    def _learn(self, text: str, digest: str) -> "_Known | None":
        """Return what is stored of a token. It never changes, so later the token has only to be there still."""
        prefix, _, rest = text.partition("_")
        tenant, _, secret = rest.partition("_")
        if not prefix.startswith("bsr") or not tenant or not secret:
            return None
        resource = self._backend.find(tenant, _TYPE, "hash", digest)
        if resource is None or not hmac.compare_digest(resource.document["hash"], digest):
            return None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        token = _token(resource)
        expires, used = map(_moment, (token.expires, token.last_used))
        noted_until = _LONG_AGO if used is None else used + _MINUTE
        known = self._known[digest] = _Known(tenant, token.id, token.kind, expires, noted_until)
        return known

    def _note_use(self, known: "_Known", digest: str, moment: datetime) -> None:
        minute = moment.replace(second=0, microsecond=0)
        self._known[digest] = known._replace(noted_until=minute + _MINUTE)
        try:
            self._backend.touch(known.tenant, _TYPE, known.id, timestamp(minute)[:16])
        except StoreUnavailable:
            log.warning("the last use of token %s could not be noted", known.id)


class _Known(NamedTuple):
    """What a process remembers of a token."""

    tenant: str
    id: str
    kind: Kind
    expires: datetime | None
    noted_until: datetime


def without_tokens(text: str) -> str:
    """Return a text without the tokens in it, for logs and answers: people paste them into the wrong field."""
    return _TEXT.sub("…", text)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _token(resource: Resource) -> Token:
    document = resource.document
    return Token(
        resource.id,
        Kind(document["kind"]),
        resource.created,
        document.get("expires"),
        resource.used,
        document.get("user"),
        document.get("description"),
    )
