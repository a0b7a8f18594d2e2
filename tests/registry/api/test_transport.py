"""How calls travel: media types, both codecs, limits, the guard, and errors that tell nothing of the inside."""

import gzip
import json
import logging
from typing import Any

import pytest
from flask import Flask, abort
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim, create_blueprint
from flask_bsr_scim.backends.base import Insert, Removal
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.registry.api.application import find_rule
from flask_bsr_scim.registry.api.gen.buf.alpha.registry.v1alpha1 import organization_pb, role_pb, user_pb
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.registry.tokens import Kind, Verified
from tests.client import TOKEN, Scim
from tests.registry.api.calling import PACKAGE, World, refusal
from tests.stores import seal

COUNT = f"/{PACKAGE}.UserService/CountUsers"


@pytest.fixture
def own(backend_uri: str) -> World:
    """The world of an application that no other test shares."""
    app = Flask("own")
    BsrScim(app, backend=backend_uri, token=TOKEN)
    return World(app)


def send(app: Flask, path: str, method: str = "POST", token: str | None = None, **options: Any) -> TestResponse:
    """Send a request to an application."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    return app.test_client().open(path, method=method, headers=headers | options.pop("headers", {}), **options)


def test_a_call_in_binary(world: World) -> None:
    """The same calls travel as binary messages."""
    body = organization_pb.CreateOrganizationRequest(name="acme").to_binary()
    response = world.post("OrganizationService/CreateOrganization", body, world.token_of("ada"), "application/proto")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/proto")
    made = organization_pb.CreateOrganizationResponse.from_binary(response.data).organization
    assert made is not None
    assert made.name == "acme"
    role = role_pb.OrganizationRole.MACHINE
    add = organization_pb.AddOrganizationGroupRequest(organization_id=made.id, group_name="eng", role_override=role)
    body = add.to_binary()
    response = world.post("OrganizationService/AddOrganizationGroup", body, world.token_of("ada"), "application/proto")
    assert (response.status_code, response.data) == (200, b"")


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;x=y"]
)
def test_the_media_type_has_no_letter_case(world: World, media_type: str) -> None:
    """Parameters and letter case of a media type do not matter."""
    response = world.post("UserService/CountUsers", b"{}", world.token_of("ada"), media_type)
    assert response.json == {"totalCount": 1}


@pytest.mark.parametrize("body", [b"", b"{}", b" {} ", b'{"userStateFilter": "USER_STATE_ACTIVE"}'])
def test_an_empty_body_is_the_empty_message(world: World, body: bytes) -> None:
    """Without fields, there need not be a body."""
    assert world.post("UserService/CountUsers", body, world.token_of("ada")).json == {"totalCount": 1}


@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "application/grpc", "application/grpc+proto", "application/grpc-web", "application/connect+json",
     "application/connect+proto", "application/scim+json", "application/x-www-form-urlencoded", "application/protobuf"],
)  # fmt: skip
def test_other_media_types_are_refused(world: World, media_type: str) -> None:
    """Streams, gRPC and forms are not served."""
    response = world.post("UserService/CountUsers", b"{}", world.token_of("ada"), media_type)
    assert response.status_code == 415
    assert response.json["code"] == "invalid_argument"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_calls_are_posted(world: World, method: str) -> None:
    """Every other method is refused, and the one that works is named."""
    response = send(world.app, COUNT, method, world.token_of("ada"))
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    assert method == "HEAD" or response.json["code"] == "unimplemented"


@pytest.mark.parametrize("method", ["UserService/DeleteUser", "UserService/count_users", "PluginService/List", "x/y"])
def test_what_is_not_served_is_unimplemented(world: World, method: str) -> None:
    """A method of the public package that this API leaves out, or of none at all."""
    assert world.refused(method)[0] == "unimplemented"


MALFORMED = {
    "no JSON": b"{",
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "not UTF-8": b'{"name": "\xff"}',
    "NUL": b'{"name": "a\\u0000b"}',
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "a field twice": b'{"name": "a", "name": "b"}',
    "NaN": b'{"name": NaN}',
    "a long number": b'{"name": ' + b"9" * 500 + b"}",
    "deep": b"[" * 100_000,
    "deep in a field": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "an unknown field": b'{"nme": "x"}',
    "an unknown field of bytes that print badly": b'{"n\\u0007\\n' + b"x" * 5000 + b'": "x"}',
    "a number for a text": b'{"name": 5}',
    "an object for a text": b'{"name": {}}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_json_is_refused(world: World, name: str) -> None:
    """What is not the message is an invalid argument, whatever it is; the server lives on."""
    response = world.post("OrganizationService/CreateOrganization", MALFORMED[name], world.token_of("ada"))
    code, message = refusal(response)
    assert code == "invalid_argument"
    assert "class" not in message
    assert PACKAGE not in message


def test_a_refusal_says_what_is_wrong(world: World) -> None:
    """The message names the field, or the name that an enum has not."""
    method = "OrganizationService/AddOrganizationGroup"
    assert (
        world.refused(method, grup="x")[1] == "The request is no AddOrganizationGroupRequest: key: 'grup' is unknown."
    )
    assert "OrganizationRole from JSON: OWNR" in world.refused(method, role_override="OWNR")[1]
    body = b'{"groupName": "a", "groupName": "b"}'
    assert refusal(world.post(method, body, world.token_of("ada")))[1] == (
        'The request body names "groupName" twice in one object.'
    )
    twice = {"groupName": "a", "group_name": "a"}
    assert world.refused(method, **twice)[1].endswith(": group_name and groupName are the same field.")


MALFORMED_BINARY = {
    "half a number": b"\xff\xff\xff",
    "a length beyond the end": b"\x0a\xff\xff\xff\xff\x0f",
    "not UTF-8": b"\x0a\x02\xff\xfe",
    "a group without an end": b"\x23" * 20,
    "deep": b"\x0b" * 1_000_000,
    "NUL": b"\x0a\x03a\0b",
    "JSON": b'{"name": "x"}',
}


@pytest.mark.parametrize("name", MALFORMED_BINARY)
def test_malformed_binary_is_refused(world: World, name: str) -> None:
    """The same for messages in binary, whose refusals are JSON."""
    body, token = MALFORMED_BINARY[name], world.token_of("ada")
    response = world.post("OrganizationService/CreateOrganization", body, token, "application/proto")
    assert refusal(response)[0] == "invalid_argument"


def test_unknown_fields_of_a_binary_message_are_passed_over(world: World) -> None:
    """A client with a newer schema sends numbers that this server does not know."""
    body = user_pb.CountUsersRequest().to_binary() + b"\xf8\x07\x01"
    response = world.post("UserService/CountUsers", body, world.token_of("ada"), "application/proto")
    assert user_pb.CountUsersResponse.from_binary(response.data).total_count == 1


@pytest.mark.parametrize(("encoding", "status"), [
    ("gzip", 200), ("GZIP", 200), ("deflate", 400), ("identity", 400), ("", 400), ("br", 501), ("gzip, gzip", 501),
])  # fmt: skip
def test_a_body_may_be_compressed(world: World, encoding: str, status: int) -> None:
    """Compression is read as for SCIM; what is no such data is refused."""
    body = gzip.compress(b"{}")
    headers = {"Content-Encoding": encoding}
    response = send(world.app, COUNT, token=world.token_of("ada"), data=body, headers=headers)
    assert response.status_code == status, response.text


@pytest.mark.parametrize("encoding", ["br", "zstd", "snappy", "x-gzip"])
def test_another_compression_is_unimplemented(world: World, encoding: str) -> None:
    """With the ones that are read, as Connect's protocol wants; the body is not looked at."""
    response = send(world.app, COUNT, token=world.token_of("ada"), data=b"{", headers={"Content-Encoding": encoding})
    code, message = refusal(response)
    assert code == "unimplemented"
    assert "identity, gzip, deflate" in message


