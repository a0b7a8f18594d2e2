"""RFC 7644 §3.7: many operations in one request."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.registry.tokens import Kind
from flask_bsr_scim.schema import Document
from flask_bsr_scim.writer import Writer
from tests.client import ERROR, PATCH, PREFIX, TOKEN, Scim, assert_error, group, path_of, user
from tests.docs.pages import DOCS, blocks
from tests.rfc7644.bulk_jobs import (
    BULK_REQUEST,
    BULK_RESPONSE,
    add_group,
    add_user,
    delete,
    message,
    modify,
    replace,
    run,
    statuses,
)
from tests.rfc7644.conftest import DEVICE

BASE = "http://localhost/scim/v2"
MakeScim = Callable[..., Scim]
CHANGE = {"op": "replace", "path": "externalId", "value": "42"}


def error(result: Document) -> Document:
    """Return the Error message of a failed operation."""
    found: Document = result["response"]
    assert found["schemas"] == [ERROR]
    assert found["status"] == result["status"]
    return found


# The job


@pytest.mark.requirement("B-01", "B-03", "B-04", "B-05", "B-06", "B-08")
def test_a_job_of_every_method(either: Scim) -> None:
    """Each operation does what the single request does; the results are in their order."""
    bob, ann, cid = (either.user(name) for name in ("bob", "ann", "cid"))
    results = run(
        either,
        add_user("new", "dee", externalId="44"),
        replace(path_of(bob), user("bob", externalId="41")),
        modify(path_of(ann), CHANGE),
        delete(path_of(cid)),
    )
    found = {
        name: either.get("/Users", query={"filter": f'userName eq "{name}"'}).json for name in ("bob", "ann", "dee")
    }
    bob, ann, dee = (answer["Resources"][0] for answer in found.values())
    assert [person["externalId"] for person in (bob, ann, dee)] == ["41", "42", "44"]
    assert either.get(path_of(cid)).status_code == 404
    assert results == [
        {"location": dee["meta"]["location"], "method": "POST", "bulkId": "new", "version": 'W/"1"', "status": "201"},
        {"location": bob["meta"]["location"], "method": "PUT", "version": 'W/"2"', "status": "200"},
        {"location": ann["meta"]["location"], "method": "PATCH", "version": 'W/"2"', "status": "200"},
        {"location": cid["meta"]["location"], "method": "DELETE", "status": "204"},
    ]


@pytest.mark.requirement("B-02")
@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param([], "JSON object", id="a list"),
        pytest.param({"Operations": [delete("/Users/x")]}, BULK_REQUEST, id="no schemas"),
        pytest.param({"schemas": [PATCH], "Operations": [delete("/Users/x")]}, BULK_REQUEST, id="another message"),
        pytest.param({"schemas": BULK_REQUEST, "Operations": [delete("/Users/x")]}, BULK_REQUEST, id="schemas is text"),
        pytest.param({"schemas": [BULK_REQUEST]}, "Operations must be a list", id="no operations"),
        pytest.param(message() | {"Operations": None}, "Operations must be a list", id="null"),
        pytest.param(message() | {"Operations": {}}, "Operations must be a list", id="an object"),
        pytest.param(message(), "Operations is empty", id="an empty list"),
        pytest.param(message("DELETE"), "must be an object with a method", id="an operation that is text"),
        pytest.param(message(None), "must be an object with a method", id="an operation that is null"),
        pytest.param(message({"path": "/Users"}), "with a method", id="no method"),
        pytest.param(message({"method": 5, "path": "/Users"}), "with a method", id="a method that is no text"),
        pytest.param(message({"method": "PUT", "METHOD": "PUT"}), "twice", id="two methods"),
        pytest.param(message() | {"operations": []}, "twice", id="two lists"),
        pytest.param(message(add_user("a"), failOnErrors=0), "failOnErrors must be", id="failOnErrors 0"),
        pytest.param(message(add_user("a"), failOnErrors=-1), "failOnErrors must be", id="failOnErrors -1"),
        pytest.param(message(add_user("a"), failOnErrors="1"), "failOnErrors must be", id="failOnErrors in text"),
        pytest.param(message(add_user("a"), failOnErrors=1.5), "failOnErrors must be", id="failOnErrors in halves"),
        pytest.param(message(add_user("a"), failOnErrors=True), "failOnErrors must be", id="failOnErrors true"),
        pytest.param(message(failOnErrors=0), "must be", id="all of it"),
    ],
)
def test_what_is_no_job_is_refused(body: Any, detail: str, scim: Scim) -> None:
    """400 `invalidSyntax`, and nothing is done."""
    assert_error(scim.post("/Bulk", body), 400, "invalidSyntax", detail)
    assert scim.names() == []


@pytest.mark.requirement("B-02", "B-03")
def test_names_are_taken_in_any_letter_case(scim: Scim) -> None:
    """Those of the message, and the method."""
    operation = {"METHOD": "post", "Path": "/Users", "bulkid": "a", "DATA": user("ann"), "beside": 1}
    answer = scim.post("/Bulk", {"SCHEMAS": [BULK_REQUEST.upper()], "operations": [operation], "FAILONERRORS": None})
    assert [(r["method"], r["bulkId"], r["status"]) for r in answer.json["Operations"]] == [("POST", "a", "201")]


def test_the_job_is_read_like_any_body(scim: Scim) -> None:
    """Compressed or not; another type is 415."""
    body = gzip.compress(json.dumps(message(add_user("a"))).encode())
    assert scim.post("/Bulk", body, headers={"Content-Encoding": "gzip"}).status_code == 200
    assert_error(scim.post("/Bulk", message(add_user("b")), headers={"Content-Type": "text/plain"}), 415)
    assert_error(scim.post("/Bulk", b'{"schemas": ['), 400, "invalidSyntax")
    assert scim.names() == ["a"]


@pytest.mark.requirement("Z-01")
def test_a_job_needs_a_token(scim: Scim) -> None:
    """401 without one, as everywhere."""
    assert_error(scim.post("/Bulk", message(add_user("a")), headers={"Authorization": None}), 401)


@pytest.mark.requirement("Z-06")
def test_a_token_that_reads_makes_no_job(make_scim: MakeScim) -> None:
    """403, whatever the operations are."""
    scim = make_scim()
    with scim.app.app_context():
        reader, _ = current_service().tokens.create("default", Kind.SCIM_READ)
    assert_error(Scim(scim.app, token=reader).post("/Bulk", message(delete("/Users/5"))), 403)


@pytest.mark.requirement("B-01")
def test_the_example_of_the_reference(scim: Scim) -> None:
    """The answer to the request that the page shows is the one that it shows."""
    request, expected = (
        json.loads(b.text) for b in blocks(DOCS / "reference/endpoints.md", "json") if "Bulk" in b.text
    )
    answer = scim.post("/Bulk", request).json
    for result in (*answer["Operations"], *expected["Operations"]):
        *_, endpoint, identifier = result.pop("location").split("/")
        assert (endpoint, len(identifier)) == ("Groups" if result.get("bulkId") == "team" else "Users", 36)
    assert answer == expected


# Single operations


@pytest.mark.requirement("B-07", "B-09", "B-10", "B-22", "B-23")
@pytest.mark.parametrize(
    ("operation", "status", "scim_type", "detail"),
    [
        pytest.param(add_user(None), "400", "invalidSyntax", "bulkId is required", id="B-09 no bulkId"),
        pytest.param(add_user(""), "400", "invalidSyntax", "bulkId is required", id="B-09 an empty bulkId"),
        pytest.param(add_user("x") | {"bulkId": 5}, "400", "invalidSyntax", "bulkId must be text", id="a number"),
        pytest.param(add_user("x") | {"data": None}, "400", "invalidSyntax", "data must be an object", id="no data"),
        pytest.param(add_user("x") | {"data": ["u"]}, "400", "invalidSyntax", "data must be an object", id="a list"),
        pytest.param(add_user("x") | {"data": {}}, "400", "invalidSyntax", "schemas must", id="empty data"),
        pytest.param(add_user("x", "BOB"), "409", "uniqueness", "BOB", id="a name that is taken"),
        pytest.param(add_user("x", active=5), "400", "invalidValue", "active must be true or false", id="a value"),
        pytest.param(add_user("x", "n" * 1025), "400", "invalidValue", "1025 characters", id="a long name"),
        pytest.param({"method": "DELETE"}, "400", "invalidSyntax", "path is required", id="no path"),
        pytest.param(add_user("x") | {"path": 1}, "400", "invalidSyntax", "path is required", id="a path of no text"),
        pytest.param(add_user("x") | {"path": ""}, "400", "invalidSyntax", "not relative", id="an empty path"),
        pytest.param(add_user("x") | {"path": "Users"}, "400", "invalidSyntax", "not relative", id="no slash"),
        pytest.param(add_user("x") | {"path": f"{BASE}/Users"}, "400", "invalidSyntax", "not relative", id="absolute"),
        pytest.param(add_user("x") | {"path": "//evil/Users"}, "404", None, "/Users, /Groups", id="another host"),
        pytest.param(add_user("x") | {"path": f"{PREFIX}/Users"}, "404", None, "/Users, /Groups", id="with the prefix"),
        pytest.param(add_user("x") | {"path": "/"}, "404", None, "/Users, /Groups", id="the root"),
        pytest.param(add_user("x") | {"path": "/Bulk"}, "404", None, "/Users, /Groups", id="a job in a job"),
        pytest.param(add_user("x") | {"path": "/Me"}, "404", None, "/Users, /Groups", id="/Me"),
        pytest.param(add_user("x") | {"path": "/.search"}, "404", None, "/Users, /Groups", id="a search"),
        pytest.param(add_user("x") | {"path": "/Userss"}, "404", None, "/Users, /Groups", id="a slip"),
        pytest.param(add_user("x") | {"path": "/Token"}, "404", None, "/Users, /Groups", id="what is inside"),
        pytest.param(add_user("x") | {"path": "/Users/.search"}, "405", None, "use DELETE, PATCH", id="a search below"),
        pytest.param(add_user("x") | {"path": "/Users/5"}, "405", None, "use DELETE, PATCH", id="B-22 POST to one"),
        pytest.param(replace("/Users", user("u")), "405", None, "use POST", id="B-22 PUT of a list"),
        pytest.param(delete("/Users/"), "405", None, "use POST", id="B-22 DELETE of a list"),
        pytest.param({"method": "GET", "path": "/Users"}, "405", None, "use POST", id="B-22 GET"),
        pytest.param({"method": "HEAD", "path": "/Users/5"}, "405", None, "use DELETE", id="B-22 HEAD"),
        pytest.param(replace("/Users/5", user("u")), "404", None, '"5"', id="an unknown id"),
        pytest.param(modify("/Users/5", CHANGE), "404", None, '"5"', id="an unknown id to PATCH"),
        pytest.param(delete("/Users/5"), "404", None, '"5"', id="an unknown id to DELETE"),
        pytest.param(delete("/Users/5?x=y"), "404", None, '"5?x=y"', id="a query"),
        pytest.param(replace("/Users/{bob}", user("ann")), "409", "uniqueness", "ann", id="a PUT to a taken name"),
        pytest.param(modify("/Users/{bob}"), "400", "invalidSyntax", "Operations", id="a PATCH without operations"),
        pytest.param(modify("/Users/{bob}") | {"data": [5]}, "400", "invalidSyntax", "An operation", id="a PATCH of 5"),
        pytest.param(modify("/Users/{bob}") | {"data": {"Operations": 5}}, "400", "invalidSyntax", "", id="a 5"),
        pytest.param(modify("/Users/{bob}", {"op": "add"}), "400", "invalidValue", "", id="a PATCH without a value"),
        pytest.param(delete("/Users/{bob}", version=5), "400", "invalidSyntax", "version must", id="a wrong version"),
        pytest.param(delete("/Groups/{bob}"), "404", None, "Group", id="a user as a group"),
    ],
)  # fmt: skip
def test_a_refused_operation_harms_nothing(
    operation: Document, status: str, scim_type: str | None, detail: str, scim: Scim
) -> None:
    """Its result holds the error; its resource stays, and all others are done."""
    bob = scim.user("bob")
    scim.user("ann")
    operation = json.loads(json.dumps(operation).replace("{bob}", bob["id"]))
    before, refused, after = run(scim, add_user("before"), operation, add_user("after"))
    assert statuses([before, refused, after]) == ["201", status, "201"]
    assert error(refused).get("scimType") == scim_type
    assert detail in error(refused)["detail"]
    assert "version" not in refused
    assert scim.get(path_of(bob)).json == bob
    assert scim.names() == ["bob", "ann", "before", "after"]


@pytest.mark.requirement("B-05")
@pytest.mark.parametrize(
    ("operation", "location"),
    [
        pytest.param(add_user("x", active=5), None, id="POST"),
        pytest.param(add_user("x") | {"path": "/Users/5"}, None, id="POST to one"),
        pytest.param(delete("/Users/5"), "/Users/5", id="DELETE"),
        pytest.param(delete("/Users/5/"), "/Users/5", id="a slash at the end"),
        pytest.param(replace("/Users/a%20b", user("u")), "/Users/a%20b", id="quoted"),
        pytest.param(replace('/Users/a b"é', user("u")), "/Users/a%20b%22%C3%A9", id="not quoted"),
        pytest.param(modify("/Users/bulkId:x", CHANGE), "/Users/bulkId:x", id="an unknown reference"),
        pytest.param(delete("/Nothing/5"), "/Nothing/5", id="no endpoint"),
        pytest.param({"method": "DELETE"}, None, id="no path"),
    ],
)
def test_where_a_failed_operation_was_to_work(operation: Document, location: str | None, scim: Scim) -> None:
    """All have a location but a POST, which made nothing."""
    (result,) = run(scim, operation)
    assert result.get("location") == (location and BASE + location)


@pytest.mark.requirement("B-08")
def test_what_is_given_back(scim: Scim) -> None:
    """The bulkId of any operation that has one, and no body of a success."""
    bob = scim.user("bob")
    results = run(scim, add_user("1"), replace(path_of(bob), user("bob"), bulkId="2"), delete(path_of(bob), bulkId="3"))
    assert [result["bulkId"] for result in results] == ["1", "2", "3"]
    assert not any("response" in result for result in results)


@pytest.mark.requirement("Z-04")
def test_a_token_in_a_job_is_not_shown(scim: Scim) -> None:
    """People paste it into the wrong field."""
    (result,) = run(scim, modify(f"/Users/{scim.token}", CHANGE))
    assert result["status"] == "404"
    assert scim.token not in str(result)


@pytest.mark.requirement("B-03", "B-08")
def test_a_group_of_many_members_has_no_body_and_a_version(make_scim: MakeScim) -> None:
    """Its PATCH is 204, as by itself."""
    scim = make_scim(patch_body_members=1)
    team = scim.group("Team", scim.user("a")["id"], scim.user("b")["id"])
    (result,) = run(scim, modify(path_of(team), {"op": "replace", "path": "displayName", "value": "X"}))
    assert (result["status"], result["version"]) == ("204", 'W/"2"')


@pytest.mark.requirement("B-03")
def test_a_patch_may_be_a_bare_list(scim: Scim) -> None:
    """The example in §3.7.3 leaves the PatchOp message away."""
    bob = scim.user("bob", externalId="41")
    operations = [{"op": "remove", "path": "externalId"}, {"op": "add", "path": "userName", "value": "Dave"}]
    assert statuses(run(scim, {"method": "PATCH", "path": path_of(bob), "data": operations})) == ["200"]
    found = scim.get(path_of(bob)).json
    assert (found["userName"], found.get("externalId")) == ("Dave", None)


@pytest.mark.requirement("B-03", "T-17")
def test_a_type_of_the_host_can_be_in_a_job(devices: Scim, device: Document) -> None:
    """With its own rules."""
    other = {**device, "serial": "S-2", "state": "new"}
    broken = {"schemas": [DEVICE], "serial": "S-3"}
    post = [{"method": "POST", "path": "/Devices", "bulkId": d["serial"], "data": d} for d in (device, other, broken)]
    results = run(devices, *post)
    assert statuses(results) == ["201", "201", "400"]
    assert devices.get("/Devices").json["totalResults"] == 2


# Versions


@pytest.mark.requirement("B-21")
@pytest.mark.parametrize("operation", [
    replace("{bob}", user("bob", externalId="43")), modify("{bob}", CHANGE), delete("{bob}"),
], ids=["PUT", "PATCH", "DELETE"])  # fmt: skip
def test_a_version_is_a_condition(operation: Document, either: Scim) -> None:
    """412 when the resource is in another one, and it stays as it was."""
    bob = either.user("bob")
    operation = operation | {"path": path_of(bob)}
    refused, done = run(either, operation | {"version": 'W/"7"'}, operation | {"version": bob["meta"]["version"]})
    assert refused["status"] == error(refused)["status"] == "412"
    assert "not in the version that the request names" in error(refused)["detail"]
    assert done["status"] in ("200", "204")


@pytest.mark.requirement("B-21")
def test_a_version_counts_within_the_job(scim: Scim) -> None:
    """An operation sees what those before it did."""
    bob = scim.user("bob")
    first, second = (modify(path_of(bob), {**CHANGE, "value": name}, version='W/"1"') for name in ("One", "Two"))
    assert statuses(run(scim, first, second)) == ["200", "412"]
    assert scim.get(path_of(bob)).json["externalId"] == "One"


# failOnErrors


@pytest.mark.requirement("B-10", "B-11")
@pytest.mark.parametrize(
    ("most", "tried"),
    [(1, 2), (2, 4), (3, 5), (4, 5), (None, 5), (10**30, 5)],
)
def test_errors_end_a_job(most: int | None, tried: int, either: Scim) -> None:
    """After so many errors nothing more is tried, nor is it in the answer; what was done before stays."""
    job = [add_user("a"), delete("/Users/1"), add_user("b"), delete("/Users/2"), add_user("c")]
    results = run(either, *job, failOnErrors=most)
    assert statuses(results) == ["201", "404", "201", "404", "201"][:tried]
    assert either.names() == ["a", "b", "c"][: (tried + 1) // 2]


# Limits


@pytest.mark.requirement("D-04", "B-18", "B-19")
def test_limits_are_announced_and_kept(make_scim: MakeScim) -> None:
    """413 says which limit it is, and nothing is done."""
    scim = make_scim(max_bulk_operations=2, max_bulk_bytes=1000)
    bulk = scim.get("/ServiceProviderConfig").json["bulk"]
    assert bulk == {"supported": True, "maxOperations": 2, "maxPayloadSize": 1000}
    assert statuses(run(scim, add_user("a"), add_user("b"))) == ["201", "201"]
    many = message(add_user("c"), add_user("d"), add_user("e"))
    assert_error(scim.post("/Bulk", many), 413, None, "2 operations")
    large = message(add_user("f", externalId="x" * 1000))
    assert_error(scim.post("/Bulk", large), 413, None, "1000 bytes")
    assert_error(scim.post("/Bulk", message(*[None] * 3)), 413, None, "2 operations")
    assert scim.names() == ["a", "b"]


@pytest.mark.requirement("B-19")
def test_the_size_is_that_of_the_inflated_job(make_scim: MakeScim) -> None:
    """A compressed one cannot get round it."""
    scim = make_scim(max_bulk_bytes=1000)
    body = gzip.compress(json.dumps(message(add_user("a", externalId="x" * 1000))).encode())
    assert len(body) < 1000
    assert_error(scim.post("/Bulk", body, headers={"Content-Encoding": "gzip"}), 413, None, "1000 bytes")


@pytest.mark.requirement("B-03")
def test_the_limit_of_a_patch_is_kept(make_scim: MakeScim) -> None:
    """An operation may not do more than its single request."""
    scim = make_scim(max_patch_operations=1)
    (result,) = run(scim, modify(path_of(scim.user("bob")), CHANGE, CHANGE))
    assert error(result)["scimType"] == "invalidValue"


def test_a_job_that_takes_too_long_is_given_up(scim: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 says how much was done in the time; nothing of it stays, since nobody else can write meanwhile."""
    with monkeypatch.context() as patch:
        patch.setattr("flask_bsr_scim.bulk.monotonic", iter((0, 1, 5, 6)).__next__)
        assert_error(scim.post("/Bulk", message(*map(add_user, "abc"))), 413, None, "of 2 operations in 5 seconds")
    assert scim.names() == []


