"""Several Redis servers that belong together, each a process on the loopback."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from socket import socket
from time import monotonic, sleep
from typing import TypeVar

from redis import Redis
from redis.exceptions import RedisError

from flask_bsr_scim.backends.base import DEFAULT_TENANT
from tests.redis_server import RedisServer, new_prefix
from tests.server.running import free_port

SLOTS = 16384
PATIENCE = 30
"""Seconds after which anything that is waited for has failed."""

_BUS = 10_000
"""By so much the port is higher on which servers of a Cluster talk to each other."""
_GIVEN_TO_CONNECTIONS = 32_768
"""From here on a port may be that of any connection."""


class Sentinel(RedisServer):
    """A Sentinel that watches a master by itself."""

    def __init__(self, folder: Path, master: RedisServer) -> None:
        super().__init__(folder)
        folder.mkdir()
        self._file = folder / f"{self.port}.conf"
        self._file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor main 127.0.0.1 {master.port} 1\n"
            "sentinel down-after-milliseconds main 400\nsentinel failover-timeout main 2000\n"
        )

    def _arguments(self) -> list[str]:
        return [str(self._file), "--sentinel"]


class Watched:
    """A master, its replica, and a Sentinel."""

    def __init__(self, folder: Path) -> None:
        self.master = RedisServer(folder / "master", repl_diskless_sync_delay="0")
        self.replica = RedisServer(
            folder / "replica", replicaof=f"127.0.0.1 {self.master.port}", repl_diskless_sync_delay="0"
        )
        self.sentinel = Sentinel(folder / "sentinel", self.master)
        self.servers = (self.master, self.replica, self.sentinel)

    def wait(self) -> None:
        """Return when the replica follows, and the Sentinel knows both."""
        with self.sentinel.client() as client:
            wait_until(lambda: client.execute_command("SENTINEL", "REPLICAS", "main") != [])
        with self.replica.client() as client:
            wait_until(lambda: client.info("replication")["master_link_status"] == "up")

    def catch_up(self) -> None:
        """Return when the replica has all that the master was told."""
        with self.master.client() as master, self.replica.client() as replica:
            told = master.info("replication")["master_repl_offset"]
            wait_until(lambda: replica.info("replication")["slave_repl_offset"] >= told)

    def uri(self) -> str:
        """Return the URI of an empty store."""
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/main/0?prefix={new_prefix()}"


def cluster_port() -> int:
    """Return a port where nobody listens, nor on that of its bus, which no connection of this machine gets either."""
    while True:
        port = free_port()
        with socket() as probe, suppress(OSError):
            if port + _BUS < _GIVEN_TO_CONNECTIONS:
                probe.bind(("127.0.0.1", port + _BUS))
                return port


class Cluster:
    """Three masters, each with a third of the slots."""

    def __init__(self, folder: Path) -> None:
        self.servers = [
            RedisServer(
                folder / str(number),
                cluster_port(),
                cluster_enabled="yes",
                cluster_config_file=f"nodes-{number}.conf",
                cluster_node_timeout="1000",
                cluster_require_full_coverage="no",
            )
            for number in range(3)
        ]

    def wait(self) -> None:
        """Make the servers one cluster, and return when they know that they are."""
        for number, server in enumerate(self.servers):
            with server.client() as client:
                slots = range(number * SLOTS // 3, (number + 1) * SLOTS // 3)
                client.execute_command("CLUSTER", "ADDSLOTS", *slots)
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", self.servers[0].port)
        for server in self.servers:
            with server.client() as client:
                wait_until(lambda client=client: self._is_whole(client))

    def _is_whole(self, client: Redis) -> bool:
        info = str(client.execute_command("CLUSTER", "INFO"))
        return "cluster_state:ok" in info and f"cluster_slots_ok:{SLOTS}" in info and "known_nodes:3" in info

    def holder(self, key: str) -> RedisServer:
        """Return the server that has the slot of a key."""
        return next(server for server in self.servers if self._has(server, key))

    def _has(self, server: RedisServer, key: str) -> bool:
        with server.client() as client:
            try:
                client.exists(key)
            except RedisError:
                return False
            return True

    def move(self, key: str) -> None:
        """Give the slot of a key, and all that is in it, to another server."""
        old = self.holder(key)
        new = next(server for server in self.servers if server is not old)
        with old.client() as giver, new.client() as taker:
            slot = giver.execute_command("CLUSTER", "KEYSLOT", key)
            ids = {c: str(c.execute_command("CLUSTER", "MYID")) for c in (giver, taker)}
            taker.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[giver])
            giver.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[taker])
            while names := giver.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
                giver.execute_command("MIGRATE", "127.0.0.1", new.port, "", 0, 5000, "REPLACE", "KEYS", *names)
            for client in (taker, giver):
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[taker])

    def uri(self) -> str:
        """Return the URI of an empty store."""
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.servers)
        return f"redis+cluster://{hosts}?prefix={new_prefix()}"


class ClusterWithReplica(Cluster):
    """A Cluster in which the master of a tenant has a replica."""

    def __init__(self, folder: Path, tenant: str = DEFAULT_TENANT) -> None:
        super().__init__(folder)
        self.replica = RedisServer(
            folder / "replica",
            cluster_port(),
            cluster_enabled="yes",
            cluster_config_file="nodes.conf",
            cluster_node_timeout="1000",
            cluster_require_full_coverage="no",
            cluster_replica_validity_factor="0",
            repl_diskless_sync_delay="0",
        )
        self.servers.append(self.replica)
        self._key = f"{{{tenant}}}"

    def wait(self) -> None:
        masters, self.servers = self.servers, self.servers[:3]
        super().wait()
        self.servers = masters
        self.master = self.holder(self._key)
        with self.master.client() as giver, self.replica.client() as taker:
            name = str(giver.execute_command("CLUSTER", "MYID"))
            taker.execute_command("CLUSTER", "MEET", "127.0.0.1", self.master.port)
            wait_until(lambda: name in str(taker.execute_command("CLUSTER", "NODES")))
            wait_until(lambda: is_done(taker, "CLUSTER", "REPLICATE", name))
            wait_until(lambda: taker.info("replication")["master_link_status"] == "up")

    def _has(self, server: RedisServer, key: str) -> bool:
        return server is not self.replica and super()._has(server, key)


def is_done(client: Redis, *command: str) -> bool:
    """Tell whether a command was done, now or before."""
    try:
        client.execute_command(*command)
    except RedisError:
        return False
    return True


Set = TypeVar("Set", Watched, Cluster, ClusterWithReplica)


@contextmanager
def started(kind: Callable[[Path], Set]) -> Iterator[Set]:
    """Give a set of servers that ends with the context."""
    with ExitStack() as ending:
        servers = kind(Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="redis"))))
        for server in servers.servers:
            ending.callback(server.kill)
            server.start()
        servers.wait()
        yield servers


def wait_until(is_done: Callable[[], bool]) -> None:
    """Return when something is so."""
    deadline = monotonic() + PATIENCE
    while not is_done():
        assert monotonic() < deadline, "it never came to be so"
        sleep(0.02)
