"""The servers that are measured, as the workloads see them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.client import Address, Connection
from benchmarks.load.rounds import Lane
from benchmarks.people import user

SQLITE, RELAXED, REDIS = "SQLite", "SQLite, NORMAL", "Redis"
"""This project's server by what it stores in."""

PEER, SCIMMY = "scim2-flask", "scimmy-routers"
PEERS = (PEER, SCIMMY)

BARE, SELECT, INSERT_FULL, INSERT_NORMAL = "bare", "select", "insert_full", "insert_normal"


@dataclass(slots=True)
class Service:
    """A SCIM server, and what was stored there."""

    name: str
    address: Address
    token: str
    tag: str = "bench"
    ids: list[str] = field(default_factory=list)
    """Of the users, in the order of creation."""
    modified: list[str] = field(default_factory=list)
    """The newest users' `meta.lastModified`, in the same order."""

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """Return a request to a path below the SCIM base path."""
        return request(self.address, self.token, method, f"/scim/v2{path}", body)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the JSON of an answer, which comes over a connection of its own."""
        with Connection(self.address) as connection:
            answer = connection.ask(self.request(method, path, body))
        return answer.status, json.loads(answer.body) if answer.body else None


def request(address: Address, token: str, method: str, target: str, body: Any = None) -> bytes:
    """Return a request, ready to be sent."""
    data = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: {address[0]}:{address[1]}",
        f"Authorization: Bearer {token}",
        "Accept: application/scim+json, application/json",
    ]
    if data:
        lines += ["Content-Type: application/scim+json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*lines, "", ""]).encode() + data


def limit_lanes(address: Address, token: str, names: Sequence[str] = (BARE,)) -> list[Lane]:
    """Return the lanes of the limits that have these names."""
    return [_limit_lane(address, token, name) for name in names]


def _limit_lane(address: Address, token: str, name: str) -> Lane:
    if name in (BARE, SELECT):
        reads = [request(address, token, "GET", f"/{name}/u{number}") for number in range(_READ)]
        return Lane(name, address, lambda number: reads[number * 7919 % _READ])
    insert = request(address, token, "POST", f"/{name.replace('_', '/')}", user("limit", 1))
    return Lane(name, address, lambda _: insert, (201,))


_READ = 1000
"""How many different users the limits are asked for."""
