"""The tab Traffic: the list of requests, and one request."""

from collections.abc import Callable

import pytest

from flask_bsr_scim.web.console import traffic
from tests.client import GROUP, PATCH, USER
from tests.console.visiting import NEXT, Site, Visitor, person, walk


def test_a_request_is_in_the_list(site: Site, visitor: Visitor) -> None:
    """A request is said in words, with status and time, and leads to all that is known of it."""
    assert "Nothing has come in yet" in visitor.text("traffic")
    site.send("POST", "/Users", {"schemas": [USER], "userName": "bob@example.com"})
    text = visitor.text("traffic")
    assert '<span class="client">Okta</span> creates the user bob@example.com' in text
    assert '<span class="pill done">201</span>' in text
    assert 'href="./traffic/1"' in text
    detail = visitor.text("traffic/1")
    assert "Okta creates the user bob@example.com" in detail
    assert "&#34;userName&#34;: &#34;bob@example.com&#34;" in detail
    assert "POST /Users" in detail


def test_an_error_is_explained(site: Site, visitor: Visitor) -> None:
    """The page of a refused request has the rule, the section, and what to change in Okta."""
    person(site, "bob")
    site.send("POST", "/Users", {"schemas": [USER], "userName": "bob@example.com"})
    text = visitor.text("traffic/2")
    for words in (
        "Another user has this userName",
        "belongs to another User already",
        "What to change in Okta",
        "rfc7643#section-4.1.1",
        "409 uniqueness",
        "In Entra ID",
    ):
        assert words in text


def test_requests_are_chosen(site: Site, visitor: Visitor) -> None:
    """Errors, changes, tolerances, one client, or some words alone are shown."""
    site.send("GET", "/Users", query={"filter": 'userName eq "alice@example.com"'})
    site.send("GET", "/Users", headers={"User-Agent": "curl/8"}, query={"filter": "x"})
    site.send("POST", "/Users", {"schemas": [USER], "userName": "bob@example.com", "title": "x"})
    expected = {
        "": 3,
        "only=errors": 1,
        "only=changes": 1,
        "only=tolerances": 1,
        "client=curl": 1,
        "q=ALICE": 1,
        "q=nothing": 0,
        "q=bob&only=errors": 0,
        "only=nonsense": 3,
    }
    shown = {query: visitor.text(f"traffic?{query}").count('<li class="request') for query in expected}
    assert shown == expected
    assert "No request fits" in visitor.text("traffic?q=nothing")


def test_older_requests(site: Site, visitor: Visitor) -> None:
    """All that is kept can be walked through, the latest first."""
    for number in range(120):
        site.scim.get(f"/Users/{number}")
    site.recorder.flush()
    pages = walk(visitor, "traffic", NEXT, r'href="./traffic/(\d+)"')
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [int(number) for page in pages for number in page] == list(range(120, 0, -1))


def test_a_search_goes_on_where_it_ended(make_site: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page looks through a bounded number of requests, and the next one goes on behind them."""
    monkeypatch.setattr(traffic, "_READ", 10)
    monkeypatch.setattr(traffic, "_MOST_READ", 20)
    site = make_site()
    site.send("GET", "/Users/wanted")
    for number in range(45):
        site.scim.get(f"/Users/{number}")
    site.recorder.flush()
    visitor = site.visitor()
    assert "Look further back" in visitor.text("traffic?q=wanted")
    pages = walk(visitor, "traffic?q=wanted", NEXT, r'href="./traffic/(\d+)"')
    assert pages == [[], [], ["1"]]


@pytest.mark.parametrize(
    "path",
    [
        "traffic/9",
        "traffic/x",
        "traffic/-1",
        "traffic/99999999999999999999",
        "traffic/1/2",
        "users/x",
        "groups/x",
        "organizations/x",
        "tokens/x",
        "readiness/x",
        "changes/x",
        "nonsense",
        "users/x/y",
        "traffic/\u0663",
        "users/%00",
        "users?after=x",
    ],
)
def test_what_is_not_there(site: Site, visitor: Visitor, path: str) -> None:
    """What is not there is a page that says so."""
    response = visitor.get(path)
    assert response.status_code == 404
    assert "Not found" in response.text


@pytest.mark.parametrize(
    "query", ["before=x", "before=-1", "before=999999999999999", "only=", "q=" + "x" * 5000, "last=x"]
)
@pytest.mark.parametrize("path", ["traffic", "traffic/rows", "changes", "users", "groups", "tokens", "organizations"])
def test_odd_queries(site: Site, visitor: Visitor, path: str, query: str) -> None:
    """Whatever a query holds, there is a page."""
    assert visitor.get(f"{path}?{query}").status_code in (200, 404)


def test_a_group_patch_in_the_list(site: Site, visitor: Visitor) -> None:
    """A push of a group says what it does to the members."""
    bob = person(site, "bob")
    group = site.scim.group("Engineering")
    body = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": [{"value": bob}]}]}
    site.send("PATCH", f"/Groups/{group['id']}", body)
    assert "pushes the group Engineering: adds 1 member" in visitor.text("traffic")
    assert GROUP not in visitor.text("traffic")
