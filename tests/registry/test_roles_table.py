"""What pushes of groups and mappings do to the effective role of each member, step by step."""

from collections.abc import Callable, Sequence
from itertools import permutations

import pytest

from flask_bsr_scim import current_service
from flask_bsr_scim.registry.direct_roles import DirectRoles
from flask_bsr_scim.registry.model import OrganizationRole, RepositoryRole, Role, Target
from flask_bsr_scim.registry.registry import Registry
from tests.client import Scim, group
from tests.registry.world import World, told

ROLES: dict[str, dict[str, Role]] = {
    "organization": {
        "low": OrganizationRole.MEMBER,
        "middle": OrganizationRole.MACHINE,
        "high": OrganizationRole.ADMIN,
    },
    "repository": {"low": RepositoryRole.READ, "middle": RepositoryRole.WRITE, "high": RepositoryRole.ADMIN},
}
"""Three roles, of which the first is what a mapping gives by default."""


class Okta:
    """Pushes groups as Okta does: apps of the wizard by PUT of the whole group, apps of the catalog by PATCH."""

    def __init__(self, scim: Scim, target_kind: str, form: str) -> None:
        self._scim, self._form = scim, form
        self._groups: dict[str, str] = {}
        self._ids = {name: scim.user(f"{name}@example.com")["id"] for name in ("ana", "ben", "cleo")}
        with scim.app.app_context():
            self.registry = Registry(current_service().backend, scim.token.split("_")[1])
        acme = self.registry.organizations.create("acme")
        self.target: Target = acme
        if target_kind == "repository":
            self.target = self.registry.repositories.create("acme/protos")
        self.roles = ROLES[target_kind]

    def push(self, name: str, *members: str) -> None:
        """Push a group for the first time: with its members, or before them."""
        if self._form == "PUT":
            self._groups[name] = self._scim.group(name, *self._members(members))["id"]
        else:
            self._groups[name] = self._scim.group(name)["id"]
            self.change(name, add=members)

    def change(self, name: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Push what has changed among the members."""
        path = f"/Groups/{self._groups[name]}"
        if self._form == "PUT":
            present = [member["value"] for member in self._scim.get(path).json.get("members", ())]
            gone = self._members(remove)
            self._put(name, [m for m in present if m not in gone] + self._members(add))
            return
        removals = [{"op": "remove", "path": f'members[value eq "{member}"]'} for member in self._members(remove)]
        values = [{"value": member, "display": "somebody"} for member in self._members(add)]
        additions = [{"op": "add", "path": "members", "value": values}] if values else []
        assert self._scim.patch(path, *removals, *additions).status_code == 200

    def replace(self, name: str, *members: str) -> None:
        """Push the whole group now."""
        if self._form == "PUT":
            self._put(name, self._members(members))
            return
        values = [{"value": member} for member in self._members(members)]
        self._patch(name, {"op": "replace", "path": "members", "value": values})

    def rename(self, name: str, new_name: str) -> None:
        """Push another name of a group, under its id."""
        self._groups[new_name] = group_id = self._groups.pop(name)
        if self._form == "PUT":
            present = self._scim.get(f"/Groups/{group_id}").json.get("members", ())
            self._put(new_name, [member["value"] for member in present])
        else:
            self._patch(new_name, {"op": "replace", "value": {"id": group_id, "displayName": new_name}})

    def delete(self, name: str) -> None:
        """Unlink a group, and delete it here."""
        assert self._scim.delete(f"/Groups/{self._groups.pop(name)}").status_code == 204

    def nest(self, name: str, inner: str) -> None:
        """Make a group a member of another."""
        self._patch(name, {"op": "add", "path": "members", "value": [{"value": self._groups[inner]}]})

    def active(self, user: str, active: bool) -> None:
        """Deactivate or reactivate a user."""
        done = self._scim.patch(f"/Users/{self._ids[user]}", {"op": "replace", "value": {"active": active}})
        assert done.status_code in (200, 204)

    def map(self, name: str, role: str | None = None) -> None:
        """Map a group, or change its role."""
        self.registry.mappings.add(self.target.id, name, self.roles[role] if role else None)

    def unmap(self, name: str) -> None:
        """Undo a mapping."""
        self.registry.mappings.remove(self.target.id, name)

    def effective(self) -> dict[str, str]:
        """Return who has which effective role, `low Eng`; the same must come from the list, and from the count."""
        words = {role: word for word, role in self.roles.items()}
        access = self.registry.access
        held = {name: access.role(user_id, self.target) for name, user_id in self._ids.items()}
        members, _ = access.members(self.target)
        assert {m.user_id: m.roles[0] for m in members} == {
            self._ids[name]: role for name, role in held.items() if role
        }
        assert access.count(self.target) == len(members)
        return {name: f"{words[role.role]} {role.group}" for name, role in held.items() if role}

    def _members(self, names: Sequence[str]) -> list[str]:
        return [self._ids[name] for name in names]

    def _put(self, name: str, members: Sequence[str]) -> None:
        path = f"/Groups/{self._groups[name]}"
        assert self._scim.put(path, group(name, *members, id=self._groups[name])).status_code == 200

    def _patch(self, name: str, operation: dict[str, object]) -> None:
        assert self._scim.patch(f"/Groups/{self._groups[name]}", operation).status_code == 200


Step = tuple[Callable[[Okta], None], dict[str, str]]
"""Something that is done, and who has which role then."""


def all_of(role: str, *names: str) -> dict[str, str]:
    """Return the same role for several users."""
    return dict.fromkeys(names, role)


CASES: dict[str, list[Step]] = {
    "the mapping exists before the group": [
        (lambda okta: okta.map("Eng"), {}),
        (lambda okta: okta.push("Eng", "ana", "ben"), all_of("low Eng", "ana", "ben")),
        (lambda okta: okta.change("Eng", add=["cleo"], remove=["ana"]), all_of("low Eng", "ben", "cleo")),
        (lambda okta: okta.replace("Eng", "ana"), all_of("low Eng", "ana")),
        (lambda okta: okta.replace("Eng"), {}),
    ],
    "the mapping comes after the group": [
        (lambda okta: okta.push("Eng", "ana", "ben"), {}),
        (lambda okta: okta.change("Eng", remove=["ben"]), {}),
        (lambda okta: okta.map("Eng"), all_of("low Eng", "ana")),
        (lambda okta: okta.change("Eng", add=["cleo"]), all_of("low Eng", "ana", "cleo")),
    ],
    "the group is renamed away from the mapping": [
        (lambda okta: okta.map("Eng"), {}),
        (lambda okta: okta.push("Eng", "ana", "ben"), all_of("low Eng", "ana", "ben")),
        (lambda okta: okta.rename("Eng", "Dev"), {}),
        (lambda okta: okta.change("Dev", remove=["ben"]), {}),
        (lambda okta: okta.rename("Dev", "Eng"), all_of("low Eng", "ana")),
    ],
    "the group is renamed to a mapped name": [
        (lambda okta: okta.push("Eng", "ana", "ben"), {}),
        (lambda okta: okta.map("Dev", "high"), {}),
        (lambda okta: okta.rename("Eng", "eng"), {}),
        (lambda okta: okta.rename("eng", "Dev"), all_of("high Dev", "ana", "ben")),
    ],
    "the group is renamed from one mapped name to another": [
        (lambda okta: okta.map("Eng", "high"), {}),
        (lambda okta: okta.map("Dev"), {}),
        (lambda okta: okta.push("Eng", "ana"), all_of("high Eng", "ana")),
        (lambda okta: okta.rename("Eng", "Dev"), all_of("low Dev", "ana")),
        (lambda okta: okta.push("Eng", "ben"), {"ana": "low Dev", "ben": "high Eng"}),
    ],
    "the mapping is removed, and comes again": [
        (lambda okta: okta.map("Eng"), {}),
        (lambda okta: okta.push("Eng", "ana", "ben"), all_of("low Eng", "ana", "ben")),
        (lambda okta: okta.unmap("Eng"), {}),
        (lambda okta: okta.change("Eng", add=["cleo"], remove=["ana"]), {}),
        (lambda okta: okta.map("Eng", "middle"), all_of("middle Eng", "ben", "cleo")),
    ],
    "the group is deleted, and comes again": [
        (lambda okta: okta.push("Eng", "ana"), {}),
        (lambda okta: okta.map("Eng"), all_of("low Eng", "ana")),
        (lambda okta: okta.delete("Eng"), {}),
        (lambda okta: okta.push("Eng", "ben"), all_of("low Eng", "ben")),
    ],
    "the override is set, changed and cleared": [
        (lambda okta: okta.push("Eng", "ana"), {}),
        (lambda okta: okta.map("Eng", "middle"), all_of("middle Eng", "ana")),
        (lambda okta: okta.map("Eng", "high"), all_of("high Eng", "ana")),
        (lambda okta: okta.map("Eng"), all_of("low Eng", "ana")),
    ],
    "a member is deactivated, and reactivated": [
        (lambda okta: okta.map("Eng"), {}),
        (lambda okta: okta.push("Eng", "ana", "ben"), all_of("low Eng", "ana", "ben")),
        (lambda okta: okta.active("ana", False), all_of("low Eng", "ben")),
        (lambda okta: okta.replace("Eng", "ana"), {}),
        (lambda okta: okta.active("ana", True), all_of("low Eng", "ana")),
    ],
    "two groups overlap": [
        (lambda okta: okta.map("Eng"), {}),
        (lambda okta: okta.map("Lead", "high"), {}),
        (lambda okta: okta.push("Eng", "ana", "ben"), all_of("low Eng", "ana", "ben")),
        (lambda okta: okta.push("Lead", "ben", "cleo"), {"ana": "low Eng", "ben": "high Lead", "cleo": "high Lead"}),
        (lambda okta: okta.change("Lead", remove=["ben"]), {"ana": "low Eng", "ben": "low Eng", "cleo": "high Lead"}),
        (lambda okta: okta.unmap("Lead"), all_of("low Eng", "ana", "ben")),
        (lambda okta: okta.delete("Eng"), {}),
    ],
    "a group is in a group": [
        (lambda okta: okta.map("Eng"), {}),
        (lambda okta: okta.push("Inner", "ana"), {}),
        (lambda okta: okta.push("Eng", "ben"), all_of("low Eng", "ben")),
        (lambda okta: okta.nest("Eng", "Inner"), all_of("low Eng", "ben")),
        (lambda okta: okta.map("Inner", "high"), {"ana": "high Inner", "ben": "low Eng"}),
    ],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", ["PUT", "PATCH"])
@pytest.mark.parametrize("kind", ROLES)
def test_pushed_groups(scim: Scim, kind: str, form: str, case: str) -> None:
    """After each step everybody has exactly the role that groups and mappings give then."""
    okta = Okta(scim, kind, form)
    for number, (do, expected) in enumerate(CASES[case], 1):
        do(okta)
        assert okta.effective() == expected, f"after step {number}"


ORIGINS = {"direct": "DIRECT", "Eng": "IDP_GROUP Eng", "Lead": "IDP_GROUP Lead"}
"""How the sources of Ana's roles are told: one is given by hand, and two by groups."""

WAYS: dict[str, Callable[[World, Target, str], None]] = {
    "unmapped": lambda world, target, name: world.mappings.remove(target.id, name),
    "taken out": lambda world, target, name: world.members(name, remove=("ana",)),
    "deleted": lambda world, target, name: world.delete(name),
}
"""How the role of a group ends."""


@pytest.fixture(params=ROLES)
def rich(world: World, request: pytest.FixtureRequest) -> tuple[World, Target, dict[str, Role]]:
    """A registry in which Ana has three roles in a target, and the three roles by their sources."""
    world.users("ana", "ben")
    acme = world.organization()
    target: Target = acme if request.param == "organization" else world.repository(acme)
    low, middle, high = ROLES[request.param].values()
    for name, role in (("Eng", low), ("Lead", high)):
        world.push(name, "ana", "ben")
        world.mappings.add(target.id, name, role)
    DirectRoles(world.store, target).change("ana", lambda _: middle)
    return world, target, {"direct": middle, "Eng": low, "Lead": high}


@pytest.mark.parametrize("order", list(permutations(ORIGINS)), ids="-".join)
@pytest.mark.parametrize("way", WAYS)
def test_roles_go_one_by_one(rich: tuple[World, Target, dict[str, Role]], way: str, order: Sequence[str]) -> None:
    """Of two groups' roles and a direct one, in whichever order they go, exactly one goes each time."""
    world, target, roles = rich
    left = dict(sorted(roles.items(), key=lambda item: -item[1]))
    for source in ("", *order):
        if source == "direct":
            DirectRoles(world.store, target).change("ana", lambda _: None)
        elif source:
            WAYS[way](world, target, source)
        left.pop(source, None)
        expected = [f"{role.name} {ORIGINS[name]}" for name, role in left.items()]
        assert world.roles("ana", target) == expected
        assert world.listed(target).get("ana", []) == expected
        assert told(world.access.role("ana", target)) == (expected[0] if expected else "-")
