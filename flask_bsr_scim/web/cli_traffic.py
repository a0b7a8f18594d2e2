"""The commands that export recorded traffic, send it again, and judge it."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.checks.faults import Fault
from flask_bsr_scim.checks.runner import Result
from flask_bsr_scim.console.traffic import Record
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.traffic.exporting import Choice, make_recording
from flask_bsr_scim.traffic.recording import LARGEST, Exchange, Recording, read_recording
from flask_bsr_scim.traffic.refusals import refusals
from flask_bsr_scim.traffic.replaying import Outcome, Replay
from flask_bsr_scim.traffic.transcripts import left_out, make_transcript
from flask_bsr_scim.web.cli_check import (
    http_transport,
    read_base_url,
    read_token,
    timeout_option,
    token_option,
    url_argument,
)
from flask_bsr_scim.web.cli_check_output import MARKS, printable
from flask_bsr_scim.web.cli_context import backend_option, readable_errors, tenant_option
from flask_bsr_scim.web.cli_files import STANDARD, made, readable_files
from flask_bsr_scim.web.cli_lookup import service_with
from flask_bsr_scim.web.cli_times import read_moment

_PAGE = 500
_MOST_DIFFERENCES = 5
"""Lines for one request."""

_file_argument = click.argument("file")


class _Since(click.ParamType[datetime]):
    """A span of time until now (`30m`, `12h`), or a moment in ISO 8601."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        moment = read_moment(value, ago=True)
        if moment is None:
            self.fail(f"{value!r} is neither a span as 30m, 12h, 7d nor a moment as 2027-01-31T00:00:00Z", param, ctx)
        return moment


@click.group("traffic")
def traffic_commands() -> None:
    """Work with the requests that the console records."""


@traffic_commands.command("export")
@_file_argument
@click.option("--since", type=_Since(), metavar="30m|TIME", help="The last ones only: a span, or ISO 8601.")
@click.option("--errors", is_flag=True, help="Only what was refused.")
@click.option("--request", metavar="ID", default="", help="Only the request with this id (X-Request-Id).")
@click.option("--client", metavar="NAME", default="", help="Only what this client sent, as okta.")
@click.option("--keep-names", is_flag=True, help="Leave people's names and addresses as they are.")
@backend_option
@tenant_option
def export_traffic(
    file: str,
    since: datetime | None,
    errors: bool,
    request: str,
    client: str,
    keep_names: bool,
    backend: str | None,
    tenant: str,
) -> None:
    """Write what was recorded to a file, or to standard output for -: masked, the same for the same records."""
    choice = Choice(since.timestamp() if since else 0.0, errors, request, client)
    with readable_errors(), readable_files(file):
        service = service_with(backend, tenant)
        records = [record for record in _records(service.backend, tenant) if choice.takes(record)]
        recording = make_recording(records, service.settings.profile, keep_names=keep_names)
        _write(file, recording.text())
    for line in _about(recording):
        click.echo(line, err=True)


def _records(store: Backend, tenant: str) -> Iterator[Record]:
    after = None
    while entries := store.journal(tenant, after=after, count=_PAGE):
        yield from (Record.read(entry.text) for entry in entries)
        after = entries[-1].number


def _write(file: str, data: bytes) -> None:
    if file == STANDARD:
        sys.stdout.buffer.write(data)
        return
    with made(file) as stream:
        stream.write(data)


def _about(recording: Recording) -> Iterator[str]:
    """Yield how much was exported, and what is not as it was sent."""
    number = len(recording.exchanges)
    yield f"exported {number:,} request{'' if number == 1 else 's'}" + (
        "" if number else ": the console (SCIM_CONSOLE) records them, and none of them is chosen"
    )
    yield from (f"{count:,} with the note: {note}" for note, count in _counts(recording, lambda each: each.notes))
    skips = _counts(recording, lambda each: [each.skip] if each.skip else [])
    yield from (f"{count:,} that cannot be sent again: {reason}" for reason, count in skips)


def _counts(recording: Recording, texts: Callable[[Exchange], Any]) -> list[tuple[str, int]]:
    return Counter(text for exchange in recording.exchanges for text in texts(exchange)).most_common()


