"""What happens in the registry beside SCIM, and what it says afterwards; README.md has the words for both."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask

from flask_bsr_scim import current_service
from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.model import HeldRole, Organization, OrganizationRole, RepositoryRole, Target
from flask_bsr_scim.registry.targets import roles_in
from flask_bsr_scim.registry.tokens import Kind
from tests.idp.matching import Names, differences, fill


class RegistrySide:
    """The registry of an application, as its administrators and the people who sign in see it."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            self._service = current_service()
        self._registry = self._service.registry()

    def do(self, deed: str, name: str, value: Any) -> str | None:
        """Do one thing; return the id of what came out of it, if that is to be called by the name."""
        return DEEDS[deed](self, name, value)

    def differences(self, expected: dict[str, Any], names: Names) -> Iterator[str]:
        """Yield how users, and all roles in a place, differ from what is expected."""
        expected = fill(expected, names)
        for user_id, user in expected.get("users", {}).items():
            yield from differences(user, self._user(user_id), names, f"registry user {user_id}")
        for place, roles in expected.get("roles", {}).items():
            target = self._find(place)
            if (listed := self._listed(target)) != roles:
                yield f"roles in {place}: expected {roles}, got {listed}"
            for who, value in names.items():
                held = self._registry.access.role(value, target)
                if (held and _told(held)) != roles.get(value):
                    yield f"role of {who} in {place}: expected {roles.get(value)}, got {held}"

    def _sign_in(self, name: str, value: Any) -> str:
        details = {"email": value} if isinstance(value, str) else value
        return self._registry.sign_in(**details).user.id

    def _make_admin(self, name: str, email: str) -> str:
        user = self._registry.users.create_admin(email)
        self._make_token(name, user.id)
        return user.id

    def _make_token(self, name: str, user_id: str) -> None:
        self._service.tokens.create(self._registry.tenant, Kind.API, user=user_id)

    def _set_active(self, user_id: str, active: bool) -> None:
        self._registry.users.set_active(user_id, active)

    def _restore(self, username: str, email: str) -> None:
        self._registry.users.restore(username, email)

    def _map(self, place: str, groups: dict[str, str | None]) -> None:
        target = self._target(place)
        for group, role in groups.items():
            if role is None:
                self._registry.mappings.remove(target.id, group)
            else:
                self._registry.mappings.add(target.id, group, roles_in(target)[role])

    def _give(self, place: str, roles: dict[str, str]) -> None:
        target = self._target(place)
        for user_id, role in roles.items():
            if isinstance(target, Organization):
                self._registry.organizations.set_member(target.id, user_id, OrganizationRole[role])
            else:
                self._registry.repositories.set_contributor(target.id, user_id, RepositoryRole[role])

    def _find(self, place: str) -> Target:
        """Return an organization, or a repository as `organization/name`."""
        registry = self._registry
        return registry.repositories.by_full_name(place) if "/" in place else registry.organizations.by_name(place)

    def _target(self, place: str) -> Target:
        """Return an organization or repository, which is made when it is not there."""
        try:
            return self._find(place)
        except NotThere:
            organization, _, repository = place.partition("/")
        if not repository:
            return self._registry.organizations.create(organization)
        self._target(organization)
        return self._registry.repositories.create(place)

    def _user(self, user_id: str) -> dict[str, Any]:
        user = self._registry.users.get(user_id)
        return {
            "id": user.id,
            "username": user.username,
            "active": user.active,
            "provisioned": user.provisioned,
            "serverRole": str(user.server_role),
            "apiTokens": sum(token.user == user.id for token in self._service.tokens.list(self._registry.tenant)),
        } | ({} if user.email is None else {"email": user.email})

    def _listed(self, target: Target) -> dict[str, str]:
        members, after = self._registry.access.members(target)
        assert after is None, "there is more than a page of members"
        return {member.user_id: _told(member.roles[0]) for member in members}


DEEDS: dict[str, Callable[[RegistrySide, str, Any], str | None]] = {
    "signIns": RegistrySide._sign_in,
    "admins": RegistrySide._make_admin,
    "apiTokens": RegistrySide._make_token,
    "active": RegistrySide._set_active,
    "restored": RegistrySide._restore,
    "mappings": RegistrySide._map,
    "roles": RegistrySide._give,
}


def _told(held: HeldRole) -> str:
    """Return a role as a text: `ADMIN DIRECT`, `MEMBER IDP_GROUP Engineers`."""
    return " ".join(filter(None, (held.role.name, held.source, held.group)))