@pytest.mark.parametrize("encoding", ["", " ", "identity"])
def test_a_body_may_be_as_it_is(world: World, encoding: str) -> None:
    """Saying so, or nothing in an empty header."""
    response = send(world.app, COUNT, token=world.token_of("ada"), data=b"{}", headers={"Content-Encoding": encoding})
    assert response.json == {"totalCount": 1}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_has_a_limit(world: World, compressed: bool) -> None:
    """The limit of SCIM's bodies holds, also for what is inflated."""
    body = b'{"name": "' + b"x" * 2_000_000 + b'"}'
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    data = gzip.compress(body) if compressed else body
    path = f"/{PACKAGE}.OrganizationService/CreateOrganization"
    response = send(world.app, path, token=world.token_of("ada"), data=data, headers=headers)
    assert refusal(response)[0] == "resource_exhausted"


class Unread:
    """The body of a request that nobody may read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readlines = __iter__ = read


@pytest.mark.parametrize("path", [COUNT, f"/scim/v2{COUNT}", f"/{PACKAGE}.x/y"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
def test_strangers_are_refused_before_anything_else(path: str, method: str) -> None:
    """Without an API token every rule answers 401 to every method, with body and store untouched."""
    app = Flask("sealed")
    BsrScim(app, backend="memory://")
    with app.app_context():
        seal(World(app).service.backend)
    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": "9999999999"}
    response = send(app, path, method, environ_overrides=environ)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="registry"'
    assert method == "HEAD" or refusal(response)[0] == "unauthenticated"


def test_the_walk_knows_every_rule() -> None:
    """The admin API has these two rules, and no more."""
    app = Flask("rules")
    BsrScim(app, backend="memory://")
    rules = {rule.rule for rule in app.url_map.iter_rules() if PACKAGE in rule.rule}
    assert rules == {f"/{PACKAGE}.<service>/<method>", f"/scim/v2/{PACKAGE}.<service>/<method>"}


@pytest.mark.requirement("Z-03")
def test_tokens_open_one_side_each(own: World) -> None:
    """A SCIM token is refused here, an API token there; the fixed token is one of SCIM."""
    scim = own.service.tokens.create(own.tenant)[0]
    for token in (scim, TOKEN, None, "x", own.token_of("ada")[:-1]):
        assert refusal(own.post("UserService/CountUsers", b"{}", token))[0] == "unauthenticated"
    assert Scim(own.app, token=own.token_of("ada")).get("/Users").status_code == 401


@pytest.mark.parametrize("user", ["none", "gone"])
def test_a_token_of_nobody_is_refused(own: World, user: str) -> None:
    """A token that stands for no user of the registry opens nothing."""
    own.service.backend.commit(own.tenant, [Insert("Outsider", "gone", {"schemas": [], "id": "gone", "active": True})])
    token, _ = own.service.tokens.create(own.tenant, Kind.API, user=None if user == "none" else user)
    own.service.backend.commit(own.tenant, [Removal("Outsider", "gone")])
    assert refusal(own.post("UserService/CountUsers", b"{}", token))[0] == "unauthenticated"


def test_a_token_that_ends_on_the_way_is_refused(own: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the guard and the call the token may be deleted."""
    monkeypatch.setattr(own.service.tokens, "verify", lambda text, kind: Verified(own.tenant, "gone"))
    assert refusal(own.post("UserService/CountUsers", b"{}", own.token_of("ada")))[0] == "unauthenticated"


