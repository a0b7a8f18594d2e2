"""Whatever a store holds, another one of any kind holds the same when it is moved there."""

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Change, Conversion, Swap
from flask_bsr_scim.backends.dump_lines import Counts, LineReader, LineWriter
from flask_bsr_scim.backends.dumping import DumpError, Profile
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, TYPES, ManualClock, commit, person, team
from flask_bsr_scim.errors import StoreError
from flask_bsr_scim.resource import Resource
from tests.backends.test_state_machine import IDS, NAMES, changes, inserts, member_changes
from tests.stores import BACKENDS, new_store

PAIRS = [*product(BACKENDS, BACKENDS)]


def anything() -> st.SearchStrategy[Change]:
    """Return changes, some of which cannot be done."""
    people = st.sampled_from(IDS["Person"])
    teams = st.builds(Swap, st.just("Team"), st.sampled_from(IDS["Team"]), st.none(), member_changes(MEMBERS))
    swaps = st.one_of([changes(*name, MEMBERS) for name in NAMES])
    made = st.one_of([inserts(*name, MEMBERS) for name in NAMES])
    converted = st.builds(
        lambda i, kept: Conversion("Person", i, "Note", {"id": i, "text": "c"}, kept),
        people,
        st.sampled_from(((), ("Team",))),
    )
    return st.one_of(teams, teams, teams, swaps, swaps, made, converted)


MEMBERS = [*IDS["Person"], *IDS["Team"]]
BATCHES = st.lists(anything(), min_size=1, max_size=2)
HISTORIES = st.lists(st.tuples(st.sampled_from((TENANT, TENANT, OTHER)), BATCHES), min_size=8, max_size=25)


def live(backend: Backend, history: Sequence[tuple[str, Sequence[Change]]], used: Sequence[str]) -> None:
    """Do what can be done."""
    for tenant in (TENANT, OTHER):
        backend.open(tenant, "bsr")
        commit(backend, *map(person, IDS["Person"]), team("t1", *IDS["Person"]), team("t2", "t1", "p1"), tenant=tenant)
    for tenant, batch in history:
        with suppress(StoreError):
            commit(backend, *batch, tenant=tenant)
    for resource_id in used:
        backend.touch(TENANT, "Person", resource_id, "2026-01-01T00:00:00.000000")


def exported(backend: Backend) -> bytes:
    """Return a store as a file."""
    file = BytesIO()
    writer = LineWriter(file.write, backend.tenants())
    for tenant in backend.tenants():
        writer.write_tenant(tenant, backend.dump(tenant))
    return file.getvalue()


def imported(backend: Backend, file: bytes) -> None:
    """Fill a store from a file."""
    reader = LineReader(BytesIO(file))
    for tenant in reader.tenants:
        backend.load(tenant, reader.read_tenant(tenant, Counts()))
    reader.finish()


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=15)
@given(history=HISTORIES, used=st.lists(st.sampled_from(MEMBERS), max_size=2), after=st.lists(anything(), max_size=4))
def test_a_store_is_moved(
    source: str,
    target: str,
    history: Sequence[tuple[str, Sequence[Change]]],
    used: Sequence[str],
    after: Sequence[Change],
) -> None:
    """The export of the copy is that of the store, byte by byte; both are sound, and go on in the same way."""
    with TemporaryDirectory() as one, TemporaryDirectory() as two:
        uris = new_store(source, Path(one)), new_store(target, Path(two))
        stores = [open_backend(uri, TYPES, clock=ManualClock()) for uri in uris]
        with closing(stores[0]) as store, closing(stores[1]) as copy:
            live(store, history, used)
            imported(copy, exported(store))
            assert exported(copy) == exported(store)
            for change in after:
                assert outcome(copy, change) == outcome(store, change)
            assert exported(copy) == exported(store)
            assert [*store.check(), *copy.check()] == []


def outcome(backend: Backend, change: Change) -> object:
    """Return what comes of a change."""
    try:
        return commit(backend, change)
    except StoreError as error:
        return type(error)


@pytest.fixture
def file() -> bytes:
    """A file of two tenants."""
    with closing(open_backend("memory://", TYPES, clock=ManualClock())) as store:
        for tenant in (TENANT, OTHER):
            store.open(tenant, "bsr")
        commit(store, person("a"), team("t", "a"))
        commit(store, person("b"), tenant=OTHER)
        return exported(store)


def test_the_form_of_a_file(file: bytes) -> None:
    """It stays as it is, or has another number: files are read by later releases."""
    time = "2026-01-01T00:00:00.000000"
    about = f'"version":1,"created":"{time}","modified":"{time}","used":null'
    documents = (
        '{"schemas":["urn:example:Person"],"id":"a","userName":"a"}',
        '{"schemas":["urn:example:Team"],"id":"t","displayName":"t"}',
    )
    first = '"before":null,"after":1'
    change = f'"at":"{time}","token_id":"token-1","request_id":"request-1","operation":"create"'
    *lines, last, _, _, _, _ = file.decode().splitlines()
    assert lines == [
        '{"kind":"export","format":1,"tenants":["default","other-tenant"]}',
        '{"kind":"tenant","name":"default","profile":"bsr"}',
        f'{{"kind":"resource","type":"Person","id":"a",{about},"document":{documents[0]}}}',
        f'{{"kind":"resource","type":"Team","id":"t",{about},"document":{documents[1]}}}',
        '{"kind":"members","group":"t","ids":["a"]}',
        f'{{"kind":"change","sequence":1,{change},"type":"Person","id":"a",{first},"delta":{{}}}}',
        f'{{"kind":"change","sequence":2,{change},"type":"Team","id":"t",{first},"delta":{{"membersAdded":["a"]}}}}',
    ]
    counts = '"resources":{"Person":1,"Team":1},"members":1,"changes":2'
    digest = sha256(b"".join(file.splitlines(keepends=True)[:7])).hexdigest()
    assert last == f'{{"kind":"end",{counts},"sha256":"{digest}"}}'


