"""RFC 7643 §2, §4 and §7 over HTTP: what a value may be, and that it comes back as it should."""

from typing import Any

import pytest

from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, PATCH, SEARCH, USER, Scim, assert_error, group, path_of, user
from tests.rfc7644.bulk_jobs import add_group, add_user, run, statuses
from tests.rfc7644.conftest import DEVICE, WARRANTY

line = pytest.mark.requirement


# Data types (RFC 7643 §2.3)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"size": -(2**63)}, id="the least integer", marks=line("T-01")),
        pytest.param({"size": 2**63 - 1}, id="the greatest integer", marks=line("T-01")),
        pytest.param({"weight": 0.1}, id="a fraction", marks=line("T-07")),
        pytest.param({"weight": 12345678.90625}, id="many digits", marks=line("T-07")),
        pytest.param({"weight": 3}, id="a decimal without fraction", marks=line("T-07")),
        pytest.param({"key": "aGVsbG8="}, id="base64", marks=line("T-04")),
        pytest.param({"key": "aGVsbG8"}, id="base64 without padding", marks=line("T-04")),
        pytest.param({WARRANTY: {"ends": "2030-01-01T02:00:00+02:00"}}, id="a zone", marks=line("T-03")),
        pytest.param({WARRANTY: {"ends": "2030-01-01T00:00:00.125Z"}}, id="a fraction of a second", marks=line("T-03")),
    ],
)
def test_a_value_of_its_type_is_kept(sent: Document, devices: Scim, device: Document) -> None:
    """As it was sent, of the same JSON type."""
    made = devices.post("/Devices", {**device, **sent})
    assert made.status_code == 201
    found = devices.get(path_of(made.json)).json
    for name, value in sent.items():
        assert found[name] == made.json[name] == value
        assert type(found[name]) is type(value)


@pytest.mark.requirement("T-01")
@pytest.mark.parametrize("number", ["1.5", "1e3", "1.0", '"1"', "9223372036854775808"])
def test_an_integer_has_neither_fraction_nor_exponent(number: str, devices: Scim) -> None:
    """400 `invalidValue`, and nothing is stored."""
    body = f'{{"schemas": ["{DEVICE}", "{WARRANTY}"], "serial": "S-1", "size": {number}, '
    body += f'"{WARRANTY}": {{"ends": "2030-01-01T00:00:00Z"}}}}'
    assert_error(devices.post("/Devices", body.encode()), 400, "invalidValue", "size")
    assert devices.get("/Devices").json["totalResults"] == 0


@pytest.mark.requirement("T-02")
@pytest.mark.parametrize("value", [1, 0, "yes", "", "1", [True], {}])
def test_a_boolean_is_true_or_false(value: Any, either: Scim) -> None:
    """Anything else is 400; it is returned as a JSON boolean."""
    assert_error(either.post("/Users", user("bob", active=value)), 400, "invalidValue", "active")
    assert either.user("ann", active=True)["active"] is True
    assert '"active":false' in either.post("/Users", user("cid", active=False)).text


@pytest.mark.requirement("T-05")
@pytest.mark.parametrize("uri", ["https://example.com/~bob?a=b#c", "../Photos/1", "urn:x:y", "/Users/1"])
def test_a_reference_is_a_uri(uri: str, full: Scim) -> None:
    """Absolute or relative, and kept as it was sent."""
    made = full.user("bob", profileUrl=uri, photos=[{"value": uri, "type": "photo"}])
    assert made["profileUrl"] == made["photos"][0]["value"] == uri
    assert full.get(path_of(made)).json == made


@pytest.mark.requirement("R-13", "T-05", "L-08")
@pytest.mark.parametrize("form", ["{}", "https://elsewhere.example/scim/v2/Users/{}", "/v2/Users/{}", "../Users/{}"])
def test_a_reference_to_a_resource_is_the_servers(form: str, either: Scim) -> None:
    """Whatever form it was sent in, it is the same reference, and leads to the resource."""
    bob = either.user("bob")
    sent = [{"value": bob["id"], "$ref": form.format(bob["id"])}, {"value": bob["id"]}]
    team = either.post("/Groups", {**group("Team"), "members": sent}).json
    assert team["members"] == [{"value": bob["id"], "$ref": bob["meta"]["location"], "type": "User"}]
    again = either.patch(path_of(team), {"op": "add", "path": "members", "value": sent})
    assert again.json == team
    assert either.get(team["members"][0]["$ref"].removeprefix("http://localhost/scim/v2")).json["id"] == bob["id"]


