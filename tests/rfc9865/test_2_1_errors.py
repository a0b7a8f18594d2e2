"""RFC 9865 §2.1 and §5: cursors that are none, and what they tell nobody."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from flask_bsr_scim.cursors import TIMEOUT
from flask_bsr_scim.schema import Document
from tests.client import SEARCH, TOKEN, Scim, assert_error, new_client
from tests.rfc9865.conftest import Ask, by_body, by_url, names, service_of, set_clock, walk

QUERY = {"count": 2, "filter": 'userName sw "u"', "attributes": "userName"}


def people(scim: Scim) -> Scim:
    """Create five users, and a group that the filter would find too."""
    for number in range(5):
        scim.user(f"u{number}")
    return scim


@pytest.fixture
def crowd(scim: Scim) -> Scim:
    """A client of a tenant with five users."""
    return people(scim)


@pytest.fixture
def cursor(crowd: Scim) -> str:
    """The cursor of the second page."""
    return str(by_url(crowd, "/Users", {**QUERY, "cursor": ""})["nextCursor"])


def page(scim: Scim, cursor: str, path: str = "/Users", **query: object) -> TestResponse:
    """Ask for the page of a cursor."""
    asked = {name: value for name, value in {**QUERY, "cursor": cursor, **query}.items() if value is not None}
    return scim.get(path, query=asked)


def forged(cursor: str) -> list[str]:
    """Return texts that look much like a cursor."""
    payload, _, signature = cursor.partition(".")
    other = base64.urlsafe_b64encode(json.dumps([2**40, 2, "User", "1", False, 0]).encode()).decode().rstrip("=")
    own = URLSafeSerializer("key", "cursor").dumps([2**40, 2, "User", "1", False, 0])
    return ["x", ".", "0", "1", "é", "\0", "..", payload, f"{payload}.", f".{signature}", f"{cursor}x", f"x{cursor}",
            f"{payload}.{signature[::-1]}", f"{other}.{signature}", str(own), f".{cursor}", cursor.upper(), " ",
            f"{cursor} ", "x" * 9999]  # fmt: skip


@pytest.mark.requirement("K-09", "K-19")
def test_a_made_up_cursor_is_refused(crowd: Scim, cursor: str) -> None:
    """400 `invalidCursor`, in the same words whatever is wrong with it."""
    assert names(page(crowd, cursor).json) == ["u2", "u3"]
    answers = [page(crowd, text) for text in forged(cursor)]
    for answer in answers:
        assert_error(answer, 400, "invalidCursor", "This query gave no such cursor.")
    assert len({answer.text for answer in answers}) == 1
    body = {"schemas": [SEARCH], "cursor": forged(cursor)[7]}
    assert_error(crowd.post("/Users/.search", body), 400, "invalidCursor")


@pytest.mark.requirement("K-09")
@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_altered_cursor_is_refused(data: st.DataObject, crowd: Scim, cursor: str) -> None:
    """A cursor with one character changed, left out or put in is none."""
    place = data.draw(st.integers(0, len(cursor) - 1))
    with_other = data.draw(st.sampled_from("AQgwz09-_.")) if data.draw(st.booleans()) else ""
    altered = cursor[:place] + with_other + cursor[place + data.draw(st.integers(0, 1)) :]
    if altered == cursor or _means_the_same(altered, cursor):
        return
    assert_error(page(crowd, altered), 400, "invalidCursor" if altered else None)


def _means_the_same(one: str, other: str) -> bool:
    """Tell whether two texts are the same bytes: the last character of base64 has bits that mean nothing."""
    return one[:-1] == other[:-1] and len(one) == len(other)


@pytest.mark.requirement("K-12")
@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"filter": 'userName sw "U"'}, id="another filter"),
        pytest.param({"filter": None}, id="no filter"),
        pytest.param({"sortBy": "userName"}, id="an order"),
        pytest.param({"attributes": "userName,name"}, id="other attributes"),
        pytest.param({"attributes": None}, id="no attributes"),
        pytest.param({"attributes": None, "excludedAttributes": "userName"}, id="excluded attributes"),
        pytest.param({"path": "/Groups", "filter": None}, id="another endpoint"),
        pytest.param({"path": ""}, id="all types"),
    ],
)
def test_a_cursor_goes_with_its_query(query: dict[str, Any], crowd: Scim, cursor: str) -> None:
    """400 `invalidCursor`."""
    assert_error(page(crowd, cursor, **query), 400, "invalidCursor")


@pytest.mark.requirement("K-12")
@pytest.mark.parametrize(
    ("first", "second"),
    [({"sortBy": "id"}, {"sortBy": "userName"}), ({"sortBy": "id"}, {"sortBy": "id", "sortOrder": "descending"})],
)
def test_a_cursor_goes_with_its_order(first: dict[str, str], second: dict[str, str], crowd: Scim) -> None:
    """A place in one order is none in another."""
    cursor = page(crowd, "", **first).json["nextCursor"]
    assert page(crowd, cursor, **first).status_code == 200
    assert_error(page(crowd, cursor, **second), 400, "invalidCursor")


@pytest.mark.requirement("K-18", "K-19", "Z-13")
def test_a_cursor_of_another_tenant_is_refused(crowd: Scim, cursor: str) -> None:
    """Like one that is made up; and of a tenant that has no cursors yet, too."""
    for stranger in (people(new_client(crowd.app)), new_client(crowd.app)):
        answer = page(stranger, cursor)
        assert_error(answer, 400, "invalidCursor")
        assert answer.text == page(stranger, "x").text


@pytest.mark.requirement("K-18")
def test_a_cursor_gives_no_rights(crowd: Scim, cursor: str) -> None:
    """Another token of the tenant may use it; without one, or with a revoked one, it is of no use."""
    service = service_of(crowd)
    principal = service.authenticate(crowd.token)
    assert principal is not None
    other = Scim(crowd.app, token=service.tokens.create(principal.tenant)[0])
    assert names(page(other, cursor).json) == ["u2", "u3"]
    service.tokens.delete(principal.tenant, principal.token_id)
    assert_error(page(crowd, cursor), 401)


@pytest.mark.requirement("K-11")
@pytest.mark.parametrize("size", [1, 3, 0, -2, 1000, None], ids=str)
def test_another_count_is_refused(size: int | None, crowd: Scim, cursor: str) -> None:
    """400 `invalidCount`."""
    assert_error(page(crowd, cursor, count=size), 400, "invalidCount", "count differs")


@pytest.mark.requirement("K-11")
@pytest.mark.parametrize("size", ["", "x", "1.5", "1e3", "²"])
@pytest.mark.parametrize("first", [True, False], ids=["first", "second"])
def test_a_count_that_is_none_is_refused(first: bool, size: str, crowd: Scim, cursor: str) -> None:
    """400 `invalidCount`, on the first page too; in a body as well."""
    where = "" if first else cursor
    assert_error(page(crowd, where, count=size), 400, "invalidCount", "count must be a whole number.")
    body = {"schemas": [SEARCH], "cursor": where, "count": size}
    assert_error(crowd.post("/Users/.search", body), 400, "invalidCount", "count must be a whole number.")


@pytest.mark.requirement("K-11")
def test_a_count_that_comes_to_the_same_is_taken(make_scim: Callable[..., Scim]) -> None:
    """Leaving it out asks for the default size, and too many for the largest."""
    scim = people(make_scim(default_count=2, max_results=2))
    cursor = by_url(scim, "/Users", {"cursor": ""})["nextCursor"]
    for size in ({}, {"count": 2}, {"count": 500}):
        assert names(by_url(scim, "/Users", {"cursor": cursor, **size})) == ["u2", "u3"]


@pytest.mark.requirement("K-15")
def test_an_index_beside_a_cursor_is_refused(crowd: Scim, cursor: str) -> None:
    """400; whatever their values."""
    for where in ("", cursor):
        assert_error(page(crowd, where, startIndex=1), 400, "invalidValue", "startIndex and cursor")
        body = {"schemas": [SEARCH], "cursor": where, "startIndex": 3}
        assert_error(crowd.post("/.search", body), 400, "invalidValue", "startIndex and cursor")


@pytest.mark.requirement("K-10", "D-32")
@pytest.mark.parametrize("link", ["nextCursor", "previousCursor"])
@pytest.mark.parametrize("query", [{}, {"sortBy": "userName"}], ids=["in the order of creation", "sorted"])
def test_a_cursor_ends(query: dict[str, str], link: str, fresh: Scim) -> None:
    """`expiredCursor` after `cursorTimeout`, which counts from the page that gave it."""
    people(fresh)
    timeout = fresh.get("/ServiceProviderConfig").json["pagination"]["cursorTimeout"]
    assert timeout == TIMEOUT
    set_clock(fresh, 0)
    second = by_url(fresh, "/Users", {**query, "count": 2, "cursor": ""})["nextCursor"]
    set_clock(fresh, timeout - 1)
    given = by_url(fresh, "/Users", {**query, "count": 2, "cursor": second})[link]
    set_clock(fresh, timeout)
    asked = {**query, "count": 2}
    assert_error(fresh.get("/Users", query={**asked, "cursor": second}), 400, "expiredCursor")
    set_clock(fresh, 2 * timeout - 2)
    assert fresh.get("/Users", query={**asked, "cursor": given}).status_code == 200
    set_clock(fresh, 2 * timeout - 1)
    assert_error(fresh.get("/Users", query={**asked, "cursor": given}), 400, "expiredCursor")


def test_a_cursor_works_in_another_process(tmp_path: Path) -> None:
    """The key is in the store; the change log has nothing of it, and it is made once."""
    clients = []
    for name in ("one", "two"):
        app = Flask(name)
        BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}", token=TOKEN)
        clients.append(Scim(app))
    one, two = clients
    people(one)
    asked = {"count": 2}
    first = by_url(one, "/Users", {**asked, "cursor": ""})
    second = by_url(two, "/Users", {**asked, "cursor": first["nextCursor"]})
    assert names(by_url(one, "/Users", {**asked, "cursor": second["nextCursor"]})) == ["u4"]
    backend = service_of(one).backend
    (entry,) = (e for e in backend.log("default", count=1000) if e.type == "Secret")
    secret = backend.get("default", "Secret", entry.id)
    assert secret is not None
    assert secret.document["key"] not in json.dumps(entry.delta)


def test_two_processes_may_be_the_first(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second with a key takes that of the first."""
    people(fresh)
    backend = service_of(fresh).backend
    get = backend._get
    missing = [True]

    def blind(*arguments: Any) -> object:
        if arguments[1] == "Secret" and missing:
            missing.clear()
            by_url(Scim(fresh.app), "/Users", {"cursor": "", "count": 1})  # Another one is quicker.
            return None
        return get(*arguments)

    monkeypatch.setattr(backend, "_get", blind)
    assert names(*walk(fresh, "/Users", count=2)) == [f"u{number}" for number in range(5)]
    assert sum(entry.type == "Secret" for entry in backend.log("default", count=1000)) == 1


