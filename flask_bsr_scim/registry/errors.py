"""What the registry refuses, one class a kind; `code` is the Connect error code of the same name."""

from typing import ClassVar


class RegistryError(Exception):
    """A refusal; the message is one sentence for the administrator who asked."""

    code: ClassVar[str]


class InvalidArgument(RegistryError):
    """A value is not acceptable, whatever the registry holds."""

    code = "invalid_argument"


class Unauthenticated(RegistryError):
    """There is no valid credential."""

    code = "unauthenticated"


class PermissionDenied(RegistryError):
    """The caller's roles do not allow it."""

    code = "permission_denied"


class NotThere(RegistryError):
    """What the request names does not exist."""

    code = "not_found"


class AlreadyExists(RegistryError):
    """What the request would make is there already."""

    code = "already_exists"


class FailedPrecondition(RegistryError):
    """The registry is not in a state that allows it."""

    code = "failed_precondition"


class Busy(RegistryError):
    """Other writers came first time and again; the same request may succeed later."""

    code = "unavailable"
