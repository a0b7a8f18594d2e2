"""RFC 7644 §3.7.1 and §3.7.2: operations that refer to what others create."""

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_bsr_scim import BsrScim, current_service
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, GROUP, TOKEN, USER, Scim, group, new_client, path_of, user
from tests.rfc7644.bulk_jobs import add_group, add_user, delete, message, modify, replace, run, statuses
from tests.rfc7644.conftest import attribute

MAILBOX = "urn:example:scim:Mailbox"
NODE = "urn:example:scim:Node"
MORE = "urn:example:scim:extension:More"


def members(scim: Scim, name: str) -> set[str]:
    """Return the userName or displayName of the members of a group."""
    found = scim.get("/Groups", query={"filter": f'displayName eq "{name}"'}).json["Resources"][0]
    people = [scim.get(f"/{member['type']}s/{member['value']}").json for member in found.get("members", ())]
    return {person.get("userName") or person["displayName"] for person in people}


def managed(bulk_id: str, manager: Any) -> Document:
    """Return an operation that creates a user with a manager."""
    return add_user(bulk_id, schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": "IT", "manager": manager}})


def manager_of(scim: Scim, name: str) -> str | None:
    """Return the userName of a user's manager."""
    found = scim.get("/Users", query={"filter": f'userName eq "{name}"'}).json["Resources"][0]
    manager = found.get(ENTERPRISE, {}).get("manager")
    if manager is None:
        return None
    boss: Document = scim.get(f"/Users/{manager['value']}").json
    assert manager["$ref"] == boss["meta"]["location"]
    return str(boss["userName"])


def ids(results: list[Document]) -> list[str]:
    """Return the ids at the end of the locations."""
    return [result["location"].rpartition("/")[2] for result in results]


# In data


@pytest.mark.requirement("B-12", "B-14")
@pytest.mark.parametrize("later", [False, True], ids=["B-12 up", "B-14 down"])
def test_a_group_gets_new_members(later: bool, either: Scim) -> None:
    """Whichever comes first in the job, the member is the new user."""
    job = [add_user("ann"), add_group("Team", "bulkId:ann")]
    results = run(either, *(reversed(job) if later else job))
    assert statuses(results) == ["201", "201"]
    assert [r["bulkId"] for r in results] == (["Team", "ann"] if later else ["ann", "Team"])
    assert members(either, "Team") == {"ann"}


@pytest.mark.requirement("B-12")
def test_ids_and_references_go_together(either: Scim) -> None:
    """A member is in a group once, under whichever name."""
    bob = either.user("bob")
    job = [add_user("ann"), add_group("Sub"), add_group("Team", bob["id"], "bulkId:ann", "bulkId:Sub", "bulkId:ann")]
    assert statuses(run(either, *job)) == ["201"] * 3
    assert members(either, "Team") == {"bob", "ann", "Sub"}


@pytest.mark.requirement("B-12")
@pytest.mark.parametrize(
    "value",
    [
        pytest.param([{"value": "bulkId:ann"}], id="a list"),
        pytest.param({"value": "bulkId:ann", "$ref": "bulkId:ann", "type": "User"}, id="an object"),
        pytest.param(["bulkId:ann"], id="texts"),
        pytest.param("bulkId:ann", id="a text"),
        pytest.param([{"VALUE": "bulkId:ann"}], id="in capitals"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH add", "PATCH replace", "PATCH without a path"])
def test_members_of_each_form_and_method(method: str, value: Any, scim: Scim) -> None:
    """Wherever members can be given."""
    team = scim.group("Team")
    body = {"schemas": [GROUP], "displayName": "Team", "Members": value}
    operation: Document = {
        "POST": {"method": "POST", "path": "/Groups", "bulkId": "t", "data": {**body, "displayName": "New"}},
        "PUT": replace(path_of(team), body),
        "PATCH add": modify(path_of(team), {"op": "add", "path": "members", "value": value}),
        "PATCH replace": modify(path_of(team), {"Op": "Replace", "PATH": "Members", "Value": value}),
        "PATCH without a path": modify(path_of(team), {"op": "add", "value": {"members": value}}),
    }[method]
    results = run(scim, operation, add_user("ann"))
    assert statuses(results) in (["201", "201"], ["200", "201"])
    assert members(scim, "New" if method == "POST" else "Team") == {"ann"}


@pytest.mark.requirement("B-12")
def test_a_filter_of_a_path_refers(scim: Scim) -> None:
    """`members[value eq "bulkId:ann"]`, also where the value says it."""
    job = [
        add_user("ann"),
        add_user("ben"),
        add_user("cid"),
        add_group("Team", "bulkId:ann", "bulkId:ben", "bulkId:cid"),
        modify("/Groups/bulkId:Team", {"op": "remove", "path": 'members[value eq "bulkId:ann"]'}),
        modify("/Groups/bulkId:Team", {"op": "remove", "path": "members", "value": [{"value": "bulkId:ben"}]}),
    ]
    assert statuses(run(scim, *job)) == ["201"] * 4 + ["200"] * 2
    assert members(scim, "Team") == {"cid"}


@pytest.mark.requirement("B-17")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param({ENTERPRISE: {"manager": {"value": "bulkId:boss"}}}, id="B-17 an object"),
        pytest.param({ENTERPRISE: {"manager": "bulkId:boss"}}, id="B-17 a text"),
        pytest.param({ENTERPRISE.upper(): {"Manager": [{"Value": "bulkId:boss"}]}}, id="B-17 in capitals"),
    ],
)
def test_a_manager_is_new_too(data: Document, full: Scim) -> None:
    """References inside of extensions."""
    assert statuses(run(full, add_user("bob", schemas=[USER, ENTERPRISE], **data), add_user("boss"))) == ["201", "201"]
    assert manager_of(full, "bob") == "boss"


@pytest.mark.requirement("B-17")
@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "bulkId:boss"}},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": "bulkId:boss"},
        {"op": "replace", "path": f"{ENTERPRISE}:manager.value", "value": "bulkId:boss"},
        {"op": "add", "path": "manager", "value": "bulkId:boss"},
        {"op": "add", "path": ENTERPRISE, "value": {"manager": {"value": "bulkId:boss"}}},
        {"op": "add", "value": {ENTERPRISE: {"manager": {"value": "bulkId:boss"}}}},
        {"op": "add", "value": {f"{ENTERPRISE}:manager": {"value": "bulkId:boss"}}},
        {"op": "add", "value": {f"{ENTERPRISE}:manager.value": "bulkId:boss"}},
    ],
    ids=str,
)
def test_a_patch_gives_a_new_manager(operation: Document, full: Scim) -> None:
    """With each form of its path."""
    bob = full.user("bob")
    assert statuses(run(full, modify(path_of(bob), operation), add_user("boss"))) == ["200", "201"]
    assert manager_of(full, "bob") == "boss"


