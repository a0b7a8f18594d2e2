"""The tunnel by itself: what it asks of ngrok, what it says when ngrok refuses, and that it ends."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from pyngrok import conf

from flask_bsr_scim.web import server
from flask_bsr_scim.web.cli import scim_commands
from flask_bsr_scim.web.tunnel import ngrok_tunnel
from tests.server.fake_ngrok import DOMAIN
from tests.server.ngrok import AUTHTOKEN, Ngrok
from tests.server.running import free_port

LOCAL = "http://127.0.0.1:8000"


@pytest.fixture
def ngrok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ngrok:
    """An ngrok on the PATH, without a configuration of the user's."""
    ngrok = Ngrok(tmp_path)
    for name, value in ngrok.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PYNGROK_NGROK_PATH", raising=False)
    monkeypatch.setattr(conf, "DEFAULT_NGROK_PATH", str(tmp_path / "downloaded" / "ngrok"))
    monkeypatch.setattr(conf, "DEFAULT_NGROK_CONFIG_PATH", str(tmp_path / "config" / "ngrok.yml"))
    return ngrok


def refusal() -> str:
    """Return what is said when there is no tunnel."""
    with pytest.raises(click.ClickException) as raised, ngrok_tunnel(LOCAL):
        raise AssertionError("there is a tunnel")
    return raised.value.message


def test_it_is_open_inside_and_closed_outside(ngrok: Ngrok) -> None:
    """HTTPS to the one address; ngrok keeps no record of requests, which would have the SCIM token."""
    with ngrok_tunnel(LOCAL) as url:
        assert url == f"https://{DOMAIN}"
        tunnel = ngrok.notes["tunnel"]
        assert not ngrok.is_gone()
    assert tunnel == {"name": "bsr-scim", "addr": LOCAL, "proto": "http", "schemes": ["https"], "inspect": False}
    assert ngrok.is_gone()


def test_a_domain_is_asked_for(ngrok: Ngrok) -> None:
    """The tunnel is where it was wanted."""
    with ngrok_tunnel(LOCAL, "scim.example.ngrok.app") as url:
        assert url == "https://scim.example.ngrok.app"
    assert ngrok.notes["tunnel"]["domain"] == "scim.example.ngrok.app"


def test_the_authtoken_is_not_in_the_list_of_processes(ngrok: Ngrok) -> None:
    """The agent finds it in its environment."""
    with ngrok_tunnel(LOCAL):
        assert ngrok.notes["arguments"] == ["start", "--none", "--log", "stdout"]
    assert os.environ["NGROK_AUTHTOKEN"] == AUTHTOKEN


def test_whatever_happens_inside_closes_it(ngrok: Ngrok) -> None:
    """An error of the server's is not one of the tunnel's."""
    with pytest.raises(ZeroDivisionError), ngrok_tunnel(LOCAL):
        raise ZeroDivisionError
    assert ngrok.is_gone()


def test_sigterm_closes_it(ngrok: Ngrok) -> None:
    """Also before the server has come to handle it; outside it is what it was."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), ngrok_tunnel(LOCAL):
        os.kill(os.getpid(), signal.SIGTERM)
    assert ngrok.is_gone()
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names it."""
    monkeypatch.setitem(sys.modules, "pyngrok", None)
    assert refusal() == "pyngrok is not installed: install the extra `ngrok`"


@pytest.mark.parametrize("authtoken", ["", "bad-authtoken-0123456789"], ids=["missing", "wrong"])
def test_without_a_valid_authtoken(
    ngrok: Ngrok, authtoken: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The message has ngrok's words and what to set, in one line; the authtoken is neither in it nor in a log."""
    monkeypatch.setenv("NGROK_AUTHTOKEN", authtoken)
    said = refusal()
    assert said.startswith("ngrok opens no tunnel: authentication failed: ")
    assert said.endswith(". Set NGROK_AUTHTOKEN to the authtoken on the dashboard of your ngrok account.")
    assert not {"\n", "\\"}.intersection(said)
    assert "bad-authtoken" not in said
    assert capfd.readouterr() == ("", "")


def test_a_tunnel_that_ngrok_refuses(ngrok: Ngrok, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has ngrok's reason, and the agent is gone."""
    reason = "failed to start tunnel: The endpoint 'https://x' is already online.\r\n\r\nERR_NGROK_334\r\n"
    monkeypatch.setenv("FAKE_NGROK_REFUSES", reason)
    assert refusal() == (
        "ngrok opens no tunnel: failed to start tunnel: The endpoint 'https://x' is already online. ERR_NGROK_334."
    )
    assert ngrok.is_gone()


def test_without_an_agent(ngrok: Ngrok, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none is on the PATH and none can be downloaded, the message says where to get one.

    The command `ngrok` of pyngrok's own is none.
    """
    (tmp_path / "ngrok").write_text("#!/usr/bin/env python3\nfrom pyngrok.ngrok import main\nmain()\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    said = refusal()
    assert said.startswith("ngrok's agent is not on the PATH, and could not be downloaded: ")
    assert said.endswith(". Install it from ngrok.com.")


def test_an_agent_elsewhere(ngrok: Ngrok, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYNGROK_NGROK_PATH names it, and goes before the PATH."""
    (tmp_path / "ngrok").rename(tmp_path / "agent")
    (tmp_path / "ngrok").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "ngrok").chmod(0o700)
    monkeypatch.setenv("PYNGROK_NGROK_PATH", str(tmp_path / "agent"))
    with ngrok_tunnel(LOCAL) as url:
        assert url == f"https://{DOMAIN}"


@pytest.mark.parametrize(
    ("given", "base_url"),
    [
        pytest.param({"SCIM_TRUSTED_PROXIES": "2"}, f"https://{DOMAIN}", id="ngrok's address"),
        pytest.param({"SCIM_BASE_URL": "https://x.ngrok.app/scim/v2"}, "https://x.ngrok.app/scim/v2", id="one's own"),
    ],
)
def test_the_server_has_the_address_and_trusts_one_proxy(
    ngrok: Ngrok, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], base_url: str
) -> None:
    """While the server runs the tunnel is open, to its own port."""
    served: list[Any] = []
    monkeypatch.setattr(server, "free_address", lambda host, port: host)
    monkeypatch.setattr(server, "serve", lambda *args: served.extend((*args, ngrok.is_gone())))
    options = ["--tunnel", "ngrok", "--backend", "memory://", "--host", "::1", "--port", "9000"]
    result = CliRunner().invoke(scim_commands, ["serve", *options], env=given)
    assert result.exit_code == 0, result.output
    settings, address, port, _, is_gone = served
    assert (settings["SCIM_BASE_URL"], settings["SCIM_TRUSTED_PROXIES"]) == (base_url, "1")
    assert (address, port, is_gone, ngrok.is_gone()) == ("::1", 9000, False, True)
    assert ngrok.notes["tunnel"]["addr"] == "http://[::1]:9000"
    assert f"SCIM connector base URL            {base_url.removesuffix('/scim/v2')}/scim/v2\n" in result.output


def test_nobody_comes_past_the_tunnel(ngrok: Ngrok) -> None:
    """Its headers are believed, so the server may listen on no other address than this machine's own."""
    options = ["--tunnel", "ngrok", "--backend", "memory://", "--host", "0.0.0.0", "--port", str(free_port())]
    result = CliRunner().invoke(scim_commands, ["serve", *options])
    assert result.exit_code == 2
    assert "leave --host at 127.0.0.1" in result.stderr
    assert not ngrok.notes
