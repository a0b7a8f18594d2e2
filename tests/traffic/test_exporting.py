"""What a recording shows, and what it never shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flask_bsr_scim.console.masking import masked
from flask_bsr_scim.console.traffic import Record
from flask_bsr_scim.traffic.exporting import Choice
from flask_bsr_scim.traffic.gaps import is_cut
from flask_bsr_scim.traffic.recording import FORMAT, NoRecording, read_recording
from flask_bsr_scim.traffic.targets import read_target
from tests.checks.playing import KINDS
from tests.client import ENTERPRISE, GROUP, PATCH, TOKEN, USER
from tests.console.visiting import Site
from tests.traffic.recorded import checked, command, export, record, records

UUID = re.compile(r"(?!00000000-0000-4000-8000-)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
ANA = {
    "schemas": [USER],
    "userName": "Ana.Lopez@corp.example",
    "externalId": "00u1a2b3c4",
    "name": {"givenName": "Ana", "familyName": "Lopez", "formatted": "Ana Lopez"},
    "emails": [{"value": "ana.lopez@corp.example", "type": "work", "primary": True}],
    "password": "tr0ub4dor-and-3",
}


def lived(**settings: Any) -> Site:
    """Return a server that created a user, refused her a second time, and has her in a group."""
    site = Site("memory://", **settings)
    ana = site.send("POST", "/Users", ANA).json["id"]
    site.send("POST", "/Users", ANA)
    site.send("POST", "/Users", {**ANA, "userName": f"{site.token} bsrscim_default_{'a' * 43}"})
    site.send("GET", "/Users", query={"filter": 'userName eq "ANA.LOPEZ@CORP.EXAMPLE"', "startIndex": 1})
    members = [{"value": ana, "display": "ana.lopez@corp.example"}]
    site.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineers", "members": members})
    change = {"op": "replace", "path": "name.familyName", "value": "Ruiz"}
    site.send("PATCH", f"/Users/{ana}", {"schemas": [PATCH], "Operations": [change]})
    site.send("GET", "/Users/01a22929-2f6e-7cf1-8827-978bb66ece61")
    site.send("GET", "/Users", headers={"Authorization": f"Bearer {TOKEN}x"})
    return site


def test_the_same_records_give_the_same_bytes() -> None:
    """The bytes depend on the records alone, and not on the order in which processes wrote them."""
    kept = records(lived())
    assert export(*kept).text() == export(*reversed(kept)).text()


def test_the_same_traffic_gives_the_same_bytes() -> None:
    """Ids, times, hosts and request ids of two servers leave no trace."""
    one, other = lived(), lived(base_url="https://directory.corp.example/scim/v2")
    assert export(*records(one)).text() == export(*records(other)).text()


@pytest.mark.parametrize("keep_names", [False, True])
def test_nothing_secret_is_exported(keep_names: bool) -> None:
    """No token, no password, no id, host or time of the server is in a recording."""
    site = lived(base_url="https://directory.corp.example/scim/v2")
    text = export(*records(site), keep_names=keep_names).text().decode()
    for secret in (TOKEN, site.token, "bsrscim_", "bsrapi_", "tr0ub4dor", "directory.corp.example"):
        assert secret not in text
    assert not UUID.search(text)
    assert not re.search(r"20\d\d-\d\d-\d\dT", text)


def test_people_are_made_up() -> None:
    """Names and addresses are others, the same for the same, and with --keep-names those of the people."""
    kept = records(lived())
    text = export(*kept).text().decode()
    assert not re.search("ana|lopez|ruiz|00u1a2b3c4|corp", text, re.IGNORECASE)
    created, refused, _, found, pushed, changed, *_ = export(*kept).exchanges
    assert created.body == {
        "schemas": [USER],
        "userName": "user1@example.com",
        "externalId": "external1",
        "name": {"givenName": "Given1", "familyName": "Family1", "formatted": "Name1"},
        "emails": [{"value": "User1@example.com", "type": "work", "primary": True}],
        "password": "(hidden)",
    }
    assert 'userName "user1@example.com" belongs to another User already' in str(refused.answer)
    assert "filter=userName%20eq%20%22USER1%40EXAMPLE.COM%22" in found.path
    assert pushed.body["members"] == [{"value": "{user1}", "display": "User1@example.com"}]  # type: ignore[index,call-overload]
    assert pushed.meaning == "Okta pushes the new group Engineers with 1 member"
    assert changed.body["Operations"][0]["value"] == "Family2"  # type: ignore[index,call-overload]
    assert "Ana.Lopez@corp.example" in export(*kept, keep_names=True).text().decode()


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        pytest.param(
            "/Users/1",
            {"Operations": [{"op": "add", "path": 'emails[type eq "work"].value', "value": "ana@corp.example"}]},
            {"Operations": [{"op": "add", "path": 'emails[type eq "work"].value', "value": "user1@example.com"}]},
            id="a path with a filter",
        ),
        pytest.param(
            "/Users/1",
            {"Operations": [{"op": "replace", "value": {"name.givenName": "Ana", "active": True}}]},
            {"Operations": [{"op": "replace", "value": {"name.givenName": "Given1", "active": True}}]},
            id="a key with a dot",
        ),
        pytest.param(
            "/Users/1",
            {"Operations": [{"op": "remove", "path": 'emails[value eq "ana@corp.example"]'}]},
            {"Operations": [{"op": "remove", "path": 'emails[value eq "user1@example.com"]'}]},
            id="an address in a path",
        ),
        pytest.param(
            "/Users/1",
            {ENTERPRISE: {"manager": {"value": "7", "displayName": "Eva"}}},
            {ENTERPRISE: {"manager": {"value": "7", "displayName": "Name1"}}},
            id="a manager",
        ),
        pytest.param("/Groups/1", {"displayName": "Ana"}, {"displayName": "Ana"}, id="a group keeps its name"),
        pytest.param(
            "/Groups/1",
            {"Operations": [{"op": "replace", "path": "displayName", "value": "Ana"}]},
            {"Operations": [{"op": "replace", "path": "displayName", "value": "Ana"}]},
            id="also in a PATCH",
        ),
        pytest.param(
            "/Groups/1",
            {"Operations": [{"op": "add", "path": "members", "value": [{"value": "7", "display": "Ana"}]}]},
            {"Operations": [{"op": "add", "path": "members", "value": [{"value": "7", "display": "Name1"}]}]},
            id="a member",
        ),
        pytest.param(
            "/Bulk",
            {"Operations": [{"method": "POST", "path": "/Users", "data": {"userName": "ana"}}]},
            {"Operations": [{"method": "POST", "path": "/Users", "data": {"userName": "user1"}}]},
            id="a bulk operation",
        ),
        pytest.param(
            "/.search",
            {"filter": 'userName eq "ana" and active eq true'},
            {"filter": 'userName eq "user1" and active eq true'},
            id="a search",
        ),
        pytest.param(
            "/Users",
            {"phoneNumbers": [{"value": "555", "type": "work"}], "addresses": [{"locality": "Lima", "country": "PE"}]},
            {
                "phoneNumbers": [{"value": "+1-555-0001", "type": "work"}],
                "addresses": [{"locality": "Place1", "country": "PE"}],
            },
            id="numbers and places",
        ),
        pytest.param(
            "/Users/.search",
            {"filter": "userName eq ana or (active eq true and emails[value eq ana@corp.example])"},
            {"filter": "userName eq user1 or (active eq true and emails[value eq user1@example.com])"},
            id="a search without quotation marks",
        ),
        pytest.param(
            "/Users/.search",
            {"filter": 'employeeNumber eq 4711 and id eq 12 and nickName eq "ana and'},
            {"filter": 'employeeNumber eq 1 and id eq 12 and nickName eq "Nick1'},
            id="a search that is refused",
        ),
        pytest.param(
            "/Users/1",
            {"Operations": [{"op": "replace", "value": '{"name": {"familyName": "Okonkwo"}, "active": true}'}]},
            {"Operations": [{"op": "replace", "value": '{"name":{"familyName":"Family1"},"active":true}'}]},
            id="JSON in a string",
        ),
        pytest.param(
            "/Groups/1",
            {"Operations": [{"op": "add", "path": "members", "value": ['{"value": "7", "display": "Ana"}', "{ana}"]}]},
            {"Operations": [{"op": "add", "path": "members", "value": ['{"value":"7","display":"Name1"}', "{ana}"]}]},
            id="JSON in a list",
        ),
        pytest.param(
            "/Users/1",
            {"Operations": [{"op": "add", "path": "nickName", "value": "[" * 990 + "]" * 990}]},
            {"Operations": [{"op": "add", "path": "nickName", "value": "Nick1"}]},
            id="JSON in a string that is nested deeply",
        ),
        pytest.param(
            "/Users/1",
            {"Operations": [{"op": "replace", "path": "name", "value": "Okonkwo"}, {"value": {"name": "Okonkwo"}}]},
            {"Operations": [{"op": "replace", "path": "name", "value": "Name1"}, {"value": {"name": "Name1"}}]},
            id="a name without its parts",
        ),
        pytest.param(
            "/Schemas", {"attributes": [{"name": "emails"}]}, {"attributes": [{"name": "emails"}]}, id="an attribute"
        ),
        pytest.param("/Users", {"userName": "", "title": "Boss"}, {"userName": "", "title": "Boss"}, id="nobody"),
    ],
)  # fmt: skip
def test_where_names_are(path: str, body: Any, expected: Any) -> None:
    """A name is found wherever a client can put it, and what is no name stays."""
    (exchange,) = export(record(method="POST", target=path, body=json.dumps(body))).exchanges
    assert exchange.body == expected


def test_the_name_of_a_group_where_all_are_searched() -> None:
    """What is known as the name of a group stays, and what may be somebody's does not."""
    group = {"schemas": [GROUP], "id": "7", "displayName": "Engineers", "meta": {"resourceType": "Group"}}
    answer = json.dumps({"Resources": [group]})
    searches = [
        record(method="POST", target="/.search", body=json.dumps({"filter": f"displayName eq {name}"}), answer=answer)
        for name in ("engineers", "ana")
    ]
    asked = record(target='/?filter=displayName eq "Engineers"')
    *sent, last = export(*searches, asked).exchanges
    assert [each.body for each in sent] == [{"filter": "displayName eq engineers"}, {"filter": "displayName eq Name1"}]
    assert last.path == "/?filter=displayName%20eq%20%22Engineers%22"


