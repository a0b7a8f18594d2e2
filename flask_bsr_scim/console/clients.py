"""Which identity provider a request comes from: by its User-Agent, else by the form of what it sends."""

import re
from collections.abc import Collection, Mapping

from flask_bsr_scim.dialects import Tolerance
from flask_bsr_scim.schema import JSON

OKTA, ENTRA = "Okta", "Entra ID"

SOMEBODY = "A client"

_AGENTS = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        ("okta", OKTA),
        ("azure|microsoft|entra|windows-aad", ENTRA),
        ("onelogin", "OneLogin"),
        ("jumpcloud", "JumpCloud"),
        ("authentik|goauthentik", "authentik"),
        ("keycloak", "Keycloak"),
        ("pingfederate|pingone|ping ?identity", "Ping"),
        ("google", "Google"),
        ("scim2-tester|scim2-client", "scim2-tester"),
        ("^curl/", "curl"),
    )
)

_MICROSOFT = "schemas.microsoft.com"


def recognized(agent: str, query: str, document: JSON, tolerances: Collection[str]) -> str:
    """Return what a client is called.

    :param document: the body, None when there is none.
    """
    for pattern, name in _AGENTS:
        if pattern.search(agent):
            return name
    if _looks_like_entra(agent, query, document, tolerances):
        return ENTRA
    product = re.match(r"[A-Za-z][\w .-]{0,30}", agent)
    return product[0].strip() if product else SOMEBODY


def _looks_like_entra(agent: str, query: str, document: JSON, tolerances: Collection[str]) -> bool:
    """Tell whether a request has what Entra ID alone sends: it names itself in no header."""
    if "aadoptscim" in query.lower() or Tolerance.OPERATION_IN_CAPITALS in tolerances:
        return True
    schemas = document.get("schemas") if isinstance(document, Mapping) else None
    if isinstance(schemas, list) and any(_MICROSOFT in str(urn) for urn in schemas[:10]):
        return True
    return not agent and "+eq+" in query
