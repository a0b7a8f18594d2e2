"""How the Redis store answers queries: from an index where one has the whole answer, else by looking at resources."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from time import monotonic
from typing import Any, Final, NamedTuple, TypeVar

from flask_bsr_scim.backends.base import LogEntry, Page, Query
from flask_bsr_scim.backends.gaps import cursors, read_gap
from flask_bsr_scim.backends.redis.layout import INDEX, MEMBERS, UNIQUE, Range, beyond, id_in, of_type, under
from flask_bsr_scim.backends.redis.plan import Loose, Ordered, Plan, make_plan
from flask_bsr_scim.backends.redis.space import Fetched, Holders, Ids, Kinds, Record, Source, Space, Stretch
from flask_bsr_scim.backends.scans import Numbered, cut, needs_links
from flask_bsr_scim.errors import StoreUnavailable, TooMany
from flask_bsr_scim.filter import evaluate, sort_key
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import ResourceType

Item = TypeVar("Item", bound=Numbered)

_AT_ONCE = 500
"""Resources that are read in one step."""

_ROWS = 100
"""So often a query asks whether it takes too long."""

_FEW = 2000
"""Resources that indexes lead to in no order: when they are more, the type is looked through instead."""

_CHANGES = 1000
"""Entries of the change log that are read at once."""

_TIMES: Final[Mapping[str, Callable[[Resource], str]]] = {
    "meta.created": attrgetter("created"),
    "meta.lastModified": attrgetter("modified"),
}
"""What a query can sort by that is no part of a document."""


class Match(NamedTuple):
    """A resource that a query matches."""

    seq: int
    id: str


def page(space: Space, kinds: Kinds, resource_type: ResourceType, query: Query, seconds: float) -> Page:
    """Return a page, as of one moment.

    :raises TooMany: it takes longer than `seconds`.
    """
    plan = make_plan(resource_type, query.filter)
    if plan.exact and query.sort is None:
        if isinstance(plan, Ordered):
            return _straight(space, resource_type, plan.range, query)
        if len(plan.fields) == 1 and query.after is None:
            return _single(space, resource_type, plan.fields, query)
    return _Search(space, kinds, resource_type, query, plan, monotonic() + seconds).page()


def _straight(space: Space, resource_type: ResourceType, whole: Range, query: Query) -> Page:
    """Return a page of what an index has in the order of creation."""
    part = whole if query.after is None else beyond(whole, read_gap(query.after).seq, reverse=query.reverse)
    offset, count = max(query.offset, 0), max(query.count, 0)
    part = Range(part.key, part.low, part.high, offset, count, query.reverse)
    found = space.fetch(Stretch(whole, part), resource_type.name if query.links else None)
    resources = [record.resource for record in found.records]
    return Page(
        found.total, resources, cursors(query, [r.seq for r in found.records], None), 0 < count < found.size - offset
    )


def _single(space: Space, resource_type: ResourceType, fields: Sequence[str], query: Query) -> Page:
    """Return a page of the one that holds a unique key, if anybody does."""
    found = space.fetch(Holders(fields), resource_type.name if query.links else None).records
    shown = found[max(query.offset, 0) :][: max(query.count, 0)]
    return Page(len(found), [r.resource for r in shown], cursors(query, [r.seq for r in shown], None))


class _Search:
    """A query under way. Of what is read in several steps it finds out what was changed between them."""

    def __init__(
        self, space: Space, kinds: Kinds, resource_type: ResourceType, query: Query, plan: Plan, deadline: float
    ) -> None:
        self._space, self._kinds, self._type, self._query = space, kinds, resource_type, query
        self._plan, self._deadline = plan, deadline
        self._time = _TIMES.get(str(query.sort.target)) if query.sort else None
        is_plain = plan.exact and (query.sort is None or self._time is not None)
        self._needed = None if is_plain or not needs_links(resource_type, query) else resource_type.name
        """The type whose links are looked at; `shown`: whose links are returned."""
        self._shown = resource_type.name if query.links else None
        self._matches: dict[str, Match] = {}
        self._keys: dict[int, tuple[bool, Any]] = {}

    def page(self) -> Page:
        """Return the page of the matches, which are among those to which the plan leads."""
        if (found := self._few()) is not None:
            return self._complete(found, exact=self._plan.exact)
        if isinstance(self._plan, Ordered):
            return self._look_through(self._plan.range)
        page = self._several(self._plan)
        return self._look_through(of_type(self._type.name)) if page is None else page

    # In one step

    def _few(self) -> Fetched | None:
        """Return those to which one index leads, with all that filter and answer need of them; None: too many."""
        match self._plan:
            case Ordered(part) if part == of_type(self._type.name):
                return None
            case Loose((), fields, ()):
                return self._whole(Holders(fields))
            case Loose(ids, (), ()):
                return self._whole(Ids(list(dict.fromkeys(ids))))
            case Ordered(part) | Loose((), (), (part,)) if part.key == INDEX:
                found = self._whole(Stretch(part, part._replace(limit=_AT_ONCE)))
                return found if found.size <= _AT_ONCE else None
        return None

    def _whole(self, source: Source) -> Fetched:
        return self._space.fetch(source, self._needed or self._shown)

    def _complete(self, found: Fetched, *, exact: bool = False) -> Page:
        """Return the page of matches that are all at hand."""
        matches = {record.seq: record for record in self._matching(found.records, exact=exact)}
        some, more = cut(self._in_order(matches.values()), self._keys, self._query)
        resources = [record.resource for record in some]
        if self._needed and not self._shown:
            resources = [resource._replace(links=()) for resource in resources]
        return Page(len(matches), resources, self._gaps(some), more)

    # In several

    def _several(self, plan: Loose) -> Page | None:
        """Return the page of those to which several indexes lead, None when they are many."""
        revision = self._space.fetch(Ids(())).revision
        if sum(self._space.counts(plan.ranges)) > _FEW:
            return None
        entered = zip(plan.ranges, self._space.entries(plan.ranges), strict=True)
        ids = (id_in(part.key, entry) for part, entries in entered for entry in entries)
        holders = filter(None, self._space.values(UNIQUE, plan.fields))
        found = self._whole(Ids(list(dict.fromkeys(chain(plan.ids, holders, ids)))))
        if found.revision == revision:
            return self._complete(found)
        self._take(found.records)
        return self._settled(revision, found.revision)

    def _look_through(self, whole: Range) -> Page:
        found = self._next(whole, whole)
        if found.size <= _AT_ONCE and (self._needed or not self._shown):
            return self._complete(found)
        self._take(found.records)
        revision = found.revision
        while found.size > _AT_ONCE:
            found = self._next(whole, beyond(whole, found.records[-1].seq, reverse=False))
            self._take(found.records)
        return self._settled(revision, found.revision)

    def _settled(self, revision: int, present: int) -> Page:
        """Return the page of the matches of a revision, once they are those of the present one."""
        while True:
            revision = self._caught_up(revision, present)
            some, more = cut(self._in_order(self._matches.values()), self._keys, self._query)
            found = self._space.fetch(Ids([match.id for match in some]), self._shown)
            if found.revision == revision:
                resources = [record.resource for record in found.records]
                return Page(len(self._matches), resources, self._gaps(some), more)
            present = found.revision

    def _next(self, whole: Range, rest: Range) -> Fetched:
        return self._space.fetch(Stretch(whole, rest._replace(limit=_AT_ONCE)), self._needed)

    def _take(self, records: Iterable[Record]) -> None:
        for seq, resource in self._matching(records):
            self._matches[resource.id] = Match(seq, resource.id)

    def _caught_up(self, revision: int, present: int) -> int:
        """Bring the matches from a revision to the present one, by looking again at what was changed since; return the
        one at which they are then.

        :raises StoreUnavailable: another log is there.
        """
        while revision != present:
            if monotonic() > self._deadline:
                raise TooMany
            changes = self._space.log(revision, _CHANGES)
            if not changes:
                raise StoreUnavailable("all that the tenant held was replaced in between")
            ids = list(dict.fromkeys(chain.from_iterable(map(self._changed, changes))))
            found = self._space.fetch(Ids(ids), self._needed)
            for i in ids:
                self._matches.pop(i, None)
            self._take(found.records)
            revision, present = changes[-1].sequence, found.revision
        return revision

    def _changed(self, entry: LogEntry) -> Iterator[str]:
        """Yield the ids of the resources that may look different after a change."""
        yield entry.id
        if self._needed:
            yield from entry.delta.get("membersAdded", ())
            yield from entry.delta.get("membersRemoved", ())
            if entry.type in self._kinds.with_members and entry.operation == "update":
                (entries,) = self._space.entries([under(MEMBERS, entry.id)])
                yield from (id_in(MEMBERS, member) for member in entries)

    # In either way

    def _matching(self, records: Iterable[Record], *, exact: bool = False) -> Iterator[Record]:
        """Yield the records that match, and keep by what they are sorted.

        :param exact: all of the type do.
        """
        sort, view, wanted = self._query.sort, self._query.view, None if exact else self._query.filter
        needs_document = wanted is not None or (sort is not None and self._time is None)
        for number, record in enumerate(records, 1):
            if number % _ROWS == 0 and monotonic() > self._deadline:
                raise TooMany
            if record.resource.type != self._type.name:
                continue
            document = view.document(record.resource) if needs_document else {}
            if wanted is None or evaluate(wanted, document):
                if self._time is not None:
                    self._keys[record.seq] = False, self._time(record.resource)
                elif sort is not None:
                    self._keys[record.seq] = sort_key(sort.target, document)
                yield record

    def _in_order(self, items: Iterable[Item]) -> list[Item]:
        ordered = sorted(items, key=attrgetter("seq"))
        if self._query.sort is not None:
            ordered.sort(key=lambda item: self._keys[item.seq], reverse=self._query.sort.descending)
        return ordered

    def _gaps(self, items: Sequence[Numbered]) -> Sequence[str]:
        numbers = [item.seq for item in items]
        return cursors(self._query, numbers, [self._keys[seq][1] for seq in numbers] if self._query.sort else None)
