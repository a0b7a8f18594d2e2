"""Memberships in the Redis store, seen from both sides."""

from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import chain, groupby
from operator import attrgetter

from flask_bsr_scim.backends.base import MemberChoice, StoredKey
from flask_bsr_scim.backends.redis.layout import (
    GROUPS,
    INDEX,
    MEMBERS,
    UNIQUE,
    Range,
    before,
    behind,
    digest,
    joined,
    last_part,
    number,
    under,
)
from flask_bsr_scim.backends.redis.space import Space, link_to_group, link_to_member
from flask_bsr_scim.resource import Link

_AT_ONCE = 1000
"""Members of each group that are read in one step."""


def members(
    space: Space, group_ids: Sequence[str], after: str | None, count: int, reverse: bool, choice: MemberChoice
) -> list[Link]:
    """Return distinct members of several groups in the order of their ids."""
    found: list[Link] = []
    at_once = min(count, _AT_ONCE)
    while len(found) < count:
        batch = _batch(space, group_ids, after, at_once, reverse)
        found += _chosen(space, batch, choice)
        if len(batch) < at_once:
            break
        after = batch[-1].id
    return found[: max(count, 0)]


def count_members(space: Space, group_ids: Sequence[str], choice: MemberChoice) -> int:
    """Return the number of the distinct members of several groups."""
    groups = set(group_ids)
    if len(groups) <= 1 and not any(choice):
        return sum(space.counts([under(MEMBERS, group) for group in groups]))
    batches = chain.from_iterable(_batches(space, group) for group in groups)
    return len({link.id for batch in batches for link in _chosen(space, batch, choice)})


def groups_of(space: Space, member_ids: Sequence[str]) -> dict[str, list[Link]]:
    """Return by member what holds it."""
    ids = list(dict.fromkeys(member_ids))
    found = dict(zip(ids, space.entries([under(GROUPS, i) for i in ids]), strict=True))
    groups = {i: list(map(last_part, entries)) for i, entries in found.items() if entries}
    heads = space.heads({group for each in groups.values() for group in each})
    return {i: [link_to_group(group, heads[group]) for group in each if group in heads] for i, each in groups.items()}


def _batches(space: Space, group: str) -> Iterator[list[Link]]:
    after = None
    while batch := _batch(space, [group], after, _AT_ONCE, reverse=False):
        yield batch
        after = batch[-1].id


def _batch(space: Space, group_ids: Sequence[str], after: str | None, count: int, reverse: bool) -> list[Link]:
    """Return the next members; each group has so many to give that none of the first ones is missing."""
    ranges = [_rest(group, after, reverse)._replace(limit=count, reverse=reverse) for group in set(group_ids)]
    each = (map(link_to_member, entries) for entries in space.entries(ranges))
    merged = groupby(merge(*each, key=attrgetter("id"), reverse=reverse), key=attrgetter("id"))
    return [next(same) for _, same in merged][:count]


def _rest(group: str, after: str | None, reverse: bool) -> Range:
    whole = under(MEMBERS, group)
    if after is None:
        return whole
    return before(whole, group, after) if reverse else behind(whole, group, after)


def _chosen(space: Space, batch: Sequence[Link], choice: MemberChoice) -> list[Link]:
    chosen = [link for link in batch if not choice.types or link.type in choice.types]
    if choice.missing:
        present = space.heads([link.id for link in chosen])
        chosen = [link for link in chosen if link.id not in present]
    for key in choice.without:
        held = _holders_among(space, chosen, key)
        chosen = [link for link in chosen if link.id not in held]
    return chosen


def _holders_among(space: Space, links: Sequence[Link], key: StoredKey) -> set[str]:
    """Return the ids of those that hold a key."""
    if key.unique:
        return set(filter(None, space.values(UNIQUE, [joined(key.name, digest(key.key))])))
    heads = space.heads([link.id for link in links])
    entries = [joined(key.name, digest(key.key), number(head.seq), i) for i, head in heads.items()]
    return {i for i, is_held in zip(heads, space.has(INDEX, entries), strict=True) if is_held}
