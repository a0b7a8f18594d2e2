"""What a check sends is what the transcripts of tests/idp record: method, path, headers, and the form of the body."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flask_bsr_scim.checks.connector import Exchange
from flask_bsr_scim.checks.runner import Outcome
from tests.checks.playing import KINDS, into, play
from tests.client import Scim

IDP = Path(__file__).parents[1] / "idp"
CLIENTS = json.loads((IDP / "clients.json").read_text("utf-8"))
NAMES = {
    "okta wizard": ("okta-aiw", {"okta", "okta-aiw"}),
    "okta catalog": ("okta-oin", {"okta", "okta-oin"}),
    "entra": ("entra", {"entra"}),
    "entra with flag": ("entra-flag", {"entra", "entra-flag"}),
}
"""The client of each connector in the transcripts, and those whose transcripts show what it sends."""

KEPT = {"schemas", "op", "path", "type", "resourceType", "primary", "active"}
"""Members whose values are the identity provider's own, and no user's or group's."""

STEPS = {
    "okta wizard": {
        "test.users": "okta/test-connector",
        "test.groups": "okta/test-connector",
        "user.match": "okta/aiw-assign-new-user",
        "user.create": "okta/aiw-crud-test",
        "user.match_case": "okta/assign-existing-user-in-other-case",
        "user.update": "okta/assign-existing-user",
        "user.deactivate": "okta/aiw-deactivate",
        "user.reactivate": "okta/aiw-assign-deactivated-user",
        "user.import": "okta/import-users",
        "group.match": "okta/look-up-group-by-name",
        "group.rename": "okta/aiw-rename-group",
        "group.link": "okta/aiw-link-existing-group",
        "group.delete": "okta/unlink-and-delete-group",
    },
    "okta catalog": {
        "test.users": "okta/test-connector",
        "user.create": "okta/oin-crud-test",
        "user.update": "okta/assign-existing-user",
        "user.deactivate": "okta/oin-deactivate",
        "user.reactivate": "okta/oin-reactivate",
        "group.create": "okta/oin-push-group-create",
        "group.add": "okta/oin-push-group-create",
        "group.change": "okta/oin-push-group-members",
        "group.rename": "okta/oin-rename-group",
        "group.link": "okta/oin-link-existing-group",
    },
    "entra": {
        "test.users": "entra/test-connection",
        "test.groups": "entra/test-connection",
        "user.match": "entra/create-user",
        "user.create": "entra/create-user",
        "user.update": "entra/update-user",
        "user.disable": "entra/disable-user",
        "user.delete": "entra/delete-user",
        "group.create": "entra/create-group",
        "group.add": "entra/add-members",
        "group.exclude": "entra/match-group",
        "group.remove": "entra/remove-members",
        "group.rename": "entra/rename-group",
        "group.delete": "entra/delete-group",
    },
    "entra with flag": {
        "user.update": "entra/update-user-with-flag",
        "user.disable": "entra/disable-user-with-flag",
        "group.add": "entra/validator-groups",
        "group.remove": "entra/remove-member-with-flag",
    },
}
"""The transcript that has the writing requests of a step, in their order."""


def transcript(name: str) -> dict[str, Any]:
    """Return a transcript."""
    found: dict[str, Any] = json.loads((IDP / f"{name}.json").read_text("utf-8"))
    return found


def form(value: Any, name: str = "") -> Any:
    """Return a value without what belongs to this user or group; lists of like elements become one."""
    if isinstance(value, dict):
        return {key: form(item, key) for key, item in value.items()}
    if isinstance(value, list):
        distinct = [form(item, name) for item in value]
        return [item for number, item in enumerate(distinct) if item not in distinct[:number]]
    if value is None or name in KEPT:
        return re.sub(r'"[^"]*"', '"*"', value) if name == "path" and "value eq" in value else value
    return "*"


def path_form(path: str) -> str:
    """Return a path without ids, values of filters, and numbers of pages."""
    path = re.sub(r"%22[^&]*%22", "%22*%22", path)
    path = re.sub(r"(startIndex|count)=\d+", r"\1=*", path)
    return re.sub(r"^(/\w+)/[^?]+", r"\1/*", path)


def sent_form(method: str, path: str, body: Any) -> str:
    """Return what is compared of a request; the order of members counts."""
    return f"{method} {path_form(path)} {json.dumps(form(body))}"


def sent(exchanges: Iterable[Exchange]) -> list[str]:
    """Return the forms of requests that were sent."""
    requests = (exchange.request for exchange in exchanges)
    return [sent_form(r.method, r.path, json.loads(r.body) if r.body else None) for r in requests]


def recorded(transcripts: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the forms of requests in transcripts."""
    for each in transcripts:
        for exchange in each["exchanges"]:
            if "request" in exchange:
                request = exchange["request"]
                yield sent_form(request["method"], request["path"], request.get("body"))


def all_of(clients: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the transcripts of some clients."""
    for file in IDP.glob("*/*.json"):
        each = json.loads(file.read_text("utf-8"))
        if each["client"] in clients:
            yield each


def is_in_order(parts: list[str], whole: list[str]) -> bool:
    """Tell whether a list has all parts in their order, with others between."""
    following = iter(whole)
    return all(part in following for part in parts)


@pytest.mark.parametrize("kind", KINDS)
def test_every_request_is_recorded(kind: str, scim: Scim) -> None:
    """No request of a whole check has a form that no transcript of the identity provider has."""
    report, _ = play(kind, into(scim), scim.token)
    known = set(recorded(all_of(NAMES[kind][1])))
    unknown = {form for outcome in report.outcomes for form in sent(outcome.exchanges)} - known
    assert unknown == set()


@pytest.mark.parametrize("kind", KINDS)
def test_headers_are_those_that_are_recorded(kind: str, scim: Scim) -> None:
    """Each request has the headers of the identity provider, the token, and nothing else."""
    client = CLIENTS[NAMES[kind][0]]
    _, connector = play(kind, into(scim), scim.token)
    for exchange in connector.exchanges:
        more = client["body_headers"] if exchange.request.body else {}
        assert exchange.request.headers == {"Authorization": f"Bearer {scim.token}", **client["headers"], **more}


@pytest.mark.parametrize("kind", STEPS)
def test_steps_write_what_is_recorded_in_its_order(kind: str, scim: Scim) -> None:
    """What a step writes, and the reads before it, are in the transcript of its kind, in the same order."""
    report, _ = play(kind, into(scim), scim.token)
    outcomes = {outcome.key: outcome for outcome in report.outcomes}
    for key, name in STEPS[kind].items():
        assert is_in_order(up_to_the_last_write(outcomes[key]), list(recorded([transcript(name)]))), (key, name)


def up_to_the_last_write(outcome: Outcome) -> list[str]:
    """Return the requests of a step until its last write; what follows is how the check looks at the result."""
    forms = sent(outcome.exchanges)
    writes = [number for number, text in enumerate(forms) if not text.startswith("GET")]
    return forms[: writes[-1] + 1] if writes else forms[:1]
