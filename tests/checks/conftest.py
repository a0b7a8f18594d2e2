"""A server over HTTP for the commands."""

from collections.abc import Iterator
from threading import Thread

import pytest
from werkzeug.serving import make_server

from tests.client import Scim


@pytest.fixture
def served(scim: Scim) -> Iterator[str]:
    """The base URL of the service in an application, over HTTP."""
    server = make_server("127.0.0.1", 0, scim.app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}{scim.prefix}"
    server.shutdown()
    thread.join(10)
    server.server_close()
