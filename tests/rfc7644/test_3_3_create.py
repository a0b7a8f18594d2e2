"""RFC 7644 §3.3: creating resources."""

import re
from typing import Any

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.schema import Document
from flask_bsr_scim.schema.values import datetime_key
from tests.client import ENTERPRISE, GROUP, USER, Scim, assert_error, group, path_of, user
from tests.rfc7644.conftest import DEVICE, WARRANTY

BOTH = [pytest.param("/Users", user("bob"), id="user"), pytest.param("/Groups", group("Team"), id="group")]


@pytest.mark.requirement("C-01", "C-02", "C-04", "C-08", "C-29")
@pytest.mark.parametrize(("path", "body"), BOTH)
def test_a_resource_is_created(path: str, body: Document, either: Scim) -> None:
    """201 with the resource as it is stored from then on."""
    response = either.post(path, body)
    assert response.status_code == 201
    made = response.json
    assert made["id"]
    assert made["meta"]["resourceType"] == path[1:-1]
    assert made["schemas"] == body["schemas"]
    assert either.get(path_of(made)).json == made
    assert either.get(path).json["Resources"] == [made]


@pytest.mark.requirement("C-03", "R-07")
@pytest.mark.parametrize(("path", "body"), BOTH)
def test_a_resource_has_a_location(path: str, body: Document, either: Scim) -> None:
    """Location, Content-Location and meta.location are one absolute URI, which leads to the resource."""
    response = either.post(path, body)
    location = response.headers["Location"]
    assert location == f"http://localhost/scim/v2{path}/{response.json['id']}"
    assert response.headers["Content-Location"] == response.json["meta"]["location"] == location
    assert either.get(location.removeprefix("http://localhost/scim/v2")).json == response.json


@pytest.mark.requirement("C-05", "C-06", "C-07")
def test_ids_are_the_servers(either: Scim) -> None:
    """Ids are unique over all types, and a client has no say in them."""
    made = [either.user(f"u{n}", id="5") for n in range(5)] + [either.group(f"g{n}", id="5") for n in range(5)]
    ids = {resource["id"] for resource in made}
    assert len(ids) == 10
    assert not any(i == "5" or "bulkId" in i for i in ids)
    assert_error(either.get("/Users/5"), 404)


@pytest.mark.requirement("C-09")
def test_the_times_of_creation(either: Scim) -> None:
    """Created and lastModified are the same moment, with a zone."""
    meta = either.user()["meta"]
    assert meta["created"] == meta["lastModified"]
    assert meta["created"].endswith("Z")
    assert datetime_key(meta["created"]) > "2026"


@pytest.mark.requirement("C-06", "C-10", "C-11", "C-26", "C-28", "Z-08")
@pytest.mark.parametrize(
    "ignored",
    [
        pytest.param({"id": "x"}, id="C-06 id"),
        pytest.param({"meta": {"created": "1970-01-01T00:00:00Z", "version": "x", "location": "x"}}, id="C-10 meta"),
        pytest.param({"meta": 5}, id="C-10 meta of the wrong type"),
        pytest.param({"groups": [{"value": "x", "display": "Admins"}]}, id="C-11 groups"),
        pytest.param({"groups": 5}, id="C-11 groups of the wrong type"),
        pytest.param({"password": "x"}, id="Z-08 password"),
        pytest.param({"favouriteColour": "blue"}, id="C-28 an unknown attribute"),
        pytest.param({"favourite": {"colours": [1, {"a": None}]}}, id="C-28 an unknown object"),
        pytest.param({"urn:x:y": {"userName": "z"}}, id="C-28 an unknown extension"),
        pytest.param({"externalId": None}, id="C-26 null"),
        pytest.param({"emails": []}, id="C-26 an empty list"),
        pytest.param({"name": {}}, id="C-26 an empty object"),
        pytest.param({"name": {"givenName": None}}, id="C-26 an object of nulls"),
        pytest.param({"emails": [None]}, id="C-26 a list of null"),
    ],
)
def test_what_is_ignored_leaves_no_trace(ignored: Document, either: Scim) -> None:
    """What the client has no say in, what nobody knows and what is empty is as if it were not there."""
    made = either.user("bob", **ignored)
    assert made.keys() == {"schemas", "id", "userName", "active", "meta"}
    assert made["meta"].keys() == {"resourceType", "created", "lastModified", "location", "version"}
    assert made["meta"]["created"] > "2026"
    assert either.get(path_of(made)).json == made


