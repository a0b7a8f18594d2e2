"""Access tokens that are JWTs: whose are taken, and which never (RFC 9068 §4, RFC 8725)."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from jwt.utils import base64url_decode, base64url_encode

from flask_bsr_scim import BsrScim, ConfigurationError, current_service
from flask_bsr_scim.errors import Forbidden
from flask_bsr_scim.web import server
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.jwks import Jwks
from flask_bsr_scim.web.jwt_tokens import LEEWAY, JwtVerifier
from tests.client import TOKEN, Scim, assert_error, user
from tests.docs.pages import DOCS, Block, blocks
from tests.stores import seal
from tests.web.jwts import (
    AUDIENCE,
    CLIENT,
    ISSUER,
    KEY,
    KEY_ID,
    OTHER_KEY,
    KeyServer,
    PrivateKey,
    claims,
    jwk,
    key_set,
    pem,
    signed,
    token,
    verifier,
)
from tests.web.test_guard import assert_refused, sealed, service_of, with_token

__all__ = ["sealed"]

ENTRY = {"issuer": ISSUER, "audience": AUDIENCE, "public_key": pem(KEY)}
verify = verifier(KeyServer())


def client(**changes: Any) -> Scim:
    """Return a client of an application that trusts the authorization server."""
    app = Flask("jwt")
    BsrScim(app, backend="memory://", jwt_issuers=[{**ENTRY, **changes}])
    return Scim(app)


# Whom a token stands for


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(token(), id="RFC 9068"),
        pytest.param(token(header={"typ": "application/at+jwt"}), id="the full name of the type"),
        pytest.param(token(header={"typ": "JWT"}), id="a type from before RFC 9068"),
        pytest.param(token(header={"typ": None}), id="no type, as Okta's"),
        pytest.param(token(header={"x5t": "abc", "x5c": ["MIIB"]}), id="a certificate, which is not looked at"),
        pytest.param(token(aud=["https://other.example.com", AUDIENCE]), id="one of several audiences"),
        pytest.param(token(scope="openid scim"), id="one of several scopes"),
        pytest.param(token(scope=None, scp=["scim"]), id="scp, a list"),
        pytest.param(token(scope=None, scp="scim openid"), id="scp, a string"),
        pytest.param(token(nbf=int(time.time())), id="valid from now on"),
        pytest.param(token(client_id=None, groups=["ä", "\u202e", "\U0001f600"]), id="Unicode in another claim"),
    ],
)
def test_a_good_token_opens_its_tenant(text: str) -> None:
    """The signature is right, and each claim that RFC 9068 §2.2 demands is there and fits."""
    principal = verify(text)
    assert principal is not None
    assert principal == ("default", f"{ISSUER}#{CLIENT}", {"scim"}, None)


CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS384", "PS512", *CURVES, "EdDSA"])
def test_each_algorithm_of_public_keys_works(algorithm: str) -> None:
    """The algorithm is that of the setting, and the key's."""
    key: PrivateKey = KEY
    if algorithm in CURVES:
        key = ec.generate_private_key(CURVES[algorithm])
    elif algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
    check = verifier(KeyServer(key_set(jwk(key, algorithm))), algorithm=algorithm)
    assert check(token(key=key, algorithm=algorithm)) is not None
    assert check(token()) is None


def test_a_token_serves_requests_beside_stored_ones() -> None:
    """A JWT is one more kind of credential: stored tokens open the service as before."""
    scim = client()
    jwt_client = with_token(scim, token())
    jwt_client.user("bob")
    stored, _ = service_of(scim).tokens.create("default")
    assert with_token(scim, stored).names() == jwt_client.names() == ["bob"]
    assert_refused(scim.get("/Users"))


@pytest.mark.parametrize(("dialect", "status"), [("strict", 400), ("default", 201), (None, 400)])
def test_an_issuer_may_name_a_dialect(dialect: str | None, status: int) -> None:
    """It is that of all its tokens; without one they speak that of the service, `interop` here."""
    app = Flask("jwt")
    BsrScim(app, backend="memory://", dialect="interop", jwt_issuers=[{**ENTRY, "dialect": dialect}])
    assert Scim(app, token=token()).post("/Users", user("bob", active="True")).status_code == status


def test_the_change_log_names_issuer_and_subject() -> None:
    """The actor of a change has a stable id, whatever token the subject got this time."""
    scim = client()
    for name, text in (("a", token()), ("b", token(jti="AT.2"))):
        with_token(scim, text).post("/Users", user(name))
    entries = [entry for entry in service_of(scim).backend.log("default") if entry.type == "User"]
    assert [entry.token_id for entry in entries] == [f"{ISSUER}#{CLIENT}"] * 2