TIME = "2026-01-01T00:00:00.000000"
RESOURCE = {
    "kind": "resource",
    "type": "Person",
    "id": "a",
    "version": 1,
    "created": TIME,
    "modified": TIME,
    "used": None,
    "document": {"id": "a", "userName": "a"},
}
CHANGE = {
    "kind": "change",
    "sequence": 1,
    "at": TIME,
    "token_id": None,
    "request_id": None,
    "operation": "create",
    "type": "Person",
    "id": "a",
    "before": None,
    "after": 1,
    "delta": {},
}


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_document_of_no_schema(kind: str, tmp_path: Path) -> None:
    """What has no keys for the indexes is refused, and nothing is written."""
    wrong = Resource("Person", "a", 1, TIME, TIME, '{"id":"a","userName":1}')
    with closing(open_backend(new_store(kind, tmp_path), TYPES)) as store:
        with pytest.raises(DumpError, match='the document of Person "a" is none of its schema'):
            store.load(TENANT, [Profile(None), wrong])
        assert not any(isinstance(record, Resource) for record in store.dump(TENANT))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ({"kind": "other"}, "line 3: this is no record of an export"),
        ({"kind": "resource", "type": "Person"}, "line 3: this is no record of an export"),
        ({"kind": "resource", "document": []}, "line 3: this is no record of an export"),
        ({"kind": "members", "group": 1, "ids": []}, "line 3: this is no record of an export"),
        ({"kind": "members", "group": "t", "ids": "a"}, "line 3: this is no record of an export"),
        ({"kind": "change", "sequence": "1"}, "line 3: this is no record of an export"),
        (RESOURCE | {"version": 0}, "line 3: this is no record of an export"),
        (RESOURCE | {"version": 1 << 63}, "line 3: this is no record of an export"),
        (CHANGE | {"sequence": -1}, "line 3: this is no record of an export"),
        (CHANGE | {"sequence": 1 << 40}, "line 3: this is no record of an export"),
        (CHANGE | {"before": "1"}, "line 3: this is no record of an export"),
        (CHANGE | {"token_id": {}}, "line 3: this is no record of an export"),
        (RESOURCE, "the file is cut off behind line 3"),
        (CHANGE, "the file is cut off behind line 3"),
        ({"kind": "end"}, "line 3: the file was changed: resources is None here, and"),
        ({"kind": "tenant", "name": "x"}, "line 3: this is no record of an export"),
        ([], "line 3: this is no JSON object"),
    ],
)
def test_a_line_that_is_wrong(file: bytes, line: object, text: str) -> None:
    """It is named."""
    lines = [*file.splitlines(keepends=True)[:2], json.dumps(line).encode() + b"\n"]
    with closing(open_backend("memory://", TYPES)) as store, pytest.raises(DumpError, match=text):
        imported(store, b"".join(lines))


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"no JSON", "line 1: this is no JSON"),
        (b'{"users":[]}', "line 1: this is no export of a store"),
        (b'{"kind":"export","format":2}', "line 1: the format is 2, and this release reads 1"),
        (b'{"kind":"export","format":1}', "line 1: the names of the tenants are missing"),
        (b'{"kind":"export","format":1,"tenants":["x"]}', "line 2: the tenant 'x' should begin here"),
        (b'{"kind":"export","format":1,"tenants":[]}', "something follows behind the last line, 1"),
    ],
)
def test_a_header_that_is_wrong(file: bytes, header: bytes, text: str) -> None:
    """It is named."""
    rest = file.splitlines(keepends=True)[1:]
    with closing(open_backend("memory://", TYPES)) as store, pytest.raises(DumpError, match=text):
        imported(store, b"".join([header, b"\n", *rest]))


@pytest.mark.parametrize("end", [0, 1, 20, 67, 120, 500, -70, -2, -1])
def test_a_file_that_is_cut_off(file: bytes, end: int) -> None:
    """Wherever it ends, it is refused, and the tenant in which it ends is not there."""
    with closing(open_backend("memory://", TYPES)) as store:
        with pytest.raises(DumpError, match="cut off behind line"):
            imported(store, file[:end])
        assert [*store.dump(OTHER)] == []


@pytest.mark.parametrize("place", range(0, 900, 53))
def test_a_file_that_was_changed(file: bytes, place: int) -> None:
    """A single other byte is noticed, and the tenant in which it is is not there."""
    changed = file[:place] + (b"x" if file[place] != b"x"[0] else b"y") + file[place + 1 :]
    with closing(open_backend("memory://", TYPES)) as store:
        with pytest.raises((DumpError, ValueError)):
            imported(store, changed)
        assert [*store.dump(OTHER)] == []
