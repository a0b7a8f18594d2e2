"""The guard: nobody passes without a valid credential, and nothing is looked at before (RFC 6750, RFC 7644 §2)."""

import hmac
import io
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.errors import Forbidden
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.connect import ENDPOINT as ADMIN_API
from flask_bsr_scim.web.routes import ROUTES
from flask_bsr_scim.web.service import SCIM_SCOPE, Principal, Service
from tests.client import PREFIX, SEARCH, TOKEN, Scim, assert_error, path_of, user
from tests.stores import seal

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
PUBLIC = {(method, f"{slash}/ServiceProviderConfig") for method in ("GET", "HEAD") for slash in ("", "/")}


class Untouchable(io.RawIOBase):
    """A request body that must not be read."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("the body was read")


UNREAD = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": "100", "CONTENT_TYPE": "application/scim+json"}


def service_of(scim: Scim) -> Service:
    """Return the service behind a client."""
    with scim.app.app_context():
        return current_service()


def new_token(scim: Scim, tenant: str = "default", **options: Any) -> str:
    """Make a token and return its text."""
    service = service_of(scim)
    service.open(tenant)
    text, _ = service.tokens.create(tenant, **options)
    return text


def with_token(scim: Scim, token: str) -> Scim:
    """Return another client of the same application."""
    return Scim(scim.app, token=token)


def assert_refused(response: TestResponse) -> None:
    """Check that an answer is a 401 that does not say why."""
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    if response.request.method != "HEAD":
        assert_error(response, 401, None, "The bearer token is missing, unknown, expired or revoked.")


@pytest.fixture(scope="module")
def sealed() -> Scim:
    """A client of an application whose store must not be touched."""
    app = Flask("sealed")
    BsrScim(app, backend="memory://")
    scim = Scim(app)
    seal(service_of(scim).backend)
    return scim


def rules() -> Iterator[str]:
    """Yield a path for every URL rule of the blueprint, below the prefix; the admin API's have a test of their own."""
    app = Flask("rules")
    BsrScim(app, backend="memory://")
    values = {"resource_id": "1", "name": "User", "urn": "urn:x", "_rest": "a/b/c"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("bsr_scim.") and not rule.endpoint.endswith(ADMIN_API):
            yield PARAMETER.sub(lambda found: values[found[1]], rule.rule).removeprefix(PREFIX)


RULES = tuple(rules())


def test_the_walk_knows_every_rule() -> None:
    """The table of rules has each route, those of a resource for two types, with one and with two slashes."""
    assert len(RULES) == 2 * sum(2 if path.startswith("/<endpoint>") else 1 for path in ROUTES)


@pytest.mark.requirement("Z-01", "Z-07")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", RULES)
def test_every_rule_refuses_strangers(path: str, method: str, sealed: Scim) -> None:
    """Without a credential every rule answers 401 to every method, with body and store untouched."""
    if (method, path) in PUBLIC:
        return
    assert_refused(sealed(method, path, headers={"Authorization": None}, environ=UNREAD))


@pytest.mark.requirement("Z-01")
@pytest.mark.parametrize("path", ["", "/x/y/z", "//", "/Users//", "/Users/../Groups", "/Users/a\nb/c", "/\0", "/%"])
def test_odd_paths_refuse_strangers(path: str, sealed: Scim) -> None:
    """A path under the prefix that means nothing is no way round the guard."""
    environ = {"PATH_INFO": PREFIX + path, **UNREAD}
    assert_refused(sealed("GET", headers={"Authorization": None}, environ=environ))


@pytest.mark.requirement("D-09")
@pytest.mark.parametrize(("method", "path"), sorted(PUBLIC))
def test_the_configuration_is_public(method: str, path: str, sealed: Scim) -> None:
    """ServiceProviderConfig can be read without a credential, and with a wrong one."""
    for credential in (None, "Bearer wrong"):
        assert sealed(method, path, headers={"Authorization": credential}, environ=UNREAD).status_code == 200


@pytest.mark.requirement("D-09")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/ServiceProviderConfig"),
        ("OPTIONS", "/ServiceProviderConfig"),
        ("GET", "/ServiceProviderConfig/x"),
        ("GET", "/ServiceProviderConfig//"),
        ("GET", "/Users/ServiceProviderConfig"),
        ("GET", "/Schemas/ServiceProviderConfig"),
        ("GET", "/serviceproviderconfig"),
    ],
)
def test_nothing_beside_the_configuration_is_public(method: str, path: str, sealed: Scim) -> None:
    """Only GET and HEAD, and only of that one document."""
    assert_refused(sealed(method, path, headers={"Authorization": None}))


