"""Whatever a store holds, another one of any kind holds the same when it is moved there."""

import json
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import reduce
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend, Change, Conversion, Insert, Swap
from flask_bsr_scim.backends.dump_lines import Counts, LineReader, LineWriter
from flask_bsr_scim.backends.dumping import DumpError, Profile
from flask_bsr_scim.backends.testing.data import OTHER, TENANT, TYPES, ManualClock, commit, person, team
from flask_bsr_scim.errors import StoreError
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document, Extension, TypeRegistry, make_resource_type
from flask_bsr_scim.schema.schema import make_schema
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
        with reader.numbering():
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
    "document": {"schemas": [], "id": "a", "userName": "a"},
}
NESTED: Document = reduce(lambda inner, _: {"x": inner}, range(300), {})
ID_RULE = "1 to 200 letters, digits and '-', '.', '_', '~'"
TIME_RULE = r"a time \(UTC\), as 2026-01-31T12:00:00.000000"
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
    """It is refused, and nothing is written."""
    wrong = Resource("Person", "a", 1, TIME, TIME, '{"schemas":[],"id":"a","userName":1}')
    with closing(open_backend(new_store(kind, tmp_path), TYPES)) as store:
        with pytest.raises(DumpError, match='Person "a" is none of its schema: userName must be a string, not 1'):
            store.load(TENANT, [Profile(None), wrong])
        assert not any(isinstance(record, Resource) for record in store.dump(TENANT))


def local(name: str) -> Document:
    """Return the definition of an attribute whose values stay in their store."""
    return {"name": name, "caseExact": True, "uniqueness": "server", "x-exported": False}


KEYS = {"id": "urn:example:Keys", "name": "Keys", "attributes": [local("key"), {"name": "label"}]}
DEVICE = {"id": "urn:example:Device", "name": "Device", "attributes": [local("pin"), {"name": "model"}]}
DEVICES = TypeRegistry((make_resource_type("Device", "/Devices", DEVICE, extensions=(Extension(make_schema(KEYS)),)),))


