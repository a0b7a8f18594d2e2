"""What a recording presupposes: the resources in it that it does not create."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

from flask_bsr_scim.schema import JSON
from flask_bsr_scim.traffic.placeholders import PLACEHOLDER, objects, resource_kind
from flask_bsr_scim.traffic.recording import Exchange

_ENDPOINTS = {"user": "Users", "group": "Groups"}
_NAMES = {"Users": "userName", "Groups": "displayName"}
_OF_THE_SERVER = ("id", "meta", "groups")


def given(exchanges: Sequence[Exchange], ids: Collection[str]) -> Mapping[str, Mapping[str, JSON]]:
    """Return the users and groups that were there before, by type and placeholder, as they were first seen."""
    there = [name for name in _in_order(exchanges) if name in ids and name.rstrip("0123456789") in _ENDPOINTS]
    seen = _seen(exchanges)
    made: dict[str, dict[str, JSON]] = {}
    for name in sorted(there, key=lambda name: not name.startswith("user")):
        endpoint = _ENDPOINTS[name.rstrip("0123456789")]
        resource = _as_sent(seen.get(name, {}), made.get("Users", {}))
        made.setdefault(endpoint, {})[name] = {_NAMES[endpoint]: f"{name}-before@example.com"} | resource
    return made


def names_of(answers: Iterable[tuple[str, JSON]]) -> dict[str, str]:
    """Return what resources are called, by id; of several names the first.

    :param answers: each with the path of its request.
    """
    called: dict[str, str] = {}
    for path, answer in answers:
        for each in objects(answer):
            name = each.get("userName") or each.get("displayName")
            if isinstance(name, str) and resource_kind(path, each):
                called.setdefault(each["id"], name)
    return called


def _in_order(exchanges: Sequence[Exchange]) -> list[str]:
    """Return the placeholders that no exchange creates, in order of appearance."""
    created: set[str] = set()
    found: dict[str, None] = {}
    for each in exchanges:
        text = orjson.dumps([each.path, each.body]).decode()
        found.update(dict.fromkeys(name for name in PLACEHOLDER.findall(text) if name not in created))
        answer = orjson.dumps(each.answer).decode()
        if each.method == "POST" and each.status in (200, 201) and not each.path.endswith("/.search"):
            created.update(name for name in _made(each.answer) if name not in found)
        found.update(dict.fromkeys(name for name in PLACEHOLDER.findall(answer) if name not in created))
    return list(found)


def _made(answer: JSON) -> list[str]:
    """Return what stands for the ids of the resources that an answer to a POST locates."""
    located = [str(each["location"]) for each in objects(answer) if "location" in each]
    return [name for location in located for name in PLACEHOLDER.findall(location)]


def _seen(exchanges: Sequence[Exchange]) -> dict[str, dict[str, Any]]:
    seen: dict[str, dict[str, Any]] = {}
    for each in exchanges:
        for resource in objects(each.answer):
            is_whole = resource.get("userName") or resource.get("displayName")
            if is_whole and resource_kind(each.path, resource):
                seen.setdefault(resource["id"].strip("{}"), resource)
    return seen


def _as_sent(resource: Mapping[str, Any], users: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a resource as a client creates it, with those members alone that are there before."""
    sent = {name: value for name, value in resource.items() if name not in _OF_THE_SERVER}
    if isinstance(members := sent.get("members"), list):
        values = [member["value"] for member in members if isinstance(member, dict) and "value" in member]
        sent["members"] = [{"value": value} for value in values if value.strip("{}") in users]
    return sent
