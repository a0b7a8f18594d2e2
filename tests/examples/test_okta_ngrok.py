"""The example for a trial with Okta: one command, and Okta's requests come through the tunnel."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES
from tests.server.ngrok import Ngrok
from tests.server.running import PATIENCE, USER, environment, free_port, is_ready

START = ["sh", str(EXAMPLES / "okta_ngrok" / "start.sh")]


@pytest.fixture
def ngrok(empty_folder: Path) -> Ngrok:
    """An ngrok on the PATH."""
    return Ngrok(empty_folder)


@pytest.fixture
def port() -> int:
    """The port of the example."""
    return free_port()


@pytest.fixture
def started(ngrok: Ngrok, port: int) -> Iterator[subprocess.Popen[str]]:
    """The example, started."""
    path = os.pathsep.join((str(Path(sys.executable).parent), ngrok.settings["PATH"]))
    process = subprocess.Popen(
        [*START, "--port", str(port)],
        env=environment(**ngrok.settings | {"PATH": path}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def lines_until(process: subprocess.Popen[str], text: str) -> str:
    """Return what a process prints, up to the line that holds a text."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def wait_until_ready(port: int) -> None:
    """Return when requests are taken, which is a little after a worker says that it started."""
    deadline = time.monotonic() + PATIENCE
    while not is_ready(port):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_okta_comes_in_with_what_is_printed(
    started: subprocess.Popen[str], port: int, ngrok: Ngrok, empty_folder: Path
) -> None:
    """The URL and the token that are printed work, each request has a line, and the tunnel ends with the command."""
    printed = lines_until(started, "Started worker")
    token = re.search(r"Authorization \(Bearer\) +(\S+)", printed)
    url = re.search(r"SCIM connector base URL +(\S+)", printed)
    assert token is not None
    assert url is not None
    wait_until_ready(port)
    status, _, bob = ngrok.ask("POST", "/scim/v2/Users", {"schemas": [USER], "userName": "bob"}, token[1])
    assert (status, bob["meta"]["location"]) == (201, f"{url[1]}/Users/{bob['id']}")
    assert "POST '/scim/v2/Users' 201" in lines_until(started, "POST")
    started.terminate()
    started.communicate(timeout=PATIENCE)
    assert started.returncode == 0
    assert ngrok.has_ended()
    assert (empty_folder / "okta-trial.db").exists()


def test_it_asks_for_the_authtoken(ngrok: Ngrok) -> None:
    """Without one it says where yours is, and starts nothing."""
    settings = {name: value for name, value in environment(**ngrok.settings).items() if name != "NGROK_AUTHTOKEN"}
    done = subprocess.run(START, env=settings, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode != 0
    assert "https://dashboard.ngrok.com/get-started/your-authtoken" in done.stderr
    assert not ngrok.notes
