"""The commands `bsr-scim …`: what they print, where, and what they say when something is wrong."""

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.backends.base import utc_now
from flask_bsr_scim.web import cli, server
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.cli_context import command_line, without_password
from flask_bsr_scim.web.server import create_app
from tests.client import Scim, assert_error, user

TOKEN = re.compile(r"bsrscim_[a-z0-9-]+_[A-Za-z0-9_-]{43}")

pytestmark = pytest.mark.usefixtures("clean_environment")

Run = Callable[..., Result]
Serve = Callable[..., tuple[Result, list[Any]]]


@pytest.fixture
def served(uri: str) -> Flask:
    """An application that serves that file."""
    app = Flask("served")
    BsrScim(app, backend=uri)
    return app


def listed(run: Run, *args: str) -> list[dict[str, Any]]:
    """Return what `token list --json` prints."""
    return [json.loads(line) for line in run("token", "list", "--json", *args).stdout.splitlines()]


def assert_failed(result: Result, message: str) -> None:
    """Check that a command ends with one readable message on standard error, and nothing else."""
    assert result.exit_code != 0
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert isinstance(result.exception, SystemExit)


# token create


def test_a_token_is_printed_alone(run: Run, served: Flask) -> None:
    """Standard output holds the token and nothing else, so that a script can take it; it works at once."""
    result = run("token", "create")
    assert (result.exit_code, result.stderr) == (0, "")
    assert TOKEN.fullmatch(result.stdout.strip())
    assert result.stdout == result.stdout.strip() + "\n"
    assert Scim(served, token=result.stdout.strip()).get("/Users").status_code == 200


def test_a_token_for_reading(run: Run, served: Flask) -> None:
    """`--scope scim.read` makes a token that changes nothing; an API token has no scope."""
    reader = Scim(served, token=run("token", "create", "--scope", "scim.read").stdout.strip())
    assert reader.names() == []
    assert_error(reader.post("/Users", {}), 403, None, "the scope scim.read")
    assert [token["kind"] for token in listed(run)] == ["scimread"]
    refused = run("token", "create", "--kind", "api", "--user", "bob@example.com", "--scope", "scim.read")
    assert refused.exit_code == 2
    assert "--scope is for SCIM tokens" in refused.stderr


def test_a_token_of_another_tenant(run: Run, served: Flask) -> None:
    """A tenant is there when its first token is made."""
    token = run("token", "create", "--tenant", "acme-1").stdout.strip()
    assert token.startswith("bsrscim_acme-1_")
    Scim(served, token=token).user("bob")
    other = run("token", "create").stdout.strip()
    assert Scim(served, token=other).names() == []


@pytest.mark.parametrize(
    ("span", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
        ("4w", timedelta(weeks=4)),
        ("1D", timedelta(days=1)),
        ("100000d", timedelta(days=100_000)),
    ],
)
def test_a_token_can_end_after_a_span(span: str, length: timedelta, run: Run) -> None:
    """`--expires` counts from now."""
    assert run("token", "create", "--expires", span).exit_code == 0
    (token,) = listed(run)
    ends = datetime.fromisoformat(token["expires"]).replace(tzinfo=UTC)
    assert abs(ends - length - utc_now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("moment", "kept"),
    [
        ("2099-01-31", "2099-01-31T00:00:00.000000"),
        ("2099-01-31T12:30", "2099-01-31T12:30:00.000000"),
        ("2099-01-31T12:30:00Z", "2099-01-31T12:30:00.000000"),
        ("2099-01-31T12:30:00+02:00", "2099-01-31T10:30:00.000000"),
        ("2099-01-31 12:30:00.5", "2099-01-31T12:30:00.500000"),
    ],
)
def test_a_token_can_end_at_a_moment(moment: str, kept: str, run: Run) -> None:
    """`--expires` takes ISO 8601; without a zone it is UTC."""
    assert run("token", "create", "--expires", moment).exit_code == 0
    assert listed(run)[0]["expires"] == kept


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("soon", "neither a span"),
        ("", "neither a span"),
        ("90", "neither a span"),
        ("d", "neither a span"),
        ("-1d", "neither a span"),
        ("1.5h", "neither a span"),
        ("90 d", "neither a span"),
        ("90y", "neither a span"),
        ("1d1h", "neither a span"),
        ("\u0661d", "neither a span"),
        ("999999w", "neither a span"),
        ("99999999d", "neither a span"),
        ("2099-02-30", "neither a span"),
        ("31.01.2099", "neither a span"),
        ("9999-12-31T23:59:59-12:00", "neither a span"),
        ("0d", "not in the future"),
        ("2020-01-01", "not in the future"),
        ("2020-01-01T00:00:00Z", "not in the future"),
        ("0001-01-01T00:00:00+12:00", "neither a span"),
    ],
)
def test_a_wrong_end_is_refused(value: str, message: str, run: Run) -> None:
    """The message says which forms there are; no token is made."""
    assert_failed(run("token", "create", "--expires", value), message)
    assert listed(run) == []


