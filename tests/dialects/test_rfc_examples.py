"""The examples of RFC 7644 are served in the dialect `strict`, and need no more than the RFC has."""

from collections.abc import Callable
from typing import Any

import pytest

from flask_bsr_scim.dialects import Dialect
from flask_bsr_scim.schema import Document
from tests.client import ENTERPRISE, SEARCH, USER
from tests.dialects.asking import BULK, Asked, Directory, patch

BABS = {"value": "babs@jensen.org", "type": "home"}
MEMBER = {"display": "Babs Jensen", "$ref": "https://example.com/v2/Users/{user}", "value": "{user}"}
ADDRESS = {
    "type": "work",
    "streetAddress": "911 Universal City Plaza",
    "locality": "Hollywood",
    "region": "CA",
    "postalCode": "91608",
    "country": "US",
    "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US",
    "primary": True,
}
BARBARA = {
    "schemas": [USER],
    "userName": "bjensen",
    "externalId": "bjensen",
    "name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara"},
}
FILTERS = [
    'userName eq "bjensen"',
    'name.familyName co "O\'Malley"',
    'userName sw "J"',
    f'{USER}:userName sw "J"',
    "title pr",
    'meta.lastModified gt "2011-05-13T04:42:34Z"',
    'meta.lastModified ge "2011-05-13T04:42:34Z"',
    'meta.lastModified lt "2011-05-13T04:42:34Z"',
    'meta.lastModified le "2011-05-13T04:42:34Z"',
    'title pr and userType eq "Employee"',
    'title pr or userType eq "Intern"',
    f'schemas eq "{ENTERPRISE}"',
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
    'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
    'userType eq "Employee" and (emails.type eq "work")',
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
    'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
]


def in_group(*operations: Document) -> Asked:
    """PATCH the group."""
    return patch(*operations, of="/Groups/{group}")


def bulk(*operations: Document, **members: Any) -> Asked:
    """Send a bulk job."""
    return Asked("POST", "/Bulk", {"schemas": [BULK], **members, "Operations": list(operations)})


EXAMPLES = {
    "3.3": Asked("POST", "/Users", BARBARA),
    "3.4.1": Asked("GET", "/Users/{user}"),
    "3.4.2": Asked("GET", "/Users", query={"attributes": "userName"}),
    "3.4.2.1": Asked("GET", "/", query={"filter": '(meta.resourceType eq "User") or (meta.resourceType eq "Group")'}),
    **{f"3.4.2.2 {text}": Asked("GET", "/Users", query={"filter": text}) for text in FILTERS},
    "3.4.2.4": Asked("GET", "/Users", query={"startIndex": "1", "count": "10"}),
    "3.4.3": Asked(
        "POST",
        "/.search",
        {
            "schemas": [SEARCH],
            "attributes": ["displayName", "userName"],
            "filter": 'displayName sw "smith"',
            "startIndex": 1,
            "count": 10,
        },
    ),
    "3.5.1": Asked(
        "PUT",
        "/Users/{user}",
        {
            **BARBARA,
            "id": "{user}",
            "name": {**BARBARA["name"], "middleName": "Jane"},
            "roles": [],
            "emails": [{"value": "bjensen@example.com"}, {"value": "babs@jensen.org"}],
        },
    ),
    "3.5.2.1 members": in_group({"op": "add", "path": "members", "value": [MEMBER]}),
    "3.5.2.1 without path": patch({"op": "add", "value": {"emails": [BABS], "nickname": "Babs"}}),
    "3.5.2.2 one member": in_group({"op": "remove", "path": 'members[value eq "{user}"]'}),
    "3.5.2.2 all members": in_group({"op": "remove", "path": "members"}),
    "3.5.2.2 an address": patch({"op": "remove", "path": 'emails[type eq "work" and value ew "example.com"]'}),
    "3.5.2.2 one for another": in_group(
        {"op": "remove", "path": 'members[value eq "{user}"]'}, {"op": "add", "path": "members", "value": [MEMBER]}
    ),
    "3.5.2.3 all members": in_group({"op": "replace", "path": "members", "value": [MEMBER]}),
    "3.5.2.3 an address": patch(
        {"op": "add", "path": "addresses", "value": [{"type": "work", "locality": "Hollywood"}]},
        {"op": "replace", "path": 'addresses[type eq "work"]', "value": ADDRESS},
    ),
    "3.5.2.3 a street": patch(
        {"op": "add", "path": "addresses", "value": [ADDRESS]},
        {"op": "replace", "path": 'addresses[type eq "work"].streetAddress', "value": "1010 Broadway Ave"},
    ),
    "3.5.2.3 without path": patch({"op": "replace", "value": {"emails": [BABS], "nickname": "Babs"}}),
    "3.6": Asked("DELETE", "/Users/{user}"),
    "3.7.2": bulk(
        {"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": [USER], "userName": "Alice"}},
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "ytrewq",
            "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": "Tour Guides",
                "members": [{"type": "User", "value": "bulkId:qwerty"}],
            },
        },
    ),
    "3.7.3": bulk(
        {"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": [USER], "userName": "Alice"}},
        {
            "method": "PUT",
            "path": "/Users/{user}",
            "data": {"schemas": [USER], "id": "{user}", "userName": "Bob"},
        },
        {
            "method": "PATCH",
            "path": "/Users/{user}",
            "data": [
                {"op": "remove", "path": "nickName"},
                {"op": "add", "path": "userName", "value": "Dave"},
            ],
        },
        {"method": "DELETE", "path": "/Users/{user}"},
        failOnErrors=1,
    ),
    "4": Asked("GET", "/Schemas"),
}


@pytest.mark.parametrize("asked", EXAMPLES.values(), ids=EXAMPLES)
def test_examples_of_the_rfc(asked: Asked, directory: Callable[[str], Directory]) -> None:
    """Strictness refuses nothing that the RFC itself shows."""
    here = directory("rfc7643")
    answer = here.ask(Dialect.STRICT, asked)
    assert answer.status_code in (200, 201, 204), answer.text
    results = answer.json.get("Operations", []) if asked.path == "/Bulk" else []
    assert [r["status"] for r in results if not r["status"].startswith("2")] == [], answer.text
    assert here.needed(Dialect.STRICT).keys() <= Dialect.INTEROP.refused - Dialect.STRICT.refused
