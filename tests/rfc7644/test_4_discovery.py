"""RFC 7644 §4: what the service says of itself, and that it is true."""

from collections.abc import Callable, Iterator

import pytest

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, GROUP, LIST, USER, Scim, assert_error
from tests.rfc7644.conftest import DEVICE, WARRANTY

CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
OF_DISCOVERY = {
    CONFIG,
    "urn:ietf:params:scim:schemas:core:2.0:ResourceType",
    "urn:ietf:params:scim:schemas:core:2.0:Schema",
}
ENDPOINTS = ["/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas", f"/Schemas/{USER}"]
LISTS = ["/ResourceTypes", "/Schemas"]

TYPES = {"string", "boolean", "decimal", "integer", "dateTime", "reference", "complex", "binary"}
MUTABILITY = {"readOnly", "readWrite", "immutable", "writeOnly"}
RETURNED = {"always", "never", "default", "request"}
UNIQUENESS = {"none", "server", "global"}


def schemas(scim: Scim) -> dict[str, Document]:
    """Return the schemas by URN."""
    return {schema["id"]: schema for schema in scim.get("/Schemas").json["Resources"]}


def attributes(schema: Document) -> Iterator[Document]:
    """Yield the attributes of a schema and their parts."""
    for attribute in schema["attributes"]:
        yield attribute
        yield from attribute.get("subAttributes", ())


# ServiceProviderConfig


def test_the_configuration_is_one_resource(described: Scim) -> None:
    """D-01, D-02, D-10: with its own schema, type and location, and no id."""
    config = described.get("/ServiceProviderConfig").json
    assert config["schemas"] == [CONFIG]
    assert config["meta"]["resourceType"] == "ServiceProviderConfig"
    assert config["meta"]["location"] == "http://localhost/scim/v2/ServiceProviderConfig"
    assert "Resources" not in config


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("patch", "supported"), True, id="D-03"),
        pytest.param(("bulk", "supported"), True, id="D-04"),
        pytest.param(("bulk", "maxOperations"), 1000, id="D-04"),
        pytest.param(("bulk", "maxPayloadSize"), 2_000_000, id="D-04"),
        pytest.param(("filter", "supported"), True, id="D-05"),
        pytest.param(("filter", "maxResults"), 1000, id="D-05"),
        pytest.param(("changePassword", "supported"), False, id="D-06"),
        pytest.param(("sort", "supported"), True, id="D-06"),
        pytest.param(("etag", "supported"), True, id="D-06"),
    ],
)
def test_what_is_announced(path: tuple[str, str], value: object, described: Scim) -> None:
    """D-03 to D-06: each feature, of the right type."""
    found = described.get("/ServiceProviderConfig").json[path[0]][path[1]]
    assert found == value
    assert type(found) is type(value)


def test_the_way_to_authenticate_is_announced(described: Scim) -> None:
    """D-07: one scheme, which is the primary one."""
    (scheme,) = described.get("/ServiceProviderConfig").json["authenticationSchemes"]
    assert scheme["type"] == "oauthbearertoken"
    assert scheme["primary"] is True
    assert all(isinstance(scheme[name], str) and scheme[name] for name in ("name", "description", "specUri"))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/Me"),
        ("PUT", "/Me"),
        ("PATCH", "/Me"),
        ("DELETE", "/Me"),
        ("POST", "/Me"),
    ],
)
def test_what_is_not_announced_is_refused(method: str, path: str, described: Scim) -> None:
    """D-08, M-01: 501 with a SCIM error."""
    assert_error(described(method, path, {"schemas": []}), 501)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search", "/Bulk"])
def test_what_takes_a_post_alone_says_so(path: str, method: str, described: Scim) -> None:
    """Q-07: `.search` is no id of a resource."""
    response = described(method, path, {})
    assert_error(response, 405)
    assert response.headers["Allow"] == "POST"


# ResourceTypes


