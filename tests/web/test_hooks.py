"""Hooks of an application that read the bodies of SCIM requests: for an audit, for a signature, for a trace."""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Response, request

from flask_bsr_scim import BsrScim
from tests.client import USER, group

TOKEN = "a-token-for-this-test-alone"
SMALL = json.dumps({"schemas": [USER], "userName": "bob"}).encode()
LARGE = json.dumps({**group("all"), "externalId": "x" * 1000, "members": []}).encode() + b" " * 1_200_000


def look_for_a_form() -> None:
    """Look whether there is a form, as protection against forged forms does."""
    assert not request.form


READERS: dict[str, Callable[[], Any]] = {
    "data": lambda: request.get_data(),
    "JSON": lambda: request.get_json(force=True),
    "form first": lambda: (request.form, request.get_data()),
}
CHUNKED = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "", "wsgi.input_terminated": True}
BODIES = {"small": ("/scim/v2/Users", SMALL), "large": ("/scim/v2/Groups", LARGE)}


@pytest.fixture
def app() -> Flask:
    """An application that serves a storage of its own."""
    app = Flask("host")
    BsrScim(app, backend="memory://", token=TOKEN)
    return app


def post(app: Flask, path: str, body: bytes, length: Mapping[str, Any] | None = None) -> int:
    """Return the status of a POST."""
    answer = app.test_client().post(
        path,
        data=body,
        content_type="application/scim+json",
        headers={"Authorization": f"Bearer {TOKEN}"},
        environ_overrides={} if length is None else length,
    )
    return answer.status_code


def heard_behind(app: Flask) -> list[bytes]:
    """Return the list of what a hook behind the view reads."""
    seen: list[bytes] = []

    @app.after_request
    def audit(response: Response) -> Response:
        seen.append(request.get_data())
        return response

    return seen


@pytest.mark.parametrize("size", BODIES)
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_hook_before_the_view(app: Flask, read: Callable[[], Any], size: str) -> None:
    """The view gets what a hook has read."""

    @app.before_request
    def audit() -> None:
        read()

    assert post(app, *BODIES[size]) == 201


@pytest.mark.parametrize("read", [lambda: request.get_data() and None, look_for_a_form], ids=["data", "form"])
def test_a_body_that_is_too_large(read: Callable[[], None]) -> None:
    """What a hook has read is not waited for again."""
    app = Flask("host")
    BsrScim(app, backend="memory://", token=TOKEN, max_body_bytes=len(SMALL) - 1)
    app.before_request(read)
    assert post(app, *BODIES["small"]) == 413


class Counted(BytesIO):
    """A body that tells how much of it was read."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        data = super().read(size)
        self.read_bytes += len(data)
        return data


@pytest.mark.parametrize("read", [lambda: None, look_for_a_form], ids=["none", "form"])
def test_a_hook_does_not_lift_the_limit(read: Callable[[], None]) -> None:
    """Of a body without length no more is read than without the hook."""
    app = Flask("host")
    BsrScim(app, backend="memory://", token=TOKEN, max_body_bytes=1000, max_group_body_bytes=1000, max_bulk_bytes=1000)
    app.before_request(read)
    body = Counted(LARGE)
    assert post(app, "/scim/v2/Groups", b"", {**CHUNKED, "wsgi.input": body}) == 413
    assert body.read_bytes < len(LARGE) / 10


def test_a_hook_behind_a_refused_body() -> None:
    """What was thrown away is not waited for again."""
    app = Flask("host")
    BsrScim(app, backend="memory://", token=TOKEN, max_body_bytes=len(SMALL) - 1)
    seen = heard_behind(app)
    assert post(app, *BODIES["small"]) == 413
    assert seen == [b""]


def test_a_hook_that_keeps_nothing(app: Flask) -> None:
    """What a hook has taken away is missing."""

    @app.before_request
    def take() -> None:
        request.get_data(cache=False)

    assert post(app, *BODIES["small"]) == 400


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_hook_behind_the_view(app: Flask, read: Callable[[], Any]) -> None:
    """A hook gets what the view has read."""
    seen = []

    @app.after_request
    def audit(response: Response) -> Response:
        read()
        seen.append(request.get_data())
        return response

    assert post(app, *BODIES["small"]) == 201
    assert seen == [SMALL]


def test_a_hook_behind_the_view_of_a_large_body(app: Flask) -> None:
    """A large body is gone, and that harms nothing."""
    seen = heard_behind(app)
    assert post(app, *BODIES["large"]) == 201
    assert seen == [b""]


@pytest.mark.parametrize("size", BODIES)
def test_a_body_without_length(app: Flask, size: str) -> None:
    """It is read by hooks too."""
    seen = []

    @app.before_request
    def audit() -> None:
        seen.append(request.get_data())

    path, body = BODIES[size]
    assert post(app, path, body, CHUNKED) == 201
    assert seen == [body]


@pytest.mark.parametrize("size", BODIES)
def test_a_hook_behind_the_view_of_a_body_without_length(app: Flask, size: str) -> None:
    """It gets the body unless that is large."""
    seen = heard_behind(app)
    path, body = BODIES[size]
    assert post(app, path, body, CHUNKED) == 201
    assert seen == [body if size == "small" else b""]


def test_a_hook_behind_the_view_after_one_before_it(app: Flask) -> None:
    """One that looked for a form leaves the body to the view and to the other."""
    app.before_request(look_for_a_form)
    seen = heard_behind(app)
    assert post(app, *BODIES["small"]) == 201
    assert seen == [SMALL]


def test_a_hook_behind_a_body_that_nobody_read(app: Flask) -> None:
    """It gets a small one without length also where the request was refused for another reason."""
    seen = heard_behind(app)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = app.test_client().patch("/scim/v2/Users/1", data=SMALL, headers=headers, environ_overrides=CHUNKED)
    assert answer.status_code == 404
    assert seen == [SMALL]
