"""The tab Tokens: made, shown once, rotated and revoked."""

import re
from datetime import timedelta
from typing import Any

import pytest

from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.registry.tokens import Kind
from tests.console.visiting import Site, Visitor

_MADE = re.compile(r'id="made-token" value="(bsrscim[^"]+)"')


def made(response: Any) -> str:
    """Return the token that a page shows."""
    found = _MADE.search(response.text)
    assert found, response.text
    return found[1]


def test_a_token_is_made_and_revoked(site: Site, visitor: Visitor) -> None:
    """A token is shown once, works, and is refused once it is revoked."""
    response = visitor.post("tokens", {"description": "Okta, production", "days": "30", "dialect": "strict"})
    token = made(response)
    assert site.scim.get("/Users", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert token not in visitor.text("tokens")
    (kept,) = [each for each in site.service.tokens.list("default") if each.kind is Kind.SCIM]
    assert (kept.description, kept.dialect) == ("Okta, production", Dialect.STRICT)
    assert kept.expires is not None
    assert token not in visitor.text(f"tokens/{kept.id}")
    response = visitor.post(f"tokens/{kept.id}/revoke")
    assert "Okta, production is revoked" in response.text
    assert site.scim.get("/Users", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert visitor.post(f"tokens/{kept.id}/revoke").status_code == 404


def test_a_token_that_only_reads(site: Site, visitor: Visitor) -> None:
    """A token can be made for reading alone."""
    token = made(visitor.post("tokens", {"scope": "read"}))
    headers = {"Authorization": f"Bearer {token}"}
    assert site.scim.get("/Users", headers=headers).status_code == 200
    assert site.scim.post("/Users", {}, headers=headers).status_code == 403


def test_a_token_is_rotated(site: Site, visitor: Visitor) -> None:
    """The successor of a token is as that one, which works until it is revoked."""
    now = site.service.backend.clock()
    old, kept = site.service.tokens.create(
        "default", Kind.SCIM_READ, expires=now + timedelta(days=90), description="Okta", dialect=Dialect.STRICT
    )
    new = made(visitor.post(f"tokens/{kept.id}/rotate"))
    for token in (old, new):
        assert site.scim.get("/Users", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    first, second = [each for each in site.service.tokens.list("default") if each.kind is Kind.SCIM_READ]
    assert (first.description, first.dialect) == (second.description, second.dialect)
    assert first.expires is not None
    assert second.expires is not None
    assert first.expires[:10] == second.expires[:10]


def test_nobody_becomes_somebody_else(site: Site, visitor: Visitor) -> None:
    """An administrator can revoke the API token of somebody else, and not make one."""
    other, user_id = site.make_admin("other@example.com")
    (kept,) = site.service.tokens.list("default", user_id)
    assert visitor.post(f"tokens/{kept.id}/rotate").status_code == 400
    assert "other" in visitor.text("tokens?kind=api")
    visitor.post(f"tokens/{kept.id}/revoke")
    assert Visitor(site.app).sign_in(other).status_code == 403


@pytest.mark.parametrize("form", [{"days": "7"}, {"dialect": "nonsense"}, {"description": "x" * 201}])
def test_odd_forms(site: Site, visitor: Visitor, form: dict[str, str]) -> None:
    """A form with values that it does not offer makes nothing."""
    before = len(list(site.service.tokens.list("default")))
    assert visitor.post("tokens", form).status_code == 400
    assert len(list(site.service.tokens.list("default"))) == before
