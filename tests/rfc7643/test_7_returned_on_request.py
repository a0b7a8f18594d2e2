"""RFC 7643 §7: `returned: request`, and all the ways in which a write can name such an attribute."""

from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim.messages import EVERYTHING
from flask_bsr_scim.projections import Projections
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.schema import PROFILES, Document, TypeRegistry, load_profile
from tests.client import Scim
from tests.rfc7643.conftest import part

ROOM = "urn:example:scim:Room"
SAFETY = "urn:example:scim:extension:Safety"
SCHEMAS = [
    {
        "id": ROOM,
        "name": "Room",
        "x-endpoint": "/Rooms",
        "attributes": [
            part("name"),
            part("notes", returned="request", multiValued=True),
            part("colour", returned="request", **{"x-default": "grey"}),
            part("state", returned="request", mutability="readOnly"),
            part(
                "plan",
                type="complex",
                returned="request",
                subAttributes=[part("scale"), part("floor"), part("key", returned="request")],
            ),
        ],
    },
    {
        "id": SAFETY,
        "name": "Safety",
        "x-extends": "Room",
        "attributes": [
            part("level", returned="request"),
            part("name", returned="request"),
            part(
                "doors",
                type="complex",
                multiValued=True,
                subAttributes=[part("value"), part("code", returned="request")],
            ),
        ],
    },
]
HELD: Document = {
    "schemas": [ROOM, SAFETY],
    "name": "r",
    "notes": ["a", "b"],
    "colour": "red",
    "plan": {"scale": "1:10", "floor": "2", "key": "k"},
    SAFETY: {"level": "1", "name": "s", "doors": [{"value": "d", "code": "c"}]},
}
DOORS = [{"value": "d"}]
ALWAYS = {"name": "r", SAFETY: {"doors": DOORS}}


@pytest.fixture
def rooms(make_scim: Callable[..., Scim]) -> Scim:
    """A client of a service with rooms."""
    return make_scim(schemas=SCHEMAS)


def shown(resource: Document) -> Document:
    """Return the attributes of a room that are not the same in every answer."""
    return {name: value for name, value in resource.items() if name not in ("schemas", "id", "meta")}


@pytest.mark.requirement("A-09", "T-14", "C-29")
@pytest.mark.parametrize(
    ("sent", "found"),
    [
        pytest.param({"name": "r"}, {"name": "r"}, id="a default that nobody sent"),
        pytest.param({"NOTES": ["a"]}, {"notes": ["a"]}, id="in another letter case"),
        pytest.param({"notes": None}, {}, id="null"),
        pytest.param({ROOM: {"notes": ["a"]}}, {"notes": ["a"]}, id="under the core schema's URN"),
        pytest.param({"plan": {"scale": "1"}}, {"plan": {"scale": "1"}}, id="a complex one"),
        pytest.param({"plan": {"scale": "1", "key": "k"}}, {"plan": {"scale": "1", "key": "k"}}, id="with its part"),
        pytest.param({SAFETY.upper(): {"level": "1"}}, {SAFETY: {"level": "1"}}, id="in an extension"),
        pytest.param({SAFETY: {"doors": [{"code": "c"}]}}, {SAFETY: {"doors": [{"code": "c"}]}}, id="in an element"),
        pytest.param({"name": "r", SAFETY: {"name": "s"}}, {"name": "r", SAFETY: {"name": "s"}}, id="of the same name"),
    ],
)
def test_what_a_body_names(sent: Document, found: Document, rooms: Scim) -> None:
    """It is in the answers to POST and PUT, and in that to GET when it is asked for alone."""
    made = rooms.post("/Rooms", {"schemas": [ROOM, SAFETY], **sent})
    assert (made.status_code, shown(made.json)) == (201, found)
    path = f"/Rooms/{made.json['id']}"
    rooms.put(path, HELD)
    assert shown(rooms.put(path, {"schemas": [ROOM, SAFETY], **sent}).json) == found
    assert not shown(rooms.get(path).json).keys() & {"notes", "colour", "plan"}


