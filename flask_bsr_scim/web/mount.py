"""A service under a prefix of an application: from a request to its response."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import getrandbits
from time import perf_counter, time
from typing import Any, NamedTuple
from urllib.parse import quote

import flask
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_bsr_scim.backends.base import NOBODY, Actor
from flask_bsr_scim.console.credentials import form_of, tenant_in
from flask_bsr_scim.console.recorder import kept
from flask_bsr_scim.console.traffic import Exchange
from flask_bsr_scim.dialects import Dialect, Speech, Tolerance, tolerates
from flask_bsr_scim.errors import NotFound, PresumptionError, ScimError, StoreUnavailable
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.view import View
from flask_bsr_scim.web import connect
from flask_bsr_scim.web.body import KEPT
from flask_bsr_scim.web.call import Call
from flask_bsr_scim.web.guard import authorize_admin, authorize_public, authorize_scim, permit_admin, permit_scim
from flask_bsr_scim.web.principal import Principal
from flask_bsr_scim.web.responses import error_response
from flask_bsr_scim.web.routes import REST
from flask_bsr_scim.web.service import Service

log = logging.getLogger("flask_bsr_scim.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SCHEMES = ("https", "http")
_NAMES_OF_THE_HOST = ("wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")
_LONGEST_HOST = 262
"""A name of 255 characters (RFC 1035 §2.3.4), a colon and a port."""
_LONGEST_LABEL = 63
_READING = ("GET", "HEAD")
_MOST_VIEWS = 64
"""Views that are kept; clients choose the host that they name."""


class Entrance(NamedTuple):
    """How a kind of endpoint lets requests in, and how it shows errors."""

    authorize: Callable[[Service, flask.Request], Principal]
    permit: Callable[[Principal, flask.Request], None]
    refuse: Callable[[Exception, str], flask.Response]


Handle = Callable[[Call, dict[str, Any]], flask.Response]
"""Takes the call and what the rule found in the path."""

SCIM = Entrance(authorize_scim, permit_scim, error_response)
PUBLIC = Entrance(authorize_public, permit_scim, error_response)
ADMIN = Entrance(authorize_admin, permit_admin, connect.error_response)


@dataclass(slots=True)
class _Visit:
    """What is known of the request at hand; tenant and actor are there once it passed the guard."""

    request: flask.Request
    request_id: str
    started: float
    speech: Speech
    tenant: str = "-"
    actor: Actor = NOBODY

    def leave(self, dialect: Dialect) -> None:
        """Go back before the guard: nobody knows whether the credential is good."""
        self.tenant, self.actor, self.speech.dialect = "-", NOBODY, dialect
        self.speech.needed.clear()


class Mount:
    """A service under a prefix of an application."""

    def __init__(self, service: Service, prefix: str) -> None:
        self.service = service
        self.prefix = prefix
        self._views: dict[tuple[str | None, ...], View] = {}

    def answer(
        self, request: flask.Request, entrance: Entrance, handle: Handle, parameters: dict[str, Any]
    ) -> flask.Response:
        """Answer a request with what the rule found in its path; nobody passes the guard without a credential.

        Whatever is raised becomes an answer in the form of the entrance: a client never sees another one.
        """
        request_id = _request_id(request)
        visit = _Visit(request, request_id, perf_counter(), Speech(self.service.settings.dialect))
        recorder = self.service.recorder if entrance is not ADMIN else None
        if recorder is not None:
            request.environ[KEPT] = None
        with visit.speech:
            try:
                response = self._handled(visit, entrance, handle, parameters)
            except Exception as error:
                response = entrance.refuse(error, visit.request_id)
        response.headers.add("X-Request-Id", visit.request_id)
        self._count(visit, response)
        if recorder is not None and recorder.has_place():
            recorder.note(self._exchange(visit, response))
        level = logging.INFO if response.status_code < 400 else logging.WARNING
        if log.isEnabledFor(level):
            _log_request(level, response, visit)
        return response

    def _handled(self, visit: _Visit, entrance: Entrance, handle: Handle, parameters: dict[str, Any]) -> flask.Response:
        """Answer whoever passes the guard.

        For what only reads, a backend may presume that the token is still there: nothing comes of it when it is not.
        Before a body is read, or a change is made, it is known.
        """
        backend = self.service.backend
        if backend.PRESUMES and entrance is not ADMIN and visit.request.method in _READING:
            try:
                with backend.presuming():
                    return handle(self._enter(visit, entrance), parameters)
            except PresumptionError:
                visit.leave(self.service.settings.dialect)
            except StoreUnavailable:
                visit.leave(self.service.settings.dialect)
                raise
        return handle(self._enter(visit, entrance), parameters)

    def _enter(self, visit: _Visit, entrance: Entrance) -> Call:
        principal = entrance.authorize(self.service, visit.request)
        visit.tenant, visit.actor = principal.tenant, Actor(principal.token_id, visit.request_id)
        if principal.dialect is not None:
            visit.speech.dialect = principal.dialect
        entrance.permit(principal, visit.request)
        self._check_slashes(visit.request.path)
        if self.service.count is not None:
            self.service.backend.confirm()
            self.service.count(principal)
        context = Context(visit.tenant, self.view(visit.request), visit.actor)
        return Call(self.service, context, visit.request, principal)

    def _check_slashes(self, path: str) -> None:
        """Refuse two slashes behind the prefix, or one at the end, unless the dialect tolerates them."""
        below = path[len(self.prefix) :]
        is_extra = below.startswith("//") or (below.endswith("/") and below != "/")
        if is_extra and not tolerates(Tolerance.EXTRA_SLASH):
            raise NotFound("The path has a slash too many, behind the base URL or at its end.")

    def _count(self, visit: _Visit, response: flask.Response) -> None:
        service, speech = self.service, visit.speech
        if speech.needed and visit.actor.token_id:
            service.needs.note(visit.tenant, visit.actor.token_id, speech)
        if service.metrics is not None:
            seconds = perf_counter() - visit.started
            service.metrics.count(self._endpoint(visit.request), visit.request.method, response.status_code, seconds)
            service.metrics.count_tolerances(speech.needed, speech.dialect)

    def _exchange(self, visit: _Visit, response: flask.Response) -> Exchange:
        environ, token_id, status = visit.request.environ, visit.actor.token_id, response.status_code
        header = environ.get("HTTP_AUTHORIZATION", "") if status == 401 else ""
        return Exchange(
            at=time(),
            seconds=perf_counter() - visit.started,
            tenant=visit.tenant if token_id else "",
            token_id=token_id or "",
            request_id=visit.request_id,
            method=environ["REQUEST_METHOD"],
            path=visit.request.path[len(self.prefix) :],
            query=environ.get("QUERY_STRING", ""),
            agent=environ.get("HTTP_USER_AGENT", ""),
            content_type=environ.get("CONTENT_TYPE", ""),
            body=environ[KEPT],
            size=0 if environ["REQUEST_METHOD"] == "GET" else visit.request.content_length or 0,
            status=status,
            answer=kept(response.response),
            tolerances=visit.speech.needed,
            dialect=visit.speech.dialect,
            credential=form_of(header) if status == 401 else "",
            claimed=tenant_in(header) if status == 401 else "",
        )

    def _endpoint(self, request: flask.Request) -> str:
        """Return the rule that took a request, `other` for the one that takes everything else."""
        rule = "" if request.url_rule is None else request.url_rule.rule.removeprefix(self.prefix)
        return "other" if not rule or REST in rule else f"/{rule.lstrip('/')}"

    def view(self, request: flask.Request) -> View:
        """Return how resources look from the URL that the client knows.

        :raises ScimError: the request does not name a host.
        """
        if self.service.settings.trusted_proxies:
            return self._make_view(self.as_sent(request))
        named = tuple(map(request.environ.get, _NAMES_OF_THE_HOST))
        view = self._views.get(named)
        if view is None:
            view = self._make_view(request)
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            self._views[named] = view
        return view

    def as_sent(self, request: flask.Request) -> flask.Request:
        """Return a request as it was before it passed the trusted proxies."""
        proxies = self.service.settings.trusted_proxies
        if not proxies:
            return request
        return flask.Request(_as_the_client_sent(request.environ, proxies), populate_request=False)

    def _make_view(self, request: flask.Request) -> View:
        if pinned := self.service.settings.public_url(self.prefix):
            return View(self.service.types, pinned)
        root = request.root_path.rstrip("/")
        if not _is_host(request.host) or request.scheme not in _SCHEMES or not _is_root(root):
            raise ScimError("Host, or the headers of a proxy, do not name the host that this request is for.")
        return View(self.service.types, f"{request.scheme}://{request.host}{quote(root)}{self.prefix}")


def _is_host(host: str) -> bool:
    """Tell whether a name, or an address, may be one of a host (RFC 1035 §2.3.4)."""
    labels = host.partition(":")[0].removesuffix(".").split(".")
    return len(host) <= _LONGEST_HOST and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def _is_root(path: str) -> bool:
    """Tell whether a path may lie between a host and a prefix, and is none of a host's name."""
    return not path or (path.startswith("/") and not path.startswith("//"))