def test_names_in_texts() -> None:
    """A name that is known is found in a sentence of the server and in a header, as a whole word, the longest first."""
    ana = {"userName": "Ana", "displayName": "Ana Lopez", "nickName": "Al"}
    answer = {"detail": "Ana Lopez, ana and Anabel; Al (boss@corp.example)"}
    sent = record(
        method="POST", status=409, body=json.dumps(ana), answer=json.dumps(answer), agent="a/1 (it@corp.example)"
    )
    (exchange,) = export(sent).exchanges
    assert exchange.answer == {"detail": "Name1, User1 and Anabel; Al (user2@example.com)"}
    assert exchange.headers == {"User-Agent": "a/1 (user1@example.com)"}


def test_people_who_are_called_like_something_else() -> None:
    """What a path, a parameter or a header is made of stays, whatever people are called."""
    body = {"userName": "users", "displayName": "Okta", "employeeNumber": "100"}
    created = record(method="POST", target="/Users", body=json.dumps(body))
    asked = record(at=2.0, target="/Users/users?count=100", agent="Okta SCIM Client", answer='{"detail":"100 Okta"}')
    exchange = export(created, asked).exchanges[1]
    assert (exchange.client, exchange.path) == ("Okta", "/Users/user1?count=100")
    assert exchange.headers == {"User-Agent": "Okta SCIM Client"}
    assert exchange.answer == {"detail": "100 Name1"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_check_is_masked(kind: str) -> None:
    """Of the users of a whole check nothing is left but made-up names, and the client is who it was."""
    exchanges = export(*checked(kind)).exchanges
    assert {each.client for each in exchanges} == {each.client for each in checked(kind)}
    assert {each.headers.get("User-Agent") for each in exchanges} == {each.agent or None for each in checked(kind)}
    assert not re.search(r"check-[0-9a-f]+(-second)?@", export(*checked(kind)).text().decode())


def test_a_name_that_looks_like_a_placeholder() -> None:
    """What people typed stands for nothing."""
    site = Site("memory://")
    user = site.send("POST", "/Users", {"schemas": [USER], "userName": "{user1}"}).json
    site.send("GET", f"/Users/{user['id']}")
    recording = export(*records(site), keep_names=True)
    assert recording.ids == ("user2",)
    assert recording.exchanges[1].path == "/Users/{user2}"
    assert recording.exchanges[0].body == {"schemas": [USER], "userName": "{user1}"}


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        pytest.param(Choice(), [1, 2, 3], id="all"),
        pytest.param(Choice(since=2.0), [2, 3], id="since"),
        pytest.param(Choice(only_errors=True), [2], id="errors"),
        pytest.param(Choice(request="r3"), [3], id="one"),
        pytest.param(Choice(client="entra"), [3], id="a client"),
        pytest.param(Choice(client="okta", since=2.0), [2], id="both"),
    ],
)
def test_what_is_chosen(choice: Choice, numbers: list[int]) -> None:
    """Records are chosen by time, outcome, request id and client."""
    kept = [
        record(at=1.0, request_id="r1"),
        record(at=2.0, request_id="r2", status=404),
        record(at=3.0, request_id="r3", client="Entra ID"),
    ]
    assert [int(each.at) for each in kept if choice.takes(each)] == numbers


