"""Checks that both identity providers make of what they look up and read."""

from collections.abc import Mapping
from typing import Any

from flask_bsr_scim.checks.connector import Connector
from flask_bsr_scim.checks.expectations import check_id, expect_status, expect_values, read_resource
from flask_bsr_scim.checks.faults import Answer, Fault, Kind
from flask_bsr_scim.errors import shown

FILTER = "RFC 7644 §3.4.2.2"


def expect_nobody(connector: Connector, answer: Answer, attribute: str) -> None:
    """Check that a look-up by a value that nobody has finds nothing.

    :raises Fault: it finds something, or is no complete list.
    """
    change = f"Answer a filter that matches nothing, as {attribute} eq of an unknown value, with 200 and an empty list."
    expect_status(answer, 200, change=change, rfc="RFC 7644 §3.4.2")
    page = connector.found(answer)
    if page.total or page.resources:
        number = max(page.total, len(page.resources))
        problem = f"{number} resources match a {attribute} that nobody has: the filter is not applied."
        change = f"Apply the filter {attribute} eq; the identity provider would link the first that comes."
        raise Fault(Kind.CONTENT, problem, change, FILTER, answer)


def expect_one(connector: Connector, answer: Answer, attribute: str, value: str, identifier: str) -> Mapping[str, Any]:
    """Return the one resource that a look-up finds.

    :param identifier: the id that it has to have.
    :raises Fault: it finds none, another one, or several.
    """
    page = connector.found(answer)
    problem = f"{attribute} eq {shown(value)} finds {page.total} resources, not the one that was created."
    if page.total != 1 or len(page.resources) != 1:
        change = f"Find a resource by {attribute} from the moment of its creation, whether it is active or not, once."
        raise Fault(Kind.CONTENT, problem, change, FILTER, answer)
    check_id(page.resources[0], "what was found", answer, identifier)
    return page.resources[0]


def read_created(answer: Answer, attribute: str, value: str, connector: Connector) -> Mapping[str, Any]:
    """Return a resource as its POST is answered, and remember its id for the removal.

    :raises Fault: the answer is not 201 with the whole resource.
    """
    rfc = "RFC 7644 §3.3"
    expect_status(answer, 200, 201, 204, change="Answer with 201 and the whole resource.", rfc=rfc)
    made = read_resource(answer, "the resource that was created", rfc)
    expect_values(
        made, {attribute: value}, f"Answer with the resource as it was stored, {attribute} as sent.", rfc, answer
    )
    connector.made[-1].ids.append(made["id"])
    if answer.status != 201:
        connector.warnings.append(f"POST was answered with {answer.status}; {rfc} has 201.")
    return made


def expect_conflict(answer: Answer, attribute: str, connector: Connector) -> None:
    """Check that what is there already cannot be created again.

    :raises Fault: it was created a second time, or the status is not 409.
    """
    rfc = "RFC 7644 §3.3"
    change = f"Answer 409 with scimType uniqueness, and a detail that names {attribute} and the value."
    if answer.status in (200, 201):
        raise Fault(Kind.CONTENT, f"A second resource with the same {attribute} was created.", change, rfc, answer)
    expect_status(answer, 409, change=change, rfc=rfc)
    if b"uniqueness" not in answer.body:
        connector.warnings.append(f"The 409 has no scimType uniqueness ({rfc}).")


def expect_changed(answer: Answer, identifier: str, method: str) -> None:
    """Check the answer to a PUT or PATCH: 200 with the resource; after a PATCH also 204.

    :raises Fault: it is another one.
    """
    section = {"PUT": "RFC 7644 §3.5.1", "PATCH": "RFC 7644 §3.5.2"}[method]
    allowed = (200, 204) if method == "PATCH" else (200,)
    expect_status(answer, *allowed, change=f"Take this {method}, and answer with 200 and the resource.", rfc=section)
    if answer.status == 200:
        read_resource(answer, "the resource", section, identifier)


def read_back(connector: Connector, path: str, identifier: str) -> tuple[Answer, Mapping[str, Any]]:
    """Return what a GET shows of a resource.

    :raises Fault: it is not there, or another one.
    """
    rfc = "RFC 7644 §3.4.1"
    answer = connector.send("GET", path)
    expect_status(answer, 200, change="Serve each resource under its id until it is deleted.", rfc=rfc)
    return answer, read_resource(answer, "the resource", rfc, identifier)


def expect_members(connector: Connector, path: str, identifier: str, expected: set[str], change: str, rfc: str) -> None:
    """Check who is in a group, by what a GET shows.

    :raises Fault: somebody is missing, or there who should not be.
    """
    answer, group = read_back(connector, path, identifier)
    members = group.get("members") or []
    found = (
        {member.get("value") for member in members if isinstance(member, dict)} if isinstance(members, list) else set()
    )
    if found != expected:
        problem = f"The group has {len(found)} members, of which {len(found & expected)} of the {len(expected)} pushed."
        raise Fault(Kind.CONTENT, problem, change, rfc, answer)


def find_in_capitals(connector: Connector) -> None:
    """Check that the user is found whatever the letter case (RFC 7643 §4.1.1).

    :raises Fault: it is not.
    """
    user_name = connector.names.user.upper()
    expect_one(connector, connector.find_user(user_name), "userName", user_name, connector.ids["user"])


def create_again(connector: Connector) -> None:
    """Check that the user cannot be created a second time.

    :raises Fault: it can, or the status is not 409.
    """
    made = next(made for made in connector.made if connector.names.user in made.names)
    expect_conflict(connector.create_user(made, connector.names.user), "userName", connector)


def find_no_group(connector: Connector) -> None:
    """Check that a group that is not there is not found.

    :raises Fault: the look-up finds something, or is no complete list.
    """
    expect_nobody(connector, connector.find_group(connector.names.group), "displayName")


def delete(connector: Connector, path: str) -> None:
    """Delete a resource, and check that it is gone.

    :raises Fault: it cannot be deleted, or is still there.
    """
    rfc = "RFC 7644 §3.6"
    answer = connector.send("DELETE", path)
    expect_status(answer, 200, 204, change="Delete what is under this id, and answer 204 without a body.", rfc=rfc)
    expect_status(connector.send("GET", path), 404, change="Answer 404 for what was deleted.", rfc=rfc)
