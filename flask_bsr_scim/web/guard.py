"""The guards, one over each kind of endpoint: nobody passes without a valid credential."""

import re

from flask import Request

from flask_bsr_scim.errors import Forbidden, Unauthorized
from flask_bsr_scim.registry.api.caller import REFUSAL
from flask_bsr_scim.web.service import NOBODY, SCIM_SCOPE, Principal, Service

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{16,4096}=*)", re.IGNORECASE | re.ASCII)
"""RFC 6750 §2.1, one credential."""


def authorize_scim(service: Service, request: Request) -> Principal:
    """Return who makes a SCIM request.

    :raises Unauthorized: there is no credential, or none that is valid.
    :raises Forbidden: the credential is valid and not for SCIM.
    """
    credential = _credential(request)
    principal = service.authenticate(credential) if credential else None
    if principal is None:
        raise Unauthorized()
    if SCIM_SCOPE not in principal.scopes:
        raise Forbidden()
    return principal


def authorize_public(service: Service, request: Request) -> Principal:
    """Return who makes a request that, by setting, needs no credential; errors as in :func:`authorize_scim`."""
    if service.settings.public_config and request.method in ("GET", "HEAD"):
        return NOBODY
    return authorize_scim(service, request)


def authorize_admin(service: Service, request: Request) -> Principal:
    """Return who makes a request to the admin API.

    :raises Unauthorized: there is no API token, or none that is valid.
    """
    credential = _credential(request)
    principal = service.authenticate_admin(credential) if credential else None
    if principal is None:
        raise Unauthorized(REFUSAL)
    return principal


def _credential(request: Request) -> str | None:
    match = _BEARER.fullmatch(request.environ.get("HTTP_AUTHORIZATION", ""))
    return match[1] if match else None
