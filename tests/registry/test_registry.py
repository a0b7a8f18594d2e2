"""The registry as a host application has it: everything of one tenant, under one name."""

import pytest

from flask_bsr_scim.backends.base import Actor
from flask_bsr_scim.registry.errors import NotThere, PermissionDenied
from flask_bsr_scim.registry.model import OrganizationRole
from flask_bsr_scim.registry.registry import Registry, RegistryOptions
from flask_bsr_scim.registry.sign_in import SignInOptions, SignInProtocol
from tests.registry.world import World


def test_a_tenant_is_alone(world: World) -> None:
    """What one tenant has, another does not see, and may have too."""
    acme, other = world.organization(), Registry(world.backend, "other")
    world.mappings.add(acme.id, "Eng")
    assert other.organizations.page() == ([], None)
    with pytest.raises(NotThere):
        other.mappings.add(acme.id, "Eng")
    assert other.mappings.of_group("Eng") == []
    assert other.organizations.create("acme").id != acme.id


def test_who_acts_is_logged(world: World) -> None:
    """The change log tells who made a change."""
    actor = Actor("token-1", "request-1")
    Registry(world.backend, actor=actor).organizations.create("acme")
    assert {(entry.token_id, entry.request_id) for entry in world.backend.log("default")} == {actor}


def test_signing_in(world: World) -> None:
    """Groups of the sign-in give access, and `join` makes a member."""
    acme, other = world.organization(), world.organization("other")
    world.mappings.add(acme.id, "Eng", OrganizationRole.ADMIN)
    user = world.registry.sign_in("ana@example.com", ["Eng"], join=[other.id]).user
    assert world.roles(user.id, acme) == ["ADMIN IDP_GROUP Eng"]
    assert world.roles(user.id, other) == ["MEMBER JIT"]
    assert [organization for organization, _ in world.access.organizations_of(user.id)] == [acme, other]


@pytest.mark.parametrize("protocol", [SignInProtocol.OIDC, "oidc"])
def test_the_protocol_has_a_name(world: World, protocol: SignInProtocol | str) -> None:
    """A host may write the protocol as a word; with OIDC, saying nothing of groups means none."""
    acme = world.organization()
    world.mappings.add(acme.id, "Eng")
    user = world.registry.sign_in("ana@example.com", ["Eng"]).user
    assert world.roles(user.id, acme) == ["MEMBER IDP_GROUP Eng"]
    world.registry.sign_in("ana@example.com", protocol=protocol)
    assert world.roles(user.id, acme) == []


def test_options(world: World) -> None:
    """What is configured for sign-ins holds for them, and for the readiness of the tenant."""
    world.push("Eng")
    options = RegistryOptions(SignInOptions(group_provisioning=False, groups_configured=True))
    registry = Registry(world.backend, options=options)
    with pytest.raises(PermissionDenied):
        registry.sign_in("ana@example.com")
    assert "provisioningOff" in {warning.code for warning in registry.readiness().warnings}
    assert "provisioningOff" not in {warning.code for warning in world.registry.readiness().warnings}
