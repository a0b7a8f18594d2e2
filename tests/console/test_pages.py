"""What all pages have: headers, assets, methods, and what they say when something is wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.web.console.page import ASSETS
from tests.console.visiting import ROOT, Site


@pytest.mark.parametrize("name", ASSETS)
def test_assets(in_memory: Callable[..., Site], name: str) -> None:
    """What pages refer to is there for everybody, and for long when it has a version."""
    http = in_memory().app.test_client()
    response = http.get(f"{ROOT}assets/{name}")
    assert response.status_code == 200
    assert response.content_type == ASSETS[name]
    assert response.headers["Cache-Control"] == "no-store"
    assert "immutable" in http.get(f"{ROOT}assets/{name}?v=1").headers["Cache-Control"]


def test_pages_refer_to_nothing_else(in_memory: Callable[..., Site]) -> None:
    """A page loads nothing but the assets, and has neither script nor style of its own."""
    site = in_memory()
    visitor = site.visitor()
    for path in ("login", "traffic", "users", "tokens", "readiness", "changes", "nonsense"):
        text = visitor.get(path).text
        assert set(re.findall(r'(?:src|href)="[./]*(assets/[^?"]+)', text)) <= {f"assets/{name}" for name in ASSETS}
        assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=|https?://", text)


def test_headers(in_memory: Callable[..., Site]) -> None:
    """Every answer is kept from caches, frames and scripts that are not the console's."""
    site = in_memory()
    visitor = site.visitor()
    for path in ("", "login", "traffic", "traffic/rows", "traffic/1", "assets/console.js", "nonsense"):
        headers = visitor.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy.split("; "))
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("traffic/", "../traffic"),
        ("users/?q=%C3%A4&state=active", "../users?q=%C3%A4&state=active"),
        ("groups//", "../../groups"),
        ("traffic/1/", "../../traffic/1"),
    ],
)
def test_a_slash_too_many(in_memory: Callable[..., Site], path: str, target: str) -> None:
    """A page has one address: what it leads to is relative to that."""
    site = in_memory()
    for http in (site.visitor().http, site.app.test_client()):
        response = http.get(ROOT + path)
        assert (response.status_code, response.headers["Location"]) == (303, target)
        assert response.headers["Cache-Control"] == "no-store"
    assert site.visitor().get("nonsense/").status_code == 404


def test_methods(in_memory: Callable[..., Site]) -> None:
    """Other methods than those of browsers are refused."""
    visitor = in_memory().visitor()
    response = visitor.http.delete(f"{ROOT}users")
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert visitor.post("users").status_code == 404


def test_a_store_that_does_not_answer(in_memory: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """When the store is down, a page says so."""
    site = in_memory()
    visitor = site.visitor()

    def refuse(*_: Any) -> Any:
        raise StoreUnavailable("secret details")

    monkeypatch.setattr(site.service.backend, "_query", refuse)
    response = visitor.get("users")
    assert response.status_code == 503
    assert "secret details" not in response.text


def test_an_unexpected_error(in_memory: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is a page that tells nothing of the inside."""
    site = in_memory()
    visitor = site.visitor()
    monkeypatch.setattr(site.service.backend, "_query", lambda *_: 1 / 0)
    response = visitor.get("users")
    assert response.status_code == 500
    assert "division" not in response.text
    assert response.headers["X-Request-Id"] in response.text
