"""The contract of commits: atomicity, ids, uniqueness, versions, tenants."""

from typing import Any

import pytest

from flask_bsr_scim.backends.base import Backend, Change, Key, Removal, RemovalOfAll, Swap
from flask_bsr_scim.backends.testing.data import (
    EXTRA,
    OTHER,
    TENANT,
    THREADS,
    ManualClock,
    at_once,
    changed,
    commit,
    everything,
    found,
    members,
    note,
    person,
    query,
    stored,
    team,
    while_committing,
    write,
)
from flask_bsr_scim.errors import ResourceNotFound, StoreError, UniquenessConflict, UnknownMembers, VersionConflict
from flask_bsr_scim.schema import Document

BOB = person("bob", secret="Geheim", emails=[{"value": "Bob@Example.com", "type": "work"}])
EVE = person("eve")


class CommitContract:
    """What :meth:`Backend.commit` promises, memberships and change log apart."""

    def test_insert(self, backend: Backend, clock: ManualClock) -> None:
        """A new resource is in version 1, made and modified at the time of the clock, and can be read."""
        now = clock.advance(seconds=1)
        resource = write(backend, BOB)
        assert resource == backend.get(TENANT, "Person", "bob")
        assert (resource.type, resource.id, resource.version) == ("Person", "bob", 1)
        assert resource.created == resource.modified == now
        assert resource.document == BOB.document
        assert resource.used is None

    def test_swap(self, backend: Backend, clock: ManualClock) -> None:
        """A change adds one to the version and sets the time of modification, and only that."""
        made = write(backend, BOB)
        now = clock.advance(seconds=1)
        resource = write(backend, changed(BOB, nickName="B", emails=None))
        assert (
            resource
            == made._replace(version=2, modified=now, text=resource.text)
            == backend.get(TENANT, "Person", "bob")
        )
        assert resource.document == {**person("bob", secret="Geheim").document, "nickName": "B"}

    def test_swap_without_change(self, backend: Backend, clock: ManualClock) -> None:
        """A swap by the same document, in whatever order of members, leaves everything as it was."""
        commit(backend, BOB)
        before = everything(backend)
        clock.advance(seconds=1)
        again = Swap("Person", "bob", dict(reversed(BOB.document.items())), expected_version=1)
        assert commit(backend, again, Swap("Person", "bob")) == [backend.get(TENANT, "Person", "bob")] * 2
        assert everything(backend) == before

    def test_removal(self, backend: Backend) -> None:
        """A removed resource is nowhere, and its id and its unique values are free."""
        commit(backend, BOB, EVE)
        assert commit(backend, Removal("Person", "bob", expected_version=1)) == [None]
        assert backend.get(TENANT, "Person", "bob") is None
        assert backend.find(TENANT, "Person", "userName", "bob") is None
        assert found(backend, "Person") == ["eve"]
        assert found(backend, "Person", 'userName eq "bob" or emails.value eq "bob@example.com"') == []
        commit(backend, person("bob-2", userName="bob", emails=BOB.document["emails"]))
        assert write(backend, person("bob", userName="again")).version == 1

    def test_results_in_order(self, backend: Backend) -> None:
        """A commit returns the state after each change, and each change sees those before it."""
        made, swapped, gone, again = commit(
            backend, BOB, changed(BOB, 1, nickName="B"), Removal("Person", "bob", 2), person("bob-2", userName="bob")
        )
        assert gone is None
        assert [(r.id, r.version) for r in (made, swapped, again) if r] == [("bob", 1), ("bob", 2), ("bob-2", 1)]

    def test_no_changes(self, backend: Backend) -> None:
        """A commit of nothing does nothing."""
        assert commit(backend) == []
        assert backend.log(TENANT) == []

    @pytest.mark.parametrize(
        ("failing", "error"),
        [
            pytest.param(person("mallory", userName="BOB"), UniquenessConflict, id="unique value"),
            pytest.param(note("bob"), UniquenessConflict, id="id"),
            pytest.param(changed(BOB, 7, userName="x"), VersionConflict, id="version"),
            pytest.param(Removal("Person", "bob", 7), VersionConflict, id="version of a removal"),
            pytest.param(changed(person("nobody")), ResourceNotFound, id="swap of nothing"),
            pytest.param(Removal("Person", "team"), ResourceNotFound, id="removal of another type"),
            pytest.param(members("team", "nobody"), UnknownMembers, id="member"),
        ],
    )
    def test_all_or_nothing(self, backend: Backend, failing: Change, error: type[StoreError]) -> None:
        """When one change of a commit fails, none of them is done."""
        commit(backend, BOB, EVE, person("joe"), team("team", "bob"))
        before = everything(backend)
        with pytest.raises(error):
            commit(
                backend,
                person("new", emails=[{"value": "new@example.com"}]),
                team("new-team", "new", "bob"),
                changed(EVE, userName="eva", nickName="E"),
                members("team", "eve", remove=["bob"]),
                Removal("Person", "eve"),
                failing,
            )
        assert everything(backend) == before
        assert backend.find(TENANT, "Person", "userName", "eva") is None
        commit(backend, person("new", userName="eva", emails=[{"value": "new@example.com"}]), members("team", "new"))

    @pytest.mark.parametrize("again", [person("bob", userName="other"), team("bob"), note("bob")], ids=lambda i: i.type)
    def test_id_is_unique_over_types(self, backend: Backend, again: Change) -> None:
        """An id belongs to one resource of a tenant, whatever the types."""
        commit(backend, BOB)
        with pytest.raises(UniquenessConflict) as caught:
            commit(backend, again)
        assert (caught.value.attribute, caught.value.holder) == ("id", "bob")

    @pytest.mark.parametrize(
        ("attributes", "attribute", "value"),
        [
            pytest.param({"userName": "BOB"}, "userName", "BOB", id="letter case"),
            pytest.param(
                {"emails": [{"value": "x"}, {"value": "bob@example.COM"}]},
                "emails.value",
                "bob@example.COM",
                id="one of several",
            ),
            pytest.param({"secret": "Geheim"}, "secret", "Geheim", id="exact"),
            pytest.param({"nickName": "bob"}, None, None, id="not unique"),
            pytest.param({"secret": "GEHEIM"}, None, None, id="other letter case of an exact one"),
        ],
    )
    @pytest.mark.parametrize("operation", ["insert", "swap"])
    def test_unique_values(
        self, backend: Backend, attributes: dict[str, Any], attribute: str | None, value: str | None, operation: str
    ) -> None:
        """A value that another resource has is refused by its key; the error names path, value as sent, and holder."""
        commit(backend, BOB, EVE)
        change: Change = person("new", **attributes) if operation == "insert" else changed(EVE, **attributes)
        if attribute is None:
            commit(backend, change)
            return
        with pytest.raises(UniquenessConflict) as caught:
            commit(backend, change)
        error = caught.value
        assert (error.type_name, error.attribute, error.value, error.holder) == ("Person", attribute, value, "bob")

    def test_unique_key_is_composed(self, backend: Backend) -> None:
        """Composed and decomposed forms of a name are the same."""
        commit(backend, person("a", userName="\u00c9va"))
        with pytest.raises(UniquenessConflict):
            commit(backend, person("b", userName="e\u0301VA"))
        assert backend.find(TENANT, "Person", "userName", "E\u0301va") == backend.get(TENANT, "Person", "a")

    def test_own_values_are_no_conflict(self, backend: Backend) -> None:
        """A resource may keep its unique values, spell them anew, and hold one twice."""
        twice = [{"value": "bob@example.com", "type": "work"}, {"value": "BOB@example.com", "type": "home"}]
        commit(backend, BOB, changed(BOB, userName="BOB", emails=twice))
        assert stored(backend, "Person", "bob").document["emails"] == twice
        commit(backend, changed(BOB, emails=None), person("new", emails=twice))

    def test_values_change_hands_in_one_commit(self, backend: Backend) -> None:
        """What one change gives up, a later one of the same commit may take."""
        commit(backend, BOB, EVE)
        commit(backend, changed(BOB, userName="x"), changed(EVE, userName="bob"), changed(BOB, userName="eve"))
        assert backend.find(TENANT, "Person", "userName", "BOB") == backend.get(TENANT, "Person", "eve")
        assert backend.find(TENANT, "Person", "userName", "EVE") == backend.get(TENANT, "Person", "bob")

    @pytest.mark.parametrize("kind", ["swap", "removal"])
    def test_expected_version(self, backend: Backend, kind: str) -> None:
        """A change that expects another version than the stored one is refused, and done when it is the stored one."""
        commit(backend, BOB, changed(BOB, nickName="B"))

        def change(version: int) -> Change:
            return changed(BOB, version) if kind == "swap" else Removal("Person", "bob", version)

        for version in (1, 3):
            with pytest.raises(VersionConflict):
                commit(backend, change(version))
        assert stored(backend, "Person", "bob").version == 2
        assert commit(backend, change(2)) == [backend.get(TENANT, "Person", "bob")]

    def test_expected_version_without_change(self, backend: Backend) -> None:
        """A swap that would change nothing is refused all the same when it expects another version."""
        commit(backend, BOB)
        with pytest.raises(VersionConflict):
            commit(backend, changed(BOB, 2))

    @pytest.mark.parametrize(
        "change",
        [changed(EVE), Removal("Person", "eve"), Swap("Note", "bob"), Removal("Team", "bob")],
        ids=["swap", "removal", "swap of another type", "removal of another type"],
    )
    def test_nothing_to_change(self, backend: Backend, change: Swap | Removal) -> None:
        """Changing what is not there, or is of another type, is an error that names type and id."""
        commit(backend, BOB)
        with pytest.raises(ResourceNotFound) as caught:
            commit(backend, change)
        assert (caught.value.type_name, caught.value.resource_id) == (change.type, change.id)

    def test_tenants_are_apart(self, backend: Backend) -> None:
        """Ids, unique values, changes and members of one tenant mean nothing in another."""
        commit(backend, BOB, team("team", "bob"))
        before = everything(backend)
        for change in (changed(BOB), Removal("Person", "bob"), Removal("Team", "team"), members("team")):
            with pytest.raises(ResourceNotFound):
                commit(backend, change, tenant=OTHER)
        with pytest.raises(UnknownMembers):
            commit(backend, team("other", "bob"), tenant=OTHER)
        commit(backend, BOB, team("team"), tenant=OTHER)
        commit(backend, changed(BOB, userName="x", nickName="x"), Removal("Team", "team"), tenant=OTHER)
        assert everything(backend) == before

    @pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a b", "é", "a/b", "a" * 64])
    def test_tenant_names(self, backend: Backend, name: str) -> None:
        """What is not a tenant's name is refused on writing, and reads as an empty tenant."""
        with pytest.raises(ValueError, match="tenant"):
            commit(backend, BOB, tenant=name)
        with pytest.raises(ValueError, match="tenant"):
            backend.open(name, "bsr")
        assert found(backend, "Person", tenant=name) == []

    def test_the_longest_tenant_names(self, backend: Backend) -> None:
        """Names of 63 characters that differ in the last one alone are those of two tenants."""
        one, other = ("t" * 62 + last for last in "ab")
        commit(backend, BOB, tenant=one)
        backend.remember(one, "k", "text", 60)
        backend.append(one, ["text"], most=10, seconds=60)
        assert everything(backend, other) == everything(backend, "nobody")
        assert (backend.recall(other, "k"), backend.journal(other)) == (None, [])
        for tenant in (one, other):
            backend.open(tenant, "bsr")
        assert backend.tenants() == [one, other]

    def test_keys_of_an_extension(self, backend: Backend) -> None:
        """Attributes of an extension have keys like any others: these move with each change."""
        badge, desk = f"{EXTRA}:badge", f"{EXTRA}:desk"
        backend.open(TENANT, "bsr")
        extras: list[Document] = [{EXTRA: {"badge": f"B{number}", "desk": f"D{number}"}} for number in (1, 2)]
        commit(backend, person("a", **extras[0]), changed(person("a"), **extras[1]))
        assert backend.find(TENANT, "Person", badge, "b2") == backend.get(TENANT, "Person", "a")
        assert [found(backend, "Person", f'{desk} eq "{key}"') for key in ("d1", "d2")] == [[], ["a"]]
        with pytest.raises(UniquenessConflict) as caught:
            commit(backend, person("b", **{EXTRA: {"badge": "b2"}}))
        assert (caught.value.attribute, caught.value.holder) == (badge, "a")
        commit(backend, person("b", **{EXTRA: {"badge": "b1"}}), RemovalOfAll(Key("Person", desk, "D1")))
        assert found(backend, "Person") == ["a", "b"]
        assert list(backend.check()) == []

    def test_races_for_a_unique_value(self, backend: Backend) -> None:
        """Of many who create the same name at once, in whatever letter case, one succeeds."""
        names = ["bob" if n % 2 else "BOB" for n in range(THREADS)]
        outcomes = at_once(backend, *([person(f"id-{n}", userName=name)] for n, name in enumerate(names)))
        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, UniquenessConflict) for outcome in outcomes) == THREADS - 1
        assert found(backend, "Person") == [f"id-{outcomes.index(None)}"]

    def test_races_with_expected_version(self, backend: Backend) -> None:
        """Of many who change one version at once, one succeeds."""
        commit(backend, BOB)
        outcomes = at_once(backend, *([changed(BOB, 1, nickName=f"n{n}")] for n in range(THREADS)))
        assert outcomes.count(None) == 1
        assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == THREADS - 1
        resource = stored(backend, "Person", "bob")
        assert (resource.version, resource.document["nickName"]) == (2, f"n{outcomes.index(None)}")

    def test_races_without_expected_version(self, backend: Backend) -> None:
        """Of many who change a resource at once without saying which version, all succeed, one after another."""
        commit(backend, BOB)
        assert at_once(backend, *([changed(BOB, nickName=f"n{n}")] for n in range(THREADS))) == [None] * THREADS
        assert stored(backend, "Person", "bob").version == THREADS + 1
        assert [entry.after for entry in backend.log(TENANT)] == list(range(1, THREADS + 2))

    def test_readers_see_whole_commits(self, backend: Backend) -> None:
        """A reader sees all of a commit or nothing of it, in one resource and in a list."""
        commit(backend, BOB, EVE)
        swaps = [[changed(BOB, nickName=f"n{n}"), changed(EVE, nickName=f"n{n}")] for n in range(50)]

        def names() -> set[object]:
            page = backend.query(TENANT, "Person", query("Person"))
            return {resource.document.get("nickName") for resource in page.resources}

        assert all(len(seen) == 1 for seen in while_committing(backend, swaps, names))
