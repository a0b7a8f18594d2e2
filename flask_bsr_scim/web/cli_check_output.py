"""How a check is shown: to people on a terminal or in a log, and each request and answer on demand."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from flask_bsr_scim.checks.connector import Exchange
from flask_bsr_scim.checks.faults import Fault, Shown
from flask_bsr_scim.checks.removal import Left
from flask_bsr_scim.checks.runner import Outcome, Report, Result
from flask_bsr_scim.console.words import counted

MOST_SHOWN = 4000
"""Characters of a body that are shown."""

MARKS = {Result.PASSED: ("✓", "green"), Result.FAILED: ("✗", "red"), Result.SKIPPED: ("-", "yellow")}
_CLEAR_LINE = "\r\x1b[2K"


class Printer:
    """Prints each step when it is done, on a terminal with colours, and what goes on while it is not.

    :param quiet: prints no steps, only what is left behind.
    """

    def __init__(self, *, quiet: bool, total: int) -> None:
        self._quiet, self._total, self._number, self._provider = quiet, total, 0, ""
        self._colours = None if "NO_COLOR" not in os.environ else False
        self._live = _is_terminal()

    def begin(self, about: Mapping[str, Any], notes: Iterable[str]) -> None:
        """Say what is checked."""
        self._provider = str(about["provider"]).capitalize()
        kind = [f"{key}: {_switch(value)}" for key, value in about.items() if key not in ("provider", "url")]
        self._line(f"{self._provider} check of {about['url']} ({', '.join(kind)})\n")
        for note in notes:
            self._line(f"  ! {note}", "yellow")

    def started(self, title: str) -> None:
        """Show on a terminal what goes on."""
        self._number += 1
        self._show_progress(f"  {self._number}/{self._total} {title} …")

    def finished(self, outcome: Outcome) -> None:
        """Print how a step went."""
        self._show_progress("")
        mark, colour = MARKS[outcome.result]
        self._line(f"  {mark} {outcome.title}", colour)
        if outcome.reason:
            self._line(f"      skipped: {outcome.reason}")
        for warning in outcome.warnings:
            self._line(f"      ! {printable(warning)}", "yellow")
        if outcome.fault and outcome.shown:
            self._fault(outcome.fault, outcome.shown, outcome.exchanges)

    def removing(self) -> None:
        """Show on a terminal that what was made is being removed."""
        self._show_progress("  removing what was made …")

    def end(self, report: Report, dialog: Iterable[Mapping[str, Any]]) -> None:
        """Print Okta's dialog, if any, the sum, and what is left behind."""
        self._show_progress("")
        lines = [*dialog]
        if lines:
            self._line(f"\nTest Connector Configuration: {_verdict(report, lines)}")
        for line in lines:
            result = {True: Result.PASSED, False: Result.FAILED, None: Result.SKIPPED}[line["passed"]]
            mark, colour = MARKS[result]
            asked = "" if line["passed"] is not None or report.interrupted else ", with --groups"
            self._line(f"  {mark} {line['line']} ({line['action']}{asked})", colour)
        self._line(f"\n{_sum(report, self._total)}", "green" if report.passed else "red")
        self._left(report.left)

    def _fault(self, fault: Fault, shown: Shown, exchanges: tuple[Exchange, ...]) -> None:
        request = exchanges[-1].request if exchanges and fault.answer is not None else None
        lines = {
            "request": f"{request.method} {request.path}" if request else "",
            "problem": fault.problem,
            f"{self._provider} shows": f'"{shown.text}"' if shown.verbatim else shown.text,
            "to change": fault.change + (f" ({fault.rfc})" if fault.rfc else ""),
        }
        for label, text in lines.items():
            if text:
                self._line(f"      {label + ':':13}{printable(text)}")

    def _left(self, left: Iterable[Left]) -> None:
        for each in left:
            identifier = f" (id {each.identifier})" if each.identifier else ""
            text = f"left behind: {each.name}{identifier}: {each.reason}"
            click.echo(click.style(printable(text), fg="yellow"), err=True, color=self._colours)

    def _line(self, text: str, colour: str | None = None) -> None:
        if not self._quiet:
            click.echo(click.style(text, fg=colour) if colour else text, color=self._colours)

    def _show_progress(self, text: str) -> None:
        if self._live:
            click.echo(f"{_CLEAR_LINE}{text}", nl=False, err=True, color=True)


def _is_terminal() -> bool:
    return sys.stderr.isatty()


def _switch(value: Any) -> Any:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _verdict(report: Report, dialog: Iterable[Mapping[str, Any]]) -> str:
    if any(line["passed"] is False for line in dialog):
        return "not configured"
    return "not finished" if report.interrupted else "Connector configured successfully"


def _sum(report: Report, total: int) -> str:
    passed = sum(outcome.result is Result.PASSED for outcome in report.outcomes)
    exchanges = [exchange for outcome in report.outcomes for exchange in outcome.exchanges]
    seconds = sum(exchange.answer.seconds for exchange in exchanges)
    ending = ", interrupted" if report.interrupted else ""
    return f"{passed} of {total} steps passed, {counted(len(exchanges), 'request')}, {seconds:.1f} s{ending}"


class Tracer:
    """Prints each request and answer on standard error, without the token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def exchanged(self, exchange: Exchange) -> None:
        """Print a request and its answer."""
        request, answer = exchange.request, exchange.answer
        self._print("> ", f"{request.method} {request.path}", request.headers, request.body or b"")
        status = f"{answer.status} {answer.reason} ({answer.seconds:.3f} s)"
        self._print("< ", status, answer.headers, answer.body)

    def _print(self, mark: str, first: str, headers: Mapping[str, str], body: bytes) -> None:
        text = body[: 4 * MOST_SHOWN].decode("utf-8", "replace")
        more = [f"{text[:MOST_SHOWN]}…" if len(text) > MOST_SHOWN else text] if text else []
        for line in (first, *(f"{name}: {value}" for name, value in headers.items()), *more):
            click.echo(mark + printable(line.replace(self._token, "***")), err=True)


def printable(text: str) -> str:
    """Return a text without anything that could move a terminal's cursor or break a line."""
    return "".join(character if character.isprintable() else "?" for character in text)
