"""The commands `bsr-scim okta check` and `bsr-scim entra check`: what they print, where, and how they exit."""

import json
import os
import signal
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from flask_bsr_scim.web import cli_check
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.cli_check_output import printable
from tests.client import Scim
from tests.docs.pages import DOCS, blocks

EVERYTHING = ("--full", "--groups")


def run(*args: str, **options: Any) -> Result:
    """Run a command."""
    return CliRunner().invoke(scim_commands, args, **options)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("okta", "check"), id="wizard app"),
        pytest.param(("okta", "check", "--app", "catalog"), id="catalogue app"),
        pytest.param(("entra", "check"), id="Entra"),
        pytest.param(("entra", "check", "--aadoptscim062020"), id="Entra with the flag"),
    ],
)
def test_this_server_over_http(command: tuple[str, ...], served: str, scim: Scim) -> None:
    """All passes, the status is 0, nothing is left, and the token is nowhere."""
    result = run(*command, served, "--token", scim.token, *EVERYTHING)
    assert result.exit_code == 0, result.output
    assert "✗" not in result.stdout
    assert result.stderr == ""
    assert scim.token not in result.output
    assert scim.names() == []


def test_the_dialog(served: str, scim: Scim) -> None:
    """The lines of Okta's dialog are shown; those that were not asked for are marked so."""
    lines = run("okta", "check", served, "--token", scim.token).stdout.splitlines()
    begin = lines.index("Test Connector Configuration: Connector configured successfully")
    assert lines[begin + 1 : begin + 7] == [
        "  ✓ User Import (Import New Users and Profile Updates)",
        "  ✓ Import Profile Updates (Import New Users and Profile Updates)",
        "  ✓ Create Users (Push New Users)",
        "  ✓ Update User Attributes (Push Profile Updates)",
        "  - Push Groups (Push Groups, with --groups)",
        "  - Import Groups (Import Groups, with --groups)",
    ]


@pytest.mark.parametrize(("options", "flag"), [((), "off"), (("--aadoptscim062020",), "on")])
def test_the_first_and_the_last_line(options: tuple[str, ...], flag: str, served: str, scim: Scim) -> None:
    """What is checked, and what came of it, in words that people read."""
    first, *_, last = run("entra", "check", served, "--token", scim.token, *options).stdout.splitlines()
    assert first == f"Entra check of {served} (flag: {flag})"
    assert last.startswith("1 of 1 steps passed, 1 request, ")


def test_a_wrong_token(served: str) -> None:
    """The status is 1, and the problem, Okta's words and the change are shown."""
    result = run("okta", "check", served, "--token", "wrong", "--groups")
    assert result.exit_code == 1
    for text in ("✗ Create Users", 'Okta shows:  "Error authenticating: Unauthorized.', "to change:", "RFC 7644 §2"):
        assert text in result.stdout


def test_nothing_listens() -> None:
    """The status is 2 when nothing answers."""
    result = run("okta", "check", "http://127.0.0.1:1/scim/v2", "--token", "t")
    assert result.exit_code == 2
    assert "Nothing listens on 127.0.0.1:1." in result.stdout


def members(value: Any) -> Any:
    """Return the names of a JSON value's members, in their order; of a list, those of its first element."""
    if isinstance(value, list):
        return [members(item) for item in value[:1]]
    return {name: members(item) for name, item in value.items()} if isinstance(value, dict) else None


def test_json(served: str, scim: Scim) -> None:
    """With --json standard output is one object of the form that the page shows."""
    [documented] = (json.loads(block.text) for block in blocks(DOCS / "how-to" / "check-a-server.md", "json"))
    report = json.loads(run("okta", "check", served, "--token", scim.token, "--json", *EVERYTHING).stdout)
    assert list(report) == list(documented)
    assert list(report["steps"][0]) == list(documented["steps"][0])
    assert members(report["steps"][0]["requests"]) == members(documented["steps"][0]["requests"])
    assert members(report["dialog"]) == members(documented["dialog"])
    assert (report["provider"], report["app"], report["url"], report["passed"]) == ("okta", "wizard", served, True)
    assert report["dialog"][4] == {"line": "Push Groups", "action": "Push Groups", "passed": True}


def test_json_of_a_fault(served: str) -> None:
    """A fault has its kind, problem, what is shown, what to change, and the section."""
    report = json.loads(run("entra", "check", served, "--token", "wrong", "--json").stdout)
    fault = report["steps"][0]["fault"]
    [documented] = (json.loads(block.text) for block in blocks(DOCS / "how-to" / "check-a-server.md", "json"))
    assert members(fault) == members(documented["steps"][0]["fault"])
    assert (fault["kind"], fault["shown"]["verbatim"], fault["rfc"]) == ("status", True, "RFC 7644 §2")
    assert "dialog" not in report


def test_verbose_masks_the_token(served: str, scim: Scim) -> None:
    """Each request and answer is on standard error, and the token is in none of them."""
    result = run("okta", "check", served, "--token", scim.token, "--verbose", "--json", *EVERYTHING)
    assert "> PUT /Users/" in result.stderr
    assert "> Authorization: Bearer ***" in result.stderr
    assert "< 201 CREATED" in result.stderr.upper()
    assert scim.token not in result.output
    json.loads(result.stdout)


