"""What is recorded, and what it costs a request."""

import logging
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from flask_bsr_scim.backends import open_backend
from flask_bsr_scim.backends.base import Backend
from flask_bsr_scim.console import recorder as module
from flask_bsr_scim.console.recorder import KEPT_BODY, Recorder
from flask_bsr_scim.console.traffic import Exchange, Record
from flask_bsr_scim.errors import StoreUnavailable
from flask_bsr_scim.registry import internal_types
from flask_bsr_scim.schema import TypeRegistry, load_profile
from tests.client import GROUP, TOKEN, USER
from tests.console.test_meanings import exchange
from tests.console.visiting import OKTA, Site

PATIENCE = 10


@pytest.fixture
def backend() -> Backend:
    """An empty store."""
    return open_backend("memory://", TypeRegistry((*load_profile("bsr"), *internal_types())))


def records(backend: Backend, tenant: str = "default") -> list[Record]:
    """Return what is recorded."""
    return [Record.read(entry.text) for entry in backend.journal(tenant, count=10_000)]


def lost_before(record: Record) -> int:
    """Return how many requests were lost before one, by its record."""
    found = re.search(r"([\d,]+) more requests of this process", record.answer_note)
    return int(found[1].replace(",", "")) if found else 0


def test_a_request_is_recorded(site: Site) -> None:
    """A request is recorded with all that is shown of it."""
    body = {"schemas": [USER], "userName": "bob@example.com", "displayName": "Bob", "password": "hunter2"}
    response = site.send("POST", "/Users", body)
    (record,) = records(site.service.backend)
    assert (record.client, record.meaning) == ("Okta", "Okta creates the user bob@example.com")
    assert (record.method, record.target, record.status) == ("POST", "/Users", 201)
    assert abs(record.at - time.time()) < PATIENCE
    assert 0 < record.milliseconds < PATIENCE * 1000
    assert record.request_id == response.headers["X-Request-Id"]
    assert (record.token_id, record.dialect, list(record.tolerances)) == (
        "SCIM_TOKEN",
        "default",
        ["attribute-not-stored"],
    )
    assert '"password":"(hidden)"' in record.body
    assert response.json["id"] in record.answer


def test_an_error_is_recorded(site: Site) -> None:
    """A refusal is recorded with what the client was told."""
    site.send("GET", "/Users", query={"filter": "x"})
    (record,) = records(site.service.backend)
    assert record.refused
    assert (record.status, record.scim_type) == (400, "invalidFilter")
    assert record.detail


def test_nothing_is_recorded_without_a_console(make_site: Callable[..., Site]) -> None:
    """Without the console there is no recorder."""
    assert make_site().service.recorder is not None
    with pytest.raises(AssertionError):
        make_site(console=False)


def test_the_admin_api_is_not_recorded(site: Site) -> None:
    """The calls of people, whose answers hold tokens, are no traffic of a connector."""
    path = "/buf.alpha.registry.v1alpha1.SCIMTokenService/CreateSCIMToken"
    response = site.app.test_client().post(path, json={}, headers={"Authorization": f"Bearer {site.token}"})
    assert response.status_code == 200
    site.recorder.flush()
    assert records(site.service.backend) == []


def test_the_number_and_the_age_are_bounded(make_site: Callable[..., Site]) -> None:
    """As many are kept as the setting says."""
    site = make_site(console_requests=3)
    for number in range(5):
        site.send("GET", f"/Users/{number}")
    assert [record.target for record in records(site.service.backend)] == ["/Users/2", "/Users/3", "/Users/4"]


NESTED = "[" * 990 + "]" * 990


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/Users", f'{{"userName":"bob","active":{NESTED}}}'),
        ("POST", "/Users", f'{{"schemas":{NESTED}}}'),
        ("POST", "/Users/.search", f'{{"filter":{NESTED}}}'),
        ("PATCH", "/Users/1", f'{{"Operations":[{{"op":{NESTED},"path":{NESTED}}}]}}'),
        ("PATCH", "/Users/1", f'{{"Operations":[{{"path":"active","value":"{NESTED}"}}]}}'),
        ("PATCH", "/Groups/1", f'{{"Operations":[{{"path":"displayName","value":{NESTED}}}]}}'),
    ],
)
def test_what_is_nested_deeply_is_recorded(in_memory: Callable[..., Site], method: str, path: str, body: str) -> None:
    """However deep a message is, its request is recorded, and those beside it."""
    site = in_memory()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
    site.app.test_client().open(f"/scim/v2{path}", method=method, data=body, headers=headers)
    site.send("GET", "/Users")
    assert [record.target for record in records(site.service.backend)] == [path, "/Users"]


