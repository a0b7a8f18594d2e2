"""What the how-to pages show is what happens."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema.definitions import CHARACTERISTICS
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import environment_settings, read_settings
from flask_bsr_scim.web.service import Service
from tests.docs.pages import DOCS, ROOT, blocks, console_commands, rows
from tests.docs.running import BOB, TOKEN, ask, make_directory, make_token, run

HOST, PROXY, TOKENS, TYPES = (
    DOCS / "how-to" / f"{name}.md"
    for name in ("host-application", "proxy-and-tunnel", "tokens", "add-an-extension-or-type")
)
NGINX = (ROOT / "examples" / "production" / "nginx.conf").read_text("utf-8")
NGROK = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "1a2b.ngrok-free.app", "X-Forwarded-For": "203.0.113.7"}

pytestmark = pytest.mark.usefixtures("empty_folder")


# A host application


def test_reading_from_a_host_application() -> None:
    """The calls of the page find a user, list the active ones, and read what changed."""
    make_directory()
    names = run(HOST)
    assert names["bob"].document["userName"] == "bob@example.com"
    assert names["names"] == ["bob@example.com"]
    assert names["last"] > 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("/staff/scim/v2/ServiceProviderConfig", 200, id="the first"),
        pytest.param("/guests/scim/v2/ServiceProviderConfig", 200, id="the second"),
        pytest.param("/scim/v2/ServiceProviderConfig", 404, id="nowhere else"),
    ],
)
def test_several_instances_have_their_prefixes(path: str, status: int) -> None:
    """Each of several instances is under its own prefix."""
    app = run(HOST, last="guests = ")["app"]
    assert app.test_client().get(path).status_code == status


def test_a_token_of_the_second_instance() -> None:
    """A token that is made for one instance opens no other."""
    names = run(HOST, last="guests.service.tokens.create")
    paths = [f"/{name}/scim/v2/Users" for name in ("staff", "guests")]
    assert [ask(names["app"], path, token=names["token"]).status_code for path in paths] == [401, 200]


# Types of the host


@pytest.fixture
def documents(empty_folder: Path) -> list[Any]:
    """The JSON blocks of the page, the schemas among them in files of the names that the page gives them."""
    found = [json.loads(block.text) for block in blocks(TYPES, "json")]
    names = re.findall(r"`(\w+\.json)`", TYPES.read_text("utf-8"))
    schemas = [document for document in found if "attributes" in document]
    for name, schema in zip(dict.fromkeys(names), schemas, strict=True):
        (empty_folder / name).write_text(json.dumps(schema))
    return found


def test_an_extension_of_the_host_is_served(documents: list[Any]) -> None:
    """The body of the page is taken, and its values are found and unique."""
    app = run(TYPES, last='schemas=["badge.json"]')["app"]
    token, (extension, body, *_) = make_token(app), documents
    urn = extension["id"]
    made = ask(app, "/scim/v2/Users", "POST", body, token)
    found = ask(app, f'/scim/v2/Users?filter={urn}:number eq "A-17"', token=token)
    again = ask(app, "/scim/v2/Users", "POST", {**body, "userName": "ann@example.com"}, token)
    assert [made.status_code, found.status_code, again.status_code] == [201, 200, 409]
    assert made.json[urn] == {**body[urn], "colour": "grey"}
    assert found.json["Resources"] == [made.json]


def test_the_standalone_server_has_the_extension(documents: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """By the setting that the page names."""
    (command,) = console_commands(TYPES)
    monkeypatch.setenv(*command.split()[0].split("=", 1))
    service = Service(read_settings({**environment_settings(), "SCIM_BACKEND": "memory://"}))
    assert documents[0]["id"] in service.types.schemas


def test_a_type_of_the_host_is_served(documents: list[Any]) -> None:
    """A type of the host, with an extension, is served like those that ship; its reference holds."""
    app = run(TYPES)["app"]
    token, urn = make_token(app), "urn:example:scim:extension:Warranty"
    body = {"schemas": ["urn:example:scim:Device", urn], "serialNumber": "A-1", urn: {"ends": "2027-01-31T00:00:00Z"}}
    made = ask(app, "/scim/v2/Devices", "POST", body, token)
    found = ask(app, '/scim/v2/Devices?filter=serialNumber eq "A-1"', token=token)
    again = ask(app, "/scim/v2/Devices", "POST", body, token)
    schema = ask(app, f"/scim/v2/Schemas/{urn}", token=token)
    assert [made.status_code, found.status_code, again.status_code, schema.status_code] == [201, 200, 409, 200]
    assert made.json[urn] == body[urn]
    assert found.json["Resources"] == [made.json]
    bob = ask(app, "/scim/v2/Users", "POST", BOB, token).json
    owner = {"op": "add", "path": "owner", "value": {"value": bob["id"]}}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [owner]}
    owned = ask(app, f"/scim/v2/Devices/{made.json['id']}", "PATCH", patch, token)
    assert owned.json["owner"] == {"value": bob["id"], "$ref": bob["meta"]["location"], "display": bob["userName"]}


def test_members_of_our_own_are_all_there() -> None:
    """The tables of the page have those that a host can use."""
    internal = {"x-source", "x-stored"}
    assert [name for name, _ in rows(TYPES.read_text("utf-8"), "Member")] == ["x-extends", "x-required", "x-endpoint"]
    of_attributes = TYPES.read_text("utf-8").partition("Of an attribute, beside")[2]
    listed = {name for name, _ in rows(of_attributes, "Member")}
    assert listed == {name for name in CHARACTERISTICS if name.startswith("x-")} - internal


# Tokens


def shape(line: str) -> str:
    """Return a line with one letter for each id and number, so that lines of the same form are equal."""
    return re.sub(r"\d+", "0", re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "id", line))


def test_tokens_are_made_listed_and_revoked() -> None:
    """The list of tokens looks as on the page, and a deleted one is refused."""
    invoke = CliRunner().invoke
    shown = [line for block in blocks(TOKENS, "console") for line in block.text.splitlines() if "last used" in line]
    made = invoke(scim_commands, ["token", "create", "--expires", "90d", "--description", "Okta, production"])
    app = Flask("tokens")
    BsrScim(app)
    before = ask(app, "/scim/v2/Users", token=made.stdout.strip())
    listed = invoke(scim_commands, ["token", "list"]).output.splitlines()
    invoke(scim_commands, ["token", "delete", listed[0].split()[0]])
    after = ask(app, "/scim/v2/Users", token=made.stdout.strip())
    assert list(map(shape, listed)) == list(map(shape, shown))
    assert (before.status_code, after.status_code) == (200, 401)


def test_tenants_are_apart() -> None:
    """A token of another tenant sees none of the first one's users."""
    make_directory("sqlite:///bsr-scim.db")
    made = CliRunner().invoke(scim_commands, ["token", "create", "--tenant", "acme"])
    app = Flask("tenants")
    BsrScim(app, token=TOKEN)
    totals = [ask(app, "/scim/v2/Users", token=token).json["totalResults"] for token in (TOKEN, made.output.strip())]
    assert totals == [1, 0]


