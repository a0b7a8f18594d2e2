"""What a resource type is compiled into: readers of a whole resource, and of the value at each path."""

from collections.abc import Iterator

from flask_bsr_scim.schema.attribute import JSON, Attribute, Document, Mutability, Source
from flask_bsr_scim.schema.lists import make_member_id_reader
from flask_bsr_scim.schema.names import make_check, names_of
from flask_bsr_scim.schema.readers import (
    Member,
    Rules,
    make_element_reader,
    make_members,
    make_reader,
    make_sub_members,
    read_object,
)
from flask_bsr_scim.schema.resource_type import ResourceType
from flask_bsr_scim.schema.scalars import Reader, wrong
from flask_bsr_scim.schema.schema import Schema


def is_stored(attribute: Attribute) -> bool:
    """Tell whether a value is kept in the document."""
    return attribute.stored and attribute.source is Source.DOCUMENT and attribute.name != "schemas"


def is_sent(attribute: Attribute) -> bool:
    """Tell whether such a value is taken from clients."""
    return is_stored(attribute) and attribute.mutability is not Mutability.READ_ONLY


def resource_members(resource_type: ResourceType, rules: Rules) -> Iterator[Member]:
    """Yield the members to read of a whole resource, its extensions among them."""
    yield from make_members(resource_type.core.values(), "", rules)
    for extension in resource_type.extensions:
        if extension.served:
            urn = extension.schema.id
            read = _make_extension_reader(extension.schema, rules)
            yield Member(urn.lower(), urn, urn, extension.required, read)


def _make_extension_reader(schema: Schema, rules: Rules) -> Reader:
    urn, attributes = schema.id, schema.attributes
    members = make_members(attributes, f"{urn}:", rules)
    served, left_out = names_of(attributes, served=True), names_of(attributes, served=False)
    check = make_check(served, left_out, f"{urn}:") if rules.checks_names else None

    def read(raw: JSON) -> Document | None:
        if not isinstance(raw, dict):
            raise wrong(urn, "an object", raw)
        return read_object(members, raw, urn, check)

    return read


def path_readers(resource_type: ResourceType, rules: Rules) -> Iterator[tuple[str, Reader]]:
    """Yield the path and reader of every extension, attribute and sub-attribute of which values are taken."""
    yield from ((member.path, member.read) for member in resource_members(resource_type, rules))
    for target in resource_type.paths():
        path, attribute = str(target), target.leaf
        if attribute.source is Source.MEMBERS:
            yield path, make_member_id_reader(attribute)
        elif rules.reads(attribute):
            yield path, make_reader(attribute, path, rules)
            yield from ((sub.path, sub.read) for sub in make_sub_members(attribute, path, rules))


def element_readers(resource_type: ResourceType, rules: Rules) -> Iterator[tuple[str, Reader]]:
    """Yield path and reader of one element of each complex multi-valued attribute."""
    for target in resource_type.paths():
        if target.leaf.multi_valued and target.leaf.sub_attributes and rules.reads(target.leaf):
            yield str(target), make_element_reader(target.leaf, str(target), rules)
