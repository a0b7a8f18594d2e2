"""The contract of journals."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, THREADS, ManualClock, commit, everything, person

_BOUNDS = {"most": 100, "seconds": 60}


def _read(backend: Backend, **page: int | bool) -> list[tuple[int, str]]:
    return [(entry.number, entry.text) for entry in backend.journal(TENANT, **page)]  # type: ignore[arg-type]


class JournalContract:
    """What :meth:`Backend.append` and :meth:`Backend.journal` promise."""

    def test_a_journal(self, backend: Backend, clock: ManualClock) -> None:
        """Texts are there in their order, as they are, with numbers and time; other tenants have none of them."""
        texts = ["", "Ärger \U0001f600 '\"\n ", "third"]
        assert backend.journal(TENANT) == backend.journal("nowhere") == []
        backend.append(TENANT, texts[:1], **_BOUNDS)
        backend.append(TENANT, texts[1:], **_BOUNDS)
        assert _read(backend) == list(enumerate(texts, 1))
        assert {entry.at for entry in backend.journal(TENANT)} == {clock().timestamp()}
        assert backend.journal(OTHER) == []
        backend.append(OTHER, ["other"], **_BOUNDS)
        assert [entry.number for entry in backend.journal(OTHER)] == [1]

    def test_pages_of_a_journal(self, backend: Backend) -> None:
        """A page begins behind a number, in either direction."""
        backend.append(TENANT, list("abcde"), **_BOUNDS)
        assert _read(backend, count=2) == [(1, "a"), (2, "b")]
        assert _read(backend, after=3) == [(4, "d"), (5, "e")]
        assert _read(backend, reverse=True, count=2) == [(5, "e"), (4, "d")]
        assert _read(backend, reverse=True, after=3) == [(2, "b"), (1, "a")]
        ends: list[dict[str, int | bool]] = [{"after": 5}, {"after": 1, "reverse": True}, {"count": 0}]
        assert [_read(backend, **page) for page in ends] == [[], [], []]
        assert _read(backend, after=0, reverse=True) == []

    def test_nothing_is_appended(self, backend: Backend) -> None:
        """No texts are no entries."""
        backend.append(TENANT, [], **_BOUNDS)
        assert backend.journal(TENANT) == []

    def test_the_last_entries_are_kept(self, backend: Backend) -> None:
        """With each append the oldest go that are too many; numbers go on."""
        backend.append(OTHER, ["other"], **_BOUNDS)
        for _ in range(3):
            backend.append(TENANT, ["a", "b"], most=3, seconds=60)
        assert _read(backend) == [(4, "b"), (5, "a"), (6, "b")]
        backend.append(TENANT, list("vwxyz"), most=2, seconds=60)
        assert [text for _, text in _read(backend)] == ["y", "z"]
        assert len(backend.journal(OTHER)) == 1

    def test_old_entries_go(self, backend: Backend, clock: ManualClock) -> None:
        """With each append those go that are too old; numbers go on."""
        backend.append(TENANT, ["a", "b"], **_BOUNDS)
        clock.advance(seconds=40)
        backend.append(TENANT, ["c"], **_BOUNDS)
        clock.advance(seconds=21)
        backend.append(TENANT, ["d"], **_BOUNDS)
        assert _read(backend) == [(3, "c"), (4, "d")]
        clock.advance(seconds=39)
        backend.append(TENANT, ["e"], **_BOUNDS)
        assert _read(backend) == [(3, "c"), (4, "d"), (5, "e")]
        clock.advance(seconds=1000)
        backend.append(TENANT, ["f"], **_BOUNDS)
        assert _read(backend) == [(6, "f")]

    def test_a_journal_is_apart(self, backend: Backend) -> None:
        """Its entries are in no log and in no list, change no version, and open no tenant."""
        commit(backend, person("a"))
        before = everything(backend)
        backend.append(TENANT, ["text"], **_BOUNDS)
        backend.append("new", ["text"], **_BOUNDS)
        assert everything(backend) == before
        assert backend.tenants() == []

    def test_the_journal_of_no_tenant(self, backend: Backend) -> None:
        """What is no tenant's name has none."""
        with pytest.raises(ValueError, match="'No Tenant'"):
            backend.append("No Tenant", ["text"], **_BOUNDS)

    def test_nothing_is_lost_by_many_writers(self, backend: Backend) -> None:
        """What many append at once is all there, each batch in one piece."""
        barrier = Barrier(THREADS)

        def append(writer: int) -> None:
            barrier.wait()
            try:
                backend.append(TENANT, [f"{writer} first", f"{writer} second"], **_BOUNDS)
            finally:
                backend.close()

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(append, range(THREADS)))
        entries = _read(backend)
        assert [number for number, _ in entries] == list(range(1, 2 * THREADS + 1))
        pairs = {(first, second) for (_, first), (_, second) in zip(entries[::2], entries[1::2], strict=True)}
        assert pairs == {(f"{writer} first", f"{writer} second") for writer in range(THREADS)}
