"""What a record shows of messages, and what it does not."""

import json
from time import process_time
from typing import Any

import pytest

from flask_bsr_scim.console.masking import HIDDEN, masked, scrubbed, shown_message, shown_query, shown_target

SECRET = "hunter2-hunter2"
TOKEN = "bsrscim_default_abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"userName": "bob", "password": SECRET}, id="a password"),
        pytest.param({"PassWord": SECRET}, id="in any letter case"),
        pytest.param({"urn:ietf:params:scim:schemas:core:2.0:User:password": SECRET}, id="with its URN"),
        pytest.param({"urn:x": {"clientSecret": {"value": [SECRET]}}}, id="a secret that is complex"),
        pytest.param({"Operations": [{"op": "replace", "path": "password", "value": SECRET}]}, id="a PATCH"),
        pytest.param({"Operations": [{"value": SECRET, "op": "replace", "Path": "PASSWORD"}]}, id="in another order"),
        pytest.param({"Operations": [{"op": "replace", "value": {"password": SECRET}}]}, id="a PATCH without path"),
        pytest.param({"Operations": [{"data": {"password": SECRET}}]}, id="a bulk operation"),
        pytest.param({"filter": f'password eq "{SECRET}"'}, id="a filter in a body"),
        pytest.param(
            {"Operations": [{"path": f'emails[password eq "{SECRET}"]', "value": 1}]}, id="a filter in a path"
        ),
        pytest.param({"path": f"emails[password Eq {SECRET}]", "value": 1}, id="a filter without quotes in a path"),
        pytest.param(
            {"op": "replace", "path": "urn:x:User:password", "value": {"new": SECRET}}, id="a path with its URN"
        ),
        pytest.param({"op": "replace", "value": {"urn:x:User:password": SECRET}}, id="a value with URNs"),
        pytest.param({"op": "replace", "path": "urn:x:User", "value": {"password": SECRET}}, id="a path to a schema"),
        pytest.param({"op": "replace", "path": ["password"], "value": SECRET}, id="a list of paths"),
        pytest.param({"op": "replace", "path": "password", "values": [SECRET]}, id="several values"),
        pytest.param({"name": "password", "value": SECRET}, id="a name and a value"),
        pytest.param({"Value": [SECRET], "Name": "urn:x:User:Password"}, id="a name behind the value"),
        pytest.param([{"attributeName": "clientSecret", "newValue": {"is": SECRET}}], id="a name of an attribute"),
        pytest.param({"type": "password", "value": SECRET}, id="a type"),
        pytest.param({"data": json.dumps({"password": SECRET})}, id="JSON in a text"),
        pytest.param(
            {
                "Operations": [
                    {
                        "method": "PATCH",
                        "path": "/Users/1",
                        "data": {"Operations": [{"op": "add", "path": "password", "value": SECRET}]},
                    }
                ]
            },
            id="a PATCH in a bulk job",
        ),
        pytest.param({"urn:x": {"apiKey": SECRET, "private_key": SECRET, "pwd": SECRET}}, id="a key"),
        pytest.param({"op": "replace", "path": "password", "val": SECRET}, id="a value of another name"),
        pytest.param({"op": "replace", "path": "password", "data": {"is": [SECRET]}}, id="data"),
        pytest.param({"op": "replace", "path": {"x": "password"}, "value": SECRET}, id="a path that is an object"),
        pytest.param({"path": {"x" * 9000: 1}, "value": SECRET}, id="a path that is a large object"),
        pytest.param({"path": [["password"]], "value": SECRET}, id="a path that is a list of lists"),
        pytest.param({"op": "password", "value": SECRET}, id="a name in the place of the operation"),
        pytest.param({"op": "replace", "value": f"password={SECRET}"}, id="a pair in a text"),
        pytest.param({"op": "replace", "value": f"clientSecret: {SECRET}"}, id="a pair with a colon"),
        pytest.param({"detail": f'User has no "password%20eq%20%22{SECRET}%22".'}, id="a filter in a sentence"),
        pytest.param(
            {"value": SECRET, **dict.fromkeys("abcdefgh" * 20), **{f"a{n}": 0 for n in range(200)}, "path": "password"},
            id="a path behind many members",
        ),
        pytest.param({"note": f"Bearer {SECRET}"}, id="a header in a value"),
        pytest.param({"note": f"Authorization: Basic {SECRET}="}, id="basic credentials"),
    ],
)
def test_secrets_are_not_shown(body: Any) -> None:
    """A password or a credential is shown in no form of a message."""
    text, _ = shown_message(json.dumps(body).encode())
    assert SECRET not in text
    assert HIDDEN in text


@pytest.mark.parametrize("place", [{"userName": TOKEN}, {TOKEN: 1}, [f"x {TOKEN} y"], TOKEN])
def test_tokens_are_not_shown(place: Any) -> None:
    """A token that was pasted into the wrong field is not shown, wherever it stands."""
    assert TOKEN not in shown_message(json.dumps(place).encode())[0]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"password": "hunter2-hunter2"', id="cut off"),
        pytest.param(b'{"p\\u0061ssword": "hunter2-hunter2"', id="escaped"),
        pytest.param(b"grant_type=x&client_secret=hunter2-hunter2", id="a form"),
        pytest.param(b'{"a": 1} {"password": "hunter2-hunter2"}', id="two messages"),
        pytest.param(b"pass%77ord=hunter2-hunter2", id="a form that is encoded"),
        pytest.param(b'{"value": "hunter2-hunter2", "op": "' + b"x" * 9000 + b'", "path": "password"', id="long"),
    ],
)
def test_what_is_no_json_is_shown_only_when_nothing_is_secret(body: bytes) -> None:
    """Where names and values cannot be told apart, nothing is shown that may hold a secret."""
    text, note = shown_message(body)
    assert not text
    assert "not JSON" in note


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp500"])
def test_no_other_encoding_is_shown(encoding: str) -> None:
    """In another encoding than UTF-8 a secret would not be seen, and could be read."""
    text, note = shown_message(json.dumps({"password": SECRET}).encode(encoding))
    assert (text, note) == ("", "This is no text in UTF-8: it is not shown.")