@pytest.mark.requirement("B-12", "T-17")
def test_a_type_of_the_host_refers() -> None:
    """By attributes of type reference, which are found in its schema."""
    schema = {
        "id": MAILBOX,
        "name": "Mailbox",
        "x-endpoint": "/Mail/Boxes",
        "attributes": [
            attribute("owner", type="reference", referenceTypes=["User"]),
            attribute("site", type="reference", referenceTypes=["external"]),
            attribute("note"),
        ],
    }
    app = Flask("mailboxes")
    BsrScim(app, backend="memory://", token=TOKEN, schemas=[schema])
    scim, text = Scim(app), "bulkId:ann"
    data = {"schemas": [MAILBOX], "owner": text, "site": text, "note": text}
    box, ann = run(scim, {"method": "POST", "path": "/Mail/Boxes", "bulkId": "box", "data": data}, add_user("ann"))
    found = scim.get(box["location"].removeprefix("http://localhost/scim/v2")).json
    assert [found[name] for name in ("owner", "site", "note")] == [*ids([ann]), text, text]


@pytest.mark.requirement("B-12")
def test_a_text_that_looks_like_a_reference_is_one_only_where_there_can_be_one(full: Scim) -> None:
    """Names are stored as they are sent."""
    job = [add_user("x", "bulkId:x", nickName="bulkId:y", emails=[{"value": "bulkId:z"}]), add_group("bulkId:g")]
    assert statuses(run(full, *job)) == ["201", "201"]
    (found,) = full.get("/Users").json["Resources"]
    assert (found["userName"], found["nickName"], found["emails"][0]["value"]) == ("bulkId:x", "bulkId:y", "bulkId:z")
    assert full.get("/Groups").json["Resources"][0]["displayName"] == "bulkId:g"


