"""Page tokens and page sizes."""

import base64
import json
from itertools import pairwise
from typing import Any

import pytest

from flask_bsr_scim.registry.api.pages import DEFAULT_SIZE, LARGEST_SIZE
from flask_bsr_scim.registry.tokens import Kind
from tests.registry.api.calling import World

METHOD = "OrganizationService/ListOrganizations"


@pytest.fixture
def token(world: World) -> str:
    """The token for the second page of one organization each."""
    for number in range(3):
        world.organization(f"org{number}")
    return str(world(METHOD, page_size=1)["nextPageToken"])


def forged(token: str) -> list[str]:
    """Return tokens that look much like one."""
    cursor, _, signature = token.partition(".")
    other = base64.urlsafe_b64encode(json.dumps("x").encode()).decode().rstrip("=")
    return [
        "x",
        ".",
        cursor,
        f"{cursor}.",
        f"{cursor}.{signature[::-1]}",
        f"{other}.{signature}",
        f"{token}x",
        "é" * 9,
        "x" * 9999,
    ]


def test_garbage_is_refused(world: World, token: str) -> None:
    """What this server did not give is no page token, however like one it is."""
    assert world.code(METHOD, page_size=1, page_token=token) == "ok"
    for text in forged(token):
        assert world.code(METHOD, page_size=1, page_token=text) == "invalid_argument", text


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        pytest.param(METHOD, {"reverse": True}, id="other direction"),
        pytest.param("SCIMTokenService/ListSCIMTokens", {}, id="other method"),
        pytest.param("UserService/ListUsers", {"user_state_filter": 1}, id="other filter"),
    ],
)
def test_a_token_is_of_one_list(world: World, token: str, method: str, fields: dict[str, Any]) -> None:
    """A token goes with the request that it came from."""
    assert world.code(method, **fields, page_token=token) == "invalid_argument"


def test_a_token_is_of_one_tenant(world: World, token: str) -> None:
    """Another tenant's tokens are none here."""
    other = World(world.app)
    assert other.code(METHOD, page_token=token) == "invalid_argument"


def test_a_token_goes_with_pages_of_another_size(world: World, token: str) -> None:
    """The size of a page may change from one to the next."""
    assert len(world(METHOD, page_size=2, page_token=token)["organizations"]) == 2


def test_a_token_works_in_another_process(world: World, token: str) -> None:
    """The key is in the store, so every process knows it; the change log has nothing of it."""
    (key,) = (entry for entry in world.service.backend.log(world.tenant, count=1000) if entry.type == "Secret")
    secret = world.service.backend.get(world.tenant, "Secret", key.id)
    assert secret is not None
    assert len(secret.document["key"]) == 64
    assert secret.document["key"] not in json.dumps(key.delta)


def test_pages_are_bounded(world: World) -> None:
    """Without a size a page has 100 entries, and never more than 250."""
    for _ in range(LARGEST_SIZE):
        world.service.tokens.create(world.tenant, Kind.SCIM)
    method = "SCIMTokenService/ListSCIMTokens"
    assert len(world(method)["tokens"]) == DEFAULT_SIZE
    assert len(world(method, page_size=4_000_000_000)["tokens"]) == LARGEST_SIZE
    assert world.code(method, page_size=-1) == "invalid_argument"


@pytest.mark.parametrize("reverse", [False, True])
def test_a_list_that_grows_and_shrinks_goes_on(world: World, reverse: bool) -> None:
    """Entries that come or go between two pages shift nothing: no entry comes twice, and those that stay all come."""
    ids = [world.organization(f"org{number}") for number in range(4)]
    first = world(METHOD, page_size=2, reverse=reverse)
    seen = [organization["id"] for organization in first["organizations"]]
    world("OrganizationService/DeleteOrganization", id=seen[-1])
    added = world.organization("added")
    rest = world(METHOD, page_size=9, reverse=reverse, page_token=first["nextPageToken"])["organizations"]
    seen += [organization["id"] for organization in rest]
    assert seen == ([*reversed(ids)] if reverse else [*ids, added])
    assert all(a != b for a, b in pairwise(seen))
