"""The public validator `scimschema` reads our schemas, and finds nothing wrong with what we answer."""

import copy
from typing import Any

import pytest
from scimschema._model.model import Model
from scimschema._model.schema_response import ScimResponse
from scimschema.core_schemas import schema as listed

from tests.client import ENTERPRISE, ERROR, GROUP, USER, Scim
from tests.conformance.served import make_app

Models = dict[str, Model]

OUTDATED = {
    "urn:ietf:params:scim:schemas:core:2.0:Schema": "subAttributes.referenceTypes is a list in RFC 7643 §7; the listing"
    " in §8.7.2, which the validator ships, has it single-valued",
    "urn:ietf:params:scim:schemas:core:2.0:ResourceType": "schemaExtensions is a list in RFC 7643 §6; the listing in"
    " §8.7.2 has it single-valued",
}
"""Definitions of its own that contradict the text of the RFC, so that ours are used for these documents."""

PEOPLE: list[dict[str, Any]] = [
    {"userName": "bob@example.com"},
    {
        "userName": "Zoë",
        "externalId": "00u1",
        "active": False,
        "name": {"givenName": "Zoë", "familyName": "O'Neil"},
        "emails": [{"value": "zoe@example.com", "type": "work", "primary": True}],
        "title": "Doctor",
        "phoneNumbers": [{"value": "tel:+1-201-555-0123", "type": "work"}],
        "addresses": [{"streetAddress": "100 Universal City Plaza", "type": "work", "primary": True}],
        "x509Certificates": [{"value": "MIIDQzCC"}],
        ENTERPRISE: {"employeeNumber": "701984", "manager": {"value": "26"}},
    },
]


@pytest.fixture
def scim(profile: str, backend_uri: str) -> Scim:
    """A client of a new application, once for each profile and backend."""
    return Scim(make_app(backend_uri, profile))


def served_models(scim: Scim) -> Models:
    """Return what the validator makes of /Schemas."""
    documents = scim.get("/Schemas").json["Resources"]
    return {document["id"]: model(document) for document in documents}


def model(document: dict[str, Any]) -> Model:
    """Return a schema as the validator's model; it knows nothing of `schemas`, which RFC 7643 §3 has in each resource.

    :raises AssertionError: the validator finds a mistake.
    """
    return Model({name: copy.deepcopy(value) for name, value in document.items() if name != "schemas"})


def validate(document: dict[str, Any], ours: Models) -> None:
    """Hold an answer to the validator's own listing of the RFC's schemas, and to our schemas.

    :raises AssertionError: it does not conform.
    """
    extensions = {urn: model for urn, model in ours.items() if ":extension:" in urn}
    core = {urn: model for urn, model in ours.items() if urn not in extensions}
    for definitions in [core] if document["schemas"][0] in OUTDATED else [core, listed]:
        ScimResponse(copy.deepcopy(document), definitions, extensions).validate()


def test_reads_each_schema(scim: Scim, profile: str) -> None:
    """Each document of /Schemas is a valid schema."""
    assert {USER, GROUP} <= served_models(scim).keys()
    assert (ENTERPRISE in served_models(scim)) == (profile == "rfc7643")


def test_resources_conform(scim: Scim) -> None:
    """Users and groups, as they are created, read, changed and listed, conform to both listings."""
    models = served_models(scim)
    users = [scim.user(**person) for person in PEOPLE]
    group = scim.group("Engineering", *(user["id"] for user in users))
    changed = scim.patch(f"/Users/{users[0]['id']}", {"op": "add", "path": "name.givenName", "value": "B"})
    listing = [*scim.get("/Users").json["Resources"], *scim.get("/Groups").json["Resources"]]
    for document in (*users, group, changed.json, *listing):
        validate(document, models)


def test_discovery_documents_conform(scim: Scim) -> None:
    """So do the documents that describe the service."""
    models = served_models(scim)
    validate(scim.get("/ServiceProviderConfig").json, models)
    for endpoint in ("/ResourceTypes", "/Schemas"):
        for document in scim.get(endpoint).json["Resources"]:
            validate(document, models)


def test_errors_conform(scim: Scim) -> None:
    """And errors; the validator calls their schema by a URN that RFC 7644 §3.12 does not have."""
    definitions = {ERROR: listed["urn:scim:api:messages:2.0:Error"]}
    for answer in (scim.get("/Users/nobody"), scim.get("/Users", query={"filter": "x"}), scim.post("/Users", {})):
        ScimResponse(answer.json, definitions, {}).validate()


@pytest.mark.parametrize(
    "wrong", [{"userName": 5}, {"userName": None}, {"active": "yes"}, {"emails": {"value": "bob@example.com"}}]
)
def test_the_validator_would_notice(scim: Scim, wrong: dict[str, Any]) -> None:
    """An answer that is wrong is found."""
    document = {**scim.user("bob@example.com", emails=[{"value": "bob@example.com", "type": "work"}]), **wrong}
    with pytest.raises(AssertionError):
        validate(document, served_models(scim))


@pytest.mark.parametrize("urn", OUTDATED)
def test_the_listing_is_still_outdated(scim: Scim, urn: str) -> None:
    """What is said of the validator's own definitions is so."""
    ours = served_models(scim)
    document = scim.get("/Schemas").json["Resources"][0] if urn.endswith("Schema") else None
    document = document or scim.get("/ResourceTypes/User").json
    with pytest.raises((AssertionError, TypeError)):
        ScimResponse(copy.deepcopy(document), listed, ours).validate()
