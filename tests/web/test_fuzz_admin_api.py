"""No call of the admin API gives a 5xx but 501 and 503, nor an answer that is not Connect's."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.registry.api.calling import World, refusal
from tests.web.watching import INSIDE, watched

EXAMPLES = 4 * settings().max_examples

_PROTO = files("flask_bsr_scim.registry.api") / "proto/buf/alpha/registry/v1alpha1"
_SOURCES = [file.read_text("utf-8") for file in _PROTO.iterdir()]
METHODS = sorted(
    f"{service}/{method}"
    for source in _SOURCES
    for service, body in re.findall(r"^service (\w+) \{(.*?)^\}", source, re.M | re.S)
    for method in re.findall(r"^  rpc (\w+)\(", body, re.M)
)
FIELDS = sorted({name for source in _SOURCES for name in re.findall(r"^  \w[\w. ]* (\w+) = \d+;", source, re.M)})
ENUMS = sorted({name for source in _SOURCES for name in re.findall(r"^  ([A-Z_]{8,}) = \d+;", source, re.M)})

known = st.sampled_from(("acme", "{organization}", "{user}", "acme/weather", "ada", "", *ENUMS))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | known
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3)
)
fields = st.dictionaries(st.sampled_from(FIELDS), known | values, max_size=4)
bodies = fields.map(json.dumps) | values.map(json.dumps) | st.text(max_size=20)


@pytest.fixture
def world(shared_app: Flask) -> Iterator[World]:
    """A registry with an organization and a user, watched over."""
    with watched(shared_app):
        yield World(shared_app)


@pytest.fixture
def ids(world: World) -> dict[str, Any]:
    """Ids by what they are of."""
    return {"{user}": world.user("bob"), "{organization}": world.organization()}


def test_knows_the_api() -> None:
    """The calls, the names of fields and those of enumerations come from the .proto files."""
    assert {"OrganizationService/CreateOrganization", "RepositoryService/GetRepository"} <= {*METHODS}
    assert {"organization_id", "page_token", "full_name"} <= {*FIELDS}
    assert "ORGANIZATION_ROLE_OWNER" in ENUMS


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from((*METHODS, "UserService/Nothing")),
    body=bodies,
    media_type=st.sampled_from(("application/json", "application/json", "application/proto", "text/plain")),
    caller=st.sampled_from(("ada", "ada", "bob", None)),
)
def test_no_call_is_too_odd(
    method: str, body: str, media_type: str, caller: str | None, world: World, ids: dict[str, Any]
) -> None:
    """A call succeeds or is refused as Connect refuses, and shows nothing of the inside."""
    for name, id_ in ids.items():
        body = body.replace(name, id_)
    token = None if caller is None else world.token_of(caller)
    response = world.post(method, body.encode("utf-8", "replace"), token, media_type)
    assert response.status_code < 500 or response.status_code in (501, 503), response.text
    assert not INSIDE.search(response.text.replace('"token":"bsr', ""))
    if response.status_code >= 400 and media_type == "application/json" and method in METHODS:
        refusal(response)
