"""Checks over the test client of an application, and servers that answer wrongly."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask_bsr_scim.checks import entra, entra_steps, okta, okta_steps
from flask_bsr_scim.checks.connector import Connector, Names
from flask_bsr_scim.checks.faults import Answer
from flask_bsr_scim.checks.runner import Outcome, Report, Result, run
from flask_bsr_scim.checks.transport import Request, Transport
from tests.client import Scim

KINDS: dict[str, tuple[type[Connector], Any, Any]] = {
    "okta wizard": (okta.APPS["wizard"], okta_steps, okta),
    "okta catalog": (okta.APPS["catalog"], okta_steps, okta),
    "entra": (entra.Entra, entra_steps, entra),
    "entra with flag": (entra.EntraWithFlag, entra_steps, entra),
}
"""Each connector with its steps and its words."""

Rule = Callable[[Request, Answer], Answer]
"""Changes an answer."""


class Silent:
    """Hears how a check goes, and says nothing."""

    def started(self, title: str) -> None:
        """Hear that a step begins."""

    def finished(self, outcome: Outcome) -> None:
        """Hear how a step went."""

    def removing(self) -> None:
        """Hear that what was made is being removed."""


def into(scim: Scim) -> Transport:
    """Return a transport into an application."""
    http = scim.app.test_client()

    def send(request: Request) -> Answer:
        response = http.open(
            scim.prefix + request.path, method=request.method, headers=dict(request.headers), data=request.body
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, response.status.partition(" ")[2].title(), headers, response.data, 0.0)

    return send


def broken(transport: Transport, rule: Rule) -> Transport:
    """Return a transport whose answers a rule changes."""
    return lambda request: rule(request, transport(request))


def play(
    kind: str, transport: Transport, token: str, *, full: bool = True, groups: bool = True
) -> tuple[Report, Connector]:
    """Run a check."""
    connector_type, steps, words = KINDS[kind]
    connector = connector_type(transport, token, Names.random(kind.split()[0], "example.com"))
    return run(connector, steps.COURSE.steps(full=full, groups=groups), words.shown, Silent()), connector


def failed(report: Report) -> dict[str, Outcome]:
    """Return the steps that failed, by their keys."""
    return {outcome.key: outcome for outcome in report.outcomes if outcome.result is Result.FAILED}


def edited(answer: Answer, change: Callable[[Any], Any]) -> Answer:
    """Return an answer whose JSON is changed; one without a body stays."""
    return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode()) if answer.body else answer