def test_large_bodies_are_not_held(site: Site) -> None:
    """A body beyond the bound is not kept, and the record says so."""
    user = site.scim.user("bob@example.com")
    members = [{"value": user["id"], "display": "x" * 1000}] * (KEPT_BODY // 1000)
    group = {"schemas": [GROUP], "displayName": "Engineering", "members": members}
    site.send("PUT", f"/Groups/{site.scim.group('Engineering')['id']}", group)
    record = records(site.service.backend)[-1]
    assert record.status == 200
    assert not record.body
    assert "bytes was not kept" in record.body_note
    assert record.meaning == "Okta pushes the group Engineering, with so many members that the body is not kept"


def test_long_answers_are_not_held(site: Site) -> None:
    """A list that is streamed is not kept, and the record says so."""
    for number in range(3):
        site.scim.user(f"{number}@example.com", name={"givenName": "x" * 100})
    site.send("GET", "/Users")
    assert records(site.service.backend)[-1].answer
    for number in range(300):
        site.scim.user(f"{number}@example.org", name={"givenName": "x" * 200, "familyName": "y" * 200})
    site.send("GET", "/Users", query={"count": 1000})
    record = records(site.service.backend)[-1]
    assert not record.answer
    assert "not kept" in record.answer_note


def test_what_finds_no_place_is_counted(backend: Backend) -> None:
    """A queue that is full takes nothing, and the next record tells how much was lost."""
    recorder = Recorder(backend, 10_000, 60, threaded=False)
    for number in range(module._MOST + 7):
        if recorder.has_place():
            recorder.note(exchange("GET", f"/Users/{number}"))
    assert recorder.lost == 7
    recorder.flush()
    assert len(records(backend)) == module._MOST
    assert "7 more requests" in records(backend)[0].answer_note
    assert "more requests" not in records(backend)[1].answer_note


def test_what_cannot_be_written_is_lost(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken from the queue and found no store is counted, and told by the first record that does."""
    recorder = Recorder(backend, 10_000, 60, threaded=False)
    append = backend.append

    def refuse(tenant: str, *rest: Any, **options: Any) -> None:
        if tenant == "acme":
            raise StoreUnavailable("down")
        append(tenant, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(backend, "append", refuse)
        for tenants in (["acme"], ["default", "default", "acme"], ["acme", "default"]):
            for tenant in tenants:
                recorder.note(exchange("GET", "/Users")._replace(tenant=tenant))
            with pytest.raises(StoreUnavailable):
                recorder.flush()
    assert recorder.lost == 4
    recorder.note(exchange("GET", "/Users"))
    recorder.flush()
    assert [lost_before(record) for record in records(backend)] == [1, 0, 3]
    assert records(backend, "acme") == []


def test_what_comes_while_a_batch_is_written_has_its_place(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes in the queue are counted right, whatever other threads note in the meantime."""

    class Body(bytes):
        def __len__(self) -> int:
            if arriving:
                recorder.note(arriving.pop())
            return super().__len__()

    arriving: list[Exchange] = []
    recorder = Recorder(backend, 10_000, 60, threaded=False)
    recorder.note(exchange("PUT", "/Users/1")._replace(body=Body(b"{}")))
    arriving.append(exchange("PUT", "/Users/2")._replace(body=b"x" * 1000))
    monkeypatch.setattr(module, "perf_counter", iter([0.0, 0.5, 1.5]).__next__)
    recorder.flush(1.0)
    assert len(recorder._queue) == 1
    assert recorder._bytes == 1000


def test_losses_are_counted_by_all_threads(backend: Backend) -> None:
    """Each exchange is recorded or lost, and each loss is told once."""
    recorder = Recorder(backend, 10_000, 60, threaded=False)
    done = Event()

    def ask() -> None:
        for _ in range(1000):
            if recorder.has_place():
                recorder.note(exchange("GET", "/Users"))

    def write() -> None:
        while not done.is_set():
            recorder.flush(0.001)

    with ThreadPoolExecutor(6) as pool:
        writers = [pool.submit(write) for _ in range(2)]
        for asking in [pool.submit(ask) for _ in range(4)]:
            asking.result()
        done.set()
    assert all(writer.result() is None for writer in writers)
    recorder.flush()
    recorder.note(exchange("GET", "/Users"))
    recorder.flush()
    found = records(backend)
    assert len(found) - 1 + recorder.lost == 4000
    assert sum(map(lost_before, found)) == recorder.lost
    assert recorder._bytes == 0


def test_the_bytes_in_the_queue_are_bounded(backend: Backend) -> None:
    """However large bodies are, what waits is bounded, and there is place again afterwards."""
    recorder = Recorder(backend, 10_000, 60, threaded=False)
    large = exchange("PUT", "/Users/1")._replace(body=b"x" * KEPT_BODY)
    for _ in range(100):
        recorder.note(large)
    assert len(recorder._queue) * KEPT_BODY <= module._MOST_BYTES
    assert recorder.lost == 100 - len(recorder._queue)
    recorder.flush()
    recorder.note(large)
    assert len(recorder._queue) == 1


def test_a_batch_is_worked_on_for_a_short_time(backend: Backend) -> None:
    """What is not done in time is left for the next batch."""
    recorder = Recorder(backend, 10_000, 60, threaded=False)
    for _ in range(100):
        recorder.note(exchange("GET", "/Users"))
    recorder.flush(0.0)
    assert records(backend) == []
    recorder.flush()
    assert len(records(backend)) == 100


def test_strangers_are_bounded(backend: Backend) -> None:
    """Requests without a good credential cannot drive out the others: few of them are kept, and later some more."""
    now = [0.0]
    recorder = Recorder(backend, 10_000, 60, lambda: now[0], threaded=False)
    stranger = exchange("GET", "/Users")._replace(tenant="", status=401)
    for _ in range(100):
        recorder.note(stranger)
    now[0] += 150
    for _ in range(100):
        recorder.note(stranger)
    recorder.note(exchange("GET", "/Users"))
    recorder.flush()
    assert [record.status for record in records(backend)] == [401] * 12 + [200]


@pytest.mark.parametrize(("claimed", "home"), [("acme", "acme"), ("nowhere", "default"), ("", "default")])
def test_strangers_are_where_they_wanted_to(backend: Backend, claimed: str, home: str) -> None:
    """A refused request is in the tenant that its token names, if there is one; no tenant comes of it."""
    for tenant in ("default", "acme"):
        backend.open(tenant, "bsr")
    recorder = Recorder(backend, 10, 60, threaded=False)
    recorder.note(exchange("GET", "/Users")._replace(tenant="", claimed=claimed, status=401))
    recorder.flush()
    assert len(records(backend, home)) == 1
    assert backend.tenants() == ["acme", "default"]
    assert sum(len(records(backend, tenant)) for tenant in ("default", "acme", "nowhere")) == 1


def test_a_stranger_reads_no_names(site: Site) -> None:
    """The record of a refused request holds nothing that the request did not bring."""
    user = site.scim.user("bob@example.com")
    site.recorder.flush()
    site.send("GET", f"/Users/{user['id']}", headers={"Authorization": "Bearer wrong-wrong-wrong-wrong"})
    assert records(site.service.backend)[-1].meaning == f"Okta reads the user {user['id']}"


def test_the_thread_writes(make_site: Callable[..., Site]) -> None:
    """Without being asked, a thread writes what came, goes when nothing comes, and comes again."""
    site = make_site()
    site.recorder._threaded = True
    for number in (1, 2):
        assert site.scim.get("/Users", headers=OKTA).status_code == 200
        deadline = time.monotonic() + PATIENCE
        while len(records(site.service.backend)) < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        thread = site.recorder._thread
        assert thread is not None
        assert thread.daemon


def test_a_thread_that_ends_leaves_nothing(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes while the thread ends is written by the next one."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    monkeypatch.setattr(module, "_IDLE", 1)
    recorder = Recorder(backend, 10_000, 60)
    for _ in range(200):
        recorder.note(exchange("GET", "/Users"))
        time.sleep(0.0005)
    deadline = time.monotonic() + PATIENCE
    while len(records(backend)) < 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("error", [StoreUnavailable("down"), ValueError("odd")])
def test_a_store_that_fails_stops_nothing(
    backend: Backend, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When nothing can be written, requests are answered, and the log says what is missing."""
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    recorder = Recorder(backend, 10, 60)

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(backend, "append", refuse)
    with caplog.at_level(logging.WARNING):
        recorder.note(exchange("GET", "/Users"))
        deadline = time.monotonic() + PATIENCE
        while "requests are not recorded" not in caplog.text:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_two_applications_share_nothing(make_site: Callable[..., Site]) -> None:
    """What one application answers is not recorded by another."""
    one, other = make_site(), Site("memory://")
    one.send("GET", "/Users")
    other.recorder.flush()
    assert len(records(one.service.backend)) == 1
    assert records(other.service.backend) == []


def test_tenants_are_apart(site: Site) -> None:
    """A request is recorded in the tenant of its token alone."""
    site.service.open("acme")
    token, _ = site.service.tokens.create("acme")
    site.send("GET", "/Users", headers={"Authorization": f"Bearer {token}"})
    assert records(site.service.backend) == []
    assert len(records(site.service.backend, "acme")) == 1
    assert TOKEN not in site.journal("acme")
