"""What can go wrong, one class a kind.

:class:`ScimError` and its children are answers to a client (RFC 7644 §3.12). :class:`StoreError` and its
children are what a storage backend reports; the provider turns them into answers.
:class:`ConfigurationError` is a mistake of the host application and is raised at start-up.
"""

from collections.abc import Iterable, Sequence


class ConfigurationError(Exception):
    """A setting, schema or backend URI of the host application is wrong; the message lists the valid choices."""


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
    """RFC 7644 §3.12 `tooMany`: the filter matches more than the server is willing to work through."""

    scim_type = "tooMany"
    detail = "The filter matches too many resources; narrow it."


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


class Unauthorized(ScimError):
    """RFC 6750 §3: no credential, or one that is not accepted; says nothing about why."""

    status = 401
    detail = "The bearer token is missing, unknown, expired or revoked. Enter a valid SCIM token."


class Forbidden(ScimError):
    """RFC 7644 §3.12, 403: the credential is good and does not allow this."""

    status = 403
    detail = "This token is not allowed to do that."


class InsufficientScope(Forbidden):
    """RFC 6750 §3.1 `insufficient_scope`, 403: the credential lacks `scope`."""

    def __init__(self, detail: str, scope: str) -> None:
        self.scope = scope
        super().__init__(detail)


class NotFound(ScimError):
    """RFC 7644 §3.12, 404: no such resource or endpoint."""

    status = 404
    detail = "There is no such resource."


class MethodNotAllowed(ScimError):
    """RFC 9110 §15.5.6: `allowed` are the methods that work there (the `Allow` header)."""

    status = 405

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = tuple(sorted(allowed))
        super().__init__(f"This method is not allowed here; use {', '.join(self.allowed)}.")


class Conflict(ScimError):
    """RFC 7644 §3.7.1, 409: an operation of a bulk job depends on another one, which failed."""

    status = 409
    detail = "The operation depends on another one, which failed."


class PreconditionFailed(ScimError):
    """RFC 7644 §3.14, 412: the resource is not in the version that If-Match names."""

    status = 412
    detail = "The resource was changed in the meantime: its version is not the one in If-Match. Read it again."


class PayloadTooLarge(ScimError):
    """RFC 7644 §3.7.4, 413."""

    status = 413

    def __init__(self, limit: int, unit: str = "bytes") -> None:
        super().__init__(f"The request body is larger than the limit of {limit} {unit}.")


class UnsupportedMediaType(ScimError):
    """RFC 7644 §3.8, 415."""

    status = 415
    detail = "Send the body as application/scim+json (or application/json), in UTF-8."


class TooManyRequests(ScimError):
    """RFC 6585 §4, 429: the credential made more requests than it may; `retry_after` is in whole seconds."""

    status = 429

    def __init__(self, amount: int, unit: str, retry_after: int) -> None:
        self.retry_after = retry_after
        requests, seconds = _counted(amount, "request"), _counted(retry_after, "second")
        super().__init__(f"This token may make {requests} per {unit}. Try again in {seconds}.")


class NotImplementedHere(ScimError):
    """RFC 7644 §3.12, 501: the server does not support the request, and announces so."""

    status = 501
    detail = "This server does not support the request."


class ServiceUnavailable(ScimError):
    """RFC 9110 §15.6.4, 503: the store does not answer; `retry_after` is in whole seconds."""

    status = 503
    retry_after = 2
    detail = "The directory's storage does not answer at the moment. Try again in a few seconds."


class InternalError(ScimError):
    """500, for what nobody foresaw; the log has the rest."""

    status = 500
    detail = "The server met an unexpected error. Its log has the details under this request's id."


class StoreError(Exception):
    """A storage backend could not do what was asked."""


class StoreUnavailable(StoreError):
    """The store is down, locked or unreachable. Nothing was written."""


class ResourceNotFound(StoreError):
    """A swap, removal or membership change names a resource that is not there."""

    def __init__(self, type_name: str, resource_id: str) -> None:
        self.type_name, self.resource_id = type_name, resource_id
        super().__init__(f"{type_name} {resource_id} is not there")


class VersionConflict(StoreError):
    """A swap or removal expected another version than the stored one."""


class UniquenessConflict(StoreError):
    """Another resource holds the value of a unique attribute (`attribute` is its SCIM path, as `emails.value`)."""

    def __init__(self, type_name: str, attribute: str, value: str, holder: str) -> None:
        self.type_name, self.attribute, self.value, self.holder = type_name, attribute, value, holder
        super().__init__(f"{type_name}.{attribute} is taken")


class UnknownMembers(StoreError):
    """Members to be linked that do not exist in the tenant, or are of a type the group cannot hold."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"{len(self.ids)} unknown members")


def shown(*values: str, most: int = 3, length: int = 80) -> str:
    """Return a few of the values for a message: quoted, shortened, and without anything that could break a line."""
    text = ", ".join(_quoted(value, length) for value in values[:most])
    return text if len(values) <= most else f"{text} and {len(values) - most} more"


def _counted(amount: int, thing: str) -> str:
    return f"{amount} {thing}" if amount == 1 else f"{amount} {thing}s"


def _quoted(value: str, length: int) -> str:
    text = "".join(c if c.isprintable() else "?" for c in value[:length])
    return f'"{text}{"…" if len(value) > length else ""}"'