@pytest.mark.parametrize("tenant", ["", "Acme", "a_b", "a b", "../x", "é", "a" * 64])
def test_a_wrong_tenant_is_refused(tenant: str, run: Run) -> None:
    """The message says which names there can be."""
    assert_failed(run("token", "create", "--tenant", tenant), "is no tenant name: use lower-case letters")


# A store that was not there


def test_a_new_store_is_named(tmp_path: Path) -> None:
    """It may be another one than the server's: standard error says so, once; standard output is the token alone."""
    first, second = (CliRunner().invoke(scim_commands, ["token", "create"]) for _ in range(2))
    assert TOKEN.fullmatch(first.stdout.strip())
    assert first.stderr == (
        "made a new store: sqlite:///bsr-scim.db; "
        "with --backend URI or SCIM_BACKEND name the one that the server uses\n"
    )
    assert (second.exit_code, second.stderr) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        "token list",
        "token tolerances",
        "token delete x",
        "user list",
        "user activate bob",
        "user deactivate bob",
        "user restore bob --email bob@example.com",
        "organization create acme --owner bob@example.com",
        "organization list",
        "organization map acme group",
        "organization unmap acme group",
        "plan map acme group",
        "plan unmap acme group",
        "plan delete-group group",
        "readiness",
        "log",
        "traffic export -",
        "export -",
        "db check",
        "copy sqlite:///typo.db sqlite:///other.db",
    ],
)
def test_a_store_that_nobody_used_is_not_made(command: str, tmp_path: Path) -> None:
    """A command for what is there refuses a mistyped name, and leaves no file."""
    named = [] if "copy" in command else ["--backend", "sqlite:///typo.db"]
    result = CliRunner().invoke(scim_commands, [*command.split(), *named])
    assert_failed(result, "nobody has used the storage sqlite:///typo.db yet: name the one that the server has")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["token list", "token tolerances", "token delete x", "user list", "log"])
def test_a_tenant_that_nobody_used_is_not_made(command: str, run: Run) -> None:
    """The message has its name."""
    run("token", "create")
    assert_failed(run(*command.split(), "--tenant", "acm"), 'There is no tenant "acm".')


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("redis://user:pass@host:6379/0", "redis://user@host:6379/0"),
        ("redis://:pass@host", "redis://@host"),
        ("rediss://user:p@ss/w?rd#@host/0", "rediss://user@host/0"),
        ("redis+sentinel://u:pass@one:1,two:2/service", "redis+sentinel://u@one:1,two:2/service"),
        ("redis://host:6379/0?password=pass&db=1", "redis://host:6379/0?password=…&db=1"),
        ("redis+sentinel://h:1?SENTINEL_PASSWORD=p@ss", "redis+sentinel://h:1?SENTINEL_PASSWORD=…"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("sqlite:////srv/a@b/c:d.db", "sqlite:////srv/a@b/c:d.db"),
        ("memory://", "memory://"),
    ],
)
def test_a_password_is_not_shown(uri: str, shown: str) -> None:
    """What is printed ends up in logs and in questions to others."""
    assert without_password(uri) == shown


def test_a_password_is_not_in_a_command() -> None:
    """Which store is meant is left open there; a folder's name may need quotes."""
    with click.Context(scim_commands):
        assert command_line("x", backend="redis://u:secret@h") == "bsr-scim x --backend URI"
        assert command_line("x", backend="sqlite:///my file.db") == "bsr-scim x --backend 'sqlite:///my file.db'"


