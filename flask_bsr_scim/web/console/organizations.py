"""Organizations: who is in by which role, and where the role comes from."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.model import Member
from flask_bsr_scim.registry.targets import OWNER, read_organization
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.web.console.lists import COUNT, Listed, by_id, quoted, resources
from flask_bsr_scim.web.console.page import Asked, Shown


def answer(asked: Asked) -> Shown:
    """Return the organizations, or one of them."""
    if asked.tail:
        return _one(asked)
    words = asked.argument("q")
    condition = 'kind eq "organization"' + (f" and name co {quoted(words)}" if words else "")
    listed = resources(asked, OWNER, condition, lambda owner: _row(asked, owner), q=words)
    return Shown("organizations.html", {"listed": listed, "words": words})


def _row(asked: Asked, owner: Resource) -> Mapping[str, Any]:
    organization = read_organization(owner)
    return {
        "organization": organization,
        "members": asked.registry.access.count(organization),
        "groups": asked.registry.access.mapped(organization),
    }


def _one(asked: Asked) -> Shown:
    organization = asked.registry.organizations.get(asked.tail)

    def read(after: str | None, backward: bool) -> Sequence[Member]:
        members, _ = asked.registry.access.members(organization, after, COUNT + 1, backward)
        return members

    page = by_id(asked, f"members of {organization.id}", read, lambda member: str(member.user_id))
    members = Listed([_member(asked, member) for member in page.items], page.earlier, page.later)
    repositories, more = asked.registry.repositories.of_organization(organization.id, count=COUNT)
    values = {
        "organization": organization,
        "total": asked.registry.access.count(organization),
        "members": members,
        "groups": asked.registry.access.mapped(organization),
        "repositories": repositories,
        "more_repositories": more is not None,
    }
    return Shown("organization.html", values)


def _member(asked: Asked, member: Member) -> Mapping[str, Any]:
    try:
        user = asked.registry.users.get(member.user_id)
    except NotThere:
        return {"id": member.user_id, "name": member.user_id, "email": "", "provisioned": False, "roles": member.roles}
    return {
        "id": user.id,
        "name": user.username,
        "email": user.email or "",
        "provisioned": user.provisioned,
        "roles": member.roles,
    }
