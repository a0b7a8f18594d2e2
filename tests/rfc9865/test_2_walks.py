"""RFC 9865 §2 and §3: pages that follow one another, forward and backward, while the list changes."""

from collections.abc import Callable
from itertools import count
from threading import Thread
from typing import Any

import pytest

from flask_bsr_scim.backends.base import Page
from flask_bsr_scim.schema import Document
from tests.client import LIST, SEARCH, Scim, assert_error, path_of
from tests.rfc9865.conftest import Ask, by_url, names, service_of, walk


@pytest.fixture
def mixed(scim: Scim) -> Scim:
    """A client of a tenant with seven users and four groups, made in turns."""
    for number in range(7):
        scim.user(f"u{number}", active=number % 2 == 0, externalId=str(9 - number))
        if number < 4:
            scim.group(f"g{number}", externalId=str(number))
    return scim


USERS, GROUPS = [f"u{number}" for number in range(7)], [f"g{number}" for number in range(4)]

LISTS = [
    pytest.param("/Users", {}, USERS, id="users"),
    pytest.param("/Groups", {}, GROUPS, id="groups"),
    pytest.param("", {}, USERS + GROUPS, id="all types"),
    pytest.param("/Users", {"filter": "active eq true"}, USERS[::2], id="a filter"),
    pytest.param("", {"filter": 'userName gt "u4" or displayName pr'}, [*USERS[5:], *GROUPS], id="a filter of all"),
    pytest.param("", {"filter": 'meta.resourceType eq "Group"'}, GROUPS, id="one of all types"),
    pytest.param("/Users", {"sortBy": "externalId"}, USERS[::-1], id="K-13 sorted"),
    pytest.param("/Users", {"sortBy": "userName", "sortOrder": "descending"}, USERS[::-1], id="K-13 descending"),
    pytest.param("", {"sortBy": "displayName"}, GROUPS + USERS, id="K-13 all types, sorted"),
    pytest.param("/Users", {"filter": "nickName pr"}, [], id="nobody"),
    pytest.param("", {"filter": "nothing pr"}, [], id="nothing"),
]


