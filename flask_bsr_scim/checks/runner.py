"""Runs the steps of a check in their order, and removes what they made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from flask_bsr_scim.checks.connector import Connector, Exchange
from flask_bsr_scim.checks.faults import Fault, Kind, Shown
from flask_bsr_scim.checks.removal import Left, remove

C = TypeVar("C", bound=Connector)


class Result(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step(Generic[C]):
    """One thing that an identity provider does.

    :param key: its name in reports, which stays the same from version to version.
    :param operation: what the identity provider calls it in its messages.
    :param run: sends the requests, checks the answers, and raises :class:`Fault`.
    :param needs: what earlier steps must have made: keys of `Connector.ids`.
    :param about: whom or what it is about: an attribute of :class:`Names`.
    """

    key: str
    title: str
    operation: str
    run: Callable[[C], None]
    needs: tuple[str, ...] = ()
    about: str = "user"


@dataclass(frozen=True, slots=True)
class Course(Generic[C]):
    """All that an identity provider does, in its order: the test of the connection, users, groups, and the end."""

    test_users: Step[C]
    test_groups: Step[C]
    users: Sequence[Step[C]]
    groups: Sequence[Step[C]]
    end: Step[C]

    def steps(self, *, full: bool, groups: bool) -> list[Step[C]]:
        """Return the steps of a check.

        :param full: everything; without it, what the test of the connection sends.
        :param groups: with the groups.
        """
        tests = [self.test_users, *([self.test_groups] if groups else [])]
        return [*tests, *self.users, *(self.groups if groups else ()), self.end] if full else tests


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step went; `reason` says why it was skipped."""

    key: str
    title: str
    result: Result
    exchanges: tuple[Exchange, ...] = ()
    warnings: tuple[str, ...] = ()
    fault: Fault | None = None
    shown: Shown | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """How a check went; `left` is what could not be removed."""

    outcomes: tuple[Outcome, ...]
    left: tuple[Left, ...]
    interrupted: bool

    @property
    def passed(self) -> bool:
        """Whether every step passed."""
        return not self.interrupted and all(outcome.result is Result.PASSED for outcome in self.outcomes)

    @property
    def unreachable(self) -> bool:
        """Whether nothing answered the first request."""
        first = self.outcomes[0].fault if self.outcomes else None
        return first is not None and first.kind is Kind.UNREACHABLE


class Observer(Protocol):
    """Is told how a check goes on."""

    def started(self, title: str) -> None:
        """Hear that a step begins."""

    def finished(self, outcome: Outcome) -> None:
        """Hear how a step went."""

    def removing(self) -> None:
        """Hear that what was made is being removed."""


Words = Callable[[str, Fault, str], Shown]
"""What the administrator sees when an operation on something of a name meets a fault."""


def run(connector: C, steps: Sequence[Step[C]], words: Words, observer: Observer) -> Report:
    """Run steps, and remove what they made, also after a failure or an interrupt (`KeyboardInterrupt`)."""
    run = _Run(connector, words, observer)
    interrupted = False
    try:
        for step in steps:
            run.take(step)
    except KeyboardInterrupt:
        interrupted = True
    if connector.made:
        observer.removing()
    return Report(tuple(run.outcomes), tuple(remove(connector)), interrupted)


@dataclass(slots=True)
class _Run:
    connector: Any
    words: Words
    observer: Observer
    outcomes: list[Outcome] = field(default_factory=list)
    stopped: str = ""

    def take(self, step: Step[Any]) -> None:
        self.observer.started(step.title)
        outcome = self._outcome(step)
        self.outcomes.append(outcome)
        self.observer.finished(outcome)

    def _outcome(self, step: Step[Any]) -> Outcome:
        reason = self._obstacle(step.needs)
        if reason:
            return Outcome(step.key, step.title, Result.SKIPPED, reason=reason)
        begin, self.connector.warnings = len(self.connector.exchanges), []
        fault = self._fault(step)
        return Outcome(
            step.key,
            step.title,
            Result.PASSED if fault is None else Result.FAILED,
            tuple(self.connector.exchanges[begin:]),
            tuple(self.connector.warnings),
            fault,
            None if fault is None else self.words(step.operation, fault, getattr(self.connector.names, step.about)),
        )

    def _obstacle(self, needs: Sequence[str]) -> str:
        if self.stopped:
            return self.stopped
        missing = [need for need in needs if need not in self.connector.ids]
        return f"an earlier step made no {missing[0]} that can be relied on" if missing else ""

    def _fault(self, step: Step[Any]) -> Fault | None:
        try:
            step.run(self.connector)
        except Fault as fault:
            self.stopped = _end(fault)
            return fault
        return None


def _end(fault: Fault) -> str:
    """Return why no further step can tell anything, or nothing."""
    if fault.kind is Kind.UNREACHABLE:
        return "the server stopped answering"
    return "the token is refused" if fault.answer is not None and fault.answer.status == 401 else ""


def as_json(report: Report) -> Mapping[str, Any]:
    """Return a report as `docs/how-to/check-a-server.md` describes it."""
    return {
        "passed": report.passed,
        "unreachable": report.unreachable,
        "interrupted": report.interrupted,
        "steps": [_step(outcome) for outcome in report.outcomes],
        "left": [
            {"path": left.path, "name": left.name, "id": left.identifier, "reason": left.reason} for left in report.left
        ],
    }


def _step(outcome: Outcome) -> Mapping[str, Any]:
    fault, shown = outcome.fault, outcome.shown
    return {
        "step": outcome.key,
        "title": outcome.title,
        "result": outcome.result.value,
        "reason": outcome.reason or None,
        "requests": [
            {
                "method": exchange.request.method,
                "path": exchange.request.path,
                "status": exchange.answer.status,
                "seconds": round(exchange.answer.seconds, 3),
            }
            for exchange in outcome.exchanges
        ],
        "warnings": list(outcome.warnings),
        "fault": fault and {
            "kind": fault.kind.value,
            "problem": fault.problem,
            "shown": shown and {"text": shown.text, "verbatim": shown.verbatim},
            "change": fault.change,
            "rfc": fault.rfc or None,
        },
    }  # fmt: skip
