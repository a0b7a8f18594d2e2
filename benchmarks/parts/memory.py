"""What the store in memory takes, measured in a process of its own: `python -m benchmarks.parts.memory USERS`.

Users are stored through the contract, in commits of a thousand. The memory is what the process has for itself, after
the garbage was collected, over what it had when some users of another tenant were stored.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import orjson

from benchmarks.dump import PROFILE, modified, stored_owner, stored_user, user_id
from benchmarks.parts.options import Say
from benchmarks.servers.processes import ROOT, memory
from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Insert
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.schema import TypeRegistry, load_profile

_AT_ONCE = 1000


def measure_memory(users: int, say: Say) -> list[dict[str, Any]]:
    """Return what was noted, one entry for users alone and one for users with their handles in the registry."""
    facts = []
    for kind in ("users", "users with handles"):
        command = [sys.executable, "-m", "benchmarks.parts.memory", str(users), kind]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        facts.append(json.loads(done.stdout))
        say(f"memory of {users} {kind}: {facts[-1]['bytes_a_user']:.0f} bytes a user")
    return facts


def document_bytes(number: int) -> int:
    """Return the size of a user as clients get it."""
    moment = modified(number)
    meta = {
        "resourceType": "User",
        "created": moment,
        "lastModified": moment,
        "location": f"http://127.0.0.1/scim/v2/Users/{user_id(number)}",
        "version": 'W/"1"',
    }
    return len(orjson.dumps({**stored_user("bench", number), "meta": meta}))


def _measured(users: int, kind: str) -> dict[str, Any]:
    store = open_backend("memory://", TypeRegistry((*load_profile(PROFILE), *internal_types())))
    _fill(store, "before", _AT_ONCE, kind)
    before = _used()
    _fill(store, "default", users, kind)
    grown = _used() - before
    return {"kind": kind, "users": users, "bytes_a_user": grown / users, "document_bytes": document_bytes(users // 2)}


def _fill(store: Backend, tenant: str, users: int, kind: str) -> None:
    inserts = chain.from_iterable(_inserts(number, kind) for number in range(users))
    for some in _batches(inserts):
        store.commit(tenant, some)


def _batches(inserts: Iterable[Insert]) -> Iterator[list[Insert]]:
    rest = iter(inserts)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def _inserts(number: int, kind: str) -> Iterator[Insert]:
    yield Insert("User", user_id(number), stored_user("bench", number))
    if kind != "users":
        owner = stored_owner("bench", number)
        yield Insert("Owner", owner["id"], owner)


def _used() -> int:
    gc.collect()
    used = memory(os.getpid())
    assert used is not None, "the system does not tell how much memory a process has"
    return used


if __name__ == "__main__":
    print(json.dumps(_measured(int(sys.argv[1]), sys.argv[2])))  # noqa: T201  # The process that measures reads it.
