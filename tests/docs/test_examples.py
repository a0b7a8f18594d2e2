"""The README's application and the examples run."""

import configparser
import re
import runpy
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.config import Settings, read_settings
from flask_bsr_scim.web.server import create_app
from tests.docs.pages import ROOT, console_commands
from tests.docs.running import BOB, ask, make_directory, make_token, run

EXAMPLES = ROOT / "examples"
NGINX = (EXAMPLES / "production" / "nginx.conf").read_text("utf-8")

pytestmark = pytest.mark.usefixtures("empty_folder")


def host_application() -> tuple[Flask, Any]:
    """Return the example's application, and its function that runs a statement on its own database."""
    names = runpy.run_path(str(EXAMPLES / "host_application" / "app.py"))
    return names["create_app"](), names["execute"]


def environment() -> dict[str, str]:
    """Return the settings of the production example."""
    lines = (EXAMPLES / "production" / "bsr-scim.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def unit() -> configparser.SectionProxy:
    """Return the service section of the systemd unit."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(EXAMPLES / "production" / "bsr-scim.service", "utf-8")
    return parser["Service"]


def unit_options() -> dict[str, Any]:
    """Return the options of the command that the unit starts, as the command understands them."""
    program, name, *arguments = shlex.split(unit()["ExecStart"])
    assert Path(program).name == "bsr-scim"
    return scim_commands.commands[name].make_context(name, arguments).params


def test_the_readme_runs() -> None:
    """The application of the README serves SCIM to whom has a token."""
    app = run(ROOT / "README.md")["app"]
    assert ask(app, "/scim/v2/Users", token=make_token(app)).json["totalResults"] == 0
    assert ask(app, "/scim/v2/Users").status_code == 401


def test_the_minimal_example_runs() -> None:
    """The minimal application knows whom the identity provider has sent."""
    make_directory()
    app = runpy.run_path(str(EXAMPLES / "minimal" / "app.py"))["app"]
    answers = [app.test_client().get(f"/who/{name}@example.com").text[:8] for name in ("BOB", "ann")]
    assert answers == ["here sin", "not here"]


def test_the_host_application_and_okta_share_a_user() -> None:
    """Who had an account is found by Okta, signs in, is let in by a group, and is locked out at once."""
    app, execute = host_application()
    app.testing, browser = True, app.test_client()
    with app.app_context():
        execute("INSERT INTO accounts (email) VALUES ('bob@example.com')")
        registry = app.extensions["bsr_scim"]["bsr_scim"].service.registry()
        registry.mappings.add(registry.organizations.create("acme").id, "engineers")
    app.test_cli_runner().invoke(args=["bring-users"])
    token = make_token(app)
    (bob,) = ask(app, '/scim/v2/Users?filter=userName eq "bob@example.com"', token=token).json["Resources"]
    stranger = browser.get("/")
    form = {"email": "bob@example.com", "group": "engineers"}
    signed_in = browser.post("/signed-in", data=form, follow_redirects=True)
    active = {"op": "replace", "value": {"active": False}}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [active]}
    ask(app, f"/scim/v2/Users/{bob['id']}", "PATCH", patch, token)
    with app.app_context():
        accounts = execute("SELECT id, user_id, closed FROM accounts")
    assert stranger.status_code == 401
    shown = {"account": 1, "email": "bob@example.com", "username": "bob", "organizations": {"acme": "MEMBER"}}
    assert signed_in.json == shown
    assert [row[:2] for row in accounts] == [(1, bob["id"])]
    assert accounts[0][2] is not None
    assert [browser.get("/").status_code, browser.post("/signed-in", data=form).status_code] == [403, 403]


def test_the_host_application_makes_accounts_for_new_users() -> None:
    """Whom Okta provisions has an account; one that gets another's old address does not get the old account."""
    app, execute = host_application()
    token, corrected = make_token(app), {**BOB, "emails": [{"value": "rob@example.com", "type": "work"}]}
    first = ask(app, "/scim/v2/Users", "POST", BOB, token).json["id"]
    ask(app, f"/scim/v2/Users/{first}", "PUT", corrected, token)
    ask(app, f"/scim/v2/Users/{first}", "DELETE", token=token)
    second = ask(app, "/scim/v2/Users", "POST", corrected, token).json["id"]
    with app.app_context():
        accounts = execute("SELECT user_id, email, closed IS NULL FROM accounts ORDER BY id")
    assert accounts == [(first, "rob@example.com", 0), (second, "rob@example.com", 1)]


def test_the_host_application_believes_nobody_in_production() -> None:
    """Without a SAML or OIDC library in the marked place nobody can sign in."""
    app, _ = host_application()
    assert app.test_client().post("/signed-in", data={"email": "bob@example.com"}).status_code == 501


def test_the_production_example_serves(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of the production example give an application that answers under its public name."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value.replace("/var/lib/bsr-scim", str(empty_folder)))
    app = create_app()
    assert app.test_client().get("/readyz").json == {"status": "ready"}
    config = app.test_client().get("/scim/v2/ServiceProviderConfig").json
    assert config["meta"]["location"] == f"{environment()['SCIM_BASE_URL']}/ServiceProviderConfig"


def test_the_ngrok_example_knows_its_public_name() -> None:
    """With the settings of the ngrok example and ngrok's headers, the address is the one that is typed into Okta."""
    page = EXAMPLES / "okta_ngrok" / "README.md"
    (command,) = (c for c in console_commands(page) if " serve" in c)
    settings = dict(word.split("=", 1) for word in command.split() if word.startswith("SCIM_"))
    (url,) = re.findall(r"\$ curl (https://\S+)", page.read_text("utf-8"))
    app = Flask("ngrok")
    app.config.update(settings)
    BsrScim(app, backend="memory://")
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": urlsplit(url).netloc,
        "X-Forwarded-For": "203.0.113.7",
    }
    assert ask(app, urlsplit(url).path, headers=forwarded).json["meta"]["location"] == url


def test_the_unit_may_write_where_the_directory_is() -> None:
    """The folder of the directory file is the one that the systemd unit leaves writable."""
    path = Path(read_settings(environment()).backend.removeprefix("sqlite:///"))
    assert str(path.parent) == unit()["ReadWritePaths"] == unit()["WorkingDirectory"]


def test_nginx_calls_the_server() -> None:
    """nginx passes requests to the address on which the unit listens, and has the public name."""
    options = unit_options()
    assert f"proxy_pass http://{options['host']}:{options['port']};" in NGINX
    assert f"https://{re.search(r'server_name (.+);', NGINX)[1]}/scim/v2" == environment()["SCIM_BASE_URL"]


def test_nginx_lets_through_what_the_server_takes() -> None:
    """Bodies of groups pass nginx up to the server's own limit, as do the longest filters."""
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(megabytes) * 1_000_000 >= Settings().max_group_body_bytes
    assert "large_client_header_buffers 4 16k;" in NGINX
