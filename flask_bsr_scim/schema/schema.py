"""Schemas (RFC 7643 §7), and the documents from which they come."""

from dataclasses import dataclass, field

from flask_bsr_scim.errors import ConfigurationError
from flask_bsr_scim.schema.attribute import Attribute, Document, Mutability, Returned, Type
from flask_bsr_scim.schema.definitions import make_attributes
from flask_bsr_scim.schema.standard import merge_standard

SCHEMA_URN = "urn:ietf:params:scim:schemas:core:2.0:Schema"

_TEXTS = (Type.STRING, Type.REFERENCE, Type.BINARY)
_OF_TEXTS = ("caseExact", "uniqueness")
_DEFAULTS = {
    "name": "",
    "type": "string",
    "multiValued": False,
    "description": "",
    "required": False,
    "caseExact": False,
    "mutability": "readWrite",
    "returned": "default",
    "uniqueness": "none",
}
"""Of the characteristics (RFC 7643 §7)."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema: its URN and attributes, and the document from which both came."""

    id: str
    name: str
    attributes: tuple[Attribute, ...]
    document: Document = field(compare=False, repr=False)

    def public_document(self) -> Document:
        """Return the schema as /Schemas serves it, without this project's own members."""
        definitions = [_public(definition) for definition in self.document["attributes"]]
        return {"schemas": [SCHEMA_URN], **_without_private(self.document), "attributes": definitions}


def _public(definition: Document, returned: str = Returned.DEFAULT) -> Document:
    """Return a definition with every characteristic that its type has, so that clients need to know no defaults (§7).

    :param returned: the default.
    """
    if definition.get("mutability") == Mutability.WRITE_ONLY:
        returned = Returned.NEVER
    is_text = definition.get("type", Type.STRING) in _TEXTS
    defaults = {name: value for name, value in _DEFAULTS.items() if is_text or name not in _OF_TEXTS}
    whole = {**defaults, "returned": returned, **_without_private(definition)}
    below = whole["returned"] if whole["returned"] == Returned.NEVER else Returned.DEFAULT
    subs = [_public(sub, below) for sub in definition.get("subAttributes", ())]
    return {**whole, "subAttributes": subs} if subs else whole


def _without_private(document: Document) -> Document:
    return {name: value for name, value in document.items() if not name.startswith("x-")}


def make_schema(document: Document, standard: Document | None = None) -> Schema:
    """Read a schema; what `standard` (a schema document too) has beyond it is known and not stored.

    :raises ConfigurationError: it lacks its URN, name or attributes, or the definition of an attribute is wrong.
    """
    for member in ("id", "name", "attributes"):
        if member not in document:
            raise ConfigurationError(f"schema {document.get('id')!r}: {member} is missing")
    try:
        own = make_attributes(document["attributes"])
    except ConfigurationError as error:
        raise ConfigurationError(f"schema {document['id']!r}, {error}") from None
    if standard is not None:
        own = merge_standard(own, make_attributes(standard["attributes"]))
    return Schema(document["id"], document["name"], own, document)
