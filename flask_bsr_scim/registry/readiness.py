"""What would go wrong, or lead nowhere, when an identity provider provisions into a tenant as it is now."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask_bsr_scim.backends.base import Page
from flask_bsr_scim.registry.owners import identifying, user_id_of
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.values import timestamp

READINESS_URN = "urn:bsr:scim:api:messages:Readiness"

MOST_RESOURCES = 100
"""Resources that a warning names; the message has the total."""

SOON = timedelta(days=30)
"""A token that ends within this time is worth a warning."""

_PAGE = 1000
"""Also how many of the users without an e-mail are compared with the others."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A resource that a warning is about; `name` is what people call it."""

    type: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Warning:
    """Something to put right. `message` says what, of how many, and what to do; `resources` are the first of them."""

    code: str
    message: str
    resources: Sequence[Subject] = ()

    def document(self) -> Document:
        """Return the warning as JSON."""
        resources = [{"type": subject.type, "id": subject.id, "name": subject.name} for subject in self.resources]
        return {"code": self.code, "message": self.message, "resources": resources}


@dataclass(frozen=True, slots=True)
class Readiness:
    """The outcome of all checks."""

    warnings: Sequence[Warning]
    schemas: Sequence[str] = field(default=(READINESS_URN,))

    @property
    def ready(self) -> bool:
        """Whether there is nothing to put right."""
        return not self.warnings

    def document(self) -> Document:
        """Return the outcome as JSON."""
        warnings = [warning.document() for warning in self.warnings]
        return {"schemas": [*self.schemas], "ready": self.ready, "warnings": warnings}


def readiness(store: TenantStore, *, group_provisioning: bool = True) -> Readiness:
    """Look for what would go wrong in a tenant, in a time that grows as its users, groups and memberships do.

    :param group_provisioning: whether organization provisioning is configured (`BSR_GROUP_PROVISIONING`).
    :raises StoreUnavailable: the store does not answer.
    """
    groups = _pushed_groups if group_provisioning else _provisioning_is_off
    checks: tuple[_Check, ...] = (_users, _mappings, groups, _tokens, _unknown_members)
    return Readiness([warning for check in checks for warning in check(store)])


_Check = Callable[[TenantStore], Iterator[Warning]]


def _users(store: TenantStore) -> Iterator[Warning]:
    without = store.page("User", holding='not (emails.value co "@")', count=_PAGE)
    yield from _told(
        without,
        "noEmail",
        "Users without an e-mail address: {}. A sign-in finds them by a userName that is an address alone, and their "
        "handles come from userName. "
        'Map the address to emails[type eq "work"].value in the identity provider and push the profiles again.',
    )
    yield from _found(
        store,
        "User",
        'not (userName co "@") or userName sw "@" or userName ew "@"',
        "userNameNotEmail",
        "Users whose userName is no e-mail address: {}. Set the userName of the application to the e-mail address in "
        "the identity provider (Okta: Sign On, Application username format) and push the profiles again.",
    )
    yield from _listed(
        "addressCollision",
        "Users who were provisioned with the address of another user of the registry: {}. Whoever signs in with it "
        "cannot be told apart. Correct the mapping of the e-mail address or of userName, and provision them again.",
        [*_collisions(store), *_shared(store, without.resources)],
    )


def _found(store: TenantStore, type_name: str, condition: str, code: str, message: str) -> Iterator[Warning]:
    """Yield one warning about the resources that satisfy a filter."""
    return _told(store.page(type_name, holding=condition, count=MOST_RESOURCES), code, message)


def _told(page: Page, code: str, message: str) -> Iterator[Warning]:
    """Yield one warning about the resources of a page, and however many there are beyond it."""
    if page.total:
        yield Warning(code, message.format(page.total), list(map(_subject, page.resources[:MOST_RESOURCES])))


def _subject(resource: Resource) -> Subject:
    document = resource.document
    name = next((document[label] for label in ("userName", "displayName", "description") if label in document), "")
    return Subject(resource.type, resource.id, name)


