"""Repositories, their contributors, and the groups that are mapped to them."""

from typing import Any

from connectrpc.request import RequestContext

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import repository_pb as pb
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1.repository_connect import RepositoryServiceSync
from flask_bsr_scim.registry.api.messages import repository_message, user_message
from flask_bsr_scim.registry.api.pages import Asked
from flask_bsr_scim.registry.api.roles import read_repository_role, write_repository_role
from flask_bsr_scim.registry.errors import InvalidArgument, NotThere
from flask_bsr_scim.registry.model import HeldRole, RegistryUser, Repository, Visibility

Context = RequestContext[Any, Any]

_VISIBILITIES = {
    pb.Visibility.UNSPECIFIED: Visibility.PRIVATE,
    pb.Visibility.PUBLIC: Visibility.PUBLIC,
    pb.Visibility.PRIVATE: Visibility.PRIVATE,
}


class RepositoryCalls(RepositoryServiceSync):
    """The repositories of the caller's tenant."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._repositories, self._mappings = caller.registry.repositories, caller.registry.mappings
        self._users = caller.registry.users

    def get_repository(self, request: pb.GetRepositoryRequest, ctx: Context) -> pb.GetRepositoryResponse:
        """Return a repository by id."""
        return pb.GetRepositoryResponse(repository=repository_message(self._repositories.get(request.id)))

    def get_repository_by_full_name(
        self, request: pb.GetRepositoryByFullNameRequest, ctx: Context
    ) -> pb.GetRepositoryByFullNameResponse:
        """Return a repository by name."""
        repository = self._repositories.by_full_name(request.full_name)
        return pb.GetRepositoryByFullNameResponse(repository=repository_message(repository))

    def create_repository_by_full_name(
        self, request: pb.CreateRepositoryByFullNameRequest, ctx: Context
    ) -> pb.CreateRepositoryByFullNameResponse:
        """Make a repository that the caller owns; a private one unless the request says otherwise."""
        if request.visibility not in _VISIBILITIES:
            raise InvalidArgument(f"visibility: {int(request.visibility)} is the number of none.")
        visibility = _VISIBILITIES[request.visibility]
        repository = self._repositories.create(request.full_name, visibility, self._caller.user.id)
        return pb.CreateRepositoryByFullNameResponse(repository=repository_message(repository))

    def delete_repository(self, request: pb.DeleteRepositoryRequest, ctx: Context) -> pb.DeleteRepositoryResponse:
        """Remove a repository by id."""
        self._repositories.delete(request.id)
        return pb.DeleteRepositoryResponse()

    def delete_repository_by_full_name(
        self, request: pb.DeleteRepositoryByFullNameRequest, ctx: Context
    ) -> pb.DeleteRepositoryByFullNameResponse:
        """Remove a repository by name."""
        self._repositories.delete(self._repositories.by_full_name(request.full_name).id)
        return pb.DeleteRepositoryByFullNameResponse()

    def set_repository_contributor(
        self, request: pb.SetRepositoryContributorRequest, ctx: Context
    ) -> pb.SetRepositoryContributorResponse:
        """Give, change or take a direct role."""
        role = read_repository_role(request.repository_role)
        self._repositories.set_contributor(request.repository_id, request.user_id, role)
        return pb.SetRepositoryContributorResponse()

    def list_repository_contributors(
        self, request: pb.ListRepositoryContributorsRequest, ctx: Context
    ) -> pb.ListRepositoryContributorsResponse:
        """List the active users who have a role in the repository itself, in the order of their ids."""
        asked = Asked(self._caller.store, request, ctx)
        repository = self._repositories.get(request.repository_id)
        members, cursor = self._caller.registry.access.members(repository, asked.after, asked.count, asked.reverse)
        known = ((self._users.find(member.user_id), member.roles[0]) for member in members)
        return pb.ListRepositoryContributorsResponse(
            users=[self._contributor(repository, user, held) for user, held in known if user is not None],
            next_page_token=asked.token(cursor),
        )

    def get_repository_contributor(
        self, request: pb.GetRepositoryContributorRequest, ctx: Context
    ) -> pb.GetRepositoryContributorResponse:
        """Return what a user is in a repository."""
        repository = self._repositories.get(request.repository_id)
        user = self._users.get(request.user_id)
        contributor = self._contributor(repository, user, self._caller.registry.access.role(user.id, repository))
        if not (contributor.explicit_role or contributor.implicit_role):
            raise NotThere(f"The user has no role in {shown(repository.full_name)}.")
        return pb.GetRepositoryContributorResponse(user=contributor)

    def add_repository_group(
        self, request: pb.AddRepositoryGroupRequest, ctx: Context
    ) -> pb.AddRepositoryGroupResponse:
        """Map a group."""
        self._mappings.add(request.repository_id, request.group_name, read_repository_role(request.role_override))
        return pb.AddRepositoryGroupResponse()

    def update_repository_group(
        self, request: pb.UpdateRepositoryGroupRequest, ctx: Context
    ) -> pb.UpdateRepositoryGroupResponse:
        """Change what a mapped group gives."""
        self._mappings.update(request.repository_id, request.group_name, read_repository_role(request.role_override))
        return pb.UpdateRepositoryGroupResponse()

    def remove_repository_group(
        self, request: pb.RemoveRepositoryGroupRequest, ctx: Context
    ) -> pb.RemoveRepositoryGroupResponse:
        """Undo a mapping."""
        self._mappings.remove(request.repository_id, request.group_name)
        return pb.RemoveRepositoryGroupResponse()

    def _contributor(
        self, repository: Repository, user: RegistryUser, held: HeldRole | None
    ) -> pb.RepositoryContributor:
        return pb.RepositoryContributor(
            user=user_message(user),
            repository_id=repository.id,
            explicit_role=write_repository_role(None if held is None else held.role),
            implicit_role=write_repository_role(self._caller.registry.access.implicit_role(user.id, repository)),
        )
