"""RFC 7644 §3.4.2.4: clients that read a list by `startIndex`, page after page, while it changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_bsr_scim import current_service
from flask_bsr_scim.anchors import TIMEOUT
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.sqlite import SQLiteBackend
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.schema import Document
from tests.client import SEARCH, Scim, new_client, path_of


class Walker:
    """Reads all users as Okta's import does: a page begins where the one before ended, until `totalResults`."""

    def __init__(self, scim: Scim, size: int, **query: Any) -> None:
        self._scim, self._query = scim, {"count": size, **query}
        self._start = 1
        self.seen: list[str] = []
        self.is_done = False

    def page(self) -> Document:
        """Ask for the next page, and stay."""
        page: Document = self._scim.get("/Users", query={**self._query, "startIndex": self._start}).json
        assert page["startIndex"] == self._start
        assert page["itemsPerPage"] == len(page["Resources"]) <= self._query["count"]
        return page

    def step(self) -> list[str]:
        """Read the next page."""
        page = self.page()
        names = [user["userName"] for user in page["Resources"]]
        self.seen += names
        self._start += page["itemsPerPage"]
        self.is_done = self._start > page["totalResults"]
        assert self.is_done or names
        return names

    def walk(self) -> Iterator[list[str]]:
        """Yield what is on each of the pages that are left."""
        while not self.is_done:
            yield self.step()


def backend_of(scim: Scim) -> Backend:
    """Return the store behind a client."""
    with scim.app.app_context():
        return current_service().backend


def crowd(scim: Scim, number: int) -> dict[str, Document]:
    """Create users; return them by name."""
    names = (f"u{n:03}" for n in range(number))
    return {name: scim.user(name, externalId=str(int(name[1:]) * 7 % 10)) for name in names}


def assert_complete(seen: list[str], stayed: dict[str, Document]) -> None:
    """Hold a walk to its promise: whoever was there throughout came once, and nobody twice."""
    assert len(seen) == len(set(seen))
    assert stayed.keys() <= set(seen)


QUERIES: list[dict[str, str]] = [
    {},
    {"filter": "active eq true"},
    {"sortBy": "userName", "sortOrder": "descending"},
    {"sortBy": "externalId"},
    {"filter": 'userName sw "u"', "sortBy": "meta.lastModified"},
]


@pytest.mark.requirement("S-09", "P-09")
@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("size", [2, 5])
def test_a_walk_loses_nobody(size: int, query: dict[str, str], scim: Scim) -> None:
    """Between two pages some of those seen and of those to come are deleted; nobody else is lost or comes twice."""
    stayed = crowd(scim, 25)
    walker = Walker(scim, size, **query)
    for names in walker.walk():
        unseen = next((name for name in stayed if name not in walker.seen), None)
        for name in {names[0], names[-1], unseen} & stayed.keys():
            scim.delete(path_of(stayed.pop(name)))
    assert_complete(walker.seen, stayed)


def test_who_comes_during_a_walk_is_found(scim: Scim) -> None:
    """New users are at the end, and the walk goes on to them though others went."""
    stayed = crowd(scim, 10)
    walker = Walker(scim, 3)
    for number, names in enumerate(walker.walk()):
        if not walker.is_done and number < 3:
            scim.delete(path_of(stayed.pop(names[0])))
            new = scim.user(f"new{number}")
            stayed[new["userName"]] = new
    assert_complete(walker.seen, stayed)
    assert walker.seen[-3:] == ["new0", "new1", "new2"]


def test_a_walk_ends_where_the_rest_is_gone(scim: Scim) -> None:
    """The page is empty, and `totalResults` is what the walk has seen."""
    users = crowd(scim, 9)
    walker = Walker(scim, 4)
    walker.step()
    for user in list(users.values())[2:]:
        scim.delete(path_of(user))
    page = walker.page()
    assert (page["totalResults"], page["Resources"]) == (4, [])


def test_a_page_is_shortened_by_no_more_than_it_takes(scim: Scim) -> None:
    """The gap that another walk found at its end is gone: the page ends one before, where a place is free."""
    users = crowd(scim, 50)
    last = Walker(scim, 40).step()[-1]
    scim.delete(path_of(users[last]))
    assert len(Walker(scim, 40).step()) == 39


