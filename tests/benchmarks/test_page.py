"""The page is made of a file of figures."""

from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from benchmarks.book import Book
from benchmarks.page.curves import pictures
from benchmarks.page.files import write_page
from benchmarks.page.page import page
from benchmarks.results import Key
from benchmarks.run import main
from tests.benchmarks.figures import new_book
from tests.docs.pages import rows

FIGURES = Path(__file__).with_name("figures.json")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a stored run of small stores, made by the command."""
    file = tmp_path_factory.mktemp("page") / "benchmarks.md"
    result = CliRunner().invoke(main, ["--from", str(FIGURES), "--page", str(file)])
    assert result.exit_code == 0, result.output
    return file


def test_the_page_has_every_part(written: Path) -> None:
    """Targets first, then growth, the largest store, what stores take, the tables, and how it was measured."""
    headings = [line[3:] for line in written.read_text("utf-8").splitlines() if line.startswith("## ")]
    assert headings == [
        "Targets",
        "Growth",
        "2,000 users",
        "Room",
        "With 400 users",
        "With 200 users",
        "Not measured",
        "Names",
        "How it was measured",
    ]


def test_the_tables_have_as_many_cells_as_columns(written: Path) -> None:
    """No row is longer or shorter than the one above."""
    lines = [line.replace("\\|", "") for line in written.read_text("utf-8").splitlines()]
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|"), line


def test_every_workload_is_explained(written: Path) -> None:
    """What stands in a table of figures is in the list of workloads, with N for a number of members."""
    text = written.read_text("utf-8")
    explained = {row[0].split("…")[0].removesuffix("_N") for row in rows(text.partition("## Names")[2], "Workload")}
    measured = {
        row[0] for heading in ("With 400", "Growth") for row in rows(text.partition(f"## {heading}")[2], "Workload")
    }
    assert [name for name in measured if not any(name.startswith(each) for each in explained)] == []


def test_the_pictures_are_there_and_small(written: Path) -> None:
    """Each that the page shows has a text instead, and lies beside it."""
    shown = [line for line in written.read_text("utf-8").splitlines() if line.startswith("![")]
    assert len(shown) == 2
    for line in shown:
        alternative, _, file = line.removeprefix("![").removesuffix(")").partition("](")
        assert "SQLite" in alternative
        assert (written.parent / file).stat().st_size < 60_000
        assert Image.open(written.parent / file).getpixel((0, 0)) is not None


def test_figures_are_kept_whole(tmp_path: Path) -> None:
    """A book that was written and read makes the same page."""
    book = new_book()
    book.write(tmp_path / "figures.json")
    read = Book.read(tmp_path / "figures.json")
    assert page(read, pictures(read)) == page(book, pictures(book))


def test_a_part_that_was_not_measured_is_left_out(tmp_path: Path) -> None:
    """The page of a single part is whole, and says what is missing."""
    book = Book({"growth": new_book().parts["growth"]})
    write_page(book, tmp_path / "page.md")
    assert "not measured" in (tmp_path / "page.md").read_text("utf-8")
    write_page(Book(), tmp_path / "empty.md")


def test_a_server_that_failed_is_named_with_the_reason() -> None:
    """What is not measured is no figure, and its reason does not break the table."""
    book = new_book()
    book.results("compare").fail(Key(10_000, "b.get"), "scim2-flask", "3 of 9 requests failed")
    text = page(book, [])
    assert "| `b.get` | 10,000 | scim2-flask | 3 of 9 requests failed |" in text
    assert "answered 400 \\| unknown" in text


def test_an_unknown_part_is_refused() -> None:
    """The message has the names."""
    result = CliRunner().invoke(main, ["--parts", "compare,grwth"])
    assert result.exit_code == 2
    assert "there are compare, growth, million, memory" in result.output
