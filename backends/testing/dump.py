"""The contract's rules about dumps: what is read of a tenant makes the same tenant elsewhere, and a store is sound."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import pytest

from flask_bsr_scim.backends.base import Backend, Conversion, LogEntry, Removal
from flask_bsr_scim.backends.dumping import (
    LAST_NUMBER,
    MEMBERS_AT_ONCE,
    DumpError,
    Finding,
    Members,
    Profile,
    Record,
    TenantTakenError,
    WrittenMeanwhileError,
)
from flask_bsr_scim.backends.testing.data import (
    OTHER,
    TENANT,
    TYPES,
    changed,
    circle,
    commit,
    found,
    linked,
    members,
    note,
    person,
    query,
    stored,
    team,
)
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document, IndexedAttribute

_TIME = "2026-01-01T00:00:00.000000"
_MANY = 2 * MEMBERS_AT_ONCE + 1

_Change = Callable[[Sequence[Record]], list[Record]]


def _created(resource_id: str, type_name: str = "Person", text: str | None = None, **rest: Any) -> Resource:
    text = text or f'{{"schemas":[],"id":"{resource_id}","userName":"{resource_id}"}}'
    return Resource(**{"type": type_name, "id": resource_id, "version": 1, "text": text, **_TIMES, **rest})


_TIMES = {"created": _TIME, "modified": _TIME}
_START: list[Record] = [Profile("bsr"), _created("a"), _created("b")]
_GROUP = _created("t", "Team", '{"schemas":[],"id":"t","displayName":"t"}')
_ENTRY = LogEntry(1, _TIME, None, None, "create", "Person", "a", None, 1, {})

_REFUSED: dict[str, list[Record]] = {
    "nothing": [],
    "no profile": _START[1:],
    "two profiles": [*_START, Profile("bsr")],
    "an id twice": [*_START, _created("a", text='{"schemas":[],"id":"a","userName":"c"}')],
    "an id twice, of two types": [*_START, _created("a", "Note", '{"id":"a"}')],
    "a unique value twice": [*_START, _created("c", text='{"schemas":[],"id":"c","userName":"A"}')],
    "a member that is not there": [*_START, _GROUP, Members("t", ["a", "x"])],
    "a group that is not there": [*_START, Members("t", ["a"])],
    "a group without members": [*_START, Members("a", ["b"])],
    "members in no order": [*_START, _GROUP, Members("t", ["b", "a"])],
    "a member twice": [*_START, _GROUP, Members("t", ["a"]), Members("t", ["a", "b"])],
    "no members": [*_START, _GROUP, Members("t", [])],
    "a resource behind members": [*_START, _GROUP, Members("t", ["a"]), _created("c")],
    "an entry twice": [*_START, _ENTRY, _ENTRY],
    "a hole in the change log": [*_START, _ENTRY, _ENTRY._replace(sequence=3, id="b")],
    "an entry that none can follow": [*_START, _ENTRY._replace(sequence=(1 << 40) - 1)],
    "a resource behind the change log": [_START[0], _ENTRY, _START[1]],
    "a document without schemas": [*_START, _created("c", text='{"id":"c","userName":"c"}')],
    "a document with what is computed": [*_START, _created("c", text='{"schemas":[],"id":"c","meta":{}}')],
    "a value of another type": [*_START, _created("c", text='{"schemas":[],"id":"c","active":"true"}')],
    "one value for a list": [*_START, _created("c", text='{"schemas":[],"id":"c","emails":{"value":"a"}}')],
    "a name of a group that is none": [*_START, _created("t", "Circle", '{"id":"t","displayName":{}}')],
}


def _of(tenant: str, backend: Backend) -> list[Record]:
    return list(backend.dump(tenant))


def _replaced(resource_id: str, **values: Any) -> _Change:
    def change(records: Sequence[Record]) -> list[Record]:
        return [r._replace(**values) if isinstance(r, Resource) and r.id == resource_id else r for r in records]

    return change


def _log_changed(sequence: int, **values: Any) -> _Change:
    def change(records: Sequence[Record]) -> list[Record]:
        return [r._replace(**values) if isinstance(r, LogEntry) and r.sequence == sequence else r for r in records]

    return change


class DumpContract:
    """Rules about dumps."""

    @pytest.fixture
    def lived(self, backend: Backend) -> Backend:
        """A store in which everything happened that can happen."""
        backend.open(TENANT, "bsr")
        commit(
            backend,
            person("a", nickName="A", active=False, emails=[{"value": "Ä@example.com"}, {"value": "a@example.com"}]),
            person("b", **{"urn:example:Extra": {"level": 3}}),
            person("c", secret="s"),
        )
        commit(
            backend, team("t", "a", "b", "c"), team("u"), note("n"), circle("r", "a", "n"), person("d", nickName="a")
        )
        commit(backend, members("u", "t", "d"), changed(person("b"), userName="ß", nickName="Straße"))
        commit(backend, Removal("Person", "c"), Conversion("Note", "n", "Person", person("n").document, ("Circle",)))
        backend.touch(TENANT, "Person", "a", "2026-02-01T00:00:00.000000")
        return backend

    def test_a_dump(self, lived: Backend) -> None:
        """Profile, resources in the order of creation, members by group and id, change log."""
        profile, *records = _of(TENANT, lived)
        assert profile == Profile("bsr")
        resources = [record for record in records if isinstance(record, Resource)]
        assert [r.id for r in resources] == ["a", "b", "t", "u", "n", "r", "d"]
        assert resources[0].used == "2026-02-01T00:00:00.000000"
        assert [r._replace(links=()) for r in resources] == [
            stored(lived, r.type, r.id)._replace(links=()) for r in resources
        ]
        linked_ids = [Members("r", ["a", "n"]), Members("t", ["a", "b"]), Members("u", ["d", "t"])]
        assert records[7:] == [*linked_ids, *lived.log(TENANT)]
        commit(lived, members("t", clear=True))
        assert [record for record in _of(TENANT, lived) if isinstance(record, Members)] == linked_ids[::2]

    def test_a_dump_of_nothing(self, backend: Backend) -> None:
        """A tenant that is not there has no records; one that was opened and not used has a profile."""
        assert _of(TENANT, backend) == []
        backend.open(TENANT, "bsr")
        assert _of(TENANT, backend) == [Profile("bsr")]

    def test_a_tenant_that_was_never_opened(self, backend: Backend) -> None:
        """Its profile is None, there as here."""
        commit(backend, person("a"))
        backend.load(OTHER, backend.dump(TENANT))
        assert _of(OTHER, backend)[0] == Profile(None)
        assert backend.tenants() == []

    def test_loading_a_dump(self, lived: Backend) -> None:
        """The tenant is there with everything, found in every way."""
        lived.load(OTHER, lived.dump(TENANT))
        assert _of(OTHER, lived) == _of(TENANT, lived)
        assert lived.tenants() == [TENANT, OTHER]
        assert lived.log(OTHER) == lived.log(TENANT)
        for each in TYPES:
            page, other = (lived.query(tenant, each.name, query(each.name)) for tenant in (TENANT, OTHER))
            assert (page.total, page.resources) == (other.total, other.resources)
        filters = ('userName eq "SS"', 'nickName eq "a"', "active eq false", 'emails.value eq "ä@EXAMPLE.com"')
        for text in (*filters, 'groups.value eq "t"', 'meta.lastModified ge "2026-01-01T00:00:00Z"'):
            assert found(lived, "Person", text, OTHER) == found(lived, "Person", text) != []
        assert lived.is_held(OTHER, "Person", "emails.value", "A@example.com")
        assert lived.groups_of(OTHER, ["a", "t"]) == lived.groups_of(TENANT, ["a", "t"])
        assert list(lived.check()) == []

    def test_going_on_after_loading(self, lived: Backend) -> None:
        """Versions, sequence numbers and the order of creation go on where they ended."""
        lived.load(OTHER, lived.dump(TENANT))
        for tenant in (TENANT, OTHER):
            commit(lived, person("z"), members("t", "z", remove=["a"]), Removal("Person", "d"), tenant=tenant)
        assert _of(OTHER, lived) == _of(TENANT, lived)
        assert found(lived, "Person", tenant=OTHER) == ["a", "b", "n", "z"]
        assert list(lived.check()) == []

    def test_loading_much(self, backend: Backend) -> None:
        """More than fits in one step is dumped and loaded as well."""
        ids = [f"p{number:05}" for number in range(_MANY)]
        entries = [_ENTRY._replace(sequence=number + 5) for number in range(_MANY)]
        parts = [ids[start : start + MEMBERS_AT_ONCE] for start in range(0, _MANY, MEMBERS_AT_ONCE)]
        records: list[Record] = [
            Profile("bsr"),
            *map(_created, ids),
            _GROUP,
            *(Members("t", part) for part in parts),
            *entries,
        ]
        backend.load(TENANT, records)
        assert _of(TENANT, backend) == records
        assert backend.count_members(TENANT, ["t"]) == backend.query(TENANT, "Person", query("Person", count=0)).total

    @pytest.mark.parametrize("records", _REFUSED.values(), ids=_REFUSED)
    def test_what_is_no_dump(self, backend: Backend, records: list[Record]) -> None:
        """It is refused, and leaves nothing."""
        backend.open(OTHER, "bsr")
        for tenant, before in ((TENANT, []), (OTHER, [Profile("bsr")])):
            with pytest.raises(DumpError):
                backend.load(tenant, records)
            assert _of(tenant, backend) == before
        backend.open(TENANT, "bsr")
        commit(backend, person("a"), team("t", "a"))
        assert list(backend.check()) == []

    def test_a_type_without_a_schema(self, backend: Backend) -> None:
        """It is the settings that are wrong, not the dump."""
        with pytest.raises(ConfigurationError, match="'Robot', which is in no schema"):
            backend.load(TENANT, [Profile("bsr"), _created("a", "Robot")])
        assert _of(TENANT, backend) == []

    def test_a_wrong_name(self, backend: Backend) -> None:
        """A dump can only be loaded into what may be the name of a tenant."""
        with pytest.raises(ValueError, match="no tenant name"):
            backend.load("A", _START)

    def test_a_dump_that_ends_too_soon(self, lived: Backend) -> None:
        """What raises in the middle leaves nothing, and takes nothing away."""

        def cut() -> Iterator[Record]:
            yield from _of(TENANT, lived)[:-1]
            raise ZeroDivisionError

        before = _of(TENANT, lived)
        for tenant in (OTHER, TENANT):
            with pytest.raises(ZeroDivisionError):
                lived.load(tenant, cut(), replace=True)
        assert _of(OTHER, lived) == []
        assert _of(TENANT, lived) == before

    def test_a_tenant_that_holds_something(self, lived: Backend) -> None:
        """It is left alone, unless it is to be replaced: then nothing of it stays."""
        commit(lived, person("x", nickName="a"), team("v", "x"), tenant=OTHER)
        before = _of(OTHER, lived)
        with pytest.raises(TenantTakenError):
            lived.load(OTHER, lived.dump(TENANT))
        assert _of(OTHER, lived) == before
        lived.load(OTHER, _of(TENANT, lived), replace=True)
        assert _of(OTHER, lived) == _of(TENANT, lived)
        commit(lived, person("x"), tenant=OTHER)
        assert linked(lived, "Person", "a") == ["t"]
        assert list(lived.check()) == []

    def test_a_log_that_is_all_there_is(self, backend: Backend) -> None:
        """A tenant whose resources are all gone still holds its change log."""
        commit(backend, person("a"))
        commit(backend, Removal("Person", "a"))
        with pytest.raises(TenantTakenError):
            backend.load(TENANT, _START)

    def test_notes_and_journals_stay(self, lived: Backend) -> None:
        """They are in no dump, and stay where they are; the numbers of the journal go on."""
        lived.remember(OTHER, "key", "text", 60)
        lived.append(OTHER, ["entry"], most=10, seconds=60)
        lived.load(OTHER, lived.dump(TENANT), replace=True)
        assert lived.recall(OTHER, "key") == "text"
        lived.append(OTHER, ["next"], most=10, seconds=60)
        assert [(entry.number, entry.text) for entry in lived.journal(OTHER)] == [(1, "entry"), (2, "next")]

    def test_a_dump_is_of_one_state(self, lived: Backend) -> None:
        """Who writes meanwhile is not in it, or else ends it."""
        before = _of(TENANT, lived)
        records = lived.dump(TENANT)
        first = [next(records) for _ in range(3)]
        commit(lived, person("late"), Removal("Person", "d"))
        try:
            assert [*first, *records] == before
        except WrittenMeanwhileError:
            assert lived.log(TENANT)[-1].id == "d"

    def test_a_sound_store(self, lived: Backend) -> None:
        """Nothing is found, also where commits failed, and everything was looked at."""

        def fail() -> NoReturn:
            with lived.together(TENANT):
                commit(lived, person("x"), members("t", "x"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        lived.open(OTHER, "bsr")
        commit(lived, person("a"), tenant=OTHER)
        seen: list[int] = []
        assert list(lived.check(seen.append)) == []
        assert sum(seen) == 7 + len(lived.log(TENANT)) + 2

    @pytest.mark.parametrize(
        ("attributes", "by_keys"),
        [
            pytest.param({"emails": [{"value": "e"}, {"value": "f"}]}, (["e", "f"], [], ["a"]), id="unique, missing"),
            pytest.param({"emails": None}, ([], [], ["a"]), id="unique, too many"),
            pytest.param({"active": False}, (["e"], ["a"], ["a"]), id="not unique, missing"),
            pytest.param({"nickName": None}, (["e"], [], []), id="not unique, too many"),
        ],
    )
    def test_indexes_are_looked_at(
        self,
        backend: Backend,
        monkeypatch: pytest.MonkeyPatch,
        attributes: Document,
        by_keys: tuple[list[str], list[str], list[str]],
    ) -> None:
        """A key that leads nowhere, or to a resource that does not have it, is found: or else there can be none."""
        one = person("a", emails=[{"value": "e"}], nickName="n")
        backend.open(TENANT, "bsr")
        commit(backend, one)
        with monkeypatch.context() as patch:
            patch.setattr(IndexedAttribute, "keys", lambda index, document: {})
            commit(backend, changed(one, **attributes))
        held = [value for value in "ef" if backend.is_held(TENANT, "Person", "emails.value", value)]
        filters = ("active eq false", 'nickName eq "n"')
        assert list(backend.check()) or (held, *(found(backend, "Person", text) for text in filters)) == by_keys

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            (
                _replaced("a", version=7),
                "a is Person in version 7; by entry 1 of the change log it is Person in version 1",
            ),
            (_replaced("b", version=1), "b is Person in version 1; by entry "),
            (_replaced("a", text='{"schemas":[],"id":"b","userName":"x"}'), "Person a: its document has another id"),
            (_replaced("d", version=0), "Person d is in version 0"),
            (lambda records: [r for r in records if r != records[1]], "a is not there; by entry 1 of the change log"),
            (_log_changed(1, before=4, operation="update"), "entry 1 of the change log takes Person a from version 4"),
            (_log_changed(1, id="y"), "y is not there"),
            (_log_changed(1, id="y"), "a is there, and the change log has nothing of it"),
            (_log_changed(4, operation="update"), "entry 4 of the change log takes Team t from version none"),
        ],
    )
    def test_what_is_wrong_is_found(self, lived: Backend, change: _Change, text: str) -> None:
        """Resources are as they can be, and as the change log tells."""
        records = [r for r in _of(TENANT, lived) if not isinstance(r, Members)]
        lived.load(OTHER, change(records))
        lived.load(TENANT, records, replace=True)
        findings = [finding.text for finding in lived.check() if finding.tenant == OTHER]
        assert [finding for finding in findings if finding.startswith(text)] != [], findings
        assert {finding.tenant for finding in lived.check()} == {OTHER}

    def test_the_beginning_of_the_log_may_be_gone(self, lived: Backend) -> None:
        """What it no longer tells cannot be wrong."""
        records = _of(TENANT, lived)
        lived.load(OTHER, [r for r in records if not isinstance(r, LogEntry) or r.sequence > 6])
        assert list(lived.check()) == []

    def test_a_log_that_is_numbered_high(self, backend: Backend) -> None:
        """Whatever number the last entry may have, the next one is behind it, in the same tenant."""
        backend.load(TENANT, [*_START[:2], _ENTRY._replace(sequence=LAST_NUMBER - 1)])
        commit(backend, person("b"), tenant=OTHER)
        commit(backend, person("b"))
        assert [entry.sequence for entry in backend.log(TENANT)] == [LAST_NUMBER - 1, LAST_NUMBER]
        assert [entry.sequence for entry in backend.log(OTHER)] == [1]
        assert list(backend.check()) == []

    def test_a_log_without_room(self, backend: Backend) -> None:
        """It is found, like any hole, in the time that its entries take."""
        commit(backend, person("a"))
        backend.load(OTHER, [*_START[:2], _ENTRY._replace(sequence=LAST_NUMBER)])
        commit(backend, person("b"), tenant=OTHER)
        assert [finding.text for finding in backend.check()] == [
            f"entry {LAST_NUMBER + 1} of the change log is numbered too high: the store has no room behind it"
        ]

    def test_findings_are_of_a_tenant(self, backend: Backend) -> None:
        """A finding tells where it was made."""
        backend.load(TENANT, [*_START[:2], _ENTRY._replace(after=2)])
        (finding,) = backend.check()
        assert finding == Finding(
            TENANT, "a is Person in version 1; by entry 1 of the change log it is Person in version 2"
        )
