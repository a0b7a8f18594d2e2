"""The two rows of a registry user, and the changes that keep them together.

One is the user itself: a `User`, which SCIM shows, or an `Outsider`, which it does not. The other is its `Owner`, which
has the handle, and, as long as SCIM has never written the user, the address by which it can be adopted.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum

from flask_bsr_scim.backends.base import Absence, Change, Conversion, Insert, Key, Removal, RemovalOfAll, Swap
from flask_bsr_scim.errors import shown
from flask_bsr_scim.registry.errors import InvalidArgument
from flask_bsr_scim.registry.grants import GRANT
from flask_bsr_scim.registry.model import ServerRole
from flask_bsr_scim.registry.names import free_handle, handle
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER, urn
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.values import fold

USER, OUTSIDER = "User", "Outsider"

USER_KIND = "user"
"""The kind of owner that a user is."""

_SUFFIX = "-owner"
"""Behind the id of the user, so that the two rows of a user are neighbours in an index."""
_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^\s@\x00-\x1f\x7f-\x9f\ud800-\udfff]+@[^\s@\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class Origin(StrEnum):
    """What made a registry user."""

    SCIM = "scim"
    SIGN_IN = "signIn"
    ADMIN = "admin"


def owner_id(user_id: str) -> str:
    """Return the id of a user's owner."""
    return user_id + _SUFFIX


def user_id_of(owner: Resource) -> str:
    """Return the id of the user that an owner is."""
    return owner.id.removesuffix(_SUFFIX)


def is_user(owner: Resource | None) -> bool:
    """Tell whether an owner is there and no organization."""
    return owner is not None and owner.document["kind"] == USER_KIND


def find_user(store: TenantStore, user_id: str) -> Resource | None:
    """Return the User or the Outsider of an id; it is looked for again where it may have moved to in between."""
    return store.get(USER, user_id) or store.get(OUTSIDER, user_id) or store.get(USER, user_id)


def work_email(document: Document) -> str | None:
    """Return the address of a SCIM user: the work e-mail, else the primary one, else the first."""
    emails = [email for email in document.get("emails", ()) if email.get("value")]
    return min(emails, key=_rank)["value"] if emails else None


def _rank(email: Document) -> tuple[bool, bool]:
    return fold(email.get("type", "")) != "work", not email.get("primary")


def signs_in_by(document: Document) -> str:
    """Return the one address by which a SCIM user signs in: its work e-mail, or, without any e-mail, its userName."""
    return str(work_email(document) or document["userName"])


def addresses(document: Document) -> list[str]:
    """Return the addresses that stand for a SCIM user: its work e-mail, and its userName when that is another."""
    emails = [email for email in document.get("emails", ()) if _is_for_work(email)]
    found = {fold(a): a for a in (work_email({"emails": emails}), document["userName"]) if a and "@" in a}
    return list(found.values())


def _is_for_work(email: Document) -> bool:
    """Tell whether an e-mail is for work; one without a type is."""
    return fold(email.get("type", "work")) == "work"


def own_addresses(document: Document) -> list[str]:
    """Return the addresses of a SCIM user that nobody else may have: also the one by which it signs in, of any type."""
    found, emails = addresses(document), document.get("emails", ())
    signs_in = None if all(map(_is_for_work, emails)) else work_email(document)
    return found if signs_in is None or fold(signs_in) in map(fold, found) else [*found, signs_in]


def is_same_address(one: str, other: str) -> bool:
    """Tell whether two addresses differ in nothing but letter case.

    Uniqueness goes further, and takes `ß` for `ss`: such an address is free for nobody, and yet it is not the same.
    """
    return unicodedata.normalize("NFC", one).lower() == unicodedata.normalize("NFC", other).lower()


def is_active(user: Resource) -> bool:
    """Tell whether a User or an Outsider may use the registry."""
    return bool(user.document.get("active", True))


def check_email(address: str) -> None:
    """Check an address that did not come over SCIM; a claim may have brought None, or anything else.

    :raises InvalidArgument: it has not the form of an e-mail address.
    """
    if not isinstance(address, str) or len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address):
        raise InvalidArgument(f"{shown(str(address or ''))} is no e-mail address; give one as bob@example.com.")


