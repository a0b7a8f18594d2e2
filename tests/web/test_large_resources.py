"""Bad input: resources that are larger than what is kept of one."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.client import Scim, assert_error, group, path_of, user

LONG = "x" * 300_000
MANY = [{"value": f"{number}{'x' * 2000}@example.com"} for number in range(150)]

CHANGES = {
    "a long value in a PUT": lambda scim, path: scim.put(path, user("u", name={"givenName": LONG})),
    "a long value in a PATCH": lambda scim, path: scim.patch(
        path, {"op": "replace", "path": "name.givenName", "value": LONG}
    ),
    "many values in a PATCH": lambda scim, path: scim.patch(path, {"op": "add", "path": "emails", "value": MANY}),
}


@pytest.fixture
def scim(make_scim: Callable[..., Scim]) -> Scim:
    """A client of an application that stores all that RFC 7643 has."""
    return make_scim(profile="rfc7643")


def assert_too_large(response: TestResponse) -> None:
    """Check that the answer says how much is kept."""
    assert_error(response, 400, "invalidValue", "at most 262144 are kept")


def test_a_resource_that_is_too_large_is_not_created(scim: Scim) -> None:
    """A POST of a resource that would take too much is refused."""
    assert_too_large(scim.post("/Users", user("u", name={"givenName": LONG})))
    assert scim.names() == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_resource_does_not_become_too_large(scim: Scim, change: str) -> None:
    """A change that would make a resource too large is refused, and it stays as it was."""
    path = path_of(scim.user("u"))
    before: Any = scim.get(path).json
    assert_too_large(CHANGES[change](scim, path))
    assert scim.get(path).json == before


def test_members_do_not_count(scim: Scim) -> None:
    """A group can have any number of members: they are no part of its size."""
    member = {"value": scim.user("u")["id"], "display": LONG}
    assert scim.post("/Groups", {**group("g"), "members": [member]}).status_code == 201
