"""Long commands show a bar to a person, and are silent in a pipe."""

import os
import pty
import subprocess

import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from flask_bsr_scim.backends.sqlite import schema
from flask_bsr_scim.web.cli import scim_commands
from tests.server.running import COMMAND, PATIENCE, environment, run


def run_on_a_terminal(*arguments: str) -> tuple[str, str]:
    """Run `bsr-scim` with a terminal for its errors; return what it wrote to standard output, and to the terminal."""
    terminal, its_end = pty.openpty()
    try:
        with os.fdopen(its_end, "wb") as stderr:
            done = subprocess.run(
                [*COMMAND, *arguments],
                env=environment(TERM="xterm"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                timeout=PATIENCE,
                check=True,
            )
            return done.stdout, os.read(terminal, 65_536).decode()
    finally:
        os.close(terminal)


def test_upgrade_draws_a_bar_on_a_terminal(backend: str) -> None:
    """On a terminal `db upgrade` draws a bar to its end, not on standard output."""
    output, shown = run_on_a_terminal("db", "upgrade", "--backend", backend)
    assert "Upgrading" in shown
    assert "100%" in shown
    assert "done" in shown
    assert output == ""


def test_upgrade_is_silent_in_a_pipe(backend: str) -> None:
    """In a pipe `db upgrade` draws nothing, and standard output stays empty."""
    done = run("db", "upgrade", "--backend", backend)
    assert done.returncode == 0
    assert done.stdout == ""
    assert "Upgrading" not in done.stderr
    assert "%" not in done.stderr


def test_upgrade_of_a_store_of_the_present_layout(backend: str) -> None:
    """A second `db upgrade` finds nothing to do, and says so."""
    run("db", "upgrade", "--backend", backend)
    done = run("db", "upgrade", "--backend", backend)
    assert done.returncode == 0
    assert "nothing to do" in done.stderr


def test_upgrade_of_a_store_of_an_older_layout(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store with an older layout is refused with the way out, and `db upgrade` is the way out."""

    def add_a_table(db: Database) -> None:
        db.table("later").create({"number": int})

    commands = CliRunner()
    assert commands.invoke(scim_commands, ["token", "create", "--backend", backend]).exit_code == 0
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, add_a_table))
    refused = commands.invoke(scim_commands, ["token", "list", "--backend", backend])
    assert refused.exit_code == 1
    assert "run `bsr-scim db upgrade --backend sqlite:///" in refused.stderr
    assert commands.invoke(scim_commands, ["db", "upgrade", "--backend", backend]).stderr == "done: add_a_table\n"
    assert commands.invoke(scim_commands, ["token", "list", "--backend", backend]).exit_code == 0
