"""Settings: every `SCIM_*` and `BSR_*` key, read and checked once."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.exchange import UnknownMemberPolicy
from flask_bsr_scim.schema import PROFILES, Document
from flask_bsr_scim.web.jwt_issuers import JwtIssuer, JwtIssuersField
from flask_bsr_scim.web.schema_documents import SchemasField

_PREFIX = "SCIM_"
_REGISTRY_PREFIX = "BSR_"
_OF_THE_REGISTRY = frozenset({"group_provisioning", "sign_in_groups"})
"""Settings of the registry behind SCIM."""

_BASE_URL = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*"
)


class OpenApi(StrEnum):
    """Who can read the OpenAPI document."""

    TOKEN = "token"
    """Whoever has a token, as with the schemas of which it is made."""
    PUBLIC = "public"
    """Everybody."""
    OFF = "off"
    """Nobody: it is not there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one instance; :func:`key_of` tells the key of each."""

    backend: str = "sqlite:///bsr-scim.db"
    profile: str = "bsr"
    schemas: tuple[Document, ...] | None = None
    """Documents of extensions and types of the host."""
    dialect: Dialect = Dialect.DEFAULT
    base_url: str | None = None
    trusted_proxies: int = 0
    token: str | None = None
    jwt_issuers: tuple[JwtIssuer, ...] | None = None
    rate_limit: str | None = None
    rate_limit_storage: str = "memory://"
    synchronous: str = "FULL"
    log_days: int = 90
    max_results: int = 1000
    default_count: int = 100
    patch_body_members: int = 100
    unknown_members: UnknownMemberPolicy = UnknownMemberPolicy.REJECT
    public_config: bool = True
    openapi: OpenApi = OpenApi.TOKEN
    max_body_bytes: int = 2_000_000
    max_group_body_bytes: int = 16_000_000
    max_patch_operations: int = 1000
    max_bulk_operations: int = 1000
    max_bulk_bytes: int = 2_000_000
    log_level: str = "WARNING"
    """Of the standalone server: WARNING shows refused requests, INFO all."""
    metrics: bool = False
    console: bool = False
    """Whether there is a console, which records requests."""
    console_requests: int = 1000
    console_hours: int = 24
    group_provisioning: bool = True
    """Whether groups that are pushed over SCIM give their members organizations; else a sign-in ends them."""
    sign_in_groups: bool = False
    """Whether sign-ins carry group information, so that a SAML sign-in without it is refused."""

    def public_url(self, prefix: str) -> str | None:
        """Return the base URL that is set, with the prefix behind it when it has no path; None when there is none."""
        if self.base_url is None or self.base_url.count("/") > 2:
            return self.base_url
        return self.base_url + prefix


def _at_least(least: int) -> validate.Range:
    return validate.Range(min=least)


class _SettingsSchema(Schema):
    backend = fields.String(validate=validate.Regexp(r"[a-z+]+://", error="must be a URI, as sqlite:///file.db"))
    profile = fields.String(validate=validate.OneOf(PROFILES))
    schemas = SchemasField(allow_none=True)
    dialect = fields.Enum(Dialect, by_value=True)
    base_url = fields.String(allow_none=True)
    trusted_proxies = fields.Integer(validate=_at_least(0))
    token = fields.String(
        allow_none=True,
        validate=validate.Regexp(
            r"[A-Za-z0-9._~+/-]{16,4096}=*\Z", error="must be 16 or more letters, digits or - . _ ~ + / ="
        ),
    )
    jwt_issuers = JwtIssuersField(allow_none=True)
    rate_limit = fields.String(
        allow_none=True,
        validate=validate.Regexp(
            r"[1-9][0-9]{0,8}/(?:second|minute|hour|day)\Z", error="must be as 600/minute: second, minute, hour or day"
        ),
    )
    rate_limit_storage = fields.String(
        validate=validate.Regexp(r"[a-z+]+://", error="must be a URI, as redis://localhost:6379")
    )
    synchronous = fields.String(validate=validate.OneOf(("FULL", "NORMAL")))
    log_days = fields.Integer(validate=_at_least(1))
    max_results = fields.Integer(validate=_at_least(1))
    default_count = fields.Integer(validate=_at_least(1))
    patch_body_members = fields.Integer(validate=_at_least(0))
    unknown_members = fields.Enum(UnknownMemberPolicy, by_value=True)
    public_config = fields.Boolean()
    openapi = fields.Enum(OpenApi, by_value=True)
    max_body_bytes = fields.Integer(validate=_at_least(1))
    max_group_body_bytes = fields.Integer(validate=_at_least(1))
    max_patch_operations = fields.Integer(validate=_at_least(1))
    max_bulk_operations = fields.Integer(validate=_at_least(0))
    max_bulk_bytes = fields.Integer(validate=_at_least(1))
    log_level = fields.String(validate=validate.OneOf(("DEBUG", "INFO", "WARNING", "ERROR")))
    metrics = fields.Boolean()
    console = fields.Boolean()
    console_requests = fields.Integer(validate=validate.Range(min=1, max=100_000))
    console_hours = fields.Integer(validate=validate.Range(min=1, max=8760))
    group_provisioning = fields.Boolean()
    sign_in_groups = fields.Boolean()

    @post_load
    def _settings(self, data: dict[str, Any], **_: Any) -> Settings:
        if data.get("base_url") is not None:
            data["base_url"] = _checked_base_url(data["base_url"])
        return Settings(**data)


def key_of(name: str) -> str:
    """Return the key of a setting: `SCIM_` and its name in upper case, `BSR_` for those of the registry."""
    return f"{_REGISTRY_PREFIX if name in _OF_THE_REGISTRY else _PREFIX}{name.upper()}"


_NAMES = {key_of(field.name): field.name for field in dataclass_fields(Settings)}

KEYS = tuple(_NAMES)
"""Every key there is."""


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Return the settings that a configuration (as `app.config`) holds under its `SCIM_*` and `BSR_*` keys.

    :raises ConfigurationError: a `SCIM_*` key is unknown, a `BSR_*` key is nearly one of ours, or a value is not valid;
        the message says what would be.
    """
    for key in config:
        if key not in _NAMES and (key.startswith(_PREFIX) or _is_slip(key)):
            raise ConfigurationError(_unknown_key(key))
    try:
        loaded = _SettingsSchema().load({_NAMES[key]: value for key, value in config.items() if key in _NAMES})
    except ValidationError as error:
        name, messages = next(iter(error.messages_dict.items()))
        raise ConfigurationError(f"{key_of(name)}: {messages[0]}") from None
    settings: Settings = loaded
    return settings


def environment_settings(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the `SCIM_*` and `BSR_*` keys of the environment that are ours; other programs' are passed over.

    :raises ConfigurationError: a key is nearly one of ours, which is a slip of the pen.
    """
    for key in environ:
        if key not in _NAMES and _is_slip(key):
            raise ConfigurationError(_unknown_key(key))
    return {key: value for key, value in environ.items() if key in _NAMES}


def _is_slip(key: str) -> bool:
    return key.startswith((_PREFIX, _REGISTRY_PREFIX)) and bool(_near(key))


def _near(key: str) -> list[str]:
    return difflib.get_close_matches(key, KEYS, 1, cutoff=0.8)


def _unknown_key(key: str) -> str:
    near = _near(key)
    hint = f"did you mean {near[0]}?" if near else f"the keys are {', '.join(KEYS)}"
    return f"{key} is no setting; {hint}"


def _checked_base_url(url: str) -> str | None:
    if url and not _BASE_URL.fullmatch(url):
        raise ConfigurationError(
            f"SCIM_BASE_URL is {url!r}; it must be the URL that clients use, as https://directory.example.com/scim/v2"
        )
    return url.rstrip("/") or None