@pytest.mark.requirement("P-09")
@settings(suppress_health_check=list(HealthCheck), max_examples=20)
@given(data=st.data())
def test_walks_at_once_are_apart(data: st.DataObject, scim: Scim) -> None:
    """Of the walks that one token makes of one list, in whatever turns, each loses nobody and sees nobody twice."""
    client = new_client(scim.app)
    stayed = crowd(client, 24)
    query = data.draw(st.sampled_from(QUERIES))
    walkers = [Walker(client, data.draw(st.sampled_from((8, 8, 10))), **query) for _ in range(3)]
    while open_walkers := [walker for walker in walkers if not walker.is_done]:
        match data.draw(st.sampled_from(("step", "step", "delete", "retry", "restart"))):
            case "delete" if stayed:
                client.delete(path_of(stayed.pop(data.draw(st.sampled_from(sorted(stayed))))))
            case "retry":
                data.draw(st.sampled_from(open_walkers)).page()
            case "restart" if len(walkers) < 5:
                walkers.append(Walker(client, 8, **query))
            case _:
                data.draw(st.sampled_from(open_walkers)).step()
    for walker in walkers:
        assert_complete(walker.seen, stayed)


@pytest.mark.parametrize("query", QUERIES[:2], ids=str)
def test_a_client_that_adds_count_follows_a_walk_of_before(query: dict[str, str], scim: Scim) -> None:
    """As an import that is begun again soon, after some of those on its first pages were deleted."""
    stayed = crowd(scim, 25)
    list(Walker(scim, 5, **query).walk())
    for name in ("u001", "u003", "u007"):
        scim.delete(path_of(stayed.pop(name)))
    seen, start, total = list[str](), 1, 25
    while start <= total:
        page = scim.get("/Users", query={"startIndex": start, "count": 5, **query}).json
        seen += [user["userName"] for user in page["Resources"]]
        start, total = start + 5, page["totalResults"]
    assert_complete(seen, stayed)
    walker = Walker(scim, 5, **query)
    list(walker.walk())
    assert_complete(walker.seen, stayed)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_a_page_that_is_asked_for_again(query: dict[str, str], scim: Scim) -> None:
    """It is the same page, as far as those on it are still there; from either answer the walk goes on right."""
    stayed = crowd(scim, 20)
    for which in range(2):
        walker = Walker(scim, 5, **query)
        walker.step()
        first = walker.page()
        assert walker.page() == first
        gone = first["Resources"][2]["userName"]
        scim.delete(path_of(stayed.pop(gone)))
        again = walker.page()
        assert again["Resources"] == [user for user in first["Resources"] if user["userName"] != gone]
        assert walker.page() == again
        late = Walker(scim, 5, **query)
        late.seen, late._start = walker.seen + [u["userName"] for u in first["Resources"]], 11
        for each in (late, walker)[:: 1 - 2 * which]:
            list(each.walk())
            assert_complete(each.seen, stayed)


@pytest.mark.requirement("P-02", "P-05", "P-06")
def test_a_reader_that_jumps_counts_what_is_there(scim: Scim) -> None:
    """Where no walk has ended a page, `startIndex` is a number in the list as it is."""
    users = crowd(scim, 12)
    assert scim.names(startIndex=1, count=5)[0] == "u000"
    scim.delete(path_of(users["u001"]))
    assert scim.names(startIndex=4, count=3) == ["u004", "u005", "u006"]
    assert scim.names(startIndex=6, count=2) == ["u005", "u006"]  # Where the first page ended.
    assert scim.names(startIndex=1, count=3) == ["u000", "u002", "u003"]
    answer = scim.get("/Users", query={"startIndex": 6, "count": 0}).json
    assert (answer["totalResults"], answer["Resources"]) == (11, [])
    assert scim.names(startIndex=100) == []


def test_walks_of_others_are_apart(scim: Scim) -> None:
    """Another token, filter or order has places of its own: its pages are as long as it asks."""
    users = crowd(scim, 12)
    assert len(scim.names(startIndex=1, count=5)) == 5
    scim.delete(path_of(users["u001"]))
    with scim.app.app_context():
        service = current_service()
    principal = service.authenticate(scim.token)
    assert principal is not None
    other = Scim(scim.app, token=service.tokens.create(principal.tenant)[0])
    for reader, query in ((other, {}), (scim, {"filter": "active eq true"}), (scim, {"sortBy": "id"})):
        assert len(reader.names(startIndex=1, count=5, **query)) == 5
        assert len(reader.names(startIndex=6, count=5, **query)) == 5
    assert scim.names(startIndex=1, count=5) == ["u000", "u002", "u003", "u004"]