@pytest.mark.parametrize("kind", BACKENDS)
def test_values_that_stay(kind: str, tmp_path: Path) -> None:
    """What the schema keeps in its store is in no dump, and comes in with none; indexes know it."""
    document = {"schemas": [], "id": "d", "pin": "1", "model": "m", "urn:example:Keys": {"key": "2", "label": "l"}}
    moved = {"schemas": [], "id": "d", "model": "m", "urn:example:Keys": {"label": "l"}}
    with closing(open_backend(new_store(kind, tmp_path), DEVICES)) as store:
        store.commit(TENANT, [Insert("Device", "d", document)])
        profile, resource, *rest = store.dump(TENANT)
        assert isinstance(resource, Resource)
        assert resource.document == moved
        store.load(OTHER, [profile, resource._replace(text=json.dumps(document)), *rest])
        there, copy = (store.get(tenant, "Device", "d") for tenant in (TENANT, OTHER))
        assert there is not None
        assert copy is not None
        assert (there.document, copy.document) == (document, moved)
        assert (copy.version, copy.created) == (there.version, there.created)
        assert [*store.check()] == []


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ({"kind": "other"}, "line 3: this is no record of an export"),
        ({"kind": ["resource"]}, "line 3: this is no record of an export"),
        ({"kind": "resource", "type": "Person"}, "line 3: this is no record of an export: resource has type, id, ver"),
        (RESOURCE | {"label": None}, "line 3: this is no record of an export: resource has type, id, version, cre"),
        (RESOURCE | {"type": None}, "line 3: type is null; it must be a text"),
        (RESOURCE | {"id": "a/b"}, f'line 3: id is "a/b"; it must be an id: {ID_RULE}'),
        (RESOURCE | {"id": ""}, 'line 3: id is ""; it must be an id'),
        (RESOURCE | {"id": "ä"}, 'line 3: id is "ä"; it must be an id'),
        (RESOURCE | {"id": "a\n"}, 'line 3: id is "a\\?"; it must be an id'),
        (RESOURCE | {"id": "x" * 201}, f'line 3: id is "{"x" * 80}…"; it must be an id'),
        (RESOURCE | {"id": "b"}, 'line 3: the id is "b", and that in the document "a"'),
        (RESOURCE | {"document": {}}, 'line 3: the id is "a", and that in the document null'),
        (RESOURCE | {"document": []}, r"line 3: document is \[\]; it must be a JSON object"),
        (RESOURCE | {"version": 0}, "line 3: version is 0; it must be a number from 1 on"),
        (RESOURCE | {"version": 1.0}, "line 3: version is 1.0; it must be a number from 1 on"),
        (RESOURCE | {"version": True}, "line 3: version is true; it must be a number from 1 on"),
        (RESOURCE | {"version": 1 << 63}, "line 3: version is 9223372036854775808; it must be a number from 1 on"),
        (RESOURCE | {"created": "yesterday"}, f'line 3: created is "yesterday"; it must be {TIME_RULE}'),
        (
            RESOURCE | {"created": "2026-01-01T00:00:00Z"},
            'line 3: created is "2026-01-01T00:00:00Z"; it must be a time',
        ),
        (RESOURCE | {"modified": "2026-02-30T00:00:00.000000"}, 'line 3: modified is "2026-02-30T00:00:00.000000"; it'),
        (RESOURCE | {"modified": 1}, "line 3: modified is 1; it must be a time"),
        (RESOURCE | {"used": ""}, r'line 3: used is ""; it must be a time \(UTC\), as 2026-01-31T12:00, or null'),
        ({"kind": "members", "group": "t\0", "ids": []}, r'line 3: group is "t\?"; it must be an id'),
        ({"kind": "members", "group": "t", "ids": "a"}, 'line 3: ids is "a"; it must be a list of ids'),
        ({"kind": "members", "group": "t", "ids": ["a", 1]}, r'line 3: ids is \["a",1\]; it must be a list of ids'),
        ({"kind": "change", "sequence": "1"}, "line 3: this is no record of an export: change has sequence, at"),
        (CHANGE | {"sequence": -1}, "line 3: sequence is -1; it must be a number from 1 on"),
        (CHANGE | {"sequence": 1 << 40}, "line 3: sequence is 1099511627776; it must be a number from 1 on"),
        (CHANGE | {"at": "2026-01-01"}, f'line 3: at is "2026-01-01"; it must be {TIME_RULE}'),
        (CHANGE | {"operation": "x"}, 'line 3: operation is "x"; it must be one of create, update, delete'),
        (CHANGE | {"id": "a b"}, 'line 3: id is "a b"; it must be an id'),
        (CHANGE | {"before": "1"}, 'line 3: before is "1"; it must be a number from 1 on, or null'),
        (CHANGE | {"before": 1}, 'line 3: no create has the versions {"before":1,"after":1}'),
        (CHANGE | {"operation": "delete"}, 'line 3: no delete has the versions {"before":null,"after":1}'),
        (CHANGE | {"token_id": {}}, "line 3: token_id is {}; it must be a text, or null"),
        (CHANGE | {"delta": None}, "line 3: delta is null; it must be a JSON object"),
        (CHANGE | {"delta": NESTED}, "line 3: delta is nested too deep"),
        (RESOURCE | {"document": {"id": "a", "x": NESTED}}, "line 3: document is nested too deep"),
        (
            RESOURCE | {"document": {"id": "a", "userName": 1}},
            'line 3: the document of Person "a" is none of its schema: userName must be a string, not 1',
        ),
        (CHANGE | {"sequence": (1 << 40) - 1}, "line 3: entry 1099511627775 of the change log is numbered too high"),
        (RESOURCE, "the file is cut off behind line 3"),
        (CHANGE, "the file is cut off behind line 3"),
        ({"kind": "end"}, "line 3: the file was changed: resources is None here, and"),
        ({"kind": "tenant", "name": "x", "profile": None}, "line 3: this is no record of an export"),
        ([], "line 3: this is no JSON object"),
    ],
)
def test_a_line_that_is_wrong(file: bytes, line: object, text: str) -> None:
    """It is named."""
    lines = [*file.splitlines(keepends=True)[:2], json.dumps(line).encode() + b"\n"]
    with closing(open_backend("memory://", TYPES)) as store, pytest.raises(DumpError, match=text):
        imported(store, b"".join(lines))


def test_a_profile_that_is_wrong(file: bytes) -> None:
    """It is a text, or null."""
    header, *_ = file.splitlines(keepends=True)
    begin = b'{"kind":"tenant","name":"default","profile":1}\n'
    with closing(open_backend("memory://", TYPES)) as store, pytest.raises(DumpError, match="line 2: the profile must"):
        imported(store, header + begin)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        (b"no JSON", "line 1: this is no JSON"),
        (b'{"users":[]}', "line 1: this is no export of a store"),
        (b'{"kind":"export","format":2}', "line 1: the format is 2, and this release reads 1"),
        (b'{"kind":"export","format":1}', "line 1: the names of the tenants are missing"),
        (b'{"kind":"export","format":1,"tenants":["A"]}', "line 1: 'A' is no tenant name"),
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