def test_the_options(tmp_path: Path) -> None:
    """The command takes each choice, and names what is no time."""
    site = lived()
    assert command(site.app, "export", "-", "--errors").stderr.startswith("exported 4 requests\n")
    wanted = next(each.request_id for each in records(site) if each.status == 409)
    assert (
        json.loads(command(site.app, "export", "-", "--request", wanted).stdout)["exchanges"][0]["response"]["status"]
        == 409
    )
    assert command(site.app, "export", "-", "--since", "1h", "--client", "OKTA").stderr.startswith(
        "exported 8 requests\n"
    )
    assert command(site.app, "export", "-", "--since", "2099-01-01").stderr.startswith(
        "exported 0 requests: the console"
    )
    assert "corp.example" in command(site.app, "export", "-", "--keep-names").stdout
    refused = command(site.app, "export", "-", "--since", "yesterday")
    assert refused.exit_code == 2
    assert "'yesterday' is neither a span" in refused.stderr
    nowhere = command(site.app, "export", str(tmp_path / "no" / "file"))
    assert (nowhere.exit_code, nowhere.stderr.count("\n")) == (1, 1)


GAPS = [
    pytest.param({"body": '{"a', "body_note": "Only the beginning is kept."}, "was not recorded whole", id="long"),
    pytest.param({"body_note": "The body of 9 bytes was not kept."}, "its body was not recorded whole", id="not kept"),
    pytest.param({"body": "null"}, "its body was not recorded whole: it is null", id="null"),
    pytest.param({"body": '{"members":[{"value":"1"},"… and 7 more"]}'}, "its body was not recorded whole", id="list"),
    pytest.param({"body": json.dumps({"title": "x" * 1999 + "…"})}, "its body was not recorded whole", id="text"),
    pytest.param({"body": '{"apiToken":"(hidden)"}'}, "apitoken was hidden", id="secret"),
    pytest.param({"target": "/Users?token=(hidden)"}, "its URL was not recorded whole", id="URL"),
    pytest.param({"target": "/Users/…"}, "its URL was not recorded whole", id="long URL"),
    pytest.param({"status": 401}, "refused for its credential", id="401"),
    pytest.param({"status": 403}, "refused for what its token may do", id="403"),
    pytest.param({"status": 412}, "a condition (If-Match)", id="412"),
    pytest.param({"status": 304}, "a condition (If-None-Match)", id="304"),
    pytest.param({"status": 429}, "too many requests", id="429"),
    pytest.param({"status": 500}, "the server failed", id="500"),
]  # fmt: skip


