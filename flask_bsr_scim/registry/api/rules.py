"""Who may call what. A method without a rule is not served."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_bsr_scim.registry.api.caller import Caller
from flask_bsr_scim.registry.api.roles import read_role
from flask_bsr_scim.registry.direct_roles import DirectRoles
from flask_bsr_scim.registry.errors import NotThere, PermissionDenied
from flask_bsr_scim.registry.model import Organization, OrganizationRole, Repository, RepositoryRole, Role, Target
from flask_bsr_scim.registry.names import split_full_name

Rule = Callable[[Caller, Any], object]
"""Takes a caller and a request; raises PermissionDenied, or NotThere for what the caller does not see, and
InvalidArgument for what names nothing."""

Finder = Callable[[Caller, Any], Target]
"""Takes a caller and a request; returns the organization or repository that the request is about."""


def anybody(caller: Caller, request: Any) -> None:
    """Let every user pass: the method shows or changes only what each of them may."""


def administrator(caller: Caller, request: Any) -> None:
    """Let administrators of the registry pass."""
    if not caller.is_administrator:
        raise PermissionDenied("Only an administrator of the registry may do that.")


def oneself_or(rule: Rule) -> Rule:
    """Return the rule that lets pass the user whom the request is about, and whom another rule lets pass."""
    return lambda caller, request: request.user_id == caller.user.id or rule(caller, request)


def all_of(*rules: Rule) -> Rule:
    """Return the rule that lets pass whom each of some rules lets pass; the first that does not refuses."""
    return lambda caller, request: [rule(caller, request) for rule in rules]


def having(least: Role, find: Finder) -> Rule:
    """Return the rule that lets those pass who have a role, or a higher one, in what the request is about."""
    return lambda caller, request: _check(caller, find(caller, request), least)


def placing(least: Role, find: Finder, new_role: str | None = None) -> Rule:
    """Return the rule for changes of a user's direct role: nobody gives or takes one above the own role.

    :param new_role: the field that has it.
    """

    def rule(caller: Caller, request: Any) -> None:
        target = find(caller, request)
        _check(caller, target, least)
        _check(caller, target, _given(request, new_role), DirectRoles(caller.store, target).of(request.user_id))

    return rule


def mapping(least: Role, find: Finder, new_role: str | None = None) -> Rule:
    """Return the rule for changes of what a group gives; of roles as in :func:`placing`."""

    def rule(caller: Caller, request: Any) -> None:
        target = find(caller, request)
        _check(caller, target, least)
        present = (m.role for m in caller.registry.mappings.of(target.id) if m.group == request.group_name)
        _check(caller, target, _given(request, new_role), *present)

    return rule


def _given(request: Any, new_role: str | None) -> Role | None:
    return None if new_role is None else read_role(getattr(request, new_role))


def _check(caller: Caller, target: Target, *roles: Role | None) -> None:
    needed = max((role for role in roles if role is not None), default=None)
    if needed is None:
        return
    rank = caller.rank(target)
    if rank is None or rank < needed:
        kind = "organization" if isinstance(target, Organization) else "repository"
        raise PermissionDenied(f"Only who has the role {needed.name} or a higher one in this {kind} may do that.")


def _organization(field: str) -> Finder:
    return lambda caller, request: caller.registry.organizations.get(getattr(request, field))


def _organization_by_name(caller: Caller, request: Any) -> Target:
    return caller.registry.organizations.by_name(request.name)


def _owning_organization(caller: Caller, request: Any) -> Target:
    return caller.registry.organizations.by_name(split_full_name(request.full_name)[0])


def _repository(field: str) -> Finder:
    return lambda caller, request: _seen(caller, lambda: caller.registry.repositories.get(getattr(request, field)))


def _repository_by_name(caller: Caller, request: Any) -> Target:
    return _seen(caller, lambda: caller.registry.repositories.by_full_name(request.full_name))


def _seen(caller: Caller, find: Callable[[], Repository]) -> Repository:
    """Return a repository; one that the caller does not see is refused in the words for one that is not there."""
    try:
        repository = find()
        if caller.sees(repository):
            return repository
    except NotThere:
        pass
    raise NotThere("There is no such repository, or it is private.")


_MEMBER, _WRITER, _ADMIN, _OWNER = (
    OrganizationRole.MEMBER,
    OrganizationRole.MACHINE,
    OrganizationRole.ADMIN,
    OrganizationRole.OWNER,
)
_IN_ORGANIZATION = _organization("organization_id")
_IN_REPOSITORY = _repository("repository_id")

RULES: Mapping[str, Mapping[str, Rule]] = {
    "SCIMTokenService": {
        "CreateSCIMToken": administrator,
        "ListSCIMTokens": administrator,
        "DeleteSCIMToken": administrator,
    },
    "TokenService": {
        "CreateToken": anybody,
        "GetToken": anybody,
        "ListTokens": anybody,
        "DeleteToken": anybody,
    },
    "UserService": {
        "GetUser": anybody,
        "GetUserByUsername": anybody,
        "ListUsers": administrator,
        "CountUsers": administrator,
        "ListOrganizationUsers": having(_MEMBER, _IN_ORGANIZATION),
        "DeactivateUser": administrator,
        "UpdateUserServerRole": administrator,
    },
    "OrganizationService": {
        "GetOrganization": anybody,
        "GetOrganizationByName": anybody,
        "ListOrganizations": anybody,
        "ListUserOrganizations": oneself_or(administrator),
        "GetUserOrganization": oneself_or(having(_MEMBER, _IN_ORGANIZATION)),
        "CreateOrganization": anybody,
        "DeleteOrganization": having(_OWNER, _organization("id")),
        "DeleteOrganizationByName": having(_OWNER, _organization_by_name),
        "AddOrganizationMember": placing(_ADMIN, _IN_ORGANIZATION, "organization_role"),
        "UpdateOrganizationMember": placing(_ADMIN, _IN_ORGANIZATION, "organization_role"),
        "RemoveOrganizationMember": placing(_ADMIN, _IN_ORGANIZATION),
        "SetOrganizationMember": placing(_ADMIN, _IN_ORGANIZATION, "organization_role"),
        "GetOrganizationSettings": having(_ADMIN, _IN_ORGANIZATION),
        "UpdateOrganizationSettings": having(_ADMIN, _IN_ORGANIZATION),
        "AddOrganizationGroup": mapping(_ADMIN, _IN_ORGANIZATION, "role_override"),
        "UpdateOrganizationGroup": mapping(_ADMIN, _IN_ORGANIZATION, "role_override"),
        "RemoveOrganizationGroup": mapping(_ADMIN, _IN_ORGANIZATION),
    },
    "RepositoryService": {
        "GetRepository": _repository("id"),
        "GetRepositoryByFullName": _repository_by_name,
        "CreateRepositoryByFullName": having(_WRITER, _owning_organization),
        "DeleteRepository": having(RepositoryRole.ADMIN, _repository("id")),
        "DeleteRepositoryByFullName": having(RepositoryRole.ADMIN, _repository_by_name),
        "SetRepositoryContributor": placing(RepositoryRole.ADMIN, _IN_REPOSITORY, "repository_role"),
        "ListRepositoryContributors": having(RepositoryRole.ADMIN, _IN_REPOSITORY),
        "GetRepositoryContributor": all_of(_IN_REPOSITORY, oneself_or(having(RepositoryRole.ADMIN, _IN_REPOSITORY))),
        "AddRepositoryGroup": mapping(RepositoryRole.ADMIN, _IN_REPOSITORY, "role_override"),
        "UpdateRepositoryGroup": mapping(RepositoryRole.ADMIN, _IN_REPOSITORY, "role_override"),
        "RemoveRepositoryGroup": mapping(RepositoryRole.ADMIN, _IN_REPOSITORY),
    },
}
"""By service and method."""
