"""An authorization server for tests: its keys, its tokens, and the key set that it publishes."""

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from flask_bsr_scim.web.jwks import Jwks
from flask_bsr_scim.web.jwt_issuers import JwtIssuer
from flask_bsr_scim.web.jwt_tokens import JwtVerifier, KeyOf

ISSUER = "https://login.example.com/oauth2/default"
AUDIENCE = "https://directory.example.com/scim/v2"
CLIENT = "0oa1b2c3d4"
KEY_ID = "key-1"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

KEY, OTHER_KEY = (rsa.generate_private_key(65537, 2048) for _ in range(2))


def algorithm_of(name: str) -> Any:
    """Return PyJWT's algorithm of a name."""
    return jwt.get_algorithm_by_name(name)


def pem(key: PrivateKey) -> str:
    """Return the public half of a key in PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(key: PrivateKey = KEY, algorithm: str = "RS256", **members: Any) -> dict[str, Any]:
    """Return the public half of a key as a JWK; None leaves a member out."""
    known = algorithm_of(algorithm).to_jwk(key.public_key(), as_dict=True)
    known.pop("key_ops", None)
    everything = {**known, "kid": KEY_ID, "use": "sig", "alg": algorithm, **members}
    return {name: value for name, value in everything.items() if value is not None}


def key_set(*keys: Any) -> bytes:
    """Return a JWK Set."""
    return json.dumps({"keys": [*keys]}).encode()


KEY_SET = key_set(jwk())


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token with some changes; None leaves one out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": CLIENT,
        "client_id": CLIENT,
        "iat": now,
        "exp": now + 3600,
        "jti": "AT.1",
        "scope": "scim",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(header: Any, payload: Any, key: PrivateKey = KEY, algorithm: str = "RS256") -> str:
    """Return a token of any header and payload, signed whatever they say; bytes are taken as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = b".".join(map(base64url_encode, parts))
    return b".".join((text, base64url_encode(algorithm_of(algorithm).sign(text, key)))).decode()


def token(
    *, key: PrivateKey = KEY, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changes: Any
) -> str:
    """Return a good token with some changes in its header and claims; None leaves a member out."""
    members = {"alg": algorithm, "kid": KEY_ID, "typ": "at+jwt", **(header or {})}
    kept = {name: value for name, value in members.items() if value is not None}
    return signed(kept, claims(**changes), key, algorithm)


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class KeyServer:
    """What is at a JWKS URL, and how often somebody asked for it; an exception is raised."""

    def __init__(self, answer: bytes | Exception = KEY_SET) -> None:
        self.answer, self.asked = answer, 0

    def __call__(self, url: str) -> bytes:
        """Return the answer."""
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def verifier(server: KeyServer, clock: Callable[[], float] = time.monotonic, **changes: Any) -> JwtVerifier:
    """Return the verifier of the authorization server, whose key set comes from elsewhere."""
    settings = {"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": f"{ISSUER}/v1/keys", **changes}
    issuer = JwtIssuer(**settings)

    def key_of(issuer: JwtIssuer) -> KeyOf:
        return Jwks(issuer.jwks_url or "", issuer.algorithm, server, clock).find

    return JwtVerifier([issuer], key_of)