# The version


def test_the_version_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the installed distribution."""
    monkeypatch.setattr(cli, "version", lambda name: {"flask-bsr-scim": "1.2.3"}[name])
    result = CliRunner().invoke(scim_commands, ["--version"])
    assert (result.exit_code, result.output) == (0, "bsr-scim 1.2.3\n")


def test_a_checkout_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package was never installed."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(cli, "version", missing)
    assert CliRunner().invoke(scim_commands, ["--version"]).output == "bsr-scim of a checkout that is not installed\n"


# token list


def test_tokens_are_listed(run: Run, served: Flask) -> None:
    """One line each, for people: id, kind, times, description; never the text."""
    text = run("token", "create", "--description", "for Okta", "--expires", "2099-01-31").stdout.strip()
    Scim(served, token=text).get("/Users")
    line = run("token", "list").stdout
    assert re.fullmatch(
        r"[0-9a-f-]{36}  scim  created \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  expires 2099-01-31T00:00Z  "
        r"last used \d{4}-\d\d-\d\dT\d\d:\d\dZ  for Okta\n",
        line,
    )
    assert text[-43:] not in line


def test_a_token_without_end_and_use(run: Run) -> None:
    """What is not there is said."""
    run("token", "create")
    assert run("token", "list").stdout.rstrip().endswith("expires never  last used never")


def test_a_description_stays_in_its_line(run: Run) -> None:
    """A description neither makes a line of its own nor moves the cursor of a terminal."""
    run("token", "create", "--description", "x\x1b[31m\nanother")
    assert run("token", "list").stdout.endswith("  x?[31m?another\n")


def test_tokens_are_listed_for_programs(run: Run) -> None:
    """`--json` gives one object a line, in the order of making."""
    run("token", "create", "--description", "one")
    run("token", "create", "--description", "two", "--expires", "2099-01-31")
    one, two = listed(run)
    kept = {"id", "kind", "created", "expires", "last_used", "user", "description", "dialect", "tolerances"}
    assert one.keys() == two.keys() == kept
    assert (one["description"], one["expires"], one["last_used"], one["kind"]) == ("one", None, None, "scim")
    assert (two["description"], two["expires"]) == ("two", "2099-01-31T00:00:00.000000")


@pytest.mark.parametrize("dialect", ["default", "strict", "interop"])
def test_a_token_of_a_dialect(dialect: str, run: Run, served: Flask) -> None:
    """`--dialect` is the token's for good, and the lists show it."""
    text = run("token", "create", "--dialect", dialect, "--description", "ours").stdout.strip()
    answer = Scim(served, token=text).post("/Users", user("bob", active="True"))
    assert answer.status_code == (201 if dialect == "default" else 400)
    assert run("token", "list").stdout.endswith(f"  dialect {dialect}  ours\n")
    assert [token["dialect"] for token in listed(run)] == [dialect]


def test_a_dialect_is_for_scim(run: Run) -> None:
    """The admin API has none."""
    refused = run("token", "create", "--kind", "api", "--user", "bob@example.com", "--dialect", "strict")
    assert refused.exit_code == 2
    assert "--dialect is for SCIM tokens" in refused.stderr


def test_tolerances_are_listed(run: Run, served: Flask) -> None:
    """What each token needed, when last, and which dialects would have refused it; programs read it in the list."""
    text = run("token", "create").stdout.strip()
    run("token", "create", "--description", "that needs nothing")
    scim = Scim(served, token=text)
    bob = scim.post("/Users", user("bob", active="True")).json
    assert run("token", "tolerances").stdout.split()[1:4] == ["boolean-as-string", "last", f"{utc_now():%Y-%m-%d}"]
    assert run("token", "tolerances").stdout.endswith("  refused by strict, interop\n")
    scim.patch(f"/Users/{bob['id']}", {"op": "replace", "value": {"active": True}})
    assert [list(token["tolerances"]) for token in listed(run)] == [["boolean-as-string"], []]
    assert run("token", "tolerances", "--tenant", "acme").stdout == ""


