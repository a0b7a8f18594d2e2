"""How the Redis store answers queries: from an index where one has the whole answer, else by looking at resources."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from time import monotonic
from typing import Any, NamedTuple

from flask_bsr_scim.backends.base import LogEntry, Page, Query
from flask_bsr_scim.backends.gaps import cursors, read_gap
from flask_bsr_scim.backends.redis.layout import INDEX, MEMBERS, UNIQUE, Range, beyond, id_in, of_type, under
from flask_bsr_scim.backends.redis.plan import Loose, Ordered, Plan, make_plan
from flask_bsr_scim.backends.redis.space import Fetched, Holders, Ids, Kinds, Record, Source, Space, Stretch
from flask_bsr_scim.backends.scans import cut, needs_links
from flask_bsr_scim.errors import TooMany
from flask_bsr_scim.filter import evaluate, sort_key
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import ResourceType

_AT_ONCE = 500
"""Resources that are read in one step."""

_ROWS = 100
"""So often a query asks whether it takes too long."""

_FEW = 2000
"""Resources that indexes lead to in no order: when they are more, the type is looked through instead."""

_CHANGES = 1000
"""Entries of the change log that are read at once."""


class Match(NamedTuple):
    """A resource that a query matches."""

    seq: int
    id: str


def page(space: Space, kinds: Kinds, resource_type: ResourceType, query: Query, seconds: float) -> Page:
    """Return a page, as of one moment.

    :raises TooMany: it takes longer than `seconds`.
    """
    plan = make_plan(resource_type, query.filter)
    if isinstance(plan, Ordered) and plan.exact and query.sort is None:
        return _straight(space, plan.range, query)
    search = _Search(space, kinds, resource_type, query, monotonic() + seconds)
    search.look(plan)
    return search.page()


def _straight(space: Space, whole: Range, query: Query) -> Page:
    """Return a page of what an index has in the order of creation."""
    part = whole if query.after is None else beyond(whole, read_gap(query.after).seq, reverse=query.reverse)
    offset, count = max(query.offset, 0), max(query.count, 0)
    part = part._replace(offset=offset, limit=count, reverse=query.reverse)
    found = space.fetch(Stretch(whole, part), links=query.links)
    gaps = cursors(query, [(record.seq, None) for record in found.records])
    return Page(found.total, [r.resource for r in found.records], gaps, 0 < count < found.size - offset)


class _Search:
    """A query under way. Of what is read in several steps it finds out what was changed between them."""

    def __init__(self, space: Space, kinds: Kinds, resource_type: ResourceType, query: Query, deadline: float) -> None:
        self._space, self._kinds, self._type, self._query = space, kinds, resource_type, query
        self._deadline = deadline
        self._links = needs_links(resource_type, query)
        self._matches: dict[str, Match] = {}
        self._keys: dict[int, tuple[bool, Any]] = {}
        self._revision: int | None = None
        """That of which all matches are."""
        self._at_hand: dict[str, Resource] = {}
        """What was read with all that is to be returned of it."""

    def look(self, plan: Plan) -> None:
        """Find the matches among those to which a plan leads."""
        everything = of_type(self._type.name)
        match plan:
            case Ordered(part) if part != everything:
                self._links = self._links or self._query.links
                self._look_through(part)
            case Loose() if (found := self._all_at_once(plan)) is not None:
                self._begin(found, exact=plan.exact)
            case Loose() if (ids := self._few(plan)) is not None:
                self._begin(self._whole(Ids(ids)))
            case _:
                self._look_through(everything)

    def _begin(self, found: Fetched, *, exact: bool = False) -> None:
        self._take(found.records, exact=exact)
        self._revision = found.revision
        self._at_hand = {record.resource.id: record.resource for record in found.records}

    def _whole(self, source: Source) -> Fetched:
        """Read resources with all that is needed of them, be it for the filter or for the answer."""
        return self._space.fetch(source, links=self._links or self._query.links)

    def _all_at_once(self, plan: Loose) -> Fetched | None:
        """Return those to which indexes lead when one step reads them all."""
        match plan:
            case Loose((), fields, ()):
                return self._whole(Holders(fields))
            case Loose(ids, (), ()):
                return self._whole(Ids(list(dict.fromkeys(ids))))
            case Loose((), (), (part,)) if part.key == INDEX:
                found = self._whole(Stretch(part, part._replace(limit=_AT_ONCE)))
                return found if found.size <= _AT_ONCE else None
        return None

    def _few(self, plan: Loose) -> list[str] | None:
        """Return the ids of those to which indexes lead when they are few."""
        if sum(self._space.counts(plan.ranges)) > _FEW:
            return None
        found = zip(plan.ranges, self._space.entries(plan.ranges), strict=True)
        ids = (id_in(part.key, entry) for part, entries in found for entry in entries)
        holders = filter(None, self._space.values(UNIQUE, plan.fields))
        return list(dict.fromkeys(chain(plan.ids, holders, ids)))

    def _look_through(self, whole: Range) -> None:
        found = self._next(whole, whole)
        self._begin(found)
        if self._query.links and not self._links:
            self._at_hand.clear()
        while found.size > _AT_ONCE:
            found = self._next(whole, beyond(whole, found.records[-1].seq, reverse=False))
            self._take(found.records)
            self._at_hand.clear()
        self._catch_up(found.revision)

    def _next(self, whole: Range, rest: Range) -> Fetched:
        return self._space.fetch(Stretch(whole, rest._replace(limit=_AT_ONCE)), links=self._links)

    def _take(self, records: Iterable[Record], *, exact: bool = False) -> None:
        sort, view, wanted = self._query.sort, self._query.view, None if exact else self._query.filter
        for number, (seq, resource) in enumerate(records, 1):
            if number % _ROWS == 0 and monotonic() > self._deadline:
                raise TooMany
            if resource.type != self._type.name:
                continue
            document = view.document(resource) if wanted or sort else {}
            if wanted is None or evaluate(wanted, document):
                self._matches[resource.id] = Match(seq, resource.id)
                if sort is not None:
                    self._keys[seq] = sort_key(sort.target, document)

    def _catch_up(self, revision: int) -> None:
        """Bring the matches to the present revision, by looking again at what was changed since theirs."""
        assert self._revision is not None
        while self._revision != revision:
            if monotonic() > self._deadline:
                raise TooMany
            changes = self._space.log(self._revision, _CHANGES)
            ids = list(dict.fromkeys(chain.from_iterable(map(self._changed, changes))))
            found = self._space.fetch(Ids(ids), links=self._links)
            self._at_hand.clear()
            for i in ids:
                self._matches.pop(i, None)
            self._take(found.records)
            self._revision, revision = changes[-1].sequence, found.revision

    def _changed(self, entry: LogEntry) -> Iterator[str]:
        """Yield the ids of the resources that may look different after a change."""
        yield entry.id
        if self._links:
            yield from entry.delta.get("membersAdded", ())
            yield from entry.delta.get("membersRemoved", ())
            if entry.type in self._kinds.with_members and entry.operation == "update":
                (entries,) = self._space.entries([under(MEMBERS, entry.id)])
                yield from (id_in(MEMBERS, member) for member in entries)

    def page(self) -> Page:
        """Return the page of the matches."""
        while True:
            matches, more = cut(self._in_order(), self._keys, self._query)
            found = self._resources([match.id for match in matches])
            if found.revision == self._revision:
                break
            self._catch_up(found.revision)
        sorted_by = self._keys if self._query.sort else None
        gaps = cursors(self._query, [(m.seq, sorted_by[m.seq][1] if sorted_by else None) for m in matches])
        return Page(len(self._matches), [record.resource for record in found.records], gaps, more)

    def _in_order(self) -> list[Match]:
        matches = sorted(self._matches.values())
        if self._query.sort is not None:
            matches.sort(key=lambda match: self._keys[match.seq], reverse=self._query.sort.descending)
        return matches

    def _resources(self, ids: Sequence[str]) -> Fetched:
        if all(i in self._at_hand for i in ids):
            assert self._revision is not None
            kept = (self._at_hand[i] for i in ids)
            return Fetched(
                self._revision, 0, 0, [Record(0, r if self._query.links else r._replace(links=())) for r in kept]
            )
        return self._space.fetch(Ids(ids), links=self._query.links)
