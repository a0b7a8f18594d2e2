"""The guards, one over each kind of endpoint: nobody passes without a valid credential."""

import re

from flask import Request

from flask_bsr_scim.errors import InsufficientScope, Unauthorized
from flask_bsr_scim.registry.api.caller import REFUSAL
from flask_bsr_scim.web.principal import NOBODY, READ_SCOPE, SCIM_SCOPE, Principal
from flask_bsr_scim.web.service import Service

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{16,4096}=*)", re.IGNORECASE | re.ASCII)
"""RFC 6750 §2.1, one credential."""

_TWICE = re.compile(r"bearer +bearer\b", re.IGNORECASE | re.ASCII)
"""What comes of a field of Okta's that adds the word by itself."""


def authorize_scim(service: Service, request: Request) -> Principal:
    """Return who makes a SCIM request.

    :raises Unauthorized: there is no credential, or none that is valid.
    """
    credential = _credential(request)
    principal = service.authenticate(credential) if credential else None
    if principal is None:
        raise Unauthorized()
    return principal


def permit_scim(principal: Principal, request: Request) -> None:
    """Return when a credential allows a SCIM request.

    :raises InsufficientScope: it does not.
    """
    if SCIM_SCOPE in principal.scopes or principal is NOBODY:
        return
    if READ_SCOPE not in principal.scopes:
        detail = f"This token is not allowed to do that: it has neither the scope {SCIM_SCOPE} nor {READ_SCOPE}."
        raise InsufficientScope(detail, SCIM_SCOPE)
    if not _only_reads(request):
        detail = f"This token is not allowed to do that: it has the scope {READ_SCOPE}, and this needs {SCIM_SCOPE}."
        raise InsufficientScope(detail, SCIM_SCOPE)


def _only_reads(request: Request) -> bool:
    """Tell whether a request changes nothing, by its method and the rule that took it: a path may deceive."""
    if request.method == "POST":
        return request.url_rule is not None and request.url_rule.rule.endswith("/.search")
    return request.method in ("GET", "HEAD")


def authorize_public(service: Service, request: Request) -> Principal:
    """Return who makes a request that needs no credential as long as it only reads; errors as above."""
    if request.method in ("GET", "HEAD"):
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


def permit_admin(principal: Principal, request: Request) -> None:
    """Return: what a call needs is asked where the call is known."""


def _credential(request: Request) -> str | None:
    header = request.environ.get("HTTP_AUTHORIZATION", "")
    match = _BEARER.fullmatch(header)
    if match is None and _TWICE.match(header):
        raise Unauthorized("Enter the token without the word Bearer.")
    return match[1] if match else None
