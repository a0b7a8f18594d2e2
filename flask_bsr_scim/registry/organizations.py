"""Organizations, and the roles that their members were given by hand."""

from flask_bsr_scim.backends.base import Insert, Key, Removal, RemovalOfAll, Swap
from flask_bsr_scim.errors import ResourceNotFound, UniquenessConflict, UnknownMembers, shown
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.registry.access import Access
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.direct_roles import Decision, DirectRoles, check_user, no_user
from flask_bsr_scim.registry.errors import AlreadyExists, FailedPrecondition, NotThere
from flask_bsr_scim.registry.grants import GRANT, new_grants
from flask_bsr_scim.registry.mappings import MAPPING
from flask_bsr_scim.registry.model import Organization, OrganizationRole, RepositoryRole, Role, RoleSource
from flask_bsr_scim.registry.names import check_name
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import (
    ORGANIZATION,
    OWNER,
    REPOSITORY,
    is_organization,
    next_cursor,
    read_organization,
    urn,
)
from flask_bsr_scim.resource import Resource


class Organizations:
    """The organizations of one tenant."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._access = Access(store)

    def create(self, name: str, creator_id: str | None = None) -> Organization:
        """Make an organization.

        :param creator_id: the user who becomes its owner.
        :raises InvalidArgument: the name is no name of an organization, or reserved.
        :raises AlreadyExists: a user or an organization has the name.
        :raises NotThere: there is no such creator.
        """
        check_name(name)
        if creator_id is not None:
            check_user(self._store, creator_id)
        organization_id = new_id()
        document = {"schemas": [urn(OWNER)], "id": organization_id, "kind": ORGANIZATION, "name": name}
        grants = new_grants(organization_id, organization_id, OrganizationRole, creator_id)
        try:
            made, *_ = self._store.commit(Insert(OWNER, organization_id, document), *grants)
        except UniquenessConflict:
            raise AlreadyExists(f"The name {shown(name)} is taken by a user or an organization.") from None
        except UnknownMembers:
            raise no_user(str(creator_id)) from None
        assert made is not None
        return read_organization(made)

    def get(self, organization_id: str) -> Organization:
        """Return an organization.

        :raises NotThere: there is none of that id.
        """
        return read_organization(self._owner(organization_id))

    def by_name(self, name: str) -> Organization:
        """Return the organization of a name, in whatever letter case.

        :raises NotThere: there is none.
        """
        owner = self._store.find(OWNER, "name", name)
        if owner is None or not is_organization(owner):
            raise NotThere(f"There is no organization named {shown(name)}.")
        return read_organization(owner)

    def page(
        self, after: str | None = None, count: int = 100, reverse: bool = False
    ) -> tuple[list[Organization], str | None]:
        """Return a page in the order of creation, and where the next one begins."""
        page = self._store.page(OWNER, holding=("kind", ORGANIZATION), after=after, count=count, reverse=reverse)
        return [read_organization(owner) for owner in page.resources], next_cursor(page, count)

    def delete(self, organization_id: str) -> None:
        """Remove an organization with its repositories, and all roles in them.

        :raises NotThere: there is none of that id.
        """
        self._owner(organization_id)
        held = ((MAPPING, "organization"), (GRANT, "organization"), (REPOSITORY, "owner"))
        belongings = (RemovalOfAll(Key(*place, organization_id)) for place in held)
        try:
            self._store.commit(*belongings, Removal(OWNER, organization_id))
        except ResourceNotFound:
            raise _not_there(organization_id) from None

    def set_base_role(self, organization_id: str, role: RepositoryRole | None) -> Organization:
        """Set the role that members have in each of the organization's repositories.

        :raises NotThere: there is no such organization.
        """
        return insist(lambda: self._set_base_role(organization_id, role))

    def add_member(self, organization_id: str, user_id: str, role: OrganizationRole) -> None:
        """Give a user a direct role; nothing when it is there.

        :raises AlreadyExists: the user has another direct role.
        :raises NotThere: there is no such organization or user.
        """
        self._change(organization_id, user_id, _adding(role))

    def set_member(self, organization_id: str, user_id: str, role: OrganizationRole | None) -> None:
        """Give a user this direct role whatever it was; None: take it.

        :raises NotThere: there is no such organization or user.
        :raises FailedPrecondition: nobody would own the organization any more.
        """
        self._change(organization_id, user_id, lambda _: role)

    def update_member(self, organization_id: str, user_id: str, role: OrganizationRole) -> None:
        """Change a user's direct role.

        :raises NotThere: the user has none, or there is no such organization.
        :raises FailedPrecondition: nobody would own the organization any more.
        """
        self._change(organization_id, user_id, _replacing_by(role))

    def remove_member(self, organization_id: str, user_id: str) -> None:
        """Take a user's direct role; what a sign-in or a group gives stays. Errors as in :meth:`update_member`."""
        self._change(organization_id, user_id, _replacing_by(None))

    def _change(self, organization_id: str, user_id: str, decide: Decision) -> None:
        organization = self.get(organization_id)

        def checked(present: Role | None) -> Role | None:
            role = decide(present)
            if present is OrganizationRole.OWNER and role is not OrganizationRole.OWNER:
                self._check_owner_left(organization, user_id)
            return role

        DirectRoles(self._store, organization).change(user_id, checked)

    def _check_owner_left(self, organization: Organization, user_id: str) -> None:
        """See that an organization still has an owner when a user is no direct one any more.

        Who is inactive owns nothing, so nothing is lost with that role.
        """
        held = self._access.roles(user_id, organization)
        owns_by = [each.source for each in held if each.role is OrganizationRole.OWNER]
        if owns_by == [RoleSource.DIRECT] and not self._access.has_owner_beside(organization, user_id):
            raise FailedPrecondition(
                f"This is the last owner of {shown(organization.name)}. Give another member the role OWNER first."
            )

    def _set_base_role(self, organization_id: str, role: RepositoryRole | None) -> Organization:
        owner = self._owner(organization_id)
        document = {name: value for name, value in owner.document.items() if name != "baseRole"}
        if role is not None:
            document["baseRole"] = role.name
        (changed,) = self._store.commit(Swap(OWNER, owner.id, document, expected_version=owner.version))
        assert changed is not None
        return read_organization(changed)

    def _owner(self, organization_id: str) -> Resource:
        owner = self._store.get(OWNER, organization_id)
        if owner is None or not is_organization(owner):
            raise _not_there(organization_id)
        return owner


def _adding(role: Role) -> Decision:
    def decide(present: Role | None) -> Role:
        if present is not None and present is not role:
            raise AlreadyExists(f"The user has the direct role {present.name} already; update the member instead.")
        return role

    return decide


def _replacing_by(role: Role | None) -> Decision:
    def decide(present: Role | None) -> Role | None:
        if present is None:
            raise NotThere(
                "The user has no direct role here. One that a group gives ends with the group or its mapping."
            )
        return role

    return decide


def _not_there(organization_id: str) -> NotThere:
    return NotThere(f"There is no organization with the id {shown(organization_id)}.")