@pytest.mark.requirement("B-23")
@pytest.mark.parametrize("odd", [5, None, True, [], [[]], {}, {"value": 5}, [None, {"value": None}], "", "bulkid:ann"])
def test_odd_values_do_no_harm(odd: Any, full: Scim) -> None:
    """They are what they are in a single request."""
    alone = full.post("/Groups", {**group("Alone"), "members": odd}).status_code
    results = run(full, add_user("ann"), add_group("Team") | {"data": {**group("Team"), "members": odd}})
    assert statuses(results) == ["201", str(alone)]


@pytest.mark.requirement("B-12")
def test_whoever_signed_in_before_is_meant(fresh: Scim) -> None:
    """A POST that adopts a user of the registry stands for that user's id."""
    with fresh.app.app_context():
        there = current_service().registry().sign_in("ann@example.com").user
    results = run(fresh, add_group("Team", "bulkId:ann"), add_user("ann", "ann@example.com"))
    assert ids(results)[1] == there.id
    assert members(fresh, "Team") == {"ann@example.com"}


# In paths


@pytest.mark.requirement("B-13")
def test_a_path_refers(either: Scim) -> None:
    """To what the job creates, before or after; the location has the id."""
    change = {"op": "replace", "path": "externalId", "value": "7"}
    job = [
        modify("/Users/bulkId:ann", change),
        add_user("ann"),
        replace("/Groups/bulkId:Team", group("Renamed", "bulkId:ann")),
        add_group("Team"),
        add_user("gone"),
        delete("/Users/bulkId:gone"),
    ]
    results = run(either, *job)
    assert statuses(results) == ["200", "201", "200", "201", "201", "204"]
    assert results[0]["location"] == results[1]["location"]
    assert results[2]["location"] == results[3]["location"]
    assert results[4]["location"] == results[5]["location"]
    assert either.names() == ["ann"]
    assert members(either, "Renamed") == {"ann"}


@pytest.mark.requirement("B-13")
def test_a_bulk_id_is_any_text(scim: Scim) -> None:
    """Quoted in a path where it needs to be."""
    results = run(scim, add_user("a/b c:é%", "ann"), delete("/Users/bulkId:a%2Fb%20c:%C3%A9%25"))
    assert statuses(results) == ["201", "204"]


@pytest.mark.requirement("B-13")
def test_a_path_to_another_type_finds_nothing(scim: Scim) -> None:
    """404, as with any id of another type."""
    assert statuses(run(scim, add_user("ann"), delete("/Groups/bulkId:ann"))) == ["201", "404"]


# What cannot be resolved


@pytest.mark.requirement("B-16")
@pytest.mark.parametrize(
    "operation",
    [
        add_group("Team", "bulkId:nobody"),
        modify("{team}", {"op": "add", "path": "members", "value": [{"value": "bulkId:nobody"}]}),
        modify("{team}", {"op": "remove", "path": 'members[value eq "bulkId:nobody"]'}),
        replace("/Groups/bulkId:nobody", group("Team")),
        delete("/Users/bulkId:nobody"),
        delete("/Users/bulkId:"),
    ],
    ids=["POST", "PATCH", "a filter", "a path to PUT", "a path to DELETE", "an empty one"],
)
def test_an_unknown_bulk_id_fails_the_operation(operation: Document, scim: Scim) -> None:
    """400 `invalidValue`, and the others are done."""
    team = scim.group("Old")
    operation = json.loads(json.dumps(operation).replace("{team}", path_of(team)))
    failed, done = run(scim, operation, add_user("ann"))
    assert (failed["status"], failed["response"]["scimType"], done["status"]) == ("400", "invalidValue", "201")
    assert '"bulkId:' in failed["response"]["detail"]
    assert scim.get(path_of(team)).json == team


