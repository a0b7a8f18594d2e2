"""RFC 7643 §3.3 and §6: extensions and types that a host adds with a JSON document."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, create_blueprint
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, TOKEN, USER, Scim, assert_error, path_of, user
from tests.rfc7643.conftest import part
from tests.stores import BACKENDS, new_store

BADGE = "urn:example:scim:extension:Badge"
ROOM = "urn:example:scim:Room"
SAFETY = "urn:example:scim:extension:Safety"

SIMPLE = {
    "text": "x",
    "flag": True,
    "count": 7,
    "ratio": 1.5,
    "at": "2026-11-24T16:27:59Z",
    "bytes": "aGk=",
    "link": "https://example.com/",
    "words": ["a", "b"],
}
TYPES = {
    "flag": "boolean",
    "count": "integer",
    "ratio": "decimal",
    "at": "dateTime",
    "bytes": "binary",
    "link": "reference",
}
VALUES = {**SIMPLE, "place": SIMPLE, "places": [SIMPLE, {"text": "y"}]}
"""One value of each type, alone, in a complex attribute, and in the values of one."""


def definition(name: str) -> Document:
    """Return the definition of one of the attributes that are not complex."""
    found = part(name, type=TYPES.get(name, "string"), multiValued=name == "words")
    return found | ({"referenceTypes": ["external"]} if name == "link" else {})


def everything() -> list[Document]:
    """Return the definitions of attributes of each type, in each place."""
    simple = [definition(name) for name in SIMPLE]
    return [
        *simple,
        part("place", type="complex", subAttributes=simple),
        part("places", type="complex", multiValued=True, subAttributes=simple),
    ]


def badge(**members: Any) -> Document:
    """Return the document of an extension of User."""
    attributes = [
        part("number", uniqueness="server", caseExact=True),
        part("colour", **{"x-indexed": True, "x-default": "grey"}),
        *everything(),
    ]
    return {"id": BADGE, "name": "Badge", "attributes": attributes, "x-extends": "User", **members}


def room(**members: Any) -> Document:
    """Return the document of a resource type."""
    attributes = [part("number", required=True, uniqueness="server"), *everything()]
    return {"id": ROOM, "name": "Room", "attributes": attributes, "x-endpoint": "/Rooms", **members}


def safety(**members: Any) -> Document:
    """Return the document of a required extension of that type."""
    attributes = [part("level", type="integer", required=True), *everything()]
    required = {"x-extends": "Room", "x-required": True}
    return {"id": SAFETY, "name": "Safety", "attributes": attributes, **required, **members}


def badged(name: str, **values: Any) -> Document:
    """Return the body of a user with a badge."""
    return user(name, schemas=[USER, BADGE], **{BADGE: values})


@pytest.fixture(params=["bsr", "rfc7643"])
def scim(request: pytest.FixtureRequest, make_scim: Callable[..., Scim]) -> Scim:
    """A client of an application with all three, once for each profile and backend; the order is no matter."""
    return make_scim(profile=request.param, schemas=[safety(), badge(), room()])


# How they are added


def attributes_of(scim: Scim, urn: str) -> list[str]:
    """Return the names of the attributes of a schema that is served; nothing where none is."""
    answer = scim.get(f"/Schemas/{urn}")
    return [a["name"] for a in answer.json["attributes"]] if answer.status_code == 200 else []


@pytest.mark.requirement("T-17")
def test_a_document_is_a_file_a_folder_or_an_object(tmp_path: Path) -> None:
    """Each way gives the same; a list can mix them, and in text it is JSON."""
    (tmp_path / "badge.json").write_text(json.dumps(badge()))
    (tmp_path / "notes.txt").write_text("no schema")
    file, folder = str(tmp_path / "badge.json"), str(tmp_path)
    for value in (
        file,
        folder,
        tmp_path,
        badge(),
        [file],
        [badge()],
        [tmp_path],
        json.dumps([file]),
        json.dumps(badge()),
    ):
        app = Flask("host")
        BsrScim(app, backend="memory://", token=TOKEN, schemas=value)
        assert attributes_of(Scim(app), BADGE)[:2] == ["number", "colour"], value


@pytest.mark.requirement("T-17")
def test_it_can_be_set_in_the_application_and_for_a_blueprint() -> None:
    """`SCIM_SCHEMAS` in `app.config`, or an argument of `create_blueprint`; two blueprints have each their own."""
    app = Flask("host")
    app.config.update(SCIM_BACKEND="memory://", SCIM_TOKEN=TOKEN, SCIM_SCHEMAS=[room()])
    app.register_blueprint(create_blueprint("one"), url_prefix="/one")
    app.register_blueprint(create_blueprint("two", schemas=[badge()]), url_prefix="/two")
    one, two = Scim(app, prefix="/one"), Scim(app, prefix="/two")
    assert [bool(attributes_of(one, urn)) for urn in (ROOM, BADGE)] == [True, False]
    assert [bool(attributes_of(two, urn)) for urn in (ROOM, BADGE)] == [False, True]
    assert two.get("/Rooms").status_code == 404


@pytest.mark.requirement("D-14", "D-15", "D-20", "T-17")
def test_they_are_announced(scim: Scim) -> None:
    """In /ResourceTypes and /Schemas, with every characteristic, and without the members of our own."""
    types = {t["name"]: t for t in scim.get("/ResourceTypes").json["Resources"]}
    assert {"schema": BADGE, "required": False} in types["User"]["schemaExtensions"]
    assert types["Room"]["schemaExtensions"] == [{"schema": SAFETY, "required": True}]
    assert (types["Room"]["endpoint"], types["Room"]["schema"]) == ("/Rooms", ROOM)
    schema = scim.get(f"/Schemas/{BADGE}").json
    assert not [name for name in schema if name.startswith("x-")]
    assert schema["attributes"][1] == {
        "name": "colour",
        "type": "string",
        "multiValued": False,
        "description": "The colour.",
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }


# What they do


@pytest.mark.requirement("T-01", "T-02", "T-03", "T-04", "T-05", "T-07", "T-17", "C-21", "C-22")
def test_values_of_every_type_come_back(scim: Scim) -> None:
    """In a type of the host, in its extension, and in an extension of User."""
    body = {"schemas": [ROOM, SAFETY], "number": "1", **VALUES, SAFETY: {"level": 1, **VALUES}}
    made = scim.post("/Rooms", body)
    assert made.status_code == 201, made.text
    found = scim.get(f"/Rooms/{made.json['id']}").json
    assert {name: found[name] for name in body} == body
    bob = scim.post("/Users", badged("bob", **VALUES, number="7"))
    assert bob.status_code == 201, bob.text
    assert scim.get(path_of(bob.json)).json[BADGE] == {**VALUES, "number": "7", "colour": "grey"}
    assert bob.json["schemas"] == [USER, BADGE]


FILTERS = {
    "text": 'text eq "X"',
    "flag": "flag eq true",
    "count": "count gt 6",
    "ratio": "ratio le 1.5",
    "at": 'at eq "2026-11-24T17:27:59+01:00"',
    "bytes": 'bytes eq "aGk"',
    "link": 'link sw "https:"',
    "words": 'words eq "B"',
}


@pytest.mark.requirement("F-06", "F-10", "F-23", "T-17")
@pytest.mark.parametrize("name", FILTERS)
def test_values_of_every_type_are_found(name: str, scim: Scim) -> None:
    """By a name with the URN: alone, in a complex value, in brackets; and by `not`."""
    scim.post("/Users", badged("bob", **VALUES))
    scim.user("ann")
    for filter in (
        f"{BADGE}:{FILTERS[name]}",
        f"{BADGE}:place.{FILTERS[name]}",
        f"{BADGE}:places.{FILTERS[name]}",
        f"{BADGE}:places[{FILTERS[name]}]",
    ):
        assert scim.names(filter=filter) == ["bob"], filter
        assert scim.names(filter=f"not ({filter})") == ["ann"], filter


@pytest.mark.requirement("X-15", "X-18", "XR-09", "T-17")
def test_an_extension_is_patched(scim: Scim) -> None:
    """By paths with the URN, without a path, and as a whole; its URN comes into `schemas` and leaves them."""
    bob = scim.user("bob")
    steps: list[tuple[Document, Any]] = [
        ({"op": "add", "path": f"{BADGE}:text", "value": "a"}, {"text": "a"}),
        ({"op": "add", "path": BADGE, "value": {"count": 2}}, {"text": "a", "count": 2}),
        ({"op": "replace", "value": {BADGE: {"text": "b"}}}, {"text": "b", "count": 2}),
        ({"op": "replace", "value": {f"{BADGE}:text": "c"}}, {"text": "c", "count": 2}),
        ({"op": "add", "path": f"{BADGE}:place.flag", "value": True}, {"place": {"flag": True}}),
        ({"op": "add", "path": f"{BADGE}:places", "value": [{"text": "p"}]}, {"places": [{"text": "p"}]}),
        ({"op": "add", "path": f'{BADGE}:places[text eq "P"].count', "value": 3}, {"text": "c"}),
        ({"op": "remove", "path": f"{BADGE}:words"}, {}),
        ({"op": "remove", "path": f"{BADGE}:text"}, {"text": None}),
    ]  # fmt: skip
    for operation, expected in steps:
        answer = scim.patch(path_of(bob), operation)
        assert answer.status_code == 200, answer.text
        assert {name: answer.json[BADGE].get(name) for name in expected} == expected
        assert answer.json["schemas"] == [USER, BADGE]
    assert answer.json[BADGE]["places"] == [{"text": "p", "count": 3}]
    gone = scim.patch(path_of(bob), {"op": "remove", "path": BADGE}).json
    assert (gone["schemas"], BADGE in gone) == ([USER], False)


@pytest.mark.requirement("T-15", "C-13", "U-10", "X-22")
def test_a_value_of_an_extension_is_unique(scim: Scim) -> None:
    """In each way to set it; the message names it."""
    scim.post("/Users", badged("bob", number="7"))
    ann = scim.post("/Users", badged("ann", number="8")).json
    for answer in (
        scim.post("/Users", badged("cid", number="7")),
        scim.put(path_of(ann), badged("ann", number="7")),
        scim.patch(path_of(ann), {"op": "replace", "path": f"{BADGE}:number", "value": "7"}),
    ):
        assert_error(answer, 409, "uniqueness", f"{BADGE}:number")
    assert scim.names(filter=f'{BADGE}:number eq "8"') == ["ann"]


@pytest.mark.requirement("A-07", "S-07")
def test_an_extension_is_chosen_and_sorted_by(scim: Scim) -> None:
    """By its URN, and by names with it."""
    for name, count in (("bob", 2), ("ann", 1)):
        scim.post("/Users", badged(name, count=count, text="t"))
    found = scim.get("/Users", query={"attributes": f"{BADGE}:count", "sortBy": f"{BADGE}:count"}).json["Resources"]
    assert [resource[BADGE] for resource in found] == [{"count": 1}, {"count": 2}]
    left = scim.get("/Users", query={"excludedAttributes": BADGE}).json["Resources"]
    assert not [resource for resource in left if BADGE in resource]


@pytest.mark.requirement("C-29", "U-15")
def test_a_default_is_given_where_the_extension_is(scim: Scim) -> None:
    """A POST without the extension makes none; a PUT gives no default."""
    assert BADGE not in scim.user("ann")
    bob = scim.post("/Users", badged("bob", text="t")).json
    assert bob[BADGE]["colour"] == "grey"
    assert scim.put(path_of(bob), badged("bob", text="t")).json[BADGE] == {"text": "t"}


@pytest.mark.requirement("C-23", "U-08", "XR-06", "T-16")
def test_a_required_extension_is_required(scim: Scim) -> None:
    """On POST and PUT, and to the last of its required attributes; no PATCH takes it away."""
    body = {"schemas": [ROOM, SAFETY], "number": "1", SAFETY: {"level": 1}}
    room = scim.post("/Rooms", body).json
    path = f"/Rooms/{room['id']}"
    for wrong in ({SAFETY: None}, {SAFETY: {}}, {SAFETY: {"text": "t"}}, {"schemas": [ROOM]}):
        assert_error(scim.post("/Rooms", {**body, "number": "2", **wrong}), 400, "invalidValue", "is required")
        assert_error(scim.put(path, {**body, **wrong}), 400, "invalidValue", "is required")
    for gone in (SAFETY, f"{SAFETY}:level"):
        assert_error(scim.patch(path, {"op": "remove", "path": gone}), 400, "mutability", "is required")
        answer = scim.patch(path, {"op": "replace", "path": gone, "value": None})
        assert_error(answer, 400, "invalidValue", "is required")
    assert scim.get(path).json == room


@pytest.mark.requirement("T-17")
def test_the_enterprise_extension_can_be_added(make_scim: Callable[..., Scim]) -> None:
    """The profile `bsr` leaves it out; a document of it, or of a part, serves it."""
    part_of_it = {"id": ENTERPRISE, "name": "EnterpriseUser", "attributes": [part("department")], "x-extends": "User"}
    scim = make_scim(schemas=[part_of_it])
    body = user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": "IT", "costCenter": "1"}})
    assert scim.post("/Users", body).json[ENTERPRISE] == {"department": "IT"}
    assert scim.names(filter='department eq "it"') == ["bob"]


@pytest.mark.requirement("X-15", "F-23")
def test_a_urn_may_begin_with_another(make_scim: Callable[..., Scim]) -> None:
    """The longer one is meant, whichever schema came first."""
    more = {"id": f"{USER}:more", "name": "More", "attributes": [part("title")], "x-extends": "User"}
    scim = make_scim(schemas=[more])
    bob = scim.user("bob")
    patched = scim.patch(path_of(bob), {"op": "add", "path": f"{USER}:more:title", "value": "Dr"}).json
    assert patched[f"{USER}:more"] == {"title": "Dr"}
    assert scim.names(filter=f'{USER}:more:title eq "dr" and {USER}:userName eq "bob"') == ["bob"]


# Documents that are there already


@pytest.fixture(params=[backend for backend in BACKENDS if backend != "memory"])
def later(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Scim]:
    """Return a client of an application over one and the same store, whatever its schemas."""
    uri = new_store(request.param, tmp_path)

    def make(*schemas: Document) -> Scim:
        app = Flask("later")
        BsrScim(app, backend=uri, token=TOKEN, schemas=list(schemas))
        return Scim(app)

    return make


@pytest.mark.requirement("T-17", "T-16")
def test_a_user_of_before_lacks_a_required_extension(later: Callable[..., Scim]) -> None:
    """It is read, found and patched, so that it can be deactivated; a PUT has to give the extension."""
    bob = later().user("bob")
    scim = later(badge(**{"x-required": True}))
    assert scim.get(path_of(bob)).json == bob
    assert scim.names(filter=f"not ({BADGE} pr)") == ["bob"]
    off = scim.patch(path_of(bob), {"op": "replace", "path": "active", "value": False})
    assert (off.status_code, off.json["active"]) == (200, False)
    assert_error(scim.put(path_of(bob), bob), 400, "invalidValue", f"{BADGE} is required")
    assert scim.put(path_of(bob), badged("bob", text="t")).status_code == 200
    assert_error(scim.patch(path_of(bob), {"op": "remove", "path": BADGE}), 400, "mutability")
    assert_error(scim.patch(path_of(bob), {"op": "remove", "path": f"{BADGE}:text"}), 400, "invalidValue")


@pytest.mark.requirement("T-16")
def test_a_badge_of_before_lacks_a_required_attribute(later: Callable[..., Scim]) -> None:
    """The same inside of an extension, and of a complex attribute."""
    bob = later(badge()).post("/Users", badged("bob", text="t", place={"text": "p"})).json
    needed = badge()
    needed["attributes"] = [{**a, "required": True} if a["name"] == "count" else a for a in needed["attributes"]]
    place = next(a for a in needed["attributes"] if a["name"] == "place")
    place["subAttributes"] = [{**s, "required": s["name"] == "count"} for s in place["subAttributes"]]
    scim = later(needed)
    patched = scim.patch(path_of(bob), {"op": "replace", "path": f"{BADGE}:place.text", "value": "q"})
    assert patched.json[BADGE]["place"] == {"text": "q"}
    ann = scim.user("ann")
    for path, value in ((f"{BADGE}:text", "t"), (f"{BADGE}:place", {"text": "p"})):
        answer = scim.patch(path_of(ann), {"op": "add", "path": path, "value": value})
        assert_error(answer, 400, "invalidValue", "count is required")


def test_a_patch_leaves_what_it_does_not_name(later: Callable[..., Scim]) -> None:
    """Also where no schema has it any more, or has it with other values: whoever deactivates a user sees none of it."""
    helmet = safety(**{"x-extends": "User"})
    values = {BADGE: {"text": "t"}, SAFETY: {"level": 3}}
    bob = later(badge(), helmet).post("/Users", user("bob", schemas=[USER, BADGE, SAFETY], **values)).json
    scim = later(badge(attributes=[part("text", type="integer")]))
    off = scim.patch(path_of(bob), {"op": "replace", "path": "active", "value": False}).json
    assert {**off, "meta": 0} == {**bob, "active": False, "meta": 0}
    named = scim.patch(path_of(bob), {"op": "add", "path": "externalId", "value": "7"}).json
    assert {**named, "meta": 0} == {**off, "externalId": "7", "meta": 0}


@pytest.mark.requirement("T-15", "T-17")
def test_an_index_is_made_of_what_is_there(later: Callable[..., Scim]) -> None:
    """An attribute that comes to be unique is, for users of before too."""
    plain = badge()
    plain["attributes"] = [{**a, "uniqueness": "none"} if a["name"] == "number" else a for a in plain["attributes"]]
    later(plain).post("/Users", badged("bob", number="7"))
    scim = later(badge())
    assert scim.names(filter=f'{BADGE}:number eq "7" and {BADGE}:colour eq "GREY"') == ["bob"]
    assert_error(scim.post("/Users", badged("ann", number="7")), 409, "uniqueness")
