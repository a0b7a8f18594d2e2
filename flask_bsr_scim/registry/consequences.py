"""What a change of a SCIM user brings about in the registry."""

from collections.abc import Sequence

from flask_bsr_scim.backends.base import Absence, Backend, Change, Insert, Key, Removal, Swap
from flask_bsr_scim.errors import Uniqueness, shown
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.registry.owners import (
    USER,
    addresses,
    find_user,
    hidden_from_scim,
    identifying,
    is_same_address,
    known_by_none,
    own_addresses,
    owner_id,
    provisioned,
    shown_to_scim,
    signs_in_by,
    tokens_revoked,
    user_id_of,
    work_email,
)
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.values import fold


class RegistryConsequences:
    """Implements :class:`flask_bsr_scim.exchange.Consequences`: a SCIM user is a user of the registry.

    Each method returns a whole batch; a batch that lost a race is asked for again.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def insert(self, context: Context, change: Insert, *, again: bool) -> Sequence[Change]:
        """Return a new registry user beside the SCIM user, or the adoption of one that was never provisioned.

        An adopted user keeps its id, which then is not that of `change`. At first the handle is supposed to be free,
        and nobody to be there to adopt: if that is wrong, the store refuses it.

        :raises Uniqueness: e-mail and userName are addresses of two different users, or only resemble one's; or the
            user would sign in by another one's.
        """
        if change.type != USER:
            return [change]
        store, own = self._store(context), own_addresses(change.document)
        owner = _adoptable(store, change.document) if again else None
        user = None if owner is None else find_user(store, user_id_of(owner))
        user_id = change.id if user is None else user.id
        if again:
            _check_addresses(store, user_id, own, "of the new user")
        if owner is None or user is None:
            changes = [change, *provisioned(store, change.id, change.document, None, look=again)]
        else:
            changes = _adoption(store, user, owner, change.document)
        return [*changes, *known_by_none(own), *_signing_in_alone(store, user_id, change.document, look=again)]

    def beside(self, type_name: str, resource_id: str) -> tuple[str, str] | None:
        """Return the owner of a user."""
        return (OWNER, owner_id(resource_id)) if type_name == USER else None

    def swap(self, context: Context, before: Document, beside: Resource | None, change: Swap) -> Sequence[Change]:
        """Return the change, and what becomes of the user's tokens and of the address by which it could be adopted.

        :raises Uniqueness: the user would get the address of another one that was never provisioned, or sign in by
            another one's.
        """
        if change.type != USER:
            return [change]
        store, user_id = self._store(context), change.id
        after = before if change.document is None else change.document
        conditions = _of_other_addresses(store, user_id, before, after)
        changes = [change, *_revoked(user_id, before, after), *provisioned(store, user_id, after, beside)]
        return [*changes, *conditions]

    def remove(self, context: Context, before: Document, beside: Resource | None, change: Removal) -> Sequence[Change]:
        """Return what leaves of the user a deactivated outsider, with its handle and roles, without an address."""
        if change.type != USER:
            return [change]
        store, user_id = self._store(context), change.id
        return [hidden_from_scim(change), tokens_revoked(user_id), *provisioned(store, user_id, before, beside)]

    def _store(self, context: Context) -> TenantStore:
        return TenantStore(self._backend, context.tenant, context.actor)


def _adoptable(store: TenantStore, document: Document) -> Resource | None:
    """Return the owner that is known by the e-mail or the userName of a new SCIM user, and was never provisioned.

    :raises Uniqueness: there are two, or it has another address, which is only spelled alike.
    """
    owners = [owner for address in addresses(document) if (owner := _owner_known_by(store, address))]
    if len({owner.id for owner in owners}) > 1:
        first, second = (f"{shown(o.document['email'])} (id {user_id_of(o)})" for o in owners)
        raise Uniqueness(
            f"The e-mail belongs to the user {first}, and userName to another one, {second}. Correct the mapping of "
            "userName or of the e-mail in the identity provider, so that both mean one user."
        )
    return owners[0] if owners else None


def _owner_known_by(store: TenantStore, address: str) -> Resource | None:
    owner = store.find(OWNER, "email", address)
    if owner is not None and not is_same_address(address, owner.document["email"]):
        raise Uniqueness(
            f"The address {shown(address)} resembles that of another user, {shown(owner.document['email'])} (id "
            f"{user_id_of(owner)}). Correct the mapping of userName or of the e-mail in the identity provider."
        )
    return owner


def _adoption(store: TenantStore, user: Resource, owner: Resource, document: Document) -> list[Change]:
    document = {**document, "id": user.id}
    if user.type == USER:
        adopted: Change = Swap(USER, user.id, document, expected_version=user.version)
    else:
        adopted = shown_to_scim(user, document)
    return [adopted, *_revoked(user.id, user.document, document), *provisioned(store, user.id, document, owner)]


def _revoked(user_id: str, before: Document, after: Document) -> list[Change]:
    """Return the end of all tokens when the user is deactivated."""
    return [tokens_revoked(user_id)] if before.get("active", True) and not after.get("active", True) else []


def _of_other_addresses(store: TenantStore, user_id: str, before: Document, after: Document) -> list[Change]:
    """Return the conditions of a change of a user's addresses; without one there is nothing to ask."""
    if before.get("userName") == after.get("userName") and before.get("emails") == after.get("emails"):
        return []
    had = {fold(address) for address in own_addresses(before)}
    new = [address for address in own_addresses(after) if fold(address) not in had]
    _check_addresses(store, user_id, new, f"of the user with the id {user_id}")
    conditions: list[Change] = [*known_by_none(new)]
    if fold(signs_in_by(before)) != fold(signs_in_by(after)):
        conditions += _signing_in_alone(store, user_id, after, look=True)
    return conditions


def _check_addresses(store: TenantStore, user_id: str, new: Sequence[str], whose: str) -> None:
    for address in new:
        owner = store.find(OWNER, "email", address)
        if owner is not None and owner.id != owner_id(user_id):
            raise Uniqueness(
                f"The address {shown(address)} {whose} belongs to another user already (id {user_id_of(owner)}, never "
                "provisioned yet). Correct the mapping of userName or of the e-mail in the identity provider, so that "
                "each user has its own address."
            )


def _signing_in_alone(store: TenantStore, user_id: str, document: Document, *, look: bool) -> list[Change]:
    """Return the conditions that nobody else signs in by the address by which a user is going to.

    Of two such e-mails, or two such userNames, the store refuses one anyhow: this is about one of each. Where e-mails
    are not unique (the profile `rfc7643`), neither is what people sign in by.

    :param look: whether to see who is there; without it, the store refuses also what only looks like one of those.
    :raises Uniqueness: somebody does.
    """
    email, user_name = work_email(document), document["userName"]
    if email and fold(email) == fold(user_name):
        return []
    key = Key(USER, "emails.value", user_name) if email is None else Key(USER, "userName", email)
    if "emails.value" not in identifying(store) or "@" not in key.value:
        return []
    other = store.find(USER, key.attribute, key.value) if look else None
    if other is None or other.id == user_id or fold(other.document["userName"]) == fold(user_name):
        return [Absence(key)]  # Of the same userName the store tells.
    if email and work_email(other.document):
        # That one signs in by another address, and this holds as long as it stays as it is.
        return [Swap(USER, other.id, expected_version=other.version)]
    raise Uniqueness(
        f"The user {shown(other.document['userName'])} (id {other.id}) signs in by the address {shown(key.value)} "
        "already. Correct the mapping of userName or of the e-mail in the identity provider, so that each user has its "
        "own address."
    )
