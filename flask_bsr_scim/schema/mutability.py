"""What may not change (RFC 7643 §7, `mutability`): values of the service, and values that are set once."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_bsr_scim.errors import Mutability as MutabilityError
from flask_bsr_scim.schema.attribute import JSON, Document, Mutability, Returned, Source
from flask_bsr_scim.schema.paths import AttributePath
from flask_bsr_scim.schema.resource_type import ResourceType
from flask_bsr_scim.schema.scalars import shown


def paths_of(mutability: Mutability, resource_type: ResourceType) -> Iterator[AttributePath]:
    """Yield what is stored with this mutability: attributes, and parts of those that are no list."""
    for target in stored_paths(resource_type):
        if target.leaf.mutability is mutability:
            yield target
        elif not target.leaf.multi_valued:
            yield from (part for part in parts_of(target) if part.leaf.mutability is mutability)


def stored_paths(resource_type: ResourceType) -> Iterator[AttributePath]:
    """Yield the attributes that lie in documents."""
    return (t for t in resource_type.paths() if t.leaf.stored and t.leaf.source is Source.DOCUMENT)


def parts_of(target: AttributePath) -> Iterator[AttributePath]:
    """Yield the sub-attributes of an attribute."""
    return (AttributePath(target.extension, target.attribute, sub) for sub in target.leaf.sub_attributes)


def held(document: Mapping[str, JSON], target: AttributePath) -> Any:
    """Return the whole value at a path that :func:`paths_of` gave, None when there is none."""
    holder = document if target.extension is None else document.get(target.extension) or {}
    value = holder.get(target.attribute.name if target.attribute else "")
    if target.sub is None or value is None:
        return value
    return value.get(target.sub.name) if isinstance(value, dict) else None


def with_held(document: Document, target: AttributePath, value: JSON) -> Document:
    """Return the document with a value set; a part of an attribute only where the attribute is there."""
    if target.extension is not None:
        inner = with_held(document.get(target.extension, {}), AttributePath(None, target.attribute, target.sub), value)
        return {**document, target.extension: inner} if inner else document
    name = target.attribute.name if target.attribute else ""
    if target.sub is None:
        return {**document, name: value}
    return {**document, name: {**document[name], target.sub.name: value}} if name in document else document


def already_set(target: AttributePath, present: JSON, element: Document | None = None) -> MutabilityError:
    """Return the error that says which immutable value cannot change, without one that is never returned.

    :param element: of which it is a part, where the attribute is a list.
    """
    is_told = not (_is_secret(target) or isinstance(present, dict | list))
    value = f"the value {shown(present)}" if is_told else "a value"
    return MutabilityError(f"{_named(target, element)} is immutable: it has {value}, which cannot be changed any more.")


def _named(target: AttributePath, element: Document | None) -> str:
    whole = AttributePath(target.extension, target.attribute)
    value = AttributePath(target.extension, target.attribute, whole.leaf.sub("value"))
    if element is None or target.sub is None or "value" not in element or _is_secret(value):
        return str(target)
    return f"{whole}[value eq {shown(element['value'])}].{target.sub.name}"


def _is_secret(target: AttributePath) -> bool:
    return any(a is not None and a.returned is Returned.NEVER for a in (target.attribute, target.sub))
