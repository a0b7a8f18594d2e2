"""An agent of ngrok's, as far as pyngrok and a client of the tunnel can tell: its log, its API, what it forwards.

It stands on the PATH as `ngrok`. The API of the agent and the public side of the tunnel are one local port, told apart
by `Host`. What happens is noted in the file that FAKE_NGROK_NOTES names, an object a line; FAKE_NGROK_REFUSES is what
ngrok's service says to a tunnel.
"""

import json
import os
import sys
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

DOMAIN = "1a2b-203-0-113-7.ngrok-free.app"
CLIENT = "203.0.113.7"
TUNNELS: list[dict[str, Any]] = []

NO_TOKEN = (
    r"authentication failed: Usage of ngrok requires a verified account and authtoken.\n\nSign up for an account: "
    r"https://dashboard.ngrok.com/signup\nInstall your authtoken: "
    r"https://dashboard.ngrok.com/get-started/your-authtoken\r\n\r\nERR_NGROK_4018\r\n"
)
WRONG_TOKEN = (
    r"authentication failed: The authtoken you specified does not look like a proper ngrok authtoken.\n"
    r"Your authtoken: {}\nInstructions to install your authtoken are on your ngrok dashboard:\n"
    r"https://dashboard.ngrok.com/get-started/your-authtoken\r\n\r\nERR_NGROK_105\r\n"
)


def note(**what: Any) -> None:
    """Add an object to the notes."""
    with open(os.environ["FAKE_NGROK_NOTES"], "a") as notes:
        notes.write(json.dumps(what) + "\n")


def log(level: str, message: str, **more: str) -> None:
    """Write a line as the agent does."""
    pairs = "".join(f' {name}="{value}"' for name, value in more.items())
    sys.stdout.write(f't=2026-11-29T20:00:00+0000 lvl={level} msg="{message}"{pairs}\n')
    sys.stdout.flush()


class Handler(BaseHTTPRequestHandler):
    """Answers a request to the agent's API, or forwards one to the tunnel."""

    def handle_one_request(self) -> None:
        """Answer a request with any method."""
        self.raw_requestline = self.rfile.readline()
        if self.raw_requestline and self.parse_request():
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers["Host"].startswith("127.0.0.1"):
                self.call(body)
            else:
                self.forward(body)
        self.close_connection = True

    def call(self, body: bytes) -> None:
        """Answer a call of the agent's API (https://ngrok.com/docs/agent/api)."""
        if (self.command, self.path) == ("GET", "/api/tunnels"):
            self.answer(200, {"tunnels": TUNNELS, "uri": "/api/tunnels"})
        elif (self.command, self.path) == ("POST", "/api/tunnels"):
            self.open(json.loads(body))
        else:
            self.answer(404, {"status_code": 404, "msg": "Resource not found", "details": {"path": self.path}})

    def open(self, asked: dict[str, Any]) -> None:
        """Open a tunnel, unless it is to be refused."""
        refusal = os.environ.get("FAKE_NGROK_REFUSES")
        if refusal:
            self.answer(502, {"error_code": 103, "status_code": 502, "msg": "failed", "details": {"err": refusal}})
            return
        url = f"https://{asked.get('domain', DOMAIN)}"
        TUNNELS.append({"name": asked["name"], "public_url": url, "proto": "https", "config": {"addr": asked["addr"]}})
        note(tunnel=asked, port=self.server.server_port)  # type: ignore[attr-defined]
        self.answer(201, TUNNELS[-1])

    def forward(self, body: bytes) -> None:
        """Send a request on with the headers that ngrok adds, behind those that a client made up."""
        headers = dict(self.headers.items())
        headers["X-Forwarded-For"] = ", ".join(filter(None, (headers.get("X-Forwarded-For"), CLIENT)))
        headers["X-Forwarded-Proto"] = ", ".join(filter(None, (headers.get("X-Forwarded-Proto"), "https")))
        headers.setdefault("X-Forwarded-Host", headers["Host"])
        target = urlsplit(TUNNELS[0]["config"]["addr"])
        connection = HTTPConnection(str(target.hostname), target.port, timeout=20)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        self.reply(answer.status, answer.read(), dict(answer.getheaders()))

    def answer(self, status: int, value: Any) -> None:
        """Answer with JSON."""
        self.reply(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Answer with a body."""
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Start as `ngrok start --none --log stdout`: refuse the authtoken, or serve until killed."""
    token = os.environ.get("NGROK_AUTHTOKEN", "")
    note(arguments=sys.argv[1:], pid=os.getpid())
    log("info", "no configuration paths supplied")
    if not token.startswith("good"):
        refusal = WRONG_TOKEN.format(token) if token else NO_TOKEN
        log("eror", "failed to auth", obj="tunnels.session", err=refusal)
        log("crit", "command failed", err=refusal)
        sys.exit(1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    log("info", "starting web service", obj="web", addr=f"127.0.0.1:{server.server_port}")
    log("info", "client session established", obj="tunnels.session")
    log("info", "tunnel session started", obj="tunnels.session")
    server.serve_forever()


if __name__ == "__main__":
    main()
