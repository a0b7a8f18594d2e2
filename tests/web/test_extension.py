"""The extension and its blueprint: how a host application has it, and what it leaves alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import flask
import pytest
from click.testing import CliRunner
from flask import Blueprint, Flask
from werkzeug.exceptions import NotFound

import flask_bsr_scim
from flask_bsr_scim import BsrScim, ConfigurationError, create_blueprint, current_service
from flask_bsr_scim.web import server
from flask_bsr_scim.web.config import KEYS, Settings, environment_settings, read_settings
from tests.client import ENTERPRISE, TOKEN, USER, Scim, assert_error, path_of, user

OTHER = "another-token-of-16-or-more"


@pytest.fixture
def app() -> Flask:
    """An application of a host, with nothing in it."""
    return Flask("host")


def test_the_package_has_these_names() -> None:
    """What hosts import is at the top."""
    assert set(flask_bsr_scim.__all__) == {
        "BsrScim",
        "ConfigurationError",
        "create_blueprint",
        "current_service",
        "signals",
    }


# Ways to register


def test_the_application_can_be_given_at_once(app: Flask) -> None:
    """`BsrScim(app)` registers."""
    BsrScim(app, backend="memory://", token=TOKEN)
    assert Scim(app).get("/Users").status_code == 200


def test_the_application_can_be_given_later(app: Flask) -> None:
    """`init_app` registers; the configuration is read then."""
    scim = BsrScim()
    app.config.update(SCIM_BACKEND="memory://", SCIM_TOKEN=TOKEN)
    scim.init_app(app)
    assert Scim(app).get("/Users").status_code == 200


def test_one_object_serves_two_applications() -> None:
    """What is stored for one is not there for the other; the object keeps nothing of either."""
    scim, one, two = BsrScim(token=TOKEN), Flask("one"), Flask("two")
    for app in (one, two):
        app.config["SCIM_BACKEND"] = "memory://"
        scim.init_app(app)
    Scim(one).user("bob")
    assert Scim(one).names() == ["bob"]
    assert Scim(two).names() == []
    with one.app_context():
        first = scim.service
    with two.app_context():
        assert scim.service is not first
    assert not any(isinstance(value, Flask) or value is first for value in vars(scim).values())


def test_several_instances_in_one_application(app: Flask) -> None:
    """Each has its prefix, its schemas, its store and its token."""
    BsrScim(app, backend="memory://", token=TOKEN)
    BsrScim(app, backend="memory://", token=OTHER, profile="rfc7643", url_prefix="/full/scim", name="full")
    small, full = Scim(app), Scim(app, token=OTHER, prefix="/full/scim")
    small.user("bob")
    assert full.names() == []
    made = full.user("ann", schemas=[USER, ENTERPRISE], title="Dr.", **{ENTERPRISE: {"department": "D"}})
    assert (made["title"], made[ENTERPRISE]) == ("Dr.", {"department": "D"})
    assert made["meta"]["location"].startswith("http://localhost/full/scim/Users/")
    assert small.names() == ["bob"]
    assert Scim(app, token=OTHER).get("/Users").status_code == 401
    assert Scim(app, prefix="/full/scim").get("/Users").status_code == 401
    assert small.get(f"/Schemas/{ENTERPRISE}").status_code == 404
    assert full.get(f"/Schemas/{ENTERPRISE}").status_code == 200


def test_an_instance_below_another(app: Flask) -> None:
    """A prefix may begin with the other's; each path has one owner."""
    BsrScim(app, backend="memory://", token=TOKEN)
    BsrScim(app, backend="memory://", token=OTHER, url_prefix="/scim/v2/inner", name="inner")
    assert Scim(app, token=OTHER, prefix="/scim/v2/inner").get("/Users").status_code == 200
    assert Scim(app).get("/Users").status_code == 200
    assert Scim(app).get("/inner/Users").status_code == 401


def test_two_instances_need_two_names(app: Flask) -> None:
    """Flask says so."""
    BsrScim(app, backend="memory://")
    with pytest.raises(ValueError, match="bsr_scim"):
        BsrScim(app, backend="memory://", url_prefix="/other")


