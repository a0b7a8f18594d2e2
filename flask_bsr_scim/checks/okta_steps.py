"""What Okta does, step by step: the test of the connector, and the life of users and of groups."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask_bsr_scim.checks.connector import Made, path_of
from flask_bsr_scim.checks.expectations import expect_values
from flask_bsr_scim.checks.faults import Kind
from flask_bsr_scim.checks.imports import check_order, find, read_all
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
from flask_bsr_scim.checks.okta import Okta
from flask_bsr_scim.checks.pages import read_list
from flask_bsr_scim.checks.runner import Course, Outcome, Report, Result, Step

GROUPS_SECONDS = 0.6
"""What Okta's SPEC test allows for `GET /Groups`."""

_STORE = "Store what was sent, and show it at once."
_ACTIVE = "Store active, and show it at once: this is how Okta takes access away and gives it back."

DIALOG = (
    ("User Import", "Import New Users and Profile Updates", "test.users"),
    ("Import Profile Updates", "Import New Users and Profile Updates", "test.users"),
    ("Create Users", "Push New Users", "test.users"),
    ("Update User Attributes", "Push Profile Updates", "test.users"),
    ("Push Groups", "Push Groups", "test.groups"),
    ("Import Groups", "Import Groups", "test.groups"),
)
"""The lines of Okta's dialog: what it shows, the provisioning action that asks for it, and the step that decides."""


def dialog(report: Report) -> list[dict[str, Any]]:
    """Return the lines of Okta's dialog: `line`, `action`, and `passed`, None for what was not asked for or reached."""
    passed = {outcome.key: _is_taken(outcome) for outcome in report.outcomes}
    return [{"line": line, "action": action, "passed": passed.get(key)} for line, action, key in DIALOG]


def _is_taken(outcome: Outcome) -> bool:
    """Tell whether Okta takes the answers of a step for a success: it looks at their form, and not at what they say."""
    is_untrue = outcome.fault is not None and outcome.fault.kind is Kind.CONTENT
    return outcome.result is Result.PASSED or is_untrue


# The test of the connector


def _test_users(okta: Okta) -> None:
    read_list(okta.page("/Users", 1, 2), count=2)


def _test_groups(okta: Okta) -> None:
    answer = okta.page("/Groups", 1)
    read_list(answer, count=100)
    if answer.seconds > GROUPS_SECONDS:
        okta.warnings.append(f"GET /Groups took {answer.seconds:.1f} s; Okta's SPEC test wants less than 0.6 s.")


# Users


def _match(okta: Okta) -> None:
    answer = okta.find_user(okta.names.user)
    if answer.status == 404:
        okta.warnings.append(
            "A user that is not there is 404; Okta takes it, RFC 7644 §3.4.2 has 200, and Entra fails."
        )
        return
    expect_nobody(okta, answer, "userName")


def _create(name: str, okta: Okta) -> None:
    user_name = getattr(okta.names, name)
    made = Made("/Users", "userName", (user_name,))
    user = read_created(okta.create_user(made, user_name), "userName", user_name, okta)
    expect_one(okta, okta.find_user(user_name), "userName", user_name, user["id"])
    okta.ids[name] = user["id"]
    _check_user(okta, name, "Okta", True)


def _update(okta: Okta) -> None:
    _replace(okta, "user", given_name="Renamed")
    _check_user(okta, "user", "Renamed", True)


def _deactivate(okta: Okta) -> None:
    _set_active(okta, "user", False)
    found = expect_one(okta, okta.find_user(okta.names.user), "userName", okta.names.user, okta.ids["user"])
    expect_values(found, {"active": False}, _ACTIVE, "RFC 7643 §4.1.1")


def _reactivate(okta: Okta) -> None:
    expect_one(okta, okta.find_user(okta.names.user), "userName", okta.names.user, okta.ids["user"])
    _set_active(okta, "user", True)


def _unassign(okta: Okta) -> None:
    for name in ("user", "second"):
        if name in okta.ids:
            _set_active(okta, name, False)


def _set_active(okta: Okta, name: str, active: bool) -> None:
    if okta.patches:
        expect_changed(okta.patch_user(okta.ids[name], active), okta.ids[name], "PATCH")
    else:
        _replace(okta, name, given_name="Renamed", active=active)
    _check_user(okta, name, None, active)


def _replace(okta: Okta, name: str, **changes: Any) -> None:
    identifier = okta.ids[name]
    _, stored = read_back(okta, path_of("/Users", identifier), identifier)
    answer = okta.replace_user(identifier, getattr(okta.names, name), stored, **changes)
    expect_changed(answer, identifier, "PUT")


def _check_user(okta: Okta, name: str, given_name: str | None, active: bool) -> None:
    identifier, user_name = okta.ids[name], getattr(okta.names, name)
    answer, user = read_back(okta, path_of("/Users", identifier), identifier)
    expect_values(user, {"active": active}, _ACTIVE, "RFC 7643 §4.1.1", answer)
    profile = {"userName": user_name, "emails": user_name, "name.familyName": "Check"}
    names = {"name.givenName": given_name} if given_name else {}
    expect_values(user, profile | names, _STORE, "RFC 7643 §4.1", answer)


