"""Whose access a commit changed: two states are compared, the present one, and the one before.

The latter is found by walking the entries of the change log back.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

import orjson

from flask_bsr_scim.backends.base import LogEntry
from flask_bsr_scim.registry.access import GROUPS, INACTIVE, USERS, Access, held_roles
from flask_bsr_scim.registry.grants import GRANT, grants_among
from flask_bsr_scim.registry.mappings import MAPPING, Mappings, effective_roles, read_mapping
from flask_bsr_scim.registry.model import GroupMapping, HeldRole, Target
from flask_bsr_scim.registry.owners import is_active
from flask_bsr_scim.registry.plan import Change
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import OWNER, REPOSITORY, is_organization, read_organization, read_repository
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.schema import Document

_PAGE = 500


def access_changes(store: TenantStore, entries: Sequence[LogEntry]) -> Iterator[Change]:
    """Yield the users whose effective role in a target a commit changed, from what and to what.

    Roles are the explicit ones, without those that an organization's base role implies in its repositories. What other
    commits did meanwhile is taken for what was before, too.
    """
    now, before = _Present(store), _Past(store, entries)
    users = iter(dict.fromkeys(_touched(store, entries, before)))
    while some := list(islice(users, _PAGE)):
        memberships = store.backend.groups_of(store.tenant, some)
        for user_id in some:
            links = memberships.get(user_id, ())
            yield from _differences(user_id, before.roles(user_id, links), now.roles(user_id, links))


def _differences(user_id: str, before: dict[str, HeldRole], after: dict[str, HeldRole]) -> Iterator[Change]:
    for target_id in sorted(before | after):
        was, is_now = before.get(target_id), after.get(target_id)
        if (was and was.role) != (is_now and is_now.role):
            yield Change(user_id, target_id, was, is_now)


def _touched(store: TenantStore, entries: Sequence[LogEntry], before: "_Past") -> Iterator[str]:
    """Yield the users whose access may have changed."""
    groups: list[str] = []
    names: set[str] = set()
    for entry in entries:
        if entry.type in USERS and (entry.operation != "update" or "active" in _attributes(entry)):
            yield entry.id
        elif entry.type in GROUPS and "displayName" in _attributes(entry) and before.gives_roles(entry):
            groups.append(entry.id)
        elif entry.type == MAPPING:
            mapping = store.get(MAPPING, entry.id) or before.resource(MAPPING, entry.id)
            names.update(() if mapping is None else (mapping.document["group"],))
    yield from before.moves
    yield from _members(store, [*groups, *Access(store).group_ids(*names)])


def _members(store: TenantStore, groups: Sequence[str]) -> Iterator[str]:
    members, after = store.backend.members, None
    while links := members(store.tenant, groups, after=after, count=_PAGE, without=INACTIVE, types=USERS):
        yield from (link.id for link in links)
        after = links[-1].id


class _Present:
    """Who has which role as things are."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store
        self._targets: dict[str, Target | None] = {}
        self._mappings: dict[str, dict[str, GroupMapping]] = {}

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
        """Return a resource, None when there is none."""
        return self._store.get(type_name, resource_id)

    def _links(self, user_id: str, links: Sequence[Link]) -> Sequence[Link]:
        return links

    def _of_group(self, name: str) -> dict[str, GroupMapping]:
        return _mapped(self._store, name)

    def _given(self, links: Sequence[Link]) -> dict[str, list[GroupMapping]]:
        """Return the mappings of the groups among some memberships, by target."""
        given: dict[str, list[GroupMapping]] = {}
        for name in {link.display for link in links if link.type in GROUPS and link.display is not None}:
            if name not in self._mappings:
                self._mappings[name] = self._of_group(name)
            for target_id, mapping in self._mappings[name].items():
                given.setdefault(target_id, []).append(mapping)
        return given

    def _target(self, target_id: str) -> Target | None:
        if target_id not in self._targets:
            owner, repository = (self.resource(type_name, target_id) for type_name in (OWNER, REPOSITORY))
            there = read_organization(owner) if owner is not None and is_organization(owner) else None
            self._targets[target_id] = there or (repository and read_repository(repository))
        return self._targets[target_id]


class _Past(_Present):
    """Who had which role before a commit."""

    def __init__(self, store: TenantStore, entries: Sequence[LogEntry]) -> None:
        super().__init__(store)
        self._entries: dict[tuple[str, str], list[LogEntry]] = {}
        for entry in entries:
            self._entries.setdefault((entry.type, entry.id), []).append(entry)
        self._names: dict[str, str | None] = {}
        self._changed = list(self._changed_mappings())
        self.moves: dict[str, dict[str, Link | None]] = {}
        """Of each user who came or went, by the ids of the groups and grants that give roles: the membership before."""
        for entry in filter(self.gives_roles, entries):
            self._note_moves(entry)

    def resource(self, type_name: str, resource_id: str) -> Resource | None:
        """Return a resource as it was; of one that the commit changed there are no version and times."""
        present = super().resource(type_name, resource_id)
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

    def _changed_mappings(self) -> Iterator[tuple[GroupMapping, bool]]:
        """Yield the mappings that the commit changed as they were, or as they came to be when they were not there."""
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


def _mapped(store: TenantStore, name: str) -> dict[str, GroupMapping]:
    """Return the mappings of a group by target, as they are."""
    return {mapping.target_id: mapping for mapping in Mappings(store).of_group(name)}


def _undone(entry: LogEntry, document: Document | None) -> Document | None:
    """Return what a document was before an entry."""
    if entry.operation == "create":
        return None
    before = dict(document or {})
    for path, change in _attributes(entry).items():
        before.pop(path, None)
        before |= {path: change["from"]} if "from" in change else {}
    return before


def _attributes(entry: LogEntry) -> Document:
    attributes: Document = entry.delta.get("attributes", {})
    return attributes