@pytest.mark.requirement("D-09")
def test_the_configuration_can_be_closed(make_scim: Callable[..., Scim]) -> None:
    """With `SCIM_PUBLIC_CONFIG` off it needs a token as well."""
    scim = make_scim(public_config=False)
    assert_refused(scim.get("/ServiceProviderConfig", headers={"Authorization": None}))
    assert scim.get("/ServiceProviderConfig").status_code == 200


@pytest.mark.requirement("D-09", "Z-01")
def test_strangers_see_one_document(scim: Scim) -> None:
    """The configuration, and neither schemas nor types nor anybody; with a wrong token, too."""
    for credential in (None, "Bearer wrong-wrong-wrong-wrong"):
        anonymous: dict[str, Any] = {"headers": {"Authorization": credential}}
        assert scim.get("/ServiceProviderConfig", **anonymous).status_code == 200
        for path in ("/Schemas", "/ResourceTypes", "/Users", "/Groups", "/", "/Me"):
            assert_refused(scim.get(path, **anonymous))
        assert_refused(scim.post("/Bulk", {}, **anonymous))
        assert_refused(scim.post("/Users/.search", {}, **anonymous))


@pytest.mark.requirement("Z-01", "Z-07")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_strangers_do_not_learn_who_is_there(method: str, scim: Scim) -> None:
    """The answer is the same for an id that is there and for one that is not, and the body is not read."""
    bob = scim.user()
    answers = [
        scim(method, path, headers={"Authorization": None}, environ=UNREAD) for path in (path_of(bob), "/Users/nobody")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert scim.get(path_of(bob)).json == bob


MALFORMED = {
    "empty": "",
    "blank": "   ",
    "Basic": "Basic dXNlcjpwYXNzd29yZHBhc3N3b3Jk",
    "Digest": f'Digest username="{TOKEN}"',
    "no scheme": TOKEN,
    "scheme alone": "Bearer",
    "scheme and blanks": "Bearer   ",
    "short": "Bearer t",
    "no blank": f"Bearer{TOKEN}",
    "tab": f"Bearer\t{TOKEN}",
    "colon": f"Bearer: {TOKEN}",
    "two credentials": f"Bearer {TOKEN} {TOKEN}",
    "two headers": f"Bearer {TOKEN},Bearer {TOKEN}",
    "two headers with a blank": f"Bearer {TOKEN}, Bearer {TOKEN}",
    "in quotes": f'Bearer "{TOKEN}"',
    "a parameter": f"Bearer token={TOKEN}",
    "beginning of the token": f"Bearer {TOKEN[:-1]}",
    "more than the token": f"Bearer {TOKEN}0",
    "padded": f"Bearer {TOKEN}=",
    "other case": f"Bearer {TOKEN.upper()}",
    "another prefix": f"Bearer bsrwrong_default_{'x' * 43}",
    "no tenant": f"Bearer bsrscim__{'x' * 43}",
    "unknown tenant": f"Bearer bsrscim_nowhere_{'x' * 43}",
    "odd tenant": f"Bearer bsrscim_../../etc_{'x' * 43}",
    "no secret": "Bearer bsrscim_default_",
    "unknown secret": f"Bearer bsrscim_default_{'x' * 43}",
    "unicode": "Bearer tokén-tokén-tokén-tokén".encode().decode("latin-1"),
    "long s for the scheme": f"Bea\u0157er {TOKEN}".encode().decode("latin-1"),
    "NUL": f"Bearer {TOKEN}\0",
    "long": "Bearer " + "x" * 100_000,
    "long padding": f"Bearer {TOKEN}" + "=" * 100_000,
    "many blanks": "Bearer " + " " * 100_000,
}


@pytest.mark.requirement("Z-02")
@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_credentials_are_refused(name: str, reading: Scim) -> None:
    """Whatever is not the scheme, blanks and one token is no credential."""
    environ = {"HTTP_AUTHORIZATION": MALFORMED[name]}
    assert_refused(reading.get("/Users", headers={"Authorization": None}, environ=environ))


@pytest.mark.requirement("Z-01")
@pytest.mark.parametrize(
    "header", [f"Bearer Bearer {TOKEN}", f"bearer   BEARER {TOKEN}", "Bearer Bearer", "Bearer Bearer:x"]
)
def test_the_word_twice_is_explained(header: str, sealed: Scim) -> None:
    """Who typed the word into a field that adds it is told so, whatever the token."""
    response = sealed.get("/Users", headers={"Authorization": header})
    assert_error(response, 401, None, "Enter the token without the word Bearer.")


@pytest.mark.requirement("Z-02")
@pytest.mark.parametrize("header", ["bearer {}", "BEARER {}", "bEaReR {}", "Bearer    {}"])
def test_the_scheme_has_no_letter_case(header: str, reading: Scim) -> None:
    """The name of the scheme is matched without regard to case; more than one blank may follow it."""
    assert reading.get("/Users", headers={"Authorization": header.format(TOKEN)}).status_code == 200


@pytest.mark.requirement("Z-02")
def test_one_header_with_scheme_and_token_is_a_credential(scim: Scim) -> None:
    """In any letter case; the scheme alone, another one, and two headers are none."""
    token = scim.token
    for header in (f"Bearer {token}", f"bearer {token}", f"BEARER {token}"):
        assert scim.get("/Users", headers={"Authorization": header}).status_code == 200
    for header in ("Bearer", "Bearer ", f"Basic {token}", token, f"Bearer {token}, Bearer {token}"):
        assert_refused(scim.get("/Users", headers={"Authorization": header}))


@pytest.mark.requirement("Z-04")
def test_tokens_are_compared_in_constant_time(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of the settings, and those that are stored."""
    stored = new_token(fresh)
    compared: list[Any] = []
    compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: (compared.append(one), compare(one, other))[1])
    for token in (TOKEN, stored):
        compared.clear()
        assert with_token(fresh, token).get("/Users").status_code == 200
        assert compared
    assert_refused(fresh.get("/Users", headers={"Authorization": f"Bearer {TOKEN[:-1]}x"}))
    assert_refused(fresh.get("/Users", query={"access_token": TOKEN}, headers={"Authorization": None}))


@pytest.mark.requirement("Z-04")
@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "bearer"])
def test_a_token_in_the_query_is_not_looked_at(name: str, reading: Scim) -> None:
    """A token belongs into the header; URLs end up in logs."""
    assert_refused(reading.get("/Users", query={name: TOKEN}, headers={"Authorization": None}))


@pytest.mark.requirement("Z-04")
def test_a_token_in_a_form_is_not_looked_at(reading: Scim) -> None:
    """Nor is one in the body (RFC 6750 §2.2)."""
    headers = {"Authorization": None, "Content-Type": "application/x-www-form-urlencoded"}
    assert_refused(reading.post("/Users", f"access_token={TOKEN}".encode(), headers=headers))


def test_no_token_means_nobody(backend_uri: str) -> None:
    """A service without a single token lets nobody in."""
    app = Flask("empty")
    BsrScim(app, backend=backend_uri)
    assert_refused(Scim(app).get("/Users"))


@pytest.mark.requirement("Z-05")
def test_a_stored_token_opens_the_service(fresh: Scim) -> None:
    """A token that was made is a credential."""
    assert with_token(fresh, new_token(fresh)).get("/Users").status_code == 200


@pytest.mark.requirement("Z-05")
def test_an_expired_token_is_refused(fresh: Scim) -> None:
    """A token ends at its time, neither later nor earlier."""
    service, now = service_of(fresh), datetime(2027, 1, 31, 12, tzinfo=UTC)
    service.backend.clock = lambda: now
    client = with_token(fresh, new_token(fresh, expires=now + timedelta(hours=1)))
    service.backend.clock = lambda: now + timedelta(minutes=59, seconds=59)
    assert client.get("/Users").status_code == 200
    service.backend.clock = lambda: now + timedelta(hours=1)
    assert_refused(client.get("/Users"))


@pytest.mark.requirement("Z-05")
def test_a_revoked_token_is_refused(fresh: Scim) -> None:
    """A token that was deleted is no credential, and the other one stays."""
    service = service_of(fresh)
    text, token = service.tokens.create("default")
    other = new_token(fresh)
    service.tokens.delete("default", token.id)
    assert_refused(with_token(fresh, text).get("/Users"))
    assert with_token(fresh, other).get("/Users").status_code == 200


@pytest.mark.requirement("Z-05")
def test_revocation_is_seen_by_every_application_at_once(tmp_path: Path) -> None:
    """Another process on the same file knows of it without delay, as it does of a new token."""
    one, two = (Flask(name) for name in ("one", "two"))
    for app in (one, two):
        BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}")
    service = service_of(Scim(one))
    text, token = service.tokens.create("default")
    client = Scim(two, token=text)
    assert client.get("/Users").status_code == 200
    service.tokens.delete("default", token.id)
    assert_refused(client.get("/Users"))


@pytest.mark.requirement("Z-06")
def test_a_token_that_reads_does_not_write(fresh: Scim) -> None:
    """It sees what there is; every write is 403, and changes nothing."""
    bob = fresh.user("bob")
    reader = with_token(fresh, new_token(fresh, kind=Kind.SCIM_READ))
    assert reader.get(path_of(bob)).json == bob
    for method, path in (("POST", "/Users"), ("PUT", path_of(bob)), ("PATCH", path_of(bob)), ("DELETE", path_of(bob))):
        assert_error(reader(method, path, user("ann")), 403, None, "scim.read")
    assert fresh.get("/Users").json["Resources"] == [bob]


@pytest.mark.requirement("Z-03")
def test_an_api_token_does_no_scim(fresh: Scim) -> None:
    """A token of the other kind is as unknown as any other text."""
    assert_refused(with_token(fresh, new_token(fresh, kind=Kind.API)).get("/Users"))


@pytest.mark.requirement("Z-03")
def test_a_token_with_another_prefix_is_refused(fresh: Scim) -> None:
    """The kind is in the token's hash, not only in its prefix."""
    text = new_token(fresh, kind=Kind.API)
    assert_refused(with_token(fresh, text.replace("bsrapi_", "bsrscim_")).get("/Users"))


@pytest.mark.requirement("Z-13")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["user", "group"])
def test_an_id_of_another_tenant_is_not_there(kind: str, method: str, fresh: Scim) -> None:
    """404 on every verb, the same answer as for an id that nobody has; and nothing happens."""
    mine = fresh.user() if kind == "user" else fresh.group()
    stranger = with_token(fresh, new_token(fresh, "other"))
    body = {**mine, "userName": "taken", "displayName": "taken"}
    if method == "PATCH":
        body = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "remove", "path": "externalId"}],
        }
    response = stranger(method, path_of(mine), body)
    unknown = stranger(method, path_of({**mine, "id": "0" * 36}), body)
    assert response.status_code == unknown.status_code == 404
    assert response.text == unknown.text.replace("0" * 36, mine["id"])
    assert fresh.get(path_of(mine)).json == mine


