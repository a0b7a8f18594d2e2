"""The directory that the benchmark makes is one that the service could have made."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from flask import Flask

from benchmarks.dump import group_id, records, stored_owner, stored_user, user_id, write_dump
from benchmarks.people import user
from flask_bsr_scim import BsrScim
from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import DEFAULT_TENANT
from flask_bsr_scim.backends.dump_lines import Counts, LineReader
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import TypeRegistry, load_profile
from flask_bsr_scim.web.cli import scim_commands
from tests.client import TOKEN, Scim

USERS, GROUP = 50, 30


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """A dump of some users, and a group."""
    file = tmp_path / "dump.jsonl"
    with file.open("wb") as output:
        write_dump(output, "bench", USERS, [GROUP])
    return file


def test_it_loads_into_memory_and_is_sound(dump: Path) -> None:
    """The contract takes it, and finds nothing wrong."""
    store = open_backend("memory://", TypeRegistry((*load_profile("rfc7643"), *internal_types())))
    with dump.open("rb") as lines:
        reader = LineReader(lines)
        store.load(DEFAULT_TENANT, reader.read_tenant(DEFAULT_TENANT, Counts()))
        reader.finish()
    assert list(store.check()) == []
    assert store.count_members(DEFAULT_TENANT, [group_id(GROUP)]) == GROUP
    found = store.find(DEFAULT_TENANT, "User", "userName", user("bench", USERS - 1)["userName"])
    assert found is not None
    assert found.id == user_id(USERS - 1)


def test_it_is_imported_into_sqlite(dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bsr-scim import` takes it, and `bsr-scim db check` finds it sound."""
    monkeypatch.setenv("SCIM_PROFILE", "rfc7643")
    uri = f"sqlite:///{tmp_path / 'scim.db'}"
    for command in (["import", str(dump)], ["db", "check"]):
        result = CliRunner().invoke(scim_commands, [*command, "--backend", uri])
        assert result.exit_code == 0, result.output
    assert (
        f"User {USERS}"
        in CliRunner().invoke(scim_commands, ["export", str(tmp_path / "again"), "--backend", uri]).output
    )


def test_its_users_are_stored_as_the_service_stores_them() -> None:
    """A user that is sent becomes the same documents, but for the id."""
    app = Flask("benchmark")
    scim = BsrScim(app, backend="memory://", token=TOKEN, profile="rfc7643")
    created = Scim(app).post("/Users", user("bench", 7)).json
    with app.app_context():
        sent = [_document(record, created["id"]) for record in scim.service.backend.dump(DEFAULT_TENANT)]
    made = [stored_user("bench", 7), stored_owner("bench", 7)]
    assert list(filter(None, sent)) == [orjson.dumps(document).decode() for document in made]


def _document(record: object, resource_id: str) -> str | None:
    return record.text.replace(resource_id, user_id(7)) if isinstance(record, Resource) else None


def test_records_are_made_as_they_are_asked_for() -> None:
    """The first of a million comes at once."""
    first: Any = next(iter(records("bench", 10**9, [])))
    assert first.name == "rfc7643"