@pytest.mark.parametrize("prefix", ["/directory", "/a/b/c", "/directory/", "/zoë"])
def test_a_host_registers_the_blueprint_itself(prefix: str, app: Flask) -> None:
    """Where it likes, with a slash at the end or without."""
    app.register_blueprint(create_blueprint(backend="memory://", token=TOKEN), url_prefix=prefix)
    scim = Scim(app, prefix=prefix.rstrip("/"))
    bob = scim.user("bob")
    assert bob["meta"]["location"].startswith(f"http://localhost{prefix.rstrip('/')}/Users/")
    assert scim.get(path_of(bob)).json == bob
    assert scim.get("/ServiceProviderConfig", headers={"Authorization": None}).status_code == 200


def test_a_blueprint_without_a_prefix_leaves_the_hosts_routes(app: Flask) -> None:
    """It takes what is left."""
    app.register_blueprint(create_blueprint(backend="memory://", token=TOKEN))
    app.add_url_rule("/health", view_func=lambda: "well")
    scim = Scim(app, prefix="")
    assert scim.user("bob")["meta"]["location"].startswith("http://localhost/Users/")
    assert app.test_client().get("/health").text == "well"


def test_a_blueprint_inside_another(app: Flask) -> None:
    """The outer prefix comes before, and the outer name too."""
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(create_blueprint("inner", backend="memory://", token=TOKEN), url_prefix="/scim")
    app.register_blueprint(outer)
    scim = Scim(app, prefix="/outer/scim")
    bob = scim.user("bob")
    assert bob["meta"]["location"].startswith("http://localhost/outer/scim/Users/")
    assert scim.get("/Users", headers={"Authorization": None}).status_code == 401
    assert scim.get("/ServiceProviderConfig", headers={"Authorization": None}).status_code == 200
    assert list(app.extensions["bsr_scim"]) == ["outer.inner"]


def test_a_blueprint_registered_twice(app: Flask) -> None:
    """Under two names, each with a store of its own."""
    blueprint = create_blueprint(backend="memory://", token=TOKEN)
    app.register_blueprint(blueprint, url_prefix="/one")
    app.register_blueprint(blueprint, url_prefix="/two", name="two")
    Scim(app, prefix="/one").user("bob")
    assert Scim(app, prefix="/two").names() == []


