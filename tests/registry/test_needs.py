"""What tokens needed, as it is kept with them."""

from datetime import timedelta

import pytest

from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.dialects import Speech, Tolerance
from flask_bsr_scim.errors import StoreUnavailable, VersionConflict
from flask_bsr_scim.registry.needs import Needs
from flask_bsr_scim.registry.tokens import TokenStore
from tests.registry.kept import NOW, Clock, Open

STRING, PATH, URN = Tolerance.BOOLEAN_AS_STRING, Tolerance.OPERATION_WITHOUT_PATH, Tolerance.MISSING_URN


@pytest.fixture
def needs(backend: Backend) -> Needs:
    return Needs(backend)


def test_needs_are_kept_to_the_day(clock: Clock, tokens: TokenStore, needs: Needs) -> None:
    """Each tolerance has the last day on which it was needed."""
    _, made = tokens.create("default")
    needs.keep("default", made.id, {STRING, PATH})
    clock.now = NOW + timedelta(days=2)
    needs.keep("default", made.id, {PATH})
    assert next(tokens.list("default")).tolerances == {
        "boolean-as-string": "2027-01-31",
        "operation-without-path": "2027-02-02",
    }


def test_needs_are_written_once_a_minute(backend: Backend, clock: Clock, tokens: TokenStore, needs: Needs) -> None:
    """What comes within a minute of a write waits for the next need; what is kept is written no more that day."""
    _, made = tokens.create("default")

    def kept() -> set[str]:
        return set(next(tokens.list("default")).tolerances)

    needs.keep("default", made.id, {STRING})
    needs.keep("default", made.id, {PATH})
    needs.keep("default", made.id, {URN})
    assert kept() == {STRING}
    clock.now = NOW + timedelta(minutes=1)
    for _ in range(3):
        needs.keep("default", made.id, {STRING})
    assert kept() == {STRING, PATH, URN}
    assert [entry.operation for entry in backend.log("default")] == ["create", "update", "update"]


def test_needs_are_joined_with_those_that_others_noted(
    backend: Backend, open_store: Open, backend_uri: str, tokens: TokenStore, needs: Needs
) -> None:
    """Two processes serve one token: neither forgets what the other saw, and neither writes it again."""
    other = Needs(backend if backend_uri.startswith("memory") else open_store())
    _, made = tokens.create("default")
    needs.keep("default", made.id, {STRING})
    other.keep("default", made.id, {STRING})
    assert len(backend.log("default")) == 2
    Needs(backend).keep("default", made.id, {PATH})
    assert set(next(tokens.list("default")).tolerances) == {STRING, PATH}


@pytest.mark.parametrize("error", [StoreUnavailable("locked"), VersionConflict()])
def test_a_store_that_cannot_keep_needs_is_left_alone_for_a_minute(
    error: Exception, backend: Backend, clock: Clock, tokens: TokenStore, needs: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No request waits for the same lock as the one before it, and nothing that was needed is forgotten."""
    _, made = tokens.create("default")
    tries = []

    def fail(*_: object) -> None:
        tries.append(1)
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(backend, "_commit", fail)
        for _ in range(3):
            needs.keep("default", made.id, {STRING})
    assert tries == [1]
    clock.now = NOW + timedelta(minutes=1)
    needs.keep("default", made.id, {PATH})
    assert set(next(tokens.list("default")).tolerances) == {STRING, PATH}


def test_who_is_not_in_the_store_has_nothing_kept(backend: Backend, needs: Needs) -> None:
    """SCIM_TOKEN, JWTs, and a token that was revoked meanwhile."""
    needs.keep("default", "SCIM_TOKEN", {STRING})
    assert backend.log("default") == []


def test_counters_are_bounded(needs: Needs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The subjects of JWTs are as many as an authorization server has, and a process lives long."""
    monkeypatch.setattr("flask_bsr_scim.registry.needs._MOST", 10)
    for number in range(50):
        with Speech() as speech:
            speech.needed.add(STRING)
            needs.note("default", f"issuer#{number}", speech)
    assert 0 < len(needs.counts) <= 10
    assert 0 < len(needs._noted) <= 10
