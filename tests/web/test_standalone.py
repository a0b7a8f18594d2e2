"""The application of the standalone server answers as one of Flask's own does."""

from typing import Any

import flask
import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st

from flask_bsr_scim import BsrScim
from flask_bsr_scim.web.standalone import StandaloneFlask

TOKEN = "a-token-for-this-test-alone"
PLACES = ("scim", "v2", "Users", "Groups", ".search", "Schemas", "Me", "healthz", "console")
PIECES = ("/", "//", "a b", "ä", "<", "\n", *PLACES)
PATHS = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
METHODS = st.sampled_from(("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"))


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
