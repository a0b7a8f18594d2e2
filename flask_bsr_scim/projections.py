"""Selections of attributes in compiled form, kept for whoever asks for the same again."""

from functools import lru_cache

from flask_bsr_scim.dialects import Speech
from flask_bsr_scim.messages import Selection
from flask_bsr_scim.schema import TypeRegistry
from flask_bsr_scim.schema.projection import Projection, make_projection

_KEPT = 256


class Projections:
    """Projections of some types.

    :ivar of: returns the projection for the name of a type and a selection.
    """

    def __init__(self, types: TypeRegistry) -> None:
        self._types = types
        self.of = lru_cache(_KEPT)(self._make)

    def _make(self, type_name: str, selection: Selection) -> Projection:
        with Speech():  # What is kept serves every dialect. A name that nothing has is ignored in each of them.
            return make_projection(self._types.by_name[type_name], selection.attributes, selection.excluded_attributes)
