"""The tutorial about Okta and ngrok is run as it stands: the server, the tunnel, what Okta sends, and the commands."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.client import GROUP
from tests.docs.pages import DOCS, blocks, console_commands, sections
from tests.docs.running import BOB
from tests.server.ngrok import Ngrok
from tests.server.running import Server, run

TUTORIAL = DOCS / "tutorial" / "okta-ngrok.md"
SECTIONS = sections(TUTORIAL)
PUBLIC = "https://1a2b-203-0-113-7.ngrok-free.app/scim/v2"
ADDRESS = "bob.smith@example.com"


class Okta:
    """What Okta sends through the tunnel when its administrator does what the tutorial says."""

    def __init__(self, ngrok: Ngrok, token: str) -> None:
        self._ngrok, self._token = ngrok, token
        self._bob = ""

    def act(self, section: str) -> None:
        """Do what a section of the tutorial says."""
        match section:
            case "Connect it":
                self._send("GET", "/Users?startIndex=1&count=2")
                self._send("GET", "/Groups?startIndex=1&count=100")
            case "Assign a person":
                found = self._send("GET", f"/Users?filter=userName%20eq%20%22{ADDRESS}%22&startIndex=1&count=100")
                assert found["totalResults"] == 0
                emails = [{"primary": True, "value": ADDRESS, "type": "work"}]
                self._bob = self._send("POST", "/Users", {**BOB, "userName": ADDRESS, "emails": emails})["id"]
            case "Push the group":
                body = {"schemas": [GROUP], "displayName": "engineering", "members": []}
                group = self._send("POST", "/Groups", body)["id"]
                self._send("PUT", f"/Groups/{group}", {**body, "members": [{"value": self._bob, "display": ADDRESS}]})

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        status, _, answer = self._ngrok.ask(method, f"/scim/v2{path}", body, self._token)
        assert status < 300, answer
        return answer


class Reader(NamedTuple):
    """The reader's machine: the folder, the server, and what the tutorial exports."""

    folder: Path
    server: Server
    exported: dict[str, str]

    def run(self, commands: str) -> str:
        """Return what commands print, with the tutorial's address and port in the place of the test's."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands.replace(":8000", f":{self.server.port}")],
            cwd=self.folder,
            env={**os.environ, **self.exported},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.replace(self.exported["BASE"], PUBLIC)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The server and its tunnel, started; the tokens in variables."""
    folder = tmp_path_factory.mktemp("tutorial")
    ngrok, store = Ngrok(folder), f"sqlite:///{folder}/bsr-scim.db"
    server = Server(store, "--tunnel", "ngrok", **ngrok.settings)
    try:
        token = re.search(r"bsrscim_default_\S+", server.wait().output)
        assert token is not None, server.output
        admin = run("admin", "create", "admin@example.com", "--backend", store).stdout.strip()
        exported = {"BASE": f"http://127.0.0.1:{server.port}/scim/v2", "TOKEN": token[0], "BUF_TOKEN": admin}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        yield Reader(folder, server, {**exported, "PATH": path})
    finally:
        server.kill()


@pytest.fixture(scope="module")
def outcomes(reader: Reader) -> dict[str, str]:
    """Go through the tutorial, Okta's part and the reader's; return what each block of commands printed."""
    okta = Okta(Ngrok(reader.folder), reader.exported["TOKEN"])
    printed, left = {}, iter(blocks(TUTORIAL, "bash"))
    for heading, text in SECTIONS.items():
        okta.act(heading)
        for block in islice(left, text.count("```bash")):
            printed[block.text] = reader.run(block.text)
    return printed


def shown() -> list[tuple[str, str]]:
    """Return each block of commands that is followed by what it prints, with that."""
    found = blocks(TUTORIAL, "bash", "text")
    return [(a.text, b.text) for a, b in pairwise(found) if (a.language, b.language) == ("bash", "text")]


def missing(page: str, output: str) -> list[str]:
    """Return the lines of a page that are not in an output, in their order; `…` stands for any text."""
    left = iter(output.splitlines())
    lines = [line for line in page.splitlines() if line]
    return [line for line in lines if not any(is_like(line, printed) for printed in left)]


def is_like(line: str, printed: str) -> bool:
    """Tell whether a line is as the page shows it."""
    return re.fullmatch(".*".join(map(re.escape, line.split("…"))), printed) is not None


def test_the_start_prints_what_is_shown(reader: Reader) -> None:
    """The address, the fields of Okta's, and how to see whether it works."""
    page = blocks(TUTORIAL, "text")[0].text
    output = reader.server.output.replace(f"{reader.folder}/", "")
    assert not missing(page, output)
    (command,) = (line for line in console_commands(TUTORIAL) if line.startswith("bsr-scim serve"))
    assert command == "bsr-scim serve --tunnel ngrok"


def test_the_fields_of_the_integration_are_those_that_are_printed(reader: Reader) -> None:
    """The table has each field that the start prints."""
    names = re.findall(r"^\| ([^|]+) \|", SECTIONS["Connect it"], re.MULTILINE)[2:]
    assert len(names) == 5
    assert all(re.search(rf"^  {re.escape(name)}  ", reader.server.output, re.MULTILINE) for name in names)


@pytest.mark.parametrize(("commands", "page"), shown(), ids=[first.splitlines()[0] for first, _ in shown()])
def test_commands_print_what_is_shown(commands: str, page: str, outcomes: dict[str, str]) -> None:
    """In this order, after what Okta has done until then."""
    assert not missing(page, outcomes[commands])


def test_the_console_is_where_the_page_says(reader: Reader) -> None:
    """It asks who is there."""
    (path,) = re.findall(r"`http://127\.0\.0\.1:8000(/\S+)`", SECTIONS["On a red cross"])
    with reader.server.client(None) as client:
        moved = client("GET", f"/{path}")
        asked = client("GET", f"/{path}/login")
    assert (moved.status, asked.status) == (303, 200)
    assert "<form" in asked.text


def test_every_command_was_run(outcomes: dict[str, str]) -> None:
    """No block is left out."""
    assert list(outcomes) == [block.text for block in blocks(TUTORIAL, "bash")]


@pytest.mark.parametrize("output", ["b\na\n", "a\n", "a\nbb\n"], ids=["order", "missing", "more"])
def test_the_comparison_sees_a_difference(output: str) -> None:
    """Another order, a line too few, a line that goes on."""
    assert missing("a\nb\n", output)
    assert not missing("a\n\n…b\n", "a\nx\nxb\n")


def test_the_server_ends_as_the_page_says(outcomes: dict[str, str], reader: Reader) -> None:
    """And the tunnel with it."""
    assert outcomes
    assert reader.server.interrupt() == 0
    assert Ngrok(reader.folder).has_ended()
