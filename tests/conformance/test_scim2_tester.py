"""The public checker `scim2-tester` finds nothing wrong, with both profiles on every backend."""

import random

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server
from scim2_tester.utils import get_registered_tags

from tests.client import PREFIX, TOKEN
from tests.conformance.served import make_app

PASSED = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}

SUCCESSES = {"bsr": 69, "rfc7643": 138}
"""How many checks there were at least when this was written; it grows with the attributes that /Schemas lists."""


def test_no_check_fails(profile: str, backend_uri: str, subtests: pytest.Subtests) -> None:
    """Each check passes and none is left out, of any kind that the checker has."""
    app = make_app(backend_uri, profile)
    client = WSGISCIMClient(app, base_url=f"http://localhost{PREFIX}", headers={"Authorization": f"Bearer {TOKEN}"})
    random.seed(0)
    results = check_server(client)
    for result in results:
        with subtests.test(check=result.title, type=result.resource_type):
            assert result.status in PASSED, f"{result.status}: {result.reason}\n{result.data}"
    assert len(results) >= SUCCESSES[profile]
    assert get_registered_tags() <= {tag for result in results for tag in result.tags}
