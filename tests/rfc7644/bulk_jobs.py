"""Bulk jobs for tests, and what became of them."""

from typing import Any

from flask_bsr_scim.schema import Document
from tests.client import PATCH, Scim, group, user

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


def message(*operations: Any, **members: Any) -> Document:
    """Return a BulkRequest."""
    return {"schemas": [BULK_REQUEST], "Operations": [*operations], **members}


def run(scim: Scim, *operations: Any, **members: Any) -> list[Document]:
    """Send a job and return the results of its operations."""
    response = scim.post("/Bulk", message(*operations, **members))
    assert response.status_code == 200, response.text
    assert response.json["schemas"] == [BULK_RESPONSE]
    results: list[Document] = response.json["Operations"]
    return results


def statuses(results: list[Document]) -> list[str]:
    """Return the status of each result."""
    return [result["status"] for result in results]


def add_user(bulk_id: str | None, name: str | None = None, **attributes: Any) -> Document:
    """Return an operation that creates a user, whose name is that of its bulkId when no other is given."""
    return _operation("POST", "/Users", user(name or bulk_id or "bob", **attributes), bulkId=bulk_id)


def add_group(bulk_id: str, *members: str, **attributes: Any) -> Document:
    """Return an operation that creates a group, whose name is that of its bulkId."""
    return _operation("POST", "/Groups", group(bulk_id, *members, **attributes), bulkId=bulk_id)


def replace(path: str, body: Document, **members: Any) -> Document:
    """Return an operation that replaces a resource."""
    return _operation("PUT", path, body, **members)


def modify(path: str, *operations: Document, **members: Any) -> Document:
    """Return an operation that changes parts of a resource."""
    return _operation("PATCH", path, {"schemas": [PATCH], "Operations": [*operations]}, **members)


def delete(path: str, **members: Any) -> Document:
    """Return an operation that removes a resource."""
    return {"method": "DELETE", "path": path, **members}


def _operation(method: str, path: str, data: Document, **members: Any) -> Document:
    given = {name: value for name, value in members.items() if value is not None}
    return {"method": method, "path": path, "data": data, **given}
