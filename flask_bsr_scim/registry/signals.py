"""Signals: what happened to users, groups and access, told to the host application after the commit.

Each is sent in the process that made the change, with the backend as sender, so that a receiver may subscribe to one
store, and can read in it. All have the keyword arguments `tenant` and, but for those about access, `entry`, the
:class:`~flask_bsr_scim.backends.base.LogEntry` that tells of the change: when, by which token, in which request. They
are best effort: whoever must miss nothing reads the change log. A receiver that raises is logged, and undoes nothing.
"""

import logging
from collections.abc import Coroutine, Iterator, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from blinker import NamedSignal, Namespace

from flask_bsr_scim.backends.base import Backend, LogEntry
from flask_bsr_scim.registry.access_changes import access_changes
from flask_bsr_scim.registry.access_states import attributes_of
from flask_bsr_scim.registry.owners import USER, find_user, is_active, owner_id
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER

log = logging.getLogger(__name__)

_GROUP = "Group"

_namespace = Namespace()
_signal = _namespace.signal

user_provisioned = _signal(
    "user_provisioned", "SCIM wrote a user for the first time: made it, or adopted it. `user_id`"
)
user_updated = _signal("user_updated", "Something but `active` changed. `user_id`, `changes`: see LogEntry.delta")
user_deactivated = _signal("user_deactivated", "A user was locked out. `user_id`")
user_reactivated = _signal("user_reactivated", "A user may use the registry again. `user_id`")
user_deleted = _signal("user_deleted", "A user is gone from SCIM; the registry's stays, deactivated. `user_id`")
group_pushed = _signal("group_pushed", "A group was made. `group_id`, `name`")
group_renamed = _signal("group_renamed", "A group has another name. `group_id`, `old_name`, `name`")
group_deleted = _signal("group_deleted", "A group is gone. `group_id`, `name`, `members`: the ids of who was in it")
members_changed = _signal("members_changed", "Members came or went. `group_id`, `added`, `removed`: lists of ids")
access_granted = _signal(
    "access_granted",
    "The effective role of a user in an organization or repository is a higher one than before, or the first one. "
    "`user_id`, `target_id`, `before`, `after`: HeldRole, `before` may be None",
)
access_revoked = _signal(
    "access_revoked",
    "The effective role of a user is a lower one than before, or there is none any more. `user_id`, `target_id`, "
    "`before`, `after`: HeldRole, `after` may be None",
)

SIGNALS: tuple[NamedSignal, ...] = tuple(_namespace.values())
"""Those that tell of a commit."""

_RECEIVERS = attrgetter("receivers")

tolerance_used = _signal(
    "tolerance_used",
    "A request needed what the RFC does not ask for; sent after it. `token_id`, `dialect`, `tolerances`: a frozenset "
    "of :class:`~flask_bsr_scim.dialects.Tolerance`",
)


class _Event(NamedTuple):
    """A signal to be sent, and what with."""

    signal: NamedSignal
    payload: dict[str, Any]