@pytest.mark.requirement("T-06")
def test_a_complex_value_holds_what_its_schema_has(either: Scim) -> None:
    """An unknown sub-attribute and one inside another are not stored, and the order of the others means nothing."""
    sent = {"familyName": "E", "colour": "red", "deep": {"givenName": "x"}, "givenName": "Bob"}
    bob = either.user("bob", name=sent)
    assert bob["name"] == {"givenName": "Bob", "familyName": "E"}
    assert either.get(path_of(bob)).json == bob
    turned = {"givenName": "Bob", "familyName": "E"}
    assert either.put(path_of(bob), user("bob", name=turned)).json == bob


@pytest.mark.requirement("T-10")
def test_letter_case_means_the_same_everywhere(either: Scim) -> None:
    """Of userName and of e-mail types it does not count, of displayName it does: in each comparison."""
    either.user("b")
    either.user("A", emails=[{"value": "a@x", "type": "work"}])
    assert either.names(filter='userName eq "a"') == ["A"]
    assert either.names(sortBy="userName") == ["A", "b"]
    assert_error(either.post("/Users", user("a")), 409, "uniqueness")
    ann = either.get("/Users", query={"filter": 'userName eq "A"'}).json["Resources"][0]
    changed = either.patch(path_of(ann), {"op": "replace", "path": 'emails[type eq "WORK"].value', "value": "b@x"})
    assert [email["value"] for email in changed.json["emails"]] == ["b@x"]
    for name in ("b", "A", "a"):
        either.group(name)
    groups = either.get("/Groups", query={"sortBy": "displayName"}).json["Resources"]
    assert [found["displayName"] for found in groups] == ["A", "a", "b"]
    assert either.get("/Groups", query={"filter": 'displayName eq "B"'}).json["totalResults"] == 0
    assert_error(either.post("/Groups", group("a")), 409, "uniqueness")


@pytest.mark.requirement("X-11", "T-10")
def test_letter_case_of_an_exact_value_counts(devices: Scim, device: Document) -> None:
    """In uniqueness, filter and comparison with an immutable value."""
    made = devices.post("/Devices", device).json
    assert devices.post("/Devices", {**device, "serial": "s-1"}).status_code == 201
    assert_error(devices.post("/Devices", device), 409, "uniqueness")
    found = devices.get("/Devices", query={"filter": 'serial eq "S-1"'}).json["Resources"]
    assert [resource["id"] for resource in found] == [made["id"]]
    assert_error(devices.patch(path_of(made), {"op": "replace", "path": "serial", "value": "s-1"}), 400, "mutability")


@pytest.mark.requirement("F-06", "F-10", "F-11", "S-04")
def test_numbers_and_moments_are_compared_as_such(devices: Scim, device: Document) -> None:
    """In filters and in order; what has no order is `invalidFilter`."""
    for size, ends in ((10, "2030-01-01T00:00:00Z"), (9, "2030-01-01T01:00:00+02:00"), (100, "2029-12-31T23:30:00Z")):
        body = {**device, "serial": str(size), "size": size, "key": "AQID", WARRANTY: {"ends": ends}}
        assert devices.post("/Devices", body).status_code == 201

    def sizes(**query: str) -> list[int]:
        return [found["size"] for found in devices.get("/Devices", query=query).json["Resources"]]

    assert sizes(filter="size gt 9") == [10, 100]
    assert sizes(filter="size le 10") == [10, 9]
    assert sizes(filter="size eq 10") == [10]
    assert sizes(filter=f'{WARRANTY}:ends lt "2030-01-01T00:00:00Z"') == [9, 100]
    assert sizes(filter=f'{WARRANTY}:ends eq "2029-12-31T23:00:00Z"') == [9]
    assert sizes(sortBy="size") == [9, 10, 100]
    assert sizes(sortBy=f"{WARRANTY}:ends") == [9, 100, 10]
    assert sizes(filter='key eq "AQID"', sortBy="size", sortOrder="descending") == [100, 10, 9]
    for operator in ("gt", "ge", "lt", "le"):
        query = {"filter": f'key {operator} "AQ=="'}
        assert_error(devices.get("/Devices", query=query), 400, "invalidFilter", "key")