@pytest.mark.requirement("K-01", "K-02", "K-03", "K-04", "K-08", "K-16", "K-17")
@pytest.mark.parametrize(("path", "query", "expected"), LISTS)
def test_a_walk_shows_each_once(path: str, query: dict[str, str], expected: list[str], ask: Ask, mixed: Scim) -> None:
    """Forward by `nextCursor`, each page but the last has one."""
    for size in (1, 2, 3, 7, 11, 12):
        pages = list(walk(mixed, path, ask, count=size, **query))
        assert names(*pages) == expected
        assert len(pages) == max(1, -(-len(expected) // size))
        assert ["previousCursor" in page for page in pages] == [number > 0 for number in range(len(pages))]
        for page in pages:
            assert page["schemas"] == [LIST]
            assert page["totalResults"] == len(expected)
            assert page["itemsPerPage"] == len(page["Resources"]) <= size
            assert "startIndex" not in page


@pytest.mark.requirement("K-05")
@pytest.mark.parametrize(("path", "query", "expected"), LISTS[:-2])
def test_a_walk_goes_back_the_same_way(
    path: str, query: dict[str, str], expected: list[str], ask: Ask, mixed: Scim
) -> None:
    """`previousCursor` leads through the same pages, and from the first of them forward again."""
    for size in range(1, min(4, len(expected))):
        there = list(walk(mixed, path, ask, count=size, **query))
        end = there[-1]["previousCursor"]
        back = list(walk(mixed, path, ask, count=size, link="previousCursor", cursor=end, **query))
        assert [names(page) for page in back] == [names(page) for page in there[-2::-1]]
        again = list(walk(mixed, path, ask, count=size, cursor=back[-1]["nextCursor"], **query))
        assert [names(page) for page in again] == [names(page) for page in there[1:]]


@pytest.mark.requirement("K-01")
@pytest.mark.parametrize("query", ["cursor", "cursor=", "cursor=&count=100", "count=100&cursor"])
def test_an_empty_cursor_is_the_beginning(query: str, mixed: Scim) -> None:
    """Written with and without the sign."""
    answer = mixed.get("/Users", query=query).json
    assert names(answer) == USERS
    assert answer["totalResults"] == answer["itemsPerPage"] == 7
    assert not {"nextCursor", "previousCursor", "startIndex"} & answer.keys()


@pytest.mark.requirement("K-14")
def test_pages_are_by_index_unless_a_cursor_is_named(mixed: Scim) -> None:
    """The default, as it was."""
    for answer in (mixed.get("/Users", query={"count": 2}).json, mixed.post("/.search", {"schemas": [SEARCH]}).json):
        assert answer["startIndex"] == 1
        assert not {"nextCursor", "previousCursor"} & answer.keys()


@pytest.mark.requirement("K-06")
@pytest.mark.parametrize("number", [0, -1, -(10**30)])
@pytest.mark.parametrize("query", [{}, {"sortBy": "id"}])
def test_a_count_of_none_gives_the_total(number: int, query: dict[str, str], ask: Ask, mixed: Scim) -> None:
    """And no cursors, since the page would never move."""
    answer = ask(mixed, "/Users", {**query, "cursor": "", "count": number})
    assert answer == {"schemas": [LIST], "totalResults": 7, "itemsPerPage": 0, "Resources": []}


@pytest.mark.requirement("K-06", "P-07")
def test_a_page_is_bounded(make_scim: Callable[..., Scim], ask: Ask) -> None:
    """By the largest one, and without a count by the default."""
    scim = make_scim(default_count=2, max_results=3)
    for number in range(7):
        scim.user(f"u{number}")
    assert [len(page["Resources"]) for page in walk(scim, "/Users", ask, count=10**9)] == [3, 3, 1]
    assert [len(page["Resources"]) for page in walk(scim, "/Users", ask)] == [2, 2, 2, 1]


@pytest.mark.requirement("A-12")
def test_pages_hold_what_was_asked_for(mixed: Scim, ask: Ask) -> None:
    """A selection of attributes, on each page; groups are shown by default."""
    selection = "userName" if ask is by_url else ["userName"]
    for page in walk(mixed, "", ask, count=4, attributes=selection):
        assert all(resource.keys() <= {"schemas", "id", "userName"} for resource in page["Resources"])
    team = mixed.group("Team", mixed.user("member")["id"])
    last = list(walk(mixed, "/Users", count=3))[-1]["Resources"][-1]
    assert [group["value"] for group in last["groups"]] == [team["id"]]


@pytest.mark.requirement("K-07")
def test_a_cursor_is_plain_text(mixed: Scim) -> None:
    """Unreserved characters alone, and short."""
    for page in walk(mixed, "", count=1):
        for link in ("nextCursor", "previousCursor"):
            assert all(c.isascii() and (c.isalnum() or c in "-._~") for c in page.get(link, ""))
            assert len(page.get(link, "")) < 200


# While the list changes


CHANGING: list[tuple[str, Document]] = [
    ("/Users", {}),
    ("/Users", {"sortBy": "userName"}),
    ("/Users", {"sortBy": "externalId", "sortOrder": "descending"}),
    ("/Users", {"sortBy": "nickName"}),
    ("/Users", {"sortBy": "meta.lastModified", "filter": "active eq true"}),
    ("", {}),
    ("", {"sortBy": "externalId"}),
    ("", {"sortBy": "displayName", "sortOrder": "descending"}),
]


@pytest.mark.requirement("K-21")
@pytest.mark.parametrize("link", ["nextCursor", "previousCursor"])
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("path", "query"), CHANGING)
def test_a_walk_loses_nobody_while_others_come_and_go(
    path: str, query: Document, link: str, size: int, scim: Scim
) -> None:
    """Whoever is there throughout is seen once; between two pages some of those seen and unseen go, and one comes."""
    made = count()

    def create() -> Document:
        number = next(made)
        # The second half lies among the first in every order but that of creation.
        same = str(number * 7 % 10)
        if path == "" and number % 3 == 0:
            return scim.group(f"x{number * 7 % 20:02}-{number}", externalId=same)
        return scim.user(f"x{number * 7 % 20:02}-{number}", **({"externalId": same} if number % 4 else {}))

    stayed = {names({"Resources": [r]})[0]: r for r in (create() for _ in range(20))}
    last = list(walk(scim, path, count=size, **query))[-1]
    start = "" if link == "nextCursor" else last["previousCursor"]
    seen = [] if link == "nextCursor" else names(last)
    for page in walk(scim, path, count=size, link=link, cursor=start, **query):
        assert page["totalResults"] == scim.get(path, query={**query, "count": 0}).json["totalResults"]
        seen += names(page)
        unseen = next((name for name in reversed(stayed) if name not in seen), None)
        for name in {*names(page)[:1], *names(page)[-1:], unseen} & stayed.keys():
            scim.delete(path_of(stayed.pop(name)))
        if next(made) < 40:
            create()
    assert len(seen) == len(set(seen))
    assert stayed.keys() <= set(seen)


@pytest.mark.requirement("K-03", "K-05")
def test_a_walk_goes_on_when_the_rest_is_gone(mixed: Scim) -> None:
    """The page is empty and the last one; back from it are those who are left."""
    first = by_url(mixed, "/Users", {"cursor": "", "count": 3})
    users = mixed.get("/Users").json["Resources"]
    for user in users[3:]:
        mixed.delete(path_of(user))
    empty = by_url(mixed, "/Users", {"cursor": first["nextCursor"], "count": 3})
    assert (empty["Resources"], empty["totalResults"], "nextCursor" in empty) == ([], 3, False)
    back = by_url(mixed, "/Users", {"cursor": empty["previousCursor"], "count": 3})
    assert names(back) == USERS[:3]


@pytest.mark.requirement("K-04")
def test_a_walk_goes_back_when_the_first_are_gone(mixed: Scim) -> None:
    """The page is empty, the first one, and leads forward again."""
    *_, last = walk(mixed, "/Users", count=3)
    for user in mixed.get("/Users").json["Resources"][:6]:
        mixed.delete(path_of(user))
    empty = by_url(mixed, "/Users", {"cursor": last["previousCursor"], "count": 3})
    assert (empty["Resources"], empty["totalResults"], "previousCursor" in empty) == ([], 1, False)
    assert names(by_url(mixed, "/Users", {"cursor": empty["nextCursor"], "count": 3})) == ["u6"]


@pytest.mark.requirement("K-21")
@pytest.mark.parametrize("gone", [[2], [1, 2], [0, 1, 2], [3], [2, 3]], ids=str)
def test_a_deletion_while_the_page_is_made_loses_nobody(
    gone: list[int], mixed: Scim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users who go after they were found, and before their place is marked, take nobody with them."""
    backend, users = service_of(mixed).backend, mixed.get("/Users").json["Resources"]
    query, left = backend._query, [users[number] for number in gone]

    def interrupted(*arguments: Any) -> Page:
        page: Page = query(*arguments)
        while left:
            mixed.delete(path_of(left.pop()))
        return page

    monkeypatch.setattr(backend, "_query", interrupted)
    pages = list(walk(mixed, "/Users", count=3))
    assert len(names(*pages)) == len(set(names(*pages)))
    assert set(names(*pages)) >= {name for number, name in enumerate(USERS) if number not in gone}


@pytest.mark.requirement("K-21")
@pytest.mark.parametrize("path", ["/Users", ""])
def test_a_walk_beside_writers(path: str, scim: Scim) -> None:
    """Nobody is lost or comes twice while other threads create and delete."""
    stay = [scim.user(f"stay{number:02}")["userName"] for number in range(30)]
    go = [scim.user(f"go{number:02}") for number in range(30)]

    def write() -> None:
        other = Scim(scim.app, token=scim.token)
        for number, user in enumerate(go):
            other.delete(path_of(user))
            other.user(f"new{number:02}")

    writer = Thread(target=write)
    writer.start()
    seen = names(*walk(scim, path, count=3))
    writer.join()
    assert len(seen) == len(set(seen))
    assert set(stay) <= set(seen)


@pytest.mark.requirement("F-32", "K-08", "K-13")
def test_sorted_results_of_several_types_have_no_end(mixed: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """By index there is one, 400 `tooMany`, beyond what can be sorted at once; by cursor each page is sorted alone."""
    monkeypatch.setattr("flask_bsr_scim.search.MOST_MERGED", 4)
    query = {"sortBy": "externalId", "count": 3}
    assert_error(mixed.get("", query={**query, "startIndex": 4}), 400, "tooMany", "page by cursor")
    in_order = [r for path in ("/Users", "/Groups") for r in mixed.get(path).json["Resources"]]
    in_order.sort(key=lambda resource: str(resource["externalId"]))
    assert names(*walk(mixed, "", **query)) == names({"Resources": in_order})
