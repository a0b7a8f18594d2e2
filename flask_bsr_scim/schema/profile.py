"""The schema profiles that ship with the package, and how documents become resource types."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.attribute import Attribute, Document
from flask_bsr_scim.schema.definitions import make_attribute
from flask_bsr_scim.schema.resource_type import Extension, ResourceType
from flask_bsr_scim.schema.schema import Schema, make_schema

PROFILES = ("bsr", "rfc7643")
"""`bsr` is exactly what the Buf Schema Registry stores; `rfc7643` is the whole of RFC 7643 §4 and §8.7."""


@cache
def load_profile(name: str) -> tuple[ResourceType, ...]:
    """Return the resource types of a shipped profile.

    :raises ConfigurationError: there is no such profile.
    """
    if name not in PROFILES:
        raise ConfigurationError(f"SCIM_PROFILE is {name!r}; it must be one of {', '.join(PROFILES)}")
    return tuple(map(_make_shipped, _read("profiles.json")[name]["types"]))


def make_resource_type(
    name: str, endpoint: str, schema: Document, description: str = "", extensions: tuple[Extension, ...] = ()
) -> ResourceType:
    """Return a resource type from a schema document in the form of RFC 7643 §7.

    :raises ConfigurationError: the document defines a characteristic that RFC 7643 does not know.
    """
    return ResourceType(name, endpoint, description, make_schema(schema), extensions, common_attributes())


@cache
def common_attributes() -> tuple[Attribute, ...]:
    """Return the attributes of every resource: schemas, id, externalId, meta (RFC 7643 §3.1)."""
    return tuple(map(make_attribute, _read("common.json")))


def _make_shipped(entry: Document) -> ResourceType:
    return ResourceType(
        entry["name"],
        entry["endpoint"],
        entry["description"],
        _shipped_schema(entry["schema"], entry.get("standard")),
        tuple(
            Extension(_shipped_schema(e["schema"]), e.get("required", False), e.get("served", True))
            for e in entry.get("extensions", ())
        ),
        common_attributes(),
    )


def _shipped_schema(file: str, standard: str | None = None) -> Schema:
    return make_schema(_read(file), _read(standard) if standard else None)


@cache
def _read(file: str) -> Any:
    return json.loads(files(__package__).joinpath("data", file).read_text("utf-8"))


@cache
def discovery_schemas() -> tuple[Schema, ...]:
    """Return the schemas of ServiceProviderConfig, ResourceType and Schema (RFC 7643 §8.7.2)."""
    return tuple(map(make_schema, _read("discovery.json")))
