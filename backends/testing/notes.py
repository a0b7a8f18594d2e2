"""The contract of notes."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from flask_bsr_scim.backends.base import LASTING, NOTES, Backend, Note, Query
from flask_bsr_scim.backends.testing.data import (
    OTHER,
    TENANT,
    THREADS,
    VIEW,
    ManualClock,
    commit,
    everything,
    person,
)
from flask_bsr_scim.errors import UniquenessConflict


class NoteContract:
    """What :meth:`Backend.remember` and :meth:`Backend.recall` promise."""

    def test_a_note(self, backend: Backend) -> None:
        """A text is kept under its key in its tenant, as it is; there is nothing under others."""
        text = "Ärger \U0001f600 '\"\n "
        assert backend.recall(TENANT, "k") is None
        assert backend.remember(TENANT, "k", text, 60) == text
        assert backend.recall(TENANT, "k") == text
        assert backend.recall(TENANT, "K") is backend.recall(OTHER, "k") is backend.recall("nowhere", "k") is None
        assert backend.remember(OTHER, "k", "", 60) == backend.recall(OTHER, "k") == ""

    def test_the_first_text_stays(self, backend: Backend, clock: ManualClock) -> None:
        """Another text takes the place of one only when the time of that is over."""
        backend.remember(TENANT, "k", "first", 60)
        clock.advance(seconds=59)
        assert backend.remember(TENANT, "k", "second", 60) == backend.recall(TENANT, "k") == "first"
        clock.advance(seconds=1)
        assert backend.recall(TENANT, "k") is None
        assert backend.remember(TENANT, "k", "second", 60) == backend.recall(TENANT, "k") == "second"
        clock.advance(seconds=59)
        assert backend.recall(TENANT, "k") == "second"

    def test_a_text_in_the_place_of_another(self, backend: Backend, clock: ManualClock) -> None:
        """It counts from then on, for its own time."""
        backend.remember(TENANT, "k", "first", 60)
        clock.advance(seconds=59)
        assert backend.remember(TENANT, "k", "second", 60, anew=True) == backend.recall(TENANT, "k") == "second"
        clock.advance(seconds=59)
        assert backend.remember(TENANT, "k", "third", 60) == "second"
        backend.remember(TENANT, "k", "third", 10, anew=True)
        backend.remember(TENANT, "k", "fourth", 60, anew=True)
        backend.remember(TENANT, "k", "fifth", 10, anew=True)
        clock.advance(seconds=10)
        assert backend.recall(TENANT, "k") is None
        assert backend.remember(TENANT, "new", "text", 60, anew=True) == backend.recall(TENANT, "new") == "text"

    def test_a_text_that_is_remembered_again_lasts(self, backend: Backend, clock: ManualClock) -> None:
        """Whoever remembers a text finds it for half of the time at least, though it was there before; or else nothing
        changes."""
        for _ in range(10):
            assert backend.remember(TENANT, "k", "text", 60) == "text"
            clock.advance(seconds=29)
            assert backend.recall(TENANT, "k") == "text"
        backend.remember(TENANT, "k", "text", 60)
        clock.advance(seconds=30)
        assert backend.remember(TENANT, "k", "text", 60) == "text"
        clock.advance(seconds=30)
        assert backend.recall(TENANT, "k") is None

    def test_notes_are_apart(self, backend: Backend) -> None:
        """A note is in no log and in no list, and opens no tenant."""
        commit(backend, person("a"))
        before = everything(backend)
        backend.remember(TENANT, "k", "text", 60)
        backend.remember("new", "k", "text", 60)
        assert everything(backend) == before
        assert backend.tenants() == []

    def test_notes_of_no_tenant(self, backend: Backend) -> None:
        """What is no tenant's name has none."""
        with pytest.raises(ValueError, match="'No Tenant'"):
            backend.remember("No Tenant", "k", "text", 60)

    def test_one_decides(self, backend: Backend) -> None:
        """Of many who remember under one key at once, all get the text of one of them."""
        barrier = Barrier(THREADS)

        def remember(number: int) -> str:
            barrier.wait()
            try:
                return backend.remember(TENANT, "k", str(number), 60)
            finally:
                backend.close()

        with ThreadPoolExecutor(THREADS) as pool:
            kept = set(pool.map(remember, range(THREADS)))
        assert kept == {backend.recall(TENANT, "k")}

    def test_the_last_notes_are_kept(self, backend: Backend, clock: ManualClock) -> None:
        """There are `NOTES` in a tenant: whichever was remembered longest ago goes, in that tenant alone, unless it has
        long to last."""
        backend.remember(OTHER, "0", "text", 60)
        backend.remember(TENANT, "lasting", "text", LASTING + 60)
        with backend.together(TENANT):
            for number in range(NOTES + 2):
                backend.remember(TENANT, str(number), "text", 60)
                clock.advance(seconds=0.001)
                if number == 5:
                    backend.remember(TENANT, "0", "again", 60, anew=True)
        kept = [backend.recall(TENANT, str(number)) for number in (0, 1, 2, 4, 10, NOTES, NOTES + 1)]
        assert kept == ["again", None, None, "text", "text", "text", "text"]
        assert backend.recall(TENANT, "lasting") == "text"
        assert backend.recall(OTHER, "0") == "text"

    def test_a_short_note_among_long_ones(self, backend: Backend) -> None:
        """It is one of the last ones, however soon it ends."""
        with backend.together(TENANT):
            for number in range(NOTES):
                backend.remember(TENANT, str(number), "text", LASTING)
            for key in ("a", "b"):
                backend.remember(TENANT, key, "text", 60)
        assert [backend.recall(TENANT, key) for key in ("1", "2", "a", "b")] == [None, "text", "text", "text"]

    def test_notes_inside_of_what_is_together(self, backend: Backend) -> None:
        """Who remembers inside of :meth:`Backend.together` waits not for itself, nor loses it to a failed commit."""
        with backend.together(TENANT):
            commit(backend, person("a"))
            assert backend.remember(TENANT, "k", "text", 60) == backend.recall(TENANT, "k") == "text"
            with pytest.raises(UniquenessConflict):
                commit(backend, person("a"))
        assert backend.recall(TENANT, "k") == "text"

    def test_a_note_that_is_read_with_a_page(self, backend: Backend, clock: ManualClock) -> None:
        """A page may bring the note that its query names: then it is the one that is kept, and ends when it does."""
        commit(backend, *map(person, "abc"))
        query = Query(VIEW, count=2, texts=True, place="k")
        commit(backend, person("a"), tenant=OTHER)
        backend.remember(OTHER, "k", "theirs", 60)
        assert backend.query(TENANT, "Person", query).noted is None
        backend.remember(TENANT, "k", "a gap, 'quoted'", 60)
        noted = backend.query(TENANT, "Person", query).noted
        assert noted in (None, Note("a gap, 'quoted'", clock.now.timestamp() + 60))
