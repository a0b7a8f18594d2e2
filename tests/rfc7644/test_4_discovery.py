"""RFC 7644 §4: what the service says of itself, and that it is true."""

from collections.abc import Callable, Iterator

import pytest

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, GROUP, LIST, USER, Scim, assert_error, path_of
from tests.rfc7644.bulk_jobs import add_user, run, statuses
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


@pytest.mark.requirement("D-01", "D-02", "D-10")
def test_the_configuration_is_one_resource(either: Scim) -> None:
    """With its own schema, type and location, and no id."""
    config = either.get("/ServiceProviderConfig").json
    assert config["schemas"] == [CONFIG]
    assert config["meta"]["resourceType"] == "ServiceProviderConfig"
    assert config["meta"]["location"] == "http://localhost/scim/v2/ServiceProviderConfig"
    assert "Resources" not in config


@pytest.mark.requirement("D-03", "D-04", "D-05", "D-06")
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
def test_what_is_announced(path: tuple[str, str], value: object, either: Scim) -> None:
    """Each feature, of the right type."""
    found = either.get("/ServiceProviderConfig").json[path[0]][path[1]]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.requirement("D-07")
def test_the_way_to_authenticate_is_announced(either: Scim) -> None:
    """One scheme, which is the primary one."""
    (scheme,) = either.get("/ServiceProviderConfig").json["authenticationSchemes"]
    assert scheme["type"] == "oauthbearertoken"
    assert scheme["primary"] is True
    assert all(isinstance(scheme[name], str) and scheme[name] for name in ("name", "description", "specUri"))


@pytest.mark.requirement("D-08", "X-01")
def test_what_is_announced_works(either: Scim) -> None:
    """Each feature that is `supported` can be used; the one that is not changes nothing."""
    config = either.get("/ServiceProviderConfig").json
    announced = {name for name, feature in config.items() if isinstance(feature, dict) and feature.get("supported")}
    ann, bob = either.user("ann"), either.user("bob")
    etag = ann["meta"]["version"]
    works = {
        "patch": either.patch(path_of(bob), {"op": "replace", "path": "active", "value": False}).json["active"]
        is False,
        "bulk": statuses(run(either, add_user("cid"))) == ["201"],
        "filter": either.names(filter='userName eq "bob"') == ["bob"],
        "sort": either.names(sortBy="userName", sortOrder="descending") == ["cid", "bob", "ann"],
        "etag": either.get(path_of(ann), headers={"If-None-Match": etag}).status_code == 304,
    }
    assert announced == works.keys()
    assert all(works.values())
    assert config["changePassword"] == {"supported": False}
    assert either.patch(path_of(ann), {"op": "replace", "path": "password", "value": "x"}).json == ann


@pytest.mark.requirement("M-01")
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
def test_what_is_not_announced_is_refused(method: str, path: str, either: Scim) -> None:
    """501 with a SCIM error, as long as nobody says for whom a token stands."""
    assert_error(either(method, path, {"schemas": []}), 501)


@pytest.mark.requirement("Q-07")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/.search", "/Users/.search", "/Groups/.search", "/Bulk"])
def test_what_takes_a_post_alone_says_so(path: str, method: str, either: Scim) -> None:
    """`.search` is no id of a resource."""
    response = either(method, path, {})
    assert_error(response, 405)
    assert response.headers["Allow"] == "POST"


# ResourceTypes


@pytest.mark.requirement("D-11", "D-12", "D-13", "D-16")
def test_resource_types_are_listed(either: Scim) -> None:
    """Users and groups, and nothing that the registry keeps beside; each endpoint answers."""
    answer = either.get("/ResourceTypes").json
    assert answer["schemas"] == [LIST]
    assert answer["totalResults"] == answer["itemsPerPage"] == 2
    assert {t["name"]: t["endpoint"] for t in answer["Resources"]} == {"User": "/Users", "Group": "/Groups"}
    for resource_type in answer["Resources"]:
        assert resource_type["id"] == resource_type["name"]
        assert resource_type["meta"]["location"] == f"http://localhost/scim/v2/ResourceTypes/{resource_type['name']}"
        assert either.get(f"/ResourceTypes/{resource_type['name']}").json == resource_type
        assert either.get(resource_type["endpoint"]).status_code == 200


@pytest.mark.requirement("D-14", "D-15")
def test_schemas_of_types_can_be_read(either: Scim) -> None:
    """The schema of each type and of each of its extensions."""
    known = schemas(either)
    for resource_type in either.get("/ResourceTypes").json["Resources"]:
        assert resource_type["schema"] in known
        for extension in resource_type["schemaExtensions"]:
            assert extension["schema"] in known
            assert isinstance(extension["required"], bool)


@pytest.mark.requirement("D-15")
def test_extensions_of_the_profiles(scim: Scim, full: Scim) -> None:
    """The profile bsr has none, rfc7643 the enterprise user."""
    assert scim.get("/ResourceTypes/User").json["schemaExtensions"] == []
    extensions = full.get("/ResourceTypes/User").json["schemaExtensions"]
    assert extensions == [{"schema": ENTERPRISE, "required": False}]


# Schemas


@pytest.mark.requirement("D-17", "D-23", "D-24")
def test_schemas_are_listed(either: Scim) -> None:
    """Those of resources and of these documents, and no message."""
    answer = either.get("/Schemas").json
    found = [schema["id"] for schema in answer["Resources"]]
    assert answer["schemas"] == [LIST]
    assert answer["totalResults"] == answer["itemsPerPage"] == len(found) == len(set(found))
    assert {USER, GROUP, *OF_DISCOVERY} <= set(found) <= {USER, GROUP, ENTERPRISE, *OF_DISCOVERY}
    assert not any("messages" in urn or "internal" in urn for urn in found)