def test_resource_types_are_listed(described: Scim) -> None:
    """D-11, D-13, D-16: users and groups, and nothing that the registry keeps beside; each endpoint answers."""
    answer = described.get("/ResourceTypes").json
    assert answer["schemas"] == [LIST]
    assert answer["totalResults"] == answer["itemsPerPage"] == 2
    assert {t["name"]: t["endpoint"] for t in answer["Resources"]} == {"User": "/Users", "Group": "/Groups"}
    for resource_type in answer["Resources"]:
        assert resource_type["id"] == resource_type["name"]
        assert resource_type["meta"]["location"] == f"http://localhost/scim/v2/ResourceTypes/{resource_type['name']}"
        assert described.get(f"/ResourceTypes/{resource_type['name']}").json == resource_type
        assert described.get(resource_type["endpoint"]).status_code == 200


def test_schemas_of_types_can_be_read(described: Scim) -> None:
    """D-14, D-15: the schema of each type and of each of its extensions."""
    known = schemas(described)
    for resource_type in described.get("/ResourceTypes").json["Resources"]:
        assert resource_type["schema"] in known
        for extension in resource_type["schemaExtensions"]:
            assert extension["schema"] in known
            assert isinstance(extension["required"], bool)


def test_extensions_of_the_profiles(scim: Scim, full: Scim) -> None:
    """D-15: the profile bsr has none, rfc7643 the enterprise user."""
    assert scim.get("/ResourceTypes/User").json["schemaExtensions"] == []
    extensions = full.get("/ResourceTypes/User").json["schemaExtensions"]
    assert extensions == [{"schema": ENTERPRISE, "required": False}]


# Schemas


def test_schemas_are_listed(described: Scim) -> None:
    """D-17, D-23, D-24: those of resources and of these documents, and no message."""
    answer = described.get("/Schemas").json
    found = [schema["id"] for schema in answer["Resources"]]
    assert answer["schemas"] == [LIST]
    assert answer["totalResults"] == answer["itemsPerPage"] == len(found) == len(set(found))
    assert {USER, GROUP, *OF_DISCOVERY} <= set(found) <= {USER, GROUP, ENTERPRISE, *OF_DISCOVERY}
    assert not any("messages" in urn or "internal" in urn for urn in found)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(str, id="plain"),
        pytest.param(lambda urn: urn.replace(":", "%3A"), id="encoded"),
        pytest.param(str.upper, id="in other letter case"),
        pytest.param(lambda urn: f"{urn}/", id="with a slash at its end"),
    ],
)
@pytest.mark.parametrize("urn", [USER, GROUP, CONFIG])
def test_a_schema_is_read(urn: str, write: Callable[[str], str], described: Scim) -> None:
    """D-18: by its URN, percent-encoded or not."""
    schema = described.get(f"/Schemas/{write(urn)}").json
    assert schema == schemas(described)[urn]
    assert schema["meta"]["location"] == f"http://localhost/scim/v2/Schemas/{urn}"
    assert schema["meta"]["resourceType"] == "Schema"


def test_schemas_are_complete(described: Scim) -> None:
    """D-19 to D-21: each attribute has each characteristic, with a defined value, and none that is ours alone."""
    for schema in schemas(described).values():
        assert schema["name"]
        assert schema["description"]
        for attribute in attributes(schema):
            assert attribute.keys() >= {
                "name", "type", "multiValued", "description", "required", "mutability", "returned",
            }, attribute  # fmt: skip
            assert attribute["type"] in TYPES
            assert attribute["mutability"] in MUTABILITY
            assert attribute["returned"] in RETURNED
            assert not any(name.startswith("x-") for name in attribute)
            if attribute["type"] == "string":
                assert isinstance(attribute["caseExact"], bool)
                assert attribute["uniqueness"] in UNIQUENESS
            if attribute["type"] == "reference":
                assert attribute["referenceTypes"]
            if attribute["type"] == "complex":
                assert attribute["subAttributes"]


