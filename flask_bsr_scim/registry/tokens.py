"""Bearer tokens: made, listed, revoked and verified.

A token's text is `bsrscim_<tenant>_<secret>` (`bsrapi_…` for API tokens) with a secret of 256 random bits. The store
keeps its SHA-256 alone, in the tenant that the text names, so that looking a token up is one read.
"""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from flask_bsr_scim.backends.base import NOBODY, Actor, Backend, Insert, Removal, Swap
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.errors import NotFound, ResourceNotFound, StoreUnavailable, shown
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.errors import FailedPrecondition, NotThere
from flask_bsr_scim.registry.owners import find_user, is_active
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import urn
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.values import timestamp

log = logging.getLogger(__name__)

TOKEN = "Token"

_MINUTE = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MOST_KNOWN = 1024
"""Tokens that a process remembers, by their hashes."""

_TEXT = re.compile(
    r"bsr(?:scim|scimread|api)_[a-z0-9-]+_[A-Za-z0-9_-]+"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"  # a JWT
)


class Kind(StrEnum):
    """What a token opens; the value is also the middle of its prefix."""

    SCIM = "scim"
    SCIM_READ = "scimread"
    """Reading over SCIM alone."""
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
    dialect: Dialect | None = None
    """None: that of the service."""
    tolerances: Mapping[str, str] = field(default_factory=dict)
    """What was needed, by name, and on which day (UTC) last."""


class Verified(NamedTuple):
    """What a live token stands for."""

    tenant: str
    token_id: str
    dialect: Dialect | None = None
    """None: that of the service."""


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
        dialect: Dialect | None = None,
        actor: Actor = NOBODY,
    ) -> tuple[str, Token]:
        """Make a token; return its text, which is shown this once, and what is kept of it.

        :param user: for whom an API token stands. It is made only while the user is active, so that no token escapes
            the deactivation that revokes them all.
        :raises ValueError: the tenant's name is not one.
        :raises NotThere: there is no such user.
        :raises FailedPrecondition: the user is deactivated.
        """
        text = f"bsr{kind}_{tenant}_{secrets.token_urlsafe(32)}"
        document = {
            "schemas": [urn(TOKEN)],
            "id": new_id(),
            "kind": str(kind),
            "hash": _hash(text),
            "expires": None if expires is None else timestamp(expires),
            "user": user,
            "description": description,
            "dialect": dialect,
        }
        document = {name: value for name, value in document.items() if value is not None}
        insert = Insert(TOKEN, str(document["id"]), document)
        store = TenantStore(self._backend, tenant, actor)
        made, *_ = insist(lambda: store.commit(insert, *([] if user is None else [_still_active(store, user)])))
        assert made is not None
        return text, read_token(made)

    def list(self, tenant: str, user: str | None = None) -> Iterator[Token]:
        """Yield the tenant's tokens, or those alone that stand for a user, in the order of their making."""
        holding = None if user is None else ("user", user)
        return map(read_token, TenantStore(self._backend, tenant).each(TOKEN, holding=holding))

    def delete(self, tenant: str, token_id: str, actor: Actor = NOBODY) -> None:
        """Revoke a token at once, in every process.

        :raises NotFound: there is no such token in the tenant.
        """
        try:
            self._backend.commit(tenant, [Removal(TOKEN, token_id)], actor)
        except ResourceNotFound:
            raise NotFound("There is no such token.") from None

    def verify(self, text: str, kind: Kind) -> "Verified | None":
        """Return what the text stands for when it is a live token of that kind; note the use, to the minute.

        That one which was alive before still is may be presumed (see :meth:`Backend.presuming`).
        """
        digest, moment = _hash(text), self._backend.clock()
        known = self._known.get(digest)
        is_new = known is None
        if known is None:
            known = self._learn(text, digest)
        if known is None or known.kind != kind or (known.expires is not None and known.expires <= moment):
            return None
        if not (is_new or self._backend.presume(known.token.tenant, TOKEN, "hash", digest)):
            self._known.pop(digest, None)
            return None
        if moment >= known.noted_until:
            self._backend.confirm()
            self._note_use(known, digest, moment)
        return known.token

    def _learn(self, text: str, digest: str) -> "_Known | None":
        """Return what is stored of a token. None of it ever changes, so later the token has only to be there still."""
        prefix, _, rest = text.partition("_")
        tenant, _, secret = rest.partition("_")
        if not prefix.startswith("bsr") or not tenant or not secret:
            return None
        resource = self._backend.find(tenant, TOKEN, "hash", digest)
        if resource is None or not hmac.compare_digest(resource.document["hash"], digest):
            return None
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        token = read_token(resource)
        expires, used = map(_moment, (token.expires, token.last_used))
        noted_until = _LONG_AGO if used is None else used + _MINUTE
        verified = Verified(tenant, token.id, token.dialect)
        known = self._known[digest] = _Known(verified, token.kind, expires, noted_until)
        return known

    def _note_use(self, known: "_Known", digest: str, moment: datetime) -> None:
        minute = moment.replace(second=0, microsecond=0)
        self._known[digest] = known._replace(noted_until=minute + _MINUTE)
        try:
            self._backend.touch(known.token.tenant, TOKEN, known.token.token_id, timestamp(minute)[:16])
        except StoreUnavailable:
            log.warning("the last use of token %s could not be noted", known.token.token_id)


class _Known(NamedTuple):
    """What a process remembers of a token."""

    token: Verified
    kind: Kind
    expires: datetime | None
    noted_until: datetime


def without_tokens(text: str) -> str:
    """Return a text without the tokens in it, for logs and answers: people paste them into the wrong field."""
    return _TEXT.sub("…", text)


def tolerances_of(document: Document) -> dict[str, str]:
    """Return what a stored token needed, by name, with the last day."""
    return {entry["name"]: entry["last"] for entry in document.get("tolerances", ())}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _still_active(store: TenantStore, user_id: str) -> Swap:
    """Return the change that changes nothing, and fails unless the user is still as it is now."""
    user = find_user(store, user_id)
    if user is None:
        raise NotThere(f"There is no user with the id {shown(user_id)}.")
    if not is_active(user):
        raise FailedPrecondition("The user is deactivated.")
    return Swap(user.type, user.id, expected_version=user.version)


def read_token(resource: Resource) -> Token:
    """Return the token that is stored."""
    document = resource.document
    return Token(
        resource.id,
        Kind(document["kind"]),
        resource.created,
        document.get("expires"),
        resource.used,
        document.get("user"),
        document.get("description"),
        Dialect(document["dialect"]) if "dialect" in document else None,
        tolerances_of(document),
    )
