"""The views of the blueprint."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flask

from flask_bsr_scim.web.mount import Entrance, Handle, Mount


@dataclass(frozen=True, slots=True)
class EndpointView:
    """A view that gets its request as an argument, so that it can be asked outside of Flask's contexts as well."""

    mount: Mount
    entrance: Entrance
    handle: Handle

    def answer(self, request: flask.Request, parameters: dict[str, Any]) -> flask.Response:
        """Answer a request, whatever goes wrong: outside of Flask nobody else would answer for it."""
        try:
            return self.mount.answer(request, self.entrance, self.handle, parameters)
        except Exception as error:
            return self.entrance.refuse(error, "-")

    def as_function(self) -> Callable[..., flask.Response]:
        """Return what Flask calls: extensions expect a function with a name, which is the same for all views."""

        def endpoint_view(**parameters: Any) -> flask.Response:
            request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
            return self.answer(request, parameters)

        endpoint_view.of = self  # type: ignore[attr-defined]
        return endpoint_view


def view_of(function: Callable[..., Any]) -> EndpointView | None:
    """Return the view that a function calls, if it does nothing else: who wraps it takes over its attributes too."""
    view = None if hasattr(function, "__wrapped__") else getattr(function, "of", None)
    return view if isinstance(view, EndpointView) else None
