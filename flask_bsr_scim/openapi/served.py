"""What the document has to know of a service, and how its parts are named."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask_bsr_scim.schema import Document, ResourceType, TypeRegistry

MEDIA_TYPE = "application/scim+json"

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Served:
    """A service as its clients meet it."""

    types: TypeRegistry
    base_url: str
    routes: tuple[tuple[str, tuple[str, ...]], ...]
    """The methods of each path, as URL rules below the base URL: `<name>` is a parameter, and `/<endpoint>` the
    endpoint of each resource type."""
    max_results: int
    default_count: int
    max_patch_operations: int
    max_bulk_operations: int
    """0: there is no Bulk."""
    patch_body_members: int
    is_limited: bool
    """Whether a token can make too many requests."""
    public: frozenset[str]
    """The rules that need no token."""


def names(types: TypeRegistry) -> Iterator[tuple[str, ResourceType]]:
    """Yield the types that are served, each with its name in the document."""
    return ((name_of(resource_type), resource_type) for resource_type in types.exposed)


def name_of(resource_type: ResourceType) -> str:
    """Return the name of a type as the parts of a document can have it (OpenAPI 3.1 §4.8.7).

    No two types share one, and none has a dot, which makes names of parts that belong to a type.
    """
    return _NOT_IN_NAMES.sub(lambda found: f"_{ord(found[0]):x}_", resource_type.name)


def schema_reference(name: str) -> Document:
    """Return a reference to a JSON Schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
