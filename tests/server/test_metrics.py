"""`/metrics` of a server with several workers tells of all of them, whichever is asked."""

import re
from pathlib import Path

from tests.server.conftest import Start
from tests.server.running import TOKEN

COUNTED = re.compile(r'^scim_requests_total\{endpoint="/Users",method="GET",status="2xx"\} ([0-9.]+)$', re.MULTILINE)
REQUESTS = 20


def test_workers_share_their_numbers(start: Start, backend: str, tmp_path: Path) -> None:
    """Each request over a new connection may meet another worker; each worker knows the sum. Nothing is left behind."""
    (folder := tmp_path / "temporary").mkdir()
    server = start(backend, "--workers", "2", SCIM_TOKEN=TOKEN, SCIM_METRICS="true", TMPDIR=str(folder)).wait()
    assert list(folder.glob("bsr-scim-metrics-*"))
    for _ in range(REQUESTS):
        with server.client() as client:
            assert client("GET", "/Users").status == 200
    for _ in range(5):
        with server.client(None) as client:
            answer = client("GET", "//metrics")
        assert answer.status == 200
        assert COUNTED.findall(answer.text) == [f"{REQUESTS}.0"]
    assert server.interrupt() == 0
    assert not list(folder.iterdir())