@pytest.mark.requirement("A-09", "T-14")
@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        pytest.param("name", "x", {"name": "x"}, id="another attribute"),
        pytest.param("NOTES", ["c"], {"notes": ["c"]}, id="in another letter case"),
        pytest.param(f"{ROOM}:notes", ["c"], {"notes": ["c"]}, id="with the core schema's URN"),
        pytest.param(None, {"notes": ["c"]}, {"notes": ["c"]}, id="a key"),
        pytest.param("plan.scale", "2", {"plan": {"scale": "2"}}, id="a part, which alone is shown"),
        pytest.param("plan.key", "x", {"plan": {"key": "x"}}, id="a part that is returned on request itself"),
        pytest.param(None, {"plan.key": "x"}, {"plan": {"key": "x"}}, id="a key with a dot"),
        pytest.param(
            "plan",
            {"key": "x"},
            {"plan": {"scale": "1:10", "floor": "2", "key": "x"}},
            id="a part in the value of the whole",
        ),
        pytest.param(f"{SAFETY}:level", "2", {SAFETY: {"level": "2", "doors": DOORS}}, id="in an extension"),
        pytest.param("level", "2", {SAFETY: {"level": "2", "doors": DOORS}}, id="without its URN"),
        pytest.param(f"{SAFETY}:name", "2", {SAFETY: {"name": "2", "doors": DOORS}}, id="of the same name"),
        pytest.param(SAFETY, {"level": "2"}, {SAFETY: {"level": "2", "doors": DOORS}}, id="in that of an extension"),
        pytest.param(None, {SAFETY: {"level": "2"}}, {SAFETY: {"level": "2", "doors": DOORS}}, id="a URN as a key"),
        pytest.param(
            f'{SAFETY}:doors[value eq "d"].code',
            "x",
            {SAFETY: {"doors": [{"value": "d", "code": "x"}]}},
            id="behind a filter",
        ),
        pytest.param(
            None,
            {'doors[value eq "d"].code': "x"},
            {SAFETY: {"doors": [{"value": "d", "code": "x"}]}},
            id="a key with a filter",
        ),
        pytest.param(
            f'{SAFETY}:doors[value eq "d"]',
            {"value": "d", "code": "x"},
            {SAFETY: {"doors": [{"value": "d", "code": "x"}]}},
            id="in an element that a filter selects",
        ),
    ],
)
def test_what_a_patch_names(path: str | None, value: Any, found: Document, rooms: Scim) -> None:
    """It is in the answer, beside what is there by default."""
    made = rooms.post("/Rooms", HELD).json
    operation = {"op": "replace", "value": value, **({"path": path} if path else {})}
    answer = rooms.patch(f"/Rooms/{made['id']}", operation)
    assert (answer.status_code, shown(answer.json)) == (200, {**ALWAYS, **found})


@pytest.mark.requirement("A-09", "T-14", "XR-03")
def test_what_a_removal_leaves(rooms: Scim) -> None:
    """The other values of what it names are shown."""
    made = rooms.post("/Rooms", HELD).json
    answer = rooms.patch(f"/Rooms/{made['id']}", {"op": "remove", "path": "notes", "value": ["a"]})
    assert shown(answer.json) == {**ALWAYS, "notes": ["b"]}


@pytest.mark.requirement("A-09", "T-14")
def test_a_body_that_is_none_is_refused_as_ever(rooms: Scim) -> None:
    """Looking for names stumbles over nothing."""
    for body in ([], [[]], "notes", {"schemas": [ROOM], "plan": "x"}, {"schemas": [ROOM, SAFETY], SAFETY: [1]}):
        assert rooms.post("/Rooms", body).status_code == 400
    for path in ("notes[", "[]", "notes]", "plan[key", f"{SAFETY}:"):
        made = rooms.post("/Rooms", HELD).json
        assert rooms.patch(f"/Rooms/{made['id']}", {"op": "replace", "path": path, "value": "x"}).status_code == 400


@pytest.mark.parametrize("profile", PROFILES)
def test_types_of_the_rfc_have_nothing_of_it(profile: str) -> None:
    """So nothing is looked for in what is written to them, and their answers are whole."""
    projections = Projections(TypeRegistry((*load_profile(profile), *internal_types())))
    assert not projections.requested
    assert projections.of("User", EVERYTHING).is_default
