"""Answers to a client that are told by their status (RFC 7644 §3.12)."""

from collections.abc import Iterable

from flask_bsr_scim.errors.protocol import ScimError


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
    """RFC 7644 §3.14, 412: the resource is not in the version that If-Match, or an operation of a bulk job, names."""

    status = 412
    detail = (
        "The resource was changed in the meantime, and is not in the version that the request names. Read it again."
    )


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


def _counted(amount: int, thing: str) -> str:
    return f"{amount} {thing}" if amount == 1 else f"{amount} {thing}s"
