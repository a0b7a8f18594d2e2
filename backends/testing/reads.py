"""The contract of reads, of the change log, and of what a store does besides."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from flask_bsr_scim.backends.base import DEFAULT_TENANT, NOBODY, Backend, LogEntry, Page, Removal
from flask_bsr_scim.backends.testing.data import (
    ACTOR,
    OTHER,
    TENANT,
    VIEW,
    ManualClock,
    changed,
    commit,
    everything,
    found,
    linked,
    note,
    person,
    query,
    stored,
    team,
    write,
)
from flask_bsr_scim.errors import ConfigurationError, TooMany
from flask_bsr_scim.filter import evaluate
from flask_bsr_scim.schema import Document

PEOPLE = (
    person("c", userName="100%", nickName="Ärger", active=True, emails=[{"value": "x@example.com", "type": "work"}]),
    person("a", userName="A_b", nickName="ärger", **{"urn:example:Extra": {"level": 10}}),
    person("d", userName="a*[b", active=False, emails=[{"value": "y@example.com"}, {"value": "z@example.org"}]),
    person("b", userName="'; --", nickName="", **{"urn:example:Extra": {"level": 9}}),
)

FILTERS = (
    'userName eq "a_B"',
    'userName eq "axb"',
    'userName co "%"',
    'userName sw "A"',
    'userName ew "B"',
    'userName co ""',
    'nickName eq "ÄRGER"',
    'nickName gt "a"',
    'nickName ne "x"',
    "nickName pr",
    "nickName eq null",
    "active eq true",
    "active ne true",
    "not (active eq false)",
    "urn:example:Extra:level gt 9",
    "urn:example:Extra pr",
    'emails.value ew ".org"',
    'emails[type eq "work" and value co "y"]',
    "emails[not (type pr)]",
    "emails pr",
    'id eq "a"',
    'id eq "t"',
    'id gt "b"',
    'meta.lastModified gt "2026-01-01T00:00:02Z"',
    'meta.created le "2026-01-01T01:00:02+01:00"',
    'meta.resourceType eq "Person"',
    'meta.location ew "/People/a"',
    'meta.version eq "W/\\"1\\""',
    'meta.version co "-g"',
    'schemas eq "urn:example:Person"',
    'groups.value eq "t"',
    'groups[display eq "team"]',
    "groups pr",
    'not (groups.display co "ea")',
    'userName eq "100%" and active eq true',
    'userName eq "100%" or nickName eq "ärger"',
)


class ReadContract:
    """What the methods of :class:`Backend` other than commit promise."""

    @pytest.fixture
    def people(self, backend: Backend, clock: ManualClock) -> Backend:
        """A store with four people, made in another order than that of their ids, and a team of two."""
        for someone in PEOPLE:
            clock.advance(seconds=1)
            commit(backend, someone)
        commit(backend, team("t", "c", "b", displayName="Team"), note("n"))
        commit(backend, person("a", userName="other"), person("x"), team("u", "x"), tenant=OTHER)
        return backend

    def test_get(self, people: Backend) -> None:
        """A resource is found by type and id in its tenant; its memberships come when they are asked for."""
        resource = people.get(TENANT, "Person", "c")
        assert resource is not None
        assert resource.document == PEOPLE[0].document
        assert resource.links == ()
        assert [link.id for link in stored(people, "Person", "c").links] == ["t"]
        assert people.get(TENANT, "Team", "c") is None
        assert people.get(OTHER, "Person", "c") is None
        assert people.get("nowhere", "Person", "c") is None

    def test_get_both(self, people: Backend) -> None:
        """Each of two resources is what :meth:`Backend.get` finds, and the second one comes without its memberships."""
        c, b, t, nobody = ("Person", "c"), ("Person", "b"), ("Team", "t"), ("Person", "nobody")
        for first, second in (
            (c, t),
            (t, c),
            (c, b),
            (c, c),
            (c, nobody),
            (nobody, t),
            (("Team", "c"), ("Person", "t")),
        ):
            for links in (True, False):
                alone = people.get(TENANT, *first, links=links), people.get(TENANT, *second)
                assert people.get_both(TENANT, first, second, links=links) == alone
        assert people.get_both(OTHER, c, ("Person", "x")) == (None, people.get(OTHER, "Person", "x"))
        assert people.get_both("nowhere", c, t) == (None, None)
        with people.together(TENANT):
            commit(people, changed(PEOPLE[0], nickName="new"), Removal("Person", "b"))
            found, gone = people.get_both(TENANT, c, b)
        assert found is not None
        assert (found.document["nickName"], gone) == ("new", None)

    def test_find(self, people: Backend) -> None:
        """A resource is found by a unique value in its tenant."""
        assert people.find(TENANT, "Person", "userName", "a_B") == people.get(TENANT, "Person", "a")
        assert people.find(TENANT, "Person", "emails.value", "Z@example.org") == people.get(TENANT, "Person", "d")
        assert people.find(TENANT, "Team", "displayName", "Team") == people.get(TENANT, "Team", "t")
        assert people.find(TENANT, "Team", "displayName", "team") is None
        assert people.find(OTHER, "Person", "userName", "a_b") is None
        assert people.find("nowhere", "Person", "userName", "a_b") is None
        for tenant, name in ((TENANT, "A_B"), (TENANT, "nobody"), (OTHER, "a_b"), ("nowhere", "a_b")):
            held = people.find(tenant, "Person", "userName", name) is not None
            assert people.is_held(tenant, "Person", "userName", name) is held
        assert [people.is_held(TENANT, "Team", "displayName", name) for name in ("Team", "team")] == [True, False]

    def test_creation_order(self, people: Backend) -> None:
        """Without a sort order resources come in the order of their creation, whatever was changed since."""
        commit(people, person("e", nickName="new"), changed(PEOPLE[0], nickName="new"), Removal("Person", "a"))
        assert found(people, "Person") == ["c", "d", "b", "e"]
        assert found(people, "Person", 'nickName eq "new"') == ["c", "e"]

    @pytest.mark.parametrize(
        ("offset", "count", "ids"),
        [(0, 2, "ca"), (1, 2, "ad"), (3, 2, "b"), (4, 2, ""), (9, 9, ""), (0, 0, ""), (2, 0, ""), (0, 4, "cadb")],
    )
    @pytest.mark.parametrize("filter", [None, "userName pr"])
    @pytest.mark.parametrize("sort_by", [None, "meta.created", "meta.resourceType"])
    def test_pages(
        self, people: Backend, offset: int, count: int, ids: str, filter: str | None, sort_by: str | None
    ) -> None:
        """A page begins at its offset and has at most `count` resources; the total counts all matches."""
        page = people.query(TENANT, "Person", query("Person", filter, sort_by, offset=offset, count=count))
        assert ([resource.id for resource in page.resources], page.total) == (list(ids), 4)

    def test_links_of_a_page(self, people: Backend) -> None:
        """The resources of a page are what `get` returns, with all of their memberships or without."""
        commit(people, team("v", *"abcd"), team("w", "c"))
        for links in (True, False):
            page = people.query(TENANT, "Person", query("Person", links=links))
            assert list(page.resources) == [people.get(TENANT, "Person", i, links=links) for i in "cadb"]
        assert people.query(TENANT, "Team", query("Team")).resources == [stored(people, "Team", i) for i in "tvw"]
        assert linked(people, "Person", "c") == ["t", "v", "w"]

    @pytest.mark.parametrize("filter", [None, 'userName eq "a_b"', 'nickName co "/"', 'userName eq "nobody"'])
    @pytest.mark.parametrize("page", [{}, {"links": False}, {"offset": 1, "count": 2}, {"reverse": True}])
    def test_texts_of_a_page(self, people: Backend, filter: str | None, page: dict[str, Any]) -> None:
        """What may be there instead of resources looks as they do, whatever a client wrote."""
        awkward = (
            "\\/",
            "\x7f",
            "\x7f/People/",
            '"\\/People/',
            '"$ref":"/People/a"',
            '\\""}}',
            ',"meta":{"resourceType":"Person"',
        )
        commit(people, *(person(f"e{number}", nickName=text) for number, text in enumerate(awkward)))
        asked = query("Person", filter, **page)
        known, shown = (people.query(TENANT, "Person", replace(asked, texts=texts)) for texts in (False, True))
        assert shown._replace(resources=(), texts=None) == known._replace(resources=())
        assert _documents(shown) == list(map(VIEW.document, known.resources))
        assert _documents(shown.cut(1)) == _documents(shown)[: shown.cut(1).size] == _documents(shown)[:1]

    def test_queries_of_tenants_are_apart(self, people: Backend) -> None:
        """A query finds and counts what is in its tenant alone."""
        assert found(people, "Person", tenant=OTHER) == ["a", "x"]
        assert found(people, "Person", 'userName eq "other"') == []
        assert found(people, "Person", 'groups.value eq "u"') == []
        assert people.query("nowhere", "Person", query("Person")).total == 0

    @pytest.mark.parametrize("filter", FILTERS)
    def test_filters(self, people: Backend, filter: str) -> None:
        """A filter selects what the evaluator says, whether memberships come along or not."""
        asked = query("Person", filter)
        assert asked.filter is not None
        resources = [stored(people, "Person", i) for i in "cadb"]
        expected = [r.id for r in resources if evaluate(asked.filter, VIEW.document(r))]
        for links in (True, False):
            page = people.query(TENANT, "Person", replace(asked, links=links))
            assert ([r.id for r in page.resources], page.total) == (expected, len(expected))

    def test_endless_query(self, backend: Backend) -> None:
        """A query that takes too long is given up, and harms nothing."""
        commit(backend, *(person(f"p{n:03}", emails=[{"value": f"{n}@example.com"}]) for n in range(200)))
        seconds, backend.query_seconds = backend.query_seconds, 0
        with pytest.raises(TooMany):
            found(backend, "Person", " or ".join(f'emails[type eq "{n}"]' for n in range(50)))
        backend.query_seconds = seconds
        assert found(backend, "Person", 'userName eq "p001"') == ["p001"]
        commit(backend, person("new"))

    @pytest.mark.parametrize(
        ("sort_by", "ascending", "descending"),
        [
            pytest.param("id", "abcd", "dcba", id="id"),
            pytest.param("nickName", "bcad", "dcab", id="equal and absent values"),
            pytest.param("active", "dcab", "abcd", id="boolean"),
            pytest.param("urn:example:Extra:level", "bacd", "cdab", id="number"),
            pytest.param("emails", "cdab", "abdc", id="several values"),
            pytest.param("groups.display", "cbad", "adcb", id="membership"),
            pytest.param("meta.lastModified", "cadb", "bdac", id="time"),
        ],
    )
    def test_sort(self, people: Backend, sort_by: str, ascending: str, descending: str) -> None:
        """Absent values come last, and first in descending order; equal ones in the order of creation."""
        for links in (True, False):
            assert "".join(found(people, "Person", sort_by=sort_by, links=links)) == ascending
            assert "".join(found(people, "Person", sort_by=sort_by, descending=True, links=links)) == descending

    def test_open(self, backend: Backend) -> None:
        """A tenant keeps the profile under which it was first opened, and is listed from then on."""
        assert backend.tenants() == []
        commit(backend, person("a"), tenant="written-to")
        for name in ("written-to", "b", DEFAULT_TENANT, "b"):
            backend.open(name, "bsr")
        assert backend.tenants() == ["b", DEFAULT_TENANT, "written-to"]
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="'bsr'"):
                backend.open("b", "rfc7643")
        backend.open("c", "rfc7643")

    def test_touch(self, backend: Backend, clock: ManualClock) -> None:
        """A use is noted in the resource, and is no change of it."""
        commit(backend, person("a"), person("b"))
        before, log = stored(backend, "Person", "a"), backend.log(TENANT)
        clock.advance(seconds=1)
        backend.touch(TENANT, "Person", "a", "2026-01-01T00:01")
        for tenant, type_name, resource_id in ((OTHER, "Person", "b"), (TENANT, "Note", "b"), (TENANT, "Person", "c")):
            backend.touch(tenant, type_name, resource_id, "2026-01-01T00:02")
        assert stored(backend, "Person", "a") == before._replace(used="2026-01-01T00:01")
        assert stored(backend, "Person", "b").used is None
        assert backend.log(TENANT) == log
        assert write(backend, changed(person("a"), nickName="x")).used == "2026-01-01T00:01"
        assert stored(backend, "Person", "a").used == "2026-01-01T00:01"

    def test_ping_and_upgrade(self, backend: Backend) -> None:
        """A store that works answers, and has nothing to upgrade."""
        backend.ping()
        assert backend.upgrade(lambda done, steps: None) == []

    def test_close(self, backend: Backend) -> None:
        """A backend that was closed opens itself again when it is used."""
        commit(backend, person("a"))
        backend.close()
        commit(backend, person("b"))


def _documents(page: Page) -> list[Document]:
    """Return the resources of a page as they are sent."""
    if page.texts is None:
        return list(map(VIEW.document, page.resources))
    documents: list[Document] = orjson.loads(b"[%b]" % page.texts)
    return documents


class LogContract:
    """What the change log promises."""

    def test_log_entries(self, backend: Backend, clock: ManualClock) -> None:
        """Each change of each resource has one entry, with who made it and what it changed."""
        times = [clock.advance(seconds=1)]
        commit(backend, person("a", emails=[{"value": "x"}]))
        times.append(clock.advance(seconds=1))
        extra: Document = {"urn:example:Extra": {"level": 1}}
        commit(backend, changed(person("a"), userName="b", active=False, **extra))
        times.append(clock.advance(seconds=1))
        backend.commit(TENANT, [Removal("Person", "a")], NOBODY)
        attributes = [
            {
                "emails": {"from": [{"value": "x"}]},
                "userName": {"from": "a", "to": "b"},
                "active": {"to": False},
                "urn:example:Extra:level": {"to": 1},
            },
            {
                "schemas": {"from": ["urn:example:Person"]},
                "userName": {"from": "b"},
                "active": {"from": False},
                "urn:example:Extra:level": {"from": 1},
            },
        ]
        made = (ACTOR.token_id, ACTOR.request_id)
        log = backend.log(TENANT)
        assert log == [
            LogEntry(log[0].sequence, times[0], *made, "create", "Person", "a", None, 1, {}),
            LogEntry(log[1].sequence, times[1], *made, "update", "Person", "a", 1, 2, {"attributes": attributes[0]}),
            LogEntry(
                log[2].sequence, times[2], None, None, "delete", "Person", "a", 2, None, {"attributes": attributes[1]}
            ),
        ]
        assert log[0].sequence < log[1].sequence < log[2].sequence

    def test_members_of_a_new_team(self, backend: Backend) -> None:
        """The entry of a team's creation holds its members."""
        commit(backend, person("b"), person("a"), team("t", "b", "a"))
        assert backend.log(TENANT)[-1].delta == {"membersAdded": ["a", "b"]}

    def test_secrets(self, backend: Backend) -> None:
        """What is never returned is never in the log."""
        commit(backend, person("a", secret="x"), changed(person("a"), secret="y"), Removal("Person", "a"))
        assert all("secret" not in entry.delta.get("attributes", {}) for entry in backend.log(TENANT))
        assert [entry.after for entry in backend.log(TENANT)] == [1, 2, None]

    def test_log_pages(self, backend: Backend) -> None:
        """The log is read on from a sequence number, up to a count, in each tenant on its own."""
        for tenant in (TENANT, OTHER, TENANT, OTHER, TENANT):
            commit(backend, person(f"p{len(backend.log(tenant))}"), tenant=tenant)
        entries = backend.log(TENANT)
        assert [entry.id for entry in entries] == ["p0", "p1", "p2"]
        assert backend.log(TENANT, count=2) == entries[:2]
        assert backend.log(TENANT, after=entries[0].sequence, count=1) == entries[1:2]
        assert backend.log(TENANT, after=entries[2].sequence) == []
        assert backend.log(TENANT, count=0) == backend.log("nowhere") == []
        assert [entry.id for entry in backend.log(OTHER)] == ["p0", "p1"]

    def test_what_was_read_is_not_the_log_itself(self, backend: Backend) -> None:
        """Who changes an entry that was read changes nothing in the store."""
        commit(backend, person("a"), changed(person("a"), nickName="x"))
        before = everything(backend)
        backend.log(TENANT)[-1].delta.clear()
        assert everything(backend) == before

    def test_old_entries_of_the_log_go(self, backend: Backend, clock: ManualClock) -> None:
        """Entries older than `log_days` go with later commits; their sequence numbers are not given out again."""
        commit(backend, *(person(f"p{n:03}") for n in range(250)))
        clock.advance(days=backend.log_days)
        commit(backend, person("young"))
        assert len(backend.log(TENANT, count=1000)) == 251
        last = backend.log(TENANT, count=1000)[-1].sequence
        clock.advance(days=2)
        kept = [self._log_after_commit(backend, n) for n in range(250)]
        assert kept[0] != kept[-1]
        assert kept[-1] == ["young", *(f"new{n}" for n in range(250))]
        clock.advance(days=2 * backend.log_days)
        remaining = [self._log_after_commit(backend, n) for n in range(250, 500)][-1]
        assert remaining == [f"new{n}" for n in range(250, 500)]
        assert backend.log(TENANT)[0].sequence > last

    def test_a_clock_that_goes_back(self, backend: Backend, clock: ManualClock) -> None:
        """Times follow the order of commits, and old entries go in it: what stays of the log has no hole."""
        backend.open(TENANT, "bsr")
        commit(backend, person("first"), person("gone"))
        clock.advance(days=10)
        commit(backend, person("early"))
        last = clock.advance(days=1)
        commit(backend, Removal("Person", "gone"))
        clock.advance(days=-10)
        commit(backend, person("late"))
        first, early, late = (stored(backend, "Person", name).modified for name in ("first", "early", "late"))
        assert first < early < last <= late
        assert [entry.at for entry in backend.log(TENANT)] == [first, first, early, last, late]
        clock.advance(days=backend.log_days + 2)
        commit(backend, person("last"))
        assert [entry.id for entry in backend.log(TENANT)] == ["early", "gone", "late", "last"]
        assert list(backend.check()) == []

    def test_numbers_go_on_when_all_entries_are_old(self, backend: Backend, clock: ManualClock) -> None:
        """A commit that changes nothing may find all entries old; later ones still have higher numbers."""
        commit(backend, person("a"), person("b"))
        last = backend.log(TENANT)[-1].sequence
        clock.advance(days=2 * backend.log_days)
        commit(backend, changed(person("a")))
        commit(backend, person("c"))
        assert [(entry.id, entry.sequence > last) for entry in backend.log(TENANT, after=last)] == [("c", True)]

    def _log_after_commit(self, backend: Backend, number: int) -> list[str]:
        commit(backend, person(f"new{number}"))
        return [entry.id for entry in backend.log(TENANT, count=1000)]
