"""An application to be checked, and where to reach it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from flask_bsr_scim import BsrScim
from tests.client import PREFIX, TOKEN


def make_app(backend_uri: str, profile: str, **options: Any) -> Flask:
    """Return an application with an empty store whose token is `TOKEN`."""
    app = Flask("checked")
    BsrScim(app, backend=backend_uri, profile=profile, token=TOKEN, **options)
    return app


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application over HTTP on the loopback interface; gives the base URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
