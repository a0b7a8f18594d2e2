"""The kind of application that the standalone server runs: Flask, with a shorter way to the blueprint's views."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.routing import MapAdapter, Rule

from flask_bsr_scim.web.views import EndpointView, view_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class StandaloneFlask(flask.Flask):
    """An application that gives most requests to the blueprint's views at once, and all others to Flask.

    The views get the request as an argument. Nobody else takes part in this server: there are no hooks around
    requests, no signals and no sessions, so that contexts and routing would only take time, half of that of a GET.
    """

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request."""
        # In the environment the request would refer to itself, and stay until the garbage collector comes.
        request = self.request_class(environ, populate_request=False)
        found = self._find(request.path)
        if found is None:
            return super().wsgi_app(environ, start_response)
        view, request.url_rule, parameters = found
        return view.answer(request, parameters)(environ, start_response)

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Return what finds rules by the path alone: the name of the host does not matter, or is refused later."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", "/", "", "http", request.path, request.method)

    def _find(self, path: str) -> tuple[EndpointView, Rule, dict[str, Any]] | None:
        """Return the view of a path with its rule, and what the rule finds there; None where Flask has to look."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return *fixed, {}
        place, _, last = path.rpartition("/")
        below = self._below.get(place)
        if below is None or not last:
            return None
        view, rule, name = below
        return view, rule, {name: last}

    @cached_property
    def _views(self) -> list[tuple[EndpointView, Rule]]:
        views = ((view_of(self.view_functions[rule.endpoint]), rule) for rule in self.url_map.iter_rules())
        return [(view, rule) for view, rule in views if view is not None]

    @cached_property
    def _fixed(self) -> dict[str, tuple[EndpointView, Rule]]:
        """The views that take one path, by this path."""
        return {rule.rule: (view, rule) for view, rule in self._views if not rule.arguments}

    @cached_property
    def _below(self) -> dict[str, tuple[EndpointView, Rule, str]]:
        """The views that take whatever is directly below a path, by this path, with the name for it."""
        return {
            rule.rule.removesuffix(end): (view, rule, name)
            for view, rule in self._views
            if len(rule.arguments) == 1
            for name in rule.arguments
            for end in (f"/<{name}>",)
            if rule.rule.endswith(end)
        }
