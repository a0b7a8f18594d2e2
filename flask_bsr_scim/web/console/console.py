"""The console under its own path: who may see and do what."""

import logging
from collections.abc import Callable, Mapping
from random import getrandbits
from threading import BoundedSemaphore
from urllib.parse import urlsplit

import flask

from flask_bsr_scim.errors import ConfigurationError, MethodNotAllowed
from flask_bsr_scim.web.console import changes, directory, organizations, readiness, tokens, traffic
from flask_bsr_scim.web.console.answers import (
    NO_ADMINISTRATOR,
    TABS,
    asset_file,
    forbidden,
    is_page,
    redirect,
    refusal,
    stranger,
)
from flask_bsr_scim.web.console.attempts import Attempts
from flask_bsr_scim.web.console.page import ASSETS, Asked, Gone, Shown, guarded, html
from flask_bsr_scim.web.console.sessions import COOKIE, LIFETIME, Guest, Session, Sessions
from flask_bsr_scim.web.mount import Mount

log = logging.getLogger("flask_bsr_scim.console")

NAME = "console"
"""The last segment of the path."""

METHODS = ("GET", "HEAD", "POST")
"""Of HTTP, that pages and forms answer."""

_LARGEST_FORM = 16_384

_STRANGERS, _PAUSE = 4, 5
"""Sign-ins that are received at once, in a process, and the seconds to wait for one of them: who sends slowly holds a
thread, and nobody has to have a token for it."""


_PAGES: Mapping[str, Callable[[Asked], Shown | flask.Response]] = {
    "traffic": traffic.answer,
    "users": directory.users,
    "groups": directory.groups,
    "organizations": organizations.answer,
    "tokens": tokens.answer,
    "readiness": readiness.answer,
    "changes": changes.answer,
}
_FORMS: Mapping[str, Callable[[Asked], Shown | flask.Response]] = {"tokens": tokens.change}


def parent_of(prefix: str) -> str:
    """Return the path below which the console is: that of SCIM without its last segment.

    :raises ConfigurationError: the console would be where SCIM is.
    """
    parent = prefix.rpartition("/")[0]
    if prefix == f"{parent}/{NAME}":
        raise ConfigurationError(f"SCIM is served under {prefix}, where SCIM_CONSOLE would put the console: move one")
    return parent


class Console:
    """The console of a mount."""

    def __init__(self, mount: Mount) -> None:
        self._mount, self._service = mount, mount.service
        self._parent = parent_of(mount.prefix)
        self._sessions = Sessions(mount.service)
        self._attempts = Attempts()
        self._streams, self._strangers = BoundedSemaphore(traffic.STREAMS), BoundedSemaphore(_STRANGERS)

    def answer(self, tail: str | None = None) -> flask.Response:
        """Answer the request at hand.

        :param tail: what is behind the name of the console and a slash; None when there is no slash.
        """
        request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
        request_id = f"{getrandbits(128):032x}"
        if tail is None:
            return redirect(f"{NAME}/")
        root = "../" * tail.count("/") or "./"
        try:
            response = self._answer(request, tail, root, request_id)
        except Exception as error:
            response = refusal(error, root, request_id)
        response.headers["X-Request-Id"] = request_id
        return response

    def _answer(self, request: flask.Request, tail: str, root: str, request_id: str) -> flask.Response:
        name, _, rest = tail.partition("/")
        if name == "assets" and rest in ASSETS:
            return asset_file(rest, request)
        if request.environ["REQUEST_METHOD"] not in METHODS:
            raise MethodNotAllowed(METHODS)
        if request.method == "POST":
            self._check_origin(request)
        elif tail.endswith("/") and is_page(page := tail.rstrip("/")):
            query = request.query_string.decode("latin-1")
            return redirect(f"{root}{page}{f'?{query}' if query else ''}")
        if tail == "login":
            return self._login(request, request_id)
        guest = self._sessions.find(request, request_id)
        if guest is None:
            return stranger(tail, root)
        asked = Asked(self._service, request, guest, self._sessions, self._streams, root, rest)
        if request.method == "POST":
            self._check_form(request, guest.session)
        if tail == "logout" and request.method == "POST":
            return self._logout(request, guest)
        return self._renewed(self._page(asked, name), request, guest)

    def _page(self, asked: Asked, name: str) -> flask.Response:
        if not name and not asked.tail:
            return redirect("traffic")
        handlers = _FORMS if asked.request.method == "POST" else _PAGES
        if name not in handlers:
            raise Gone()
        shown = handlers[name](asked)
        if not isinstance(shown, Shown):
            return guarded(shown)
        return html(
            shown,
            root=asked.root,
            tabs=TABS,
            tab=name,
            tenant=asked.guest.tenant,
            who=asked.guest.caller.user.username,
            form_key=self._sessions.form_key(asked.guest.session),
        )

    def _login(self, request: flask.Request, request_id: str) -> flask.Response:
        wanted = request.args.get("next", "")
        target = wanted if is_page(wanted) else "traffic"
        if request.method != "POST":
            return html(Shown("login.html"), root="./", target=target, problem="")
        wait = self._attempts.wait(self._mount.as_sent(request).remote_addr or "")
        if not wait and not self._strangers.acquire(blocking=False):
            wait = _PAUSE
        if wait:
            problem = f"Too many attempts. Try again in {wait} seconds."
            response = html(Shown("login.html", status=429), root="./", target=target, problem=problem)
            response.headers["Retry-After"] = str(wait)
            return response
        try:
            request.max_content_length = _LARGEST_FORM
            token = request.form.get("token", "").strip()[:4096]
        finally:
            self._strangers.release()
        guest = self._sessions.enter(token, request_id)
        if guest is None:
            log.warning("a sign-in to the console was refused, request=%s", request_id)
            return html(Shown("login.html", status=403), root="./", target=target, problem=NO_ADMINISTRATOR)
        log.info("%s signed in to the console of the tenant %s", guest.caller.user.username, guest.tenant)
        return self._renewed(redirect(target), request, guest)

    def _logout(self, request: flask.Request, guest: Guest) -> flask.Response:
        self._sessions.end(guest.session)
        response = redirect("login")
        response.delete_cookie(COOKIE, self._cookie_path(request), httponly=True, samesite="Strict")
        return response

    def _renewed(self, response: flask.Response, request: flask.Request, guest: Guest) -> flask.Response:
        """Return a response that prolongs the session; streams and what they fall back to do not."""
        is_shown = response.status_code == 303 or response.mimetype == "text/html"
        value = self._sessions.cookie(guest.session) if is_shown else None
        if value is not None:
            response.set_cookie(
                COOKIE,
                value,
                max_age=LIFETIME,
                path=self._cookie_path(request),
                secure=self._mount.as_sent(request).scheme == "https",
                httponly=True,
                samesite="Strict",
            )
        return response

    def _cookie_path(self, request: flask.Request) -> str:
        return f"{self._mount.as_sent(request).root_path.rstrip('/')}{self._parent}/{NAME}"

    def _check_origin(self, request: flask.Request) -> None:
        """Refuse a form that another site sent; browsers say where it comes from, and others have no cookies."""
        origin, host = request.headers.get("Origin"), self._mount.as_sent(request).host
        is_foreign = request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
        if is_foreign or (origin is not None and urlsplit(origin).netloc.lower() != host.lower()):
            raise forbidden("This form was sent from another site.")

    def _check_form(self, request: flask.Request, session: Session) -> None:
        request.max_content_length = _LARGEST_FORM
        if not self._sessions.is_form_key(session, request.form.get("key", "")):
            raise forbidden("This form is not one of your session. Load the page again, and repeat what you did.")
