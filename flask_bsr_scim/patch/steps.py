"""What PATCH operations do to a document, once their paths are bound and their values read."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import orjson

from flask_bsr_scim.dialects import Tolerance, tolerates
from flask_bsr_scim.errors import InvalidFilter, Mutability, NoTarget
from flask_bsr_scim.filter import evaluate
from flask_bsr_scim.filter.ast import BoundFilter
from flask_bsr_scim.patch.effort import Effort
from flask_bsr_scim.patch.elements import append, change, make_primary, without
from flask_bsr_scim.patch.operation import Op
from flask_bsr_scim.schema import JSON, AttributePath, Document
from flask_bsr_scim.schema.kept import FixedParts


def copy(value: JSON) -> Any:
    """Return a deep copy of a JSON value."""
    return orjson.loads(orjson.dumps(value)) if isinstance(value, dict | list) else value


class Step(ABC):
    """One change of a document.

    :ivar target: what it changes, None when it only looks.
    """

    target: AttributePath | None

    @abstractmethod
    def apply(self, document: Document, effort: Effort) -> None:
        """Change the document in place; what has become empty is dropped later.

        :raises TooMany: the effort for it is not left.
        :raises NoTarget: the step needs a value that is not there.
        :raises Mutability: the step would change what cannot be changed.
        """


@dataclass(frozen=True, slots=True)
class KeepId(Step):
    """The id was sent along; it must be the resource's own (Okta repeats it when it renames a group)."""

    id: JSON
    target: None = None

    def apply(self, document: Document, effort: Effort) -> None:
        if self.id != document.get("id"):
            raise Mutability("id is readOnly and cannot be changed; leave it out of the request.")


@dataclass(frozen=True, slots=True)
class Assign(Step):
    """A whole value is set, or unassigned when the new one is None.

    The target is an attribute, a sub-attribute of a single-valued one, or an extension as a whole.
    """

    target: AttributePath
    value: JSON

    def apply(self, document: Document, effort: Effort) -> None:
        _assign(*_place(document, self.target), self.value)


@dataclass(frozen=True, slots=True)
class Append(Step):
    """Values are added to a multi-valued attribute."""

    target: AttributePath
    values: list[Any]

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        append(self.target, node.setdefault(name, []), copy(self.values), effort)


@dataclass(frozen=True, slots=True)
class ReplaceElements(Step):
    """All elements of a list are set anew, where parts of them are set once."""

    target: AttributePath
    elements: list[Document]
    fixed: FixedParts

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        before = node.get(name, [])
        effort.spend(len(before) + len(self.elements))
        node[name] = self.fixed.elements(before, copy(self.elements))


@dataclass(frozen=True, slots=True)
class RemoveValues(Step):
    """Certain values go from a multi-valued attribute."""

    target: AttributePath
    values: list[Any]

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        node[name] = without(self.target.leaf, node.get(name, []), self.values, effort)


@dataclass(frozen=True, slots=True)
class RemoveElements(Step):
    """The elements that match a filter go."""

    target: AttributePath
    filter: BoundFilter

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        elements = node.get(name, [])
        effort.spend(len(elements), self.filter)
        node[name] = [element for element in elements if not evaluate(self.filter, element)]


@dataclass(frozen=True, slots=True)
class RemoveIf(Step):
    """A single value goes if it matches a filter."""

    target: AttributePath
    filter: BoundFilter

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        effort.spend(1, self.filter)
        if name in node and evaluate(self.filter, node[name]):
            del node[name]


@dataclass(frozen=True, slots=True)
class ChangeElements(Step):
    """Sub-attributes change, or with None are unassigned, in every element that matches a filter.

    `filter` is None for all elements. Where nothing matches, an element is made of `template` and the changes; without
    a template that is an error, except that there is nothing to remove. `whole`: nothing else stays in the element.
    """

    target: AttributePath
    filter: BoundFilter | None
    op: Op
    """What becomes of a list in an element: it grows, loses values, or is another one."""
    changes: Document
    template: Document | None = None
    whole: bool = False
    fixed: FixedParts | None = None
    """What is immutable in the elements."""

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        elements = node.setdefault(name, [])
        effort.spend(len(elements), self.filter)
        matching = [e for e in elements if self.filter is None or evaluate(self.filter, e)]
        if not matching:
            matching = self._made()
            elements.extend(matching)
        if len(matching) > 1 and self.filter is not None and not tolerates(Tolerance.SEVERAL_MATCHES):
            raise InvalidFilter(f"The filter selects {len(matching)} values of {self.target}; narrow it to one.")
        for element in matching:
            self._change(element, effort)
        if matching and matching[0].get("primary") is True:
            make_primary(elements, matching[0])

    def _made(self) -> list[Document]:
        if self.op is Op.REMOVE:
            return []
        tolerated = self.filter is None or tolerates(Tolerance.ELEMENT_MADE_FROM_FILTER)
        if tolerated and all(value is None for value in self.changes.values()):
            return []
        if self.template is None or not tolerated:
            raise NoTarget(f"No value of {self.target} matches the filter of the path.")
        return [copy(self.template)]

    def _change(self, element: Document, effort: Effort) -> None:
        changes = self.changes
        if self.whole:
            changes = changes if self.fixed is None else self.fixed.element([element], changes)
            element.clear()
        for name, value in changes.items():
            change(self.target, name, element, self.op, copy(value), effort)


def _place(document: Document, target: AttributePath) -> tuple[Document, str]:
    """Return the object in which a value lies, made where it is missing, and the value's name there."""
    names = [
        n for n in (target.extension, target.attribute and target.attribute.name, target.sub and target.sub.name) if n
    ]
    node = document
    for name in names[:-1]:
        node = node.setdefault(name, {})
    return node, names[-1]


def _assign(node: Document, name: str, value: JSON) -> None:
    if value is None:
        node.pop(name, None)
    else:
        node[name] = copy(value)
