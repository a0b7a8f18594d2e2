"""The public checker `scim-sanity`, in its strict mode, finds nothing wrong over HTTP."""

from typing import Any

import pytest
from scim_sanity.probe.runner import run_probe_api

from tests.client import TOKEN, USER, Scim
from tests.conformance.served import make_app, served
from tests.server.running import TOKEN as SERVER_TOKEN
from tests.server.running import Server

SETTING = {"unknown_members": "ignore"}
"""The checker adds a member that it made up to a group, and expects 200: RFC 7644 does not say that members exist."""

CHECKS = 27
"""How many checks a run makes at least."""

SKIPPED = {"Agent CRUD Lifecycle", "AgenticApplication CRUD Lifecycle", "Agent Rapid Lifecycle"}
"""Of resource types of a draft, which a server without them has not in /ResourceTypes."""

EXPLAINED = {"bsr": {"GET /Users/{id} after PUT"}, "rfc7643": set[str]()}
"""What fails by profile. With `bsr` a user has no displayName, and /Schemas says so (RFC 7644 §4); the checker sets one
all the same and looks for it. RFC 7643 §4.1.1 has it OPTIONAL, and the Buf Schema Registry does not keep it."""


def probe(base_url: str, token: str = TOKEN) -> dict[str, Any]:
    """Return the report of the checker, in its strict mode."""
    report: dict[str, Any] = run_probe_api(base_url, token=token, strict=True, timeout=10)
    assert report["mode"] == "strict"
    return report


def named(report: dict[str, Any], *statuses: str) -> set[str]:
    """Return the names of the checks that ended so."""
    return {result["name"] for result in report["results"] if result["status"] in statuses}


def assert_clean(report: dict[str, Any], explained: set[str], skipped: set[str]) -> None:
    """Check that nothing fails, warns or is skipped but this."""
    failures = [result for result in report["results"] if result["status"] in ("fail", "error", "warn")]
    assert {result["name"] for result in failures} == explained, failures
    assert named(report, "skip") == skipped
    assert report["summary"]["passed"] >= CHECKS
    assert report["summary"]["total"] == len(report["results"])


def test_no_check_of_the_server_fails(profile: str, backend_uri: str) -> None:
    """`bsr-scim serve` passes with one setting, which lets members be unknown."""
    server = Server(backend_uri, SCIM_TOKEN=SERVER_TOKEN, SCIM_PROFILE=profile, SCIM_UNKNOWN_MEMBERS="ignore")
    try:
        server.wait()
        report = probe(f"http://127.0.0.1:{server.port}/scim/v2", SERVER_TOKEN)
    finally:
        server.kill()
    assert_clean(report, EXPLAINED[profile], SKIPPED)


def test_what_fails_with_the_profile_bsr_is_not_in_its_schema(backend_uri: str) -> None:
    """The failure that is left is of an attribute that /Schemas does not have."""
    users = Scim(make_app(backend_uri, "bsr")).get(f"/Schemas/{USER}").json
    assert "displayName" not in {attribute["name"] for attribute in users["attributes"]}


def attribute(name: str, kind: str = "string", **characteristics: Any) -> dict[str, Any]:
    """Return the definition of an attribute."""
    return {"name": name, "type": kind, "multiValued": False, "description": "-", **characteristics}


@pytest.mark.parametrize("profile", ["rfc7643"])
def test_no_check_of_types_of_ones_own_fails(profile: str, backend_uri: str) -> None:
    """With the resource types of the draft of agents, made as a host application does, nothing is skipped."""
    schemas = [
        {
            "id": f"urn:ietf:params:scim:schemas:core:2.0:{name}",
            "name": name,
            "description": "Of draft-abbey-scim-agent-extension",
            "attributes": [
                attribute("name", required=True, uniqueness="server"),
                attribute("displayName"),
                attribute("active", "boolean"),
            ],
            "x-endpoint": f"/{name}s",
        }
        for name in ("Agent", "AgenticApplication")
    ]
    with served(make_app(backend_uri, profile, schemas=schemas, **SETTING)) as base_url:
        report = probe(base_url)
    assert_clean(report, set(), set())
