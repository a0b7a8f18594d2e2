"""What a page of the console is made of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from threading import Semaphore
from typing import Any, NamedTuple
from urllib.parse import urlencode

import flask
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.seals import Seals
from flask_bsr_scim.web.console import wording
from flask_bsr_scim.web.console.sessions import Guest, Sessions
from flask_bsr_scim.web.service import Service

ASSETS: Mapping[str, str] = {
    "console.css": "text/css; charset=utf-8",
    "console.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gone(ScimError):
    """404 in the words of the console."""

    status = 404
    detail = "There is nothing here. It may have been deleted."


class Refused(ScimError):
    """400 in the words of the console: what a form holds cannot be done."""


class Asked(NamedTuple):
    """A request of a signed-in administrator, with all that a page needs."""

    service: Service
    request: flask.Request
    guest: Guest
    sessions: Sessions
    streams: Semaphore
    """How many more streams the process can have."""
    root: str
    """What leads from the page to the root of the console: `./`, or `../` once for each further segment."""
    tail: str = ""
    """What is behind the name of the tab in the path."""

    @property
    def store(self) -> TenantStore:
        """What is kept in the tenant."""
        return self.guest.store

    @property
    def registry(self) -> Registry:
        """The registry of the tenant."""
        return self.guest.caller.registry

    def argument(self, name: str, most: int = 200) -> str:
        """Return a parameter of the query, empty when it is not there."""
        return self.request.args.get(name, "").strip()[:most]

    def after(self, purpose: str) -> tuple[str | None, bool]:
        """Return the cursor behind which a page begins, and whether it goes backward.

        :raises Gone: the cursor is none of this list's.
        """
        for name, backward in (("after", False), ("before", True)):
            if sealed := self.argument(name, 4000):
                cursor = Seals(self.service.backend).open(self.guest.tenant, f"console {purpose}", sealed)
                if cursor is None:
                    raise Gone("This page of the list is not there any more. Begin again at its start.")
                return str(cursor), backward
        return None, False

    def link(self, purpose: str, direction: str, cursor: str | None, **others: str) -> str:
        """Return the query of the page beside this one, empty when there is none."""
        if cursor is None:
            return ""
        sealed = Seals(self.service.backend).seal(self.guest.tenant, f"console {purpose}", cursor)
        kept = {name: value for name, value in others.items() if value}
        return "?" + urlencode({**kept, direction: sealed})


@dataclass(frozen=True, slots=True)
class Shown:
    """A template with its values, to be answered with a status."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("flask_bsr_scim.web.console"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_without_tokens,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(wording.FILTERS)
    return environment


def _without_tokens(value: Any) -> Any:
    """Return a value that is shown without the tokens in it: people paste them into the wrong field."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else without_tokens(value)


def render(template: str, **values: Any) -> str:
    """Return the text of a template; every value is escaped."""
    return _environment().get_template(template).render(version=_version(), **values)


def html(shown: Shown, **values: Any) -> flask.Response:
    """Return a page."""
    text = render(shown.template, **{**values, **shown.values})
    return guarded(flask.Response(text, shown.status, content_type="text/html; charset=utf-8"))


def guarded(response: flask.Response) -> flask.Response:
    """Return a response with the headers that keep browsers from doing what the console never needs."""
    response.headers.update(_HEADERS)
    return response


@cache
def asset(name: str) -> bytes:
    """Return a file that pages refer to."""
    return files("flask_bsr_scim.web.console").joinpath("static", name).read_bytes()


@cache
def _version() -> str:
    """Return what changes with the assets, so that a browser never mixes those of two releases."""
    return hashlib.sha256(b"".join(map(asset, ASSETS))).hexdigest()[:12]
