"""The page about moving a store is right about its commands, and about the form of the file."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flask_bsr_scim.web.cli import scim_commands
from tests.docs.pages import DOCS, blocks, console_commands, rows
from tests.redis_server import shared

PAGE = DOCS / "how-to" / "move-between-backends.md"
REDIS = "redis://127.0.0.1:6379/0"


def invoke(command: str) -> Result:
    """Run a command of `bsr-scim`, which must work."""
    result = CliRunner().invoke(scim_commands, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def store(empty_folder: Path) -> None:
    """The store of the page: an administrator, a user in a group, a token."""
    for command in ("admin create ada@example.com", "sign-in bob@example.com --group eng", "token create"):
        invoke(f"bsr-scim {command} --backend sqlite:///bsr-scim.db")


@pytest.mark.usefixtures("store")
def test_the_commands_work() -> None:
    """Each does what the page says, on a Redis that is empty when something is moved there."""
    uri, run = "", []
    for command in console_commands(PAGE):
        name = shlex.split(command)[1]
        if not command.startswith("bsr-scim ") or "|" in command:
            continue
        if name in ("copy", "import"):
            uri = shared().uri()
        result = invoke(command.replace(REDIS, uri))
        run.append(name)
        if name == "db":
            assert result.stderr == next(block.text for block in blocks(PAGE, "text") if "sound" in block.text)
    assert run == ["copy", "db", "export", "import", "db"]


@pytest.mark.usefixtures("store")
def test_the_form_of_the_file(empty_folder: Path) -> None:
    """The table has each kind of line in its order, and names what is in it."""
    invoke("bsr-scim export file --backend sqlite:///bsr-scim.db")
    lines = [json.loads(line) for line in (empty_folder / "file").read_text().splitlines()]
    described = {row[0]: row[1] for row in rows(PAGE.read_text("utf-8"), "kind")}
    assert list(described) == list(dict.fromkeys(line["kind"] for line in lines))
    for line in lines:
        if line["kind"] not in ("change", "end"):
            words = re.findall(r"\w+", described[line["kind"]])
            assert [name for name in line if name != "kind" and name not in words] == []
