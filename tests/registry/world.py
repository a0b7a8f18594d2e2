"""A registry with people and groups in it, for tests; an id is what it is called."""

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Insert, Removal, Swap
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.registry.model import HeldRole, Organization, Repository, RoleSource, Target
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import TypeRegistry, load_profile
from tests.client import GROUP, USER

TENANT = "default"


class World:
    """The registry of the default tenant."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.store = TenantStore(backend, TENANT)
        self.registry = registry = Registry(backend)
        self.organizations, self.repositories = registry.organizations, registry.repositories
        self.mappings, self.access = registry.mappings, registry.access

    def users(self, *names: str) -> None:
        """Store users as SCIM does."""
        self.backend.commit(TENANT, [Insert("User", name, _user(name)) for name in names])

    def outsider(self, name: str, active: bool = True) -> None:
        """Store a user whom SCIM does not show."""
        self.backend.commit(TENANT, [Insert("Outsider", name, {"schemas": [], "id": name, "active": active})])

    def set_active(self, name: str, active: bool) -> None:
        """Lock a user out, or let the user in again."""
        self.backend.commit(TENANT, [Swap("User", name, _user(name) | {"active": active})])

    def push(self, name: str, *members: str, type_name: str = "Group") -> None:
        """Store a group with members; `type_name` may be SignInGroup."""
        group_id = f"{type_name}-{name}"
        document = {"schemas": [GROUP], "id": group_id, "displayName": name}
        self.backend.commit(TENANT, [Insert(type_name, group_id, document, MemberChanges(add=members))])

    def members(self, name: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """Change the members of a pushed group."""
        self.backend.commit(TENANT, [Swap("Group", f"Group-{name}", members=MemberChanges(add, remove))])

    def delete(self, name: str) -> None:
        """Remove a pushed group."""
        self.backend.commit(TENANT, [Removal("Group", f"Group-{name}")])

    def join(self, user: str, target: Target, role: str = "MEMBER") -> None:
        """Give a user a role as a sign-in does."""
        grant = f"grant-{target.id}-{RoleSource.JIT}-{role}"
        self.backend.commit(TENANT, [Swap("Grant", grant, members=MemberChanges(add=(user,)))])

    def organization(self, name: str = "acme", owner: str | None = None) -> Organization:
        """Make an organization."""
        return self.organizations.create(name, owner)

    def repository(self, organization: Organization, name: str = "protos") -> Repository:
        """Make a repository that nobody owns."""
        return self.repositories.create(f"{organization.name}/{name}")

    def roles(self, user: str, target: Target) -> list[str]:
        """Return the roles of a user as texts, the effective one first."""
        return [told(held) for held in self.access.roles(user, target)]

    def listed(self, target: Target) -> dict[str, list[str]]:
        """Return the roles of all who are listed, read in small pages; their number must be the one that is told."""
        found, after = {}, None
        while True:
            members, after = self.access.members(target, after, 2)
            found.update({member.user_id: [told(held) for held in member.roles] for member in members})
            if after is None:
                assert len(found) == self.access.count(target)
                return found

    def stored(self, type_name: str) -> int:
        """Return how many resources of a type there are."""
        return len(list(self.store.each(type_name)))


def told(held: HeldRole | None) -> str:
    """Return a role as a text: `ADMIN DIRECT`, `MEMBER IDP_GROUP Engineering`, or `-`."""
    return "-" if held is None else " ".join(filter(None, (held.role.name, held.source, held.group)))


def open_store(uri: str) -> Backend:
    """Return a store as another process would open it."""
    return open_backend(uri, TypeRegistry((*load_profile("bsr"), *internal_types())))


def _user(name: str) -> dict[str, object]:
    return {"schemas": [USER], "id": name, "userName": f"{name}@example.com", "active": True}
