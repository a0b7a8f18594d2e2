"""The application of the standalone server answers as one of Flask's own does."""

import gc
import weakref
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from flask_bsr_scim import BsrScim
from flask_bsr_scim.web.mount import Mount
from flask_bsr_scim.web.standalone import StandaloneFlask

TOKEN = "a-token-for-this-test-alone"
PLACES = ("scim", "v2", "Users", "Groups", ".search", "Schemas", "Me", "healthz", "console")
PIECES = ("/", "//", "a b", "ä", "<", "\n", *PLACES)
PATHS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
METHODS = st.sampled_from(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"))


class Environment(dict[str, Any]):
    """A WSGI environment to which there are weak references."""


def client_of(app: flask.Flask) -> FlaskClient:
    """Return a client of an application that serves a storage of its own, and one view besides."""
    BsrScim(app, backend="memory://", token=TOKEN, console=True)

    @app.get("/healthz")
    def alive() -> dict[str, str]:
        return {"status": "alive"}

    return app.test_client()


@pytest.fixture(scope="module")
def clients() -> tuple[FlaskClient, FlaskClient]:
    """Clients of both kinds of applications."""
    return client_of(flask.Flask("plain")), client_of(StandaloneFlask("standalone"))


@example("healthz", "OPTIONS")
@example("healthz", "POST")
@example("scim/v2/Users", "HEAD")
@given(st.one_of(PATHS, PATHS.map("/scim/v2{}".format), PATHS.map("/scim/v2/Users/{}".format)), METHODS)
def test_both_answer_alike(clients: tuple[FlaskClient, FlaskClient], path: str, method: str) -> None:
    """Whatever the path and the method, the status, the type and the body are the same."""

    def answer(client: FlaskClient) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "same"}
        place = {"PATH_INFO": f"/{path}".encode().decode("latin-1")}
        response = client.open("/", method=method, headers=headers, environ_overrides=place)
        return response.status_code, response.content_type, response.headers.get("Allow"), response.data

    plain, standalone = map(answer, clients)
    assert standalone == plain


@pytest.mark.parametrize("path", ["Users", "Users/nobody", "Nothing"])
def test_a_request_leaves_no_cycle(path: str) -> None:
    """What a request held is free once it is answered, and does not wait for the garbage collector."""
    app = StandaloneFlask("standalone")
    BsrScim(app, backend="memory://", token=TOKEN)
    environ = Environment(EnvironBuilder(path=f"/scim/v2/{path}").get_environ())
    known = weakref.ref(environ)
    gc.disable()
    try:
        app(environ, lambda *_: lambda _: None)
        del environ
        assert known() is None
    finally:
        gc.enable()


def test_views_are_called_outside_of_contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flask has no part in a request for a resource; what goes wrong on the way is answered in our form."""
    app = StandaloneFlask("standalone")
    BsrScim(app, backend="memory://", token=TOKEN)
    monkeypatch.setattr(app, "request_context", None)
    monkeypatch.setattr(Mount, "_count", None)
    response = app.test_client().get("/scim/v2/Users")
    assert (response.status_code, response.content_type) == (500, "application/scim+json")