@pytest.mark.parametrize(
    "subject",
    ["a\nb", "a b", "x" * 129, "ü", "\u202e", "~" + "0" * 32, "", '"', "\0".replace("\0", "\x7f")],
    ids=ascii,
)
def test_an_odd_subject_has_a_plain_name(subject: str) -> None:
    """What gets into the log is short, printable and in one line; two subjects never share a name."""
    names = [verify(token(sub=sub)).token_id for sub in (subject, subject + "x", subject)]  # type: ignore[union-attr]
    assert names[0] == names[2] != names[1]
    assert names[0].removeprefix(ISSUER)[:2] == "#~"
    assert len(names[0]) == len(ISSUER) + 34
    assert names[0].isascii()
    assert names[0].isprintable()


TENANTS = {"tenant_claim": "org", "tenants": {"Acme Inc.": "acme", "7": "seven"}}


def test_an_issuer_opens_one_tenant() -> None:
    """Without a claim that decides, all of an issuer's tokens open the tenant of the setting."""
    scim = client(tenant="globex")
    with_token(scim, token(org="Acme Inc.")).user("bob")
    assert with_token(scim, token()).names() == ["bob"]
    stored, _ = service_of(scim).tokens.create("default")
    assert with_token(scim, stored).names() == []


def test_a_claim_chooses_the_tenant() -> None:
    """Tokens of one issuer open different tenants, by a table of what its claim may say."""
    scim = client(**TENANTS)
    with_token(scim, token(org="Acme Inc.")).user("bob")
    assert with_token(scim, token(org="Acme Inc.")).names() == ["bob"]
    assert with_token(scim, token(org="7")).names() == []


@pytest.mark.parametrize("org", ["acme", "default", "ACME INC.", 7, None, ["7"], {}, "", True], ids=repr)
def test_a_tenant_outside_the_table_is_forbidden(org: Any) -> None:
    """A tenant is opened only by what the table lists: neither by its own name nor by anything alike."""
    with pytest.raises(Forbidden):
        verifier(KeyServer(), **TENANTS)(token(org=org))
    assert_error(with_token(client(**TENANTS), token(org=org)).get("/Users"), 403, None, 'claim "org" names no tenant')


# Which tokens never


def unsigned(algorithm: str) -> str:
    """Return a good token without a signature, for an algorithm that needs none."""
    parts = ({"alg": algorithm, "kid": KEY_ID}, claims())
    return ".".join(base64url_encode(json.dumps(part).encode()).decode() for part in parts) + "."


def with_secret(secret: bytes) -> str:
    """Return a good token that is signed by an HMAC."""
    text = b".".join(
        base64url_encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": KEY_ID}, claims())
    )
    algorithm = jwt.get_algorithm_by_name("HS256")
    # PyJWT itself would not sign with the text of a public key.
    return b".".join((text, base64url_encode(algorithm.sign(text, secret)))).decode()


def changed(text: str, part: int, change: Callable[[str], str]) -> str:
    """Return a token with one of its three parts changed."""
    parts = text.split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def retold(text: str) -> str:
    """Return the payload of a token with more rights."""
    payload = json.loads(base64url_decode(text))
    return base64url_encode(json.dumps({**payload, "sub": "root"}).encode()).decode()


NOW = int(time.time())
GOOD = token()
HEADER = {"alg": "RS256", "kid": KEY_ID}

