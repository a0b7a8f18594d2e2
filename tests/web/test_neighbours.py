"""Extensions of Flask that an application has beside the blueprint, and what the guide for host applications says."""

import inspect
from collections.abc import Iterator

import pytest
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from flask_bsr_scim import BsrScim
from tests.client import USER

TOKEN = "a-token-for-this-test-alone"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def app() -> Flask:
    """An application that serves a storage of its own."""
    app = Flask("host")
    app.secret_key = "a key"
    BsrScim(app, backend="memory://", token=TOKEN, console=True)
    return app


def statuses(app: Flask) -> Iterator[int]:
    """Send what reads, twice, and then what writes; yield the statuses of the answers, which are SCIM's."""
    client = app.test_client()
    for method in ("GET", "GET", "POST", "POST"):
        body = {"schemas": [USER], "userName": "bob"} if method == "POST" else None
        answer = client.open("/scim/v2/Users", method=method, headers=HEADERS, json=body)
        assert answer.content_type == "application/scim+json"
        assert answer.status_code < 400 or answer.json["status"] == str(answer.status_code)
        yield answer.status_code


def test_views_are_functions(app: Flask) -> None:
    """Extensions tell them by module and name."""
    views = [view for endpoint, view in app.view_functions.items() if endpoint.startswith("bsr_scim.")]
    assert views
    assert all(inspect.isfunction(view) or inspect.ismethod(view) for view in views)


@pytest.mark.parametrize(("exempt", "expected"), [(False, [200, 200, 429, 429]), (True, [200, 200, 201, 409])])
def test_limits_of_the_host(app: Flask, exempt: bool, expected: list[int]) -> None:
    """They count SCIM requests, unless the blueprint is left out."""
    limiter = Limiter(get_remote_address, app=app, default_limits=["2/hour"], storage_uri="memory://")
    if exempt:
        limiter.exempt(app.blueprints["bsr_scim"])
    assert list(statuses(app)) == expected


@pytest.mark.parametrize(("exempt", "expected"), [(False, [200, 200, 400, 400]), (True, [200, 200, 201, 409])])
def test_forms_of_the_host(app: Flask, exempt: bool, expected: list[int]) -> None:
    """Their protection refuses writes, unless the blueprint is left out."""
    protection = CSRFProtect(app)
    if exempt:
        protection.exempt(app.blueprints["bsr_scim"])
    assert list(statuses(app)) == expected


def test_rules_have_methods(app: Flask) -> None:
    """Whoever lists rules finds what each answers, and nobody meets a rule without methods."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("bsr_scim.")]
    assert [rule.rule for rule in rules if rule.methods is None] == []
    methods = {rule.rule: rule.methods for rule in rules if rule.methods is not None}
    assert sorted(methods["/scim/v2/Users"]) == ["GET", "HEAD", "POST"]
    assert methods["/scim/v2/Users/<resource_id>"] - {"HEAD"} == {"GET", "PUT", "PATCH", "DELETE"}


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "BREW"])
def test_methods_of_no_rule_are_answered_by_us(app: Flask, method: str) -> None:
    """Flask's own page says nothing that an identity provider would show."""
    answer = app.test_client().open("/scim/v2/Users", method=method, headers=HEADERS)
    assert (answer.status_code, answer.content_type) == (405, "application/scim+json")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
