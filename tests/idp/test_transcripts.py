"""What Okta, Entra and other clients send is answered as they need it, on every backend."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FILES = sorted(Path(__file__).parent.glob("*/*.json"))


def name(file: Path) -> str:
    """Return the name by which a transcript's test is called."""
    return f"{file.parent.name}/{file.stem}"


@pytest.mark.parametrize("file", FILES, ids=name)
def test_transcript(file: Path, replay: Callable[[dict[str, Any]], None]) -> None:
    """Each request of the transcript is answered as it says, and by the rules that hold for every answer."""
    replay(json.loads(file.read_text("utf-8")))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_format(file: Path, clients: dict[str, Any]) -> None:
    """A transcript has the members that README.md describes and no others, so that none is overlooked."""
    transcript = json.loads(file.read_text("utf-8"))
    assert {"title", "source", "client", "exchanges"} <= transcript.keys()
    assert transcript.keys() <= {"title", "source", "client", "given", "exchanges"}
    assert transcript["client"] in clients
    assert transcript.get("given", {}).keys() <= {"Users", "Groups"}
    assert transcript["exchanges"]
    for exchange in transcript["exchanges"]:
        assert exchange.keys() == {"note", "request", "response"}
        assert {"method", "path"} <= exchange["request"].keys() <= {"method", "path", "headers", "body"}
        assert {"status"} <= exchange["response"].keys() <= {"status", "headers", "body"}
