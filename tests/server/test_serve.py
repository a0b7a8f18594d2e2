"""`bsr-scim serve`: what it prints, what it refuses, and how it ends."""

import re
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import NamedTuple

import pytest

from tests.server.conftest import Start
from tests.server.running import TOKEN, Server, head, run

PRINTED_TOKEN = re.compile(r"bsrscim_default_[A-Za-z0-9_-]{43}\b")

OKTA_FIELDS = {
    "SCIM connector base URL": r"http://127\.0\.0\.1:\d+/scim/v2",
    "Unique identifier field for users": "userName",
    "Supported provisioning actions": "Import New Users and Profile Updates, .*",
    "Authentication Mode": "HTTP Header",
    "Authorization (Bearer)": PRINTED_TOKEN.pattern,
}


class Starts(NamedTuple):
    """Two starts of a server on one file."""

    first: str
    """What the first one printed."""
    exit_status: int
    """How it ended."""
    second: str
    """What the second one printed."""
    answered: int
    """The status of a request to the second one, with the token of the first."""


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> Starts:
    """Start a server on a new file, end it, and start it again."""
    server = Server(f"sqlite:///{tmp_path_factory.mktemp('starts') / 'scim.db'}")
    try:
        first = server.wait().output
        exit_status = server.interrupt()
        server.start()
        return Starts(first, exit_status, server.wait().output, status(server, PRINTED_TOKEN.findall(first)[0]))
    finally:
        server.kill()


def status(server: Server, token: str | None, path: str = "/Users") -> int:
    """Return how a request with a token over a new connection is answered."""
    with server.client(token) as client:
        return client("GET", path).status


def seconds_to_end(server: Server) -> float:
    """End the server; return the seconds it took, and make sure that it ended well."""
    before = time.monotonic()
    assert server.interrupt() == 0
    return time.monotonic() - before


def workers(server: Server) -> int:
    """Return the number of workers that the server says it started."""
    return server.output.count("Spawning worker-")


@pytest.mark.parametrize("field", OKTA_FIELDS)
def test_start_says_what_to_type_into_okta(starts: Starts, field: str) -> None:
    """Each field of Okta's Integration tab is printed with its value."""
    assert re.search(rf"^ *{re.escape(field)} +{OKTA_FIELDS[field]}$", starts.first, re.MULTILINE)


def test_first_start_prints_a_token(starts: Starts) -> None:
    """The first start prints one token, which still opens the service after another start."""
    assert len(PRINTED_TOKEN.findall(starts.first)) == 1
    assert starts.answered == 200


def test_second_start_prints_no_token(starts: Starts) -> None:
    """A start on a store that has a token makes no other, and says how to."""
    assert not PRINTED_TOKEN.findall(starts.second)
    assert "bsr-scim token create" in starts.second


def test_interrupted_server_ends_well(starts: Starts) -> None:
    """A server that is told to end does so with the status of success."""
    assert starts.exit_status == 0


def test_default_of_workers(server: Server) -> None:
    """Without --workers there are two."""
    assert workers(server) == 2


@pytest.mark.parametrize(("path", "expected"), [("//healthz", 200), ("//readyz", 200), ("/Users", 401)])
def test_health_needs_no_token(server: Server, path: str, expected: int) -> None:
    """A supervisor's probes are answered without a token, and nothing else is."""
    assert status(server, None, path) == expected


def test_memory_is_served_by_one_worker(start: Start) -> None:
    """On memory:// there is one worker, SCIM_TOKEN opens it, and no token is printed."""
    server = start("memory://", SCIM_TOKEN=TOKEN).wait()
    assert workers(server) == 1
    assert status(server, TOKEN) == 200
    assert TOKEN not in server.output
    assert not PRINTED_TOKEN.findall(server.output)


def test_memory_can_be_looked_into(start: Start) -> None:
    """No command reaches into memory, so the server itself prints the token that opens the console."""
    server = start("memory://", SCIM_TOKEN=TOKEN).wait()
    (token,) = re.findall(r"^  (bsrapi_\S+)$", server.output, re.MULTILINE)
    assert f"{server.port}/scim/console, with the API token that follows" in server.output
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request("POST", "/scim/console/login", f"token={token}", form)
        answer = connection.getresponse()
    assert (answer.status, answer.getheader("Location")) == (303, "traffic")


def test_memory_with_two_workers_is_refused() -> None:
    """Two workers would have two directories: the server says so and does not start."""
    done = run("serve", "--backend", "memory://", "--workers", "2")
    assert done.returncode == 2
    assert "each worker would have a directory of its own" in done.stderr
    assert not done.stdout


def test_taken_port_is_refused(server: Server, backend: str) -> None:
    """A second server on the same port does not start: it would take half of the first one's requests."""
    done = run("serve", "--backend", backend, "--port", str(server.port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {server.port}" in done.stderr
    assert not done.stdout


def test_host_may_be_a_name(start: Start) -> None:
    """--host takes a name where it takes an address."""
    assert status(start("memory://", "--host", "localhost", SCIM_TOKEN=TOKEN).wait(), TOKEN) == 200


def test_server_ends_at_once_while_connections_are_kept(start: Start) -> None:
    """A server that is told to end does so at once, though clients keep connections, and leaves the port free."""
    server = start("memory://", SCIM_TOKEN=TOKEN).wait()
    with server.client() as client:
        assert client("GET", "/Users").status == 200
        assert seconds_to_end(server) < 3
    server.start()
    assert status(server.wait(), TOKEN) == 200


def test_server_ends_while_requests_stay_half_sent(start: Start) -> None:
    """A server that is told to end waits some seconds for requests under way, and no longer."""
    server = start("memory://", SCIM_TOKEN=TOKEN).wait()
    with server.connect() as line, server.connect() as body:
        line.sendall(b"GET /scim/v2/Us")
        body.sendall(head("POST", "/Users", "Content-Length: 100"))
        assert status(server, TOKEN) == 200
        assert seconds_to_end(server) < 10


def test_workers_end_with_their_parent(start: Start, backend: str) -> None:
    """When the first process of a server was killed, its workers end too, and the server can be started again."""
    server = start(backend, SCIM_TOKEN=TOKEN).wait()
    server.kill_parent()
    server.start()
    assert status(server.wait(), TOKEN) == 200


def test_created_token_works_at_once_and_deleted_one_does_not(pair: tuple[Server, Server]) -> None:
    """A token made by another process opens every worker at once, and is refused by every worker once it is deleted."""
    backend = pair[0].backend
    token = run("token", "create", "--backend", backend, SCIM_PROFILE="rfc7643").stdout.strip()
    clients = [server.client(token) for server in pair for _ in range(8)]
    assert [client("GET", "/Users").status for client in clients] == [200] * 16
    (listed,) = run("token", "list", "--backend", backend, SCIM_PROFILE="rfc7643").stdout.splitlines()
    assert run("token", "delete", listed.split()[0], "--backend", backend, SCIM_PROFILE="rfc7643").returncode == 0
    assert [client("GET", "/Users").status for client in clients] == [401] * 16
    for client in clients:
        client.close()
