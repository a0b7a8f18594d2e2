"""Bearer tokens as they are kept: made, listed, verified, revoked."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from flask_bsr_scim.backends.base import Actor, Backend, Insert
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.errors import NotFound, StoreUnavailable
from flask_bsr_scim.registry.tokens import Kind, TokenStore, without_tokens
from tests.registry.kept import NOW, Clock, Open

SOON = NOW + timedelta(hours=1)


def sha256(text: str) -> str:
    """Return the hash under which a token is kept."""
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("kind", Kind)
def test_the_text_is_a_prefix_tenant_and_secret(kind: Kind, tokens: TokenStore) -> None:
    """A token can be recognised, says where it is kept, and has 256 random bits."""
    text, _ = tokens.create("acme-1", kind)
    assert re.fullmatch(rf"bsr{kind}_acme-1_[A-Za-z0-9_-]{{43}}", text)


def test_no_two_texts_are_alike(tokens: TokenStore) -> None:
    """Secrets are random."""
    texts = {tokens.create("default")[0] for _ in range(50)}
    assert len({text[-43:] for text in texts}) == 50


def test_what_is_kept_is_told(backend: Backend, tokens: TokenStore) -> None:
    """All that was given comes back, and the text does not."""
    backend.commit("default", [Insert("User", "u-1", {"schemas": [], "id": "u-1", "userName": "bob", "active": True})])
    text, made = tokens.create("default", Kind.API, expires=SOON, user="u-1", description="for Okta")
    (listed,) = tokens.list("default")
    assert listed == made
    assert (made.kind, made.user, made.description) == (Kind.API, "u-1", "for Okta")
    assert made.created == "2027-01-31T12:00:30.000000"
    assert made.expires == "2027-01-31T13:00:30.000000"
    assert made.last_used is None
    assert text not in repr(made)


def test_an_end_in_another_zone_is_kept_in_utc(tokens: TokenStore) -> None:
    """The moment counts, not the way it is written."""
    _, made = tokens.create("default", expires=SOON.astimezone(timezone(timedelta(hours=-7))))
    assert made.expires == "2027-01-31T13:00:30.000000"


def test_only_the_hash_is_stored(backend: Backend, tokens: TokenStore) -> None:
    """The store holds the SHA-256 of the text, and no more of it."""
    text, made = tokens.create("default")
    resource = backend.get("default", "Token", made.id)
    assert resource is not None
    assert resource.document["hash"] == sha256(text)
    assert text[-43:] not in resource.text


def test_the_change_log_has_neither_text_nor_hash(backend: Backend, tokens: TokenStore) -> None:
    """Making and revoking are audited, without anything that could be used or guessed from."""
    text, made = tokens.create("default", actor=Actor("t-0", "r-1"))
    tokens.delete("default", made.id, Actor("t-0", "r-2"))
    entries = backend.log("default")
    assert [(e.operation, e.type, e.id, e.token_id, e.request_id) for e in entries] == [
        ("create", "Token", made.id, "t-0", "r-1"),
        ("delete", "Token", made.id, "t-0", "r-2"),
    ]
    assert text[-43:] not in repr(entries)
    assert sha256(text) not in repr(entries)


def test_tokens_are_listed_in_the_order_of_their_making(clock: Clock, tokens: TokenStore) -> None:
    """A list is that of one tenant, oldest first."""
    made = []
    for hours in range(3):
        clock.now = NOW + timedelta(hours=hours)
        made.append(tokens.create("default")[1])
    tokens.create("other")
    assert list(tokens.list("default")) == made


def test_every_token_is_listed(tokens: TokenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    monkeypatch.setattr("flask_bsr_scim.registry.store._PAGE", 2)
    made = [tokens.create("default")[1] for _ in range(5)]
    assert list(tokens.list("default")) == made


def test_a_token_of_nobody_is_listed_nowhere(tokens: TokenStore) -> None:
    """A tenant that does not exist has no tokens."""
    assert list(tokens.list("nowhere")) == []


def test_a_live_token_is_verified(tokens: TokenStore) -> None:
    """Verification tells tenant and id."""
    text, made = tokens.create("acme")
    assert tokens.verify(text, Kind.SCIM) == ("acme", made.id, None)


def test_two_tokens_live_side_by_side(tokens: TokenStore) -> None:
    """Rotation: the new one works before the old one is revoked, and after it."""
    (old, first), (new, second) = tokens.create("default"), tokens.create("default")
    assert tokens.verify(old, Kind.SCIM) == ("default", first.id, None)
    assert tokens.verify(new, Kind.SCIM) == ("default", second.id, None)
    tokens.delete("default", first.id)
    assert tokens.verify(old, Kind.SCIM) is None
    assert tokens.verify(new, Kind.SCIM) == ("default", second.id, None)


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda text: "", id="empty"),
        pytest.param(lambda text: text[:-1], id="cut short"),
        pytest.param(lambda text: text + "A", id="too long"),
        pytest.param(lambda text: text.swapcase(), id="other letter case"),
        pytest.param(lambda text: text.replace("bsrscim_", "bsrapi_"), id="other kind"),
        pytest.param(lambda text: text.replace("bsrscim_", "scim_"), id="other prefix"),
        pytest.param(lambda text: text.replace("_default_", "_other_"), id="other tenant"),
        pytest.param(lambda text: text.replace("_default_", "_nowhere_"), id="no tenant of this name"),
        pytest.param(lambda text: text.replace("_default_", "_"), id="without tenant"),
        pytest.param(lambda text: text.replace("_default_", "__"), id="empty tenant"),
        pytest.param(lambda text: text.replace("_default_", "_' OR 1=1 --_"), id="SQL for a tenant"),
        pytest.param(lambda text: text.rpartition("_")[2][-43:], id="the secret alone"),
        pytest.param(lambda text: sha256(text), id="the hash"),
        pytest.param(lambda text: f"bsrscim_default_{sha256(text)}", id="the hash, dressed as a token"),
        pytest.param(lambda text: "bsrscim_default_" + "é" * 43, id="not ASCII"),
    ],
)
def test_no_other_text_is_verified(forge: Callable[[str], str], tokens: TokenStore) -> None:
    """Only the very text of a token of that kind is one."""
    text, _ = tokens.create("default")
    tokens.create("other")
    assert tokens.verify(forge(text), Kind.SCIM) is None


@pytest.mark.requirement("Z-03")
@pytest.mark.parametrize(("made", "asked"), [(Kind.API, Kind.SCIM), (Kind.SCIM, Kind.API)])
def test_kinds_are_kept_apart(made: Kind, asked: Kind, tokens: TokenStore) -> None:
    """A token does what its kind does."""
    text, _ = tokens.create("default", made)
    assert tokens.verify(text, asked) is None
    assert tokens.verify(text, made) is not None


@pytest.mark.requirement("Z-05")
@pytest.mark.parametrize(
    ("after", "lives"),
    [
        pytest.param(timedelta(0), True, id="at once"),
        pytest.param(timedelta(hours=1) - timedelta(microseconds=1), True, id="just before"),
        pytest.param(timedelta(hours=1), False, id="at its end"),
        pytest.param(timedelta(days=4000), False, id="long after"),
    ],
)
def test_a_token_ends_at_its_time(after: timedelta, lives: bool, clock: Clock, tokens: TokenStore) -> None:
    """Expiry is exact, and read from the clock at each use."""
    text, _ = tokens.create("default", expires=SOON)
    clock.now = NOW + after
    assert (tokens.verify(text, Kind.SCIM) is not None) is lives


def test_a_token_without_an_end_never_ends(clock: Clock, tokens: TokenStore) -> None:
    """Absent expiry means never."""
    text, _ = tokens.create("default")
    clock.now = datetime(9999, 12, 31, tzinfo=UTC)
    assert tokens.verify(text, Kind.SCIM) is not None


def test_use_is_noted_to_the_minute(clock: Clock, tokens: TokenStore) -> None:
    """The time of the last use goes on with use, and never back."""
    text, _ = tokens.create("default")
    seen = []
    for seconds in (0, 29, 30, 200, 60):
        clock.now = NOW + timedelta(seconds=seconds)
        tokens.verify(text, Kind.SCIM)
        seen.append(next(tokens.list("default")).last_used)
    assert seen == [f"2027-01-31T12:0{minute}" for minute in (0, 0, 1, 3, 3)]


def test_a_refused_use_is_not_noted(clock: Clock, tokens: TokenStore) -> None:
    """An expired token does not look alive."""
    text, _ = tokens.create("default", expires=SOON)
    clock.now = SOON
    tokens.verify(text, Kind.SCIM)
    assert next(tokens.list("default")).last_used is None


def test_use_is_no_change(backend: Backend, clock: Clock, tokens: TokenStore) -> None:
    """Noting a use makes neither a version nor an entry in the change log."""
    text, made = tokens.create("default")
    clock.now = SOON
    tokens.verify(text, Kind.SCIM)
    resource = backend.get("default", "Token", made.id)
    assert resource is not None
    assert (resource.version, resource.modified) == (1, made.created)
    assert len(backend.log("default")) == 1


def test_a_store_that_takes_no_writes_lets_tokens_in(
    backend: Backend, tokens: TokenStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Reading goes on while another process holds the store's lock; the missed note is logged, without the token."""

    def locked(*_: object) -> None:
        raise StoreUnavailable("locked")

    text, made = tokens.create("default")
    monkeypatch.setattr(backend, "_touch", locked)
    assert tokens.verify(text, Kind.SCIM) == ("default", made.id, None)
    assert made.id in caplog.text
    assert text not in caplog.text


