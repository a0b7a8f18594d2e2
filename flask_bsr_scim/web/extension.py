"""The Flask extension, and the blueprint that it registers."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import getrandbits
from time import perf_counter
from typing import Any
from urllib.parse import quote

import flask
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import PathConverter

from flask_bsr_scim.backends.base import Actor
from flask_bsr_scim.errors import ScimError
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.registry.tokens import without_tokens
from flask_bsr_scim.schema import ResourceType
from flask_bsr_scim.view import View
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.guard import authorize, is_public
from flask_bsr_scim.web.responses import error_response
from flask_bsr_scim.web.routes import ENDPOINT, REST, ROUTES, Call, Methods, dispatch
from flask_bsr_scim.web.service import Principal, Service

log = logging.getLogger("flask_bsr_scim.access")

EXTENSION = "bsr_scim"
"""The key in `app.extensions`; its value maps the full name of each registered blueprint to its :class:`Mount`."""

DEFAULT_PREFIX = "/scim/v2"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SCHEMES = ("https", "http")
_NAMES_OF_THE_HOST = ("wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")
_MOST_VIEWS = 64
"""Views that are kept; clients choose the host that they name."""

_View = Callable[..., flask.Response]
_NOBODY = Principal("", "", frozenset())


class _Rest(PathConverter):
    """Takes whatever no other rule takes: slashes and line ends, at the beginning too."""

    regex = "(?s:.*?)"
    part_isolating = False
    weight = 1000


@dataclass(slots=True)
class _Visit:
    """What is known of the request at hand; `call` is there once it passed the guard."""

    request_id: str
    started: float
    call: Call | None = None


class Mount:
    """A service under a prefix of an application."""

    def __init__(self, service: Service, prefix: str) -> None:
        self.service = service
        self.prefix = prefix
        self._views: dict[tuple[str | None, ...], View] = {}

    def view(self, request: flask.Request) -> View:
        """Return how resources look from the URL that the client knows.

        :raises ScimError: the request does not name a host.
        """
        settings, environ = self.service.settings, request.environ
        if settings.trusted_proxies:
            return self._make_view(flask.Request(_as_the_client_sent(environ, settings.trusted_proxies)))
        named = tuple(map(environ.get, _NAMES_OF_THE_HOST))
        view = self._views.get(named)
        if view is None:
            view = self._make_view(request)
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            self._views[named] = view
        return view

    def _make_view(self, request: flask.Request) -> View:
        if pinned := self.service.settings.public_url(self.prefix):
            return View(self.service.types, pinned)
        if not request.host or request.scheme not in _SCHEMES:
            raise ScimError("Host, or the headers of a proxy, do not name the host that this request is for.")
        host, path = f"{request.scheme}://{request.host}", quote(request.root_path.rstrip("/"))
        return View(self.service.types, host + path + self.prefix)


class BsrScim:
    """Serves SCIM 2.0 (RFC 7643, RFC 7644) from a Flask application.

    Settings come from `app.config` under `SCIM_…`; keyword arguments (`backend="memory://"`) beat them. No state is
    kept here: one object may serve several applications.

    :param url_prefix: the SCIM base path.
    :param name: the blueprint's name; give each of several instances its own.
    :param resource_types: types of the host beyond User and Group.
    :raises ConfigurationError: on `init_app`, when a setting is wrong.
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        *,
        url_prefix: str = DEFAULT_PREFIX,
        name: str = EXTENSION,
        resource_types: Iterable[ResourceType] = (),
        **settings: Any,
    ) -> None:
        self._url_prefix = url_prefix
        self._name = name
        self._resource_types = tuple(resource_types)
        self._settings = settings
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Register the blueprint with an application, and the commands `flask scim …`."""
        blueprint = create_blueprint(self._name, self._resource_types, **self._settings)
        app.register_blueprint(blueprint, url_prefix=self._url_prefix)

    @property
    def service(self) -> Service:
        """The service in the current application."""
        return current_service(self._name)


def create_blueprint(
    name: str = EXTENSION, resource_types: Iterable[ResourceType] = (), **settings: Any
) -> flask.Blueprint:
    """Return a blueprint that a host registers itself, where it likes; see :class:`BsrScim` for the arguments."""
    blueprint = flask.Blueprint(name, __name__)
    blueprint.before_request(_enter)
    blueprint.register_error_handler(Exception, _refuse)
    own = {f"SCIM_{key.upper()}": value for key, value in settings.items()}
    types = tuple(resource_types)

    def mount(state: BlueprintSetupState) -> None:
        app = state.app
        full_name = f"{state.name_prefix}.{state.name}".lstrip(".")
        service = Service(read_settings({**app.config, **own}), types)
        app.extensions.setdefault(EXTENSION, {})[full_name] = Mount(service, _prefix(state))
        app.url_map.converters[REST] = _Rest
        for path, view in _views(service):
            _add_route(state, full_name, path, view)
            # A base URL that was entered with a slash at its end gives two of them.
            _add_route(state, full_name, f"/{path}", view)
        if scim_commands.name not in app.cli.commands:
            app.cli.add_command(scim_commands)

    blueprint.record(mount)
    return blueprint


def current_service(name: str | None = None) -> Service:
    """Return the service of the current application; of several, the one whose blueprint has the name.

    :raises LookupError: the application has none of that name.
    """
    mounts: dict[str, Mount] = flask.current_app.extensions.get(EXTENSION, {})
    if name is None:
        name = next(iter(mounts), EXTENSION)
    if name not in mounts:
        raise LookupError(f"no blueprint named {name!r} is registered with this application")
    return mounts[name].service


def _views(service: Service) -> Iterator[tuple[str, _View]]:
    """Yield the paths below the prefix with their views: those of a resource once for each type that is exposed."""
    for path, methods in ROUTES.items():
        if ENDPOINT not in path:
            yield path, _make_view_function(methods)
            continue
        for resource_type in service.types.exposed:
            yield (
                path.replace(f"/{ENDPOINT}", resource_type.endpoint),
                _make_view_function(methods, resource_type=resource_type),
            )


def _add_route(state: BlueprintSetupState, blueprint: str, path: str, view: _View) -> None:
    """Add a rule that takes every method, so that 405 and unknown methods are answered in SCIM's form too."""
    rule = state.app.url_rule_class(
        _prefix(state) + path,
        endpoint=f"{blueprint}.{path.replace('.', '~')}",
        methods=None,
        subdomain=state.subdomain,
        strict_slashes=False,
        merge_slashes=False,
    )
    rule.provide_automatic_options = False  # type: ignore[attr-defined]
    state.app.url_map.add(rule)
    state.app.view_functions[rule.endpoint] = view


