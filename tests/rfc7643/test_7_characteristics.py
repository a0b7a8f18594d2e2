"""RFC 7643 §7: each characteristic, in each place where an attribute can lie, in each operation."""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.backends.base import Swap
from flask_bsr_scim.schema import Document
from tests.client import SEARCH, TOKEN, Scim, assert_error, new_client
from tests.rfc7643.conftest import part
from tests.stores import BACKENDS, new_store

THING = "urn:example:scim:Thing"
MORE = "urn:example:scim:extension:More"

ATTRIBUTES = [
    part("readOnly", mutability="readOnly"),
    part("immutable", mutability="immutable"),
    part("once", mutability="immutable", returned="request"),
    part("onceNever", mutability="immutable", returned="never"),
    part("writeOnly", mutability="writeOnly"),
    part("never", returned="never"),
    part("request", returned="request"),
    part("always", returned="always"),
    part("exact", caseExact=True),
    part("folded"),
    part("serverExact", uniqueness="server", caseExact=True),
    part("globalFolded", uniqueness="global"),
    part("suggested", canonicalValues=["a", "b"]),
    part("texts", multiValued=True),
]
"""One for each value of a characteristic that changes what is done."""


def everywhere() -> list[Document]:
    """Return the attributes alone, in a complex one, and in each value of a multi-valued one."""
    return [
        *ATTRIBUTES,
        part("one", type="complex", subAttributes=ATTRIBUTES),
        part("many", type="complex", multiValued=True, subAttributes=[part("value"), *ATTRIBUTES]),
    ]


SCHEMAS = [
    {"id": THING, "name": "Thing", "attributes": everywhere(), "x-endpoint": "/Things"},
    {"id": MORE, "name": "More", "attributes": everywhere(), "x-extends": "Thing"},
]


class Place(NamedTuple):
    """Where an attribute lies."""

    urn: str | None
    parent: str | None

    @property
    def prefix(self) -> str:
        """What precedes its name in filters and parameters."""
        return (f"{self.urn}:" if self.urn else "") + (f"{self.parent}." if self.parent else "")

    def path(self, name: str) -> str:
        """Return the path of a PATCH."""
        if self.parent != "many":
            return self.prefix + name
        return f'{self.prefix.removesuffix(".")}[value eq "v"].{name}'

    def holding(self, **values: Any) -> Document:
        """Return what a body has to hold, the values there."""
        if self.parent is not None:
            values = {self.parent: [{"value": "v", **values}] if self.parent == "many" else values}
        return {self.urn: values} if self.urn else values

    def body(self, **values: Any) -> Document:
        """Return a body with values there."""
        return {"schemas": [THING, MORE], **self.holding(**values)}

    def held(self, resource: Document) -> Document:
        """Return the values that a resource has there."""
        found = resource if self.urn is None else resource.get(self.urn, {})
        if self.parent is not None:
            found = found.get(self.parent, {})
        return found[0] if isinstance(found, list) else found


PLACES = [Place(*place) for place in product((None, MORE), (None, "one", "many"))]
SINGLE = [place for place in PLACES if place.parent != "many"]
LISTS = [place for place in PLACES if place.parent == "many"]


def of_place(place: Place) -> str:
    """Return the name of a place."""
    return f"{'extension' if place.urn else 'core'}-{place.parent or 'alone'}"


everywhere_at_once = pytest.mark.parametrize("place", PLACES, ids=of_place)
where_no_list_is = pytest.mark.parametrize("place", SINGLE, ids=of_place)
in_lists = pytest.mark.parametrize("place", LISTS, ids=of_place)


