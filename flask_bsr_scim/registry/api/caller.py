"""Who calls, and what that user may do where."""

from dataclasses import dataclass

from flask_bsr_scim.registry.errors import Unauthenticated
from flask_bsr_scim.registry.model import (
    Organization,
    OrganizationRole,
    RegistryUser,
    Repository,
    RepositoryRole,
    Role,
    ServerRole,
    Target,
    Visibility,
)
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.tokens import TOKEN, TokenStore

REFUSAL = (
    "The API token is missing, unknown, expired or revoked, or belongs to no active user. The command bsr-scim admin "
    "create makes one for an administrator, bsr-scim token create --kind api for a user."
)
"""What is said of a credential, whatever is wrong with it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A user with an API token, and the registry of the user's tenant."""

    user: RegistryUser
    registry: Registry
    store: TenantStore
    tokens: TokenStore

    @property
    def is_administrator(self) -> bool:
        """Whether the user administers the whole registry."""
        return self.user.server_role is ServerRole.ADMIN

    def rank(self, target: Target) -> Role | None:
        """Return the role up to which the user gives and takes roles in a target, and does what such a role may.

        An administrator of the registry is as an owner everywhere, one of an organization in each of its repositories.
        """
        if isinstance(target, Organization):
            return OrganizationRole.OWNER if self.is_administrator else self._role(target)
        organization_rank = self.rank(self.registry.organizations.get(target.organization_id))
        if organization_rank is not None and organization_rank >= OrganizationRole.ADMIN:
            return RepositoryRole.OWNER
        ranks = (self._role(target), self.registry.access.implicit_role(self.user.id, target))
        return max((role for role in ranks if role is not None), default=None)

    def sees(self, repository: Repository) -> bool:
        """Tell whether a repository is there for the user: it is public, or the user has to do with it.

        That is a role in it, or in its organization.
        """
        if repository.visibility is Visibility.PUBLIC or self.rank(repository) is not None:
            return True
        return self._role(self.registry.organizations.get(repository.organization_id)) is not None

    def _role(self, target: Target) -> Role | None:
        held = self.registry.access.role(self.user.id, target)
        return None if held is None else held.role


def identify(registry: Registry, store: TenantStore, tokens: TokenStore, token_id: str) -> Caller:
    """Return the caller whose API token was verified.

    :raises Unauthenticated: token or user are gone by now, or the user is locked out.
    """
    user = _user(registry, store, token_id)
    if user is None or not user.active:
        raise Unauthenticated(REFUSAL)
    return Caller(user, registry, store, tokens)


def _user(registry: Registry, store: TenantStore, token_id: str) -> RegistryUser | None:
    token = store.get(TOKEN, token_id)
    return None if token is None else registry.users.find(token.document.get("user", ""))
