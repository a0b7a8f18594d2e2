"""Users and groups as SCIM shows them, with what they mean in the registry."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_bsr_scim.registry.errors import NotThere
from flask_bsr_scim.registry.mappings import effective_roles
from flask_bsr_scim.registry.owners import work_email
from flask_bsr_scim.registry.targets import find_target
from flask_bsr_scim.resource import Link, Resource
from flask_bsr_scim.view import View
from flask_bsr_scim.web.console.lists import COUNT, Listed, by_id, quoted, resources
from flask_bsr_scim.web.console.page import Asked, Gone, Shown

_STATES = {"active": "active eq true", "deactivated": "active eq false"}


def users(asked: Asked) -> Shown:
    """Return the users, or one of them."""
    if asked.tail:
        return _user(asked)
    words, state = asked.argument("q"), asked.argument("state")
    terms = [_STATES[state]] if state in _STATES else []
    if words:
        terms.append(f"(userName co {quoted(words)} or emails.value co {quoted(words)})")
    listed = resources(asked, "User", " and ".join(terms), _user_row, q=words, state=state)
    return Shown("users.html", {"listed": listed, "words": words, "state_made": state})


def _user_row(user: Resource) -> Mapping[str, Any]:
    document = user.document
    return {
        "id": user.id,
        "user_name": document.get("userName", ""),
        "name": _person(document),
        "email": work_email(document) or "",
        "active": document.get("active", True),
        "modified": user.modified,
    }


def _person(document: Mapping[str, Any]) -> str:
    name = document.get("name") or {}
    parts = " ".join(filter(None, (name.get("givenName"), name.get("familyName"))))
    return str(document.get("displayName") or name.get("formatted") or parts)


def _user(asked: Asked) -> Shown:
    user = _resource(asked, "User")
    try:
        registered = asked.registry.users.get(user.id)
    except NotThere:
        registered = None
    values = {
        "user": _user_row(user),
        "registered": registered,
        "groups": user.links,
        "organizations": asked.registry.access.organizations_of(user.id),
        "text": View(asked.store.backend.types, "").text(user),
        "resource": user,
    }
    return Shown("user.html", values)


def groups(asked: Asked) -> Shown:
    """Return the groups, or one of them."""
    if asked.tail:
        return _group(asked)
    words = asked.argument("q")
    condition = f"displayName co {quoted(words)}" if words else ""
    listed = resources(asked, "Group", condition, lambda group: _group_row(asked, group), q=words)
    return Shown("groups.html", {"listed": listed, "words": words})


def _group_row(asked: Asked, group: Resource) -> Mapping[str, Any]:
    name = group.document.get("displayName", "")
    return {
        "id": group.id,
        "name": name,
        "members": asked.store.backend.count_members(asked.guest.tenant, [group.id]),
        "mapped": list(_mapped(asked, name)),
        "modified": group.modified,
    }


def _mapped(asked: Asked, group: str) -> Iterator[Mapping[str, Any]]:
    """Yield where the members of a group have a role, and which."""
    for mapping in asked.registry.mappings.of_group(group):
        try:
            target = find_target(asked.store, mapping.target_id)
        except NotThere:
            continue
        name = getattr(target, "full_name", None) or getattr(target, "name", "")
        role = effective_roles(target, [mapping])[group]
        yield {"id": target.id, "name": name, "role": role, "is_organization": not hasattr(target, "full_name")}


def _group(asked: Asked) -> Shown:
    group = asked.store.get("Group", asked.tail)
    if group is None:
        raise Gone("There is no group with this id. It may have been deleted.")

    def read(after: str | None, backward: bool) -> list[Link]:
        backend, tenant = asked.store.backend, asked.guest.tenant
        return backend.members(tenant, [group.id], after=after, count=COUNT + 1, reverse=backward)

    page = by_id(asked, f"members of {group.id}", read, lambda link: str(link.id))
    members = Listed([_member(asked, link) for link in page.items], page.earlier, page.later)
    text = View(asked.store.backend.types, "").text(group)
    return Shown("group.html", {"group": _group_row(asked, group), "members": members, "text": text, "resource": group})


def _member(asked: Asked, link: Link) -> Mapping[str, Any]:
    resource = asked.store.get(link.type, link.id)
    document: Mapping[str, Any] = {} if resource is None else resource.document
    return {
        "id": link.id,
        "type": link.type,
        "name": document.get("userName") or document.get("displayName") or link.id,
        "person": _person(document),
        "active": document.get("active", True),
    }


def _resource(asked: Asked, type_name: str) -> Resource:
    resource = asked.store.backend.get(asked.guest.tenant, type_name, asked.tail, links=True)
    if resource is None:
        raise Gone(f"There is no {type_name.lower()} with this id. It may have been deleted.")
    return resource
