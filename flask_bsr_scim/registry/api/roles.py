"""Names that the messages and the registry have for the same roles."""

from protobuf import enum_is_unknown

from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import role_pb
from flask_bsr_scim.registry.errors import InvalidArgument
from flask_bsr_scim.registry.model import OrganizationRole, RepositoryRole, Role, RoleSource, ServerRole


def read_organization_role(role: role_pb.OrganizationRole) -> OrganizationRole | None:
    """Return the role that a message names, None when it is unspecified.

    :raises InvalidArgument: its number is none.
    """
    return OrganizationRole[_name(role)] if role else None


def read_repository_role(role: role_pb.RepositoryRole) -> RepositoryRole | None:
    """Return the role that a message names, None when it is unspecified.

    :raises InvalidArgument: its number is none.
    """
    return RepositoryRole[_name(role)] if role else None


def read_role(role: role_pb.OrganizationRole | role_pb.RepositoryRole) -> Role | None:
    """Return the role of either kind that a message names; see :func:`read_organization_role`."""
    return read_organization_role(role) if isinstance(role, role_pb.OrganizationRole) else read_repository_role(role)


def read_server_role(role: role_pb.ServerRole) -> ServerRole:
    """Return the role that a message names.

    :raises InvalidArgument: it is unspecified, or its number is none.
    """
    if not role:
        raise InvalidArgument("server_role is missing: give SERVER_ROLE_ADMIN or SERVER_ROLE_MEMBER.")
    return ServerRole[_name(role)]


def write_organization_role(role: Role) -> role_pb.OrganizationRole:
    """Return the role of an organization as messages name it."""
    return role_pb.OrganizationRole[role.name]


def write_repository_role(role: Role | None) -> role_pb.RepositoryRole:
    """Return the role of a repository as messages name it; none is unspecified."""
    return role_pb.RepositoryRole.UNSPECIFIED if role is None else role_pb.RepositoryRole[role.name]


def write_source(source: RoleSource) -> role_pb.OrganizationRoleSource:
    """Return the source of a role as messages name it."""
    return role_pb.OrganizationRoleSource[source.name]


def _name(role: role_pb.OrganizationRole | role_pb.RepositoryRole | role_pb.ServerRole) -> str:
    if enum_is_unknown(role):
        raise InvalidArgument(f"{int(role)} is the number of no role.")
    return role.name
