"""Watches a server while odd requests come: time, memory, what is logged, and those whom nobody meant."""

import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flask import Flask
from werkzeug.test import TestResponse

from tests.client import Scim, new_client, path_of

SLOWEST = 1.0
"""Seconds of processor time that an answer may take; those on the clock say more about the machine."""

GROWTH = 64_000_000
GROWTH_FOR_EACH = 10_000
"""Bytes by which the process may grow in all, and for each request, since what is created is kept."""

INSIDE = re.compile(r"Traceback|SELECT |INSERT |UPDATE \w+ SET|site-packages|<class|object at 0x|bsrscim_|bsrapi_")
"""What no log shows, unless it was sent: traces, statements, paths, tokens. (`tests.client` holds answers to more.)"""

_STATM = Path("/proc/self/statm")
_PAGE = 4096


class Watched(Scim):
    """A client that counts its requests, keeps the last one, and allows each a second."""

    requests, sent = 0, ""

    def __call__(self, method: str, path: str = "", *args: Any, **options: Any) -> TestResponse:
        """Send a request."""
        self.requests, self.sent = self.requests + 1, unquote(repr((path, args, options)))
        begun = time.thread_time()
        response = super().__call__(method, path, *args, **options)
        assert time.thread_time() - begun < SLOWEST, f"{method} {path} is slow"
        return response


class Canaries:
    """A user and a group whom no request means."""

    def __init__(self, scim: Scim, name: str) -> None:
        self._scim = scim
        made = scim.user(f"canary-{name}", emails=[{"value": f"{name}@example.com", "type": "work", "primary": True}])
        self._paths = [path_of(made), path_of(scim.group(f"Canaries {name}", made["id"]))]
        self._before = self._read()

    def check(self) -> None:
        """Check that they are as they were, to the last byte."""
        assert self._read() == self._before

    def _read(self) -> list[str]:
        return [self._scim.get(path).text for path in self._paths]


class _Lines(logging.Handler):
    def __init__(self, client: Watched) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_info)s"))
        self._client = client
        self.faults: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        found = INSIDE.search(text)
        if record.exc_info or (found and found[0] not in self._client.sent):
            self.faults.append(text)


@contextmanager
def watched(app: Flask) -> Iterator[Watched]:
    """Give a client of a new tenant; in the end, check all that must not have happened meanwhile."""
    tenant = new_client(app)
    scim = Watched(app, token=tenant.token)
    canaries = [Canaries(tenant, "same"), Canaries(new_client(app), "other")]
    lines = _Lines(scim)
    logging.getLogger().addHandler(lines)
    size = _resident()
    try:
        yield scim
    finally:
        logging.getLogger().removeHandler(lines)
    assert _resident() - size < GROWTH + GROWTH_FOR_EACH * scim.requests, "the process grows"
    assert not lines.faults
    for canary in canaries:
        canary.check()


def _resident() -> int:
    """Return the memory of the process; 0 where the system does not tell."""
    return int(_STATM.read_text().split()[1]) * _PAGE if _STATM.exists() else 0


def json_of(response: TestResponse) -> Any:
    """Return the JSON of an answer, None when it has no body."""
    return json.loads(response.data) if response.data else None
