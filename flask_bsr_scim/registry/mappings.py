"""Groups of the identity provider, by name, whose members have a role in an organization or repository."""

from flask_bsr_scim.backends.base import Insert, Removal, Swap
from flask_bsr_scim.errors import ResourceNotFound, shown
from flask_bsr_scim.identifiers import new_id
from flask_bsr_scim.registry.attempts import insist
from flask_bsr_scim.registry.errors import InvalidArgument, NotThere
from flask_bsr_scim.registry.model import GroupMapping, OrganizationRole, RepositoryRole, Role, Target
from flask_bsr_scim.registry.names import check_group_name
from flask_bsr_scim.registry.store import TenantStore
from flask_bsr_scim.registry.targets import default_role, find_target, organization_of, roles_in, stored_type, urn
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document

MAPPING = "Mapping"


class Mappings:
    """The mappings of one tenant. Names are compared exactly; a mapping may precede its group, and outlives it."""

    def __init__(self, store: TenantStore) -> None:
        self._store = store

    def add(self, target_id: str, group: str, role: Role | None = None) -> GroupMapping:
        """Map a group to a target; of one that is mapped, set the role.

        :param role: overrides the default role.
        :raises NotThere: there is no such target.
        :raises InvalidArgument: the name is no name of a group, or the role cannot be given by one.
        """
        return insist(lambda: self._add(target_id, group, role))

    def update(self, target_id: str, group: str, role: Role | None) -> GroupMapping:
        """Set the role of a mapping; None: the default role. Errors as in :meth:`add`.

        :raises NotThere: the group is not mapped to the target.
        """
        return insist(lambda: self._update(target_id, group, role))

    def remove(self, target_id: str, group: str) -> None:
        """Undo a mapping: its members lose what it gave them at once.

        :raises NotThere: the group is not mapped to the target.
        """
        mapping = self._find(target_id, group)
        if mapping is None:
            raise _not_mapped(group)
        try:
            self._store.commit(Removal(MAPPING, mapping.id))
        except ResourceNotFound:
            raise _not_mapped(group) from None

    def of(self, target_id: str) -> list[GroupMapping]:
        """Return the mappings of a target, in the order in which they were made; none when there is no target."""
        return [read_mapping(mapping) for mapping in self._store.each(MAPPING, holding=("target", target_id))]

    def of_group(self, group: str) -> list[GroupMapping]:
        """Return the mappings of a group, in the order in which they were made."""
        return [read_mapping(mapping) for mapping in self._store.each(MAPPING, holding=("group", group))]

    def _add(self, target_id: str, group: str, role: Role | None) -> GroupMapping:
        target = find_target(self._store, target_id)
        check_mapping(target, group, role)
        mapping = self._find(target_id, group)
        if mapping is not None:
            return self._swap(mapping, role)
        document = {
            "schemas": [urn(MAPPING)],
            "id": new_id(),
            "target": target_id,
            "organization": organization_of(target),
            "group": group,
            "key": _key(target_id, group),
        } | _override(role)
        still_there = Swap(stored_type(target), target_id)
        self._store.commit(still_there, Insert(MAPPING, str(document["id"]), document))
        return GroupMapping(target_id, group, role)

    def _update(self, target_id: str, group: str, role: Role | None) -> GroupMapping:
        check_mapping(find_target(self._store, target_id), group, role)
        mapping = self._find(target_id, group)
        if mapping is None:
            raise _not_mapped(group)
        return self._swap(mapping, role)

    def _swap(self, mapping: Resource, role: Role | None) -> GroupMapping:
        document = {name: value for name, value in mapping.document.items() if name != "role"} | _override(role)
        self._store.commit(Swap(MAPPING, mapping.id, document, expected_version=mapping.version))
        return GroupMapping(document["target"], document["group"], role)

    def _find(self, target_id: str, group: str) -> Resource | None:
        return self._store.find(MAPPING, "key", _key(target_id, group))


def check_mapping(target: Target, group: str, role: Role | None) -> None:
    """See that a group can be mapped to a target with a role.

    :raises InvalidArgument: it cannot.
    """
    check_group_name(group)
    if role is not None and not isinstance(role, roles_in(target)):
        raise InvalidArgument(f"{role.name} is no role here: choose one of {', '.join(roles_in(target).__members__)}.")
    if role is RepositoryRole.OWNER:
        raise InvalidArgument("A group cannot own a repository: choose ADMIN or a lower role.")


def effective_roles(target: Target, mappings: list[GroupMapping]) -> dict[str, Role]:
    """Return by the name of each mapped group the role that it gives."""
    return {m.group: default_role(target) if m.role is None else m.role for m in mappings}


def _key(target_id: str, group: str) -> str:
    return f"{target_id} {group}"


def _override(role: Role | None) -> Document:
    return {} if role is None else {"role": role.name}


def read_mapping(mapping: Resource) -> GroupMapping:
    """Return the mapping that is stored."""
    document = mapping.document
    target_id, role = document["target"], document.get("role")
    roles = OrganizationRole if target_id == document["organization"] else RepositoryRole
    return GroupMapping(target_id, document["group"], None if role is None else roles[role])


def _not_mapped(group: str) -> NotThere:
    return NotThere(f"The group {shown(group)} is not mapped here.")
