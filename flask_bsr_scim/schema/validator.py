"""From what clients send to what is stored: a plain walk, compiled once from a resource type (RFC 7643 §2 and §7)."""

from collections.abc import Iterable, Iterator, Mapping

from flask_bsr_scim.errors import InvalidSyntax
from flask_bsr_scim.errors import Mutability as MutabilityError
from flask_bsr_scim.schema.attribute import JSON, Attribute, Document, Mutability, Source
from flask_bsr_scim.schema.readers import (
    Member,
    Rules,
    folded,
    make_element_reader,
    make_member_id_reader,
    make_members,
    make_reader,
    make_sub_members,
    read_members,
    read_object,
)
from flask_bsr_scim.schema.resource_type import AttributePath, ResourceType, values_at
from flask_bsr_scim.schema.scalars import Reader, wrong


class Validator:
    """Reads the resources of one type. Compiling takes some time: make one for each type and keep it.

    :param endpoints: the endpoints of the service by resource type name, to which references can point (`manager`).
    """

    def __init__(self, resource_type: ResourceType, endpoints: Mapping[str, str] | None = None) -> None:
        self.resource_type = resource_type
        self._base = resource_type.schema.id
        endpoints = {resource_type.name: resource_type.endpoint, **(endpoints or {})}
        sent, stored = Rules(_is_sent, endpoints), Rules(_is_stored, endpoints)
        self._sent = tuple(_members(resource_type, sent))
        self._stored = tuple(_members(resource_type, stored))
        self._readers = dict(_readers(resource_type, sent))
        self._elements = dict(_element_readers(resource_type, sent))
        self._immutable = tuple(_immutable(resource_type))
        self._defaults = tuple(
            (key, a.default) for key, a in resource_type.core.items() if a.stored and a.default is not None
        )
        self._beside = ("id", *(a.name for a in (resource_type.members,) if a))

    def resource(self, body: JSON, *, is_new: bool = False) -> Document:
        """Return the document of a POST or PUT body: what is stored, in the letter case and order of the schemas.

        `schemas` comes first; `id`, `meta` and other readOnly attributes are left out. A group's members are a list of
        `{"value": id}`, empty when the body has null or [], absent when it has none.

        :param is_new: gives attributes without a value their default.

        :raises InvalidSyntax: the body is no object, `schemas` lacks the type's schema, or a name comes twice.
        :raises InvalidValue: a value is missing or wrong.
        """
        if not isinstance(body, dict):
            raise InvalidSyntax("The request body must be a JSON object.")
        values = self._flattened(folded(body, "The request body"))
        declared = self._declared(values.get("schemas"))
        for urn in self.resource_type.by_urn:
            if urn not in declared:
                values.pop(urn, None)
        for name, default in self._defaults if is_new else ():
            if values.get(name) in (None, []):
                values[name] = default
        return {**self._assembled(read_members(self._sent, values)), **self._membership(values)}

    def finish(self, document: Document) -> Document:
        """Return a changed document as it is stored: what is empty is dropped, and `schemas` computed anew.

        `id` and members stay as they are.

        :raises InvalidValue: a required value is missing, or one is wrong.
        """
        found = self._assembled(read_members(self._stored, folded(document, "The resource")))
        beside = {name: document[name] for name in self._beside if name in document}
        return {"schemas": found.pop("schemas"), **beside, **found}

    def reads(self, target: AttributePath) -> bool:
        """Return whether values of an attribute are taken from clients, not left out by the profile or computed."""
        return str(target) in self._readers

    def value(self, target: AttributePath, raw: JSON) -> JSON:
        """Return the value to store for one attribute, None when there is none; for a multi-valued one it is a list.

        :raises InvalidValue: the value is wrong.
        """
        return None if raw is None or raw == [] else self._readers[str(target)](raw)

    def element(self, target: AttributePath, raw: JSON) -> Document:
        """Return one element of a complex multi-valued attribute as it is stored, {} when nothing of it is.

        :raises InvalidValue: a value is wrong.
        """
        return self._elements[str(target)](raw) or {}

    def check_immutable(self, before: Document, after: Document) -> None:
        """Check that immutable attributes that have a value keep it (RFC 7644 §3.5.1).

        :raises flask_bsr_scim.errors.Mutability: one would change.
        """
        for target in self._immutable:
            present = list(values_at(before, target))
            if present and present != list(values_at(after, target)):
                raise MutabilityError(f"{target} is immutable: it has a value, which cannot be changed any more.")

    def _flattened(self, values: Document) -> Document:
        """Return the members with those under the core schema's URN among them (RFC 7644 §3.10)."""
        core = values.pop(self._base.lower(), None)
        if core is None:
            return values
        if not isinstance(core, dict):
            raise wrong(self._base, "an object", core)
        core = folded(core, self._base)
        if twice := core.keys() & values.keys():
            raise InvalidSyntax(f"{min(twice)} is given twice, under {self._base} and outside.")
        return {**values, **core}

    def _declared(self, schemas: JSON) -> set[str]:
        if not isinstance(schemas, list) or not all(isinstance(urn, str) for urn in schemas):
            raise InvalidSyntax(f"schemas must be a list of URNs that holds {self._base}.")
        declared = {urn.lower() for urn in schemas}
        if self._base.lower() not in declared:
            raise InvalidSyntax(f"schemas must hold {self._base}.")
        return declared

    def _assembled(self, found: Document) -> Document:
        urns = [e.schema.id for e in self.resource_type.extensions if e.schema.id in found]
        return {"schemas": [self._base, *urns], **found}

    def _membership(self, values: Document) -> Document:
        members = self.resource_type.members
        if members is None or members.name.lower() not in values:
            return {}
        return {members.name: self._readers[members.name](values[members.name.lower()])}


