"""The same requests get the same answers from every backend, ids and times aside."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_bsr_scim import BsrScim
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, PATCH, group, new_client, path_of, user
from tests.stores import BACKENDS, new_store
from tests.web.test_fuzz import METHODS, bodies, endpoints, headers, queries

EXAMPLES = settings().max_examples // 2
STEPS = 12
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_CURSOR = re.compile(r'(?<=Cursor":")[^"]+')


class Ask(NamedTuple):
    """A request; `{user}` and `{group}` in it are ids of what is there from the start."""

    method: str
    path: str
    body: Any = b""
    query: Mapping[str, str] = {}
    environ: Mapping[str, Any] = {}


MANAGER = f"{ENTERPRISE}:manager"
TEXTS = st.sampled_from(("a", "A", "é", "e\u0301", "ß", "x y", "%", "10", "9"))
OPERATIONS = st.one_of(
    st.builds(
        lambda op, path, value: {"op": op, "path": path, "value": value},
        st.sampled_from(("add", "replace")),
        st.sampled_from(("externalId", "displayName", "userName", "name.givenName", 'emails[type eq "work"].value')),
        TEXTS,
    ),
    st.builds(
        lambda op, member: {"op": op, "path": "members", "value": [{"value": member}]},
        st.sampled_from(("add", "replace", "remove")),
        st.sampled_from(("{user}", "{group}", "nobody")),
    ),
    st.sampled_from(("{user}", "nobody")).map(lambda boss: {"op": "add", "path": MANAGER, "value": boss}),
    st.sampled_from(("externalId", "name", "emails", "members", "members[value pr]", "displayName", MANAGER)).map(
        lambda path: {"op": "remove", "path": path}
    ),
)
FILTERS = st.builds(
    '{} {} "{}"'.format,
    st.sampled_from(("userName", "externalId", "displayName", "emails.value", "name.givenName", "groups.display")),
    st.sampled_from(("eq", "ne", "co", "sw", "ew", "gt", "le")),
    TEXTS,
) | st.sampled_from(
    (
        "members pr",
        "groups pr",
        "active eq true",
        'members.value eq "{user}"',
        "not (externalId pr)",
        f'{MANAGER}.$ref eq "http://localhost/scim/v2/Users/{{user}}"',
        f'{MANAGER}[$ref ew "/{{user}}"]',
    )
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "filter": FILTERS,
        "sortBy": st.sampled_from(("userName", "externalId", "displayName", "meta.lastModified", "emails.value")),
        "sortOrder": st.sampled_from(("ascending", "descending")),
        "startIndex": st.sampled_from(("0", "2", "3")),
        "count": st.sampled_from(("0", "1", "2")),
        "attributes": st.sampled_from(("userName,groups", "members.value", "id")),
    },
)
LISTS = st.sampled_from(("/Users", "/Groups", "/"))
PLACES = st.sampled_from(("/Users/{user}", "/Groups/{group}"))

creations = st.builds(
    lambda kind, name, member: Ask(
        "POST", *(("/Users", user(name, externalId=name)) if kind == "User" else ("/Groups", group(name, member)))
    ),
    st.sampled_from(("User", "Group")),
    TEXTS,
    st.sampled_from(("{user}", "{group}")),
)
changes = st.builds(
    lambda path, operations: Ask("PATCH", path, {"schemas": [PATCH], "Operations": operations}),
    PLACES,
    st.lists(OPERATIONS, min_size=1, max_size=3),
)
replacements = TEXTS.map(lambda name: Ask("PUT", "/Users/{user}", user(name, name={"familyName": name}))) | TEXTS.map(
    lambda name: Ask("PUT", "/Groups/{group}", group(name, "{user}"))
)
deletions = PLACES.map(lambda path: Ask("DELETE", path))
reads = st.builds(lambda path, query: Ask("GET", path, b"", query), LISTS | PLACES, QUERIES)
anything = st.builds(Ask, st.sampled_from(METHODS), endpoints, bodies, queries, headers)


class Side:
    """A client of one backend, and the ids that it has seen, in their order."""

    def __init__(self, app: Flask) -> None:
        self.scim = new_client(app)
        self._ids: dict[str, str] = {}
        bob = self.scim.user("bob", externalId="1", emails=[{"value": "bob@example.com", "type": "work"}])
        team = self.scim.group("Team", bob["id"])
        self._places = {"{user}": bob["id"], "{group}": team["id"]}
        self.known: list[Document] = [bob, team]

    def answer(self, ask: Ask) -> tuple[int, str, str | None]:
        """Return status, body and tag of the answer to a request, without what is left to chance."""
        body = ask.body if isinstance(ask.body, bytes) else self._placed(json.dumps(ask.body)).encode()
        query = {name: self._placed(value) for name, value in ask.query.items()}
        return self._shown(self.scim(ask.method, self._placed(ask.path), body, query=query, environ=ask.environ))

    def everything(self) -> list[tuple[int, str, str | None]]:
        """Return what there is in the end: the lists, in order of creation and by name, and what was there first."""
        orders = ({}, {"sortBy": "userName"}, {"sortBy": "displayName", "sortOrder": "descending"})
        lists = [self.scim.get(path, query=order) for path in ("/Users", "/Groups", "/") for order in orders]
        return [*map(self._shown, lists), *(self._shown(self.scim.get(path_of(made))) for made in self.known)]

    def _placed(self, text: str) -> str:
        for place, found in self._places.items():
            text = text.replace(place, found)
        return text

    def _shown(self, response: TestResponse) -> tuple[int, str, str | None]:
        text = _ID.sub(lambda found: self._ids.setdefault(found[0], f"id {len(self._ids)}"), response.text)
        return response.status_code, _CURSOR.sub("cursor", _TIME.sub("time", text)), response.headers.get("ETag")


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flask]:
    """An application for each backend."""
    made = {backend: Flask(backend) for backend in BACKENDS}
    for backend, app in made.items():
        BsrScim(app, backend=new_store(backend, tmp_path_factory.mktemp(backend)), profile="rfc7643")
    return made


@pytest.mark.requirement("G-01")
@pytest.mark.parametrize("other", BACKENDS[1:], ids=[f"{BACKENDS[0]}-{other}" for other in BACKENDS[1:]])
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(creations | changes | replacements | deletions | reads | anything, min_size=3, max_size=STEPS))
def test_any_requests(steps: list[Ask], other: str, apps: dict[str, Flask]) -> None:
    """Step by step, and in what there is in the end."""
    one, two = Side(apps[BACKENDS[0]]), Side(apps[other])
    for step in steps:
        assert two.answer(step) == one.answer(step), step
    assert two.everything() == one.everything()
