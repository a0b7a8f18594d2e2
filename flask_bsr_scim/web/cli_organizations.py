"""The commands about organizations, and about the groups that are mapped to them and to their repositories."""

from collections.abc import Iterator

import click

from flask_bsr_scim.registry.model import Organization
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.web.cli_context import backend_option, readable_errors, tenant_option
from flask_bsr_scim.web.cli_lookup import (
    group_argument,
    registry_of,
    role_named,
    role_option,
    target_argument,
    target_named,
    user_named,
)


@click.group("organization")
def organization_commands() -> None:
    """Make organizations, and map groups to them."""


@organization_commands.command("create")
@click.argument("name", metavar="NAME")
@click.option("--owner", required=True, metavar="EMAIL", help="The user who becomes its owner.")
@backend_option
@tenant_option
def create_organization(name: str, owner: str, backend: str | None, tenant: str) -> None:
    """Make an organization; print name and id."""
    with readable_errors():
        registry = registry_of(backend, tenant)
        creator = user_named(registry, owner, backend, tenant)
        organization = registry.organizations.create(name, creator.id)
    _show(organization)


@organization_commands.command("list")
@backend_option
@tenant_option
def list_organizations(backend: str | None, tenant: str) -> None:
    """List the organizations: name and id."""
    with readable_errors():
        for organization in _organizations(registry_of(backend, tenant)):
            _show(organization)


@organization_commands.command("map")
@target_argument
@group_argument
@role_option
@backend_option
@tenant_option
def map_group(target: str, group: str, role: str | None, backend: str | None, tenant: str) -> None:
    """Give a group's members a role in an organization, or in a repository as org/repo."""
    with readable_errors():
        registry = registry_of(backend, tenant)
        place = target_named(registry, target)
        registry.mappings.add(place.id, group, role_named(place, role))


@organization_commands.command("unmap")
@target_argument
@group_argument
@backend_option
@tenant_option
def unmap_group(target: str, group: str, backend: str | None, tenant: str) -> None:
    """Take from a group's members what its mapping gave them."""
    with readable_errors():
        registry = registry_of(backend, tenant)
        registry.mappings.remove(target_named(registry, target).id, group)


def _show(organization: Organization) -> None:
    click.echo(f"{organization.name}  {organization.id}")


def _organizations(registry: Registry) -> Iterator[Organization]:
    after: str | None = None
    while True:
        organizations, after = registry.organizations.page(after)
        yield from organizations
        if after is None:
            return
