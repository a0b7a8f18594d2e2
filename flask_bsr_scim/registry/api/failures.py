"""What goes wrong, as Connect tells it."""

import logging

from connectrpc.code import Code
from connectrpc.errors import ConnectError

from flask_bsr_scim.errors import InternalError, ScimError, ServiceUnavailable, StoreUnavailable
from flask_bsr_scim.registry.errors import RegistryError
from flask_bsr_scim.registry.tokens import without_tokens

log = logging.getLogger(__name__)

_CODES = {
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.UNIMPLEMENTED,
    409: Code.ALREADY_EXISTS,
    413: Code.RESOURCE_EXHAUSTED,
    429: Code.RESOURCE_EXHAUSTED,
    501: Code.UNIMPLEMENTED,
    503: Code.UNAVAILABLE,
}
"""By the status of an error that this API shares with SCIM; of others, the client sent what it should not."""


def connect_error(error: Exception, request_id: str | None) -> ConnectError:
    """Return the one answer to any exception, which says nothing of the inside: the log has that."""
    match error:
        case RegistryError():
            return ConnectError(Code(error.code), without_tokens(str(error)))
        case StoreUnavailable():
            log.error("the store does not answer: %s", error)
            return ConnectError(Code.UNAVAILABLE, ServiceUnavailable.detail)
        case ScimError():
            return ConnectError(_CODES.get(error.status, Code.INVALID_ARGUMENT), without_tokens(error.detail))
    log.error("unexpected error, request=%s", request_id, exc_info=error)
    return ConnectError(Code.INTERNAL, InternalError.detail)
