"""The views of the blueprint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask

from flask_bsr_scim.web.call import Call
from flask_bsr_scim.web.mount import Entrance, Mount


@dataclass(frozen=True, slots=True)
class ScimView:
    """A view that gets its request as an argument, so that it can be asked outside of Flask's contexts as well."""

    mount: Mount
    entrance: Entrance
    handle: Callable[[Call, dict[str, Any]], flask.Response]
    """Takes the call and what the rule found in the path."""

    def answer(self, request: flask.Request, parameters: dict[str, Any]) -> flask.Response:
        """Answer a request, whatever is wrong with it."""
        try:
            return self.mount.answer(request, self.entrance, lambda call: self.handle(call, parameters))
        except Exception as error:
            return self.entrance.refuse(error, "-")

    def as_function(self) -> Callable[..., flask.Response]:
        """Return what Flask calls: extensions expect a function, and tell functions apart by module and name."""

        def scim_view(**parameters: Any) -> flask.Response:
            request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
            return self.answer(request, parameters)

        scim_view.scim_view = self  # type: ignore[attr-defined]
        return scim_view


def view_of(function: Callable[..., Any]) -> ScimView | None:
    """Return the view that a function calls, if it is one."""
    view: ScimView | None = getattr(function, "scim_view", None)
    return view
