"""The contract of pages that begin behind others."""

from typing import Any

import pytest

from flask_bsr_scim.backends.base import Backend, Key, Page, Removal, RemovalOfAll
from flask_bsr_scim.backends.testing.data import EXTRA, TENANT, changed, commit, person, query, team

_NICKNAMES = ("b", "B", None, "a", "ä", None, "", "c", "b", "a'\"%", None, "A")
_LEVELS = (3, None, -1, 2.5, 3, 10, None, 3)

ORDERS = [
    pytest.param(None, id="creation"),
    pytest.param("id", id="id"),
    pytest.param("nickName", id="equal and absent values"),
    pytest.param(f"{EXTRA}:level", id="numbers"),
    pytest.param("active", id="boolean"),
    pytest.param("emails", id="several values"),
    pytest.param("groups.display", id="membership"),
    pytest.param("meta.created", id="time"),
    pytest.param("meta.version", id="version"),
    pytest.param("meta.resourceType", id="all the same"),
    pytest.param("meta", id="nobody has any"),
]
FILTERS = [None, 'userName sw "p"', 'nickName eq "B" or not (nickName pr)']


def _crowd() -> list[Any]:
    people = []
    for number, nickname in enumerate(_NICKNAMES):
        attributes: dict[str, Any] = {} if nickname is None else {"nickName": nickname}
        if number % 2:
            attributes["active"] = number % 3 == 0
        if number % 4 != 1:
            emails = [{"value": f"{9 - number}@x.org"}, {"value": f"{number}@y.org"}]
            attributes["emails"] = emails[: 1 + number % 2]
        if number < len(_LEVELS) and _LEVELS[number] is not None:
            attributes[EXTRA] = {"level": _LEVELS[number]}
        people.append(person(f"p{(5 * number) % 12:02}", **attributes))
    return people


def _ids(page: Page) -> list[str]:
    return [resource.id for resource in page.resources]


