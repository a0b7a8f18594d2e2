"""The page about conformance is what the tests make of it, and every requirement has its row there."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.requirements import Requirement, Shown, faults, requirements
from tests.docs.pages import DOCS, ROOT, rows, sections

PAGE = DOCS / "reference" / "conformance.md"


def test_the_page_is_what_the_tests_make_of_it(tmp_path: Path) -> None:
    """Whoever marks a test, or changes a requirement, makes the page anew, as CONTRIBUTING.md says."""
    made = tmp_path / "conformance.md"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--conformance={made}",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert made.read_text("utf-8") == PAGE.read_text("utf-8")


def test_every_requirement_has_a_row() -> None:
    """With its keyword and source, and either tests or the reason why there are none."""
    listed = requirements().values()
    shown = {row[0]: row for section in {r.section for r in listed} for row in rows(sections(PAGE)[section], "Id")}
    assert shown.keys() == {requirement.id for requirement in listed}
    for requirement in listed:
        _, keyword, source, what, tests = shown[requirement.id]
        assert (keyword, source) == (requirement.keyword, requirement.source)
        assert what
        assert tests.startswith("not supported: " if requirement.unsupported else "[")


def test_the_command_is_named() -> None:
    """In CONTRIBUTING.md."""
    assert "--conformance=docs/reference/conformance.md" in (ROOT / "CONTRIBUTING.md").read_text("utf-8")


BOTH = {"memory", "sqlite"}
TESTED = Shown({"tests/test_x.py::test_x"}, BOTH)


@pytest.mark.parametrize(
    ("requirement", "shown", "fault"),
    [
        pytest.param({}, TESTED, None, id="tested"),
        pytest.param({"keyword": "MAY", "unsupported": "why"}, None, None, id="not supported"),
        pytest.param({}, None, "needs either a test", id="nothing"),
        pytest.param({"keyword": "DEF", "unsupported": "why"}, TESTED, "needs either a test", id="both"),
        pytest.param({"unsupported": "why"}, None, "a MUST must be supported", id="a MUST"),
        pytest.param({"keyword": "SHOULD", "unsupported": "why"}, None, "a SHOULD must be supported", id="a SHOULD"),
        pytest.param({}, Shown(TESTED.tests, {"memory"}), "runs on sqlite", id="one backend"),
        pytest.param(
            {"backends": ["memory"]}, Shown(TESTED.tests, {"memory"}), None, id="the backend that it is about"
        ),
        pytest.param({"id": "A-02"}, TESTED, "no such requirement", id="an unknown id"),
    ],
)
def test_faults_are_found(requirement: dict[str, Any], shown: Shown | None, fault: str | None) -> None:
    """A requirement is either shown on every backend that it is about, or explained; MUST and SHOULD are shown."""
    one = Requirement(**{"id": "A-01", "section": "S", "keyword": "MUST", "source": "RFC", **requirement})
    found = [*faults({one.id: one}, {"A-01": shown} if shown else {}, BOTH)]
    assert [text for text in found if fault and fault in text] == found[: 1 if fault else 0]
    assert bool(found) is bool(fault)