def refuse_outside(
    error: Exception, refuse: Callable[[Exception, str], flask.Response] = error_response
) -> flask.Response:
    """Answer for what went wrong outside of the views, with a line in the log as for any refusal."""
    visit = _Visit(flask.request, _request_id(flask.request), perf_counter(), Speech())
    response = refuse(error, visit.request_id)
    response.headers["X-Request-Id"] = visit.request_id
    _log_request(logging.WARNING, response, visit)
    return response


def _request_id(request: flask.Request) -> str:
    """Return the id that a proxy gave to a request, or a new one."""
    given: str | None = request.environ.get("HTTP_X_REQUEST_ID")
    return given if given and _REQUEST_ID.fullmatch(without_tokens(given)) else f"{getrandbits(128):032x}"


def _log_request(level: int, response: flask.Response, visit: _Visit) -> None:
    """Log a request without its query, since filters name people; a refusal with what the client was told."""
    log.log(
        level,
        "%s %r %d %.1f ms tenant=%s token=%s request=%s%s %s",
        visit.request.method,
        without_tokens(visit.request.path),
        response.status_code,
        (perf_counter() - visit.started) * 1000,
        visit.tenant or "-",
        visit.actor.token_id or "-",
        visit.request_id,
        f" tolerances={','.join(sorted(visit.speech.needed))}" if visit.speech.needed else "",
        response.get_data(as_text=True) if response.status_code >= 400 else "",
    )


def _as_the_client_sent(environ: dict[str, Any], proxies: int) -> dict[str, Any]:
    """Return the environment as it was before it passed so many trusted proxies, for this request alone."""
    copy = dict(environ)
    fix = ProxyFix(lambda *_: (), x_for=proxies, x_proto=proxies, x_host=proxies, x_port=proxies, x_prefix=proxies)
    fix(copy, lambda *_: lambda _data: None)
    return copy
