"""The contract of a store that several processes use, and that may be out of reach."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from flask_bsr_scim.backends.base import Absence, Backend, Change, Key, Query
from flask_bsr_scim.backends.dumping import Profile
from flask_bsr_scim.backends.testing.data import (
    TENANT,
    THREADS,
    TYPES,
    VIEW,
    ManualClock,
    at_once,
    changed,
    commit,
    everything,
    found,
    person,
    team,
    write,
)
from flask_bsr_scim.errors import ConfigurationError, StoreUnavailable, UniquenessConflict

_CALLS: dict[str, Callable[[Backend], object]] = {
    "get": lambda store: store.get(TENANT, "Person", "a"),
    "get_both": lambda store: store.get_both(TENANT, ("Person", "a"), ("Person", "b")),
    "find": lambda store: store.find(TENANT, "Person", "userName", "a"),
    "is_held": lambda store: store.is_held(TENANT, "Person", "userName", "a"),
    "presume": lambda store: _presuming(store),
    "query": lambda store: store.query(TENANT, "Person", Query(VIEW)),
    "members": lambda store: store.members(TENANT, ["t"]),
    "count_members": lambda store: store.count_members(TENANT, ["t"]),
    "groups_of": lambda store: store.groups_of(TENANT, ["a"]),
    "log": lambda store: store.log(TENANT),
    "ping": lambda store: store.ping(),
    "commit": lambda store: commit(store, person("a")),
    "together": lambda store: _together(store),
    "open": lambda store: store.open(TENANT, "bsr"),
    "tenants": lambda store: store.tenants(),
    "touch": lambda store: store.touch(TENANT, "Person", "a", "2026-01-01T00:01"),
    "remember": lambda store: store.remember(TENANT, "k", "text", 60),
    "recall": lambda store: store.recall(TENANT, "k"),
    "append": lambda store: store.append(TENANT, ["text"], most=10, seconds=60),
    "journal": lambda store: store.journal(TENANT),
    "dump": lambda store: list(store.dump(TENANT)),
    "load": lambda store: store.load(TENANT, [Profile("bsr")]),
    "check": lambda store: list(store.check()),
}


def _together(store: Backend) -> None:
    with store.together(TENANT):
        commit(store, person("a"))


def _presuming(store: Backend) -> None:
    with store.presuming():
        store.presume(TENANT, "Person", "userName", "a")


class SharedContract:
    """What holds of two backends on one store, and of one whose store does not answer.

    A subclass of this and of the others gives the fixtures `open_again` and `unreachable`, too.
    """

    @pytest.fixture
    def open_again(self) -> Callable[..., Backend]:
        """Return what makes a second backend on the store of the first, from the same keyword arguments."""
        raise NotImplementedError(f"{type(self).__name__} has to give the fixture open_again")

    @pytest.fixture
    def unreachable(self) -> Backend:
        """Return a backend whose store does not answer."""
        raise NotImplementedError(f"{type(self).__name__} has to give the fixture unreachable")

    @pytest.fixture
    def another(self, backend: Backend, open_again: Callable[..., Backend], clock: ManualClock) -> Iterator[Backend]:
        """A second backend on the store of `backend`, as another process has it."""
        another = open_again(types=TYPES, clock=clock)
        yield another
        another.close()

    def test_another_sees_what_was_written(self, backend: Backend, another: Backend) -> None:
        """What one has written the other reads at once, whatever it has read before."""
        for turn, (writer, reader) in enumerate([(backend, another), (another, backend)] * 2):
            commit(writer, person(f"p{turn}"), team(f"t{turn}", f"p{turn}"))
            writer.touch(TENANT, "Person", f"p{turn}", "2026-01-01T00:01")
            writer.remember(TENANT, f"k{turn}", "text", 60)
            writer.append(TENANT, [f"{turn}"], most=10, seconds=60)
            assert everything(reader) == everything(writer)
            assert reader.recall(TENANT, f"k{turn}") == "text"
            assert [(entry.number, entry.text) for entry in reader.journal(TENANT)][-1] == (turn + 1, f"{turn}")
        assert found(backend, "Person") == ["p0", "p1", "p2", "p3"]
        assert [entry.sequence for entry in another.log(TENANT)] == list(range(1, 9))

    def test_a_profile_is_that_of_the_store(self, backend: Backend, another: Backend) -> None:
        """A tenant that one has opened keeps its profile in the other."""
        assert another.tenants() == []
        backend.open(TENANT, "bsr")
        assert another.tenants() == [TENANT]
        with pytest.raises(ConfigurationError, match="'bsr'"):
            another.open(TENANT, "rfc7643")

    @pytest.mark.parametrize("attribute", ["userName", "nickName"], ids=["unique value", "absence"])
    def test_races_of_two(self, backend: Backend, another: Backend, attribute: str) -> None:
        """Of those who want to be the only one with a key, some here and some there, one succeeds."""
        for turn in range(10):
            key = Key("Person", attribute, f"n{turn}")
            free: list[Change] = [Absence(key)] if attribute == "nickName" else []
            wanted = [[*free, person(f"{turn}-{n}", **{attribute: key.value})] for n in range(THREADS)]
            outcomes = at_once(backend, *wanted, another=another)
            assert outcomes.count(None) == 1
            assert sum(isinstance(outcome, UniquenessConflict) for outcome in outcomes) == THREADS - 1
            assert found(backend, "Person")[turn:] == [f"{turn}-{outcomes.index(None)}"]

    def test_times_follow_the_order_of_commits(
        self, backend: Backend, open_again: Callable[..., Backend], clock: ManualClock
    ) -> None:
        """`modified` goes on where the other was, though the clock of one process is behind."""
        now = clock.advance(days=1)
        commit(backend, person("a"))
        with closing(open_again(types=TYPES, clock=ManualClock())) as another:
            assert write(another, changed(person("a"), nickName="n")).modified >= now
        assert [entry.at >= now for entry in backend.log(TENANT)] == [True, True]

    @pytest.mark.parametrize("name", _CALLS)
    def test_a_store_that_is_out_of_reach(self, unreachable: Backend, name: str) -> None:
        """The errors of the driver come out as :class:`StoreUnavailable`, whatever is asked."""
        with pytest.raises(StoreUnavailable):
            _CALLS[name](unreachable)
