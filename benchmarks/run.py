"""Measures, and writes docs/benchmarks.md: `make bench`, or `python -m benchmarks.run`."""

import tempfile
import time
from pathlib import Path
from typing import Any

import click

from benchmarks.book import COMPARE, GROWTH, MEMORY, MILLION, PARTS, Book, Part
from benchmarks.circumstances import circumstances, versions
from benchmarks.page.files import write_page
from benchmarks.parts.compare import compare
from benchmarks.parts.growth import Fact, grow
from benchmarks.parts.memory import measure_memory
from benchmarks.parts.options import Options, Say
from benchmarks.results import Results
from benchmarks.servers.processes import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


class _Numbers(click.ParamType[tuple[int, ...]]):
    """Numbers with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(sorted(int(number) for number in value.split(",")))
        except ValueError:
            self.fail(f"{value!r} are no numbers with commas between them")


class _Parts(click.ParamType[tuple[str, ...]]):
    """Names of parts with commas between them."""

    name = "parts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        wanted = value.split(",")
        if unknown := set(wanted) - set(PARTS):
            self.fail(f"no part is named {', '.join(unknown)}; there are {', '.join(PARTS)}")
        return tuple(part for part in PARTS if part in wanted)


_DEFAULT = Options()


@click.command()
@click.option("--parts", type=_Parts(), help="Which are measured.  [default: compare,growth,memory; none with --from]")
@click.option("--million", is_flag=True, help="Measure a store of a million users too.")
@click.option("--users", type=_Numbers(), default=_DEFAULT.users, help="Of the stores that are compared with others.")
@click.option("--groups", type=_Numbers(), default=_DEFAULT.groups, help="Members of the groups there.")
@click.option("--sizes", type=_Numbers(), default=_DEFAULT.sizes, help="Users of the stores that show growth.")
@click.option("--members", type=_Numbers(), default=_DEFAULT.members, help="Members of the groups there.")
@click.option("--largest", type=int, default=_DEFAULT.million, help="Users of the largest store, with --million.")
@click.option("--rounds", type=click.IntRange(1), default=_DEFAULT.rounds, show_default=True)
@click.option("--quick", is_flag=True, help="A trial: smaller stores, 3 rounds.")
@click.option("--page", "page_file", type=click.Path(path_type=Path), default=PAGE, help="The page, with its pictures.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="All figures.  [default: beside the page]")
@click.option("--from", "from_file", type=click.Path(path_type=Path, exists=True), help="Figures of parts before.")
@click.option("--directory", type=click.Path(path_type=Path), help="Where the stores lie, on the disk to be measured.")
def main(
    parts: tuple[str, ...] | None,
    million: bool,
    users: tuple[int, ...],
    groups: tuple[int, ...],
    sizes: tuple[int, ...],
    members: tuple[int, ...],
    largest: int,
    rounds: int,
    quick: bool,
    page_file: Path,
    json_file: Path | None,
    from_file: Path | None,
    directory: Path | None,
) -> None:
    """Measure this server beside limits and others, and write the page of the results."""
    options = Options(users, groups, sizes, largest, members, rounds)
    if quick:
        options = Options((1000,), (10, 100), (1000, 10_000), 50_000, (10, 1000, 10_000), 3)
    book = Book.read(from_file) if from_file else Book()
    figures = json_file or page_file.with_suffix(".json")
    for name in _wanted(parts, million, bool(from_file)):
        book.parts[name] = _measured(name, options, directory)
        book.write(figures)
    book.write(figures)
    write_page(book, page_file)


def _wanted(parts: tuple[str, ...] | None, million: bool, is_there: bool) -> tuple[str, ...]:
    named = parts if parts is not None else () if is_there else (COMPARE, GROWTH, MEMORY)
    return (*named, MILLION) if million and MILLION not in named else named


def _measured(name: str, options: Options, directory: Path | None) -> Part:
    started = time.monotonic()

    def say(line: str) -> None:
        click.echo(f"{name} {time.monotonic() - started:4.0f} s: {line}", err=True)

    with tempfile.TemporaryDirectory(dir=directory) as folder:
        part = Part(circumstances(Path(folder), options.rounds))
        part.results, part.facts = _measure(name, options, Path(folder), say)
    part.circumstances.versions = versions()
    part.circumstances.seconds = round(time.monotonic() - started)
    return part


def _measure(name: str, options: Options, folder: Path, say: Say) -> tuple[Results, list[Fact]]:
    match name:
        case "compare":
            return compare(options, folder, say), []
        case "growth":
            return grow(options.sizes, options.members, options.rounds, folder, say)
        case "million":
            ends = options.members[0], options.members[-1]
            return grow((options.sizes[0], options.million), ends, options.rounds, folder, say)
    return Results(), measure_memory(options.sizes[-1], say)


if __name__ == "__main__":
    main()
