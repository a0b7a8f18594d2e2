"""Who may do what where, computed at the time of asking from memberships and mappings.

A user's roles in a target cost the same whatever the size of groups: they follow from the rows that hold the user, and
from the target's mappings. Inactive users have no role anywhere, and groups in groups give none.
"""

from collections.abc import Iterable, Mapping, Sequence

from flask_bsr_scim.backends.base import Key
from flask_bsr_scim.registry.grants import grant_ids, grants_among
from flask_bsr_scim.registry.mappings import Mappings, effective_roles
from flask_bsr_scim.registry.model import (
    GroupMapping,
    HeldRole,
    Member,
    Organization,
    OrganizationRole,
    Repository,
    RepositoryRole,
    Role,
    RoleSource,
    Target,
)
from flask_bsr_scim.registry.owners import OUTSIDER, USER, find_user, is_active
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import find_organization, roles_in
from flask_bsr_scim.resource import Link

USERS = (USER, OUTSIDER)
INACTIVE = tuple(Key(type_name, "active", False) for type_name in USERS)
GROUPS = ("Group", "SignInGroup")

_ORDER = tuple(RoleSource)


class Access:
    """The effective roles of the users of one tenant."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._mappings = Mappings(store)

    def roles(self, user_id: str, target: Target) -> list[HeldRole]:
        """Return all roles of a user in a target, the effective one first; none when the user is inactive."""
        if not self._is_active(user_id):
            return []
        return held_roles(self._links([user_id]).get(user_id, ()), target, self.mapped(target))

    def role(self, user_id: str, target: Target) -> HeldRole | None:
        """Return the effective role of a user in a target, None when there is none."""
        return next(iter(self.roles(user_id, target)), None)

    def implicit_role(self, user_id: str, repository: Repository) -> RepositoryRole | None:
        """Return the base role of the repository's organization when the user is a member there."""
        organization = find_organization(self._store, repository.organization_id)
        if organization is None or organization.base_role is None or self.role(user_id, organization) is None:
            return None
        return organization.base_role

    def members(
        self, target: Target, after: str | None = None, count: int = 100, reverse: bool = False
    ) -> tuple[list[Member], str | None]:
        """Return a page of those who have a role in a target, in the order of their ids, and where the next begins.

        :param after: what an earlier page in the same direction returned.
        """
        given = self.mapped(target)
        links = self._members(self._sources(target, given), after, count + 1, reverse)
        page, is_last = links[:count], len(links) <= count
        groups = self._links([link.id for link in page])
        members = (Member(link.id, held_roles(groups.get(link.id, ()), target, given)) for link in page)
        return [member for member in members if member.roles], None if is_last or not page else page[-1].id

    def count(self, target: Target) -> int:
        """Return how many have a role in a target."""
        sources = self._sources(target, self.mapped(target))
        return self._store.backend.count_members(self._store.tenant, sources, without=INACTIVE, types=USERS)

    def has_owner_beside(self, organization: Organization, user_id: str) -> bool:
        """Tell whether somebody else owns an organization, whatever the source."""
        owner = OrganizationRole.OWNER
        groups = [group for group, role in self.mapped(organization).items() if role is owner]
        sources = grant_ids(organization, owner) + self.group_ids(*groups)
        return any(link.id != user_id for link in self._members(sources, None, 2, False))

    def organizations_of(self, user_id: str) -> list[tuple[Organization, HeldRole]]:
        """Return the organizations in which a user has a role, with the effective one, in the order of creation."""
        if not self._is_active(user_id):
            return []
        links = self._links([user_id]).get(user_id, ())
        mappings = self._mappings_of(links)
        found = []
        for target_id in {grant.target_id for grant in grants_among(links)}.union(mappings):
            organization = find_organization(self._store, target_id)
            if organization is not None:
                given = effective_roles(organization, mappings.get(target_id, []))
                found.append((organization, held_roles(links, organization, given)[0]))
        return sorted(found, key=lambda each: (each[0].created, each[0].id))

    def mapped(self, target: Target) -> dict[str, Role]:
        """Return by the name of each group that is mapped to a target the role that it gives."""
        return effective_roles(target, self._mappings.of(target.id))

    def group_ids(self, *names: str) -> list[str]:
        """Return the ids of the groups of some names: pushed ones, and those that sign-ins named."""
        found = (self._store.find(type_name, "displayName", name) for name in names for type_name in GROUPS)
        return [group.id for group in found if group is not None]

    def _sources(self, target: Target, given: Mapping[str, Role]) -> list[str]:
        return grant_ids(target) + self.group_ids(*given)

    def _members(self, sources: Sequence[str], after: str | None, count: int, reverse: bool) -> list[Link]:
        return self._store.backend.members(
            self._store.tenant, sources, after=after, count=count, reverse=reverse, without=INACTIVE, types=USERS
        )

    def _links(self, user_ids: Sequence[str]) -> dict[str, list[Link]]:
        return self._store.backend.groups_of(self._store.tenant, user_ids)

    def _mappings_of(self, links: Iterable[Link]) -> dict[str, list[GroupMapping]]:
        """Return the mappings of the groups among some memberships, by target."""
        found: dict[str, list[GroupMapping]] = {}
        for name in {link.display for link in links if link.type in GROUPS and link.display is not None}:
            for mapping in self._mappings.of_group(name):
                found.setdefault(mapping.target_id, []).append(mapping)
        return found

    def _is_active(self, user_id: str) -> bool:
        user = find_user(self._store, user_id)
        return user is not None and is_active(user)


def held_roles(links: Sequence[Link], target: Target, given: Mapping[str, Role]) -> list[HeldRole]:
    """Return the roles that memberships give in a target, the effective one first.

    :param links: of one user, as :meth:`~flask_bsr_scim.backends.base.Backend.groups_of` returns them.
    :param given: the role that each mapped group gives, by its name.
    """
    held = {HeldRole(roles_in(target)[grant.role], grant.source) for grant in grants_among(links, target.id)}
    names = {link.display for link in links if link.type in GROUPS}
    held |= {HeldRole(role, RoleSource.IDP_GROUP, group) for group, role in given.items() if group in names}
    return sorted(held, key=lambda each: (-each.role, _ORDER.index(each.source), each.group or ""))
