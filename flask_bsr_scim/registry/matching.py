"""Whom an address means."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.errors import FailedPrecondition
from flask_bsr_scim.registry.owners import USER, find_user, is_same_address, signs_in_by, user_id_of, work_email
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema.values import fold


def match(store: TenantStore, address: str) -> Resource | None:
    """Return the User or the Outsider whom an address means, None when it means nobody.

    That is who has it as its work e-mail, or, without any, as its userName; or who was never provisioned and is known
    by it. Letter case does not count. Where addresses are not unique (the profile `rfc7643`), one that is the work
    e-mail of several users means the one who also has it as its userName.

    :raises FailedPrecondition: several users have it, and none or more of them as both; or nobody has it, and nobody
        new can: it is the userName of a user with another e-mail, or spelled like the address of one.
    """
    near, known = _near(store, address)
    having = [user for user in near if is_same_address(address, _known_by(user, known))]
    if len(having) > 1:
        return _named(having, address)
    if near and not having:
        raise FailedPrecondition(
            f"The address {shown(address)} is not the e-mail address of the user with the id {near[0].id}, but its "
            "userName, or only spelled alike. Correct the mapping of userName or of the e-mail in the identity "
            "provider."
        )
    return next(iter(having), None)


@contextmanager
def match_alone(store: TenantStore, address: str) -> Iterator[Resource | None]:
    """Give what :func:`match` returns, and let nobody else write meanwhile.

    An address is found under several keys, and a new user holds some of them: of two who get it at once the store
    might refuse neither.
    """
    with store.backend.together(store.tenant):
        yield match(store, address)


def _near(store: TenantStore, address: str) -> tuple[Sequence[Resource], str]:
    """Return the users to whom the keys lead under which an address is unique, and what an Outsider is known by."""
    owner = store.find(OWNER, "email", address)
    found = [
        *(user for user in store.each(USER, holding=("emails.value", address)) if _works_at(user, address)),
        store.find(USER, "userName", address),
        None if owner is None else find_user(store, user_id_of(owner)),
    ]
    users = {user.id: user for user in found if user is not None}
    return list(users.values()), "" if owner is None else owner.document["email"]


def _works_at(user: Resource, address: str) -> bool:
    email = work_email(user.document)
    return email is not None and fold(email) == fold(address)


def _known_by(user: Resource, outsider: str) -> str:
    """Return the one address by which a user signs in; an Outsider has it in its owner alone."""
    return signs_in_by(user.document) if user.type == USER else outsider


def _named(users: Sequence[Resource], address: str) -> Resource:
    named = [u for u in users if _works_at(u, address) and fold(u.document["userName"]) == fold(address)]
    if len(named) != 1:
        raise FailedPrecondition(
            f"{len(users)} users have the address {shown(address)}, as work e-mail or, without any, as userName: the "
            f"ids are {shown(*(user.id for user in users))}. Correct the mapping of the e-mail in the identity "
            "provider, so that each user has its own."
        )
    return named[0]