@pytest.fixture
def broken(own: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world whose count of users fails in a way that nobody foresaw."""

    def fail(*_: Any) -> int:
        raise KeyError("the password is swordfish")

    monkeypatch.setattr(own.registry.users.__class__, "count", fail)
    return own


def test_what_nobody_foresaw_tells_nothing(broken: World, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is the code internal; the log has the rest under the request's id."""
    response = broken.post("UserService/CountUsers", b"{}", broken.token_of("ada"))
    code, message = refusal(response)
    assert code == "internal"
    assert "swordfish" not in message
    assert "KeyError" not in message
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert response.headers["X-Request-Id"] in record.getMessage()
    assert "swordfish" in caplog.text


def test_a_failure_before_the_call_tells_nothing(own: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same outside the methods."""
    monkeypatch.setattr(Registry, "__init__", lambda *_: 1 / 0)
    code, message = refusal(own.post("UserService/CountUsers", b"{}", own.token_of("ada")))
    assert code == "internal"
    assert "zero" not in message


@pytest.mark.parametrize("where", ["is_held", "get", "page"])
def test_a_store_that_does_not_answer_is_unavailable(own: World, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """In the guard, before the call and in it: the client learns that it may try again."""

    def fail(*_: Any, **__: Any) -> None:
        raise StoreUnavailable("/var/lib/secret.db is locked")

    own("UserService/CountUsers")
    backend = own.service.backend
    monkeypatch.setattr(backend, {"is_held": "_is_held", "get": "_get", "page": "_query"}[where], fail)
    response = own.post("UserService/CountUsers", b"{}", own.token_of("ada"))
    code, message = refusal(response)
    assert code == "unavailable"
    assert "secret" not in message
    assert response.headers["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("status", "code"), [(403, "permission_denied"), (404, "not_found"), (418, "invalid_argument")]
)
def test_a_refusal_of_the_host_is_a_connect_error(own: World, status: int, code: str) -> None:
    """What the host's own checks abort is told in the API's form."""
    own.app.before_request_funcs.setdefault(None, []).append(lambda: abort(status))
    response = send(own.app, COUNT, token=own.token_of("ada"))
    assert response.json["code"] == code


def test_tokens_do_not_come_back(world: World) -> None:
    """A token that was pasted into a field shows in no message."""
    token = world.token_of("ada")
    assert token not in world.refused("UserService/GetUserByUsername", username=token)[1]
    response = world.post("OrganizationService/CreateOrganization", json.dumps({token: 1}).encode(), token)
    assert token not in response.text


def test_the_access_log_names_token_and_request(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Calls are logged as SCIM's requests are."""
    caplog.set_level(logging.INFO, "flask_bsr_scim.access")
    response = world.post("UserService/CountUsers", b"{}", world.token_of("ada"))
    (message,) = (record.getMessage() for record in caplog.records if record.name == "flask_bsr_scim.access")
    assert response.headers["X-Request-Id"] in message
    assert f"tenant={world.tenant}" in message
    assert world.token_of("ada") not in message


def test_changes_name_token_and_request(world: World) -> None:
    """The change log says who changed what, over this API too."""
    world.organization()
    (token,) = (t for t in world.service.tokens.list(world.tenant) if t.user == world.administrator.id)
    entry = world.service.backend.log(world.tenant, count=1000)[-1]
    assert entry.token_id == token.id
    assert entry.request_id


def test_of_several_services_the_first_has_the_root() -> None:
    """Each is below its own prefix, too, and knows its own tokens alone."""
    app = Flask("several")
    first = create_blueprint("first", backend="memory://")
    second = create_blueprint("second", backend="memory://")
    app.register_blueprint(first, url_prefix="/a")
    app.register_blueprint(second, url_prefix="/b")
    token = World(app).token_of("ada")
    statuses = [send(app, path + COUNT, token=token, data="{}").status_code for path in ("", "/a", "/b")]
    assert statuses == [200, 200, 401]


def test_a_service_at_the_root_has_one_entrance() -> None:
    """A blueprint without a prefix serves SCIM and the admin API side by side."""
    app = Flask("root")
    BsrScim(app, backend="memory://", url_prefix="")
    world = World(app)
    assert world("UserService/CountUsers") == {"totalCount": 1}


def test_no_rule_no_method() -> None:
    """A method without a rule is not there, whatever the services can do."""
    assert find_rule("UserService", "GetUser") is not None
    assert find_rule("UserService", "DeleteUser") is None
    assert find_rule("Nothing", "GetUser") is None