def test_a_blueprint_of_a_subdomain() -> None:
    """It answers there alone."""
    app = Flask("host", subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.com"
    app.register_blueprint(create_blueprint(backend="memory://", token=TOKEN), url_prefix="/scim", subdomain="idp")
    scim = Scim(app, prefix="/scim")
    assert scim.get("/Users", environ={"HTTP_HOST": "idp.example.com"}).status_code == 200
    assert app.test_client().get("/scim/Users", base_url="http://example.com").status_code == 404


# State


def test_all_state_is_in_extensions(app: Flask) -> None:
    """`app.extensions["bsr_scim"]` holds the services by the names of the blueprints."""
    before = {name for name in vars(app) if not name.startswith("_")}
    BsrScim(app, backend="memory://")
    assert {name for name in vars(app) if not name.startswith("_")} == before
    assert list(app.extensions) == ["bsr_scim"]
    with app.app_context():
        assert current_service() is app.extensions["bsr_scim"]["bsr_scim"].service


def test_the_service_of_a_name(app: Flask) -> None:
    """The first one is meant when no name is given."""
    one = BsrScim(app, backend="memory://")
    two = BsrScim(app, backend="memory://", url_prefix="/two", name="two")
    with app.app_context():
        assert current_service() is current_service("bsr_scim") is one.service
        assert current_service("two") is two.service is not one.service
        with pytest.raises(LookupError, match="nothing"):
            current_service("nothing")


def test_no_service_without_an_application(app: Flask) -> None:
    """What is not registered cannot be asked for."""
    with app.app_context(), pytest.raises(LookupError, match="bsr_scim"):
        current_service()
    with pytest.raises(RuntimeError):
        current_service()


# The host's own


def test_the_hosts_errors_are_its_own(app: Flask) -> None:
    """Outside the prefix its handlers answer, inside they do not."""
    app.register_error_handler(404, lambda error: ("host 404", 404))
    app.register_error_handler(405, lambda error: ("host 405", 405))
    app.register_error_handler(Exception, lambda error: ("host failure", 500))
    app.add_url_rule("/fail", view_func=lambda: 1 / 0)
    BsrScim(app, backend="memory://", token=TOKEN)
    http, scim = app.test_client(), Scim(app)
    assert http.get("/nothing").text == "host 404"
    assert http.post("/fail").text == "host 405"
    assert http.get("/fail").text == "host failure"
    assert_error(scim.get("/nothing"), 404)
    assert_error(scim.get("/Users/x"), 404)
    assert_error(scim.delete("/Users"), 405)
    assert_error(scim.post("/Users", b"{"), 400, "invalidSyntax")
    assert_error(scim.post("/Users", b" " * 2_000_001), 413)
    assert_error(scim.get("/Users", headers={"Authorization": None}), 401)


def test_the_hosts_routes_are_its_own(app: Flask) -> None:
    """Its answers have no header of ours, its methods are unchanged, and it needs no token."""
    app.add_url_rule("/", "home", lambda: "home")
    app.add_url_rule("/scim", "about", lambda: "about")
    app.add_url_rule("/scim/v2x", "near", lambda: "near")
    BsrScim(app, backend="memory://", token=TOKEN)
    http = app.test_client()
    for path, text in (("/", "home"), ("/scim", "about"), ("/scim/v2x", "near")):
        response = http.get(path)
        assert (response.status_code, response.text) == (200, text)
        assert set(response.headers.keys()) == {"Content-Type", "Content-Length"}
    assert "OPTIONS" in http.options("/").headers["Allow"]


def test_a_host_that_hooks_requests(app: Flask) -> None:
    """Hooks of the host run for our requests as for its own."""
    seen: list[str] = []
    app.before_request(lambda: seen.append(flask.request.path))

    @app.after_request
    def mark(response: flask.Response) -> flask.Response:
        response.headers["X-Host"] = "1"
        return response

    BsrScim(app, backend="memory://", token=TOKEN)
    response = Scim(app).get("/Users")
    assert response.headers["X-Host"] == "1"
    assert seen == ["/scim/v2/Users"]


def test_limits_of_the_host_do_not_bind(app: Flask) -> None:
    """`MAX_CONTENT_LENGTH` is for the host's own forms."""
    app.config["MAX_CONTENT_LENGTH"] = 10
    BsrScim(app, backend="memory://", token=TOKEN)
    assert Scim(app).post("/Users", user("bob")).status_code == 201


@pytest.mark.parametrize("debug", [True, False])
def test_debugging_and_testing_change_nothing(debug: bool, app: Flask) -> None:
    """`TESTING`, `DEBUG` and `PROPAGATE_EXCEPTIONS` do not turn errors into exceptions."""
    app.config.update(TESTING=debug, DEBUG=debug, PROPAGATE_EXCEPTIONS=debug, TRAP_HTTP_EXCEPTIONS=debug)
    BsrScim(app, backend="memory://", token=TOKEN)
    assert_error(Scim(app).get("/nothing"), 404)
    with app.app_context():
        current_service().provider.search = None  # type: ignore[assignment,method-assign]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert_error(app.test_client().get("/scim/v2/Users", headers=headers), 500, None, "unexpected")


def test_other_errors_of_the_host_pass_by(app: Flask) -> None:
    """A blueprint of the host next to ours raises into its own handlers."""
    host = Blueprint("host_part", __name__, url_prefix="/host")
    host.register_error_handler(NotFound, lambda error: ("part 404", 404))

    @host.get("/gone")
    def gone() -> str:
        raise NotFound

    BsrScim(app, backend="memory://")
    app.register_blueprint(host)
    assert app.test_client().get("/host/gone").text == "part 404"


# Settings


def test_arguments_beat_the_configuration(app: Flask) -> None:
    """A keyword argument is the same setting, in lower case."""
    app.config.update(SCIM_BACKEND="memory://", SCIM_MAX_RESULTS=5, SCIM_TOKEN=OTHER, SCIM_DEFAULT_COUNT=2)
    BsrScim(app, max_results=7, token=TOKEN)
    with app.app_context():
        settings = current_service().settings
    assert (settings.max_results, settings.default_count, settings.token) == (7, 2, TOKEN)
    assert app.config["SCIM_MAX_RESULTS"] == 5


def test_the_configuration_is_read_once(app: Flask) -> None:
    """What is set later does not count."""
    app.config.update(SCIM_BACKEND="memory://", SCIM_TOKEN=TOKEN)
    BsrScim(app)
    app.config["SCIM_TOKEN"] = OTHER
    assert Scim(app).get("/Users").status_code == 200
    assert Scim(app, token=OTHER).get("/Users").status_code == 401


def test_every_setting_has_a_key() -> None:
    """`SCIM_` and the name in upper case, `BSR_` for those of the registry."""
    registry = {"BSR_GROUP_PROVISIONING", "BSR_SIGN_IN_GROUPS"}
    others = Settings.__dataclass_fields__.keys() - {"group_provisioning", "sign_in_groups"}
    assert set(KEYS) == {f"SCIM_{name.upper()}" for name in others} | registry
    assert read_settings({}) == Settings()
    assert read_settings({"OTHER": 1, "scim_token": 5}) == Settings()


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("SCIM_BACKEN", "did you mean SCIM_BACKEND?"),
        ("SCIM_MAX_RESULT", "did you mean SCIM_MAX_RESULTS?"),
        ("SCIM_BASEURL", "did you mean SCIM_BASE_URL?"),
        ("SCIM_TOKENS", "did you mean SCIM_TOKEN?"),
        ("SCIM_XYZ", "the keys are SCIM_BACKEND, "),
        ("SCIM_", "the keys are"),
    ],
)
def test_an_unknown_key_is_a_mistake(key: str, hint: str, app: Flask) -> None:
    """It is named, with the one that was probably meant."""
    app.config[key] = "x"
    with pytest.raises(ConfigurationError) as error:
        BsrScim(app)
    assert str(error.value).startswith(f"{key} is no setting; ")
    assert hint in str(error.value)


