"""What the tests of the web side share: applications that no test changes, and a place to run commands in."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import environment_settings
from tests.client import TOKEN, Scim


@pytest.fixture(scope="module")
def reading() -> Scim:
    """A client for requests that write nothing, or are refused."""
    app = Flask("reading")
    BsrScim(app, backend="memory://", token=TOKEN)
    return Scim(app)


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty folder, with no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for key in environment_settings():
        monkeypatch.delenv(key)


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """The URI of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'scim.db'}"


@pytest.fixture
def run(uri: str) -> Callable[..., Result]:
    """Run a command on that file."""
    return lambda *args, **env: CliRunner().invoke(scim_commands, [*args, "--backend", uri], env=env)