@pytest.mark.requirement("B-16")
def test_only_a_post_gives_a_meaning_to_a_bulk_id(scim: Scim) -> None:
    """What exists has an id already."""
    bob = scim.user("bob")
    results = run(scim, replace(path_of(bob), user("bob"), bulkId="b"), add_group("Team", "bulkId:b"))
    assert statuses(results) == ["200", "400"]


@pytest.mark.requirement("B-16")
def test_what_depends_on_a_failure_fails(either: Scim) -> None:
    """409, which names the bulkId; so does whatever depends on that."""
    job = [
        add_group("Outer", "bulkId:Team"),
        add_group("Team", "bulkId:ann", "bulkId:bob"),
        modify("/Groups/bulkId:Team", {"op": "replace", "path": "displayName", "value": "X"}),
        add_user("ann", active="maybe"),
        add_user("bob"),
    ]
    results = run(either, *job)
    assert statuses(results) == ["409", "409", "409", "400", "201"]
    assert [r["response"]["detail"].split('"')[1] for r in results[:3]] == ["bulkId:Team", "bulkId:ann", "bulkId:Team"]
    assert not any("scimType" in result["response"] for result in results[:3])
    assert either.get("/Groups").json["totalResults"] == 0


@pytest.mark.requirement("B-16")
def test_a_member_that_is_removed_before_fails_the_group(scim: Scim) -> None:
    """A reference may come to an id that nobody has any more."""
    results = run(scim, add_user("ann"), delete("/Users/bulkId:ann"), add_group("Team", "bulkId:ann"))
    assert statuses(results) == ["201", "204", "400"]
    assert "does not know" in results[2]["response"]["detail"]


@pytest.mark.requirement("B-11")
def test_errors_end_a_job_in_the_order_of_need(scim: Scim) -> None:
    """What was pulled ahead is in the answer, in its place in the job."""
    job = [add_group("Team", "bulkId:c"), add_user("a"), add_user("b", active=5), add_user("c", active=5)]
    results = run(scim, *job, failOnErrors=1)
    assert [(result["bulkId"], result["status"]) for result in results] == [("c", "400")]
    assert [r["bulkId"] for r in run(scim, *job, failOnErrors=3)] == ["Team", "a", "b", "c"]


@pytest.mark.requirement("B-20")
def test_a_bulk_id_that_is_given_twice_ends_the_job(scim: Scim) -> None:
    """400 `invalidValue`, and nothing is done: nobody could tell who is meant."""
    response = scim.post("/Bulk", message(add_user("x", "a"), add_group("x"), add_user("y"), add_user("y", "b")))
    assert response.status_code == 400
    assert response.json["scimType"] == "invalidValue"
    assert '"x", "y"' in response.json["detail"]
    assert scim.names() == []


# Circles


@pytest.mark.requirement("B-15")
def test_groups_that_refer_to_each_other(either: Scim) -> None:
    """The example of §3.7.1, and one more, who is in the circle and in nobody's way."""
    job = [
        add_group("Group A", "bulkId:Group B"),
        add_group("Group B", "bulkId:Group A", "bulkId:ann"),
        add_user("ann"),
    ]
    results = run(either, *job)
    assert statuses(results) == ["201"] * 3
    assert members(either, "Group A") == {"Group B"}
    assert members(either, "Group B") == {"Group A", "ann"}
    for result in results[:2]:
        found = either.get(f"/Groups/{ids([result])[0]}")
        assert result["version"] == found.headers["ETag"]
        assert result["location"] == found.json["meta"]["location"]


@pytest.mark.requirement("B-15")
def test_a_group_in_itself(either: Scim) -> None:
    """The smallest circle."""
    assert statuses(run(either, add_group("Team", "bulkId:Team"))) == ["201"]
    assert members(either, "Team") == {"Team"}