@pytest.mark.requirement("C-11", "R-16")
def test_the_display_name_of_a_manager_is_the_servers(full: Scim) -> None:
    """The `displayName` that is sent is ignored, and $ref follows from value."""
    boss = full.user("boss", displayName="The Boss")
    manager = {"value": boss["id"], "$ref": "../Users/x", "displayName": "Somebody"}
    made = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"manager": manager}})
    assert made[ENTERPRISE]["manager"]["value"] == boss["id"]
    assert made[ENTERPRISE]["manager"]["$ref"] == boss["meta"]["location"]
    assert made[ENTERPRISE]["manager"]["displayName"] == "The Boss"


@pytest.mark.requirement("C-12", "T-15", "T-18")
def test_an_external_id_is_the_clients(either: Scim) -> None:
    """It is never made up, kept as it is, and may occur twice."""
    assert "externalId" not in either.user("a")
    assert either.user("b", externalId="00uX")["externalId"] == "00uX"
    assert either.user("c", externalId="00uX")["externalId"] == "00uX"
    assert either.names(filter='externalId eq "00uX"') == ["b", "c"]
    assert either.names(filter='externalId eq "00ux"') == []


@pytest.mark.requirement("C-13", "C-14")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("straße@example.com", id="the same"),
        pytest.param("STRASSE@example.com", id="C-14 in other letter case"),
        pytest.param("Straße@Example.Com", id="C-14 in mixed case"),
    ],
)
def test_a_user_name_is_taken_once(name: str, either: Scim) -> None:
    """409 `uniqueness`, and the answer names both."""
    taken = either.user("straße@example.com")
    response = either.post("/Users", user(name))
    assert_error(response, 409, "uniqueness", name)
    assert taken["id"] in response.json["detail"]
    assert either.get("/Users").json["totalResults"] == 1


@pytest.mark.requirement("Z-09")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("jos\u00e9", "jose\u0301", id="composed and decomposed"),
        pytest.param("\u212b", "\u00c5", id="two signs of one letter"),
        pytest.param("\u1e9b\u0323", "\u1e9b\u0323".upper(), id="case after composition"),
        pytest.param("Σ", "ς", id="final sigma"),
    ],
)
def test_forms_of_one_name_are_one(one: str, other: str, either: Scim) -> None:
    """What looks the same is the same; the stored text stays as it was sent."""
    made = either.user(one)
    assert_error(either.post("/Users", user(other)), 409, "uniqueness")
    assert either.names(filter=f'userName eq "{other}"') == [one]
    assert either.get(path_of(made)).json["userName"] == one


@pytest.mark.requirement("D-22", "C-13")
def test_a_group_name_is_exact_and_unique(either: Scim) -> None:
    """A name grants access, so there is one of it; another letter case is another name."""
    made = either.group("Admins")
    assert_error(either.post("/Groups", group("Admins")), 409, "uniqueness", made["id"])
    assert either.group("admins")["id"] != made["id"]


@pytest.mark.requirement("C-13")
def test_a_work_address_is_taken_once(scim: Scim) -> None:
    """In the profile bsr the e-mail address is unique as well, in any letter case."""
    emails = [{"value": "Bob@Example.com", "type": "work"}]
    made = scim.user("bob", emails=emails)
    response = scim.post("/Users", user("bobby", emails=[{"value": "bob@EXAMPLE.com", "type": "work"}]))
    assert_error(response, 409, "uniqueness", "emails")
    assert made["id"] in response.json["detail"]
    assert scim.user("bobby", emails=[{"value": "bob@example.com", "type": "home"}])["userName"] == "bobby"


@pytest.mark.requirement("C-15", "E-04")
@pytest.mark.parametrize("how", ["DELETE", "PUT", "PATCH"])
def test_a_name_that_is_freed_can_be_taken(how: str, either: Scim) -> None:
    """At once, by a resource with a new id."""
    first = either.user("bob")
    if how == "DELETE":
        either.delete(path_of(first))
    elif how == "PUT":
        either.put(path_of(first), user("robert"))
    else:
        either.patch(path_of(first), {"op": "replace", "path": "userName", "value": "robert"})
    assert either.user("BOB")["id"] != first["id"]


REQUIRED = [
    pytest.param("/Users", {"schemas": [USER]}, "userName", id="C-16 userName"),
    pytest.param("/Users", {"schemas": [USER], "userName": None}, "userName", id="C-16 null for userName"),
    pytest.param("/Users", user(""), "userName", id="C-17 empty userName"),
    pytest.param("/Users", user(" \t"), "userName", id="C-17 blank userName"),
    pytest.param("/Groups", {"schemas": [GROUP]}, "displayName", id="C-16 displayName"),
    pytest.param("/Groups", {"schemas": [GROUP], "displayName": " "}, "displayName", id="C-17 blank displayName"),
    pytest.param("/Groups", {"schemas": [GROUP], "userName": "x"}, "displayName", id="C-16 the wrong name"),
]


