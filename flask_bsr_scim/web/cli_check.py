"""The commands that play an identity provider's connector against a SCIM server."""

import json
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from flask_bsr_scim.checks import entra, entra_steps, okta, okta_steps
from flask_bsr_scim.checks.connector import Connector, Names
from flask_bsr_scim.checks.runner import Report, Step, Words, as_json, run
from flask_bsr_scim.checks.transport import TIMEOUT, HttpTransport
from flask_bsr_scim.web.cli_check_output import Printer, Tracer

TOKEN_VARIABLE = "SCIM_CHECK_TOKEN"

_TOKEN = re.compile(r"[\x21-\x7e]+")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=Connector)


def read_token(value: str | None) -> str:
    """Return the token, read from standard input for `-`.

    :raises click.UsageError: there is none, or no header can hold it.
    """
    if value is None:
        raise click.UsageError(f"The token is missing: --token T, --token - for standard input, or {TOKEN_VARIABLE}.")
    token = sys.stdin.readline().strip() if value == "-" else value
    if not _TOKEN.fullmatch(token):
        raise click.UsageError(
            "The token is empty, or has characters that no header can hold. Give it alone, without Bearer."
        )
    return token


def _domain(_: click.Context, __: click.Parameter, value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise click.BadParameter(f"{value} is no domain as example.com.")
    return value


url_argument = click.argument("url")
token_option = click.option(
    "--token",
    envvar=TOKEN_VARIABLE,
    metavar="T",
    help=f"The SCIM token; - reads it from standard input.  [or: {TOKEN_VARIABLE}]",
)
timeout_option = click.option(
    "--timeout",
    default=int(TIMEOUT),
    show_default=True,
    metavar="SECONDS",
    type=click.IntRange(1, 600),
    help="Time after which a request has failed.",
)

_OPTIONS = (
    url_argument,
    token_option,
    click.option("--groups", is_flag=True, help="Groups too."),
    click.option("--full", is_flag=True, help="The whole life of test users and groups, which are removed again."),
    click.option(
        "--domain",
        default="example.com",
        show_default=True,
        callback=_domain,
        metavar="D",
        help="Of the test users' addresses.",
    ),
    timeout_option,
    click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output."),
    click.option("--verbose", is_flag=True, help="Each request and answer on standard error, without the token."),
)


def _options(command: F) -> F:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group("okta")
def okta_commands() -> None:
    """Play Okta's connector."""


@okta_commands.command("check")
@_options
@click.option(
    "--app",
    type=click.Choice([*okta.APPS]),
    default="wizard",
    show_default=True,
    help="Of the App Integration Wizard, which sends PUT; or of the catalogue, which sends PATCH too.",
)
def check_okta(url: str, token: str | None, app: str, full: bool, groups: bool, domain: str, **options: Any) -> None:
    """Do what Test Connector Configuration does to a SCIM server; with --full, the life of users and groups."""
    base_url = read_base_url(url)
    connector = _connector(okta.APPS[app], "okta", base_url, token, domain, options)
    _check(
        {"provider": "okta", "app": app, "url": base_url},
        connector,
        okta_steps.COURSE.steps(full=full, groups=groups),
        okta.shown,
        [*_notes_of_okta(base_url)],
        options["as_json"],
        okta_steps.dialog,
    )


@click.group("entra")
def entra_commands() -> None:
    """Play Entra ID's connector."""


@entra_commands.command("check")
@_options
@click.option(
    "--aadoptscim062020", "flag", is_flag=True, help="As with this flag in the tenant URL; also known from the URL."
)
def check_entra(url: str, token: str | None, flag: bool, full: bool, groups: bool, domain: str, **options: Any) -> None:
    """Do what Test Connection does to a SCIM server; with --full, the life of users and groups."""
    flag = flag or urlsplit(url).query.lower() == entra.FLAG.lower()
    base_url = read_base_url(url, entra.FLAG)
    kind = entra.EntraWithFlag if flag else entra.Entra
    _check(
        {"provider": "entra", "flag": flag, "url": base_url},
        _connector(kind, "entra", base_url, token, domain, options),
        entra_steps.COURSE.steps(full=full, groups=groups),
        entra.shown,
        [*_notes(base_url)],
        options["as_json"],
    )


def read_base_url(url: str, flag: str = "") -> str:
    """Return a base URL without a slash at its end.

    :param flag: what its query may be, which is not sent.
    :raises click.UsageError: it has parts that a base URL cannot have.
    """
    parts = urlsplit(url)
    if parts.username is not None or parts.fragment or parts.query.lower() not in ("", flag.lower()):
        raise click.UsageError("URL: no user, password, query or fragment; the token goes into --token.")
    return parts._replace(query="").geturl().rstrip("/")


def http_transport(base_url: str, timeout: int) -> HttpTransport:
    """Return what sends requests to a server.

    :raises click.UsageError: it is no URL.
    """
    try:
        return HttpTransport(base_url, timeout)
    except ValueError as error:
        raise click.UsageError(f"URL: {error}.") from None


def _connector(
    kind: type[C], provider: str, base_url: str, given: str | None, domain: str, options: Mapping[str, Any]
) -> C:
    token = read_token(given)
    transport = http_transport(base_url, options["timeout"])
    observe = Tracer(token).exchanged if options["verbose"] else lambda _: None
    return kind(transport, token, Names.random(provider, domain), observe)


def _notes_of_okta(base_url: str) -> Iterator[str]:
    yield from _notes(base_url)
    if "_" in base_url:
        yield "Okta takes no base URL with an underscore."


def _notes(base_url: str) -> Iterator[str]:
    if not base_url.lower().startswith("https:"):
        yield "The identity provider takes HTTPS only."


def _check(
    about: Mapping[str, Any],
    connector: C,
    steps: Sequence[Step[C]],
    words: Words,
    notes: list[str],
    as_json_object: bool,
    dialog: Callable[[Report], list[dict[str, Any]]] | None = None,
) -> None:
    """Run the steps, show how they went, and exit: 0 all passed, 1 some did not, 2 nothing answered."""
    printer = Printer(quiet=as_json_object, total=len(steps))
    printer.begin(about, notes)
    with _terminated_like_interrupted():
        report = run(connector, steps, words, printer)
    lines = dialog(report) if dialog else []
    if as_json_object:
        extra = {"dialog": lines} if dialog else {}
        click.echo(json.dumps({**about, **as_json(report), **extra, "notes": notes}, indent=2, ensure_ascii=False))
    printer.end(report, lines)
    sys.exit(2 if report.unreachable else 0 if report.passed else 1)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM, which CI sends, remove what was made, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
