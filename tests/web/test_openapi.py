"""The OpenAPI document: it is valid, it is that of what is served, and its examples work."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema import Document
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.principal import Principal
from flask_bsr_scim.web.routes import ROUTES
from tests.client import TOKEN, Scim, assert_error, new_client

METHODS = ("get", "head", "post", "put", "patch", "delete")
PATH = "/openapi.json"
WARRANTY = "urn:example:scim:extension:Warranty"


def attribute(name: str, kind: str = "string", **characteristics: Any) -> Document:
    """Return the definition of an attribute."""
    return {"name": name, "type": kind, "description": f"The {name}.", **characteristics}


DEVICE = {
    "id": "urn:example:scim:Device",
    "name": "Device type",
    "description": "A computer",
    "attributes": [
        attribute("serialNumber", required=True, mutability="immutable", uniqueness="server", returned="always"),
        attribute("pin", mutability="writeOnly", returned="never"),
        attribute("notes", returned="request"),
        attribute("colour", canonicalValues=["black", "white"]),
        attribute("weight", "decimal"),
        attribute("ports", "integer", multiValued=True),
        attribute("bought", "dateTime"),
        attribute("picture", "binary"),
        attribute("manual", "reference", referenceTypes=["external"]),
        attribute("checked", "boolean", mutability="readOnly"),
        attribute(
            "owner",
            "complex",
            subAttributes=[attribute("value"), attribute("$ref", "reference", referenceTypes=["User"])],
        ),
    ],
    "x-endpoint": "/Devices",
}
COVERED = {
    "id": WARRANTY,
    "name": "Warranty",
    "attributes": [attribute("ends", "dateTime")],
    "x-extends": "Device type",
    "x-required": True,
}
BODY = {
    "schemas": ["urn:example:scim:Device", WARRANTY],
    "serialNumber": "1",
    "pin": "1234",
    "notes": "n",
    "colour": "green",
    "weight": 1,
    "ports": [1, 2],
    "bought": "2026-11-24T16:27:59Z",
    "picture": "ZXhhbXBsZQ==",
    "manual": "https://example.com/manual",
    "owner": {"value": "bob"},
    WARRANTY: {"ends": "2027-11-24T16:27:59Z"},
}


class Described:
    """An application, and the document that it serves."""

    def __init__(self, *schemas: Document, **settings: Any) -> None:
        self.app = Flask("described")
        self.users: dict[str, str] = {}
        """The id of the user for whom the tokens of a tenant stand."""
        BsrScim(self.app, schemas=schemas, me=self._me, **{"backend": "memory://", "token": TOKEN, **settings})
        self.scim = Scim(self.app)
        self.document: Document = self.scim.get(PATH).json

    def _me(self, principal: Principal) -> str | None:
        return self.users.get(principal.tenant)

    def operations(self) -> Iterator[tuple[str, str, Document]]:
        """Yield path, method and description of each operation."""
        for path, methods in self.document["paths"].items():
            yield from ((path, method, operation) for method, operation in methods.items())

    def resolved(self, part: Document) -> Document:
        """Return a part of the document, or what it refers to."""
        if "$ref" not in part:
            return part
        found = self.document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return found

    def faults(self, name: str, value: Any) -> list[str]:
        """Return how a value contradicts one of the document's JSON Schemas."""
        schema = {"$ref": f"#/components/schemas/{name}", "components": self.document["components"]}
        return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


VARIANTS: dict[str, Callable[[], Described]] = {
    "bsr": Described,
    "rfc7643": lambda: Described(profile="rfc7643"),
    "a type of the host": lambda: Described(DEVICE, COVERED, unknown_members="ignore"),
    "no bulk": lambda: Described(max_bulk_operations=0),
    "public and limited": lambda: Described(openapi="public", rate_limit="600/minute"),
}


@pytest.fixture(scope="module", params=VARIANTS)
def described(request: pytest.FixtureRequest) -> Described:
    """An application of each kind, with the document that it serves."""
    return VARIANTS[request.param]()


@pytest.fixture(scope="module")
def hosting() -> Described:
    """An application with a type of its own."""
    return Described(DEVICE, COVERED, unknown_members="ignore")


# What the document is