def test_an_unknown_argument_is_a_mistake(app: Flask) -> None:
    """Arguments are checked as keys are."""
    with pytest.raises(ConfigurationError, match=r"SCIM_BACKENDS .* did you mean SCIM_BACKEND\?"):
        BsrScim(app, backends="memory://")


@pytest.mark.parametrize(
    ("prefix", "message"), [("/scim/v2", "SCIM is at /scim/v2 already"), ("/<site>/scim", "has a variable")]
)
def test_a_prefix_that_cannot_be(app: Flask, prefix: str, message: str) -> None:
    """A second instance would never be reached, and no resource would have the address that it tells."""
    BsrScim(app, backend="memory://")
    with pytest.raises(ConfigurationError, match=message):
        BsrScim(app, backend="memory://", name="second", url_prefix=prefix)


def test_one_prefix_on_two_hosts(app: Flask) -> None:
    """A subdomain keeps them apart."""
    for name in ("staff", "guests"):
        blueprint = create_blueprint(name, backend="memory://")
        app.register_blueprint(blueprint, url_prefix="/scim/v2", subdomain=name)
    assert {rule.subdomain for rule in app.url_map.iter_rules("staff./Users")} == {"staff"}


WRONG = [
    ("SCIM_BACKEND", "directory.db", "must be a URI, as sqlite:///file.db"),
    ("SCIM_BACKEND", "", "must be a URI"),
    ("SCIM_BACKEND", 5, "Not a valid string"),
    ("SCIM_BACKEND", None, "may not be null"),
    ("SCIM_BACKEND", "mongodb://x", "no backend has the URI scheme 'mongodb'; known: memory, redis"),
    ("SCIM_BACKEND", "sqlite://directory.db", "names no SQLite file"),
    ("SCIM_BACKEND", "sqlite:///", "names no SQLite file"),
    ("SCIM_BACKEND", "sqlite:///:memory:", "write memory:// instead"),
    ("SCIM_BACKEND", "memory://x", "is written memory://"),
    ("SCIM_BACKEND", "memory://?x=1", "unknown option 'x'"),
    ("SCIM_PROFILE", "azure", "Must be one of: bsr, rfc7643"),
    ("SCIM_BASE_URL", "directory.example.com", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "ftp://x", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://x/scim?a=b", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://x/scim?", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://x/scim#a", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://user:secret@x/", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", 'https://x/"', "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://x y/", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://[::1", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://x:port/", "it must be the URL that clients use"),
    ("SCIM_BASE_URL", "https://x\n", "it must be the URL that clients use"),
    ("SCIM_TRUSTED_PROXIES", -1, "Must be greater than or equal to 0"),
    ("SCIM_TRUSTED_PROXIES", "one", "Not a valid integer"),
    ("SCIM_TOKEN", "short", "must be 16 or more letters"),
    ("SCIM_TOKEN", "", "must be 16 or more letters"),
    ("SCIM_TOKEN", "sixteen letters and blanks", "must be 16 or more letters"),
    ("SCIM_TOKEN", "sixteen-letters-é", "must be 16 or more letters"),
    ("SCIM_TOKEN", "sixteen-letters-\n", "must be 16 or more letters"),
    ("SCIM_TOKEN", "equals=inside-the-token", "must be 16 or more letters"),
    ("SCIM_TOKEN", "x" * 4097, "must be 16 or more letters"),
    ("SCIM_SYNCHRONOUS", "OFF", "Must be one of: FULL, NORMAL"),
    ("SCIM_LOG_DAYS", 0, "Must be greater than or equal to 1"),
    ("SCIM_MAX_RESULTS", 0, "Must be greater than or equal to 1"),
    ("SCIM_MAX_RESULTS", "many", "Not a valid integer"),
    ("SCIM_DEFAULT_COUNT", 0, "Must be greater than or equal to 1"),
    ("SCIM_PATCH_BODY_MEMBERS", -1, "Must be greater than or equal to 0"),
    ("SCIM_UNKNOWN_MEMBERS", "drop", "Must be one of: reject, ignore"),
    ("SCIM_PUBLIC_CONFIG", "perhaps", "Not a valid boolean"),
    ("SCIM_MAX_BODY_BYTES", 0, "Must be greater than or equal to 1"),
    ("SCIM_MAX_GROUP_BODY_BYTES", "2 MB", "Not a valid integer"),
    ("SCIM_MAX_PATCH_OPERATIONS", [], "Not a valid integer"),
    ("SCIM_LOG_LEVEL", "LOUD", "Must be one of: DEBUG, INFO, WARNING, ERROR"),
]


@pytest.mark.parametrize(
    ("key", "value", "message"), WRONG, ids=[f"{key}-{str(value)[:20]!r}" for key, value, _ in WRONG]
)
def test_a_wrong_value_is_a_mistake(key: str, value: Any, message: str, app: Flask) -> None:
    """It is raised at the start, names the key and what would be right, and does not repeat a secret."""
    app.config.update({"SCIM_BACKEND": "memory://", key: value})
    with pytest.raises(ConfigurationError) as error:
        BsrScim(app)
    assert message in str(error.value)
    assert "scim" in str(error.value).lower() or key == "SCIM_BACKEND"
    assert key != "SCIM_TOKEN" or not value or value not in str(error.value)


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("SCIM_MAX_RESULTS", "50", 50),
        ("SCIM_PUBLIC_CONFIG", "false", False),
        ("SCIM_PUBLIC_CONFIG", "1", True),
        ("SCIM_BASE_URL", "https://x.example/", "https://x.example"),
        ("SCIM_BASE_URL", "https://x.example:8443/a/b/", "https://x.example:8443/a/b"),
        ("SCIM_BASE_URL", "http://[::1]:8000/scim/v2", "http://[::1]:8000/scim/v2"),
        ("SCIM_BASE_URL", "", None),
        ("SCIM_BASE_URL", None, None),
        ("SCIM_TOKEN", None, None),
        ("SCIM_TOKEN", "A-Za-z0-9._~+/-0==", "A-Za-z0-9._~+/-0=="),
        ("SCIM_TOKEN", "x" * 4096, "x" * 4096),
        ("SCIM_UNKNOWN_MEMBERS", "ignore", "ignore"),
    ],
)
def test_values_may_come_as_text(key: str, value: Any, read: Any) -> None:
    """As they are in an environment or a file."""
    assert getattr(read_settings({key: value}), key.removeprefix("SCIM_").lower()) == read


