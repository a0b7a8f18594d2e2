"""Sign-in through an identity provider: users just in time, and the groups that came with them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from flask_bsr_scim.backends.base import Change, Insert, Swap
from flask_bsr_scim.errors import shown
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.errors import InvalidArgument, NotThere, PermissionDenied
from flask_bsr_scim.registry.grants import GRANT, grant_id, grants_among
from flask_bsr_scim.registry.matching import match, match_alone
from flask_bsr_scim.registry.model import OrganizationRole, RegistryUser, RoleSource
from flask_bsr_scim.registry.names import check_group_name
from flask_bsr_scim.registry.owners import (
    OUTSIDER,
    USER,
    Origin,
    check_email,
    is_active,
    new_owner,
    owner_id,
    provisioned,
    shown_to_scim,
    user_document,
    with_sign_in,
)
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER, urn
from flask_bsr_scim.registry.users import Users
from flask_bsr_scim.resource import Link, MemberChanges, Resource
from flask_bsr_scim.schema.values import timestamp

SIGN_IN_GROUP = "SignInGroup"
PUSHED_GROUP = "Group"


class SignInProtocol(StrEnum):
    """How the identity provider told who signs in."""

    SAML = "saml"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class SignInOptions:
    """What is configured for all sign-ins."""

    group_provisioning: bool = True
    """Organization provisioning: without it, a sign-in takes the user out of every group that was pushed over SCIM."""
    groups_configured: bool = False
    """Whether assertions carry groups: then a SAML sign-in without them is refused."""


class SignIn(NamedTuple):
    """Who signed in, and whether the registry did not know the user before."""

    user: RegistryUser
    created: bool


def sign_in(
    store: TenantStore,
    email: str,
    groups: Iterable[str] | None = None,
    *,
    protocol: SignInProtocol | str,
    options: SignInOptions,
    join: Iterable[str] | None = None,
) -> SignIn:
    """Return the user who signs in with an address, made when there is none; all of it is one commit.

    :param groups: the names of the groups in the assertion, which replace those of the sign-in before; None when it
        says nothing of groups. That means none with OIDC; with SAML those of before stay. A text is one name: a claim
        with one value often comes without a list.
    :param join: the ids of the organizations in which whoever signs in is a member, which replace those of the sign-in
        before; None: those stay. A text is one id.
    :raises InvalidArgument: the address, the protocol, or the name of a group, is none.
    :raises PermissionDenied: the user is deactivated, or the assertion lacks the groups that are configured.
    :raises NotThere: an organization of `join` does not exist.
    :raises FailedPrecondition: the address means several users, see :func:`match`.
    """
    check_email(email)
    names = _group_names(groups, _protocol(protocol), options)
    organizations = None if join is None else _texts(join, "join")

    def attempt() -> SignIn:
        user = match(store, email)
        if user is not None:
            return _admit(store, email, user, names, options, organizations)
        with match_alone(store, email) as user:
            return _admit(store, email, user, names, options, organizations)

    return insist(attempt)


def _admit(
    store: TenantStore,
    email: str,
    user: Resource | None,
    names: set[str] | None,
    options: SignInOptions,
    join: set[str] | None,
) -> SignIn:
    """Commit what a sign-in brings about for a user, or for a new one where there is none."""
    if user is not None and not is_active(user):
        raise PermissionDenied(f"The user {shown(email)} is deactivated.")
    user_id = new_id() if user is None else user.id
    owner = store.get(OWNER, owner_id(user_id))
    # After the owner, whose version then tells whether another sign-in changes them.
    links = store.backend.groups_of(store.tenant, [user_id]).get(user_id, [])
    memberships = [
        *_sign_in_groups(store, user_id, links, names),
        *([] if options.group_provisioning else _out_of_pushed_groups(user_id, links)),
        *_joined(store, user_id, links, join),
    ]
    if user is None:
        changes = [*_new_user(store, user_id, email), *memberships]
    else:
        changes = [*_admitted(store, user, email), *_owned(store, user, owner, memberships), *memberships]
    if changes:
        store.commit(*changes)
    return SignIn(Users(store).get(user_id), created=user is None)


def _protocol(name: str) -> SignInProtocol:
    try:
        return SignInProtocol(name)
    except ValueError:
        raise InvalidArgument(f"{shown(str(name))} is no protocol: give one of {', '.join(SignInProtocol)}.") from None


def _texts(values: Iterable[str], of: str) -> set[str]:
    """Return what a claim holds; it is not always what it should be.

    :raises InvalidArgument: it is neither a text nor some texts.
    """
    given = [*values] if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    if not all(isinstance(text, str) for text in given):
        raise InvalidArgument(f"{of} holds something that is no text: give a list of texts.")
    return set(given)


def _group_names(groups: Iterable[str] | None, protocol: SignInProtocol, options: SignInOptions) -> set[str] | None:
    """Return the names that are to replace the user's; None when those stay."""
    if groups is not None:
        names = _texts(groups, "groups")
        for name in names:
            check_group_name(name)
        return names
    if protocol is SignInProtocol.OIDC:
        return set()
    if options.groups_configured:
        raise PermissionDenied(
            "The SAML assertion holds no groups, and groups are configured. Add a group attribute statement to the "
            "application in the identity provider."
        )
    return None


