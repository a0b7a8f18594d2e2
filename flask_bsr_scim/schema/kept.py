"""What a change keeps though its body does not hold it (RFC 7643 §7, `mutability` and `returned`)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask_bsr_scim.errors import Mutability as MutabilityError
from flask_bsr_scim.schema.attribute import JSON, Document, Mutability, Returned
from flask_bsr_scim.schema.elements import counterparts
from flask_bsr_scim.schema.mutability import already_set, held, parts_of, paths_of, stored_paths, with_held
from flask_bsr_scim.schema.paths import AttributePath
from flask_bsr_scim.schema.resource_type import ResourceType

Keep = Callable[[Document, AttributePath, Any], Document]
"""Takes the document of a PUT, a path, and the value that was stored there; returns the document with what stays of it.

:raises flask_bsr_scim.errors.Mutability: the document has another value, which it cannot get.
"""


def kept_by_put(resource_type: ResourceType) -> Iterator[tuple[AttributePath, Keep]]:
    """Yield what a PUT keeps that its body does not hold: values of the service, and immutable ones that no answer
    shows, so that what a client read can be sent back (RFC 7644 §3.5.1).
    """
    yield from ((target, with_held) for target in paths_of(Mutability.READ_ONLY, resource_type))
    yield from ((target, _with_unseen) for target in _unseen(resource_type))
    yield from ((parts.target, parts.keep) for parts in fixed_parts(resource_type))


@dataclass(frozen=True, slots=True)
class FixedParts:
    """The parts of the elements of a list that are set once: by themselves, or with the whole list."""

    target: AttributePath
    names: tuple[str, ...]
    """Of the parts that are immutable by themselves."""
    unseen: frozenset[str]
    """Parts that a client need not repeat: no answer shows them, or they follow from others."""

    def keep(self, document: Document, target: AttributePath, before: Any) -> Document:
        """See :data:`Keep`."""
        after = held(document, target)
        return document if after is None else with_held(document, target, self.elements(before, after))

    def elements(self, before: Any, after: list[Document]) -> list[Document]:
        """Return the new elements with what stays of the old ones that are the same; others come and go as they like.

        :raises flask_bsr_scim.errors.Mutability: the same element has another value of a part.
        """
        old = [element for element in before if isinstance(element, dict)] if isinstance(before, list) else []
        found, taken = list[Document](), set[int]()
        for new, olds in counterparts(self.target.leaf, old, after, self.unseen):
            same = self._same([element for element in olds if id(element) not in taken], new)
            taken.add(id(same))
            found.append(self._merged(same, new))
        return found

    def element(self, olds: list[Document], new: Document) -> Document:
        """Return an element with what stays of the first of the old ones that it can be; as it is where there is none.

        :raises flask_bsr_scim.errors.Mutability: each of them has another value of a part.
        """
        return self._merged(self._same(olds, new), new)

    def _same(self, olds: list[Document], new: Document) -> Document | None:
        refusal = None
        for old in olds:
            refusal = self._refusal(old, new)
            if refusal is None:
                return old
        if refusal is not None:
            raise refusal
        return None

    def _merged(self, old: Document | None, new: Document) -> Document:
        return {**{name: value for name, value in (old or {}).items() if name in self.unseen}, **new}

    def _refusal(self, old: Document, new: Document) -> MutabilityError | None:
        for name in self.names:
            if name in old and old[name] != new.get(name, old[name] if name in self.unseen else None):
                sub = self.target.leaf.sub(name)
                return already_set(AttributePath(self.target.extension, self.target.attribute, sub), old[name], old)
        return None


def fixed_parts(resource_type: ResourceType) -> Iterator[FixedParts]:
    """Yield the lists whose elements have such parts."""
    for target in stored_paths(resource_type):
        if target.leaf.multi_valued and target.leaf.mutability is not Mutability.READ_ONLY:
            fixed = [part for part in parts_of(target) if _is_fixed(part)]
            names = tuple(part.leaf.name for part in fixed if part.leaf.mutability is Mutability.IMMUTABLE)
            unseen = frozenset(part.leaf.name for part in fixed if not _is_repeated(part))
            if names or unseen:
                yield FixedParts(target, names, unseen)


def _unseen(resource_type: ResourceType) -> Iterator[AttributePath]:
    """Yield what is immutable and in no answer unless it is asked for."""
    for target in stored_paths(resource_type):
        if _is_fixed(target) and not _is_shown(target):
            yield target
        elif not target.leaf.multi_valued:
            yield from (part for part in parts_of(target) if _is_fixed(part) and not _is_shown(part))


def _with_unseen(document: Document, target: AttributePath, value: JSON) -> Document:
    whole = AttributePath(target.extension, target.attribute)
    if held(document, target) is not None:
        return document
    if target.sub is not None and held(document, whole) is None:
        return with_held(document, whole, {target.sub.name: value})
    return with_held(document, target, value)


def _is_fixed(target: AttributePath) -> bool:
    return any(a is not None and a.mutability is Mutability.IMMUTABLE for a in (target.attribute, target.sub))


def _is_shown(target: AttributePath) -> bool:
    """Tell whether an answer that asks for nothing holds anything of an attribute (§7, `returned`)."""
    if target.sub is None and target.leaf.sub_attributes:
        return any(map(_is_shown, parts_of(target)))
    if target.leaf.returned is Returned.DEFAULT and target.attribute is not None:
        return target.attribute.returned in (Returned.DEFAULT, Returned.ALWAYS)
    return target.leaf.returned is Returned.ALWAYS


def _is_repeated(part: AttributePath) -> bool:
    """Tell whether a client that knows an element has to repeat a part of it.

    `type` says which element it is, and may be left out there (§2.4); `$ref` follows from `value`.
    """
    whole = AttributePath(part.extension, part.attribute)
    known = ("type", "$ref") if whole.leaf.refers_to else ("type",)
    return part.leaf.name not in known and part.leaf.mutability is not Mutability.READ_ONLY and _is_shown(part)
