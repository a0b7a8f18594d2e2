"""`bsr-scim serve --tunnel ngrok`: the address that is printed, the addresses in answers, what is refused, the end."""

import signal
from pathlib import Path

import pytest

from tests.server.conftest import Start
from tests.server.fake_ngrok import DOMAIN
from tests.server.ngrok import Ngrok
from tests.server.running import TOKEN, USER, Server, free_port, run

PUBLIC = f"https://{DOMAIN}/scim/v2"


@pytest.fixture
def ngrok(tmp_path: Path) -> Ngrok:
    """An ngrok on the PATH."""
    return Ngrok(tmp_path)


@pytest.fixture
def tunnelled(ngrok: Ngrok, start: Start) -> Server:
    """A server with a tunnel."""
    return start("memory://", "--tunnel", "ngrok", SCIM_TOKEN=TOKEN, **ngrok.settings).wait()


def refused(ngrok: Ngrok, **settings: str) -> str:
    """Return what a start prints that fails, and makes no token."""
    options = ("--tunnel", "ngrok", "--port", str(free_port()))
    done = run("serve", *options, **{**ngrok.settings, "SCIM_BACKEND": "memory://", **settings})
    assert done.returncode == 1, done
    assert not done.stdout
    return done.stderr


def test_the_public_address_is_printed(tunnelled: Server) -> None:
    """What is to be typed into Okta is the tunnel's address, and the way to check it is with it."""
    assert f"SCIM connector base URL            {PUBLIC}\n" in tunnelled.output
    assert f"bsr-scim okta check {PUBLIC} --token T" in tunnelled.output
    assert "warning page" in tunnelled.output


def test_every_address_is_public(tunnelled: Server, ngrok: Ngrok) -> None:
    """Location, meta.location and $ref begin with it, whichever way a request came."""
    status, headers, bob = ngrok.ask("POST", "/scim/v2/Users", {"schemas": [USER], "userName": "bob"})
    assert (status, headers["location"], bob["meta"]["location"]) == (201, *[f"{PUBLIC}/Users/{bob['id']}"] * 2)
    with tunnelled.client() as client:
        assert client("GET", f"/Users/{bob['id']}").body["meta"]["location"] == f"{PUBLIC}/Users/{bob['id']}"


def test_what_a_client_makes_up_is_not_believed(tunnelled: Server, ngrok: Ngrok) -> None:
    """ngrok passes a client's X-Forwarded-Host on, and the answer does not have it."""
    forged = {"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/evil"}
    _, _, config = ngrok.ask("GET", "/scim/v2/ServiceProviderConfig", **forged)
    assert config["meta"]["location"] == f"{PUBLIC}/ServiceProviderConfig"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_the_tunnel_ends_with_the_server(tunnelled: Server, ngrok: Ngrok, sent: signal.Signals) -> None:
    """On Ctrl-C and on SIGTERM, and the server ends well."""
    assert tunnelled.interrupt(sent) == 0
    assert ngrok.has_ended()


def test_a_base_url_names_the_domain(ngrok: Ngrok, start: Start) -> None:
    """With SCIM_BASE_URL the tunnel is opened there, so that Okta need not learn a new address."""
    mine = "https://scim.example.ngrok.app"
    server = start("memory://", "--tunnel", "ngrok", SCIM_TOKEN=TOKEN, SCIM_BASE_URL=mine, **ngrok.settings).wait()
    assert ngrok.notes["tunnel"]["domain"] == "scim.example.ngrok.app"
    assert f"{mine}/scim/v2\n" in server.output


def test_the_tunnel_ends_when_the_server_does_not_start(ngrok: Ngrok, tmp_path: Path) -> None:
    """A store that cannot be opened leaves no tunnel behind."""
    said = refused(ngrok, SCIM_BACKEND=f"sqlite:///{tmp_path / 'nowhere' / 'scim.db'}")
    assert "nowhere" in said
    assert ngrok.has_ended()


def test_a_refusal_is_one_line(ngrok: Ngrok) -> None:
    """The command ends with 1 and says why; nothing was made."""
    said = refused(ngrok, NGROK_AUTHTOKEN="")
    assert said.startswith("Error: ngrok opens no tunnel: ")
    assert said.count("\n") == 1
