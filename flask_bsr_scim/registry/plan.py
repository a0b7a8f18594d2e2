"""What a change of groups and mappings would do to people, without doing it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.access import INACTIVE, USERS, Access, held_roles
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.mappings import Mappings, check_mapping, effective_roles
from flask_bsr_scim.registry.model import GroupMapping, HeldRole, Role, Target
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import find_target
from flask_bsr_scim.resource import Link

_PAGE = 500


class Change(NamedTuple):
    """How a user's effective role in a target would change; None: no access."""

    user_id: str
    target_id: str
    before: HeldRole | None
    after: HeldRole | None


class _Turn(NamedTuple):
    """What the mapped groups of a target give, before and after."""

    target: Target
    before: Mapping[str, Role]
    after: Mapping[str, Role]


class Plan:
    """Foresees changes in one tenant. Whoever has the same role from elsewhere is not in a list.

    The lists are read while they are used, members by members: they hold a page, not a group.
    """

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._access, self._mappings = Access(store), Mappings(store)

    def map(self, target: Target, group: str, role: Role | None = None) -> Iterator[Change]:
        """Return what mapping a group to a target, or giving its mapping another role, would change.

        :raises InvalidArgument: the group cannot be mapped so.
        """
        check_mapping(target, group, role)
        before = self._access.mapped(target)
        after = before | effective_roles(target, [GroupMapping(target.id, group, role)])
        return self._changes(self._access.group_ids(group), [_Turn(target, before, after)])

    def unmap(self, target: Target, group: str) -> Iterator[Change]:
        """Return what undoing a mapping would change.

        :raises NotThere: the group is not mapped to the target.
        """
        before = self._access.mapped(target)
        if group not in before:
            raise NotThere(f"The group {shown(group)} is not mapped here.")
        after = {name: role for name, role in before.items() if name != group}
        return self._changes(self._access.group_ids(group), [_Turn(target, before, after)])

    def delete_group(self, group: str) -> Iterator[Change]:
        """Return what the end of a pushed group would change; its mappings, and what sign-ins named, stay.

        :raises NotThere: no group of that name was pushed.
        """
        pushed = self._store.find("Group", "displayName", group)
        if pushed is None:
            raise NotThere(f"No group named {shown(group)} was pushed.")
        turns = []
        for mapping in self._mappings.of_group(group):
            target = find_target(self._store, mapping.target_id)
            given = self._access.mapped(target)
            turns.append(_Turn(target, given, given))
        return self._changes([pushed.id], turns, gone={pushed.id})

    def _changes(self, groups: Sequence[str], turns: Sequence[_Turn], gone: Collection[str] = ()) -> Iterator[Change]:
        """Yield the changes among the members of some groups.

        :param gone: ids of the groups that would be no more.
        """
        for user_id, links in self._members(groups):
            left = [link for link in links if link.id not in gone]
            for target, given, given_then in turns:
                before, after = _best(links, target, given), _best(left, target, given_then)
                if (before and before.role) != (after and after.role):
                    yield Change(user_id, target.id, before, after)

    def _members(self, groups: Sequence[str]) -> Iterator[tuple[str, Sequence[Link]]]:
        """Yield the active users in some groups, each with all memberships."""
        backend, tenant, after = self._store.backend, self._store.tenant, None
        while links := backend.members(tenant, groups, after=after, count=_PAGE, without=INACTIVE, types=USERS):
            memberships = backend.groups_of(tenant, [link.id for link in links])
            yield from ((link.id, memberships.get(link.id, ())) for link in links)
            after = links[-1].id


def _best(links: Sequence[Link], target: Target, given: Mapping[str, Role]) -> HeldRole | None:
    return next(iter(held_roles(links, target, given)), None)