@pytest.mark.requirement("C-16", "C-17")
@pytest.mark.parametrize(("path", "body", "name"), REQUIRED)
def test_what_is_required_is_required(path: str, body: Document, name: str, either: Scim) -> None:
    """400 `invalidValue` that names the attribute."""
    assert_error(either.post(path, body), 400, "invalidValue", name)
    assert either.get(path).json["totalResults"] == 0


@pytest.mark.requirement("C-18", "C-19")
@pytest.mark.parametrize(
    "schemas",
    [
        pytest.param(None, id="C-18 null"),
        pytest.param([], id="C-18 empty"),
        pytest.param({}, id="C-18 an object"),
        pytest.param(USER, id="C-18 a string"),
        pytest.param([GROUP], id="C-19 of another type"),
        pytest.param([ENTERPRISE], id="C-19 the extension alone"),
        pytest.param([USER + "x"], id="C-19 another URN"),
        pytest.param([USER, 5], id="C-19 a number among them"),
    ],
)
def test_schemas_names_the_type(schemas: Any, either: Scim) -> None:
    """A body without the URN of its type is not a resource of it."""
    assert_error(either.post("/Users", {"schemas": schemas, "userName": "bob"}), 400, "invalidSyntax", "schemas")
    assert_error(either.post("/Users", {"userName": "bob"}), 400, "invalidSyntax", "schemas")


@pytest.mark.requirement("C-24")
@pytest.mark.parametrize("body", [b"", b"{", b"null", b"1", b'"x"', b"[]", b'[{"userName": "bob"}]'], ids=repr)
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
def test_a_body_is_a_json_object(path: str, body: bytes, either: Scim) -> None:
    """Whatever else is sent is 400 `invalidSyntax`, and nothing is stored."""
    assert_error(either.post(path, body), 400, "invalidSyntax")
    assert either.get(path).json["totalResults"] == 0


@pytest.mark.requirement("C-20", "C-22", "R-05")
@pytest.mark.parametrize(
    "schemas",
    [
        pytest.param([USER, USER], id="C-20 twice"),
        pytest.param([USER, "urn:ietf:params:scim:schemas:extension:x:2.0:User"], id="C-20 an unknown one"),
        pytest.param([USER, GROUP], id="C-20 another type's"),
        pytest.param([USER, ENTERPRISE], id="C-22 an extension without values"),
        pytest.param([USER.upper()], id="in other letter case"),
    ],
)
def test_schemas_of_the_answer_are_what_is_served(schemas: list[str], either: Scim) -> None:
    """Unknown URNs are ignored, and none is repeated."""
    assert either.post("/Users", {"schemas": schemas, "userName": "bob"}).json["schemas"] == [USER]


@pytest.mark.requirement("C-20")
@pytest.mark.parametrize("dialect", [Dialect.STRICT, Dialect.INTEROP])
@pytest.mark.parametrize("unknown", ["urn:ietf:params:scim:schemas:extension:x:2.0:User", GROUP])
def test_other_dialects_refuse_unknown_schemas(unknown: str, dialect: Dialect, either: Scim) -> None:
    """400, and nothing is stored."""
    with either.app.app_context():
        token, _ = current_service().tokens.create(either.token.split("_")[1], dialect=dialect)
    body = {"schemas": [USER, unknown], "userName": "bob"}
    assert_error(Scim(either.app, token=token).post("/Users", body), 400, "invalidSyntax", unknown)
    assert either.names() == []


@pytest.mark.requirement("C-21", "C-22")
def test_an_extension_lies_under_its_urn(full: Scim) -> None:
    """Its values are taken and returned there alone, and its URN is in schemas."""
    made = full.user("bob", schemas=[USER, ENTERPRISE], department="No", **{ENTERPRISE: {"department": "Yes"}})
    assert made["schemas"] == [USER, ENTERPRISE]
    assert made[ENTERPRISE] == {"department": "Yes"}
    assert "department" not in made


@pytest.mark.requirement("C-21")
def test_an_extension_that_is_not_declared_is_ignored(full: Scim) -> None:
    """Values of a URN that schemas does not name are left out."""
    made = full.user("bob", **{ENTERPRISE: {"department": "X"}})
    assert made["schemas"] == [USER]
    assert ENTERPRISE not in made


