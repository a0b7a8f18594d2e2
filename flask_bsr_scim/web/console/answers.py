"""Answers of the console that are no page of a tab."""

import logging
import re
from collections.abc import Mapping

import flask
from werkzeug.exceptions import HTTPException

from flask_bsr_scim.errors import MethodNotAllowed, ScimError, StoreUnavailable
from flask_bsr_scim.registry.errors import NotThere, RegistryError
from flask_bsr_scim.web.console.page import ASSETS, Refused, Shown, asset, guarded, html

log = logging.getLogger("flask_bsr_scim.console")

TABS: Mapping[str, str] = {
    "traffic": "Traffic",
    "users": "Users",
    "groups": "Groups",
    "organizations": "Organizations",
    "tokens": "Tokens",
    "readiness": "Readiness",
    "changes": "Changes",
}
"""The tabs by the first segment of their paths."""

NO_ADMINISTRATOR = (
    "This is not the API token of an administrator. It begins with bsrapi_; the command "
    "bsr-scim admin create makes one."
)

_NEXT = re.compile(r"[a-z]{1,20}(?:/[A-Za-z0-9._-]{1,64})?")
_WORDS = {401: "Your session is over", 403: "Not allowed", 404: "Not found", 405: "Not allowed", 503: "Not available"}


def is_page(tail: str) -> bool:
    """Tell whether a path below the console is that of a tab, or of something in it."""
    return tail.partition("/")[0] in TABS and _NEXT.fullmatch(tail) is not None


def redirect(target: str) -> flask.Response:
    """Lead a browser on, by a relative address: a proxy may have put something before the path."""
    return guarded(flask.Response(status=303, headers={"Location": target}, content_type="text/plain; charset=utf-8"))


def stranger(tail: str, root: str) -> flask.Response:
    """Answer who has no session: with the way to the login, or in short where no person reads it."""
    if tail in ("traffic/stream", "traffic/rows"):
        return guarded(flask.Response("", 401, content_type="text/plain; charset=utf-8"))
    return redirect(f"{root}login?next={tail}" if is_page(tail) else f"{root}login")


def asset_file(name: str, request: flask.Request) -> flask.Response:
    """Return a file that pages refer to, for long when the address has its version."""
    response = guarded(flask.Response(asset(name), content_type=ASSETS[name]))
    if request.args.get("v"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def refusal(error: Exception, root: str, request_id: str) -> flask.Response:
    """Return the page that says what went wrong, and nothing of the inside."""
    status, text = _told(error, request_id)
    title = _WORDS.get(status, "This did not work")
    response = html(Shown("problem.html", status=status), root=root, title=title, text=text)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(error.allowed)
    return response


def _told(error: Exception, request_id: str) -> tuple[int, str]:
    match error:
        case NotThere():
            return 404, str(error)
        case RegistryError() | Refused():
            return 400, str(error)
        case ScimError():
            return error.status, error.detail
        case StoreUnavailable():
            log.error("the store does not answer: %s", error)
            return 503, "The directory's storage does not answer at the moment. Try again in a few seconds."
        case HTTPException(code=code) if code is not None and 400 <= code < 500:
            return code, "The request cannot be read."
    log.error("unexpected error, request=%s", request_id, exc_info=error)
    return 500, f"The server met an unexpected error. Its log has the details under the request {request_id}."


def forbidden(detail: str) -> ScimError:
    """Return the error of a form that is not taken, 403."""
    refused = ScimError(detail)
    refused.status = 403
    return refused
