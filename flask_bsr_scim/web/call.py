"""A request, as the handlers of endpoints get it."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import flask

from flask_bsr_scim.conditions import NO_CONDITIONS, Conditions
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.messages import Selection, read_selection
from flask_bsr_scim.schema import JSON, ResourceType
from flask_bsr_scim.web.body import read_body
from flask_bsr_scim.web.principal import NOBODY, Principal
from flask_bsr_scim.web.service import Service


class Call(NamedTuple):
    """A request that passed the guard."""

    service: Service
    context: Context
    request: flask.Request
    principal: Principal = NOBODY

    def body(self, resource_type: ResourceType | None = None) -> JSON:
        """Return the JSON of the body."""
        return read_body(self.request, self.body_limit(resource_type))

    def body_limit(self, resource_type: ResourceType | None = None) -> int:
        """Return the bytes that it may have; more for a group, since a wizard app's PUT carries every member."""
        settings = self.service.settings
        large = resource_type is not None and resource_type.members is not None
        return settings.max_group_body_bytes if large else settings.max_body_bytes

    @property
    def conditions(self) -> Conditions:
        """If-Match and If-None-Match of the request."""
        if_match, if_none_match = map(self.request.environ.get, ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"))
        if if_match is None and if_none_match is None:
            return NO_CONDITIONS
        return Conditions(if_match, if_none_match)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query; of several with one name the first."""
        text = self.request.environ.get("QUERY_STRING", "")
        return dict(map(_parameter, reversed(text.split("&")))) if text else {}

    @property
    def selection(self) -> Selection:
        """What `attributes` and `excludedAttributes` of the query ask for."""
        return read_selection(self.parameters)


@lru_cache(256)
def _parameter(text: str) -> tuple[str, str]:
    """Return name and value; clients send the same few over and over beside their filters."""
    name, _, value = text.partition("=")
    return _decoded(name), '"'.join(map(_decoded, value.split("%22")))  # In a filter the values are between quotes.


@lru_cache(256)
def _decoded(text: str) -> str:
    # WSGI gives the bytes of a query, encoded or not, as characters of Latin-1 (PEP 3333).
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1", "replace")).decode(errors="replace")
