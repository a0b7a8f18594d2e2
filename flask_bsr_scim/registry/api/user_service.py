"""Users."""

from collections.abc import Sequence
from typing import Any

from connectrpc.request import RequestContext
from protobuf import enum_is_unknown

from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import user_pb as pb
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.user_connect import UserServiceSync
from flask_bsr_scim.registry.api.messages import user_message
from flask_bsr_scim.registry.api.pages import Asked
from flask_bsr_scim.registry.api.roles import read_server_role, write_organization_role, write_source
from flask_bsr_scim.registry.errors import InvalidArgument
from flask_bsr_scim.registry.model import Member, Organization, RegistryUser

Context = RequestContext[Any, Any]

_ACTIVE = {
    pb.UserState.UNSPECIFIED: None,
    pb.UserState.ACTIVE: True,
    pb.UserState.DEACTIVATED: False,
}


class UserCalls(UserServiceSync):
    """The users of the caller's tenant."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._users = caller.registry.users

    def get_user(self, request: pb.GetUserRequest, ctx: Context) -> pb.GetUserResponse:
        """Return a user by id."""
        return pb.GetUserResponse(user=user_message(self._users.get(request.id)))

    def get_user_by_username(self, request: pb.GetUserByUsernameRequest, ctx: Context) -> pb.GetUserByUsernameResponse:
        """Return a user by handle."""
        return pb.GetUserByUsernameResponse(user=user_message(self._users.by_name(request.username)))

    def list_users(self, request: pb.ListUsersRequest, ctx: Context) -> pb.ListUsersResponse:
        """List users; all of them are personal ones."""
        asked = Asked(self._caller.store, request, ctx)
        active = _active(request.user_state_filter)
        if not _are_personal(request.user_type_filters):
            return pb.ListUsersResponse()
        users, cursor = self._users.page(asked.after, asked.count, asked.reverse, active)
        return pb.ListUsersResponse(users=list(map(user_message, users)), next_page_token=asked.token(cursor))

    def count_users(self, request: pb.CountUsersRequest, ctx: Context) -> pb.CountUsersResponse:
        """Count users."""
        return pb.CountUsersResponse(total_count=self._users.count(_active(request.user_state_filter)))

    def list_organization_users(
        self, request: pb.ListOrganizationUsersRequest, ctx: Context
    ) -> pb.ListOrganizationUsersResponse:
        """List the active members of an organization, in the order of their ids."""
        asked = Asked(self._caller.store, request, ctx)
        organization = self._caller.registry.organizations.get(request.organization_id)
        members, cursor = self._caller.registry.access.members(organization, asked.after, asked.count, asked.reverse)
        known = ((self._users.find(member.user_id), member) for member in members)
        return pb.ListOrganizationUsersResponse(
            users=[_member(user, organization, member) for user, member in known if user is not None],
            next_page_token=asked.token(cursor),
        )

    def deactivate_user(self, request: pb.DeactivateUserRequest, ctx: Context) -> pb.DeactivateUserResponse:
        """Lock a user out."""
        self._users.set_active(request.id, False)
        return pb.DeactivateUserResponse()

    def update_user_server_role(
        self, request: pb.UpdateUserServerRoleRequest, ctx: Context
    ) -> pb.UpdateUserServerRoleResponse:
        """Make a user an administrator of the registry, or one no more."""
        self._users.set_server_role(request.user_id, read_server_role(request.server_role))
        return pb.UpdateUserServerRoleResponse()


def _member(user: RegistryUser, organization: Organization, member: Member) -> pb.OrganizationUser:
    effective = member.roles[0]
    return pb.OrganizationUser(
        user=user_message(user),
        organization_id=organization.id,
        organization_role=write_organization_role(effective.role),
        organization_role_source=write_source(effective.source),
    )


def _are_personal(types: Sequence[pb.UserType]) -> bool:
    """Tell whether personal users are among those of some types; no type means all."""
    for unknown in filter(enum_is_unknown, types):
        raise InvalidArgument(f"user_type_filters: {int(unknown)} is the number of no type.")
    return not types or pb.UserType.PERSONAL in types


def _active(state: pb.UserState) -> bool | None:
    if state not in _ACTIVE:
        raise InvalidArgument(f"user_state_filter: {int(state)} is the number of no state.")
    return _ACTIVE[state]
