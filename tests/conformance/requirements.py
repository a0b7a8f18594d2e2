"""The requirements that the tests name with the marker `requirement`, and the page that says which tests show each.

Which lines there are stands in `requirements.toml`; which tests name them is read from the collected tests.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, Self

import pytest

_FILE = Path(__file__).with_name("requirements.toml")
_BACKEND = re.compile(r"memory|sqlite|redis")

_INTRODUCTION = """\
# Conformance

What [RFC 7643](https://www.rfc-editor.org/rfc/rfc7643), [RFC 7644](https://www.rfc-editor.org/rfc/rfc7644) and
[RFC 9865](https://www.rfc-editor.org/rfc/rfc9865) ask of a service provider, line by line in our words, and the tests
that show each, on every backend. MUST stands for SHALL and REQUIRED too; DEF is behaviour that the text defines without
such a word. *Choice* is what this server does where the RFC leaves it open. The source "project" marks our own rules.

This page is made from the tests, as [CONTRIBUTING.md](../../CONTRIBUTING.md) says.
"""
_SECTION = """
## {}

| Id | Keyword | Source | What | Tests |
| --- | --- | --- | --- | --- |"""
_SUMMARY = """
| Keyword | Lines | Tested | Not supported |
| --- | --- | --- | --- |"""


class Requirement(NamedTuple):
    """One line to test.

    `keyword` is MUST, SHOULD, MAY or DEF. `unsupported` says why it is not done, and is empty when it is. `backends`
    are those that it is about, and is empty when it is about all.
    """

    id: str
    section: str
    keyword: str
    source: str
    text: str = ""
    choice: str = ""
    unsupported: str = ""
    backends: Collection[str] = ()


class Shown(NamedTuple):
    """The tests that show a requirement, as `path::function`, and the backends that they run on."""

    tests: set[str]
    backends: set[str]

    @classmethod
    def nowhere(cls) -> Self:
        """Return what shows nothing."""
        return cls(set(), set())


def requirements() -> dict[str, Requirement]:
    """Return all requirements by id, in their order."""
    sections = tomllib.loads(_FILE.read_text("utf-8"))
    return {i: Requirement(i, section, **row) for section, rows in sections.items() for i, row in rows.items()}


def write_page(page: Path, items: Iterable[pytest.Item]) -> None:
    """Write the page about the collected tests.

    :raises pytest.UsageError: a requirement is not shown as it must be, or a test names one that does not exist.
    """
    known, items = requirements(), list(items)
    found = shown(items)
    if wrong := [*faults(known, found, _backends(items))]:
        raise pytest.UsageError("\n".join(wrong))
    page.write_text("\n".join(_lines(known, found)) + "\n", "utf-8")


def shown(items: Iterable[pytest.Item]) -> Mapping[str, Shown]:
    """Return what shows each requirement that a test names, by its id."""
    found: dict[str, Shown] = defaultdict(Shown.nowhere)
    for item in items:
        for i in (i for marker in item.iter_markers("requirement") for i in marker.args):
            found[i].tests.add(item.nodeid.split("[")[0])
            found[i].backends.update(_backends([item]))
    return found


def faults(known: Mapping[str, Requirement], found: Mapping[str, Shown], backends: set[str]) -> Iterator[str]:
    """Yield what is wrong with the requirements as the tests show them; `backends` are all that there are."""
    for i in sorted(found.keys() - known.keys()):
        yield f"{i}: {', '.join(sorted(found[i].tests))} names it, and there is no such requirement"
    for requirement in known.values():
        yield from _faults_of(requirement, found.get(requirement.id, Shown.nowhere()), backends)


def _faults_of(requirement: Requirement, by: Shown, backends: set[str]) -> Iterator[str]:
    if requirement.unsupported and requirement.keyword in ("MUST", "SHOULD"):
        yield f"{requirement.id}: a {requirement.keyword} must be supported"
    if bool(requirement.unsupported) is bool(by.tests):
        yield f"{requirement.id}: it needs either a test that names it or a reason why it is not supported"
    wanted = backends & set(requirement.backends or backends)
    if by.tests and (missing := wanted - by.backends):
        yield f"{requirement.id}: no test that names it runs on {', '.join(sorted(missing))}"


def _backends(items: Iterable[pytest.Item]) -> set[str]:
    return {name for item in items for name in _BACKEND.findall(item.nodeid)}


def _lines(known: Mapping[str, Requirement], found: Mapping[str, Shown]) -> Iterator[str]:
    yield _INTRODUCTION.rstrip()
    yield from _summary(list(known.values()))
    for section, rows in groupby(known.values(), lambda row: row.section):
        yield _SECTION.format(section)
        yield from (_row(row, found.get(row.id, Shown.nowhere())) for row in rows)


def _summary(rows: list[Requirement]) -> Iterator[str]:
    yield _SUMMARY
    for keyword in ("MUST", "SHOULD", "MAY", "DEF", "all"):
        supported = [not row.unsupported for row in rows if keyword in (row.keyword, "all")]
        yield f"| {keyword} | {len(supported)} | {sum(supported)} | {len(supported) - sum(supported)} |"


def _row(row: Requirement, by: Shown) -> str:
    choice = row.choice and f"*Choice:* {row.choice}"
    tests = "<br>".join(map(_link, sorted(by.tests))) or f"not supported: {row.unsupported}"
    cells = (row.id, row.keyword, row.source, " ".join(filter(None, (row.text, choice))), tests)
    return f"| {' | '.join(cells)} |"


def _link(test: str) -> str:
    path, _, function = test.partition("::")
    return f"[{Path(path).name}::{function}](../../{path})"
