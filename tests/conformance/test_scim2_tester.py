"""The public checker `scim2-tester` finds nothing wrong, with both profiles on both backends."""

import random
from pathlib import Path

import pytest
from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from flask_bsr_scim import BsrScim

TOKEN = "a-fixed-token-for-the-checker-0123456789"

FAILURES = {Status.DEVIATION, Status.ERROR, Status.CRITICAL}

LEAST_SUCCESSES = 60
"""Of the checks that are made with the smaller profile."""


@pytest.fixture(params=["bsr", "rfc7643"])
def profile(request: pytest.FixtureRequest) -> str:
    """The attributes that exist."""
    return str(request.param)


@pytest.fixture(params=["memory", "sqlite"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URI of an empty store."""
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'scim.db'}"


def test_no_check_fails(profile: str, backend: str, subtests: pytest.Subtests) -> None:
    """Each check that the checker makes succeeds; what it skips is what ServiceProviderConfig does not announce."""
    app = Flask("checked")
    BsrScim(app, backend=backend, profile=profile, token=TOKEN)
    client = WSGISCIMClient(app, base_url="http://localhost/scim/v2", headers={"Authorization": f"Bearer {TOKEN}"})
    random.seed(0)
    results = check_server(client)
    for result in results:
        with subtests.test(check=result.title, type=result.resource_type):
            assert result.status not in FAILURES, f"{result.reason}\n{result.data}"
            assert result.status is not Status.SKIPPED or "not supported by the server" in str(result.reason)
    assert sum(result.status is Status.SUCCESS for result in results) >= LEAST_SUCCESSES
