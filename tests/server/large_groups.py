"""Requests for a group with very many members, each in a process of its own that tells how much memory it took.

`python tests/server/large_groups.py URI` fills the store and writes a line for each request: its name, the status of
the answer, and by how many bytes beyond the size of the body the memory of the process grew at most.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from flask_bsr_scim import BsrScim
from flask_bsr_scim.backends.base import DEFAULT_TENANT, Insert
from flask_bsr_scim.resource import MemberChanges

MEMBERS = 100_000
TOKEN = "a-fixed-token-for-large-groups-0123456789"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_AT_ONCE = 2000
_STARTS = {
    "post": f'{{"schemas":["{GROUP}"],"displayName":"New","members":[',
    "put": f'{{"schemas":["{GROUP}"],"displayName":"Empty","members":[',
    "put with one less": f'{{"schemas":["{GROUP}"],"displayName":"full","members":[',
    "patch add": f'{{"schemas":["{PATCH}"],"Operations":[{{"op":"add","path":"members","value":[',
    "patch replace": f'{{"schemas":["{PATCH}"],"Operations":[{{"op":"replace","path":"members","value":[',
    "patch remove": f'{{"schemas":["{PATCH}"],"Operations":[{{"op":"remove","path":"members","value":[',
}
_REQUESTS = {
    "get": ("GET", "/Groups/full", ""),
    "get some attributes": ("GET", "/Groups/full?attributes=members.value", ""),
    "list": ("GET", "/Groups", ""),
    "post": ("POST", "/Groups", "]}"),
    "put": ("PUT", "/Groups/empty", "]}"),
    "put with one less": ("PUT", "/Groups/full", "]}"),
    "patch add": ("PATCH", "/Groups/empty-too", "]}]}"),
    "patch replace": ("PATCH", "/Groups/full", "]}]}"),
    "patch remove": ("PATCH", "/Groups/full", "]}]}"),
    "delete": ("DELETE", "/Groups/empty", ""),
}


def member_id(number: int) -> str:
    """Return the id of one of the users."""
    return f"{number:08x}-75a0-4c0e-9a3c-0123456789ab"


def body(name: str) -> bytes:
    """Return the body of a request; nothing is left over from making it."""
    text = bytearray(_STARTS[name].encode())
    for number in range(MEMBERS - (name == "put with one less")):
        text += b'%s{"value":"%s","display":"Somebody Somewhere"}' % (
            b"," if number else b"",
            member_id(number).encode(),
        )
    text += _REQUESTS[name][2].encode()
    return bytes(text)


def changes() -> Iterator[list[Insert]]:
    """Yield what fills the store."""
    ids = [member_id(number) for number in range(MEMBERS)]
    for start in range(0, MEMBERS, _AT_ONCE):
        yield [_user(i) for i in ids[start : start + _AT_ONCE]]
    yield [_group("full", MemberChanges(add=tuple(ids))), _group("empty"), _group("empty-too")]


def _user(i: str) -> Insert:
    return Insert("User", i, {"schemas": [USER], "id": i, "userName": f"{i}@example.com", "active": True})


def _group(i: str, members: MemberChanges | None = None) -> Insert:
    return Insert("Group", i, {"schemas": [GROUP], "id": i, "displayName": i}, members)


def send(app: Flask, method: str, path: str, data: bytes | None = None) -> str:
    """Send a request, read the answer piece by piece as a server does, and return its status."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
    path, _, query = f"/scim/v2{path}".partition("?")
    environ = EnvironBuilder(path, query_string=query, method=method, data=data, headers=headers).get_environ()
    pieces, status, _ = run_wsgi_app(app.wsgi_app, environ)
    for _piece in pieces:
        pass
    return status.split()[0]


def memory(name: str) -> int:
    """Return how much memory the process has, or had at most (`VmRSS`, `VmHWM`)."""
    (kibibytes,) = re.findall(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kibibytes) * 1024


def measure(app: Flask, name: str) -> str:
    """Return the line about a request."""
    method, path, _ = _REQUESTS[name]
    data = body(name) if name in _STARTS else None
    send(app, "GET", "/Users?count=1")
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # The most is from now on.
    status = send(app, method, path, data)
    return f"{name},{status},{memory('VmHWM') - before - len(data or b'')}"


def in_a_child(work: Callable[[], str]) -> None:
    """Write what is returned by work that a copy of this process does."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    sys.stdout.write(f"{work()}\n")
    sys.stdout.flush()
    os._exit(0)


def main(uri: str) -> None:
    """Fill the store, and measure every request."""
    app = Flask("large_groups")
    service = BsrScim(app, backend=uri, token=TOKEN)
    send(app, "GET", "/Users?count=1")
    with app.app_context():
        backend = service.service.provider.backend
    for some in changes():
        backend.commit(DEFAULT_TENANT, some)
    backend.close()
    for name in _REQUESTS:
        in_a_child(partial(measure, app, name))


if __name__ == "__main__":
    main(sys.argv[1])
