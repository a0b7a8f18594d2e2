"""What the documentation says of `make bench` is true."""

import re
import shlex
from pathlib import Path

import pytest

from benchmarks.page.words import METHOD
from benchmarks.run import main

ROOT = Path(__file__).parents[2]

OPTIONS = {option for parameter in main.params for option in parameter.opts}

MENTIONS = {
    "CONTRIBUTING.md": (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
    "Makefile": (ROOT / "Makefile").read_text("utf-8"),
    "benchmarks.md": "\n".join(METHOD),
}


def test_the_target_runs_the_benchmark_with_its_extra() -> None:
    """`make bench` installs the extras `server` and `bench`, which exist, and runs the command."""
    rules = MENTIONS["Makefile"].split("\n\n")
    (rule,) = (rule for rule in rules if "\nbench:" in rule)
    assert "-m benchmarks.run $(ARGS)" in rule
    (installing,) = (rule for rule in rules if rule.startswith("$(VENV)/.bench-installed:"))
    assert '".[server,bench]"' in installing
    setup = (ROOT / "setup.py").read_text("utf-8")
    assert '"server": [' in setup
    assert '"bench": [' in setup


@pytest.mark.parametrize("file", MENTIONS)
def test_options_that_are_mentioned_exist(file: str) -> None:
    """Each in an `ARGS` of `make bench` is one of the command."""
    text = re.sub(r"make (run|test) ARGS=\S+", "", MENTIONS[file])
    mentioned = [word for arguments in re.findall(r'ARGS="([^"]*)"', text) for word in shlex.split(arguments)]
    assert "--quick" in mentioned
    assert [word for word in mentioned if word.startswith("-") and word not in OPTIONS] == []


def test_the_documentation_leads_there() -> None:
    """The overview, the contributors' page and the page on dependencies link to the page."""
    for page in ("docs/README.md", "CONTRIBUTING.md", "docs/explanation/dependencies.md"):
        assert re.search(r"\]\([./a-z]*benchmarks\.md\)", (ROOT / page).read_text("utf-8")), page