@pytest.mark.requirement("B-15", "B-17")
def test_managers_of_each_other(full: Scim) -> None:
    """A circle through an extension; the other values of it are there from the start."""
    results = run(
        full, managed("ann", {"value": "bulkId:ben"}), managed("ben", "bulkId:cid"), managed("cid", "bulkId:ann")
    )
    assert statuses(results) == ["201"] * 3
    assert [manager_of(full, name) for name in ("ann", "ben", "cid")] == ["ben", "cid", "ann"]
    assert {person[ENTERPRISE]["department"] for person in full.get("/Users").json["Resources"]} == {"IT"}


@pytest.mark.requirement("B-15", "T-12")
def test_a_circle_is_created_as_single_resources_are(backend_uri: str) -> None:
    """With the defaults of the schema, also in an extension that holds nothing else than a reference, and immutable
    lists of references.
    """
    reference = [
        attribute("value", caseExact=True),
        attribute("$ref", type="reference", referenceTypes=["Node"]),
    ]
    node = {
        "id": NODE,
        "name": "Node",
        "x-endpoint": "/Nodes",
        "attributes": [
            attribute("color", **{"x-default": "red"}),
            attribute("next", type="complex", subAttributes=reference),
            attribute("first", type="complex", multiValued=True, mutability="immutable", subAttributes=reference),
        ],
    }
    more = {
        "id": MORE,
        "name": "More",
        "x-extends": "Node",
        "attributes": [
            attribute("back", type="complex", subAttributes=reference),
            attribute("size", type="integer", **{"x-default": 3}),
        ],
    }
    app = Flask("nodes")
    BsrScim(app, backend=backend_uri, token=TOKEN, schemas=[node, more])
    scim = Scim(app)
    root = scim.post("/Nodes", {"schemas": [NODE], "color": "blue"}).json["id"]

    def creation(name: str, other: str) -> Document:
        to = {"value": f"bulkId:{other}"}
        data = {"schemas": [NODE, MORE], "next": to, "first": [{"value": root}, to], MORE: {"back": to}}
        return {"method": "POST", "path": "/Nodes", "bulkId": name, "data": data}

    results = run(scim, creation("a", "b"), creation("b", "a"))
    assert statuses(results) == ["201", "201"], results
    for made, other in zip(ids(results), reversed(ids(results)), strict=True):
        found = scim.get(f"/Nodes/{made}").json
        assert (found["color"], found[MORE]["size"]) == ("red", 3)
        assert [found["next"]["value"], found[MORE]["back"]["value"]] == [other, other]
        assert [first["value"] for first in found["first"]] == [root, other]


@pytest.mark.requirement("B-15")
def test_two_circles_and_who_needs_them(either: Scim) -> None:
    """Each by itself, and what needs one of them behind it."""
    job = [
        modify("/Groups/bulkId:A1", {"op": "replace", "path": "displayName", "value": "First"}),
        add_group("A1", "bulkId:A2"),
        add_group("Outer", "bulkId:A1", "bulkId:B2"),
        add_group("B1", "bulkId:B2", "bulkId:A1"),
        add_group("A2", "bulkId:A1"),
        add_group("B2", "bulkId:B1"),
    ]
    assert statuses(run(either, *job)) == ["200"] + ["201"] * 5
    assert members(either, "First") == {"A2"}
    assert members(either, "Outer") == {"First", "B2"}
    assert members(either, "B1") == {"B2", "First"}