def test_it_is_valid(described: Described) -> None:
    """A checker that knows OpenAPI 3.1 finds no fault, and no reference leads nowhere."""
    assert described.document["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(described.document).iter_errors()] == []
    for found in re.findall(r'"\$ref": "([^"]+)"', json.dumps(described.document)):
        assert described.resolved({"$ref": found})


def test_it_has_every_path_and_method(described: Described) -> None:
    """Each URL rule is there with its methods, HEAD wherever there is GET, and no other."""
    expected = {
        re.sub("<(?:path:)?(?:resource_)?([a-z]+)>", r"{\1}", rule.replace("/<endpoint>", endpoint)): {
            *map(str.lower, methods),
            *(("head",) if "GET" in methods else ()),
        }
        for rule, methods in ROUTES.items()
        for endpoint in endpoints(described)
        if methods
    }
    assert {path: {*methods} for path, methods in described.document["paths"].items()} == expected


def endpoints(described: Described) -> list[str]:
    """Return the endpoints of the types that an application serves."""
    return [resource["endpoint"] for resource in described.scim.get("/ResourceTypes").json["Resources"]]


def test_operations_have_names_of_their_own(described: Described) -> None:
    """No two operations share an id, and what links name is there."""
    names = [operation["operationId"] for *_, operation in described.operations()]
    assert len(names) == len(set(names))
    links = [
        link["operationId"]
        for *_, operation in described.operations()
        for answer in operation["responses"].values()
        for link in described.resolved(answer).get("links", {}).values()
    ]
    assert links
    assert set(links) <= set(names)


def test_other_methods_are_refused(described: Described) -> None:
    """A method that the document does not have at a path is 405."""
    for path, methods in described.document["paths"].items():
        for method in set(METHODS) - set(methods):
            where = re.sub(r"\{\w+\}", "x", path)
            assert described.scim(method.upper(), where).status_code == 405


def test_heads_have_no_body(described: Described) -> None:
    """What is described of HEAD is that of GET without the body."""
    for path, method, operation in described.operations():
        if method == "head":
            answers = operation["responses"]
            assert answers.keys() == described.document["paths"][path]["get"]["responses"].keys()
            assert not [status for status, answer in answers.items() if "content" in answer or "$ref" in answer]


# Who can read it


def test_it_needs_a_token_at_first(fresh: Scim) -> None:
    """It says what `/Schemas` says, and is as closed."""
    assert_error(fresh.get(PATH, headers={"Authorization": None}), 401)
    assert fresh.get(PATH).status_code == 200
    assert fresh("HEAD", PATH).data == b""


def test_it_can_be_public(make_scim: Callable[..., Scim]) -> None:
    """Then it is read without a token, and says so; no other path is opened."""
    scim = make_scim(openapi="public")
    answer = scim.get(PATH, headers={"Authorization": None})
    assert answer.status_code == 200
    assert answer.json["paths"][PATH]["get"]["security"] == []
    assert "401" not in answer.json["paths"][PATH]["get"]["responses"]
    for method, path in (("GET", "/Users"), ("GET", "/Schemas"), ("POST", PATH), ("GET", f"{PATH}/x")):
        assert_error(scim(method, path, headers={"Authorization": None}), 401)


def test_it_can_be_switched_off(make_scim: Callable[..., Scim]) -> None:
    """Then it is as unknown as any other path, to strangers too."""
    scim = make_scim(openapi="off")
    for method in ("GET", "HEAD", "OPTIONS"):
        assert scim(method, PATH).status_code == scim(method, "/nothing").status_code == 404
    assert_error(scim.get(PATH, headers={"Authorization": None}), 401)


@pytest.mark.parametrize("public_config", [True, False])
def test_what_is_public_needs_no_security(public_config: bool, make_scim: Callable[..., Scim]) -> None:
    """The document tells which requests go without a token, and everything else needs one."""
    scim = make_scim(public_config=public_config)
    document = scim.get(PATH).json
    assert document["security"] == [{"bearer": []}]
    found = {
        (path, method)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") == []
    }
    assert found == ({("/ServiceProviderConfig", m) for m in ("get", "head")} if public_config else set())
    for path, methods in document["paths"].items():
        for method in methods:
            answer = scim(method.upper(), re.sub(r"\{\w+\}", "x", path), headers={"Authorization": None})
            assert (answer.status_code == 401) is ((path, method) not in found)


def test_it_has_a_version(fresh: Scim) -> None:
    """304 for whoever has it; another version when a setting is another."""
    answer = fresh.get(PATH)
    tag = answer.headers["ETag"]
    unchanged = fresh.get(PATH, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.headers["ETag"], unchanged.data) == (304, tag, b"")
    assert Described(max_results=5).scim.get(PATH).headers["ETag"] != tag
    assert answer.content_type == "application/json"


# What follows from settings


def test_the_server_is_the_base_url() -> None:
    """It is the URL of the request, or that of the setting."""
    assert Described().document["servers"] == [{"url": "http://localhost/scim/v2"}]
    pinned = Described(base_url="https://directory.example.com")
    assert pinned.document["servers"] == [{"url": "https://directory.example.com/scim/v2"}]


def test_limits_are_told() -> None:
    """Limits of the settings bound what the document lets a client send."""
    schemas = Described(max_results=5, max_patch_operations=6, max_bulk_operations=7).document["components"]["schemas"]
    assert "5 at most" in schemas["SearchRequest"]["properties"]["count"]["description"]
    assert schemas["PatchOp"]["properties"]["Operations"]["maxItems"] == 6
    assert schemas["BulkRequest"]["properties"]["Operations"]["maxItems"] == 7


def test_bulk_can_be_off() -> None:
    """What is switched off has 501 for its only answer beside those of any request."""
    off = Described(max_bulk_operations=0)
    assert "200" in Described().document["paths"]["/Bulk"]["post"]["responses"]
    answers = off.document["paths"]["/Bulk"]["post"]["responses"]
    assert "501" in answers
    assert not [status for status in answers if status < "300"]
    assert_error(off.scim.post("/Bulk", {}), 501)


def test_limited_requests_may_be_too_many() -> None:
    """429 is there when tokens are limited, and only then."""

    def statuses(described: Described) -> set[str]:
        return {status for *_, operation in described.operations() for status in operation["responses"]}

    assert "429" in statuses(Described(rate_limit="600/minute"))
    assert "429" not in statuses(Described())


# Schemas of resources


def test_both_directions_of_an_attribute(hosting: Described) -> None:
    """What clients send and what they get differ by mutability and `returned`."""
    schemas = hosting.document["components"]["schemas"]
    sent, answered = schemas["Device_20_type.request"], schemas["Device_20_type"]
    assert sent["required"] == ["schemas", "serialNumber", WARRANTY]
    assert answered["required"] == ["schemas", "id", "serialNumber"]
    assert sent["properties"].keys() - answered["properties"].keys() == {"pin"}
    assert answered["properties"].keys() - sent["properties"].keys() == {"id", "meta", "checked"}
    assert sent["properties"]["pin"]["writeOnly"] is True
    assert answered["properties"]["checked"]["readOnly"] is True
    assert "only when" in answered["properties"]["notes"]["description"]
    assert sent["properties"]["owner"]["properties"].keys() == {"value"}
    assert answered["properties"]["owner"]["properties"].keys() == {"value", "$ref"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("colour", {"type": "string", "examples": ["black", "white"]}),
        ("weight", {"type": "number"}),
        ("bought", {"type": "string", "format": "date-time"}),
        ("manual", {"type": "string"}),
    ],
)
def test_types_of_values(name: str, expected: Document, hosting: Described) -> None:
    """Canonical values are suggestions, and no enumeration; a time is to be sent as one."""
    found = hosting.document["components"]["schemas"]["Device_20_type.request"]["properties"][name]
    assert {key: value for key, value in found.items() if key != "description"} == expected


