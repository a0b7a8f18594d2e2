"""Puts an ngrok on the PATH, and sends requests through the tunnel that it opens."""

import json
import os
import stat
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.server.fake_ngrok import DOMAIN
from tests.server.running import PATIENCE, TOKEN

AGENT = Path(__file__).with_name("fake_ngrok.py")
AUTHTOKEN = "good-authtoken-0123456789"


class Ngrok:
    """An ngrok on the PATH, and what it noted."""

    def __init__(self, folder: Path) -> None:
        self._notes = folder / "notes"
        program = folder / "ngrok"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {AGENT} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.settings = {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "XDG_CONFIG_HOME": str(folder / "config"),
            "FAKE_NGROK_NOTES": str(self._notes),
            "NGROK_AUTHTOKEN": AUTHTOKEN,
        }

    @property
    def notes(self) -> dict[str, Any]:
        """What it noted: `arguments`, `pid`, and `tunnel` and `port` once there is a tunnel."""
        notes: dict[str, Any] = {}
        for line in self._notes.read_text().splitlines() if self._notes.exists() else ():
            notes |= json.loads(line)
        return notes

    def ask(
        self, method: str, path: str, body: Any = None, token: str = TOKEN, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Return status, headers and body of the answer to a request that comes through the tunnel."""
        sent = {"Host": DOMAIN, "Authorization": f"Bearer {token}", "Content-Type": "application/scim+json", **headers}
        connection = HTTPConnection("127.0.0.1", self.notes["port"], timeout=PATIENCE)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        response = connection.getresponse()
        return response.status, {n.lower(): v for n, v in response.getheaders()}, json.loads(response.read())

    def is_gone(self) -> bool:
        """Tell whether the agent has ended."""
        try:
            os.kill(self.notes["pid"], 0)
        except ProcessLookupError:
            return True
        return False

    def has_ended(self) -> bool:
        """Tell whether the agent ends within some seconds."""
        deadline = time.monotonic() + PATIENCE
        while not self.is_gone() and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.is_gone()
