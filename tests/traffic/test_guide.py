"""What docs/how-to/record-and-replay.md shows is what happens."""

import json
from pathlib import Path

import pytest

from flask_bsr_scim.web.cli import scim_commands
from tests.client import PATCH, TOKEN, USER
from tests.console.visiting import Site
from tests.docs.pages import DOCS, blocks, rows
from tests.traffic.recorded import command, export, record, serving

PAGE = DOCS / "how-to" / "record-and-replay.md"
EXPORTED, REPLAYED, REFUSED = (block.text for block in blocks(PAGE, "text"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The recording of the page: Okta creates Ana, who has a title, and deactivates her."""
    site, file = Site("memory://"), tmp_path / "okta.json"
    ana = {"schemas": [USER], "userName": "ana@corp.example", "title": "Boss", "password": "tr0ub4dor-and-3"}
    site.send("GET", "/Users", query={"filter": 'userName eq "ana@corp.example"'})
    path = f"/Users/{site.send('POST', '/Users', ana).json['id']}"
    off = {"op": "Replace", "path": "active", "value": "False"}
    site.send("PATCH", path, {"schemas": [PATCH], "Operations": [off]})
    exported = command(site.app, "export", str(file), "--since", "1h", "--client", "okta")
    assert exported.stderr == EXPORTED
    return file


def test_an_exchange(file: Path) -> None:
    """The exchange of the page is in the file."""
    (shown,) = (json.loads(block.text) for block in blocks(PAGE, "json"))
    assert json.loads(file.read_text())["exchanges"][1] == shown


def test_a_server_that_differs(file: Path) -> None:
    """The output of the page is that of a server that stores the title."""
    other = Site("memory://", profile="rfc7643")
    with serving(other.app) as url:
        done = command(other.app, "replay", str(file), url, "--token", TOKEN)
    assert done.output == REPLAYED


def test_a_strict_server(file: Path) -> None:
    """The refusals of the page are those of the recording."""
    assert command(Site("memory://").app, "strict", str(file)).output == REFUSED


def test_what_is_skipped_is_listed() -> None:
    """Each status of the page's table is skipped, and says so."""
    for status, reason in ((int(row[0]), row[1]) for row in rows(PAGE.read_text("utf-8"), "Status")):
        assert export(record(status=status)).exchanges[0].skip == reason


def test_all_commands_are_shown() -> None:
    """The page shows each command of the group."""
    text = PAGE.read_text("utf-8")
    group = scim_commands.commands["traffic"]
    assert all(f"$ bsr-scim traffic {name} " in text for name in group.commands)  # type: ignore[attr-defined]