def test_what_is_enforced_is_an_enumeration() -> None:
    """The one type of e-mail address that the registry keeps is the only one in answers, once."""
    emails = Described().document["components"]["schemas"]["User"]["properties"]["emails"]
    assert emails["items"]["properties"]["type"]["enum"] == ["work"]
    assert emails["maxItems"] == 1


@pytest.mark.parametrize("selection", ["", "attributes=id", "attributes=notes", "excludedAttributes=owner.value,meta"])
def test_answers_fit_whatever_is_selected(selection: str, hosting: Described) -> None:
    """A whole resource fits the schema, and so does any part of it."""
    scim = Scim(hosting.app)
    assert hosting.faults("Device_20_type.request", BODY) == []
    created = scim.post("/Devices", {**BODY, "serialNumber": f"of {selection}"}, query=selection)
    assert created.status_code == 201, created.text
    assert hosting.faults("Device_20_type", created.json) == []
    assert hosting.faults("ListResponse", scim.get("/", query=selection).json) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"serialNumber": None}, "serialNumber"),
        ({"serialNumber": " "}, "serialNumber"),
        ({"serialNumber": "a\nb"}, "serialNumber"),
        ({"ports": [2**63]}, "ports"),
        ({"weight": "heavy"}, "weight"),
        ({"picture": "%"}, "picture"),
        ({"schemas": [WARRANTY]}, "schemas"),
    ],
)
def test_what_the_document_refuses(change: Document, fault: str, hosting: Described) -> None:
    """A body that contradicts the schema of what is to be sent is refused."""
    body = {**BODY, "serialNumber": "refused", **change}
    assert hosting.faults("Device_20_type.request", body)
    assert_error(hosting.scim.post("/Devices", body), 400, "invalidSyntax" if fault == "schemas" else "invalidValue")


