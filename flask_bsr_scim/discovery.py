"""The discovery documents (RFC 7643 §5 to §7, RFC 7644 §4): what this service can do, and what it serves."""

from flask_bsr_scim.schema import Document, ResourceType, Schema, TypeRegistry, discovery_schemas

CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"


def service_provider_config(max_results: int, base_url: str) -> Document:
    """Return the ServiceProviderConfig; every sub-attribute is given, since clients trip over missing ones."""
    return {
        "schemas": [CONFIG_URN],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": max_results},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "SCIM token",
                "description": "Authorization: Bearer followed by a SCIM token of this service",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": True,
            }
        ],
        "meta": _meta("ServiceProviderConfig", base_url, "/ServiceProviderConfig"),
    }


def resource_type_documents(types: TypeRegistry, base_url: str) -> dict[str, Document]:
    """Return the resource types that are served, by name."""
    return {t.name: _resource_type(t, base_url) for t in types.exposed}


def schema_documents(types: TypeRegistry, base_url: str) -> dict[str, Document]:
    """Return the schemas of resources and of the discovery documents themselves, by lower-case URN."""
    schemas = (*types.schemas.values(), *discovery_schemas())
    return {schema.id.lower(): _schema(schema, base_url) for schema in schemas}


def _resource_type(resource_type: ResourceType, base_url: str) -> Document:
    meta = _meta("ResourceType", base_url, f"/ResourceTypes/{resource_type.name}")
    return {**resource_type.public_document(), "meta": meta}


def _schema(schema: Schema, base_url: str) -> Document:
    return {**schema.public_document(), "meta": _meta("Schema", base_url, f"/Schemas/{schema.id}")}


def _meta(resource_type: str, base_url: str, path: str) -> Document:
    return {"resourceType": resource_type, "location": f"{base_url}{path}"}
