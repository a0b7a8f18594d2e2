"""A store in Redis or Valkey, for any number of hosts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import local
from typing import Any, ClassVar, Self

from redis.exceptions import RedisClusterException, RedisError

from flask_bsr_scim.backends.base import (
    LASTING,
    NOTES,
    Actor,
    Both,
    Change,
    JournalEntry,
    LogEntry,
    MemberChoice,
    Page,
    Query,
)
from flask_bsr_scim.backends.dumping import Record, Seen, TenantTakenError
from flask_bsr_scim.backends.redis import check, indexes, journal, members, pages
from flask_bsr_scim.backends.redis.commits import Commits, foresee, patiently
from flask_bsr_scim.backends.redis.dump import Dump
from flask_bsr_scim.backends.redis.durability import SETTINGS, check_eviction, durability_warnings
from flask_bsr_scim.backends.redis.layout import META, UNIQUE, digest, joined
from flask_bsr_scim.backends.redis.layout import NOTES as NOTES_KEY
from flask_bsr_scim.backends.redis.load import RedisLoader
from flask_bsr_scim.backends.redis.overlay import Overlay
from flask_bsr_scim.backends.redis.presumed import Presumed, Presumption
from flask_bsr_scim.backends.redis.server import Server
from flask_bsr_scim.backends.redis.space import Holders, Ids, Kinds, Source, Space
from flask_bsr_scim.backends.redis.tenant import PATIENCE, StoredTenant
from flask_bsr_scim.backends.redis.transaction import RedisTransaction
from flask_bsr_scim.backends.redis.turns import Turns
from flask_bsr_scim.backends.redis.uri import SCHEMES, Options, client_maker, read_options, read_place
from flask_bsr_scim.backends.transaction import Transaction
from flask_bsr_scim.backends.transactional import TransactionalBackend
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import ResourceType, TypeRegistry

_TRIES = 4
"""A commit that others came before so often makes them wait."""


class RedisBackend(TransactionalBackend):
    """Keeps each tenant in a few keys of one slot.

    :param is_set: whether another server may take over from the one that is written to.
    """

    SCHEMES = SCHEMES
    OPTIONS = Options._fields
    PRESUMES = True
    UNAVAILABLE: ClassVar[tuple[type[Exception], ...]] = (RedisError, RedisClusterException, OSError)

    def __init__(
        self, types: TypeRegistry, server: Server, options: Options, *, is_set: bool = False, **shared: Any
    ) -> None:
        super().__init__(types, **shared)
        self._server, self._options, self._is_set = server, options, is_set
        self._kinds = Kinds(types)
        self._held = _Held()
        self._presumed = Presumed()
        self._turns = Turns(PATIENCE)
        self._keeps = False
        self._opened: dict[str, str] = {}

    @classmethod
    def from_uri(cls, uri: str, types: TypeRegistry, options: Mapping[str, Any], **shared: Any) -> Self:
        """Read `redis://host:6379/0`, `redis+sentinel://host:26379/service/0` and `redis+cluster://host:6379`, with
        `rediss` for TLS, and the options of :class:`~flask_bsr_scim.backends.redis.uri.Options`.
        """
        place, chosen = read_place(uri), read_options(options)
        return cls(types, Server(client_maker(place, chosen)), chosen, is_set=place.kind != "redis", **shared)

    def upgrade(self, progress: Callable[[int, int], None] | None = None) -> list[str]:
        self.ping()
        return []

    def warnings(self) -> list[str]:
        try:
            settings = self._server.settings(*SETTINGS)
        except self.UNAVAILABLE as error:
            return [f"Redis does not answer, so that nothing can be said of what it keeps: {error}"]
        return list(durability_warnings(settings, is_set=self._is_set))

    def close(self) -> None:
        self._server.close()

    # Reads

    def _stored(self, tenant: str) -> StoredTenant:
        return StoredTenant(self._server, self._options.prefix, tenant, self._kinds, self._presumed)

    def _space(self, tenant: str) -> Space:
        return self._held.overlays.get(tenant) or self._stored(tenant)

    def _one(self, tenant: str, source: Source, links_of: str | None = None) -> Resource | None:
        records = self._space(tenant).fetch(source, links_of).records
        return records[0].resource if records else None

    def _get(self, tenant: str, type_name: str, resource_id: str, links: bool) -> Resource | None:
        found = self._one(tenant, Ids([resource_id]), type_name if links else None)
        return found if found is not None and found.type == type_name else None

    def _get_both(self, tenant: str, first: tuple[str, str], second: tuple[str, str], links: bool) -> Both:
        records = self._space(tenant).fetch(Ids([first[1], second[1]]), first[0] if links else None).records
        found = {(record.resource.type, record.resource.id): record.resource for record in records}
        other = found.get(second)
        return found.get(first), other and other._replace(links=())

    def _find(self, tenant: str, type_name: str, attribute: str, key: Any) -> Resource | None:
        return self._one(tenant, Holders([_field(type_name, attribute, key)]))

    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool:
        return self._space(tenant).values(UNIQUE, [_field(type_name, attribute, key)]) != [None]

    def _presume(self, tenant: str, type_name: str, attribute: str, value: str) -> bool:
        # A transaction that is open may hold another answer than the server.
        if not self._presumed.is_allowed or self._presumed.pending is not None or self._held.overlays:
            return super()._presume(tenant, type_name, attribute, value)
        field = _field(type_name, attribute, self._unique[type_name, attribute](value))
        self._presumed.pending = Presumption(self._stored(tenant).keys[UNIQUE], field)
        return True

    @contextmanager
    def presuming(self) -> Iterator[None]:
        with self._presumed.allowed():
            try:
                yield
            except StoreUnavailable:
                raise  # It would not tell now either.
            except Exception:
                self.confirm()  # What went wrong is for those alone who presumed rightly.
                raise
            self.confirm()

    def confirm(self) -> None:
        with self._wrapped:
            self._presumed.confirm(self._server)

    def _query(self, tenant: str, resource_type: ResourceType, query: Query) -> Page:
        return pages.page(self._space(tenant), self._kinds, resource_type, query, self.query_seconds)

    def _members(
        self,
        tenant: str,
        group_ids: Sequence[str],
        after: str | None,
        count: int,
        reverse: bool,
        choice: MemberChoice,
    ) -> list[Link]:
        return members.members(self._space(tenant), group_ids, after, count, reverse, choice)

    def _count_members(self, tenant: str, group_ids: Sequence[str], choice: MemberChoice) -> int:
        return members.count_members(self._space(tenant), group_ids, choice)

    def _groups_of(self, tenant: str, member_ids: Sequence[str]) -> dict[str, list[Link]]:
        return members.groups_of(self._space(tenant), member_ids)

    def _log(self, tenant: str, after: int, count: int) -> list[LogEntry]:
        return self._space(tenant).log(after, count)

    def _ping(self) -> None:
        self.confirm()
        self._server.call("EXISTS", self._tenants_key)

    # Writes

    def _commit(
        self, tenant: str, changes: Sequence[Change], actor: Actor
    ) -> tuple[list[Resource | None], list[LogEntry]]:
        if overlay := self._held.overlays.get(tenant):
            overlay.hashes(foresee(self, changes))
            return super()._commit(tenant, changes, actor)
        with self._turns.take(tenant):
            done = patiently(partial(self._attempt, tenant, changes, actor), _TRIES)
            return super()._commit(tenant, changes, actor) if done is None else done

    def _attempt(
        self, tenant: str, changes: Sequence[Change], actor: Actor
    ) -> tuple[list[Resource | None], list[LogEntry]]:
        def work(overlay: Overlay) -> tuple[list[Resource | None], list[LogEntry]]:
            self._see_that_it_is_open(tenant, overlay)
            return self._apply(RedisTransaction(overlay, self._kinds), changes, actor)

        return Commits(self._stored(tenant), self._kinds).attempt(work, foresee(self, changes))

    @contextmanager
    def _overlay(self, tenant: str) -> Iterator[Overlay]:
        """Give an overlay of what is there, or of the one that the thread holds, to which it is added in the end."""
        outer = self._held.overlays.get(tenant)
        if outer is None:
            with self._turns.take(tenant), Commits(self._stored(tenant), self._kinds).alone() as overlay:
                self._see_that_it_is_open(tenant, overlay)
                yield overlay
            return
        inner = Overlay(outer, self._kinds)
        yield inner
        outer.absorb(inner)

    @contextmanager
    def _transaction(self, tenant: str) -> Iterator[Transaction]:
        with self._overlay(tenant) as overlay:
            yield RedisTransaction(overlay, self._kinds)

    @contextmanager
    def _together(self, tenant: str) -> Iterator[None]:
        outer = self._held.overlays
        with self._overlay(tenant) as overlay:
            self._held.overlays = {**outer, tenant: overlay}
            try:
                yield
            finally:
                self._held.overlays = outer

    def _touch(self, tenant: str, type_name: str, resource_id: str, used: str) -> None:
        self._stored(tenant).run("touch", f"{type_name}\n", resource_id, used)

    def _remember(self, tenant: str, key: str, text: str, seconds: int, anew: bool) -> str:
        now = self._seconds()
        kept: str = self._stored(tenant).run("remember", key, text, seconds, now, NOTES, int(anew), LASTING)
        return kept

    def _recall(self, tenant: str, key: str) -> str | None:
        (note,) = self._stored(tenant).values(NOTES_KEY, [key])
        ends, _, text = (note or "0 ").partition(" ")
        return text if float(ends) > self._seconds() else None

    def _append(self, tenant: str, texts: Sequence[str], most: int, now: float, horizon: float) -> None:
        journal.append(self._stored(tenant), texts, most, now, horizon)

    def _journal(self, tenant: str, after: int | None, count: int, reverse: bool) -> list[JournalEntry]:
        return journal.read(self._stored(tenant), after, count, reverse)

    # Tenants

    @property
    def _tenants_key(self) -> str:
        return f"{self._options.prefix}:1:tenants"

    def _open(self, tenant: str, profile: str) -> str:
        self._see_that_nothing_is_thrown_away()
        stored = self._stored(tenant)
        # Written is only what is missing, so that a server that takes no writes can be read.
        recorded, forms = stored.values(META, ["profile", "indexes"])
        if recorded is None:
            recorded, forms = stored.run("open", profile, indexes.forms_of(self.types))
        if not self._server.call("SISMEMBER", self._tenants_key, tenant):
            self._server.call("SADD", self._tenants_key, tenant)
        if recorded == profile and not indexes.are_present(forms, self.types):
            with self._overlay(tenant) as overlay:
                indexes.build(stored, RedisTransaction(overlay, self._kinds), self.types)
        self._opened[tenant] = str(recorded)
        return str(recorded)

    def _see_that_it_is_open(self, tenant: str, overlay: Overlay) -> None:
        """Open a tenant again when Redis lost everything since this process did."""
        if tenant in self._opened and overlay.values(META, ["profile"]) == [None]:
            self.open(tenant, self._opened[tenant])

    def _see_that_nothing_is_thrown_away(self) -> None:
        if self._options.eviction == "refused" and not self._keeps:
            check_eviction(self._server.settings(*SETTINGS))
            self._keeps = True

    def _tenants(self) -> list[str]:
        self.confirm()
        return list(self._server.call("SMEMBERS", self._tenants_key))

    # Moving, and proving

    def _dump(self, tenant: str) -> Iterator[Record]:
        return Dump(tenant, self._stored(tenant), self.types).records()

    def _load(self, tenant: str, records: Iterator[Record], replace: bool) -> None:
        loader = RedisLoader(self._server, self._stored(tenant), self._kinds, self.types)
        try:
            loader.take(records)
            outcome = self._adopt(tenant, loader, replace)
        finally:
            loader.give_up()
        if outcome == "taken":
            raise TenantTakenError(tenant)
        if outcome == "lost":
            raise StoreUnavailable("Redis did not keep all that was loaded, and the tenant is as it was")

    def _adopt(self, tenant: str, loader: RedisLoader, replace: bool) -> str:
        """Make the tenant known, then what was loaded: when the first fails, the same can be loaded again."""
        is_new = loader.profile is not None and self._server.call("SADD", self._tenants_key, tenant)
        outcome = loader.adopt(replace=replace)
        if is_new and outcome != "done":
            self._server.call("SREM", self._tenants_key, tenant)
        return outcome

    def _check(self, tenant: str, seen: Seen) -> Iterator[str]:
        return check.check(tenant, self._stored(tenant), self._kinds, self.types, seen)


class _Held(local):
    """The overlays of the transactions that a thread has open, by tenant."""

    def __init__(self) -> None:
        self.overlays: dict[str, Overlay] = {}


def _field(type_name: str, attribute: str, key: Any) -> str:
    return joined(f"{type_name}.{attribute}", digest(key))