def test_a_list_is_of_one_tenant(run: Run) -> None:
    """The default one, unless another is named."""
    run("token", "create", "--tenant", "acme")
    assert listed(run) == []
    assert len(listed(run, "--tenant", "acme")) == 1


# token delete


def test_a_token_is_revoked(run: Run, served: Flask) -> None:
    """It is refused by a server that runs, at once; the command says nothing."""
    text = run("token", "create").stdout.strip()
    client = Scim(served, token=text)
    assert client.get("/Users").status_code == 200
    result = run("token", "delete", listed(run)[0]["id"])
    assert (result.exit_code, result.output) == (0, "")
    assert_error(client.get("/Users"), 401)
    assert listed(run) == []


@pytest.mark.parametrize("extra", [["nothing"], [""], ["--tenant", "acme", "{id}"]])
def test_an_unknown_token_cannot_be_revoked(extra: list[str], run: Run) -> None:
    """Neither one that is not there nor one of another tenant."""
    run("token", "create")
    run("token", "create", "--tenant", "acme")
    (token,) = listed(run)
    assert_failed(run("token", "delete", *(part.format(id=token["id"]) for part in extra)), "There is no such token.")
    assert listed(run) == [token]


def test_a_user_is_no_token(run: Run, served: Flask) -> None:
    """The id of something else is that of no token."""
    bob = Scim(served, token=run("token", "create").stdout.strip()).user("bob")
    assert_failed(run("token", "delete", bob["id"]), "There is no such token.")


# db upgrade


def test_an_upgrade_is_silent_on_standard_output(run: Run) -> None:
    """What was done is told on standard error; without a terminal there is no bar."""
    first, second = run("db", "upgrade"), run("db", "upgrade")
    assert (first.exit_code, first.stdout) == (0, "")
    assert re.fullmatch(r"made a new store: .*\ndone: \w+(, \w+)*\n", first.stderr)
    assert (second.exit_code, second.stdout) == (0, "")
    assert second.stderr == "nothing to do: the storage has the present layout\n"


def test_progress_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe there is nobody to look at a bar."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with cli.progress("Working") as report:
        assert report is None


# Settings