@traffic_commands.command("replay")
@_file_argument
@url_argument
@token_option
@click.option("--given", is_flag=True, help="Create first what was there before.")
@timeout_option
def replay_traffic(file: str, url: str, token: str | None, given: bool, timeout: int) -> None:
    """Send a recording to a SCIM server, and tell which answers differ."""
    base_url, recording = read_base_url(url), _read(file)
    replay = Replay(recording, http_transport(base_url, timeout), read_token(token), base_url)
    counts: Counter[Result] = Counter()
    try:
        for outcome in replay.outcomes(with_given=given):
            counts[outcome.result] += 1
            _show(outcome)
    except Fault as fault:
        click.echo(printable(f"{fault.problem} {fault.change}"), err=True)
        sys.exit(2)
    passed, failed, skipped = (counts[result] for result in Result)
    click.echo(f"\n{passed} as recorded, {failed} different, {skipped} skipped")
    sys.exit(0 if passed and not failed else 1)


def _show(outcome: Outcome) -> None:
    exchange = outcome.exchange
    mark, colour = MARKS[outcome.result]
    number = f"{exchange.number} " if exchange.number else ""
    line = f"  {mark} {number}{exchange.method} {exchange.path} {exchange.status}"
    click.echo(click.style(printable(line), fg=colour))
    if outcome.reason:
        click.echo(printable(f"      skipped: {outcome.reason}"))
    for difference in outcome.differences[:_MOST_DIFFERENCES]:
        click.echo(printable(f"      {difference}"))
    if (more := len(outcome.differences) - _MOST_DIFFERENCES) > 0:
        click.echo(f"      and {more} more")


@traffic_commands.command("to-test")
@_file_argument
@click.option(
    "--title",
    metavar="TEXT",
    default="Recorded traffic is answered as it was",
    show_default=True,
    help="What must happen, in one sentence.",
)
@click.option("--source", metavar="TEXT", default="A recording", show_default=True, help="What shows the traffic.")
def print_test(file: str, title: str, source: str) -> None:
    """Print a recording as a transcript, the form of the files in tests/idp."""
    recording = _read(file)
    for exchange in recording.exchanges:
        if reason := left_out(exchange):
            click.echo(printable(f"left out: {exchange.number} {exchange.method} {exchange.path}: {reason}"), err=True)
    transcript = make_transcript(recording, title, source)
    if not transcript["exchanges"]:
        raise click.ClickException(f"{file}: no request of it can be in a test")
    click.echo(json.dumps(transcript, indent=2, ensure_ascii=False))


@traffic_commands.command("strict")
@_file_argument
@click.option(
    "--dialect",
    type=click.Choice([Dialect.STRICT.value, Dialect.INTEROP.value]),
    default=Dialect.STRICT.value,
    show_default=True,
    help="Which server is asked about.",
)
def show_refusals(file: str, dialect: str) -> None:
    """Tell which requests of a recording a stricter server would have refused, why, and with which answer."""
    recording, refused = _read(file), 0
    for exchange in recording.exchanges:
        found = refusals(exchange.method, exchange.path, exchange.tolerances)
        against = [refusal for refusal in found if dialect in refusal.dialects]
        refused += any(refusal.answer for refusal in against)
        if against:
            click.echo(printable(f"{exchange.number} {exchange.method} {exchange.path} {exchange.status}"))
        for refusal in against:
            click.echo(f"    {refusal.answer or 'another result'}  {refusal.tolerance}: {refusal.why}")
    click.echo(f"{refused} of {len(recording.exchanges)} requests would have been refused by {dialect}")


def _read(file: str) -> Recording:
    """Return the recording in a file; of what is wrong with it, one line is shown."""
    with readable_errors(), readable_files(file):
        data = sys.stdin.buffer.read(LARGEST + 1) if file == STANDARD else _bytes(Path(file))
        if len(data) > LARGEST:
            raise click.ClickException(f"{file}: the file is larger than {LARGEST // 2**20} MB")
        return read_recording(data)


def _bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LARGEST + 1)
