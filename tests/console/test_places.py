"""Where the console is, and where it is not."""

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, ConfigurationError, create_blueprint
from flask_bsr_scim.web.config import read_settings
from tests.client import TOKEN


def app_with(prefix: str, **settings: object) -> Flask:
    """Return an application with SCIM under a prefix."""
    app = Flask("places")
    BsrScim(app, url_prefix=prefix, backend="memory://", token=TOKEN, **settings)
    return app


@pytest.mark.parametrize(
    ("prefix", "console"),
    [("/scim/v2", "/scim/console/"), ("/scim", "/console/"), ("", "/console/"), ("/a/b/c", "/a/b/console/")],
)
def test_the_console_is_beside_scim(prefix: str, console: str) -> None:
    """The console takes the place of the last segment, and SCIM goes on as before."""
    http = app_with(prefix, console=True).test_client()
    assert http.get(console).headers["Location"] == "./login"
    assert http.get(console[:-1]).headers["Location"] == "console/"
    assert http.get(f"{console}login").status_code == 200
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert http.get(f"{prefix}/Users", headers=headers).status_code == 200
    assert http.get(f"{prefix}/console/login", headers=headers).status_code in ((404,) if prefix else (200,))


def test_all_of_the_console_has_one_guard() -> None:
    """The console adds two rules and no more, and both are one view: nothing is reached past its guard."""
    with_it, without = (app_with("/scim/v2", console=console) for console in (True, False))
    added = {rule.rule: rule.endpoint for rule in with_it.url_map.iter_rules()}
    for rule in without.url_map.iter_rules():
        added.pop(rule.rule)
    assert set(added) == {"/scim/console", "/scim/console/<bsr_scim_rest:tail>"}
    assert len({with_it.view_functions[endpoint] for endpoint in added.values()}) == 1


def test_a_host_application_has_none() -> None:
    """Unless the setting asks for it, a blueprint has no console, and records nothing."""
    app = app_with("/scim/v2")
    assert app.test_client().get("/scim/console/login").status_code == 404
    assert app.extensions["bsr_scim"]["bsr_scim"].service.recorder is None


def test_a_place_that_is_taken() -> None:
    """Two consoles at one place, or one where SCIM is, are a mistake that is told at the start."""
    with pytest.raises(ConfigurationError, match="/scim/console"):
        app_with("/scim/console", console=True)
    app = app_with("/scim/v2", console=True)
    blueprint = create_blueprint("other", backend="memory://", console=True)
    with pytest.raises(ConfigurationError, match="already"):
        app.register_blueprint(blueprint, url_prefix="/scim/other")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SCIM_CONSOLE", "perhaps"),
        ("SCIM_CONSOLE_REQUESTS", "0"),
        ("SCIM_CONSOLE_REQUESTS", "1000000"),
        ("SCIM_CONSOLE_HOURS", "0"),
    ],
)
def test_settings(key: str, value: str) -> None:
    """A setting that is wrong is refused at the start."""
    with pytest.raises(ConfigurationError, match=key):
        read_settings({key: value})


def test_the_standalone_server_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standalone server has a console unless the setting switches it off."""
    from flask_bsr_scim.web import server

    monkeypatch.setenv("SCIM_BACKEND", "memory://")
    monkeypatch.setattr(server, "Thread", lambda **_: type("Thread", (), {"start": lambda _: None})())
    monkeypatch.setattr(server.gc, "freeze", lambda: None)
    monkeypatch.setattr(server.gc, "set_threshold", lambda *_: None)
    assert server.create_app().test_client().get("/scim/console/login").status_code == 200
    monkeypatch.setenv("SCIM_CONSOLE", "false")
    assert server.create_app().test_client().get("/scim/console/login").status_code == 404
