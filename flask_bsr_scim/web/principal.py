"""Who makes a request, and what a credential allows."""

from collections.abc import Callable
from typing import NamedTuple

from flask_bsr_scim.dialects import Dialect

SCIM_SCOPE = "scim"
"""Allows everything that SCIM offers in the tenant."""

READ_SCOPE = "scim.read"
"""Allows GET, HEAD and `.search`."""


class Principal(NamedTuple):
    """Who makes a request: a credential of one tenant, and what it may do there."""

    tenant: str
    token_id: str
    scopes: frozenset[str]
    dialect: Dialect | None = None
    """None: that of the service."""


NOBODY = Principal("", "", frozenset())
"""Whoever needs no credential."""

Me = Callable[[Principal], str | None]
"""Takes who makes a request; returns the id of the SCIM user for whom the credential stands, None when for nobody."""

Verifier = Callable[[str], Principal | None]
"""Takes the text of a bearer credential; returns whom it stands for, None when it is not one of the verifier's."""
