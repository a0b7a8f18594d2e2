"""Roles that users hold in their own right: the members of one grant for each target, source and role."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flask_bsr_scim.backends.base import Insert
from flask_bsr_scim.registry.model import Role, RoleSource, Target
from flask_bsr_scim.registry.targets import roles_in, urn
from flask_bsr_scim.resource import Link, MemberChanges

GRANT = "Grant"

_SOURCES = (RoleSource.DIRECT, RoleSource.JIT)


class Granted(NamedTuple):
    """What a grant gives; `role` is a name, whose meaning depends on the target."""

    target_id: str
    source: RoleSource
    role: str


def grant_id(target_id: str, source: RoleSource, role: Role) -> str:
    """Return the id of the grant by which users have a role."""
    return f"grant-{target_id}-{source}-{role.name}"


def granted(grant: str) -> Granted:
    """Return what the grant of an id gives."""
    target_id, source, role = grant.removeprefix("grant-").rsplit("-", 2)
    return Granted(target_id, RoleSource(source), role)


def grant_ids(target: Target, *roles: Role) -> list[str]:
    """Return the ids of a target's grants, of some roles or of all."""
    return [grant_id(target.id, source, role) for source in _SOURCES for role in roles or roles_in(target)]


def grants_among(links: Iterable[Link], target_id: str | None = None) -> Iterator[Granted]:
    """Yield what the grants among some memberships give, in one target or anywhere."""
    start = "grant-" if target_id is None else f"grant-{target_id}-"
    return (granted(link.id) for link in links if link.type == GRANT and link.id.startswith(start))


def new_grants(target_id: str, organization_id: str, roles: Iterable[Role], owner_id: str | None) -> Iterator[Insert]:
    """Yield all grants that a new target can need, so that later giving a role is no more than adding a member.

    :param organization_id: of the organization that the target is, or belongs to.
    :param owner_id: the user who becomes the target's owner.
    """
    for source in _SOURCES:
        for role in roles:
            grant = grant_id(target_id, source, role)
            document = {
                "schemas": [urn(GRANT)],
                "id": grant,
                "target": target_id,
                "organization": organization_id,
                "role": role.name,
                "source": str(source),
            }
            owns = (source, role.name) == (RoleSource.DIRECT, "OWNER")
            members = MemberChanges(add=(owner_id,)) if owns and owner_id is not None else None
            yield Insert(GRANT, grant, document, members)
