"""The tutorial is run as it stands, against the server that its reader starts."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from flask_bsr_scim.web.cli import scim_commands
from tests.docs.pages import DOCS, Block, blocks
from tests.server.running import Server

TUTORIAL = DOCS / "tutorial" / "okta-with-curl.md"
BANNER = re.compile(r"SCIM connector base URL +(?P<BASE>\S+).*Authorization \(Bearer\) +(?P<TOKEN>\S+)", re.DOTALL)
STATUS = re.compile(r"\s*`(\d{3})`")


class Step(NamedTuple):
    """Commands of the tutorial, and what it says they answer."""

    commands: str
    status: str | None
    answer: Any


class Outcome(NamedTuple):
    """What came of the commands."""

    output: str
    errors: str


def steps() -> list[Step]:
    """Return the steps of the tutorial: each block of commands, with the status and the answer that follow it."""
    found = blocks(TUTORIAL, "bash", "json")
    return [_step(index, found) for index, block in enumerate(found) if block.language == "bash"]


def _step(index: int, found: list[Block]) -> Step:
    status = STATUS.match(found[index].after)
    follows = index + 1 < len(found) and found[index + 1].language == "json"
    answer = json.loads(found[index + 1].text) if follows else None
    return Step(found[index].text, status and status[1], answer)


STEPS = steps()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start the server with an empty store; give what the tutorial exports, as it was printed."""
    store = f"sqlite:///{tmp_path_factory.mktemp('server')}/bsr-scim.db"
    server = Server(store)
    try:
        banner = BANNER.search(server.wait().output)
        assert banner is not None, server.output
        made = CliRunner().invoke(scim_commands, ["admin", "create", "admin@example.com", "--backend", store])
        yield {**banner.groupdict(), "BUF_TOKEN": made.output.strip()}
    finally:
        server.kill()


@pytest.fixture(scope="module")
def outcomes(exported: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """Run all commands of the tutorial in one shell, in their order; return what each step printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    parts = [f"{{\n{step.commands}}} >{number}.out 2>{number}.err\n" for number, step in enumerate(STEPS)]
    script = "set -euo pipefail\n" + "".join(parts)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env={**os.environ, **exported}, capture_output=True, text=True, timeout=60
    )
    printed = [
        Outcome(*(_text(folder / f"{number}.{kind}") for kind in ("out", "err"))) for number in range(len(STEPS))
    ]
    assert done.returncode == 0, (done.stderr, [outcome.errors for outcome in printed if outcome.errors][-1:])
    return printed


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def unlike(shown: Any, answer: Any, where: str = "") -> list[str]:
    """Return where an answer is not as shown: members that are not shown may be there, `…` stands for any text."""
    match shown, answer:
        case dict(), dict():
            missing = [f"{where}.{name} is missing" for name in shown if name not in answer]
            pairs = ((shown[name], answer[name], f"{where}.{name}") for name in shown if name in answer)
            return missing + [fault for pair in pairs for fault in unlike(*pair)]
        case list(), list() if len(shown) == len(answer):
            return [
                fault
                for n, pair in enumerate(zip(shown, answer, strict=True))
                for fault in unlike(*pair, f"{where}[{n}]")
            ]
        case str(), str() if re.fullmatch(".*".join(map(re.escape, shown.split("…"))), answer):
            return []
    return [] if shown == answer else [f"{where}: {shown!r} is shown, {answer!r} came"]


REQUESTS = [number for number, step in enumerate(STEPS) if step.status is not None]


def test_every_request_is_checked() -> None:
    """Each block that sends a request is followed by the status of its answer."""
    sends = re.compile(r"^(?:TOKEN=\S+ )?(?:scim|api) ", re.MULTILINE)
    assert [number for number, step in enumerate(STEPS) if sends.search(step.commands)] == REQUESTS


@pytest.mark.parametrize("number", REQUESTS, ids=lambda number: STEPS[number].commands.splitlines()[0])
def test_answers_are_as_shown(number: int, outcomes: list[Outcome]) -> None:
    """A request has the status and the answer that the tutorial shows."""
    step, outcome = STEPS[number], outcomes[number]
    assert outcome.errors.split() == ["HTTP", step.status]
    if step.answer is not None:
        assert not unlike(step.answer, json.loads(outcome.output))


@pytest.mark.parametrize(
    ("shown", "answer"),
    [({"a": 1}, {}), ({"a": "…@x"}, {"a": "b@y"}), ([], [1]), (True, False)],
    ids=["missing", "other text", "longer list", "other value"],
)
def test_the_comparison_sees_a_difference(shown: Any, answer: Any) -> None:
    """An answer that is not as shown is found out."""
    assert unlike(shown, answer)
