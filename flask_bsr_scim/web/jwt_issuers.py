"""The authorization servers whose JWTs are accepted: SCIM_JWT_ISSUERS, read and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import orjson
from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.web.principal import READ_SCOPE, SCIM_SCOPE

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those of public keys: whoever verifies an HMAC could sign it too, and no public key must pass for its secret."""

_LONGEST = 512
_URL = re.compile(r"https?://[!-~]+")
_TENANT = validate.Regexp(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", error="must be a tenant's name")


@dataclass(frozen=True, slots=True)
class JwtIssuer:
    """An authorization server, the one algorithm of its keys, and what its tokens open."""

    issuer: str
    """The claim `iss`, compared exactly."""
    audience: str
    """What `aud` must hold."""
    algorithm: str = "RS256"
    jwks_url: str | None = None
    public_key: str | None = None
    """In PEM."""
    tenant: str = DEFAULT_TENANT
    tenant_claim: str | None = None
    """The claim that decides about the tenant, by the table `tenants`."""
    tenants: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=lambda: {SCIM_SCOPE: SCIM_SCOPE, READ_SCOPE: READ_SCOPE})
    """What the authorization server calls our scopes: its name → ours."""
    dialect: Dialect | None = None
    """None: that of the service."""


def _text(**options: Any) -> fields.String:
    return fields.String(validate=validate.Length(1, _LONGEST), **options)


class _IssuerSchema(Schema):
    issuer = fields.String(
        required=True, validate=validate.Regexp(rf"[!-~]{{1,{_LONGEST}}}\Z", error="must be the text of the claim iss")
    )
    audience = _text(required=True)
    algorithm = fields.String(validate=validate.OneOf(ALGORITHMS))
    jwks_url = fields.String(allow_none=True)
    public_key = fields.String(allow_none=True)
    tenant = fields.String(validate=_TENANT)
    tenant_claim = _text(allow_none=True)
    tenants = fields.Dict(_text(), fields.String(validate=_TENANT))
    scopes = fields.Dict(_text(), fields.String(validate=validate.OneOf((SCIM_SCOPE, READ_SCOPE))))
    dialect = fields.Enum(Dialect, by_value=True, allow_none=True)

    @validates_schema
    def _check(self, data: dict[str, Any], **_: Any) -> None:
        url = data.get("jwks_url")
        if (url is None) == (data.get("public_key") is None):
            raise ValidationError("name either jwks_url or public_key", "jwks_url")
        if url is not None and not _is_safe(url):
            raise ValidationError("must be an https:// URL, or http:// on this machine", "jwks_url")
        if bool(data.get("tenant_claim")) != bool(data.get("tenants")):
            raise ValidationError("tenant_claim and tenants go together", "tenant_claim")

    @post_load
    def _issuer(self, data: dict[str, Any], **_: Any) -> JwtIssuer:
        return JwtIssuer(**data)


class JwtIssuersField(fields.Field[tuple[JwtIssuer, ...]]):
    """Takes a list of issuers, also as JSON text, which is how it stands in the environment."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[JwtIssuer, ...]:
        try:
            issuers = _IssuerSchema().load(orjson.loads(value) if isinstance(value, str) else value, many=True)
        except orjson.JSONDecodeError:
            raise ValidationError("must be a list of issuers, in JSON") from None
        except ValidationError as error:
            raise ValidationError(_first(error.messages)) from None
        if len({issuer.issuer for issuer in issuers}) < len(issuers):
            raise ValidationError("names an issuer twice")
        return tuple(issuers)


def _is_safe(url: str) -> bool:
    """Tell whether nobody on the way can change what is read from a URL."""
    if not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _first(messages: Any) -> str:
    """Return the first of the nested messages, after what it is about: `[0].audience: …`."""
    if isinstance(messages, list):
        return str(messages[0])
    name, below = next(iter(messages.items()))
    where = f"[{name}]." if isinstance(name, int) else "" if name == "_schema" else f"{name}: "
    return where + _first(below)
