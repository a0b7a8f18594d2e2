"""What a refused request had in the place of a good credential, without the credential."""

import re

NONE, TWICE, OTHER, API, SCIM, JWT, UNKNOWN = "none", "twice", "other", "api", "scim", "jwt", "unknown"

_FORMS = (
    (re.compile(r"bearer +bearer\b", re.IGNORECASE), TWICE),
    (re.compile(r"bearer +bsrapi_", re.IGNORECASE), API),
    (re.compile(r"bearer +bsrscim(?:read)?_", re.IGNORECASE), SCIM),
    (re.compile(r"bearer +eyJ[\w-]*\.", re.IGNORECASE), JWT),
    (re.compile(r"bearer +\S", re.IGNORECASE), UNKNOWN),
)
_TENANT = re.compile(r"bsr(?:scim|scimread|api)_([a-z0-9-]{1,63})_")


def form_of(header: str) -> str:
    """Return the form of an Authorization header.

    `none`, `twice` (the word Bearer), `api` and `scim` (a token of that kind), `jwt`, `unknown` (a bearer token of
    another form) or `other` (no bearer token).
    """
    if not header.strip():
        return NONE
    return next((form for pattern, form in _FORMS if pattern.match(header)), OTHER)


def tenant_in(header: str) -> str:
    """Return the tenant that the token of an Authorization header names, empty when it names none."""
    found = _TENANT.search(header)
    return found[1] if found else ""