@pytest.mark.requirement("K-19")
def test_a_cursor_holds_nothing_of_people(fresh: Scim) -> None:
    """What is in it is a place, a size and a time, in sorted lists too: URLs end up in logs."""
    people(fresh)
    for query in ({}, {"sortBy": "userName"}, {"filter": 'userName sw "u"'}):
        cursor = by_url(fresh, "/Users", {**query, "count": 2, "cursor": ""})["nextCursor"]
        payload = cursor.partition(".")[0]
        content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        assert [type(value) for value in content[:2]] == [int, int]
        assert not any("u1" in str(value) for value in content)


@pytest.mark.requirement("K-16")
def test_the_two_ways_to_ask_share_their_cursors(crowd: Scim) -> None:
    """A query is the same in a URL and in a body."""
    ways: list[Ask] = [by_url, by_body]
    for there, back in (ways, ways[::-1]):
        query: Document = {"count": 2, "filter": "active eq true"}
        cursor = there(crowd, "/Users", {**query, "cursor": ""})["nextCursor"]
        assert names(back(crowd, "/Users", {**query, "cursor": cursor})) == ["u2", "u3"]


# What is announced


@pytest.mark.requirement("D-31", "D-32")
def test_what_is_announced_is_true(make_scim: Callable[..., Scim]) -> None:
    """Both methods, the default one, and the sizes that are in force."""
    scim = make_scim(default_count=9, max_results=3)
    pagination = scim.get("/ServiceProviderConfig").json["pagination"]
    assert pagination == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 3,
        "maxPageSize": 3,
        "cursorTimeout": 3600,
    }
    (schema,) = (s for s in scim.get("/Schemas").json["Resources"] if s["name"] == "ServiceProviderConfig")
    (described,) = (a for a in schema["attributes"] if a["name"] == "pagination")
    assert [sub["name"] for sub in described["subAttributes"]] == list(pagination)
    assert [sub["name"] for sub in described["subAttributes"] if sub["required"]] == ["cursor", "index"]
