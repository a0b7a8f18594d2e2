"""Roles and the values that the registry returns.

Times are UTC as in :class:`~flask_bsr_scim.resource.Resource`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple


class OrganizationRole(IntEnum):
    """Roles in an organization; the higher one counts."""

    MEMBER = 1
    MACHINE = 2
    """The Writer role."""
    ADMIN = 3
    OWNER = 4


class RepositoryRole(IntEnum):
    """Roles in a repository; the higher one counts."""

    READ = 1
    LIMITED_WRITE = 2
    WRITE = 3
    ADMIN = 4
    OWNER = 5


Role = OrganizationRole | RepositoryRole


class RoleSource(StrEnum):
    """Where a role comes from; of equal roles the first of these is told."""

    DIRECT = "DIRECT"
    JIT = "JIT"
    IDP_GROUP = "IDP_GROUP"


class ServerRole(StrEnum):
    """What a user may do with the whole registry."""

    MEMBER = "MEMBER"
    ADMIN = "ADMIN"


class Visibility(StrEnum):
    """Who sees a repository."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


@dataclass(frozen=True, slots=True)
class RegistryUser:
    """A user of the registry; `id` is also its SCIM id."""

    id: str
    username: str
    """The handle."""
    created: str
    modified: str
    active: bool
    server_role: ServerRole
    email: str | None
    """None once SCIM has deleted the user."""
    provisioned: bool
    """Whether SCIM has ever written it; a user that was made otherwise can still be adopted."""


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization."""

    id: str
    name: str
    created: str
    modified: str
    base_role: RepositoryRole | None = None
    """What its members have in each of its repositories."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository of an organization."""

    id: str
    organization_id: str
    full_name: str
    visibility: Visibility
    created: str
    modified: str


Target = Organization | Repository
"""Where a user can have a role."""


@dataclass(frozen=True, slots=True)
class GroupMapping:
    """An IdP group, by name, whose members have a role in a target."""

    target_id: str
    group: str
    role: Role | None = None
    """Overrides the default: MEMBER of an organization, READ in a repository."""


class HeldRole(NamedTuple):
    """A role of a user in a target; `group` is the IdP group that gives it, if one does."""

    role: Role
    source: RoleSource
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A user who has roles in a target: all of them, the effective one first."""

    user_id: str
    roles: Sequence[HeldRole]
