"""The tables of the SQLite store, and the steps that lead to them."""

import sqlite3
from collections.abc import Callable

from sqlite_utils import Database, Migrations

from flask_bsr_scim.backends.sqlite.connection import immediate, patiently
from flask_bsr_scim.backends.sqlite.damage import command
from flask_bsr_scim.errors import ConfigurationError

Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""

_SET = "flask_bsr_scim"

_RESOURCE = """\
    tenant INTEGER NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    used TEXT,
    label TEXT,
    document TEXT NOT NULL,
    listed INTEGER"""
"""What both tables of resources hold behind their numbers."""

_INDEXES = """\
CREATE UNIQUE INDEX resource_id ON resource (tenant, id);
CREATE INDEX resource_type ON resource (tenant, type);
CREATE INDEX resource_created ON resource (tenant, type, created) WHERE listed = 1;
CREATE INDEX resource_modified ON resource (tenant, type, modified) WHERE listed = 1;"""

_TABLES = f"""
CREATE TABLE tenant (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    profile TEXT
);
CREATE TABLE resource (
    seq INTEGER PRIMARY KEY,
{_RESOURCE}
);
{_INDEXES}
CREATE TABLE unique_key (
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    key NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, key)
) WITHOUT ROWID;
CREATE TABLE attribute_key (
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    key NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, key, seq)
) WITHOUT ROWID;
CREATE TABLE indexed (
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    form TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) WITHOUT ROWID;
CREATE TABLE member (
    tenant INTEGER NOT NULL,
    group_seq INTEGER NOT NULL,
    member_id TEXT NOT NULL,
    member_seq INTEGER NOT NULL,
    member_type TEXT NOT NULL,
    PRIMARY KEY (tenant, group_seq, member_id)
) WITHOUT ROWID;
CREATE INDEX member_seq ON member (tenant, member_seq, group_seq);
CREATE TABLE total (
    tenant INTEGER NOT NULL,
    type TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (tenant, type)
) WITHOUT ROWID;
CREATE TABLE note (
    tenant INTEGER NOT NULL,
    number INTEGER NOT NULL,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    ends REAL NOT NULL,
    PRIMARY KEY (tenant, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX note_key ON note (tenant, key);
CREATE TABLE journal (
    tenant INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at REAL NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) WITHOUT ROWID;
CREATE TABLE log (
    place INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    token_id TEXT,
    request_id TEXT,
    operation TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    before INTEGER,
    after INTEGER,
    delta TEXT NOT NULL,
    tenant INTEGER GENERATED ALWAYS AS (place >> 40),
    sequence INTEGER GENERATED ALWAYS AS (place & 0xffffffffff)
);
"""


def create_tables(db: Database) -> None:
    """Make the tables of the first release."""
    db.executescript(_TABLES)


_NUMBERED_ONCE = f"""
CREATE TABLE numbered (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
{_RESOURCE}
);
INSERT INTO numbered SELECT * FROM resource ORDER BY seq;
DROP TABLE resource;
ALTER TABLE numbered RENAME TO resource;
{_INDEXES}
"""


def number_resources_once(db: Database) -> None:
    """See that no number is given out again, when the resources that had the last ones are gone.

    Cursors stand for numbers: what got one anew would not be behind the page that ended there.
    """
    db.executescript(_NUMBERED_ONCE)


STEPS = (create_tables, number_resources_once)
"""Each brings a file to the next layout; a step that was released is never changed."""


def prepare(connection: sqlite3.Connection) -> None:
    """See that the file has the present layout; an empty one gets it.

    :raises ConfigurationError: the layout is a newer or an older one, or the file belongs to another application.
    """
    done = patiently(lambda: _steps_done(connection))
    if not done:
        upgrade(connection)
    elif len(done) < len(STEPS):
        _, _, path = connection.execute("PRAGMA database_list").fetchone()
        raise ConfigurationError(
            f"the SQLite file has the layout of an older release: run `{command('upgrade', path)}`"
        )


def upgrade(connection: sqlite3.Connection, progress: Progress | None = None) -> list[str]:
    """Take all steps that are left, in one transaction; return their names.

    :raises ConfigurationError: the layout is a newer one, or the file belongs to another application.
    """
    patiently(lambda: _steps_done(connection))
    patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
    migrations = Migrations(_SET)
    for step in STEPS:
        migrations()(step)
    db = Database(connection, execute_plugins=False)
    with immediate(connection):
        names = [migration.name for migration in migrations.pending(db)]
        for number in range(1, len(names) + 1):
            migrations.apply(db, stop_before=names[number:])
            if progress is not None:
                progress(number, len(names))
    return names


def _steps_done(connection: sqlite3.Connection) -> list[str]:
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if not tables:
        return []
    done = _recorded(connection) if Migrations.migrations_table in tables else []
    if not done:
        raise ConfigurationError("the SQLite file belongs to another application: choose another file")
    if set(done) - {step.__name__ for step in STEPS}:
        raise ConfigurationError("the SQLite file has the layout of a newer release: install that release")
    return done


def _recorded(connection: sqlite3.Connection) -> list[str]:
    sql = f"SELECT name FROM {Migrations.migrations_table} WHERE migration_set = ?"
    return [name for (name,) in connection.execute(sql, (_SET,))]
