"""The Redis that the how-to page sets up keeps what it should, and lets the service in."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import sleep

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.redis import commits
from flask_bsr_scim.backends.testing.data import TYPES, commit, found, person
from flask_bsr_scim.errors import StoreUnavailable
from tests.client import GROUP, TOKEN, USER, Scim
from tests.docs.pages import DOCS, blocks
from tests.redis_server import RedisServer, running

PAGE = DOCS / "how-to" / "redis.md"
CONFIGURATION, ACCESS_LIST = (block.text for block in blocks(PAGE, "text"))
LINES = dict(line.split(" ", 1) for line in CONFIGURATION.splitlines() if line and not line.startswith("#"))


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server with the configuration of the page."""
    with running(**{name.replace("-", "_"): value for name, value in LINES.items() if name != "requirepass"}) as server:
        with server.client() as client:
            client.config_set("requirepass", LINES["requirepass"])
        yield server


def uri(server: RedisServer, credentials: str) -> str:
    """Return the URI of a store on the server."""
    return f"redis://{credentials}@127.0.0.1:{server.port}/0"


def alone(server: RedisServer) -> None:
    """Let the server be without replicas."""
    with server.client(LINES["requirepass"]) as client:
        client.config_set("min-replicas-to-write", "0")


def test_nothing_is_to_be_warned_of(server: RedisServer) -> None:
    """The settings of the page are those that keep everything; a master without replicas takes no writes."""
    backend = open_backend(uri(server, f":{LINES['requirepass']}"), TYPES)
    assert backend.warnings() == []
    with pytest.raises(StoreUnavailable):
        commit(backend, person("a"))
    alone(server)
    commit(backend, person("a"))
    assert found(backend, "Person") == ["a"]
    backend.close()


@pytest.mark.parametrize("config", [True, False])
def test_a_user_of_its_own(server: RedisServer, monkeypatch: pytest.MonkeyPatch, config: bool) -> None:
    """What the access list allows is enough, for very large groups too, with the settings to read or without."""
    monkeypatch.setattr(commits, "_AT_ONCE", 0)
    alone(server)
    rules = ACCESS_LIST.split()[1:]
    with server.client(LINES["requirepass"]) as client:
        client.execute_command("ACL", "SETUSER", *(r for r in rules if config or r != "+config|get"))
    password = next(rule[1:] for rule in rules if rule.startswith(">"))
    app = Flask("redis")
    BsrScim(app, backend=uri(server, f"{rules[0]}:{password}"), token=TOKEN)
    scim = Scim(app)
    bob = scim("POST", "/Users", {"schemas": [USER], "userName": "bob@example.com"}).get_json()["id"]
    group = {"schemas": [GROUP], "displayName": "Large", "members": [{"value": bob}]}
    assert scim("POST", "/Groups", group).get_json()["members"][0]["value"] == bob
    assert scim("GET", '/Users?filter=userName eq "bob@example.com"').get_json()["totalResults"] == 1
    backend = open_backend(uri(server, f"{rules[0]}:{password}"), TYPES)
    assert ["does not let its settings be read" in warning for warning in backend.warnings()] == [True] * (not config)
    backend.close()


def test_a_snapshot_is_put_back(tmp_path: Path) -> None:
    """Only by the steps of the page: a server with an append-only file does not look at a snapshot."""
    with running(appendonly="yes") as old:
        backend = open_backend(f"redis://127.0.0.1:{old.port}/0", TYPES)
        commit(backend, person("a"))
        backend.close()
        with old.client() as client:
            client.save()
        snapshot = (old.folder / "dump.rdb").read_bytes()
    (tmp_path / "dump.rdb").write_bytes(snapshot)
    steps = [block.text for block in blocks(PAGE, "console") if "CONFIG SET appendonly yes" in block.text]
    assert len(steps) == 1
    once, as_always = (RedisServer(tmp_path, appendonly=file) for file in ("no", "yes"))
    with ExitStack() as ending:
        ending.callback(once.kill)
        ending.callback(as_always.kill)
        with once.start().client() as client:
            client.config_set("appendonly", "yes")
            while any(client.info("persistence")[f"aof_rewrite_{state}"] for state in ("in_progress", "scheduled")):
                sleep(0.01)
        once.kill()
        as_always.start()
        backend = open_backend(f"redis://127.0.0.1:{as_always.port}/0", TYPES)
        assert found(backend, "Person") == ["a"]
        backend.close()