FORGED = {
    "none": unsigned("none"),
    "None": unsigned("None"),
    "none with a signature": unsigned("none") + "AAAA",
    "no algorithm": token(header={"alg": None}),
    "an algorithm that is no string": token(header={"alg": ["RS256"]}),
    "HMAC by the public key in PEM": with_secret(pem(KEY).encode()),
    "HMAC by the public key as a JWK": with_secret(json.dumps(jwk()).encode()),
    "HMAC by nothing": with_secret(b""),
    "another algorithm of the same key": token(algorithm="RS512"),
    "another padding of the same key": token(algorithm="PS256"),
    "an algorithm that is not the one it names": signed({"alg": "RS256", "kid": KEY_ID}, claims(), algorithm="PS256"),
    "another key": token(key=OTHER_KEY),
    "the key in its header": token(key=OTHER_KEY, header={"jwk": jwk(OTHER_KEY)}),
    "a right signature, and a key in the header": token(header={"jwk": jwk()}),
    "the address of its keys": token(key=OTHER_KEY, header={"jku": "https://evil.example.com/keys"}),
    "a right signature, and an address of keys": token(header={"jku": f"{ISSUER}/v1/keys"}),
    "the address of a certificate": token(header={"x5u": "https://evil.example.com/cert"}),
    "an unknown extension": token(header={"crit": ["exp2"], "exp2": 1}),
    "an extension that PyJWT knows": token(header={"crit": ["b64"], "b64": True}),
    "extensions of none": token(header={"crit": []}),
    "no key id": token(header={"kid": None}),
    "an unknown key id": token(header={"kid": "key-2"}),
    "a path for a key id": token(header={"kid": "../../etc/passwd"}),
    "SQL for a key id": token(header={"kid": "x' UNION SELECT 'key' --"}),
    "a key id that is no string": token(header={"kid": 1}),
    "a key id that is an object": token(header={"kid": {"$ne": ""}}),
    "a long key id": token(header={"kid": "k" * 2000}),
    "signature cut off": GOOD.rsplit(".", 1)[0] + ".",
    "signature shortened": GOOD[:-4],
    "signature of another token": changed(GOOD, 2, lambda _: token(jti="AT.2").split(".")[2]),
    "other claims": changed(GOOD, 1, retold),
    "another header": changed(GOOD, 0, lambda _: base64url_encode(b'{"alg":"RS256","kid":"key-1"}').decode()),
}

STALE = {
    "expired": token(exp=NOW - LEEWAY - 1),
    "expired long ago": token(exp=0),
    "not valid yet": token(nbf=NOW + 86_400),
    "issued in the future": token(iat=NOW + 86_400),
    "an end that is no number": token(exp="never"),
    "an end that is a list": token(exp=[NOW + 3600]),
    "a beginning that is no number": token(nbf="now"),
    "an end too large for a number": signed(
        HEADER, json.dumps(claims(exp=7)).replace('"exp": 7', '"exp": 1e999').encode()
    ),
    "an end that is NaN": signed(HEADER, json.dumps(claims(exp=float("nan"))).encode()),
    "an end of thousands of digits": signed(
        HEADER, json.dumps(claims(exp=7)).replace('"exp": 7', f'"exp": {"9" * 1000}').encode()
    ),
}

FOREIGN = {
    "another audience": token(aud="https://other.example.com"),
    "the beginning of the audience": token(aud=AUDIENCE[:-1]),
    "the audience and more": token(aud=f"{AUDIENCE}/"),
    "no audience in the list": token(aud=[]),
    "an audience that is an object": token(aud={AUDIENCE: 1}),
    "an audience among other things": token(aud=[AUDIENCE, 5]),
    "another issuer": token(iss="https://evil.example.com"),
    "the issuer with a slash": token(iss=f"{ISSUER}/"),
    "the issuer in upper case": token(iss=ISSUER.upper()),
    "a list of issuers": token(iss=[ISSUER]),
    "an issuer that is an object": token(iss={}),
    "an issuer with a line end": token(iss="https://evil.example.com\nx" + "\u202e"),
    **{f"no {name}": token(**{name: None}) for name in ("iss", "aud", "exp", "iat", "sub", "jti")},
    **{f"{name} is null": signed(HEADER, {**claims(), name: None}) for name in ("aud", "exp", "iat", "sub", "jti")},
    "a subject that is no string": token(sub=5),
    "an id that is no string": token(jti=5),
    "bound to a certificate": token(cnf={"x5t#S256": "abc"}),
    "bound to a key of the sender": token(cnf={"jkt": "abc"}),
    **{f"typ {name}": token(header={"typ": name}) for name in ("dpop+jwt", "logout+jwt", "secevent+jwt", "", 5, None)
       if name is not None},
}  # fmt: skip

