"""A server that is wrong in one way: which step fails, what the administrator would see, and what the check advises."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from flask_bsr_scim.checks import okta_steps
from flask_bsr_scim.checks.faults import Answer, Fault, Kind
from flask_bsr_scim.checks.runner import Outcome, Result
from flask_bsr_scim.checks.transport import Request
from tests.checks.playing import KINDS, Rule, broken, edited, failed, into, play
from tests.client import Scim

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"


def on(
    change: Callable[[Answer], Answer], method: str = "GET", path: str = "/Users", *, status: int | None = None
) -> Rule:
    """Return a rule for the requests of a method whose paths begin so; `status` is what the answer has to have."""

    def rule(request: Request, answer: Answer) -> Answer:
        fits = request.method == method and request.path.startswith(path) and status in (None, answer.status)
        return change(answer) if fits else answer

    return rule


def body(change: Callable[[Any], Any]) -> Callable[[Answer], Answer]:
    """Return a change of the JSON of an answer."""
    return lambda answer: edited(answer, change)


def put(**members: Any) -> Callable[[Answer], Answer]:
    """Return a change that sets members of the JSON of an answer."""
    return body(lambda document: {**document, **members})


def without(name: str) -> Callable[[Answer], Answer]:
    """Return a change that takes a member out of the JSON of an answer."""
    return body(lambda document: {key: value for key, value in document.items() if key != name})


def instead(status: int, text: bytes = b"", **headers: str) -> Callable[[Answer], Answer]:
    """Return a change to another answer; header names have `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reason = {204: "No Content", 301: "Moved Permanently", 404: "Not Found", 501: "Not Implemented"}.get(status, "")
    return lambda _: Answer(status, reason, named, text, 0.0)


def error(status: int, detail: str) -> Callable[[Answer], Answer]:
    """Return a change to a SCIM Error."""
    document = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return instead(status, json.dumps(document).encode())


def in_lists(**members: Any) -> Callable[[Answer], Answer]:
    """Return a change that sets members of each resource of a list."""
    return body(lambda page: {**page, "Resources": [{**each, **members} for each in page["Resources"]]})


def swapped_ids(answer: Answer) -> Answer:
    """Return an answer whose resource has another id each time."""
    return edited(answer, lambda user: {**user, "id": "another"}) if b"userName" in answer.body else answer


@dataclass(frozen=True)
class Row:
    """How a server is wrong, where it shows, and with what."""

    rule: Rule
    step: str
    kind: Kind
    problem: str
    shown: str
    kinds: tuple[str, ...] = ("okta wizard",)


OKTA = ("okta wizard", "okta catalog")
ENTRA = ("entra", "entra with flag")
NOTHING = "Nothing: Okta takes this for a success"
NO_REASON = "A failure without a reason"
NO_RESULTS = "No results for users returned"

ROWS = {
    "startIndex is a string": Row(
        on(put(startIndex="1")), "test.users", Kind.TYPES, 'startIndex is a string: "1"', NO_REASON, OKTA
    ),
    "totalResults is missing": Row(
        on(without("totalResults")), "test.users", Kind.TYPES, "totalResults is missing", NO_REASON, OKTA
    ),
    "schemas is missing": Row(on(without("schemas")), "test.users", Kind.TYPES, "schemas is missing", NO_REASON),
    "Resources is missing": Row(
        on(without("Resources")), "test.users", Kind.LIST, "Resources is missing", NO_RESULTS, OKTA
    ),
    "Resources is null": Row(on(put(Resources=None)), "test.users", Kind.LIST, "Resources is null", NO_RESULTS),
    "an array instead of a ListResponse": Row(
        on(body(lambda page: page["Resources"]), status=200, path="/Users?start"),
        "test.users", Kind.BODY, "The body is an array", NO_RESULTS,
    ),
    "an empty body": Row(on(instead(200)), "test.users", Kind.BODY, "The body is empty", NO_RESULTS),
    "HTML": Row(
        on(instead(200, PAGE, content_type="text/html")), "test.users", Kind.BODY, "The body is a web page", NO_RESULTS
    ),
    "JSON that is nested too deeply": Row(
        on(instead(200, b"[" * 100_000 + b"]" * 100_000)), "test.users", Kind.BODY, "The body is not JSON", NO_RESULTS,
        OKTA,
    ),
    "an id that is nested too deeply": Row(
        on(instead(201, b'{"id":"1","userName":' + b"[" * 900 + b"]" * 900 + b"}"), "POST", status=201),
        "user.create", Kind.BODY, "The body is not JSON", "A failed task",
    ),
    "an error that is nested too deeply": Row(
        on(instead(400, b"[" * 100_000)), "test.users", Kind.STATUS, "The status is 400", "Error authenticating",
    ),
    "plain text": Row(
        on(instead(200, b"error code: 502")), "test.users", Kind.BODY, "The body is not JSON", NO_RESULTS
    ),
    "a redirect": Row(
        on(instead(301, location="https://other.example.com/scim/v2/Users")),
        "test.users", Kind.STATUS, "The status is 301", "Error authenticating: Moved Permanently. The connector",
    ),
    "a server error without SCIM": Row(
        on(instead(500, b"oops")), "test.users", Kind.STATUS, "The status is 500", "Error authenticating: Internal"
    ),
    "no groups": Row(
        on(instead(404, b""), path="/Groups"), "test.groups", Kind.STATUS, "The status is 404",
        "Error authenticating: Not Found.", OKTA,
    ),
    "itemsPerPage is what was asked for": Row(
        on(put(itemsPerPage=100)), "test.users", Kind.CONTENT, "itemsPerPage is 100, and there are", NOTHING, OKTA
    ),
    "the filter is not applied": Row(
        on(put(totalResults=7)), "user.match", Kind.CONTENT, "totalResults is 7", NOTHING, OKTA
    ),
    "a match is refused": Row(
        on(error(400, "No such filter."), path="/Users?filter"), "user.match", Kind.STATUS, "No such filter",
        "Error while verifying if user okta-check-",
    ),
    "204 on create": Row(
        on(instead(204), "POST", status=201), "user.create", Kind.BODY, "The body is empty",
        "Create new user returned empty user", OKTA,
    ),
    "409 on create": Row(
        on(error(409, "The address is taken."), "POST", status=201), "user.create", Kind.STATUS, "409",
        "failed: Error while creating user okta-check-", OKTA,
    ),
    "403 without SCIM on create": Row(
        on(instead(403), "POST", status=201), "user.create", Kind.STATUS, "403", ": HTTP 403 Forbidden", OKTA
    ),
    "create without an id": Row(
        on(without("id"), "POST", status=201), "user.create", Kind.TYPES, "has no id", NO_REASON, OKTA
    ),
    "create with a number for an id": Row(
        on(put(id=7), "POST", status=201), "user.create", Kind.TYPES, "is a number", NO_REASON
    ),
    "create answers with somebody else": Row(
        on(put(userName="ana@example.com"), "POST", status=201), "user.create", Kind.CONTENT, "userName is", NOTHING
    ),
    "a POST with another id than the list": Row(
        on(put(id="another"), "POST", status=201), "user.create", Kind.CONTENT, 'and was "another"', NOTHING, OKTA
    ),
    "created twice": Row(
        on(instead(201, b"{}"), "POST", status=409), "user.conflict", Kind.CONTENT, "A second resource", NOTHING, OKTA
    ),
    "a conflict is 400": Row(
        on(error(400, "Exists."), "POST", status=409), "user.conflict", Kind.STATUS, "400",
        "Error while creating user okta-check-",
    ),
    "userName is case-sensitive": Row(
        on(put(totalResults=0, itemsPerPage=0, Resources=[]), path="/Users?filter=userName%20eq%20%22OKTA"),
        "user.match_case", Kind.CONTENT, "finds 0 resources", NOTHING, OKTA,
    ),
    "PUT is not supported": Row(
        on(instead(501), "PUT"), "user.update", Kind.STATUS, "501", "Error while trying to push profile update for",
        OKTA,
    ),
    "the id changes with a PUT": Row(
        on(swapped_ids, "PUT"), "user.update", Kind.CONTENT, 'The id of the resource is "another"', NOTHING, OKTA
    ),
    "names are not stored": Row(
        on(put(name={"givenName": "Okta", "familyName": "Check"}), path="/Users/", status=200),
        "user.update", Kind.CONTENT, 'name.givenName is "Okta", not "Renamed"', NOTHING, OKTA,
    ),
    "PATCH is not supported": Row(
        on(instead(501), "PATCH"), "user.deactivate", Kind.STATUS, "501", "task to deprovision it by hand",
        ("okta catalog",),
    ),
    "PATCH of groups is not supported": Row(
        on(error(501, "Not implemented."), "PATCH", "/Groups"), "group.create", Kind.STATUS, "501",
        "Error while creating user group okta-check-", ("okta catalog",),
    ),
    "active is not stored": Row(
        on(put(active=True), path="/Users/", status=200), "user.deactivate", Kind.CONTENT,
        "active is true, not false", NOTHING, OKTA,
    ),
    "active is a string": Row(
        on(put(active="true"), path="/Users/", status=200), "user.create", Kind.CONTENT, 'active is "true"', NOTHING
    ),
    "inactive users are not found": Row(
        on(lambda answer: edited(answer, lambda page: page if page["Resources"] == [
            each for each in page["Resources"] if each.get("active")
        ] else {**page, "totalResults": 0, "itemsPerPage": 0, "Resources": []}), path="/Users?filter"),
        "user.deactivate", Kind.CONTENT, "finds 0 resources", NOTHING, OKTA,
    ),
    "totalResults is too small": Row(
        on(put(totalResults=0), path="/Users?startIndex"), "user.import", Kind.CONTENT, "totalResults is 0, and this",
        NOTHING, OKTA,
    ),
    "totalResults is too large": Row(
        on(body(lambda page: {**page, "totalResults": page["totalResults"] + 300}), path="/Users?startIndex=101"),
        "user.import", Kind.CONTENT, "the page that begins at 101 is empty", NOTHING,
    ),
    "no page ends": Row(
        on(body(lambda page: {**page, "totalResults": 300, "startIndex": 101, "itemsPerPage": 1,
                              "Resources": [{"id": "x"}]}), path="/Users?startIndex=101"),
        "user.import", Kind.CONTENT, "beyond the end, has 1", NOTHING,
    ),
    "members are not stored": Row(
        on(without("members"), path="/Groups/"), "group.add", Kind.CONTENT, "The group has 0 members", NOTHING, OKTA
    ),
    "members cannot be changed": Row(
        on(error(400, "No."), "PUT", "/Groups", status=200), "group.create", Kind.STATUS, "400",
        "Unable to update Group Push mapping target App group okta-check-",
    ),
    "a group is not deleted": Row(
        on(instead(405), "DELETE", "/Groups"), "group.delete", Kind.STATUS, "405", "A failed task", OKTA
    ),
    "Entra: 404 on an empty filter": Row(
        on(error(404, "Not found."), path="/Users?filter"), "test.users", Kind.STATUS, "404",
        "Test Connection fails", ENTRA,
    ),
    "Entra: the token is wrong": Row(
        on(error(401, "Who are you?")), "test.users", Kind.STATUS, "401", "You appear to have entered invalid", ENTRA
    ),
    "Entra: active is not stored": Row(
        on(put(active=True), path="/Users/", status=200), "user.disable", Kind.CONTENT, "active is true, not false",
        "Nothing, or the same change again", ENTRA,
    ),
    "Entra: PATCH is not supported": Row(
        on(error(501, "No PATCH."), "PATCH"), "user.update", Kind.STATUS, "501", 'what the server said: "No PATCH."',
        ENTRA,
    ),
    "Entra: the filter is not applied": Row(
        on(put(totalResults=7)), "test.users", Kind.CONTENT, "7 resources match", "Nothing that is published", ENTRA
    ),
    "Entra: totalResults is missing": Row(
        on(without("totalResults")), "test.users", Kind.TYPES, "totalResults is missing", "Test Connection fails", ENTRA
    ),
    "Entra: startIndex is a string": Row(
        on(put(startIndex="1")), "test.users", Kind.TYPES, "startIndex is a string", "Test Connection fails", ENTRA
    ),
    "Entra: Remove removes everybody": Row(
        on(put(members=[]), path="/Groups/"), "group.remove", Kind.CONTENT, "0 of the 1 pushed", "Nothing, or the",
        ENTRA,
    ),
    "Entra: members are not excluded": Row(
        on(put(members=[{"value": "x"}]), path="/Groups/"), "group.exclude", Kind.CONTENT, "members are there",
        "Nothing, or the", ENTRA,
    ),
    "Entra: deleted users stay": Row(
        on(instead(200, b"{}"), path="/Users/", status=404), "user.delete", Kind.STATUS, "The status is 200",
        "A failure in the provisioning", ENTRA,
    ),
}  # fmt: skip
RUNS = [pytest.param(row, kind, id=f"{name}: {kind}") for name, row in ROWS.items() for kind in row.kinds]


@pytest.mark.parametrize(("row", "kind"), RUNS)
def test_a_broken_server(row: Row, kind: str, scim: Scim) -> None:
    """The step fails with this problem, and the administrator would see this; there is advice."""
    report, _ = play(kind, broken(into(scim), row.rule), scim.token)
    assert not report.passed
    fault, shown = faults_of(failed(report), row.step)
    assert fault.kind is row.kind
    assert row.problem in fault.problem
    assert row.shown in shown
    assert fault.change


def faults_of(outcomes: dict[str, Outcome], step: str) -> tuple[Fault, str]:
    """Return the fault of a step and what is shown of it."""
    assert step in outcomes, {key: outcome.fault and outcome.fault.problem for key, outcome in outcomes.items()}
    outcome = outcomes[step]
    assert outcome.fault is not None
    assert outcome.shown is not None
    return outcome.fault, outcome.shown.text


def test_a_wrong_token(scim: Scim) -> None:
    """A wrong token ends the check at once; the administrator sees Okta's words, and learns what can be wrong."""
    report, connector = play("okta wizard", into(scim), "a-wrong-token")
    fault, shown = faults_of(failed(report), "test.users")
    assert shown.startswith("Error authenticating: Unauthorized. The connector configuration could not be tested.")
    assert "Check the token" in fault.change
    assert {outcome.reason for outcome in report.outcomes[1:]} == {"the token is refused"}
    assert len(connector.exchanges) == 1


def test_okta_takes_404_for_not_there(scim: Scim) -> None:
    """A 404 where nobody is found is a warning for Okta."""
    rule = on(lambda answer: answer if b"@" in answer.body else error(404, "None.")(answer), path="/Users?filter")
    report, _ = play("okta wizard", broken(into(scim), rule), scim.token, groups=False)
    match = next(outcome for outcome in report.outcomes if outcome.key == "user.match")
    assert match.result is Result.PASSED
    assert "404" in match.warnings[0]


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        pytest.param("ERR_NGROK_3200", "No tunnel runs", id="no tunnel"),
        pytest.param("ERR_NGROK_6024", "warning page", id="the interstitial"),
        pytest.param("ERR_NGROK_8012", "nothing listens behind", id="no server"),
        pytest.param("ERR_NGROK_1", "ngrok answered in the place", id="another"),
    ],
)
def test_ngrok_answers_itself(code: str, advice: str, scim: Scim) -> None:
    """What ngrok answers in the place of the server is told from what the server says."""
    rule = on(instead(404, PAGE, content_type="text/html", ngrok_error_code=code))
    report, _ = play("okta wizard", broken(into(scim), rule), scim.token, full=False)
    fault, _ = faults_of(failed(report), "test.users")
    assert advice in fault.change


def test_a_page_is_named_by_its_title(scim: Scim) -> None:
    """The title of a web page says what answered."""
    rule = on(instead(200, PAGE, content_type="text/html"))
    report, _ = play("okta wizard", broken(into(scim), rule), scim.token, full=False)
    fault, _ = faults_of(failed(report), "test.users")
    assert 'titled "Sign in"' in fault.change


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        pytest.param(
            instead(302, PAGE, content_type="text/html", location="https://sso.example.com/login"),
            'It redirects to "https://sso.example.com/login"',
            id="a redirect",
        ),
        pytest.param(instead(500, PAGE, content_type="text/html"), "Look into the log", id="a page of a failure"),
        pytest.param(instead(502), "Look into the log", id="a proxy"),
        pytest.param(instead(407), "A proxy in front of the server wants credentials", id="credentials of a proxy"),
        pytest.param(instead(501), "Implement this request", id="not implemented"),
        pytest.param(
            instead(502, PAGE, content_type="text/html", ngrok_error_code="ERR_NGROK_8012"),
            "nothing listens behind it",
            id="ngrok",
        ),
    ],
)
def test_what_stands_in_front_of_the_server(
    kind: str, answer: Callable[[Answer], Answer], advice: str, scim: Scim
) -> None:
    """What says who answered comes before what the request would need."""
    report, _ = play(kind, broken(into(scim), on(answer)), scim.token, full=False)
    fault, _ = faults_of(failed(report), "test.users")
    assert advice in fault.change


def test_a_slow_server(scim: Scim) -> None:
    """An answer that takes long is a warning, and GET /Groups has a limit of its own in Okta's SPEC test."""
    report, _ = play("okta wizard", broken(into(scim), lambda _, answer: replace(answer, seconds=7.0)), scim.token)
    users, groups = report.outcomes[:2]
    assert report.passed
    assert users.warnings == ("GET /Users?startIndex=1&count=2 took 7.0 s; after 60 s the request has failed.",)
    assert groups.warnings[1] == "GET /Groups took 7.0 s; Okta's SPEC test wants less than 0.6 s."


def test_a_server_that_falls_silent(scim: Scim) -> None:
    """When no answer comes any more, the remaining steps are skipped and not waited for."""
    seen: list[str] = []

    def rule(request: Request, answer: Answer) -> Answer:
        seen.append(request.method)
        if "PUT" in seen:
            raise Fault(Kind.UNREACHABLE, "Silent.", "Answer sooner.")
        return answer

    report, _ = play("okta wizard", broken(into(scim), rule), scim.token)
    assert [outcome.key for outcome in report.outcomes if outcome.result is Result.FAILED] == ["user.update"]
    assert report.outcomes[-1].reason == "the server stopped answering"
    assert not report.unreachable
    assert [left.reason for left in report.left] == ["Silent."]


def test_a_step_is_skipped_that_has_nothing_to_work_on(scim: Scim) -> None:
    """What needs a user that was not made is skipped, and says so."""
    report, _ = play("okta wizard", broken(into(scim), on(error(400, "No."), "POST")), scim.token)
    update = next(outcome for outcome in report.outcomes if outcome.key == "user.update")
    assert (update.result, update.reason) == (Result.SKIPPED, "an earlier step made no user that can be relied on")


def test_entra_warns_of_another_media_type(scim: Scim) -> None:
    """An answer of the type application/json is a warning for Entra."""
    rule = on(lambda answer: replace(answer, headers={**answer.headers, "content-type": "application/json"}))
    report, _ = play("entra", broken(into(scim), rule), scim.token, full=False)
    assert "Entra asks for application/scim+json" in report.outcomes[0].warnings[0]


@pytest.mark.parametrize("kind", ENTRA)
@pytest.mark.parametrize(
    ("change", "warning"),
    [
        pytest.param(put(itemsPerPage=20), "itemsPerPage is 20, and there are ", id="Microsoft's own example"),
        pytest.param(without("startIndex"), "startIndex is missing.", id="no startIndex"),
        pytest.param(without("itemsPerPage"), "itemsPerPage is missing.", id="no itemsPerPage"),
    ],
)
def test_entra_asks_for_no_pages(kind: str, change: Callable[[Answer], Answer], warning: str, scim: Scim) -> None:
    """What is wrong with the numbers of a page is a warning for Entra: RFC 7644 §3.4.2 asks for them in parts alone."""

    def rule(request: Request, answer: Answer) -> Answer:
        return change(answer) if "filter=" in request.path else answer

    report, _ = play(kind, broken(into(scim), rule), scim.token)
    assert report.passed, {key: outcome.fault for key, outcome in failed(report).items()}
    warned = [outcome.key for outcome in report.outcomes if any(warning in each for each in outcome.warnings)]
    assert warned[:2] == ["test.users", "test.groups"]


def test_entra_believes_the_resources(scim: Scim) -> None:
    """A look-up that gives resources and counts none has found somebody."""
    rule = on(put(totalResults=0, Resources=[{"id": "1"}]))
    report, _ = play("entra", broken(into(scim), rule), scim.token, full=False)
    fault, _ = faults_of(failed(report), "test.users")
    assert fault.problem.startswith("1 resources match a userName that nobody has")


@pytest.mark.parametrize("kind", OKTA)
def test_the_name_in_the_words_of_okta(kind: str, scim: Scim) -> None:
    """What Okta says names the user or the group that the step is about."""

    def rule(request: Request, answer: Answer) -> Answer:
        is_second = request.method == "POST" and b"-second@" in (request.body or b"")
        return error(400, "No.")(answer) if is_second else answer

    report, connector = play(kind, broken(into(scim), rule), scim.token)
    _, shown = faults_of(failed(report), "group.member")
    assert f"Error while creating user {connector.names.second}: Bad Request" in shown
    rule = on(error(400, "No."), "PUT" if kind == "okta wizard" else "PATCH", "/Groups")
    report, connector = play(kind, broken(into(scim), rule), scim.token)
    _, shown = faults_of(failed(report), "group.create")
    assert f"target App group {connector.names.group}: Error while creating user group {connector.names.group}" in shown


def test_the_name_of_a_group_that_is_renamed(scim: Scim) -> None:
    """Okta calls a group by its new name while it renames it."""

    def rule(request: Request, answer: Answer) -> Answer:
        return error(400, "No.")(answer) if b"-renamed" in (request.body or b"") else answer

    report, connector = play("okta wizard", broken(into(scim), rule), scim.token)
    _, shown = faults_of(failed(report), "group.rename")
    assert f"updating user group membership for group {connector.names.renamed} Bad Request" in shown


def test_the_dialog_of_what_is_untrue(scim: Scim) -> None:
    """What Okta takes for a success is one in its dialog: it looks at the form of the answers."""
    report, _ = play("okta wizard", broken(into(scim), on(put(itemsPerPage=100))), scim.token, full=False)
    assert not report.passed
    assert [line["passed"] for line in okta_steps.dialog(report)] == [True] * 6
    report, _ = play("okta wizard", broken(into(scim), on(put(startIndex="1"))), scim.token, full=False)
    assert [line["passed"] for line in okta_steps.dialog(report)] == [False] * 4 + [True] * 2
