"""The contract of memberships."""

from dataclasses import replace

import pytest

from flask_bsr_scim.backends.base import Backend, Removal, Swap
from flask_bsr_scim.backends.testing.data import (
    ACTOR,
    OTHER,
    TENANT,
    THREADS,
    ManualClock,
    at_once,
    changed,
    commit,
    everything,
    found,
    linked,
    members,
    note,
    person,
    stored,
    team,
    while_committing,
    write,
)
from flask_bsr_scim.errors import StoreError, UnknownMembers, VersionConflict
from flask_bsr_scim.resource import Link, MemberChanges

PEOPLE = ("a", "b", "c", "d")
_MANY = [f"none{number}" for number in range(2500)]


class MemberContract:
    """What holds of members and groups."""

    @pytest.fixture
    def teams(self, backend: Backend) -> Backend:
        """A store with four people, and a team `t` of the first two."""
        commit(backend, *map(person, PEOPLE), note("note"), team("t", "b", "a"))
        return backend

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            pytest.param(MemberChanges(add=("d", "c")), "abcd", id="add"),
            pytest.param(MemberChanges(add=("a", "c")), "abc", id="add one that is there"),
            pytest.param(MemberChanges(remove=("a",)), "b", id="remove"),
            pytest.param(MemberChanges(remove=("a", "c", "nobody")), "b", id="remove ones that are not there"),
            pytest.param(MemberChanges(add=("a", "c"), remove=("a", "b")), "ac", id="remove before add"),
            pytest.param(MemberChanges(clear=True), "", id="clear"),
            pytest.param(MemberChanges(add=("b", "d"), clear=True), "bd", id="replace"),
        ],
    )
    def test_member_changes(self, teams: Backend, clock: ManualClock, changes: MemberChanges, expected: str) -> None:
        """A change of members makes one new version, shows on both sides, and is in the log as what really changed."""
        now = clock.advance(seconds=1)
        resource = write(teams, Swap("Team", "t", members=changes))
        assert (resource.version, resource.modified) == (2, now)
        assert linked(teams, "Team", "t") == list(expected)
        assert [p for p in PEOPLE if linked(teams, "Person", p) == ["t"]] == list(expected)
        entry = teams.log(TENANT)[-1]
        delta = {"membersAdded": sorted(set(expected) - set("ab")), "membersRemoved": sorted(set("ab") - set(expected))}
        assert entry.delta == {name: ids for name, ids in delta.items() if ids}

    @pytest.mark.parametrize(
        "changes",
        [
            MemberChanges(),
            MemberChanges(add=("a", "b")),
            MemberChanges(remove=("c", "nobody")),
            MemberChanges(add=("b", "a"), clear=True),
            MemberChanges(add=("a",), remove=("a",)),
        ],
        ids=["nothing", "add", "remove", "replace", "remove and add"],
    )
    def test_members_without_change(self, teams: Backend, clock: ManualClock, changes: MemberChanges) -> None:
        """A change after which the members are the same leaves version, time and log alone."""
        before = everything(teams)
        clock.advance(seconds=1)
        assert commit(teams, Swap("Team", "t", members=changes)) == [
            teams.get(TENANT, "Team", "t", links=changes.clear)
        ]
        assert everything(teams) == before

    def test_document_and_members_together(self, teams: Backend) -> None:
        """A swap of both makes one version, and one entry of the log."""
        document = {**team("t").document, "displayName": "New"}
        commit(teams, Swap("Team", "t", document, MemberChanges(add=("c",)), expected_version=1))
        assert stored(teams, "Team", "t").version == 2
        assert teams.log(TENANT)[-1].delta == {
            "attributes": {"displayName": {"from": "t", "to": "New"}},
            "membersAdded": ["c"],
        }

    def test_members_of_expected_version(self, teams: Backend) -> None:
        """A change of members that names a version holds only for that one."""
        commit(teams, members("t", "c"))
        with pytest.raises(VersionConflict):
            commit(teams, Swap("Team", "t", members=MemberChanges(add=("d",)), expected_version=1))
        assert linked(teams, "Team", "t") == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("add", "unknown"),
        [
            pytest.param(("a", "nobody", "c", "none"), {"nobody", "none"}, id="not there"),
            pytest.param(("note",), {"note"}, id="of a type that is no member"),
            pytest.param(("stranger",), {"stranger"}, id="of another tenant"),
            pytest.param(("a", *_MANY), set(_MANY), id="more than are looked for at once"),
        ],
    )
    @pytest.mark.parametrize("operation", ["insert", "swap", "replace"])
    def test_unknown_members(self, teams: Backend, add: tuple[str, ...], unknown: set[str], operation: str) -> None:
        """Members that the tenant does not have are refused, all of them named, and nothing is done."""
        commit(teams, person("stranger"), tenant=OTHER)
        before = everything(teams)
        swaps = {"swap": members("t", *add), "replace": members("t", *add, clear=True)}
        with pytest.raises(UnknownMembers) as caught:
            commit(teams, swaps.get(operation) or team("new", *add))
        assert set(caught.value.ids) == unknown
        assert everything(teams) == before

    def test_removing_a_member(self, teams: Backend, clock: ManualClock) -> None:
        """Who is removed leaves all teams, each of which gets a new version, a new time and an entry in the log."""
        commit(teams, team("u", "a"), team("v", "b"))
        now = clock.advance(seconds=1)
        commit(teams, Removal("Person", "a"))
        for name, left, version in (("t", ["b"], 2), ("u", [], 2), ("v", ["b"], 1)):
            resource = stored(teams, "Team", name)
            assert ([link.id for link in resource.links], resource.version) == (left, version)
            assert (resource.modified == now) == (version == 2)
        entries = {entry.id: entry for entry in teams.log(TENANT) if entry.at == now}
        assert {(entry.token_id, entry.request_id) for entry in entries.values()} == {ACTOR}
        assert {i: (entry.operation, entry.before, entry.after) for i, entry in entries.items()} == {
            "t": ("update", 1, 2),
            "u": ("update", 1, 2),
            "a": ("delete", 1, None),
        }
        assert entries["t"].delta == {"membersRemoved": ["a"]}
        assert found(teams, "Team", 'members.value eq "a"') == []

    def test_removing_a_team(self, teams: Backend) -> None:
        """A team that is removed is nobody's any more; the log holds who was in it."""
        commit(teams, team("outer", "t"), Removal("Team", "t"))
        assert linked(teams, "Person", "a") == []
        assert linked(teams, "Team", "outer") == []
        assert teams.log(TENANT)[-1].delta["membersRemoved"] == ["a", "b"]
        assert teams.members(TENANT, ["t"]) == []

    def test_team_in_itself(self, teams: Backend) -> None:
        """A team may be its own member, and can still be removed."""
        commit(teams, members("t", "t"))
        assert linked(teams, "Team", "t") == ["a", "b", "t"]
        commit(teams, Removal("Team", "t"))
        assert [entry.operation for entry in teams.log(TENANT)[-2:]] == ["update", "delete"]

    def test_links(self, teams: Backend) -> None:
        """A team's links are its members with their types; a member's are its teams with their present names."""
        commit(teams, team("outer", "t", "a"), changed(team("outer"), displayName="Äußere"))
        assert stored(teams, "Team", "outer").links == [Link("a", "Person"), Link("t", "Team")]
        assert stored(teams, "Person", "a").links == [Link("outer", "Team", "Äußere"), Link("t", "Team", "t")]
        assert stored(teams, "Note", "note").links == ()

    def test_links_of_what_a_commit_made(self, teams: Backend) -> None:
        """An insert returns the new resource with its members, whose types are theirs; so does a swap that says who all
        are, another one none."""
        inserted, note_made, swapped = commit(teams, team("new", "t", "b", "a"), note("m"), members("t", "c"))
        assert inserted == stored(teams, "Team", "new")
        assert [len(each.links) for each in (inserted, note_made, swapped) if each] == [3, 0, 0]
        for change in (
            members("new", "c", "t", "a", clear=True),
            members("new", "a", "t", "c", clear=True),
            replace(changed(team("new"), displayName="N"), members=MemberChanges(("new", "b"), clear=True)),
            members("new", clear=True),
        ):
            swapped, present = write(teams, change), stored(teams, "Team", "new")
            assert list(swapped.links) == list(present.links)
            assert swapped._replace(links=()) == present._replace(links=())

    def test_members_by_page(self, teams: Backend) -> None:
        """Members come in the order of their ids, from behind a given one, in both directions."""
        commit(teams, members("t", "c", "d"))
        assert [m.id for m in teams.members(TENANT, ["t"])] == ["a", "b", "c", "d"]
        assert [m.id for m in teams.members(TENANT, ["t"], count=2)] == ["a", "b"]
        assert [m.id for m in teams.members(TENANT, ["t"], after="b", count=2)] == ["c", "d"]
        assert [m.id for m in teams.members(TENANT, ["t"], after="bb")] == ["c", "d"]
        assert [m.id for m in teams.members(TENANT, ["t"], after="d")] == []
        assert [m.id for m in teams.members(TENANT, ["t"], count=3, reverse=True)] == ["d", "c", "b"]
        assert [m.id for m in teams.members(TENANT, ["t"], after="c", reverse=True)] == ["b", "a"]
        assert teams.members(TENANT, ["t"], count=0) == []

    def test_members_of_several(self, teams: Backend) -> None:
        """The members of several teams are each there once, and counted once."""
        commit(teams, team("u", "b", "c", "t"), team("empty"))
        assert teams.members(TENANT, ["u", "t", "nothing", "u"], after="a") == [
            *(Link("b", "Person"), Link("c", "Person"), Link("t", "Team"))
        ]
        assert [m.id for m in teams.members(TENANT, ["t", "u"], count=2, reverse=True)] == ["t", "c"]
        assert teams.count_members(TENANT, ["t", "u", "u", "nothing"]) == 4
        assert [teams.count_members(TENANT, ids) for ids in (["t"], ["empty"], ["nothing"], [])] == [2, 0, 0, 0]

    def test_members_of_tenants_are_apart(self, teams: Backend) -> None:
        """Members of a team in one tenant are not those of a team with the same id in another."""
        commit(teams, person("a"), person("z"), team("t", "z"), tenant=OTHER)
        assert [m.id for m in teams.members(TENANT, ["t"])] == ["a", "b"]
        assert [m.id for m in teams.members(OTHER, ["t"])] == ["z"]
        assert teams.count_members(OTHER, ["t"]) == 1
        commit(teams, Removal("Person", "a"), tenant=OTHER)
        assert linked(teams, "Team", "t") == ["a", "b"]

    def test_races_of_additions(self, backend: Backend) -> None:
        """Of many who add a member to a team at once, all succeed and all members stay."""
        names = [f"p{n:02}" for n in range(THREADS)]
        commit(backend, *map(person, names), team("t"))
        assert at_once(backend, *([members("t", name)] for name in names)) == [None] * THREADS
        assert linked(backend, "Team", "t") == names
        assert stored(backend, "Team", "t").version == THREADS + 1

    def test_races_with_removal(self, backend: Backend) -> None:
        """When people are added to teams and removed at once, none is left in a team without being there."""
        names = [f"p{n:02}" for n in range(THREADS // 2)]
        commit(backend, *map(person, names), team("t"))
        additions = ([members("t", name)] for name in names)
        outcomes = at_once(backend, *additions, *([Removal("Person", name)] for name in names))
        failed: list[StoreError] = [outcome for outcome in outcomes if outcome is not None]
        assert all(isinstance(error, UnknownMembers) for error in failed)
        assert found(backend, "Person") == linked(backend, "Team", "t") == []

    def test_readers_see_whole_replacements(self, backend: Backend) -> None:
        """While members are replaced, a reader sees the old ones or the new ones."""
        states = [["a", "b"], ["c", "d"]]
        commit(backend, *map(person, PEOPLE), team("t", *states[0]))
        swaps = [[members("t", *states[n % 2], clear=True)] for n in range(50)]
        seen = while_committing(backend, swaps, lambda: linked(backend, "Team", "t"))
        assert all(ids in states for ids in seen)