def new_owner(
    store: TenantStore,
    user_id: str,
    name_source: str,
    origin: Origin,
    *,
    email: str | None = None,
    server_role: ServerRole = ServerRole.MEMBER,
    look: bool = True,
) -> Insert:
    """Return the owner of a new user, with a handle that is free at present, or supposed to be.

    :param name_source: the address, or the userName, of which the handle is made.
    :param email: makes the user one that SCIM can adopt.
    :param look: whether to see if the handle is free; without it, the store refuses one that is not.
    """

    def taken(name: str) -> bool:
        return look and store.backend.is_held(store.tenant, OWNER, "name", name)

    document = {
        "schemas": [urn(OWNER)],
        "id": owner_id(user_id),
        "kind": USER_KIND,
        "name": free_handle(handle(name_source), taken),
        "email": email,
        "origin": str(origin),
        "serverRole": str(server_role) if server_role is ServerRole.ADMIN else None,
    }
    return Insert(OWNER, owner_id(user_id), {name: value for name, value in document.items() if value is not None})


def provisioned(
    store: TenantStore, user_id: str, document: Document, owner: Resource | None, *, look: bool = True
) -> list[Change]:
    """Return the changes that make the owner one of a user whom SCIM wrote; a user without an owner gets one.

    A new user has none, and one that was stored before there was a registry.

    :param document: of the user, as SCIM shows it.
    :param look: see :func:`new_owner`.
    """
    if owner is None:
        name_source = work_email(document) or document["userName"]
        return [new_owner(store, user_id, name_source, Origin.SCIM, look=look)]
    return [_with(owner, email=None)] if "email" in owner.document else []


def known_by_none(addresses: Iterable[str]) -> list[Absence]:
    """Return the conditions that nobody can be adopted by some addresses when the commit comes to them."""
    return [Absence(Key(OWNER, "email", address)) for address in addresses]


def identifying(store: TenantStore) -> list[str]:
    """Return the paths by which a user is found: the e-mail address is unique in the profile `bsr` alone."""
    indexed = store.backend.types.by_name[USER].indexed
    return [index.path for index in indexed if index.unique and index.path in ("userName", "emails.value")]


def with_email(owner: Resource, email: str) -> Swap:
    """Return the change that makes a user one that SCIM can adopt by an address."""
    return _with(owner, email=email)


def with_server_role(owner: Resource, role: ServerRole) -> Swap:
    """Return the change of a user's server role."""
    return _with(owner, serverRole=str(role) if role is ServerRole.ADMIN else None)


def with_sign_in(owner: Resource, moment: str) -> Swap:
    """Return the change that notes when a sign-in changed the user's groups: of two at once, one comes first."""
    return _with(owner, signedIn=moment)


def _with(owner: Resource, **values: str | None) -> Swap:
    document = {**owner.document, **values}
    kept = {name: value for name, value in document.items() if value is not None}
    return Swap(OWNER, owner.id, kept, expected_version=owner.version)


def user_document(store: TenantStore, email: str, user_id: str = "") -> Document:
    """Return the document of a SCIM user who is known by nothing but an address."""
    return {
        "schemas": [store.backend.types.by_name[USER].schema.id],
        "id": user_id,
        "userName": email,
        "active": True,
        "emails": [{"value": email, "type": "work", "primary": True}],
    }


def shown_to_scim(outsider: Resource, document: Document) -> Conversion:
    """Return the change that makes an outsider the SCIM user that a document describes; it keeps id and roles."""
    return Conversion(OUTSIDER, outsider.id, USER, {**document, "id": outsider.id}, (GRANT,), outsider.version)


def hidden_from_scim(removal: Removal) -> Conversion:
    """Return the change that leaves of a SCIM user a deactivated outsider, which keeps id and roles."""
    document = {"schemas": [urn(OUTSIDER)], "id": removal.id, "active": False}
    return Conversion(USER, removal.id, OUTSIDER, document, (GRANT,), removal.expected_version)


def tokens_revoked(user_id: str) -> RemovalOfAll:
    """Return the change that ends all API tokens of a user."""
    return RemovalOfAll(Key("Token", "user", user_id))