# Proxies


def located(headers: dict[str, str], **settings: Any) -> str:
    """Return what the server takes for its address, from a request with some headers."""
    app = Flask("proxy")
    BsrScim(app, backend="memory://", **settings)
    config = ask(app, "/scim/v2/ServiceProviderConfig", headers=headers).json
    return str(config["meta"]["location"]).removesuffix("/ServiceProviderConfig")


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        pytest.param({}, "http://localhost/scim/v2", id="not trusted"),
        pytest.param({"trusted_proxies": 1}, "https://1a2b.ngrok-free.app/scim/v2", id="trusted"),
        pytest.param({"base_url": "https://d.example.com"}, "https://d.example.com/scim/v2", id="said without a path"),
        pytest.param(
            {"base_url": "https://d.example.com/x/v2", "trusted_proxies": 1},
            "https://d.example.com/x/v2",
            id="said with a path",
        ),
    ],
)
def test_the_public_address(settings: dict[str, Any], address: str) -> None:
    """The headers of a tunnel count when they are trusted, and SCIM_BASE_URL always."""
    assert located(NGROK, **settings) == address


def test_the_nginx_lines_are_those_of_the_example() -> None:
    """Each line of the page's snippet is one of the whole configuration."""
    (snippet,) = blocks(PROXY, "nginx")
    assert {line.strip() for line in snippet.text.splitlines()} <= {line.strip() for line in NGINX.splitlines()}


def test_nginx_sets_every_header_that_is_believed() -> None:
    """The headers that nginx sends give the public address, and leave none to the client."""
    values = {"$host": "directory.example.com", "$scheme": "https", "$remote_addr": "203.0.113.7", '""': ""}
    headers = {name: values[value] for name, value in re.findall(r"proxy_set_header (\S+) (\S+);", NGINX)}
    assert set(headers) == {"Host", *(f"X-Forwarded-{name}" for name in ("For", "Proto", "Host", "Port", "Prefix"))}
    sent = {name: value for name, value in headers.items() if value}
    assert located(sent, trusted_proxies=1) == "https://directory.example.com/scim/v2"
