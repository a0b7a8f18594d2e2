"""What a thread presumes: asked of the store together with whatever it asks next."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Final, final

from flask_bsr_scim.backends.conventions import WrappedErrors

_NOTHING: Final = nullcontext()


class Presumptions(ABC):
    """The part of the contract that saves a question to a store which is far away.

    Inside of :meth:`presuming`, a backend may believe what :meth:`presume` asks first. It finds out with the next
    question of the thread, before that one is answered and before anything is written, or else at the end of the
    context. If it was wrong, :class:`PresumptionError` is raised there, whatever else went wrong, unless the store does
    not answer.
    """

    PRESUMES: ClassVar[bool] = False
    """Whether the backend ever does."""

    _wrapped: WrappedErrors
    _unique: Mapping[tuple[str, str], Callable[[Any], Any]]

    @final
    def presume(self, tenant: str, type_name: str, attribute: str, value: str) -> bool:
        """Tell whether a resource holds the value of a unique attribute, or believe so for the time being."""
        with self._wrapped:
            return self._presume(tenant, type_name, attribute, value)

    def presuming(self) -> AbstractContextManager[None]:
        """Allow the calling thread to presume, here nothing; a backend can do better.

        :raises PresumptionError: it presumed what is not so.
        :raises StoreUnavailable: that could not be found out.
        """
        return _NOTHING

    def confirm(self) -> None:
        """Find out now, and presume nothing more; errors as above."""

    def _presume(self, tenant: str, type_name: str, attribute: str, value: str) -> bool:
        return self._is_held(tenant, type_name, attribute, self._unique[type_name, attribute](value))

    @abstractmethod
    def _is_held(self, tenant: str, type_name: str, attribute: str, key: Any) -> bool: ...
