"""The commands that the pages name exist, with their options."""

import re
import shlex
from contextlib import suppress
from pathlib import Path

import click
import pytest

from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import KEYS
from tests.docs.pages import PAGES, ROOT, console_commands, page_id, prose

ENVIRONMENT = re.compile(r"(\w+)=(?:\$\([^)]*\)|\S*)\s+")
PREFIX = re.compile(r"sudo (?:-u \S+ )?")
ENTRANCE = re.compile(r"(?:\S*/)?bsr-scim (?P<standalone>.+)|flask --app \w+ scim (?P<hosted>.+)")
INLINE = re.compile(r"`((?:\w+=\S+ )*(?:bsr-scim|flask --app \w+ scim) [^`…]+)`")
TARGET = re.compile(r"make ([a-z-]+)")


def split(command: str) -> tuple[list[str], str]:
    """Return the names of the variables that a command line sets, and the command itself."""
    names = []
    command = PREFIX.sub("", command)
    while match := ENVIRONMENT.match(command):
        names.append(match[1])
        command = command[match.end() :]
    return names, command


def parse(arguments: list[str]) -> None:
    """Read the arguments of `bsr-scim` without running anything.

    :raises click.UsageError: a command or an option does not exist, or has a wrong value.
    """
    command: click.Command = scim_commands
    while isinstance(command, click.Group) and arguments:
        name, *arguments = arguments
        if name not in command.commands:
            raise click.UsageError(f"there is no command {name}")
        command = command.commands[name]
    if not isinstance(command, click.Group):
        command.make_context(command.name, arguments)


def parse_written(written: str) -> None:
    """Read a command line of a page, as :func:`parse` does; programs that are not ours are passed over."""
    names, command = split(written)
    assert set(names) <= {*KEYS, "TOKEN", "BASE"}, written
    for part in command.split(" | "):
        if match := ENTRANCE.fullmatch(part):
            parse(shlex.split(match["standalone"] or match["hosted"], comments=True))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_commands_exist(page: Path) -> None:
    """A command line of ours in a console block has commands, options and variables that exist."""
    for written in console_commands(page):
        parse_written(written)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_commands_in_the_text_exist(page: Path) -> None:
    """So has one in the text, which may leave out what it is given there, as `bsr-scim user restore`."""
    for written in INLINE.findall(prose(page)):
        with suppress(click.MissingParameter):
            parse_written(written)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_make_targets_exist(page: Path) -> None:
    """`make` is only told to make what the Makefile can."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {match[1] for command in console_commands(page) if (match := TARGET.match(split(command)[1]))}
    assert named <= targets


@pytest.mark.parametrize(
    "arguments",
    [["serve", "--nonsense"], ["frobnicate"], ["token", "create", "--expires", "soon"], ["token", "delete"]],
    ids=" ".join,
)
def test_the_check_sees_what_does_not_exist(arguments: list[str]) -> None:
    """A command line that makes no sense is not taken."""
    with pytest.raises(click.UsageError):
        parse(arguments)
