"""What is said of a mistake in a host's schema document, at the start."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, ConfigurationError
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.documents import RESERVED
from flask_bsr_scim.web.routes import ENDPOINT, REST, ROUTES
from tests.client import ENTERPRISE, USER
from tests.rfc7643.conftest import part

URN = "urn:example:scim:extension:Badge"
OTHER = "urn:example:scim:Room"


def document(**members: Any) -> Document:
    """Return the document of an extension, where None leaves a member out."""
    found = {"id": URN, "name": "Badge", "attributes": [part("number")], "x-extends": "User", **members}
    return {name: value for name, value in found.items() if value is not None}


def room(**members: Any) -> Document:
    """Return the document of a resource type."""
    return document(**{"id": OTHER, "name": "Room", "x-extends": None, "x-endpoint": "/Rooms", **members})


def refusal(schemas: Any, profile: str = "rfc7643") -> str:
    """Return what is said of some documents."""
    with pytest.raises(ConfigurationError) as refused:
        BsrScim(Flask("host"), backend="memory://", profile=profile, schemas=schemas)
    return str(refused.value)


def reference(*types: str, **characteristics: Any) -> Document:
    """Return the definition of a reference."""
    subs = [part("value"), part("$ref", type="reference", referenceTypes=list(types)), part("label", **characteristics)]
    return part("owner", type="complex", subAttributes=subs)


PLACE = 'it needs either x-endpoint, as "/Devices", which makes a resource type of it, or x-extends, as "User"'
PATH = "it must be a path of letters, digits, '-' and '_', as /Devices"
FORM = "id must be a URN of letters, digits and - . _ + between its colons, as urn:example:scim:Device"


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"x-extends": None}, PLACE),
        ({"x-endpoint": "/Badges"}, PLACE),
        ({"x-extend": "User"}, "'x-extend' is no member of a schema (did you mean x-extends?); there are schemas, "),
        ({"atributes": []}, "'atributes' is no member of a schema (did you mean attributes?)"),
        ({"x-extends": "Usr"}, "x-extends is 'Usr'; the resource types are User, Group"),
        ({"x-extends": ["User"]}, "x-extends is ['User']; it must be the name of a resource type"),
        ({"x-required": "yes"}, "x-required is 'yes'; it must be one of true, false"),
        ({"id": None}, FORM),
        ({"id": "Badge"}, FORM),
        ({"id": "https://example.com/Badge"}, FORM),
        ({"id": "urn:example"}, FORM),
        ({"id": "urn:example:a b"}, FORM),
        ({"id": 'urn:example:"'}, FORM),
        ({"id": "urn:example:Badge:"}, FORM),
        ({"id": 1}, FORM),
        ({"id": "urn:ietf:params:scim:api:messages:2.0:Badge"}, "are the protocol's messages; choose another URN"),
        ({"id": "urn:ietf:params:scim:schemas:core:2.0:Schema"}, "there is another schema of this URN"),
        ({"id": USER}, "there is another schema of this URN"),
        ({"id": USER.upper()}, "there is another schema of this URN"),
        ({"id": ENTERPRISE}, "there is another schema of this URN"),
        ({"name": None}, "name is None; it must be letters, digits, blanks and - . _ that begin with a letter"),
        ({"name": 'Bad"ge'}, "it must be letters, digits, blanks"),
        ({"description": 1}, "description is 1; it must be a string"),
        ({"attributes": None}, "attributes must be a list that holds some"),
        ({"attributes": []}, "attributes must be a list that holds some"),
        ({"attributes": [part("number"), part("NUMBER")]}, "attribute 'NUMBER': there is another one of this name"),
        ({"attributes": [part("a b")]}, "attribute 'a b': name is 'a b'; it must be a letter"),
        ({"attributes": [part("a", type="text")]}, "attribute 'a': type is 'text'; it must be one of string, boolean"),
        ({"attributes": [part("a", type="complex")]}, "attribute 'a': type 'complex' and subAttributes go together"),
        ({"attributes": [part("a", subAttributes=[part("b")])]}, "type 'complex' and subAttributes go together"),
        (
            {
                "attributes": [
                    part("a", type="complex", subAttributes=[part("b", type="complex", subAttributes=[part("c")])])
                ]
            },
            "attribute 'a': its parts cannot be complex (RFC 7643 §2.3.8)",
        ),
        (
            {"attributes": [part("a", mutability="writeOnly", returned="default")]},
            "attribute 'a': mutability is 'writeOnly', so returned must be 'never'",
        ),
        (
            {"attributes": [part("a", type="complex", subAttributes=[part("b", **{"x-default": "c"})])]},
            "attribute 'a.b': x-default belongs to whole attributes, not to a part of one",
        ),
        (
            {"attributes": [part("a", type="complex", subAttributes=[part("b", **{"x-exported": False})])]},
            "attribute 'a.b': x-exported belongs to whole attributes, not to a part of one",
        ),
        *(
            (
                {"attributes": [part("a", type="complex", subAttributes=[part("$ref", type="reference", **indexed)])]},
                "attribute 'a.$ref': clients see it with the base URL, which no index has: let value be",
            )
            for indexed in ({"x-indexed": True}, {"uniqueness": "server"})
        ),
        (
            {"attributes": [part("a", type="boolean", **{"x-default": "perhaps"})]},
            f'x-default: {URN}:a must be true or false, not "perhaps".',
        ),
        (
            {"attributes": [part("a", mutability="readOnly", **{"x-default": "b"})]},
            f"x-default: {URN}:a is readOnly",
        ),
        ({"attributes": [reference("Usr")]}, "attribute 'owner': referenceTypes has 'Usr'; there are User, Group, ext"),
        (
            {"attributes": [{**reference("User"), "required": True}]},
            "attribute 'owner': it cannot be required, since it ends with the resource it refers to",
        ),
        (
            {"attributes": [reference("User", **{"x-follows": "displayname"})]},
            "attribute 'owner.label': x-follows is 'displayname', which is not shown of User",
        ),
        ({"attributes": [reference("User", **{"x-follows": "password"})]}, "which is not shown of User"),
        (
            {"attributes": [reference("User", "Group", **{"x-follows": "userName"})]},
            "which is not shown of each of User, Group",
        ),
        ({"attributes": [reference("external", **{"x-follows": "title"})]}, "is not shown of what it refers to"),
    ],
)  # fmt: skip
def test_an_extension_that_is_wrong(members: Document, text: str) -> None:
    """What is wrong is said, and what would be right."""
    assert text in refusal([document(**members)])


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"x-endpoint": "Rooms"}, f"x-endpoint is 'Rooms'; {PATH}"),
        ({"x-endpoint": ""}, PATH),
        ({"x-endpoint": "/Rooms/"}, PATH),
        ({"x-endpoint": "/<path:x>"}, PATH),
        ({"x-endpoint": None, "x-extends": None}, PLACE),
        ({"x-endpoint": "/Users"}, "x-endpoint is '/Users', and '/Users' is taken"),
        ({"x-endpoint": "/users"}, "and '/Users' is taken"),
        ({"x-endpoint": "/Users/Rooms"}, "and '/Users' is taken"),
        ({"x-endpoint": "/Schemas"}, "and '/Schemas' is taken"),
        ({"x-required": True}, "x-required belongs to extensions, and this is a resource type"),
        ({"name": "user"}, "there is another resource type named 'user'; give this schema another name"),
        ({"id": USER}, "there is another schema of this URN"),
        ({"attributes": [part("ID")]}, "attribute 'ID': every resource has it already; leave it out"),
        ({"attributes": [part("externalId")]}, "every resource has it already"),
    ],
)
def test_a_type_that_is_wrong(members: Document, text: str) -> None:
    """What is wrong is said, and what would be right."""
    said = refusal([room(**members)])
    assert f"schema {members.get('id', OTHER)!r}: " in said
    assert text in said


def test_documents_that_do_not_go_together() -> None:
    """Two of one URN, or of one endpoint."""
    assert f"schema {URN!r}: there is another schema of this URN" in refusal([document(), document(name="Again")])
    assert "and '/Rooms' is taken" in refusal([room(), room(id="urn:example:Second", name="Second")])
    token = room(name="Token")
    assert refusal([token]) == "two resource types are named 'Token'"


def test_an_endpoint_of_the_service_is_reserved() -> None:
    """A type could else lie where something else is."""
    fixed = {rule.split("/")[1].partition(".")[0] for rule in ROUTES if ENDPOINT not in rule and REST not in rule}
    assert fixed - {""} <= set(RESERVED)


# Files


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"{", "badge.json is no JSON: Expecting property name"),
        (b"\xff", "badge.json cannot be read: it is no UTF-8"),
        (b"[]", "badge.json: a schema must be a JSON object, not []"),
        (json.dumps({"id": URN}).encode(), f"badge.json: schema {URN!r}: name is None"),
        (json.dumps(document(attributes=[{"name": "a", "typ": 1}])).encode(), "badge.json: schema"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong(content: bytes, text: str, tmp_path: Path) -> None:
    """The file is named."""
    (tmp_path / "badge.json").write_bytes(content)
    for schemas in (str(tmp_path / "badge.json"), [tmp_path]):
        said = refusal(schemas)
        assert said.startswith(f"SCIM_SCHEMAS: {tmp_path}")
        assert text in said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("nowhere.json", "SCIM_SCHEMAS: nowhere.json cannot be read: No such file or directory"),
        ("[1", "SCIM_SCHEMAS: the value is no JSON"),
        (5, "SCIM_SCHEMAS: must be a JSON file, a folder of JSON files, or a list of files and schemas"),
        ([5], "SCIM_SCHEMAS: must be a JSON file"),
    ],
)
def test_a_value_that_is_wrong(value: Any, text: str) -> None:
    """What it can be is said."""
    assert text in refusal(value)


def test_a_folder_without_schemas(tmp_path: Path) -> None:
    """It was another one that was meant."""
    assert refusal(str(tmp_path)) == f"SCIM_SCHEMAS: the folder {tmp_path} has no file *.json"
