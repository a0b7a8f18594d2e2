"""The page and its pictures as files."""

from pathlib import Path

from benchmarks.book import Book
from benchmarks.page.curves import pictures
from benchmarks.page.drawing import draw
from benchmarks.page.page import IMAGES, page


def write_page(book: Book, file: Path) -> None:
    """Write the page, and its pictures into a folder beside it."""
    drawn = pictures(book)
    folder = file.parent / IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    for picture in drawn:
        draw(picture, folder / picture.file)
    file.write_text(page(book, drawn), "utf-8")