COMMANDS = [["token", "create"], ["token", "list"], ["token", "delete", "x"], ["db", "upgrade"], ["serve"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("mongodb://x", "no backend has the URI scheme 'mongodb'; known: memory, redis"),
        ("directory.db", "SCIM_BACKEND: must be a URI, as sqlite:///file.db"),
        ("sqlite://x", "names no SQLite file"),
        ("sqlite:///nowhere/at/all/scim.db", "the folder of the SQLite file"),
        ("redis://127.0.0.1:1/0", "whether --backend or SCIM_BACKEND names the right one"),
    ],
)
def test_a_wrong_backend_is_explained(
    backend: str, message: str, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that says what would be right."""
    monkeypatch.setattr(server, "free_address", lambda host, port: host)
    assert_failed(CliRunner().invoke(scim_commands, [*command, "--backend", backend]), message)


def test_a_file_of_another_application_is_left_alone(tmp_path: Path, run: Run) -> None:
    """Neither an upgrade nor a token changes it."""
    (tmp_path / "scim.db").write_bytes(b"This is no database, and nobody asked for one." * 100)
    for command in COMMANDS[:-1]:
        result = run(*command)
        assert result.exit_code != 0
        assert "Traceback" not in result.output
    assert (tmp_path / "scim.db").read_bytes().startswith(b"This is no database")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"SCIM_TOKEN": "short"}, "SCIM_TOKEN: must be 16 or more"),
        ({"SCIM_MAX_RESULTS": "many"}, "SCIM_MAX_RESULTS: Not a valid integer"),
        ({"SCIM_BASE_URL": "x"}, "SCIM_BASE_URL is 'x'"),
        ({"SCIM_PROFILE": "azure"}, "SCIM_PROFILE: Must be one of: bsr, rfc7643"),
        ({"SCIM_BACKENDS": "memory://"}, "did you mean SCIM_BACKEND?"),
    ],
)
def test_a_wrong_setting_in_the_environment_is_explained(environment: dict[str, str], message: str, run: Run) -> None:
    """As it is in a configuration."""
    assert_failed(run("token", "create", **environment), message)


def test_settings_come_from_the_environment(uri: str) -> None:
    """Without the option, `SCIM_BACKEND` says where; keys of other programs are passed over."""
    env = {"SCIM_BACKEND": uri, "SCIM_OF_SOMETHING_ELSE": "x"}
    token = CliRunner().invoke(scim_commands, ["token", "create"], env=env).stdout.strip()
    app = Flask("same")
    BsrScim(app, backend=uri)
    assert Scim(app, token=token).get("/Users").status_code == 200


def test_the_default_is_a_file_here(tmp_path: Path) -> None:
    """`bsr-scim.db` in the present folder."""
    assert CliRunner().invoke(scim_commands, ["token", "create"]).exit_code == 0
    assert (tmp_path / "bsr-scim.db").exists()


def test_a_store_of_another_profile_is_explained(run: Run) -> None:
    """The message names the profile that it holds."""
    assert run("token", "create", SCIM_PROFILE="rfc7643").exit_code == 0
    assert_failed(run("token", "create"), "holds resources of the profile 'rfc7643'")


@pytest.mark.parametrize("command", [["token", "create"], ["token", "list"], ["token", "delete", "x"]], ids=" ".join)
def test_memory_is_no_place_for_a_token(command: list[str]) -> None:
    """It would be gone with the command."""
    result = CliRunner().invoke(scim_commands, [*command, "--backend", "memory://"])
    assert_failed(result, "memory:// ends with this command")


# serve


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Run `serve` without a server; return what it printed, and with what it would have served."""
    served: list[Any] = []
    monkeypatch.setattr(server, "free_address", lambda host, port: host)
    monkeypatch.setattr(server, "serve", lambda *args: served.extend(args))

    def run_serve(*args: str, **env: str) -> tuple[Result, list[Any]]:
        served.clear()
        return CliRunner().invoke(scim_commands, ["serve", *args], env=env), served

    return run_serve


def test_the_first_start_makes_a_token(serve: Serve, uri: str, served: Flask) -> None:
    """It is printed where Okta's field for it is named, once."""
    result, args = serve("--backend", uri)
    assert result.exit_code == 0, result.output
    (token,) = TOKEN.findall(result.stdout)
    assert f"Authorization (Bearer)             {token}" in result.stdout
    assert "SCIM connector base URL            http://127.0.0.1:8000/scim/v2" in result.stdout
    assert Scim(served, token=token).get("/Users").status_code == 200
    assert args == [{"SCIM_BACKEND": uri}, "127.0.0.1", 8000, 2]
    again, _ = serve("--backend", uri)
    assert TOKEN.findall(again.stdout) == []
    assert f"the SCIM token that you have (a new one: bsr-scim token create --backend {uri})\n" in again.stdout


def test_a_token_is_the_one_that_one_has(serve: Serve, run: Run, uri: str) -> None:
    """However it was made; the command for a new one names the store only when it has to."""
    run("token", "create")
    result, _ = serve(SCIM_BACKEND=uri)
    assert "the SCIM token that you have (a new one: bsr-scim token create)\n" in result.stdout
    assert "first start" not in result.stdout


def test_the_way_to_the_first_administrator_is_told(serve: Serve, run: Run, uri: str) -> None:
    """Where the admin API is, and which command makes an administrator."""
    result, _ = serve("--backend", uri)
    (line,) = re.findall("^ *First administrator.*$", result.stdout, re.MULTILINE)
    assert line.endswith(f"  bsr-scim admin create EMAIL --backend {uri}")
    assert "  http://127.0.0.1:8000/buf.alpha.registry.v1alpha1.<Service>/<Method>\n" in result.stdout


@pytest.mark.parametrize(
    ("base_url", "api"),
    [("https://x.example", "https://x.example"), ("https://x.example/dir/scim", "https://x.example/dir/scim")],
)
def test_the_admin_api_is_where_clients_reach_it(base_url: str, api: str, serve: Serve, uri: str) -> None:
    """At the root of the host, or where the proxy sends what is below its path to the prefix."""
    result, _ = serve("--backend", uri, SCIM_BASE_URL=base_url)
    assert f"  {api}/buf.alpha.registry.v1alpha1.<Service>/<Method>\n" in result.stdout


def test_memory_has_no_administrator(serve: Serve) -> None:
    """No command reaches into the process."""
    assert "admin" not in serve("--backend", "memory://")[0].stdout


@pytest.mark.parametrize("environment", [{}, {"SCIM_BASE_URL": "https://x.example"}], ids=["unset", "base URL"])
def test_proxies_are_spoken_of_where_they_matter(environment: dict[str, str], serve: Serve) -> None:
    """With SCIM_BASE_URL the address is known, whatever proxies say."""
    result, _ = serve("--backend", "memory://", **environment)
    assert ("SCIM_TRUSTED_PROXIES=1" in result.stdout) is not bool(environment)
    assert "over HTTPS only" in result.stdout


@pytest.mark.parametrize(
    ("base_url", "shown"),
    [
        ("https://abc.ngrok-free.app", "https://abc.ngrok-free.app/scim/v2"),
        ("https://x.example/dir/scim/", "https://x.example/dir/scim"),
    ],
)
def test_the_address_that_is_set_is_shown(base_url: str, shown: str, serve: Serve) -> None:
    """What is to be typed into Okta is what answers will say."""
    result, _ = serve("--backend", "memory://", SCIM_BASE_URL=base_url)
    assert f"base URL            {shown}\n" in result.stdout
    assert f"Tenant URL {shown}, " in result.stdout


def test_a_fixed_token_is_not_shown(serve: Serve) -> None:
    """`SCIM_TOKEN` is in the environment, and need not be in a terminal's history."""
    result, args = serve("--backend", "memory://", SCIM_TOKEN="a-fixed-token-that-is-secret")
    assert "a-fixed-token-that-is-secret" not in result.output
    assert "the value of SCIM_TOKEN" in result.stdout
    assert args[0]["SCIM_TOKEN"] == "a-fixed-token-that-is-secret"


def test_memory_is_served_by_one_worker(serve: Serve) -> None:
    """By default; its token is handed to the worker, whose memory is another one."""
    result, args = serve("--backend", "memory://")
    (token,) = TOKEN.findall(result.stdout)
    assert args[0] == {"SCIM_BACKEND": "memory://", "SCIM_TOKEN": token}
    assert args[3] == 1
    assert "everything is lost" in result.stderr


@pytest.mark.parametrize("workers", ["2", "64"])
def test_memory_is_not_served_by_more(workers: str, serve: Serve) -> None:
    """Each would have a directory of its own; the message says what to do."""
    result, args = serve("--backend", "memory://", "--workers", workers)
    assert_failed(result, "use --workers 1, or --backend sqlite:///bsr-scim.db")
    assert args == []


@pytest.mark.parametrize("option", [["--workers", "0"], ["--workers", "65"], ["--port", "0"], ["--port", "70000"],
                                    ["--profile", "azure"], ["--backend"], ["--nothing"]], ids=" ".join)  # fmt: skip
def test_a_wrong_option_is_refused(option: list[str], serve: Serve) -> None:
    """By the command line itself."""
    result, args = serve(*option)
    assert result.exit_code == 2
    assert args == []


@pytest.mark.parametrize(
    ("options", "address", "url"),
    [
        (["--host", "0.0.0.0", "--port", "9000"], "0.0.0.0", "http://0.0.0.0:9000/scim/v2"),
        (["--host", "::1"], "::1", "http://[::1]:8000/scim/v2"),
    ],
)
def test_options_are_handed_on(options: list[str], address: str, url: str, serve: Serve, uri: str) -> None:
    """Host, port, workers and profile."""
    result, args = serve(*options, "--backend", uri, "--profile", "rfc7643", "--workers", "3")
    assert url in result.stdout
    assert args[0] == {"SCIM_BACKEND": uri, "SCIM_PROFILE": "rfc7643"}
    assert (args[1], args[3]) == (address, 3)


def test_the_missing_server_is_explained(monkeypatch: pytest.MonkeyPatch, uri: str, tmp_path: Path) -> None:
    """By the name of the extra, before the first token is shown, which it is this once."""
    monkeypatch.setitem(sys.modules, "granian", None)
    monkeypatch.setattr(server, "free_address", lambda host, port: host)
    result = CliRunner().invoke(scim_commands, ["serve", "--backend", uri])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: the server is not installed: install the extra `server`, in a checkout with pip install '.[server]'\n"
    )
    assert list(tmp_path.iterdir()) == []


