"""The users of the registry."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from flask_bsr_scim.backends.base import Change, Insert, Swap
from flask_bsr_scim.errors import shown
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotThere
from flask_bsr_scim.registry.matching import match, match_alone
from flask_bsr_scim.registry.model import RegistryUser, ServerRole
from flask_bsr_scim.registry.owners import (
    OUTSIDER,
    USER,
    Origin,
    check_email,
    find_user,
    is_active,
    is_user,
    new_owner,
    owner_id,
    shown_to_scim,
    tokens_revoked,
    user_document,
    user_id_of,
    with_email,
    with_server_role,
    work_email,
)
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER, urn
from flask_bsr_scim.resource import Resource

_TYPES = (USER, OUTSIDER)
"""The order of pages: whom SCIM shows, then who is left."""


class Users:
    """The users of one tenant: those whom SCIM shows, and outsiders."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store

    def get(self, user_id: str) -> RegistryUser:
        """Return a user.

        :raises NotThere: there is none of that id.
        """
        return _read(*self._rows(user_id))

    def find(self, user_id: str) -> RegistryUser | None:
        """Return a user, None when there is none of that id."""
        try:
            return self.get(user_id)
        except NotThere:
            return None

    def by_name(self, username: str) -> RegistryUser:
        """Return the user who has a handle, in any letter case.

        :raises NotThere: nobody has it.
        """
        return self.get(user_id_of(self._owner_named(username)))

    def by_email(self, address: str) -> RegistryUser | None:
        """Return the user whom an address means, None when it means nobody; see :func:`match`."""
        user = match(self._store, address)
        return None if user is None else self.get(user.id)

    def page(
        self, after: str | None = None, count: int = 100, reverse: bool = False, active: bool | None = None
    ) -> tuple[list[RegistryUser], str | None]:
        """Return a page, and where the next one begins; None when there is no more.

        First come the users whom SCIM shows, then outsiders, both in the order in which they became that.

        :param after: what came with the page before, in the same direction.
        :param active: leaves out the others.
        :raises InvalidArgument: `after` is nothing that came with a page.
        """
        if count < 1:
            return [], after
        types = _TYPES[::-1] if reverse else _TYPES
        first, cursor = (types[0], None) if after is None else _read_cursor(after)
        found: list[RegistryUser] = []
        for type_name in types[types.index(first) :]:
            more = True
            while more and len(found) < count:
                wanted = count - len(found)
                page = self._store.page(
                    type_name, holding=_holding(active), after=cursor, count=wanted, reverse=reverse
                )
                found += self._shown(page.resources, active)
                cursor, more = page.cursor, len(page.resources) == wanted
            if more:
                return found, f"{type_name} {cursor}"
            cursor = None
        return found, None

    def count(self, active: bool | None = None) -> int:
        """Return how many users there are, of both kinds or of one."""
        if active:
            return self.count() - self.count(active=False)
        return sum(self._store.page(name, holding=_holding(active), count=0).total for name in _TYPES)

    def create_admin(self, email: str) -> RegistryUser:
        """Make an administrator of the registry, whom SCIM does not show yet; or make one of who has the address.

        :raises InvalidArgument: the address is none.
        :raises FailedPrecondition: the user is deactivated; or see :func:`match`.
        """
        check_email(email)
        with match_alone(self._store, email) as user:
            if user is None:
                return self._new_admin(email)
            if not is_active(user):
                raise FailedPrecondition(f"The user {shown(email)} is deactivated.")
            return self.set_server_role(user.id, ServerRole.ADMIN)

    def _new_admin(self, email: str) -> RegistryUser:
        user_id = new_id()
        document = {"schemas": [urn(OUTSIDER)], "id": user_id, "active": True}
        owner = new_owner(self._store, user_id, email, Origin.ADMIN, email=email, server_role=ServerRole.ADMIN)
        self._store.commit(Insert(OUTSIDER, user_id, document), owner)
        return self.get(user_id)

    def set_active(self, user_id: str, active: bool) -> RegistryUser:
        """Let a user use the registry, or lock the user out at once: then all of its API tokens are gone for good.

        :raises NotThere: there is no such user.
        :raises FailedPrecondition: the user was deleted over SCIM, and could not sign in.
        """

        def changes(user: Resource, owner: Resource) -> Sequence[Change]:
            if active and _is_deleted(user, owner):
                raise FailedPrecondition(
                    f"The user {shown(owner.document['name'])} was deleted over SCIM and has no address. Restore it "
                    "with one instead."
                )
            swap = Swap(user.type, user.id, {**user.document, "active": active}, expected_version=user.version)
            return [swap] if active else [swap, tokens_revoked(user.id)]

        return self._change(user_id, changes)

    def set_server_role(self, user_id: str, role: ServerRole) -> RegistryUser:
        """Give a user a role in the registry as a whole.

        :raises NotThere: there is no such user.
        """
        return self._change(user_id, lambda user, owner: [with_server_role(owner, role)])

    def restore(self, username: str, email: str) -> RegistryUser:
        """Bring back a user whom SCIM deleted: active, under an address, with its old id and the roles it was given.

        It can be adopted by its address, as one that signed in: the identity provider may provision it again.

        :raises NotThere: nobody has the handle.
        :raises FailedPrecondition: the user was not deleted; or see :func:`match`.
        :raises AlreadyExists: the address is another user's.
        """
        check_email(email)
        user_id = user_id_of(self._owner_named(username))

        def changes(user: Resource, owner: Resource) -> Sequence[Change]:
            if not _is_deleted(user, owner):
                raise FailedPrecondition(f"The user {shown(username)} was not deleted; there is nothing to restore.")
            if match(self._store, email) is not None:
                raise AlreadyExists(f"The address {shown(email)} is another user's; give one that is free.")
            return [shown_to_scim(user, user_document(self._store, email)), with_email(owner, email)]

        # For the reason of match_alone; but first it is seen whether there is anything to restore.
        with self._store.backend.together(self._store.tenant):
            return self._change(user_id, changes)

    def _change(self, user_id: str, changes: Callable[[Resource, Resource], Sequence[Change]]) -> RegistryUser:
        def attempt() -> RegistryUser:
            self._store.commit(*changes(*self._rows(user_id)))
            return self.get(user_id)

        return insist(attempt)

    def _rows(self, user_id: str) -> tuple[Resource, Resource]:
        user, owner = find_user(self._store, user_id), self._store.get(OWNER, owner_id(user_id))
        if user is None or owner is None:
            raise NotThere(f"There is no user with the id {shown(user_id)}.")
        return user, owner

    def _owner_named(self, username: str) -> Resource:
        owner = self._store.find(OWNER, "name", username)
        if owner is None or not is_user(owner):
            raise NotThere(f"There is no user with the name {shown(username)}.")
        return owner

    def _shown(self, users: Iterable[Resource], active: bool | None) -> Iterator[RegistryUser]:
        """Yield those users that have an owner, whose flag is `active`."""
        for user in users:
            owner = self._store.get(OWNER, owner_id(user.id)) if active in (None, is_active(user)) else None
            if owner is not None:
                yield _read(user, owner)


def _read(user: Resource, owner: Resource) -> RegistryUser:
    document, owned = user.document, owner.document
    return RegistryUser(
        id=user.id,
        username=owned["name"],
        created=owner.created,
        modified=max(user.modified, owner.modified),
        active=is_active(user),
        server_role=ServerRole(owned.get("serverRole", ServerRole.MEMBER)),
        email=work_email(document) or owned.get("email"),
        provisioned="email" not in owned,
    )


def _is_deleted(user: Resource, owner: Resource) -> bool:
    """Tell whether SCIM deleted a user: it is an outsider, and has no address any more."""
    return user.type == OUTSIDER and "email" not in owner.document


def _holding(active: bool | None) -> tuple[str, bool] | None:
    """Return what the store selects by: there is an index of the few who are locked out."""
    return ("active", False) if active is False else None


def _read_cursor(text: str) -> tuple[str, str]:
    type_name, _, cursor = text.partition(" ")
    if type_name not in _TYPES or not cursor:
        raise InvalidArgument("The page token is not one that came with a page of users.")
    return type_name, cursor