@pytest.mark.requirement("Q-03")
def test_a_walk_by_body_is_one_by_url(scim: Scim) -> None:
    """A walk may change the way it asks."""
    users = crowd(scim, 6)
    assert scim.names(count=2) == ["u000", "u001"]
    scim.delete(path_of(users["u000"]))
    answer = scim.post("/Users/.search", {"schemas": [SEARCH], "startIndex": 3, "count": 2}).json
    assert [user["userName"] for user in answer["Resources"]] == ["u002", "u003"]


def test_a_place_is_kept_for_a_time(fresh: Scim) -> None:
    """Who reads on within `TIMEOUT` loses nobody; later the place is a number again."""
    users = crowd(fresh, 12)
    backend, now = backend_of(fresh), datetime(2027, 1, 31, tzinfo=UTC)
    backend.clock = lambda: now
    walker = Walker(fresh, 3)
    walker.step()
    fresh.delete(path_of(users["u000"]))
    now += timedelta(seconds=TIMEOUT)
    assert walker.step() == ["u003", "u004", "u005"]
    now += timedelta(seconds=2 * TIMEOUT)
    assert walker.step() == ["u007", "u008", "u009"]


def test_a_list_is_read_though_no_place_can_be_kept(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that takes no writes gives pages by number."""
    crowd(fresh, 7)

    def refuse(*_: object) -> str:
        raise StoreUnavailable("read-only")

    monkeypatch.setattr(backend_of(fresh), "_remember", refuse)
    walker = Walker(fresh, 3)
    assert [len(names) for names in walker.walk()] == [3, 3, 1]
    assert walker.seen == [f"u{n:03}" for n in range(7)]


def test_places_are_kept_where_there_is_more(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lookups, last pages and pages that were asked for before write nothing."""
    crowd(fresh, 7)
    backend, kept = backend_of(fresh), []
    remember = backend._remember

    def noted(*arguments: Any) -> str:
        kept.append(arguments)
        return str(remember(*arguments))

    monkeypatch.setattr(backend, "_remember", noted)
    for query in ({"filter": 'userName eq "u001"', "count": 1}, {"count": 7}, {"count": 0}, {"startIndex": 6}):
        fresh.get("/Users", query=query)
    assert kept == []
    fresh.get("/Users", query={"count": 3})
    assert len(kept) == 1
    fresh.get("/Users", query={"count": 3})
    assert len(kept) == (1 if isinstance(backend, SQLiteBackend) else 2)  # SQLite reads it along with the page.


@pytest.mark.requirement("S-09", "P-09")
@pytest.mark.parametrize("query", [{}, {"sortBy": "userName"}, {"filter": "active eq true"}], ids=str)
@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_walks_one_after_the_other_are_complete(size: int, query: dict[str, str], scim: Scim) -> None:
    """Each sees everybody once, though somebody comes and somebody goes before each, and no place is left for it."""
    stayed = crowd(scim, 3 * size)
    for number in range(size + 3):
        new = scim.user(f"a{number:03}")
        stayed[new["userName"]] = new
        scim.delete(path_of(stayed.pop(next(iter(stayed)))))
        walker = Walker(scim, size, **query)
        assert sorted(name for names in walker.walk() for name in names) == sorted(stayed)


def test_a_page_is_never_shortened_to_nothing(scim: Scim) -> None:
    """Pages of one cannot end elsewhere: the walk that reads takes the place."""
    users = crowd(scim, 4)
    assert scim.names(startIndex=1, count=1) == ["u000"]
    scim.delete(path_of(users["u000"]))
    walker = Walker(scim, 1)
    assert list(walker.walk()) == [["u001"], ["u002"], ["u003"]]


def test_a_place_that_is_read_along_is_prolonged_in_time(fresh: Scim) -> None:
    """Whoever reads a page can go on within `TIMEOUT`, though its end was kept for another reader before."""
    users = crowd(fresh, 12)
    backend, now = backend_of(fresh), datetime(2027, 1, 31, tzinfo=UTC)
    backend.clock = lambda: now
    Walker(fresh, 3).step()
    now += timedelta(seconds=1.5 * TIMEOUT)
    walker = Walker(fresh, 3)
    walker.step()
    fresh.delete(path_of(users["u000"]))
    now += timedelta(seconds=TIMEOUT - 1)
    assert walker.step() == ["u003", "u004", "u005"]
