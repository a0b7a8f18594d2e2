"""The documentation as data: its pages, and the blocks, tables and links in them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md")))

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page, and the text between it and the next one."""

    language: str
    text: str
    after: str


def page_id(page: Path) -> str:
    """Return how a page is named in test results."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page that are in one of the languages, of all when none is named."""
    text = page.read_text("utf-8")
    found = list(_FENCE.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    every = (
        Block(match["language"], _dedented(match), text[match.end() : end])
        for match, end in zip(found, ends, strict=True)
    )
    return [block for block in every if not languages or block.language in languages]


def prose(page: Path) -> str:
    """Return a page without its blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """Return where the links of a page lead, as they are written."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return what a link can name behind `#`, as GitHub makes it of headings."""
    headings = (match[2].replace("`", "") for match in _HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sections(page: Path) -> dict[str, str]:
    """Return the texts below the headings of a page, by heading."""
    parts = re.split(r"^#+ (.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table in a text whose first column has the heading; code without its backticks."""
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("|") and _cells(line)[0] == heading:
            next(lines)
            return list(_table(lines))
    raise AssertionError(f"no table has the first column {heading!r}")


def console_commands(page: Path) -> Iterator[str]:
    """Yield the commands of a page's console blocks."""
    for block in blocks(page, "console"):
        lines = block.text.replace("\\\n", " ").splitlines()
        yield from (line.removeprefix("$ ") for line in lines if line.startswith("$ "))


def _table(lines: Iterator[str]) -> Iterator[list[str]]:
    for line in lines:
        if not line.startswith("|"):
            return
        yield _cells(line)


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [cell.strip().replace("`", "").replace("\\|", "|") for cell in cells]


def _dedented(match: re.Match[str]) -> str:
    return re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