def _is_stored(attribute: Attribute) -> bool:
    return attribute.stored and attribute.source is Source.DOCUMENT and attribute.name != "schemas"


def _is_sent(attribute: Attribute) -> bool:
    return _is_stored(attribute) and attribute.mutability is not Mutability.READ_ONLY


def _members(resource_type: ResourceType, rules: Rules) -> Iterator[Member]:
    yield from make_members(resource_type.core.values(), "", rules)
    for extension in resource_type.extensions:
        if extension.served:
            urn = extension.schema.id
            read = _make_extension_reader(urn, make_members(extension.schema.attributes, f"{urn}:", rules))
            yield Member(urn.lower(), urn, urn, extension.required, read)


def _make_extension_reader(urn: str, members: Iterable[Member]) -> Reader:
    def read(raw: JSON) -> Document | None:
        if not isinstance(raw, dict):
            raise wrong(urn, "an object", raw)
        return read_object(members, raw, urn)

    return read


def _targets(resource_type: ResourceType) -> Iterator[AttributePath]:
    for attribute in resource_type.core.values():
        yield AttributePath(None, attribute)
    for extension in resource_type.extensions:
        if extension.served:
            yield from (AttributePath(extension.schema.id, a) for a in extension.schema.attributes)


def _readers(resource_type: ResourceType, rules: Rules) -> Iterator[tuple[str, Reader]]:
    """Yield the path and reader of every extension, attribute and sub-attribute of which values are taken."""
    yield from ((member.path, member.read) for member in _members(resource_type, rules))
    for target in _targets(resource_type):
        path, attribute = str(target), target.leaf
        if attribute.source is Source.MEMBERS:
            yield path, make_member_id_reader(attribute)
        elif rules.reads(attribute):
            yield path, make_reader(attribute, path, rules)
            yield from ((sub.path, sub.read) for sub in make_sub_members(attribute, path, rules))


def _element_readers(resource_type: ResourceType, rules: Rules) -> Iterator[tuple[str, Reader]]:
    for target in _targets(resource_type):
        if target.leaf.multi_valued and target.leaf.sub_attributes and rules.reads(target.leaf):
            yield str(target), make_element_reader(target.leaf, str(target), rules)


def _immutable(resource_type: ResourceType) -> Iterator[AttributePath]:
    for target in _targets(resource_type):
        attribute = target.leaf
        if not _is_stored(attribute):
            continue
        if attribute.mutability is Mutability.IMMUTABLE:
            yield target
        elif not attribute.multi_valued:
            for sub in attribute.sub_attributes:
                if sub.mutability is Mutability.IMMUTABLE:
                    yield AttributePath(target.extension, attribute, sub)
