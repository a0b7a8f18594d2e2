"""Keeps the traffic of a process: a request leaves it in a queue, and a thread writes it to the journal.

A request pays for a tuple and its place in the queue. The thread works a small part of the time, whatever is in the
queue: what finds no place there is counted, and lost.
"""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from threading import Lock, Thread
from time import monotonic, perf_counter, sleep

from flask_bsr_scim.backends.base import DEFAULT_TENANT, Backend
from flask_bsr_scim.console.rendering import Names, make_record
from flask_bsr_scim.console.traffic import Exchange, Record
from flask_bsr_scim.errors import StoreUnavailable

log = logging.getLogger(__name__)

KEPT_BODY = 262_144
"""Bytes of a body or an answer up to which it is held until the thread comes."""

_PAUSE = 0.25
"""Seconds between two batches."""
_WORK = 0.004
"""Seconds that a batch is worked on: not two parts in a hundred."""
_IDLE = 20
"""So many times the thread finds nothing, then it ends."""

_MOST = 500
"""Exchanges in the queue."""
_MOST_BYTES = 8_000_000
"""Their bodies and answers."""

_STRANGERS = 10
"""Refused requests of strangers that are kept at once: they have no credential, and could drive out the others."""
_STRANGERS_SECONDS = 60
"""Then one in this time."""

_TENANTS_SECONDS = 10


class Recorder:
    """Takes exchanges, and writes what is kept of them.

    :param most: records that are kept in a tenant, for `seconds` at most.
    """

    def __init__(
        self, backend: Backend, most: int, seconds: int, now: Callable[[], float] = monotonic, threaded: bool = True
    ) -> None:
        self._backend, self._most, self._seconds, self._now = backend, most, seconds, now
        self._names = Names(backend)
        self._queue: deque[Exchange] = deque()
        self._bytes = 0
        self.lost = 0
        """Exchanges of this process that found no place, or could not be written."""
        self._told = 0
        """How many of them a record tells of."""
        self._thread: Thread | None = None
        self._threaded = threaded
        self._starting, self._counting, self._writing = Lock(), Lock(), Lock()
        self._strangers, self._since = float(_STRANGERS), now()
        self._tenants: tuple[float, frozenset[str]] = (-_TENANTS_SECONDS, frozenset())

    def has_place(self) -> bool:
        """Tell whether there is place for one more exchange; when there is none, count it as lost."""
        if len(self._queue) < _MOST:
            return True
        self._lose(1)
        return False

    def note(self, exchange: Exchange) -> None:
        """Take an exchange, or count it as lost: the queue is too large, or strangers came too often."""
        size = _size(exchange)
        with self._counting:
            if self._bytes + size > _MOST_BYTES or (not exchange.tenant and not self._lets_in_stranger()):
                self.lost += 1
                return
            self._bytes += size
            self._queue.append(exchange)
        thread = self._thread
        if self._threaded and (thread is None or not thread.is_alive()):
            self._start()

    def flush(self, work: float = float("inf")) -> None:
        """Write what is in the queue, as far as it can be done in some seconds; what cannot be written is lost.

        :raises StoreUnavailable: the store takes no writes now.
        """
        with self._writing:
            deadline, lost, waiting = perf_counter() + work, self.lost, 0
            batches: dict[str, list[str]] = {}
            try:
                while self._queue and perf_counter() < deadline:
                    exchange, untold = self._take(), 0 if waiting else lost - self._told
                    waiting += 1
                    tenant = exchange.tenant or self._home(exchange.claimed)
                    batches.setdefault(tenant, []).append(self._record(exchange, untold).text())
                for tenant, texts in batches.items():
                    self._backend.append(tenant, texts, most=self._most, seconds=self._seconds)
                    waiting -= len(texts)
                    self._told = lost
            finally:
                self._lose(waiting)

    def _lose(self, number: int) -> None:
        with self._counting:
            self.lost += number

    def _take(self) -> Exchange:
        exchange = self._queue.popleft()
        size = _size(exchange)
        with self._counting:
            self._bytes -= size
        return exchange

    def _record(self, exchange: Exchange, lost: int) -> Record:
        """Return the record of an exchange, which tells how many were lost before it."""
        record = make_record(exchange, self._names)
        if not lost:
            return record
        note = f"{lost:,} more requests of this process were not recorded before this one: there were too many, or the "
        note += "storage took none."
        return replace(record, answer_note=f"{record.answer_note} {note}".strip())

    def _home(self, claimed: str) -> str:
        """Return the tenant to which a stranger's request belongs: the one that it names, if there is one."""
        read, tenants = self._tenants
        if self._now() - read >= _TENANTS_SECONDS:
            tenants = frozenset(self._backend.tenants())
            self._tenants = (self._now(), tenants)
        return claimed if claimed in tenants else DEFAULT_TENANT

    def _lets_in_stranger(self) -> bool:
        now = self._now()
        self._strangers = min(float(_STRANGERS), self._strangers + (now - self._since) / _STRANGERS_SECONDS)
        self._since = now
        if self._strangers < 1:
            return False
        self._strangers -= 1
        return True

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = Thread(target=self._run, name="scim-console", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        idle = 0
        while idle < _IDLE:
            sleep(_PAUSE)
            idle = 0 if self._queue else idle + 1
            try:
                self.flush(_WORK)
            except StoreUnavailable as error:
                log.warning("requests are not recorded: the store does not answer: %s", error)
            except Exception:
                log.exception("requests are not recorded")
        self._thread = None
        if self._queue:
            self._start()


def _size(exchange: Exchange) -> int:
    return len(exchange.body or b"") + len(exchange.answer or b"")


def kept(data: object) -> bytes | None:
    """Return the one piece of an answer, None when there are several, or it is too long to be held."""
    if not isinstance(data, list) or len(data) != 1 or len(data[0]) > KEPT_BODY:
        return None
    return bytes(data[0])
