"""Organizations, their members, and the groups that are mapped to them."""

from typing import Any

from connectrpc.request import RequestContext

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import organization_pb as pb
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.organization_connect import OrganizationServiceSync
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.role_pb import OrganizationRole as RoleMessage
from flask_bsr_scim.registry.api.messages import organization_message
from flask_bsr_scim.registry.api.pages import Asked
from flask_bsr_scim.registry.api.roles import (
    read_organization_role,
    read_repository_role,
    write_organization_role,
    write_repository_role,
)
from flask_bsr_scim.registry.errors import InvalidArgument, NotThere
from flask_bsr_scim.registry.model import HeldRole, Organization, OrganizationRole

Context = RequestContext[Any, Any]


class OrganizationCalls(OrganizationServiceSync):
    """The organizations of the caller's tenant."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._organizations, self._mappings = caller.registry.organizations, caller.registry.mappings

    def get_organization(self, request: pb.GetOrganizationRequest, ctx: Context) -> pb.GetOrganizationResponse:
        """Return an organization by id."""
        return pb.GetOrganizationResponse(organization=organization_message(self._organizations.get(request.id)))

    def get_organization_by_name(
        self, request: pb.GetOrganizationByNameRequest, ctx: Context
    ) -> pb.GetOrganizationByNameResponse:
        """Return an organization by name."""
        organization = self._organizations.by_name(request.name)
        return pb.GetOrganizationByNameResponse(organization=organization_message(organization))

    def list_organizations(self, request: pb.ListOrganizationsRequest, ctx: Context) -> pb.ListOrganizationsResponse:
        """List organizations in the order of creation."""
        asked = Asked(self._caller.store, request, ctx)
        page, cursor = self._organizations.page(asked.after, asked.count, asked.reverse)
        return pb.ListOrganizationsResponse(
            organizations=list(map(organization_message, page)), next_page_token=asked.token(cursor)
        )

    def list_user_organizations(
        self, request: pb.ListUserOrganizationsRequest, ctx: Context
    ) -> pb.ListUserOrganizationsResponse:
        """List the organizations in which a user has a role."""
        asked = Asked(self._caller.store, request, ctx)
        user = self._caller.registry.users.get(request.user_id)
        page, token = asked.cut(self._caller.registry.access.organizations_of(user.id), _made)
        return pb.ListUserOrganizationsResponse(
            organizations=[_membership(*each) for each in page], next_page_token=token
        )

    def get_user_organization(
        self, request: pb.GetUserOrganizationRequest, ctx: Context
    ) -> pb.GetUserOrganizationResponse:
        """Return what a user is in an organization."""
        organization = self._organizations.get(request.organization_id)
        held = self._caller.registry.access.role(self._caller.registry.users.get(request.user_id).id, organization)
        if held is None:
            raise NotThere(f"The user is no member of {shown(organization.name)}.")
        return pb.GetUserOrganizationResponse(organization_membership=_membership(organization, held))

    def create_organization(self, request: pb.CreateOrganizationRequest, ctx: Context) -> pb.CreateOrganizationResponse:
        """Make an organization that the caller owns."""
        organization = self._organizations.create(request.name, self._caller.user.id)
        return pb.CreateOrganizationResponse(organization=organization_message(organization))

    def delete_organization(self, request: pb.DeleteOrganizationRequest, ctx: Context) -> pb.DeleteOrganizationResponse:
        """Remove an organization by id."""
        self._organizations.delete(request.id)
        return pb.DeleteOrganizationResponse()

    def delete_organization_by_name(
        self, request: pb.DeleteOrganizationByNameRequest, ctx: Context
    ) -> pb.DeleteOrganizationByNameResponse:
        """Remove an organization by name."""
        self._organizations.delete(self._organizations.by_name(request.name).id)
        return pb.DeleteOrganizationByNameResponse()

    def add_organization_member(
        self, request: pb.AddOrganizationMemberRequest, ctx: Context
    ) -> pb.AddOrganizationMemberResponse:
        """Give a user a direct role."""
        role = _required(request.organization_role)
        self._organizations.add_member(request.organization_id, request.user_id, role)
        return pb.AddOrganizationMemberResponse()

    def update_organization_member(
        self, request: pb.UpdateOrganizationMemberRequest, ctx: Context
    ) -> pb.UpdateOrganizationMemberResponse:
        """Change a direct role."""
        role = _required(request.organization_role)
        self._organizations.update_member(request.organization_id, request.user_id, role)
        return pb.UpdateOrganizationMemberResponse()

    def remove_organization_member(
        self, request: pb.RemoveOrganizationMemberRequest, ctx: Context
    ) -> pb.RemoveOrganizationMemberResponse:
        """Take a direct role."""
        self._organizations.remove_member(request.organization_id, request.user_id)
        return pb.RemoveOrganizationMemberResponse()

    def set_organization_member(
        self, request: pb.SetOrganizationMemberRequest, ctx: Context
    ) -> pb.SetOrganizationMemberResponse:
        """Give, change or take a direct role."""
        role = read_organization_role(request.organization_role)
        self._organizations.set_member(request.organization_id, request.user_id, role)
        return pb.SetOrganizationMemberResponse()

    def get_organization_settings(
        self, request: pb.GetOrganizationSettingsRequest, ctx: Context
    ) -> pb.GetOrganizationSettingsResponse:
        """Return the base role, the number of members and the mapped groups."""
        organization = self._organizations.get(request.organization_id)
        return pb.GetOrganizationSettingsResponse(
            repository_base_role=write_repository_role(organization.base_role),
            members_count=self._caller.registry.access.count(organization),
            idp_groups=[mapping.group for mapping in self._mappings.of(organization.id)],
        )

    def update_organization_settings(
        self, request: pb.UpdateOrganizationSettingsRequest, ctx: Context
    ) -> pb.UpdateOrganizationSettingsResponse:
        """Change the base role."""
        role = read_repository_role(request.repository_base_role)
        if role is not None:
            self._organizations.set_base_role(request.organization_id, role)
        return pb.UpdateOrganizationSettingsResponse()

    def add_organization_group(
        self, request: pb.AddOrganizationGroupRequest, ctx: Context
    ) -> pb.AddOrganizationGroupResponse:
        """Map a group."""
        role = read_organization_role(request.role_override)
        self._mappings.add(request.organization_id, request.group_name, role)
        return pb.AddOrganizationGroupResponse()

    def update_organization_group(
        self, request: pb.UpdateOrganizationGroupRequest, ctx: Context
    ) -> pb.UpdateOrganizationGroupResponse:
        """Change what a mapped group gives."""
        role = read_organization_role(request.role_override)
        self._mappings.update(request.organization_id, request.group_name, role)
        return pb.UpdateOrganizationGroupResponse()

    def remove_organization_group(
        self, request: pb.RemoveOrganizationGroupRequest, ctx: Context
    ) -> pb.RemoveOrganizationGroupResponse:
        """Undo a mapping."""
        self._mappings.remove(request.organization_id, request.group_name)
        return pb.RemoveOrganizationGroupResponse()


def _required(role: RoleMessage) -> OrganizationRole:
    read = read_organization_role(role)
    if read is None:
        raise InvalidArgument("organization_role is missing: give ORGANIZATION_ROLE_MEMBER or another role.")
    return read


def _membership(organization: Organization, held: HeldRole) -> pb.OrganizationMembership:
    return pb.OrganizationMembership(
        organization=organization_message(organization), organization_role=write_organization_role(held.role)
    )


def _made(each: tuple[Organization, HeldRole]) -> str:
    return f"{each[0].created} {each[0].id}"