def test_a_group_name_is_announced_as_it_is(described: Scim) -> None:
    """D-22: required, exact, unique: a name grants access."""
    (name,) = (a for a in schemas(described)[GROUP]["attributes"] if a["name"] == "displayName")
    assert (name["required"], name["caseExact"], name["uniqueness"]) == (True, True, "server")


def test_members_have_no_display(described: Scim) -> None:
    """R-14: what is not shown is not announced."""
    (members,) = (a for a in schemas(described)[GROUP]["attributes"] if a["name"] == "members")
    assert {sub["name"] for sub in members["subAttributes"]} == {"value", "$ref", "type"}


@pytest.mark.parametrize(
    "name",
    ["userName", "name", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale",
     "timezone", "active", "emails", "phoneNumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles",
     "x509Certificates"],
)  # fmt: skip
def test_the_full_profile_has_the_attributes_of_the_rfc(name: str, full: Scim) -> None:
    """D-22: each attribute of RFC 7643 §4.1, but for `password`, which is never kept."""
    assert name in {attribute["name"] for attribute in schemas(full)[USER]["attributes"]}


def test_the_default_profile_says_what_it_stores(scim: Scim) -> None:
    """D-08: no attribute is announced that would be dropped."""
    names = {attribute["name"] for attribute in schemas(scim)[USER]["attributes"]}
    assert names == {"userName", "name", "active", "emails", "groups"}


# All of it


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["count=1", "count=0", "count=x", "startIndex=2", "startIndex=x", "sortBy=name", "sortBy=x", "sortOrder=up", "x=y"],
)
def test_lists_are_always_whole(query: str, path: str, described: Scim) -> None:
    """D-25: paging and order are ignored."""
    assert described.get(path, query=query).json == described.get(path).json


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", *LISTS])
def test_lists_cannot_be_filtered(path: str, described: Scim) -> None:
    """D-26: 403, as §4 says."""
    assert_error(described.get(path, query={"filter": 'id eq "User"'}), 403)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(method: str, path: str, described: Scim) -> None:
    """D-27: 405 says what works there."""
    response = described(method, path, {"schemas": []})
    assert_error(response, 405)
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    ["/ResourceTypes/user", "/ResourceTypes/Token", "/ResourceTypes/x", "/Schemas/x", f"/Schemas/{USER}x",
     "/Schemas/User", "/Schemas/urn:ietf:params:scim:api:messages:2.0:ListResponse",
     "/Schemas/urn:bsr:scim:internal:Token"],
)  # fmt: skip
def test_an_unknown_name_is_404(path: str, described: Scim) -> None:
    """D-28: for what is kept inside, too."""
    assert_error(described.get(path), 404)


@pytest.mark.parametrize(
    "path", ["/x", "/Users/x/y", "/Token", "/Tokens", "/Me/x", "/Bulk/x", "/healthz", "/favicon.ico"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PURGE"])
def test_an_unknown_path_is_404(method: str, path: str, described: Scim) -> None:
    """D-29: with a SCIM error."""
    assert_error(described(method, path, {}), 404, None)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("query", [{"attributes": "name"}, {"excludedAttributes": "meta"}])
def test_projection_does_no_harm(query: dict[str, str], path: str, described: Scim) -> None:
    """D-30: the answer is there, and is what it says."""
    assert described.get(path, query=query).json["schemas"] == described.get(path).json["schemas"]


def test_a_type_of_the_host_is_announced(devices: Scim) -> None:
    """T-17: in its place, with its extension."""
    assert devices.get("/ResourceTypes/Device").json == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "Device",
        "name": "Device",
        "endpoint": "/Devices",
        "description": "A computer",
        "schema": DEVICE,
        "schemaExtensions": [{"schema": WARRANTY, "required": True}],
        "meta": {
            "resourceType": "ResourceType",
            "location": "http://localhost/scim/v2/ResourceTypes/Device",
            "version": devices.get("/ResourceTypes/Device").headers["ETag"],
        },
    }
    assert {DEVICE, WARRANTY, USER, GROUP} <= schemas(devices).keys()
