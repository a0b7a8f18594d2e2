"""Answers to a client that RFC 7644 §3.12 and RFC 9865 §2.1 give a `scimType`, and what all answers have in common."""


class ScimError(Exception):
    """An answer of RFC 7644 §3.12: `status`, `scim_type` and a `detail` for the administrator who reads it."""

    status: int = 400
    scim_type: str | None = None
    detail: str = "The request is not valid."

    def __init__(self, detail: str | None = None) -> None:
        if detail is not None:
            self.detail = detail
        super().__init__(self.detail)


class InvalidFilter(ScimError):
    """RFC 7644 §3.12 `invalidFilter`: the filter breaks the grammar, or compares what cannot be compared."""

    scim_type = "invalidFilter"
    detail = "The filter is not valid."


class TooMany(ScimError):
    """RFC 7644 §3.12 `tooMany`: the request is more work than the server is willing to do."""

    scim_type = "tooMany"
    detail = (
        "The filter takes too long to work through. Use fewer terms, and eq with an attribute that has an index, as "
        "userName or externalId."
    )


class Uniqueness(ScimError):
    """RFC 7644 §3.12 `uniqueness`: another resource has the value of a unique attribute."""

    status = 409
    scim_type = "uniqueness"
    detail = "Another resource has this value already."


class Mutability(ScimError):
    """RFC 7644 §3.12 `mutability`: a readOnly or immutable attribute would change."""

    scim_type = "mutability"
    detail = "The attribute cannot be changed."


class InvalidSyntax(ScimError):
    """RFC 7644 §3.12 `invalidSyntax`: the body's structure is not that of the message."""

    scim_type = "invalidSyntax"
    detail = "The request body is not a valid SCIM message."


class InvalidPath(ScimError):
    """RFC 7644 §3.12 `invalidPath`: a PATCH path or sortBy names no attribute."""

    scim_type = "invalidPath"
    detail = "The path is not valid."


class NoTarget(ScimError):
    """RFC 7644 §3.12 `noTarget`: a PATCH path selects nothing that the operation could act on."""

    scim_type = "noTarget"
    detail = "The path selects no value."


class InvalidValue(ScimError):
    """RFC 7644 §3.12 `invalidValue`: a value is missing, of the wrong type, or not acceptable."""

    scim_type = "invalidValue"
    detail = "A value is not valid."


class InvalidCursor(ScimError):
    """RFC 9865 §2.1 `invalidCursor`: the cursor is none that this service gave for this query; says nothing more."""

    scim_type = "invalidCursor"
    detail = "This query gave no such cursor. Begin again with an empty one, and send the same query with each page."


class ExpiredCursor(ScimError):
    """RFC 9865 §2.1 `expiredCursor`: the cursor was not used in its time."""

    scim_type = "expiredCursor"
    detail = "The cursor has expired. Begin again with an empty cursor."


class InvalidCount(ScimError):
    """RFC 9865 §2.1 `invalidCount`: in a query with a cursor, the count is no integer or not that of the first page."""

    scim_type = "invalidCount"
    detail = "count differs from that of the page that gave the cursor. Ask for each page with the same count."
