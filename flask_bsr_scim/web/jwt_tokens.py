"""Access tokens that are JWTs of an authorization server (RFC 9068), verified by the rules of RFC 8725."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import jwt
from jwt.algorithms import AllowedPublicKeys
from jwt.exceptions import InvalidTokenError, PyJWTError
from jwt.utils import base64url_decode

from flask_bsr_scim.errors import ConfigurationError, Forbidden, ScimError, shown
from flask_bsr_scim.strict_json import read_json
from flask_bsr_scim.web.jwks import Jwks
from flask_bsr_scim.web.jwt_issuers import JwtIssuer
from flask_bsr_scim.web.principal import Principal

log = logging.getLogger(__name__)

LEEWAY = 30
"""Seconds that the clocks of two machines may differ."""

_FORM = re.compile(r"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Three parts: what is encrypted has five, and what is not signed two."""

_REQUIRED = ["iss", "aud", "exp", "iat", "sub", "jti"]
"""Claims of RFC 9068 §2.2; `nbf` is checked when it is there."""

_TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
"""RFC 9068 §2.1, and what authorization servers wrote before it: the other names are those of tokens for other uses."""

_KEYS_OF_THE_SENDER = ("jku", "x5u", "jwk", "crit")
"""Members of a header that say where its key lies, or that it is to be understood otherwise."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._@|:/+=-]{1,128}")

Key = jwt.PyJWK | AllowedPublicKeys
KeyOf = Callable[[str], Key | None]


class _Unverified(NamedTuple):
    """What a token says before anybody knows whether it is true."""

    text: str
    header: dict[str, Any]
    issuer: str


class JwtVerifier:
    """Verifies tokens of any of several issuers.

    :raises ConfigurationError: a public key is none, or not for its algorithm.
    """

    def __init__(self, issuers: Iterable[JwtIssuer], key_of: Callable[[JwtIssuer], KeyOf] | None = None) -> None:
        self._issuers = {issuer.issuer: (issuer, (key_of or _key_of)(issuer)) for issuer in issuers}

    def __call__(self, credential: str) -> Principal | None:
        """Return whom a token stands for, None when it is no valid token of these issuers.

        :raises Forbidden: it is valid and its tenant is not served.
        :raises ServiceUnavailable: the keys of the issuer cannot be read.
        """
        token = _read(credential)
        if token is None:
            return None
        issuer, key_of = self._issuers.get(token.issuer, (None, None))
        if issuer is None or key_of is None:
            log.warning("a JWT of the issuer %s, which is not in SCIM_JWT_ISSUERS", shown(token.issuer))
            return None
        try:
            claims = _verified(token, issuer, key_of)
        except PyJWTError as error:
            log.warning("a JWT of %s is not valid: %s", issuer.issuer, shown(str(error), length=200))
            return None
        return Principal(_tenant(issuer, claims), _name(issuer, claims), _scopes(issuer, claims), issuer.dialect)


def _read(credential: str) -> _Unverified | None:
    """Return what a credential says of itself, None when it is no JWT."""
    if not _FORM.fullmatch(credential):
        return None
    try:
        header, claims = (read_json(base64url_decode(part)) for part in credential.split(".")[:2])
    except (ValueError, ScimError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict) or not isinstance(claims.get("iss"), str):
        return None
    return _Unverified(credential, header, claims["iss"])


def _verified(token: _Unverified, issuer: JwtIssuer, key_of: KeyOf) -> dict[str, Any]:
    """Return the claims of a token.

    :raises PyJWTError: it is not valid; the message says why.
    """
    _check_header(token.header)
    key = key_of(token.header.get("kid", ""))
    if key is None:
        raise InvalidTokenError("The issuer has no key of this id for the algorithm")
    claims = jwt.decode(
        token.text,
        key,
        algorithms=[issuer.algorithm],
        audience=issuer.audience,
        issuer=issuer.issuer,
        leeway=LEEWAY,
        options={"require": _REQUIRED, "enforce_minimum_key_length": True},
    )
    if "cnf" in claims:
        raise InvalidTokenError("The token is bound to a key of its sender, and is no bearer token")
    return claims


def _check_header(header: dict[str, Any]) -> None:
    for name in _KEYS_OF_THE_SENDER:
        if name in header:
            raise InvalidTokenError(f"The header has {name}")
    if str(header.get("typ", "jwt")).lower() not in _TYPES:
        raise InvalidTokenError("The header's typ is not that of an access token")
    if not isinstance(header.get("kid", ""), str):
        raise InvalidTokenError("The header's kid is no string")


def _tenant(issuer: JwtIssuer, claims: dict[str, Any]) -> str:
    """Return the tenant of a token.

    :raises Forbidden: none is named, or one that the issuer may not open.
    """
    if issuer.tenant_claim is None:
        return issuer.tenant
    value = claims.get(issuer.tenant_claim)
    tenant = issuer.tenants.get(value) if isinstance(value, str) else None
    if tenant is None:
        raise Forbidden(f"The token's claim {shown(issuer.tenant_claim)} names no tenant that it may open.")
    return tenant


def _name(issuer: JwtIssuer, claims: dict[str, Any]) -> str:
    """Return the name of a token's subject for logs: short and plain, whatever the subject is called."""
    subject = claims["sub"]
    if not _PLAIN_NAME.fullmatch(subject):
        subject = f"~{hashlib.sha256(subject.encode()).hexdigest()[:32]}"
    return f"{issuer.issuer}#{subject}"


def _scopes(issuer: JwtIssuer, claims: dict[str, Any]) -> frozenset[str]:
    """Return our scopes among those that were granted: `scope` (RFC 9068 §2.2.3) or `scp`, a string or a list."""
    granted = claims.get("scope", claims.get("scp"))
    names = granted.split(" ") if isinstance(granted, str) else granted if isinstance(granted, list) else ()
    return frozenset(issuer.scopes[name] for name in names if isinstance(name, str) and name in issuer.scopes)


def _key_of(issuer: JwtIssuer) -> KeyOf:
    """Return what finds a key of an issuer by its id."""
    if issuer.jwks_url is not None:
        return Jwks(issuer.jwks_url, issuer.algorithm).find
    key = _public_key(issuer)
    return lambda _: key


def _public_key(issuer: JwtIssuer) -> AllowedPublicKeys:
    """Return the key of an issuer that has one alone.

    :raises ConfigurationError: it is none, or is not for the algorithm.
    """
    text = issuer.public_key or ""
    try:
        if "PRIVATE" in text:
            raise ValueError("it is the private one")
        algorithm = jwt.get_algorithm_by_name(issuer.algorithm)
        key: AllowedPublicKeys = algorithm.prepare_key(text)
        if problem := algorithm.check_key_length(key):
            raise ValueError(problem)
    except (PyJWTError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"SCIM_JWT_ISSUERS: public_key of {issuer.issuer} is no public key in PEM for {issuer.algorithm}: {error}"
        ) from None
    return key
