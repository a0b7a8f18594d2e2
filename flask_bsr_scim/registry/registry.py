"""The registry of one tenant, as a host application uses it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask_bsr_scim.backends.base import DEFAULT_TENANT, NOBODY, Actor, Backend
from flask_bsr_scim.registry.access import Access
from flask_bsr_scim.registry.mappings import Mappings
from flask_bsr_scim.registry.organizations import Organizations
from flask_bsr_scim.registry.plan import Plan
from flask_bsr_scim.registry.readiness import Readiness, readiness
from flask_bsr_scim.registry.repositories import Repositories
from flask_bsr_scim.registry.sign_in import SignIn, SignInOptions, SignInProtocol, sign_in
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.users import Users


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """What is configured for all tenants."""

    sign_in: SignInOptions = field(default_factory=SignInOptions)


_DEFAULTS = RegistryOptions()


class Registry:
    """What SCIM's users and groups mean in one tenant, and what is given there by hand.

    :param actor: who makes the changes, for the change log.
    """

    def __init__(
        self,
        backend: Backend,
        tenant: str = DEFAULT_TENANT,
        options: RegistryOptions = _DEFAULTS,
        actor: Actor = NOBODY,
    ) -> None:
        self.backend, self.tenant, self.options = backend, tenant, options
        self._store = store = TenantStore(backend, tenant, actor)
        self.users = Users(store)
        self.organizations = Organizations(store)
        self.repositories = Repositories(store)
        self.mappings = Mappings(store)
        self.access = Access(store)
        self.plan = Plan(store)

    def sign_in(
        self,
        email: str,
        groups: Iterable[str] | None = None,
        *,
        protocol: SignInProtocol | str = SignInProtocol.SAML,
        join: Iterable[str] | None = None,
    ) -> SignIn:
        """Do what a sign-in at the identity provider brings about; see :mod:`flask_bsr_scim.registry.sign_in`.

        :param groups: the names that the assertion or the claims hold, a text being one name; None: they say nothing of
            groups.
        :param join: ids of the organizations in which the user is a member, in the place of those of the sign-in
            before; None: those stay.
        """
        options = self.options.sign_in
        return sign_in(self._store, email, groups, protocol=protocol, options=options, join=join)

    def readiness(self) -> Readiness:
        """Return what would go wrong, or lead nowhere, when an identity provider provisions here now."""
        return readiness(self._store, group_provisioning=self.options.sign_in.group_provisioning)
