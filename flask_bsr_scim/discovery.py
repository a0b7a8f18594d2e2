"""The discovery documents (RFC 7643 §5 to §7, RFC 7644 §4): what this service can do, and what it serves."""

import hashlib

import orjson

from flask_bsr_scim.schema import Document, ResourceType, Schema, TypeRegistry, discovery_schemas

_INTEROP_PAGE = 100
"""Resources that clients may ask for at once."""

CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"


def service_provider_config(
    base_url: str,
    *,
    max_results: int,
    default_count: int,
    cursor_timeout: int,
    max_bulk_operations: int,
    max_bulk_bytes: int,
    is_interop: bool | None = None,
) -> Document:
    """Return the ServiceProviderConfig; every sub-attribute is given, since clients trip over missing ones.

    :param is_interop: what `interopProfileConformant` says; None leaves it out.
    """
    document: Document = {
        "schemas": [CONFIG_URN],
        "patch": {"supported": True},
        "bulk": {
            "supported": max_bulk_operations > 0,
            "maxOperations": max_bulk_operations,
            "maxPayloadSize": max_bulk_bytes,
        },
        "filter": {"supported": True, "maxResults": max_results},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": min(default_count, max_results),
            "maxPageSize": max_results,
            "cursorTimeout": cursor_timeout,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "SCIM token",
                "description": "Authorization: Bearer followed by a SCIM token of this service",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
    }
    if is_interop is not None:
        document["interopProfileConformant"] = is_interop
    return _with_meta(document, "ServiceProviderConfig", f"{base_url}/ServiceProviderConfig")


def is_interop_conformant(types: TypeRegistry, max_results: int) -> bool:
    """Tell whether a service that speaks `interop` is all that draft-zollner-scim-interop-profile-02 asks of servers.

    Beside what the dialect sees to, pages of 100 are allowed (its §6.4), and each `type` of a multi-valued attribute
    has canonicalValues (its §5.4).
    """
    attributes = [a for schema in types.schemas.values() for a in schema.attributes if a.served and a.multi_valued]
    kinds = [kind for a in attributes if (kind := a.sub("type")) is not None and kind.served]
    return max_results >= _INTEROP_PAGE and all(kind.canonical_values for kind in kinds)


def resource_type_documents(types: TypeRegistry, base_url: str) -> dict[str, Document]:
    """Return the resource types that are served, by name."""
    return {t.name: _resource_type(t, base_url) for t in types.exposed}


def schema_documents(types: TypeRegistry, base_url: str) -> dict[str, Document]:
    """Return the schemas of resources and of the discovery documents themselves, by lower-case URN."""
    schemas = (*types.schemas.values(), *discovery_schemas())
    return {schema.id.lower(): _schema(schema, base_url) for schema in schemas}


def _resource_type(resource_type: ResourceType, base_url: str) -> Document:
    document = resource_type.public_document()
    return _with_meta(document, "ResourceType", f"{base_url}/ResourceTypes/{resource_type.name}")


def _schema(schema: Schema, base_url: str) -> Document:
    return _with_meta(schema.public_document(), "Schema", f"{base_url}/Schemas/{schema.id}")


def _with_meta(document: Document, resource_type: str, location: str) -> Document:
    """Return a document with its `meta`; the version follows from what it says."""
    version = entity_tag(orjson.dumps([document, location]))
    return {**document, "meta": {"resourceType": resource_type, "location": location, "version": version}}


def entity_tag(data: bytes) -> str:
    """Return the weak entity tag of a document that is the same as long as these bytes are."""
    return f'W/"{hashlib.sha256(data).hexdigest()[:16]}"'
