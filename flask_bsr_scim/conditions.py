"""Conditional requests (RFC 7644 §3.14, RFC 9110 §13)."""

from dataclasses import dataclass

from werkzeug.http import parse_etags

from flask_bsr_scim.errors import PreconditionFailed
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.view import SHOWS_GROUPS


@dataclass(frozen=True, slots=True)
class Conditions:
    """The values of If-Match and If-None-Match, None where the header is missing."""

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, resource: Resource) -> int | None:
        """Return the version that a write has to find: None when the client set no condition.

        Weak tags count, since this service gives out no others. A tag of an answer that held `groups` names the same
        version as one without: memberships are not part of it.

        :raises PreconditionFailed: If-Match names other versions only, or If-None-Match this one.
        """
        if self.if_none_match is not None and _names(self.if_none_match, resource.version):
            raise PreconditionFailed("The resource is in the version that If-None-Match names.")
        if self.if_match is None:
            return None
        if not _names(self.if_match, resource.version):
            raise PreconditionFailed()
        return None if self.if_match.strip() == "*" else resource.version

    def not_modified(self, etag: str) -> bool:
        """Tell whether a read can be answered with 304: If-None-Match names its entity tag, which covers all of it."""
        if self.if_none_match is None or etag.endswith(f'{SHOWS_GROUPS}"'):
            return False
        return parse_etags(self.if_none_match).contains_raw(etag)


NO_CONDITIONS = Conditions()


def _names(header: str, version: int) -> bool:
    tags = parse_etags(header.strip())
    return tags.contains_weak(str(version)) or tags.contains_weak(f"{version}{SHOWS_GROUPS}")
