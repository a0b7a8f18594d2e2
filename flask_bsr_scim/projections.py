"""Selections of attributes in compiled form, kept for whoever asks for the same again."""

from collections.abc import Iterable
from functools import lru_cache

from flask_bsr_scim.dialects import Speech
from flask_bsr_scim.messages import Selection
from flask_bsr_scim.schema import JSON, TypeRegistry
from flask_bsr_scim.schema.projection import Projection, make_projection
from flask_bsr_scim.schema.requested import Requested

_KEPT = 256


class Projections:
    """Projections of some types.

    :ivar of: returns the projection for the name of a type, a selection, and the paths that a write named of what is
        returned on request.
    :ivar requested: what is returned on request, by the names of the types that have such attributes.
    """

    def __init__(self, types: TypeRegistry) -> None:
        self._types = types
        self.of = lru_cache(_KEPT)(self._make)
        self.requested = {t.name: found for t in types if (found := Requested(t)).paths}

    def of_write(self, type_name: str, selection: Selection, bodies: Iterable[JSON]) -> Projection:
        """Return the projection for the answer to a write, of a type in `requested`; `bodies` hold what it named."""
        return self.of(type_name, selection, self.requested[type_name].named(bodies))

    def _make(self, type_name: str, selection: Selection, written: frozenset[str] = frozenset()) -> Projection:
        resource_type = self._types.by_name[type_name]
        with Speech():  # What is kept serves every dialect. A name that nothing has is ignored in each of them.
            return make_projection(resource_type, selection.attributes, selection.excluded_attributes, written)
