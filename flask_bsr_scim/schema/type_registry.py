"""The resource types of one service."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.resource_type import ResourceType
from flask_bsr_scim.schema.schema import Schema
from flask_bsr_scim.schema.shapes import Shape


class TypeRegistry:
    """The resource types of one service, by name and by endpoint.

    :raises ConfigurationError: two types share a name or endpoint, or two schemas with one URN differ.
    """

    def __init__(self, types: Iterable[ResourceType]) -> None:
        self.by_name: dict[str, ResourceType] = {}
        self.by_endpoint: dict[str, ResourceType] = {}
        self.schemas: dict[str, Schema] = {}
        for resource_type in types:
            self._add(resource_type)

    def _add(self, resource_type: ResourceType) -> None:
        if resource_type.name in self.by_name:
            raise ConfigurationError(f"two resource types are named {resource_type.name!r}")
        self.by_name[resource_type.name] = resource_type
        if not resource_type.endpoint:
            return
        if resource_type.endpoint in self.by_endpoint:
            raise ConfigurationError(f"two resource types have the endpoint {resource_type.endpoint!r}")
        self.by_endpoint[resource_type.endpoint] = resource_type
        for schema in (resource_type.schema, *(e.schema for e in resource_type.extensions if e.served)):
            if self.schemas.setdefault(schema.id, schema).document != schema.document:
                raise ConfigurationError(f"two schemas have the URN {schema.id!r}")

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self.by_name.values())

    @property
    def exposed(self) -> tuple[ResourceType, ...]:
        """The types that are served over SCIM."""
        return tuple(self.by_endpoint.values())

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """What the documents of each type must be, by its name."""
        return {name: Shape(resource_type) for name, resource_type in self.by_name.items()}