@pytest.mark.parametrize("way", ["option", "environment", "input"])
def test_ways_to_give_the_token(way: str, served: str, scim: Scim) -> None:
    """The token comes from the option, the environment, or standard input."""
    args = {"option": ["--token", scim.token], "environment": [], "input": ["--token", "-"]}[way]
    env = {cli_check.TOKEN_VARIABLE: scim.token} if way == "environment" else {}
    result = run("okta", "check", served, *args, env=env, input=f"{scim.token}\n")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(("http://h/scim",), "The token is missing: --token T", id="no token"),
        pytest.param(("http://h/scim", "--token", "a b"), "no header can hold", id="a token with a space"),
        pytest.param(("http://h/scim", "--token", ""), "no header can hold", id="an empty token"),
        pytest.param(("h/scim", "--token", "t"), "is no URL as https://", id="no scheme"),
        pytest.param(("http://h:port/", "--token", "t"), "URL:", id="no port"),
        pytest.param(("http://u:p@h/", "--token", "t"), "no user, password", id="credentials in the URL"),
        pytest.param(("http://h/?a=b", "--token", "t"), "no user, password", id="a query"),
        pytest.param(("http://h/", "--token", "t", "--domain", 'x"y'), "is no domain", id="no domain"),
    ],
)
def test_misuse(args: tuple[str, ...], message: str) -> None:
    """A command line that makes no sense is refused with what is wrong, and status 2."""
    result = run("okta", "check", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_the_flag_in_the_url(served: str, scim: Scim) -> None:
    """The flag is known from the tenant URL, as it is entered in Entra."""
    result = run("entra", "check", f"{served}?aadOptscim062020", "--token", scim.token, "--json")
    assert json.loads(result.stdout)["flag"] is True


def test_notes(served: str, scim: Scim) -> None:
    """What the identity provider would not take is said, and is no failure."""
    report = json.loads(run("okta", "check", served, "--token", scim.token, "--json").stdout)
    assert report["notes"] == ["The identity provider takes HTTPS only."]
    assert report["passed"] is True
    assert [*cli_check._notes_of_okta("https://my_host.example.com")] == ["Okta takes no base URL with an underscore."]


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours(env: dict[str, str], coloured: bool, served: str, scim: Scim) -> None:
    """Colours are for terminals, and NO_COLOR takes them away."""
    result = run("okta", "check", served, "--token", scim.token, env=env, color=True)
    assert ("\x1b[" in result.stdout) is coloured
    assert "\x1b[" not in run("okta", "check", served, "--token", scim.token).stdout


def test_termination_removes_what_was_made(served: str, scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM is an interrupt: what was made is removed, and the status is 1."""
    whole = cli_check.run

    def terminated(connector: Any, steps: list[Any], words: Any, observer: Any) -> Any:
        end = steps[2].__class__("end", "End", "match", lambda _: os.kill(os.getpid(), signal.SIGTERM))
        return whole(connector, [*steps[:2], end, *steps[2:]], words, observer)

    monkeypatch.setattr(cli_check, "run", terminated)
    result = run("okta", "check", served, "--token", scim.token, "--full")
    assert result.exit_code == 1
    assert "interrupted" in result.stdout
    assert scim.names() == []


@pytest.mark.parametrize("reached", [0, 1, 2])
def test_the_dialog_of_an_interrupted_check(
    reached: int, served: str, scim: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an interrupt nothing is called configured, and what was asked for is not asked for again."""
    whole = cli_check.run

    def interrupted(connector: Any, steps: list[Any], words: Any, observer: Any) -> Any:
        end = steps[0].__class__("end", "End", "match", lambda _: os.kill(os.getpid(), signal.SIGTERM))
        return whole(connector, [*steps[:reached], end], words, observer)

    monkeypatch.setattr(cli_check, "run", interrupted)
    result = run("okta", "check", served, "--token", scim.token, "--groups")
    assert result.exit_code == 1
    assert "Test Connector Configuration: not finished" in result.stdout
    assert "with --groups" not in result.stdout
    assert result.stdout.count("  - ") == {0: 6, 1: 2, 2: 0}[reached]


def test_what_is_left_is_named(served: str, scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be removed is on standard error, with its id and the reason."""
    whole = cli_check.HttpTransport.__call__

    def without_delete(self: Any, request: Any) -> Any:
        answer = whole(self, request) if request.method != "DELETE" else None
        return answer or type(whole(self, request.__class__("GET", "/Users", request.headers)))(405, "", {}, b"", 0.0)

    monkeypatch.setattr(cli_check.HttpTransport, "__call__", without_delete)
    result = run("okta", "check", served, "--token", scim.token, "--full")
    assert result.exit_code == 0
    [user] = scim.get("/Users").json["Resources"]
    assert f"left behind: {user['userName']} (id {user['id']}): DELETE" in result.stderr


def test_a_terminal_is_not_moved() -> None:
    """What a server says cannot move the cursor, nor begin a line."""
    assert printable("a\x1b[2J\r\nb") == "a?[2J??b"


def test_progress(served: str, scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal each step shows itself while it runs."""
    monkeypatch.setattr("flask_bsr_scim.web.cli_check_output._is_terminal", lambda: True)
    result = run("okta", "check", served, "--token", scim.token, "--full")
    assert "  4/10 Find the user in capital letters …" in click.unstyle(result.stderr)
    assert "removing what was made" in result.stderr