@pytest.fixture(scope="session", params=BACKENDS)
def things_app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with things, once for each backend."""
    app = Flask("things")
    BsrScim(app, backend=new_store(request.param, tmp_path_factory.mktemp("things")), schemas=SCHEMAS)
    return app


@pytest.fixture
def things(things_app: Flask) -> Scim:
    """A client of a new and empty tenant in which there can be things."""
    return new_client(things_app)


def thing(scim: Scim, place: Place, **values: Any) -> str:
    """Create a thing with values in a place; return its path."""
    answer = scim.post("/Things", place.body(**values))
    assert answer.status_code == 201, answer.text
    return f"/Things/{answer.json['id']}"


def answers(scim: Scim, place: Place, values: Document, **query: str) -> Iterator[Document]:
    """Yield the thing as each operation answers with it."""
    made = scim.post("/Things", place.body(**values), query=query).json
    path = f"/Things/{made['id']}"
    yield made
    yield scim.put(path, place.body(**values, folded="f"), query=query).json
    yield scim.patch(path, {"op": "replace", "path": place.path("folded"), "value": "g"}, query=query).json
    yield scim.get(path, query=query).json
    yield from scim.get("/Things", query=query).json["Resources"]
    names = {name: value.split(",") for name, value in query.items()}
    yield from scim.post("/Things/.search", {"schemas": [SEARCH], **names}).json["Resources"]
    yield from scim.post("/.search", {"schemas": [SEARCH], **names}).json["Resources"]


# Mutability


@pytest.mark.requirement("T-11", "C-11", "U-05", "X-10")
@everywhere_at_once
def test_read_only_is_never_a_clients(place: Place, things: Scim) -> None:
    """POST and PUT ignore it, and PATCH refuses it."""
    path = thing(things, place, readOnly="x", folded="f")
    assert things.put(path, place.body(readOnly="y", folded="f")).status_code == 200
    for operation in ({"op": "add", "value": "z"}, {"op": "replace", "value": "z"}, {"op": "remove"}):
        assert_error(things.patch(path, {**operation, "path": place.path("readOnly")}), 400, "mutability", "readOnly")
    assert "readOnly" not in place.held(things.get(path).json)


@pytest.mark.requirement("T-11", "U-05")
@where_no_list_is
def test_read_only_stays(place: Place, things: Scim) -> None:
    """What the service wrote there is kept by PUT and PATCH of all else."""
    path = thing(things, place, folded="f")
    with things.app.app_context():
        service = current_service()
    verified = service.tokens.verify(things.token, "scim")
    assert verified is not None
    stored = service.backend.get(verified[0], "Thing", path.removeprefix("/Things/"))
    assert stored is not None
    document = stored.document | place.holding(folded="f", readOnly="ours")
    service.backend.commit(verified[0], [Swap("Thing", stored.id, document)])
    things.put(path, place.body(folded="g", readOnly="theirs"))
    things.patch(path, {"op": "replace", "path": place.path("folded"), "value": "h"})
    held = place.held(things.get(path).json)
    assert (held["readOnly"], held["folded"]) == ("ours", "h")


@pytest.mark.requirement("T-12", "U-06", "X-11")
@everywhere_at_once
def test_immutable_is_set_once(place: Place, things: Scim) -> None:
    """At the creation: the same may be sent again, another value or none may not."""
    path = thing(things, place, immutable="x", folded="f")
    assert things.put(path, place.body(immutable="x", folded="g")).status_code == 200
    same = {"op": "replace", "path": place.path("immutable"), "value": "x"}
    assert things.patch(path, same).status_code == 200
    for operation in ({"op": "add", "value": "y"}, {"op": "replace", "value": "y"}, {"op": "remove"}):
        assert_error(things.patch(path, {**same, **operation}), 400, "mutability", "immutable")
    for changed in ({"immutable": "y"}, {"folded": "f"}):
        assert_error(things.put(path, place.body(**changed)), 400, "mutability", "immutable")
    assert place.held(things.get(path).json)["immutable"] == "x"


@pytest.mark.requirement("T-12", "U-07", "X-11")
@everywhere_at_once
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_immutable_can_be_set_later(method: str, place: Place, things: Scim) -> None:
    """As long as it has no value."""
    path = thing(things, place, folded="f")
    if method == "PUT":
        answer = things.put(path, place.body(folded="f", immutable="x"))
    else:
        answer = things.patch(path, {"op": "add", "path": place.path("immutable"), "value": "x"})
    assert place.held(answer.json)["immutable"] == "x"
    again = things.patch(path, {"op": "replace", "path": place.path("immutable"), "value": "y"})
    assert_error(again, 400, "mutability")


@pytest.mark.requirement("T-12", "X-11")
@in_lists
@pytest.mark.parametrize(
    ("kind", "below", "value"),
    [
        pytest.param("add", "", [{"value": "v", "immutable": "y"}], id="the same element"),
        pytest.param("add", "", [{"value": "V", "immutable": "y"}], id="in another letter case"),
        pytest.param("replace", "", [{"value": "v", "immutable": "y"}], id="the list"),
        pytest.param("replace", "", [{"value": "w"}, {"value": "v"}], id="the list without it"),
        pytest.param("add", '[value eq "v"]', {"immutable": "y"}, id="into the element"),
        pytest.param("replace", '[value eq "v"]', {"value": "v", "immutable": "y"}, id="the element"),
        pytest.param("replace", '[value eq "v"]', {"value": "v", "folded": "f"}, id="the element without it"),
    ],
)
def test_immutable_in_an_element(kind: str, below: str, value: Any, place: Place, things: Scim) -> None:
    """No operation changes it as long as its element is there; the answer names element, part and value."""
    path = thing(things, place, immutable="x", folded="f")
    whole = place.prefix.removesuffix(".")
    answer = things.patch(path, {"op": kind, "path": whole + below, "value": value})
    assert_error(answer, 400, "mutability", f'{whole}[value eq "v"].immutable is immutable: it has the value "x"')
    assert place.held(things.get(path).json) == {"value": "v", "immutable": "x", "folded": "f"}


@pytest.mark.requirement("T-12", "U-06", "U-07", "X-11")
@in_lists
def test_elements_with_immutable_parts_come_and_go(place: Place, things: Scim) -> None:
    """With the list, in a PUT, or one by one; what comes back is another element."""
    path, whole = thing(things, place, immutable="x"), place.prefix.removesuffix(".")

    def body(*elements: Document) -> Document:
        many = {"many": [*elements]}
        return {"schemas": [THING, MORE], **({place.urn: many} if place.urn else many)}

    def held() -> list[Document]:
        found = things.get(path).json
        elements: list[Document] = (found[place.urn] if place.urn else found)["many"]
        return elements

    old, new, other = ({"value": value, "immutable": text} for value, text in ("vx", "vy", "wz"))
    assert things.put(path, body(other, old)).status_code == 200
    assert things.put(path, body(other)).status_code == 200
    assert things.put(path, body(new, other)).status_code == 200
    assert held() == [new, other]
    assert things.patch(path, {"op": "remove", "path": whole, "value": [new]}).status_code == 200
    assert things.patch(path, {"op": "replace", "path": whole, "value": [old]}).status_code == 200
    assert held() == [old]
    again = {"op": "add", "path": whole, "value": [new, other]}
    assert things.patch(path, {"op": "remove", "path": f'{whole}[value eq "v"]'}, again).status_code == 200
    assert held() == [new, other]
    assert things.patch(path, {"op": "replace", "path": f"{whole}.folded", "value": "f"}).status_code == 200
    assert held() == [{**new, "folded": "f"}, {**other, "folded": "f"}]


@pytest.mark.requirement("T-12", "U-06", "U-12", "U-13")
@everywhere_at_once
@pytest.mark.parametrize("others", [{"folded": "f"}, {}], ids=["beside others", "alone"])
def test_immutable_and_not_shown(others: Document, place: Place, things: Scim) -> None:
    """What GET returned is a body for PUT, and changes nothing; another value is refused, and never told."""
    path = thing(things, place, once="seen", onceNever="secret", **others)
    shown = things.get(path)
    assert not {"once", "onceNever"} & place.held(shown.json).keys()
    put = things.put(path, shown.json)
    assert put.status_code == 200, put.text
    assert put.headers["ETag"] == shown.headers["ETag"]
    assert place.held(things.get(path, query={"attributes": f"{place.prefix}once"}).json)["once"] == "seen"
    assert things.put(path, place.body(once="seen", onceNever="secret", folded="g")).status_code == 200
    for name in ("once", "onceNever"):
        answer = things.put(path, place.body(**{name: "other"}))
        assert_error(answer, 400, "mutability", f"{name} is immutable")
        assert "secret" not in answer.text


@pytest.mark.requirement("T-12", "X-11")
@in_lists
@pytest.mark.parametrize("below", ["", '[value eq "v"]'], ids=["the list", "the element"])
def test_immutable_and_not_shown_in_an_element(below: str, place: Place, things: Scim) -> None:
    """Whoever replaces the element keeps what no answer shows."""
    path, whole = thing(things, place, once="seen", folded="f"), place.prefix.removesuffix(".")
    element = {"value": "v", "folded": "g"}
    value = element if below else [element]
    assert place.held(things.patch(path, {"op": "replace", "path": whole + below, "value": value}).json) == element
    assert place.held(things.get(path, query={"attributes": f"{place.prefix}once"}).json)["once"] == "seen"


@pytest.mark.requirement("T-12", "U-13")
@in_lists
def test_what_is_not_shown_stays_with_its_element(place: Place, things: Scim) -> None:
    """Where several have one value, and where one has none."""
    path, whole = thing(things, place, folded="f"), place.prefix.removesuffix(".")
    many = [{"value": "v", "folded": "1", "once": "a"}, {"value": "v", "folded": "2", "once": "b"}]
    elements = [*many, {"folded": "3", "once": "c"}]
    assert things.patch(path, {"op": "replace", "path": whole, "value": elements}).status_code == 200
    assert things.put(path, things.get(path).json).status_code == 200
    shown = things.get(path, query={"attributes": f"{whole},{whole}.once"}).json
    assert (shown[place.urn] if place.urn else shown)["many"] == elements


# Returned


@pytest.mark.requirement("T-13", "T-14", "A-10", "R-08")
@everywhere_at_once
@pytest.mark.parametrize("name", ["writeOnly", "never"])
def test_a_secret_is_in_no_answer(name: str, place: Place, things: Scim) -> None:
    """Named or not, and in the change log neither."""
    secret = "a-secret-of-the-tests"
    for query in ({}, {"attributes": f"{place.prefix}{name},{place.prefix}folded"}, {"excludedAttributes": "meta"}):
        for answer in answers(things, place, {name: secret}, **query):
            assert secret not in str(answer)
    with things.app.app_context():
        service = current_service()
    verified = service.tokens.verify(things.token, "scim")
    assert verified is not None
    assert "folded" in str(service.backend.log(verified[0]))
    assert secret not in str(service.backend.log(verified[0]))


@pytest.mark.requirement("T-13", "T-14", "F-34")
@everywhere_at_once
@pytest.mark.parametrize("name", ["writeOnly", "never"])
def test_a_secret_cannot_be_asked_for(name: str, place: Place, things: Scim) -> None:
    """No filter, no order and no PATCH tells whether it begins with a letter."""
    path = thing(things, place, **{name: "secret"})
    whole = place.prefix.removesuffix(".")
    filters = [f'{place.prefix}{name} sw "s"', f"{place.prefix}{name} pr"]
    if place.parent is not None:
        filters.append(f'{whole}[{name} eq "secret"]')
    for filter in filters:
        assert_error(things.get("/Things", query={"filter": filter}), 400, "invalidFilter", "is never returned")
    assert things.get("/Things", query={"sortBy": f"{place.prefix}{name}"}).status_code == 400
    if place.parent == "many":
        operation = {"op": "remove", "path": f'{whole}[{name} eq "secret"]'}
        assert_error(things.patch(path, operation), 400, "invalidFilter", "is never returned")


@pytest.mark.requirement("T-13")
@everywhere_at_once
@pytest.mark.parametrize("name", ["writeOnly", "never"])
def test_a_secret_is_in_no_error(name: str, place: Place, things: Scim) -> None:
    """A value of another type, a filter that does not parse: the error names the attribute alone."""
    path, pin = thing(things, place, folded="f"), 31415926
    value = {"op": "replace", "path": place.path(name), "value": pin}
    for answer in (things.post("/Things", place.body(**{name: pin})), things.patch(path, value)):
        assert_error(answer, 400, "invalidValue", f"{name} must be a string.")
    for filter in (
        f"{name} eq {pin}x",
        f'{name} "{pin}"',
        f'{name} eq "{pin}',
        f"{name} eq '{pin}'",
        f"{name} eq 1 {pin}",
    ):
        answer = things.get("/Things", query={"filter": place.prefix + filter})
        assert_error(answer, 400, "invalidFilter", "is not valid at character")
        assert str(pin) not in answer.text


@pytest.mark.requirement("T-13", "F-34")
def test_a_secret_value_does_not_stand_for_its_whole(backend_uri: str) -> None:
    """A complex attribute is compared and sorted by its `value`, unless that is one."""
    lock = part("lock", type="complex", subAttributes=[part("value", mutability="writeOnly"), part("maker")])
    schema = {"id": THING, "name": "Thing", "attributes": [lock], "x-endpoint": "/Things"}
    app = Flask("locks")
    BsrScim(app, backend=backend_uri, token=TOKEN, schemas=[schema])
    scim = Scim(app)
    for value in ("b", "a"):
        scim.post("/Things", {"schemas": [THING], "lock": {"value": value, "maker": value}})
    answer = scim.get("/Things", query={"filter": 'lock sw "b"'})
    assert_error(answer, 400, "invalidFilter", "lock is complex")
    found = scim.get("/Things", query={"sortBy": "lock"}).json["Resources"]
    assert [resource["lock"] for resource in found] == [{"maker": "b"}, {"maker": "a"}]


@pytest.mark.requirement("T-14", "A-09")
@everywhere_at_once
def test_request_is_on_request(place: Place, things: Scim) -> None:
    """It is there when it is named, and in the answers to the POST and the PUT that sent it."""
    found = ["request" in place.held(answer) for answer in answers(things, place, {"request": "x"})]
    assert found == [True, True, False, False, False, False, False]
    for answer in answers(things, place, {"request": "x"}, attributes=f"{place.prefix}request"):
        assert place.held(answer)["request"] == "x"


@pytest.mark.requirement("T-14", "A-09", "A-12")
@everywhere_at_once
def test_what_was_written_is_in_the_answer(place: Place, things: Scim) -> None:
    """Beside what `attributes` names, and not where `excludedAttributes` names it or what holds it."""
    name = f"{place.prefix}request"
    excluded = [name, *([name.removesuffix(".request")] if place.parent else []), *([MORE] if place.urn else [])]
    for query in ({}, {"attributes": "meta"}, {"excludedAttributes": "meta"}):
        written = things.post("/Things", place.body(request="x"), query=query).json
        assert place.held(written)["request"] == "x"
    for names in excluded:
        written = things.post("/Things", place.body(request="x", folded="f"), query={"excludedAttributes": names}).json
        assert "request" not in place.held(written)


@pytest.mark.requirement("T-14", "A-09")
@everywhere_at_once
def test_what_a_patch_names_is_in_its_answer(place: Place, things: Scim) -> None:
    """By a path, by a key, in the value of what holds it, and in any letter case; other operations leave it out."""
    path = thing(things, place, request="w", folded="f")
    values: Document = place.holding(REQUEST="z")
    operations = [
        {"op": "replace", "path": place.path("request"), "value": "x"},
        {"op": "add", "path": place.path("REQUEST"), "value": "y"},
        {"op": "replace", "value": values},
        *({"op": "replace", "path": key, "value": value} for key, value in values.items()),
    ]
    for operation in operations:
        held = place.held(things.patch(path, operation).json)
        assert (
            held["request"]
            == place.held(things.get(path, query={"attributes": f"{place.prefix}request"}).json)["request"]
        )
    assert held["request"] == "z"
    other = things.patch(path, {"op": "replace", "path": place.path("folded"), "value": "g"}).json
    assert (place.held(other)["folded"], "request" in place.held(other)) == ("g", False)
    removed = things.patch(path, {"op": "remove", "path": place.path("request")}).json
    assert "request" not in place.held(removed)


@pytest.mark.requirement("T-14", "A-02", "A-03")
@everywhere_at_once
def test_always_is_always_there(place: Place, things: Scim) -> None:
    """It cannot be left out."""
    excluded = {"excludedAttributes": f"{place.prefix}always,{place.prefix}folded"}
    for query in ({}, {"attributes": "meta"}, excluded):
        for answer in answers(things, place, {"always": "x"}, **query):
            assert place.held(answer)["always"] == "x"


# caseExact


@pytest.mark.requirement("T-09", "T-10", "F-17")
@everywhere_at_once
@pytest.mark.parametrize("operator", ["eq", "co", "sw", "ew"])
def test_letter_case_in_a_filter(operator: str, place: Place, things: Scim) -> None:
    """It matters where caseExact says so; what was sent is kept."""
    path = thing(things, place, exact="Größe", folded="Größe")

    def found(name: str, value: str) -> int:
        filter = f'{place.prefix}{name} {operator} "{value}"'
        total: int = things.get("/Things", query={"filter": filter}).json["totalResults"]
        return total

    assert [found("exact", value) for value in ("Größe", "GRÖSSE")] == [1, 0]
    assert [found("folded", value) for value in ("Größe", "GRÖSSE")] == [1, 1]
    held = place.held(things.get(path).json)
    assert (held["exact"], held["folded"]) == ("Größe", "Größe")


@pytest.mark.requirement("T-10", "S-04")
@everywhere_at_once
def test_letter_case_in_an_order(place: Place, things: Scim) -> None:
    """By code point where it is exact."""
    for text in ("b", "A", "C"):
        thing(things, place, exact=text, folded=text)

    def order(name: str) -> list[str]:
        found = things.get("/Things", query={"sortBy": f"{place.prefix}{name}"}).json["Resources"]
        return [place.held(resource)[name] for resource in found]

    assert order("exact") == ["A", "C", "b"]
    assert order("folded") == ["A", "b", "C"]


@pytest.mark.requirement("T-10", "F-21")
@pytest.mark.parametrize("urn", [None, MORE], ids=["core", "extension"])
def test_letter_case_in_a_path(urn: str | None, things: Scim) -> None:
    """The filter of a PATCH path compares as any other."""
    place = Place(urn, "many")
    path, whole = thing(things, place, exact="x", folded="x"), place.prefix.removesuffix(".")
    things.patch(path, {"op": "remove", "path": f'{whole}[exact eq "X"]'})
    assert place.held(things.get(path).json)
    things.patch(path, {"op": "remove", "path": f'{whole}[folded eq "X"]'})
    assert not place.held(things.get(path).json)


# Uniqueness


@pytest.mark.requirement("T-10", "T-15", "C-13", "U-10", "X-22")
@everywhere_at_once
@pytest.mark.parametrize(("name", "same"), [("serverExact", "Größe"), ("globalFolded", "GRÖSSE")])
def test_a_unique_value_is_had_once(name: str, same: str, place: Place, things: Scim) -> None:
    """In each way to set it, compared as caseExact says; the holder may keep it, and whoever gives it up frees it."""
    first, second = thing(things, place, **{name: "Größe"}), thing(things, place, folded="f")
    for answer in (
        things.post("/Things", place.body(**{name: same})),
        things.put(second, place.body(**{name: same})),
        things.patch(second, {"op": "add", "path": place.path(name), "value": same}),
    ):
        assert_error(answer, 409, "uniqueness", f"{place.prefix}{name}")
    assert things.put(first, place.body(**{name: same})).status_code == 200
    if name == "serverExact":
        thing(things, place, **{name: "GRÖSSE"})
    things.put(first, place.body(folded="g"))
    thing(things, place, **{name: same})


@pytest.mark.requirement("T-15")
@everywhere_at_once
def test_other_values_may_be_had_twice(place: Place, things: Scim) -> None:
    """`none` is no promise."""
    thing(things, place, folded="x", exact="x")
    thing(things, place, folded="x", exact="x")
    assert things.get("/Things", query={"filter": f'{place.prefix}folded eq "X"'}).json["totalResults"] == 2


@pytest.mark.requirement("T-15", "Z-13")
@everywhere_at_once
def test_a_unique_value_is_so_in_its_tenant(place: Place, things: Scim) -> None:
    """Another tenant has the same."""
    thing(things, place, serverExact="x", globalFolded="x")
    thing(new_client(things.app), place, serverExact="x", globalFolded="x")


# canonicalValues


@pytest.mark.requirement("T-08")
@everywhere_at_once
def test_canonical_values_are_suggestions(place: Place, things: Scim) -> None:
    """Others are taken."""
    path = thing(things, place, suggested="c")
    answer = things.patch(path, {"op": "replace", "path": place.path("suggested"), "value": "d"})
    assert place.held(answer.json)["suggested"] == "d"


# multiValued


@pytest.mark.requirement("XA-05", "XA-06", "XR-04", "XP-04", "XP-07")
@everywhere_at_once
def test_single_values_of_a_list(place: Place, things: Scim) -> None:
    """PATCH adds to those that are there, takes off those that it names, and replaces all."""
    path = thing(things, place, texts=["a", "b"], folded="f")

    def after(kind: str, *values: str) -> list[str] | None:
        answer = things.patch(path, {"op": kind, "path": place.path("texts"), "value": [*values]})
        assert answer.status_code == 200, answer.text
        texts: list[str] | None = place.held(things.get(path).json).get("texts")
        return texts

    assert after("add", "c", "B") == ["a", "b", "c"]
    assert after("remove", "A", "c", "z") == ["b"]
    assert after("replace", "x", "y") == ["x", "y"]
    assert after("remove", "x", "y") is None
    assert after("remove", "x") is None
    assert after("add", "z") == ["z"]


# Keys of other types


@pytest.mark.requirement("T-04", "T-15")
@pytest.mark.parametrize(
    ("kind", "first", "same"),
    [
        ("binary", "-_8=", "+/8"),
        ("dateTime", "2026-11-24T16:27:59Z", "2026-11-24T17:27:59.000+01:00"),
        ("decimal", 1.0, 1),
        ("integer", 5, 5),
        ("reference", "https://example.com/", "https://example.com/"),
    ],
)
def test_a_value_has_several_spellings(kind: str, first: Any, same: Any, backend_uri: str) -> None:
    """They are one for uniqueness and for filters: base64 in both alphabets, moments, numbers."""
    app = Flask("keys")
    characteristics: Document = {"type": kind, "uniqueness": "server"}
    if kind == "reference":
        characteristics["referenceTypes"] = ["uri"]
    attributes = [part("key", **characteristics), part("plain", **{**characteristics, "uniqueness": "none"})]
    schema = {"id": THING, "name": "Thing", "attributes": attributes, "x-endpoint": "/Things"}
    BsrScim(app, backend=backend_uri, token=TOKEN, schemas=[schema])
    scim = Scim(app)
    made = scim.post("/Things", {"schemas": [THING], "key": first, "plain": first}).json
    assert made["key"] == first
    assert_error(scim.post("/Things", {"schemas": [THING], "key": same}), 409, "uniqueness")
    literal = f'"{same}"' if isinstance(same, str) else same
    for name in ("key", "plain"):
        found = scim.get("/Things", query={"filter": f"{name} eq {literal}"}).json
        assert found["totalResults"] == 1
