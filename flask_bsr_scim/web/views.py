"""The views of the blueprint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask

from flask_bsr_scim.web.call import Call
from flask_bsr_scim.web.mount import Entrance, Mount


@dataclass(frozen=True, slots=True)
class ScimView:
    """A view that Flask calls within its contexts, and that can be given a request outside of them as well."""

    mount: Mount
    entrance: Entrance
    handle: Callable[[Call, dict[str, Any]], flask.Response]
    """Takes the call and what the rule found in the path."""

    def __call__(self, **parameters: Any) -> flask.Response:
        """Answer the request at hand."""
        request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
        return self.answer(request, parameters)

    def answer(self, request: flask.Request, parameters: dict[str, Any]) -> flask.Response:
        """Answer a request, whatever is wrong with it."""
        try:
            return self.mount.answer(request, self.entrance, lambda call: self.handle(call, parameters))
        except Exception as error:
            return self.entrance.refuse(error, "-")
