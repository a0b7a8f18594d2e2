"""Processes are killed while clients write, with their Redis or without: what was acknowledged is there, and nothing is
there by half.

`--hypothesis-profile=thorough` makes it twenty rounds instead of three.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import settings

from flask_bsr_scim.backends.base import DEFAULT_TENANT, LogEntry
from flask_bsr_scim.web.config import read_settings
from flask_bsr_scim.web.service import Service
from tests.redis_server import RedisServer, running
from tests.server.conftest import servers
from tests.server.running import PATIENCE, TOKEN, USER, Client, Server, patch, together

WRITERS = 4
ROUNDS, WRITES = (20, 150) if settings().max_examples == settings.get_profile("thorough").max_examples else (3, 50)
"""How often everything is killed, and the least number of writes that are acknowledged before."""

_READY_WITHIN = 3
"""Seconds."""


@dataclass(slots=True)
class Acknowledged:
    """What the server said that it stored."""

    users: dict[str, Any] = field(default_factory=dict)
    """The bodies by id."""
    members: set[str] = field(default_factory=set)
    attempts: set[str] = field(default_factory=set)
    """The userNames that were sent."""

    @property
    def writes(self) -> int:
        """The number of acknowledged writes."""
        return len(self.users) + len(self.members)


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A server that was killed and started again, over and over, and what it had acknowledged before."""

    server: Server
    group: str
    told: Acknowledged
    seconds_to_ready: list[float]


def write(server: Server, group: str, name: str, told: Acknowledged) -> None:
    """Create users and make them members of the group until the server is gone."""
    with server.client() as client:
        for number in range(100_000):
            user_name = f"{name}.{number}@example.com"
            told.attempts.add(user_name)
            try:
                created = client("POST", "/Users", {"schemas": [USER], "userName": user_name, "externalId": user_name})
                if created.status == 503:
                    return
                assert created.status == 201, created
                told.users[created.body["id"]] = created.body
                member = created.body["id"]
                added = client("PATCH", f"/Groups/{group}", patch(("add", "members", [{"value": member}])))
                if added.status == 503:
                    return
                assert added.status in (200, 204), added
                told.members.add(member)
            except (OSError, HTTPException):
                return


def kill_after(told: Acknowledged, writes: int, victims: list[Any]) -> None:
    """Kill processes at a moment after so many writes were acknowledged."""
    deadline = time.monotonic() + PATIENCE
    while told.writes < writes and time.monotonic() < deadline:
        time.sleep(0.001)
    for each in victims:
        each.kill()


@contextmanager
def stores(kind: str, folder: Path) -> Iterator[tuple[str, RedisServer | None]]:
    """Give the URI of a store that keeps what it acknowledged, and the process that keeps it when there is one."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'scim.db'}", None
        return
    with running(appendonly="yes", appendfsync="always") as redis:
        yield redis.uri(), redis


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def aftermath(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Kill the server, its store, or both in the middle of writes, again and again."""
    moments, told, seconds = random.Random(1), Acknowledged(), []
    with stores(request.param, tmp_path_factory.mktemp("crash")) as (uri, redis), servers() as start:
        server = start(uri, SCIM_TOKEN=TOKEN).wait()
        with server.client() as client:
            group = client.create_group("Written to")
        for number in range(ROUNDS):
            victims: list[Any] = [server] if redis is None else [[redis], [redis, server], [server]][number % 3]
            goal = told.writes + moments.randint(WRITES, 2 * WRITES)
            killer = Thread(target=kill_after, args=(told, goal, victims))
            killer.start()
            together([partial(write, server, group, f"{number}.{writer}", told) for writer in range(WRITERS)])
            killer.join()
            before = time.monotonic()
            for each in victims:
                each.start()
            server.wait()
            if server in victims:
                seconds.append(time.monotonic() - before)
        yield Aftermath(server, group, told, seconds)


def all_users(client: Client, query: str = "") -> dict[str, Any]:
    """Return every user by id, read page by page."""
    users: dict[str, Any] = {}
    while True:
        page = client("GET", f"/Users?startIndex={len(users) + 1}&count=1000{query}").body
        users |= {user["id"]: user for user in page.get("Resources", [])}
        if not page.get("Resources"):
            assert page["totalResults"] == len(users)
            return users


def log_entries(server: Server) -> list[LogEntry]:
    """Return the whole change log."""
    log = Service(read_settings({"SCIM_BACKEND": server.backend})).backend.log
    entries: list[LogEntry] = []
    while page := log(DEFAULT_TENANT, after=entries[-1].sequence if entries else 0, count=1000):
        entries += page
    return entries


def test_acknowledged_users_are_there(aftermath: Aftermath) -> None:
    """Each acknowledged user is there as it was acknowledged, and no user is there that was not sent."""
    with aftermath.server.client() as client:
        users = all_users(client, "&excludedAttributes=groups")
    told = aftermath.told
    assert told.writes >= WRITES * ROUNDS
    assert {i: users.get(i) for i in told.users} == told.users
    assert {user["userName"] for user in users.values()} <= told.attempts
    assert len(users) <= len(told.users) + WRITERS * ROUNDS


def test_users_are_found_by_name(aftermath: Aftermath) -> None:
    """A filter finds each acknowledged user, alone: the index is of one mind with the documents."""
    with aftermath.server.client() as client:
        found = {i: [each["id"] for each in client.find(user["userName"])] for i, user in aftermath.told.users.items()}
    assert found == {i: [i] for i in aftermath.told.users}


def test_acknowledged_members_are_there(aftermath: Aftermath) -> None:
    """Each member that was acknowledged is in the group, and the group is in the member."""
    with aftermath.server.client() as client:
        group = client("GET", f"/Groups/{aftermath.group}").body
        belonging = {i for i, user in all_users(client).items() if user.get("groups")}
    members = {member["value"] for member in group["members"]}
    assert aftermath.told.members <= members
    assert members == belonging
    assert len(members) <= len(aftermath.told.members) + WRITERS * ROUNDS


def test_change_log_has_no_gap(aftermath: Aftermath) -> None:
    """The log has one entry for each version of each resource that is there, and for nothing else."""
    with aftermath.server.client() as client:
        group = client("GET", f"/Groups/{aftermath.group}?excludedAttributes=members").body
        resources = {**all_users(client, "&excludedAttributes=groups"), group["id"]: group}
    versions: dict[str, list[tuple[int | None, int | None]]] = {}
    for entry in log_entries(aftermath.server):
        if entry.type in ("User", "Group"):
            versions.setdefault(entry.id, []).append((entry.before, entry.after))
    stored = {i: int(resource["meta"]["version"].strip('W/"')) for i, resource in resources.items()}
    assert versions == {i: [(n or None, n + 1) for n in range(last)] for i, last in stored.items()}


def test_server_is_ready_soon(aftermath: Aftermath) -> None:
    """After a crash the server is ready again within three seconds, without a step by hand."""
    assert min(aftermath.seconds_to_ready) < _READY_WITHIN
