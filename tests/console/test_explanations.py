"""Why requests were refused, and what to change."""

from collections.abc import Iterator
from typing import Any

import pytest

from flask_bsr_scim import errors
from flask_bsr_scim.console.explanations import Explanation, explain, table
from flask_bsr_scim.console.traffic import Record
from tests.client import GROUP, PATCH, USER
from tests.console.visiting import Site

LAST = table()[-1]


def kinds(kind: type[errors.ScimError] = errors.ScimError) -> Iterator[type[errors.ScimError]]:
    """Yield every error that a client can get."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith(errors.__name__):
            yield from kinds(child)


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_error_has_an_explanation(kind: type[errors.ScimError]) -> None:
    """For each status and scimType there is a row of its own."""
    record = Record(0, 0, "Okta", "", "GET", "/Users", kind.status, scim_type=kind.scim_type or "", detail="x")
    found = explain(record)
    assert found is not None
    assert found is not LAST


def test_an_explanation_is_whole() -> None:
    """Each row says what, why and what to do, and its section of an RFC can be read."""
    for row in table():
        assert row.title
        assert row.rule
        assert row.okta
        assert bool(row.link) == bool(row.rfc), row.title


def test_no_row_is_hidden() -> None:
    """Each row can be reached: none before it takes all that it would take."""
    for number, row in enumerate(table()):
        assert not any(_is_wider(before, row) for before in table()[:number]), row.title


def _is_wider(one: Explanation, other: Explanation) -> bool:
    if one.status and not (other.status and set(other.status) <= set(one.status)):
        return False
    fields = ("scim_type", "type", "method", "credential", "detail")
    return all(not getattr(one, name) or getattr(one, name) == getattr(other, name) for name in fields)


def test_what_was_done_needs_no_explanation() -> None:
    """There is none for a request that was not refused."""
    assert explain(Record(0, 0, "Okta", "", "GET", "/Users", 200)) is None


def bad_patch(*done: Any) -> Any:
    """Return a PATCH."""
    return {"schemas": [PATCH], "Operations": [*done]}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "title"),
    [
        ("GET", "/Users", None, {"Authorization": None}, "The request carries no token"),
        ("GET", "/Users", None, {"Authorization": "Bearer bearer abcdefghijklmnopq"}, "The word Bearer is there twice"),
        ("GET", "/Users", None, {"Authorization": f"Bearer bsrapi_default_{'a' * 43}"},
         "This is an API token, not a SCIM token"),
        ("GET", "/Users", None, {"Authorization": f"Bearer bsrscim_default_{'a' * 43}"},
         "The token is revoked, expired, or of another server"),
        ("GET", "/Users", None, {"Authorization": "Basic abcdefgh"}, "The credential is none of this server's"),
        ("GET", "/Users", None, {"Authorization": "Bearer 1234567890abcdefgh"},
         "The credential is none of this server's"),
        ("POST", "/Users", {"schemas": [USER], "userName": "BOB@example.com"}, {}, "Another user has this userName"),
        ("POST", "/Users", {"schemas": [USER], "userName": "rob@example.com",
                            "emails": [{"value": "bob@example.com", "type": "work"}]}, {},
         "Another user has this e-mail address"),
        ("POST", "/Users", {"schemas": [USER], "userName": "rob", "emails": [{"value": "eve@example.com"}]}, {},
         "Another user has this e-mail address"),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineering"}, {}, "Another group has this name"),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "New", "members": [{"value": "x"}]}, {},
         "A member of the group is not here"),
        ("POST", "/Users", {"schemas": [USER], "userName": " "}, {}, "A required attribute is missing or blank"),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "New", "members": [{"value": 5}]}, {},
         "The members of the group are not in the right form"),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "New", "members": [{"value": None}]}, {},
         "The members of the group are not in the right form"),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "New", "members": [{"value": ""}]}, {},
         "The members of the group are not in the right form"),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "member", "externalId": {}}, {},
         "A value is not of the right kind"),
        ("POST", "/Groups", {"schemas": [GROUP]}, {}, "The group has no name that can be used"),
        ("GET", "/Users?startIndex=x", None, {}, "A parameter of the query cannot be used"),
        ("GET", "/Users?count=x", None, {}, "A parameter of the query cannot be used"),
        ("GET", "/Users?sortBy=userName&sortOrder=up", None, {}, "A parameter of the query cannot be used"),
        ("GET", "/Users?sortBy=nonsense", None, {}, "A parameter of the query cannot be used"),
        ("GET", "/Users?attributes=id&excludedAttributes=name", None, {}, "A parameter of the query cannot be used"),
        ("GET", "/Users?cursor=&startIndex=2", None, {}, "A parameter of the query cannot be used"),
        ("GET", "/Users?cursor=nonsense", None, {}, "The page is not one of this list"),
        ("GET", f"/Users?filter={'x' * 8193}", None, {}, "The filter is too large"),
        ("GET", f"/Users?filter={'(' * 21}userName+pr{')' * 21}", None, {}, "The filter is too large"),
        ("GET", f"/Users?filter={'+or+'.join(['title+pr'] * 201)}", None, {}, "The filter is too large"),
        ("GET", "/Users?filter=userName+eq+'bob'", None, {}, "A value in the filter is not written as it has to be"),
        ("PATCH", "/Users/{user}", bad_patch({"op": "remove", "path": 'emails[nonsense eq "x"]'}), {},
         "The filter in the path cannot be understood"),
        ("POST", "/Users", {"schemas": [USER], "userName": 1}, {}, "A value is not of the right kind"),
        ("GET", "/Users?filter=userName+xx", None, {}, "The filter cannot be understood"),
        ("PATCH", "/Users/{user}", bad_patch({"op": "remove"}), {}, "There is nothing that the operation could change"),
        ("PATCH", "/Users/{user}", bad_patch({"op": "replace", "path": "nonsense", "value": 1}), {},
         "The path names no attribute"),
        ("PATCH", "/Users/{user}", bad_patch({"op": "remove", "path": "userName"}), {},
         "The attribute cannot be changed"),
        ("POST", "/Users", {"schemas": []}, {}, "The body is not a SCIM message"),
        ("GET", "/Users/gone", None, {}, "The user is gone"),
        ("GET", "/Groups/gone", None, {}, "The group is gone"),
        ("GET", "/Nonsense", None, {}, "There is no such endpoint"),
        ("DELETE", "/Users", None, {}, "The request is none of a connector's"),
    ],
)  # fmt: skip
def test_situations(site: Site, method: str, path: str, body: Any, headers: dict[str, str | None], title: str) -> None:
    """What goes wrong with Okta is explained as what it is."""
    emails = [{"value": "bob@example.com", "type": "work", "primary": True}]
    user = site.scim.user("bob@example.com", emails=emails)
    site.scim.user("eve@example.com")
    site.scim.group("Engineering")
    path, _, query = path.format(user=user["id"]).partition("?")
    response = site.send(method, path, body, headers=headers, query=query)
    assert response.status_code >= 400
    (entry,) = site.service.backend.journal("default", count=1, reverse=True)
    explanation = explain(Record.read(entry.text))
    assert explanation is not None
    assert explanation.title == title, response.text