def test_what_is_no_json_is_shown() -> None:
    """A message that is wrong is shown as it came."""
    assert shown_message(b'{"userName": bob}') == ('{"userName": bob}', "This is not JSON.")


def test_what_is_not_secret_is_shown() -> None:
    """Names and values stay as they are, also those that sound like secrets."""
    body = {"userName": "secretary@example.com", "active": True, "n": None, "password": None}
    assert masked(body) == body
    operation = {"op": "add", "path": 'emails[value eq "secretary@example.com"].type', "value": "work"}
    assert masked(operation) == operation
    group = {"name": "Password admins", "value": "1", "$ref": "../Users/1", "display": "token"}
    assert masked(group) == group
    assert masked({"note": "[token] is a word"}) != {"note": HIDDEN}
    named = {"displayName": "Password: admins", "value": "tokens", "detail": "The token may only read."}
    assert masked(named) == named
    able = {"changePassword": {"supported": False}, "patch": {"supported": True}}
    assert masked(able) == able
    assert masked({"password": {"hunter2": True}}) == {"password": HIDDEN}


def test_long_lists_are_cut() -> None:
    """Of the members of a group the first ones are shown, and how many there are more."""
    shown: Any = masked({"members": [{"value": str(number)} for number in range(1000)]})
    assert len(shown["members"]) == 51
    assert shown["members"][-1] == "… and 950 more"


def test_large_objects_are_cut() -> None:
    """Of an object with more members than any resource has, the first ones are shown."""
    shown: Any = masked({str(number): number for number in range(1000)})
    assert (len(shown), shown["…"]) == (101, "900 more")
    assert len(shown_query("&".join(f"a{number}=1" for number in range(1000)))) == 50


def test_long_messages_are_cut() -> None:
    """No message is longer than what is kept."""
    text, note = shown_message(json.dumps({f"a{number}": "x" * 1000 for number in range(100)}).encode())
    assert len(text) == 16_384
    assert note == "Only the beginning is kept."


def test_deep_messages_are_cut() -> None:
    """However deep a message is, it is shown."""
    assert "…" in shown_message(b"[" * 1000 + b"]" * 1000)[0]


def test_a_query() -> None:
    """A query is readable, of parameters with one name the first counts, and secrets are hidden."""
    query = "filter=userName%20eq%20%22bob%40example.com%22&count=1&count=2&access_token=x1234567"
    assert shown_query(query) == {"filter": 'userName eq "bob@example.com"', "count": "1", "access_token": HIDDEN}
    assert shown_query("filter=password+sw+%22a%22") == {"filter": HIDDEN}
    assert shown_query("t%256fken=a") == {"t%6fken": HIDDEN}
    assert shown_query("filter=password%2520eq%2520%2522a%2522") == {"filter": HIDDEN}
    assert shown_query("sortBy=password+eq+%22a%22&q=password%3Da") == {"sortBy": HIDDEN, "q": HIDDEN}
    group = 'displayName eq "Password: admins"'
    assert shown_query(f"filter={group}") == {"filter": group}
    assert shown_target("/Users", "count=1") == "/Users?count=1"
    assert shown_target(f"/Users/{TOKEN}", "") == "/Users/…"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"filter": '"' + '\\"' * 100_000}, id="a literal without end"),
        pytest.param({"Operations": [{"path": '"\\' * 80_000, "value": "x"}]}, id="many literals in a path"),
        pytest.param({"bearer" + "+" * 250_000: 1}, id="a scheme and no credential"),
        pytest.param({"bearer+" * 35_000: 1}, id="many schemes in a name"),
        pytest.param({"path": "x" * 240_000, **{f"value{n}": n for n in range(99)}}, id="many values of one path"),
        pytest.param([{"value": "passw" * 790}] * 50, id="many names in values"),
        pytest.param({"path": [{"path": ["x" * 120_000]}], "value": 1}, id="paths in paths"),
        pytest.param({"basic": ["bearer" + "+" * 3900] * 50}, id="many values"),
    ],
)
def test_a_message_that_makes_work(body: Any) -> None:
    """However a message is made, it takes no longer than its length: nothing else runs in the process meanwhile."""
    data = json.dumps(body).encode()
    began = process_time()
    text, _ = shown_message(data)
    assert process_time() - began < 1
    assert len(text) <= 16_384


def test_a_literal_that_does_not_end() -> None:
    """What stands in a literal without end counts, since it may be a name."""
    assert masked({"path": '"\\" password', "value": SECRET}) == {"path": f'"{HIDDEN}"', "value": HIDDEN}


def test_characters_that_deceive() -> None:
    """Characters that turn a line round or show as nothing are seen."""
    assert scrubbed("a\u202egpj.exe\x00\u200b") == "a\N{REPLACEMENT CHARACTER}gpj.exe" + "\N{REPLACEMENT CHARACTER}" * 2
    assert scrubbed("half \ud800 of a pair") == "half ? of a pair"
    assert scrubbed("two\nlines\tand a tab") == "two\nlines\tand a tab"
    assert scrubbed("The word Bearer is there twice") == "The word Bearer is there twice"