def _import_users(okta: Okta) -> None:
    ask = partial(okta.page, "/Users")
    resources, complete = read_all(ask, okta)
    if complete:
        check_order(ask, resources)
        user = find(resources, okta.ids["user"])
        expect_values(user, {"userName": okta.names.user, "active": True}, _STORE, "RFC 7644 §3.4.2")


# Groups


def _create_group(okta: Okta) -> None:
    name = okta.names.group
    made = Made("/Groups", "displayName", (name, okta.names.renamed))
    group = read_created(okta.create_group(made, name), "displayName", name, okta)
    expect_changed(okta.name_group(group["id"], name, []), group["id"], _method(okta))
    expect_one(okta, okta.find_group(name), "displayName", name, group["id"])
    okta.ids["group"] = group["id"]


def _add_member(okta: Okta) -> None:
    _push(okta, okta.names.group, added="user")
    _check_members(okta, "user")


def _change_members(okta: Okta) -> None:
    _push(okta, okta.names.group, added="second", removed="user")
    _check_members(okta, "second")


def _rename(okta: Okta) -> None:
    group = okta.ids["group"]
    expect_changed(okta.name_group(group, okta.names.renamed, [_member(okta, "second")]), group, _method(okta))
    answer, stored = read_back(okta, path_of("/Groups", group), group)
    expect_values(stored, {"displayName": okta.names.renamed}, _STORE, "RFC 7643 §4.2", answer)
    _check_members(okta, "second")


def _link(okta: Okta) -> None:
    group, name = okta.ids["group"], okta.names.renamed
    members = [_member(okta, "user"), _member(okta, "second")]
    expect_one(okta, okta.find_group(name), "displayName", name, group)
    expect_changed(okta.name_group(group, name, [_member(okta, "second")]), group, _method(okta))
    expect_changed(okta.push_members(group, name, members), group, _method(okta))
    _check_members(okta, "user", "second")


def _import_groups(okta: Okta) -> None:
    resources, complete = read_all(partial(okta.page, "/Groups"), okta)
    if complete:
        group = find(resources, okta.ids["group"])
        expect_values(group, {"displayName": okta.names.renamed}, _STORE, "RFC 7644 §3.4.2")


def _delete_group(okta: Okta) -> None:
    delete(okta, path_of("/Groups", okta.ids["group"]))


def _push(okta: Okta, name: str, *, added: str, removed: str | None = None) -> None:
    group, members = okta.ids["group"], [_member(okta, added)]
    if okta.patches:
        answer = okta.patch_members(group, members, [_member(okta, removed)] if removed else [])
    else:
        answer = okta.replace_group(group, name, members)
    expect_changed(answer, group, _method(okta))


def _check_members(okta: Okta, *names: str) -> None:
    change = "Keep exactly the members that were pushed; a PUT has them all, a PATCH names those that come and go."
    rfc = "RFC 7644 §3.5.2" if okta.patches else "RFC 7644 §3.5.1"
    group = okta.ids["group"]
    expect_members(okta, path_of("/Groups", group), group, {okta.ids[name] for name in names}, change, rfc)


def _member(okta: Okta, name: str) -> Mapping[str, str]:
    return {"value": okta.ids[name], "display": getattr(okta.names, name)}


def _method(okta: Okta) -> str:
    return "PATCH" if okta.patches else "PUT"


_MEMBERS = ("user", "second", "group")

_USERS: tuple[Step[Okta], ...] = (
    Step("user.match", "Look for a user who is not there", "match", _match),
    Step("user.create", "Create the user", "create", partial(_create, "user")),
    Step("user.match_case", "Find the user in capital letters", "match", find_in_capitals, ("user",)),
    Step("user.conflict", "Create the same user again", "create", create_again, ("user",)),
    Step("user.update", "Push a profile update", "update", _update, ("user",)),
    Step("user.deactivate", "Deactivate the user", "deactivate", _deactivate, ("user",)),
    Step("user.reactivate", "Assign the user again", "reactivate", _reactivate, ("user",)),
    Step("user.import", "Import users, page by page", "import", _import_users, ("user",)),
)

_GROUPS: tuple[Step[Okta], ...] = (
    Step("group.match", "Look for a group that is not there", "create group", find_no_group, about="group"),
    Step("group.create", "Push the group", "create group", _create_group, about="group"),
    Step("group.member", "Create a second user", "create", partial(_create, "second"), about="second"),
    Step("group.add", "Push the first member", "push group", _add_member, _MEMBERS, "group"),
    Step("group.change", "Push a change of members", "push group", _change_members, _MEMBERS, "group"),
    Step("group.rename", "Rename the group", "push group", _rename, _MEMBERS, "renamed"),
    Step("group.link", "Link the group, and push all members", "push group", _link, _MEMBERS, "renamed"),
    Step("group.import", "Import groups, page by page", "import", _import_groups, ("group",)),
    Step("group.delete", "Unlink and delete the group", "delete group", _delete_group, ("group",)),
)

COURSE = Course(
    Step("test.users", "Test Connector Configuration: users", "test", _test_users),
    Step("test.groups", "Test Connector Configuration: groups", "test", _test_groups),
    _USERS,
    _GROUPS,
    Step("user.unassign", "Unassign the user", "deactivate", _unassign, ("user",)),
)
