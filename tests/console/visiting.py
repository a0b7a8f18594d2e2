"""Somebody who uses the console, and the applications that have one."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.console.sessions import COOKIE
from flask_bsr_scim.web.service import Service
from tests.client import TOKEN, Scim

ROOT = "/scim/console/"

OKTA = {"User-Agent": "Okta SCIM Client 1.0.0"}

_KEY = re.compile(r'name="key" value="([^"]+)"')


class Visitor:
    """A browser without JavaScript: it keeps cookies, and sends the forms of the pages that it has."""

    def __init__(self, app: Flask) -> None:
        self.http = app.test_client()
        self._key = ""

    def get(self, path: str = "", **options: Any) -> TestResponse:
        """Return a page; its forms can be sent afterwards."""
        response = self.http.get(ROOT + path, **options)
        found = _KEY.search(response.text) if response.mimetype == "text/html" else None
        self._key = found[1] if found else self._key
        return response

    def text(self, path: str) -> str:
        """Return the text of a page that is there."""
        response = self.get(path)
        assert response.status_code == 200, (response.status_code, response.text)
        return response.text

    def post(self, path: str, form: Mapping[str, str] = {}, **options: Any) -> TestResponse:
        """Send a form of the session."""
        return self.http.post(ROOT + path, data={"key": self._key, **form}, **options)

    def sign_in(self, token: str, **options: Any) -> TestResponse:
        """Send the form of the login."""
        return self.http.post(f"{ROOT}login", data={"token": token}, **options)

    @property
    def cookie(self) -> str:
        """The session, empty when there is none."""
        found = self.http.get_cookie(COOKIE, path="/scim/console")
        return found.value if found else ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.http.set_cookie(COOKIE, value, path="/scim/console")


class Site:
    """An application with a console, an administrator's token, and a connector."""

    def __init__(self, backend: str, **settings: Any) -> None:
        self.app = Flask("console_tests")
        BsrScim(self.app, **{"backend": backend, "token": TOKEN, "console": True, **settings})
        with self.app.app_context():
            self.service: Service = current_service()
        assert self.service.recorder is not None
        self.recorder = self.service.recorder
        self.recorder._threaded = False
        self.token, self.admin_id = self.make_admin("admin@example.com")
        self.scim = Scim(self.app)

    def make_admin(self, email: str, tenant: str = "default") -> tuple[str, str]:
        """Return an API token of a new administrator, and the administrator's id."""
        self.service.open(tenant)
        user = self.service.registry(tenant).users.create_admin(email)
        text, _ = self.service.tokens.create(tenant, Kind.API, user=user.id)
        return text, user.id

    def visitor(self) -> Visitor:
        """Return an administrator who is signed in."""
        visitor = Visitor(self.app)
        response = visitor.sign_in(self.token)
        assert response.status_code == 303, response.text
        visitor.get("traffic")
        return visitor

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request as Okta does, and write it to the journal."""
        given = {} if body is None else {"body": body}
        response = self.scim(method, path, headers={**OKTA, **options.pop("headers", {})}, **given, **options)
        self.recorder.flush()
        return response

    def journal(self, tenant: str = "default") -> str:
        """Return all that is recorded in a tenant."""
        return "\n".join(entry.text for entry in self.service.backend.journal(tenant, count=1000))


NEXT = re.compile(r'rel="next" href="([^"]+)"')
PREVIOUS = re.compile(r'rel="prev" href="([^"]+)"')
"""Where a page leads."""


def link(pattern: re.Pattern[str], text: str) -> str:
    """Return where a page leads, empty when it does not."""
    found = pattern.search(text)
    return found[1].replace("&amp;", "&") if found else ""


def walk(visitor: Visitor, path: str, pattern: re.Pattern[str], item: str) -> list[list[str]]:
    """Return what the pages of a list show, from a page on in one direction."""
    place, pages = path.partition("?")[0], []
    while path:
        text = visitor.text(path)
        pages.append(re.findall(item, text))
        query = link(pattern, text)
        path = place + query if query else ""
    return pages


def person(site: Site, name: str, /, **attributes: Any) -> str:
    """Create a user, and return the id."""
    emails = [{"value": f"{name}@example.com", "type": "work", "primary": True}]
    return str(site.scim.user(f"{name}@example.com", emails=emails, **attributes)["id"])
