"""What is sent. A workload is measured only where its first request is answered rightly."""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple
from urllib.parse import quote

from benchmarks.load.client import Connection
from benchmarks.load.rounds import Ask, Lane
from benchmarks.load.services import BARE, INSERT_FULL, INSERT_NORMAL, SELECT, Service
from benchmarks.people import external_id, user, user_name

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

SEEDING = "a.seed_post"
"""The users are created."""

CONNECTIONS = 4
"""Over which they are."""

PAGE = 100
"""Users on a page."""

NEWEST = 50
"""Users that were modified since the moment that is asked for."""

Fault = str | None
"""What is wrong with an answer, None when nothing is."""


class Requests(NamedTuple):
    """A workload for one server."""

    ask: Ask
    check: Callable[[Any], Fault]
    """Looks at the JSON of the answer to request 0."""
    wanted: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True)
class Workload:
    """A kind of request, over how many connections it is sent, and the limits that stand beside it."""

    name: str
    requests: Callable[[Service], Requests]
    connections: tuple[int, ...] = (1,)
    limits: tuple[str, ...] = (BARE,)


SLOW, SLOW_ROUNDS = 0.2, 3
"""Where a request takes longer than these seconds, it is sent in so many rounds."""


def lane(workload: Workload, service: Service, name: str) -> Lane | str:
    """Return the lane in which a workload is sent to a service, or what is wrong with the answer to request 0."""
    requests = workload.requests(service)
    started = perf_counter()
    try:
        with Connection(service.address) as connection:
            answer = connection.ask(requests.ask(0))
    except OSError as error:
        return f"no answer: {error}"
    rounds = SLOW_ROUNDS if perf_counter() - started > SLOW else sys.maxsize
    if answer.status not in requests.wanted:
        return f"answered {answer.status}"
    fault = requests.check(json.loads(answer.body) if answer.body else None)
    return fault or Lane(name, service.address, requests.ask, requests.wanted, rounds)


_chosen = random.Random(7).choices(range(10**9), k=4096)


def _pick(service: Service, number: int) -> int:
    """Return which user a request is about: any, and always the same."""
    return _chosen[number % len(_chosen)] % len(service.ids)


def _is(found: object, expected: object) -> Fault:
    return None if found == expected else f"{found!r} instead of {expected!r}"


def _get(service: Service) -> Requests:
    return Requests(
        lambda n: service.request("GET", f"/Users/{service.ids[_pick(service, n)]}"),
        lambda body: _is(body["id"], service.ids[_pick(service, 0)]),
    )


def _filtered(expression: Callable[[str, int], str]) -> Callable[[Service], Requests]:
    """Return the workload that finds one user by a filter, made of the tag of all users and the number of one."""

    def requests(service: Service) -> Requests:
        def ask(number: int) -> bytes:
            filter_text = quote(expression(service.tag, _pick(service, number)), safe="")
            return service.request("GET", f"/Users?filter={filter_text}&startIndex=1&count={PAGE}")

        def check(body: Any) -> Fault:
            found = [resource["userName"] for resource in body.get("Resources", [])]
            return _is((body["totalResults"], found), (1, [user_name(service.tag, _pick(service, 0))]))

        return Requests(ask, check)

    return requests


def _page(at: float) -> Callable[[Service], Requests]:
    """Return the workload that reads the page at this part of the list."""

    def requests(service: Service) -> Requests:
        start = max(1, min(int(at * len(service.ids)), len(service.ids) - PAGE + 1))
        request = service.request("GET", f"/Users?startIndex={start}&count={PAGE}")
        return Requests(lambda _: request, partial(_is_page, service))

    return requests


def _import(service: Service) -> Requests:
    """Read the whole list page by page, again and again."""
    pages = len(service.ids) // PAGE

    def ask(number: int) -> bytes:
        return service.request("GET", f"/Users?startIndex={number % pages * PAGE + 1}&count={PAGE}")

    return Requests(ask, partial(_is_page, service))


def _is_page(service: Service, body: Any) -> Fault:
    return _is((body["totalResults"], len(body["Resources"])), (len(service.ids), PAGE))


def _modified_since(service: Service) -> Requests:
    moment = service.modified[-min(NEWEST, len(service.modified))]
    filter_text = quote(f'meta.lastModified gt "{moment}"', safe="")
    request = service.request("GET", f"/Users?filter={filter_text}&sortBy=meta.lastModified&count={PAGE}")

    def check(body: Any) -> Fault:
        found = [resource["meta"]["lastModified"] for resource in body.get("Resources", [])]
        if not NEWEST // 2 <= body["totalResults"] <= NEWEST * 2:
            return f"{body['totalResults']} users instead of about {NEWEST}"
        return _is(found, sorted(found))

    return Requests(lambda _: request, check)


def _put(service: Service) -> Requests:
    def ask(number: int) -> bytes:
        index = _pick(service, number)
        changed = user(service.tag, index, f"Title {number} of {len(service.ids)}")
        return service.request("PUT", f"/Users/{service.ids[index]}", {"id": service.ids[index], **changed})

    return Requests(ask, lambda body: _is(body["title"], f"Title 0 of {len(service.ids)}"))


def _patch_active(service: Service) -> Requests:
    def ask(number: int) -> bytes:
        operation = {"op": "replace", "value": {"active": bool(number % 2)}}
        path = f"/Users/{service.ids[_pick(service, number // 2)]}"
        return service.request("PATCH", path, {"schemas": [PATCH_OP], "Operations": [operation]})

    return Requests(ask, lambda body: _is(body is not None and body["active"], False), (200, 204))


WORKLOADS = (
    # The first, since the writes of others move what was modified last.
    Workload("j.modified_since", _modified_since),
    Workload("b.get", _get, (1, 4), (BARE, SELECT)),
    Workload(
        "c.match_username", _filtered(lambda tag, n: f'userName eq "{user_name(tag, n)}"'), (1, 4), (BARE, SELECT)
    ),
    Workload(
        "d.emails_complex",
        _filtered(lambda tag, n: f'emails[type eq "work" and value eq "{user_name(tag, n)}"]'),
    ),
    Workload("d.external_id", _filtered(lambda tag, n: f'externalId eq "{external_id(tag, n)}"')),
    Workload("d.emails_value", _filtered(lambda tag, n: f'emails.value eq "{user_name(tag, n)}"')),
    Workload("e.page_first", _page(0)),
    Workload("e.page_deep", _page(0.9)),
    Workload("k.full_import", _import),
    Workload("f.put", _put, (1, 4), (BARE, INSERT_NORMAL, INSERT_FULL)),
    Workload("g.patch_active", _patch_active, (1, 4), (BARE, INSERT_NORMAL, INSERT_FULL)),
)

IN_GROUPS = Workload("e.page_in_groups", _page(0))
"""The same page when there are groups: its users are in all of them."""
