"""Where users can have roles, as it is stored: organizations and repositories."""

from flask_bsr_scim.backends.base import Page
from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.model import (
    Organization,
    OrganizationRole,
    Repository,
    RepositoryRole,
    Role,
    Target,
    Visibility,
)
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.resource import Resource

OWNER, REPOSITORY = "Owner", "Repository"
"""The types under which targets are stored; users are owners, too."""

ORGANIZATION = "organization"
"""The kind of owner that an organization is."""


def urn(type_name: str) -> str:
    """Return the schema URN of an internal type."""
    return f"urn:bsr:scim:internal:{type_name}"


def is_organization(owner: Resource) -> bool:
    """Tell whether an owner is no user."""
    return bool(owner.document["kind"] == ORGANIZATION)


def read_organization(owner: Resource) -> Organization:
    """Return the organization that is stored as an owner."""
    document = owner.document
    base_role = document.get("baseRole")
    return Organization(
        owner.id,
        document["name"],
        owner.created,
        owner.modified,
        None if base_role is None else RepositoryRole[base_role],
    )


def read_repository(resource: Resource) -> Repository:
    """Return the repository that is stored."""
    document = resource.document
    return Repository(
        resource.id,
        document["owner"],
        document["fullName"],
        Visibility(document["visibility"]),
        resource.created,
        resource.modified,
    )


def find_organization(store: TenantStore, organization_id: str) -> Organization | None:
    """Return an organization, None when there is none of that id."""
    owner = store.get(OWNER, organization_id)
    return read_organization(owner) if owner is not None and is_organization(owner) else None


def find_target(store: TenantStore, target_id: str) -> Target:
    """Return the organization or repository of an id.

    :raises NotThere: there is neither.
    """
    if organization := find_organization(store, target_id):
        return organization
    if repository := store.get(REPOSITORY, target_id):
        return read_repository(repository)
    raise NotThere(f"There is no organization or repository with the id {shown(target_id)}.")


def stored_type(target: Target) -> str:
    """Return the type under which a target is stored."""
    return OWNER if isinstance(target, Organization) else REPOSITORY


def organization_of(target: Target) -> str:
    """Return the id of the organization that a target is, or belongs to."""
    return target.id if isinstance(target, Organization) else target.organization_id


def roles_in(target: Target) -> type[OrganizationRole] | type[RepositoryRole]:
    """Return the roles that there are in a target."""
    return OrganizationRole if isinstance(target, Organization) else RepositoryRole


def default_role(target: Target) -> Role:
    """Return the role that a mapped group gives unless the mapping says otherwise."""
    return OrganizationRole.MEMBER if isinstance(target, Organization) else RepositoryRole.READ


def next_cursor(page: Page, count: int) -> str | None:
    """Return where the next page begins, None when a page shows the last of what there is."""
    return page.cursor if len(page.resources) == count else None
