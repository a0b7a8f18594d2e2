"""Who gets in, and how long."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flask_bsr_scim.anchors import TIMEOUT
from flask_bsr_scim.backends.base import NOTES
from flask_bsr_scim.registry.model import ServerRole
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.console.sessions import COOKIE, LIFETIME
from tests.client import TOKEN
from tests.console.visiting import ROOT, Site, Visitor

TABS = ("traffic", "users", "groups", "organizations", "tokens", "readiness", "changes")
PATHS = (
    *TABS,
    "",
    "traffic/1",
    "traffic/stream",
    "traffic/rows",
    "users/x",
    "groups/x",
    "organizations/x",
    "tokens/x",
    "tokens/x/revoke",
    "logout",
    "nonsense",
    "assets/nonsense",
    "assets/../page.py",
    "login/x",
    "a/b/c/d",
)


def is_out(visitor: Visitor) -> bool:
    """Tell whether somebody has no session."""
    response = visitor.get("users")
    assert response.status_code in (200, 303)
    return response.status_code == 303 and response.headers["Location"].startswith("./login")


def member_token(site: Site) -> str:
    """Return the API token of a user who is no administrator."""
    user = site.scim.user("bob@example.com", emails=[{"value": "bob@example.com", "type": "work"}])
    return site.service.tokens.create("default", Kind.API, user=user["id"])[0]


def test_an_administrator_gets_in(site: Site) -> None:
    """An API token of an administrator opens the console, and is not in the cookie."""
    visitor = Visitor(site.app)
    assert is_out(visitor)
    response = visitor.sign_in(site.token)
    assert (response.status_code, response.headers["Location"]) == (303, "traffic")
    assert site.token not in str(response.headers)
    assert not is_out(visitor)


def test_the_way_back(site: Site) -> None:
    """Whoever asks for a page is led there by way of the login, and nowhere else."""
    visitor = Visitor(site.app)
    assert visitor.get("users/1").headers["Location"] == "../login?next=users/1"
    for target, expected in [
        ("users/1", "users/1"),
        ("//evil.example", "traffic"),
        ("https://evil.example", "traffic"),
        ("../../x", "traffic"),
        ("javascript:alert(1)", "traffic"),
    ]:
        response = visitor.http.post(f"{ROOT}login", query_string={"next": target}, data={"token": site.token})
        assert response.headers["Location"] == expected


@pytest.mark.parametrize(
    "kind", ["none", "fixed", "scim", "member", "unknown", "deactivated", "expired", "long", "odd"]
)
def test_nobody_else_gets_in(site: Site, kind: str) -> None:
    """A SCIM token, the token of a member, and one that is not good open nothing."""
    text = {
        "none": "",
        "fixed": TOKEN,
        "unknown": "bsrapi_default_x",
        "long": "x" * 5000,
        "odd": "bsrapi_\udce4_\0",
    }.get(kind)
    match kind:
        case "scim":
            text, _ = site.service.tokens.create("default")
        case "member":
            text = member_token(site)
        case "deactivated":
            text, user_id = site.make_admin("gone@example.com")
            site.service.registry().users.set_active(user_id, False)
        case "expired":
            expires = site.service.backend.clock() - timedelta(seconds=1)
            text, _ = site.service.tokens.create("default", Kind.API, user=site.admin_id, expires=expires)
    visitor = Visitor(site.app)
    response = visitor.sign_in((text or "").encode("utf-8", "replace").decode())
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers
    assert is_out(visitor)


@pytest.fixture(scope="module")
def sealed() -> Site:
    """An application whose store must not be asked."""
    site = Site("memory://")
    site.scim.user("bob@example.com")

    def explode(*_: Any, **__: Any) -> Any:
        raise AssertionError("the store was asked")

    for name in ("_get", "_find", "_query", "_members", "_log", "_commit", "_journal", "_append", "_remember"):
        assert hasattr(site.service.backend, name)
        setattr(site.service.backend, name, explode)
    return site


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("path", PATHS)
def test_strangers_see_nothing(path: str, method: str, sealed: Site) -> None:
    """Without a session every path answers with the way to the login, or a refusal; the store is not asked."""
    response = sealed.app.test_client().open(ROOT + path, method=method)
    assert response.status_code in (303, 401, 405)
    if response.status_code == 303:
        assert response.headers["Location"].split("?")[0].endswith("login")
    assert "bob" not in response.text
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "cookie",
    ["", "x", "default:", "default:x", "nowhere:x", ":", "default:W10.x", "a" * 3000, "\u00e4:\u00e4", "../x:y"],
)
def test_made_up_cookies(in_memory: Callable[..., Site], cookie: str) -> None:
    """A cookie that the server did not make opens nothing, and makes no tenant."""
    site = in_memory()
    visitor = Visitor(site.app)
    visitor.cookie = cookie
    assert is_out(visitor)
    assert site.service.backend.tenants() == ["default"]


def test_a_cookie_of_another_purpose_or_tenant(site: Site) -> None:
    """What the server sealed for something else, or elsewhere, is no session."""
    visitor = site.visitor()
    tenant, _, sealed = visitor.cookie.partition(":")
    site.make_admin("admin@example.com", "acme")
    for cookie in (f"acme:{sealed}", f"{tenant}:{visitor._key}", f"{tenant}:{sealed[:-1]}"):
        other = Visitor(site.app)
        other.cookie = cookie
        assert is_out(other)


def test_the_cookie(site: Site) -> None:
    """Scripts do not see the cookie, other sites do not send it, and it is for the console alone."""
    response = Visitor(site.app).sign_in(site.token)
    cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/scim/console", f"Max-Age={LIFETIME}"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


@pytest.mark.parametrize(("proxies", "expected"), [(1, True), (0, False)])
def test_the_cookie_is_secure_over_https(in_memory: Callable[..., Site], proxies: int, expected: bool) -> None:
    """Over HTTPS the cookie is sent over HTTPS alone; a proxy is believed as far as the setting says."""
    site = in_memory(trusted_proxies=proxies)
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Prefix": "/okta",
        "X-Forwarded-Host": "directory.example.com",
    }
    cookie = Visitor(site.app).sign_in(site.token, headers=headers).headers["Set-Cookie"]
    assert ("Secure" in cookie.split("; ")) is expected
    assert ("Path=/okta/scim/console" in cookie) is expected


def test_a_revoked_token_ends_the_session(site: Site) -> None:
    """Who signed in with a token is out when it is revoked."""
    visitor = site.visitor()
    (token,) = [token for token in site.service.tokens.list("default") if token.kind is Kind.API]
    site.service.tokens.delete("default", token.id)
    assert is_out(visitor)


def test_a_lost_role_ends_the_session(site: Site) -> None:
    """Who is no administrator any more is out."""
    visitor = site.visitor()
    site.service.registry().users.set_server_role(site.admin_id, ServerRole.MEMBER)
    assert is_out(visitor)


def test_deactivation_ends_the_session(site: Site) -> None:
    """Who is deactivated is out."""
    visitor = site.visitor()
    site.service.registry().users.set_active(site.admin_id, False)
    assert is_out(visitor)


def test_an_expired_token_ends_the_session(site: Site) -> None:
    """A session lasts no longer than the token."""
    now = site.service.backend.clock()
    text, _ = site.service.tokens.create("default", Kind.API, user=site.admin_id, expires=now + timedelta(seconds=60))
    visitor = Visitor(site.app)
    visitor.sign_in(text)
    assert not is_out(visitor)
    site.service.backend.clock = lambda: now + timedelta(seconds=61)
    assert is_out(visitor)


def test_a_session_ends_by_itself(site: Site) -> None:
    """A session ends half an hour after the last page, and after eight hours whatever is done."""
    now = site.service.backend.clock()
    visitor = site.visitor()
    for minutes in range(0, 8 * 60, 29):
        site.service.backend.clock = lambda minutes=minutes: now + timedelta(minutes=minutes)
        assert not is_out(visitor)
    site.service.backend.clock = lambda: now + timedelta(hours=8, seconds=5)
    assert is_out(visitor)
    idle = site.visitor()
    site.service.backend.clock = lambda: now + timedelta(hours=8, seconds=LIFETIME + 10)
    assert is_out(idle)


def test_watching_does_not_prolong_a_session(site: Site) -> None:
    """A page that was left open asks for more, and the session ends all the same."""
    visitor = site.visitor()
    now = site.service.backend.clock()
    site.service.backend.clock = lambda: now + timedelta(seconds=LIFETIME - 5)
    response = visitor.get("traffic/rows")
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    site.service.backend.clock = lambda: now + timedelta(seconds=LIFETIME + 5)
    assert visitor.get("traffic/rows").status_code == 401


def test_signing_out(site: Site) -> None:
    """Signing out ends the session in every process, also for who copied the cookie."""
    visitor = site.visitor()
    copy = Visitor(site.app)
    copy.cookie = visitor.cookie
    response = visitor.post("logout")
    assert response.headers["Location"] == "login"
    assert COOKIE not in visitor.cookie
    assert is_out(visitor)
    assert is_out(copy)


def test_nobody_undoes_a_sign_out(site: Site) -> None:
    """Reading many lists, as every SCIM token can, makes the server forget no end of a session."""
    visitor = site.visitor()
    copy = Visitor(site.app)
    copy.cookie = visitor.cookie
    visitor.post("logout")
    for number in range(NOTES + 1):
        site.service.backend.remember("default", str(number), "an anchor", 2 * TIMEOUT)
    assert is_out(copy)


@pytest.mark.parametrize("path", ["tokens", "tokens/x/revoke", "tokens/x/rotate", "logout"])
@pytest.mark.parametrize("key", ["", "x", None])
def test_a_form_without_its_key_does_nothing(in_memory: Callable[..., Site], path: str, key: str | None) -> None:
    """A form that no page of the session had is refused."""
    site = in_memory()
    visitor, other = site.visitor(), site.visitor()
    before = len(list(site.service.tokens.list("default")))
    response = visitor.http.post(ROOT + path, data={"key": other._key if key is None else key})
    assert response.status_code == 403
    assert len(list(site.service.tokens.list("default"))) == before
    assert not is_out(visitor)


@pytest.mark.parametrize("path", ["login", "tokens", "logout"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(in_memory: Callable[..., Site], path: str, headers: dict[str, str]) -> None:
    """A form that another site sends is refused, the login's too."""
    site = in_memory()
    response = site.visitor().post(path, {"token": site.token}, headers=headers)
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


