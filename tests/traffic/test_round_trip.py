"""What was recorded of one server is answered alike by another."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_bsr_scim import BsrScim
from flask_bsr_scim.checks.runner import Result
from flask_bsr_scim.traffic.recording import Recording, read_recording
from flask_bsr_scim.traffic.transcripts import left_out, make_transcript
from tests.checks.playing import KINDS, into, play
from tests.client import GROUP, TOKEN, USER, Scim
from tests.console.visiting import Site
from tests.idp.conftest import CLIENTS
from tests.idp.conftest import TOKEN as IDP_TOKEN
from tests.idp.conftest import Replay as IdpReplay
from tests.idp.test_transcripts import test_format as check_format
from tests.traffic.recorded import checked, command, export, records, replayed, serving


@pytest.mark.parametrize("keep_names", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_check_is_answered_alike(kind: str, keep_names: bool, make_scim: Callable[..., Scim]) -> None:
    """A whole check, recorded, exported and read again, is answered by a fresh server as it was."""
    recording = read_recording(export(*checked(kind), keep_names=keep_names).text())
    outcomes = replayed(recording, make_scim())
    assert [(outcome.exchange.number, outcome.differences, outcome.reason) for outcome in outcomes] == [
        (number, (), "") for number in range(1, len(checked(kind)) + 1)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_check_becomes_a_transcript(kind: str, backend_uri: str) -> None:
    """A transcript of a whole check has the form of the others, and runs as they do."""
    recording = export(*checked(kind))
    transcript = make_transcript(recording, "A check is answered", "A recording")
    assert not any(map(left_out, recording.exchanges))
    assert len(transcript["exchanges"]) == len(checked(kind))
    runs(transcript, backend_uri)


def test_a_transcript_fails_where_the_answer_differs(backend_uri: str) -> None:
    """A transcript expects what was recorded, and not less."""
    transcript = make_transcript(export(*checked("okta wizard")), "A check is answered", "A recording")
    created = next(each for each in transcript["exchanges"] if each["response"]["status"] == 201)
    created["response"]["body"]["active"] = False
    app = Flask("transcripts")
    BsrScim(app, backend=backend_uri, token=IDP_TOKEN)
    with pytest.raises(AssertionError, match=r"body\.active: expected false, got true"):
        IdpReplay(app, "bsr")(transcript)


def test_a_recording_that_begins_in_the_middle(make_site: Callable[..., Site], make_scim: Callable[..., Scim]) -> None:
    """What was there before is in the recording; created first, it lets the rest be answered alike."""
    site = Site("memory://")
    ana = site.scim.user("ana@corp.example", emails=[{"value": "ana@corp.example", "type": "work", "primary": True}])
    ben = site.scim.user("ben@corp.example")
    group = site.scim.group("Engineers", ana["id"])
    before = len(records(site))
    site.send("GET", f"/Users/{ana['id']}")
    site.send("GET", f"/Groups/{group['id']}")
    add = {"op": "add", "path": "members", "value": [{"value": ben["id"]}]}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [add]}
    site.send("PATCH", f"/Groups/{group['id']}", patch)
    recording = export(*records(site)[before:])
    assert {kind: list(resources) for kind, resources in recording.given.items()} == {
        "Users": ["user1", "user2"],
        "Groups": ["group1"],
    }
    fresh = make_scim()
    assert {outcome.result for outcome in replayed(recording, fresh)} == {Result.SKIPPED}
    assert [outcome.differences for outcome in replayed(recording, fresh, with_given=True)] == [()] * 6


def test_a_transcript_that_begins_in_the_middle(backend_uri: str) -> None:
    """What was there before is given in a transcript."""
    site = Site("memory://")
    ana = site.scim.user("ana@corp.example")
    before = len(records(site))
    site.send("GET", f"/Users/{ana['id']}")
    transcript = make_transcript(export(*records(site)[before:]), "Ana is there", "A recording")
    runs(transcript, backend_uri)


BULK = [
    {"method": "POST", "path": "/Users", "bulkId": "b1", "data": {"schemas": [USER], "userName": "ana@corp.example"}},
    {"method": "POST", "path": "/Users", "bulkId": "b2", "data": {"schemas": [USER], "userName": "ANA@corp.example"}},
    {"method": "POST", "path": "/Groups", "bulkId": "b3",
     "data": {"schemas": [GROUP], "displayName": "Engineers", "members": [{"value": "bulkId:b1"}]}},
    {"method": "DELETE", "path": "/Users/nobody"},
]  # fmt: skip


def bulk() -> Recording:
    """Return a recording of a bulk request, and of reading what it made."""
    site = Site("memory://")
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": BULK}
    ana, _, group, _ = site.send("POST", "/Bulk", body).json["Operations"]
    for made in (ana, group):
        site.send("GET", made["location"].partition("/scim/v2")[2])
    return export(*records(site))


def pages(asked: Callable[[Site, dict[str, Any]], Any]) -> Recording:
    """Return a recording of two pages by cursor."""
    site = Site("memory://")
    for name in ("ana", "ben", "cleo"):
        site.send("POST", "/Users", {"schemas": [USER], "userName": name})
    first = asked(site, {"cursor": "", "count": 2}).json
    asked(site, {"cursor": first["nextCursor"], "count": 2})
    return export(*records(site))


def search() -> Recording:
    """Return a recording of searches without quotation marks, and of one over all types."""
    site = Site("memory://")
    site.send("POST", "/Users", {"schemas": [USER], "userName": "okonkwo", "displayName": "Engineers"})
    site.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Engineers"})
    site.send("GET", "/Users", query={"filter": "userName eq okonkwo"})
    site.send("POST", "/.search", {"schemas": [SEARCH], "filter": 'displayName eq "engineers"'})
    return export(*records(site))


SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
RECORDINGS: dict[str, Callable[[], Recording]] = {
    "bulk": bulk,
    "searches": search,
    "cursors": partial(pages, lambda site, asked: site.send("GET", "/Users", query=asked)),
    "cursors in a body": partial(
        pages, lambda site, asked: site.send("POST", "/Users/.search", {"schemas": [SEARCH], **asked})
    ),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_a_server_makes_up_is_answered_alike(name: str, make_scim: Callable[..., Scim]) -> None:
    """The ids that a bulk response locates, and the cursors of one server, stand for those of another."""
    recording = RECORDINGS[name]()
    assert not recording.given
    assert {outcome.differences for outcome in replayed(recording, make_scim())} == {()}


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_a_server_makes_up_becomes_a_transcript(name: str, backend_uri: str) -> None:
    """They are captured in a transcript, which runs as the others do."""
    runs(make_transcript(RECORDINGS[name](), "All is answered", "A recording"), backend_uri)


def test_the_order_of_values_means_nothing(backend_uri: str) -> None:
    """The groups of a user may come in another order the next time (RFC 7643 §2.4), and users may not."""
    site = Site("memory://")
    users = [site.send("POST", "/Users", {"schemas": [USER], "userName": name}).json["id"] for name in ("ana", "ben")]
    members = [{"value": each} for each in users]
    for name in ("Engineers", "Writers"):
        site.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": members})
    site.send("GET", "/Users")
    transcript = make_transcript(export(*records(site)), "All are there", "A recording")
    listed = transcript["exchanges"][-1]["response"]["body"]["Resources"]
    assert [user["groups"][0] for user in listed] == ["<any order>"] * 2
    for user in listed:
        user["groups"][1:] = reversed(user["groups"][1:])
    runs(transcript, backend_uri)
    listed.reverse()
    with pytest.raises(AssertionError, match=r"body\.Resources"):
        runs(transcript, "memory://")


def test_what_stands_for_a_cursor() -> None:
    """A cursor is no part of a recording."""
    assert RECORDINGS["cursors"]().exchanges[-1].path == "/Users?cursor={cursor1}&count=2"


def runs(transcript: dict[str, Any], backend_uri: str) -> None:
    """Check that a transcript has the form of the others, and runs as they do."""
    check_format(transcript, CLIENTS)
    app = Flask("transcripts")
    BsrScim(app, backend=backend_uri, token=IDP_TOKEN)
    IdpReplay(app, "bsr")(transcript)


@pytest.mark.parametrize("kind", ["okta wizard"])
def test_the_commands(kind: str, make_site: Callable[..., Site], tmp_path: Path) -> None:
    """Over HTTP: what `traffic export` writes, `traffic replay` finds alike on a fresh server, and exits with 0."""
    site, fresh, file = make_site(), Site("memory://"), str(tmp_path / "traffic.json")
    play(kind, into(site.scim), TOKEN)
    site.recorder.flush()
    exported = command(site.app, "export", file)
    assert exported.exit_code == 0, exported.output
    assert exported.stderr.startswith(f"exported {len(records(site))} requests")
    with serving(fresh.app) as url:
        done = command(site.app, "replay", file, url, "--token", TOKEN)
    assert done.exit_code == 0, done.output
    assert f"{len(records(site))} as recorded, 0 different, 0 skipped" in done.output
    assert "✗" not in done.output
