"""This server passes its own checks, over the test client on every backend and over HTTP."""

import pytest

from flask_bsr_scim.checks.runner import Result
from tests.checks.playing import KINDS, into, play
from tests.client import Scim


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_passes(kind: str, scim: Scim) -> None:
    """The whole life passes without a warning."""
    report, _ = play(kind, into(scim), scim.token)
    assert [(o.key, o.fault and o.fault.problem, o.warnings) for o in report.outcomes if o.fault or o.warnings] == []
    assert {outcome.result for outcome in report.outcomes} == {Result.PASSED}
    assert report.passed


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left(kind: str, scim: Scim) -> None:
    """A check leaves who was there before, and nobody else."""
    ana = scim.user("ana@example.com")["id"]
    engineers = scim.group("Engineers", ana)["id"]
    report, _ = play(kind, into(scim), scim.token)
    assert report.left == ()
    assert scim.names() == ["ana@example.com"]
    assert [group["id"] for group in scim.get("/Groups").json["Resources"]] == [engineers]


@pytest.mark.parametrize("kind", KINDS)
def test_without_full_nothing_is_written(kind: str, scim: Scim) -> None:
    """The test of the connection only reads."""
    report, connector = play(kind, into(scim), scim.token, full=False)
    assert [outcome.key for outcome in report.outcomes] == ["test.users", "test.groups"]
    assert {exchange.request.method for exchange in connector.exchanges} == {"GET"}


def test_an_import_has_all_pages(scim: Scim) -> None:
    """With more users than a page holds, an import goes on to the last page and one beyond."""
    for number in range(205):
        scim.user(f"user{number}@example.com")
    report, _ = play("okta wizard", into(scim), scim.token, groups=False)
    imported = next(outcome for outcome in report.outcomes if outcome.key == "user.import")
    assert imported.result is Result.PASSED
    assert [exchange.request.path.partition("?")[2] for exchange in imported.exchanges] == [
        "startIndex=1&count=100",
        "startIndex=101&count=100",
        "startIndex=201&count=100",
        "startIndex=301&count=100",
        "startIndex=2&count=1",
    ]
