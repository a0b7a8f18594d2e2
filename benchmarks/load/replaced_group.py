"""A large group that is sent whole to change one member, beside the parsing of what is sent."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import orjson

from benchmarks.load.client import PATIENCE
from benchmarks.load.groups import Group
from benchmarks.load.rounds import Chunk, Lane, Plan, figures, run_chunk
from benchmarks.people import CORE, user_name
from benchmarks.results import Key, Results

REPLACE = "h.put_one"

PARSERS: dict[str, Callable[[bytes], Any]] = {"json.loads": json.loads, "orjson.loads": orjson.loads}


def measure_replacement(groups: Sequence[Group], rounds: int, results: Results) -> None:
    """PUT each group in turn, with its last member and without: the largest of each service, all of one size."""
    key = Key(groups[0].users, f"{REPLACE}_{groups[0].size}")
    names = [group.service.name for group in groups]
    chunks: dict[str, list[Chunk]] = {name: [] for name in (*names, *PARSERS)}
    lanes = [_lane(group) for group in groups]
    body = json.dumps(_body(groups[0], 0), separators=(",", ":")).encode()
    for number in range(rounds + 1):
        for lane in lanes:
            chunk, _ = run_chunk(lane, Plan(requests=1, seconds=PATIENCE), number)
            chunks[lane.name].append(chunk)
        for name, parse in PARSERS.items():
            chunks[name].append(_timed(partial(parse, body)))
    # The first takes away the members that were added and not removed, if any.
    results.add(key, {name: figures(each[1:]) for name, each in chunks.items()})


def _lane(group: Group) -> Lane:
    def ask(number: int) -> bytes:
        return group.service.request("PUT", f"/Groups/{group.id}", _body(group, number % 2))

    return Lane(group.service.name, group.service.address, ask)


def _body(group: Group, without: int) -> dict[str, Any]:
    """Return the group as Okta sends it, without so many of its last members."""
    service = group.service
    members = [
        {"value": service.ids[number], "display": user_name(service.tag, number)}
        for number in range(group.first, group.first + group.made - without)
    ]
    return {"schemas": [f"{CORE}Group"], "id": group.id, "displayName": f"Group of {group.size}", "members": members}


def _timed(parse: Callable[[], Any]) -> Chunk:
    started = perf_counter()
    parse()
    seconds = perf_counter() - started
    return Chunk([seconds], seconds, 1)
