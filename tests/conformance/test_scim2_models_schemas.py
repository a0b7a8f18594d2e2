"""RFC 7643 §8.7: the schemas of the profile `rfc7643`, compared with those that scim2-models took from the RFC."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from scim2_models import EnterpriseUser, Group, ResourceType, Schema, ServiceProviderConfig, User

from flask_bsr_scim.schema import discovery_schemas, load_profile

Definition = dict[str, Any]

USER_TYPE, GROUP_TYPE = load_profile("rfc7643")
OURS = {
    schema.id: schema
    for schema in (USER_TYPE.schema, USER_TYPE.extensions[0].schema, GROUP_TYPE.schema, *discovery_schemas())
}
MODELS = (User, EnterpriseUser, Group)

OF_TEXTS = ("caseExact", "uniqueness")
TEXTS = ("string", "reference", "binary")

EXPLAINED = {
    # The listing of §8.7.1 says false, and §4.3 recommends both.
    ("manager.value", "required"): (True, False),
    ("manager.$ref", "required"): (True, False),
    # A group's name gives access here: it is compared exactly, and no other group has it.
    ("displayName", "caseExact"): (False, True),
    ("displayName", "uniqueness"): ("none", "server"),
}
"""Of attributes of EnterpriseUser and Group: what the models say, and what is served."""


def definitions(attributes: Iterable[Definition] | None, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield each attribute and sub-attribute by its path, without its description."""
    for attribute in attributes or ():
        path = prefix + attribute["name"]
        yield path, {n: v for n, v in attribute.items() if n not in ("description", "subAttributes", "name")}
        yield from definitions(attribute.get("subAttributes"), f"{path}.")


def pairs(
    model: type[User] | type[EnterpriseUser] | type[Group],
) -> tuple[dict[str, Definition], dict[str, Definition]]:
    """Return the definitions of a model, and ours of the same schema."""
    theirs = model.to_schema().model_dump()
    return dict(definitions(theirs["attributes"])), dict(
        definitions(OURS[theirs["id"]].public_document()["attributes"])
    )


@pytest.mark.requirement("D-22")
@pytest.mark.parametrize("model", MODELS)
def test_attributes_are_those_of_the_rfc(model: Any) -> None:
    """None is missing and none is made up; `members.display` is not in the listing of the RFC."""
    theirs, ours = pairs(model)
    assert ours.keys() == theirs.keys() - {"members.display"}


@pytest.mark.requirement("D-20", "D-22")
@pytest.mark.parametrize("model", MODELS)
def test_characteristics_are_those_of_the_rfc(model: Any) -> None:
    """Each has the value of the RFC, or a reason; what the model says of no text means nothing."""
    theirs, ours = pairs(model)
    found = {
        (path, name): (definition.get(name), ours[path].get(name))
        for path, definition in theirs.items()
        if path in ours
        for name in definition.keys() | ours[path].keys()
        if definition.get(name) != ours[path].get(name) and (name not in OF_TEXTS or definition["type"] in TEXTS)
    }
    expected = EXPLAINED if model is not User else {}
    assert found == {place: values for place, values in expected.items() if place[0] in ours}


@pytest.mark.requirement("D-24")
@pytest.mark.parametrize("model", [ServiceProviderConfig, ResourceType, Schema])
def test_discovery_documents_have_the_attributes_of_the_rfc(model: Any) -> None:
    """Those that a model adds to each resource apart."""
    urn = str(model.__schema__)
    attributes = {name for name, _ in definitions(OURS[urn].public_document()["attributes"])}
    fields = {field.serialization_alias or name for name, field in model.model_fields.items()}
    assert {name for name in attributes if "." not in name} >= fields - {"schemas", "id", "meta", "externalId"}
