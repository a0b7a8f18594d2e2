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
from flask_bsr_scim.patch.elements import append, make_primary, without
from flask_bsr_scim.schema import JSON, AttributePath, Document
from flask_bsr_scim.schema import Mutability as Characteristic


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
        elements = node.setdefault(name, [])
        effort.spend(len(elements) + len(self.values))
        append(self.target.leaf, elements, copy(self.values))


@dataclass(frozen=True, slots=True)
class RemoveValues(Step):
    """Certain values go from a multi-valued attribute."""

    target: AttributePath
    values: list[Any]

    def apply(self, document: Document, effort: Effort) -> None:
        node, name = _place(document, self.target)
        elements = node.get(name, [])
        effort.spend(len(elements) + len(self.values))
        node[name] = without(self.target.leaf, elements, self.values)


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
class ChangeElements(Step):
    """Sub-attributes are set in, or with None unassigned from, every element that matches a filter.

    `filter` is None for all elements. Where nothing matches, an element is made of `template` and the changes; without
    a template that is an error, except that there is nothing to unassign. `whole`: nothing else stays in the element.
    """

    target: AttributePath
    filter: BoundFilter | None
    changes: Document
    template: Document | None
    whole: bool = False

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
            self._change(element)
        if matching and self.changes.get("primary") is True:
            make_primary(elements, matching[0])

    def _made(self) -> list[Document]:
        if all(value is None for value in self.changes.values()):
            return []
        made = self.filter is None or tolerates(Tolerance.ELEMENT_MADE_FROM_FILTER)
        if self.template is None or not made:
            raise NoTarget(f"No value of {self.target} matches the filter of the path.")
        return [copy(self.template)]

    def _change(self, element: Document) -> None:
        self._check_immutable(element)
        if self.whole:
            element.clear()
        for name, value in self.changes.items():
            _assign(element, name, value)

    def _check_immutable(self, element: Document) -> None:
        attribute = self.target.leaf
        for name, value in self.changes.items():
            sub, present = attribute.sub(name), element.get(name)
            if sub and sub.mutability is Characteristic.IMMUTABLE and present is not None and present != value:
                raise Mutability(
                    f"{self.target}.{name} is immutable: it has a value, which cannot be changed any more."
                )


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
