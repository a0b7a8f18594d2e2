"""Repositories of organizations, and the roles that their contributors were given by hand."""

from flask_bsr_scim.backends.base import Insert, Key, Removal, RemovalOfAll, Swap
from flask_bsr_scim.errors import ResourceNotFound, UniquenessConflict, UnknownMembers, shown
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.registry.direct_roles import DirectRoles, check_user
from flask_bsr_scim.registry.errors import AlreadyExists, NotThere
from flask_bsr_scim.registry.grants import GRANT, new_grants
from flask_bsr_scim.registry.mappings import MAPPING
from flask_bsr_scim.registry.model import Repository, RepositoryRole, Visibility
from flask_bsr_scim.registry.names import check_repository_name, split_full_name
from flask_bsr_scim.registry.organizations import Organizations
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER, REPOSITORY, next_cursor, read_repository, urn


class Repositories:
    """The repositories of one tenant; each belongs to an organization."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._organizations = Organizations(store)

    def create(
        self, full_name: str, visibility: Visibility = Visibility.PRIVATE, creator_id: str | None = None
    ) -> Repository:
        """Make a repository.

        :param full_name: `organization/repository`.
        :param creator_id: the user who becomes its owner.
        :raises InvalidArgument: the name is not of that form.
        :raises AlreadyExists: the organization has a repository of that name.
        :raises NotThere: there is no such organization or creator.
        """
        owner, name = split_full_name(full_name)
        check_repository_name(name)
        organization = self._organizations.by_name(owner)
        if creator_id is not None:
            check_user(self._store, creator_id)
        repository_id = new_id()
        document = {
            "schemas": [urn(REPOSITORY)],
            "id": repository_id,
            "fullName": f"{organization.name}/{name}",
            "owner": organization.id,
            "visibility": str(visibility),
        }
        grants = new_grants(repository_id, organization.id, RepositoryRole, creator_id)
        still_there = Swap(OWNER, organization.id)
        try:
            made, *_ = self._store.commit(Insert(REPOSITORY, repository_id, document), still_there, *grants)
        except UniquenessConflict:
            raise AlreadyExists(f"There is a repository named {shown(full_name)} already.") from None
        except (ResourceNotFound, UnknownMembers):
            raise NotThere(f"The organization {shown(owner)}, or the user who asked, is not there any more.") from None
        assert made is not None
        return read_repository(made)

    def get(self, repository_id: str) -> Repository:
        """Return a repository.

        :raises NotThere: there is none of that id.
        """
        repository = self._store.get(REPOSITORY, repository_id)
        if repository is None:
            raise _not_there(repository_id)
        return read_repository(repository)

    def by_full_name(self, full_name: str) -> Repository:
        """Return the repository of a full name, in whatever letter case.

        :raises NotThere: there is none.
        """
        repository = self._store.find(REPOSITORY, "fullName", full_name)
        if repository is None:
            raise NotThere(f"There is no repository named {shown(full_name)}.")
        return read_repository(repository)

    def page(
        self, after: str | None = None, count: int = 100, reverse: bool = False
    ) -> tuple[list[Repository], str | None]:
        """Return a page in the order of creation, and where the next one begins."""
        return self._page(None, after, count, reverse)

    def of_organization(
        self, organization_id: str, after: str | None = None, count: int = 100, reverse: bool = False
    ) -> tuple[list[Repository], str | None]:
        """Return a page of an organization's repositories; see :meth:`page`.

        :raises NotThere: there is no such organization.
        """
        self._organizations.get(organization_id)
        return self._page(("owner", organization_id), after, count, reverse)

    def delete(self, repository_id: str) -> None:
        """Remove a repository, and all roles in it.

        :raises NotThere: there is none of that id.
        """
        belongings = (RemovalOfAll(Key(type_name, "target", repository_id)) for type_name in (MAPPING, GRANT))
        try:
            self._store.commit(Removal(REPOSITORY, repository_id), *belongings)
        except ResourceNotFound:
            raise _not_there(repository_id) from None

    def set_contributor(self, repository_id: str, user_id: str, role: RepositoryRole | None) -> None:
        """Give a user this direct role whatever it was; None: take it.

        :raises NotThere: there is no such repository or user.
        """
        repository = self.get(repository_id)
        DirectRoles(self._store, repository).change(user_id, lambda _: role)

    def _page(
        self, holding: tuple[str, str] | None, after: str | None, count: int, reverse: bool
    ) -> tuple[list[Repository], str | None]:
        page = self._store.page(REPOSITORY, holding=holding, after=after, count=count, reverse=reverse)
        return [read_repository(repository) for repository in page.resources], next_cursor(page, count)


def _not_there(repository_id: str) -> NotThere:
    return NotThere(f"There is no repository with the id {shown(repository_id)}.")
