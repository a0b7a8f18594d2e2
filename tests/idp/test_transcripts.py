"""What Okta, Entra and other clients send is answered as they need it, on every backend."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.idp.registry import DEEDS
from tests.idp.rules import STORED

FILES = {f"{file.parent.name}/{file.stem}": file for file in sorted(Path(__file__).parent.glob("*/*.json"))}
TRANSCRIPTS = {name: json.loads(file.read_text("utf-8")) for name, file in FILES.items()}
RUNS = [
    pytest.param(transcript, profile, id=name if profile == "bsr" else f"{name}-{profile}")
    for name, transcript in TRANSCRIPTS.items()
    for profile in transcript.get("profiles", ["bsr"])
]
GIVEN = {"Users", "Groups", *DEEDS}


@pytest.mark.requirement("G-01")
@pytest.mark.parametrize(("transcript", "profile"), RUNS)
def test_transcript(transcript: dict[str, Any], profile: str, replay: Callable[[dict[str, Any], str], None]) -> None:
    """Each request of the transcript is answered as it says, and by the rules that hold for every answer."""
    replay(transcript, profile)


@pytest.mark.parametrize("transcript", TRANSCRIPTS.values(), ids=TRANSCRIPTS)
def test_format(transcript: dict[str, Any], clients: dict[str, Any]) -> None:
    """A transcript has the members that README.md describes and no others, so that none is overlooked."""
    assert {"title", "source", "client", "exchanges"} <= transcript.keys()
    assert transcript.keys() <= {"title", "source", "client", "profiles", "given", "exchanges"}
    assert transcript["client"] in clients
    assert set(transcript.get("profiles", ["bsr"])) <= STORED.keys()
    assert transcript.get("given", {}).keys() <= GIVEN
    assert transcript["exchanges"]
    for exchange in transcript["exchanges"]:
        check_exchange(exchange)


def check_exchange(exchange: dict[str, Any]) -> None:
    """Check that an exchange has a request with its response, or something beside SCIM."""
    assert {"note"} < exchange.keys() <= {"note", "beside", "request", "response", "registry"}
    assert exchange.get("beside", {}).keys() <= GIVEN
    assert exchange.get("registry", {}).keys() <= {"users", "roles"}
    assert ("request" in exchange) == ("response" in exchange)
    assert "request" in exchange or "beside" in exchange
    if "request" in exchange:
        assert {"method", "path"} <= exchange["request"].keys() <= {"method", "path", "headers", "body"}
        assert {"status"} <= exchange["response"].keys() <= {"status", "headers", "body"}
