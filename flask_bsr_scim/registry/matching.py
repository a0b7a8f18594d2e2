"""Whom an address means."""

from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.errors import FailedPrecondition
from flask_bsr_scim.registry.owners import OWNER, USER, find_user, user_id_of, work_email
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema.values import fold


def match(store: TenantStore, address: str) -> Resource | None:
    """Return the User or the Outsider whom an address means, None when it means nobody.

    That is who has it as its work e-mail; else as its userName; else who was never provisioned and is known by it.
    Letter case does not count. Where addresses are not unique (the profile `rfc7643`), one that several users have
    means the one who also has it as its userName.

    :raises FailedPrecondition: several users have it, and none of them as its userName.
    """
    holders = [user for user in store.each(USER, holding=("emails.value", address)) if _works_at(user, address)]
    if len(holders) == 1:
        return holders[0]
    named = store.find(USER, "userName", address)
    if holders and named is None:
        raise FailedPrecondition(
            f"{len(holders)} users have the work e-mail {shown(address)}. Correct the mapping of the e-mail in the "
            "identity provider, so that each user has its own."
        )
    return named or _never_provisioned(store, address)


def _works_at(user: Resource, address: str) -> bool:
    email = work_email(user.document)
    return email is not None and fold(email) == fold(address)


def _never_provisioned(store: TenantStore, address: str) -> Resource | None:
    owner = store.find(OWNER, "email", address)
    return None if owner is None else find_user(store, user_id_of(owner))
