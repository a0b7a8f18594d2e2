"""What may not change (RFC 7643 §7, `mutability`): values of the service, and values that are set once."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_bsr_scim.schema.attribute import JSON, Document, Mutability, Source
from flask_bsr_scim.schema.paths import AttributePath
from flask_bsr_scim.schema.resource_type import ResourceType


def paths_of(mutability: Mutability, resource_type: ResourceType) -> Iterator[AttributePath]:
    """Yield what is stored with this mutability: attributes, and parts of those that are no list."""
    for target in resource_type.paths():
        attribute = target.leaf
        if not attribute.stored or attribute.source is not Source.DOCUMENT:
            continue
        if attribute.mutability is mutability:
            yield target
        elif not attribute.multi_valued:
            for sub in attribute.sub_attributes:
                if sub.mutability is mutability:
                    yield AttributePath(target.extension, attribute, sub)


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
