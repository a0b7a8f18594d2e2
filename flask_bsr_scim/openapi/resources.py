"""JSON Schemas of resources, from the definitions of their attributes (RFC 7643 §2 and §7).

There are two of each type. What a client should send is open: what no schema defines is ignored. What it gets is
closed, and hardly anything is required there: `attributes` and `excludedAttributes` leave out whatever they like.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from flask_bsr_scim.schema import (
    Attribute,
    Document,
    Extension,
    Mutability,
    ResourceType,
    Returned,
    Schema,
    Source,
    Type,
    Uniqueness,
)
from flask_bsr_scim.schema.attribute import OUTSIDE
from flask_bsr_scim.schema.profile import common_attributes
from flask_bsr_scim.schema.schema import SCHEMA_URN

_VALUES: Mapping[Type, Document] = {
    Type.STRING: {"type": "string"},
    Type.BOOLEAN: {"type": "boolean"},
    Type.DECIMAL: {"type": "number"},
    Type.INTEGER: {"type": "integer", "format": "int64"},
    Type.DATETIME: {"type": "string"},
    Type.BINARY: {"type": "string", "contentEncoding": "base64"},
    Type.REFERENCE: {"type": "string"},
}

_NO_CONTROL = r"[^\u0000-\u001f\u007f-\u009f]*"

_PATTERNS: Mapping[tuple[bool, bool], str] = {
    (True, False): r"\S",
    (False, True): f"^{_NO_CONTROL}$",
    (True, True): rf"^{_NO_CONTROL}\S{_NO_CONTROL}$",
}
"""What a text must match that is required, or unique, or both: not blank, without control characters."""

_BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

_MOST = 2**63 - 1

_ATTRIBUTE = "#/components/schemas/Schema/properties/attributes/items"
"""The definition of an attribute: sub-attributes are defined as attributes are, and RFC 7643 §8.7.2 stops there."""


@dataclass(frozen=True, slots=True)
class _Side:
    """What the objects of one direction have."""

    has: Callable[[Attribute], bool]
    requires: Callable[[Attribute], bool]
    value: Callable[[Attribute, bool], Document]
    """Takes an attribute, and whether its values are computed; returns the schema of one value, objects apart."""
    closed: bool


def answered_resource(resource_type: ResourceType) -> Document:
    """Return the schema of a resource in an answer."""
    schema = _object(resource_type.core.values(), _ANSWERED)
    urns = [resource_type.schema.id, *(e.schema.id for e in _extensions(resource_type))]
    schema["properties"]["schemas"] |= {"items": {"enum": urns}, "contains": {"const": urns[0]}, "uniqueItems": True}
    for extension in _extensions(resource_type):
        schema["properties"][extension.schema.id] = _object(extension.schema.attributes, _ANSWERED)
    return _described(schema, resource_type)


def sent_resource(resource_type: ResourceType) -> Document:
    """Return the schema of the body that creates or replaces a resource."""
    schema = _object(resource_type.core.values(), _SENT)
    schema["properties"]["schemas"] = _sent_schemas(resource_type)
    for extension in _extensions(resource_type):
        schema["properties"][extension.schema.id] = _object(extension.schema.attributes, _SENT)
        if extension.required:
            schema["required"].append(extension.schema.id)
    return _described(schema, resource_type)


def discovery_document(schema: Schema) -> Document:
    """Return the schema of a discovery document, of which nothing can be left out."""
    common = [a for a in common_attributes() if a.name != "externalId"]
    own = [a for a in common if a.name not in {attribute.name for attribute in schema.attributes}]
    found = _object([*own, *schema.attributes], _DISCOVERY)
    found["properties"]["schemas"] |= {"items": {"const": schema.id}, "minItems": 1, "maxItems": 1}
    if schema.id == SCHEMA_URN:
        one = found["properties"]["attributes"]["items"]
        one["properties"]["subAttributes"]["items"] = {"$ref": _ATTRIBUTE}
    return {"description": schema.document.get("description", ""), **found}


def _sent_schemas(resource_type: ResourceType) -> Document:
    base = resource_type.schema.id
    required = [e.schema.id for e in _extensions(resource_type) if e.required]
    return {
        "type": "array",
        "description": "The URNs of the schemas of the resource; values of an extension that is not named are ignored.",
        "items": {"enum": [base, *(e.schema.id for e in _extensions(resource_type))]},
        "contains": {"const": base},
        "uniqueItems": True,
        **({"allOf": [{"contains": {"const": urn}} for urn in required]} if required else {}),
    }


def _extensions(resource_type: ResourceType) -> list[Extension]:
    return [extension for extension in resource_type.extensions if extension.served]


def _described(schema: Document, resource_type: ResourceType) -> Document:
    return {"description": resource_type.description, **schema}


def _object(attributes: Iterable[Attribute], side: _Side, *, computed: bool = False) -> Document:
    there = [attribute for attribute in attributes if side.has(attribute)]
    required = [attribute.name for attribute in there if side.requires(attribute)]
    return {
        "type": "object",
        "properties": {a.name: _property(a, side, computed=computed or a.source is not Source.DOCUMENT) for a in there},
        **({"required": required} if required else {}),
        **({"additionalProperties": False} if side.closed else {}),
    }


def _property(attribute: Attribute, side: _Side, *, computed: bool) -> Document:
    one = _one(attribute, side, computed=computed)
    if not attribute.multi_valued:
        return {**_notes(attribute), **one}
    most = {"maxItems": 1} if side.closed and attribute.only_type else {}
    return {**_notes(attribute), "type": "array", "items": one, **most}


def _one(attribute: Attribute, side: _Side, *, computed: bool) -> Document:
    """Return the schema of one value; of a member that is sent, only its id counts."""
    if attribute.type is not Type.COMPLEX:
        return side.value(attribute, computed)
    if attribute.source is Source.MEMBERS and not side.closed:
        member_id = replace(attribute.by_name["value"], required=True, mutability=Mutability.READ_WRITE)
        return _object([member_id], side)
    found = _object(attribute.sub_attributes, side, computed=computed)
    if side.closed and attribute.only_type:
        found["properties"]["type"] |= {"enum": [attribute.only_type]}
    return found


def _notes(attribute: Attribute) -> Document:
    sentences = {
        attribute.description: bool(attribute.description),
        "Unique.": attribute.uniqueness is not Uniqueness.NONE,
        "It cannot be changed once it has a value.": attribute.mutability is Mutability.IMMUTABLE,
        "It is in an answer only when `attributes` names it.": attribute.returned is Returned.REQUEST,
        f"One value is kept: that of type `{attribute.only_type}`.": attribute.only_type is not None,
    }
    return {
        "description": " ".join(sentence for sentence, holds in sentences.items() if holds),
        **({"readOnly": True} if attribute.mutability is Mutability.READ_ONLY else {}),
        **({"writeOnly": True} if attribute.returned is Returned.NEVER else {}),
    }


def _is_sent(attribute: Attribute) -> bool:
    """Tell whether a value is taken from clients. A `$ref` beside a `value` follows from it."""
    return (
        attribute.stored
        and attribute.source in (Source.DOCUMENT, Source.MEMBERS)
        and attribute.mutability is not Mutability.READ_ONLY
        and not (attribute.name == "$ref" and set(attribute.reference_types).isdisjoint(OUTSIDE))
    )


def _is_answered(attribute: Attribute) -> bool:
    return attribute.stored and attribute.returned is not Returned.NEVER


def _is_always_there(attribute: Attribute) -> bool:
    return attribute.returned is Returned.ALWAYS and (attribute.required or attribute.source is Source.RESOURCE)


def _sent_value(attribute: Attribute, _computed: bool) -> Document:
    found = dict(_VALUES[attribute.type])
    match attribute.type:
        case Type.STRING | Type.REFERENCE:
            if pattern := _PATTERNS.get((attribute.required, attribute.uniqueness is not Uniqueness.NONE)):
                found["pattern"] = pattern
            if attribute.max_length is not None:
                found["maxLength"] = attribute.max_length
        case Type.INTEGER:
            found |= {"minimum": -_MOST - 1, "maximum": _MOST}
        case Type.DATETIME:
            found["format"] = "date-time"
        case Type.BINARY:
            found["pattern"] = _BASE64
    return found | _suggestions(attribute)


def _answered_value(attribute: Attribute, computed: bool) -> Document:
    """Return the schema of a value in an answer; what a client sent keeps the form that it gave it."""
    formats = {Type.DATETIME: "date-time", Type.REFERENCE: "uri"} if computed else {}
    form = {"format": formats[attribute.type]} if attribute.type in formats and attribute.name != "schemas" else {}
    return {**_VALUES[attribute.type], **form, **_suggestions(attribute)}


def _suggestions(attribute: Attribute) -> Document:
    return {"examples": [*attribute.canonical_values]} if attribute.canonical_values else {}


_SENT = _Side(_is_sent, lambda attribute: attribute.required, _sent_value, closed=False)
_ANSWERED = _Side(_is_answered, _is_always_there, _answered_value, closed=True)
_DISCOVERY = _Side(lambda _: True, lambda attribute: attribute.required, _answered_value, closed=True)
