"""What a resource must have (RFC 7643 §7, `required`), and how it is told from what an older one never had."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from flask_bsr_scim.schema.attribute import JSON, Attribute, Mutability, Source, with_subs
from flask_bsr_scim.schema.paths import AttributePath, values_at
from flask_bsr_scim.schema.resource_type import ResourceType
from flask_bsr_scim.schema.schema import Schema


def required_paths(resource_type: ResourceType) -> Iterator[AttributePath]:
    """Yield what clients have to give: extensions, attributes, and parts of attributes."""
    for extension in resource_type.extensions:
        if extension.served and extension.required:
            yield AttributePath(extension.schema.id, None)
    for target in resource_type.paths():
        if _is_given(target.leaf) and target.leaf.name != "schemas":
            parts = (AttributePath(target.extension, target.attribute, sub) for sub in target.leaf.sub_attributes)
            computed = "$ref" if target.leaf.refers_to else None
            yield from (
                t for t in (target, *parts) if _is_given(t.leaf) and t.leaf.required and t.leaf.name != computed
            )


def _is_given(attribute: Attribute) -> bool:
    return attribute.stored and attribute.source is Source.DOCUMENT and attribute.mutability is not Mutability.READ_ONLY


def lacks(document: Mapping[str, JSON], target: AttributePath) -> bool:
    """Tell whether a value is missing in a stored document, where the object that should hold it is there."""
    if target.attribute is None:
        return str(target) not in document
    if target.sub is not None:
        whole = AttributePath(target.extension, target.attribute)
        return any(target.sub.name not in element for element in values_at(document, whole))
    holder = document if target.extension is None else document.get(target.extension)
    return holder is not None and target.attribute.name not in holder


def without_demands(resource_type: ResourceType) -> ResourceType:
    """Return the type with nothing required in it."""
    extensions = (replace(e, schema=_optional_schema(e.schema), required=False) for e in resource_type.extensions)
    return replace(
        resource_type,
        schema=_optional_schema(resource_type.schema),
        extensions=tuple(extensions),
        common=tuple(map(_optional, resource_type.common)),
    )


def _optional_schema(schema: Schema) -> Schema:
    return replace(schema, attributes=tuple(map(_optional, schema.attributes)))


def _optional(attribute: Attribute) -> Attribute:
    return with_subs(replace(attribute, required=False), map(_optional, attribute.sub_attributes))