BROKEN = {
    "two parts": GOOD.rsplit(".", 1)[0],
    "four parts": f"{GOOD}.{'A' * 8}",
    "five parts": f"{GOOD}.AAAA.AAAA",
    "a dot before": f".{GOOD}",
    "padding": f"{GOOD}==",
    "the other alphabet": changed(GOOD, 2, lambda part: part.replace("-", "+").replace("_", "/")[:-1] + "+"),
    "no Base64": changed(GOOD, 1, lambda part: part + "A" * (5 - len(part) % 4)),
    "a header that is a list": signed([HEADER], claims()),
    "claims that are a string": signed(HEADER, "claims"),
    "claims that are null": signed(HEADER, b"null"),
    "no JSON": signed(HEADER, b"{"),
    "the algorithm twice": signed(b'{"alg":"RS256","alg":"RS256","kid":"key-1"}', claims()),
    "the subject twice": signed(HEADER, json.dumps(claims())[:-1].encode() + b',"sub":"root"}'),
    "UTF-16": signed(HEADER, json.dumps(claims()).encode("utf-16")),
    "a byte order mark": signed(HEADER, b"\xef\xbb\xbf" + json.dumps(claims()).encode()),
    "not UTF-8": signed(HEADER, json.dumps(claims()).encode()[:-1] + b',"x":"\xff"}'),
    "half a surrogate pair": token(sub="\ud800"),
    "NUL": token(sub="a\0b"),
    "nested deep": signed(HEADER, json.dumps(claims())[:-1].encode() + b',"x":' + b"[" * 800 + b"]" * 800 + b"}"),
    "nested without an end": signed(HEADER, b'{"iss":' + b"[" * 1000),
    "a header nested deep": signed(b'{"alg":"RS256","x":' + b"[" * 800 + b"]" * 800 + b"}", claims()),
}

REFUSED = {**FORGED, **STALE, **FOREIGN, **BROKEN}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_right_in_every_way_is_refused(name: str) -> None:
    """One fault is enough, and no fault is an error inside."""
    assert verify(REFUSED[name]) is None


@pytest.fixture(scope="module")
def trusting() -> Scim:
    """A client of an application that trusts the authorization server, and whose store must not be touched."""
    app = Flask("trusting")
    BsrScim(app, backend="memory://")
    with app.app_context():
        service = current_service()
    service.verifiers.append(verify)
    seal(service.backend)
    return Scim(app)


@pytest.mark.parametrize("name", [name for name, text in REFUSED.items() if len(text) < 4096])
def test_the_answer_does_not_say_why(name: str, trusting: Scim, caplog: pytest.LogCaptureFixture) -> None:
    """401, without a look into the store; the log has the reason, in one line, and no token."""
    caplog.set_level(logging.DEBUG)
    assert_refused(with_token(trusting, REFUSED[name]).get("/Users"))
    assert all("\n" not in line.getMessage() and "\u202e" not in line.getMessage() for line in caplog.records)
    assert REFUSED[name].split(".")[1] not in caplog.text


