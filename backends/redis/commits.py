"""How the Redis store commits.

A transaction reads, keeps its changes to itself, and writes them all in one script in the end. The script does so only
if the tenant is still in the revision that the transaction began with: nobody wrote in between, so that what was read
holds. That alone makes commits right. A lock only makes writers wait for each other: it is taken by who does much in
one transaction, and by who came too late time and again. Should it end too soon, the revision still tells.

A crash in the middle leaves nothing but a lock that ends by itself. The script may be sent again when its answer was
lost: it finds its own entry in the change log.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from random import uniform
from secrets import token_hex
from time import monotonic, sleep
from typing import Final, TypeVar

from redis.exceptions import ConnectionError, RedisError, TimeoutError

from flask_bsr_scim.backends.base import Absence, Backend, Change, Conversion, Insert, RemovalOfAll, Swap
from flask_bsr_scim.backends.redis.layout import LOCK, META, ROWS, UNIQUE, USED, digest, joined
from flask_bsr_scim.backends.redis.overlay import Overlay
from flask_bsr_scim.backends.redis.space import Kinds
from flask_bsr_scim.backends.redis.tenant import PATIENCE, Command, StoredTenant, flat
from flask_bsr_scim.backends.redis.waiting import Waiting
from flask_bsr_scim.errors import StoreError, StoreUnavailable
from flask_bsr_scim.schema import Document

T = TypeVar("T")

_PAUSE: Final = (0.001, 0.004)
"""Seconds between two tries."""

_LOCK_SECONDS: Final = 10
"""A lock ends by itself after this time; a bulk job has half of it."""

_PURGED_AT_ONCE: Final = 1000

_AT_ONCE: Final = 2000
"""Changes of memberships that the script takes; more of them wait for it."""

_FORESEEN_AT_MOST: Final = 1000
"""Fields of a hash that are read ahead of a commit."""

_FEW_MEMBERS: Final = 50
"""The rows of so many members are read ahead whole; of more, the heads alone are read when it comes to them."""

_META: Final = ("logged", "created", "at", "profile")

_GONE: Final = (ConnectionError, TimeoutError)
"""Raised by a server that would not hear of the end of a lock either."""

Foreseen = Mapping[int, Sequence[str]]
"""What a transaction will surely read: fields by the number of their hash."""


class OvertakenError(Exception):
    """Somebody else wrote in between, so that nothing was written.

    :param is_large: it would take long to try it again.
    """

    def __init__(self, *, is_large: bool = False) -> None:
        super().__init__()
        self.is_large = is_large


class Commits:
    """Transactions in one tenant."""

    def __init__(self, tenant: StoredTenant, kinds: Kinds) -> None:
        self._tenant, self._kinds = tenant, kinds

    def attempt(self, work: Callable[[Overlay], T], foreseen: Foreseen) -> T:
        """Return what `work` returns, once what it wrote to an overlay is stored.

        :raises OvertakenError: nothing was stored, and it may be tried again.
        """
        token = token_hex(16)
        overlay, revision = self._begin(token, foreseen)
        try:
            result = work(overlay)
        except StoreUnavailable:
            raise
        except StoreError:
            # What was found wrong may have come of what another one did half-way through.
            self._check(revision)
            raise
        self._write(overlay, revision, token)
        return result

    @contextmanager
    def alone(self) -> Iterator[Overlay]:
        """Give an overlay while nobody else writes; store what was written to it, unless an exception leaves.

        :raises StoreUnavailable: another writer did not finish in time.
        """
        token = token_hex(16)
        self._lock(token)
        try:
            overlay, revision = self._begin(token, {})
            yield overlay
            self._write(overlay, revision, token)
        except BaseException as error:
            if not isinstance(error.__cause__ or error, _GONE):
                self._unlock(token)
            if isinstance(error, OvertakenError):
                raise StoreUnavailable("the transaction took too long, and another writer came before") from None
            raise
        self._unlock(token)

    def _unlock(self, token: str) -> None:
        # What cannot be unlocked ends by itself.
        with suppress(RedisError):
            self._tenant.run("unlock", token)

    def _lock(self, token: str) -> None:
        deadline = monotonic() + PATIENCE
        while not self._tenant.run("lock", token, _LOCK_SECONDS * 1000):
            if monotonic() > deadline:
                raise StoreUnavailable("another writer holds the tenant")
            sleep(uniform(*_PAUSE))

    def _begin(self, token: str, foreseen: Foreseen) -> tuple[Overlay, int]:
        """Return an overlay of what is there, and the revision."""
        wanted = {META: _META, **{key: fields for key, fields in foreseen.items() if fields}}
        ahead: list[Command] = [("HMGET", key, *fields) for key, fields in wanted.items()]
        holder, *values = self._tenant.read([("GET", LOCK), *ahead])
        if holder not in (None, token):
            raise OvertakenError
        seen = {key: dict(zip(wanted[key], found, strict=True)) for key, found in zip(wanted, values, strict=True)}
        return Overlay(self._tenant, self._kinds, seen), int(seen[META]["logged"] or 0)

    def _write(self, overlay: Overlay, revision: int, token: str) -> None:
        if len(overlay.memberships) > _AT_ONCE:
            return self._write_large(overlay, revision, token)
        commands = [*overlay.commands(token), *overlay.membership_commands()]
        if not commands:
            return self._check(revision)
        if self._send(commands, overlay.horizon, revision, token) != "done":
            raise OvertakenError
        return None

    def _write_large(self, overlay: Overlay, revision: int, token: str) -> None:
        if self._tenant.revision() != revision:
            raise OvertakenError(is_large=True)
        waiting = Waiting(self._tenant, token, _LOCK_SECONDS)
        number = waiting.put(overlay.memberships)
        answer = self._send(overlay.commands(token), overlay.horizon, revision, token, number)
        if answer == "done":
            return waiting.bring_in()
        waiting.take_away()
        if answer == "lost":
            raise StoreUnavailable("Redis did not keep all members until they were to be written")
        raise OvertakenError(is_large=True)

    def _send(self, commands: Sequence[Command], horizon: str, revision: int, token: str, waiting: int = 0) -> object:
        about = revision, f"{revision + 1}-0", token, horizon, _PURGED_AT_ONCE, waiting
        return self._tenant.run("commit", *about, *flat(commands), beside=token if waiting else None)

    def _check(self, revision: int) -> None:
        if self._tenant.revision() != revision:
            raise OvertakenError


def patiently(attempt: Callable[[], T], tries: int) -> T | None:
    """Return what an attempt returns that was not overtaken; None when all of them were, or one that took long."""
    for _ in range(tries):
        try:
            return attempt()
        except OvertakenError as error:
            if error.is_large:
                break
            sleep(uniform(*_PAUSE))
    return None


def foresee(backend: Backend, changes: Sequence[Change]) -> Foreseen:
    """Return what a commit of changes will surely read."""
    ids = list(chain.from_iterable(map(_ids, changes)))[:_FORESEEN_AT_MOST]
    fields = list(chain.from_iterable(_unique_fields(backend, change) for change in changes))[:_FORESEEN_AT_MOST]
    return {ROWS: ids, USED: ids, UNIQUE: fields}


def _ids(change: Change) -> Iterator[str]:
    """Yield the ids of the resources that a change is about, those of a few members too."""
    if isinstance(change, RemovalOfAll | Absence):
        return
    yield change.id
    if isinstance(change, Insert | Swap) and change.members is not None:
        touched = (*change.members.add, *change.members.remove)
        yield from touched if len(touched) <= _FEW_MEMBERS else ()


def _unique_fields(backend: Backend, change: Change) -> Iterator[str]:
    if isinstance(change, Absence):
        stored = backend.stored_key(change.key)
        if stored.unique:
            yield joined(stored.name, digest(stored.key))
    type_name, document = _new_document(change)
    if document is not None:
        for index in backend.types.by_name[type_name].indexed:
            if index.unique:
                yield from (joined(index.name, digest(key)) for key in index.keys(document))


def _new_document(change: Change) -> tuple[str, Document | None]:
    """Return the document that a change stores, after the name of its type."""
    match change:
        case Conversion():
            return change.new_type, change.document
        case Insert() | Swap():
            return change.type, change.document
    return "", None