@pytest.mark.requirement("F-06")
def test_references_are_compared(full: Scim) -> None:
    """Exactly, and in parts."""
    full.user("bob", profileUrl="https://example.com/Bob")
    full.user("ann", profileUrl="https://example.com/ann")
    assert full.names(filter='profileUrl eq "https://example.com/Bob"') == ["bob"]
    assert full.names(filter='profileUrl eq "https://example.com/bob"') == []
    assert full.names(filter='profileUrl ew "/ann"') == ["ann"]


# Characteristics (RFC 7643 §7)


@pytest.mark.requirement("A-03", "A-09", "A-10", "T-13", "T-14")
@pytest.mark.parametrize("method", ["POST", "GET", "list", "PUT", "PATCH", ".search"])
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param({}, {"label", "model"}, id="by default"),
        pytest.param({"attributes": "notes,pin"}, {"label", "notes"}, id="named"),
        pytest.param({"attributes": "model"}, {"label", "model"}, id="another is named"),
        pytest.param({"excludedAttributes": "label,model,id,meta"}, {"label"}, id="excluded"),
    ],
)
def test_returned(query: dict[str, str], shown: set[str], method: str, devices: Scim, device: Document) -> None:
    """`always`, `default`, `request` and `never` decide in every answer; what was sent is in that to the write."""
    body = {**device, "label": "L", "model": "M", "notes": "N", "pin": "1234"}
    made = devices.post("/Devices", body, query=query if method == "POST" else None)
    path = f"/Devices/{made.json['id']}"
    lists = {name: names.split(",") for name, names in query.items()}
    operation = {"op": "replace", "path": "model", "value": "M2"}
    answer: Document = {
        "POST": lambda: made.json,
        "GET": lambda: devices.get(path, query=query).json,
        "list": lambda: devices.get("/Devices", query=query).json["Resources"][0],
        "PUT": lambda: devices.put(path, {**body, "model": "M2"}, query=query).json,
        "PATCH": lambda: devices.patch(path, operation, query=query).json,
        ".search": lambda: devices.post("/Devices/.search", {"schemas": [SEARCH], **lists}).json["Resources"][0],
    }[method]()
    sent = {"notes"} if method in ("POST", "PUT") else set()
    assert answer.keys() & {"label", "model", "notes", "pin"} == shown | sent
    assert {"schemas", "id"} <= answer.keys()
    assert "1234" not in str(answer)


@pytest.mark.requirement("B-03", "T-15")
def test_a_unique_value_is_unique_with_every_method(either: Scim) -> None:
    """409 `uniqueness` on POST, PUT, PATCH and in a job, of users and of groups."""
    either.user("bob", externalId="1")
    ann = either.user("ann", externalId="1")
    either.group("Team")
    crew = either.group("Crew")
    rename = {"op": "replace", "path": "displayName", "value": "Team"}
    for refused in (
        either.post("/Users", user("Bob")),
        either.put(path_of(ann), user("BOB")),
        either.patch(path_of(ann), {"op": "replace", "path": "userName", "value": "bob"}),
        either.post("/Groups", group("Team")),
        either.put(path_of(crew), group("Team")),
        either.patch(path_of(crew), rename),
    ):
        assert_error(refused, 409, "uniqueness")
    results = run(either, add_user("bob"), add_group("Team"))
    assert statuses(results) == ["409", "409"]
    assert {result["response"]["scimType"] for result in results} == {"uniqueness"}
    assert either.names() == ["bob", "ann"]


@pytest.mark.requirement("T-16")
@pytest.mark.parametrize("empty", [None, "", " ", []])
def test_what_is_required_stays_so(empty: Any, either: Scim) -> None:
    """After PUT and PATCH as after POST."""
    bob, team = either.user("bob"), either.group("Team")
    for made, name in ((bob, "userName"), (team, "displayName")):
        body = {"schemas": made["schemas"], name: empty}
        assert_error(either.post(path_of(made).rpartition("/")[0], body), 400, "invalidValue", name)
        assert_error(either.put(path_of(made), body), 400, "invalidValue", name)
        operation = {"op": "replace", "path": name, "value": empty}
        assert either.patch(path_of(made), operation).status_code == 400
        assert either.get(path_of(made)).json == made


# The attributes of a user (RFC 7643 §4.1)