def test_names_of_types_never_collide() -> None:
    """A type of the host may be named as a message of the protocol, in a way that leaves both."""
    types = (("urn:example:A", "a.b", "/A"), ("urn:example:B", "a b", "/B"))
    documents = [{**DEVICE, "id": urn, "name": name, "x-endpoint": endpoint} for urn, name, endpoint in types]
    schemas = Described(*documents).document["components"]["schemas"]
    assert {"a_2e_b", "a_20_b", "Error", "User"} <= schemas.keys()


# Examples


class Exchange:
    """A new tenant of an application, which is sent the examples of one operation."""

    def __init__(self, described: Described, path: str, method: str) -> None:
        self._operations = described.document["paths"]
        self._scim = new_client(described.app)
        self._method = method.upper()
        self._path = path
        if path == "/Me":
            described.users[self._scim.token.split("_")[1]] = self._created("/Users")
        for parameter in self._operations[path][method]["parameters"]:
            if parameter.get("in") == "path":
                there = parameter["name"] != "id"
                value = parameter["example"] if there else self._created(path.removesuffix("/{id}"))
                self._path = path.replace(f"{{{parameter['name']}}}", value)

    def _created(self, endpoint: str) -> str:
        answer = self._scim.post(endpoint, example(self._operations[endpoint]["post"]))
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])

    def __call__(self, body: Any, **options: Any) -> TestResponse:
        """Send a request; a body of None is none."""
        return self._scim(self._method, self._path, *(() if body is None else (body,)), **options)


def example(operation: Document) -> Any:
    """Return the example of an operation's body, None when it has none."""
    return operation.get("requestBody", {}).get("content", {}).get("application/scim+json", {}).get("example")


def test_examples_work(described: Described) -> None:
    """The example of a body, alone, with that of each parameter and with those of all, is sent and answers 2xx."""
    sent = 0
    for path, method, operation in described.operations():
        if not any(status.startswith("2") for status in operation["responses"]):
            continue
        parameters = [p for p in map(described.resolved, operation["parameters"]) if p["in"] != "path"]
        options = [option(parameter) for parameter in parameters if "example" in parameter]
        for sent_with in ({}, *options, together(options)):
            answer = Exchange(described, path, method)(example(operation), **sent_with)
            assert answer.status_code in (200, 201, 204), f"{method} {path} {sent_with}: {answer.text}"
            sent += 1
    assert sent >= 100


def together(options: Iterable[dict[str, dict[str, str]]]) -> dict[str, dict[str, str]]:
    """Return several ways to send a parameter as one."""
    merged: dict[str, dict[str, str]] = {}
    for place, values in ((place, values) for sent_with in options for place, values in sent_with.items()):
        merged[place] = {**merged.get(place, {}), **values}
    return merged


def option(parameter: Document) -> dict[str, dict[str, str]]:
    """Return how a parameter's example is sent."""
    value = parameter["example"]
    text = ",".join(value) if isinstance(value, list) else str(value)
    return {"query" if parameter["in"] == "query" else "headers": {parameter["name"]: text}}


def test_examples_fit_their_schemas(described: Described) -> None:
    """The example of a body is one of what the document lets a client send."""
    for *_, operation in described.operations():
        if (body := example(operation)) is not None:
            schema = operation["requestBody"]["content"]["application/scim+json"]["schema"]
            assert described.faults(schema["$ref"].rpartition("/")[2], body) == []


# The command


@pytest.mark.usefixtures("clean_environment")
def test_the_command_prints_it(tmp_path: Path) -> None:
    """Without a server, and without making a store: what is served at the base URL that is named."""
    result = CliRunner().invoke(scim_commands, ["openapi", "--base-url", "http://localhost/scim/v2"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == Described().document
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("clean_environment")
def test_the_command_goes_by_the_settings() -> None:
    """Those of the environment; without a base URL the server is the path."""
    env = {"SCIM_PROFILE": "rfc7643", "SCIM_MAX_BULK_OPERATIONS": "0"}
    document = json.loads(CliRunner().invoke(scim_commands, ["openapi"], env=env).stdout)
    expected = Described(profile="rfc7643", max_bulk_operations=0).document
    assert document == expected | {"servers": [{"url": "/scim/v2"}]}


def test_the_command_knows_an_application() -> None:
    """`flask scim openapi` has the types, the settings and the prefix of the application."""
    app = Flask("hosting")
    BsrScim(app, schemas=[DEVICE, COVERED], backend="memory://", url_prefix="/people")
    document = json.loads(app.test_cli_runner().invoke(args=["scim", "openapi"]).stdout)
    assert document["servers"] == [{"url": "/people"}]
    assert "/Devices" in document["paths"]
