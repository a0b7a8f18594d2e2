"""References that hold (RFC 7643 §2.3.7).

A reference to nobody is refused, or kept as the text that it is. What refers to a resource follows it, in the same
transaction: parts that show an attribute of the other end change with it, and the reference ends with the resource.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import NamedTuple

from flask_bsr_scim.backends.base import (
    Absence,
    Backend,
    Change,
    Conversion,
    Insert,
    Query,
    Removal,
    RemovalOfAll,
    Swap,
)
from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidValue, shown
from flask_bsr_scim.exchange import Context
from flask_bsr_scim.filter.ast import BoundComparison, Operator
from flask_bsr_scim.resource import Resource
from flask_bsr_scim.schema import Document, values_at
from flask_bsr_scim.schema.references import Reference, by_id, references_of

_PAGE = 200
"""Resources that follow another one in one commit."""


class _Move(NamedTuple):
    """What a reference may have to follow: another document of the resource to which it leads, None for its end."""

    reference: Reference
    type: str
    id: str
    document: Document | None


class References:
    """Commits changes with what follows from them at both ends of references."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        found = {t.name: tuple(references_of(t, backend.types)) for t in backend.types.exposed}
        self._of = {name: references for name, references in found.items() if references}
        """By the types that have them."""
        every = [reference for references in found.values() for reference in references]
        self._to = {name: [r for r in every if name in r.endpoints] for name in found}
        """By the types to which they lead."""
        self._holding = {name: frozenset(r.target.top for r in references) for name, references in found.items()}
        """The members of a document in which there are references, by its type."""
        self._watched = {
            name: holding.union(*(r.follows.values() for r in self._to[name]))
            for name, holding in self._holding.items()
        }
        """The same, and what references to the document show of it."""

    def commit(
        self, context: Context, changes: Sequence[Change], before: Document | None = None
    ) -> list[Resource | None]:
        """Commit changes; result and errors are those of the backend, for these changes alone.

        :param before: the document that one of them changes, as it is stored.
        :raises InvalidValue: a reference leads to no resource, and the dialect wants one.
        """
        if not self._of or not any(self._touches(change, before) for change in changes):
            return self._backend.commit(context.tenant, changes, context.actor)
        steps = [(change, self._before(context, change, before)) for change in changes]
        moves = [move for change, before in steps for move in self._moves(change, before)]
        is_alone = bool(moves) or any(self._leads_elsewhere(change, before) for change, before in steps)
        with self._backend.together(context.tenant) if is_alone else nullcontext():
            complete = [self._completed(context, change, before) for change, before in steps]
            resources = self._backend.commit(context.tenant, complete, context.actor)
            for move in moves:
                self._follow(context, move)
        return resources

    def _touches(self, change: Change, before: Document | None) -> bool:
        """Tell whether a change may concern a reference at one of its ends."""
        match change:
            case Insert(name, _, document):
                return not self._holding.get(name, frozenset()).isdisjoint(document)
            case Swap(name, resource_id, dict(document)) if before is not None and before["id"] == resource_id:
                return any(before.get(a) != document.get(a) for a in self._watched.get(name, ()))
            case Swap(document=None) | RemovalOfAll() | Absence():
                return False
        return change.type in self._to

    def _before(self, context: Context, change: Change, known: Document | None) -> Document:
        """Return the document that a swap replaces; nothing for other changes."""
        if not isinstance(change, Swap) or change.document is None or change.type not in self._to:
            return {}
        if known is not None and known["id"] == change.id:
            return known
        old = self._backend.get(context.tenant, change.type, change.id)
        return old.document if old else {}

    def _moves(self, change: Change, before: Document) -> Iterator[_Move]:
        match change:
            case Removal(name, resource_id) | Conversion(name, resource_id):
                yield from (_Move(reference, name, resource_id, None) for reference in self._to.get(name, ()))
            case Swap(name, resource_id, dict(document)):
                for reference in self._to.get(name, ()):
                    if any(before.get(a) != document.get(a) for a in reference.follows.values()):
                        yield _Move(reference, name, resource_id, document)

    def _leads_elsewhere(self, change: Change, before: Document) -> bool:
        """Tell whether a reference is to lead where it did not lead before."""
        document, references = self._written(change)
        return any(by_id(document, r).keys() - by_id(before, r).keys() - {None} for r in references)

    def _written(self, change: Change) -> tuple[Document, Sequence[Reference]]:
        """Return the document that a change writes, and the references that it can hold."""
        match change:
            case Insert(name, _, document) | Swap(name, _, dict(document)):
                return document, self._of.get(name, ())
            case Conversion(new_type=name, document=document):
                return document, self._of.get(name, ())
        return {}, ()

    def _completed(self, context: Context, change: Change, before: Document) -> Change:
        document, references = self._written(change)
        for reference in references:
            if by_id(document, reference):
                led = list(self._led(context, reference, document, by_id(before, reference)))
                document = reference.written(document, led)
        if references and isinstance(change, Insert | Swap | Conversion):
            return replace(change, document=document)
        return change

    def _led(
        self, context: Context, reference: Reference, document: Document, known: dict[str | None, Document]
    ) -> Iterator[Document]:
        """Yield the values of a reference with their computed parts, of which one that leads nowhere has none."""
        for element in values_at(document, reference.target):
            value = element.get("value")
            if value == "" and tolerates(Tolerance.EMPTY_REFERENCE):
                continue
            if value is None or (value in known and value != document["id"]):
                yield reference.kept(element, known.get(value, {}))
            elif other := self._find(context, reference, element, document):
                yield reference.led(element, *other)
            elif tolerates(Tolerance.REFERENCE_TO_NOBODY):
                yield reference.kept(element, {})
            else:
                raise _leads_nowhere(reference, value)

    def _find(
        self, context: Context, reference: Reference, element: Document, document: Document
    ) -> tuple[str, Document] | None:
        """Return type and document of the resource to which a value leads."""
        value = element["value"]
        if value == document["id"] and reference.type in reference.endpoints:
            return reference.type, document
        for name in reference.endpoints:
            if element.get("type", name) != name and element["type"] in reference.endpoints:
                continue
            if found := self._backend.get(context.tenant, name, value):
                return name, found.document
        return None

    def _follow(self, context: Context, move: _Move) -> None:
        """Change whatever refers to a resource, page by page."""
        at, after = move.reference.value, None
        filter = BoundComparison(at, Operator.EQ, at.leaf.key(move.id))
        while True:
            query = Query(context.view, filter, count=_PAGE, links=False, after=after)
            page = self._backend.query(context.tenant, move.reference.type, query)
            if page.resources:
                swaps = [_following(move, resource) for resource in page.resources]
                self._backend.commit(context.tenant, swaps, context.actor)
            if len(page.resources) < _PAGE:
                return
            after = page.cursor


def _leads_nowhere(reference: Reference, value: str) -> InvalidValue:
    return InvalidValue(
        f"{reference.target} names {shown(value)}, which is the id of no {' or '.join(reference.endpoints)} here. "
        "Provision that one first and send the id that it got, or remove the mapping of this attribute."
    )


def _following(move: _Move, resource: Resource) -> Swap:
    document, reference = resource.document, move.reference
    led = []
    for element in values_at(document, reference.target):
        if element.get("value") != move.id:
            led.append(element)
        elif move.document is not None:
            led.append(reference.led(element, move.type, move.document))
    return Swap(resource.type, resource.id, reference.written(document, led), None, resource.version)
