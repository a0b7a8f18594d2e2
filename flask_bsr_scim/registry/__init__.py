"""The registry's side: what is kept beside the users and groups of SCIM, and what they mean there."""

import json
from functools import cache
from importlib.resources import files

from flask_bsr_scim.schema import ResourceType, make_resource_type


@cache
def internal_types() -> tuple[ResourceType, ...]:
    """Return the resource types that the registry stores and SCIM does not show."""
    schemas = json.loads(files(__package__).joinpath("data", "types.json").read_text("utf-8"))
    return tuple(make_resource_type(schema["name"], "", schema, schema["description"]) for schema in schemas)