@pytest.mark.parametrize("value", [[0] * 51, "x" * 2001, [[[[]]]] * 60])
def test_what_is_cut_is_seen(value: Any) -> None:
    """Whatever the recorder cuts is known as cut, and what it keeps is not."""
    assert is_cut(masked({"a": value}))
    assert not is_cut(masked({"a": value[:50]}))


@pytest.mark.parametrize(("values", "reason"), GAPS)
def test_what_cannot_be_sent_again(values: dict[str, Any], reason: str) -> None:
    """The recording says which requests cannot be sent again, and why."""
    (exchange,) = export(record(**{"method": "POST", **values})).exchanges
    assert reason in exchange.skip
    assert read_recording(export(record(**values)).text()).exchanges[0].status == exchange.status


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"body": '{"password":"(hidden)"}'}, "The password was not recorded: a made-up one is sent in its place."),
        (
            {"body": '{"Operations":[{"op":"replace","path":"password","value":"(hidden)"}]}'},
            "The password was not recorded: a made-up one is sent in its place.",
        ),
        ({"answer_note": "The answer was not kept."}, "Of the answer: The answer was not kept."),
        ({"answer": '{"a":["… and 3 more"]}'}, "Of the answer: only the beginning of a list or a text is kept."),
        ({"answer": '{"secret":"(hidden)"}'}, "Of the answer: Something secret in it was not recorded."),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was_sent(values: dict[str, Any], note: str) -> None:
    """The recording says what of a request or an answer is masked or cut, and sends what it can."""
    (exchange,) = export(record(**values)).exchanges
    assert exchange.notes == (note,)
    assert exchange.skip == ""


