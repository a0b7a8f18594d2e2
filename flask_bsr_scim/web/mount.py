"""A service under a prefix of an application: from a request to its response."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import getrandbits
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import quote

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_bsr_scim.backends.base import NOBODY, Actor
from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.view import View
from flask_bsr_scim.web import connect
from flask_bsr_scim.web.guard import authorize_admin, authorize_public, authorize_scim
from flask_bsr_scim.web.principal import Principal
from flask_bsr_scim.web.responses import error_response
from flask_bsr_scim.web.routes import Call
from flask_bsr_scim.web.service import Service

log = logging.getLogger("flask_bsr_scim.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SCHEMES = ("https", "http")
_NAMES_OF_THE_HOST = ("wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")
_LONGEST_HOST = 262
"""A name of 255 characters (RFC 1035 §2.3.4), a colon and a port."""
_MOST_VIEWS = 64
"""Views that are kept; clients choose the host that they name."""


class Entrance(NamedTuple):
    """How a kind of endpoint lets requests in, and how it shows errors."""

    authorize: Callable[[Service, flask.Request], Principal]
    refuse: Callable[[Exception, str], flask.Response]


SCIM = Entrance(authorize_scim, error_response)
PUBLIC = Entrance(authorize_public, error_response)
ADMIN = Entrance(authorize_admin, connect.error_response)


@dataclass(slots=True)
class _Visit:
    """What is known of the request at hand; tenant and actor are there once it passed the guard."""

    request: flask.Request
    request_id: str
    started: float
    tenant: str = "-"
    actor: Actor = NOBODY


class Mount:
    """A service under a prefix of an application."""

    def __init__(self, service: Service, prefix: str) -> None:
        self.service = service
        self.prefix = prefix
        self._views: dict[tuple[str | None, ...], View] = {}

    def answer(self, entrance: Entrance, handle: Callable[[Call], flask.Response]) -> flask.Response:
        """Answer the request at hand; nobody passes the guard without a credential.

        Whatever is raised becomes an answer in the form of the entrance: a client never sees another one.
        """
        request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
        visit = _Visit(request, _request_id(request.environ.get("HTTP_X_REQUEST_ID")), perf_counter())
        try:
            response = handle(self._enter(visit, entrance))
        except Exception as error:
            response = entrance.refuse(error, visit.request_id)
        response.headers.add("X-Request-Id", visit.request_id)
        level = logging.INFO if response.status_code < 400 else logging.WARNING
        if log.isEnabledFor(level):
            _log_request(level, response, visit)
        return response

    def _enter(self, visit: _Visit, entrance: Entrance) -> Call:
        principal = entrance.authorize(self.service, visit.request)
        visit.tenant, visit.actor = principal.tenant, Actor(principal.token_id, visit.request_id)
        if self.service.count is not None:
            self.service.count(principal)
        context = Context(visit.tenant, self.view(visit.request), visit.actor)
        return Call(self.service, context, visit.request, principal)

    def view(self, request: flask.Request) -> View:
        """Return how resources look from the URL that the client knows.

        :raises ScimError: the request does not name a host.
        """
        settings, environ = self.service.settings, request.environ
        if settings.trusted_proxies:
            return self._make_view(flask.Request(_as_the_client_sent(environ, settings.trusted_proxies)))
        named = tuple(map(environ.get, _NAMES_OF_THE_HOST))
        view = self._views.get(named)
        if view is None:
            view = self._make_view(request)
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            self._views[named] = view
        return view

    def _make_view(self, request: flask.Request) -> View:
        if pinned := self.service.settings.public_url(self.prefix):
            return View(self.service.types, pinned)
        if not 0 < len(request.host) <= _LONGEST_HOST or request.scheme not in _SCHEMES:
            raise ScimError("Host, or the headers of a proxy, do not name the host that this request is for.")
        host, path = f"{request.scheme}://{request.host}", quote(request.root_path.rstrip("/"))
        return View(self.service.types, host + path + self.prefix)


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(without_tokens(given)) else f"{getrandbits(128):032x}"


def _log_request(level: int, response: flask.Response, visit: _Visit) -> None:
    """Log a request without its query, since filters name people; a refusal with what the client was told."""
    log.log(
        level,
        "%s %r %d %.1f ms tenant=%s token=%s request=%s %s",
        visit.request.method,
        without_tokens(visit.request.path),
        response.status_code,
        (perf_counter() - visit.started) * 1000,
        visit.tenant,
        visit.actor.token_id or "-",
        visit.request_id,
        response.get_data(as_text=True) if response.status_code >= 400 else "",
    )


def _as_the_client_sent(environ: dict[str, Any], proxies: int) -> dict[str, Any]:
    """Return the environment as it was before it passed so many trusted proxies, for this request alone."""
    copy = dict(environ)
    fix = ProxyFix(lambda *_: (), x_for=proxies, x_proto=proxies, x_host=proxies, x_port=proxies, x_prefix=proxies)
    fix(copy, lambda *_: lambda _data: None)
    return copy
