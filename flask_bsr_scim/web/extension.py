"""The Flask extension, and the blueprint that it registers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import flask
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.routing import PathConverter

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.openapi import CONFIG_RULE
from flask_bsr_scim.registry.registry import Registry
from flask_bsr_scim.schema import ResourceType
from flask_bsr_scim.web import connect
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import key_of, read_settings
from flask_bsr_scim.web.mount import ADMIN, PUBLIC, SCIM, Entrance, Mount, refuse_outside
from flask_bsr_scim.web.openapi import public_rules
from flask_bsr_scim.web.principal import Me
from flask_bsr_scim.web.responses import error_response
from flask_bsr_scim.web.routes import ENDPOINT, REST, Methods, allowed, dispatch, served_routes
from flask_bsr_scim.web.service import Service
from flask_bsr_scim.web.views import EndpointView

EXTENSION = "bsr_scim"
"""The key in `app.extensions`; its value maps the full name of each registered blueprint to its :class:`Mount`."""

DEFAULT_PREFIX = "/scim/v2"

_View = Callable[..., flask.Response]


class _Rest(PathConverter):
    """Takes whatever no other rule takes: slashes and line ends, at the beginning too."""

    regex = "(?s:.*?)"
    part_isolating = False
    weight = 1000


class _Methods(set[str]):
    """The methods of a rule, for whoever lists rules. Routing finds every other one in it too, so that 405, and methods
    that nobody knows, are answered in our form."""

    def __contains__(self, _method: object) -> bool:
        return True


class BsrScim:
    """Serves SCIM 2.0 (RFC 7643, RFC 7644) from a Flask application.

    Settings come from `app.config` under `SCIM_…`; keyword arguments (`backend="memory://"`) beat them:
    `schemas=["warranty.json"]` adds an extension, or a resource type, of the host. No state is
    kept here: one object may serve several applications.

    :param url_prefix: the SCIM base path.
    :param name: the blueprint's name; give each of several instances its own.
    :param me: tells for which SCIM user a credential stands, by id, so that `/Me` is that user; None for nobody.
    :raises ConfigurationError: on `init_app`, when a setting is wrong.
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        *,
        url_prefix: str = DEFAULT_PREFIX,
        name: str = EXTENSION,
        me: Me = lambda _: None,
        **settings: Any,
    ) -> None:
        self._url_prefix = url_prefix
        self._name = name
        self._me = me
        self._settings = settings
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Register the blueprint with an application, and the commands `flask scim …`."""
        blueprint = create_blueprint(self._name, self._me, **self._settings)
        app.register_blueprint(blueprint, url_prefix=self._url_prefix)

    @property
    def service(self) -> Service:
        """The service in the current application."""
        return current_service(self._name)

    @property
    def registry(self) -> Registry:
        """The registry of the default tenant in the current application."""
        return self.service.registry()


def create_blueprint(name: str = EXTENSION, me: Me = lambda _: None, **settings: Any) -> flask.Blueprint:
    """Return a blueprint that a host registers itself, where it likes; see :class:`BsrScim` for the arguments."""
    blueprint = flask.Blueprint(name, __name__)
    blueprint.register_error_handler(Exception, _refuse)
    own = {key_of(name): value for name, value in settings.items()}

    def register(state: BlueprintSetupState) -> None:
        app = state.app
        full_name = f"{state.name_prefix}.{state.name}".lstrip(".")
        _check_prefix(state)
        mount = Mount(Service(read_settings({**app.config, **own}), me), _prefix(state))
        app.extensions.setdefault(EXTENSION, {})[full_name] = mount
        app.url_map.converters[REST] = _Rest
        for path, methods, view in _views(mount):
            _add_route(state, full_name, path, methods, view)
            # A base URL that was entered with a slash at its end gives two of them.
            _add_route(state, full_name, f"/{path}", methods, view)
        admin_api = _make_admin_view(mount)
        _add_route(state, full_name, connect.PATH, connect.METHODS, admin_api)
        if len(app.extensions[EXTENSION]) == 1:
            _add_route(state, full_name, connect.PATH, connect.METHODS, admin_api, prefix="")
        if mount.service.settings.console:
            _add_console(state, full_name, mount)
        if scim_commands.name not in app.cli.commands:
            app.cli.add_command(scim_commands)

    blueprint.record(register)
    return blueprint


def _add_console(state: BlueprintSetupState, blueprint: str, mount: Mount) -> None:
    # Loaded by those who use it: its pages are made with Jinja.
    from flask_bsr_scim.web.console.console import METHODS, NAME, Console, parent_of

    console = Console(mount)
    parent = parent_of(_prefix(state))
    if _is_taken(state, f"{parent}/{NAME}"):
        raise ConfigurationError(f"there is something at {parent}/{NAME} already, where SCIM_CONSOLE would go")
    _add_route(state, blueprint, f"/{NAME}", METHODS, console.answer, prefix=parent)
    _add_route(state, blueprint, f"/{NAME}/<{REST}:tail>", METHODS, console.answer, prefix=parent)


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


def _refuse(error: Exception) -> flask.Response:
    """Answer for what went wrong outside of us: the host application refused the request, for one."""
    of_admin_api = (flask.request.endpoint or "").endswith(connect.ENDPOINT)
    return refuse_outside(error, connect.error_response if of_admin_api else error_response)


def _views(mount: Mount) -> Iterator[tuple[str, Sequence[str], _View]]:
    """Yield paths below the prefix with methods and views: those of resources once for each type that is exposed."""
    public = public_rules(mount.service.settings)
    for path, methods in served_routes(mount.service.settings).items():
        if ENDPOINT not in path:
            yield path, allowed(methods), _make_view(mount, PUBLIC if path in public else SCIM, methods)
            continue
        for resource_type in mount.service.types.exposed:
            view = _make_view(mount, SCIM, methods, resource_type=resource_type)
            yield path.replace(f"/{ENDPOINT}", resource_type.endpoint), allowed(methods), view


def _make_view(mount: Mount, entrance: Entrance, methods: Methods, **fixed: ResourceType) -> _View:
    return EndpointView(mount, entrance, lambda call, found: dispatch(call, methods, found | fixed)).as_function()


def _make_admin_view(mount: Mount) -> _View:
    return EndpointView(mount, ADMIN, lambda call, found: connect.answer(call, **found)).as_function()


def _add_route(
    state: BlueprintSetupState,
    blueprint: str,
    path: str,
    methods: Iterable[str],
    view: _View,
    *,
    prefix: str | None = None,
) -> None:
    """Add a rule.

    :param prefix: instead of the blueprint's.
    """
    rule = state.app.url_rule_class(
        (_prefix(state) if prefix is None else prefix) + path,
        endpoint=f"{blueprint}.{path.replace('.', '~')}",
        subdomain=state.subdomain,
        strict_slashes=False,
        merge_slashes=False,
    )
    rule.methods, rule.provide_automatic_options = _Methods(methods), False  # type: ignore[attr-defined]
    state.app.url_map.add(rule)
    state.app.view_functions[rule.endpoint] = view


def _prefix(state: BlueprintSetupState) -> str:
    return (state.url_prefix or "").rstrip("/")


def _check_prefix(state: BlueprintSetupState) -> None:
    prefix = _prefix(state)
    if "<" in prefix:
        raise ConfigurationError(f"the prefix {prefix} has a variable, which no address of a resource would have")
    if _is_taken(state, f"{prefix}{CONFIG_RULE}"):
        raise ConfigurationError(f"SCIM is at {prefix or '/'} already: give each instance a prefix of its own")


def _is_taken(state: BlueprintSetupState, path: str) -> bool:
    rules = state.app.url_map
    return (state.subdomain or rules.default_subdomain, path) in {(r.subdomain, r.rule) for r in rules.iter_rules()}
