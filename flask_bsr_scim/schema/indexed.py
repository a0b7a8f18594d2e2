"""What backends keep indexes of: unique values, values that are looked for, and references."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_bsr_scim.schema.attribute import JSON, Source, Uniqueness
from flask_bsr_scim.schema.paths import AttributePath, values_at
from flask_bsr_scim.schema.values import KeyFunction


@dataclass(frozen=True, slots=True)
class IndexedAttribute:
    """An attribute that backends keep an index of: unique, or marked as indexed.

    `name` is that of the index in a tenant, as `User.emails.value`; `path` the SCIM path, as `emails.value`.
    """

    name: str
    path: str
    target: AttributePath
    unique: bool
    only: frozenset[Any] = frozenset()
    """The keys that are in the index, when not all are."""
    top: str = field(init=False, compare=False, repr=False)
    """The member of a document in which the values lie."""
    _key: KeyFunction = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "top", self.target.top)
        object.__setattr__(self, "_key", self.target.leaf.key)

    @property
    def form(self) -> str:
        """How the index is kept; an index that was kept in another form has to be made anew."""
        return f"{'unique' if self.unique else 'plain'} {sorted(self.only)}"

    def has(self, key: Any) -> bool:
        """Tell whether the resources that hold a key are in the index."""
        return not self.only or key in self.only

    def keys(self, document: Mapping[str, JSON]) -> dict[Any, Any]:
        """Return the comparison keys of the values in a document that the index has, each with a value that has it."""
        if self.top not in document:
            return {}
        key, only = self._key, self.only
        keys = {key(value): value for value in values_at(document, self.target)}
        return {key: value for key, value in keys.items() if key in only} if only else keys


def indexed_attributes(type_name: str, paths: Iterable[AttributePath]) -> Iterator[IndexedAttribute]:
    """Yield what is indexed of the attributes of a type, and of their parts."""
    for path in paths:
        for sub in (None, *path.leaf.sub_attributes):
            target = AttributePath(path.extension, path.attribute, sub)
            leaf, unique = target.leaf, target.leaf.uniqueness is not Uniqueness.NONE
            # Whoever refers to a resource has to be found when it ends.
            refers = sub is not None and sub.name == "value" and path.leaf.refers_to
            if target.stored and path.leaf.source is Source.DOCUMENT and (unique or leaf.indexed or refers):
                only = frozenset(map(leaf.key, leaf.indexed_values))
                yield IndexedAttribute(f"{type_name}.{target}", str(target), target, unique, only)
