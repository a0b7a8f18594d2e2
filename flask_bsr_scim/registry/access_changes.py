"""Whose access a commit changed: the state behind it is compared with the one before.

Both are found by walking the entries of the change log back from what is there now.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import islice

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.registry.access import GROUPS, INACTIVE, USERS, Access
from flask_bsr_scim.registry.access_states import State, attributes_of
from flask_bsr_scim.registry.grants import GRANT
from flask_bsr_scim.registry.mappings import MAPPING
from flask_bsr_scim.registry.plan import Change
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.resource import Link

_PAGE = 500

_MOST = 10_000
"""Entries of later commits that are walked back; of more, none are."""

_ATTEMPTS = 30
"""To read a state into which nobody writes meanwhile. The last one takes what it gets."""


def access_changes(store: TenantStore, entries: Sequence[LogEntry]) -> Iterator[Change]:
    """Yield the users whose effective role in a target a commit changed, from what and to what.

    Roles are the explicit ones, without those that an organization's base role implies in its repositories.
    """
    told: set[str] = set()
    for attempts_left in reversed(range(_ATTEMPTS if _matter(entries) else 0)):
        later = _behind(store, entries[-1])
        for users, changes in _compared(store, entries, later, told):
            if attempts_left and _matter(_behind(store, [*entries, *later][-1])):
                break
            told.update(users)
            yield from changes
        else:
            return


def _matter(entries: Iterable[LogEntry]) -> bool:
    """Tell whether entries may be about access."""
    return any(entry.type in (*GROUPS, GRANT, MAPPING) or _opens_or_closes(entry) for entry in entries)


def _opens_or_closes(entry: LogEntry) -> bool:
    """Tell whether a user came, went, was locked out or let in."""
    return entry.type in USERS and (entry.operation != "update" or "active" in attributes_of(entry))


def _behind(store: TenantStore, entry: LogEntry) -> list[LogEntry]:
    """Return what came to the change log behind an entry; nothing when that is too much."""
    found, page = list[LogEntry](), [entry]
    while page and len(found) <= _MOST:
        page = store.backend.log(store.tenant, after=page[-1].sequence, count=_PAGE)
        found += page
    return found if len(found) <= _MOST else []


def _compared(
    store: TenantStore, entries: Sequence[LogEntry], later: Sequence[LogEntry], told: Container[str]
) -> Iterator[tuple[Sequence[str], Sequence[Change]]]:
    """Yield the users whose access may have changed, page by page up to one that is not full, and what did change."""
    both = [*entries, *later]
    before, after = State(store, both), State(store, later)
    users = (user_id for user_id in dict.fromkeys(_touched(store, both, before, after)) if user_id not in told)
    is_full = True
    while is_full:
        some = list(islice(users, _PAGE))
        memberships = store.backend.groups_of(store.tenant, some)
        links = ((user_id, memberships.get(user_id, ())) for user_id in some)
        yield some, [change for each in links for change in _differences(*each, before, after)]
        is_full = len(some) == _PAGE


def _differences(user_id: str, links: Sequence[Link], before: State, after: State) -> Iterator[Change]:
    had, has = before.roles(user_id, links), after.roles(user_id, links)
    for target_id in sorted(had | has):
        was, is_now = had.get(target_id), has.get(target_id)
        if (was and was.role) != (is_now and is_now.role):
            yield Change(user_id, target_id, was, is_now)


def _touched(store: TenantStore, entries: Sequence[LogEntry], before: State, after: State) -> Iterator[str]:
    """Yield the users whose access may have changed, and others; who was a member then and is none now has moved."""
    groups: list[str] = []
    names: set[str] = set()
    for entry in entries:
        if _opens_or_closes(entry):
            yield entry.id
        elif entry.type in GROUPS and "displayName" in attributes_of(entry):
            groups += [entry.id] if before.gives_roles(entry) or after.gives_roles(entry) else []
        elif entry.type == MAPPING:
            mapping = after.resource(MAPPING, entry.id) or before.resource(MAPPING, entry.id)
            names.update(() if mapping is None else (mapping.document["group"],))
    yield from before.moves
    yield from after.moves
    yield from _members(store, [*groups, *Access(store).group_ids(*names)])


def _members(store: TenantStore, groups: Sequence[str]) -> Iterator[str]:
    members, after = store.backend.members, None
    while links := members(store.tenant, groups, after=after, count=_PAGE, without=INACTIVE, types=USERS):
        yield from (link.id for link in links)
        after = links[-1].id