@pytest.mark.requirement("Z-05")
def test_a_revoked_token_is_gone_for_everybody(backend_uri: str, open_store: Open, tokens: TokenStore) -> None:
    """Deletion is seen at once by whoever else has the store open."""
    other = TokenStore(open_store()) if backend_uri.startswith("sqlite") else tokens
    text, made = tokens.create("default")
    assert other.verify(text, Kind.SCIM) is not None
    tokens.delete("default", made.id)
    assert other.verify(text, Kind.SCIM) is None
    assert list(other.list("default")) == []


@pytest.mark.parametrize("tenant", ["default", "other", "nowhere"])
def test_only_a_token_of_the_tenant_can_be_deleted(tenant: str, tokens: TokenStore) -> None:
    """An unknown id, and one of another tenant, are not there."""
    text, made = tokens.create("acme")
    tokens.create("other")
    with pytest.raises(NotFound):
        tokens.delete(tenant, made.id)
    assert tokens.verify(text, Kind.SCIM) is not None


def test_a_token_is_deleted_once(tokens: TokenStore) -> None:
    """The second deletion finds nothing."""
    _, made = tokens.create("default")
    tokens.delete("default", made.id)
    with pytest.raises(NotFound):
        tokens.delete("default", made.id)


@pytest.mark.parametrize("tenant", ["", "Acme", "a_b", "a b", "-a", "a-", "a" * 64, "é", "a/b", "a\n"])
def test_a_tenant_has_a_plain_name(tenant: str, tokens: TokenStore) -> None:
    """A name that would not fit between the underscores of a token is refused."""
    with pytest.raises(ValueError, match="tenant"):
        tokens.create(tenant)


@pytest.mark.parametrize("tenant", ["a", "0", "a-b", "a" * 63])
def test_plain_names_of_tenants_are_taken(tenant: str, tokens: TokenStore) -> None:
    """The whole of the allowed range works."""
    text, made = tokens.create(tenant)
    assert tokens.verify(text, Kind.SCIM) == (tenant, made.id, None)


def test_tokens_are_taken_out_of_texts(tokens: TokenStore) -> None:
    """What goes into a log or an answer has the token left out, wherever it stood."""
    text, _ = tokens.create("acme-1")
    assert without_tokens(f"/Users/{text}?x={text}") == "/Users/…?x=…"
    assert without_tokens("bsr.example.com bsrscim /Users/bob_smith") == "bsr.example.com bsrscim /Users/bob_smith"


# Dialects


@pytest.mark.parametrize("dialect", [None, *Dialect])
def test_a_dialect_is_kept(dialect: Dialect | None, tokens: TokenStore) -> None:
    """It is a token's own, or nobody's."""
    text, made = tokens.create("default", dialect=dialect)
    assert made.dialect is dialect
    assert tokens.verify(text, Kind.SCIM) == ("default", made.id, dialect)
