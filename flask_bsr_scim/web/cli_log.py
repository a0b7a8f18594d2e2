"""The command that shows the change log."""

import json
from collections.abc import Iterator
from typing import Any

import click

from flask_bsr_scim.backends.base import Backend, LogEntry
from flask_bsr_scim.errors import shown
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.change_log import MOST_ENTRIES, last_number
from flask_bsr_scim.web.cli_context import backend_option, readable_errors, tenant_option
from flask_bsr_scim.web.cli_lookup import service_with

_PAGE = 500
_MOST_SHOWN = 40
"""Characters of a value."""


@click.command("log")
@click.option(
    "--after",
    metavar="N",
    type=click.IntRange(0, MOST_ENTRIES),
    help="The ones behind this number.  [default: the last]",
)
@click.option("--count", metavar="N", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@backend_option
@tenant_option
def log_command(after: int | None, count: int, as_json: bool, backend: str | None, tenant: str) -> None:
    """Show the change log: number, time, token, operation, type, id, and what changed."""
    show = _as_json if as_json else _line
    with readable_errors():
        store = service_with(backend, tenant).backend
        begin = max(last_number(store, tenant) - count, 0) if after is None else after
        for entry in _entries(store, tenant, begin, count):
            click.echo(show(entry))


def _entries(store: Backend, tenant: str, after: int, count: int) -> Iterator[LogEntry]:
    while count and (entries := store.log(tenant, after=after, count=min(count, _PAGE))):
        yield from entries
        after, count = entries[-1].sequence, count - len(entries)


def _as_json(entry: LogEntry) -> str:
    return json.dumps(entry._asdict())


def _line(entry: LogEntry) -> str:
    return (
        f"{entry.sequence}  {entry.at[:19]}Z  {entry.token_id or '-'}  {entry.operation}  {entry.type}  {entry.id}  "
        f"{'; '.join(_changes(entry.delta))}".rstrip()
    )


def _changes(delta: Document) -> Iterator[str]:
    for path, change in delta.get("attributes", {}).items():
        yield f"{path}: {_value(change, 'from')} -> {_value(change, 'to')}"
    for name, sign in (("membersAdded", "+"), ("membersRemoved", "-")):
        if name in delta:
            yield f"members: {sign}{len(delta[name])}"


def _value(change: Document, side: str) -> str:
    if side not in change:
        return "none"
    value: Any = change[side]
    if isinstance(value, str):
        return shown(value, length=_MOST_SHOWN)
    return shown(json.dumps(value, ensure_ascii=False), length=_MOST_SHOWN)[1:-1]
