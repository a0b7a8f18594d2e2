"""The contract's rules that the registry lives on: types that SCIM does not show, keys, and who is told."""

import threading
from collections.abc import Sequence
from typing import Any, NoReturn

import pytest

from flask_bsr_scim.backends.base import (
    Absence,
    Backend,
    Change,
    Conversion,
    Key,
    LogEntry,
    RemovalOfAll,
    Swap,
)
from flask_bsr_scim.backends.testing.data import (
    ACTOR,
    OTHER,
    TENANT,
    THREADS,
    ManualClock,
    at_once,
    changed,
    circle,
    commit,
    everything,
    found,
    linked,
    members,
    note,
    person,
    query,
    stored,
    team,
)
from flask_bsr_scim.errors import ResourceNotFound, UniquenessConflict, VersionConflict
from flask_bsr_scim.resource import Link

_PEOPLE = ("a", "b", "c", "d", "e")
_INDEXED = ("Person", "nickName")


class InsideContract:
    """Rules about what clients of SCIM never see."""

    @pytest.fixture
    def circles(self, backend: Backend) -> Backend:
        """A store where people are in a team and in two circles, and some share a nickname."""
        commit(backend, *map(person, _PEOPLE[:3]), person("d", nickName="Dee"), person("e", nickName="dee"))
        commit(backend, team("t", "a", "b", "d"), circle("round", "b", "c", "e"), circle("square", "b"))
        return backend

    def test_links_are_those_that_are_exposed(self, circles: Backend) -> None:
        """A resource shows what holds it only when that is of an exposed type, alone and on a page."""
        assert linked(circles, "Person", "b") == ["t"]
        assert stored(circles, "Person", "c").links == ()
        for asked in (None, 'userName eq "b" or userName eq "c"', 'userName sw "b" or userName sw "c"'):
            page = circles.query(TENANT, "Person", query("Person", asked)).resources
            assert {p.id: [link.id for link in p.links] for p in page if p.id in "bc"} == {"b": ["t"], "c": []}

    @pytest.mark.parametrize(
        ("filter", "expected"),
        [
            ('groups.value eq "round"', []),
            ('groups[value eq "round"]', []),
            ('groups.display eq "round"', []),
            ("groups pr", ["a", "b", "d"]),
            ('groups.value eq "t"', ["a", "b", "d"]),
        ],
    )
    def test_filters_see_what_is_exposed(self, circles: Backend, filter: str, expected: list[str]) -> None:
        """A filter finds out nothing about a type that is not exposed."""
        assert found(circles, "Person", filter) == expected

    def test_all_that_holds_a_resource(self, circles: Backend) -> None:
        """The registry sees everything that holds some resources, by member and in the order of ids."""
        commit(circles, changed(circle("round"), displayName="O"))
        assert circles.groups_of(TENANT, ["b", "c", "nobody", "c"]) == {
            "b": [Link("round", "Circle", "O"), Link("square", "Circle", "square"), Link("t", "Team", "t")],
            "c": [Link("round", "Circle", "O")],
        }
        assert circles.groups_of(TENANT, []) == circles.groups_of(OTHER, ["b"]) == {}

    def test_a_removed_resource_leaves_what_is_hidden(self, circles: Backend) -> None:
        """Removing a resource takes it out of what is not exposed too, with a new version and an entry in the log."""
        commit(circles, RemovalOfAll(Key("Person", "userName", "B")))
        for name, left in (("round", ["c", "e"]), ("square", [])):
            assert linked(circles, "Circle", name) == left
            assert stored(circles, "Circle", name).version == 2
            (entry,) = (entry for entry in circles.log(TENANT) if (entry.id, entry.operation) == (name, "update"))
            assert (entry.type, entry.before, entry.after, entry.delta) == ("Circle", 1, 2, {"membersRemoved": ["b"]})

    def test_members_but_for_some(self, circles: Backend) -> None:
        """Members that hold a key, unique or not, are left out of pages and count; those of other types too."""
        groups, without = ["t", "round"], [Key(*_INDEXED, "DEE")]
        commit(circles, team("z"), members("t", "z"))
        assert [m.id for m in circles.members(TENANT, groups)] == ["a", "b", "c", "d", "e", "z"]
        assert [m.id for m in circles.members(TENANT, groups, types=["Team"])] == ["z"]
        only: dict[str, Any] = {"without": without, "types": ["Person"]}
        assert [m.id for m in circles.members(TENANT, groups, **only)] == ["a", "b", "c"]
        assert [m.id for m in circles.members(TENANT, groups, after="a", count=1, **only)] == ["b"]
        assert [m.id for m in circles.members(TENANT, groups, reverse=True, count=2, **only)] == ["c", "b"]
        both = [*without, Key("Person", "userName", "A")]
        assert [m.id for m in circles.members(TENANT, groups, without=both, types=["Person"])] == ["b", "c"]
        counts = [circles.count_members(TENANT, groups, without=w, types=["Person"]) for w in ([], without, both)]
        assert counts == [5, 3, 2]
        assert circles.count_members(TENANT, groups, types=["Team", "Note"]) == 1
        assert circles.members(TENANT, groups, missing=True) == []

    def test_a_resource_of_another_type(self, circles: Backend, clock: ManualClock) -> None:
        """A resource that is converted keeps id, creation, use and some memberships, and leaves the others."""
        circles.touch(TENANT, "Person", "b", "2026-01-01T00:01")
        before = stored(circles, "Person", "b")
        now = clock.advance(seconds=1)
        document = {"schemas": ["urn:example:Note"], "id": "b", "text": "bee"}
        (note_made,) = commit(circles, Conversion("Person", "b", "Note", document, ("Circle",), before.version))
        assert note_made == stored(circles, "Note", "b")
        assert note_made == before._replace(type="Note", version=2, modified=now, text=note_made.text, links=())
        assert (note_made.document, note_made.used) == (document, "2026-01-01T00:01")
        assert circles.get(TENANT, "Person", "b") is None
        assert circles.groups_of(TENANT, ["b"])["b"] == [
            *(Link("round", "Circle", "round"), Link("square", "Circle", "square"))
        ]
        assert circles.members(TENANT, ["t", "square"]) == [
            *(Link("a", "Person"), Link("b", "Note"), Link("d", "Person"))
        ]
        gone = {name: {"from": value} for name, value in before.document.items() if name != "id"}
        assert [entry[1:] for entry in circles.log(TENANT)[-3:]] == [
            (now, *ACTOR, "update", "Team", "t", 1, 2, {"membersRemoved": ["b"]}),
            (now, *ACTOR, "delete", "Person", "b", 1, None, {"attributes": gone}),
            (now, *ACTOR, "create", "Note", "b", None, 2, {}),
        ]
        commit(circles, person("new", userName="B"))

    def test_conversion_and_back(self, circles: Backend) -> None:
        """A resource that is converted back is at its old place, holds its keys, and counts once."""
        document = {"schemas": ["urn:example:Note"], "id": "b", "text": "n"}
        commit(circles, note("z"), Conversion("Person", "b", "Note", document, ("Circle", "Team")))
        assert (found(circles, "Person"), found(circles, "Note")) == (["a", "c", "d", "e"], ["b", "z"])
        commit(circles, Conversion("Note", "b", "Person", person("b", nickName="DEE").document, ("Team",)))
        assert (found(circles, "Person"), found(circles, "Note")) == ([*_PEOPLE], ["z"])
        assert found(circles, "Person", 'nickName eq "dee"') == ["b", "d", "e"]
        assert circles.query(TENANT, "Person", query("Person", count=0)).total == 5
        assert (linked(circles, "Circle", "square"), linked(circles, "Team", "t")) == ([], ["a", "b", "d"])

    def test_a_failed_conversion(self, circles: Backend) -> None:
        """A conversion that the store refuses leaves everything as it was."""
        document = {"schemas": ["urn:example:Note"], "id": "b"}
        before = everything(circles)
        with pytest.raises(UniquenessConflict):
            commit(circles, Conversion("Person", "b", "Note", document), person("x", userName="a"))
        with pytest.raises(VersionConflict):
            commit(circles, Conversion("Person", "b", "Note", document, expected_version=2))
        with pytest.raises(ResourceNotFound):
            commit(circles, Conversion("Note", "b", "Person", document))
        assert everything(circles) == before

    def test_removal_of_all(self, circles: Backend) -> None:
        """All that hold a key when the commit comes to it go in the order of creation, each with its log entry."""
        commit(circles, person("A", userName="f", nickName="Dee"), RemovalOfAll(Key(*_INDEXED, "dEE")))
        assert found(circles, "Person") == ["a", "b", "c"]
        assert linked(circles, "Team", "t") == ["a", "b"]
        deleted = [entry.id for entry in circles.log(TENANT, count=100) if entry.operation == "delete"]
        assert deleted == ["d", "e", "A"]
        assert commit(circles, RemovalOfAll(Key(*_INDEXED, "dee"))) == [None]
        assert commit(circles, person("g", nickName="Dee"))[0] is not None
        assert commit(circles, RemovalOfAll(Key(*_INDEXED, "dee")), tenant=OTHER) == [None]
        assert "g" in found(circles, "Person")

    @pytest.mark.parametrize(
        ("attribute", "free", "held", "holder"),
        [pytest.param("userName", "f", "B", "b", id="unique"), pytest.param("nickName", "f", "DEE", "d", id="others")],
    )
    def test_an_absence(self, circles: Backend, attribute: str, free: str, held: str, holder: str) -> None:
        """A commit is refused when somebody holds a key; the error names path, value as given, and holder."""
        assert commit(circles, Absence(Key("Person", attribute, free)), note("n")) == [
            None,
            stored(circles, "Note", "n"),
        ]
        commit(circles, Absence(Key("Person", attribute, held)), tenant=OTHER)
        before = everything(circles)
        with pytest.raises(UniquenessConflict) as caught:
            commit(circles, note("m"), Absence(Key("Person", attribute, held)))
        error = caught.value
        assert (error.type_name, error.attribute, error.value, error.holder) == ("Person", attribute, held, holder)
        assert everything(circles) == before

    def test_an_absence_sees_the_commit_that_it_is_in(self, circles: Backend) -> None:
        """It is of what earlier changes left: a key that they gave up is free, and one that they took is not."""
        absence = Absence(Key("Person", "userName", "B"))
        commit(circles, changed(person("b"), userName="bee"), absence)
        for attribute in ("userName", "nickName"):
            with pytest.raises(UniquenessConflict):
                commit(circles, person("f", **{attribute: "f"}), Absence(Key("Person", attribute, "F")))
        with circles.together(TENANT):
            commit(circles, absence, person("f", userName="B"))
            with pytest.raises(UniquenessConflict):
                commit(circles, absence)
        assert stored(circles, "Person", "f").document["userName"] == "B"

    def test_races_for_an_absence(self, backend: Backend) -> None:
        """Of many who want to be the only one with a key that is not unique, one succeeds."""
        absence = Absence(Key(*_INDEXED, "dee"))
        wanted: list[list[Change]] = [[absence, person(f"id-{n}", nickName="Dee")] for n in range(THREADS)]
        outcomes = at_once(backend, *wanted)
        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, UniquenessConflict) for outcome in outcomes) == THREADS - 1
        assert found(backend, "Person") == [f"id-{outcomes.index(None)}"]

    def test_an_index_of_some_values(self, backend: Backend) -> None:
        """An index may have the rare values alone: filters find the others too, and the rare ones are keys."""
        commit(backend, person("a", active=True), person("b", active=False), person("c"), team("t", "a", "b", "c"))
        assert found(backend, "Person", "active eq true") == ["a"]
        assert found(backend, "Person", "active eq false") == ["b"]
        assert found(backend, "Person", "active ne false") == ["a", "c"]
        inactive = Key("Person", "active", False)
        assert [m.id for m in backend.members(TENANT, ["t"], without=[inactive])] == ["a", "c"]
        commit(backend, changed(person("a", active=True), active=False), changed(person("b"), active=True))
        commit(backend, RemovalOfAll(inactive))
        assert found(backend, "Person") == ["b", "c"]

    def test_an_unknown_index(self, backend: Backend) -> None:
        """A key of an attribute that has no index, or not of that value, is an error of the program."""
        for change in (RemovalOfAll, Absence):
            with pytest.raises(KeyError):
                commit(backend, change(Key("Person", "active", True)))
        with pytest.raises(KeyError):
            backend.members(TENANT, ["t"], without=[Key("Note", "text", "n")])

    def test_a_swap_of_nothing_checks_the_version(self, backend: Backend) -> None:
        """A swap without a change fails the commit when its version is gone, and is no new version otherwise."""
        commit(backend, person("a"))
        commit(backend, Swap("Person", "a", expected_version=1), note("n"))
        assert stored(backend, "Person", "a").version == 1
        with pytest.raises(VersionConflict):
            commit(backend, Swap("Person", "a", expected_version=2), note("m"))
        assert found(backend, "Note") == ["n"]

    def test_together(self, backend: Backend) -> None:
        """Commits together see each other's changes, each does all or nothing, and all are there in the end."""
        with backend.together(TENANT):
            commit(backend, person("a"), team("t", "a"))
            assert linked(backend, "Person", "a") == ["t"]
            assert found(backend, "Person", 'userName eq "a"') == found(backend, "Person") == ["a"]
            with pytest.raises(UniquenessConflict):
                commit(backend, person("b"), person("c", userName="a"))
            commit(backend, person("d"), members("t", "d"))
        assert found(backend, "Person") == linked(backend, "Team", "t") == ["a", "d"]
        assert [entry.sequence for entry in backend.log(TENANT)] == [1, 2, 3, 4]

    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
    def test_together_is_all_or_nothing(self, circles: Backend, error: type[BaseException]) -> None:
        """An exception that leaves, of whatever kind, undoes all commits; the store then works as before."""
        before = everything(circles)
        additions: list[Change] = [person("x"), members("t", "x", remove=["a"])]
        removals: list[Change] = [RemovalOfAll(Key(*_INDEXED, "Dee")), changed(person("b"), active=False)]
        self._fail_together(circles, additions, removals, error=error)
        assert everything(circles) == before
        commit(circles, person("x"))
        assert found(circles, "Person") == [*_PEOPLE, "x"]

    def test_together_inside_of_together(self, backend: Backend) -> None:
        """What is together inside of that can be undone by itself; the rest goes on, and is there in the end."""
        told: list[list[str]] = []
        backend.observers.append(lambda tenant, entries: told.append([entry.id for entry in entries]))
        with backend.together(TENANT):
            commit(backend, person("a"))
            with backend.together(TENANT):
                commit(backend, person("b"))
            self._fail_together(backend, [person("x"), team("t", "a")], [changed(person("b"), active=False)])
            assert found(backend, "Person") == ["a", "b"]
            assert linked(backend, "Person", "a") == []
            commit(backend, person("c"))
        assert found(backend, "Person") == ["a", "b", "c"]
        assert stored(backend, "Person", "b").version == 1
        assert told == [["a", "b", "c"]]
        assert [entry.sequence for entry in backend.log(TENANT)] == [1, 2, 3]
        self._fail_together(backend, [person("d")])
        assert found(backend, "Person") == ["a", "b", "c"]

    def _fail_together(
        self, backend: Backend, *commits: Sequence[Change], error: type[BaseException] = ZeroDivisionError
    ) -> None:
        def fail() -> NoReturn:
            with backend.together(TENANT):
                for changes in commits:
                    commit(backend, *changes)
                raise error

        with pytest.raises(error):
            fail()

    def test_others_wait_for_what_is_together(self, backend: Backend) -> None:
        """Nobody sees a part of what is committed together, and whoever writes meanwhile comes after it."""
        commit(backend, person("a"))
        seen: list[list[str]] = []

        def watch() -> None:
            backend.commit(TENANT, [person("late")])
            seen.append(found(backend, "Person"))
            backend.close()

        other = threading.Thread(target=watch)
        with backend.together(TENANT):
            commit(backend, person("b"))
            other.start()
            commit(backend, person("c"))
        other.join()
        assert seen == [["a", "b", "c", "late"]]

    def test_observers_of_what_is_together(self, backend: Backend) -> None:
        """Observers are told at the end, once; of what was undone they hear nothing."""
        told: list[list[str]] = []
        backend.observers.append(lambda tenant, entries: told.append([entry.id for entry in entries]))
        with backend.together(TENANT):
            commit(backend, person("a"))
            commit(backend, person("b"))
            assert told == []
        self._fail_together(backend, [person("c")])
        commit(backend, person("d"))
        assert told == [["a", "b"], ["d"]]

    def test_observers_of_another_tenant(self, backend: Backend) -> None:
        """What was written to another tenant meanwhile is told as that one's."""
        told: list[tuple[str, list[str]]] = []
        backend.observers.append(lambda tenant, entries: told.append((tenant, [entry.id for entry in entries])))
        with backend.together(TENANT):
            commit(backend, person("a"))
            commit(backend, person("b"), tenant=OTHER)
            with backend.together(TENANT):
                commit(backend, person("c"))
        assert told == [(TENANT, ["a", "c"]), (OTHER, ["b"])]

    def test_observers(self, backend: Backend) -> None:
        """After a commit each observer is told what it wrote to the log; after a failure nothing."""
        told: list[tuple[str, list[LogEntry]]] = []
        backend.observers.append(lambda tenant, entries: told.append((tenant, list(entries))))
        commit(backend, person("a"), team("t", "a"))
        commit(backend, person("a"), tenant=OTHER)
        commit(backend, changed(person("a")))
        with pytest.raises(UniquenessConflict):
            commit(backend, person("b"), person("b"))
        assert told == [(TENANT, backend.log(TENANT)), (OTHER, backend.log(OTHER)), (TENANT, [])]
