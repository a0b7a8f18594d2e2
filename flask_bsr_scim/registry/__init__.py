"""The registry's side: what is kept beside the users and groups of SCIM."""

import json
from functools import cache
from importlib.resources import files

from flask_bsr_scim.schema import ResourceType, make_resource_type


@cache
def internal_types() -> tuple[ResourceType, ...]:
    """Return the resource types that the registry stores and SCIM does not show."""
    document = json.loads(files(__package__).joinpath("data", "token.json").read_text("utf-8"))
    return (make_resource_type("Token", "", document, "A bearer token"),)
