"""Mappings and pushes at the same time: roles are those of the rows that are there in the end."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from random import Random
from threading import Barrier

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.model import Organization, OrganizationRole
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.store import TenantStore
from tests.client import Scim, group

WRITERS = 16
GROUPS = 4
ROUNDS = 8
ROLES = (None, *OrganizationRole)


@pytest.fixture
def registry(scim: Scim) -> Registry:
    """The registry behind a SCIM client."""
    with scim.app.app_context():
        return Registry(current_service().backend, scim.token.split("_")[1])


def at_once(*writers: Callable[[], None]) -> None:
    """Run all writers in threads that begin at the same moment; whatever one raises comes out."""
    barrier = Barrier(len(writers))

    def run(writer: Callable[[], None]) -> None:
        barrier.wait()
        writer()

    with ThreadPoolExecutor(len(writers)) as pool:
        list(pool.map(run, writers))


def mapper(registry: Registry, acme: Organization, number: int) -> Callable[[], None]:
    """Return a writer that maps a group with one role and another; every second one also unmaps it."""
    name = f"Group {number % GROUPS}"

    def run() -> None:
        random = Random(number)
        for _ in range(ROUNDS):
            registry.mappings.add(acme.id, name, random.choice(ROLES))
            if number // GROUPS % 2:
                unless_gone(lambda: registry.mappings.remove(acme.id, name))

    return run


def unless_gone(call: Callable[[], object]) -> None:
    """Make a call about what another writer may have taken away."""
    with suppress(NotThere):
        call()


def pusher(scim: Scim, groups: list[str], users: list[str], number: int) -> Callable[[], None]:
    """Return a writer that pushes a group, by PUT or PATCH, with one set of members and another."""
    client = Scim(scim.app, token=scim.token)
    path, name = f"/Groups/{groups[number % GROUPS]}", f"Group {number % GROUPS}"

    def run() -> None:
        random = Random(-number)
        for _ in range(ROUNDS):
            members = random.sample(users, 5)
            if number % 2:
                answer = client.put(path, group(name, *members))
            else:
                values = [{"value": member} for member in members]
                removal = {"op": "remove", "path": f'members[value eq "{random.choice(users)}"]'}
                answer = client.patch(path, {"op": "add", "path": "members", "value": values}, removal)
            assert answer.status_code in (200, 204), answer.text

    return run


def expected(scim: Scim, registry: Registry, acme: Organization) -> Iterator[tuple[str, OrganizationRole]]:
    """Yield by user the highest role that the final rows give, found the long way round."""
    given = {mapping.group: mapping.role or OrganizationRole.MEMBER for mapping in registry.mappings.of(acme.id)}
    held: dict[str, list[OrganizationRole]] = {}
    for pushed in scim.get("/Groups").json["Resources"]:
        for member in pushed.get("members", ()) if pushed["displayName"] in given else ():
            role = given[pushed["displayName"]]
            assert isinstance(role, OrganizationRole)
            held.setdefault(member["value"], []).append(role)
    return ((user, max(roles)) for user, roles in held.items())


def test_mapping_against_pushing(scim: Scim, registry: Registry) -> None:
    """After 16 mappers and 16 pushers of groups, everybody has exactly the role that the final rows give."""
    users = [scim.user(f"u{number}@example.com")["id"] for number in range(12)]
    groups = [scim.group(f"Group {number}")["id"] for number in range(GROUPS)]
    acme = registry.organizations.create("acme")
    at_once(
        *(mapper(registry, acme, number) for number in range(WRITERS)),
        *(pusher(scim, groups, users, number) for number in range(WRITERS)),
    )
    registry.mappings.add(acme.id, "Group 0", OrganizationRole.OWNER)
    roles = dict(expected(scim, registry, acme))
    assert roles
    for user in users:
        held = registry.access.role(user, acme)
        assert (held and held.role) == roles.get(user)
    members, _ = registry.access.members(acme)
    assert {member.user_id: member.roles[0].role for member in members} == roles
    assert registry.access.count(acme) == len(roles)


def test_mapping_one_group_at_once(scim: Scim, registry: Registry) -> None:
    """Of 16 writers who map one group, none fails, and there is one mapping, with a role that one of them gave."""
    acme = registry.organizations.create("acme")
    roles = [ROLES[number % len(ROLES)] for number in range(WRITERS)]
    at_once(*(lambda role=role: registry.mappings.add(acme.id, "Eng", role) for role in roles))
    (mapping,) = registry.mappings.of(acme.id)
    assert mapping.role in roles


def test_mapping_against_deleting(scim: Scim, registry: Registry) -> None:
    """Of an organization that is deleted while groups are mapped to it, and repositories made in it, nothing stays."""
    for round_ in range(ROUNDS):
        acme = registry.organizations.create(f"acme-{round_}")
        mappings = [partial(registry.mappings.add, acme.id, name) for name in "abcd"]
        creations = [partial(registry.repositories.create, f"{acme.name}/r-{name}") for name in "abcd"]
        calls = (*mappings, partial(registry.organizations.delete, acme.id), *creations)
        at_once(*(partial(unless_gone, call) for call in calls))
    store = TenantStore(registry.backend, registry.tenant)
    left = {name: len(list(store.each(name))) for name in ("Mapping", "Repository", "Grant")}
    assert left == {"Mapping": 0, "Repository": 0, "Grant": 0}
