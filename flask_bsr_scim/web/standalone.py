"""The kind of application that the standalone server runs: Flask without what it has no use for."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import flask
from flask.ctx import RequestContext
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter, Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class _NoSessions(SessionInterface):
    """This server sets no cookies, so it need not look for any."""

    _session = NullSession()

    def open_session(self, app: flask.Flask, request: flask.Request) -> NullSession:
        """Return the session that keeps nothing."""
        return self._session


class StandaloneFlask(flask.Flask):
    """An application that leaves out what each request would pay for, and this server does not need.

    It has no hooks around requests, no signals, no sessions, no coroutines, no hosts to choose from, and builds no
    URLs. Views that take every method are found by a look into a table.
    """

    session_interface = _NoSessions()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer a request; whatever a view raises goes to the error handlers, as in Flask's own."""
        context = self.request_context(environ)
        context.push()
        try:
            try:
                answer = self._answer(context)
            except Exception as error:
                answer = self.handle_user_exception(error)
            response = answer if isinstance(answer, flask.Response) else self.make_response(answer)
            return response(environ, start_response)
        finally:
            context.pop()

    def _answer(self, context: RequestContext) -> Any:
        rule, arguments = self._find(context)
        context.request.url_rule, context.request.view_args = rule, {**arguments}
        if rule.methods is not None:
            return self.dispatch_request()
        view: Callable[..., Any] = self.view_functions[rule.endpoint]
        return view(**arguments)

    def _find(self, context: RequestContext) -> tuple[Rule, Mapping[str, Any]]:
        """Return the rule of a request with its arguments.

        :raises HTTPException: there is none.
        """
        request = context.request
        rule = self._fixed.get(request.path)
        if rule is not None:
            return rule, {}
        place, _, last = request.path.rpartition("/")
        below = self._below.get(place)
        if below is not None and last:
            rule, name = below
            return rule, {name: last}
        context.url_adapter = MapAdapter(self.url_map, "", "/", "", "http", request.path, request.method)
        return context.url_adapter.match(return_rule=True)

    @cached_property
    def _fixed(self) -> dict[str, Rule]:
        """The rules for every method that take one path, by this path."""
        return {rule.rule: rule for rule in self.url_map.iter_rules() if rule.methods is None and not rule.arguments}

    @cached_property
    def _below(self) -> dict[str, tuple[Rule, str]]:
        """The rules for every method that take whatever is directly below a path, by this path, with their argument."""
        rules = [rule for rule in self.url_map.iter_rules() if rule.methods is None and len(rule.arguments) == 1]
        ends = [(rule, name, f"/<{name}>") for rule in rules for name in rule.arguments]
        return {rule.rule.removesuffix(end): (rule, name) for rule, name, end in ends if rule.rule.endswith(end)}

    def create_url_adapter(self, request: flask.Request | None) -> None:
        """Return nothing: most views are found without it."""

    def do_teardown_request(self, *_: Any) -> None:
        """Do nothing: nothing is to be torn down."""

    def do_teardown_appcontext(self, *_: Any) -> None:
        """Do nothing, as above."""
