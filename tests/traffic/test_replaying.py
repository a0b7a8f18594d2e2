"""What differs is told, what cannot be sent is passed over, and the exit status says how it went."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.checks.faults import Answer
from flask_bsr_scim.checks.runner import Result
from flask_bsr_scim.checks.transport import Request
from flask_bsr_scim.traffic.differences import differences
from flask_bsr_scim.traffic.recording import Recording
from tests.checks.playing import edited, into
from tests.client import PATCH, TOKEN, USER, Scim
from tests.conformance.oracle import Pair
from tests.console.visiting import Site
from tests.traffic.recorded import checked, command, export, record, records, replayed, serving, wrong

BOB = {"schemas": [USER], "userName": "bob@example.com", "password": "hunter2-hunter2"}


@pytest.fixture
def small() -> Recording:
    """A recording: a user is created, read, changed and deleted."""
    site = Site("memory://")
    path = f"/Users/{site.send('POST', '/Users', BOB).json['id']}"
    site.send("GET", path)
    change = {"op": "replace", "path": "active", "value": False}
    site.send("PATCH", path, {"schemas": [PATCH], "Operations": [change]})
    site.send("DELETE", path)
    return export(*records(site))


@pytest.fixture
def fresh() -> Scim:
    """A client of another server in memory."""
    return Site("memory://").scim


def test_another_body_is_told(small: Recording, fresh: Scim) -> None:
    """What has another value, is missing, or was not there, is told with its place."""

    def change(body: Any) -> Any:
        return {**body, "userName": "x@example.com", "active": "True", "title": "Boss", "emails": []}

    transport = wrong(into(fresh), "GET", lambda answer: edited(answer, change))
    outcomes = replayed(small, fresh, transport)
    assert [outcome.result for outcome in outcomes] == [Result.PASSED, Result.FAILED, Result.PASSED, Result.PASSED]
    assert set(outcomes[1].differences) == {
        'body.userName: recorded "user1@example.com", got "x@example.com"',
        'body.active: recorded true, got "True"',
        'body.title: recorded nothing, got "Boss"',
        "body.emails: recorded nothing, got []",
    }


def test_another_status_is_told(small: Recording, fresh: Scim) -> None:
    """A status is told with what the server said."""
    error = json.dumps({"detail": "No."}).encode()
    transport = wrong(into(fresh), "PATCH", lambda answer: replace(answer, status=400, body=error))
    assert replayed(small, fresh, transport)[2].differences == ("status: recorded 200, got 400: No.",)


@pytest.mark.parametrize(("body", "got"), [(b"", "null"), (b"<html>", "null"), (b"[]", "[]")])
def test_no_json_is_told(body: bytes, got: str, small: Recording, fresh: Scim) -> None:
    """An answer that is no JSON object is told."""
    transport = wrong(into(fresh), "GET", lambda answer: replace(answer, body=body))
    (difference,) = replayed(small, fresh, transport)[1].differences
    assert difference.startswith("body: recorded {")
    assert difference.endswith(f"got {got}")


def test_what_is_nested_is_not_followed(small: Recording, fresh: Scim) -> None:
    """An answer that is nested without an end is told, and does no harm."""
    transport = wrong(into(fresh), "GET", lambda answer: replace(answer, body=b'{"a":' * 900 + b"1" + b"}" * 900))
    assert replayed(small, fresh, transport)[1].differences == ("body: nested too deeply to be compared",)


def test_what_depends_on_a_failure_is_passed_over(small: Recording, fresh: Scim) -> None:
    """Without the id that a creation would have given, what follows is not sent."""
    fresh.user("user1@example.com")
    created, *others = replayed(small, fresh)
    assert created.result is Result.FAILED
    assert created.differences[0].startswith("status: recorded 201, got 409: userName")
    assert {(outcome.result, outcome.reason) for outcome in others} == {
        (Result.SKIPPED, "the server gave nothing that {user1} stands for")
    }


@pytest.mark.parametrize("identifier", ["7", "a/7", "ä b"])
def test_ids_of_another_form(identifier: str, small: Recording) -> None:
    """A server may number its resources; URLs, versions and times are its own."""
    sent: list[Request] = []

    def serve(request: Request) -> Answer:
        sent.append(request)
        recorded = small.exchanges[len(sent) - 1]
        text = json.dumps(recorded.answer or {})
        text = text.replace("/{user1}", f"/{quote(identifier, safe='')}").replace("{user1}", identifier)
        text = text.replace("https://scim.example.com/scim/v2", "http://other:1/x")
        text = text.replace("<timestamp>", "2020-01-01T00:00:00Z").replace("<string>", 'W/\\"1\\"')
        return Answer(recorded.status, "", {}, text.encode() if recorded.answer else b"", 0.0)

    outcomes = replayed(small, Site("memory://").scim, serve)
    assert [outcome.result for outcome in outcomes] == [Result.PASSED] * 4
    assert [request.path for request in sent] == ["/Users", *[f"/Users/{quote(identifier, safe='')}"] * 3]


def test_another_implementation() -> None:
    """Another server gets its own ids throughout, and what it does otherwise is told."""
    app = Flask("pair")
    BsrScim(app, backend="memory://")
    other = Pair(app)

    def serve(request: Request) -> Answer:
        headers = {name: value for name, value in request.headers.items() if name != "Authorization"}
        response = other._theirs.open(f"/v2{request.path}", method=request.method, headers=headers, data=request.body)
        return Answer(response.status_code, "", {}, response.data, 0.0)

    outcomes = replayed(export(*checked("okta wizard")), other.ours, serve)
    assert {outcome.result for outcome in outcomes} == {Result.PASSED, Result.FAILED}
    places = {text.partition(":")[0].rpartition(".")[2] for outcome in outcomes for text in outcome.differences}
    assert places == {"$ref", "type", "detail"}
    assert any("detail" in text and "belongs to another User" in text for each in outcomes for text in each.differences)


def test_what_a_server_says_of_itself(fresh: Scim) -> None:
    """What tells of the server is compared whole; nothing of it is secret."""
    site = Site("memory://")
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas", f"/Schemas/{USER}"):
        assert site.send("GET", path).status_code == 200
    recording = export(*records(site))
    assert "(hidden)" not in recording.text().decode()
    assert [outcome.differences for outcome in replayed(recording, fresh)] == [()] * 4


def test_what_is_sent(small: Recording, fresh: Scim) -> None:
    """A request has the headers of the client, the token of this server, and a password that nobody knows."""
    sent: list[Request] = []
    transport = into(fresh)
    replayed(small, fresh, lambda request: sent.append(request) or transport(request))  # type: ignore[func-returns-value]
    assert sent[0].headers == {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/scim+json",
        "User-Agent": "Okta SCIM Client 1.0.0",
        "Content-Type": "application/scim+json",
    }
    password = json.loads(sent[0].body or b"")["password"]
    assert len(password) > 12
    assert "hidden" not in password


@pytest.mark.parametrize(
    ("recorded", "actual", "expected"),
    [
        pytest.param([1, 2], [1, 3], ["body[1]: recorded 2, got 3"], id="an element"),
        pytest.param([1], [1, 2], ["body: recorded 1 elements, got 2"], id="the number of elements"),
        pytest.param([1, "… and 2 more"], [1, 5, 6], [], id="a cut list"),
        pytest.param([1, "… and 2 more"], [1, 5], ["body: recorded 3 elements, got 2"], id="a shorter list"),
        pytest.param([1, "… and 2 more"], [2, 5, 6], ["body[0]: recorded 1, got 2"], id="the beginning of a cut list"),
        pytest.param("x" * 1999 + "…", "x" * 5000, [], id="a cut text"),
        pytest.param("(hidden)", "secret", [], id="what was hidden"),
        pytest.param({"changePassword": "(hidden)"}, {"changePassword": {"supported": True}}, [], id="a hidden object"),
        pytest.param(1, True, ["body: recorded 1, got true"], id="another type"),
        pytest.param({"a": None}, {}, ["body.a: recorded null, got nothing"], id="null and nothing"),
    ],
)
def test_differences(recorded: Any, actual: Any, expected: list[str]) -> None:
    """Values are compared as far as they were recorded."""
    assert [*differences(recorded, actual)] == expected


def test_the_output(small: Recording, tmp_path: Path) -> None:
    """The command prints a line for each request, what differs, and a sum; it exits with 1 when something differs."""
    file, fresh = tmp_path / "traffic.json", Site("memory://")
    file.write_bytes(small.text())
    with serving(fresh.app) as url:
        first = command(fresh.app, "replay", str(file), url, "--token", TOKEN)
        fresh.scim.user("user1@example.com")
        second = command(fresh.app, "replay", str(file), url, "--token", TOKEN)
    assert first.exit_code == 0
    assert first.output.splitlines() == [
        "  ✓ 1 POST /Users 201",
        "  ✓ 2 GET /Users/{user1} 200",
        "  ✓ 3 PATCH /Users/{user1} 200",
        "  ✓ 4 DELETE /Users/{user1} 204",
        "",
        "4 as recorded, 0 different, 0 skipped",
    ]
    assert second.exit_code == 1
    lines = second.output.splitlines()
    assert lines[0] == "  ✗ 1 POST /Users 201"
    assert lines[1].startswith("      status: recorded 201, got 409")
    assert lines[2:4] == [
        "  - 2 GET /Users/{user1} 200",
        "      skipped: the server gave nothing that {user1} stands for",
    ]
    assert lines[-1] == "0 as recorded, 1 different, 3 skipped"


def test_what_is_recorded_beforehand(tmp_path: Path) -> None:
    """With --given what was there before is created first."""
    site, fresh, file = Site("memory://"), Site("memory://"), tmp_path / "traffic.json"
    user = site.scim.user("ana@corp.example")
    before = len(records(site))
    site.send("GET", f"/Users/{user['id']}")
    file.write_bytes(export(*records(site)[before:]).text())
    with serving(fresh.app) as url:
        done = command(fresh.app, "replay", str(file), url, "--token", TOKEN, "--given")
    assert done.output.splitlines() == [
        "  ✓ POST /Users 201",
        "  ✓ 1 GET /Users/{user1} 200",
        "",
        "2 as recorded, 0 different, 0 skipped",
    ]


def test_nothing_that_can_be_sent(tmp_path: Path) -> None:
    """A recording of which nothing was sent shows nothing, and is no success."""
    site, file = Site("memory://"), tmp_path / "traffic.json"
    file.write_bytes(export(record(status=401)).text())
    with serving(site.app) as url:
        done = command(site.app, "replay", str(file), url, "--token", TOKEN)
    assert done.exit_code == 1
    assert "      skipped: it was refused for its credential, which was not recorded" in done.output.splitlines()


def test_nothing_listens(small: Recording, tmp_path: Path) -> None:
    """The status is 2 when nothing answers."""
    file = tmp_path / "traffic.json"
    file.write_bytes(small.text())
    done = command(Site("memory://").app, "replay", str(file), "http://127.0.0.1:1/scim/v2", "--token", "t")
    assert done.exit_code == 2
    assert "Nothing listens on 127.0.0.1:1." in done.stderr


def test_the_token_is_read_as_elsewhere(small: Recording, tmp_path: Path) -> None:
    """From the option, the variable or standard input; without one the command line makes no sense."""
    file = tmp_path / "traffic.json"
    file.write_bytes(small.text())
    args = ["scim", "traffic", "replay", str(file)]
    ways: list[tuple[list[str], dict[str, Any]]] = [
        ([], {"env": {"SCIM_CHECK_TOKEN": TOKEN}}),
        (["--token", "-"], {"input": f"{TOKEN}\n"}),
    ]
    for more, options in ways:
        app = Site("memory://").app
        with serving(app) as url:
            done = app.test_cli_runner().invoke(args=[*args, url, *more], **options)
        assert done.exit_code == 0, done.output
        assert TOKEN not in done.output
    missing = Site("memory://").app.test_cli_runner().invoke(args=[*args, "http://127.0.0.1:1"])
    assert missing.exit_code == 2
    assert "The token is missing" in missing.stderr


def test_a_transcript_is_printed(small: Recording, tmp_path: Path) -> None:
    """The command prints a transcript, and names what is left out of it."""
    file = tmp_path / "traffic.json"
    left_out = replace(small.exchanges[0], number=5, skip="it was refused for its credential")
    strict = replace(small.exchanges[1], number=6, dialect="strict")
    file.write_bytes(replace(small, exchanges=(*small.exchanges, left_out, strict)).text())
    done = command(Site("memory://").app, "to-test", str(file), "--title", "Bob comes and goes", "--source", "Okta")
    printed = json.loads(done.stdout)
    assert (printed["title"], printed["source"], printed["client"]) == ("Bob comes and goes", "Okta", "okta")
    assert len(printed["exchanges"]) == 4
    assert printed["exchanges"][0]["response"]["body"]["id"] == "<capture user1>"
    assert done.stderr.splitlines() == [
        "left out: 5 POST /Users: it was refused for its credential",
        "left out: 6 GET /Users/{user1}: its token speaks the dialect strict",
    ]


def test_nothing_for_a_transcript(tmp_path: Path) -> None:
    """Without a request that can be in it, there is no transcript, and the status is 1."""
    file = tmp_path / "traffic.json"
    file.write_bytes(export(record(status=401)).text())
    done = command(Site("memory://").app, "to-test", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no request of it can be in a test" in done.stderr


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """A mistake with a file is one line, and the status is 1."""
    app = Site("memory://").app
    (tmp_path / "no.json").write_text("{}")
    for name in ("no.json", "missing.json"):
        done = command(app, "strict", str(tmp_path / name))
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


def test_a_check_of_another_kind_differs(make_scim: Callable[..., Scim]) -> None:
    """A server of another profile answers differently, which is told."""
    found = [
        each for each in replayed(export(*checked("okta wizard")), make_scim(profile="rfc7643")) if each.differences
    ]
    assert any("body.displayName: recorded nothing" in text for each in found for text in each.differences)


def test_the_order_of_values_means_nothing() -> None:
    """Members come in another order, as RFC 7643 §2.4 allows; results of a search do not."""
    one, other = {"value": "{user1}"}, {"value": "{user2}"}
    assert not [*differences({"members": [one, other]}, {"members": [other, one]})]
    assert [*differences({"members": [one, other]}, {"members": [one, one]})]
    assert [*differences({"Resources": [one, other]}, {"Resources": [other, one]})]
