"""The OpenAPI document of a service, by its settings."""

from collections.abc import Collection, Mapping
from functools import lru_cache

import orjson

from flask_bsr_scim.openapi import CONFIG_RULE, OPENAPI_RULE, Served, openapi_document
from flask_bsr_scim.schema import TypeRegistry
from flask_bsr_scim.web.config import OpenApi, Settings

_LIMITS = ("max_results", "default_count", "max_patch_operations", "max_bulk_operations", "patch_body_members")


def served_of(settings: Settings, types: TypeRegistry, base_url: str, routes: Mapping[str, Collection[str]]) -> Served:
    """Return what the document has to know of a service whose clients know it by this URL."""
    return Served(
        types,
        base_url,
        tuple((rule, tuple(methods)) for rule, methods in routes.items() if methods),
        **{name: getattr(settings, name) for name in _LIMITS},
        is_limited=settings.rate_limit is not None,
        public=public_rules(settings),
    )


def public_rules(settings: Settings) -> frozenset[str]:
    """Return the rules that, by settings, can be read without a credential."""
    open_to_all = {CONFIG_RULE: settings.public_config, OPENAPI_RULE: settings.openapi is OpenApi.PUBLIC}
    return frozenset(rule for rule, is_public in open_to_all.items() if is_public)


@lru_cache(8)
def openapi_text(served: Served) -> bytes:
    """Return the document as JSON. To make it takes a hundred times as long as to send it."""
    return orjson.dumps(openapi_document(served))