@pytest.mark.requirement("Z-13")
def test_tenants_do_not_see_each_other(fresh: Scim) -> None:
    """Lists, filters, unique values and members end at the tenant."""
    mine = fresh.user("bob@example.com", externalId="1")
    stranger = with_token(fresh, new_token(fresh, "other"))
    assert stranger.names() == []
    assert stranger.names(filter=f'id eq "{mine["id"]}" or externalId eq "1"') == []
    assert stranger.user("bob@example.com")["id"] != mine["id"]
    members = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G"}
    response = stranger.post("/Groups", {**members, "members": [{"value": mine["id"]}]})
    assert_error(response, 400, "invalidValue", mine["id"])
    group = stranger.group("G")
    response = stranger.patch(path_of(group), {"op": "add", "path": "members", "value": [{"value": mine["id"]}]})
    assert_error(response, 400, "invalidValue", mine["id"])
    assert "groups" not in fresh.get(path_of(mine)).json


def test_a_token_cannot_be_reached_over_scim(fresh: Scim) -> None:
    """What is stored beside users and groups has no endpoint, and its ids are nobody's."""
    service = service_of(fresh)
    _, token = service.tokens.create("default")
    for path in (f"/Users/{token.id}", f"/Groups/{token.id}", f"/Token/{token.id}", "/Tokens", "/Token"):
        assert fresh.get(path).status_code == 404
    assert fresh.get("/").json["Resources"] == []
    assert fresh.delete(f"/Users/{token.id}").status_code == 404
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "G"}
    assert_error(fresh.post("/Groups", {**group, "members": [{"value": token.id}]}), 400, "invalidValue")
    assert [t.id for t in service.tokens.list("default")] == [token.id]