def test_settings_cannot_be_changed() -> None:
    """They are read once, into a frozen object."""
    with pytest.raises(AttributeError):
        read_settings({}).token = "x"  # type: ignore[misc]


def test_a_store_of_another_profile_is_refused(tmp_path: Path) -> None:
    """It says which one it holds and what to do; the store is as it was."""
    uri = f"sqlite:///{tmp_path / 'scim.db'}"
    BsrScim(Flask("one"), backend=uri, profile="rfc7643")
    with pytest.raises(ConfigurationError, match="holds resources of the profile 'rfc7643', and SCIM_PROFILE is 'bsr'"):
        BsrScim(Flask("two"), backend=uri)
    BsrScim(Flask("three"), backend=uri, profile="rfc7643")


def test_the_environment_is_read_for_the_server_alone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host application's settings are its own; the standalone server takes our keys, and no others."""
    monkeypatch.setenv("SCIM_MAX_RESULTS", "5")
    BsrScim(app, backend="memory://")
    with app.app_context():
        assert current_service().settings.max_results == 1000
    assert environment_settings({"SCIM_MAX_RESULTS": "5", "SCIM_OF_ANOTHER": "x", "PATH": "x"}) == {
        "SCIM_MAX_RESULTS": "5"
    }


# The command line


@pytest.fixture
def commands(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """An application on a file, with its commands."""
    BsrScim(app, backend=f"sqlite:///{tmp_path / 'scim.db'}")
    return app


def test_a_token_from_the_command_line(commands: Flask) -> None:
    """`flask scim token create` prints a token that opens the application's own store."""
    result = commands.test_cli_runner().invoke(args=["scim", "token", "create"])
    assert result.exit_code == 0, result.output
    assert Scim(commands, token=result.stdout.strip()).get("/Users").status_code == 200


def test_commands_of_the_host_stay() -> None:
    """A host that has a command `scim` keeps it."""
    app = Flask("host")
    app.cli.add_command(click.Command("scim", callback=lambda: click.echo("mine")))
    BsrScim(app, backend="memory://")
    assert app.test_cli_runner().invoke(args=["scim"]).stdout == "mine\n"


def test_commands_are_there_once(app: Flask) -> None:
    """However many instances there are."""
    BsrScim(app, backend="memory://")
    BsrScim(app, backend="memory://", name="two", url_prefix="/two")
    assert "scim" in app.cli.commands
    result = CliRunner().invoke(app.cli.commands["scim"], ["--help"])
    assert result.exit_code == 0
    assert {"serve", "token", "db"} <= set(result.output.split())


def test_a_host_application_can_be_served_alone(commands: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """`flask scim serve` hands the application's settings to the standalone server, and says what that leaves out."""
    served: list[Any] = []
    monkeypatch.setattr(server, "free_address", lambda host, port: host)
    monkeypatch.setattr(server, "serve", lambda *args: served.extend(args))
    result = commands.test_cli_runner().invoke(args=["scim", "serve", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "The application hears nothing of it" in result.stderr
    with commands.app_context():
        assert served[0]["SCIM_BACKEND"] == current_service().settings.backend
    assert read_settings(served[0]).backend == served[0]["SCIM_BACKEND"]