def _prefix(state: BlueprintSetupState) -> str:
    return (state.url_prefix or "").rstrip("/")


def _make_view_function(methods: Methods, **fixed: ResourceType) -> _View:
    def view(**parameters: Any) -> flask.Response:
        visit: _Visit = flask.g.bsr_scim
        assert visit.call is not None
        return _leave(dispatch(visit.call, methods, parameters | fixed), visit)

    return view


def _enter() -> None:
    """Let nobody pass without a credential, before anything else is looked at."""
    request, g = flask.request._get_current_object(), flask.g._get_current_object()  # type: ignore[attr-defined]
    request_id = _request_id(request.environ.get("HTTP_X_REQUEST_ID"))
    g.bsr_scim = visit = _Visit(request_id, perf_counter())
    mount: Mount = flask.current_app.extensions[EXTENSION][request.blueprint]
    service = mount.service
    principal = _NOBODY if is_public(service, request) else authorize(service, request)
    context = Context(principal.tenant, mount.view(request), Actor(principal.token_id, request_id))
    visit.call = Call(service, context, request)


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(without_tokens(given)) else f"{getrandbits(128):032x}"


def _refuse(error: Exception) -> flask.Response:
    visit: _Visit | None = flask.g.get("bsr_scim")
    answer = error_response(error)
    return answer if visit is None else _leave(answer, visit)  # None: the host application refused before the guard.


def _leave(response: flask.Response, visit: _Visit) -> flask.Response:
    response.headers.add("X-Request-Id", visit.request_id)
    level = logging.INFO if response.status_code < 400 else logging.WARNING
    if log.isEnabledFor(level):
        _log_request(level, response, visit)
    return response


def _log_request(level: int, response: flask.Response, visit: _Visit) -> None:
    """Log a request without its query, since filters name people; a refusal with what the client was told."""
    call = visit.call
    log.log(
        level,
        "%s %r %d %.1f ms tenant=%s token=%s request=%s %s",
        flask.request.method,
        without_tokens(flask.request.path),
        response.status_code,
        (perf_counter() - visit.started) * 1000,
        call.context.tenant if call else "-",
        call.context.actor.token_id if call else "-",
        visit.request_id,
        response.get_data(as_text=True) if response.status_code >= 400 else "",
    )


def _as_the_client_sent(environ: dict[str, Any], proxies: int) -> dict[str, Any]:
    """Return the environment as it was before it passed so many trusted proxies, for this request alone."""
    copy = dict(environ)
    fix = ProxyFix(lambda *_: (), x_for=proxies, x_proto=proxies, x_host=proxies, x_port=proxies, x_prefix=proxies)
    fix(copy, lambda *_: lambda _data: None)
    return copy