@pytest.mark.requirement("C-28")
def test_an_extension_that_the_profile_leaves_out_is_dropped(scim: Scim) -> None:
    """Default mappings of identity providers pass."""
    made = scim.user("bob", schemas=[USER, ENTERPRISE], title="Dr.", **{ENTERPRISE: {"department": 5}})
    assert made.keys() == {"schemas", "id", "userName", "active", "meta"}


@pytest.mark.requirement("C-23")
@pytest.mark.parametrize(
    ("change", "detail"),
    [
        pytest.param({WARRANTY: None}, WARRANTY, id="no extension"),
        pytest.param({WARRANTY: {"years": 3}}, "ends", id="an attribute of it is missing"),
        pytest.param({"schemas": [DEVICE]}, WARRANTY, id="not declared"),
        pytest.param({"serial": ""}, "serial", id="an attribute of the type is missing"),
    ],
)
def test_a_required_extension_is_required(change: Document, detail: str, devices: Scim, device: Document) -> None:
    """400 that says what is missing."""
    assert_error(devices.post("/Devices", {**device, **change}), 400, "invalidValue", detail)
    assert devices.post("/Devices", device).status_code == 201


@pytest.mark.requirement("A-09", "A-10", "T-13", "T-17")
def test_a_type_of_the_host_keeps_all_rules(devices: Scim, device: Document) -> None:
    """Its characteristics hold in a creation."""
    sent = {
        **device,
        "state": "sent",
        "pin": "1234",
        "notes": "n",
        "label": "l",
        "size": 5,
        "weight": 1.5,
        "key": "aGk=",
    }
    response = devices.post("/Devices", sent)
    made = response.json
    assert response.headers["Location"] == f"http://localhost/scim/v2/Devices/{made['id']}"
    assert made.keys() == {"schemas", "id", "serial", "notes", "label", "size", "weight", "key", WARRANTY, "meta"}
    assert devices.get(path_of(made), query={"attributes": "notes,pin,state"}).json == {
        "schemas": [DEVICE, WARRANTY],
        "id": made["id"],
        "notes": "n",
        "label": "l",
    }
    assert_error(devices.post("/Devices", device), 409, "uniqueness", "serial")
    assert devices.post("/Devices", {**device, "serial": "s-1"}).status_code == 201


@pytest.mark.requirement("C-25", "T-01", "T-03", "T-04", "T-07")
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"size": 1.5}, id="T-01 a fraction"),
        pytest.param({"size": "1"}, id="T-01 text"),
        pytest.param({"size": 2**63}, id="T-01 beyond 64 bits"),
        pytest.param({"size": True}, id="T-01 a boolean"),
        pytest.param({"weight": "1.5"}, id="T-07 text"),
        pytest.param({"key": "no base64!"}, id="T-04 no base64"),
        pytest.param({WARRANTY: {"ends": "2030-01-01"}}, id="T-03 a date without time"),
        pytest.param({WARRANTY: {"ends": "2030-02-30T00:00:00Z"}}, id="T-03 no such day"),
    ],
)
def test_values_have_the_type_of_their_attribute(wrong: Document, devices: Scim, device: Document) -> None:
    """400 `invalidValue`."""
    assert_error(devices.post("/Devices", {**device, **wrong}), 400, "invalidValue")


@pytest.mark.requirement("C-27")
def test_names_have_no_letter_case(either: Scim) -> None:
    """Names are matched without regard to case and come back as the schema has them."""
    body = {
        "SCHEMAS": [USER],
        "USERNAME": "bob",
        "Name": {"GIVENNAME": "Bob"},
        "eMails": [{"VALUE": "b@x", "Type": "work"}],
    }
    made = either.post("/Users", body).json
    assert made["userName"] == "bob"
    assert made["name"] == {"givenName": "Bob"}
    assert made["emails"][0]["value"] == "b@x"


@pytest.mark.requirement("C-30")
def test_active_has_a_default(either: Scim) -> None:
    """Who is created without `active` is active, and is shown so."""
    assert either.user("a")["active"] is True
    assert either.user("b", active=False)["active"] is False
    assert either.names(filter="active eq true") == ["a"]


@pytest.mark.requirement("C-25")
@pytest.mark.parametrize(("sent", "stored"), [("True", True), ("true", True), ("False", False), ("fALSE", False)])
def test_words_for_booleans_are_taken(sent: str, stored: bool, either: Scim) -> None:
    """Entra sends `active` as text."""
    assert either.user("bob", active=sent)["active"] is stored


