"""Who uses the console: an administrator who signed in with an API token, and has a sealed cookie since.

The cookie holds no token. Each request looks again whether the token, the user and the role are still there.
"""

import secrets
from typing import NamedTuple

import flask

from flask_bsr_scim.backends.base import Actor
from flask_bsr_scim.registry.api.caller import Caller, identify
from flask_bsr_scim.registry.errors import RegistryError
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.tokens import TOKEN, Kind, read_token
from flask_bsr_scim.schema.values import timestamp
from flask_bsr_scim.seals import Seals
from flask_bsr_scim.web.service import Service

COOKIE = "bsr_scim_console"

LIFETIME = 1800
"""Seconds that a session lasts from the last page on."""
_LONGEST = 8 * 3600
"""Seconds that it lasts in all."""
_RENEWED = 60
"""Seconds after which a page gives another cookie."""

_SESSION, _FORM = "console session", "console form"


class Session(NamedTuple):
    """A session of the console, as its cookie has it. Times are in seconds since 1970; `seen` is 0 before the first."""

    id: str
    tenant: str
    token_id: str
    began: int
    seen: int


class Guest(NamedTuple):
    """An administrator with a live session, in the tenant that the token opened."""

    session: Session
    caller: Caller

    @property
    def tenant(self) -> str:
        """The tenant."""
        return self.session.tenant

    @property
    def store(self) -> TenantStore:
        """What the registry keeps there."""
        return self.caller.store


class Sessions:
    """Opens and closes sessions."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seals = Seals(service.backend)

    def enter(self, text: str, request_id: str) -> Guest | None:
        """Return who signs in with an API token, None when it is not that of an administrator."""
        principal = self._service.authenticate_admin(text)
        if principal is None:
            return None
        session = Session(secrets.token_urlsafe(12), principal.tenant, principal.token_id, self._now(), 0)
        return self._guest(session, request_id)

    def find(self, request: flask.Request, request_id: str) -> Guest | None:
        """Return whose session the cookie of a request is, None when there is none that is live."""
        tenant, _, sealed = request.cookies.get(COOKIE, "").partition(":")
        if not sealed or tenant not in self._service.backend.tenants():
            return None
        content = self._seals.open(tenant, _SESSION, sealed)
        if content is None:
            return None
        session = Session(content[0], tenant, *content[1:])
        now = self._now()
        if now >= min(session.seen + LIFETIME, session.began + _LONGEST):
            return None
        if self._service.backend.recall(tenant, self._key(session)) is not None:
            return None
        return self._guest(session, request_id)

    def end(self, session: Session) -> None:
        """End a session before its time, in every process."""
        self._service.backend.remember(session.tenant, self._key(session), "ended", _LONGEST)

    def cookie(self, session: Session) -> str | None:
        """Return the cookie for the next pages, None while the present one will do."""
        now = self._now()
        if now - session.seen >= _RENEWED:
            content = [session.id, session.token_id, session.began, now]
            return f"{session.tenant}:{self._seals.seal(session.tenant, _SESSION, content)}"
        return None

    def form_key(self, session: Session) -> str:
        """Return what each form of a session has to carry."""
        return self._seals.seal(session.tenant, _FORM, session.id)

    def is_form_key(self, session: Session, text: str) -> bool:
        """Tell whether a form is one of the session's."""
        return bool(self._seals.open(session.tenant, _FORM, text) == session.id)

    def is_live(self, session: Session) -> bool:
        """Tell whether a session goes on: it did not end, and neither did what it rests on."""
        ended = self._service.backend.recall(session.tenant, self._key(session)) is not None
        return not ended and self._guest(session, "") is not None

    def _guest(self, session: Session, request_id: str) -> Guest | None:
        actor = Actor(session.token_id, request_id)
        store = TenantStore(self._service.backend, session.tenant, actor)
        resource = store.get(TOKEN, session.token_id)
        if resource is None:
            return None
        token = read_token(resource)
        is_over = token.expires is not None and token.expires <= timestamp(self._service.backend.clock())
        if token.kind is not Kind.API or is_over:
            return None
        registry = self._service.registry(session.tenant, actor)
        try:
            caller = identify(registry, store, self._service.tokens, session.token_id)
        except RegistryError:
            return None
        return Guest(session, caller) if caller.is_administrator else None

    def _now(self) -> int:
        return int(self._service.backend.clock().timestamp())

    def _key(self, session: Session) -> str:
        return f"console-{session.id}"