# The application of the standalone server


@pytest.fixture
def standalone(monkeypatch: pytest.MonkeyPatch, uri: str) -> Flask:
    """The application that each worker makes."""
    monkeypatch.setenv("SCIM_BACKEND", uri)
    monkeypatch.setenv("SCIM_TOKEN", "a-token-for-the-standalone-server")
    return create_app()


def test_health_needs_no_token(standalone: Flask) -> None:
    """Alive and ready are two questions."""
    http = standalone.test_client()
    assert (http.get("/healthz").status_code, http.get("/healthz").json) == (200, {"status": "alive"})
    assert (http.get("/readyz").status_code, http.get("/readyz").json) == (200, {"status": "ready"})


def test_a_store_that_is_down_is_alive_and_not_ready(standalone: Flask, tmp_path: Path) -> None:
    """`/readyz` is 503 then, and well again by itself."""
    http = standalone.test_client()
    with standalone.app_context():
        backend = standalone.extensions["bsr_scim"]["bsr_scim"].service.backend
    backend.close()
    (tmp_path / "scim.db").rename(tmp_path / "away.db")
    (tmp_path / "scim.db").mkdir()
    assert http.get("/healthz").status_code == 200
    down = http.get("/readyz")
    assert (down.status_code, down.headers["Retry-After"]) == (503, "2")
    (tmp_path / "scim.db").rmdir()
    (tmp_path / "away.db").rename(tmp_path / "scim.db")
    assert http.get("/readyz").status_code == 200