NAME = {
    "formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane",
    "honorificPrefix": "Ms.", "honorificSuffix": "III",
}  # fmt: skip
SINGULAR = {
    "externalId": "701984", "name": NAME, "displayName": "Babs Jensen", "nickName": "Babs",
    "profileUrl": "https://login.example.com/bjensen", "title": "Tour Guide", "userType": "Employee",
    "preferredLanguage": "en-US", "locale": "en-US", "timezone": "America/Los_Angeles", "active": True,
}  # fmt: skip
ADDRESS = {
    "formatted": "100 Universal City Plaza\nHollywood, CA 91608 USA", "streetAddress": "100 Universal City Plaza",
    "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "US", "type": "work", "primary": True,
}  # fmt: skip
PLURAL = {
    **{
        name: [{"value": f"{name} 1", "display": "One", "type": kind, "primary": True},
               {"value": f"{name} 2", "type": "other"}]
        for name, kind in (("emails", "work"), ("phoneNumbers", "mobile"), ("ims", "aim"), ("photos", "thumbnail"),
                           ("entitlements", "x"), ("roles", "y"))
    },
    "addresses": [ADDRESS, {"locality": "Ulm", "type": "home"}],
    "x509Certificates": [{"value": "MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAw", "display": "C", "type": "z"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(pytest.param(name, value, marks=line("T-19")) for name, value in SINGULAR.items()),
        *(pytest.param(name, value, marks=line("T-20")) for name, value in PLURAL.items()),
    ],
)
def test_an_attribute_comes_back(name: str, value: Any, full: Scim) -> None:
    """With all its sub-attributes, from POST, GET and a filter's list, after a PUT too."""
    made = full.user("bjensen", **{name: value})
    assert made[name] == value
    assert full.get(path_of(made)).json == made
    assert full.get("/Users", query={"filter": f"{name} pr"}).json["Resources"] == [made]
    assert full.put(path_of(made), made).json == made


@pytest.mark.requirement("T-19")
def test_the_registry_keeps_what_it_stores(scim: Scim) -> None:
    """And drops the rest."""
    made = scim.user("bjensen", **SINGULAR, **PLURAL)
    assert {name: value for name, value in made.items() if name not in ("schemas", "id", "meta")} == {
        "externalId": "701984",
        "userName": "bjensen",
        "name": {"familyName": "Jensen", "givenName": "Barbara"},
        "active": True,
        "emails": [{"value": "emails 1", "type": "work", "primary": True}],
    }
    assert scim.get(path_of(made)).json == made


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({"roles": [{"value": "r", "type": "x7Qz"}]}, id="a type of a role", marks=line("T-08")),
        pytest.param({"x509Certificates": [{"value": "AQID", "type": "x7Qz"}]}, id="of a key", marks=line("T-08")),
        pytest.param({"emails": [{"value": "a@b", "type": "fun"}]}, id="of an address", marks=line("T-08")),
        pytest.param({"emails": [{"value": "no address"}]}, id="an e-mail address", marks=line("T-21")),
        pytest.param({"emails": [{"value": "Bob.E@Example.COM"}]}, id="its letter case", marks=line("T-21")),
        pytest.param({"addresses": [{"country": "DE"}]}, id="a country", marks=line("T-22")),
        pytest.param({"addresses": [{"country": "Germany"}]}, id="another word for it", marks=line("T-22")),
    ],
)
def test_what_the_client_means_is_kept(attributes: Document, full: Scim) -> None:
    """Suggested values and formats are the client's affair."""
    made = full.user("bob", **attributes)
    assert {name: made[name] for name in attributes} == attributes
    assert full.get(path_of(made)).json == made


@pytest.mark.requirement("C-21", "C-22", "T-23")
def test_an_enterprise_user_comes_back(full: Scim) -> None:
    """Each attribute of the extension, under its URN."""
    boss = full.user("boss", displayName="The Boss")
    sent = {
        "employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
        "division": "Theme Park", "department": "Tour Operations",
    }  # fmt: skip
    made = full.user("bob", schemas=[USER, ENTERPRISE], **{ENTERPRISE: {**sent, "manager": {"value": boss["id"]}}})
    manager = made[ENTERPRISE].pop("manager")
    assert made["schemas"] == [USER, ENTERPRISE]
    assert made[ENTERPRISE] == sent
    assert (manager["value"], manager["$ref"]) == (boss["id"], boss["meta"]["location"])
    assert full.get(path_of(made)).json[ENTERPRISE] == {**sent, "manager": manager}


