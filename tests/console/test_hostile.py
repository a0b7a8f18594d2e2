"""What clients send is shown as it is, and never runs; what is secret is shown nowhere."""

import logging
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.client import GROUP, PATCH, TOKEN, USER
from tests.console.visiting import ROOT, Site, Visitor

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</pre>javascript:alert(3)\u2028"

TABS = (
    "traffic",
    "traffic?q=alert",
    "users",
    "groups",
    "organizations",
    "tokens?kind=all",
    "readiness",
    "changes?type=all",
)

_SAFE = {
    "a",
    "article",
    "b",
    "blockquote",
    "body",
    "button",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "form",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "img",
    "input",
    "ins",
    "label",
    "li",
    "link",
    "main",
    "meta",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "script",
    "section",
    "select",
    "span",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "ul",
}


class Reader(HTMLParser):
    """Finds in a page what only an attacker would have put there."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _SAFE or (tag == "script" and "assets/console.js" not in (given.get("src") or "")):
            self.faults.append(f"<{tag}>")
        if tag == "img" and "assets/icon.svg" not in (given.get("src") or ""):
            self.faults.append("an image")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc") or (value or "").strip().startswith("javascript:"):
                self.faults.append(f"{name}={value}")


def faults(text: str) -> list[str]:
    """Return what is wrong with a page."""
    reader = Reader()
    reader.feed(text)
    return reader.faults


def links(text: str) -> set[str]:
    """Return the pages below a tab to which a page leads."""
    return set(re.findall(r'href="\.?/?((?:users|groups|organizations|tokens|traffic)/[^"?]+)"', text))


def test_the_reader_finds_faults() -> None:
    """The test would see what it looks for."""
    for text in (EVIL, '<a href="javascript:x">', '<p onclick="x">', "<iframe>", '<script src="x">'):
        assert faults(text)
    assert not faults('<a href="users/1">x</a>')


def fill(site: Site) -> None:
    """Put what is evil wherever a client can."""
    email = f'"{EVIL[:20]}"@example.com'
    name = {"givenName": EVIL, "familyName": EVIL}
    user = site.send("POST", "/Users", {"schemas": [USER], "userName": EVIL, "name": name, "externalId": EVIL}).json
    site.send("POST", "/Users", {"schemas": [USER, EVIL], "userName": email, EVIL: EVIL, "emails": [{"value": email}]})
    group = {"schemas": [GROUP], "displayName": EVIL, "members": [{"value": user["id"], "display": EVIL}]}
    site.send("POST", "/Groups", group)
    site.send("POST", "/Groups", {**group, "members": [{"value": EVIL}]})
    done = [{"op": "replace", "path": EVIL, "value": EVIL}, {"op": "replace", "value": {EVIL: EVIL}}]
    for operation in (*done, {"op": "replace", "path": "name.givenName", "value": EVIL * 2}):
        site.send("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH], "Operations": [operation]})
    site.send(
        "PUT", f"/Users/{user['id']}", EVIL.encode(), headers={"User-Agent": EVIL[:-1], "Content-Type": EVIL[:-1]}
    )
    site.send("GET", f"/Users/{EVIL}", query={"filter": EVIL, EVIL: EVIL})
    site.send("GET", "/Users", query={"filter": f'userName eq "{EVIL}"'}, headers={"Authorization": EVIL[:-1]})
    organization = site.service.registry().organizations.create("acme", site.admin_id)
    site.service.registry().mappings.add(organization.id, EVIL)
    site.service.tokens.create("default", description=EVIL)


def test_nothing_that_was_sent_runs(site: Site, visitor: Visitor) -> None:
    """Names, attributes, headers, queries and notes with markup in them are text on every page."""
    fill(site)
    pages = {path: visitor.text(path) for path in TABS}
    pages |= {path: visitor.text(path) for text in tuple(pages.values()) for path in links(text)}
    assert len(pages) > 20
    assert {path: faults(text) for path, text in pages.items() if faults(text)} == {}
    assert any("alert(1)" in text for path, text in pages.items() if path.startswith("traffic/"))
    assert not any("49</pre>" in text for text in pages.values())


def test_nothing_that_was_sent_runs_when_it_arrives(site: Site, visitor: Visitor) -> None:
    """What is added to an open page is text, too."""
    fill(site)
    response = visitor.get("traffic/rows?last=0")
    assert response.content_type == "application/json"
    assert response.json["html"].count("<li") >= 10
    assert faults(response.json["html"]) == []


@pytest.mark.parametrize(
    "path",
    [
        "users?q={}",
        "groups?q={}",
        "traffic?q={}&client={}&only={}",
        "changes?q={}&type={}",
        "tokens?q={}&kind={}",
        "readiness?q={}",
        "login?next={}",
        "organizations?q={}",
    ],
)
def test_nothing_in_a_query_runs(site: Site, visitor: Visitor, path: str) -> None:
    """A link with markup in it is shown as text."""
    assert faults(visitor.text(path.replace("{}", "%3Cscript%3Ealert(1)%3C/script%3E%22%20onclick=x"))) == []


def test_the_login_shows_nothing_that_was_typed(site: Site) -> None:
    """A token that was refused is not in the page."""
    response = Visitor(site.app).sign_in(EVIL)
    assert response.status_code == 403
    assert faults(response.text) == []
    assert "alert(" not in response.text


PASSWORD = "correct-horse-battery-staple"


def leak(site: Site) -> list[str]:
    """Send secrets wherever a client may put them; return them."""
    scim, _ = site.service.tokens.create("default", description="Okta")
    basic = "dXNlcjpwYXNzd29yZDEyMw=="
    bearer = {"Authorization": f"Bearer {scim}"}
    user = {"schemas": [USER], "userName": "bob@example.com", "password": PASSWORD, "name": {"givenName": scim}}
    made = site.send("POST", "/Users", user, headers=bearer).json
    site.send("POST", "/Users", user, headers=bearer)
    for operation in (
        {"op": "replace", "path": "password", "value": PASSWORD},
        {"op": "replace", "value": {"password": PASSWORD}},
        {"op": "Replace", "path": f"{USER}:password", "value": PASSWORD},
    ):
        body = {"schemas": [PATCH], "Operations": [operation]}
        site.send("PATCH", f"/Users/{made['id']}", body, headers=bearer)
    site.send("PUT", f"/Users/{made['id']}", b'{"password": "' + PASSWORD.encode(), headers=bearer)
    site.send("GET", "/Users", query={"filter": f'password eq "{PASSWORD}"', "token": scim}, headers=bearer)
    site.send("GET", f"/Users/{scim}", headers={"User-Agent": f"x Bearer {scim}", "Cookie": f"session={PASSWORD}"})
    for credential in (f"Bearer {scim}x", f"Bearer {site.token}", f"Basic {basic}", f"Bearer Bearer {scim}"):
        site.send("GET", "/Users", headers={"Authorization": credential})
    return [PASSWORD, scim, basic, site.token, TOKEN]


def test_nothing_secret_is_shown(site: Site, visitor: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    """No token, password, Authorization value or cookie is in a page, in the journal, or in the log."""
    caplog.set_level(logging.DEBUG)
    secrets = leak(site)
    pages: dict[str, str] = {path: visitor.text(path) for path in TABS}
    pages |= {path: visitor.text(path) for text in tuple(pages.values()) for path in links(text)}
    pages |= {"rows": visitor.get("traffic/rows?last=0").text, "journal": site.journal(), "log": caplog.text}
    pages["cookie"] = visitor.cookie
    found = [(path, secret) for path, text in pages.items() for secret in secrets if secret in text]
    assert found == []
    assert pages["journal"].count("(hidden)") >= 6


def test_the_first_answer_of_a_form_shows_the_token_and_no_other(site: Site, visitor: Visitor) -> None:
    """The one page that shows a token is kept nowhere, and shows that one alone."""
    response: Any = visitor.post("tokens", {"description": "Okta"})
    shown = re.findall(r"bsr(?:scim|api)_default_[\w-]{20,}", response.text)
    assert len(shown) == 1
    assert response.headers["Cache-Control"] == "no-store"
    assert shown[0] not in visitor.text("tokens")


def test_a_token_in_a_name_is_not_shown(site: Site, visitor: Visitor) -> None:
    """A token that was pasted into the name of a user, a group or a note is not shown."""
    scim, _ = site.service.tokens.create("default", description="x")
    site.scim.user(f"{scim}@example.com")
    site.scim.group(scim)
    site.service.tokens.create("default", description=scim)
    for path in TABS:
        assert scim not in visitor.text(path)
        assert scim[20:] not in visitor.get(f"{ROOT[len(ROOT) :]}{path}").text
