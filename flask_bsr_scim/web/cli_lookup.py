"""What the commands name, looked up: tenants, users, organizations, repositories, roles."""

import click

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.errors import FailedPrecondition, InvalidArgument, NotThere
from flask_bsr_scim.registry.model import OrganizationRole, RegistryUser, RepositoryRole, Role, Target
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.targets import roles_in
from flask_bsr_scim.web.cli_context import command_line, service_of
from flask_bsr_scim.web.service import Service

_ROLES = sorted({role.name for roles in (OrganizationRole, RepositoryRole) for role in roles})

target_argument = click.argument("target", metavar="ORG")
group_argument = click.argument("group", metavar="GROUP")
role_option = click.option(
    "--role", type=click.Choice(_ROLES, case_sensitive=False), help="Overrides the default role."
)


def service_with(backend: str | None, tenant: str) -> Service:
    """Return the service of a store that has a tenant already.

    :raises ConfigurationError: nobody has used the store yet.
    :raises NotThere: it has no such tenant.
    """
    service = service_of(backend)
    if tenant not in service.backend.tenants():
        raise NotThere(f"There is no tenant {shown(tenant)}.")
    service.open(tenant)
    return service


def registry_of(backend: str | None, tenant: str) -> Registry:
    """Return the registry of a tenant that is there already; errors as in :func:`service_with`."""
    return service_with(backend, tenant).registry(tenant)


def user_named(registry: Registry, email: str, backend: str | None, tenant: str) -> RegistryUser:
    """Return the active user of an address.

    :raises NotThere: there is none.
    :raises FailedPrecondition: the user is deactivated.
    """
    user = _user_at(registry, email)
    check_active(user, email, backend, tenant)
    return user


def user_known(registry: Registry, who: str) -> RegistryUser:
    """Return the user of a handle or an address.

    :raises NotThere: there is none.
    :raises FailedPrecondition: see :func:`match`.
    """
    return _user_at(registry, who) if "@" in who else registry.users.by_name(who)


def _user_at(registry: Registry, email: str) -> RegistryUser:
    user = registry.users.by_email(email)
    if user is None:
        raise NotThere(f"There is no user with the e-mail address {shown(email)}.")
    return user


def check_active(user: RegistryUser, email: str, backend: str | None, tenant: str) -> None:
    """See that a user is not locked out.

    :raises FailedPrecondition: the user is; the message has the command that ends it.
    """
    if not user.active:
        way_back = command_line("user", "activate", user.username, backend=backend, tenant=tenant)
        raise FailedPrecondition(f"The user {shown(email)} is deactivated. To let the user in again: {way_back}")


def target_named(registry: Registry, name: str) -> Target:
    """Return the repository, or without a slash the organization, of a name.

    :raises NotThere: there is none.
    """
    return registry.repositories.by_full_name(name) if "/" in name else registry.organizations.by_name(name)


def role_named(target: Target, name: str | None) -> Role | None:
    """Return the role in a target that has a name.

    :raises InvalidArgument: there is none.
    """
    if name is None:
        return None
    roles = roles_in(target)
    if name not in roles.__members__:
        raise InvalidArgument(f"--role {name} is not one of {', '.join(roles.__members__)}.")
    return roles.__members__[name]