# Several values (RFC 7643 §2.4)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param(
            [{"value": "a", "primary": True}, {"value": "b", "primary": True}],
            [{"value": "a", "primary": True}, {"value": "b", "primary": False}],
            id="two are primary",
            marks=line("L-01"),
        ),
        pytest.param(
            [{"value": "a", "type": "work"}, {"value": "a", "type": "work"}],
            [{"value": "a", "type": "work"}],
            id="a double",
            marks=line("L-03"),
        ),
        pytest.param(
            [{"value": "a", "type": "work"}, {"value": "a", "type": "home"}], None, id="two types", marks=line("L-04")
        ),
        pytest.param(
            [{"value": "z"}, {"value": "a"}, {"value": "m", "primary": True}], None, id="no order", marks=line("L-05")
        ),
        pytest.param([{"type": "work"}, {"value": "a"}], None, id="one without value", marks=line("L-07")),
        pytest.param([{"value": "a", "primary": False}], None, id="not primary", marks=line("L-09")),
    ],
)
def test_several_values(sent: list[Document], shown: list[Document] | None, full: Scim) -> None:
    """In their order, each once, one of them primary at most; after POST, PUT and PATCH."""
    made = full.user("bob", emails=sent)
    other = full.user("ann")
    patched = full.patch(path_of(other), {"op": "add", "path": "emails", "value": sent})
    for answer in (
        made,
        full.get(path_of(made)).json,
        full.put(path_of(made), user("bob", emails=sent)).json,
        patched.json,
    ):
        assert answer["emails"] == (shown or sent)


@pytest.mark.requirement("L-02")
def test_a_value_without_primary_is_not_primary(full: Scim) -> None:
    """In a filter and in the filter of a PATCH too; it stays absent."""
    bob = full.user("bob", emails=[{"value": "a"}, {"value": "b", "primary": True}])
    full.user("ann", emails=[{"value": "c", "primary": True}])
    assert full.names(filter='emails[primary eq false and value eq "a"]') == ["bob"]
    assert full.names(filter="emails[primary eq false]") == ["bob"]
    assert full.names(filter="emails[primary eq true]") == ["bob", "ann"]
    changed = full.patch(path_of(bob), {"op": "replace", "path": "emails[primary eq false].display", "value": "D"})
    assert changed.json["emails"] == [{"value": "a", "display": "D"}, {"value": "b", "primary": True}]


@pytest.mark.requirement("L-09", "L-06")
@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ({"value": "b@x", "type": "WORK"}, {"value": "b@x", "type": "work", "primary": True}),
        ({"VALUE": "b@x"}, {"value": "b@x", "type": "work", "primary": True}),
        ({"value": "b@x", "type": "work", "primary": False}, {"value": "b@x", "type": "work", "primary": False}),
    ],
    ids=["its type", "no type", "not primary"],
)
def test_the_address_of_the_registry_is_canonical(sent: Document, shown: Document, scim: Scim) -> None:
    """Of type `work`, and primary unless it was said not to be."""
    made = scim.user("bob", emails=[sent])
    assert made["emails"] == [shown]
    assert scim.get(path_of(made)).json == made


@pytest.mark.requirement("S-05")
@pytest.mark.parametrize("path", ["emails", "emails.value"])
def test_several_values_sort_by_one(path: str, full: Scim) -> None:
    """The primary one, else the first."""
    full.user("c", emails=[{"value": "a"}, {"value": "z", "primary": True}])
    full.user("a", emails=[{"value": "m"}, {"value": "b"}])
    full.user("b", emails=[{"value": "n", "primary": True}, {"value": "y"}])
    full.user("d")
    assert full.names(sortBy=path) == ["a", "b", "c", "d"]
    assert full.names(sortBy=path, sortOrder="descending") == ["d", "c", "b", "a"]


@pytest.mark.requirement("C-25")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_wrong_value_stores_nothing(method: str, full: Scim) -> None:
    """400 `invalidValue` that names the attribute, at whatever depth it is."""
    bob = full.user("bob", title="T")
    for name, value in {
        "title": 5,
        "addresses": [{"locality": True}],
        "name": {"givenName": {}},
        "emails": [5],
    }.items():
        body: Any = user("ann", **{name: value})
        if method == "PATCH":
            body = {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {name: value}}]}
        path = "/Users" if method == "POST" else path_of(bob)
        assert_error(full(method, path, body), 400, "invalidValue", name)
    assert full.get("/Users").json["Resources"] == [bob]
