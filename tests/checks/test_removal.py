"""What a check made is removed, whatever happens, and nothing else is."""

from dataclasses import replace

import pytest

from flask_bsr_scim.checks.connector import Made
from flask_bsr_scim.checks.faults import Answer, Fault, Kind
from flask_bsr_scim.checks.removal import remove
from flask_bsr_scim.checks.transport import Request
from tests.checks.playing import KINDS, Rule, broken, into, play
from tests.client import Scim


def interrupting(method: str, path: str, status: int) -> Rule:
    """Return a rule that interrupts once, after the first such answer."""
    done: list[str] = []

    def rule(request: Request, answer: Answer) -> Answer:
        if not done and (request.method, answer.status) == (method, status) and request.path.startswith(path):
            done.append(path)
            raise KeyboardInterrupt
        return answer

    return rule


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/Users", 201), ("POST", "/Groups", 201)])
def test_after_an_interrupt(kind: str, method: str, path: str, status: int, scim: Scim) -> None:
    """Ctrl-C, even between a POST and its answer, leaves nothing behind."""
    report, _ = play(kind, broken(into(scim), interrupting(method, path, status)), scim.token)
    assert report.interrupted
    assert not report.passed
    assert report.left == ()
    assert scim.names() == []
    assert scim.get("/Groups").json["totalResults"] == 0


def test_after_a_lost_answer(scim: Scim) -> None:
    """A user whose POST was not answered is looked for by its name."""

    def rule(request: Request, answer: Answer) -> Answer:
        if request.method == "POST":
            raise Fault(Kind.UNREACHABLE, "Silent.", "Answer sooner.")
        return answer

    report, _ = play("okta wizard", broken(into(scim), rule), scim.token)
    assert report.left == ()
    assert scim.names() == []


def test_what_may_still_come_is_named(scim: Scim) -> None:
    """A user whose POST was not answered, and who is not there, is named: a slow server may yet create it."""
    http = into(scim)

    def send(request: Request) -> Answer:
        if request.method == "POST":
            raise KeyboardInterrupt
        return http(request)

    report, connector = play("okta wizard", send, scim.token)
    assert [(left.name, left.identifier) for left in report.left] == [(connector.names.user, None)]
    assert "not answered" in report.left[0].reason


def test_after_an_empty_answer(scim: Scim) -> None:
    """A user whose POST was answered without a body is looked for by its name."""
    rule: Rule = lambda request, answer: replace(answer, body=b"") if request.method == "POST" else answer  # noqa: E731
    play("okta catalog", broken(into(scim), rule), scim.token)
    assert scim.names() == []


def test_somebody_else_is_never_deleted(scim: Scim) -> None:
    """A server that answers every look-up with somebody else loses nobody."""
    ana = scim.user("ana@example.com")
    http = into(scim)

    def rule(request: Request, answer: Answer) -> Answer:
        if request.path.startswith("/Users?filter"):
            return http(replace(request, path="/Users?startIndex=1&count=1"))
        if request.method == "POST" and request.path == "/Users":
            body = answer.body.replace(b'"id":', b'"was":').replace(b"{", f'{{"id":"{ana["id"]}",'.encode(), 1)
            return replace(answer, body=body)
        return answer

    report, connector = play("okta wizard", broken(http, rule), scim.token, groups=False)
    assert "ana@example.com" in scim.names()
    assert scim.get(f"/Users/{ana['id']}").json == ana
    assert "DELETE" not in {exchange.request.method for exchange in connector.exchanges}
    assert {left.identifier for left in report.left} == {ana["id"]}


def test_without_delete(scim: Scim) -> None:
    """Users who cannot be deleted are named, and are deactivated."""
    http = into(scim)

    def send(request: Request) -> Answer:
        forbidden = request.method == "DELETE" and request.path.startswith("/Users")
        return Answer(405, "Method Not Allowed", {}, b"", 0.0) if forbidden else http(request)

    report, connector = play("okta wizard", send, scim.token)
    assert report.passed
    assert [left.name for left in report.left] == [connector.names.user, connector.names.second]
    assert [left.reason for left in report.left] == [
        f"DELETE {left.path} was answered with 405" for left in report.left
    ]
    assert [user["active"] for user in scim.get("/Users").json["Resources"]] == [False, False]


def test_a_second_interrupt_ends_the_removal(scim: Scim) -> None:
    """Ctrl-C during the removal ends it, and names what is left."""
    http = into(scim)

    def send(request: Request) -> Answer:
        if request.method == "DELETE":
            raise KeyboardInterrupt
        return http(request)

    report, connector = play("okta wizard", send, scim.token, groups=False)
    assert [(left.name, left.reason) for left in report.left] == [(connector.names.user, "interrupted")]


def test_what_is_gone_is_not_left(scim: Scim) -> None:
    """What was deleted in the meantime is no failure."""
    _, connector = play("okta wizard", into(scim), scim.token, full=False)
    connector.made.append(Made("/Users", "userName", ("nobody@example.com",), ["unknown"]))
    assert list(remove(connector)) == []