class PageContract:
    """What `after`, `reverse`, `cursors` and `more` promise."""

    @pytest.fixture
    def crowd(self, backend: Backend) -> Backend:
        """A store with twelve people, of whom some are in teams."""
        people = _crowd()
        commit(backend, *people)
        commit(backend, team("t", *(p.id for p in people[2:9:3]), displayName="T"), team("s", people[4].id))
        return backend

    def _page(self, backend: Backend, *asked: Any, **rest: Any) -> Page:
        return backend.query(TENANT, "Person", query("Person", *asked, **rest))

    def _walk(self, backend: Backend, *asked: Any, **rest: Any) -> list[Page]:
        pages = [self._page(backend, *asked, **rest)]
        while pages[-1].more:
            assert len(pages) < pages[0].total, "the cursors do not move on"
            pages.append(self._page(backend, *asked, **{**rest, "after": pages[-1].cursor}))
        return pages

    @pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
    @pytest.mark.parametrize("sort_by", ORDERS)
    @pytest.mark.parametrize("filter", FILTERS)
    def test_walks(self, crowd: Backend, filter: str | None, sort_by: str | None, descending: bool) -> None:
        """Page after page shows the whole list in its order, and backwards in the reverse of it; each has the total."""
        order: dict[str, Any] = {} if sort_by is None else {"descending": descending}
        whole = self._page(crowd, filter, sort_by, **order)
        assert whole.more is False
        for reverse, expected in ((False, _ids(whole)), (True, _ids(whole)[::-1])):
            for size in (1, 2, 5, whole.total):
                pages = self._walk(crowd, filter, sort_by, count=size, reverse=reverse, **order)
                assert [i for page in pages for i in _ids(page)] == expected
                assert {page.total for page in pages} == {whole.total}
                assert [len(page.cursors) for page in pages] == [len(page.resources) + 1 for page in pages]

    @pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
    @pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
    @pytest.mark.parametrize("sort_by", ORDERS)
    def test_each_gap(self, crowd: Backend, sort_by: str | None, reverse: bool, descending: bool) -> None:
        """Behind the cursor of a gap are those behind it, and in the other direction those before it, nearest first."""
        order: dict[str, Any] = {} if sort_by is None else {"descending": descending}
        whole = self._page(crowd, None, sort_by, reverse=reverse, **order)
        for place, cursor in enumerate(whole.cursors):
            onward = self._page(crowd, None, sort_by, after=cursor, reverse=reverse, **order)
            back = self._page(crowd, None, sort_by, after=cursor, reverse=not reverse, **order)
            assert _ids(onward) == _ids(whole)[place:]
            assert _ids(back) == _ids(whole)[:place][::-1]
            skipped = self._page(crowd, None, sort_by, after=cursor, reverse=reverse, offset=2, count=3, **order)
            assert _ids(skipped) == _ids(whole)[place:][2:5]
            assert skipped.more is (len(_ids(whole)[place:]) > 5)

    @pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
    @pytest.mark.parametrize("sort_by", [None, "nickName", f"{EXTRA}:level", "meta.created"])
    def test_a_gap_outlives_its_resources(self, crowd: Backend, sort_by: str | None, descending: bool) -> None:
        """Whatever is removed and created, what stays is on the same side of a gap as before."""
        order: dict[str, Any] = {} if sort_by is None else {"descending": descending}
        whole = self._page(crowd, None, sort_by, **order)
        gone = _ids(whole)[1::2]
        commit(crowd, *(RemovalOfAll(Key("Person", "userName", i)) for i in gone))
        commit(crowd, *(person(f"new{n}", nickName=name) for n, name in enumerate(["", "b", "zz"])), person("new"))
        for place, cursor in enumerate(whole.cursors):
            onward = _ids(self._page(crowd, None, sort_by, after=cursor, **order))
            back = _ids(self._page(crowd, None, sort_by, after=cursor, reverse=True, **order))
            assert [i for i in onward if i[:3] != "new"] == [i for i in _ids(whole)[place:] if i not in gone]
            assert [i for i in back if i[:3] != "new"] == [i for i in _ids(whole)[:place][::-1] if i not in gone]
            assert {i for i in (*onward, *back) if i[:3] == "new"} == {"new", "new0", "new1", "new2"}

    def test_who_comes_is_behind_all_gaps(self, backend: Backend) -> None:
        """In the order of creation a new resource is behind whoever was there before, gone or not."""
        commit(backend, *map(person, "abc"))
        end = self._page(backend).cursor
        commit(backend, Removal("Person", "c"))
        commit(backend, person("d"))
        assert _ids(self._page(backend, after=end)) == ["d"]
        commit(backend, *(Removal("Person", gone) for gone in "abd"))
        commit(backend, person("e"))
        assert _ids(self._page(backend, after=end)) == ["e"]

    @pytest.mark.parametrize("sort_by", [None, "nickName"])
    @pytest.mark.parametrize("filter", [None, 'userName eq "p00" or userName eq "p05"', 'userName eq "p05"'])
    def test_the_ends(self, crowd: Backend, filter: str | None, sort_by: str | None) -> None:
        """A page that holds nothing stands where it began; one that was to hold nothing has no more behind it."""
        whole = self._page(crowd, filter, sort_by)
        end = self._page(crowd, filter, sort_by, after=whole.cursor)
        assert (end.total, list(end.resources), list(end.cursors), end.more) == (whole.total, [], [whole.cursor], False)
        start = self._page(crowd, filter, sort_by, after=whole.cursors[0], reverse=True)
        assert list(start.cursors) == [whole.cursors[0]]
        for count in (0, -1):
            none = self._page(crowd, filter, sort_by, count=count)
            assert (none.total, list(none.resources), none.cursor, none.more) == (whole.total, [], None, False)
        beyond = self._page(crowd, filter, sort_by, offset=whole.total)
        assert (beyond.total, list(beyond.resources), beyond.more) == (whole.total, [], False)

    def test_a_whole_page_has_nothing_behind_it(self, crowd: Backend) -> None:
        """`more` is true where at least one more match follows."""
        for count in range(1, 14):
            assert self._page(crowd, count=count).more is (count < 12)
            assert self._page(crowd, offset=5, count=count).more is (count < 7)
            assert self._page(crowd, 'nickName eq "b"', count=count).more is (count < 3)

    def test_a_change_moves_only_what_it_changes(self, crowd: Backend) -> None:
        """In a sorted order a resource whose value changes may come twice or never; nobody else does."""
        first = self._page(crowd, None, "nickName", count=4)
        people = {p.id: p for p in _crowd()}
        moved = _ids(first)[0]
        commit(crowd, changed(people[moved], nickName="zzz"))
        rest = self._page(crowd, None, "nickName", after=first.cursor)
        assert sorted(i for i in _ids(first) + _ids(rest) if i != moved) == sorted(people.keys() - {moved})
