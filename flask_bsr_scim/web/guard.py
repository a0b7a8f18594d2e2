"""The one guard over everything under the prefix: nobody passes without a valid credential."""

import re

from flask import Request

from flask_bsr_scim.errors import Forbidden, Unauthorized
from flask_bsr_scim.web.service import SCIM_SCOPE, Principal, Service

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]{16,4096}=*)", re.IGNORECASE | re.ASCII)
"""RFC 6750 §2.1, one credential."""

_PUBLIC_ENDPOINT = "/ServiceProviderConfig"


def authorize(service: Service, request: Request) -> Principal:
    """Return who makes the request.

    :raises Unauthorized: there is no credential, or none that is valid.
    :raises Forbidden: the credential is valid and not for SCIM.
    """
    match = _BEARER.fullmatch(request.environ.get("HTTP_AUTHORIZATION", ""))
    principal = service.authenticate(match[1]) if match else None
    if principal is None:
        raise Unauthorized()
    if SCIM_SCOPE not in principal.scopes:
        raise Forbidden()
    return principal


def is_public(service: Service, request: Request) -> bool:
    """Tell whether the request may be answered without a credential: ServiceProviderConfig alone, by setting."""
    return (
        service.settings.public_config
        and request.method in ("GET", "HEAD")
        and (request.endpoint or "").endswith(_PUBLIC_ENDPOINT)
    )
