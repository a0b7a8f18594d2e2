"""Roles that are given by hand."""

from collections.abc import Callable, Iterator

from flask_bsr_scim.backends.base import Swap
from flask_bsr_scim.errors import UnknownMembers, shown
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.grants import GRANT, grant_id, grants_among
from flask_bsr_scim.registry.model import Role, RoleSource, Target
from flask_bsr_scim.registry.owners import find_user
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import roles_in
from flask_bsr_scim.resource import MemberChanges

Decision = Callable[[Role | None], Role | None]
"""Takes a user's direct role, returns the one that the user is to have; raises what speaks against it."""


class DirectRoles:
    """The direct roles in one target; a user has one at most."""

    def __init__(self, store: TenantStore, target: Target) -> None:
        self._store, self._target = store, target
        self._owner = roles_in(target)["OWNER"]

    def of(self, user_id: str) -> Role | None:
        """Return a user's direct role."""
        links = self._store.backend.groups_of(self._store.tenant, [user_id]).get(user_id, ())
        held = (grant.role for grant in grants_among(links, self._target.id) if grant.source is RoleSource.DIRECT)
        return max((roles_in(self._target)[name] for name in held), default=None)

    def change(self, user_id: str, decide: Decision) -> None:
        """Give a user the role that is decided on from the present one, and no other.

        The commit of who takes an owner's role fails when the direct owners have changed since the decision began.

        :raises NotThere: there is no such user or target.
        :raises Busy: other writers came first time and again.
        """
        insist(lambda: self._change(user_id, decide))

    def _change(self, user_id: str, decide: Decision) -> None:
        owners = self._store.get(GRANT, self._id(self._owner))
        if owners is None:
            raise NotThere(f"{shown(self._target.id)} is not there any more.")
        check_user(self._store, user_id)
        present = self.of(user_id)
        role = decide(present)
        if role is present:
            return
        try:
            self._store.commit(*self._swaps(user_id, role, owners.version))
        except UnknownMembers:
            raise no_user(user_id) from None

    def _swaps(self, user_id: str, role: Role | None, version: int) -> Iterator[Swap]:
        for other in roles_in(self._target):
            if other is not role:
                expected = version if other is self._owner else None
                yield Swap(GRANT, self._id(other), members=MemberChanges(remove=(user_id,)), expected_version=expected)
        if role is not None:
            yield Swap(GRANT, self._id(role), members=MemberChanges(add=(user_id,)))

    def _id(self, role: Role) -> str:
        return grant_id(self._target.id, RoleSource.DIRECT, role)


def check_user(store: TenantStore, user_id: str) -> None:
    """See that there is a user of an id.

    :raises NotThere: there is none.
    """
    if find_user(store, user_id) is None:
        raise no_user(user_id)


def no_user(user_id: str) -> NotThere:
    """Return the refusal of an id that no user has."""
    return NotThere(f"There is no user with the id {shown(user_id)}.")