class SignalSender:
    """Sends the signals of a backend: `backend.observers.append(SignalSender(backend))`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __call__(self, tenant: str, entries: Sequence[LogEntry]) -> None:
        """Tell of a commit; nothing is raised."""
        if not any(map(_RECEIVERS, SIGNALS)):
            return
        store = TenantStore(self._backend, tenant)
        try:
            for event in _events(store, entries):
                send(event.signal, self._backend, {"tenant": tenant, **event.payload})
        except Exception:
            log.exception("what a commit in tenant %s changed could not be told", tenant)


def send(signal: NamedSignal, backend: Backend, payload: dict[str, Any]) -> None:
    """Send a signal; a receiver that raises is logged, and so is one that would have to be awaited."""
    for receiver in () if signal.is_muted else signal.receivers_for(backend):
        try:
            result = receiver(backend, **payload)
            if isinstance(result, Coroutine):
                result.close()
                raise TypeError(f"{receiver!r} is async, and nobody awaits it: connect a plain function")
        except Exception:
            log.exception("a receiver of the signal %s failed", signal.name)


def _events(store: TenantStore, entries: Sequence[LogEntry]) -> Iterator[_Event]:
    for entry in entries:
        match entry.type:
            case "User":
                yield from _of_user(entry)
            case "Outsider":
                yield from _of_outsider(store, entry)
            case "Group":
                yield from _of_group(store, entry)
    if user_provisioned.receivers:
        yield from _of_provisioning(store, entries)
    if access_granted.receivers or access_revoked.receivers:
        yield from _of_access(store, entries)


def _of_provisioning(store: TenantStore, entries: Sequence[LogEntry]) -> Iterator[_Event]:
    """Yield the users whom SCIM wrote for the first time: until then their owner has the address of a sign-in."""
    deleted = {entry.id for entry in entries if (entry.type, entry.operation) == (USER, "delete")}
    adopted = {_user_id(entry) for entry in entries if entry.type == OWNER and _loses_address(entry)}
    told: set[str] = set()
    for entry in entries:
        user_id = _user_id(entry)
        is_new = (entry.type, entry.operation) == (USER, "create") and _is_without_address(store, user_id)
        if (is_new or user_id in adopted) and user_id not in deleted | told:
            told.add(user_id)
            yield _Event(user_provisioned, {"user_id": user_id, "entry": entry})


def _user_id(entry: LogEntry) -> str:
    """Return the id of the user that an entry is about, be it of the user or of its owner."""
    return entry.id.removesuffix(owner_id(""))


def _loses_address(owner: LogEntry) -> bool:
    return owner.operation == "update" and "to" not in attributes_of(owner).get("email", {"to": None})


def _is_without_address(store: TenantStore, user_id: str) -> bool:
    owner = store.get(OWNER, owner_id(user_id))
    return owner is None or "email" not in owner.document


def _of_user(entry: LogEntry) -> Iterator[_Event]:
    payload = {"user_id": entry.id, "entry": entry}
    changes = attributes_of(entry)
    if entry.operation == "delete":
        yield _Event(user_deleted, payload)
    elif entry.operation == "update":
        others = {path: change for path, change in changes.items() if path != "active"}
        if others:
            yield _Event(user_updated, {**payload, "changes": others})
        yield from _of_active(entry, *(changes.get("active", {}).get(side, True) for side in ("from", "to")))


def _of_outsider(store: TenantStore, entry: LogEntry) -> Iterator[_Event]:
    """Yield whether a user was locked out or let in, also when it comes to be one whom SCIM shows."""
    active = attributes_of(entry).get("active", {})
    if entry.operation == "update":
        yield from _of_active(entry, active.get("from", True), active.get("to", True))
    elif entry.operation == "delete" and (user := find_user(store, entry.id)) is not None:
        yield from _of_active(entry, active.get("from", True), is_active(user))


def _of_active(entry: LogEntry, was: bool, is_now: bool) -> Iterator[_Event]:
    if was != is_now:
        yield _Event(user_reactivated if is_now else user_deactivated, {"user_id": entry.id, "entry": entry})


def _of_group(store: TenantStore, entry: LogEntry) -> Iterator[_Event]:
    payload = {"group_id": entry.id, "entry": entry}
    added, removed = (entry.delta.get(f"members{way}", []) for way in ("Added", "Removed"))
    renamed = attributes_of(entry).get("displayName")
    match entry.operation:
        case "create" if group_pushed.receivers:
            group = store.get(_GROUP, entry.id)
            yield _Event(group_pushed, {**payload, "name": group and group.document["displayName"]})
        case "update" if renamed:
            yield _Event(group_renamed, {**payload, "old_name": renamed["from"], "name": renamed["to"]})
        case "delete":
            yield _Event(
                group_deleted, {**payload, "name": attributes_of(entry)["displayName"]["from"], "members": removed}
            )
            return
    if added or removed:
        yield _Event(members_changed, {**payload, "added": added, "removed": removed})


def _of_access(store: TenantStore, entries: Sequence[LogEntry]) -> Iterator[_Event]:
    for change in access_changes(store, entries):
        before, after = (0 if held is None else held.role for held in (change.before, change.after))
        yield _Event(access_granted if after > before else access_revoked, change._asdict())
