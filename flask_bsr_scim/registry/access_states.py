"""Who had which role at a moment: what is there now, with the entries of the change log since then walked back."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

import orjson

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.registry.access import GROUPS, USERS, held_roles
from flask_bsr_scim.registry.grants import GRANT, grants_among
from flask_bsr_scim.registry.mappings import MAPPING, Mappings, effective_roles, read_mapping
from flask_bsr_scim.registry.model import GroupMapping, HeldRole, Target
from flask_bsr_scim.registry.owners import is_active
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER, REPOSITORY, is_organization, read_organization, read_repository
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import Document


class State:
    """Who had which role before the last entries of the change log; without entries, who has it now."""

    def __init__(self, store: TenantStore, entries: Sequence[LogEntry]) -> None:
        self._store = store
        self._targets: dict[str, Target | None] = {}
        self._mappings: dict[str, dict[str, GroupMapping]] = {}
        self._names: dict[str, str | None] = {}
        self._entries: dict[tuple[str, str], list[LogEntry]] = {}
        for entry in entries:
            self._entries.setdefault((entry.type, entry.id), []).append(entry)
        # Those last that were there: one may have come in the place of another.
        self._changed = sorted(self._changed_mappings(), key=itemgetter(1))
        self.moves: dict[str, dict[str, Link | None]] = {}
        """Of each user who came or went, by the ids of the groups and grants that give roles: the membership before."""
        for entry in filter(self.gives_roles, entries):
            self._note_moves(entry)

    def roles(self, user_id: str, links: Sequence[Link]) -> dict[str, HeldRole]:
        """Return the effective role of a user in each target.

        :param links: the present memberships.
        """
        users = (self.resource(type_name, user_id) for type_name in USERS)
        if not any(user is not None and is_active(user) for user in users):
            return {}
        held = self._links(user_id, links)
        given = self._given(held)
        targets = {grant.target_id for grant in grants_among(held)}.union(given)
        found = ((target, given.get(target.id, [])) for target in map(self._target, targets) if target is not None)
        best = {target.id: held_roles(held, target, effective_roles(target, mappings)) for target, mappings in found}
        return {target_id: roles[0] for target_id, roles in best.items()}

    def resource(self, type_name: str, resource_id: str) -> Resource | None:
        """Return a resource as it was; of one that has changed since there are no version and times."""
        present = self._store.get(type_name, resource_id)
        entries = self._entries.get((type_name, resource_id))
        if entries is None:
            return present
        document = None if present is None else present.document
        for entry in reversed(entries):
            document = _undone(entry, document)
        if document is None:
            return None
        return Resource(type_name, resource_id, 0, "", "", orjson.dumps(document).decode())

    def gives_roles(self, entry: LogEntry) -> bool:
        """Tell whether the entry is about a grant, or about a group that is mapped somewhere, then or now."""
        if entry.type not in GROUPS:
            return entry.type == GRANT
        now = self._store.get(entry.type, entry.id)
        names = {self._name(entry.type, entry.id), now and now.document["displayName"]}
        return any(name and (self._of_group(name) or _mapped(self._store, name)) for name in names)

    def _note_moves(self, entry: LogEntry) -> None:
        was = Link(entry.id, entry.type, self._name(entry.type, entry.id))
        for way, link in (("membersAdded", None), ("membersRemoved", was)):
            for member in entry.delta.get(way, ()):
                self.moves.setdefault(member, {}).setdefault(entry.id, link)

    def _name(self, type_name: str, group_id: str) -> str | None:
        if group_id not in self._names:
            group = None if type_name == GRANT else self.resource(type_name, group_id)
            self._names[group_id] = None if group is None else group.document["displayName"]
        return self._names[group_id]

    def _links(self, user_id: str, links: Sequence[Link]) -> Sequence[Link]:
        moves = self.moves.get(user_id, {})
        stayed = [self._as_it_was(link) for link in links if link.id not in moves]
        return stayed + [link for link in moves.values() if link is not None]

    def _as_it_was(self, link: Link) -> Link:
        return link._replace(display=self._name(link.type, link.id)) if (link.type, link.id) in self._entries else link

    def _given(self, links: Sequence[Link]) -> dict[str, list[GroupMapping]]:
        """Return the mappings of the groups among some memberships, by target."""
        given: dict[str, list[GroupMapping]] = {}
        for name in {link.display for link in links if link.type in GROUPS and link.display is not None}:
            if name not in self._mappings:
                self._mappings[name] = self._of_group(name)
            for target_id, mapping in self._mappings[name].items():
                given.setdefault(target_id, []).append(mapping)
        return given

    def _changed_mappings(self) -> Iterator[tuple[GroupMapping, bool]]:
        """Yield the mappings that have changed as they were, or as they came to be when they were not there."""
        for type_name, mapping_id in self._entries:
            if type_name == MAPPING:
                was = self.resource(MAPPING, mapping_id)
                known = was or self._store.get(MAPPING, mapping_id)
                if known is not None:
                    yield read_mapping(known), was is not None

    def _of_group(self, name: str) -> dict[str, GroupMapping]:
        mappings = _mapped(self._store, name)
        for mapping, was_there in self._changed:
            if mapping.group == name:
                mappings.pop(mapping.target_id, None)
                mappings |= {mapping.target_id: mapping} if was_there else {}
        return mappings

    def _target(self, target_id: str) -> Target | None:
        if target_id not in self._targets:
            owner, repository = (self.resource(type_name, target_id) for type_name in (OWNER, REPOSITORY))
            there = read_organization(owner) if owner is not None and is_organization(owner) else None
            self._targets[target_id] = there or (repository and read_repository(repository))
        return self._targets[target_id]


def _mapped(store: TenantStore, name: str) -> dict[str, GroupMapping]:
    """Return the mappings of a group by target, as they are."""
    return {mapping.target_id: mapping for mapping in Mappings(store).of_group(name)}


def _undone(entry: LogEntry, document: Document | None) -> Document | None:
    """Return what a document was before an entry; nothing where it has gone since, and no entry tells of that."""
    is_gone = document is None and entry.operation != "delete"
    if is_gone or entry.operation == "create":
        return None
    before = dict(document or {})
    for path, change in attributes_of(entry).items():
        before.pop(path, None)
        before |= {path: change["from"]} if "from" in change else {}
    return before


def attributes_of(entry: LogEntry) -> Document:
    """Return how the attributes of what an entry is about changed, by path."""
    attributes: Document = entry.delta.get("attributes", {})
    return attributes
