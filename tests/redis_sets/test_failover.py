"""The server on a set whose master is killed under load: nothing is there twice or by half, and what is promised is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread
from time import monotonic
from typing import Any, NamedTuple

import pytest

from flask_bsr_scim.portions import portions
from tests.redis_sets.sets import ClusterWithReplica, Watched, started, wait_until
from tests.server.conftest import servers
from tests.server.running import TOKEN, USER, Answer, Client, Server, patch, run

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

WRITERS = 3

CROWD = 2500
"""Members of the large group: more than one step of Redis takes."""

LAG = 2
"""Seconds: what was acknowledged longer ago is on the replica, which the master heard of within the last one."""

ROUNDS = 5
"""As often at least each writer was done before the master is killed, and after that."""


class Round(NamedTuple):
    """What a writer was told of one user, from beginning to end."""

    began: float
    ended: float
    id: str
    name: str
    is_member: bool
    is_there: bool


class RefusedError(Exception):
    """The store was away, or a failover took the user of this round back."""


@dataclass(slots=True)
class Load:
    """Clients that write all the time, and what they were told."""

    server: Server
    group: str = ""
    crowded: str = ""
    crowd: list[str] = field(default_factory=list)
    rounds: list[list[Round]] = field(default_factory=lambda: [[] for _ in range(WRITERS)])
    swellings: list[float] = field(default_factory=list)
    unexpected: list[Answer] = field(default_factory=list)
    ending: Event = field(default_factory=Event)

    def prepare(self) -> None:
        """Make the groups, and the members of the large one."""
        with self.server.client() as client:
            self.group, self.crowded = client.create_group("Written to"), client.create_group("Crowded")
            for some in portions(range(CROWD), 500):
                names = [{"schemas": [USER], "userName": f"crowd.{number}@example.com"} for number in some]
                posts = [{"method": "POST", "path": "/Users", "bulkId": n["userName"], "data": n} for n in names]
                made = client("POST", "/Bulk", {"schemas": [BULK], "Operations": posts}).body["Operations"]
                self.crowd += [each["location"].rpartition("/")[2] for each in made]

    def write(self, writer: int) -> None:
        """Work on one user after another."""
        with self.server.client() as client:
            for number in count():
                if self.ending.is_set():
                    return
                try:
                    self.rounds[writer].append(self._round(client, f"{writer}.{number}@example.com", number))
                except RefusedError:
                    self.ending.wait(0.05)

    def _round(self, client: Client, name: str, number: int) -> Round:
        began, renamed = monotonic(), f"renamed.{name}"
        user = self._told(client("POST", "/Users", {"schemas": [USER], "userName": name})).body["id"]
        self._told(client("PATCH", f"/Groups/{self.group}", patch(("add", "members", [{"value": user}]))))
        self._told(client("PATCH", f"/Users/{user}", patch(("replace", "userName", renamed))))
        leaves, ends = number % 3 == 0, number % 5 == 0
        if leaves:
            left = patch(("remove", f'members[value eq "{user}"]', None))
            self._told(client("PATCH", f"/Groups/{self.group}", left))
        if ends:
            self._told(client("DELETE", f"/Users/{user}"))
        return Round(began, monotonic(), user, renamed, not leaves and not ends, not ends)

    def swell(self) -> None:
        """Let everybody of the crowd come into the large group and leave it."""
        with self.server.client() as client:
            come = patch(("add", "members", [{"value": member} for member in self.crowd]))
            for number in count():
                if self.ending.is_set():
                    return
                body = come if number % 2 == 0 else patch(("replace", "members", []))
                try:
                    self._told(client("PATCH", f"/Groups/{self.crowded}", body))
                    self.swellings.append(monotonic())
                except RefusedError:
                    self.ending.wait(0.05)

    def _told(self, answer: Answer) -> Answer:
        if answer.status in (400, 404, 503):
            raise RefusedError
        if answer.status not in (200, 201, 204):
            self.unexpected.append(answer)
            raise RefusedError
        return answer

    def all_wrote_since(self, moment: float) -> bool:
        """Tell whether all writers went on after a moment."""
        done = [sum(each.began > moment for each in rounds) for rounds in self.rounds]
        return min(done) >= ROUNDS and sum(each > moment for each in self.swellings) >= ROUNDS


class Aftermath(NamedTuple):
    """A server whose store had a failover under load, and the moment of it."""

    server: Server
    load: Load
    killed: float

    def kept(self) -> Iterator[Round]:
        """Yield the rounds that must be there: all but those of the last moments before the failover."""
        for each in (each for rounds in self.load.rounds for each in rounds):
            if each.ended < self.killed - LAG or each.began > self.killed:
                yield each


@pytest.fixture(scope="module", params=[Watched, ClusterWithReplica])
def aftermath(request: pytest.FixtureRequest) -> Iterator[Aftermath]:
    """Kill the master of a set in the middle of writes, and let them go on with the next one."""
    kind: Callable[..., Any] = request.param
    with started(kind) as stores, servers() as start:
        with stores.master.client() as client:
            client.config_set("min-replicas-to-write", "1")
            client.config_set("min-replicas-max-lag", "1")
        load = Load(start(stores.uri(), "--workers", "2", SCIM_TOKEN=TOKEN).wait())
        load.prepare()
        threads = [Thread(target=load.swell), *(Thread(target=load.write, args=(number,)) for number in range(WRITERS))]
        began = monotonic()
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: load.all_wrote_since(began) and monotonic() > began + LAG + 1)
            stores.master.kill()
            killed = monotonic()
            wait_until(lambda: load.all_wrote_since(killed))
        finally:
            load.ending.set()
            for thread in threads:
                thread.join()
        yield Aftermath(load.server, load, killed)


def all_users(client: Client) -> list[Any]:
    """Return all users, read page by page."""
    users: list[Any] = []
    while page := client("GET", f"/Users?startIndex={len(users) + 1}&count=1000").body["Resources"]:
        users += page
    return users


def test_the_store_is_sound(aftermath: Aftermath) -> None:
    """Documents, indexes, memberships and change log agree; clients were told nothing but what they can deal with."""
    done = run("db", "check", "--backend", aftermath.server.backend)
    assert (done.returncode, done.stderr) == (0, "sound: default\n")
    assert aftermath.load.unexpected == []


def test_nobody_is_there_twice(aftermath: Aftermath) -> None:
    """Each userName has one user, whom a filter finds."""
    with aftermath.server.client() as client:
        everybody = all_users(client)
        users = {user["userName"]: user["id"] for user in everybody}
        found = {name: [user["id"] for user in client.find(name)] for name in users if "crowd" not in name}
    assert len(users) == len(everybody)
    assert found == {name: [i] for name, i in users.items() if "crowd" not in name}


def test_what_is_promised_is_there(aftermath: Aftermath) -> None:
    """What was acknowledged is there as it was left, but for the last moments before the failover."""
    with aftermath.server.client() as client:
        users = {user["id"]: user["userName"] for user in all_users(client)}
        group = client("GET", f"/Groups/{aftermath.load.group}").body
    members = {member["value"] for member in group["members"]}
    kept = list(aftermath.kept())
    assert len(kept) >= WRITERS * ROUNDS
    assert {each.id: users.get(each.id) for each in kept} == {
        each.id: each.name if each.is_there else None for each in kept
    }
    assert {each.id for each in kept if each.id in members} == {each.id for each in kept if each.is_member}
    assert members <= users.keys()


def test_a_large_change_is_there_or_not(aftermath: Aftermath) -> None:
    """Of the large group there are all members or none, also from the side of the members."""
    with aftermath.server.client() as client:
        members = client("GET", f"/Groups/{aftermath.load.crowded}").body.get("members", [])
        holding = {user["id"] for user in all_users(client) if "crowd" in user["userName"] and user.get("groups")}
    assert len(members) in (0, CROWD)
    assert {member["value"] for member in members} == holding
