"""The page that is made of the figures, and its pictures."""

from collections.abc import Iterator

from benchmarks.book import COMPARE, GROWTH, MILLION, PARTS, Book, Part
from benchmarks.page import tables
from benchmarks.page.curves import Picture
from benchmarks.page.markdown import header, row, wrapped
from benchmarks.page.meaning import meaning
from benchmarks.page.words import INTRODUCTION, METHOD, NAMES, WORKLOADS

IMAGES = "images"
"""The folder of the pictures, beside the page."""


def page(book: Book, drawn: list[Picture]) -> str:
    """Return the page in Markdown."""
    return "\n".join(map(wrapped, _lines(book, drawn))) + "\n"


def _lines(book: Book, drawn: list[Picture]) -> Iterator[str]:
    yield from INTRODUCTION
    yield from tables.targets(book)
    yield from meaning(book)
    yield from _growth(book, drawn)
    yield from _million(book)
    yield from tables.stores(book)
    yield from tables.memory(book)
    compared = book.results(COMPARE)
    for users in reversed(compared.sizes()):
        yield from tables.speeds(compared, users)
    yield from tables.faults(book)
    yield from ("", "## Names", "", *header("Name", "What it is"))
    yield from (row(f"`{name}`" if name.islower() else name, what) for name, what in NAMES.items())
    yield from ("", *header("Workload", "Requests"), *(row(f"`{name}`", what) for name, what in WORKLOADS.items()))
    yield from METHOD
    yield ""
    yield from (_circumstances(name, book.parts[name]) for name in PARTS if name in book.parts)


def _growth(book: Book, drawn: list[Picture]) -> Iterator[str]:
    yield from ("", "## Growth")
    for picture in drawn:
        yield from ("", picture.caption, "", f"![{picture.alt}]({IMAGES}/{picture.file})")
    yield from tables.growth(book, GROWTH)
    yield from tables.large_groups(book, GROWTH)
    yield from tables.growth_elsewhere(book)


def _million(book: Book) -> Iterator[str]:
    users = max(book.results(MILLION).sizes(), default=0)
    if users:
        yield from ("", f"## {users:,} users")
        yield from tables.growth(book, MILLION)
        yield from tables.large_groups(book, MILLION)


def _circumstances(name: str, part: Part) -> str:
    about = part.circumstances
    return (
        f"- `{name}`: {about.date}, {about.rounds} rounds, {about.seconds / 60:.1f} minutes, {about.cores} cores; "
        f"the load was {about.load} before; to write and flush 4 KiB took {about.flush_ms:.2f} ms; "
        f"{', '.join(about.versions)}"
    )