@pytest.mark.requirement("B-24")
def test_jobs_can_be_switched_off(make_scim: MakeScim) -> None:
    """Without any operation allowed, they are announced as unsupported, and are 501."""
    scim = make_scim(max_bulk_operations=0)
    assert scim.get("/ServiceProviderConfig").json["bulk"]["supported"] is False
    assert_error(scim.post("/Bulk", message(add_user("a"))), 501, None, "does not support")


# One transaction


@pytest.mark.requirement("G-05")
def test_a_job_is_done_whole_or_not_at_all(fresh: Scim, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is 500, what the store cannot do 503; either undoes what was done before it."""
    bob = fresh.user("bob")
    with fresh.app.app_context():
        backend = current_service().backend
    before = backend.log("default")
    job = message(add_user("a"), modify(path_of(bob), CHANGE), delete(path_of(bob)))
    for failure, status in ((ZeroDivisionError(), 500), (StoreUnavailable("gone"), 503)):
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "remove", _raising(failure))
            headers = {"Authorization": f"Bearer {TOKEN}"}
            response = fresh.app.test_client().post(f"{PREFIX}/Bulk", json=job, headers=headers)
        assert_error(response, status)
        assert fresh.get(path_of(bob)).json == bob
        assert fresh.names() == ["bob"]
        assert backend.log("default") == before
    assert statuses(run(fresh, *job["Operations"])) == ["201", "200", "204"]


def _raising(failure: Exception) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise failure

    return fail


def test_the_log_tells_of_each_operation(fresh: Scim) -> None:
    """One entry a change, under the request's id, as for single requests; none of what was refused."""
    answer = fresh.post(
        "/Bulk", message(add_user("a"), add_user("b", "A"), add_group("g")), headers={"X-Request-Id": "r1"}
    )
    assert statuses(answer.json["Operations"]) == ["201", "409", "201"]
    with fresh.app.app_context():
        entries = [e for e in current_service().backend.log("default") if e.type in ("User", "Group")]
    assert [(entry.type, entry.request_id) for entry in entries] == [("User", "r1"), ("Group", "r1")]


@pytest.mark.requirement("Z-13")
def test_what_a_job_may_hold_is_the_tenant_s(make_scim: MakeScim) -> None:
    """Nothing of another tenant can be reached."""
    scim = make_scim()
    bob = scim.user("bob")
    with scim.app.app_context():
        service = current_service()
    service.open("other")
    other = Scim(scim.app, token=service.tokens.create("other")[0])
    results = run(other, delete(path_of(bob)), modify(path_of(bob), CHANGE), add_group("g", bob["id"]))
    assert statuses(results) == ["404", "404", "400"]
    assert scim.get(path_of(bob)).json == bob


@pytest.mark.requirement("B-03")
def test_a_body_of_a_group_has_the_limits_of_jobs(scim: Scim) -> None:
    """A PUT of a group in a job, members and all."""
    people = [scim.user(f"u{n}")["id"] for n in range(3)]
    team = scim.group("Team", people[0])
    assert statuses(run(scim, replace(path_of(team), group("Team", *people)))) == ["200"]
    assert [member["value"] for member in scim.get(path_of(team)).json["members"]] == sorted(people)


@pytest.mark.requirement("B-01")
def test_the_response_is_one_message(scim: Scim) -> None:
    """With nothing beside its two members."""
    assert set(scim.post("/Bulk", message(add_user("a"))).json) == {"schemas", "Operations"}
    assert scim.post("/Bulk", message(add_user("b"))).json["schemas"] == [BULK_RESPONSE]