@pytest.mark.requirement("V-13")
@pytest.mark.parametrize("path", ["/", "/x", "/scim", "/scim/v1/Users", "/users", "/healthz/x", "/\n"])
def test_other_paths_are_errors_too(path: str, standalone: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong base URL gets an answer that Okta can show, with what is right, and a line in the log."""
    response = standalone.test_client().get(path)
    assert_error(response, 404, detail="The base URL of SCIM ends with /scim/v2.")
    assert response.headers["Content-Type"] == "application/scim+json"
    (line,) = [record.getMessage() for record in caplog.records if record.name == "flask_bsr_scim.access"]
    assert f"request={response.headers['X-Request-Id']} " in line


NO_HOSTS = {"long": "x" * 300, "space": "a b", "quote": 'a"b', "empty": "", "dots": "a..b", "long label": "x" * 64}


@pytest.mark.parametrize("host", NO_HOSTS.values(), ids=NO_HOSTS)
def test_a_host_that_is_none_is_an_error_too(host: str, standalone: Flask) -> None:
    """The name of the host goes into every location, so what is no name is refused; no URL is made of it."""
    headers = {"Host": host, "Authorization": "Bearer a-token-for-the-standalone-server"}
    for path in ("/scim/v2/Users", "/scim/v2", "/scim/v2/Schemas/urn:x", "/scim/v2/nothing"):
        assert_error(standalone.test_client().get(path, headers=headers), 400, detail="do not name the host")


@pytest.mark.parametrize("host", NO_HOSTS.values(), ids=NO_HOSTS)
def test_a_host_does_not_matter_where_nothing_is_located(host: str, standalone: Flask) -> None:
    """A check of health by whatever name finds the server."""
    http = standalone.test_client()
    assert http.get("/healthz", headers={"Host": host}).status_code == 200
    assert_error(http.get("/nothing", headers={"Host": host}), 404)


def test_no_files_are_served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder in which the server was started is nobody's business."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "secret.txt").write_text("secret")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCIM_BACKEND", "memory://")
    assert_error(create_app().test_client().get("/static/secret.txt"), 404)


def test_other_methods_are_told_which_work(standalone: Flask) -> None:
    """Also where it is Flask that refuses one (RFC 9110 §15.5.6)."""
    response = standalone.test_client().post("/healthz")
    assert_error(response, 405)
    assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))