def _new_user(store: TenantStore, user_id: str, email: str) -> Iterator[Change]:
    yield Insert(USER, user_id, user_document(store, email, user_id))
    yield new_owner(store, user_id, email, Origin.SIGN_IN, email=email)


def _admitted(store: TenantStore, user: Resource, email: str) -> list[Change]:
    """Return what makes an outsider one whom SCIM shows."""
    return [shown_to_scim(user, user_document(store, email))] if user.type == OUTSIDER else []


def _owned(
    store: TenantStore, user: Resource, owner: Resource | None, memberships: Sequence[Change]
) -> Iterator[Change]:
    """Yield what gives an owner to a user without one, and what lets nobody else change the user meanwhile."""
    if owner is None:
        yield from provisioned(store, user.id, user.document, None)
    elif memberships:
        yield with_sign_in(owner, timestamp(store.backend.clock()))
    if user.type == USER and memberships:
        yield Swap(USER, user.id, expected_version=user.version)


def _sign_in_groups(
    store: TenantStore, user_id: str, links: Sequence[Link], names: set[str] | None
) -> Iterator[Change]:
    """Yield the changes after which the user is in the groups of these names, and in no other of earlier sign-ins."""
    if names is None:
        return
    present = {link.display: link.id for link in links if link.type == SIGN_IN_GROUP}
    for gone in sorted(group_id for name, group_id in present.items() if name not in names):
        yield Swap(SIGN_IN_GROUP, gone, members=MemberChanges(remove=(user_id,)))
    for name in sorted(names - present.keys()):
        yield _into_group(store, user_id, name)


def _into_group(store: TenantStore, user_id: str, name: str) -> Change:
    members = MemberChanges(add=(user_id,))
    group = store.find(SIGN_IN_GROUP, "displayName", name)
    if group is not None:
        return Swap(SIGN_IN_GROUP, group.id, members=members)
    group_id = new_id()
    document = {"schemas": [urn(SIGN_IN_GROUP)], "id": group_id, "displayName": name}
    return Insert(SIGN_IN_GROUP, group_id, document, members)


def _out_of_pushed_groups(user_id: str, links: Sequence[Link]) -> Iterator[Change]:
    for link in links:
        if link.type == PUSHED_GROUP:
            yield Swap(PUSHED_GROUP, link.id, members=MemberChanges(remove=(user_id,)))


def _joined(store: TenantStore, user_id: str, links: Sequence[Link], join: set[str] | None) -> Iterator[Change]:
    if join is None:
        return
    held = {grant.target_id for grant in grants_among(links) if grant.source is RoleSource.JIT}
    for organization_id in sorted(held - join):
        yield Swap(GRANT, _membership(organization_id), members=MemberChanges(remove=(user_id,)))
    for organization_id in sorted(join - held):
        if store.get(GRANT, _membership(organization_id)) is None:
            raise NotThere(f"There is no organization with the id {shown(organization_id)}.")
        yield Swap(GRANT, _membership(organization_id), members=MemberChanges(add=(user_id,)))


def _membership(organization_id: str) -> str:
    return grant_id(organization_id, RoleSource.JIT, OrganizationRole.MEMBER)