def test_forms_of_this_site(site: Site) -> None:
    """A browser's own headers let a form pass."""
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert site.visitor().post("tokens", headers=headers).status_code == 200


def test_attempts_are_bounded(site: Site) -> None:
    """After some attempts an address has to wait, with a good token too; others do not."""
    for _ in range(10):
        assert Visitor(site.app).sign_in("bsrapi_default_wrong").status_code == 403
    response = Visitor(site.app).sign_in(site.token)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert Visitor(site.app).sign_in(site.token, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 303


def test_large_forms_are_refused(site: Site) -> None:
    """A form is small."""
    assert Visitor(site.app).sign_in("x" * 100_000).status_code == 413
    assert site.visitor().post("tokens", {"description": "x" * 100_000}).status_code == 413


def test_another_tenant(site: Site) -> None:
    """An administrator sees the tenant of the token, and nothing of others."""
    token, _ = site.make_admin("admin@example.com", "acme")
    site.scim.user("bob@example.com")
    visitor = Visitor(site.app)
    visitor.sign_in(token)
    for tab in TABS:
        assert "bob@example.com" not in visitor.text(tab)
    user_id = site.scim.get("/Users").json["Resources"][0]["id"]
    assert visitor.get(f"users/{user_id}").status_code == 404
    assert site.visitor().get(f"users/{user_id}").status_code == 200


def test_the_log_tells_of_sign_ins(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Who signs in is in the log, and that somebody was refused; no token is."""
    with caplog.at_level(logging.INFO):
        site.visitor()
        Visitor(site.app).sign_in("bsrapi_default_not-the-right-one")
    assert "signed in to the console" in caplog.text
    assert "was refused" in caplog.text
    assert site.token not in caplog.text
    assert "not-the-right-one" not in caplog.text