@pytest.mark.parametrize("length", [4096, 4097, 100_000])
def test_a_huge_token_is_refused_unread(length: int, trusting: Scim) -> None:
    """A credential has at most 4096 characters."""
    text = token(x="x" * (length * 3 // 4))
    assert len(text) > length
    assert_refused(with_token(trusting, text).get("/Users"))


def test_clocks_may_differ_a_little() -> None:
    """Half a minute, and no more, lies between two machines."""
    now = int(time.time())
    assert verify(token(exp=now - 20, nbf=now + 30, iat=now + 30)) is not None


def test_a_key_that_is_too_short_is_not_used() -> None:
    """RFC 7518 §3.3: RSA keys have 2048 bits or more."""
    short = rsa.generate_private_key(65537, 1024)
    assert verifier(KeyServer(key_set(jwk(short))))(token(key=short)) is None


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS384", "RS512", "PS256"])
def test_a_key_alone_has_one_algorithm_too(algorithm: str) -> None:
    """The header does not choose among those that the key could be used with."""
    check = JwtVerifier(read_settings({"SCIM_JWT_ISSUERS": [ENTRY]}).jwt_issuers or ())
    forged = {"none": unsigned("none"), "HS256": with_secret(pem(KEY).encode())}
    assert check(forged.get(algorithm) or token(algorithm=algorithm)) is None
    assert check(token()) is not None


def test_issuers_do_not_sign_for_each_other() -> None:
    """The keys of one issuer verify none of another's tokens, though both are trusted."""
    other = {**ENTRY, "issuer": "https://other.example.com", "public_key": pem(OTHER_KEY), "tenant": "other"}
    app = Flask("two")
    BsrScim(app, backend="memory://", jwt_issuers=[ENTRY, other])
    for issuer, key, status in (
        (ISSUER, KEY, 200),
        (other["issuer"], OTHER_KEY, 200),
        (ISSUER, OTHER_KEY, 401),
        (other["issuer"], KEY, 401),
    ):
        assert Scim(app, token=token(iss=issuer, key=key)).get("/Users").status_code == status


@given(st.text(st.sampled_from("eyJ.-_AZaz09~+/"), max_size=200) | st.binary(max_size=100).map(lambda b: b.hex()))
def test_no_text_breaks_the_verifier(text: str) -> None:
    """Whatever is sent as a credential is no token."""
    assert verify(text) is None
    assert verify(f"eyJ{text}") is None


@given(
    st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
)
def test_no_signed_claims_break_the_verifier(odd: dict[str, Any]) -> None:
    """Nor do the claims of an authorization server that has gone mad."""
    for name in ("exp", "aud", "scope", "sub", "jti", "nbf", "iat"):
        for value in odd.values():
            verify(token(**{name: value}) if "\\ud" not in json.dumps(value) else GOOD)


def test_the_admin_api_takes_no_jwt() -> None:
    """A JWT is no API token."""
    scim = client()
    headers = {"Authorization": f"Bearer {token()}"}
    path = "/buf.alpha.registry.v1alpha1.TokenService/ListTokens"
    assert scim.app.test_client().post(path, json={}, headers=headers).status_code == 401


def test_tokens_are_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Neither log nor answers show a JWT, also where one was put by mistake."""
    caplog.set_level(logging.DEBUG)
    scim = with_token(client(), GOOD)
    answers = [
        scim.user("bob") and scim.get(f"/Users/{GOOD}"),
        scim.get("/Users", query={"filter": f'{GOOD} eq "x"'}),
        scim.get("/Users", headers={"X-Request-Id": GOOD[:64]}),
        with_token(scim, GOOD[:-1]).get(f"/{GOOD}"),
    ]
    shown = "".join(f"{answer.text} {answer.headers}" for answer in answers) + caplog.text
    assert not any(part in shown for part in GOOD.split(".")[1:])


# Settings


@pytest.mark.parametrize("block", blocks(DOCS / "how-to" / "tokens.md", "json")[:2], ids=["one tenant", "several"])
def test_the_settings_of_the_guide_are_right(block: Block) -> None:
    """What the page shows can be set, and takes tokens of its issuer."""
    (issuer,) = read_settings({"SCIM_JWT_ISSUERS": block.text}).jwt_issuers or ()
    text = token(iss=issuer.issuer, aud=issuer.audience, org_id="org_7Zk2")
    principal = JwtVerifier([issuer], lambda issuer: Jwks("", issuer.algorithm, KeyServer()).find)(text)
    assert principal is not None
    assert principal.tenant == ("acme" if issuer.tenants else "default")


def test_issuers_are_read_from_the_environment() -> None:
    """The setting is a list in an application, and its JSON text in the environment."""
    entries = [ENTRY, {"issuer": "b", "audience": "c", "algorithm": "ES256", "jwks_url": "https://b.example.com/keys"}]
    settings = read_settings({"SCIM_JWT_ISSUERS": entries})
    assert settings == read_settings({"SCIM_JWT_ISSUERS": json.dumps(entries)})
    assert settings.jwt_issuers is not None
    assert [(issuer.tenant, issuer.algorithm) for issuer in settings.jwt_issuers] == [
        ("default", "RS256"),
        ("default", "ES256"),
    ]


def test_a_host_hands_its_issuers_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """`flask scim serve` gives them to the standalone server as text, as the environment holds them."""
    served: list[Any] = []
    monkeypatch.setattr(server, "free_address", lambda host, port: host)
    monkeypatch.setattr(server, "serve", lambda *args: served.extend(args))
    app = client(**TENANTS).app
    result = app.test_cli_runner().invoke(args=["scim", "serve", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert isinstance(served[0]["SCIM_JWT_ISSUERS"], str)
    with app.app_context():
        assert read_settings(served[0]).jwt_issuers == current_service().settings.jwt_issuers


URL = {"public_key": None, "jwks_url": f"{ISSUER}/v1/keys"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param("", "must be a list of issuers, in JSON", id="empty"),
        pytest.param("[{]", "must be a list of issuers, in JSON", id="no JSON"),
        pytest.param("{}", "Invalid", id="no list"),
        pytest.param([5], "Invalid", id="no object"),
        pytest.param([{}], r"\[0\].*Missing data", id="nothing in it"),
        pytest.param([ENTRY, ENTRY], "names an issuer twice", id="twice"),
        pytest.param([{**ENTRY, "issuer": ""}], r"issuer: must be the text", id="no issuer"),
        pytest.param([{"issuer": ISSUER, "public_key": pem(KEY)}], "audience: Missing data", id="none at all"),
        pytest.param([{**ENTRY, "audience": ""}], "audience", id="no audience"),
        pytest.param([{**ENTRY, "audience": [AUDIENCE]}], "audience", id="several audiences"),
        pytest.param([{**ENTRY, "algorithm": "HS256"}], "algorithm", id="a shared secret"),
        pytest.param([{**ENTRY, "algorithm": "none"}], "algorithm", id="no algorithm"),
        pytest.param([{**ENTRY, "algorithms": ["RS256"]}], "algorithms: Unknown", id="several algorithms"),
        pytest.param([{**ENTRY, **URL, "public_key": "x"}], "either jwks_url or public_key", id="URL and key"),
        pytest.param([{**ENTRY, "public_key": None}], "either jwks_url or public_key", id="neither URL nor key"),
        pytest.param([{**ENTRY, "tenant": "No Name"}], "tenant", id="no tenant's name"),
        pytest.param([{**ENTRY, "tenant_claim": "org"}], "go together", id="a claim and no table"),
        pytest.param([{**ENTRY, "tenants": {"a": "b"}}], "go together", id="a table and no claim"),
        pytest.param([{**ENTRY, **TENANTS, "tenants": {"a": "B"}}], "tenants", id="no tenant's name in the table"),
        pytest.param([{**ENTRY, "scopes": {"all": "admin"}}], "scopes", id="a scope that there is not"),
        *[
            pytest.param([{**ENTRY, **URL, "jwks_url": url}], "must be an https:// URL", id=url)
            for url in (
                "http://login.example.com/keys", "http://127.0.0.1.example.com/keys", "http://localhost.example.com",
                "http://127.0.0.1@example.com/keys", "https://user:pass@example.com/keys", "http://10.0.0.1/keys",
                "http://169.254.169.254/keys", "ftp://example.com/keys", "file:///etc/passwd", "https://", "https://[::1",
                "https://example.com:99999/keys", "https://example.com/a b", "https://example.com/\n", "data:,{}", "",
            )
        ],
    ],
)  # fmt: skip
def test_a_wrong_setting_is_an_error(value: Any, message: str) -> None:
    """Mistakes are told at the start, with what would be right."""
    with pytest.raises(ConfigurationError, match=f"SCIM_JWT_ISSUERS: .*{message}"):
        read_settings({"SCIM_JWT_ISSUERS": value})


@pytest.mark.parametrize(
    "url", ["https://e.com/k", "http://127.0.0.1:8080/k", "http://localhost/k", "http://[::1]:1/k"]
)
def test_keys_come_over_https_or_from_this_machine(url: str) -> None:
    """Nobody on the way may change the keys."""
    (issuer,) = read_settings({"SCIM_JWT_ISSUERS": [{**ENTRY, **URL, "jwks_url": url}]}).jwt_issuers or ()
    assert issuer.jwks_url == url


PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        pytest.param("secret", "RS256", id="a secret"),
        pytest.param("", "RS256", id="empty"),
        pytest.param(pem(KEY).replace("MII", "AAA"), "RS256", id="broken"),
        pytest.param(PRIVATE, "RS256", id="the private key"),
        pytest.param(pem(KEY), "ES256", id="for another algorithm"),
        pytest.param(pem(ec.generate_private_key(ec.SECP384R1())), "ES256", id="on another curve"),
        pytest.param(pem(rsa.generate_private_key(65537, 1024)), "RS256", id="too short"),
    ],
)
def test_a_wrong_public_key_is_an_error_at_the_start(key: str, algorithm: str) -> None:
    """It is not found out with the first request, and a private key is not shown."""
    with pytest.raises(ConfigurationError, match=f"public_key of {ISSUER}") as raised:
        client(public_key=key, algorithm=algorithm)
    assert PRIVATE[60:100] not in str(raised.value)


def test_our_scopes_have_the_issuers_names() -> None:
    """A table says what the authorization server calls them; then no other name counts."""
    check = verifier(KeyServer(), scopes={"directory.write": "scim", "directory.read": "scim.read"})
    granted = [check(token(scope=scope)).scopes for scope in ("directory.read x", "directory.write", "scim")]  # type: ignore[union-attr]
    assert granted == [{"scim.read"}, {"scim"}, set()]


def test_the_fixed_token_is_no_jwt() -> None:
    """Verifiers do not get into each other's way."""
    app = Flask("both")
    BsrScim(app, backend="memory://", token=TOKEN, jwt_issuers=[ENTRY])
    assert [Scim(app, token=text).get("/Users").status_code for text in (TOKEN, GOOD, "x" * 20)] == [200, 200, 401]