@pytest.mark.requirement("C-31", "A-12")
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"attributes": "userName"}, {"schemas", "id", "userName"}),
        ({"attributes": "nothing"}, {"schemas", "id"}),
        ({"excludedAttributes": "meta,active"}, {"schemas", "id", "userName"}),
        ({"excludedAttributes": "id,schemas"}, {"schemas", "id", "userName", "active", "meta"}),
    ],
)
def test_the_answer_holds_what_was_asked_for(query: dict[str, str], shown: set[str], either: Scim) -> None:
    """Projection applies to the answer of a POST, whose headers stay."""
    response = either.post("/Users", user("bob"), query=query)
    assert response.json.keys() == shown
    assert response.headers["Location"].endswith(response.json["id"])
    assert response.headers["ETag"]


@pytest.mark.requirement("A-05")
def test_a_wrong_projection_creates_nothing(either: Scim) -> None:
    """The two parameters exclude each other, and that is known before anything is stored."""
    query = {"attributes": "userName", "excludedAttributes": "meta"}
    assert_error(either.post("/Users", user("bob"), query=query), 400, "invalidValue")
    assert either.names() == []


@pytest.mark.requirement("C-32")
@pytest.mark.parametrize("path", ["/Users/x", "/Groups/x"])
def test_there_is_no_creation_under_an_id(path: str, either: Scim) -> None:
    """405 says what works there."""
    response = either.post(path, user("bob"))
    assert_error(response, 405)
    assert response.headers["Allow"] == "DELETE, GET, HEAD, PATCH, PUT"


@pytest.mark.requirement("C-33")
def test_core_attributes_may_lie_under_their_urn(either: Scim) -> None:
    """They are stored and returned flat."""
    made = either.post("/Users", {"schemas": [USER], USER: {"userName": "bob", "externalId": "1"}}).json
    assert (made["userName"], made["externalId"]) == ("bob", "1")
    assert USER not in made
    twice = {"schemas": [USER], "userName": "a", USER: {"userName": "b"}}
    assert_error(
        either.post("/Users", twice), 400, "invalidSyntax", f'"userName" is given twice, under {USER} and outside.'
    )


@pytest.mark.requirement("C-34", "T-09")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("Zoë Müller-Łukasz", id="accents"),
        pytest.param("山田太郎", id="another script"),
        pytest.param("עברית العربية", id="right to left"),
        pytest.param("👩\u200d💻 \U0001f1e6\U0001f1f9", id="emoji"),
        pytest.param("e\u0301", id="decomposed"),
        pytest.param("  two  spaces  ", id="blanks around"),
        pytest.param("a\tb\nc", id="tab and line end"),
        pytest.param("\"quoted\" 'too' \\ / <b>&amp;", id="quotes and brackets"),
        pytest.param("\u2028\ufeff\u202e", id="odd characters"),
        pytest.param("x" * 100_000, id="long"),
    ],
)
def test_text_comes_back_as_it_was_sent(value: str, either: Scim) -> None:
    """No character is lost or changed."""
    made = either.user("bob", externalId=value, name={"givenName": value})
    assert (made["externalId"], made["name"]["givenName"]) == (value, value)
    assert either.get(path_of(made)).json == made


@pytest.mark.requirement("R-14", "XA-09")
def test_members_are_shown_as_they_are(either: Scim) -> None:
    """Type and $ref are the server's, doubles are one, and no display is made up."""
    bob, team = either.user("bob"), either.group("Inner")
    sent = [
        {"value": bob["id"], "type": "Group", "$ref": "x", "display": "x"},
        {"value": bob["id"]},
        {"value": team["id"]},
    ]
    made = either.post("/Groups", {"schemas": [GROUP], "displayName": "Outer", "members": sent}).json
    shown = [
        {"value": bob["id"], "$ref": bob["meta"]["location"], "type": "User"},
        {"value": team["id"], "$ref": team["meta"]["location"], "type": "Group"},
    ]
    assert made["members"] == sorted(shown, key=lambda member: member["value"])


@pytest.mark.requirement("XA-10")
def test_unknown_members_can_be_left_out(make_scim: Any) -> None:
    """With `ignore` they are skipped, and those that exist are taken."""
    scim = make_scim(unknown_members="ignore")
    bob = scim.user("bob")
    made = scim.group("Team", "nobody", bob["id"], "somebody")
    assert [member["value"] for member in made["members"]] == [bob["id"]]
    changed = scim.patch(path_of(made), {"op": "replace", "path": "members", "value": [{"value": "nobody"}]})
    assert changed.status_code == 200
    assert "members" not in changed.json


@pytest.mark.requirement("C-04")
def test_an_id_is_a_plain_word(either: Scim) -> None:
    """It needs no escaping anywhere."""
    assert re.fullmatch(r"[A-Za-z0-9-]+", either.user("bob")["id"])