def _collisions(store: TenantStore) -> Iterator[Subject]:
    """Yield who has the address of one who was never provisioned.

    Whoever signed in without having been provisioned holds the address as a User too, where nobody else can.
    """
    for owner in store.each("Owner", holding='email pr and not (origin eq "signIn")'):
        user_id, email = user_id_of(owner), owner.document["email"]
        found = (store.find("User", path, email) for path in identifying(store))
        users = {user.id: user for user in found if user is not None and user.id != user_id}
        yield from (Subject("User", user.id, email) for user in users.values())


def _shared(store: TenantStore, without_email: Sequence[Resource]) -> Iterator[Subject]:
    """Yield who has no e-mail, and as userName that of another user, and the other one."""
    for user in without_email if "emails.value" in identifying(store) else ():
        address = user.document["userName"]
        other = store.find("User", "emails.value", address) if "@" in address else None
        if other is not None and other.id != user.id:
            yield from (Subject("User", each, address) for each in (other.id, user.id))


def _listed(code: str, message: str, subjects: Sequence[Subject]) -> Iterator[Warning]:
    """Yield one warning about some resources."""
    if subjects:
        yield Warning(code, message.format(len(subjects)), subjects[:MOST_RESOURCES])


def _mappings(store: TenantStore) -> Iterator[Warning]:
    mappings = [mapping.document for mapping in store.each("Mapping")]
    unseen = {name for name in {mapping["group"] for mapping in mappings} if not _is_seen(store, name)}
    yield from _listed(
        "mappingUnseen",
        "Mappings to groups that were neither pushed nor named by a sign-in: {}. Push the group, or correct the name: "
        "it is compared exactly, upper and lower case too.",
        [Subject("Mapping", m["target"], m["group"]) for m in mappings if m["group"] in unseen],
    )


def _is_seen(store: TenantStore, name: str) -> bool:
    held = store.backend.is_held
    return any(held(store.tenant, type_name, "displayName", name) for type_name in ("Group", "SignInGroup"))


def _pushed_groups(store: TenantStore) -> Iterator[Warning]:
    mapped = {mapping.document["group"] for mapping in store.each("Mapping")}
    groups = map(_subject, store.each("Group"))
    yield from _listed(
        "groupUnmapped",
        "Pushed groups that are mapped to no organization and no repository: {}. They give nobody access: map them, "
        "or stop pushing them.",
        [group for group in groups if group.name not in mapped],
    )


def _provisioning_is_off(store: TenantStore) -> Iterator[Warning]:
    if store.page("Group", count=0).total:
        yield Warning(
            "provisioningOff",
            "Groups are pushed, but organization provisioning is not configured: users lose their groups at their next "
            "sign-in. Set BSR_GROUP_PROVISIONING=true, or stop pushing groups.",
        )


def _tokens(store: TenantStore) -> Iterator[Warning]:
    now = store.backend.clock()
    expired = f'kind eq "scim" and expires le "{_moment(now)}"'
    expiring = f'kind eq "scim" and expires gt "{_moment(now)}" and expires le "{_moment(now + SOON)}"'
    advice = "Make a new one (bsr-scim token create), enter it in the identity provider, and delete the old one."
    yield from _found(store, "Token", expired, "tokenExpired", f"SCIM tokens that have expired: {{}}. {advice}")
    yield from _found(
        store, "Token", expiring, "tokenExpiring", f"SCIM tokens that expire within 30 days: {{}}. {advice}"
    )


def _moment(moment: datetime) -> str:
    return timestamp(moment) + "Z"


def _unknown_members(store: TenantStore) -> Iterator[Warning]:
    groups = [group.id for group in store.each("Group")]
    yield from _listed(
        "memberUnknown",
        "Members of groups who do not exist: {}. Assign them in the identity provider, then push the groups again.",
        [
            Subject(link.type, link.id, link.id)
            for link in sorted({link for group in groups for link in _missing(store, group)})
        ],
    )


def _missing(store: TenantStore, group: str) -> Iterator[Link]:
    """Yield who is missing of one group: of several at once, a store may read the members again for each page."""
    after = None
    while links := store.backend.members(store.tenant, [group], after=after, count=_PAGE, missing=True):
        yield from links
        after = links[-1].id