@pytest.mark.requirement("D-18")
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
def test_a_schema_is_read(urn: str, write: Callable[[str], str], either: Scim) -> None:
    """By its URN, percent-encoded or not."""
    schema = either.get(f"/Schemas/{write(urn)}").json
    assert schema == schemas(either)[urn]
    assert schema["meta"]["location"] == f"http://localhost/scim/v2/Schemas/{urn}"
    assert schema["meta"]["resourceType"] == "Schema"


@pytest.mark.requirement("D-19", "D-20", "D-21")
def test_schemas_are_complete(either: Scim) -> None:
    """Each attribute has each characteristic, with a defined value, and none that is ours alone."""
    for schema in schemas(either).values():
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


@pytest.mark.requirement("D-22")
def test_a_group_name_is_announced_as_it_is(either: Scim) -> None:
    """Required, exact, unique: a name grants access."""
    (name,) = (a for a in schemas(either)[GROUP]["attributes"] if a["name"] == "displayName")
    assert (name["required"], name["caseExact"], name["uniqueness"]) == (True, True, "server")


@pytest.mark.requirement("R-14")
def test_members_have_no_display(either: Scim) -> None:
    """What is not shown is not announced."""
    (members,) = (a for a in schemas(either)[GROUP]["attributes"] if a["name"] == "members")
    assert {sub["name"] for sub in members["subAttributes"]} == {"value", "$ref", "type"}


@pytest.mark.requirement("D-22")
@pytest.mark.parametrize(
    "name",
    ["userName", "name", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale",
     "timezone", "active", "emails", "phoneNumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles",
     "x509Certificates"],
)  # fmt: skip
def test_the_full_profile_has_the_attributes_of_the_rfc(name: str, full: Scim) -> None:
    """Each attribute of RFC 7643 §4.1, but for `password`, which is never kept."""
    assert name in {attribute["name"] for attribute in schemas(full)[USER]["attributes"]}


def test_the_default_profile_says_what_it_stores(scim: Scim) -> None:
    """No attribute is announced that would be dropped."""
    names = {attribute["name"] for attribute in schemas(scim)[USER]["attributes"]}
    assert names == {"userName", "name", "active", "emails", "groups"}


# All of it


@pytest.mark.requirement("D-25")
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["count=1", "count=0", "count=x", "startIndex=2", "startIndex=x", "sortBy=name", "sortBy=x", "sortOrder=up", "x=y"],
)
def test_lists_are_always_whole(query: str, path: str, either: Scim) -> None:
    """Paging and order are ignored."""
    assert either.get(path, query=query).json == either.get(path).json


@pytest.mark.requirement("D-26")
@pytest.mark.parametrize("path", ["/ServiceProviderConfig", *LISTS])
def test_lists_cannot_be_filtered(path: str, either: Scim) -> None:
    """403, as §4 says."""
    assert_error(either.get(path, query={"filter": 'id eq "User"'}), 403)


@pytest.mark.requirement("D-27")
@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(method: str, path: str, either: Scim) -> None:
    """405 says what works there."""
    response = either(method, path, {"schemas": []})
    assert_error(response, 405)
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.requirement("D-28")
@pytest.mark.parametrize(
    "path",
    ["/ResourceTypes/user", "/ResourceTypes/Token", "/ResourceTypes/x", "/Schemas/x", f"/Schemas/{USER}x",
     "/Schemas/User", "/Schemas/urn:ietf:params:scim:api:messages:2.0:ListResponse",
     "/Schemas/urn:bsr:scim:internal:Token"],
)  # fmt: skip
def test_an_unknown_name_is_404(path: str, either: Scim) -> None:
    """For what is kept inside, too."""
    assert_error(either.get(path), 404)


@pytest.mark.requirement("D-29")
@pytest.mark.parametrize(
    "path", ["/x", "/Users/x/y", "/Token", "/Tokens", "/Me/x", "/Bulk/x", "/healthz", "/favicon.ico"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PURGE"])
def test_an_unknown_path_is_404(method: str, path: str, either: Scim) -> None:
    """With a SCIM error."""
    assert_error(either(method, path, {}), 404, None)


@pytest.mark.requirement("D-30")
@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("query", [{"attributes": "name"}, {"excludedAttributes": "meta"}])
def test_projection_does_no_harm(query: dict[str, str], path: str, either: Scim) -> None:
    """The answer is there, and is what it says."""
    assert either.get(path, query=query).json["schemas"] == either.get(path).json["schemas"]


@pytest.mark.requirement("T-17")
def test_a_type_of_the_host_is_announced(devices: Scim) -> None:
    """In its place, with its extension."""
    assert devices.get("/ResourceTypes/Device").json == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "Device",
        "name": "Device",
        "endpoint": "/Devices",
        "description": "A computer that was handed out",
        "schema": DEVICE,
        "schemaExtensions": [{"schema": WARRANTY, "required": True}],
        "meta": {
            "resourceType": "ResourceType",
            "location": "http://localhost/scim/v2/ResourceTypes/Device",
            "version": devices.get("/ResourceTypes/Device").headers["ETag"],
        },
    }
    assert {DEVICE, WARRANTY, USER, GROUP} <= schemas(devices).keys()
