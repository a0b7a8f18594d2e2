"""What Entra ID does, step by step: Test Connection, and the life of users and of groups."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from flask_bsr_scim.checks.connector import Made, path_of
from flask_bsr_scim.checks.entra import Entra
from flask_bsr_scim.checks.expectations import expect_status, expect_values, read_resource
from flask_bsr_scim.checks.faults import Fault, Kind
from flask_bsr_scim.checks.lookups import (
    create_again,
    delete,
    expect_changed,
    expect_members,
    expect_nobody,
    expect_one,
    find_in_capitals,
    find_no_group,
    read_back,
    read_created,
)
from flask_bsr_scim.checks.runner import Course, Step

_STORE = "Store what was sent, and show it at once; letter case of op, and of True and False, does not matter."
_ACTIVE = 'Store active, and show it at once; without a flag it comes as the string "True" or "False".'
_MEMBERS_CHANGE = (
    "Add and remove exactly the members that are named: a Remove with a list of values removes only these."
)


# Test Connection


def _test_users(entra: Entra) -> None:
    answer = entra.find_user(str(uuid4()))
    expect_nobody(entra, answer, "userName")
    media_type = answer.headers.get("content-type", "")
    if not media_type.startswith("application/scim+json"):
        entra.warnings.append(f"The type of the answer is {media_type!r}; Entra asks for application/scim+json.")


def _test_groups(entra: Entra) -> None:
    expect_nobody(entra, entra.find_group(str(uuid4())), "displayName")


# Users


def _match(entra: Entra) -> None:
    expect_nobody(entra, entra.find_user(entra.names.user), "userName")


def _create(name: str, entra: Entra) -> None:
    user_name = getattr(entra.names, name)
    made = Made("/Users", "userName", (user_name,))
    user = read_created(entra.create_user(made, user_name), "userName", user_name, entra)
    expect_one(entra, entra.find_user(user_name), "userName", user_name, user["id"])
    entra.ids[name] = user["id"]
    _check_user(entra, name, active=True, emails=user_name, **{"name.familyName": "Check"})


def _update(entra: Entra) -> None:
    email = f"new-{entra.names.user}"
    _patch_user(entra, *entra.update(email, "Renamed"))
    _check_user(entra, "user", active=True, emails=email, **{"name.familyName": "Renamed"})


def _set_active(active: bool, entra: Entra) -> None:
    _patch_user(entra, entra.set_active(active))
    _check_user(entra, "user", active=active)
    found = expect_one(entra, entra.find_user(entra.names.user), "userName", entra.names.user, entra.ids["user"])
    expect_values(found, {"active": active}, _ACTIVE, "RFC 7643 §4.1.1")


def _delete_user(entra: Entra) -> None:
    delete(entra, path_of("/Users", entra.ids["user"]))
    expect_nobody(entra, entra.find_user(entra.names.user), "userName")


def _patch_user(entra: Entra, *operations: Mapping[str, Any]) -> None:
    identifier = entra.ids["user"]
    expect_changed(entra.patch(path_of("/Users", identifier), *operations), identifier, "PATCH")


def _check_user(entra: Entra, name: str, active: bool, **values: Any) -> None:
    identifier = entra.ids[name]
    answer, user = read_back(entra, path_of("/Users", identifier), identifier)
    expect_values(user, {"active": active}, _ACTIVE, "RFC 7643 §4.1.1", answer)
    expect_values(user, values, _STORE, "RFC 7644 §3.5.2", answer)


# Groups


def _create_group(entra: Entra) -> None:
    name = entra.names.group
    made = Made("/Groups", "displayName", (name, entra.names.renamed))
    group = read_created(entra.create_group(made, name), "displayName", name, entra)
    expect_one(entra, entra.find_group(name), "displayName", name, group["id"])
    entra.ids["group"] = group["id"]


def _add_members(entra: Entra) -> None:
    _patch_group(entra, entra.add_members(entra.ids["user"], entra.ids["second"]))
    _check_members(entra, "user", "second")


def _read_without_members(entra: Entra) -> None:
    answer = entra.read_group(entra.ids["group"])
    expect_status(answer, 200, rfc="RFC 7644 §3.4.1")
    group = read_resource(answer, "the group", "RFC 7644 §3.4.1", entra.ids["group"])
    if group.get("members"):
        change = "Leave out what excludedAttributes names."
        raise Fault(Kind.CONTENT, "members are there, and were excluded.", change, "RFC 7644 §3.9", answer)


def _remove_member(entra: Entra) -> None:
    _patch_group(entra, entra.remove_member(entra.ids["user"]))
    _check_members(entra, "second")


def _rename(entra: Entra) -> None:
    group = entra.ids["group"]
    _patch_group(entra, entra.rename(entra.names.renamed))
    answer, stored = read_back(entra, path_of("/Groups", group), group)
    expect_values(stored, {"displayName": entra.names.renamed}, _STORE, "RFC 7644 §3.5.2", answer)
    _check_members(entra, "second")


def _delete_group(entra: Entra) -> None:
    delete(entra, path_of("/Groups", entra.ids["group"]))


def _patch_group(entra: Entra, *operations: Mapping[str, Any]) -> None:
    identifier = entra.ids["group"]
    expect_changed(entra.patch(path_of("/Groups", identifier), *operations), identifier, "PATCH")


def _check_members(entra: Entra, *names: str) -> None:
    group = entra.ids["group"]
    expected = {entra.ids[name] for name in names}
    expect_members(entra, path_of("/Groups", group), group, expected, _MEMBERS_CHANGE, "RFC 7644 §3.5.2")


_MEMBERS = ("user", "second", "group")

_USERS: tuple[Step[Entra], ...] = (
    Step("user.match", "Look for a user who is not there", "match", _match),
    Step("user.create", "Create the user", "create", partial(_create, "user")),
    Step("user.match_case", "Find the user in capital letters", "match", find_in_capitals, ("user",)),
    Step("user.conflict", "Create the same user again", "create", create_again, ("user",)),
    Step("user.update", "Update the user", "update", _update, ("user",)),
    Step("user.disable", "Disable the user", "update", partial(_set_active, False), ("user",)),
    Step("user.restore", "Restore the user", "update", partial(_set_active, True), ("user",)),
)

_GROUPS: tuple[Step[Entra], ...] = (
    Step("group.match", "Look for a group that is not there", "match", find_no_group),
    Step("group.create", "Create the group", "create", _create_group),
    Step("group.member", "Create a second user", "create", partial(_create, "second")),
    Step("group.add", "Add two members", "update", _add_members, _MEMBERS),
    Step("group.exclude", "Read the group without its members", "match", _read_without_members, ("group",)),
    Step("group.remove", "Remove one member", "update", _remove_member, _MEMBERS),
    Step("group.rename", "Rename the group", "update", _rename, _MEMBERS),
    Step("group.delete", "Delete the group", "delete", _delete_group, ("group",)),
)

COURSE = Course(
    Step("test.users", "Test Connection: users", "test", _test_users),
    Step("test.groups", "Test Connection: groups", "test", _test_groups),
    _USERS,
    _GROUPS,
    Step("user.delete", "Delete the user", "delete", _delete_user, ("user",)),
)
