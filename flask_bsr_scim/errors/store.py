"""What a storage backend reports; the provider turns it into answers."""

from collections.abc import Sequence


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


class PresumptionError(Exception):
    """Nothing holds a value that was presumed to be held (see :mod:`flask_bsr_scim.backends.presumptions`).

    No error of one question: it is about all that was done since.
    """


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
