"""The examples of RFC 7644 §3.5.2, on a user and a group that fit them."""

from typing import Any

import pytest

from flask_bsr_scim.patch import Operation, make_patch
from flask_bsr_scim.resource import MemberChanges
from flask_bsr_scim.schema import Document, Validator, load_profile

USER, GROUP = load_profile("rfc7643")
BABS, JAMES = "2819c223-7f76-453a-919d-413861904646", "08e1d05d-121c-4561-8b96-473d93df9210"
WORK_EMAIL = {"value": "bjensen@example.com", "type": "work", "primary": True}
HOME_EMAIL = {"value": "babs@jensen.org", "type": "home"}
OLD_ADDRESS = {"streetAddress": "100 Universal City Plaza", "locality": "Hollywood", "type": "work", "primary": True}
NEW_ADDRESS = {
    "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US",
    "streetAddress": "911 Universal City Plaza",
    "locality": "Hollywood",
    "region": "CA",
    "postalCode": "91608",
    "country": "US",
    "type": "work",
    "primary": True,
}
HOME_ADDRESS = {"locality": "Hollywood", "type": "home"}
BJENSEN: Document = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "id": BABS,
    "userName": "bjensen",
    "emails": [WORK_EMAIL],
    "addresses": [OLD_ADDRESS, HOME_ADDRESS],
}


def op(kind: str, path: str | None = None, *value: Any) -> Operation:
    return Operation(kind, path, value[0] if value else None, bool(value))


def member(name: str, member_id: str) -> Document:
    return {"display": name, "$ref": f"https://example.com/v2/Users/{member_id}", "value": member_id}


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        pytest.param(
            op("add", None, {"emails": [HOME_EMAIL], "nickname": "Babs"}),
            {"emails": [WORK_EMAIL, HOME_EMAIL], "nickName": "Babs"},
            id="3.5.2.1 add without path",
        ),
        pytest.param(
            op("remove", 'emails[type eq "work" and value ew "example.com"]'),
            {"emails": None},
            id="3.5.2.2 remove an email",
        ),
        pytest.param(
            op("replace", 'addresses[type eq "work"]', NEW_ADDRESS),
            {"addresses": [NEW_ADDRESS, HOME_ADDRESS]},
            id="3.5.2.3 replace an address",
        ),
        pytest.param(
            op("replace", 'addresses[type eq "work"].streetAddress', "1010 Broadway Ave"),
            {"addresses": [{**OLD_ADDRESS, "streetAddress": "1010 Broadway Ave"}, HOME_ADDRESS]},
            id="3.5.2.3 replace a part of an address",
        ),
        pytest.param(
            op("replace", None, {"emails": [WORK_EMAIL, HOME_EMAIL], "nickname": "Babs"}),
            {"emails": [WORK_EMAIL, HOME_EMAIL], "nickName": "Babs"},
            id="3.5.2.3 replace without path",
        ),
    ],
)
def test_user(operation: Operation, change: Document) -> None:
    """The example changes what the text says, and nothing else."""
    expected = {name: value for name, value in {**BJENSEN, **change}.items() if value is not None}
    assert make_patch([operation], USER, Validator(USER)).apply(BJENSEN) == expected


@pytest.mark.parametrize(
    ("operations", "changes"),
    [
        pytest.param([op("add", "members", [member("Babs", BABS)])], MemberChanges((BABS,)), id="3.5.2.1 add a member"),
        pytest.param(
            [op("remove", f'members[value eq "{BABS}"]')], MemberChanges((), (BABS,)), id="3.5.2.2 remove a member"
        ),
        pytest.param([op("remove", "members")], MemberChanges(clear=True), id="3.5.2.2 remove all members"),
        pytest.param(
            [op("remove", f'members[value eq "{BABS}"]'), op("add", "members", [member("James", JAMES)])],
            MemberChanges((JAMES,), (BABS,)),
            id="3.5.2.2 remove one and add another",
        ),
        pytest.param(
            [op("remove", "members"), op("add", "members", [member("Babs", BABS), member("James", JAMES)])],
            MemberChanges((BABS, JAMES), clear=True),
            id="3.5.2.2 remove all and add others",
        ),
        pytest.param(
            [op("replace", "members", [member("Babs", BABS), member("James", JAMES)])],
            MemberChanges((BABS, JAMES), clear=True),
            id="3.5.2.3 replace all members",
        ),
    ],
)
def test_group(operations: list[Operation], changes: MemberChanges) -> None:
    """The example becomes the change of members that the text describes."""
    assert make_patch(operations, GROUP, Validator(GROUP)).member_changes(list) == changes
