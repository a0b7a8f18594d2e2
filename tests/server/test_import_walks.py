"""Imports of a large directory from a server with several processes, while people leave."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from random import Random

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.backends.base import DEFAULT_TENANT, Insert
from tests.server.conftest import servers
from tests.server.running import TOKEN, USER, Server, together

USERS = 20_000
LEAVE = 50
COUNT = 100


def fill(uri: str) -> list[str]:
    """Make a store with many users; return their ids."""
    app = Flask("import_walks")
    BsrScim(app, backend=uri, token=TOKEN)
    ids = [f"{number:032x}" for number in range(USERS)]
    with app.app_context():
        backend = current_service().backend
    users = [Insert("User", i, {"schemas": [USER], "id": i, "userName": f"{i}@example.com"}) for i in ids]
    for start in range(0, USERS, 5000):
        backend.commit(DEFAULT_TENANT, users[start : start + 5000])
    backend.close()
    return ids


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[str]]]:
    """A server with three workers on a store with many users, and their ids."""
    path: Path = tmp_path_factory.mktemp("import") / "scim.db"
    ids = fill(f"sqlite:///{path}")
    with servers() as start:
        yield start(f"sqlite:///{path}", "--workers", "3", SCIM_TOKEN=TOKEN).wait(), ids


def import_all(server: Server) -> list[str]:
    """Read all users as Okta does; return their ids. Each page comes over a connection of its own, to some worker."""
    seen: list[str] = []
    start, total = 1, 1
    while start <= total:
        with server.client() as client:
            page = client("GET", f"/Users?startIndex={start}&count={COUNT}&attributes=id").body
        seen += [user["id"] for user in page["Resources"]]
        start, total = start + page["itemsPerPage"], page["totalResults"]
        assert page["Resources"] or start > total
    return seen


def delete_all(server: Server, ids: list[str]) -> list[str]:
    """Delete users one by one."""
    with server.client() as client:
        for resource_id in ids:
            assert client("DELETE", f"/Users/{resource_id}").status == 204
    return ids


@pytest.mark.requirement("P-09")
def test_imports_lose_nobody(directory: tuple[Server, list[str]]) -> None:
    """Two imports by one token at once, while users go from everywhere: each gets all others, and nobody twice."""
    server, ids = directory
    choice = Random(7).sample(ids[: USERS // 4], LEAVE) + Random(8).sample(ids[USERS // 4 :], LEAVE)
    first = import_all(server)
    assert first == ids
    found = together([partial(import_all, server), partial(import_all, server), partial(delete_all, server, choice)])
    stayed = set(ids) - set(choice)
    for seen in (*found[:2], import_all(server)):
        assert len(seen) == len(set(seen))
        assert stayed <= set(seen)
        assert seen == sorted(seen)
