"""What stricter dialects would have said is what they say."""

from collections.abc import Iterator
from functools import cache

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.dialects import Dialect, Tolerance
from flask_bsr_scim.traffic.refusals import refusals
from tests.console.visiting import Site
from tests.dialects.asking import Directory
from tests.dialects.test_dialects import CASES, REFUSED, Case
from tests.traffic.recorded import command, records


@cache
def application(profile: str) -> Flask:
    """Return an application of a schema profile."""
    app = Flask("refusals")
    BsrScim(app, backend="memory://", profile=profile)
    return app


def needed(case: Case) -> set[Tolerance]:
    """Return all that a request needs: often more than one tolerance."""
    directory = Directory(application(case.profile))
    directory.ask(Dialect.DEFAULT, case.asked)
    return set(directory.needed(Dialect.DEFAULT))


def rows() -> Iterator[tuple[str, Dialect]]:
    """Yield each case with each dialect that refuses it."""
    for name, case in REFUSED.items():
        yield from ((name, dialect) for dialect in Dialect if case.tolerance in dialect.refused)


@pytest.mark.parametrize(("name", "dialect"), [*rows()])
def test_the_answer(name: str, dialect: Dialect) -> None:
    """The answer of a dialect is one of those that are foretold for what the request needed."""
    case = CASES[name]
    response = Directory(application(case.profile)).ask(dialect, case.asked)
    query = "&".join(f"{name}={value}" for name, value in (case.asked.query or {}).items())
    found = [*refusals(case.asked.method, f"{case.asked.path}?{query}", needed(case))]
    assert case.tolerance in [refusal.tolerance for refusal in found]
    assert f"{response.status_code} {response.json.get('scimType', '')}".strip() in {
        f"{refusal.answer.partition(' ')[0]} {scim_type}".strip()
        for refusal in found
        if dialect in refusal.dialects
        for scim_type in refusal.answer.partition(" ")[2].split(" or ")
    }


@pytest.mark.parametrize("tolerance", Tolerance)
def test_each_tolerance_has_a_reason(tolerance: Tolerance) -> None:
    """Each tolerance has a sentence, and the dialects that do not grant it."""
    (found,) = refusals("PATCH", "/Users/1", [tolerance])
    assert found.why.endswith(".")
    assert set(found.dialects) == {dialect for dialect in Dialect if tolerance in dialect.refused}


def test_what_another_version_named_is_passed_over() -> None:
    """A tolerance of a recording that is not known here says nothing."""
    assert [*refusals("GET", "/Users", ["no-such-tolerance"])] == []


ENTRA = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "Replace", "value": {"active": "False"}}],
}


def test_the_command_and_the_page() -> None:
    """The command names the requests that would have been refused, and the page of a request says the same."""
    site = Site("memory://")
    user = site.scim.user("ana@example.com")
    site.send("PATCH", f"/Users/{user['id']}", ENTRA)
    file = command(site.app, "export", "-").stdout_bytes
    done = site.app.test_cli_runner().invoke(args=["scim", "traffic", "strict", "-"], input=file)
    assert done.output.splitlines() == [
        "2 PATCH /Users/{user1} 200",
        "    400 invalidValue  boolean-as-string: A boolean has to be true or false, not a string.",
        "    400 invalidSyntax  operation-in-capitals: The op has to be add, remove or replace, in small letters.",
        "1 of 2 requests would have been refused by strict",
    ]
    number = len(records(site))
    page = site.visitor().text(f"traffic/{number}")
    assert "strict and interop: 400 invalidSyntax. The op has to be add" in page
    assert "interop: 400 invalidSyntax. An operation has to have a path" in page
    assert "would have answered alike" in site.visitor().text("traffic/1")


def test_interop() -> None:
    """The command asks about the other dialect too, which refuses what the RFC has."""
    site = Site("memory://")
    user = site.scim.user("ana@example.com")
    body = {**ENTRA, "Operations": [{"op": "replace", "value": {"active": False}}]}
    site.send("PATCH", f"/Users/{user['id']}", body)
    file = command(site.app, "export", "-").stdout_bytes
    runner = site.app.test_cli_runner()
    strict = runner.invoke(args=["scim", "traffic", "strict", "-"], input=file)
    interop = runner.invoke(args=["scim", "traffic", "strict", "-", "--dialect", "interop"], input=file)
    assert strict.output == "0 of 2 requests would have been refused by strict\n"
    assert "400 invalidSyntax  operation-without-path" in interop.output
