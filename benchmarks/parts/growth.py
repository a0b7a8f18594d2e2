"""Stores of this server with more and more users, made by `bsr-scim import` and measured in the same rounds."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

from redis import Redis

from benchmarks.dump import first_member, group_id, modified, user_id, write_dump
from benchmarks.load.groups import CHANGES, SPARE, WITHOUT_MEMBERS, Group, measure_groups
from benchmarks.load.replaced_group import measure_replacement
from benchmarks.load.rounds import Lane, Plan, interleave
from benchmarks.load.services import BARE, REDIS, SQLITE, Service
from benchmarks.load.walks import measure_walks
from benchmarks.load.workloads import NEWEST, WORKLOADS, Workload, lane
from benchmarks.numbers import number
from benchmarks.parts.options import Say
from benchmarks.results import Key, Results
from benchmarks.servers import own
from benchmarks.servers.limits import limits
from benchmarks.servers.processes import memory_of_a_worker
from tests.redis_server import RedisServer

READS = (
    "b.get", "c.match_username", "d.emails_complex", "d.emails_value", "d.external_id", "e.page_first", "e.page_deep",
    "j.modified_since",
)  # fmt: skip
"""What is measured at each size."""

Fact = dict[str, Any]
"""What was noted of a store beside the figures."""

_TAG = "bench"

_WALKED = 2_000_000
"""So many users are read in walks of the largest store, as far as there are rounds."""


@dataclass(slots=True)
class _Store:
    users: int
    uri: str
    service: Service
    pid: int
    groups: list[Group]
    fact: Fact


def grow(
    sizes: Sequence[int], members: Sequence[int], rounds: int, folder: Path, say: Say
) -> tuple[Results, list[Fact]]:
    """Make a store of each size on SQLite and on Redis, and measure all of them beside the bare route."""
    results, plan = Results(), Plan(rounds)
    with ExitStack() as stack:
        stores = [store for users in sizes for store in _stores(users, members, folder, stack, say)]
        bare = stack.enter_context(limits(folder))[BARE]
        for name in READS:
            _read(name, stores, bare, plan, results, say)
        say("walks through the whole list")
        walkers = [(store.service, store.users, partial(own.new_tokens, store.uri)) for store in stores]
        measure_walks(walkers, max(1, min(rounds, _WALKED // sizes[-1])), results)
        _measure_groups([store for store in stores if store.users == sizes[-1]], bare, plan, results, say)
        for store in stores:
            store.fact["worker_bytes"] = memory_of_a_worker(store.pid)
    return results, [store.fact for store in stores]


def _stores(users: int, members: Sequence[int], folder: Path, stack: ExitStack, say: Say) -> Iterator[_Store]:
    file, sizes = folder / f"{users}.jsonl", [size for size in members if size <= users]
    with file.open("wb") as output:
        write_dump(output, _TAG, users + SPARE, sizes)
    (folder / f"redis-{users}").mkdir()
    redis = stack.enter_context(own.redis(folder / f"redis-{users}"))
    ids = [user_id(number) for number in range(users + SPARE)]
    for name, uri in ((SQLITE, own.sqlite_store(folder, str(users))), (REDIS, redis.uri())):
        fact = _imported(name, users, file, uri)
        fact |= _size_of_file(folder / f"{users}.db") if name == SQLITE else _size_of_redis(redis)
        say(f"{users} users in {name}: {number(fact['seconds'])} s, {number(fact['users_a_second'])} users/s")
        yield _served(fact, ids, uri, sizes, folder, stack)
    file.unlink()


def _imported(name: str, users: int, file: Path, uri: str) -> Fact:
    took = own.import_file(file, uri)
    return {
        "store": name,
        "users": users,
        "file_bytes": file.stat().st_size,
        "seconds": took.seconds,
        "users_a_second": (users + SPARE) / took.seconds,
        "import_bytes": took.memory,
    }


def _size_of_file(file: Path) -> Fact:
    return {"disk_bytes": sum(each.stat().st_size for each in file.parent.glob(f"{file.name}*")), "redis_bytes": None}


def _size_of_redis(redis: RedisServer) -> Fact:
    """Return what Redis takes when it has rewritten its append-only file, which it would do at some time."""
    with redis.client() as client:
        _wait_for_rewriting(client)
        client.bgrewriteaof()
        _wait_for_rewriting(client)
        used = client.info("memory")["used_memory"]
    files = [each for each in redis.folder.rglob("*") if each.is_file() and each.suffix != ".log"]
    return {"disk_bytes": sum(each.stat().st_size for each in files), "redis_bytes": used}


def _wait_for_rewriting(client: Redis) -> None:
    """Return when Redis does not rewrite its file, as it does by itself when much was written."""
    while any(client.info("persistence")[f"aof_rewrite_{state}"] for state in ("in_progress", "scheduled")):
        sleep(0.1)


def _served(fact: Fact, ids: list[str], uri: str, sizes: Sequence[int], folder: Path, stack: ExitStack) -> _Store:
    service, pid = stack.enter_context(own.serve(fact["store"], uri, folder))
    service.tag, service.ids = _TAG, ids
    service.modified = [modified(number) for number in range(len(ids) - NEWEST, len(ids))]
    users = fact["users"]
    groups = [Group(service, users, size, group_id(size), size, size, first_member(size, len(ids))) for size in sizes]
    return _Store(users, uri, service, pid, groups, fact)


def _read(name: str, stores: Sequence[_Store], bare: Lane, plan: Plan, results: Results, say: Say) -> None:
    workload: Workload = next(each for each in WORKLOADS if each.name == name)
    lanes = {(store.users, store.service.name): lane(workload, store.service, _lane_name(store)) for store in stores}
    found = interleave([*(each for each in lanes.values() if isinstance(each, Lane)), bare], plan)
    for (users, kind), each in lanes.items():
        outcome = found[each.name] if isinstance(each, Lane) else each
        results.add(Key(users, name), {kind: outcome, BARE: found[BARE]})
    say(f"{name}: {', '.join(_shown(results, Key(users, name), kind) for users, kind in lanes)}")


def _lane_name(store: _Store) -> str:
    return f"{store.service.name} {store.users}"


def _shown(results: Results, key: Key, kind: str) -> str:
    ratio = results.ratio(key, kind, BARE)
    said = results.faults.get(key, {}).get(kind, "") if ratio is None else number(ratio)
    return f"{kind} {key.users}: {said}"


def _measure_groups(stores: Sequence[_Store], bare: Lane, plan: Plan, results: Results, say: Say) -> None:
    groups = [group for store in stores for group in store.groups]
    for kind in (*CHANGES, WITHOUT_MEMBERS):
        say(f"{kind.name} in groups of {stores[0].users} users")
        measure_groups(groups, bare, kind, plan, results)
    say("the largest group sent whole")
    measure_replacement([store.groups[-1] for store in stores], min(5, plan.rounds), results)
