"""Users that are created a thousand at a time, beside users that are created one by one."""

import json
from collections.abc import Sequence
from functools import partial

from benchmarks.load.client import PATIENCE
from benchmarks.load.rounds import Chunk, Lane, Plan, figures, run_chunk
from benchmarks.load.services import Service
from benchmarks.people import user
from benchmarks.results import Key, Results

BULK, BESIDE = "l.bulk_1000", "l.post_beside"

OPERATIONS = 1000
"""In one request."""

_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def measure_bulk(services: Sequence[Service], users: int, rounds: int, connections: int, results: Results) -> None:
    """Create users in both ways at each service in turn; the services do not know of them afterwards."""
    chunks: dict[str, tuple[list[Chunk], list[Chunk]]] = {service.name: ([], []) for service in services}
    keys = Key(users, BULK), Key(users, BESIDE, connections)
    plans = Plan(requests=1, seconds=PATIENCE), Plan(requests=OPERATIONS // 4, seconds=2, connections=connections)
    for number in range(rounds):
        for service in services:
            if service.name not in results.faults.get(keys[0], {}):
                lanes = _bulk(service), _posting(service, f"beside{number}")
                fault = _one_round(lanes, plans, number, chunks[service.name])
                if fault:
                    results.fail(keys[0], service.name, fault)
    for name, both in chunks.items():
        if name not in results.faults.get(keys[0], {}):
            for key, each in zip(keys, both, strict=True):
                results.add(key, {name: figures(each)})


def _one_round(
    lanes: tuple[Lane, Lane], plans: tuple[Plan, Plan], number: int, chunks: tuple[list[Chunk], list[Chunk]]
) -> str | None:
    """Add what a round took; return why it does not count."""
    try:
        (bulk, ((_, answer),)), (posts, _) = (
            run_chunk(lane, plan, first) for lane, plan, first in zip(lanes, plans, (number, 0), strict=True)
        )
    except OSError as error:
        return f"no answer: {error}"
    if answer.status != 200:
        return f"answered {answer.status}"
    made = sum(str(each.get("status")) == "201" for each in json.loads(answer.body)["Operations"])
    if made != OPERATIONS:
        return f"{made} of {OPERATIONS} users were made"
    chunks[0].append(bulk)
    chunks[1].append(posts)
    return None


def _bulk(service: Service) -> Lane:
    def ask(number: int) -> bytes:
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": f"b{each}", "data": user(f"bulk{number}", each)}
            for each in range(OPERATIONS)
        ]
        return service.request("POST", "/Bulk", {"schemas": [_REQUEST], "failOnErrors": 1, "Operations": operations})

    return Lane(service.name, service.address, ask)


def _posting(service: Service, tag: str) -> Lane:
    return Lane(service.name, service.address, partial(_post, service, tag), (201,))


def _post(service: Service, tag: str, number: int) -> bytes:
    return service.request("POST", "/Users", user(tag, number))
