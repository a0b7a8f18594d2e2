"""Traffic that is recorded: of whole checks, and of requests that a test sends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Thread
from typing import Any

from click.testing import Result
from flask import Flask
from werkzeug.serving import make_server

from flask_bsr_scim.checks.faults import Answer
from flask_bsr_scim.checks.transport import Request, Transport
from flask_bsr_scim.console.traffic import Record
from flask_bsr_scim.traffic.exporting import make_recording
from flask_bsr_scim.traffic.recording import Recording
from flask_bsr_scim.traffic.replaying import Outcome, Replay
from tests.checks.playing import into, play
from tests.client import TOKEN, Scim
from tests.console.visiting import Site

HERE = "http://localhost/scim/v2"
SPECIFIED = {"at": 1.0, "milliseconds": 1.0, "client": "Okta", "meaning": "Okta asks", "method": "GET", "status": 200}


def records(site: Site) -> list[Record]:
    """Return what is recorded."""
    site.recorder.flush()
    return [Record.read(entry.text) for entry in site.service.backend.journal("default", count=100_000)]


def record(**values: Any) -> Record:
    """Return a record with some values; the others are of a small request."""
    return Record(**{**SPECIFIED, "target": "/Users", **values})


@cache
def checked(kind: str) -> tuple[Record, ...]:
    """Return the records of a whole check of a server in memory."""
    site = Site("memory://")
    report, _ = play(kind, into(site.scim), TOKEN)
    assert report.passed
    return tuple(records(site))


def replayed(
    recording: Recording, scim: Scim, transport: Transport | None = None, *, with_given: bool = False
) -> list[Outcome]:
    """Send a recording into an application, and return how each request went."""
    replay = Replay(recording, transport or into(scim), scim.token, HERE)
    return [*replay.outcomes(with_given=with_given)]


def export(*given: Record, **options: Any) -> Recording:
    """Return the recording of some records."""
    return make_recording(given, "bsr", **options)


def command(app: Flask, *args: str) -> Result:
    """Run a command of an application, as `flask scim traffic …`."""
    return app.test_cli_runner().invoke(args=["scim", "traffic", *args])


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an application over HTTP, and give its base URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/scim/v2"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def wrong(transport: Transport, method: str, change: Callable[[Answer], Answer]) -> Transport:
    """Return a transport that changes the answers to one method."""

    def send(request: Request) -> Answer:
        answer = transport(request)
        return change(answer) if request.method == method else answer

    return send