def test_the_last_use_is_noted_once_a_minute(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """Last use is known to the minute, and requests in the same minute write nothing."""
    service, now = service_of(fresh), datetime(2027, 1, 31, 12, 0, 5, tzinfo=UTC)
    client = with_token(fresh, new_token(fresh))
    writes: list[str] = []
    touch = service.backend._touch
    monkeypatch.setattr(service.backend, "_touch", lambda *args: (writes.append(args[-1]), touch(*args)))
    for seconds in (0, 1, 54, 55, 56, 130):
        service.backend.clock = lambda seconds=seconds: now + timedelta(seconds=seconds)
        assert client.get("/Users").status_code == 200
    assert writes == ["2027-01-31T12:00", "2027-01-31T12:01", "2027-01-31T12:02"]
    (token,) = service.tokens.list("default")
    assert token.last_used == "2027-01-31T12:02"


def test_the_store_decides_nothing_about_a_fixed_token(sealed: Scim) -> None:
    """A malformed credential costs no access to the store."""
    assert_refused(sealed.get("/Users", headers={"Authorization": "Bearer not-of-this-service"}))


@pytest.mark.requirement("Z-04", "Z-08")
def test_secrets_are_nowhere(fresh: Scim, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither tokens nor passwords get into a log, an answer, the change log or the store's file."""
    caplog.set_level(logging.DEBUG)
    fixed, password = fresh, "pass-word-in-clear"
    text = new_token(fixed, description="okta")
    for client in (fixed, with_token(fixed, text)):
        _run_hostile_requests(client, text, password)
    service = service_of(fixed)
    for token in service.tokens.list("default"):
        service.tokens.delete("default", token.id)
    assert_refused(with_token(fixed, text).get("/Users"))
    log = repr(service.backend.log("default", count=10_000))
    service.backend.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (TOKEN, text, text.split("_", 2)[2], password, "Authorization", "Bearer "):
        assert secret not in caplog.text
        assert secret not in log
        assert secret.encode() not in stored


@pytest.mark.requirement("Z-12")
@pytest.mark.parametrize("path", ["/.search", "/Users/.search"])
def test_a_search_keeps_its_filter_out_of_the_log(path: str, fresh: Scim, caplog: pytest.LogCaptureFixture) -> None:
    """What is in the body is in no address and in no line, nor is the query of a GET."""
    caplog.set_level(logging.DEBUG)
    expression = 'userName eq "bob.private@example.com"'
    assert fresh.post(path, {"schemas": [SEARCH], "filter": expression}).status_code == 200
    assert fresh.get("/Users", query={"filter": expression}).status_code == 200
    assert f"POST '{PREFIX}{path}' 200" in caplog.text
    assert "private" not in caplog.text


def _run_hostile_requests(client: Scim, token: str, password: str) -> None:
    name = f"u{token[-8:]}" if client.token == token else "u"
    mine = client.user(name, password=password)
    where = path_of(mine)
    client.put(where, user(name, password=password, active=5))
    client.put(where, user(name, password=[password]))
    client.patch(where, {"op": "replace", "path": "password", "value": password})
    client.patch(where, {"op": "replace", "value": {"password": {"x": password}}})
    client.patch(where, {"op": "add", "path": "password", "value": 5})
    client.patch(where, {"op": "remove", "path": "password"})
    client.get("/Users", query={"filter": f'password eq "{password}"'})
    client.get("/Users", query={"access_token": token, "filter": f"{token} eq"})
    client.get("/Users", query={"sortBy": "password", "attributes": "password"})
    client.get("/Users", headers={"Authorization": f"Bearer {token}x"})
    client.get("/Users", headers={"Authorization": f"Basic {token}", "X-Request-Id": token, "Cookie": token})
    client.get(f"/Users/{token}")
    client.get("/Users", headers={"If-None-Match": token, "Accept": token, "Content-Type": token})
    client.post("/Users", b'{"password": "' + password.encode() + b'", }')
    client.post("/Users", user(name, password=password))
    client("PURGE", "/Users", {"password": password})


def test_line_ends_do_not_reach_log_or_headers(reading: Scim, caplog: pytest.LogCaptureFixture) -> None:
    """CR and LF of a path or a request id make neither a new line in the log nor a header."""
    caplog.set_level(logging.DEBUG)
    environ = {"PATH_INFO": f"{PREFIX}/Users/a\r\nX-Evil: 1", "HTTP_X_REQUEST_ID": "a\r\nX-Evil: 1"}
    response = reading.get(environ=environ)
    assert response.status_code == 404
    assert "X-Evil" not in response.headers
    assert re.fullmatch("[0-9a-f]{32}", response.headers["X-Request-Id"])
    assert not any("\n" in record.getMessage() or "\r" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("abc-1.2_X", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("ä", False), ("", False)],
    ids=["plain", "longest", "too long", "blank", "not ASCII", "empty"],
)
def test_the_request_id_of_a_proxy_is_kept(sent: str, kept: bool, reading: Scim) -> None:
    """A plain request id is taken over, so that logs can be matched; anything else is replaced."""
    response = reading.get("/Users", environ={"HTTP_X_REQUEST_ID": sent})
    assert (response.headers["X-Request-Id"] == sent) is kept


def test_a_change_knows_token_and_request(fresh: Scim) -> None:
    """The change log names the token by its id, and the request."""
    service = service_of(fresh)
    text, token = service.tokens.create("default")
    with_token(fresh, text).post("/Users", user("u"), headers={"X-Request-Id": "r-1"})
    (entry,) = (entry for entry in service.backend.log("default") if entry.type == "User")
    assert (entry.token_id, entry.request_id, entry.operation) == (token.id, "r-1", "create")


@pytest.mark.requirement("Z-03", "Z-06")
def test_a_credential_without_the_right_is_forbidden(fresh: Scim) -> None:
    """Another kind of bearer is one more verifier; known, and not for SCIM, is 403 before anything else."""
    verifiers = service_of(fresh).verifiers
    verifiers.append(lambda text: Principal("default", "reader", frozenset()) if text == "x" * 20 else None)
    response = with_token(fresh, "x" * 20).post("/Users", b"{", environ={"wsgi.input": Untouchable()})
    assert_error(response, 403, None, "not allowed")
    verifiers.append(lambda text: Principal("acme", "other", frozenset({SCIM_SCOPE})) if text == "y" * 20 else None)
    assert with_token(fresh, "y" * 20).user("bob")["userName"] == "bob"
    assert fresh.names() == []
    assert_refused(with_token(fresh, "z" * 20).get("/Users"))


def test_a_token_of_a_tenant_with_another_profile_is_forbidden(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two services on one store: the tenant of the one cannot be misread by the other, which says so in its log."""
    uri = f"sqlite:///{tmp_path / 'scim.db'}"
    app = Flask("two")
    BsrScim(app, backend=uri)
    full = Service(read_settings({"SCIM_BACKEND": f"{uri}?synchronous=NORMAL"}))
    full.backend.open("acme", "rfc7643")
    token, _ = full.tokens.create("acme")
    assert_error(Scim(app, token=token).get("/Users"), 403, None, "another schema profile")
    assert "the tenant 'acme' holds resources of the profile 'rfc7643'" in caplog.text
    administrator = full.registry("acme").users.create_admin("ada@example.com")
    api_token, _ = full.tokens.create("acme", Kind.API, user=administrator.id)
    with app.app_context(), pytest.raises(Forbidden, match="another schema profile"):
        current_service().authenticate_admin(api_token)
