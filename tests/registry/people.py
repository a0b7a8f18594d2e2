"""A service with its registry, as tests of users see it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask_bsr_scim import current_service
from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.registry.access import Access
from flask_bsr_scim.registry.direct_roles import DirectRoles
from flask_bsr_scim.registry.model import Organization, OrganizationRole, RegistryUser
from flask_bsr_scim.registry.organizations import Organizations
from flask_bsr_scim.registry.sign_in import SignIn, SignInOptions, SignInProtocol, sign_in
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.tokens import Kind, TokenStore
from flask_bsr_scim.registry.users import Users
from flask_bsr_scim.schema import Document
from tests.client import Scim

PROFILES = ("bsr", "rfc7643")


@dataclass(frozen=True)
class World:
    """An application of which SCIM sees one side and the registry another."""

    scim: Scim
    store: TenantStore

    @property
    def users(self) -> Users:
        return Users(self.store)

    @property
    def tokens(self) -> TokenStore:
        return TokenStore(self.store.backend)

    def sign_in(
        self,
        email: str,
        groups: Iterable[str] | None = None,
        *,
        protocol: SignInProtocol = SignInProtocol.OIDC,
        join: Iterable[str] | None = None,
        **options: bool,
    ) -> SignIn:
        """Sign in; further keyword arguments are :class:`SignInOptions`."""
        return sign_in(self.store, email, groups, protocol=protocol, options=SignInOptions(**options), join=join)

    def provision(self, user_name: str, email: str | None = None, **attributes: Any) -> RegistryUser:
        """Provision a user over SCIM, with a work address, and return it."""
        return self.users.get(self.scim.user(user_name, **emails(email or user_name), **attributes)["id"])

    def organization(self, name: str, **roles: RegistryUser) -> Organization:
        """Make an organization in which users have direct roles: `ADMIN=user`."""
        organization = Organizations(self.store).create(name)
        for role, user in roles.items():
            DirectRoles(self.store, organization).change(user.id, always(OrganizationRole[role]))
        return organization

    def role(self, user: RegistryUser, organization: Organization) -> str | None:
        """Return the effective role of a user, as `DIRECT ADMIN`."""
        held = Access(self.store).role(user.id, organization)
        return None if held is None else f"{held.source} {held.role.name}"

    def api_token(self, user: RegistryUser) -> str:
        """Make an API token for a user and return its text."""
        return self.tokens.create(self.store.tenant, Kind.API, user=user.id)[0]

    def accepts(self, token: str) -> bool:
        """Tell whether an API token is still one, for a process that never saw it."""
        return self.tokens.verify(token, Kind.API) is not None

    def sign_in_groups(self, user: RegistryUser) -> list[str | None]:
        """Return the names of the groups in which sign-ins put a user."""
        return self._groups(user, "SignInGroup")

    def pushed_groups(self, user: RegistryUser) -> list[str | None]:
        """Return the names of the groups in which SCIM put a user."""
        return self._groups(user, "Group")

    def _groups(self, user: RegistryUser, type_name: str) -> list[str | None]:
        links = self.store.backend.groups_of(self.store.tenant, [user.id]).get(user.id, [])
        return sorted((link.display for link in links if link.type == type_name), key=str)

    def versions(self) -> int:
        """Return how many changes there have been."""
        return len(self.store.backend.log(self.store.tenant, count=10_000))


def new_world(scim: Scim) -> World:
    """Return the world around a client of the default tenant."""
    with scim.app.app_context():
        return World(scim, TenantStore(current_service().backend, DEFAULT_TENANT))


def emails(*values: str, kind: str | None = "work") -> Document:
    """Return the attribute `emails` with some addresses of one type."""
    return {"emails": [{"value": value, "type": kind} if kind else {"value": value} for value in values]}


def always(role: OrganizationRole) -> Callable[[Any], Any]:
    """Return a decision for a role, whatever the present one."""
    return lambda present: role