@pytest.mark.requirement("B-15", "B-23")
@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(add_group("B", "bulkId:A", "bulkId:nobody"), id="an unknown reference"),
        pytest.param(add_group("B", "bulkId:A", "unknown"), id="an unknown member"),
        pytest.param(add_group("B", "bulkId:A", displayName="Taken"), id="a name that is taken"),
        pytest.param(add_group("B", "bulkId:A", displayName=5), id="a wrong value"),
        pytest.param(add_group("B", "bulkId:A") | {"path": "/Nothing"}, id="a wrong path"),
        pytest.param(add_group("B", "bulkId:A") | {"path": "/Groups/5"}, id="a wrong place"),
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["B last", "B first"])
def test_a_circle_fails_as_a_whole(order: int, broken: Document, either: Scim) -> None:
    """409 for who depends on the one that failed; nothing of it is left, and the others are done."""
    either.group("Taken")
    circle = [add_group("A", "bulkId:B", "bulkId:ann"), broken, add_user("ann")][::order]
    results = {r["bulkId"]: r for r in run(either, *circle, add_group("C", "bulkId:A"), add_user("last"))}
    assert {name: r["status"] for name, r in results.items() if name != "B"} == {
        "A": "409", "C": "409", "ann": "201", "last": "201",
    }  # fmt: skip
    assert results["B"]["status"] in ("400", "404", "405", "409")
    assert '"bulkId:B"' in results["A"]["response"]["detail"]
    assert not any("location" in results[name] for name in "ABC")
    assert [g["displayName"] for g in either.get("/Groups").json["Resources"]] == ["Taken"]
    assert statuses(run(either, add_group("A"), add_group("B"))) == ["201", "201"]


@pytest.mark.requirement("B-23")
def test_a_circle_that_failed_is_in_no_log(fresh: Scim) -> None:
    """Nor does anything else stay of it: not even a handle of the registry."""
    people = [add_user("ann"), add_group("A", "bulkId:B", "bulkId:ann"), add_group("B", "bulkId:A", "unknown")]
    assert statuses(run(fresh, *people)) == ["201", "409", "400"]
    with fresh.app.app_context():
        entries = current_service().backend.log("default")
    assert [entry.type for entry in entries if entry.type in ("User", "Group")] == ["User"]


@pytest.mark.requirement("B-11")
def test_the_errors_of_a_circle_count(scim: Scim) -> None:
    """Each operation of it is one, and it is done whole before the job ends."""
    job = [add_group("A", "bulkId:B"), add_group("B", "bulkId:A", "unknown"), add_user("ann")]
    assert statuses(run(scim, *job, failOnErrors=1)) == ["409", "400"]
    assert scim.names() == []


@pytest.mark.requirement("B-14", "B-15", "B-16")
@settings(max_examples=50)
@given(
    references=st.lists(st.sets(st.integers(0, 7), max_size=2), min_size=8, max_size=8),
    broken=st.sets(st.integers(0, 7), max_size=2),
)
def test_any_web_of_references(references: list[set[int]], broken: set[int], shared_app: Flask) -> None:
    """Who is wrong fails, and whoever needs one of them, directly or not; others have their members."""
    scim = new_client(shared_app)
    job = [add_group(str(n), *(f"bulkId:{r}" for r in some)) for n, some in enumerate(references)]
    for number in broken:
        job[number]["data"]["displayName"] = 5
    failing, before = set(broken), set[int]()
    while failing != before:
        before = set(failing)
        failing |= {number for number, some in enumerate(references) if some & failing}
    results = dict(enumerate(statuses(run(scim, *job))))
    assert {number for number, status in results.items() if status != "201"} == failing
    assert {results[number] for number in failing - broken} <= {"409"}
    found = {group["displayName"]: group for group in scim.get("/Groups").json["Resources"]}
    names = {group["id"]: int(name) for name, group in found.items()}
    assert {int(name): {names[m["value"]] for m in group.get("members", ())} for name, group in found.items()} == {
        number: some for number, some in enumerate(references) if number not in failing
    }


@pytest.mark.requirement("B-14")
@pytest.mark.parametrize("backwards", [False, True], ids=["from its end", "from its beginning"])
def test_a_long_chain(backwards: bool, scim: Scim) -> None:
    """As long as the job may be."""
    job = [add_group("0"), *(add_group(str(n), f"bulkId:{n - 1}") for n in range(1, 1000))]
    assert set(statuses(run(scim, *(reversed(job) if backwards else job)))) == {"201"}
    assert scim.get("/Groups").json["totalResults"] == 1000


@pytest.mark.requirement("B-15")
def test_a_wide_circle(scim: Scim) -> None:
    """As wide as the job may be."""
    job = [add_group(str(n), f"bulkId:{(n + 1) % 300}") for n in range(300)]
    assert set(statuses(run(scim, *job))) == {"201"}
    assert members(scim, "299") == {"0"}