@pytest.mark.parametrize(
    ("shown", "encoded"),
    [
        ("/Users", "/Users"),
        ("/Users?startIndex=1&count=2", "/Users?startIndex=1&count=2"),
        ('/Users?filter=displayName eq "R&D"&count=2', "/Users?filter=displayName%20eq%20%22R%26D%22&count=2"),
        ('/Users?filter=displayName eq "a&b=c"&count=2', "/Users?filter=displayName%20eq%20%22a%26b%3Dc%22&count=2"),
        ("/Users?aadOptscim062020=", "/Users?aadOptscim062020"),
        ("/Users?cursor=", "/Users?cursor="),
        ("/Groups/ä ö", "/Groups/%C3%A4%20%C3%B6"),
        ("//Users/", "//Users/"),
        ('/Users?filter=userName eq "a&count=2', "/Users?filter=userName%20eq%20%22a&count=2"),
        ('/Users?filter=userName eq "a\\"&b=1"&count=2', "/Users?filter=userName%20eq%20%22a%5C%22%26b%3D1%22&count=2"),
    ],
)
def test_urls(shown: str, encoded: str) -> None:
    """Path and query, which are recorded as people read them, are encoded again."""
    assert read_target(shown).encoded(()) == encoded


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_is_read_as_it_was_written(kind: str) -> None:
    """Written, read and written again, a recording has the same bytes."""
    text = export(*checked(kind)).text()
    assert read_recording(text).text() == text


@pytest.mark.parametrize(
    ("method", "written"), [("GET", "GET"), ("M_SEARCH2", "M_SEARCH2"), ("G\xc9T", "G-T"), ("A\tB", "A-B")]
)
def test_what_a_stranger_sends_leaves_a_recording_readable(method: str, written: str) -> None:
    """A request to the base URL itself, by whatever method, is exported, read, judged and sent again."""
    site = Site("memory://")
    site.send(method, "", headers={"Authorization": None})
    data = command(site.app, "export", "-").stdout_bytes
    (exchange,) = read_recording(data).exchanges
    assert (exchange.method, exchange.path) == (written, "")
    strict = site.app.test_cli_runner().invoke(args=["scim", "traffic", "strict", "-"], input=data)
    assert strict.output == "0 of 1 requests would have been refused by strict\n"


def test_a_recording_without_a_path_is_read() -> None:
    """A file of an earlier version has no path where it is empty."""
    whole = json.loads(export(record(target="")).text())
    del whole["exchanges"][0]["request"]["path"]
    assert read_recording(json.dumps(whole).encode()).exchanges[0].path == ""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "this is not JSON"),
        (b"[]", 'its "format" is not'),
        (b"[" * 500 + b"]" * 500, 'its "format" is not'),
        (b'{"format": "%s", "given": %s}' % (FORMAT.encode(), b"[" * 500 + b"]" * 500), "nested more deeply"),
        (b'{"format": "other"}', 'its "format" is not'),
        (json.dumps({"format": FORMAT}).encode(), "KeyError at 'profile'"),
        (json.dumps({"format": FORMAT, "profile": "bsr", "exchanges": 7}).encode(), "TypeError"),
    ],
)
def test_what_is_no_recording(data: bytes, problem: str) -> None:
    """A file that is none is refused in words."""
    with pytest.raises(NoRecording, match=re.escape(problem)):
        read_recording(data)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("method", "GET / HTTP/1.1\r\nX:"),
        ("path", "/Users HTTP/1.1\r\nX: y"),
        ("headers", {"X: y\r\nZ": "1"}),
        ("headers", {"User-Agent": "a\r\nX: y"}),
    ],
)
def test_what_would_break_a_request(place: str, value: Any) -> None:
    """A file cannot put lines of its own into a request."""
    whole = json.loads(export(Record(1.0, 1.0, "Okta", "", "GET", "/Users", 200)).text())
    whole["exchanges"][0]["request"][place] = value
    with pytest.raises(NoRecording, match="this is no recording: ValueError"):
        read_recording(json.dumps(whole).encode())
