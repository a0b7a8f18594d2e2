"""What it takes to run the examples of the pages, and to ask the applications that they make."""

from pathlib import Path
from typing import Any

from click.testing import CliRunner
from flask import Flask
from flask.cli import FlaskGroup
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from tests.docs.pages import blocks, page_id

TOKEN = "a-fixed-token-for-the-examples-0123456789"
BOB = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bob@example.com"}


def run(page: Path, last: str | None = None) -> dict[str, Any]:
    """Run the Python blocks of a page in their order; return the names that they leave.

    :param last: a text in the block that is the last one to be run.
    """
    names: dict[str, Any] = {"__name__": "app"}
    for block in blocks(page, "python"):
        exec(compile(block.text, page_id(page), "exec"), names)
        if last is not None and last in block.text:
            return names
    assert last is None, f"no block holds {last!r}"
    return names


def ask(
    app: Flask,
    path: str,
    method: str = "GET",
    body: Any = None,
    token: str = TOKEN,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    """Return the answer to a request with a token."""
    sent = {"Authorization": f"Bearer {token}", **(headers or {})}
    return app.test_client().open(path, method=method, json=body, headers=sent)


def make_token(app: Flask, *options: str) -> str:
    """Return what `flask scim token create` prints."""
    flask = FlaskGroup(create_app=lambda: app, load_dotenv=False)
    result = CliRunner().invoke(flask, ["scim", "token", "create", *options])
    assert result.exit_code == 0, result.output
    return result.output.strip()


def make_directory(uri: str = "sqlite:///directory.db") -> None:
    """Put Bob into a directory file."""
    app = Flask("before")
    BsrScim(app, backend=uri, token=TOKEN)
    assert ask(app, "/scim/v2/Users", "POST", BOB).status_code == 201
