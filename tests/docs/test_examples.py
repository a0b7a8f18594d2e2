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
from tests.docs.running import ask, make_directory, make_token, run

EXAMPLES = ROOT / "examples"
NGINX = (EXAMPLES / "production" / "nginx.conf").read_text("utf-8")

pytestmark = pytest.mark.usefixtures("empty_folder")


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
