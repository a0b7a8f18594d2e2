"""What clients needed beyond the RFC: counted, told to the host application, and kept with their tokens."""

import logging
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import NamedTuple

from flask_bsr_scim.backends.base import Backend, Swap
from flask_bsr_scim.dialects import Speech, Tolerance
from flask_bsr_scim.errors import ResourceNotFound, StoreUnavailable, VersionConflict
from flask_bsr_scim.registry.signals import send, tolerance_used
from flask_bsr_scim.registry.tokens import TOKEN, tolerances_of
from flask_bsr_scim.resource import Resource

log = logging.getLogger(__name__)

_MINUTE = timedelta(minutes=1)
_MOST = 10_000
"""Needs that a process counts, and tokens that it remembers: the subjects of JWTs have no bound."""


class Need(NamedTuple):
    """A tolerance that a token needed."""

    tenant: str
    token_id: str
    tolerance: Tolerance


class _Noted(NamedTuple):
    """What a process knows of the tolerances that a token needed on a day."""

    day: str
    kept: frozenset[Tolerance] = frozenset()
    waiting: frozenset[Tolerance] = frozenset()
    """Not in the store yet."""
    until: datetime = datetime.min.replace(tzinfo=UTC)
    """When the store may be written again."""


class Needs:
    """The tolerances that the tokens of a store needed."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._counts: Counter[Need] = Counter()
        self._noted: dict[tuple[str, str], _Noted] = {}
        self._lock = Lock()

    @property
    def counts(self) -> Counter[Need]:
        """In how many requests each was needed, in this process since its start."""
        with self._lock:
            return self._counts.copy()

    def note(self, tenant: str, token_id: str, speech: Speech) -> None:
        """Note what a request needed."""
        needed = frozenset(speech.needed)
        with self._lock:
            if len(self._counts) >= _MOST:
                self._counts.clear()
            for tolerance in needed:
                self._counts[Need(tenant, token_id, tolerance)] += 1
        self.keep(tenant, token_id, needed)
        if tolerance_used.receivers:
            told = {"tenant": tenant, "token_id": token_id, "dialect": speech.dialect, "tolerances": needed}
            send(tolerance_used, self._backend, told)

    def keep(self, tenant: str, token_id: str, needed: Collection[Tolerance]) -> None:
        """Keep what a token needed, to the day. There is at most one write a minute; the rest goes with a later one."""
        moment = self._backend.clock()
        day = moment.date().isoformat()
        noted = self._noted.get((tenant, token_id)) or _Noted(day)
        if noted.day == day and noted.kept.issuperset(needed) and not noted.waiting:
            return
        kept = noted.kept if noted.day == day else frozenset()
        waiting, until = noted.waiting.union(needed) - kept, noted.until
        if waiting and moment >= until:
            until = moment + _MINUTE
            if self._store(tenant, token_id, dict.fromkeys(map(str, waiting), day)):
                kept, waiting = kept | waiting, frozenset()
        if len(self._noted) >= _MOST:
            self._noted.clear()
        self._noted[tenant, token_id] = _Noted(day, kept, waiting, until)

    def _store(self, tenant: str, token_id: str, needed: dict[str, str]) -> bool:
        """Tell whether the store has the tolerances of a token now, or never can: SCIM_TOKEN and JWTs are not in it."""
        try:
            resource = self._backend.get(tenant, TOKEN, token_id)
            if resource is not None:
                self._merge(tenant, resource, needed)
        except VersionConflict:
            return False
        except StoreUnavailable:
            log.warning("what token %s needed could not be noted", token_id)
            return False
        except ResourceNotFound:
            pass  # Revoked meanwhile.
        return True

    def _merge(self, tenant: str, resource: Resource, needed: dict[str, str]) -> None:
        document = resource.document
        present = tolerances_of(document)
        if needed.items() <= present.items():
            return
        merged = [{"name": name, "last": last} for name, last in sorted((present | needed).items())]
        swap = Swap(TOKEN, resource.id, {**document, "tolerances": merged}, expected_version=resource.version)
        self._backend.commit(tenant, [swap])
